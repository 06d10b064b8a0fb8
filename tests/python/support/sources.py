"""The ways by which bytes reach a protocol: from memory, sockets, and foreign objects."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

from support import subject


class ReadOnly:
    """A transport that is nothing but a ``read`` of at most `size` bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def read(self, size: int) -> bytes:
        chunk = self.data[self.position : self.position + size]
        self.position += len(chunk)
        return chunk


@contextlib.contextmanager
def _socket_with(data: bytes) -> Iterator[Any]:
    """The subject's TSocket, which receives `data` and then the end of the stream."""
    sender, receiver = socket.socketpair()
    receiver.settimeout(120)

    def send() -> None:
        # The reader may hang up before it has everything.
        with contextlib.suppress(OSError), sender:
            sender.sendall(data)

    thread = threading.Thread(target=send)
    thread.start()
    sock = subject.transport.TSocket(sock=receiver)
    try:
        yield sock
    finally:
        sock.close()
        thread.join()


@contextlib.contextmanager
def opened(source: str, data: bytes) -> Iterator[Any]:
    """A transport of the kind `source` that gives `data`, then the end of the stream."""
    if source == "memory":
        yield subject.TMemoryBuffer(data)
    elif source == "duck":
        yield ReadOnly(data)
    elif source == "buffered":
        with _socket_with(data) as sock:
            yield subject.transport.TBufferedTransport(sock)
    elif source == "framed":
        with _socket_with(struct.pack(">i", len(data)) + data) as sock:
            yield subject.transport.TFramedTransport(sock)
    else:
        raise ValueError(source)


SOURCES = ("memory", "buffered", "framed", "duck")


def read_from(source: str, cls: type, data: bytes, protocol: str, **options: Any) -> Any:
    """Decode `data` as `cls`, read by way of `source`."""
    with opened(source, data) as transport:
        obj = cls()
        obj.read(subject.factory(protocol, **options).get_protocol(transport))
        return obj
