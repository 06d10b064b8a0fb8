"""A pool of clients, which a program makes once and calls from everywhere.

It is an object with the methods of a service::

    calculator = fastthrift.ClientPool(idl.Calculator, "tcp://rpc:9090?transport=framed")

    calculator.add(1, 2)

The asyncio twin is ``fastthrift.contrib.aio.pool``; the rules of both are in ``_calls.pooling``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastthrift._calls.connecting import connect
from fastthrift._calls.deadlines import until
from fastthrift._calls.pool_calls import PoolCalls, end_of_call
from fastthrift._calls.pooling import (
    Addresses,
    Connection,
    PoolOptions,
    Shelf,
    options_of_view,
    with_methods,
)
from fastthrift._calls.services import check_service, method_of
from fastthrift._calls.steps import run
from fastthrift._calls.transports import has_arrived, layers
from fastthrift.thrift import TClient
from fastthrift.transport import TSocket
from fastthrift.transport.base import TTransportException
from fastthrift.urls import ServiceURL, parse_all

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
        self._calls = _InThreads(service, size, Addresses(parse_all(url)), made_of)

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

    @contextlib.contextmanager
    def client(self) -> Iterator[_OneConnection]:
        """One connection for the calls of a ``with`` block: an object with the methods of the
        service. No call is made twice, and after one that failed the connection is closed."""
        at = end_of_call(self._options)
        connection = run(self._calls.checkout(self._options, at, "client"))
        one = _OneConnection(self._calls, self._options, connection)
        try:
            yield one
        finally:
            self._calls.give_back(connection, keep=not one._failed)

    def stats(self) -> dict[str, int]:
        """How many connections are ``open``, ``busy`` and ``idle``, and how often there were
        ``connects``, ``reconnects`` (a dead connection was replaced), ``retries`` and
        ``timeouts``."""
        return self._calls.stats()

    def close(self) -> None:
        """Close the connections, busy ones at the end of their call. Later calls raise
        ``TTransportException`` of type ``NOT_OPEN``."""
        self._calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        return run(self._calls.call(self._options, _api, args, kwargs))


class _OneConnection:
    """The calls of a block, on one connection."""

    def __init__(self, calls: PoolCalls, options: PoolOptions, connection: Connection) -> None:
        self._calls = calls
        self._options = options
        self._connection = connection
        self._failed = False

    def __getattr__(self, name: str) -> functools.partial[Any]:
        return functools.partial(self._call, method_of(self, self._calls.service, name))

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        try:
            with until(end_of_call(self._options)):
                return self._calls.invoke(self._connection.client, _api, args, kwargs)
        except BaseException as error:
            self._failed = self._failed or not self._calls.is_kept(self._connection, error)
            raise


class _InThreads(PoolCalls):
    """How threads, and greenlets in their place, use a pool."""

    def __init__(
        self,
        service: Any,
        size: int,
        addresses: Addresses[ServiceURL],
        made_of: tuple[Any, Any, ssl.SSLContext | None, bool],
    ) -> None:
        super().__init__(service, size, addresses)
        self._made_of = made_of
        _of_this_process.add(self)

    def lock(self) -> threading.Condition:
        condition: threading.Condition | None = self.__dict__.get("_condition")
        if condition is None:
            # Not before the first use: gevent may have put its own in place by then.
            condition = self.__dict__.setdefault("_condition", threading.Condition())
        return condition

    def wait(self, seconds: float | None) -> bool:
        return self.lock().wait(seconds)

    def wake(self, *, everybody: bool = False) -> None:
        if everybody:
            self.lock().notify_all()
        else:
            self.lock().notify()

    def connect(self, url: ServiceURL, options: PoolOptions, at: float | None) -> TClient:
        proto_factory, trans_factory, ssl_context, check_seqid = self._made_of
        parts = (
            TClient,
            self.service,
            _socket(url, options, at, ssl_context),
            proto_factory or url.protocol_factory(),
            trans_factory or url.transport_factory(),
        )
        with contextlib.ExitStack() as closing:
            client: TClient = run(connect(closing, *parts, check_seqid=check_seqid))
            closing.pop_all()
            return client

    def invoke(self, client: Any, api: str, args: Any, kwargs: Any) -> Any:
        return getattr(client, api)(*args, **kwargs)

    def has_arrived(self, client: Any) -> bool:
        trans = client._iprot.trans
        return has_arrived(trans) or any(
            layer.pending() for layer in layers(trans) if hasattr(layer, "pending")
        )

    def close_client(self, client: Any) -> None:
        with contextlib.suppress(OSError, TTransportException):
            client._iprot.trans.close()

    def start_over_in_child(self) -> None:
        """Forget everything in a forked child: its parent has the connections, and a thread that
        the child does not have may hold the lock."""
        inherited, self.shelf = self.shelf, Shelf(self.shelf.size)
        self.__dict__.pop("_condition", None)
        for connection in (*inherited.idle, *inherited.busy):
            self._abandon(connection.client)

    def _abandon(self, client: Any) -> None:
        """Drop a connection of the parent, and say nothing on it."""
        for layer in layers(client._iprot.trans):
            if hasattr(layer, "abandon"):
                layer.abandon()
                return
        self.close_client(client)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _socket(
    url: ServiceURL, options: PoolOptions, at: float | None, ssl_context: ssl.SSLContext | None
) -> Any:
    """What a client at an address is over, which is not open yet. Its calls have deadlines."""
    times: dict[str, Any] = {
        "socket_timeout": None,
        "connect_timeout": _milliseconds(options.connect_timeout),
    }
    if url.scheme in ("http", "https"):
        from fastthrift.http import THttpClient

        context = None if ssl_context is None else lambda: ssl_context
        return THttpClient(str(url), _milliseconds(options.timeout), context, keep_alive=True)
    if url.scheme == "tls":
        from fastthrift.transport.sslsocket import TSSLSocket

        sock: TSocket = TSSLSocket(url.host, url.port, ssl_context=ssl_context, **times)
    elif url.scheme == "unix":
        sock = TSocket(unix_socket=url.path, **times)
    else:
        sock = TSocket(url.host, url.port, **times)
    sock.deadline = at
    return sock


# What a forked child has to forget.
_of_this_process: weakref.WeakSet[_InThreads] = weakref.WeakSet()


def _start_over_in_child() -> None:
    for calls in list(_of_this_process):
        calls.start_over_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over_in_child)
