"""The HTTP server."""

from __future__ import annotations

import contextlib
import functools
import http.client as http_client
import http.server as http_server
import io
import logging
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from fastthrift._calls.budget import until
from fastthrift._calls.exchange import Answer, Exchange
from fastthrift._calls.lines import log_ended, log_failed
from fastthrift._calls.rate import Rate
from fastthrift._calls.server_call import ServerCall, SettledCall
from fastthrift._calls.settle import CALL_ERRORS, OUT_OF_RESOURCES, conclude, is_lost
from fastthrift._calls.steps import run
from fastthrift._serve.connections import FRESH_PATIENCE, RESOURCE_PAUSE, Connections
from fastthrift._serve.overload import tell_full, tell_starved
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
        concurrent = issubclass(server_class, (socketserver.ThreadingMixIn, _ForkingMixIn))
        self._turn: Any = contextlib.nullcontext() if concurrent else threading.Lock()
        thrift_server = self

        class RequestHandler(_RequestHandler):
            server_of_thrift = thrift_server

        serving_class: Any = _serving_class(server_class, thrift_server)
        # Whether connections are just accepted: not by TLS, for example.
        self._accepts_alone = server_class.get_request is http_server.HTTPServer.get_request
        self._shared: Listening | None = None
        if descriptor is not None:
            self._shared = inherit(descriptor)
            self.httpd = serving_class(server_address, RequestHandler, False)
            self.httpd.serve_at(self._shared)
            return
        if ":" in server_address[0]:
            serving_class.address_family = socket.AF_INET6
        self.httpd = serving_class(server_address, RequestHandler)

    def serve(self) -> None:
        """Serve until ``close`` is called.

        Returns when all started calls are answered, or ``grace`` milliseconds after ``close``.
        """
        self._is_serving = True
        self._in_threads.begin()
        with closing_on_signals(self.close, wanted=self.handle_signals):
            try:
                with self._in_threads.closed_at_exit(self.close), self._in_threads.serving_left():
                    with contextlib.suppress(_Closed):
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


# socketserver has it on systems that fork.
_ForkingMixIn: Any = getattr(socketserver, "ForkingMixIn", socketserver.ThreadingMixIn)


# How soon it is noticed that a server was closed that has no room, in seconds.
_CLOSING_PAUSE = 0.1


class _Closed(Exception):
    """The server was closed."""


class _Left(Exception):
    """The client has left, which may be in the middle of a request."""


def _serving_class(
    server_class: type[http_server.HTTPServer], thrift_server: THttpServer
) -> type[http_server.HTTPServer]:
    """``server_class`` with a thread for each connection, that stops when it is told to."""

    class CallServer(server_class):  # type: ignore[valid-type, misc]
        request_queue_size = 128
        socket: Any
        server_name: str
        server_port: int

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Connections that were accepted and are not closed yet.
            self._open: set[Any] = set()
            self._left = threading.Event()
            self._rate = Rate()
            self._starving = Rate()
            self._shared: Listening | None = None

        def serve_at(self, listening: Listening) -> None:
            """Serve at a socket that other processes have as well, in place of one's own."""
            self.socket.close()
            self._shared = listening
            self.socket = listening.sock
            self.server_address = self.socket.getsockname()
            # As `server_bind` has them; a unix socket has neither.
            self.server_name, self.server_port = "", 0
            if isinstance(self.server_address, tuple):
                self.server_name, self.server_port = self.server_address[:2]

        def serve_forever(self, poll_interval: float = 0.5) -> None:
            if self._shared is None:
                super().serve_forever(poll_interval)
                return
            while self.socket.fileno() >= 0:
                # Waits in `get_request`, which is told of the end.
                with contextlib.suppress(OSError):
                    self._process(*self.get_request())
                self.service_actions()

        def take(self, request: Any, client_address: Any) -> None:
            """Serve a connection that was accepted when the server was closed, if there is room."""
            most = thrift_server.max_connections
            if most is not None and len(self._open) >= most:
                request.close()
                return
            self._note(request)
            self._process(request, client_address)

        def _note(self, request: Any) -> None:
            self._open.add(request)
            thrift_server._in_threads.coming.add(request)

        def _process(self, request: Any, client_address: Any) -> None:
            """Serve a connection, as `serve_forever` does."""
            try:
                if self.verify_request(request, client_address):
                    self.process_request(request, client_address)
                    return
            except Exception:
                self.handle_error(request, client_address)
            self.shutdown_request(request)

        def service_actions(self) -> None:
            super().service_actions()
            if thrift_server.closed:
                raise _Closed

        def get_request(self) -> tuple[socket.socket, Any]:
            try:
                self._wait_for_room()
                accept = super().get_request if self._shared is None else self._shared.accept
                accepted: tuple[socket.socket, Any] = accept()
                self._note(accepted[0])
                return accepted
            except OSError as error:
                if error.errno in OUT_OF_RESOURCES:
                    tell_starved(error, self._starving, logger)
                    time.sleep(RESOURCE_PAUSE)
                raise

        def _wait_for_room(self) -> None:
            most = thrift_server.max_connections
            while most is not None and len(self._open) >= most:
                tell_full(most, self.socket, self._rate, logger)
                self._left.clear()
                # Whoever closes the server may be a signal handler, which wakes nobody.
                if len(self._open) >= most:
                    self._left.wait(_CLOSING_PAUSE)
                if thrift_server.closed:
                    raise OSError("the server was closed")

        def close_request(self, request: Any) -> None:
            super().close_request(request)
            self._open.discard(request)
            thrift_server._in_threads.coming.discard(request)
            self._left.set()

        def handle_error(self, request: Any, client_address: Any) -> None:
            error = sys.exc_info()[1]
            if error is not None and is_lost(error):
                log_ended(logger, client_address, error)
            else:
                log_failed(logger, client_address)

    if issubclass(server_class, (socketserver.ThreadingMixIn, _ForkingMixIn)):
        return CallServer

    class ThreadedServer(socketserver.ThreadingMixIn, CallServer):
        # A connection that stays open does not keep the program from ending.
        daemon_threads = True

    return ThreadedServer


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
