"""How long a server waits for a client to take an answer."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from fastthrift._core import AnswerClock as AnswerClock

from ._addresses import has_room
from .base import DeadlineExceeded

_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)

# Of TLS, in bytes.
_RECORD = 1 << 14


def give_up(sock: Any, left: int) -> str:
    """Have a connection, which is closed next, end at once: the system does not keep what its
    client has not taken. What is said of that."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return f"the answer was not taken in time: {left} bytes are left"


def send_in_time(
    sock: Any, data: bytes | memoryview, seconds: float | None, each: float | None
) -> None:
    """Send bytes of an answer, or those that a plain socket did not take at once, to a client that
    takes them in the time of an ``AnswerClock``, or, where ``seconds`` is None, for whom each wait
    may take ``each`` seconds; None for any time.

    The clock begins with the first wait: most answers have none.
    """
    is_wrapped = hasattr(sock, "pending")
    before = sock.gettimeout() if is_wrapped else 0
    if before != 0:
        # It would wait by itself.
        sock.settimeout(0)
    try:
        left = memoryview(data).cast("B")
        if is_wrapped:
            left = left[_send_by_tls(sock, left) :]
        if left:
            send = _send_by_tls if is_wrapped else _send_some
            _send_slowly(sock, left, send, seconds, each)
    finally:
        if before != 0 and sock.fileno() >= 0:
            sock.settimeout(before)


def _send_slowly(
    sock: Any,
    left: memoryview,
    send: Callable[[Any, memoryview], int],
    seconds: float | None,
    each: float | None,
) -> None:
    """Send what did not go at once."""
    clock = AnswerClock(seconds)
    clock.begin(sock, len(left))
    while left:
        patience = clock.patience(sock, len(left))
        if patience == 0:
            raise DeadlineExceeded(message=give_up(sock, len(left)))
        if not has_room(sock, each if patience is None else patience):
            if patience is None:
                raise TimeoutError
            continue
        left = left[send(sock, left) :]


def _send_some(sock: Any, data: memoryview) -> int:
    """Give a socket what it takes; how many bytes that are."""
    try:
        return int(sock.send(data, _DONT_WAIT))
    except (BlockingIOError, InterruptedError):
        return 0


def _send_by_tls(sock: Any, data: memoryview) -> int:
    """Give a socket of TLS, which waits for nothing, what it takes; how many bytes that are."""
    from ssl import SSLWantReadError, SSLWantWriteError

    sent = 0
    while sent < len(data):
        try:
            # That of gevent says 0 where it would wait.
            count = sock.send(data[sent : sent + _RECORD])
        except (SSLWantReadError, SSLWantWriteError):
            break
        if not count:
            break
        sent += count
    return sent
