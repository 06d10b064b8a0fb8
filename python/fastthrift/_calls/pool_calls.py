"""The calls of a pool: a connection is taken or made, the call made on it, and what it failed with
decides what becomes of both.

All that waits is a step, as in ``pool_exchange``.
"""

from __future__ import annotations

import logging
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastthrift._calls.connecting import connect_client
from fastthrift._calls.deadlines import clock, current_deadline, end_at
from fastthrift._calls.failures import add_description, describe, note_declared
from fastthrift._calls.headers import send_always
from fastthrift._calls.pool_exchange import PoolExchange
from fastthrift._calls.pooling import (
    Addresses,
    Attempts,
    PooledConnection,
    PoolOptions,
    Promise,
    error_was_sent,
    note_unsent,
    stays_open,
)
from fastthrift._calls.rate import Rates
from fastthrift._calls.transports import find_layer, looks_at
from fastthrift._exceptions import TApplicationException, TException
from fastthrift.protocol.exc import TEncodeException, TProtocolException
from fastthrift.transport._addresses import milliseconds, not_connected
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout

if TYPE_CHECKING:
    from fastthrift._calls.observed import Call
    from fastthrift._calls.steps import Steps

_logger = logging.getLogger("fastthrift.client")


class PoolCalls(PoolExchange):
    """The calls of a pool, over connections that it makes."""

    # The driver's ways.

    @abstractmethod
    def resolve(self, url: Any, seconds: float | None) -> Any:
        """A step that gives the addresses which the name in a URL has, as sockets connect to
        them. Raises ``TimeoutError`` where that takes more than ``seconds``, None for any time;
        ``OSError`` where there are none."""

    #: What is raised where that takes too long: for a connection, and for the call.
    timeout: type[TTransportTimeout] = TTransportTimeout
    deadline_exceeded: type[DeadlineExceeded] = DeadlineExceeded

    #: The classes of its clients and of their sockets, where factories are found (``urls.Home``),
    #: and whether a transport of these is put around a client of HTTP.
    client_class: Any
    socket_class: Any
    home: Any
    wraps_web: bool

    @abstractmethod
    def new_tls_socket(self, host: str, port: int, ssl_context: Any, **times: Any) -> Any:
        """A socket with TLS, where there is no context with the usual one."""

    @abstractmethod
    def new_web_client(self, url: Any, ssl_context: Any, headers: dict[str, str]) -> Any:
        """A transport over HTTP."""

    def __init__(
        self, service: Any, addresses: Addresses[Any], made_of: tuple[Any, Any, Any, bool]
    ) -> None:
        """``made_of`` are the factories of protocols and of transports, where those of the URL are
        not to be used, the context of TLS, and whether sequence ids are looked at."""
        super().__init__(service, addresses)
        self._made_of = made_of
        # How often it is logged that an address has failed.
        self._rates = Rates()

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
            taken = yield from self.take_or_promise(options, at, api)
            if isinstance(taken, Promise):
                return (yield from self._connect_to_any(taken, options, at, api))
            try:
                if not taken.has_arrived():
                    return taken
            except BaseException:
                self.remove(taken)
                raise
            self.remove_dead(taken)

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
            self.give_up(promise)
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
            return url, (yield from self.connect(url, found[0] if found else None, options, at))
        with self.made_lock or self.lock():
            turns = self.addresses.in_turn(url, found, clock())
        while True:
            address = turns.pop(0)
            place = url, address
            with self.made_lock or self.lock():
                self.addresses.note_turn(place)
            try:
                return place, (yield from self.connect(url, address, options, at))
            except (TTransportException, OSError) as error:
                self.note_failure(place, error)
                if not turns or not (at is None or clock() < at):
                    raise
                self.count("retries")

    def connect(self, url: Any, address: Any, options: PoolOptions, at: float | None) -> Steps[Any]:
        """A client at a URL, and at one of its addresses where they are known."""
        proto_factory, trans_factory, _, check_seqid = self._made_of
        # Its calls have deadlines.
        layer = self._unopened(url, options)
        layer.deadline = at
        layer.known_addresses = self.known_at(url, address)
        is_bare = url.is_web and not self.wraps_web
        client = yield from connect_client(
            self.client_class,
            self.service,
            layer,
            proto_factory or url.protocol_factory(self.home),
            None if is_bare else trans_factory or url.transport_factory(self.home),
            check_seqid=check_seqid,
            is_pooled=True,
        )
        send_always(client, options.headers)
        return client

    def known_at(self, url: Any, address: Any) -> list[Any] | None:
        """Where to connect to; None where that is not known."""
        return None if address is None else [address]

    def _unopened(self, url: Any, options: PoolOptions) -> Any:
        """What a client at a URL is over, which is not open yet."""
        ssl_context = self._made_of[2]
        if url.is_web:
            web = self.new_web_client(url, ssl_context, dict(options.headers))
            web.connect_timeout = options.connect_timeout
            return web
        times: dict[str, Any] = {
            "socket_timeout": None,
            "connect_timeout": milliseconds(options.connect_timeout),
        }
        if url.scheme == "unix":
            return self.socket_class(unix_socket=url.path, **times)
        if url.scheme == "tls":
            return self.new_tls_socket(url.host, url.port, ssl_context, **times)
        return self.socket_class(url.host, url.port, **times)

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
