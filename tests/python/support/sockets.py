"""Ports that answer to a new connection, refuse it, or say nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def listener(host: str = "127.0.0.1", family: int = socket.AF_INET) -> Iterator[int]:
    """A port that somebody listens on, for one family only."""
    with socket.socket(family) as sock:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, 0))
        sock.listen()
        yield sock.getsockname()[1]


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port that nobody listens on, nor will as long as this holds it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextlib.contextmanager
def silence(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that does not answer to a new connection: its backlog is full."""
    with socket.socket() as busy, contextlib.ExitStack() as waiting:
        busy.bind((host, 0))
        busy.listen(0)
        for _ in range(10):
            peer = waiting.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(busy.getsockname())
        yield busy.getsockname()[1]
