"""Connections that share an event loop: one that sends many calls at once has its turns."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any

import pytest
from fastthrift.thrift import TMessageType
from fastthrift.transport._header_frame import HeaderFrame, read_frame, write_frame
from support.dialects import Dialect
from support.each_server import ASYNCIO, ASYNCIO_HTTP, serving_by
from support.rpc import PATIENCE, i32_result, message, receive

#: Seconds of work, at the least, if nobody else had a turn.
MANY = 5_000
WIRES = {
    "frameless": (ASYNCIO, Dialect("binary", False)),
    "framed": (ASYNCIO, Dialect("binary", True)),
    "THeader": (ASYNCIO, Dialect("THeader", True)),
    "http": (ASYNCIO_HTTP, Dialect("binary", False)),
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


def sent(wire: str, data: bytes) -> bytes:
    if wire == "http":
        head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data
    if wire == "THeader":
        data = write_frame(HeaderFrame(data))
    return data if wire == "frameless" else struct.pack("!i", len(data)) + data


def answer(wire: str, connection: socket.socket, size: int) -> bytes:
    """The message of the next answer, which has so many bytes."""
    if wire == "http":
        while receive_line(connection) != b"\r\n":
            pass
    if wire in ("framed", "THeader"):
        data = receive(connection, struct.unpack("!i", receive(connection, 4))[0])
        return read_frame(data, 1 << 20).payload if wire == "THeader" else data
    return receive(connection, size)


def receive_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += receive(connection, 1)
    return line


def add(seqid: int) -> bytes:
    arguments = struct.pack("!bhibhi", 8, 1, seqid, 8, 2, 0) + b"\0"
    return message("add", seqid, arguments, kind=TMessageType.CALL)


@pytest.mark.parametrize("wire", WIRES)
def test_others_are_served_while_one_connection_has_sent_many_calls(wire: str) -> None:
    kind, dialect = WIRES[wire]
    handler: Any = Handler()
    with serving_by(kind, handler, dialect) as served:

        def connected() -> socket.socket:
            return socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)

        with connected() as greedy, connected() as other:
            calls = b"".join(sent(wire, add(number)) for number in range(MANY))
            # Answers are not read meanwhile, and are few enough for the buffers of the system.
            sending = threading.Thread(target=greedy.sendall, args=(calls,))
            sending.start()
            assert handler.begun.wait(PATIENCE)
            text = struct.pack("!bhi", 11, 1, 1) + b"x\0"
            other.sendall(sent(wire, message("echo", 1, text, kind=TMessageType.CALL)))
            handler.go_on.set()
            told = answer(wire, other, 0) if wire != "frameless" else other.recv(1000)
            if wire == "http":
                told = other.recv(1000)
            made = int(told.split(b" after ")[1].rstrip(b"\0"))
            assert made < MANY / 2
            for number in range(MANY):
                expected = message("add", number, i32_result(number))
                assert answer(wire, greedy, len(expected)) == expected
            sending.join(PATIENCE)
        assert handler.count == MANY
