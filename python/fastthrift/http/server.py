"""The HTTP server."""

from __future__ import annotations

import contextlib
import functools
import http.client as http_client
import http.server as http_server
import io
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from fastthrift._calls.budget import until
from fastthrift._calls.exchange import Answer, Exchange
from fastthrift._calls.server_call import ServerCall, SettledCall
from fastthrift._calls.settle import CALL_ERRORS, conclude
from fastthrift._calls.steps import run
from fastthrift._serve.connections import FRESH_PATIENCE, Connections
from fastthrift._serve.signals import closing_on_signals
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.server import TServer
from fastthrift.thrift import TProcessor, processing
from fastthrift.transport import TBufferedTransportFactory, TTransportException
from fastthrift.transport._addresses import given_seconds
from fastthrift.transport._file import TFileObjectTransport as TFileObjectTransport
from fastthrift.transport._listening import Listening, inherit
from fastthrift.transport._receiving import MESSAGE_TIMEOUT, MessageClock
from fastthrift.transport.base import TTransportFactory
from fastthrift.transport.socket import AcceptedSocket

from ._accepting import CONCURRENT, ServerClosed, accepting_class
from ._common import DEFAULT_MAX_MESSAGE_SIZE
from ._request import RequestHead, RequestReader
from ._serving import LINGER, READ_SIZE, SERVER, make_response, serve_request

logger = logging.getLogger("fastthrift.server.http")

_BINARY = TBinaryProtocolFactory()
_BUFFERED = TBufferedTransportFactory()


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

    # How many connections are open at once; others wait to be accepted, and the log says so. None
    # for any number.
    max_connections: int | None = None

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
        message_timeout: float | None = MESSAGE_TIMEOUT,
        descriptor: int | None = None,
    ) -> None:
        """Listens at once; ``httpd`` is the HTTP server, of a subclass of ``server_class``.

        ``client_timeout``, in milliseconds, is how long a connection may stay idle, None or 0 for
        any time; ``message_timeout``, in milliseconds, how long a request may take from its first
        byte to its last; a client has as long to take its answer, and as much more as that takes
        at 16 KiB a second. A request of more than ``max_message_size`` bytes is refused.
        ``descriptor`` is of a socket that listens already, in place of ``server_address``; other
        processes that have it go on listening when this server is closed.
        """
        trans: Any = None  # the HTTP server has the listening socket
        super().__init__(
            processor, trans, itrans_factory=itrans_factory, iprot_factory=iprot_factory
        )
        self.client_timeout = given_seconds(client_timeout)
        self.message_timeout = given_seconds(message_timeout)
        self.max_message_size = max_message_size
        self._in_threads = Connections()
        self._is_serving = False
        concurrent = issubclass(server_class, CONCURRENT)
        self._turn: Any = contextlib.nullcontext() if concurrent else threading.Lock()
        serving_class = accepting_class(server_class, self)
        handler_class = type("RequestHandler", (_RequestHandler,), {"server_of_thrift": self})
        # Whether connections are just accepted: not by TLS, for example.
        self._accepts_alone = server_class.get_request is http_server.HTTPServer.get_request
        self._shared: Listening | None = None
        if descriptor is not None:
            self._shared = inherit(descriptor)
            self.httpd = serving_class(server_address, handler_class, False)
            self.httpd.serve_at(self._shared)
            return
        if ":" in server_address[0]:
            serving_class.address_family = socket.AF_INET6
        self.httpd = serving_class(server_address, handler_class)

    def serve(self) -> None:
        """Serve until ``close`` is called.

        Returns when all started calls are answered, or ``grace`` milliseconds after ``close``.
        """
        self._is_serving = True
        self._in_threads.begin()
        with closing_on_signals(self.close, wanted=self.handle_signals):
            try:
                with self._in_threads.closed_at_exit(self.close), self._in_threads.serving_left():
                    with contextlib.suppress(ServerClosed):
                        if not self.closed:
                            if self.on_serving is not None:
                                self.on_serving()
                            self.httpd.serve_forever()
                    for accepted in self._in_threads.left():
                        self.httpd.take(*accepted)
            finally:
                self._is_serving = False
                self.httpd.server_close()
                self._in_threads.wait_for_threads(self.grace, logger)

    def _accept_waiting(self) -> list[Any]:
        if not self._accepts_alone:
            return []
        return (self._shared or Listening(self.httpd.socket)).accept_waiting()

    def close(self, grace: float | None = None) -> None:
        """Make ``serve`` return, from any thread and from a signal handler; ``grace``, in seconds,
        is as for other servers."""
        if grace is not None:
            self.grace = grace * 1000
        self._in_threads.end_within(self.grace)
        with self._in_threads.taking_left(self._accept_waiting):
            self.closed = True
        # Wakes the thread that waits for connections.
        if self._shared is not None:
            self._shared.close()
        else:
            with contextlib.suppress(OSError):
                self.httpd.socket.shutdown(socket.SHUT_RDWR)
        if not self._is_serving:
            self.httpd.server_close()
        self._in_threads.stop_reading()


class _Left(Exception):
    """The client has left, which may be in the middle of a request."""


class _Output(io.RawIOBase):
    """What is written to a client, who has its time to take it."""

    def __init__(self, client: AcceptedSocket) -> None:
        self._client = client

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._client.write(bytes(data))
        return len(data)


class _RequestHandler(http_server.BaseHTTPRequestHandler):
    """Serves one connection. Of its base the responses are used, but not the reading."""

    server_of_thrift: THttpServer

    protocol_version = "HTTP/1.1"
    server_version = SERVER
    sys_version = ""

    def setup(self) -> None:
        self.timeout = self.server_of_thrift.client_timeout  # type: ignore[misc]
        self.disable_nagle_algorithm = self.request.family != getattr(socket, "AF_UNIX", None)  # type: ignore[misc]
        super().setup()
        del self.wfile  # its base's
        self._client = AcceptedSocket(self.connection, self.server_of_thrift.message_timeout)
        self._reader = RequestReader(self.server_of_thrift.max_message_size)
        self._clock = MessageClock(self.server_of_thrift.message_timeout)

    @functools.cached_property
    def wfile(self) -> io.BufferedWriter:  # type: ignore[override]
        """For handlers that answer by themselves: header and body leave in one piece."""
        return io.BufferedWriter(_Output(self._client))

    def handle(self) -> None:
        server = self.server_of_thrift
        connections = server._in_threads
        with connections.in_this_thread(), connections.accepted(self._client) as self._thrift:
            connections.coming.discard(self.request)
            if not server.closed or self._thrift.has_last_calls():
                super().handle()

    def finish(self) -> None:
        # Either keeps the descriptor open, and the client may have left before the last bytes.
        for name in ("wfile", "rfile"):
            if (file := self.__dict__.get(name)) is not None:
                with contextlib.suppress(OSError, TTransportException):
                    file.close()

    def handle_one_request(self) -> None:
        """Serve one request; ``close_connection`` is set when it was the last."""
        self.close_connection = True
        self._note(None)
        server = self.server_of_thrift
        limit = server.max_message_size
        goes_on = False
        try:
            goes_on = run(
                serve_request(self, self._reader, limit, logger, server._in_threads.rates)
            )
        except _Left:
            return
        finally:
            self._thrift.call = SettledCall()
        self.close_connection = not goes_on
        if goes_on:
            self._thrift.has_answered()
            if self.is_closing():
                # The client was told that it may send another one, which may be on its way.
                self.timeout = FRESH_PATIENCE  # type: ignore[misc]
                self.connection.settimeout(FRESH_PATIENCE)

    def _note(self, head: RequestHead | None) -> None:
        """Set what `BaseHTTPRequestHandler` tells of a request."""
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

    # What `serve_request` asks of a connection

    @property
    def peer(self) -> str:
        return self._thrift.peer

    def is_closing(self) -> bool:
        return self.server_of_thrift.closed

    def begin(self) -> None:
        self._clock.begin()

    def receive(self) -> bytes:
        patience = self._clock.patience(self.timeout)
        if patience == self.timeout:
            data = self.rfile.read1(READ_SIZE)
        elif not patience:
            raise TimeoutError(str(self._clock))
        else:
            self.connection.settimeout(patience)
            data = self.rfile.read1(READ_SIZE)
            self.connection.settimeout(self.timeout)
        if not data:
            raise _Left
        self._thrift.is_busy = True
        return data

    def send(self, data: bytes) -> None:
        self._client.write(data)

    def respond(self, head: RequestHead | None, goes_on: bool, answer: Answer) -> None:
        self._note(head)
        self.log_request(answer.status)
        self.send(make_response(head, goes_on, answer))

    def answer(self, head: RequestHead, body: bytes) -> bytes | None:
        self._note(head)
        server = self.server_of_thrift
        exchange = Exchange.of(
            body,
            server.itrans_factory,
            server.iprot_factory,
            server.otrans_factory,
            server.oprot_factory,
        )
        self._thrift.call = exchange.call
        exchange.note_request(self.peer, head.headers)
        process = processing(server.processor, exchange.iprot, exchange.oprot)

        def process_in_turn(call: ServerCall) -> None:
            with server._turn, until(exchange.call.deadline):
                process(call)

        def settle(error: BaseException, call: ServerCall, oprot: Any) -> None:
            rates, closed = server._in_threads.rates, server.closed
            conclude(
                error, server.processor, call, self.peer, oprot, logger, rates=rates, closed=closed
            )

        try:
            return exchange.answer(
                process_in_turn, settle, errors=CALL_ERRORS, passing=(ResponseException,)
            )
        except ResponseException as error:
            error.handler(self)
            self.wfile.flush()
            return None

    def linger(self) -> None:
        deadline = time.monotonic() + LINGER
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(READ_SIZE):
                    break

    def version_string(self) -> str:
        return self.server_version

    def address_string(self) -> str:
        # A client at a unix socket has no address.
        return str(self.client_address[0]) if self.client_address else "a unix socket"

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
