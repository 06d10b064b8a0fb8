"""How long a server waits for a client to take an answer.

A limit for each wait is none for a client that takes a byte now and then, and one for the whole is
too short for a large answer over a slow line. So what a client takes has to keep up with a rate.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from typing import Any

from fastthrift._core import LEAST_RATE, untaken

from .base import DeadlineExceeded

# More time than this is worth another wait, in seconds: a client that is just too slow would be
# given less and less.
_LEAST_WAIT = 0.1

# Whether `untaken` is known.
_TELLS_KEPT = sys.platform == "linux"

# Of TLS, in bytes: what is given to it at once is sent as a whole, however many waits that takes.
_RECORD = 1 << 14


class AnswerClock:
    """Bounds the waits for one answer: there is the time of a message, and as much more as what
    was taken by then may take at ``LEAST_RATE``, in bytes a second."""

    __slots__ = ("_began", "_seconds", "_whole")

    def __init__(self, seconds: float | None) -> None:
        """``seconds`` for a client that takes nothing; None for any time."""
        self._seconds = seconds
        self._began = 0.0
        self._whole = 0

    def begin(self, sock: Any, unsent: int) -> None:
        """An answer is sent on a socket, of which the system does not have so many bytes."""
        if self._seconds is not None:
            self._whole = unsent + untaken(sock.fileno())
            self._began = time.monotonic()

    def patience(self, sock: Any, unsent: int) -> float | None:
        """How long to wait from now on, in seconds, where the system does not have so many bytes
        yet: 0 where the client is too slow, None for any time."""
        if self._seconds is None:
            return None
        kept = untaken(sock.fileno())
        # Sizes are those of the system, which may count more than the bytes themselves.
        taken = max(self._whole - unsent - kept, 0)
        wait = self._began + self._seconds + taken / LEAST_RATE - time.monotonic()
        if wait >= min(_LEAST_WAIT, self._seconds / 2):
            return wait
        if kept == 0 and _TELLS_KEPT:
            # The client has taken all that there was: it is this program that was slow.
            self.begin(sock, unsent)
            return self._seconds
        return 0.0

    def longest(self, left: int) -> float | None:
        """How long so many bytes may take that are left to the system, in seconds."""
        return None if self._seconds is None else self._seconds + left / LEAST_RATE


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
