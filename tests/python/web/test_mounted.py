"""What a request to a mounted service is answered with, without a server."""

from __future__ import annotations

import asyncio
import contextvars
import html
import io
import itertools
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import fastthrift
import pytest
from fastthrift import asgi, wsgi
from fastthrift._web.mounted import Mounted, Request
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import TMemoryBuffer
from support import dialects
from support.mount_probe import PATIENCE, AwaitedHandler, Handler, Mount, module

THRIFT = {"content-type": "application/x-thrift"}
JSON = {"content-type": "application/json"}


def message(name: str, *arguments: Any, kind: int = 1, method: str | None = None) -> bytes:
    output = TMemoryBuffer()
    prot = TBinaryProtocolFactory().get_protocol(output)
    prot.write_message_begin(name, kind, 5)
    getattr(Mount, f"{method or name}_args")(*arguments).write(prot)
    prot.write_message_end()
    return output.getvalue()


ADD = message("add", 40, 2)
FORTY_TWO = (42).to_bytes(8, "big")


def request_of(body: bytes, headers: dict[str, str] = THRIFT, **parts: Any) -> Request:
    given = {"method": "POST", "path": "", "query": "", "peer": "a client", **parts}
    given = {"length": len(body), "chunked": False, **given}
    return Request(headers=headers, **given)


def answer(mounted: Mounted, body: bytes, headers: dict[str, str] = THRIFT, **parts: Any) -> Any:
    return mounted.answer(request_of(body, headers, **parts), io.BytesIO(body).read)


async def pieces(*bodies: bytes) -> AsyncIterator[bytes]:
    for body in bodies:
        yield body


def answer_awaited(
    mounted: Mounted, body: bytes, headers: dict[str, str] = THRIFT, **parts: Any
) -> Any:
    request = request_of(body, headers, **parts)
    return asyncio.run(mounted.answer_async(request, pieces(body[:1], b"", body[1:])))


BOTH = pytest.mark.parametrize("ask", [answer, answer_awaited])


def bridged(
    mounted: Mounted, method: str, text: str, ask: Any = answer, **headers: str
) -> tuple[int, Any]:
    reply = ask(mounted, text.encode(), {**JSON, **headers}, path=f"/Mount/{method}")
    return reply.status, json.loads(reply.body) if reply.body else None


# Thrift


@BOTH
def test_a_call(ask: Any) -> None:
    reply = ask(Mounted(Mount, Handler()), ADD)
    assert reply.status == 200
    assert FORTY_TWO in reply.body


VENDOR = "application/vnd.apache.thrift."
TAKEN = {
    "application/x-thrift": "a binary, compact, JSON or Apache JSON message",
    f"{VENDOR}binary": "a binary message, by its Content-Type",
    f"{VENDOR}compact": "a compact message, by its Content-Type",
    f"{VENDOR}json": "an Apache JSON or JSON message, by its Content-Type",
}


@BOTH
@pytest.mark.parametrize("content_type", TAKEN)
def test_what_comes_in_another_dialect_is_told(ask: Any, content_type: str) -> None:
    """By its type where the client says that, and by its first bytes."""
    handler = Handler()
    mounted = Mounted(Mount, handler)
    bodies = {**dialects.calls(Mount, "add", 40, 2), **dialects.NO_THRIFT}
    named = content_type.removeprefix(VENDOR)
    for name, body in bodies.items():
        reply = ask(mounted, body, {"content-type": content_type})
        before, handler.count = handler.count, 0
        if (
            "message" in name
            and "THeader" not in name
            and (named == content_type or named in name.lower())
        ):
            assert (reply.status, before) == (200, 1), name
            continue
        text = f"the body is {name}, this server expects {TAKEN[content_type]}\n"
        assert (reply.status, reply.body.decode(), before) == (400, text, 0)


@BOTH
@pytest.mark.parametrize("without", ["length", "type"])
def test_a_body_without_a_length_or_a_type(ask: Any, without: str) -> None:
    mounted = Mounted(Mount, Handler())
    if without == "length":
        assert ask(mounted, ADD, length=None, chunked=True).status == 200
        assert ask(mounted, ADD, length=None).status == 411
    else:
        assert ask(mounted, ADD, {}).status == 200


@pytest.mark.parametrize("header", ["origin", "sec-fetch-site"])
def test_a_body_without_a_type_is_not_taken_of_a_browser(header: str) -> None:
    """Pages of other sites can send one without asking."""
    handler = Handler()
    assert answer(Mounted(Mount, handler), ADD, {header: "https://other.example"}).status == 415
    assert handler.count == 0


def test_a_body_that_the_server_cannot_read_is_a_bad_request() -> None:
    def read(size: int) -> bytes:
        raise OSError("invalid chunk size")

    handler = Handler()
    mounted = Mounted(Mount, handler)
    refused = mounted.answer(request_of(b"", length=None, chunked=True), read)
    assert (refused.status, handler.count) == (400, 0)


@BOTH
def test_a_body_that_is_shorter_than_announced(ask: Any) -> None:
    handler = Handler()
    reply = ask(Mounted(Mount, handler), ADD, length=len(ADD) + 1)
    assert (reply.status, handler.count) == (400, 0)


@BOTH
def test_a_body_is_not_read_where_its_length_is_too_much(ask: Any) -> None:
    mounted = Mounted(Mount, Handler(), max_bytes=10)
    assert ask(mounted, ADD).status == 413
    assert ask(mounted, ADD, length=None, chunked=True).status == 413

    def read(size: int) -> bytes:
        raise AssertionError("it was read")

    assert mounted.answer(request_of(ADD), read).status == 413


@BOTH
def test_what_a_client_sends_is_not_answered_with_a_reply(ask: Any) -> None:
    reply = ask(Mounted(Mount, Handler()), message("add", 1, 2, kind=2))
    assert reply.headers[-1] == ("X-Thrift-Status", "INVALID_MESSAGE_TYPE")
    reply = ask(Mounted(Mount, Handler()), message("nothing", method="nothing") * 2)
    assert reply.status == 400


@BOTH
def test_several_services(ask: Any) -> None:
    several = TMultiplexedProcessor()
    several.register_processor("one", TProcessor(Mount, Handler()))
    several.register_processor("two", TProcessor(Mount, Handler()))
    mounted = Mounted(None, several, json=True)
    assert FORTY_TWO in ask(mounted, message("two:add", 40, 2, method="add")).body
    reply = ask(mounted, b'{"a": 40, "b": 2}', JSON, path="/one/add")
    assert (reply.status, reply.body) == (200, b"42")
    reply = ask(mounted, b'{"a": 40, "b": 2}', JSON, path="/tow/add")
    assert (reply.status, json.loads(reply.body)["nearest"]) == (404, ["two"])


@BOTH
def test_a_processor_with_a_way_of_its_own(ask: Any) -> None:
    seen = []

    class Own(TProcessor):
        def process_in(self, iprot: Any) -> Any:
            seen.append("process_in")
            return super().process_in(iprot)

    mounted = Mounted(Mount, Own(Mount, Handler()))
    assert FORTY_TWO in ask(mounted, ADD).body
    assert seen == ["process_in"]


def test_what_cannot_be_mounted() -> None:
    with pytest.raises(TypeError, match="service"):
        Mounted(module, Handler())
    with pytest.raises(TypeError, match="middleware"):
        Mounted(Mount, TProcessor(Mount, Handler()), middleware=[lambda get: get])
    with pytest.raises(TypeError, match=r"Mount\.add\(\).*fastthrift\.asgi\.ThriftApp"):
        wsgi.ThriftApp(Mount, AwaitedHandler())

    class Own(TAsyncProcessor):
        async def process(self, iprot: Any, oprot: Any) -> None: ...

    with pytest.raises(TypeError, match="Own has methods of its own"):
        asgi.ThriftApp(Mount, Own(Mount, Handler()))


def test_processors_of_asyncio() -> None:
    several = TAsyncMultiplexedProcessor()
    several.register_processor("Mount", TAsyncProcessor(Mount, AwaitedHandler()))
    for processor, name in [(several, "Mount:add"), (TAsyncProcessor(Mount, Handler()), "add")]:
        reply = answer_awaited(Mounted(Mount, processor), message(name, 40, 2, method="add"))
        assert FORTY_TWO in reply.body


def test_middleware_and_the_call_of_a_handler() -> None:
    seen: list[Any] = []

    def note(get_response: Any) -> Any:
        def respond(call: Any) -> Any:
            seen.append((call.name, call.peer, call.headers["x-token"]))
            return get_response(call)

        return respond

    def note_awaited(get_response: Any) -> Any:
        async def respond(call: Any) -> Any:
            seen.append((call.name, call.peer, call.headers["x-token"]))
            return await get_response(call)

        return respond

    headers = {**THRIFT, "x-token": "of mine"}
    reply = answer(Mounted(Mount, Handler(), middleware=[note]), ADD, headers)
    assert FORTY_TWO in reply.body
    mounted = Mounted(Mount, AwaitedHandler(), middleware=[note_awaited])
    assert FORTY_TWO in answer_awaited(mounted, ADD, headers).body
    assert seen == [("Mount.add", "a client", "of mine")] * 2


@BOTH
@pytest.mark.parametrize("raised", [ValueError, SystemExit, StopIteration, KeyError])
def test_what_a_handler_raises_is_answered_and_logged(
    ask: Any, raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def echo(self, text: str) -> str:
            raise raised(text)

    reply = ask(Mounted(Mount, Failing()), message("echo", "a secret"))
    assert reply.status == 200
    assert ("X-Thrift-Status", "INTERNAL_ERROR") in reply.headers
    assert b"a secret" not in reply.body
    assert "Error processing echo, called from a client" in caplog.text


# Handlers that are awaited, and those that block


def test_a_function_that_blocks_is_called_in_a_thread_and_in_the_context_of_the_request() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user")

    class Blocking:
        def echo(self, text: str) -> str:
            self.thread = threading.current_thread()
            return f"{text} {user.get()}"

    class Awaited:
        async def echo(self, text: str) -> str:
            self.thread = threading.current_thread()
            return f"{text} {user.get()}"

    for handler, is_main in [(Blocking(), False), (Awaited(), True)]:
        context = contextvars.copy_context()
        context.run(user.set, "Ann")
        reply = context.run(answer_awaited, Mounted(Mount, handler), message("echo", "Hello"))
        assert b"Hello Ann" in reply.body
        assert (handler.thread is threading.main_thread()) is is_main


def test_a_call_that_waited_too_long_for_a_thread_is_not_executed() -> None:
    class Blocking:
        def __init__(self) -> None:
            self.echoed = 0
            self.begun = threading.Event()
            self.go_on = threading.Event()

        def meet(self) -> bool:
            self.begun.set()
            return self.go_on.wait(PATIENCE)

        def echo(self, text: str) -> str:
            self.echoed += 1
            return text

    handler = Blocking()
    mounted = Mounted(Mount, handler)

    async def go() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        body = message("meet")
        first = asyncio.create_task(mounted.answer_async(request_of(body), pieces(body)))
        while not handler.begun.is_set():
            await asyncio.sleep(0.001)
        body = message("echo", "late")
        headers = {**THRIFT, "x-thrift-timeout": "50"}
        second = asyncio.create_task(mounted.answer_async(request_of(body, headers), pieces(body)))
        # Longer than that: it is in the queue of the thread by then, or late by itself.
        await asyncio.sleep(0.1)
        handler.go_on.set()
        return await first, await second

    first, second = asyncio.run(go())
    assert first.status == 200
    assert b"echo() was not executed" in second.body
    assert handler.echoed == 0


def test_a_request_that_is_given_up_is_given_up() -> None:
    class Awaited:
        async def echo(self, text: str) -> str:
            if text == "other":
                raise asyncio.CancelledError
            begun.set()
            await asyncio.Event().wait()
            return text

    begun: Any = None
    mounted = Mounted(Mount, Awaited())

    async def go() -> Any:
        nonlocal begun
        begun = asyncio.Event()
        body = message("echo", "long")
        task = asyncio.create_task(mounted.answer_async(request_of(body), pieces(body)))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        body = message("echo", "other")
        return await mounted.answer_async(request_of(body), pieces(body))

    # One that the handler waited for is a failure of the handler.
    if sys.version_info >= (3, 11):
        assert ("X-Thrift-Status", "INTERNAL_ERROR") in asyncio.run(go()).headers


# ASGI


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_client_that_leaves_before_its_body_is_complete_makes_no_call(is_gone: bool) -> None:
    """Where it waits for an answer it is told: granian has no other word for chunks that are
    none."""
    handler = Handler()
    events = [
        {"type": "http.request", "body": ADD, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        if is_gone:
            raise BrokenPipeError
        sent.append(event.get("status", event.get("body")))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-type", b"application/x-thrift")],
    }
    asyncio.run(asgi.ThriftApp(Mount, handler)(scope, receive, send))
    told = [] if is_gone else [400, b"the body cannot be read to its end\n"]
    assert (sent, handler.count) == (told, 0)


def test_lifespan_websockets_and_other_things() -> None:
    app = asgi.ThriftApp(Mount, Handler())

    def play(scope: str, *events: str) -> list[str]:
        left, sent = list(events), []

        async def receive() -> Any:
            return {"type": left.pop(0)}

        async def send(event: Any) -> None:
            sent.append(event["type"])

        asyncio.run(app({"type": scope}, receive, send))
        return sent

    assert play("lifespan", "lifespan.startup", "lifespan.shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert play("websocket", "websocket.connect") == ["websocket.close"]
    with pytest.raises(ValueError, match="speaks HTTP"):
        play("smtp")


def test_the_path_of_a_mount_is_not_part_of_that_of_a_method() -> None:
    app = asgi.ThriftApp(Mount, Handler(), json=True)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"a": 40, "b": 2}'}

    async def send(event: Any) -> None:
        sent.append(event)

    for root, path in [("/api", "/api/Mount/add"), ("/api", "/Mount/add"), ("", "/Mount/add")]:
        scope = {"type": "http", "method": "POST", "path": path, "root_path": root}
        scope["headers"] = [(b"content-type", b"application/json")]
        asyncio.run(app(scope, receive, send))
        assert (sent[-2]["status"], sent[-1]["body"]) == (200, b"42")


# Calls by JSON


@BOTH
def test_results_are_plain_data(ask: Any) -> None:
    mounted = Mounted(Mount, Handler(), json=True)
    place = '{"name": "Köln", "id": 9007199254740993}'
    arguments = f'{{"place": {place}, "colours": ["RED", 2], "quickly": true}}'
    assert bridged(mounted, "move", arguments, ask) == (
        200,
        {"name": "Köln", "id": 9007199254740993},
    )
    # `b` has a default.
    assert bridged(mounted, "add", '{"a": 2}', ask) == (200, 2)


@BOTH
def test_declared_exceptions_have_a_status_of_their_own(ask: Any) -> None:
    mounted = Mounted(Mount, Handler(), json=True)
    arguments = '{"place": {"name": "nowhere"}, "colours": [], "quickly": false}'
    status, problem = bridged(mounted, "move", arguments, ask)
    assert status == 422
    assert problem == {
        "title": "Wrong",
        "status": 422,
        "detail": "there is no such place",
        "exception": {
            "type": "Wrong",
            "fields": {"message": "there is no such place", "code": 7},
        },
    }


@BOTH
def test_other_exceptions_are_told_of_only_for_debugging(ask: Any) -> None:
    status, problem = bridged(Mounted(Mount, Handler(), json=True), "fail", '{"secret": "x"}', ask)
    assert (status, problem["detail"]) == (500, "Mount.fail() failed")
    mounted = Mounted(Mount, Handler(), json=True, debug=True)
    _, problem = bridged(mounted, "fail", '{"secret": "x"}', ask)
    assert problem["detail"] == "Mount.fail() failed: ValueError: a secret: x"


@BOTH
def test_an_exception_whose_text_cannot_be_told_is_answered_too(ask: Any) -> None:
    class Speechless(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    class Failing(Handler):
        def fail(self, secret: str) -> str:
            raise Speechless

    mounted = Mounted(Mount, Failing(), json=True, debug=True)
    status, problem = bridged(mounted, "fail", '{"secret": ""}', ask)
    assert status == 500
    assert problem["detail"] == "Mount.fail() failed: Speechless: its text cannot be told"


@BOTH
def test_a_handler_that_has_anything_it_is_asked_for_is_no_processor(ask: Any) -> None:
    handler = MagicMock()
    handler.add.return_value = 42
    mounted = Mounted(Mount, handler, json=True, page=True, middleware=[lambda go_on: go_on])
    assert bridged(mounted, "add", '{"a": 40, "b": 2}', ask) == (200, 42)
    handler.add.assert_called_once_with(40, 2)


def test_defaults_are_shown_as_they_could_be_sent() -> None:
    module = fastthrift.load_fp(
        io.StringIO(
            "enum Colour { RED = 1 } struct Place { 1: string name }"
            'service Mount { void put(1: set<string> words = ["a"], 2: binary seal = "hi",'
            ' 3: list<Colour> colours = [Colour.RED], 4: Place place = {"name": "b"}, 5: i32 n) }'
        ),
        "mounted_defaults_thrift",
    )
    mounted = Mounted(module.Mount, MagicMock(), json=True, page=True)
    shown = answer(mounted, b"", {}, method="GET").body.decode()
    for default in ('["a"]', '"aGk="', '["RED"]', '{"name": "b"}'):
        assert f"default <code>{html.escape(default)}</code>" in shown
    assert shown.count("default <code>") == 4


@BOTH
def test_names_that_are_keywords_of_python_are_those_of_the_idl_in_json(ask: Any) -> None:
    words = fastthrift.load_fp(
        io.StringIO(
            "struct Range { 1: i32 from, 2: i32 is } union Way { 1: i32 in, 2: string by }"
            "service Words { list<i32> class(1: i32 from = 7, 2: Range in, 3: Way way) }"
        ),
        "mounted_keywords_thrift",
    )

    class Handler:
        def class_(self, from_: int, in_: Any, way: Any) -> list[int]:
            return [from_, in_.from_, in_.is_, way.in_]

    mounted = Mounted(words.Words, Handler(), json=True, page=True)
    body = b'{"in": {"from": 2, "is": 3}, "from": 1, "way": {"in": 4}}'
    reply = ask(mounted, body, JSON, path="/Words/class")
    assert (reply.status, json.loads(reply.body)) == (200, [1, 2, 3, 4])
    reply = ask(mounted, b'{"from": 1}', JSON, path="/Words/class")
    assert "class() lacks in, way; it is class(1: i32 from = 7, 2: Range in" in reply.body.decode()
    shown = ask(mounted, b"", {}, method="GET").body.decode()
    assert 'name="from"' in shown
    assert "&quot;is&quot;: 0" in shown
    assert "&quot;in&quot;: 0" in shown
    assert "from_" not in shown


@pytest.mark.parametrize(
    ("method", "text", "told"),
    [
        ("move", '{"place": {"name": 7}, "colours": [], "quickly": true}', "place.name: expected"),
        ("move", '{"place": {"name": "a"}, "colours": ["BLUE"], "quickly": true}', "colours[0]"),
        ("add", '{"c": 1}', "add() has no argument 'c'"),
        ("add", "{}", "add() lacks a"),
        ("add", '{"a": 99999999999999999999}', "a: "),
        ("half", '{"of": NaN}', "NaN is no value of JSON"),
        ("half", '{"of": -1e999}', "-1e999 is more than a double holds"),
        ("add", "[1, 2]", "a JSON object of arguments by name"),
        ("add", "", "the body is no JSON"),
        ("add", "[" * 100_000, "the body is no JSON"),
        ("echo", '{"text": "\\ud800"}', "text"),
        ("echo", '{"\\ud800": ""}', "no argument"),
    ],
)
def test_arguments_that_do_not_fit_are_told_with_their_path(
    method: str, text: str, told: str
) -> None:
    handler = Handler()
    status, problem = bridged(Mounted(Mount, handler, json=True), method, text)
    assert (status, handler.count) == (400, 0)
    assert told in problem["detail"]


def test_answers_that_are_no_json() -> None:
    mounted = Mounted(Mount, Handler(), json=True)
    assert bridged(mounted, "half", '{"of": 3}') == (200, 1.5)
    assert bridged(mounted, "half", '{"of": -3}')[0] == 500
    assert bridged(mounted, "missing_result", "{}")[0] == 500


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Mount/add", 405),
        ("POST", "/Mount", 404),
        ("POST", "/Mount/add/1", 404),
        ("POST", "/Muont/add", 404),
        ("POST", "/Mount/__init__", 404),
        ("POST", "/", 404),
    ],
)
def test_what_is_no_method(method: str, path: str, status: int) -> None:
    reply = answer(Mounted(Mount, Handler(), json=True), b"{}", JSON, method=method, path=path)
    assert reply.status == status
    assert ("Content-Type", "application/problem+json") in reply.headers
    assert json.loads(reply.body)["status"] == status


def test_a_name_that_there_is_not_is_quoted_once() -> None:
    mounted = Mounted(Mount, Handler(), json=True)
    for path, told in (("/Mount/a\0b", "has no method 'a\\x00b'"), ("/a\nb/add", "'a\\nb'")):
        reply = answer(mounted, b"{}", JSON, path=path)
        assert told in json.loads(reply.body)["detail"]


@BOTH
def test_time_is_up_before_a_call_by_json(ask: Any) -> None:
    handler = Handler()
    mounted = Mounted(Mount, handler, json=True)
    status, problem = bridged(mounted, "add", '{"a": 1}', ask, **{"x-thrift-timeout": "0"})
    assert (status, handler.count) == (504, 0)
    assert "add() was not executed" in problem["detail"]


def test_json_is_taken_only_where_it_is_wanted_and_only_as_json() -> None:
    """A form of another site cannot have that type."""
    handler = Handler()
    assert answer(Mounted(Mount, handler), b'{"a": 1}', JSON, path="/Mount/add").status == 415
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        reply = answer(
            Mounted(Mount, handler, json=True),
            b'{"a": 1}',
            {"content-type": kind},
            path="/Mount/add",
        )
        assert reply.status in (400, 415)
    assert handler.count == 0


def test_hooks_see_calls_by_json(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[Any] = []
    fastthrift.hooks.add(server=calls.append)
    try:
        with caplog.at_level(logging.INFO, "fastthrift.access"):
            mounted = Mounted(Mount, Handler(), json=True)
            bridged(mounted, "add", '{"a": 1}')
            bridged(mounted, "add", '{"a": 1}', answer_awaited)
    finally:
        fastthrift.hooks.remove(server=calls.append)
    assert [(call.name, call.outcome, call.args) for call in calls] == [
        ("Mount.add", "success", (1, 0))
    ] * 2
    assert caplog.text.count("a client Mount.add success") == 2


# The page


def test_the_page_is_there_only_where_it_is_wanted() -> None:
    assert answer(Mounted(Mount, Handler()), b"", method="GET").status == 405
    reply = answer(Mounted(Mount, Handler(), page=True), b"", method="GET")
    assert reply.status == 200
    assert b"<form" not in reply.body
    assert (
        b"<form" in answer(Mounted(Mount, Handler(), page=True, json=True), b"", method="GET").body
    )
    assert answer(Mounted(Mount, Handler(), page=True), b"", method="GET", path="/x").status == 405


def test_what_is_allowed_is_told_with_405() -> None:
    for page, path, allowed in (
        (True, "/", "GET, HEAD, POST"),
        (True, "/Mount/add", "POST"),
        (False, "/", "POST"),
    ):
        mounted = Mounted(Mount, Handler(), page=page, json=True)
        reply = answer(mounted, b"", method="PUT", path=path)
        assert (reply.status, dict(reply.headers)["Allow"]) == (405, allowed)


def test_the_page_tells_methods_types_and_comments_and_asks_no_other_host() -> None:
    text = answer(Mounted(Mount, Handler(), page=True), b"", method="GET").body.decode()
    for told in (
        "What the tests of mounts call.",
        "Adds two numbers.",
        "Where somebody is.",
        "What is not allowed.",
        "GREEN",
        "list&lt;",
        "throws",
        "oneway void",
    ):
        assert told in text
    assert "<script>document.title" not in text
    assert "&lt;script&gt;document.title" in text
    assert "http:" not in text
    assert "https:" not in text


_serial = itertools.count()
DOCUMENTED = """
/** Who it is. */
typedef i64 Id
/** Up to here. */
const list<Id> KNOWN = [7, 8]
const Size USUAL = Size.SMALL
const Lone ALONE = {"by": "itself"}
const binary BYTES = "abc"
const double FAR = 1e300
enum Size { /** Under a metre. */ SMALL = 1, LARGE = 2 }
/** Either of them. */
union Either { /** The left one. */ 1: i32 left, 2: i32 right }
struct Box { /** <b>Outside</b>. */ 1: required Size size, 2: Id id }
/** Nobody sends it. */
struct Lone { 1: string by }
exception Full { 1: string message }
service Boxes {
    Box pack(/** What to put in. */ 1: Either what)
        throws (/** Where no room is left. */ 1: Full full)
}
"""


@pytest.mark.parametrize("is_named", [True, False])
def test_the_page_tells_of_all_that_the_file_says(is_named: bool, tmp_path: Path) -> None:
    path = tmp_path / "boxes.thrift"
    path.write_text(DOCUMENTED)
    name = f"boxes_{next(_serial)}_thrift" if is_named else None
    service = fastthrift.load(str(path), name).Boxes
    for with_form in (False, True):
        mounted = Mounted(service, MagicMock(), page=True, json=with_form)
        text = answer(mounted, b"", method="GET").body.decode()
        for told in (
            "Who it is.",
            "Up to here.",
            "Under a metre.",
            "The left one.",
            "&lt;b&gt;Outside&lt;/b&gt;.",
            "Nobody sends it.",
            "What to put in.",
            "Where no room is left.",
            '<h3>Id <span class="type">i64</span></h3>',
            '<h3>KNOWN <span class="type">list&lt;i64&gt;</span></h3>',
            "[\n  7,\n  8\n]",
            "&quot;SMALL&quot;",
            "&quot;itself&quot;",
            "&quot;YWJj&quot;",
            "1e+300",
            '<span class="kind">union</span> Either',
        ):
            assert text.count(told) == 1, told
        linked = set(re.findall(r'href="#(type-\d+)"', text))
        assert linked <= set(re.findall(r'<article id="(type-\d+)"', text))
    # An example of a union has one field, also of a file whose module has no name.
    assert "&quot;left&quot;: 0\n}" in text


def test_what_cannot_be_sent_is_shown_on_the_page_too() -> None:
    """Such a constant is taken where the IDL is not strict: of two fields a union has none."""
    module = fastthrift.load_fp(
        io.StringIO(
            'union Either { 1: i32 left, 2: string right = "x" }'
            'const Either BOTH = {"left": 1} const list<i32> FEW = [7]'
            'service Mount { void put(1: Either what = {"left": 2}) }'
        ),
        "mounted_unions_thrift",
    )
    mounted = Mounted(module.Mount, MagicMock(), json=True, page=True)
    reply = answer(mounted, b"", {}, method="GET")
    assert reply.status == 200
    text = reply.body.decode()
    assert ">Either(left=1, right=&#x27;x&#x27;)</pre>" in text
    assert "default <code>Either(left=2, right=&#x27;x&#x27;)</code>" in text
    assert ">[\n  7\n]</pre>" in text
    # Who gives wrong arguments is told what a method takes.
    assert bridged(mounted, "put", "{}") == (204, None)
    status, told = bridged(mounted, "put", '{"which": 1}')
    assert status == 400
    assert "put(1: Either what = Either(left=2, right='x'))" in str(told)


def test_the_page_is_made_once_for_the_services_that_there_are() -> None:
    services = TMultiplexedProcessor()
    services.register_processor("Mount", TProcessor(Mount, Handler()))
    mounted = Mounted(None, services, page=True)

    def text() -> bytes:
        return answer(mounted, b"", method="GET").body

    first = text()
    assert text() is first
    services.register_processor("Other", TProcessor(Mount, Handler()))
    assert b"<h2>Other</h2>" in text()
    assert b"<h2>Other</h2>" not in first
    assert text() is text()


def test_wsgi_brings_no_asyncio_and_no_framework() -> None:
    code = (
        "import sys, fastthrift.wsgi\n"
        "print([name for name in ('asyncio', 'flask', 'django', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
