"""How the connections of a pool go from hand to hand: one is taken, or the right to make one; who
gives one back hands it to who has waited for longest.

All that waits is a step (see ``steps``): a driver for threads runs them, one for asyncio awaits
them, and both say how they lock, wait and close.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.deadlines import clock, out_of_time, sooner
from fastthrift._calls.failures import describe
from fastthrift._calls.pooling import (
    Addresses,
    PooledConnection,
    PoolOptions,
    Promise,
    Shelf,
    Waiter,
)
from fastthrift._calls.transports import find_layer
from fastthrift._light import in_child
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout

if TYPE_CHECKING:
    from fastthrift._calls.steps import Steps

E = TypeVar("E", bound=Exception)


class PoolExchange(ABC):
    """The connections of a pool, which views with other options share, and those who wait for
    one."""

    # The driver's ways.

    @abstractmethod
    def lock(self) -> AbstractContextManager[Any]:
        """A lock around the shelf and the addresses."""

    @abstractmethod
    def new_signal(self) -> Any:
        """What one waits for, and is woken by."""

    @abstractmethod
    def wait(self, signal: Any, seconds: float | None) -> Any:
        """A step that ends with the signal, or when some time has passed: it may be less."""

    @abstractmethod
    def wake(self, signal: Any) -> None:
        """Wake who waits for a signal, with the lock held."""

    @abstractmethod
    def close_client(self, client: Any) -> None:
        """Close a connection, without an error."""

    @abstractmethod
    def start_over_in_child(self) -> None:
        """Forget everything in a forked child: its parent has the connections, and a thread or an
        event loop that the child does not have may be in the middle of something."""

    #: The connections, and those who wait for one.
    shelf: Shelf

    def __init__(self, service: Any, addresses: Addresses[Any]) -> None:
        self.service = service
        self.addresses = addresses
        # What errors call it.
        self.name: str | None = None
        # The lock, once there is one.
        self.made_lock: AbstractContextManager[Any] | None = None
        _of_this_process.add(self)

    def only_peer(self) -> str | None:
        """Where the calls go, where that is known before a connection is taken."""
        return str(next(iter(self.addresses))) if len(self.addresses) == 1 else None

    def out_of_time(self, api: str) -> DeadlineExceeded:
        """What a call raises whose time is up before it has a connection."""
        return self.named(out_of_time(self.service, api, self.only_peer()))

    def named(self, error: E) -> E:
        """Let an error tell whose call it is of, where the pool has a name; returns it."""
        noted: Any = error
        noted.client = self.name
        if self.name is not None:
            noted.message = f"{self.name}: {noted.message or error}"
        return error

    def take_or_promise(
        self, options: PoolOptions, at: float | None, api: str
    ) -> Steps[PooledConnection | Promise]:
        """An idle connection, or the right to make one."""
        patience = options.checkout_timeout
        end = sooner(None if patience is None else clock() + patience, at)
        waiter: Waiter | None = None
        shelf = self.shelf
        try:
            while True:
                with self.made_lock or self.lock():
                    if waiter is not None and (given := waiter.take()) is not None:
                        return given
                    if taken := self._take_or_promise_now(shelf, api):
                        if waiter is not None:
                            shelf.stop_waiting(waiter)
                        return taken
                    left = None if end is None else end - clock()
                    if left is not None and left <= 0:
                        raise self._busy(DeadlineExceeded if end == at else TTransportTimeout, api)
                    if waiter is None or waiter not in shelf.waiters:
                        waiter = Waiter(self.new_signal())
                        shelf.waiters.append(waiter)
                yield self.wait(waiter.signal, left)
        except BaseException:
            if waiter is not None:
                with self.made_lock or self.lock():
                    shelf.stop_waiting(waiter)
                    given = waiter.take()
                # What it was given is for somebody else.
                if isinstance(given, Promise):
                    self.give_up(given)
                elif given is not None:
                    self.give_back(given)
            raise

    def _take_or_promise_now(self, shelf: Shelf, api: str) -> PooledConnection | Promise | None:
        if shelf.closed:
            closed = TTransportException(TTransportException.NOT_OPEN, "The pool is closed")
            describe(closed, self.service, api, self.only_peer(), sent=False)
            raise self.named(closed)
        for old in shelf.take_old(clock()):
            self.close_client(old.client)
        return shelf.take(clock()) or shelf.promise()

    def _busy(self, kind: type[TTransportTimeout], api: str) -> TTransportTimeout:
        """What a call raises that has waited for a connection in vain."""
        text = (
            f"{self.service.__name__}.{api}() was not sent: all {self.shelf.size} "
            "connections of the pool are busy (size, checkout_timeout)"
        )
        busy = kind(message=text)
        busy.pool_is_busy = True
        describe(busy, self.service, api, self.only_peer(), sent=False)
        return self.named(busy)

    def give_back(self, connection: PooledConnection) -> None:
        """A connection can make the next call: that of who has waited for longest, if anybody
        has."""
        shelf = connection.shelf
        with self.made_lock or self.lock():
            if shelf.waiters:
                is_kept = shelf.goes_on(connection, clock())
                if is_kept:
                    self._give(shelf, connection)
                else:
                    self._free(shelf, connection)
            else:
                is_kept = shelf.put_back(connection, clock())
        if not is_kept:
            self.close_client(connection.client)

    def remove(self, connection: PooledConnection) -> None:
        """Close a connection that somebody has taken."""
        with self.made_lock or self.lock():
            self._free(connection.shelf, connection)
        self.close_client(connection.client)

    def _free(self, shelf: Shelf, connection: PooledConnection) -> None:
        shelf.remove(connection)
        self._give_room(shelf)

    def give_up(self, promise: Promise) -> None:
        """A connection was not made."""
        with self.made_lock or self.lock():
            promise.shelf.give_up(promise)
            self._give_room(promise.shelf)

    def _give_room(self, shelf: Shelf) -> None:
        """There is room for a connection, for who has waited for longest; with the lock held."""
        if shelf.waiters and (promise := shelf.promise()):
            self._give(shelf, promise)

    def _give(self, shelf: Shelf, given: PooledConnection | Promise) -> None:
        # Nobody else refers to it: where who waited is gone, it is nobody's, and its slot free.
        waiter = shelf.waiters.popleft()
        waiter.given = given
        self.wake(waiter.signal)

    def wake_all(self, shelf: Shelf) -> None:
        """Let those who wait see that a pool is closed."""
        while shelf.waiters:
            self.wake(shelf.waiters.popleft().signal)

    def count(self, what: str) -> None:
        """Note for `stats` that something has happened."""
        with self.made_lock or self.lock():
            self.shelf.counts[what] += 1

    def stats(self) -> dict[str, int]:
        """What `Shelf.stats` gives."""
        with self.made_lock or self.lock():
            return self.shelf.stats()

    def leave_to_parent(self, shelf: Shelf) -> None:
        """Drop the connections of the parent, and say nothing on them."""
        shelf.closed = True
        for client in (*(each.client for each in shelf.idle), *shelf.busy_clients()):
            layer = find_layer(client._iprot.trans, "abandon")
            if layer is None:
                self.close_client(client)
            else:
                layer.abandon()

    def close(self) -> None:
        """Close what is idle, and the rest when it is given back."""
        with self.made_lock or self.lock():
            shelf = self.shelf
            shelf.closed = True
            idle = shelf.take_all()
            self.wake_all(shelf)
        for connection in idle:
            self.close_client(connection.client)


# What a forked child has to forget.
_of_this_process: weakref.WeakSet[PoolExchange] = weakref.WeakSet()


def _start_over_in_child() -> None:
    for calls in list(_of_this_process):
        calls.start_over_in_child()


in_child(_start_over_in_child)
