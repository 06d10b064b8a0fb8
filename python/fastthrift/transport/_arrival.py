"""Whether the peer of a connection that has ended was still there when bytes were sent to it."""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

ioctl: Any = None
if sys.platform == "linux":
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ
    except ImportError:
        ioctl = None  # nothing is known for certain

# Of Linux's `struct tcp_info`: where its state is, and where the time of a round trip, in
# microseconds; where it has how many bytes were sent, those sent again included, since 4.19; and
# two of the states.
_STATE = struct.Struct("=B67xI")
_SENT = struct.Struct("=200xQ")
_CLOSED = 7
_ENDED_BY_PEER = 8

# How long a peer's refusal is waited for at most, in seconds; it comes within two round trips
# where its system has time for it.
_PATIENCE = 0.5
_ROUND_TRIPS = 2


def never_arrived(sock: Any, at: float | None) -> bool:
    """Whether a TCP connection whose end was read had ended before the last bytes arrived that were
    sent on it, so that the peer has not seen them and never will.

    A peer that has closed its side refuses what comes then: the system has broken the connection
    off, and bytes are left that were not acknowledged. One that has only closed the side that
    answers has not; should it read what comes, and break the connection off by itself before its
    system has acknowledged that, which is a few milliseconds, it is taken for one that had gone.

    Ends by ``at``, a moment of ``time.monotonic``; False where it is not known by then.
    """
    for pause in pauses_for_refusal(sock, at):
        time.sleep(pause)
    return was_refused(sock)


def pauses_for_refusal(sock: Any, at: float | None) -> Iterator[float]:
    """The pauses, in seconds, after which `was_refused` knows: none, or some, each longer than the
    one before, while the refusal may be on its way."""
    now = time.monotonic()
    ends = now + _PATIENCE if at is None else min(now + _PATIENCE, at)
    state, round_trip = _state(sock)
    pause = _ROUND_TRIPS * round_trip
    while state == _ENDED_BY_PEER and _unacknowledged(sock) and (left := ends - now) > 0:
        yield min(pause, left)
        pause *= 2
        now = time.monotonic()
        state, _ = _state(sock)


def was_refused(sock: Any) -> bool:
    """`never_arrived`, as far as it is known by now."""
    return _state(sock)[0] == _CLOSED and _unacknowledged(sock) > 0


def bytes_sent(sock: Any) -> int | None:
    """How many bytes have left on a TCP connection, to the network: as many at most have arrived;
    None where that is not known."""
    if ioctl is None:
        return None
    try:
        known = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SENT.size)
        (count,) = _SENT.unpack(known)
    except (OSError, AttributeError, struct.error):
        return None
    return int(count)


def _state(sock: Any) -> tuple[int, float]:
    """That of TCP, and the time of a round trip in seconds; zeros where it is not known."""
    if ioctl is None:
        return 0, 0.0
    try:
        known = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _STATE.size)
        state, round_trip = _STATE.unpack(known)
    except (OSError, AttributeError, struct.error):
        # A unix socket, one that was closed, or what only stands for one.
        return 0, 0.0
    return state, round_trip / 1_000_000


def _unacknowledged(sock: Any) -> int:
    """How many bytes were sent that the peer's system has not acknowledged."""
    (size,) = struct.unpack("i", ioctl(sock.fileno(), TIOCOUTQ, bytes(4)))
    return int(size)
