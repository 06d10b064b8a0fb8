"""Accepting connections for a server.

asyncio's own servers log a line for each place in the backlog, with its traceback, as long as the
process has no descriptors left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastthrift._calls.lines import log_no_message
from fastthrift._calls.mismatch import explain_handshake
from fastthrift._calls.rate import Rate
from fastthrift._calls.settle import (
    CLIENT_GONE,
    NOT_LISTENING,
    OUT_OF_RESOURCES,
    error_number,
)
from fastthrift._serve.connections import FRESH_FOR, RESOURCE_PAUSE
from fastthrift._serve.overload import tell_full, tell_not_accepted, tell_starved
from fastthrift.transport._addresses import peer_of_socket

if TYPE_CHECKING:
    import ssl

logger = logging.getLogger("fastthrift.server.aio")

# How often the event loop goes round, with some to spare, until a connection that has a transport
# has a task that serves it.
_TURNS_TO_SERVE = 5


def _note(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class CountingReader(asyncio.StreamReader):
    """One that tells how many bytes the event loop has read, whether somebody has them already or
    not."""

    bytes_arrived = 0

    def feed_data(self, data: Any) -> None:
        self.bytes_arrived += len(data)
        super().feed_data(data)


class _Protocol(asyncio.StreamReaderProtocol):
    """That of a connection which is served once the two sides have shaken hands, where it is
    encrypted."""

    #: Whether it is served, or is to be no more: of the two what came first holds.
    is_served = is_given_up = False

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        #: When it was accepted.
        self.since = time.monotonic()

    def connection_made(self, transport: Any) -> None:
        if self.is_given_up:
            transport.abort()
            return
        self.is_served = True
        super().connection_made(transport)


class Acceptor(asyncio.AbstractServer):
    """Accepts the connections of some sockets, and awaits a function for each in a task."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        *,
        limit: int,
        ssl_context: ssl.SSLContext | None,
        handshake_timeout: float | None,
    ) -> None:
        """``limit`` is of the streams, in bytes, ``handshake_timeout`` of TLS, in seconds."""
        self.sockets = tuple(sockets)
        for sock in self.sockets:
            sock.setblocking(False)
        self._serve = serve
        self._limit = limit
        self._tls: dict[str, Any] = {}
        if ssl_context is not None:
            self._tls = {"ssl": ssl_context, "ssl_handshake_timeout": handshake_timeout}
        self._loop = asyncio.get_running_loop()
        #: How many connections may be open; others wait to be accepted. None for any number.
        self.max_connections: int | None = None
        self._connecting: dict[asyncio.Task[None], _Protocol] = {}
        # Those that were accepted and are not closed yet.
        self._open: set[socket.socket] = set()
        self._left = asyncio.Event()
        self._rate = Rate()
        self._starving = Rate()
        self._no_handshake = Rate(5)
        self._closed = False
        self._accepting = [self._loop.create_task(self._accept(sock)) for sock in self.sockets]

    async def _accept(self, sock: socket.socket) -> None:
        while True:
            await self._wait_for_room(sock)
            try:
                client = await self._next(sock)
            except (OSError, ValueError) as error:
                number = error_number(error)
                if self._closed or isinstance(error, ValueError) or number in NOT_LISTENING:
                    return
                if number in OUT_OF_RESOURCES:
                    tell_starved(error, self._starving, logger)
                    await asyncio.sleep(RESOURCE_PAUSE)
                elif number not in CLIENT_GONE:
                    tell_not_accepted(error, logger)
            else:
                self._begin(client)
                # Others have their turn, however many come.
                await asyncio.sleep(0)

    def _begin(self, client: socket.socket) -> None:
        self._open.add(client)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._serve(reader, writer)
            finally:
                self._leave(client)

        protocol = _Protocol(CountingReader(self._limit, self._loop), serve, self._loop)
        task = self._loop.create_task(self._connect(client, protocol))
        self._connecting[task] = protocol
        task.add_done_callback(self._connecting.pop)

    def _accept_waiting(self) -> None:
        """Accept those that the system has taken already, as far as there is room. Where nobody
        did, they would be reset."""
        for sock in self.sockets:
            # None is left, or the socket is closed.
            with contextlib.suppress(OSError):
                while self.max_connections is None or len(self._open) < self.max_connections:
                    self._begin(sock.accept()[0])

    async def _wait_for_room(self, sock: socket.socket) -> None:
        """Wait until fewer connections are open than there may be."""
        while (most := self.max_connections) is not None and len(self._open) >= most:
            tell_full(most, sock, self._rate, logger)
            self._left.clear()
            await self._left.wait()

    def _leave(self, client: socket.socket) -> None:
        self._open.discard(client)
        self._left.set()

    async def _next(self, sock: socket.socket) -> socket.socket:
        """The next connection. It is taken when this runs, and not by the loop: where the task is
        cancelled meanwhile, nobody would close it."""
        descriptor = sock.fileno()
        while True:
            try:
                return sock.accept()[0]
            except BlockingIOError:
                # Nobody is there yet, or another process was faster.
                ready = self._loop.create_future()
            try:
                self._loop.add_reader(descriptor, _note, ready)
            except NotImplementedError:
                # Windows' loop has its own way.
                return (await self._loop.sock_accept(sock))[0]
            try:
                await ready
            finally:
                self._loop.remove_reader(descriptor)

    async def _connect(self, client: socket.socket, protocol: _Protocol) -> None:
        """Make streams of a connection, and have them served."""
        # Whose that was, a socket that is closed does not tell.
        peer = peer_of_socket(client) if self._tls else None
        try:
            client.setblocking(False)
            await self._loop.connect_accepted_socket(lambda: protocol, client, **self._tls)
        except (OSError, asyncio.TimeoutError) as error:
            client.close()
            self._leave(client)
            self._tell_unserved(peer, error)
        except BaseException:
            client.close()
            self._leave(client)
            raise

    def _tell_unserved(self, peer: str | None, error: BaseException) -> None:
        """Log that a connection was closed before it was served."""
        found = explain_handshake(error)
        if found is None:
            logger.debug("A connection ended before it was served: %r", error)
        elif (more := self._no_handshake.tell()) is not None:
            log_no_message(logger, peer or "a client that has left", found, repr(error), more)

    def close(self) -> None:
        """Accept none any more; those that are accepted are served."""
        self._closed = True
        # Its event loop may have ended before the server.
        with contextlib.suppress(RuntimeError):
            for task in self._accepting:
                task.cancel()

    async def finish(self, patience: float = 0.0) -> None:
        """Accept none any more, and wait until those that were accepted are served. Clients that
        are shaking hands have ``patience`` seconds for the rest, if they have come just now."""
        self.close()
        if self._tls:
            await self._finish_handshakes(patience)
        else:
            self._accept_waiting()
        await asyncio.gather(*self._accepting, *self._connecting, return_exceptions=True)
        for _ in range(_TURNS_TO_SERVE):
            await asyncio.sleep(0)

    async def _finish_handshakes(self, patience: float) -> None:
        before = time.monotonic() - FRESH_FOR
        fresh = [task for task, protocol in self._connecting.items() if protocol.since > before]
        if fresh and patience:
            await asyncio.wait(fresh, timeout=patience)
        for task, protocol in self._connecting.items():
            # Who has shaken hands by now may have sent a call, which is being made.
            if not protocol.is_served:
                protocol.is_given_up = True
                task.cancel()

    # What else asyncio's servers have.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return not self._closed

    async def start_serving(self) -> None:
        """Does nothing: it does."""

    async def serve_forever(self) -> None:
        await asyncio.gather(*self._accepting, return_exceptions=True)

    async def wait_closed(self) -> None:
        await self.finish()
