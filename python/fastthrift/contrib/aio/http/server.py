"""The HTTP server of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastthrift._calls.budget import until
from fastthrift._calls.exchange import Answer, BadRequest, Exchange
from fastthrift._calls.lines import log_ended
from fastthrift._calls.server_call import SettledCall
from fastthrift._calls.settle import Settlement, is_lost
from fastthrift._calls.steps import drive
from fastthrift.http._common import DEFAULT_MAX_MESSAGE_SIZE
from fastthrift.http._request import RequestHead, RequestReader
from fastthrift.http._serving import LINGER, READ_SIZE, make_response, serve_request
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import EITHER_FAMILY
from fastthrift.transport._listening import Listening, cannot_listen, listen_everywhere
from fastthrift.transport._receiving import MESSAGE_TIMEOUT

from .._answering import process_and_answer
from .._connections import TaskConnection
from .._sharing import Turn
from ..processor import TAsyncProcessor, processing
from ..protocol.binary import TAsyncBinaryProtocolFactory
from ..server import TAsyncServer
from ..socket import StreamHandler, TAsyncServerSocket
from ..transport.base import within
from ..transport.memory import TAsyncMemoryBuffer

logger = logging.getLogger("fastthrift.server.http")


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
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
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
            log_ended(logger, connection.peer, error)

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
        exchange.note_request(self.peer, head.headers)
        call = self.connection.call = exchange.call
        process = processing(server.processor, iprot, oprot)
        with until(call.deadline):
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
