"""The rules of a pool of clients: which connection is next, which one stays, and when a call that
has failed is made again.

Nothing here waits, connects or locks. A driver does, for threads or for asyncio: it takes a
connection from the `Shelf` or the right to make one, makes the call, and asks `Attempts` what a
failure means.
"""

from __future__ import annotations

import contextlib
import math
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from fastthrift._calls.deadlines import LONGEST, check_limit
from fastthrift._calls.selected import view_of
from fastthrift._calls.services import is_given_timeout
from fastthrift._calls.transports import find_layer
from fastthrift._exceptions import TApplicationException, TDecodeException, TException
from fastthrift.protocol.exc import TProtocolException
from fastthrift.transport.base import TTransportException

# What an address is, is the driver's matter.
Where = TypeVar("Where", bound=Hashable)

# How long an address that failed is passed over, in seconds: twice as long each time.
_FIRST_PENALTY = 0.5
_LONGEST_PENALTY = 10.0
# How many addresses are remembered: names may get ever new ones.
_MOST_REMEMBERED = 1000


#: What a view of a pool may have otherwise.
VIEW_OPTIONS = ("checkout_timeout", "idempotent", "retries", "timeout")


@dataclass(frozen=True)
class PoolOptions:
    """What a pool was told; times are in seconds, None for no limit."""

    size: int = 16
    timeout: float | None = 3.0
    connect_timeout: float | None = 1.0
    checkout_timeout: float | None = None
    max_idle: float | None = 30.0
    max_age: float | None = 300.0
    idempotent: frozenset[str] = frozenset()
    retries: int = 1
    # The service, where results have some fields only.
    selected: Any = None
    # What goes with each call, where there is room for it.
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.idempotent, str):
            raise TypeError(
                f"idempotent is a list of methods, not {self.idempotent!r}: give a tuple of names"
            )
        object.__setattr__(self, "idempotent", frozenset(self.idempotent))
        if not (isinstance(self.size, int) and self.size > 0):
            raise ValueError(f"size must be a number of connections above 0, not {self.size!r}")
        if not (isinstance(self.retries, int) and self.retries >= 0):
            raise ValueError(f"retries must be a number of times, not {self.retries!r}")
        for name in ("timeout", "connect_timeout", "checkout_timeout", "max_idle", "max_age"):
            longest = LONGEST if name.endswith("timeout") else math.inf
            check_limit(name, getattr(self, name), longest=longest)


def options_of_view(service: Any, options: PoolOptions, changes: dict[str, Any]) -> PoolOptions:
    """A pool's options with others in place of some. Raises ``TypeError`` for what cannot be
    changed, or is no option."""
    if unknown := sorted(changes.keys() - set(VIEW_OPTIONS)):
        raise TypeError(
            f"with_options() has no option {unknown[0]!r}: there are {', '.join(VIEW_OPTIONS)}"
        )
    return with_methods(service, replace(options, **changes))


def options_of_call(
    service: Any, options: PoolOptions, api: str, kwargs: dict[str, Any]
) -> PoolOptions:
    """A pool's options for a call that may be given ``timeout=``, which is taken out of its
    arguments then. Raises ``ValueError`` for no number of seconds above 0."""
    if is_given_timeout(service, api, kwargs):
        return replace(options, timeout=kwargs.pop("timeout"))
    return options


def with_methods(service: Any, options: PoolOptions) -> PoolOptions:
    """A pool's options with all methods of a service that may run twice."""
    return replace(options, idempotent=idempotent_methods(service, options.idempotent))


def idempotent_methods(service: Any, named: Iterable[str]) -> frozenset[str]:
    """The methods that may run twice: those ``named``, and those of the IDL that are annotated
    ``(idempotent = "true")``. Raises ``ValueError`` for a name that is no method."""
    methods = set(service.thrift_services)
    if unknown := sorted(set(named) - methods):
        raise ValueError(f"{service.__name__} has no method {unknown[0]}, which is idempotent")
    annotated = {
        name
        for cls in service.__mro__
        for name, annotations in vars(cls).get("__thrift_function_annotations__", {}).items()
        if str(annotations.get("idempotent", "")).lower() in ("true", "1")
    }
    return frozenset(named) | (annotated & methods)


def stays_open(error: BaseException) -> bool:
    """Whether a connection is kept after a call that has raised this: where it is an exception
    that the service declares. Afterwards nobody knows what else comes on it."""
    return isinstance(error, TException) and not isinstance(
        error, (TTransportException, TProtocolException, TDecodeException, TApplicationException)
    )


def fair_end(at: float, now: float, retries: int) -> float:
    """When an attempt has its end that leaves as much time to each of ``retries`` more until
    ``at``: a peer that hangs does not take all of it."""
    return now + (at - now) / (retries + 1) if retries > 0 else at


class Attempts:
    """The attempts to make one call."""

    def __init__(self, options: PoolOptions, api: str, addresses: int, at: float | None) -> None:
        """``addresses`` is how many there are, ``at`` when the call has its end."""
        self.api = api
        self.at = at
        self._is_idempotent = api in options.idempotent
        self._retries = options.retries
        self._addresses = addresses

    def has_another(self, error: BaseException, now: float, *, is_new: bool) -> bool:
        """Whether the call is made again after a failure on a connection, which ``is_new`` or has
        made calls.

        What was not sent did not run: on a connection that turns out to be dead nobody notices,
        and with a new one each address has its turn. What was sent, or took too long, runs again
        where the method is idempotent.
        """
        if self.is_over(now) or not isinstance(error, (TTransportException, OSError)):
            return False
        took_too_long = isinstance(error, TimeoutError) and not was_unreachable(error)
        if error_was_sent(error) or took_too_long:
            if not self._is_idempotent or self._retries <= 0:
                return False
            self._retries -= 1
            return True
        if is_new:
            self._addresses -= 1
        return self._addresses > 0

    def end_of_next(self, now: float, *, has_others: bool) -> float | None:
        """When the next attempt has its end: `fair_end`, where it may be made again elsewhere."""
        if self.at is None or not has_others or not self._is_idempotent:
            return self.at
        return fair_end(self.at, now, self._retries)

    def is_over(self, now: float) -> bool:
        """Whether the time of the call is up."""
        return self.at is not None and now >= self.at


def error_was_sent(error: BaseException) -> bool:
    """Whether the request of a call that failed may have run: unless it is known not to."""
    return getattr(error, "request_sent", None) is not False


def was_unreachable(error: BaseException) -> bool:
    """Whether a call has failed because nothing was reached that it could be sent to."""
    return isinstance(error, TTransportException) and error.type == TTransportException.NOT_OPEN


E = TypeVar("E", bound=BaseException)


def note_unsent(error: E) -> E:
    """Say of an error that nothing was sent before it; returns it."""
    # One that takes no attributes is none of a connection.
    with contextlib.suppress(AttributeError):
        error.request_sent = False  # type: ignore[attr-defined]
    return error


class Penalties:
    """Addresses that have failed, which are passed over for a while: those of URLs, and those
    that the name in a URL has."""

    def __init__(self) -> None:
        # Since when an address is to be tried again, and how long it was passed over.
        self._penalties: dict[Hashable, tuple[float, float]] = {}

    def over(self, address: Hashable, now: float) -> float:
        """When it is to be tried again: now, where it has not failed."""
        known = self._penalties.get(address)
        return now if known is None else max(known[0], now)

    def note(self, address: Hashable, now: float, *, failed: bool) -> float | None:
        """Remember how it went with an address; for how long it is passed over, in seconds."""
        if not failed:
            self._penalties.pop(address, None)
            return None
        if len(self._penalties) > _MOST_REMEMBERED:
            self._penalties = {
                each: known for each, known in self._penalties.items() if known[0] > now
            }
        until, before = self._penalties.get(address, (now, 0.0))
        # Many calls that fail at once, as a host goes down, are one failure.
        is_passed_over = until > now
        penalty = (
            before if is_passed_over else min(max(2 * before, _FIRST_PENALTY), _LONGEST_PENALTY)
        )
        self._penalties[address] = (now + penalty, penalty)
        return penalty


class Addresses(Penalties, Generic[Where]):
    """Where a service is: they take turns, and one that fails is passed over for a while."""

    def __init__(self, urls: Sequence[Where]) -> None:
        super().__init__()
        self._urls = list(urls)
        self._next = 0
        # When an address of a name had its last turn.
        self._turn = 0
        self._tried: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._urls)

    def __iter__(self) -> Iterator[Where]:
        return iter(self._urls)

    def choose(self, now: float) -> Where:
        """The next address; where all have failed, the one that is soonest to be tried again."""
        count = len(self._urls)
        turns = [self._urls[(self._next + step) % count] for step in range(count)]
        chosen = min(turns, key=lambda url: self.over(url, now))
        self._next = (self._urls.index(chosen) + 1) % count
        return chosen

    def in_turn(self, url: Where, found: Sequence[Any], now: float) -> list[Any]:
        """The addresses that the name in a URL has, the next one first: those of the family that
        the system prefers take turns, others are for when these fail, and so are those that have
        failed already."""
        family = found[0][0]
        return sorted(
            found,
            key=lambda each: (
                self.over((url, each), now),
                each[0] != family,
                self._tried.get((url, each), 0),
            ),
        )

    def note_turn(self, place: Hashable) -> None:
        """An address of a name has its turn."""
        self._turn += 1
        if len(self._tried) > _MOST_REMEMBERED:
            self._tried.clear()
        self._tried[place] = self._turn


class Slot(weakref.ref[Any]):
    """A slot of a shelf, which is taken as long as there is whoever has it, a `PooledConnection` or
    a `Promise`; then ``free`` is called with it."""

    __slots__ = ("client",)

    # It stays in its set when what it is of is gone.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    #: That of the connection.
    client: Any


class Promise:
    """The right to make a connection, for whoever has this object."""

    __slots__ = ("__weakref__", "shelf", "slot")

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.slot = Slot(self, shelf.promised.discard)


class PooledConnection:
    """One of a pool, made by its driver."""

    __slots__ = (
        "__weakref__",
        "bound",
        "client",
        "idle_until",
        "is_new",
        "look",
        "lost",
        "make",
        "pending",
        "place",
        "shelf",
        "slot",
        "young_until",
    )

    def __init__(
        self, client: Any, place: Any, looks: tuple[Any, Any], young_until: float = math.inf
    ) -> None:
        """``looks`` are what `looks_at` gives; ``young_until`` is when it is too old."""
        self.client = client
        self.place = place
        # What a call needs, asked for once: how it is looked at, the way past what looks at calls
        # (which sees those of the pool), and what waits until a deadline.
        self.pending, self.look = looks
        self.make = client._req
        self.bound = find_layer(client._iprot.trans, "deadline") or _Unbound()
        client._rpc_state.is_pooled = True
        self.young_until = young_until
        # When it was idle for too long, or is too old.
        self.idle_until = young_until
        self.is_new = True
        # Its place among the busy ones of a shelf, which that is as long as it is busy, and what
        # closes it where nobody else has.
        self.shelf: Any = None
        self.slot: Any = None
        self.lost: Any = None

    def making(self, options: PoolOptions) -> Any:
        """What makes a call on it."""
        if options.selected is None:
            return self.make
        return view_of(self.client, options.selected)._req

    def has_arrived(self) -> bool:
        """Whether something has come on it between two calls, or its end."""
        return bool(self.pending() or self.look())


class _Unbound:
    """Stands for a transport that knows no deadlines."""

    deadline: float | None = None


def no_counts() -> dict[str, int]:
    """What has happened to a pool to which nothing has."""
    return dict.fromkeys(("connects", "reconnects", "retries", "timeouts"), 0)


class Waiter:
    """Who waits for a connection: what wakes it, and what it was given then."""

    __slots__ = ("given", "signal")

    def __init__(self, signal: Any) -> None:
        self.signal = signal
        self.given: PooledConnection | Promise | None = None

    def take(self) -> PooledConnection | Promise | None:
        """What it was given, once."""
        given, self.given = self.given, None
        return given


class Shelf:
    """The connections of a pool: idle ones, the last used on top, how many more there may be, and
    who waits for one.

    The driver holds a lock around each method, where it has threads.

    The slot of a connection that is busy or is being made is held by the `PooledConnection` or the
    `Promise`: when nothing refers to that any more, it is free, and the connection closed. So what
    interrupts a call between any two instructions (a signal handler that raises) costs a
    connection, and no slot; as long as the exception is kept, its traceback keeps the slot, too.
    """

    def __init__(
        self,
        size: int,
        max_idle: float | None = None,
        *,
        closing: Callable[[Slot], None] | None = None,
        counts: dict[str, int] | None = None,
    ) -> None:
        """``closing`` closes the client of a connection to which nothing refers any more; it must
        not refer to the shelf. ``counts`` are those of another one, and are continued."""
        self.size = size
        self.max_idle = math.inf if max_idle is None else max_idle
        self.closed = False
        # When the first of the idle ones is too old.
        self.idle_until = math.inf
        self.idle: list[PooledConnection] = []
        self.busy: set[Slot] = set()
        # Slots of connections that are being made.
        self.promised: set[Slot] = set()
        # Those who wait for a connection and have not been woken, who has waited for longest first.
        self.waiters: deque[Waiter] = deque()
        self.counts = no_counts() if counts is None else counts
        self._closing = closing

    @property
    def open(self) -> int:
        """How many connections there are, those that are being made among them."""
        return len(self.idle) + len(self.busy) + len(self.promised)

    def take(self, now: float) -> PooledConnection | None:
        """The idle connection that was used last, if there is any, and all are young; it is busy
        then."""
        if not self.idle or self.closed or now > self.idle_until:
            return None
        connection = self.idle.pop()
        self.busy.add(connection.slot)
        connection.shelf = self
        return connection

    def promise(self) -> Promise | None:
        """Reserve a slot for a new connection, where there is one."""
        if self.open >= self.size:
            return None
        promise = Promise(self)
        self.promised.add(promise.slot)
        return promise

    def add(self, connection: PooledConnection, promise: Promise) -> PooledConnection:
        """The promised connection was made, and is busy; returns it."""
        # What frees a slot is not interrupted: it is no Python.
        connection.slot = Slot(connection, self.busy.discard)
        connection.slot.client = connection.client
        if self._closing is not None:
            connection.lost = Slot(connection, self._closing)
            connection.lost.client = connection.client
        self.busy.add(connection.slot)
        connection.shelf = self
        self.promised.discard(promise.slot)
        self.counts["connects"] += 1
        return connection

    def give_up(self, promise: Promise) -> None:
        """The promised connection could not be made."""
        self.promised.discard(promise.slot)

    def busy_clients(self) -> list[Any]:
        """The clients of those that are busy."""
        return [slot.client for slot in list(self.busy)]

    def put_back(self, connection: PooledConnection, now: float) -> bool:
        """A call is over, and the connection may make another; false where it is to be closed."""
        try:
            self.busy.remove(connection.slot)
        except KeyError:
            return False  # of the parent of this forked child
        if self.closed:
            return False
        until = now + self.max_idle
        if until > connection.young_until:
            until = connection.young_until
        if until < self.idle_until or not self.idle:
            self.idle_until = until
        connection.idle_until = until
        connection.is_new = False
        # No circle: what nobody has any more is closed at once.
        connection.shelf = None
        self.idle.append(connection)
        return True

    def goes_on(self, connection: PooledConnection, now: float) -> bool:
        """A call is over, and the connection may make another at once; false where it is to be
        closed."""
        if self.closed or now > connection.young_until or connection.slot not in self.busy:
            return False
        connection.is_new = False
        return True

    def remove(self, connection: PooledConnection) -> None:
        """A connection is to be closed."""
        self.busy.discard(connection.slot)

    def take_old(self, now: float) -> list[PooledConnection]:
        """Take out the idle connections that are too old, or idle for too long, to be closed."""
        if now <= self.idle_until:
            return []
        old = [each for each in self.idle if now > each.idle_until]
        self.idle = [each for each in self.idle if now <= each.idle_until]
        self.idle_until = min((each.idle_until for each in self.idle), default=math.inf)
        return old

    def stop_waiting(self, waiter: Waiter) -> None:
        """One waits no more, who may have been woken."""
        with contextlib.suppress(ValueError):
            self.waiters.remove(waiter)

    def take_at(self, place: Any) -> list[PooledConnection]:
        """Take out the idle connections to an address."""
        taken = [each for each in self.idle if each.place == place]
        self.idle = [each for each in self.idle if each.place != place]
        return taken

    def take_all(self) -> list[PooledConnection]:
        """Take out all that are idle."""
        idle, self.idle = self.idle, []
        return idle

    def stats(self) -> dict[str, int]:
        """How many connections there are, and what has happened."""
        return {"open": self.open, "busy": len(self.busy), "idle": len(self.idle), **self.counts}
