"""How the HTTP server of threads accepts connections, of whatever class of ``http.server``."""

from __future__ import annotations

import contextlib
import http.server as http_server
import logging
import socket
import socketserver
import sys
import threading
import time
from typing import Any

from fastthrift._calls.lines import log_ended, log_failed
from fastthrift._calls.rate import Rate
from fastthrift._calls.settle import OUT_OF_RESOURCES, is_lost
from fastthrift._serve.connections import RESOURCE_PAUSE
from fastthrift._serve.overload import tell_full, tell_starved
from fastthrift.transport._listening import Listening

logger = logging.getLogger("fastthrift.server.http")

# How soon it is noticed that a server was closed that has no room, in seconds.
_CLOSING_PAUSE = 0.1

#: Classes whose connections are served at the same time. ``socketserver`` has the latter on systems
#: that fork.
CONCURRENT = (
    socketserver.ThreadingMixIn,
    getattr(socketserver, "ForkingMixIn", socketserver.ThreadingMixIn),
)


class ServerClosed(Exception):
    """The server was closed."""


def accepting_class(
    server_class: type[http_server.HTTPServer], thrift_server: Any
) -> type[_Accepting]:
    """``server_class`` with a thread for each connection, that stops when it is told to: for a
    ``THttpServer``."""
    bases: tuple[type, ...] = (_Accepting, server_class)
    its: dict[str, Any] = {"thrift_server": thrift_server}
    if not issubclass(server_class, CONCURRENT):
        bases = (socketserver.ThreadingMixIn, *bases)
        # A connection that stays open does not keep the program from ending.
        its["daemon_threads"] = True
    return type("CallServer", bases, its)


class _Accepting(socketserver.TCPServer):
    """Before a class of ``http.server``, or another one: what it does about connections."""

    thrift_server: Any
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
        where: Any = self.socket.getsockname()
        self.server_address = where
        # As `server_bind` has them; a unix socket has neither.
        self.server_name, self.server_port = where[:2] if isinstance(where, tuple) else ("", 0)

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
        most = self.thrift_server.max_connections
        if most is not None and len(self._open) >= most:
            request.close()
            return
        self._note(request)
        self._process(request, client_address)

    def _note(self, request: Any) -> None:
        self._open.add(request)
        self.thrift_server._in_threads.coming.add(request)

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
        if self.thrift_server.closed:
            raise ServerClosed

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
        most = self.thrift_server.max_connections
        while most is not None and len(self._open) >= most:
            tell_full(most, self.socket, self._rate, logger)
            self._left.clear()
            # Whoever closes the server may be a signal handler, which wakes nobody.
            if len(self._open) >= most:
                self._left.wait(_CLOSING_PAUSE)
            if self.thrift_server.closed:
                raise OSError("the server was closed")

    def close_request(self, request: Any) -> None:
        super().close_request(request)
        self._open.discard(request)
        self.thrift_server._in_threads.coming.discard(request)
        self._left.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None and is_lost(error):
            log_ended(logger, client_address, error)
        else:
            log_failed(logger, client_address)
