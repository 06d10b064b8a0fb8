"""A pool of clients for asyncio, with the options, the names and the rules of ``ClientPool``::

    calculator = AsyncClientPool(idl.Calculator, "tcp://rpc:9090")

    await calculator.add(1, 2)

A pool belongs to the event loop of its first call.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.connecting import connect_client
from fastthrift._calls.deadlines import clock
from fastthrift._calls.headers import require_room, send_always
from fastthrift._calls.pool_calls import (
    OneConnection,
    PoolCalls,
    PoolFace,
    call_seen,
    close,
    give_connection_back,
    take_connection,
)
from fastthrift._calls.pooling import (
    Addresses,
    PoolOptions,
    options_of_call,
)
from fastthrift._calls.steps import drive
from fastthrift._calls.transports import layers, looks_at
from fastthrift._calls.watch import watch
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import EITHER_FAMILY
from fastthrift.urls import ServiceURL, parse_all

from .client import TAsyncClient
from .protocol.apache_json import TAsyncApacheJSONProtocolFactory
from .protocol.binary import TAsyncBinaryProtocolFactory
from .protocol.compact import TAsyncCompactProtocolFactory
from .protocol.header import TAsyncHeaderProtocolFactory
from .socket import TAsyncSocket, addresses_of
from .transport.base import within
from .transport.buffered import TAsyncBufferedTransportFactory
from .transport.compressed import TAsyncZlibTransportFactory
from .transport.framed import TAsyncFramedTransportFactory
from .transport.header import TAsyncHeaderTransportFactory

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from fastthrift.typing import PoolKeywords, WithAsyncPool

    _Type = TypeVar("_Type")

__all__ = ["AsyncClientPool"]

_PROTOCOLS: dict[str, Any] = {
    "binary": TAsyncBinaryProtocolFactory,
    "compact": TAsyncCompactProtocolFactory,
    "apache_json": TAsyncApacheJSONProtocolFactory,
}
_WEB = ("http", "https")
_TRANSPORTS: dict[str, Any] = {
    "buffered": TAsyncBufferedTransportFactory,
    "framed": TAsyncFramedTransportFactory,
    "header": TAsyncHeaderTransportFactory,
    "zlib": TAsyncZlibTransportFactory,
}


class AsyncClientPool(PoolFace):
    """Clients of one service, shared by the tasks of an event loop; see ``ClientPool``.

    URLs of HTTP need aiohttp: ``pip install "fastthrift[aio-http]"``. Names of services among
    several, and thriftpy2's JSON, raise ``ValueError``.
    """

    _options: PoolOptions

    if TYPE_CHECKING:

        def __new__(  # type: ignore[misc]
            cls, service: WithAsyncPool[_Type], url: Any, **options: Unpack[PoolKeywords]
        ) -> _Type:
            """What the stub of a service says of its pools; see ``PoolFace`` for the options."""

    def _driver(self, service: Any, options: PoolOptions, url: Any, made_of: Any) -> _InTasks:
        urls = parse_all(url)
        for each in urls:
            _require_support(each, made_of[0])
        require_room(options.headers, urls, made_of[:2])
        return _InTasks(service, options, Addresses(urls), made_of)

    async def _call(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        options = self._options
        if kwargs:
            options = options_of_call(self._service, options, _api, kwargs)
        if not watch.is_on:
            return await drive(self._calls.call(options, _api, args, kwargs))
        return await drive(call_seen(self, options, drive, _api, args, kwargs))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[OneConnection]:
        """One connection for the calls of an ``async with`` block. No call is made twice, and
        after one that failed the connection is closed."""
        one = await drive(take_connection(self, drive))
        try:
            yield one
        finally:
            give_connection_back(one)

    async def aclose(self) -> None:
        """Close the connections, busy ones at the end of their call, and wait for those that are
        idle. Later calls raise ``TTransportException`` of type ``NOT_OPEN``."""
        close(self)
        # The event loop closes in its next turn.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _InTasks(PoolCalls):
    """How the tasks of an event loop use a pool. They do not need a lock: nothing else runs
    between two steps."""

    def __init__(
        self,
        service: Any,
        options: PoolOptions,
        addresses: Addresses[ServiceURL],
        made_of: tuple[Any, Any, ssl.SSLContext | None, bool],
    ) -> None:
        super().__init__(service, options, addresses)
        self._made_of = made_of

    def lock(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    def new_waiter(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def wait(self, waiter: asyncio.Future[None], seconds: float | None) -> None:
        await asyncio.wait((waiter,), timeout=seconds)

    def wake(self, waiter: asyncio.Future[None]) -> None:
        waiter.set_result(None)

    async def find_addresses(self, url: ServiceURL, at: float | None) -> Sequence[Any]:
        if url.scheme not in ("tcp", "tls"):
            return ()
        try:
            found = addresses_of(url.host, url.port, EITHER_FAMILY)
            return await within(None if at is None else max(at - clock(), 0), found)
        except (OSError, asyncio.TimeoutError):
            return ()  # connecting says so

    async def connect(
        self, url: ServiceURL, address: Any, options: PoolOptions, at: float | None
    ) -> Any:
        proto_factory, trans_factory, ssl_context, check_seqid = self._made_of
        parts = (
            TAsyncClient,
            self.service,
            _socket(url, address, options, at, ssl_context),
            proto_factory or _protocol_factory(url),
            # A body needs no frames, and no buffer.
            None if url.scheme in _WEB else trans_factory or _transport_factory(url),
        )
        client: TAsyncClient = await drive(
            connect_client(*parts, check_seqid=check_seqid, is_pooled=True)
        )
        send_always(client, options.headers)
        return client

    def looks_at(self, trans: Any) -> tuple[Any, Any]:
        def pending() -> bool:
            return any(getattr(layer, "arrived", b"") for layer in layers(trans))

        return pending, looks_at(trans)[1]

    def close_client(self, client: Any) -> None:
        with contextlib.suppress(OSError, TTransportException):
            client._iprot.trans.close()


def _protocol_factory(url: ServiceURL) -> Any:
    if url.transport == "header":
        return TAsyncHeaderProtocolFactory()
    return _PROTOCOLS[url.protocol]()


def _transport_factory(url: ServiceURL) -> Any:
    return _TRANSPORTS[url.transport](**url.transport_options())


def _require_support(url: ServiceURL, proto_factory: Any) -> None:
    if url.service:
        raise ValueError(f"{url}: service=... is not known to the protocols of asyncio")
    if url.protocol not in _PROTOCOLS and proto_factory is None:
        raise ValueError(f"{url}: asyncio has the protocols {', '.join(_PROTOCOLS)}")


def _socket(
    url: ServiceURL,
    address: Any,
    options: PoolOptions,
    at: float | None,
    ssl_context: ssl.SSLContext | None,
) -> Any:
    """What a client at an address is over, which is not open yet. Its calls have deadlines."""
    if url.scheme in _WEB:
        from .http import TAsyncHttpClient, TAsyncHttpHeaderFactory

        headers = TAsyncHttpHeaderFactory(dict(options.headers))
        client = TAsyncHttpClient(str(url), None, ssl_context, headers)
        client.connect_timeout = options.connect_timeout
        client.deadline = at
        return client
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
    sock.known_addresses = None if address is None else [address]
    return sock
