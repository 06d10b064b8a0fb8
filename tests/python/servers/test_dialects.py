"""A message in another dialect than a server's: it is refused by its name, nothing of the stream
runs, and nobody else is disturbed."""

from __future__ import annotations

import contextlib
import http.client
import logging
import queue
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.dialects import DIALECTS, NO_THRIFT, Dialect, calls, result_of
from support.each_server import ALL, ASYNCIO_HTTP, AWAITED, HTTP, serving_by
from support.rpc import PATIENCE, Calls, Handler

REFUSED = {**calls(Calls, "add", 40, 2), **NO_THRIFT}
NATIVE = ["nonblocking", AWAITED]
OVER_HTTP = [HTTP, ASYNCIO_HTTP]
OVER_SOCKETS = [kind for kind in ALL if kind not in OVER_HTTP]


class Counting(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.added = 0

    def add(self, a: int, b: int) -> int:
        self.added += 1
        return a + b


class Awaited(Counting):
    async def add(self, a: int, b: int) -> int:  # type: ignore[override]
        return super().add(a, b)


def handler_of(kind: str) -> Any:
    return Awaited() if "asyncio" in kind or kind == AWAITED else Counting()


def cases(kinds: list[str]) -> list[Any]:
    """Each of these servers with each dialect that it may expect."""
    return [
        pytest.param(kind, dialect, id=f"{kind} expects {dialect}")
        for kind in kinds
        for dialect in DIALECTS
        # asyncio's HTTP has no frames.
        if not (kind == ASYNCIO_HTTP and dialect.framed)
    ]


# What begins as frames may, of which the last is long: that it is none is seen at the end.
SASL = "a SASL negotiation"
LENGTHS = (SASL, "an unframed binary message without a version")


def by_socket(port: int, data: bytes, *, ends: bool) -> bytes:
    """All that comes for these bytes until the server hangs up."""
    found = b""
    with (
        contextlib.suppress(ConnectionResetError, BrokenPipeError),
        socket.create_connection(("127.0.0.1", port), PATIENCE) as connection,
    ):
        connection.sendall(data)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            found += piece
    return found


class Warnings(logging.Handler):
    """Warnings of servers, as they come."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: queue.Queue[str] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.put(record.getMessage())


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    handler, logger = Warnings(), logging.getLogger("fastthrift")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@contextlib.contextmanager
def posting(port: int) -> Iterator[Callable[[bytes], tuple[int, bytes]]]:
    """Posts bodies by one client, which connects again where the server has hung up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def post(body: bytes) -> tuple[int, bytes]:
        connection.request("POST", "/", body, {"Content-Type": "application/x-thrift"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    with contextlib.closing(connection):
        yield post


# In 10 seconds a server tells of some, and the native one of one.
LINES = dict.fromkeys(NATIVE, 1)


@pytest.mark.parametrize(("kind", "dialect"), cases(OVER_SOCKETS))
def test_another_dialect_is_told_and_ends_its_connection(
    kind: str, dialect: Dialect, warnings: Warnings
) -> None:
    good = REFUSED[str(dialect)]
    names = [name for name in REFUSED if name != str(dialect)]
    lines = LINES.get(kind, 5)
    for begin in range(0, len(names), lines):
        handler = handler_of(kind)
        with serving_by(kind, handler, dialect) as served:
            for name in names[begin : begin + lines]:
                # The call behind it is not made, and nothing is answered.
                data = REFUSED[name] + good
                assert by_socket(served.port, data, ends=name in LENGTHS) == b"", name
                begins_with_length = dialect.framed or dialect.protocol == "JSON"
                if kind in NATIVE and begins_with_length and name == SASL:
                    # The beginning of a long message, of a client that has left.
                    continue
                text = warnings.texts.get(timeout=PATIENCE)
                assert f", which sent {name}, this server expects" in text
            with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as connection:
                connection.sendall(good)
                assert result_of(dialect, connection.recv(65536), Calls, "add") == 42
        assert handler.added == 1


def behind_a_call(
    port: int, good: bytes, data: bytes, *, ends: bool, at_once: bool
) -> tuple[bytes, bytes]:
    """The answer to a call, and all that comes for what is sent behind it, once that has come or
    at once."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(good + data if at_once else good)
        answer, rest = connection.recv(65536), b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            if not at_once:
                connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                rest += piece
    return answer, rest


@pytest.mark.parametrize("at_once", [False, True], ids=["", "at once"])
@pytest.mark.parametrize(("kind", "dialect"), cases(OVER_SOCKETS))
def test_another_dialect_behind_a_call_is_told_and_ends_its_connection(
    kind: str, dialect: Dialect, at_once: bool, warnings: Warnings
) -> None:
    good = REFUSED[str(dialect)]
    names = [name for name in REFUSED if name != str(dialect)]
    lines = LINES.get(kind, 5)
    for begin in range(0, len(names), lines):
        handler = handler_of(kind)
        with serving_by(kind, handler, dialect) as served:
            for count, name in enumerate(names[begin : begin + lines]):
                ends = name in LENGTHS
                data = REFUSED[name] + good
                answer, rest = behind_a_call(served.port, good, data, ends=ends, at_once=at_once)
                assert result_of(dialect, answer, Calls, "add") == 42
                assert (rest, handler.added) == (b"", count + 1), name
                begins_with_length = dialect.framed or dialect.protocol == "JSON"
                if kind in NATIVE and begins_with_length and name == SASL:
                    continue
                text = warnings.texts.get(timeout=PATIENCE)
                assert f", which sent {name}, this server expects" in text


@pytest.mark.parametrize(("kind", "dialect"), cases(OVER_HTTP))
def test_another_dialect_over_http_is_a_bad_request_that_tells_it(
    kind: str, dialect: Dialect
) -> None:
    handler = handler_of(kind)
    with serving_by(kind, handler, dialect) as served, posting(served.port) as post:
        for count, name in enumerate(name for name in REFUSED if name != str(dialect)):
            status, text = post(REFUSED[name])
            assert status == 400, name
            assert text.startswith(f"the body is {name}, this server expects".encode())
            status, answer = post(REFUSED[str(dialect)])
            assert (status, handler.added) == (200, count + 1), name
            assert result_of(dialect, answer, Calls, "add") == 42
