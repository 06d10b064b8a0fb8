"""A pool of clients, which a program makes once and calls from everywhere.

It is an object with the methods of a service::

    calculator = fastthrift.ClientPool(idl.Calculator, "tcp://rpc:9090?transport=framed")

    calculator.add(1, 2)

The asyncio twin is ``fastthrift.contrib.aio.pool``; the rules of both are in ``_calls.pooling``.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastthrift._calls.connecting import connect
from fastthrift._calls.pool_calls import (
    OneConnection,
    PoolCalls,
    PoolFace,
    call,
    close,
    give_connection_back,
    take_connection,
)
from fastthrift._calls.pooling import (
    Addresses,
    PoolOptions,
    Shelf,
)
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


class ClientPool(PoolFace):
    """Clients of one service, shared by threads, greenlets and forked workers.

    Nothing is connected before the first call. A call takes the connection that was used last;
    one that the server has closed meanwhile is replaced without a word. A call that was not sent
    as a whole is made again, at each address in turn; one that was sent runs a second time only
    where its method is idempotent: named by ``idempotent``, or annotated
    ``(idempotent = "true")`` in the IDL. After declared exceptions a connection is kept, after any
    other failure it is closed.
    """

    def _driver(self, service: Any, size: int, url: Any, made_of: Any) -> _InThreads:
        return _InThreads(service, size, Addresses(parse_all(url)), made_of)

    def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        return run(call(self, _api, args, kwargs))

    @contextlib.contextmanager
    def client(self) -> Iterator[OneConnection]:
        """One connection for the calls of a ``with`` block: an object with the methods of the
        service. No call is made twice, and after one that failed the connection is closed."""
        one = run(take_connection(self, run))
        try:
            yield one
        finally:
            give_connection_back(one)

    def close(self) -> None:
        """Close the connections, busy ones at the end of their call. Later calls raise
        ``TTransportException`` of type ``NOT_OPEN``."""
        close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
