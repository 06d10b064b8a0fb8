"""Services that a Flask application serves at URLs."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import flask_login
import flask_wtf
import pytest
from fastthrift import ClientPool
from fastthrift.contrib.flask import Thrift
from flask import Flask, abort, current_app, g, request
from support import dialects
from support.flask_calc import Handler, idl
from support.thrift_messages import call_of
from werkzeug.serving import make_server

HOST = "127.0.0.1"


class InFlask(Handler):
    """Answers of the request."""

    def find(self, what: str) -> str:
        if what == "user":
            return str(flask_login.current_user.get_id())
        if what == "query":
            return str(request.args["q"])
        if what == "app":
            return str(current_app.name)
        if what == "g":
            return str(g.seen)
        return super().find(what)

    async def nothing(self) -> None: ...

    async def mirrored(self, point: Any) -> Any:
        return idl.Point(point.y, point.x)


class Mounting:
    """An application that serves, and what it has noted at the end of contexts."""

    def __init__(self, **options: Any) -> None:
        self.ends: list[Any] = []
        self.thrift = Thrift()
        self.app = Flask("mounting")
        self.app.secret_key = "x"
        self.thrift.init_app(self.app)
        self.app.teardown_appcontext(self.ends.append)
        options.setdefault("path", "/thrift/")
        self.thrift.mount(options.pop("path"), idl.Calc, InFlask(), **options)

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        server = make_server(HOST, 0, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{HOST}:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def mounting() -> Mounting:
    return Mounting(json=True)


def test_thrift_s_clients_call_it(mounting: Mounting) -> None:
    with (
        mounting.running() as address,
        ClientPool(idl.Calc, f"http://{address}/thrift/?protocol=binary", timeout=60) as pool,
    ):
        assert pool.add(1, 2) == 3
        assert pool.mirrored(idl.Point(1, 2)) == idl.Point(2, 1)
        assert pool.nothing() is None
        with pytest.raises(idl.NotFound):
            pool.find("x")
        assert pool.find("app") == "mounting"


def test_what_comes_in_another_dialect_is_told(mounting: Mounting) -> None:
    client = mounting.app.test_client()
    for name, body in {**dialects.calls(idl.Calc, "add", 1, 2), **dialects.NO_THRIFT}.items():
        answer = client.post("/thrift/", data=body, content_type="application/x-thrift")
        is_taken = "message" in name and "THeader" not in name
        assert answer.status_code == (200 if is_taken else 400), name
        if not is_taken:
            assert answer.text.startswith(f"the body is {name}, this server expects")


def test_json_calls_it_and_the_request_is_that_of_the_call(mounting: Mounting) -> None:
    mounting.app.before_request(lambda: setattr(g, "seen", "by the request"))
    client = mounting.app.test_client()
    answer = client.post("/thrift/Calc/add", json={"a": 1, "b": 2})
    assert (answer.status_code, answer.get_json(force=True)) == (200, 3)
    for what, value in (("query", "7"), ("g", "by the request")):
        answer = client.post("/thrift/Calc/find?q=7", json={"what": what})
        assert answer.get_json(force=True) == value


def test_contexts_end_with_what_the_handler_has_raised(mounting: Mounting) -> None:
    client = mounting.app.test_client()
    client.post("/thrift/Calc/add", json={"a": 1, "b": 2})
    assert client.post("/thrift/Calc/find", json={"what": "x"}).status_code < 500
    assert client.post("/thrift/Calc/divide", json={"a": 1, "b": 0}).status_code == 500
    client.post("/thrift/Calc/add", json={"a": 1, "b": 2})
    assert [type(error).__name__ for error in mounting.ends] == [
        "NoneType",
        "NotFound",
        "ZeroDivisionError",
        "NoneType",
    ]


def test_what_is_no_call_is_refused_and_nothing_is_called(mounting: Mounting) -> None:
    client = mounting.app.test_client()
    too_much = b"x" * ((1 << 20) + 1)
    for method, path, body, status in (
        ("GET", "/thrift/", b"", 405),
        ("PUT", "/thrift/", b"x", 405),
        ("OPTIONS", "/thrift/", b"", 405),
        ("POST", "/thrift/", b"garbage", 400),
        ("POST", "/thrift/", too_much, 413),
    ):
        answer = client.open(path, method=method, data=body, content_type="application/x-thrift")
        assert (method, answer.status_code) == (method, status)
    assert client.post("/thrift/Calc/ad", json={}).status_code == 404


def test_the_page_and_json_are_there_if_they_are_asked_for() -> None:
    bare = Mounting(path="calc").app.test_client()
    assert bare.get("/calc/").status_code == 405
    assert bare.post("/calc/Calc/add", json={"a": 1, "b": 2}).status_code == 415
    page = Mounting(path="/a/b", page=True).app.test_client().get("/a/b/")
    assert page.status_code == 200
    assert "mirrored" in page.text


def test_decorators_stand_around_the_view_and_the_first_is_outermost() -> None:
    seen: list[str] = []

    def noted(name: str) -> Any:
        def decorator(view: Any) -> Any:
            def around(*args: Any, **kwargs: Any) -> Any:
                seen.append(name)
                return view(*args, **kwargs)

            return around

        return decorator

    mounting = Mounting(json=True, decorators=[noted("outer"), noted("inner")], endpoint="sums")
    answer = mounting.app.test_client().post("/thrift/Calc/add", json={"a": 1, "b": 2})
    assert (answer.status_code, seen) == (200, ["outer", "inner"])
    assert "sums" in mounting.app.view_functions


class User(flask_login.UserMixin):
    id = "grace"


def test_a_login_is_required_and_known_to_the_handler() -> None:
    mounting = Mounting(json=True, decorators=[flask_login.login_required])
    manager = flask_login.LoginManager(mounting.app)
    manager.user_loader(lambda _: User())
    mounting.app.add_url_rule("/login", view_func=lambda: str(flask_login.login_user(User())))
    client = mounting.app.test_client()
    assert client.post("/thrift/Calc/find", json={"what": "user"}).status_code == 401
    client.get("/login")
    answer = client.post("/thrift/Calc/find", json={"what": "user"})
    assert answer.get_json(force=True) == "grace"


def test_what_wants_a_token_with_every_post_is_told_otherwise() -> None:
    mounting = Mounting(json=True)
    csrf = flask_wtf.CSRFProtect(mounting.app)
    client = mounting.app.test_client()
    assert client.post("/thrift/Calc/add", json={"a": 1, "b": 2}).status_code == 400
    csrf.exempt(mounting.app.view_functions["thrift_Calc"])
    assert client.post("/thrift/Calc/add", json={"a": 1, "b": 2}).status_code == 200


def test_chunked_bodies_are_read_and_an_empty_call_is_never_made(mounting: Mounting) -> None:
    message = call_of(idl.Calc, "add", 40, 2)
    with mounting.running() as address:
        connection = http.client.HTTPConnection(address, timeout=120)
        with contextlib.closing(connection):
            for pieces in ([message], [message[:3], message[3:]]):
                connection.request(
                    "POST",
                    "/thrift/",
                    iter(pieces),
                    {"Content-Type": "application/x-thrift", "Transfer-Encoding": "chunked"},
                    encode_chunked=True,
                )
                answer = connection.getresponse()
                assert (answer.status, answer.read()[-5:-1]) == (200, b"\0\0\0\x2a")
    # A server that does not say where a body without a length ends.
    environ = {"wsgi.input": io.BytesIO(message), "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = mounting.app.test_client().post(
        "/thrift/", environ_overrides={**environ, "CONTENT_LENGTH": ""}
    )
    assert answer.status_code == 411


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_body_that_the_application_has_read_before_is_that_of_the_call(is_chunked: bool) -> None:
    def reads(view: Any) -> Any:
        def around(*args: Any, **kwargs: Any) -> Any:
            seen.append(len(request.get_json()) if request.is_json else len(request.data))
            return view(*args, **kwargs)

        return around

    seen: list[int] = []
    mounting = Mounting(json=True, decorators=[reads], max_bytes=100)
    mounting.app.before_request(request_is_read := lambda: request.get_data() and None)
    headers = {"Transfer-Encoding": "chunked"} if is_chunked else {}
    message = call_of(idl.Calc, "add", 40, 2)

    def post(path: str, kind: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(address, timeout=120)
        with contextlib.closing(connection):
            pieces = iter([body]) if is_chunked else body
            what = {"Content-Type": kind, **headers}
            connection.request("POST", path, pieces, what, encode_chunked=is_chunked)
            answer = connection.getresponse()
            return answer.status, answer.read()

    with mounting.running() as address:
        thrift = "application/x-thrift"
        # Once by what runs before requests, once by the decorator alone.
        for _ in range(2):
            seen.clear()
            status, answer = post("/thrift/", thrift, message)
            assert (status, answer[-5:-1]) == (200, b"\0\0\0\x2a")
            body = b'{"a": 40, "b": 2}'
            assert post("/thrift/Calc/add", "application/json", body) == (200, b"42")
            assert seen == [len(message), 2]
            # What is read has a limit still.
            assert post("/thrift/", thrift, message + bytes(100))[0] == 413
            mounting.app.before_request_funcs[None] = [
                each
                for each in mounting.app.before_request_funcs[None]
                if each is not request_is_read
            ]


def test_a_body_that_the_server_cannot_read_is_a_bad_request(mounting: Mounting) -> None:
    class NoChunks(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            # As gunicorn's, which is of no kind that others have.
            raise LookupError("invalid chunk size")

    environ = {"wsgi.input": NoChunks(), "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = mounting.app.test_client().post(
        "/thrift/",
        content_type="application/x-thrift",
        environ_overrides={**environ, "wsgi.input_terminated": True},
    )
    assert answer.status_code == 400
    assert "cannot be read to its end" in answer.text


def test_flask_s_own_limit_is_kept(mounting: Mounting) -> None:
    mounting.app.config["MAX_CONTENT_LENGTH"] = 10
    answer = mounting.app.test_client().post(
        "/thrift/Calc/add", data=json.dumps({"a": 1, "b": 2}), content_type="application/json"
    )
    assert answer.status_code == 413


def test_mounts_are_for_the_application_that_came_last_or_all_to_come() -> None:
    thrift = Thrift()
    thrift.mount("/early/", idl.Calc, Handler(), json=True)
    apps = [Flask("one"), Flask("two")]
    for app in apps:
        thrift.init_app(app)
    thrift.mount("/late/", idl.Calc, Handler(), json=True, endpoint="late")
    thrift.mount("/named/", idl.Calc, Handler(), json=True, endpoint="named", app=apps[0])
    served = [
        [
            path
            for path in ("early", "late", "named")
            if app.test_client().post(f"/{path}/Calc/add", json={"a": 1, "b": 2}).status_code == 200
        ]
        for app in apps
    ]
    assert served == [["early", "named"], ["early", "late"]]


def test_a_service_is_mounted_twice_under_two_names() -> None:
    mounting = Mounting(json=True)
    with pytest.raises(
        ValueError, match=r"'thrift_Calc' already: name the one at /again/ by .*endpoint="
    ):
        mounting.thrift.mount("/again/", idl.Calc, Handler(), json=True)
    mounting.thrift.mount("/again/", idl.Calc, Handler(), json=True, endpoint="again")
    for path in ("thrift", "again"):
        answer = mounting.app.test_client().post(f"/{path}/Calc/add", json={"a": 1, "b": 2})
        assert answer.status_code == 200


def test_what_the_view_aborts_with_is_answered_so() -> None:
    def refuse(view: Any) -> Any:
        return lambda *args, **kwargs: abort(403)

    mounting = Mounting(json=True, decorators=[refuse])
    assert mounting.app.test_client().post("/thrift/Calc/add", json={}).status_code == 403


def test_clients_may_leave_out_the_last_slash(mounting: Mounting) -> None:
    with mounting.running() as at, ClientPool(idl.Calc, f"http://{at}/thrift") as calc:
        assert calc.add(1, 2) == 3


def test_what_has_no_body_has_no_type(mounting: Mounting) -> None:
    client = mounting.app.test_client()
    answer = client.post("/thrift/Calc/nothing", json={})
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert client.post("/thrift/Calc/add", json={"a": 1, "b": 2}).mimetype == "application/json"
