"""Messages and the frames that they come in: what ends before its frame, or goes on behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.protocol import TAsyncApacheJSONProtocol, TAsyncBinaryProtocol
from fastthrift.contrib.aio.transport import TAsyncFramedTransport
from fastthrift.protocol import TApacheJSONProtocol, TBinaryProtocol
from fastthrift.protocol.exc import TFrameSizeException
from fastthrift.thrift import TApplicationException, TClient, TMessageType
from fastthrift.transport import TFramedTransport, TMemoryBuffer
from fastthrift.transport._header_frame import HeaderFrame, read_frame, write_frame
from support import aio, rpc
from support.dialects import Dialect
from support.each_server import ASYNCIO, AWAITED, serving_by
from support.rpc import Calls, i32_result, message, receive

FRAMED, HEADER = "framed", "THeader"
DIALECTS = {FRAMED: Dialect("binary", True), HEADER: Dialect(HEADER, True)}
SERVERS = ["threaded", "nonblocking", AWAITED, ASYNCIO]
each_server = pytest.mark.parametrize("kind", SERVERS)
each_wire = pytest.mark.parametrize("wire", DIALECTS)
#: Behind the header of a message, and in the middle of its struct.
HALVES = [4 + 4 + 3, 4 + 4 + 3 + 4, -3]


def frame(wire: str, data: bytes) -> bytes:
    if wire == HEADER:
        data = write_frame(HeaderFrame(data))
    return struct.pack("!i", len(data)) + data


def add(seqid: int) -> bytes:
    """A call that gives its sequence id."""
    arguments = struct.pack("!bhibhi", 8, 1, seqid, 8, 2, 0) + b"\0"
    return message("add", seqid, arguments, kind=TMessageType.CALL)


def answers(wire: str, port: int, *frames: bytes) -> Iterator[tuple[int, Any]]:
    """What a server answers until it closes the connection: sequence ids, and results or texts."""
    with socket.create_connection(("127.0.0.1", port), timeout=rpc.PATIENCE) as connection:
        connection.sendall(b"".join(frames))
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                (size,) = struct.unpack("!i", receive(connection, 4))
                data = receive(connection, size)
                source = TMemoryBuffer(read_frame(data, 1000).payload if wire == HEADER else data)
                iprot = TBinaryProtocol(source)
                _, message_type, seqid = iprot.read_message_begin()
                if message_type == TMessageType.EXCEPTION:
                    yield seqid, iprot.read_struct(TApplicationException()).message
                else:
                    yield seqid, iprot.read_struct(Calls.add_result()).success


def wait_for_log(caplog: Any, *texts: str) -> None:
    """Until one of these is in the log, which may come after the end of a connection."""
    until = time.monotonic() + rpc.PATIENCE
    while not any(text in caplog.text for text in texts):
        assert time.monotonic() < until, caplog.text
        time.sleep(0.005)


REFUSED = "The arguments of add cannot be read"


@each_server
@each_wire
@pytest.mark.parametrize("end", HALVES)
def test_a_call_does_not_go_on_in_the_next_frame(
    kind: str, wire: str, end: int, caplog: Any
) -> None:
    parts = add(2)[:end], add(2)[end:]
    with serving_by(kind, dialect=DIALECTS[wire]) as served:
        frames = frame(wire, add(1)), *(frame(wire, part) for part in parts), frame(wire, add(3))
        found = list(answers(wire, served.port, *frames))
    # Of what has no whole header nobody knows what to answer.
    assert found in ([(1, 1)], [(1, 1), (2, REFUSED)])
    assert (2, REFUSED) in found or end in HALVES[:2]
    wait_for_log(caplog, "the frame ended inside a value", "message ends early")
    assert "Closing the connection of" in caplog.text


@each_server
def test_several_calls_in_a_frame_are_made(kind: str) -> None:
    with serving_by(kind, dialect=DIALECTS[FRAMED]) as served:
        several = frame(FRAMED, add(1) + add(2) + add(3))
        found = answers(FRAMED, served.port, several, frame(FRAMED, add(4)))
        assert [next(found) for _ in range(4)] == [(1, 1), (2, 2), (3, 3), (4, 4)]
        found.close()
        # What ends in the middle of the frame's last call does not go on in the next one.
        frames = frame(FRAMED, add(1) + add(2)[:-3]), frame(FRAMED, add(2)[-3:])
        assert list(answers(FRAMED, served.port, *frames)) == [(1, 1), (2, REFUSED)]


@each_server
def test_what_follows_a_message_in_its_frame_and_is_none_is_told(kind: str, caplog: Any) -> None:
    with serving_by(kind, dialect=DIALECTS[FRAMED]) as served:
        frames = frame(FRAMED, add(1) + b"xyz"), frame(FRAMED, add(2))
        assert list(answers(FRAMED, served.port, *frames)) == [(1, 1)]
    wait_for_log(caplog, "which sent what is no message: T")


@each_server
def test_a_stop_too_many_is_passed_over(kind: str) -> None:
    """As Envoy's questions for health have it."""
    with serving_by(kind, dialect=DIALECTS[FRAMED]) as served:
        found = answers(FRAMED, served.port, frame(FRAMED, add(1) + b"\0"), frame(FRAMED, add(2)))
        assert [next(found) for _ in range(2)] == [(1, 1), (2, 2)]
        found.close()


@each_server
def test_what_follows_a_message_in_a_frame_of_header_is_passed_over(kind: str) -> None:
    with serving_by(kind, dialect=DIALECTS[HEADER]) as served:
        frames = (
            frame(HEADER, add(1) + b"\0"),
            frame(HEADER, add(2) + add(9)),
            frame(HEADER, add(3)),
        )
        found = answers(HEADER, served.port, *frames)
        assert [next(found) for _ in range(3)] == [(1, 1), (2, 2), (3, 3)]
        found.close()


@each_server
@pytest.mark.parametrize(
    ("wire", "empty"),
    [(FRAMED, bytes(4)), (HEADER, bytes(4)), (HEADER, frame(HEADER, b""))],
    ids=["framed", "THeader", "THeader with a header"],
)
def test_a_frame_without_a_message_is_told(kind: str, wire: str, empty: bytes, caplog: Any) -> None:
    with serving_by(kind, dialect=DIALECTS[wire]) as served:
        frames = frame(wire, add(1)), empty, frame(wire, add(2))
        assert list(answers(wire, served.port, *frames)) == [(1, 1)]
        wait_for_log(caplog, "which sent what is no message")


# Clients


def call_blocking(wire: str, replies: bytes, count: int) -> list[Any]:
    def script(connection: Any) -> None:
        receive(connection, 4)
        connection.sendall(replies)
        while connection.recv(1000):
            pass

    transports, protocols = DIALECTS[wire].factories
    results: list[Any] = []
    with (
        rpc.scripted_peer(script) as port,
        rpc.client_of(port, trans_factory=transports, proto_factory=protocols) as client,
    ):
        for _ in range(count):
            try:
                results.append(client.add(1, 2))
            except Exception as error:
                results.append(error)
    return results


def call_awaited(wire: str, replies: bytes, count: int) -> list[Any]:
    async def script(reader: Any, writer: Any) -> None:
        await reader.read(4)
        writer.write(replies)
        await writer.drain()
        await reader.read()

    parts = {FRAMED: ("binary", "framed"), HEADER: ("header", "header")}[wire]

    async def main() -> list[Any]:
        results: list[Any] = []
        async with (
            aio.scripted_peer(script) as port,
            aio.client_of(port, Calls, *parts) as client,
        ):
            for _ in range(count):
                try:
                    results.append(await client.add(1, 2))
                except Exception as error:
                    results.append(error)
        return results

    return asyncio.run(main())


each_client = pytest.mark.parametrize("call", [call_blocking, call_awaited])
Call = Callable[[str, bytes, int], list[Any]]


def reply(seqid: int) -> bytes:
    return message("add", seqid, i32_result(seqid))


@each_client
@each_wire
@pytest.mark.difference("frame-borders")
@pytest.mark.parametrize("end", HALVES)
def test_a_reply_does_not_go_on_in_the_next_frame(call: Call, wire: str, end: int) -> None:
    parts = reply(1)[:end], reply(1)[end:], reply(2)
    error, later = call(wire, b"".join(frame(wire, part) for part in parts), 2)
    assert type(error) is TFrameSizeException
    assert "the frame ended inside a value" in str(error)
    assert "the request was sent" in str(error)
    assert "use T" not in str(error)
    assert "did not finish" in str(later)


@each_client
@pytest.mark.parametrize("more", [b"\0", reply(2)], ids=["a byte", "a reply"])
def test_what_follows_a_reply_in_its_frame_is_told(call: Call, more: bytes) -> None:
    error, later = call(FRAMED, frame(FRAMED, reply(1) + more) + frame(FRAMED, reply(2)), 2)
    text = f"the frame of the reply to a call of add goes on behind it: {len(more)} bytes more"
    assert text in str(error)
    assert "did not finish" in str(later)


@each_client
def test_what_follows_a_refusal_in_its_frame_is_told(call: Call) -> None:
    refusal = message("add", 1, b"\0", TMessageType.EXCEPTION)
    (error,) = call(FRAMED, frame(FRAMED, refusal + b"\0"), 1)
    assert "goes on behind it: 1 bytes more" in str(error)


@each_client
def test_what_follows_a_reply_in_a_frame_of_header_is_passed_over(call: Call) -> None:
    frames = frame(HEADER, reply(1) + reply(9)) + frame(HEADER, reply(2))
    assert call(HEADER, frames, 2) == [1, 2]


@each_client
@each_wire
def test_a_frame_without_a_reply_is_told(call: Call, wire: str) -> None:
    for empty in (bytes(4), *([frame(wire, b"")] if wire == HEADER else [])):
        (error,) = call(wire, empty + frame(wire, reply(1)), 1)
        assert any(text in str(error) for text in ("No frame", "no message")), error


def test_text_is_a_whole_frame() -> None:
    memory = TMemoryBuffer()
    writer = TApacheJSONProtocol(memory)
    writer.write_message_begin("add", TMessageType.REPLY, 1)
    writer.write_struct(Calls.add_result(success=3))
    writer.write_message_end()
    text = memory.getvalue()
    whole = frame(FRAMED, text)
    halves = frame(FRAMED, text[:10]) + frame(FRAMED, text[10:])

    def blocking(data: bytes) -> Any:
        iprot = TApacheJSONProtocol(TFramedTransport(TMemoryBuffer(data)))
        client: Any = TClient(Calls, iprot, TBinaryProtocol(TMemoryBuffer()))
        return client.add(1, 2)

    def awaited(data: bytes) -> Any:
        iprot = TAsyncApacheJSONProtocol(TAsyncFramedTransport(TAsyncMemoryBuffer(data)))
        client: Any = TAsyncClient(Calls, iprot, TAsyncBinaryProtocol(TAsyncMemoryBuffer()))
        return asyncio.run(client.add(1, 2))

    for read in (blocking, awaited):
        assert read(whole) == 3
        with pytest.raises(TFrameSizeException, match="the frame ended inside a value"):
            read(halves)
