"""The signals that ask a server to stop.

``serve`` in the main thread takes SIGTERM and SIGINT as such while it runs, unless its
``handle_signals`` is False, and gives them back. What the program has set itself, a handler or that
a signal is ignored, is left alone.

So SIGINT closes the server, which returns from ``serve``, and raises no ``KeyboardInterrupt``; a
second one does what it did before. thriftpy2's programs, which expect that exception around
``serve``, go on behind it instead.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def closing_on_signals(close: Callable[[], Any], *, wanted: bool = True) -> Iterator[None]:
    """Call ``close`` when the process is asked to stop; only in the main thread, where Python runs
    handlers of signals."""
    handlers = _Handlers(close)
    try:
        if wanted:
            handlers.install()
        yield
    finally:
        handlers.give_back()


class _Handlers:
    def __init__(self, close: Callable[[], Any]) -> None:
        self._close = close
        self._process = os.getpid()
        self._previous: dict[int, Any] = {}
        self._asked: set[int] = set()

    def install(self) -> None:
        for number in SIGNALS:
            previous = signal.getsignal(number)
            if _is_default(previous):
                try:
                    signal.signal(number, self.handle)
                except ValueError:
                    return  # another thread, or an interpreter that has no signals
                self._previous[number] = previous

    def give_back(self) -> None:
        for number, previous in self._previous.items():
            # Unless the program has set another one meanwhile.
            if signal.getsignal(number) == self.handle:
                signal.signal(number, previous)

    def handle(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        if os.getpid() != self._process:
            # A child that a handler has forked: it is no server, and is to end.
            signal.signal(number, previous)
            signal.raise_signal(number)
        elif number == signal.SIGINT and number in self._asked:
            previous(number, frame)
        else:
            self._asked.add(number)
            self._close()


def _is_default(handler: Any) -> bool:
    if handler in (signal.SIG_DFL, signal.default_int_handler):
        return True
    # That of `asyncio.run`, which cancels what it runs.
    function = handler.func if isinstance(handler, functools.partial) else handler
    return getattr(function, "__module__", None) == "asyncio.runners"
