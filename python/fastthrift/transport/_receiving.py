"""How long a server waits for a message, as a whole."""

from __future__ import annotations

import time

#: From the first byte of a message to its last, in milliseconds.
MESSAGE_TIMEOUT = 3000

#: What is said of a message that took longer than so many milliseconds.
LATE = "the message was not complete %g ms after its start"


class MessageClock:
    """Bounds the reads of one message together: a limit for each read is none for a peer that
    sends a byte now and then.

    The first read of a message waits while the connection is idle; those after it have what is
    left. Until somebody tells where messages begin, each read has the limit of its own.
    """

    __slots__ = ("_begun", "_ends", "_is_told", "_seconds")

    def __init__(self, seconds: float | None) -> None:
        """``seconds`` from the first byte of a message; None for any time."""
        self._seconds = seconds
        self._is_told = False
        self._begun = False
        self._ends: float | None = None

    def begin(self, *, arrived: bool = False) -> None:
        """The next message is waited for; something of it may have ``arrived``."""
        self._is_told = True
        self._begun = arrived
        self._ends = None

    def begin_again(self) -> None:
        """What has come is no part of the next message, which is still waited for."""
        self._begun = False
        self._ends = None

    def patience(self, idle: float | None) -> float | None:
        """How long the next read may take, in seconds, where ``idle`` is the limit of each."""
        if not self._begun:
            self._begun = True
            return idle
        if self._seconds is None or not self._is_told:
            return idle
        now = time.monotonic()
        if self._ends is None:
            # The first byte has come just now: nothing takes time between two reads.
            self._ends = now + self._seconds
        left = max(self._ends - now, 0.0)
        return left if idle is None else min(left, idle)

    @property
    def is_over(self) -> bool:
        """Whether a message has begun that is too late by now."""
        return self._ends is not None and time.monotonic() >= self._ends

    def __str__(self) -> str:
        return LATE % ((self._seconds or 0) * 1000)
