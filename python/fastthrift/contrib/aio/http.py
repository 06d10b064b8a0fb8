"""Thrift over HTTP for asyncio, client and server, by aiohttp.

Needs the extra ``fastthrift[aio-http]``; this module can be imported without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import ssl
import urllib.parse
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from fastthrift.protocol.base import TProtocolFactory
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import split_url

from .client import TAsyncClient
from .processor import TAsyncProcessor
from .protocol.binary import TAsyncBinaryProtocolFactory
from .server import CallProcessing, _Message
from .transport.base import SIZE_LIMIT, TAsyncReadAhead, TAsyncTransportBase, TAsyncTransportTimeout

__all__ = [
    "DEFAULT_HTTP_CLIENT_TIMEOUT_MS",
    "HTTP_URI",
    "TAsyncBinaryProtocolFactory",
    "TAsyncClient",
    "TAsyncHttpClient",
    "TAsyncHttpHeaderFactory",
    "TAsyncHttpServer",
    "TAsyncMemoryBuffer",
    "TAsyncProcessor",
    "TAsyncTransportBase",
    "TProtocolFactory",
    "TTransportException",
    "client_context",
    "make_client",
    "make_server",
]

logger = logging.getLogger(__name__)

HTTP_URI = "{scheme}://{host}:{port}{path}"
DEFAULT_HTTP_CLIENT_TIMEOUT_MS = 30000  # 30 seconds
_CONTENT_TYPE = "application/x-thrift"


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            'Thrift over HTTP with asyncio needs aiohttp: pip install "fastthrift[aio-http]"'
        ) from error


def _failure(error: BaseException, type: int) -> TTransportException:
    """The exception for a failure of aiohttp: also an ``aiohttp.ClientError``."""
    failure: TTransportException = _error_class()(type, f"HTTP request failed: {error}")
    return failure


def _error_class() -> Any:
    """``THttpClientError``, an attribute of this module once it was asked for."""
    made = globals().get("THttpClientError")
    if made is None:

        class THttpClientError(TTransportException, _load("aiohttp").ClientError):  # type: ignore[misc]
            """The HTTP request failed."""

        # Where pickle finds it.
        THttpClientError.__qualname__ = "THttpClientError"
        made = globals().setdefault("THttpClientError", THttpClientError)
    return made


def __getattr__(name: str) -> Any:
    if name == "THttpClientError":
        return _error_class()
    if name == "aiohttp":
        return _load("aiohttp")
    if name == "web":
        return _load("aiohttp.web")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class TAsyncHttpHeaderFactory:
    """Gives the headers of requests; a subclass may make them anew for each."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        """``headers`` are sent with every request."""
        self._headers = headers if headers else {}

    def get_headers(self) -> dict[str, str]:
        return self._headers


class TAsyncMemoryBuffer(TAsyncReadAhead):
    """Bytes in memory: what it was made with is read, and what is written follows it."""

    _direct = True

    def __init__(self, value: bytes = b"") -> None:
        super().__init__(value)

    def is_open(self) -> bool:
        return True

    async def open(self) -> None:  # type: ignore[override]
        """Does nothing."""

    def close(self) -> None:
        """Does nothing: what was written can be looked at, as that of ``TMemoryBuffer``."""

    async def _fill(self, missing: int) -> bool:
        return False

    def write(self, buf: bytes) -> None:
        self._arrived += buf

    async def flush(self) -> None:  # type: ignore[override]
        """Does nothing."""

    def discard_output(self) -> None:
        """Forgets everything; what is written is only for ``getvalue``."""
        self._arrived = bytearray()

    def getvalue(self) -> bytes:
        """What has not been read."""
        return bytes(self._arrived)

    def setvalue(self, value: bytes) -> None:
        """Replace the contents."""
        self._arrived = bytearray(value)


class TAsyncHttpClient(TAsyncReadAhead):
    """A transport whose ``flush`` is a request, and that reads the response to it."""

    _direct = True

    #: The next call after a failed one is another request: see ``TClient._give_up``.
    answers_stand_alone = True

    def __init__(
        self,
        uri: str,
        timeout: float | None = None,
        ssl_context: ssl.SSLContext | None = None,
        http_header_factory: TAsyncHttpHeaderFactory | None = None,
    ) -> None:
        """``uri`` is ``http://host:port/path`` or ``https://...``; ``timeout``, in milliseconds,
        is for a whole request, None or 0 for none."""
        super().__init__()
        parsed = urllib.parse.urlparse(uri)
        self.scheme = parsed.scheme
        if self.scheme not in ("http", "https"):
            raise ValueError(f"The URI of an HTTP client starts with http or https: {uri!r}")
        self.port = parsed.port or (443 if self.scheme == "https" else 80)
        self.host = parsed.hostname
        self.path = parsed.path or "/"
        if parsed.query:
            self.path += "?" + parsed.query

        self._session: Any = None
        self._http_header_factory = http_header_factory or TAsyncHttpHeaderFactory()
        self._timeout: float | None = None
        self._ssl_context = ssl_context
        self.set_timeout(timeout)
        # Of the last response.
        self.code: int | None = None
        self.message: str | None = None
        self.headers: Any = None

    def is_open(self) -> bool:
        return self._session is not None and not self._session.closed

    async def open(self) -> None:  # type: ignore[override]
        """Get ready for requests, which connect when they need to."""
        if self.is_open():
            return
        aiohttp = _load("aiohttp")
        options = {} if self._ssl_context is None else {"ssl": self._ssl_context}
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            connector=aiohttp.TCPConnector(**options),
        )

    def close(self) -> None:
        """Close the connections, at once."""
        session, self._session = self._session, None
        if session is not None and not session.closed:
            connector = session.connector
            session.detach()
            # The first step closes the connections; the others wait until they are.
            closing = connector.close().__await__()
            next(closing, None)
            closing.close()

    async def aclose(self) -> None:
        """Close the connections and wait until they are."""
        session, self._session = self._session, None
        if session is not None and not session.closed:
            await session.close()

    def set_timeout(self, ms: float | None) -> None:
        """Set how long a request may take, in milliseconds; None or 0 for any time."""
        self._timeout = ms / 1000 if ms and ms > 0 else None

    def set_custom_headers(self, headers: dict[str, str]) -> None:
        """Send these headers with every request."""
        self._http_header_factory = TAsyncHttpHeaderFactory(headers)

    async def _fill(self, missing: int) -> bool:
        return False

    async def flush(self) -> None:  # type: ignore[override]
        """Send what was written as a request, and wait for the response.

        Raises ``TTransportException`` when there is none, or its status is not one of success; it
        also is an ``asyncio.TimeoutError`` when the time was up, an ``aiohttp.ClientError`` when
        aiohttp failed.
        """
        data = self._written()
        if not data:
            return
        aiohttp = _load("aiohttp")
        self._arrived = bytearray()
        if not self.is_open():
            await self.open()
        host = f"[{self.host}]" if ":" in (self.host or "") else self.host
        url = HTTP_URI.format(scheme=self.scheme, host=host, port=self.port, path=self.path)
        headers = {
            "Content-Type": _CONTENT_TYPE,
            "Accept": _CONTENT_TYPE,
            "User-Agent": "Python/TAsyncHttpClient",
            **self._http_header_factory.get_headers(),
        }
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        try:
            async with self._session.post(
                url, data=BytesIO(data), headers=headers, timeout=timeout
            ) as response:
                self.code = response.status
                self.message = response.reason
                self.headers = response.headers
                if not 200 <= response.status < 300:
                    raise TTransportException(
                        TTransportException.UNKNOWN,
                        f"HTTP request failed with status {response.status}: {response.reason}",
                    )
                async for chunk in response.content.iter_any():
                    self._arrived += chunk
                    if len(self._arrived) > SIZE_LIMIT:
                        raise TMalformedDataException(
                            TProtocolException.SIZE_LIMIT,
                            f"an HTTP response exceeds the limit of {SIZE_LIMIT} bytes",
                        )
        except asyncio.TimeoutError as error:
            raise TAsyncTransportTimeout(
                message=f"timed out: no response within {(self._timeout or 0) * 1000:g} ms"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise _failure(error, TTransportException.NOT_OPEN) from error
        except aiohttp.ServerDisconnectedError as error:
            raise _failure(error, TTransportException.END_OF_FILE) from error
        except aiohttp.ClientError as error:
            raise _failure(error, TTransportException.UNKNOWN) from error


class TAsyncHttpServer(CallProcessing):
    """Answers HTTP POST requests to any path, each of which is one call."""

    # How long `close` waits for requests that have started, in milliseconds.
    grace: float = 10_000

    def __init__(
        self,
        processor: Any,
        host: str,
        port: int,
        iprot_factory: Any,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """With port 0 the system chooses one: ``addresses[0][1]`` after ``start``."""
        self.processor = processor
        self.host = host
        self.port = port
        self.iprot_factory = iprot_factory
        self.ssl_context = ssl_context
        self.closed = False
        self._app: Any = None
        self._runner: Any = None
        self._site: Any = None
        self._stop_event: asyncio.Event | None = None
        self._stopped: asyncio.Event | None = None
        self._requests: set[asyncio.Task[Any] | None] = set()

    @property
    def addresses(self) -> list[Any]:
        """Where the server listens."""
        return list(self._runner.addresses) if self._runner is not None else []

    async def _handle_request(self, request: Any) -> Any:
        """Answer a request."""
        web = _load("aiohttp.web")
        if request.method != "POST":
            return web.Response(status=405, text="Method Not Allowed", headers={"Allow": "POST"})
        task = asyncio.current_task()
        self._requests.add(task)
        try:
            data = await request.read()
            otrans = TAsyncMemoryBuffer()
            iprot = self.iprot_factory.get_protocol(TAsyncMemoryBuffer(data))
            oprot = self.iprot_factory.get_protocol(otrans)
            message = _Message()
            peer = str(request.remote)
            understood = await self._process(iprot, oprot, message, peer)
            answer = otrans.getvalue()
            if not understood and not answer:
                status = 400 if message.header is None else 500
                return web.Response(status=status, text="The request is no Thrift call")
            return web.Response(body=answer, content_type=_CONTENT_TYPE)
        finally:
            self._requests.discard(task)

    async def start(self) -> None:
        """Serve from now on, in the running event loop.

        Raises ``OSError`` when the address is in use.
        """
        web = _load("aiohttp.web")
        self._stop_event = asyncio.Event()
        self._stopped = asyncio.Event()
        self._app = web.Application(client_max_size=SIZE_LIMIT)
        self._app.router.add_route("*", "/{path:.*}", self._handle_request)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=self.grace / 1000)
        try:
            await self._runner.setup()
            self._site = web.TCPSite(
                self._runner, self.host, self.port, ssl_context=self.ssl_context
            )
            await self._site.start()
        except BaseException:
            await self._cleanup()
            raise

    async def serve(self) -> None:
        """Serve, in the running event loop, until ``close`` is called or this is cancelled."""
        if self._runner is None:
            await self.start()
        assert self._stop_event is not None
        with contextlib.suppress(asyncio.CancelledError):
            await self._stop_event.wait()
        await self._cleanup()

    async def close(self) -> None:
        """Stop: accept no request any more, finish and answer those that have started.

        From a handler, whose own request is not waited for.
        """
        self.closed = True
        if self._stop_event is not None:
            self._stop_event.set()
        if asyncio.current_task() in self._requests:
            return
        await self._cleanup()

    async def _cleanup(self) -> None:
        runner, self._runner = self._runner, None
        self._app = self._site = None
        if runner is not None:
            try:
                await runner.cleanup()
            finally:
                assert self._stopped is not None
                self._stopped.set()
        elif self._stopped is not None:
            await self._stopped.wait()


def _http_client(
    host: str,
    port: int,
    path: str,
    scheme: str,
    ssl_context: ssl.SSLContext | None,
    http_header_factory: TAsyncHttpHeaderFactory | None,
    timeout: float | None,
    url: str,
) -> TAsyncHttpClient:
    if url:
        parsed = split_url(url)
        host = parsed.hostname or host
        scheme = parsed.scheme or scheme
        port = parsed.port or port
        path = parsed.path or path
        if parsed.query:
            path += "?" + parsed.query
    if path and path[0] != "/":
        path = "/" + path
    if ":" in host:
        host = f"[{host}]"
    uri = HTTP_URI.format(scheme=scheme, host=host, port=port, path=path)
    return TAsyncHttpClient(uri, timeout, ssl_context, http_header_factory)


async def make_client(
    service: Any,
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory | None = None,
    ssl_context: ssl.SSLContext | None = None,
    http_header_factory: TAsyncHttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
) -> TAsyncClient:
    """A client of a service at an HTTP address. The caller closes the client.

    ``timeout``, in milliseconds, is for a whole call, None or 0 for none. ``url`` takes
    precedence over ``scheme``, ``host``, ``port`` and ``path``.
    """
    transport = _http_client(
        host, port, path, scheme, ssl_context, http_header_factory, timeout, url
    )
    factory: Any = proto_factory or TAsyncBinaryProtocolFactory()
    await transport.open()
    return TAsyncClient(service, factory.get_protocol(transport))


@asynccontextmanager
async def client_context(
    service: Any,
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory | None = None,
    ssl_context: ssl.SSLContext | None = None,
    http_header_factory: TAsyncHttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
) -> AsyncGenerator[TAsyncClient, None]:
    """A client as ``make_client`` makes it, closed at the end of the ``async with`` block."""
    transport = _http_client(
        host, port, path, scheme, ssl_context, http_header_factory, timeout, url
    )
    factory: Any = proto_factory or TAsyncBinaryProtocolFactory()
    try:
        await transport.open()
        yield TAsyncClient(service, factory.get_protocol(transport))
    finally:
        await transport.aclose()


def make_server(
    service: Any,
    handler: Any,
    host: str,
    port: int,
    proto_factory: TProtocolFactory | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> TAsyncHttpServer:
    """An HTTP server of one service; it listens when ``serve`` or ``start`` is awaited."""
    return TAsyncHttpServer(
        TAsyncProcessor(service, handler),
        host,
        port,
        iprot_factory=proto_factory or TAsyncBinaryProtocolFactory(),
        ssl_context=ssl_context,
    )
