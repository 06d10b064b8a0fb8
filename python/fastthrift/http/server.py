"""The HTTP server."""

from __future__ import annotations

import contextlib
import http.client as http_client
import http.server as http_server
import logging
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastthrift._calls.exchange import BadRequest, Exchange, answered, refused
from fastthrift._calls.exchange import TFileObjectTransport as TFileObjectTransport
from fastthrift._calls.server_call import ServerCall
from fastthrift._calls.settle import OUT_OF_RESOURCES, is_lost
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.server import (
    RESOURCE_PAUSE,
    Connection,
    TServer,
)
from fastthrift.thrift import TProcessor, processing
from fastthrift.transport import TBufferedTransportFactory, TSocket
from fastthrift.transport.base import TTransportFactory

from ._common import DEFAULT_MAX_MESSAGE_SIZE
from ._request import RequestHead, RequestReader
from ._response import (
    CONTINUE,
    LINGER,
    READ_SIZE,
    SERVER,
    make_response,
)

logger = logging.getLogger("fastthrift.http")

_BINARY = TBinaryProtocolFactory()
_BUFFERED = TBufferedTransportFactory()

_T = TypeVar("_T")


class ResponseException(Exception):
    """Raised by a handler to answer with something else than Thrift.

    ``handler`` is called with the ``BaseHTTPRequestHandler`` and writes the whole response. The
    connection is closed after it.
    """

    def __init__(self, handler: Callable[[http_server.BaseHTTPRequestHandler], None]) -> None:
        super().__init__(handler)
        self.handler = handler


class THttpServer(TServer):
    """Serves HTTP/1.1 with persistent connections, in a thread for each.

    Handlers run one at a time, unless ``server_class`` is a ``socketserver.ThreadingMixIn`` such
    as ``http.server.ThreadingHTTPServer``. The path of a request is not looked at. A failed call
    is answered as ``fastthrift.server`` says, with status 200; a request that is no Thrift message,
    or more than one, has status 400, and all methods but POST have 405. A oneway call is answered
    with an empty body.

    Requests are read by the letter of RFC 9112. What a proxy may understand in another way is
    answered with a status and the end of the connection, and never runs as a call.
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

        serving_class: Any = _serving_class(server_class, thrift_server)
        if ":" in server_address[0]:
            serving_class.address_family = socket.AF_INET6
        self.httpd = serving_class(server_address, RequestHandler)

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

    def _handle(self, request: _RequestHandler, connection: Connection, body: bytes) -> None:
        """Process one call and respond."""
        exchange = Exchange.of(
            body, self.itrans_factory, self.iprot_factory, self.otrans_factory, self.oprot_factory
        )
        connection.call = exchange.call
        process = processing(self.processor, exchange.iprot, exchange.oprot)

        def process_in_turn(call: ServerCall) -> None:
            with self._turn:
                process(call)

        def settle(error: BaseException, call: ServerCall, oprot: Any) -> None:
            self._settle(error, call, connection.peer, oprot)

        try:
            answer = exchange.answer(
                process_in_turn, settle, errors=self._call_errors, passing=(ResponseException,)
            )
        except ResponseException as error:
            request.close_connection = True
            error.handler(request)
            return
        request.respond(answer)


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
                if error.errno in OUT_OF_RESOURCES:
                    logger.error("Cannot accept connections for now: %s", error)
                    time.sleep(RESOURCE_PAUSE)
                raise

        def handle_error(self, request: Any, client_address: Any) -> None:
            error = sys.exc_info()[1]
            if error is not None and is_lost(error):
                logger.debug("Connection of %s ended: %s", client_address, error)
            else:
                logger.exception("The connection of %s failed", client_address)

    if issubclass(server_class, (socketserver.ThreadingMixIn, _ForkingMixIn)):
        return Server

    class ThreadedServer(socketserver.ThreadingMixIn, Server):
        # A connection that stays open does not keep the program from ending.
        daemon_threads = True

    return ThreadedServer


class _RequestHandler(http_server.BaseHTTPRequestHandler):
    """Serves one connection. Of its base the responses are used, but not the reading."""

    server_of_thrift: THttpServer

    protocol_version = "HTTP/1.1"
    server_version = SERVER
    sys_version = ""
    # Header and body leave in one piece.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.timeout = self.server_of_thrift.client_timeout  # type: ignore[misc]
        super().setup()
        self._reader = RequestReader(self.server_of_thrift.max_message_size)

    def handle(self) -> None:
        server = self.server_of_thrift
        thread = threading.current_thread()
        transport = TSocket(sock=self.connection)
        connection = self._thrift = Connection(transport)
        server._connections[id(transport)] = connection
        server._threads.add(thread)
        try:
            if not server.closed:
                super().handle()
        finally:
            server._threads.discard(thread)
            server._connections.pop(id(transport), None)

    def handle_one_request(self) -> None:
        """Serve one request; ``close_connection`` is set when it was the last."""
        self.close_connection = True
        self._note(None)
        try:
            head = self._read(self._reader.head)
            if head is None:
                return
            self._note(head)
            body = self._read_body(head)
            if body is None:
                return
            self.close_connection = not head.keeps_alive
            self.server_of_thrift._handle(self, self._thrift, body)
        except BadRequest as error:
            self.refuse(error)
        finally:
            self._thrift.call = ServerCall()
        self.wfile.flush()
        if self.server_of_thrift.closed:
            self.close_connection = True

    def _note(self, head: RequestHead | None) -> None:
        """Set what `BaseHTTPRequestHandler` tells of a request."""
        self.head = head
        self.headers = http_client.HTTPMessage()
        if head is None:
            self.command = self.path = self.requestline = ""
            self.request_version = self.protocol_version
            return
        self.command, self.path = head.method, head.target
        self.request_version = f"HTTP/1.{head.minor_version}"
        self.requestline = f"{head.method} {head.target} {self.request_version}"
        for name, value in head.headers:
            self.headers[name] = value

    def _read_body(self, head: RequestHead) -> bytes | None:
        """The body of the request; None when the client leaves in the middle of it."""
        try:
            head.require_call(self.server_of_thrift.max_message_size)
        except BadRequest as error:
            if error.goes_on:
                self._reader.skip_body()
                self.close_connection = not head.keeps_alive
            raise
        body = self._reader.body()
        if body is None and head.expects_continue:
            # The client waits for it before it sends the body.
            self.wfile.write(CONTINUE)
            self.wfile.flush()
        return self._read(self._reader.body) if body is None else body

    def _read(self, part: Callable[[], _T | None]) -> _T | None:
        """A part of a request; None when the client leaves before its end."""
        while (read := part()) is None:
            data = self.rfile.read1(READ_SIZE)
            if not data:
                return None
            self._reader.feed(data)
        return read

    def respond(self, body: bytes) -> None:
        """Respond to a call."""
        self.log_request(200)
        self.wfile.write(make_response(self.head, not self.close_connection, answered(body)))

    def refuse(self, error: BadRequest) -> None:
        """Respond to a request that is not served."""
        # That somebody looks in with GET is nothing to worry about.
        level = logging.DEBUG if error.goes_on else logging.WARNING
        logger.log(level, "Refused a request of %s: %s", self._thrift.peer, error.reason)
        self.log_request(error.status)
        if not error.goes_on:
            self.close_connection = True
        self.wfile.write(make_response(self.head, not self.close_connection, refused(error)))
        if self.close_connection:
            self._linger()

    def _linger(self) -> None:
        """Let the client read the answer."""
        self.wfile.flush()
        deadline = time.monotonic() + LINGER
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(READ_SIZE):
                    break

    def version_string(self) -> str:
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug("%s: " + format, self.address_string(), *args)


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
