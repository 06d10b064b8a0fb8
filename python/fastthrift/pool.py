"""A pool of clients, which a program makes once and calls from everywhere.

It is an object with the methods of a service::

    calculator = fastthrift.ClientPool(idl.Calculator, "tcp://rpc:9090?transport=framed")

    calculator.add(1, 2)

The asyncio twin is ``fastthrift.contrib.aio.pool``; the rules of both are in ``_calls.pooling``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastthrift._calls.connecting import connect
from fastthrift._calls.deadlines import clock, current_deadline, sooner, until
from fastthrift._calls.pooling import (
    Addresses,
    Attempts,
    Connection,
    PoolOptions,
    Shelf,
    error_was_sent,
    idempotent_methods,
    note_unsent,
    stays_open,
)
from fastthrift._calls.services import check_service, find_keyword_method, no_such_attribute
from fastthrift._calls.steps import run
from fastthrift._calls.transports import layers
from fastthrift.thrift import TClient
from fastthrift.transport import TSocket
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout
from fastthrift.urls import ServiceURL, parse

if TYPE_CHECKING:
    import ssl

    from typing_extensions import Self

__all__ = ["ClientPool"]


class ClientPool:
    """Clients of one service, shared by threads, greenlets and forked workers.

    Nothing is connected before the first call. A call takes the connection that was used last;
    one that the server has closed meanwhile is replaced without a word. A call that was not sent
    as a whole is made again, at each address in turn; one that was sent runs a second time only
    where its method is idempotent: named by ``idempotent``, or annotated
    ``(idempotent = "true")`` in the IDL. After declared exceptions a connection is kept, after any
    other failure it is closed.
    """

    def __init__(
        self,
        service: Any,
        url: str | ServiceURL | Sequence[str | ServiceURL],
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
        ssl_context: ssl.SSLContext | None = None,
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
        urls = [url] if isinstance(url, (str, ServiceURL)) else list(url)
        if not urls:
            raise ValueError("a pool needs the url of a service, or several")
        self._options = PoolOptions(
            size=size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            checkout_timeout=checkout_timeout,
            max_idle=max_idle,
            max_age=max_age,
            idempotent=idempotent_methods(service, PoolOptions(idempotent=idempotent).idempotent),  # type: ignore[arg-type]
            retries=retries,
        )
        self._service = service
        self._held = _Held(
            size,
            Addresses([each if isinstance(each, ServiceURL) else parse(each) for each in urls]),
            (proto_factory, trans_factory, ssl_context, check_seqid),
        )

    def __getattr__(self, name: str) -> functools.partial[Any]:
        # `_service` is missing on an object that __init__ has not run on.
        if name == "_service":
            raise AttributeError(f"{type(self).__name__} instance has no attribute {name!r}")
        return functools.partial(self._call, _method(self, self._service, name))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._service.thrift_services]

    def __repr__(self) -> str:
        where = ", ".join(map(str, self._held.addresses))
        return f"<{type(self).__name__} of {self._service.__name__} at {where}>"

    def with_options(self, **options: Any) -> ClientPool:
        """The pool with other options, and the same connections: ``timeout``,
        ``checkout_timeout``, ``idempotent`` or ``retries``."""
        allowed = {"timeout", "checkout_timeout", "idempotent", "retries"}
        if unknown := sorted(options.keys() - allowed):
            raise TypeError(
                f"with_options() has no option {unknown[0]!r}: there are "
                f"{', '.join(sorted(allowed))}"
            )
        if "idempotent" in options:
            options["idempotent"] = idempotent_methods(
                self._service, PoolOptions(idempotent=options["idempotent"]).idempotent
            )
        other = type(self).__new__(type(self))
        other._service, other._held = self._service, self._held
        other._options = dataclasses.replace(self._options, **options)
        return other

    @contextlib.contextmanager
    def client(self) -> Iterator[_OneConnection]:
        """One connection for the calls of a ``with`` block: an object with the methods of the
        service. No call is made twice, and after one that failed the connection is closed."""
        connection = self._held.checkout(self._service, self._options, self._until(), "client")
        one = _OneConnection(self, connection)
        try:
            yield one
        finally:
            self._held.give_back(connection, keep=not one._failed)

    def stats(self) -> dict[str, int]:
        """How many connections are ``open``, ``busy`` and ``idle``, and how often there were
        ``connects``, ``reconnects`` (a dead connection was replaced), ``retries`` and
        ``timeouts``."""
        with self._held.lock():
            return self._held.shelf.stats()

    def close(self) -> None:
        """Close the connections, busy ones at the end of their call. Later calls raise
        ``TTransportException`` of type ``NOT_OPEN``."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until(self) -> float | None:
        """When a call that starts now has its end."""
        timeout = self._options.timeout
        return sooner(None if timeout is None else clock() + timeout, current_deadline())

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        held, options, at = self._held, self._options, self._until()
        attempts = Attempts(options, _api, len(held.addresses))
        while True:
            connection = held.checkout(self._service, options, at, _api)
            is_new = connection.is_new
            try:
                return held.call(connection, at, _api, args, kwargs)
            except (TTransportException, OSError) as error:
                in_time = at is None or clock() < at
                if not attempts.has_another(error, is_new=is_new, in_time=in_time):
                    held.count("timeouts", isinstance(error, TimeoutError))
                    raise
                held.count("retries" if is_new or error_was_sent(error) else "reconnects")


class _OneConnection:
    """The calls of a block, on one connection."""

    def __init__(self, pool: ClientPool, connection: Connection) -> None:
        self._pool = pool
        self._service = pool._service
        self._connection = connection
        self._failed = False

    def __getattr__(self, name: str) -> functools.partial[Any]:
        return functools.partial(self._call, _method(self, self._service, name))

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        at = self._pool._until()
        try:
            with until(at):
                return getattr(self._connection.client, _api)(*args, **kwargs)
        except BaseException as error:
            self._failed = self._failed or not _is_kept(self._connection, error)
            raise


class _Held:
    """What a pool and those with other options share: the connections, and who waits for one."""

    def __init__(
        self, size: int, addresses: Addresses[ServiceURL], made_of: tuple[Any, Any, Any, bool]
    ) -> None:
        self.addresses = addresses
        self._made_of = made_of
        self.shelf = Shelf(size)
        _of_this_process.add(self)

    def lock(self) -> threading.Condition:
        """The lock around all of it."""
        condition: threading.Condition | None = self.__dict__.get("_condition")
        if condition is None:
            # Not before the first use: gevent may have put its own in place by then.
            condition = self.__dict__.setdefault("_condition", threading.Condition())
        return condition

    def start_over_in_child(self) -> None:
        """Forget everything in a forked child: its parent has the connections, and a thread that
        the child does not have may hold the lock."""
        inherited, self.shelf = self.shelf, Shelf(self.shelf.size)
        self.__dict__.pop("_condition", None)
        for connection in (*inherited.idle, *inherited.busy):
            _abandon(connection.client)

    def count(self, what: str, happened: bool = True) -> None:
        if happened:
            with self.lock():
                self.shelf.counts[what] += 1

    def checkout(
        self, service: Any, options: PoolOptions, at: float | None, api: str
    ) -> Connection:
        """A connection, which may be a new one."""
        while True:
            connection = self._take_or_promise(service, options, at, api)
            if connection is None:
                return self._new(service, options, at)
            if not _has_arrived(connection.client):
                return connection
            # Closed by the server, or with an answer that nobody waits for.
            self.give_back(connection, keep=False)
            self.count("reconnects")

    def _take_or_promise(
        self, service: Any, options: PoolOptions, at: float | None, api: str
    ) -> Connection | None:
        """An idle connection, or None for the right to make one."""
        patience = options.checkout_timeout
        end = sooner(None if patience is None else clock() + patience, at)
        with (condition := self.lock()):
            while True:
                shelf = self.shelf
                if shelf.closed:
                    raise note_unsent(
                        TTransportException(TTransportException.NOT_OPEN, "The pool is closed")
                    )
                for old in shelf.take_old(options, clock()):
                    _close(old.client)
                if connection := shelf.take():
                    return connection
                if shelf.promise():
                    return None
                left = None if end is None else end - clock()
                if left is not None and left <= 0:
                    kind = DeadlineExceeded if end == at else TTransportTimeout
                    raise note_unsent(
                        kind(
                            message=f"{service.__name__}.{api}() was not sent: all {shelf.size} "
                            "connections of the pool are busy (size, checkout_timeout)"
                        )
                    )
                condition.wait(left)

    def _new(self, service: Any, options: PoolOptions, at: float | None) -> Connection:
        """Connect, with a slot that was promised, to the first address that can be reached."""
        others = len(self.addresses) - 1
        while True:
            with self.lock():
                url = self.addresses.choose(clock())
            try:
                client = self._connect(service, url, options, at)
            except BaseException as error:
                in_time = at is None or clock() < at
                is_lost = isinstance(error, (TTransportException, OSError))
                goes_on = others > 0 and is_lost and in_time
                others -= 1
                with (condition := self.lock()):
                    self.addresses.note(url, clock(), failed=True)
                    if not goes_on:
                        self.shelf.give_up_promise()
                        condition.notify()
                if not goes_on:
                    note_unsent(error)
                    raise
                self.count("retries")
            else:
                with self.lock():
                    self.addresses.note(url, clock(), failed=False)
                    return self.shelf.add(Connection(client, url, clock()))

    def _connect(
        self, service: Any, url: ServiceURL, options: PoolOptions, at: float | None
    ) -> TClient:
        proto_factory, trans_factory, ssl_context, check_seqid = self._made_of
        parts = (
            TClient,
            service,
            _socket(url, options, at, ssl_context),
            proto_factory or url.protocol_factory(),
            trans_factory or url.transport_factory(),
        )
        with contextlib.ExitStack() as closing:
            client: TClient = run(connect(closing, *parts, check_seqid=check_seqid))
            closing.pop_all()
            return client

    def call(
        self, connection: Connection, at: float | None, api: str, args: Any, kwargs: Any
    ) -> Any:
        """Make a call on a connection, and give that back."""
        keep = False
        try:
            with until(at):
                value = getattr(connection.client, api)(*args, **kwargs)
            keep = True
            return value
        except Exception as error:
            keep = _is_kept(connection, error)
            if connection.is_new and isinstance(error, (TTransportException, OSError)):
                with self.lock():
                    self.addresses.note(connection.url, clock(), failed=True)
            raise
        finally:
            self.give_back(connection, keep=keep)

    def give_back(self, connection: Connection, *, keep: bool) -> None:
        """The connection is not used any more by whoever has it."""
        with (condition := self.lock()):
            if keep:
                keep = self.shelf.put_back(connection, clock())
            else:
                self.shelf.remove(connection)
            condition.notify()
        if not keep:
            _close(connection.client)

    def close(self) -> None:
        with (condition := self.lock()):
            self.shelf.closed = True
            idle = self.shelf.take_all()
            condition.notify_all()
        for connection in idle:
            _close(connection.client)


def _socket(
    url: ServiceURL, options: PoolOptions, at: float | None, ssl_context: ssl.SSLContext | None
) -> Any:
    """What a client at an address is over, which is not open yet."""

    def milliseconds(seconds: float | None) -> float | None:
        return None if seconds is None else seconds * 1000

    times = {
        "socket_timeout": milliseconds(options.timeout),
        "connect_timeout": milliseconds(options.connect_timeout),
    }
    if url.scheme in ("http", "https"):
        from fastthrift.http import THttpClient

        context = None if ssl_context is None else lambda: ssl_context
        return THttpClient(str(url), milliseconds(options.timeout), context, keep_alive=True)
    if url.scheme == "tls":
        from fastthrift.transport.sslsocket import TSSLSocket

        sock: TSocket = TSSLSocket(url.host, url.port, ssl_context=ssl_context, **times)  # type: ignore[arg-type]
    elif url.scheme == "unix":
        sock = TSocket(unix_socket=url.path, **times)  # type: ignore[arg-type]
    else:
        sock = TSocket(url.host, url.port, **times)  # type: ignore[arg-type]
    sock.deadline = at
    return sock


def _method(caller: Any, service: Any, name: str) -> str:
    """The method of a service that an attribute means."""
    if name in service.thrift_services:
        return name
    api = find_keyword_method(service, name)
    if api is None:
        raise no_such_attribute(caller, name)
    return api


def _is_kept(connection: Connection, error: BaseException) -> bool:
    """Whether a connection can make another call after one has raised this."""
    if stays_open(error):
        return True
    # Arguments that do not fit: nothing was begun.
    return isinstance(error, TypeError) and not _has_arrived(connection.client)


def _has_arrived(client: TClient) -> bool:
    for layer in layers(client._iprot.trans):
        pending = getattr(layer, "pending", None)
        if pending is not None and pending():
            return True
        if hasattr(layer, "has_arrived"):
            return bool(layer.has_arrived())
    return False


def _close(client: TClient) -> None:
    with contextlib.suppress(OSError, TTransportException):
        client.close()


def _abandon(client: TClient) -> None:
    """Drop a connection that belongs to the parent of this process, and say nothing on it."""
    for layer in layers(client._iprot.trans):
        if hasattr(layer, "abandon"):
            layer.abandon()
            return
    _close(client)


# What a forked child has to forget.
_of_this_process: weakref.WeakSet[_Held] = weakref.WeakSet()


def _start_over_in_child() -> None:
    for held in list(_of_this_process):
        held.start_over_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over_in_child)
