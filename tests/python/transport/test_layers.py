"""Transports over transports that give exactly what they are asked for, over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastthrift.protocol import TBinaryProtocol
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import (
    TBufferedTransport,
    TFramedTransport,
    TServerSocket,
    TSocket,
    TTransportBase,
)
from support.rpc import Calls, Handler

TIMEOUT = 30_000


class OnlyRead(TTransportBase):
    """A user's transport, which has `_read` only: `read` is that of the base class."""

    def __init__(self, below: Any) -> None:
        self.below = below

    def is_open(self) -> bool:
        return self.below.is_open()

    def open(self) -> None:
        self.below.open()

    def close(self) -> None:
        self.below.close()

    def _read(self, sz: int) -> bytes:
        return self.below.read(sz)

    def write(self, buf: bytes) -> None:
        self.below.write(buf)

    def flush(self) -> None:
        self.below.flush()


LAYERS: dict[str, Callable[[Any], Any]] = {
    "framed over buffered": lambda sock: TFramedTransport(TBufferedTransport(sock)),
    "buffered over framed": lambda sock: TBufferedTransport(TFramedTransport(sock)),
    "framed over framed": lambda sock: TFramedTransport(TFramedTransport(sock)),
    "framed over a user's": lambda sock: TFramedTransport(OnlyRead(sock)),
    "buffered over a user's": lambda sock: TBufferedTransport(OnlyRead(sock)),
    "a user's over framed": lambda sock: OnlyRead(TFramedTransport(sock)),
}


class Factory:
    def __init__(self, layers: Callable[[Any], Any]) -> None:
        self.get_transport = layers


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_calls_over_layers(layers: Callable[[Any], Any]) -> None:
    listening = TServerSocket("127.0.0.1", 0)
    server = TThreadedServer(
        TProcessor(Calls, Handler()), listening, itrans_factory=Factory(layers), daemon=True
    )
    listening.listen()
    port = listening.sock.getsockname()[1]
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        trans = layers(TSocket("127.0.0.1", port, socket_timeout=TIMEOUT))
        trans.open()
        client = TClient(Calls, TBinaryProtocol(trans))
        assert [client.add(number, 1) for number in range(20)] == list(range(1, 21))
        trans.close()
    finally:
        server.close()
        thread.join(60)
    assert not thread.is_alive()


def test_a_frame_over_an_exact_transport_is_read_and_no_byte_behind_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        below = OnlyRead(TSocket(sock=ours))
        framed = TFramedTransport(below)
        theirs.sendall(struct.pack("!i", 5) + b"frame" + b"behind")
        assert framed.read(5) == b"frame"
        assert ours.recv(100) == b"behind"
