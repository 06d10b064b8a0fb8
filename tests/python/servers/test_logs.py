"""Every server logs under one name: what is set up for that holds for all of them."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import time

import pytest
from fastthrift.thrift import TApplicationException, TMessageType
from support.aio import Handler as AsyncHandler
from support.dialects import Dialect
from support.each_server import ALL, ASYNCIO, ASYNCIO_HTTP, AWAITED, HTTP, Served, serving_by
from support.rpc import PATIENCE, Handler, message
from support.runner import wait_until

CHILDREN = {ASYNCIO: ".aio", HTTP: ".http", ASYNCIO_HTTP: ".http"}


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(logging.Filter("fastthrift.server"))

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    # Servers of other tests may still have something to say.

    def of_call(self, secret: str) -> set[str]:
        """The names under which it is told that a call has failed with a secret."""
        failed = [record for record in self.records if record.exc_info]
        return {each.name for each in failed if secret in str(each.exc_info)}

    def of_peer(self, port: int) -> set[str]:
        """The names under which something is told of a client."""
        peer = re.compile(rf"127\.0\.0\.1:{port}\b")
        return {each.name for each in self.records if peer.search(each.getMessage())}


def closings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is told of connections and requests that were closed or refused."""
    texts = [each.getMessage() for each in caplog.records if each.levelno > logging.INFO]
    return [each for each in texts if each.startswith(("Closing the connection", "Refused a "))]


@pytest.mark.parametrize("kind", ALL)
def test_what_is_set_up_for_servers_holds_for_each(kind: str) -> None:
    kept, secret = Kept(), f"the secret of {kind}"
    servers = logging.getLogger("fastthrift.server")
    servers.addHandler(kept)
    is_awaited = kind in (ASYNCIO, ASYNCIO_HTTP, AWAITED)
    try:
        with serving_by(kind, AsyncHandler() if is_awaited else Handler()) as served:
            with served.client() as client, pytest.raises(TApplicationException):
                client.fail(secret)
            with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer:
                peer.sendall(b"\x00\x00\x00\x01 nothing that anybody knows\r\n\r\n" * 2)
                port = peer.getsockname()[1]
                wait_until(lambda: kept.of_call(secret) and kept.of_peer(port))
    finally:
        servers.removeHandler(kept)
    name = "fastthrift.server" + CHILDREN.get(kind, "")
    assert kept.of_call(secret) == {name}
    assert kept.of_peer(port) == {name}


class Slow(logging.Handler):
    """A log that takes its time, as one over a network does."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        time.sleep(0.2)
        self.told.append(record.getMessage())


@pytest.mark.parametrize("kind", [each for each in ALL if each not in (HTTP, ASYNCIO_HTTP)])
def test_what_came_last_is_told_before_serve_ends(kind: str) -> None:
    slow = Slow()
    servers = logging.getLogger("fastthrift.server")
    is_awaited = kind in (ASYNCIO, AWAITED)
    servers.addHandler(slow)
    try:
        with (
            serving_by(kind, AsyncHandler() if is_awaited else Handler()) as served,
            socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer,
        ):
            peer.sendall(GARBAGE)
            while peer.recv(100):
                pass
    finally:
        servers.removeHandler(slow)
    assert any("Closing the connection of" in each for each in slow.told), slow.told


TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(194)
#: No message in any dialect, and no request.
GARBAGE = b"\x05\x01\x02 nothing that anybody knows\r\n\r\n"
#: Lines of one kind in ten seconds: few, whatever comes.
MANY, FEW = 30, 5


def send_and_wait(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while peer.recv(1000):
                pass


@pytest.mark.parametrize("kind", ALL)
def test_mistakes_of_one_kind_are_told_a_few_times_and_hide_no_other(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_by(kind) as served:
        for _ in range(MANY):
            send_and_wait(served.port, GARBAGE)
        wait_until(lambda: closings(caplog))
        assert 1 <= len(closings(caplog)) <= FEW
        caplog.clear()
        send_and_wait(served.port, TLS_HELLO)
        wait_until(lambda: closings(caplog))
        (text,) = closings(caplog)
        assert "a TLS handshake" in text


SOCKETS = [kind for kind in ALL if kind not in (HTTP, ASYNCIO_HTTP)]


@pytest.mark.parametrize("kind", SOCKETS)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"EHLO x\r\n", "an SMTP greeting, this server expects messages of Thrift"),
        (b"quit", "text, this server expects messages of Thrift"),
        (b"\xff\xfe\xfd\xfc", "what is no message"),
    ],
)
def test_garbage_is_told_at_once(
    kind: str, data: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    # No time would end it.
    with serving_by(kind, message_timeout=None) as served:
        send_and_wait(served.port, data)
        wait_until(lambda: closings(caplog))
    (text,) = closings(caplog)
    assert f", which sent {told}: " in text


@pytest.mark.parametrize("kind", [HTTP, ASYNCIO_HTTP])
def test_garbage_in_a_body_is_told_once(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving_by(kind) as served:
        send_message(served, kind, b"quit")
    (text,) = closings(caplog)
    assert ", which sent text, this server expects messages of Thrift: " in text


@pytest.mark.parametrize("kind", SOCKETS)
def test_a_message_that_is_too_late_is_told(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    late = "the message was not complete 200 ms after its start"
    with (
        caplog.at_level(logging.DEBUG, "fastthrift.server"),
        serving_by(kind, message_timeout=0.2) as served,
    ):
        send_and_wait(served.port, message("add", 1, b"\x08\0\1", kind=TMessageType.CALL))
        wait_until(lambda: late in caplog.text)
    assert closings(caplog) == []
    (record,) = [each for each in caplog.records if late in each.getMessage()]
    assert record.levelno == logging.DEBUG
    assert record.getMessage().startswith("Connection of 127.0.0.1:")


def send_message(served: Served, kind: str, data: bytes) -> None:
    """Send a message as servers of this kind take one, and wait for what they do about it."""
    if kind in (HTTP, ASYNCIO_HTTP):
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n"
        data = head.encode() + b"Connection: close\r\n\r\n" + data
    send_and_wait(served.port, data)


def assert_told_a_few_times(text: str, caplog: pytest.LogCaptureFixture) -> None:
    def lines() -> list[str]:
        return [each for each in closings(caplog) if text in each]

    wait_until(lines)
    assert 1 <= len(lines()) <= FEW


@pytest.mark.parametrize("kind", ALL)
def test_calls_that_cannot_be_read_are_told_a_few_times(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_by(kind) as served:
        for _ in range(MANY):
            # Of a field that begins with a type which there is not.
            data = message("add", 1, b"\x7f\0\1", kind=TMessageType.CALL)
            send_message(served, kind, data)
        assert_told_a_few_times("cannot read the call of add: ", caplog)


HEADER_OF_JSON = b'{"metadata": {"version": 1, "name": "add", "ttype": 1, "seqid": 1}, '
#: That JSON is broken is found by who makes the call, and not by who waits for it.
IN_JSON = [
    ("JSON", HEADER_OF_JSON + b'"payload": 5}', ", which sent what is no message: "),
    ("JSON", HEADER_OF_JSON + b'"payload": {"a": [}}', "cannot read the call of add: "),
    ("Apache JSON", b"[1, 2, 1, 1, {}]", ", which sent what is no message: "),
    ("Apache JSON", b'[1, "add", 1, 1, {"1": {"i32": "x"}}]', "cannot read the call of add: "),
]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("protocol", "data", "told"), IN_JSON)
def test_mistakes_in_json_are_told_a_few_times(
    kind: str, protocol: str, data: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    if protocol == "JSON":
        data = len(data).to_bytes(4, "big") + data
    with serving_by(kind, dialect=Dialect(protocol, framed=False)) as served:
        for _ in range(MANY):
            send_message(served, kind, data)
        assert_told_a_few_times(told, caplog)
