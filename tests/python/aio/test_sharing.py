"""Connections that share an event loop, or a thread: one that sends many calls at once has its
turns."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import Any, NamedTuple

import pytest
from fastthrift.thrift import TMessageType
from fastthrift.transport._header_frame import HeaderFrame, read_frame, write_frame
from support.dialects import Dialect
from support.each_server import ASYNCIO, ASYNCIO_HTTP, AWAITED, serving_by
from support.rpc import PATIENCE, i32_result, message, receive

#: Seconds of work, at the least, if nobody else had a turn.
MANY = 5_000


class Way(NamedTuple):
    """How calls are sent to a server of a kind."""

    kind: str
    dialect: Dialect
    in_one_frame: bool = False

    @property
    def is_http(self) -> bool:
        return self.kind == ASYNCIO_HTTP

    @property
    def has_headers(self) -> bool:
        return self.dialect.protocol == "THeader"


FRAMELESS, FRAMED, HEADER = (
    Dialect("binary", False),
    Dialect("binary", True),
    Dialect("THeader", True),
)
WAYS = {
    "frameless": Way(ASYNCIO, FRAMELESS),
    "framed": Way(ASYNCIO, FRAMED),
    "several in one frame": Way(ASYNCIO, FRAMED, in_one_frame=True),
    "THeader": Way(ASYNCIO, HEADER),
    "http": Way(ASYNCIO_HTTP, FRAMELESS),
    "native, frameless": Way(AWAITED, FRAMELESS),
    "native, framed": Way(AWAITED, FRAMED),
    "native, several in one frame": Way(AWAITED, FRAMED, in_one_frame=True),
    "native, THeader": Way(AWAITED, HEADER),
    "native, in a thread, frameless": Way("nonblocking", FRAMELESS),
    "native, in a thread, framed": Way("nonblocking", FRAMED),
    "native, in a thread, several in one frame": Way("nonblocking", FRAMED, in_one_frame=True),
    "native, in a thread, THeader": Way("nonblocking", HEADER),
}


class Handler:
    """Adds, and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.begun = threading.Event()
        self.go_on = threading.Event()

    async def add(self, a: int, b: int) -> int:
        self.count += 1
        if not self.begun.is_set():
            self.begun.set()
            # Until then nothing at all goes on in the event loop.
            assert self.go_on.wait(PATIENCE)
        return a + b

    async def echo(self, text: str) -> str:
        return f"{text} after {self.count}"


class BlockingHandler:
    """The same, without an event loop."""

    def __init__(self) -> None:
        self.count = 0
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def add(self, a: int, b: int) -> int:
        self.count += 1
        if not self.begun.is_set():
            self.begun.set()
            # Until then the only thread makes no other call.
            assert self.go_on.wait(PATIENCE)
        return a + b

    def echo(self, text: str) -> str:
        return f"{text} after {self.count}"


def sent(way: Way, data: bytes) -> bytes:
    if way.is_http:
        head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data
    if way.has_headers:
        data = write_frame(HeaderFrame(data))
    return struct.pack("!i", len(data)) + data if way.dialect.framed else data


def answer(way: Way, connection: socket.socket, size: int) -> bytes:
    """The message of the next answer, which has so many bytes."""
    if way.is_http:
        while receive_line(connection) != b"\r\n":
            pass
    if way.dialect.framed:
        data = receive(connection, struct.unpack("!i", receive(connection, 4))[0])
        return read_frame(data, 1 << 20).payload if way.has_headers else data
    return receive(connection, size)


def receive_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += receive(connection, 1)
    return line


def add(seqid: int) -> bytes:
    arguments = struct.pack("!bhibhi", 8, 1, seqid, 8, 2, 0) + b"\0"
    return message("add", seqid, arguments, kind=TMessageType.CALL)


@pytest.mark.parametrize("named", WAYS)
def test_others_are_served_while_one_connection_has_sent_many_calls(named: str) -> None:
    way = WAYS[named]
    is_threaded = way.kind == "nonblocking"
    handler: Any = BlockingHandler() if is_threaded else Handler()
    options = {"threads": 1} if is_threaded else {}
    with serving_by(way.kind, handler, way.dialect, **options) as served:

        def connected() -> socket.socket:
            return socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)

        with connected() as greedy, connected() as other:
            calls = b"".join(
                add(number) if way.in_one_frame else sent(way, add(number))
                for number in range(MANY)
            )
            if way.in_one_frame:
                calls = sent(way, calls)
            # Answers are not read meanwhile, and are few enough for the buffers of the system.
            sending = threading.Thread(target=greedy.sendall, args=(calls,))
            sending.start()
            assert handler.begun.wait(PATIENCE)
            text = struct.pack("!bhi", 11, 1, 1) + b"x\0"
            other.sendall(sent(way, message("echo", 1, text, kind=TMessageType.CALL)))
            # Longer than a turn.
            time.sleep(0.05)
            handler.go_on.set()
            is_framed = way.dialect.framed or way.is_http
            told = answer(way, other, 0) if is_framed else other.recv(1000)
            if way.is_http:
                told = other.recv(1000)
            made = int(told.split(b" after ")[1].rstrip(b"\0"))
            # More of them come with one read of a socket.
            assert made < MANY / 5
            for number in range(MANY):
                expected = message("add", number, i32_result(number))
                assert answer(way, greedy, len(expected)) == expected
            sending.join(PATIENCE)
        assert handler.count == MANY
