"""The time that a client leaves for a call, where a server makes it: the call, and those that it
makes, end by then, and what is over before it is made is not made."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from fastthrift._calls.server_call import READ, SettledCall
from fastthrift._calls.services import printable
from fastthrift._calls.transports import find_layer, headers_of
from fastthrift._exceptions import TApplicationException
from fastthrift.transport._time_left import TIMEOUT_HEADER, moment_of


@contextlib.contextmanager
def until(at: float | None) -> Iterator[None]:
    """Bound all calls within the block, as ``fastthrift.deadline`` does; None bounds nothing."""
    if at is None:
        yield
        return
    # Its import makes each client ask.
    from fastthrift._calls.deadlines import deadline

    with deadline(max(0.0, at - time.monotonic())):
        yield


class TimedCall(SettledCall):
    """A call that may have an end. Whether there is time left for it is looked at when it was read
    and before it is made."""

    _stage: int
    #: When the call has to be over, by ``time.monotonic``; None for no such time.
    deadline: float | None = None
    #: Whether it was not made because that was over.
    is_late = False

    @property
    def stage(self) -> Any:
        return self._stage

    @stage.setter
    def stage(self, stage: int) -> None:
        if stage == READ:
            self.note_read()
        self._stage = stage
        if stage == READ:
            self.require_time()

    def note_read(self) -> None:
        """It was read to its end."""

    def require_time(self) -> None:
        """Raise what a call is answered with whose time is over before it is made."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.is_late = True
            raise TApplicationException(
                TApplicationException.INTERNAL_ERROR,
                f"the deadline is over: {printable(self.method)}() was not executed",
            )


class HeaderCall(TimedCall):
    """A call over a transport that has headers beside its messages, which may say how long it may
    take. From when it was read until its end, that holds for what its handler calls."""

    #: For how many seconds it has waited before it was read, where that is known.
    waited = 0.0

    def __init__(self, trans: Any) -> None:
        self._trans = trans
        self._bounds = contextlib.ExitStack()
        super().__init__()

    def begin(self, opening: bytes | None = None) -> None:
        self.end()
        super().begin(opening)

    def note_read(self) -> None:
        name = TIMEOUT_HEADER.lower()
        at = moment_of(value for each, value in headers_of(self._trans) if each.lower() == name)
        self.deadline = None if at is None else at - self.waited
        self._bounds.enter_context(until(self.deadline))

    def end(self) -> None:
        super().end()
        self._bounds.close()


def call_over(trans: Any) -> SettledCall:
    """What is for the calls of a connection with this transport, one after the other."""
    return SettledCall() if find_layer(trans, "get_headers") is None else HeaderCall(trans)
