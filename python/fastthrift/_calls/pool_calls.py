"""The calls of a pool: a connection is taken or made, the call made on it, and what it failed with
decides what becomes of both.

All that waits is a step (see ``steps``): a driver for threads runs them, one for asyncio awaits
them, and both say how they lock, wait, connect and call.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from fastthrift._calls.deadlines import clock, current_deadline, sooner, until
from fastthrift._calls.pooling import (
    Addresses,
    Attempts,
    Connection,
    PoolOptions,
    Shelf,
    error_was_sent,
    note_unsent,
    options_of_view,
    stays_open,
    with_methods,
)
from fastthrift._calls.services import check_service, method_of
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastthrift._calls.steps import Steps


class PoolCalls(ABC):
    """The connections of a pool, which views with other options share, and its calls."""

    # The driver's ways. `wait` and `wake` are used with the lock held.

    @abstractmethod
    def lock(self) -> AbstractContextManager[Any]:
        """A lock around the shelf and the addresses."""

    @abstractmethod
    def wait(self, seconds: float | None) -> Any:
        """A step that gives up the lock until somebody wakes it, or the time is up."""

    @abstractmethod
    def wake(self, *, everybody: bool = False) -> None:
        """Wake one that waits."""

    @abstractmethod
    def connect(self, url: Any, options: PoolOptions, at: float | None) -> Any:
        """A step that gives a client at an address."""

    @abstractmethod
    def invoke(self, client: Any, api: str, args: Any, kwargs: Any) -> Any:
        """A step that gives the value of a call."""

    @abstractmethod
    def has_arrived(self, client: Any) -> bool:
        """Whether something has come on a connection between two calls, or its end."""

    @abstractmethod
    def close_client(self, client: Any) -> None:
        """Close a connection, without an error."""

    def __init__(self, service: Any, size: int, addresses: Addresses[Any]) -> None:
        self.service = service
        self.addresses = addresses
        self.shelf = Shelf(size)

    def call(self, options: PoolOptions, api: str, args: Any, kwargs: Any) -> Steps[Any]:
        """Make a call, as often as it may be made."""
        at = end_of_call(options)
        attempts = Attempts(options, api, len(self.addresses))
        while True:
            connection = yield from self.checkout(options, at, api)
            is_new = connection.is_new
            try:
                return (yield from self._call_on(connection, at, api, args, kwargs))
            except (TTransportException, OSError) as error:
                in_time = at is None or clock() < at
                if not attempts.has_another(error, is_new=is_new, in_time=in_time):
                    if isinstance(error, TimeoutError):
                        self.count("timeouts")
                    raise
                self.count("retries" if is_new or error_was_sent(error) else "reconnects")

    def _call_on(
        self, connection: Connection, at: float | None, api: str, args: Any, kwargs: Any
    ) -> Steps[Any]:
        """Make a call on a connection, and give that back."""
        keep = False
        try:
            with until(at):
                value = yield self.invoke(connection.client, api, args, kwargs)
            keep = True
            return value
        except Exception as error:
            keep = self.is_kept(connection, error)
            if connection.is_new and isinstance(error, (TTransportException, OSError)):
                with self.lock():
                    self.addresses.note(connection.url, clock(), failed=True)
            raise
        finally:
            self.give_back(connection, keep=keep)

    def checkout(self, options: PoolOptions, at: float | None, api: str) -> Steps[Connection]:
        """A connection, which may be a new one."""
        while True:
            connection = yield from self._take_or_promise(options, at, api)
            if connection is None:
                return (yield from self._connect_to_any(options, at))
            if not self.has_arrived(connection.client):
                return connection
            # Closed by the server, or with an answer that nobody waits for.
            self.give_back(connection, keep=False)
            self.count("reconnects")

    def _take_or_promise(
        self, options: PoolOptions, at: float | None, api: str
    ) -> Steps[Connection | None]:
        """An idle connection, or None for the right to make one."""
        patience = options.checkout_timeout
        end = sooner(None if patience is None else clock() + patience, at)
        with self.lock():
            while True:
                shelf = self.shelf
                if shelf.closed:
                    closed = TTransportException(TTransportException.NOT_OPEN, "The pool is closed")
                    raise note_unsent(closed)
                for old in shelf.take_old(options, clock()):
                    self.close_client(old.client)
                if connection := shelf.take():
                    return connection
                if shelf.promise():
                    return None
                left = None if end is None else end - clock()
                if left is not None and left <= 0:
                    kind = DeadlineExceeded if end == at else TTransportTimeout
                    text = (
                        f"{self.service.__name__}.{api}() was not sent: all {shelf.size} "
                        "connections of the pool are busy (size, checkout_timeout)"
                    )
                    raise note_unsent(kind(message=text))
                yield self.wait(left)

    def _connect_to_any(self, options: PoolOptions, at: float | None) -> Steps[Connection]:
        """Connect, with a slot that was promised, to the first address that can be reached."""
        others = len(self.addresses) - 1
        while True:
            with self.lock():
                url = self.addresses.choose(clock())
            try:
                client = yield self.connect(url, options, at)
            except BaseException as error:
                in_time = at is None or clock() < at
                is_lost = isinstance(error, (TTransportException, OSError))
                goes_on = others > 0 and is_lost and in_time
                others -= 1
                with self.lock():
                    self.addresses.note(url, clock(), failed=is_lost)
                    if not goes_on:
                        self.shelf.give_up_promise()
                        self.wake()
                if not goes_on:
                    note_unsent(error)
                    raise
                self.count("retries")
            else:
                with self.lock():
                    self.addresses.note(url, clock(), failed=False)
                    return self.shelf.add(Connection(client, url, clock()))

    def is_kept(self, connection: Connection, error: BaseException) -> bool:
        """Whether a connection can make another call after one has raised this."""
        if stays_open(error):
            return True
        # Arguments that do not fit: nothing was begun.
        return isinstance(error, TypeError) and not self.has_arrived(connection.client)

    def give_back(self, connection: Connection, *, keep: bool) -> None:
        """The connection is not used any more by whoever has it."""
        with self.lock():
            if keep:
                keep = self.shelf.put_back(connection, clock())
            else:
                self.shelf.remove(connection)
            self.wake()
        if not keep:
            self.close_client(connection.client)

    def count(self, what: str) -> None:
        """Note for `stats` that something has happened."""
        with self.lock():
            self.shelf.counts[what] += 1

    def stats(self) -> dict[str, int]:
        """What `Shelf.stats` gives."""
        with self.lock():
            return self.shelf.stats()

    def close(self) -> None:
        """Close what is idle, and the rest when it is given back."""
        with self.lock():
            self.shelf.closed = True
            idle = self.shelf.take_all()
            self.wake(everybody=True)
        for connection in idle:
            self.close_client(connection.client)


def end_of_call(options: PoolOptions) -> float | None:
    """When a call that starts now has its end."""
    timeout = options.timeout
    return sooner(None if timeout is None else clock() + timeout, current_deadline())


class PoolFace(ABC):
    """A pool as programs see it: the methods of a service, by whichever driver."""

    def __init__(
        self,
        service: Any,
        url: Any,
        *,
        size: int = 16,
        timeout: float | None = 3.0,
        connect_timeout: float | None = 1.0,
        checkout_timeout: float | None = None,
        max_idle: float | None = 30.0,
        max_age: float | None = 300.0,
        idempotent: Sequence[str] = (),
        retries: int = 1,
        proto_factory: Any = None,
        trans_factory: Any = None,
        ssl_context: Any = None,
        check_seqid: bool = True,
    ) -> None:
        """``url`` is like ``tcp://host:9090?protocol=compact&transport=framed``, or a list of
        such, which take turns; ``fastthrift.urls`` tells all that it may be.

        Times are in seconds, None for any time. ``timeout`` is that of a call as a whole: waiting
        for one of the ``size`` connections (no longer than ``checkout_timeout``), connecting (no
        longer than ``connect_timeout``) and further attempts included; a ``fastthrift.deadline``
        may make it shorter. A connection that was idle for ``max_idle``, or is older than
        ``max_age``, is not used again. An idempotent call is made ``retries`` more times at most.
        ``proto_factory`` and ``trans_factory`` take the place of what the URL says;
        ``ssl_context`` is for ``tls`` and ``https``.

        Raises ``ValueError`` and ``TypeError`` for options that are none.
        """
        check_service(service, type(self).__name__)
        options = PoolOptions(
            size=size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            checkout_timeout=checkout_timeout,
            max_idle=max_idle,
            max_age=max_age,
            idempotent=idempotent,  # type: ignore[arg-type]
            retries=retries,
        )
        self._service = service
        self._options = with_methods(service, options)
        made_of = proto_factory, trans_factory, ssl_context, check_seqid
        self._calls = self._driver(service, size, url, made_of)

    @abstractmethod
    def _driver(self, service: Any, size: int, url: Any, made_of: Any) -> PoolCalls:
        """What makes the calls."""

    @abstractmethod
    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        """Make a call, or give what is to be awaited."""

    def __getattr__(self, name: str) -> functools.partial[Any]:
        # `_service` is missing on an object that __init__ has not run on.
        if name == "_service":
            raise AttributeError(f"{type(self).__name__} instance has no attribute {name!r}")
        return functools.partial(self._call, method_of(self, self._service, name))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._service.thrift_services]

    def __repr__(self) -> str:
        where = ", ".join(map(str, self._calls.addresses))
        return f"<{type(self).__name__} of {self._service.__name__} at {where}>"

    def with_options(self, **options: Any) -> Self:
        """The pool with other options, and the same connections: ``timeout``,
        ``checkout_timeout``, ``idempotent`` or ``retries``."""
        other = type(self).__new__(type(self))
        other._service, other._calls = self._service, self._calls
        other._options = options_of_view(self._service, self._options, options)
        return other

    def stats(self) -> dict[str, int]:
        """How many connections are ``open``, ``busy`` and ``idle``, and how often there were
        ``connects``, ``reconnects`` (a dead connection was replaced), ``retries`` and
        ``timeouts``."""
        return self._calls.stats()


# What a face asks for, by its driver: attributes of it would hide methods of the service.


def call(pool: PoolFace, api: str, args: Any, kwargs: Any) -> Steps[Any]:
    """Make a call of a pool."""
    return pool._calls.call(pool._options, api, args, kwargs)


def take_connection(pool: PoolFace, go: Any) -> Steps[OneConnection]:
    """Take one connection of a pool for several calls, whose steps ``go`` goes through."""
    at = end_of_call(pool._options)
    connection = yield from pool._calls.checkout(pool._options, at, "client")
    return OneConnection(pool, connection, go)


def give_connection_back(one: OneConnection) -> None:
    """Give it back."""
    one._calls.give_back(one._connection, keep=not one._failed)


def close(pool: PoolFace) -> None:
    """Close the connections of a pool."""
    pool._calls.close()


class OneConnection:
    """The calls of a block, on one connection; its driver goes through the steps."""

    def __init__(self, pool: PoolFace, connection: Connection, go: Any) -> None:
        self._calls = pool._calls
        self._options = pool._options
        self._connection = connection
        self._go = go
        self._failed = False

    def __getattr__(self, name: str) -> functools.partial[Any]:
        return functools.partial(self._call, method_of(self, self._calls.service, name))

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        return self._go(self._steps(_api, args, kwargs))

    def _steps(self, api: str, args: Any, kwargs: Any) -> Steps[Any]:
        try:
            with until(end_of_call(self._options)):
                return (yield self._calls.invoke(self._connection.client, api, args, kwargs))
        except BaseException as error:
            self._failed = self._failed or not self._calls.is_kept(self._connection, error)
            raise
