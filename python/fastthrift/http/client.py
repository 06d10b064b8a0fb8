"""The HTTP client."""

from __future__ import annotations

import contextlib
import http.client as http_client
import io
import os
import socket
import ssl
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from fastthrift._calls.connecting import connect_client
from fastthrift._calls.mismatch import look_of
from fastthrift._calls.steps import run
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.thrift import TClient
from fastthrift.transport import TBufferedTransportFactory
from fastthrift.transport._addresses import NameTimeout, given_seconds, seconds
from fastthrift.transport._arrival import never_arrived
from fastthrift.transport.base import (
    LARGEST_READ,
    TTransportBase,
    TTransportException,
    TTransportFactory,
)

from ._bounded import bind
from ._common import (
    CONTENT_TYPE,
    DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    DEFAULT_MAX_MESSAGE_SIZE,
    Named,
    make_uri,
)
from ._outcome import Failures, HttpAnswer, Stage
from ._outcome import THttpConnectionRefused as THttpConnectionRefused
from ._outcome import THttpException as THttpException
from ._requesting import Requesting

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware
    from fastthrift.typing import WithClient
else:
    # What annotations say at run time, for which nothing is imported.
    Middleware = Any
    WithClient = type

_Type = TypeVar("_Type")

_BINARY = TBinaryProtocolFactory()
_BUFFERED = TBufferedTransportFactory()


class THttpHeaderFactory:
    """Gives the headers of a request; a subclass may make new ones for each."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self._headers = headers or {}

    def get_headers(self) -> dict[str, str]:
        """The headers that are added to a request, or take the place of the usual ones."""
        return self._headers


class THttpClient(Requesting, TTransportBase):
    """A client's transport: each ``flush`` is a request, and what is read is its response.

    A call that fails spoils nothing: the next one is a request of its own.
    """

    #: Whether the last request was sent as a whole.
    request_sent = False

    def __init__(
        self,
        uri: str,
        timeout: float | None = None,
        ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
        http_header_factory: THttpHeaderFactory | None = None,
        keep_alive: bool = False,
        *,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        """``uri`` is ``http://host:port/path`` or https; ``timeout`` is in milliseconds.

        With ``keep_alive`` the connection is used for further requests, otherwise for one. A
        response of more than ``max_message_size`` bytes is refused.
        """
        super().__init__(uri, http_header_factory or THttpHeaderFactory(), max_message_size)
        self.headers: list[tuple[str, str]] = []
        self.response: BinaryIO = io.BytesIO()
        # Whether the server is known not to have seen the last request.
        self._never_arrived = False
        self._stage = Stage.CONNECTING
        self._written = io.BytesIO()
        self._http: http_client.HTTPConnection | None = None
        self._ssl_context_factory = ssl_context_factory
        self._keep_alive = keep_alive
        if timeout and given_seconds(timeout):
            self.setTimeout(timeout)

    def open(self) -> None:
        """Make ready; the connection is made by the first request."""
        patience = self._timeout if self.connect_timeout is None else self.connect_timeout
        if self.scheme == "https":
            context = self._ssl_context_factory() if self._ssl_context_factory else None
            self._http = http_client.HTTPSConnection(
                self.host, self.port, timeout=patience, context=context
            )
        else:
            self._http = http_client.HTTPConnection(self.host, self.port, timeout=patience)
        bind(self._http, self._bound, self._note_end, self.take_known_addresses)

    def connect(self) -> None:
        """Connect now, and not with the first request. Raises as ``flush`` does."""
        if self._http is None:
            self.open()
        assert self._http is not None
        self.request_sent = False
        with self._closing_on_failure():
            self._connect(self._http)

    def close(self) -> None:
        connection, self._http = self._http, None
        if connection is not None:
            connection.close()

    def isOpen(self) -> bool:
        """Whether there is a connection."""
        return self._http is not None

    def is_open(self) -> bool:
        return self.isOpen()

    def has_ended(self) -> bool:
        """Whether the next request needs another connection than the last one had; does not
        wait."""
        return self._http is None or self._http.sock is None or not _is_usable(self._http)

    def setTimeout(self, ms: float | None) -> None:
        """Set how long to wait, in milliseconds, under thriftpy2's name; None or 0 for ever."""
        self._timeout = seconds(ms)
        if self._http is not None:
            self._http.timeout = self._timeout
            if self._http.sock is not None:
                self._http.sock.settimeout(self._timeout)

    def set_timeout(self, ms: float | None) -> None:
        """Set how long to wait for the connection and for each part of a response, in
        milliseconds; None or 0 for ever."""
        self.setTimeout(ms)

    def setCustomHeaders(self, headers: dict[str, str]) -> None:
        """Send these headers from now on."""
        self._http_header_factory = THttpHeaderFactory(headers)

    def read(self, sz: int) -> bytes:
        """Read up to ``sz`` bytes of the response; none at its end."""
        return self.response.read(sz)

    def write(self, buf: bytes) -> None:
        """Keep bytes until ``flush``."""
        self._written.write(buf)

    def discard_output(self) -> None:
        """Forget what was not flushed."""
        self._written = io.BytesIO()

    def flush(self) -> None:
        """Send what was written, and read the response.

        Raises ``TTransportException`` when the server cannot be reached (``NOT_OPEN``), does not
        answer in time (``TIMED_OUT``, also a ``TimeoutError``), or answers with anything but a
        status of success.
        """
        data = self._written.getvalue()
        self._written = io.BytesIO()
        if not data:
            return
        headers = self.begin_request(
            {
                "Content-Type": CONTENT_TYPE,
                "Content-Length": str(len(data)),
                "User-Agent": _user_agent(),
            }
        )
        self._never_arrived = False
        self.response = io.BytesIO()
        self.request_sent = False
        if self._http is not None and not (self._keep_alive and _is_usable(self._http)):
            self.close()
        if self._http is None:
            self.open()
        connection = self._http
        assert connection is not None
        with self._closing_on_failure():
            body = self._exchange(connection, data, headers)
        if not self._keep_alive:
            connection.close()
        self.bytes_sent += len(data)
        self.bytes_received += len(body)
        self.response = io.BytesIO(body)

    def _bound(self) -> float | None:
        """How long the next wait may be, in seconds; None for any time."""
        if self.is_late:
            raise TimeoutError("the deadline is over")
        return self._patience()

    def _note_end(self, sock: socket.socket) -> None:
        """The connection has ended without an answer."""
        at = self.deadline
        if self._timeout is not None:
            patience = time.monotonic() + self._timeout
            at = patience if at is None else min(at, patience)
        self._never_arrived = never_arrived(sock, at)

    def _connect(self, connection: http_client.HTTPConnection) -> None:
        self._stage = Stage.CONNECTING
        connection.connect()
        self._stage = Stage.CONNECTED

    def _exchange(
        self, connection: http_client.HTTPConnection, data: bytes, headers: Named
    ) -> bytearray:
        self._stage = Stage.CONNECTED
        if connection.sock is None:
            self._connect(connection)
        connection.putrequest(
            "POST",
            self.path or "/",
            skip_host="host" in headers,
            skip_accept_encoding="accept-encoding" in headers,
        )
        for name, value in headers.values():
            connection.putheader(name, value)
        connection.endheaders(data)
        self.request_sent = True

        # Closed even when it is refused: it holds the socket.
        with connection.getresponse() as response:
            self._stage = Stage.ANSWERED
            return self._read_response(response)

    def _read_response(self, response: http_client.HTTPResponse) -> bytearray:
        self.code, self.message, self.headers = (
            response.status,
            response.msg,
            response.getheaders(),
        )
        answer = HttpAnswer(self.address, self.max_message_size)
        answer.begin(response.status, response.reason, response.getheader)
        while chunk := response.read(LARGEST_READ):
            answer.take(chunk)
        if response.length:
            raise http_client.IncompleteRead(b"", response.length)
        return self.take_body(answer)

    @contextlib.contextmanager
    def _closing_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.close()
            failure = self._failure(error)
            if failure is None:
                raise
            raise failure from error

    def _failure(self, error: BaseException) -> TTransportException | None:
        """The Thrift exception that an error of the library means, if it is one."""
        failures, speaks_http = Failures(self.address), self.code is not None
        if isinstance(error, TTransportException):
            return None
        if isinstance(error, TimeoutError):
            stage = Stage.LOOKING if isinstance(error, NameTimeout) else self._stage
            return failures.late(stage, deadline_is_over=self.is_late)
        if isinstance(error, OSError):
            failure = failures.of_system(error, self._stage, speaks_http=speaks_http)
            if self._never_arrived:
                failure.request_sent = False
            return failure
        if isinstance(error, http_client.IncompleteRead):
            return failures.closed(self._stage, speaks_http=speaks_http)
        if isinstance(error, http_client.HTTPException):
            return failures.no_http(_what_came(error))
        return None


def _what_came(error: http_client.HTTPException) -> str:
    """What a peer has answered with in place of HTTP."""
    line: str = getattr(error, "line", "")
    return look_of(line.encode("latin-1", "replace")) or repr(error)


def _user_agent() -> str:
    script = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else ""
    return "Python/THttpClient" + (f" ({urllib.parse.quote(script)})" if script else "")


def _is_usable(connection: http_client.HTTPConnection) -> bool:
    """Whether a connection that there was before can carry a request.

    A server closes idle connections when it likes. Looking before sending makes it needless to
    send a request again when nobody knows whether it was served. What TLS tells itself, tickets of
    sessions for example, is taken and is nothing.
    """
    sock = connection.sock
    if sock is None:
        return True  # it connects on demand
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        try:
            sock.recv(1)
        finally:
            sock.settimeout(timeout)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    # The end, or bytes that nobody has asked for.
    return False


def make_client(
    service: WithClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
    http_header_factory: THttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
    keep_alive: bool = False,
    *,
    check_seqid: bool = True,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """A client of a service over HTTP. The caller closes it.

    ``url`` takes precedence over ``host``, ``port``, ``path`` and ``scheme`` in what it has; its
    port is ``port`` when it has none. ``timeout`` is in milliseconds. The connection is made by
    the first call; with ``keep_alive`` all calls use one. ``check_seqid=False`` is for servers
    that do not repeat a call's sequence id; ``middleware`` stands around each call. Raises
    ``ValueError`` for a ``url`` that is none.
    """
    uri = make_uri(host, port, path, scheme, url)
    http_socket = THttpClient(uri, timeout, ssl_context_factory, http_header_factory, keep_alive)
    parts = TClient, service, http_socket, proto_factory, trans_factory
    client: _Type = run(connect_client(*parts, check_seqid=check_seqid, middleware=middleware))
    return client


@contextlib.contextmanager
def client_context(
    service: WithClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    path: str = "",
    scheme: str = "http",
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
    http_header_factory: THttpHeaderFactory | None = None,
    timeout: float | None = DEFAULT_HTTP_CLIENT_TIMEOUT_MS,
    url: str = "",
    keep_alive: bool = False,
    *,
    check_seqid: bool = True,
    middleware: Iterable[Middleware] = (),
) -> Iterator[_Type]:
    """A client that is closed at the end of the ``with`` block; see ``make_client``."""
    where = host, port, path, scheme
    how = proto_factory, trans_factory, ssl_context_factory, http_header_factory
    options = timeout, url, keep_alive
    client: Any = make_client(
        service, *where, *how, *options, check_seqid=check_seqid, middleware=middleware
    )
    with contextlib.closing(client):
        yield client
