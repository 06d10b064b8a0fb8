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
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from fastthrift._light import in_child

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
        self._wake: _Wake | None = None

    def install(self) -> None:
        for number in SIGNALS:
            previous = signal.getsignal(number)
            if _is_default(previous):
                # Before it may be called.
                self._previous[number] = previous
                try:
                    signal.signal(number, self.handle)
                except ValueError:
                    # Another thread, or an interpreter that has no signals.
                    self._previous.clear()
                    return
        if self._previous:
            self._wake = _Wake(frozenset(self._previous), self._close)

    def give_back(self) -> None:
        if self._wake is not None:
            self._wake.end()
        for number, previous in self._previous.items():
            # Unless the program has set another one meanwhile.
            if signal.getsignal(number) == self.handle:
                signal.signal(number, previous)

    def handle(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        is_again = number == signal.SIGINT and number in self._asked
        # A child that a handler has forked is no server, and is to end.
        is_forked = os.getpid() != self._process
        if is_forked or (is_again and not callable(previous)):
            signal.signal(number, previous)
            signal.raise_signal(number)
        elif is_again:
            previous(number, frame)
        else:
            self._asked.add(number)
            self._close()


class _Wake:
    """A thread that closes the server as well.

    Python runs handlers between two steps of the main thread. Where a signal comes just before that
    thread waits for connections, or another thread takes it, its handler would run with the next
    connection. The system's handler writes the signal's number to a descriptor at once.
    """

    def __init__(self, numbers: frozenset[int], close: Callable[[], Any]) -> None:
        self._here, there = socket.socketpair()
        there.setblocking(False)
        before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        if before != -1:
            # Somebody else waits for signals, and wakes.
            signal.set_wakeup_fd(before)
            self._here.close()
            there.close()
            return
        _told.append(there)
        name = "fastthrift-signals"
        thread = threading.Thread(target=self._run, args=(numbers, close), name=name, daemon=True)
        thread.start()

    def _run(self, numbers: frozenset[int], close: Callable[[], Any]) -> None:
        with self._here:
            while came := self._here.recv(64):
                if not numbers.isdisjoint(came):
                    close()

    def end(self) -> None:
        """Have the thread end."""
        _forget()


# What the system's handler writes to.
_told: list[socket.socket] = []


def _forget() -> None:
    """Tell nobody of signals any more: at the end, and in a forked child, whose are its own."""
    while _told:
        there = _told.pop()
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(-1)
        there.close()


in_child(_forget)


def _is_default(handler: Any) -> bool:
    if handler in (signal.SIG_DFL, signal.default_int_handler):
        return True
    # That of `asyncio.run`, which cancels what it runs.
    function = handler.func if isinstance(handler, functools.partial) else handler
    return getattr(function, "__module__", None) == "asyncio.runners"
