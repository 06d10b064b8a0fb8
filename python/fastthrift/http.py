"""Thrift over HTTP: each call is a POST, its answer the response's body.

A server::

    server = make_server(pingpong.PingService, Dispatcher(), host="127.0.0.1", port=6000)
    server.serve()

A client::

    with client_context(pingpong.PingService, url="http://127.0.0.1:6000/") as client:
        client.ping()

For https pass ``scheme="https"``, or a ``url`` that says so; ``ssl_context_factory`` is called for
each connection's context when the default one, which verifies everything, does not do.
"""

from __future__ import annotations

import contextlib
import errno
import http.client as http_client
import http.server as http_server
import io
import logging
import os
import socket
import socketserver
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from fastthrift._message import Reader, Writer
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.server import (
    _OUT_OF_RESOURCES,
    _RESOURCE_PAUSE,
    TServer,
    _Connection,
    _is_lost,
)
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import TBufferedTransportFactory, TMemoryBuffer, TSocket
from fastthrift.transport._addresses import split_url
from fastthrift.transport.base import (
    TTransportBase,
    TTransportConnectionReset,
    TTransportException,
    TTransportFactory,
    TTransportTimeout,
)

if TYPE_CHECKING:
    import ssl

logger = logging.getLogger(__name__)

HTTP_URI = "{scheme}://{host}:{port}{path}"
DEFAULT_HTTP_CLIENT_TIMEOUT_MS = 30000

# In bytes, of a request's or a response's body.
DEFAULT_MAX_MESSAGE_SIZE = 100 * 1024 * 1024
# What is asked for at once, so that a promised size reserves no memory.
_LARGEST_READ = 1024 * 1024
# Bytes of the line that gives a chunk's size, and lines after the last chunk.
_LONGEST_CHUNK_LINE = 1024
_MOST_TRAILERS = 100

_CONTENT_TYPE = "application/x-thrift"
_BINARY = TBinaryProtocolFactory()
_BUFFERED = TBufferedTransportFactory()


class TFileObjectTransport(TTransportBase):
    """A file object as a transport."""

    def __init__(self, fileobj: BinaryIO) -> None:
        self.fileobj = fileobj

    def isOpen(self) -> bool:
        """Always true."""
        return True

    def is_open(self) -> bool:
        """Always true."""
        return True

    def open(self) -> None:
        """The file is open."""

    def close(self) -> None:
        self.fileobj.close()

    def read(self, sz: int) -> bytes:
        """Read up to ``sz`` bytes; fewer at the end of the file."""
        return self.fileobj.read(sz)

    def write(self, buf: bytes) -> None:
        self.fileobj.write(buf)

    def flush(self) -> None:
        self.fileobj.flush()


class ResponseException(Exception):
    """Raised by a handler to answer with something else than Thrift.

    ``handler`` is called with the ``BaseHTTPRequestHandler`` and writes the whole response. The
    connection is closed after it.
    """

    def __init__(self, handler: Callable[[http_server.BaseHTTPRequestHandler], None]) -> None:
        super().__init__(handler)
        self.handler = handler


class THttpHeaderFactory:
    """Gives the headers of a request; a subclass may make new ones for each."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self._headers = headers or {}

    def get_headers(self) -> dict[str, str]:
        """The headers that are added to a request, or take the place of the usual ones."""
        return self._headers


class THttpServer(TServer):
    """Serves HTTP/1.1 with persistent connections, in a thread for each.

    Handlers run one at a time, unless ``server_class`` is a ``socketserver.ThreadingMixIn`` such
    as ``http.server.ThreadingHTTPServer``. The path of a request is not looked at. A failed call
    is answered as ``fastthrift.server`` says, with status 200; a request that is no Thrift message
    has status 400. A oneway call is answered with an empty body.
    """

    # What a call may raise and the connection survive.
    _call_errors = (Exception, SystemExit)

    # How long `serve`, once closed, waits for calls that have started, in milliseconds.
    grace: float = 10_000

    def __init__(
        self,
        processor: TProcessor,
        server_address: tuple[str, int],
        itrans_factory: TTransportFactory,
        iprot_factory: TProtocolFactory,
        server_class: type[http_server.HTTPServer] = http_server.HTTPServer,
        *,
        client_timeout: float | None = 60_000,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        """Listens at once; ``httpd`` is the HTTP server, of a subclass of ``server_class``.

        ``client_timeout``, in milliseconds, is how long a connection may stay idle, None or 0 for
        any time. A request of more than ``max_message_size`` bytes is refused.
        """
        trans: Any = None  # the HTTP server has the listening socket
        super().__init__(
            processor, trans, itrans_factory=itrans_factory, iprot_factory=iprot_factory
        )
        self.client_timeout = client_timeout / 1000 if client_timeout else None
        self.max_message_size = max_message_size
        self._is_serving = False
        concurrent = issubclass(server_class, (socketserver.ThreadingMixIn, _ForkingMixIn))
        self._turn: Any = contextlib.nullcontext() if concurrent else threading.Lock()
        thrift_server = self

        class RequestHandler(_RequestHandler):
            server_of_thrift = thrift_server

        self.httpd = _serving_class(server_class, thrift_server)(server_address, RequestHandler)

    def serve(self) -> None:
        """Serve until ``close`` is called.

        Returns when all started calls are answered, or ``grace`` milliseconds after ``close``.
        """
        self._is_serving = True
        try:
            with self._serving(), contextlib.suppress(_Closed):
                if not self.closed:
                    self.httpd.serve_forever()
        finally:
            self._is_serving = False
            self.httpd.server_close()
            self._join()

    def close(self) -> None:
        """Make ``serve`` return, from any thread and from a signal handler."""
        self.closed = True
        # Wakes the thread that waits for connections.
        with contextlib.suppress(OSError):
            self.httpd.socket.shutdown(socket.SHUT_RDWR)
        if not self._is_serving:
            self.httpd.server_close()
        for connection in list(self._connections.values()):
            connection.stop_reading()

    def _join(self) -> None:
        deadline = time.monotonic() + self.grace / 1000
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _handle(self, request: _RequestHandler, connection: _Connection, body: bytes) -> None:
        """Process one call and respond."""
        message = connection.message
        answer = TMemoryBuffer()
        itrans = self.itrans_factory.get_transport(TFileObjectTransport(io.BytesIO(body)))
        otrans = self.otrans_factory.get_transport(answer)
        oprot: Any = self.oprot_factory.get_protocol(otrans)
        reader = Reader(self.iprot_factory.get_protocol(itrans), message)
        try:
            with self._turn:
                self.processor.process(reader, Writer(oprot, message))  # type: ignore[arg-type]
            # A processor that flushes nothing has answered a oneway call.
            otrans.flush()
        except ResponseException as error:
            request.close_connection = True
            error.handler(request)
            return
        except self._call_errors as error:
            self._settle(error, message, connection.peer, oprot)
        data = answer.getvalue()
        if data or message.oneway:
            request.respond(200, data)
        elif message.header is None:
            request.refuse(400, "the body is no Thrift message")
        else:
            request.respond(200 if message.stage else 500, b"")


# socketserver has it on systems that fork.
_ForkingMixIn: Any = getattr(socketserver, "ForkingMixIn", socketserver.ThreadingMixIn)


class _Closed(Exception):
    """The server was closed."""


def _serving_class(
    server_class: type[http_server.HTTPServer], thrift_server: THttpServer
) -> type[http_server.HTTPServer]:
    """``server_class`` with a thread for each connection, that stops when it is told to."""

    class Server(server_class):  # type: ignore[valid-type, misc]
        request_queue_size = 128

        def service_actions(self) -> None:
            super().service_actions()
            if thrift_server.closed:
                raise _Closed

        def get_request(self) -> tuple[socket.socket, Any]:
            try:
                accepted: tuple[socket.socket, Any] = super().get_request()
                return accepted
            except OSError as error:
                if error.errno in _OUT_OF_RESOURCES:
                    logger.error("Cannot accept connections for now: %s", error)
                    time.sleep(_RESOURCE_PAUSE)
                raise

        def handle_error(self, request: Any, client_address: Any) -> None:
            error = sys.exc_info()[1]
            if error is not None and _is_lost(error):
                logger.debug("Connection of %s ended: %s", client_address, error)
            else:
                logger.exception("The connection of %s failed", client_address)

    if issubclass(server_class, (socketserver.ThreadingMixIn, _ForkingMixIn)):
        return Server

    class ThreadedServer(socketserver.ThreadingMixIn, Server):
        # A connection that stays open does not keep the program from ending.
        daemon_threads = True

    return ThreadedServer


class _BadRequest(Exception):
    """A request that is not served: its status, and what is wrong with it."""


class _RequestHandler(http_server.BaseHTTPRequestHandler):
    server_of_thrift: THttpServer

    protocol_version = "HTTP/1.1"
    server_version = "fastthrift"
    sys_version = ""
    # Header and body leave in one piece.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.timeout = self.server_of_thrift.client_timeout  # type: ignore[misc]
        super().setup()

    def handle(self) -> None:
        server = self.server_of_thrift
        thread = threading.current_thread()
        transport = TSocket(sock=self.connection)
        connection = self._thrift = _Connection(transport)
        server._connections[id(transport)] = connection
        server._threads.add(thread)
        try:
            if not server.closed:
                super().handle()
        finally:
            server._threads.discard(thread)
            server._connections.pop(id(transport), None)

    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        # The client waits for it before it sends the body.
        self.wfile.flush()
        return goes_on

    def do_POST(self) -> None:
        server = self.server_of_thrift
        try:
            body = self.read_body()
        except _BadRequest as error:
            self.refuse(*error.args)
            return
        if body is None:
            self.close_connection = True
            return
        try:
            server._handle(self, self._thrift, body)
            self.wfile.flush()
        finally:
            self._thrift.message.header = None
        if server.closed:
            self.close_connection = True

    def read_body(self) -> bytes | None:
        """The body of the request; None when the client leaves in the middle of it."""
        if "Transfer-Encoding" in self.headers:
            if self.headers["Transfer-Encoding"].strip().lower() != "chunked":
                raise _BadRequest(501, "only chunked is known as a Transfer-Encoding")
            return self.read_chunks()
        if "Content-Length" not in self.headers:
            raise _BadRequest(411, "a request needs a Content-Length")
        length = self.headers["Content-Length"].strip()
        if not (length.isascii() and length.isdigit()):
            raise _BadRequest(400, "the Content-Length is no number")
        return self.read_exactly(int(length), 0)

    def read_exactly(self, size: int, before: int) -> bytes | None:
        limit = self.server_of_thrift.max_message_size
        if before + size > limit:
            raise _BadRequest(413, f"a request may have {limit} bytes")
        data = bytearray()
        while len(data) < size:
            chunk = self.rfile.read(min(size - len(data), _LARGEST_READ))
            if not chunk:
                return None
            data += chunk
        return bytes(data)

    def read_chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            digits = self.rfile.readline(_LONGEST_CHUNK_LINE).partition(b";")[0].strip()
            try:
                # `int` would take signs and underscores.
                size = int(digits, 16) if digits.isalnum() else -1
            except ValueError:
                size = -1
            if size < 0:
                raise _BadRequest(400, "the size of a chunk is no number")
            if size == 0:
                break
            chunk = self.read_exactly(size, len(body))
            if chunk is None:
                return None
            body += chunk
            if self.rfile.readline(_LONGEST_CHUNK_LINE).strip():
                raise _BadRequest(400, "a chunk is longer than its size")
        for _ in range(_MOST_TRAILERS):
            if not self.rfile.readline(_LONGEST_CHUNK_LINE).strip():
                return bytes(body)
        raise _BadRequest(400, "too many trailers")

    def respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, reason: str) -> None:
        """Respond with an error, and close the connection: the body may not have been read."""
        logger.warning("Refused a request of %s: %s", self._thrift.peer, reason)
        self.close_connection = True
        text = (reason + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug("%s: " + format, self.address_string(), *args)


class THttpException(TTransportException, OSError):
    """A server could not be reached, or did not answer as one should.

    ``status`` is that of its response, None when there was none.
    """

    def __init__(self, type: int = TTransportException.UNKNOWN, message: str | None = None) -> None:
        super().__init__(type, message)
        self.status: int | None = None


class THttpConnectionRefused(THttpException, ConnectionRefusedError):
    """Nothing listens at the server's address."""


class THttpClient(TTransportBase):
    """A client's transport: each ``flush`` is a request, and what is read is its response.

    A call that fails spoils nothing: the next one is a request of its own.
    """

    # For TClient: the next answer cannot be that of an earlier call.
    answers_stand_alone = True

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
        parsed = urllib.parse.urlparse(uri)
        self.scheme = parsed.scheme
        if self.scheme not in ("http", "https"):
            raise ValueError(f"not an http or https URI: {uri!r}")
        if not parsed.hostname:
            raise ValueError(f"a URI without a host: {uri!r}")
        default = http_client.HTTP_PORT if self.scheme == "http" else http_client.HTTPS_PORT
        self.port = parsed.port or default
        self.host: str = parsed.hostname
        self.path = parsed.path
        if parsed.query:
            self.path += "?" + parsed.query
        self.max_message_size = max_message_size
        # Of the last response.
        self.code: int | None = None
        self.message: Any = None
        self.headers: list[tuple[str, str]] = []
        self.response: BinaryIO = io.BytesIO()
        self._written = io.BytesIO()
        self._http: http_client.HTTPConnection | None = None
        self._http_header_factory = http_header_factory or THttpHeaderFactory()
        self._timeout: float | None = None
        self._ssl_context_factory = ssl_context_factory
        self._keep_alive = keep_alive
        if timeout:
            self.setTimeout(timeout)

    def open(self) -> None:
        """Make ready; the connection is made by the first request."""
        if self.scheme == "https":
            context = self._ssl_context_factory() if self._ssl_context_factory else None
            self._http = http_client.HTTPSConnection(
                self.host, self.port, timeout=self._timeout, context=context
            )
        else:
            self._http = http_client.HTTPConnection(self.host, self.port, timeout=self._timeout)

    def close(self) -> None:
        connection, self._http = self._http, None
        if connection is not None:
            connection.close()

    def isOpen(self) -> bool:
        """As ``is_open``."""
        return self._http is not None

    def is_open(self) -> bool:
        return self.isOpen()

    def setTimeout(self, ms: float | None) -> None:
        """As ``set_timeout``."""
        self._timeout = ms / 1000 if ms and ms > 0 else None
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
        self.response = io.BytesIO()
        if self._http is not None and not (self._keep_alive and _is_usable(self._http)):
            self.close()
        if self._http is None:
            self.open()
        connection = self._http
        assert connection is not None
        try:
            body = self._exchange(connection, data)
        except BaseException as error:
            self.close()
            self._translate(error)
            raise
        if not self._keep_alive:
            connection.close()
        self.response = io.BytesIO(body)

    def _exchange(self, connection: http_client.HTTPConnection, data: bytes) -> bytes:
        headers = {
            "Content-Type": _CONTENT_TYPE,
            "Content-Length": str(len(data)),
            "User-Agent": _user_agent(),
        }
        custom = dict(self._http_header_factory.get_headers() or {})
        chosen = {name.lower() for name in custom}
        connection.putrequest(
            "POST",
            self.path or "/",
            skip_host="host" in chosen,
            skip_accept_encoding="accept-encoding" in chosen,
        )
        for name, value in headers.items():
            if name.lower() not in chosen:
                connection.putheader(name, value)
        for name, value in custom.items():
            connection.putheader(name, value)
        connection.endheaders(data)

        # Closed even when it is refused: it holds the socket.
        with connection.getresponse() as response:
            return self._read_response(response)

    def _read_response(self, response: http_client.HTTPResponse) -> bytes:
        self.code, self.message, self.headers = (
            response.status,
            response.msg,
            response.getheaders(),
        )
        where = self._address()
        if not 200 <= response.status < 300:
            error = THttpException(message=f"{where} answered {response.status} {response.reason}")
            error.status = response.status
            raise error
        encoding = response.getheader("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise THttpException(
                message=f"{where} answered in an encoding that was not asked for: {encoding}"
            )
        body = bytearray()
        while chunk := response.read(_LARGEST_READ):
            body += chunk
            if len(body) > self.max_message_size:
                raise THttpException(
                    message=f"The response of {where} exceeds the limit of "
                    f"{self.max_message_size} bytes"
                )
        if response.length:
            raise http_client.IncompleteRead(bytes(body), response.length)
        return bytes(body)

    def _address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return HTTP_URI.format(scheme=self.scheme, host=host, port=self.port, path=self.path)

    def _translate(self, error: BaseException) -> None:
        """Raise the Thrift exception that an error of the library means, if it is one."""
        where = self._address()
        failure: TTransportException
        if isinstance(error, TTransportException):
            return
        if isinstance(error, TimeoutError):
            failure = TTransportTimeout(message=f"timed out: no answer of {where} in time")
        elif isinstance(error, ConnectionRefusedError):
            failure = THttpConnectionRefused(
                TTransportException.NOT_OPEN, f"Could not connect to {where}"
            )
            failure.errno = errno.ECONNREFUSED
        elif isinstance(error, (ConnectionResetError, BrokenPipeError)):
            failure = TTransportConnectionReset(message=f"{where} closed the connection: {error}")
        elif isinstance(error, OSError):
            failure = THttpException(
                TTransportException.NOT_OPEN, f"Could not connect to {where}: {error}"
            )
        elif isinstance(error, http_client.IncompleteRead):
            failure = THttpException(
                TTransportException.END_OF_FILE, f"The response of {where} ends too early"
            )
        elif isinstance(error, http_client.HTTPException):
            failure = THttpException(message=f"{where} does not answer with HTTP: {error!r}")
        else:
            return
        raise failure from error


def _user_agent() -> str:
    script = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else ""
    return "Python/THttpClient" + (f" ({urllib.parse.quote(script)})" if script else "")


def _is_usable(connection: http_client.HTTPConnection) -> bool:
    """Whether a connection that was used before can carry another request.

    A server closes idle connections when it likes. Looking before sending makes it needless to
    send a request again when nobody knows whether it was served.
    """
    sock = connection.sock
    if sock is None:
        return True  # it connects on demand
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        try:
            # Not SSLSocket's, which knows no flags.
            socket.socket.recv(sock, 1, socket.MSG_PEEK)
        finally:
            sock.settimeout(timeout)
    except BlockingIOError:
        return True
    except OSError:
        return False
    # The end, or bytes that nobody has asked for.
    return False


def _transport(
    host: str,
    port: int,
    path: str,
    scheme: str,
    ssl_context_factory: Callable[[], ssl.SSLContext] | None,
    http_header_factory: THttpHeaderFactory | None,
    timeout: float | None,
    url: str,
    keep_alive: bool,
) -> THttpClient:
    if url:
        parsed = split_url(url)
        host = parsed.hostname or host
        port = parsed.port or port
        scheme = parsed.scheme or scheme
        path = parsed.path or path
        if parsed.query:
            path += "?" + parsed.query
    if path and path[0] not in "/?":
        path = "/" + path
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    uri = HTTP_URI.format(scheme=scheme, host=host, port=port, path=path)
    return THttpClient(uri, timeout, ssl_context_factory, http_header_factory, keep_alive)


def make_client(
    service: Any,
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
) -> TClient:
    """A client of a service over HTTP. The caller closes it.

    ``url`` takes precedence over ``host``, ``port``, ``path`` and ``scheme`` in what it has; its
    port is ``port`` when it has none. ``timeout`` is in milliseconds. The connection is made by
    the first call; with ``keep_alive`` all calls use one.
    """
    http_socket = _transport(
        host,
        port,
        path,
        scheme,
        ssl_context_factory,
        http_header_factory,
        timeout,
        url,
        keep_alive,
    )
    transport = trans_factory.get_transport(http_socket)
    protocol = proto_factory.get_protocol(transport)
    transport.open()
    return TClient(service, protocol)


@contextlib.contextmanager
def client_context(
    service: Any,
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
) -> Iterator[TClient]:
    """A client that is closed at the end of the ``with`` block; see ``make_client``."""
    client = make_client(
        service,
        host,
        port,
        path,
        scheme,
        proto_factory,
        trans_factory,
        ssl_context_factory,
        http_header_factory,
        timeout,
        url,
        keep_alive,
    )
    with contextlib.closing(client):
        yield client


def make_server(
    service: Any,
    handler: object,
    host: str,
    port: int,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    *,
    server_class: type[http_server.HTTPServer] = http_server.HTTPServer,
) -> THttpServer:
    """A server of one service over HTTP; it listens at once.

    With ``http.server.ThreadingHTTPServer`` as ``server_class`` calls run at the same time.
    """
    return THttpServer(
        TProcessor(service, handler),
        (host, port),
        itrans_factory=trans_factory,
        iprot_factory=proto_factory,
        server_class=server_class,
    )
