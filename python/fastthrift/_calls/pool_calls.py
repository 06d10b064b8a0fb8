"""The calls of a pool: a connection is taken or made, the call made on it, and what it failed with
decides what becomes of both.

All that waits is a step (see ``steps``): a driver for threads runs them, one for asyncio awaits
them, and both say how they lock, wait, connect and call.
"""

from __future__ import annotations

import logging
import math
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from fastthrift._calls.deadlines import clock, current_deadline, end_at, out_of_time, sooner
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.failures import add_description, describe, note_declared
from fastthrift._calls.headers import text_of
from fastthrift._calls.pooling import (
    Addresses,
    Attempts,
    PooledConnection,
    PoolOptions,
    Promise,
    Shelf,
    Waiter,
    error_was_sent,
    note_unsent,
    options_of_call,
    options_of_view,
    stays_open,
    with_methods,
)
from fastthrift._calls.rate import Rates
from fastthrift._calls.selected import with_fields
from fastthrift._calls.services import check_service, method_of, warn_of_hidden
from fastthrift._calls.transports import find_layer, looks_at, peer_of
from fastthrift._calls.watch import watch
from fastthrift._exceptions import TApplicationException, TException
from fastthrift.protocol.exc import TEncodeException, TProtocolException
from fastthrift.transport._addresses import host_and_port, not_connected
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastthrift._calls.observed import Answer, Call, Middleware
    from fastthrift._calls.steps import Steps
    from fastthrift._core import Selection

E = TypeVar("E", bound=Exception)

_logger = logging.getLogger("fastthrift.client")


class PoolCalls(ABC):
    """The connections of a pool, which views with other options share, and its calls."""

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
    def resolve(self, url: Any, seconds: float | None) -> Any:
        """A step that gives the addresses which the name in a URL has, as sockets connect to
        them. Raises ``TimeoutError`` where that takes more than ``seconds``, None for any time;
        ``OSError`` where there are none."""

    #: What is raised where that takes too long: for a connection, and for the call.
    timeout: type[TTransportTimeout] = TTransportTimeout
    deadline_exceeded: type[DeadlineExceeded] = DeadlineExceeded

    @abstractmethod
    def connect(self, url: Any, address: Any, options: PoolOptions, at: float | None) -> Any:
        """A step that gives a client at a URL, and at one of its addresses where they are known."""

    @abstractmethod
    def close_client(self, client: Any) -> None:
        """Close a connection, without an error."""

    @abstractmethod
    def start_over_in_child(self) -> None:
        """Forget everything in a forked child: its parent has the connections, and a thread or an
        event loop that the child does not have may be in the middle of something."""

    #: The connections, and those who wait for one.
    shelf: Shelf

    def __init__(self, service: Any, options: PoolOptions, addresses: Addresses[Any]) -> None:
        self.service = service
        self.addresses = addresses
        # What errors call it.
        self.name: str | None = None
        # How often it is logged that an address has failed.
        self._rates = Rates()
        # The lock, once there is one.
        self.made_lock: AbstractContextManager[Any] | None = None
        _of_this_process.add(self)

    def call(
        self,
        options: PoolOptions,
        api: str,
        args: Any,
        kwargs: Any,
        *,
        seen: Call | None = None,
        attempts: Attempts | None = None,
    ) -> Steps[Any]:
        """Make a call, as often as it may be made; ``seen`` is what is told of it, ``attempts``
        are those that have failed already."""
        if attempts is None:
            at = end_of_call(options, clock())
            attempts = Attempts(options, api, len(self.addresses), at)
        while True:
            connection = yield from self.checkout(options, attempts.at, api)
            has_others = self.has_others(connection.place)
            end_at(connection.bound, attempts.end_of_next(clock(), has_others=has_others))
            try:
                if seen is None:
                    value = yield connection.making(options)(api, *args, **kwargs)
                else:
                    value = yield from make_seen(seen, connection, options)
            except BaseException as error:
                if not self.note_failed(connection, error, attempts):
                    raise
                if seen is not None:
                    seen.retries += 1
            else:
                self.give_back(connection)
                return value

    def note_failed(
        self, connection: PooledConnection, error: BaseException, attempts: Attempts
    ) -> bool:
        """A call has failed, and its connection is given back; whether the call is made again."""
        is_new = connection.is_new
        is_lost = isinstance(error, (TTransportException, OSError))
        timed_out = isinstance(error, TimeoutError)
        if is_lost and (is_new or timed_out):
            self.note_failure(connection.place, error)
        if is_kept(connection, error):
            self.give_back(connection)
        else:
            self.remove(connection)
        if timed_out and self.has_others(connection.place):
            # A peer that was cut off says nothing on its other connections either.
            with self.made_lock or self.lock():
                idle = self.shelf.take_at(connection.place)
            for each in idle:
                self.close_client(each.client)
        self.note_client(error, attempts.api)
        if not is_lost:
            return False
        if not attempts.has_another(error, clock(), is_new=is_new):
            if timed_out:
                self.count("timeouts")
            return False
        self.count("retries" if is_new or error_was_sent(error) else "reconnects")
        return True

    def has_others(self, place: Any) -> bool:
        """Whether there is another address than this one, of a URL or of the name in it."""
        return len(self.addresses) > 1 or isinstance(place, tuple)

    def note_client(self, error: BaseException, api: str) -> None:
        """Let an error of a call tell whose it is. What a server says is left as it is."""
        if isinstance(error, (TApplicationException, TEncodeException)):
            # The text of the latter is made of where it happened.
            error.client = self.name
        elif isinstance(error, (TTransportException, TProtocolException)):
            self.named(error)
        elif isinstance(error, TException):
            note_declared(error, self.name, api)

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

    def remove_dead(self, connection: PooledConnection) -> None:
        """Close a connection that the server has closed, or where an answer has come for which
        nobody waits."""
        self.remove(connection)
        self.count("reconnects")

    def checkout(self, options: PoolOptions, at: float | None, api: str) -> Steps[PooledConnection]:
        """A connection, which may be a new one."""
        if at is not None and clock() >= at:
            raise self.out_of_time(api)
        while True:
            taken = yield from self._take_or_promise(options, at, api)
            if isinstance(taken, Promise):
                return (yield from self._connect_to_any(taken, options, at, api))
            try:
                if not taken.has_arrived():
                    return taken
            except BaseException:
                self.remove(taken)
                raise
            self.remove_dead(taken)

    def _take_or_promise(
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
                    self._give_up(given)
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

    def _connect_to_any(
        self, promise: Promise, options: PoolOptions, at: float | None, api: str
    ) -> Steps[PooledConnection]:
        """Connect, with a slot that was promised, to the first address that can be reached."""
        others = len(self.addresses)
        try:
            while True:
                with self.made_lock or self.lock():
                    url = self.addresses.choose(clock())
                others -= 1
                try:
                    place, client = yield from self._connect_to(url, options, at)
                except (TTransportException, OSError) as error:
                    self.note_failure(url, error)
                    if isinstance(error, TTransportException):
                        describe(error, self.service, api, str(url), sent=False)
                        add_description(error)
                        self.named(error)
                    if others <= 0 or not (at is None or clock() < at):
                        raise
                    self.count("retries")
                else:
                    looks = self.looks_at(client._iprot.trans)
                    with self.made_lock or self.lock():
                        now = clock()
                        self.addresses.note(url, now, failed=False)
                        self.addresses.note(place, now, failed=False)
                        old_at = math.inf if options.max_age is None else now + options.max_age
                        made = PooledConnection(client, place, looks, old_at)
                        return promise.shelf.add(made, promise)
        except BaseException as error:
            self._give_up(promise)
            note_unsent(error)
            raise

    def looks_at(self, trans: Any) -> tuple[Any, Any]:
        """How a connection is looked at between two calls, as `transports.looks_at` tells it."""
        pending, look = looks_at(trans)
        # A client of HTTP would connect again by itself, and nobody would choose the address.
        web = find_layer(trans, "has_ended")
        return pending, look if web is None else web.has_ended

    def _find_addresses(
        self, url: Any, options: PoolOptions, at: float | None
    ) -> Steps[Sequence[Any]]:
        """The addresses which the name in a URL has; none where they are not known, or there is no
        name. It takes as long as connecting to one of them may."""
        if url.scheme == "unix":
            return ()
        patience, ends_call = _time_to_find(options, at)
        try:
            found: Sequence[Any] = yield self.resolve(url, patience)
        except TimeoutError as error:
            kind = self.deadline_exceeded if ends_call else self.timeout
            text = _no_address(url, patience, ends_call=ends_call)
            raise kind(TTransportException.NOT_OPEN, text) from error
        except OSError:
            return ()  # connecting says so
        return found

    def _connect_to(
        self, url: Any, options: PoolOptions, at: float | None
    ) -> Steps[tuple[Any, Any]]:
        """Connect to the first of a URL's addresses that can be reached: which one, and a client
        there."""
        found = yield from self._find_addresses(url, options, at)
        if len(found) < 2:
            return url, (yield self.connect(url, found[0] if found else None, options, at))
        with self.made_lock or self.lock():
            turns = self.addresses.in_turn(url, found, clock())
        while True:
            address = turns.pop(0)
            place = url, address
            with self.made_lock or self.lock():
                self.addresses.note_turn(place)
            try:
                return place, (yield self.connect(url, address, options, at))
            except (TTransportException, OSError) as error:
                self.note_failure(place, error)
                if not turns or not (at is None or clock() < at):
                    raise
                self.count("retries")

    def note_failure(self, place: Any, error: BaseException) -> None:
        """An address is passed over for a while."""
        with self.made_lock or self.lock():
            penalty = self.addresses.note(place, clock(), failed=True)
        # Of the only one whoever called is told.
        level = logging.WARNING if self.has_others(place) else logging.DEBUG
        where = place[1][1] if isinstance(place, tuple) else place
        more: str | None = ""
        if level == logging.WARNING and (more := self._rates.tell(str(where))) is None:
            return
        text = "%s failed, and is passed over for %g s: %s%s"
        _logger.log(level, text, where, penalty, getattr(error, "message", None) or error, more)

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

    def _give_up(self, promise: Promise) -> None:
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
_of_this_process: weakref.WeakSet[PoolCalls] = weakref.WeakSet()


def _start_over_in_child() -> None:
    for calls in list(_of_this_process):
        calls.start_over_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over_in_child)


def is_kept(connection: PooledConnection, error: BaseException) -> bool:
    """Whether a connection can make another call after one has raised this."""
    if stays_open(error):
        return True
    # Arguments that do not fit: nothing was begun.
    return isinstance(error, TypeError) and not connection.has_arrived()


def make_seen(seen: Call, connection: PooledConnection, options: PoolOptions) -> Steps[Any]:
    """Make a call that somebody looks at."""
    from fastthrift._calls.observed import attached

    with attached(seen, connection.client):
        return (yield connection.making(options)(seen.method, *seen.args, **seen.kwargs))


def end_of_call(options: PoolOptions, now: float) -> float | None:
    """When a call that starts now has its end."""
    timeout = options.timeout
    at = current_deadline()
    if timeout is None:
        return at
    timeout += now
    return timeout if at is None or timeout < at else at


class PoolFace(ABC):
    """A pool as programs see it: the methods of a service, by whichever driver."""

    def __init__(
        self,
        service: Any,
        url: Any,
        *more: NoReturn,
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
        middleware: Iterable[Middleware] = (),
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``url`` is like ``tcp://host:9090?protocol=compact&transport=framed``, or a list of
        such, which take turns; ``fastthrift.urls`` tells all that it may be.

        Times are in seconds, None for any time. ``timeout`` is that of a call as a whole: waiting
        for one of the ``size`` connections (no longer than ``checkout_timeout``), finding the
        addresses of a name and connecting (each no longer than ``connect_timeout``) and further
        attempts included; a
        ``fastthrift.deadline`` may make it shorter. A connection that was idle for ``max_idle``, or
        is older than ``max_age``, is not used again. An idempotent call is made ``retries`` more
        times at most. ``proto_factory`` and ``trans_factory`` take the place of what the URL says;
        ``ssl_context`` is for ``tls`` and ``https``. ``middleware`` stands around each call, with
        all its attempts (see ``fastthrift.hooks``). ``name`` is what errors call the pool.
        ``headers`` go with each call, over THeader and HTTP.

        Raises ``ValueError`` and ``TypeError`` for options that are none, for headers where the
        transport has none, and for a context where no URL is of encrypted connections.
        """
        user = type(self).__name__
        check_service(service, user)
        if more:
            where = host_and_port(url, more[0]) if isinstance(more[0], int) else "host:9090"
            raise TypeError(
                f"{user} takes a service and a url, or a list of urls, and options by name: a host "
                f"and a port are 'tcp://{where}'"
            )
        options = PoolOptions(
            size=size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            checkout_timeout=checkout_timeout,
            max_idle=max_idle,
            max_age=max_age,
            idempotent=idempotent,  # type: ignore[arg-type]
            retries=retries,
            headers=text_of(headers),
        )
        self._service = service
        self._options = with_methods(service, options)
        self._around: Answer | None = None
        if middleware:
            from fastthrift._calls.observed import through

            self._around = through(middleware)
        made_of = proto_factory, trans_factory, ssl_context, check_seqid
        self._calls = self._driver(service, self._options, url, made_of)
        self._calls.name = name
        self._tell_of_hidden()

    def _tell_of_hidden(self) -> None:
        warn_of_hidden(self, self._service)

    @abstractmethod
    def _driver(self, service: Any, options: PoolOptions, url: Any, made_of: Any) -> PoolCalls:
        """What makes the calls."""

    @abstractmethod
    def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        """Make a call, or give what is to be awaited."""

    def __getattr__(self, name: str) -> ServiceMethod:
        service = self.__dict__.get("_service")
        if service is None:
            # __init__ has not run on it.
            raise AttributeError(f"{type(self).__name__} instance has no attribute {name!r}")
        if name not in service.thrift_services:
            name = method_of(self, service, name)
        return ServiceMethod(self._call, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._service.thrift_services]

    def __repr__(self) -> str:
        where = ", ".join(map(str, self._calls.addresses))
        return f"<{type(self).__name__} of {self._service.__name__} at {where}>"

    def __copy__(self) -> Self:
        return self.with_options()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{self!r} cannot be pickled: its connections are those of this process. Make a pool "
            "in each process; what is forked has connections of its own by itself"
        )

    def with_options(self, **options: Any) -> Self:
        """The pool with other options, and the same connections: ``timeout``,
        ``checkout_timeout``, ``idempotent`` or ``retries``."""
        other = type(self).__new__(type(self))
        other._service, other._calls, other._around = self._service, self._calls, self._around
        other._options = options_of_view(self._service, self._options, options)
        return other

    def with_fields(self, *paths: str | Selection) -> Self:
        """The pool with the same connections, whose results have the fields at ``paths`` only, as
        ``fastthrift.select`` takes them: all else in a reply is passed over. It has the methods
        that answer with such fields; raises ``ValueError`` where there is none."""
        other = self.with_options()
        other._service = with_fields(self._service, paths)
        other._options = replace(self._options, selected=other._service)
        return other

    def stats(self) -> dict[str, int]:
        """How many connections are ``open``, ``busy`` and ``idle``, and how often there were
        ``connects``, ``reconnects`` (a dead connection was replaced), ``retries`` and
        ``timeouts``."""
        return self._calls.stats()


# What a face asks for, by its driver: attributes of it would hide methods of the service.


def call_seen(
    pool: PoolFace, options: PoolOptions, go: Any, api: str, args: Any, kwargs: Any
) -> Steps[Any]:
    """Make a call of a pool that somebody may look at; ``go`` goes through steps."""
    straight = pool._calls.call

    def attempts(seen: Call) -> Any:
        return go(straight(options, seen.method, seen.args, seen.kwargs, seen=seen))

    return _seen_or_not(
        pool, options, api, args, kwargs, attempts, lambda: straight(options, api, args, kwargs)
    )


def _seen_or_not(
    pool: PoolFace,
    options: PoolOptions,
    api: str,
    args: Any,
    kwargs: Any,
    attempts: Callable[[Call], Any],
    straight: Callable[[], Steps[Any]],
) -> Steps[Any]:
    """Make a call by ``attempts`` where somebody looks at it, and ``straight`` elsewhere."""
    from fastthrift._calls.observed import is_observed, new_call, observe

    if not is_observed(pool._around):
        return straight()
    seen = new_call(pool._service, api, args, kwargs)
    seen.deadline = end_of_call(options, clock())
    return observe(seen, pool._around, attempts)


def take_connection(pool: PoolFace, go: Any) -> Steps[OneConnection]:
    """Take one connection of a pool for several calls, whose steps ``go`` goes through."""
    at = end_of_call(pool._options, clock())
    connection = yield from pool._calls.checkout(pool._options, at, "client")
    return OneConnection(pool, _Block(connection, go))


def give_connection_back(one: OneConnection) -> None:
    """Give it back."""
    calls, block = one._pool._calls, one._block
    block.is_over = True
    if block.failed:
        calls.remove(block.connection)
    else:
        calls.give_back(block.connection)


def close(pool: PoolFace) -> None:
    """Close the connections of a pool."""
    pool._calls.close()


def _time_to_find(options: PoolOptions, at: float | None) -> tuple[float | None, bool]:
    """How long the addresses of a name are looked for, in seconds, None for any time; and whether
    the call has its end then."""
    patience = options.connect_timeout
    left = None if at is None else max(at - clock(), 0.0)
    ends_call = left is not None and (patience is None or left <= patience)
    return (left if ends_call else patience), ends_call


def _no_address(url: Any, seconds: float | None, *, ends_call: bool) -> str:
    """What is said of a name that had no address within its time."""
    if ends_call:
        why = "the deadline is over, and no address was found until then"
    else:
        why = f"no address was found within {(seconds or 0) * 1000:g} ms"
    return not_connected(url, why)


class _Block:
    """A connection while a block has it, through one object or several."""

    def __init__(self, connection: PooledConnection, go: Any) -> None:
        self.connection = connection
        #: The driver, which goes through steps.
        self.go = go
        self.failed = False
        self.is_over = False


class OneConnection:
    """The calls of a block, on one connection. After the block, in a forked child and in another
    event loop they raise ``TTransportException`` of type ``NOT_OPEN``: the connection is somebody
    else's.

    ``with_fields("name", "people.age")`` is one on the same connection whose results have these
    fields only. A method of the service that is called so comes first.
    """

    def __init__(self, pool: PoolFace, block: _Block) -> None:
        self._pool = pool
        self._service = pool._service
        self._block = block

    def __getattr__(self, name: str) -> Any:
        service = self._service
        if name == "with_fields" and name not in service.thrift_services:
            return self._with_fields
        return ServiceMethod(self._call, method_of(self, service, name))

    def _with_fields(self, *paths: str | Selection) -> OneConnection:
        return OneConnection(self._pool.with_fields(*paths), self._block)

    def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        pool = self._pool
        options = pool._options
        if kwargs:
            options = options_of_call(pool._service, options, _api, kwargs)

        def straight() -> Steps[Any]:
            return self._steps(options, _api, args, kwargs)

        if not watch.is_on:
            return self._block.go(straight())

        def seen_steps(seen: Call) -> Any:
            return self._block.go(self._steps(options, seen.method, seen.args, seen.kwargs, seen))

        return self._block.go(_seen_or_not(pool, options, _api, args, kwargs, seen_steps, straight))

    def _steps(
        self, options: PoolOptions, api: str, args: Any, kwargs: Any, seen: Call | None = None
    ) -> Steps[Any]:
        connection = self._block.connection
        self._require_connection(api)
        now = clock()
        at = end_of_call(options, now)
        end_at(connection.bound, at)
        try:
            if at is not None and now >= at:
                raise out_of_time(self._pool._service, api, peer_of(connection.client._iprot.trans))
            if seen is not None:
                return (yield from make_seen(seen, connection, options))
            return (yield connection.making(options)(api, *args, **kwargs))
        except BaseException as error:
            self._block.failed = self._block.failed or not is_kept(connection, error)
            self._pool._calls.note_client(error, api)
            raise

    def _require_connection(self, api: str) -> None:
        calls = self._pool._calls
        if self._block.is_over:
            why = "its block has ended, and the connection may be somebody else's"
        elif self._block.connection.slot not in calls.shelf.busy:
            why = "its connection is that of another process or event loop"
        else:
            return
        service = self._pool._service
        error = TTransportException(
            TTransportException.NOT_OPEN,
            f"{service.__name__}.{api}() was not sent: what client() has given is for its block, "
            f"and {why}; enter another one, or call the pool",
        )
        describe(error, service, api, calls.only_peer(), sent=False)
        raise calls.named(error)
