"""Headers that meet: each goes along once, whatever sets it, and what is no text is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastthrift import ClientPool, deadline
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import (
    TAsyncHttpClient,
    TAsyncHttpHeaderFactory,
    TAsyncMemoryBuffer,
)
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol, TAsyncHeaderProtocol
from fastthrift.contrib.aio.transport import TAsyncHeaderTransport
from fastthrift.http import THttpClient, THttpHeaderFactory, _common
from fastthrift.protocol import TBinaryProtocol, THeaderProtocol
from fastthrift.thrift import TClient, TMessageType
from fastthrift.transport import THeaderTransport, TMemoryBuffer
from fastthrift.transport._header_frame import HeaderFrame, read_frame, write_frame
from fastthrift.transport._header_names import require_line
from support.rpc import PATIENCE, Calls, message, receive

SECRET = "s3cret"


def setting(headers: dict[Any, Any]) -> Any:
    """Middleware that sets headers."""

    def wrapped(answer: Any) -> Any:
        def call(seen: Any) -> Any:
            seen.headers.update(headers)
            return answer(seen)

        return call

    return wrapped


@contextlib.contextmanager
def peer(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that answers as it is told, each connection once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError, EOFError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def sent_over_header(connection: socket.socket, seen: list[Any]) -> None:
    (size,) = struct.unpack("!i", receive(connection, 4))
    frame = read_frame(receive(connection, size), 1 << 20)
    seen += [(name.decode(), value.decode()) for name, value in frame.headers.items()]
    reply = write_frame(HeaderFrame(message("nothing", frame.sequence_id, b"\0")))
    connection.sendall(struct.pack("!i", len(reply)) + reply)


def sent_over_http(connection: socket.socket, seen: list[Any]) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        if not (piece := connection.recv(65536)):
            return  # it was refused before it was sent
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    pairs = [line.partition(": ")[::2] for line in head.decode("latin-1").split("\r\n")[1:]]
    seen += pairs
    size = next(int(value) for name, value in pairs if name.lower() == "content-length")
    while len(body) < size:
        body += connection.recv(65536)
    _, _, rest = body.partition(b"nothing")
    reply = message("nothing", int.from_bytes(rest[:4], "big"), b"\0")
    head_of_answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(reply)}\r\nConnection: close\r\n\r\n"
    connection.sendall(head_of_answer.encode() + reply)


WIRES = {
    "header": ("tcp://127.0.0.1:{}?transport=header", sent_over_header),
    "http": ("http://127.0.0.1:{}/", sent_over_http),
}
each_wire = pytest.mark.parametrize("wire", WIRES)
each_pool = pytest.mark.parametrize("kind", ["threads", "asyncio"])


def sent_by_pool(kind: str, wire: str, *middleware: Any, **options: Any) -> list[tuple[str, str]]:
    """The headers of one call that a peer has seen."""
    seen: list[tuple[str, str]] = []
    url, answer = WIRES[wire]
    with peer(lambda connection: answer(connection, seen)) as port:
        where = url.format(port)
        parts = {"middleware": middleware, "timeout": PATIENCE, **options}
        if kind == "threads":
            with ClientPool(Calls, where, **parts) as pool:
                pool.nothing()
            return seen

        async def main() -> None:
            async with AsyncClientPool(Calls, where, **parts) as pool:
                await pool.nothing()

        asyncio.run(main())
    return seen


@each_pool
@each_wire
def test_a_name_goes_along_once_in_whatever_case(kind: str, wire: str) -> None:
    outer, inner = setting({"x-tenant": "outer", "X-User": "u"}), setting({"X-TENANT": "inner"})
    seen = sent_by_pool(kind, wire, outer, inner, headers={"X-Tenant": "pool", "X-Other": "o"})
    mine = [pair for pair in seen if pair[0].lower().startswith("x-t") and "imeout" not in pair[0]]
    assert mine == [("X-TENANT", "inner")]
    assert {("X-User", "u"), ("X-Other", "o")} <= set(seen)


@each_pool
@each_wire
def test_what_the_library_sends_is_replaced_in_whatever_case(kind: str, wire: str) -> None:
    seen = sent_by_pool(kind, wire, headers={"x-thrift-timeout": "77", "user-AGENT": "mine"})
    named = [pair for pair in seen if pair[0].lower() in ("x-thrift-timeout", "user-agent")]
    assert sorted(named) == [("user-AGENT", "mine"), ("x-thrift-timeout", "77")]


@each_pool
@each_wire
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X-Count": 5}, "the value of 'X-Count' has to be text or bytes, not int"),
        ({"X-None": None}, "the value of 'X-None' has to be text or bytes, not NoneType"),
        ({5: SECRET}, "the name 5 has to be text or bytes, not int"),
    ],
)
def test_what_is_no_text_is_told_by_name(
    kind: str, wire: str, headers: dict[Any, Any], text: str
) -> None:
    with pytest.raises(TypeError, match=text) as caught:
        sent_by_pool(kind, wire, setting(headers))
    assert SECRET not in str(caught.value)


@each_pool
@each_wire
def test_bytes_are_taken(kind: str, wire: str) -> None:
    assert ("X-Raw", "r") in sent_by_pool(kind, wire, setting({b"X-Raw": b"r"}))


@each_pool
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X-Two": f"{SECRET}\r\nX-Admin: 1"}, "'X-Two' cannot be sent: a value is one line"),
        ({"X-Folded": f"{SECRET}\r\n more"}, "'X-Folded' cannot be sent: a value is one line"),
        ({b"X-Raw": f"{SECRET}\n".encode()}, "'X-Raw' cannot be sent: a value is one line"),
        ({"X Two": SECRET}, "'X Two' cannot be sent: a name has letters"),
        ({"X-Euro": f"{SECRET}\u20ac"}, "'X-Euro' cannot be sent: values of HTTP are of Latin-1"),
    ],
)
def test_lines_are_not_broken_over_http(kind: str, headers: dict[Any, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        sent_by_pool(kind, "http", setting(headers))
    assert SECRET not in str(caught.value)


def test_headers_of_a_factory_meet_those_of_middleware() -> None:
    seen: list[tuple[str, str]] = []
    given = {"x-tenant": "factory"}
    with peer(lambda connection: sent_over_http(connection, seen)) as port:
        url = f"http://127.0.0.1:{port}/"
        wrapped = [setting({"X-Tenant": "middleware"})]
        trans = THttpClient(url, http_header_factory=THttpHeaderFactory(given))
        client: Any = TClient(Calls, TBinaryProtocol(trans), middleware=wrapped)
        client.nothing()

        async def main() -> None:
            async_trans = TAsyncHttpClient(url, None, None, TAsyncHttpHeaderFactory(given))
            client: Any = TAsyncClient(Calls, TAsyncBinaryProtocol(async_trans), middleware=wrapped)
            await client.nothing()
            await async_trans.aclose()

        asyncio.run(main())
    assert [pair for pair in seen if pair[0].lower() == "x-tenant"] == [
        ("X-Tenant", "middleware")
    ] * 2


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_headers_of_all_requests_are_looked_at_when_they_change(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def require(name: str, value: str) -> None:
        looked_at.append(name)
        require_line(name, value)

    monkeypatch.setattr(_common, "require_line", require)
    seen: list[tuple[str, str]] = []
    given = {"X-One": "1", "X-Two": "2"}
    with peer(lambda connection: sent_over_http(connection, seen)) as port:
        url = f"http://127.0.0.1:{port}/"

        async def main() -> None:
            trans = TAsyncHttpClient(url, None, None, TAsyncHttpHeaderFactory(given))
            client: Any = TAsyncClient(Calls, TAsyncBinaryProtocol(trans))
            await client.nothing()
            await client.nothing()
            given["X-Two"] = "two"
            await client.nothing()
            await client.nothing()
            await trans.aclose()

        if kind == "asyncio":
            asyncio.run(main())
        else:
            trans = THttpClient(url, http_header_factory=THttpHeaderFactory(given))
            client: Any = TClient(Calls, TBinaryProtocol(trans))
            client.nothing()
            client.nothing()
            given["X-Two"] = "two"
            client.nothing()
            client.nothing()
    assert looked_at == ["X-One", "X-Two"] * 2
    assert [value for name, value in seen if name == "X-Two"] == ["2", "2", "two", "two"]


def transports() -> list[Any]:
    return [THeaderTransport(TMemoryBuffer()), TAsyncHeaderTransport(TAsyncMemoryBuffer())]


def written(trans: Any, data: bytes = b"message") -> dict[bytes, bytes]:
    """The headers of a frame with this message."""
    sent = trans.rules.sent_for(data)
    return read_frame(sent[4:], 1 << 20).headers


def test_what_is_set_is_sent_once_in_whatever_case() -> None:
    for trans in transports():
        trans.set_persistent_header("Tenant", "for all")
        trans.set_header("TENANT", "first")
        trans.set_header(b"tenant", b"second")
        assert written(trans) == {b"tenant": b"second"}
        assert written(trans) == {b"Tenant": b"for all"}


def test_what_is_set_has_to_be_text() -> None:
    for trans in transports():
        for setter in (trans.set_header, trans.set_persistent_header):
            for value in (5, None, ["a"], True):
                with pytest.raises(TypeError, match="the value of 'Tenant' has to be text"):
                    setter("Tenant", value)
            with pytest.raises(TypeError, match="the name 5 has to be text or bytes, not int"):
                setter(5, "a")
        assert written(trans) == {}


# What is refused before it is sent


def call_blocking(max_frame_size: int, *texts: Any, **headers: str) -> tuple[list[Any], bytes]:
    """What calls come to that are not answered, and what was sent for them."""
    memory = TMemoryBuffer()
    trans = THeaderTransport(memory, max_frame_size=max_frame_size)
    for name, value in headers.items():
        trans.set_header(name, value)
    client: Any = TClient(Calls, THeaderProtocol(trans))
    errors: list[Any] = []
    for text in texts:
        try:
            client.note(text)
        except Exception as error:
            errors.append(error)
    return errors, memory.getvalue()


def call_awaited(max_frame_size: int, *texts: Any, **headers: str) -> tuple[list[Any], bytes]:
    memory = TAsyncMemoryBuffer()
    trans = TAsyncHeaderTransport(memory, max_frame_size=max_frame_size)
    for name, value in headers.items():
        trans.set_header(name, value)
    client: Any = TAsyncClient(Calls, TAsyncHeaderProtocol(trans))
    errors: list[Any] = []

    async def main() -> None:
        for text in texts:
            try:
                await client.note(text)
            except Exception as error:
                errors.append(error)

    asyncio.run(main())
    return errors, memory.getvalue()


@pytest.mark.parametrize("call", [call_blocking, call_awaited])
@pytest.mark.parametrize(
    ("limit", "bad"),
    [(200, "x" * 300), (200, 5)],
    ids=["a frame above the limit", "a value that cannot be encoded"],
)
def test_headers_of_a_message_that_is_refused_go_with_the_next_one(
    call: Any, limit: int, bad: Any
) -> None:
    errors, sent = call(limit, bad, "a", "b", tenant="acme")
    assert len(errors) == 1
    found = []
    while sent:
        size = int.from_bytes(sent[:4], "big")
        frame = read_frame(sent[4 : 4 + size], 1 << 20)
        assert frame.payload[3:8] == bytes([TMessageType.ONEWAY]) + b"\0\0\0\4"
        found.append(frame.headers)
        sent = sent[4 + size :]
    assert found == [{b"tenant": b"acme"}, {}]


@pytest.mark.parametrize("call", [call_blocking, call_awaited])
def test_headers_that_are_too_large_by_themselves_do_not_go_with_the_next_message(
    call: Any,
) -> None:
    errors, sent = call(1 << 20, "a", "b", **{f"h{number}": "v" * 60_000 for number in range(5)})
    assert len(errors) == 1
    assert read_frame(sent[4:], 1 << 20).headers == {}


def test_a_header_of_a_call_that_is_no_text_leaves_the_connection_as_it_was() -> None:
    memory = TMemoryBuffer()
    trans = THeaderTransport(memory)
    headers: dict[Any, Any] = {"X-Count": 5}
    client: Any = TClient(Calls, THeaderProtocol(trans), middleware=[setting(headers)])
    trans.set_header("tenant", "acme")
    with deadline(PATIENCE):
        with pytest.raises(TypeError, match="the value of 'X-Count'"):
            client.note("a")
        headers["X-Count"] = "5"
        client.note("b")
    frame = read_frame(memory.getvalue()[4:], 1 << 20)
    assert frame.headers[b"tenant"] == b"acme"
    assert frame.headers[b"X-Count"] == b"5"
