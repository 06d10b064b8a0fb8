"""The asyncio server.

What happens to a call that goes wrong is told in ``fastthrift.server``; it is the same here.
"""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from typing import TYPE_CHECKING, Any

from fastthrift._calls.budget import call_over
from fastthrift._calls.factories import check_factories
from fastthrift._calls.lines import log_failed
from fastthrift._calls.rate import Rates
from fastthrift._calls.server_call import ServerCall
from fastthrift._calls.services import check_processor
from fastthrift._calls.settle import Settlement, note_unfinished, settle
from fastthrift._calls.transports import (
    begins_messages,
    pass_over_stop,
    protocol_of_answers,
    transport_of_answers,
)
from fastthrift._serve.connections import FRESH_PATIENCE, FRESH_PAUSE, hold_last_bytes
from fastthrift._serve.signals import closing_on_signals
from fastthrift.thrift import find_of
from fastthrift.transport import TTransportException

from ._accepting import Acceptor
from ._answering import process_and_answer
from ._connections import TaskConnection
from ._sharing import Turn
from .processor import processing
from .protocol.binary import TAsyncBinaryProtocolFactory
from .transport.base import read_ahead_of
from .transport.buffered import TAsyncBufferedTransportFactory

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = [
    "TAsyncBinaryProtocolFactory",
    "TAsyncBufferedTransportFactory",
    "TAsyncServer",
    "TTransportException",
    "logger",
]

logger = logging.getLogger("fastthrift.server.aio")

# Of the event loop, until a call that the system has received is being processed: one finds that
# the socket can be read, one wakes the connection's task; the others are for tasks within that
# task before Python 3.11.
_TURNS_TO_READ = 10


async def _turns_to_read() -> None:
    for _ in range(_TURNS_TO_READ):
        await asyncio.sleep(0)


class TAsyncServer:
    """Serves every connection in a task of its own.

    Within a running event loop, ``await server.serve_forever()``, or ``await server.start()``
    and later ``await server.close()``. In a thread without one, ``serve()``.
    """

    # How long `close` waits for calls that have started, in milliseconds.
    grace: float = 10_000
    # How many connections are open at once; others wait to be accepted, and the log says so. None
    # for any number.
    max_connections: int | None = None
    # Whether SIGTERM and SIGINT are a wish to close, while the main thread serves.
    handle_signals: bool = True

    _logger = logger

    def __init__(
        self,
        processor: Any,
        trans: Any,
        itrans_factory: Any = None,
        iprot_factory: Any = None,
        otrans_factory: Any = None,
        oprot_factory: Any = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """``loop`` is what ``serve`` runs; the other methods use the loop they are called in."""
        check_processor(processor, type(self).__name__)
        if find_of(processor) is not None:
            raise TypeError(
                f"{type(self).__name__} awaits the calls of a TAsyncProcessor, and "
                f"{type(processor).__name__} makes them in threads: pass "
                "TAsyncProcessor(service, handler), whose methods may be plain functions"
            )
        self.processor = processor
        self.trans = trans
        self.itrans_factory = itrans_factory or TAsyncBufferedTransportFactory()
        self.iprot_factory = iprot_factory or TAsyncBinaryProtocolFactory()
        self.otrans_factory = otrans_factory or self.itrans_factory
        self.oprot_factory = oprot_factory or self.iprot_factory
        check_factories(self)
        self.loop = loop
        self.closed = False
        self.server: asyncio.AbstractServer | None = None
        self._connections: dict[asyncio.Task[Any], TaskConnection] = {}
        # Done when the server is closed and its calls have ended.
        self._ended: asyncio.Future[None] | None = None
        self._runs_loop = False
        self._rates = Rates(5)
        # What signals and other threads have asked for.
        self._closing: asyncio.Task[None] | None = None

    def serve(self) -> None:
        """Serve until ``close`` is called, running ``loop``, or a new one that is then closed.

        Raises ``OSError`` when the address is in use.
        """
        if self.closed:
            return
        own_loop = self.loop is None
        try:
            self.init_server()
            assert self.loop is not None
            self._runs_loop = True
            with self._signals():
                self.loop.run_forever()
        finally:
            self._runs_loop = False
            loop = self.loop
            if loop is not None and not loop.is_closed() and not loop.is_running():
                loop.run_until_complete(self.close())
                if own_loop:
                    loop.run_until_complete(loop.shutdown_asyncgens())
                    asyncio.set_event_loop(None)
                    loop.close()

    def init_server(self) -> None:
        """Start to listen; ``serve`` does so. Connections are served when ``loop`` runs."""
        if self.loop is None:
            warnings.warn(
                "No event loop provided. Creating a new event loop automatically. "
                "Pass one (loop=asyncio.new_event_loop()), or start the server in a running "
                "loop with `await server.serve_forever()`.",
                DeprecationWarning,
                stacklevel=3,
            )
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.start())

    async def start(self) -> None:
        """Serve from now on, in the running event loop.

        Raises ``OSError`` when the address is in use.
        """
        if self.closed:
            raise RuntimeError("The server was closed; make a new one")
        if self.server is not None:
            return
        self.loop = asyncio.get_running_loop()
        self.trans.listen()
        self._ended = self.loop.create_future()
        self.server = await self.trans.accept(self._run)
        if isinstance(self.server, Acceptor):
            self.server.max_connections = self.max_connections

    async def serve_forever(self) -> None:
        """Serve, in the running event loop, until ``close`` is called or this is cancelled.

        Returns when all started calls are answered.
        """
        if self.closed:
            return
        try:
            await self.start()
            assert self._ended is not None
            with self._signals():
                await asyncio.shield(self._ended)
        finally:
            await self.close()

    async def _run(self, client: Any) -> None:
        """Serve one connection, in the task that was made for it."""
        task = asyncio.current_task()
        assert task is not None
        connection = self._connections[task] = TaskConnection(client, task)
        if self.closed:
            hold_last_bytes(connection.client)
        try:
            await self.handle(client)
        except asyncio.CancelledError:
            # When `close` ended the connection, this is how the task was to end.
            if not connection.stopped:
                raise
        except Exception:
            log_failed(self._logger, connection.peer)
        finally:
            self._connections.pop(task, None)

    async def handle(self, client: Any) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        connection = self._connections.get(task) or TaskConnection(client, task)
        itrans = self.itrans_factory.get_transport(client)
        otrans = transport_of_answers(self.otrans_factory, self.itrans_factory, itrans, client)
        try:
            iprot = self.iprot_factory.get_protocol(itrans)
            oprot = protocol_of_answers(self.oprot_factory, self.iprot_factory, iprot, otrans)
            process = processing(self.processor, iprot, oprot)
            call = connection.call = call_over(itrans)
            peer = connection.peer
            # One that waited to be accepted when the server was closed may have sent calls.
            goes_on = is_first = True
            begin_message = begins_messages(itrans, client)
            ahead = read_ahead_of(itrans)
            turn = Turn()
            while goes_on and (is_first or not self.closed or connection.has_last_calls(client)):
                if not is_first:
                    pass_over_stop(itrans)
                is_first = False
                if begin_message is not None:
                    begin_message(arrived=ahead is not None and bool(ahead.arrived))
                goes_on = await process_and_answer(
                    process, call, self.processor, iprot, oprot, peer, self._settle
                )
                connection.has_answered(closed=self.closed)
                await turn.pass_on()
        finally:
            connection.call.end()
            itrans.close()
            otrans.close()

    def _settle(self, error: BaseException, call: ServerCall, peer: str, oprot: Any) -> Settlement:
        """What becomes of a call that fails."""
        return settle(error, call, peer, oprot, self._logger, rates=self._rates, closed=self.closed)

    def _signals(self) -> AbstractContextManager[None]:
        """Closes the server on signals, while the main thread serves."""
        return closing_on_signals(self.close_soon, wanted=self.handle_signals)

    def close_soon(self, grace: float | None = None) -> None:
        """Have the server closed, by its event loop; from any thread and from a signal handler."""

        def begin() -> None:
            self._closing = asyncio.ensure_future(self.close(grace))

        if self.loop is None:
            self.closed = True
        elif not self.loop.is_closed():
            self.loop.call_soon_threadsafe(begin)

    async def close(self, grace: float | None = None) -> None:
        """Stop: accept no connection any more, close idle ones, finish and answer calls that
        have started, for ``grace`` seconds at most (``self.grace``, which is in milliseconds, when
        it is not given). ``serve`` and ``serve_forever`` return.

        May be called from another thread's event loop, and from a handler, whose own call is
        not waited for.
        """
        if grace is not None:
            self.grace = grace * 1000
        running = self.loop
        if running is None or running is asyncio.get_running_loop() or not running.is_running():
            await self._close()
        else:
            closing = asyncio.run_coroutine_threadsafe(self._close(), running)
            await asyncio.wrap_future(closing)

    async def _close(self) -> None:
        self.closed = True
        for connection in list(self._connections.values()):
            hold_last_bytes(connection.client)
        server, self.server = self.server, None
        in_own_loop = self.loop is asyncio.get_running_loop()
        if server is not None:
            server.close()
            if in_own_loop:
                # Those that were accepted have tasks by then, to be ended with the others.
                if isinstance(server, Acceptor):
                    await server.finish(min(FRESH_PATIENCE, self.grace / 1000))
                else:
                    await server.wait_closed()
        self.trans.close()
        if in_own_loop:
            await self._end_connections()
            if self._runs_loop:
                asyncio.get_running_loop().stop()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    async def _end_connections(self) -> None:
        # What came while the loop was busy has been received, and is not read yet.
        await _turns_to_read()
        await self._stop_reading(
            [one for one in self._connections.values() if not one.may_bring_more]
        )
        await self._wait_for_last()
        await self._stop_reading(list(self._connections.values()))
        if await self._wait_for_connections(self.grace / 1000):
            note_unfinished(self._logger, len(self._connections), self.grace)
            for connection in list(self._connections.values()):
                if connection.task is not asyncio.current_task():
                    connection.stopped = True
                    connection.task.cancel()
            await self._wait_for_connections(1)

    async def _stop_reading(self, connections: list[TaskConnection]) -> None:
        """End connections after the calls that have arrived."""
        late = []
        for connection in connections:
            if connection.end_unless_arrived():
                connection.stop_reading()
            else:
                late.append(connection)
        if late:
            await _turns_to_read()
        for connection in late:
            connection.stop_reading()

    async def _wait_for_last(self) -> None:
        """Wait for the next calls of connections, which may be on their way, and for the rest of
        those that are coming."""
        deadline = time.monotonic() + min(FRESH_PATIENCE, self.grace / 1000)
        while any(connection.may_bring_more for connection in self._connections.values()):
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(FRESH_PAUSE)

    async def _wait_for_connections(self, seconds: float) -> bool:
        """Whether connections are left when the time is up."""
        tasks = set(self._connections) - {asyncio.current_task()}
        if not tasks:
            return False
        _, pending = await asyncio.wait(tasks, timeout=seconds)
        return bool(pending)
