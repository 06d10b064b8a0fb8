"""How long a server waits for a client to take an answer."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Any

from fastthrift._core import AnswerClock as AnswerClock

from .base import DeadlineExceeded

# Of TLS, in bytes: what is given to it at once is sent as a whole, however many waits that takes.
_RECORD = 1 << 14


def give_up(sock: Any, left: int) -> str:
    """Have a connection, which is closed next, end at once: the system does not keep what its
    client has not taken. What is said of that."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return f"the answer was not taken in time: {left} bytes are left"


def send_in_time(sock: socket.socket, data: bytes | memoryview, seconds: float | None) -> None:
    """Send bytes of an answer, to a client that takes them in the time of an ``AnswerClock``.
    Where it has any, each wait is as long as the timeout of the socket."""
    clock = AnswerClock(seconds)
    before = sock.gettimeout()
    view = memoryview(data).cast("B")
    at_once = _RECORD if hasattr(sock, "pending") else len(view)
    clock.begin(sock, len(view))
    try:
        while view:
            patience = clock.patience(sock, len(view))
            if patience == 0:
                raise DeadlineExceeded(message=give_up(sock, len(view)))
            if patience is not None:
                sock.settimeout(patience)
            try:
                view = view[sock.send(view[:at_once]) :]
            except TimeoutError:
                if patience is None:
                    raise
    finally:
        if seconds is not None and sock.fileno() >= 0:
            sock.settimeout(before)
