"""The zlib transport, against that of Apache's library where it is right."""

from __future__ import annotations

import random
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastthrift.protocol import TBinaryProtocol
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TType
from fastthrift.transport import (
    TMemoryBuffer,
    TSocket,
    TTransportException,
    TZlibTransport,
    TZlibTransportFactory,
)
from thrift.transport.TSocket import TSocket as ApacheSocket
from thrift.transport.TZlibTransport import TZlibTransport as ApacheZlib

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def sockets() -> Iterator[Pair]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def ours(sock: socket.socket) -> Any:
    return TZlibTransportFactory().get_transport(TSocket(sock=sock))


def apache(sock: socket.socket) -> Any:
    below = ApacheSocket()
    below.setHandle(sock)
    return ApacheZlib(below)


def send(trans: Any, data: bytes) -> None:
    trans.write(data)
    trans.flush()


def test_many_messages_each_way_with_apache(sockets: Pair) -> None:
    mine, other = ours(sockets[0]), apache(sockets[1])
    for count in range(50):
        data = b"message %d " % count * (count + 1)
        send(mine, data)
        assert other.readAll(len(data)) == data
        send(other, data)
        assert mine.read(len(data)) == data


def test_messages_that_are_larger_than_any_buffer(sockets: Pair) -> None:
    """Apache's loses what is beyond its reads."""
    left, right = ours(sockets[0]), ours(sockets[1])
    data = random.Random(7).randbytes(300_000) + b"a" * 2_000_000
    for _ in range(2):
        thread = threading.Thread(target=send, args=(left, data))
        thread.start()
        assert right.read(len(data)) == data
        thread.join()


def test_over_memory() -> None:
    memory = TMemoryBuffer()
    trans = TZlibTransport(memory, 1)
    send(trans, b"first")
    send(trans, b"second")
    assert zlib.decompressobj().decompress(memory.getvalue()) == b"firstsecond"
    assert trans.read(5) == b"first"
    assert trans.read(6) == b"second"


def test_a_few_bytes_that_stand_for_many_take_little_memory(sockets: Pair) -> None:
    stream = zlib.compressobj(9)
    bomb = stream.compress(b"\x00\x7f\xff\xff")
    for _ in range(64):
        bomb += stream.compress(bytes(1 << 20))
    bomb += stream.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 100_000
    sockets[1].sendall(bomb)
    limited = TBinaryProtocol(ours(sockets[0]), max_string_size=1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(TProtocolException, match="limit"):
            limited.skip(TType.STRING)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_is_not_compressed_is_told(sockets: Pair) -> None:
    sockets[1].sendall(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(TTransportException, match=r"not compressed with zlib .*HTTP/1\.1 400"):
        ours(sockets[0]).read(4)


def test_the_end_of_the_stream(sockets: Pair) -> None:
    sockets[1].sendall(zlib.compress(b"all"))
    trans = ours(sockets[0])
    assert trans.read(3) == b"all"
    with pytest.raises(TTransportException) as ended:
        trans.read(1)
    assert ended.value.type == TTransportException.END_OF_FILE
