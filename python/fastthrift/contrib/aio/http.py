"""Thrift over HTTP for asyncio.

The client is one of aiohttp, and needs the extra ``fastthrift[aio-http]``; this module can be
imported without it. The server needs nothing, and reads requests as ``fastthrift.http`` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import math
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.budget import until
from fastthrift._calls.connecting import connect_client
from fastthrift._calls.exchange import Answer, BadRequest, Exchange
from fastthrift._calls.server_call import SettledCall
from fastthrift._calls.settle import Settlement, is_lost
from fastthrift._calls.steps import drive
from fastthrift.http._common import (
    CONTENT_TYPE,
    DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    HTTP_URI,
    RequestHeaders,
    describe_answer,
    details_of_failure,
    make_uri,
    no_http,
    parse_uri,
    shown,
)
from fastthrift.http._common import (
    Address as Where,
)
from fastthrift.http._request import RequestHead, RequestReader
from fastthrift.http._serving import LINGER, READ_SIZE, make_response, serve_request
from fastthrift.http.client import THttpException, THttpHeaderFactory, require_no_page
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import EITHER_FAMILY, has_input
from fastthrift.transport._listening import Listening, cannot_listen, listen_everywhere
from fastthrift.transport._receiving import MESSAGE_TIMEOUT
from fastthrift.transport._ssl import ask_for_tls
from fastthrift.transport._time_left import TIMEOUT_HEADER, milliseconds_left, moment_of

from ._answering import process_and_answer
from ._connector import Knowing, LastSocket, make_connector
from ._sharing import Turn
from .client import TAsyncClient
from .processor import TAsyncProcessor, processing
from .protocol.binary import TAsyncBinaryProtocolFactory
from .server import TaskConnection, TAsyncServer
from .socket import StreamHandler, TAsyncServerSocket, leave_descriptor
from .transport.base import (
    SIZE_LIMIT,
    TAsyncDeadlineExceeded,
    TAsyncReadAhead,
    TAsyncTransportBase,
    TAsyncTransportTimeout,
    within,
)

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware
    from fastthrift.typing import WithAsyncClient

    _Type = TypeVar("_Type")

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

logger = logging.getLogger("fastthrift.server.http")


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


class TAsyncHttpHeaderFactory(THttpHeaderFactory):
    """Gives the headers of requests; a subclass may make them anew for each."""


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

    async def fill(self, missing: int) -> bool:
        return False

    def write(self, buf: bytes) -> None:
        self.arrived += buf

    async def flush(self) -> None:  # type: ignore[override]
        """Does nothing."""

    def discard_output(self) -> None:
        """Forgets everything; what is written is only for ``getvalue``."""
        self.arrived = bytearray()

    def getvalue(self) -> bytes:
        """What has not been read."""
        return bytes(self.arrived)

    def setvalue(self, value: bytes) -> None:
        """Replace the contents."""
        self.arrived = bytearray(value)


# Sessions whose connections are not closed.
_left_to_parents: list[Any] = []


class TAsyncHttpClient(TAsyncReadAhead):
    """A transport whose ``flush`` is a request, and that reads the response to it."""

    _direct = True

    #: The next call after a failed one is another request: see ``TClient._give_up``.
    answers_stand_alone = True

    #: A moment of ``time.monotonic``, or None: what would end later raises ``DeadlineExceeded``.
    deadline: float | None = None
    #: How long connecting may take, in seconds; None for as long as the request.
    connect_timeout: float | None = None
    #: Where the first connection goes, in this order, in place of the addresses that the host
    #: has; as ``getaddrinfo`` gives them: pairs of a family and an address. Later ones look for
    #: these.
    known_addresses: list[tuple[int, Any]] | None = None

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
        self.scheme, self.host, self.port, path = parse_uri(uri)
        self.path = path if path.startswith("/") else "/" + path

        self._session: Any = None
        self._last = LastSocket()
        # Those of its connections.
        self._transports: list[Any] = []
        self._http_header_factory = http_header_factory or TAsyncHttpHeaderFactory()
        self._request_headers = RequestHeaders()
        self._timeout: float | None = None
        self._ssl_context = ssl_context
        self.set_timeout(timeout)
        # Of the last response.
        self.code: int | None = None
        self.message: str | None = None
        self.headers: Any = None
        # For TAsyncClient: told when the response is no Thrift.
        self.answer_description: str | None = None
        # Of the call that is made, by middleware.
        self.call_headers: dict[str, str] = {}
        self.bytes_received = self.bytes_sent = 0
        self.bytes_told = (0, 0)

    @property
    def peer(self) -> str:
        """The other side, for texts."""
        return str(Where(self.scheme, self.host, self.port, self.path))

    @property
    def request_sent(self) -> bool:
        """Whether the last request may have been sent: whether a server was reached."""
        return self._last.was_reached

    def is_open(self) -> bool:
        return self._session is not None and not self._session.closed

    async def open(self) -> None:  # type: ignore[override]
        """Get ready for requests, which connect when they need to."""
        if self.is_open():
            return
        aiohttp = _load("aiohttp")
        known, self.known_addresses = self.known_addresses, None
        knowing = None if known is None else Knowing(self.host, known, aiohttp)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            connector=make_connector(
                aiohttp, self._last, self._transports, knowing, self._ssl_context
            ),
        )

    def has_ended(self) -> bool:
        """Whether the next request needs another connection than those that there have been; does
        not wait."""
        if self.scheme == "https":
            # What has not come to the event loop yet may be TLS telling itself something.
            ended = [each.is_closing() for each in self._transports]
        else:
            ended = [
                each.is_closing() or has_input(each.get_extra_info("socket"))
                for each in self._transports
            ]
        return bool(ended) and all(ended)

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

    def abandon(self) -> None:
        """Give back the descriptors without a word to the server: in a forked child, for the
        parent has the connections, too."""
        session, self._session = self._session, None
        if session is None or session.closed:
            return
        # It would close them when it is forgotten.
        _left_to_parents.append(session)
        for transport in self._transports:
            leave_descriptor(transport.get_extra_info("socket").fileno())

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

    async def fill(self, missing: int) -> bool:
        return False

    def _patience(self) -> float | None:
        """The shorter one of the timeout and what is left until the deadline, in seconds."""
        if self.deadline is None:
            return self._timeout
        # 0 would be no limit.
        left = max(self.deadline - time.monotonic(), 0.001)
        return left if self._timeout is None else min(left, self._timeout)

    async def flush(self) -> None:  # type: ignore[override]
        """Send what was written as a request, and wait for the response.

        Raises ``TTransportException`` when there is none, or its status is not one of success; it
        also is an ``asyncio.TimeoutError`` when the time was up, an ``aiohttp.ClientError`` when
        aiohttp failed.
        """
        data = self.take_written()
        if not data:
            return
        at = self.deadline
        usual = {
            "Content-Type": CONTENT_TYPE,
            "Accept": CONTENT_TYPE,
            "User-Agent": "Python/TAsyncHttpClient",
            **({} if at is None else {TIMEOUT_HEADER: milliseconds_left(at)}),
        }
        given = self._http_header_factory.get_headers()
        headers = self._request_headers.of_request(usual, given, self.call_headers)
        aiohttp = _load("aiohttp")
        self.arrived = bytearray()
        self.answer_description = None
        self._last.begin()
        if not self.is_open():
            await self.open()
        address = Where(self.scheme, self.host, self.port, self.path)
        # aiohttp would let those of more than 5 seconds end with a second of the clock.
        timeout = aiohttp.ClientTimeout(
            total=self._patience(), sock_connect=self.connect_timeout, ceil_threshold=math.inf
        )
        try:
            async with self._session.post(
                address.uri, data=BytesIO(data), headers=dict(headers.values()), timeout=timeout
            ) as response:
                self.code = response.status
                self.message = response.reason
                self.headers = response.headers
                _require_success(response)
                async for chunk in response.content.iter_any():
                    self.arrived += chunk
                    if len(self.arrived) > SIZE_LIMIT:
                        raise TMalformedDataException(
                            TProtocolException.SIZE_LIMIT,
                            f"an HTTP response exceeds the limit of {SIZE_LIMIT} bytes",
                        )
                content_type = response.headers.get("Content-Type")
                text = describe_answer(
                    response.status, response.reason, content_type, len(self.arrived)
                )
                description = f"{address} {text}"
                require_no_page(description, response.status, content_type, self.arrived)
                self.answer_description = description
            self.bytes_sent += len(data)
            self.bytes_received += len(self.arrived)
        except aiohttp.ConnectionTimeoutError as error:
            self._last.was_reached = False
            raise TAsyncTransportTimeout(
                TTransportException.NOT_OPEN, f"Could not connect to {address}: timed out"
            ) from error
        except asyncio.TimeoutError as error:
            if self.deadline is not None and time.monotonic() >= self.deadline:
                raise TAsyncDeadlineExceeded(
                    message=f"the deadline is over: no answer of {address}"
                ) from error
            raise TAsyncTransportTimeout(
                message=f"timed out: no response within {(self._timeout or 0) * 1000:g} ms"
            ) from error
        except (aiohttp.ClientConnectorError, UnicodeError) as error:
            # The latter is of a name that cannot be one.
            self._last.was_reached = False
            failure = _failure(error, TTransportException.NOT_OPEN)
            if self.scheme == "https" and not isinstance(error, UnicodeError):
                failure.message = f"{failure.message}{ask_for_tls(error.os_error)}"
            raise failure from error
        except aiohttp.ServerDisconnectedError as error:
            failure = _failure(error, TTransportException.END_OF_FILE)
            if self.code is None:
                failure.message = f"{failure.message}; does the server speak HTTP?"
            if await self._last.never_arrived(at):
                failure.request_sent = False
            raise failure from error
        except aiohttp.ClientError as error:
            failure = _failure(error, TTransportException.UNKNOWN)
            if isinstance(error, aiohttp.ClientResponseError) and self.code is None:
                # It has a status of its own making, and several lines.
                failure.message = no_http(address.uri, error.message.partition("\n")[0].rstrip(":"))
            raise failure from error
        finally:
            self._last.forget()


def _require_success(response: Any) -> None:
    """Raise unless a response of aiohttp answers the request.

    aiohttp goes where a redirection sends it, but after these three with GET and without the call.
    """
    lost = [answer for answer in response.history if answer.status in (301, 302, 303)]
    for answer in (*lost, response):
        if not 200 <= answer.status < 300:
            details = details_of_failure(
                answer.status, answer.headers.get("Content-Type"), answer.headers.get("Location")
            )
            error = THttpException(
                message=f"HTTP request failed with status {answer.status}: "
                f"{shown(answer.reason)}{details}"
            )
            error.status = answer.status
            raise error


class _Listener(TAsyncServerSocket):
    """Listens at every address that the host's name has."""

    _everywhere: Sequence[Listening] = ()

    def listen(self) -> None:
        """Start listening, unless ``raw_sock`` already does."""
        if self._listener.descriptor is not None:
            self._listener.listen()
        host, port = self.host, self.port
        if self.raw_sock is None and not self._everywhere:
            try:
                self._everywhere = listen_everywhere(host, port, EITHER_FAMILY, self.backlog)
            except OSError as error:
                raise cannot_listen((host, port), error) from error

    async def accept(
        self, callback: Callable[[StreamHandler], Awaitable[Any]]
    ) -> asyncio.AbstractServer:
        sockets = [listening.sock for listening in self._everywhere]
        if self.raw_sock is not None:
            sockets = [self.raw_sock]
        return self._accept_at(sockets, callback, READ_SIZE)

    def close(self) -> None:
        everywhere, self._everywhere = self._everywhere, ()
        for listening in everywhere:
            listening.close()
        super().close()


class TAsyncHttpServer(TAsyncServer):
    """Answers HTTP POST requests to any path, each of which is one call.

    Requests are read, and refused, as by ``fastthrift.http.THttpServer``.
    """

    _logger = logger

    def __init__(
        self,
        processor: Any,
        host: str,
        port: int,
        iprot_factory: Any,
        ssl_context: ssl.SSLContext | None = None,
        *,
        client_timeout: float | None = 60_000,
        max_message_size: int = SIZE_LIMIT,
        message_timeout: float | None = MESSAGE_TIMEOUT,
        descriptor: int | None = None,
    ) -> None:
        """With port 0 the system chooses one: ``addresses[0][1]`` after ``start``.

        ``client_timeout``, in milliseconds, is how long a connection may stay idle, None or 0 for
        any time; ``message_timeout``, in milliseconds, how long a request may take from its first
        byte to its last; a client has as long to take its answer, and as much more as that takes
        at 16 KiB a second. A request of more than ``max_message_size`` bytes is refused.
        ``descriptor`` is of a socket that listens already, in place of ``host`` and ``port``.
        """
        trans = _Listener(
            host,
            port,
            descriptor=descriptor,
            client_timeout=client_timeout,
            message_timeout=message_timeout,
            ssl_context=ssl_context,
        )
        super().__init__(processor, trans, iprot_factory=iprot_factory)
        self.host = host
        self.port = port
        self.ssl_context = ssl_context
        self.max_message_size = max_message_size

    @property
    def addresses(self) -> list[Any]:
        """Where the server listens."""
        sockets = getattr(self.server, "sockets", ())
        return [listener.getsockname() for listener in sockets]

    async def serve(self) -> None:  # type: ignore[override]
        """Serve, in the running event loop, until ``close`` is called or this is cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            await self.serve_forever()

    async def handle(self, client: StreamHandler) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        connection = self._connections.get(task) or TaskConnection(client, task)
        reader = RequestReader(self.max_message_size)
        line = _Line(client, self, connection)
        turn = Turn()
        try:
            # One that waited to be accepted when the server was closed may have sent a request.
            is_first = True
            while is_first or not self.closed:
                is_first = False
                request = serve_request(line, reader, self.max_message_size, logger, self._rates)
                if not await drive(request):
                    break
                connection.call = SettledCall()
                connection.has_answered(closed=self.closed)
                await turn.pass_on()
        except (TTransportException, OSError) as error:
            if not is_lost(error):
                raise
            logger.debug("Connection of %s ended: %s", connection.peer, error)

    def _settle(self, error: BaseException, *args: Any) -> Settlement:
        if isinstance(error, BadRequest):
            raise error
        return super()._settle(error, *args)


class _Line:
    """A connection, as `serve_request` uses it."""

    def __init__(
        self, client: StreamHandler, server: TAsyncHttpServer, connection: TaskConnection
    ) -> None:
        self.client = client
        self.server = server
        self.connection = connection
        self.peer = connection.peer

    def is_closing(self) -> bool:
        return self.server.closed

    def begin(self) -> None:
        self.client.begin_message()

    async def receive(self) -> bytes:
        return await self.client.read(READ_SIZE)

    async def send(self, data: bytes) -> None:
        self.client.write(data)
        await self.client.flush()

    async def respond(self, head: RequestHead | None, goes_on: bool, answer: Answer) -> None:
        await self.send(make_response(head, goes_on, answer))

    async def answer(self, head: RequestHead, body: bytes) -> bytes:
        server = self.server
        itrans = TAsyncMemoryBuffer(body)
        otrans = TAsyncMemoryBuffer()
        iprot, oprot = map(server.iprot_factory.get_protocol, (itrans, otrans))
        exchange = Exchange(iprot, oprot, otrans, itrans.getvalue, len(body))
        call = self.connection.call = exchange.call
        call.peer, call.headers = self.peer, head.headers
        exchange.call.deadline = moment_of(head.fields.get(TIMEOUT_HEADER.lower(), ()))
        process = processing(server.processor, iprot, oprot)
        with until(exchange.call.deadline):
            understood = await process_and_answer(
                process, call, server.processor, iprot, oprot, self.peer, server._settle
            )
        return exchange.take(failed=not understood)

    async def linger(self) -> None:
        with contextlib.suppress(OSError, asyncio.TimeoutError, TTransportException):
            if self.client.writer.can_write_eof():
                self.client.writer.write_eof()
            await within(LINGER, self._read_to_the_end())

    async def _read_to_the_end(self) -> None:
        while True:
            await self.receive()


async def make_client(
    service: WithAsyncClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory | None = None,
    ssl_context: ssl.SSLContext | None = None,
    http_header_factory: TAsyncHttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
    *,
    check_seqid: bool = True,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """A client of a service at an HTTP address. The caller closes the client.

    ``timeout``, in milliseconds, is for a whole call, None or 0 for none. ``url`` takes
    precedence over ``scheme``, ``host``, ``port`` and ``path``. ``check_seqid=False`` is for
    servers that do not repeat a call's sequence id; ``middleware`` stands around each call. Raises
    ``ValueError`` for a ``url`` that is none.
    """
    uri = make_uri(host, port, path, scheme, url)
    transport = TAsyncHttpClient(uri, timeout, ssl_context, http_header_factory)
    parts = TAsyncClient, service, transport, proto_factory or TAsyncBinaryProtocolFactory()
    client: _Type = await drive(
        connect_client(*parts, check_seqid=check_seqid, middleware=middleware)
    )
    return client


@asynccontextmanager
async def client_context(
    service: WithAsyncClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory | None = None,
    ssl_context: ssl.SSLContext | None = None,
    http_header_factory: TAsyncHttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
    *,
    check_seqid: bool = True,
    middleware: Iterable[Middleware] = (),
) -> AsyncGenerator[_Type, None]:
    """A client as ``make_client`` makes it, closed at the end of the ``async with`` block."""
    parts = host, port, path, scheme, proto_factory, ssl_context, http_header_factory, timeout, url
    client: Any = await make_client(service, *parts, check_seqid=check_seqid, middleware=middleware)
    try:
        yield client
    finally:
        await client._iprot.trans.aclose()


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
