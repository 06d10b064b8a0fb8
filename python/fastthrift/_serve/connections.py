"""The connections that a server has in threads, as who closes it sees them."""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastthrift._calls.rate import Rates
from fastthrift._calls.server_call import BEGUN, ServerCall, SettledCall
from fastthrift._calls.settle import note_unfinished, peer_name

if TYPE_CHECKING:
    import logging

    from fastthrift.transport.base import TTransportBase

# Pause before the next try when descriptors, memory or threads have run out, in seconds.
RESOURCE_PAUSE = 0.1

# How long after it was accepted, or after an answer, a connection is fresh, and how long it has for
# its next call where the server is closed meanwhile, in seconds: that may be on its way. A call
# that is coming has as long for the rest.
FRESH_FOR = 1.0
FRESH_PATIENCE = 0.2
FRESH_PAUSE = 0.01

# How soon who waits for a thread notices that the server was closed again, in seconds: a signal
# handler that closes it wakes nobody.
_CLOSING_PAUSE = 0.1

# Of Linux, for TCP: what fills no packet waits, for 200 ms at most, or goes with the end.
_CORK: int | None = getattr(socket, "TCP_CORK", None)


def hold_last_bytes(client: Any) -> None:
    """Have the end of a connection go with its last answer, where the system can do that: its
    client sends no other call in between, and sees the end when it looks."""
    sock = getattr(client, "sock", None)
    if sock is not None and _CORK is not None:
        # A unix socket has no packets, a peer may have gone already, and uvloop's sockets take no
        # options.
        with contextlib.suppress(OSError, TypeError):
            sock.setsockopt(socket.IPPROTO_TCP, _CORK, 1)


def is_coming(call: ServerCall) -> bool:
    """Whether a call is none yet, or not known to be whole."""
    return call.header is None or call.stage == BEGUN


class OpenConnection:
    """One accepted connection, as another thread sees it."""

    def __init__(self, client: TTransportBase, connections: Connections | None = None) -> None:
        """``connections`` are those of its server, where somebody waits for its thread after the
        server was closed."""
        self.client = client
        self.peer = peer_name(client)
        self.call: ServerCall = SettledCall()
        # Whether something has come on it that is not answered.
        self.is_busy = False
        self._connections = connections
        self._since = time.monotonic()
        # Whether no more is read than what had arrived when its server was closed.
        self._is_ending = False

    @property
    def _is_spared(self) -> bool:
        """Whether it may have another call after the server was closed: then somebody ends it who
        waits for its thread."""
        return self._connections is not None and self._connections.spares_fresh

    @property
    def is_fresh(self) -> bool:
        """Whether its next call may be on its way."""
        return self._is_spared and not self.is_busy and time.monotonic() < self._since + FRESH_FOR

    @property
    def may_bring_more(self) -> bool:
        """Whether its next call may be on its way, or is coming."""
        return self.is_fresh or (self._is_spared and self.is_busy and is_coming(self.call))

    def has_answered(self) -> None:
        """All that has come is answered, of a server that is not closed: another call may come."""
        self._since = time.monotonic()
        self.is_busy = False

    def stop_reading(self) -> None:
        """End the connection after the call that is being processed, if one is: one that has come
        as a whole.

        Only the reading side is shut down: what has arrived can still be read and answered, so
        it does no harm when a call starts at this very moment.
        """
        if is_coming(self.call):
            self._shut_down()

    def has_last_calls(self) -> bool:
        """Whether calls may have arrived before the server was closed, which are served while it
        has time; behind them is the end of the connection."""
        if self.is_fresh:
            return True
        if not self._is_ending:
            self._is_ending = True
            return self._shut_down()
        return self._connections is None or self._connections.seconds_left > 0

    def _shut_down(self) -> bool:
        """Shut down the reading side; False where that cannot be done."""
        sock = getattr(self.client, "sock", None)
        if sock is None:
            return False
        if hasattr(self.client, "is_ending"):
            self.client.is_ending = True
        with contextlib.suppress(OSError):
            if isinstance(sock, socket.socket):
                # Not SSLSocket's: it would go on in plain text.
                socket.socket.shutdown(sock, socket.SHUT_RD)
            else:
                sock.shutdown(socket.SHUT_RD)
            return True
        return False


class Connections:
    """The connections of one server, and their threads, where each has one.

    They are added and removed by single operations of a dict and a set, which Python makes
    atomic: a lock could not be taken by a signal handler that closes the server.
    """

    def __init__(self) -> None:
        # By the id of their transport.
        self._open: dict[int, OpenConnection] = {}
        self._threads: set[threading.Thread] = set()
        # What was accepted and whose threads have not begun, where somebody else starts them.
        self.coming: set[Any] = set()
        # Whether those that may bring a call are ended by `wait_for_threads`, and not before.
        self.spares_fresh = False
        # Those that the system had taken when the server was closed, and who is about to add some.
        self._left: list[Any] = []
        self._taking: list[bool] = []
        # Whether somebody serves those.
        self._serves_left = False
        # Until when a server that was closed waits, by each close of it, and the grace of that.
        self._closes: list[tuple[float, float]] = []
        # How often it is logged that somebody sends what cannot be read.
        self.rates = Rates(5)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._open)

    @property
    def threads(self) -> int:
        """How many threads serve them."""
        return len(self._threads)

    def begin(self) -> None:
        """A server begins, which waits for its threads in the end."""
        self.spares_fresh = True
        self._closes.clear()

    @contextlib.contextmanager
    def taking_left(self, accept_waiting: Callable[[], list[Any]]) -> Iterator[None]:
        """While a server is closed: what the system has taken by then is served too, and not reset,
        where somebody accepts connections."""
        self._taking.append(True)
        try:
            yield
            if self._serves_left:
                self._left += accept_waiting()
        finally:
            self._taking.pop()

    @contextlib.contextmanager
    def serving_left(self) -> Iterator[None]:
        """While somebody accepts connections, who serves those that are ``left``, too."""
        self._serves_left = True
        try:
            yield
        finally:
            self._serves_left = False

    def left(self) -> Iterator[Any]:
        """What the system had taken when the server was closed."""
        while self._taking:
            time.sleep(FRESH_PAUSE)
        while self._left:
            yield self._left.pop(0)

    def end_within(self, grace: float) -> None:
        """The server was closed: it has ``grace`` milliseconds at most from now on. Closed again,
        it can have less, and no more."""
        self._closes.append((time.monotonic() + grace / 1000, grace))

    @property
    def grace(self) -> float:
        """How many milliseconds a server that was closed has had."""
        return min(self._closes)[1]

    @property
    def seconds_left(self) -> float:
        """How long a server that was closed still waits for what goes on."""
        return max(0.0, min(self._closes)[0] - time.monotonic()) if self._closes else math.inf

    @contextlib.contextmanager
    def accepted(self, client: TTransportBase) -> Iterator[OpenConnection]:
        """A connection while it is served."""
        connection = self._open.get(id(client))
        if connection is None:
            connection = OpenConnection(client, self)
            self._open[id(client)] = connection
        try:
            yield connection
        finally:
            self._open.pop(id(client), None)

    @contextlib.contextmanager
    def in_this_thread(self) -> Iterator[None]:
        """While the current thread serves one."""
        thread = threading.current_thread()
        self._threads.add(thread)
        try:
            yield
        finally:
            self._threads.discard(thread)

    def start(self, thread: threading.Thread) -> None:
        """Start a thread that serves one; ``RuntimeError`` where there can be no more."""
        # Before it runs: whoever waits for the threads waits for this one too.
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.discard(thread)
            raise

    def stop_reading(self) -> None:
        """End each after the call that it is in, but those that may bring one."""
        for connection in list(self._open.values()):
            hold_last_bytes(connection.client)
            if not connection.may_bring_more:
                connection.stop_reading()

    def _end_last(self) -> None:
        """End those that might bring a call, once it has come or their time is over."""
        deadline = time.monotonic() + FRESH_PATIENCE
        while any(connection.may_bring_more for connection in list(self._open.values())):
            if time.monotonic() >= deadline or not self.seconds_left:
                break
            time.sleep(FRESH_PAUSE)
        # Those too whose threads begin only now.
        self.spares_fresh = False
        for connection in list(self._open.values()):
            connection.stop_reading()

    def wait_for_threads(self, grace: float, logger: logging.Logger) -> None:
        """Wait for the threads, for ``grace`` milliseconds at most, or until a close of the server
        that leaves less time."""
        self.end_within(grace)
        while self.coming and self.seconds_left:
            time.sleep(FRESH_PAUSE)
        self._end_last()
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(0)
                while thread.is_alive() and (left := self.seconds_left):
                    thread.join(min(left, _CLOSING_PAUSE))
        unfinished = [thread for thread in self._threads if thread.is_alive()]
        note_unfinished(logger, len(unfinished), self.grace)

    @contextlib.contextmanager
    def closed_at_exit(self, close: Callable[[], Any]) -> Iterator[None]:
        """While a server runs, which is closed in the end: that of the program, too."""
        _running[self] = os.getpid(), close
        try:
            yield
        finally:
            _running.pop(self, None)
            close()


# Those of the servers that run, with the process they run in and what closes them.
_running: weakref.WeakKeyDictionary[Connections, tuple[int, Callable[[], Any]]] = (
    weakref.WeakKeyDictionary()
)
# How long the end of the program waits for them, in seconds.
_EXIT_PATIENCE = 1.0


@atexit.register
def _close_at_exit() -> None:
    """Close the servers that run in daemon threads, before the interpreter goes away under them:
    an answer that is on its way still leaves."""
    here = os.getpid()
    running = list(_running.items())
    for _, (process, close) in running:
        if process == here:
            close()
    open_here = [connections for connections, (process, _) in running if process == here]
    deadline = time.monotonic() + _EXIT_PATIENCE
    while any(open_here) and time.monotonic() < deadline:
        time.sleep(0.005)
