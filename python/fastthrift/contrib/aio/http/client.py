"""The HTTP client of asyncio."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.connecting import connect_client
from fastthrift._calls.steps import drive
from fastthrift.http._common import (
    CONTENT_TYPE,
    DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    DEFAULT_MAX_MESSAGE_SIZE,
    make_uri,
)
from fastthrift.http._common import Address as Where
from fastthrift.http._outcome import Failures, HttpAnswer, Stage
from fastthrift.http._requesting import Requesting
from fastthrift.http.client import THttpHeaderFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import given_seconds, has_input, seconds

from .._connector import Knowing, LastSocket, make_connector
from ..client import TAsyncClient
from ..protocol.binary import TAsyncBinaryProtocolFactory
from ..socket import leave_descriptor
from ..transport.base import TAsyncReadAhead
from ._errors import kinds, load

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware
    from fastthrift.typing import WithAsyncClient
else:
    # What annotations say at run time, for which nothing is imported.
    Middleware = Any
    WithAsyncClient = type

_Type = TypeVar("_Type")


class TAsyncHttpHeaderFactory(THttpHeaderFactory):
    """Gives the headers of requests; a subclass may make them anew for each."""


# Sessions whose connections are not closed.
_left_to_parents: list[Any] = []


class TAsyncHttpClient(Requesting, TAsyncReadAhead):
    """A transport whose ``flush`` is a request, and that reads the response to it."""

    _direct = True

    def __init__(
        self,
        uri: str,
        timeout: float | None = None,
        ssl_context: ssl.SSLContext | None = None,
        http_header_factory: TAsyncHttpHeaderFactory | None = None,
        *,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        """``uri`` is ``http://host:port/path`` or ``https://...``; ``timeout``, in milliseconds,
        is for a whole request, None or 0 for none. A response of more than ``max_message_size``
        bytes is refused."""
        factory = http_header_factory or TAsyncHttpHeaderFactory()
        super().__init__(uri, factory, max_message_size)
        if not self.path.startswith("/"):
            self.path = "/" + self.path

        self._session: Any = None
        self._last = LastSocket()
        # Those of its connections.
        self._transports: list[Any] = []
        self._timeout = given_seconds(timeout)
        self._ssl_context = ssl_context

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
        aiohttp = load("aiohttp")
        known = self.take_known_addresses()
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
        self._timeout = seconds(ms)

    def set_custom_headers(self, headers: dict[str, str]) -> None:
        """Send these headers with every request."""
        self._http_header_factory = TAsyncHttpHeaderFactory(headers)

    async def fill(self, missing: int) -> bool:
        return False

    async def flush(self) -> None:  # type: ignore[override]
        """Send what was written as a request, and wait for the response.

        Raises as ``fastthrift.http.THttpClient``; the exceptions are an ``asyncio.TimeoutError``,
        too, when the time was up, and an ``aiohttp.ClientError`` when aiohttp failed.
        """
        data = self.take_written()
        if not data:
            return
        at = self.deadline
        headers = self.begin_request(
            {
                "Content-Type": CONTENT_TYPE,
                "Accept": CONTENT_TYPE,
                "User-Agent": "Python/TAsyncHttpClient",
            }
        )
        aiohttp = load("aiohttp")
        self.arrived = bytearray()
        self._last.begin()
        if not self.is_open():
            await self.open()
        address = self.address
        # aiohttp would let those of more than 5 seconds end with a second of the clock.
        timeout = aiohttp.ClientTimeout(
            total=self._patience(), sock_connect=self.connect_timeout, ceil_threshold=math.inf
        )
        answer = HttpAnswer(address, self.max_message_size)
        stage = Stage.CONNECTING
        try:
            async with self._session.post(
                address.uri, data=BytesIO(data), headers=dict(headers.values()), timeout=timeout
            ) as response:
                stage = Stage.ANSWERED
                self.code = response.status
                self.message = response.reason
                self.headers = response.headers
                # aiohttp goes where a redirection sends it, but after these three with GET and
                # without the call.
                lost = [each for each in response.history if each.status in (301, 302, 303)]
                asked = response.request_info.headers.get("Accept-Encoding", "").split(",")
                encodings = {"identity", *(each.strip().lower() for each in asked)}
                for head in (*lost, response):
                    answer.begin(head.status, head.reason, head.headers.get, encodings)
                async for piece in response.content.iter_any():
                    answer.take(piece)
                self.arrived = self.take_body(answer)
            self.bytes_sent += len(data)
            self.bytes_received += len(self.arrived)
        except (asyncio.TimeoutError, aiohttp.ClientError, UnicodeError) as error:
            made_none = aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, UnicodeError
            if isinstance(error, made_none):
                # Not the one that it needs: another server may have redirected it.
                self._last.was_reached = False
            if stage is Stage.CONNECTING and self.request_sent:
                stage = Stage.CONNECTED
            failure = self._failure(aiohttp, error, stage, address)
            is_lost = isinstance(error, aiohttp.ClientConnectionError)
            if is_lost and not isinstance(error, asyncio.TimeoutError):
                was_reset = not isinstance(error, aiohttp.ServerDisconnectedError)
                if await self._last.never_arrived(len(data), at, was_reset=was_reset):
                    failure.request_sent = False
            raise failure from error
        finally:
            self._last.forget()

    def _failure(
        self, aiohttp: Any, error: Any, stage: Stage, address: Where
    ) -> TTransportException:
        """The Thrift exception that an error of aiohttp means."""
        failures, speaks_http = Failures(address, kinds()), self.code is not None
        if isinstance(error, asyncio.TimeoutError):
            return failures.late(stage, deadline_is_over=self.is_late)
        if isinstance(error, OSError):
            told = _of_system(error)
            if isinstance(told, TimeoutError):
                return failures.late(stage, deadline_is_over=False)
            return failures.of_system(told, stage, speaks_http=speaks_http)
        if isinstance(error, UnicodeError):
            text = f"not a host name: {error}"
            return failures.of_system(OSError(None, text), stage, speaks_http=speaks_http)
        if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
            return failures.closed(stage, speaks_http=speaks_http)
        if isinstance(error, aiohttp.ClientResponseError):
            # What has several lines is of its own making, and so is the status.
            told = error.message.partition("\n")[0].rstrip(":")
            return failures.other(told) if stage is Stage.ANSWERED else failures.no_http(told)
        return failures.other(str(error))


def _of_system(error: OSError) -> OSError:
    """What the system, or TLS, has said, which asyncio and aiohttp tell in words of their own."""
    told: OSError = getattr(error, "os_error", error)
    if not told.errno or isinstance(told, (ssl.SSLError, socket.gaierror)):
        return told
    # Of the class that the number means.
    return OSError(told.errno, os.strerror(told.errno))


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
