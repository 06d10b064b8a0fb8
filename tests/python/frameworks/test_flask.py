"""The Flask extension: configuration, clients, failed calls, a budget for each request."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift import hooks
from fastthrift._web.clients import ConfigurationError
from fastthrift.contrib.flask import AppThrift, Thrift, current_thrift
from fastthrift.protocol.exc import TEncodeException
from fastthrift.testing import FakeService, serve
from fastthrift.thrift import TException
from fastthrift.transport import TTransportException
from flask import Flask, Response, stream_with_context
from support.flask_calc import IDL, PATIENCE, Handler, client_of, idl, make_app
from support.sockets import nobody


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def url(handler: Handler) -> Iterator[str]:
    with serve(idl.Calc, handler) as url:
        yield url
        handler.go_on.set()


@pytest.fixture
def nowhere() -> Iterator[str]:
    with nobody() as port:
        yield f"tcp://127.0.0.1:{port}"


def extension(app: Flask) -> AppThrift:
    found: AppThrift = app.extensions["thrift"]
    return found


def answer(app: Flask, path: str) -> tuple[int, Any]:
    response = app.test_client().get(path)
    return response.status_code, response.json if response.is_json else response.text


# Clients


def test_a_view_calls_a_service(url: str) -> None:
    app = make_app(url)
    assert answer(app, "/calc/add?a=1&b=2") == (200, "3")
    assert [answer(app, f"/calc/add?a={a}&b=1")[1] for a in range(50)] == [
        str(a + 1) for a in range(50)
    ]
    assert extension(app)["calc"].stats()["connects"] == 1
    extension(app).close()


def test_nothing_is_connected_before_a_client_is_used(url: str) -> None:
    app = make_app(url)
    assert answer(app, "/nowhere")[0] == 404
    with app.app_context():
        assert current_thrift["calc"].stats()["open"] == 0
        assert list(current_thrift) == ["calc"]
        assert ("calc" in current_thrift, "clac" in current_thrift) == (True, False)


def test_the_extension_and_the_proxy_give_the_client_of_the_application(
    url: str, nowhere: str
) -> None:
    thrift = Thrift()
    one, other = make_app(url, thrift), make_app(nowhere, thrift)
    with one.app_context():
        assert thrift["calc"] is current_thrift["calc"] is extension(one)["calc"]
        with other.app_context():
            assert thrift["calc"] is current_thrift["calc"] is extension(other)["calc"]
            with pytest.raises(TTransportException):
                thrift["calc"].add(1, 2)
        assert thrift["calc"].add(1, 2) == 3
    extension(one).close()


def test_an_application_is_initialised_once(nowhere: str) -> None:
    thrift = Thrift()
    app = make_app(nowhere, thrift)
    for again in (thrift, Thrift()):
        with pytest.raises(RuntimeError, match="has a Thrift extension already"):
            again.init_app(app)


def test_the_constructor_takes_an_application() -> None:
    app = Flask(__name__)
    Thrift(app)
    assert list(extension(app)) == []
    assert app.config["THRIFT_CLIENTS"] == {}


def test_who_asks_without_an_application_is_told_what_to_do(nowhere: str) -> None:
    thrift = Thrift()
    make_app(nowhere, thrift)
    for ask in (lambda: thrift["calc"], lambda: current_thrift["calc"]):
        with pytest.raises(RuntimeError, match=r"with app.app_context\(\)"):
            ask()
    bare = Flask("bare")
    with bare.app_context(), pytest.raises(RuntimeError, match="call init_app"):
        thrift["calc"]


def test_idl_files_are_those_of_the_application(tmp_path: Path, url: str) -> None:
    (tmp_path / "calc.thrift").write_text(IDL)
    app = Flask("files", root_path=str(tmp_path))
    app.config["THRIFT_CLIENTS"] = {"calc": {"idl": "calc.thrift", "service": "Calc", "url": url}}
    Thrift(app)
    with app.app_context():
        assert current_thrift["calc"].add(1, 2) == 3
    extension(app).close()


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"THRIFT_CLIENTS": {"calc": {"service": "Calc", "url": "tcp://a"}}}, r"\['idl'\]: is mis"),
        ({"THRIFT_CLIENTS": {"calc": {"timout": 1}}}, "did you mean 'timeout'"),
        ({"THRIFT_CLIENTS": []}, "THRIFT_CLIENTS: .* is no dict"),
        ({"THRIFT_CLIENT": {}}, "THRIFT_CLIENT: is not known: did you mean 'THRIFT_CLIENTS'"),
        ({"THRIFT_EXCEPTION_STATUS": {"NotFound": 200}}, "THRIFT_EXCEPTION_STATUS: 200"),
        ({"THRIFT_REQUEST_BUDGET": 0}, "THRIFT_REQUEST_BUDGET: 0 is no number of seconds"),
        ({"THRIFT_SLOW": "1"}, "THRIFT_SLOW: '1'"),
        ({"THRIFT_REQUEST_BUDGET": "1"}, "THRIFT_REQUEST_BUDGET: '1'"),
        ({"THRIFT_REQUEST_BUDGET": True}, "THRIFT_REQUEST_BUDGET: True"),
    ],
    ids=str,
)
def test_what_cannot_be_configured_is_told_at_once(config: dict[str, Any], text: str) -> None:
    app = Flask("wrong")
    app.config.update(config)
    with pytest.raises(ConfigurationError, match=text):
        Thrift(app)
    assert "thrift" not in app.extensions


def test_keys_of_others_may_begin_as_ours() -> None:
    app = Flask("other")
    app.config["THRIFT_COLOUR_OF_THE_DOOR"] = "green"
    Thrift(app)


def test_the_environment_says_where_a_service_is(
    url: str, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THRIFT_URL_CALC", url)
    app = make_app(nowhere, THRIFT_URL_CALC="tcp://127.0.0.1:2")
    assert answer(app, "/calc/add?a=1&b=2") == (200, "3")
    extension(app).close()
    monkeypatch.setenv("THRIFT_URL_CALC", f"{nowhere} {url}")
    app = make_app("tcp://127.0.0.1:1")
    assert answer(app, "/calc/add?a=1&b=2") == (200, "3")
    extension(app).close()
    monkeypatch.setenv("THRIFT_URL_CALC", "tcp//oops")
    with pytest.raises(ConfigurationError, match=r"^THRIFT_URL_CALC: 'tcp//oops' is no url"):
        make_app(url)
    monkeypatch.delenv("THRIFT_URL_CALC")
    with pytest.raises(ConfigurationError, match=r"^THRIFT_URL_CALC: 7 is no url"):
        make_app(url, THRIFT_URL_CALC=7)
    with pytest.raises(ConfigurationError, match=r"^THRIFT_CLIENTS\['calc'\]\['url'\]: 'tcp//no"):
        make_app("tcp//no")
    app = make_app(nowhere, THRIFT_URL_CALC=url)
    assert answer(app, "/calc/add?a=1&b=2") == (200, "3")
    extension(app).close()


def test_a_variable_of_two_clients_is_refused_where_it_is_set(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = {"service": idl.Calc, "url": url}
    clients = {"calc-a": client, "calc_a": client}
    assert len(extension(make_app(url, THRIFT_CLIENTS=clients))) == 2
    monkeypatch.setenv("THRIFT_URL_CALC_A", url)
    with pytest.raises(
        ConfigurationError, match=r"^THRIFT_URL_CALC_A: .* two clients, 'calc-a' and 'calc_a'"
    ):
        make_app(url, THRIFT_CLIENTS=clients)


# Overrides


def test_a_fake_stands_in_the_place_of_a_client(nowhere: str) -> None:
    app = make_app(nowhere)
    with FakeService(idl.Calc, add=lambda a, b: 42) as fake, app.app_context():
        with current_thrift.override("calc", fake):
            assert answer(app, "/calc/add?a=1&b=2") == (200, "42")
        assert fake.calls == [("add", (1, 2))]
        assert answer(app, "/calc/add?a=1&b=2")[0] == 503
        override = extension(app).override("calc", fake)
        assert answer(app, "/calc/add?a=1&b=2") == (200, "42")
        override.restore()
        assert answer(app, "/calc/add?a=1&b=2")[0] == 503
        with pytest.raises(KeyError, match="did you mean 'calc'"):
            current_thrift.override("clac", fake)


@pytest.mark.parametrize(("error", "status"), [(TimeoutError, 504), (ConnectionRefusedError, 503)])
def test_what_a_fake_fails_with_has_the_status_of_what_a_client_does(
    nowhere: str, error: Any, status: int
) -> None:
    app = make_app(nowhere)
    with app.app_context(), current_thrift.override("calc", FakeService(idl.Calc, add=error)):
        assert answer(app, "/calc/add?a=1&b=2")[0] == status


# Failed calls


def test_a_service_that_cannot_be_reached_is_503(
    nowhere: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(nowhere)
    response = app.test_client().get("/calc/add?a=1&b=2")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json == {
        "error": "the service cannot be reached",
        "client": "calc",
        "method": "add",
    }
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "/calc/add is answered with 503" in record.getMessage()
    assert nowhere.removeprefix("tcp://") in record.getMessage()


def test_debugging_shows_what_went_wrong(nowhere: str) -> None:
    app = make_app(nowhere)
    app.debug = True
    status, body = answer(app, "/calc/add?a=1&b=2")
    assert status == 503
    assert "Connection refused" in body["error"]


def test_a_pool_without_a_connection_left_is_503(url: str, handler: Handler) -> None:
    clients = {"calc": client_of(url, pool_size=1, checkout_timeout=0.1)}
    app = make_app(url, THRIFT_CLIENTS=clients)
    with app.app_context():
        pool = current_thrift["calc"]
    waiting = threading.Thread(target=pool.wait, args=(1,))
    waiting.start()
    assert handler.waiting.wait(PATIENCE)
    status, body = answer(app, "/calc/add?a=1&b=2")
    handler.go_on.set()
    waiting.join()
    assert (status, body["error"]) == (503, "too many requests wait for the service")
    assert answer(app, "/calc/add?a=1&b=2") == (200, "3")
    extension(app).close()


def test_no_answer_in_time_is_504_and_no_answer_is_502(url: str, handler: Handler) -> None:
    app = make_app(url, THRIFT_CLIENTS={"calc": client_of(url, timeout=0.2)})
    assert answer(app, "/calc/wait?ticket=1")[0] == 504
    handler.go_on.set()
    status, body = answer(make_app(url), "/calc/divide?a=1&b=0")
    assert (status, body) == (
        502,
        {"error": "the service gave no usable answer", "client": "calc", "method": "divide"},
    )


def test_declared_exceptions_are_the_application_s_own(url: str) -> None:
    app = make_app(url, THRIFT_EXCEPTION_STATUS={"Refused": 409})
    app.testing = True
    with pytest.raises(idl.NotFound):
        app.test_client().get("/calc/find?what=x")
    assert answer(app, "/calc/find?what=refused") == (
        409,
        {"error": "Refused", "client": "calc", "method": "find"},
    )
    app.testing = False
    assert answer(app, "/calc/find?what=x")[0] == 500
    extension(app).close()


def test_a_name_of_a_status_that_no_exception_has_is_told_at_start(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = {"Refussed": 409, "NotFound": 404, "OfAServiceThatIsLoadedLater": 410}
    extension(make_app(url, THRIFT_EXCEPTION_STATUS=statuses)).close()
    assert [record.getMessage() for record in caplog.records] == [
        "THRIFT_EXCEPTION_STATUS: 'Refussed' is no exception that is loaded: did you mean "
        "'Refused'?"
    ]


def test_arguments_that_cannot_be_sent_may_be_given_a_status(url: str) -> None:
    path = f"/calc/add?a={2**40}&b=1"
    app = make_app(url)
    app.testing = True
    with pytest.raises(TEncodeException):
        app.test_client().get(path)
    told = make_app(url, THRIFT_EXCEPTION_STATUS={"TEncodeException": 400})
    assert answer(told, path)[0] == 400
    assert answer(told, "/calc/add?a=1&b=2") == (200, "3")
    for each in (app, told):
        extension(each).close()


def test_handlers_of_the_application_go_before(nowhere: str, url: str) -> None:
    def shown(error: BaseException) -> tuple[str, int]:
        return type(error).__name__, 418

    before, after = Flask("before"), make_app(nowhere)
    before.register_error_handler(TException, shown)
    before.config["THRIFT_CLIENTS"] = {"calc": {"service": idl.Calc, "url": nowhere}}
    Thrift(before)
    before.add_url_rule("/calc/add", view_func=lambda: str(current_thrift["calc"].add(1, 2)))
    after.register_error_handler(TTransportException, shown)
    base = make_app(nowhere)
    base.register_error_handler(TException, shown)
    for app in (before, after, base):
        assert answer(app, "/calc/add?a=1&b=2") == (418, "TTransportException")
    # What is for all exceptions is less than what is for these; the rest is its matter.
    every = make_app(url)
    every.register_error_handler(Exception, shown)
    assert answer(every, "/calc/divide?a=1&b=0")[0] == 502
    assert answer(every, "/calc/find?what=x") == (418, "NotFound")
    extension(every).close()


def test_a_handler_of_a_blueprint_goes_before(nowhere: str) -> None:
    from flask import Blueprint

    blueprint = Blueprint("sums", __name__)

    @blueprint.route("/sum")
    def total() -> str:
        return str(current_thrift["calc"].add(1, 2))

    @blueprint.errorhandler(TTransportException)
    async def shown(error: TTransportException) -> tuple[str, int]:
        return "later", 418

    app = make_app(nowhere)
    app.register_blueprint(blueprint)
    assert answer(app, "/sum") == (418, "later")
    assert answer(app, "/calc/add?a=1&b=2")[0] == 503


def test_error_handlers_may_be_switched_off(nowhere: str) -> None:
    app = make_app(nowhere, THRIFT_ERROR_HANDLERS=False)
    assert answer(app, "/calc/add?a=1&b=2")[0] == 500


def test_an_application_may_answer_with_pages_of_its_own(nowhere: str) -> None:
    app = make_app(nowhere)

    @app.errorhandler(TException)
    def failed(error: TException) -> tuple[str, int]:
        failure = current_thrift.failure(error)
        assert failure is not None
        assert current_thrift.failure(ValueError()) is None
        return f"<p>{failure.error}</p>", failure.status

    assert answer(app, "/calc/add?a=1&b=2") == (503, "<p>the service cannot be reached</p>")


# A budget


def test_the_calls_of_a_request_have_a_budget_together(url: str, handler: Handler) -> None:
    app = make_app(url, THRIFT_REQUEST_BUDGET=1.0)
    seen: list[Any] = []

    @app.before_request
    def look() -> None:
        seen.append(left())

    assert answer(app, "/calc/wait?ticket=1")[0] == 504
    # The next request has one of its own, and the thread has none any more.
    assert answer(app, "/nowhere")[0] == 404
    assert left() is None
    assert len(seen) == 2
    assert all(0 < each <= 1 for each in seen)
    extension(app).close()


def left() -> float | None:
    """Seconds until the deadline that is in force."""
    from fastthrift._calls.deadlines import current_deadline

    at = current_deadline()
    return None if at is None else at - time.monotonic()


@pytest.mark.parametrize("fails", [False, True], ids=["an answer", "an exception"])
def test_no_budget_is_left_behind(url: str, fails: bool) -> None:
    app = make_app(url, THRIFT_REQUEST_BUDGET=PATIENCE)
    app.testing = True

    @app.route("/look")
    def look() -> str:
        if fails:
            raise ZeroDivisionError
        return str(left())

    if fails:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/look")
    else:
        assert 0 < float(answer(app, "/look")[1]) <= PATIENCE
    assert left() is None


@pytest.mark.parametrize("with_context", [False, True], ids=["streamed", "in the context"])
def test_a_streamed_answer_has_the_rest_of_the_budget(url: str, with_context: bool) -> None:
    app = make_app(url, THRIFT_REQUEST_BUDGET=PATIENCE)
    closed = []

    @app.route("/stream")
    def stream() -> Response:
        def pieces() -> Iterator[str]:
            try:
                yield f"{left()}\n"
                yield f"{left()}\n"
            finally:
                closed.append(True)

        return Response(stream_with_context(pieces()) if with_context else pieces())

    response = app.test_client().get("/stream", buffered=False)
    chunks = iter(response.response)
    first = float(next(chunks))
    assert left() is None
    second = float(next(chunks))
    assert PATIENCE > first > second > 0
    assert left() is None
    response.close()
    assert closed == [True]
    assert left() is None


def test_an_awaited_view_has_the_budget(url: str) -> None:
    app = make_app(url, THRIFT_REQUEST_BUDGET=PATIENCE)

    @app.route("/awaited")
    async def awaited() -> str:
        await asyncio.sleep(0)
        return f"{left()} {current_thrift['calc'].add(1, 2)}"

    seconds, _, total = answer(app, "/awaited")[1].partition(" ")
    assert 0 < float(seconds) < PATIENCE
    assert total == "3"
    assert left() is None
    extension(app).close()


def test_there_is_no_budget_unless_one_is_asked_for(url: str) -> None:
    app = make_app(url)
    app.add_url_rule("/look", view_func=lambda: str(left()))
    assert answer(app, "/look") == (200, "None")


def test_slow_calls_are_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(url, THRIFT_SLOW=0.01)
    try:
        assert answer(app, "/calc/later?v=7") == (200, "7")
    finally:
        hooks.warn_slow()
    (told,) = [each for each in caplog.records if each.name == "fastthrift.client"]
    assert told.levelno == logging.WARNING
    assert "Calc.later()" in told.getMessage()
    extension(app).close()


# Imports


def test_a_program_imports_no_framework_and_starts_no_thread_by_itself() -> None:
    program = (
        "import sys, threading, fastthrift, fastthrift.pool, fastthrift._web.clients\n"
        "found = [name for name in sys.modules if name.partition('.')[0] in\n"
        "         ('flask', 'werkzeug', 'django', 'click', 'gevent', 'aiohttp', 'asyncio')]\n"
        "print(found, threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[] 1\n", "")


def test_a_missing_flask_is_told() -> None:
    program = "import sys; sys.modules['flask'] = None; import fastthrift.contrib.flask"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        'ImportError: Thrift in Flask applications needs Flask: pip install "fastthrift[flask]"'
    )
