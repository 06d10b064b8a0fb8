"""A pool of clients for asyncio, with the options, the names and the rules of ``ClientPool``::

    calculator = AsyncClientPool(idl.Calculator, "tcp://rpc:9090")

    await calculator.add(1, 2)

A pool belongs to the event loop of its first call.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from fastthrift._calls.connecting import connect
from fastthrift._calls.deadlines import until
from fastthrift._calls.pool_calls import PoolCalls, end_of_call
from fastthrift._calls.pooling import (
    Addresses,
    Connection,
    PoolOptions,
    options_of_view,
    with_methods,
)
from fastthrift._calls.services import check_service, method_of
from fastthrift._calls.steps import drive
from fastthrift._calls.transports import has_arrived, layers
from fastthrift.transport import TTransportException
from fastthrift.urls import ServiceURL, parse_all

from .client import TAsyncClient
from .protocol.apache_json import TAsyncApacheJSONProtocolFactory
from .protocol.binary import TAsyncBinaryProtocolFactory
from .protocol.compact import TAsyncCompactProtocolFactory
from .socket import TAsyncSocket
from .transport.buffered import TAsyncBufferedTransportFactory
from .transport.framed import TAsyncFramedTransportFactory

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncClientPool"]

_PROTOCOLS: dict[str, Any] = {
    "binary": TAsyncBinaryProtocolFactory,
    "compact": TAsyncCompactProtocolFactory,
    "apache_json": TAsyncApacheJSONProtocolFactory,
}
_TRANSPORTS: dict[str, Any] = {
    "buffered": TAsyncBufferedTransportFactory,
    "framed": TAsyncFramedTransportFactory,
}


class AsyncClientPool:
    """Clients of one service, shared by the tasks of an event loop; see ``ClientPool``."""

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
        """The arguments are those of ``ClientPool``; ``url`` is of ``tcp``, ``tls`` or ``unix``.

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
        urls = parse_all(url)
        for each in urls:
            _require_support(each, proto_factory)
        made_of = proto_factory, trans_factory, ssl_context, check_seqid
        self._calls = _InTasks(service, size, Addresses(urls), made_of)

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

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[_OneConnection]:
        """One connection for the calls of an ``async with`` block. No call is made twice, and
        after one that failed the connection is closed."""
        at = end_of_call(self._options)
        connection = await drive(self._calls.checkout(self._options, at, "client"))
        one = _OneConnection(self._calls, self._options, connection)
        try:
            yield one
        finally:
            self._calls.give_back(connection, keep=not one._failed)

    def stats(self) -> dict[str, int]:
        """See ``ClientPool.stats``."""
        return self._calls.stats()

    async def aclose(self) -> None:
        """Close the connections, busy ones at the end of their call, and wait for those that are
        idle. Later calls raise ``TTransportException`` of type ``NOT_OPEN``."""
        self._calls.close()
        # The event loop closes in its next turn.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        return await drive(self._calls.call(self._options, _api, args, kwargs))


class _OneConnection:
    """The calls of a block, on one connection."""

    def __init__(self, calls: PoolCalls, options: PoolOptions, connection: Connection) -> None:
        self._calls = calls
        self._options = options
        self._connection = connection
        self._failed = False

    def __getattr__(self, name: str) -> functools.partial[Any]:
        return functools.partial(self._call, method_of(self, self._calls.service, name))

    async def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        try:
            with until(end_of_call(self._options)):
                return await self._calls.invoke(self._connection.client, _api, args, kwargs)
        except BaseException as error:
            self._failed = self._failed or not self._calls.is_kept(self._connection, error)
            raise


class _InTasks(PoolCalls):
    """How the tasks of an event loop use a pool. They do not need a lock: nothing else runs
    between two steps."""

    def __init__(
        self,
        service: Any,
        size: int,
        addresses: Addresses[ServiceURL],
        made_of: tuple[Any, Any, ssl.SSLContext | None, bool],
    ) -> None:
        super().__init__(service, size, addresses)
        self._made_of = made_of
        self._waiting: deque[asyncio.Future[None]] = deque()

    def lock(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    async def wait(self, seconds: float | None) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await asyncio.wait((future,), timeout=seconds)
        except BaseException:
            if future.done():
                # Woken, and gone: it is somebody else's turn.
                self.wake()
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(future)

    def wake(self, *, everybody: bool = False) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                if not everybody:
                    return

    async def connect(self, url: ServiceURL, options: PoolOptions, at: float | None) -> Any:
        proto_factory, trans_factory, ssl_context, check_seqid = self._made_of
        parts = (
            TAsyncClient,
            self.service,
            _socket(url, options, at, ssl_context),
            proto_factory or _PROTOCOLS[url.protocol](),
            trans_factory or _TRANSPORTS[url.transport](),
        )
        with contextlib.ExitStack() as closing:
            client = await drive(connect(closing, *parts, check_seqid=check_seqid))
            closing.pop_all()
            return client

    def invoke(self, client: Any, api: str, args: Any, kwargs: Any) -> Any:
        return getattr(client, api)(*args, **kwargs)

    def has_arrived(self, client: Any) -> bool:
        trans = client._iprot.trans
        return has_arrived(trans) or any(getattr(layer, "arrived", b"") for layer in layers(trans))

    def close_client(self, client: Any) -> None:
        with contextlib.suppress(OSError, TTransportException):
            client._iprot.trans.close()


def _require_support(url: ServiceURL, proto_factory: Any) -> None:
    if url.scheme in ("http", "https"):
        raise ValueError(f"{url}: a pool of asyncio has sockets only, of tcp, tls or unix")
    if url.service:
        raise ValueError(f"{url}: service=... is not known to the protocols of asyncio")
    if url.protocol not in _PROTOCOLS and proto_factory is None:
        raise ValueError(f"{url}: asyncio has the protocols {', '.join(_PROTOCOLS)}")


def _socket(
    url: ServiceURL, options: PoolOptions, at: float | None, ssl_context: ssl.SSLContext | None
) -> TAsyncSocket:
    """What a client at an address is over, which is not open yet. Its calls have deadlines."""
    patience = None if options.connect_timeout is None else options.connect_timeout * 1000
    times: dict[str, Any] = {"socket_timeout": None, "connect_timeout": patience}
    if url.scheme == "unix":
        sock = TAsyncSocket(unix_socket=url.path, **times)
    elif url.scheme == "tls":
        context = ssl_context or ssl.create_default_context()
        sock = TAsyncSocket(url.host, url.port, ssl_context=context, **times)
    else:
        sock = TAsyncSocket(url.host, url.port, **times)
    sock.deadline = at
    return sock
