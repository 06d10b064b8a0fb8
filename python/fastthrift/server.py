"""The servers.

What happens to a call that goes wrong:

- A declared exception of the handler is the call's answer (the processor's work).
- Any other exception of the handler is logged with the method, the peer and the traceback. The
  client gets ``TApplicationException`` of type ``INTERNAL_ERROR`` with a message that tells
  nothing of the exception, and the connection lives on. A oneway call gets no answer.
- A result that cannot be encoded is treated in the same way. When it exceeds a limit, of a string,
  a message, a frame or of nesting, the client is told which.
- A message that is no call (a reply, say) is answered with ``INVALID_MESSAGE_TYPE``, and never
  executed; an unknown method with ``UNKNOWN_METHOD`` and its name.
- Arguments that cannot be decoded get ``PROTOCOL_ERROR``, and the connection is closed, because
  nobody knows where the next message starts. Bytes that are no message at all close it as well.
  Both are logged as one warning that names the peer.
- ``SystemExit`` of a handler is an exception like any other: it ends neither server nor connection.
- A message has 3 seconds from its first byte to its last (``message_timeout``); a connection that
  takes longer, a byte now and then, is closed.
- A client has as long to take an answer, and as much more as that takes at 16 KiB a second; the
  connection of one that does not read is reset, with a debug message.
- A connection that the peer closes, breaks off or leaves idle is closed, with a debug message.

Who serves calls without these servers has the same by ``TProcessor.process_and_answer``;
``TProcessor.process`` raises what is not the call's answer.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastthrift._calls.budget import call_over
from fastthrift._calls.factories import check_factories
from fastthrift._calls.lines import log_failed
from fastthrift._calls.rate import Rate
from fastthrift._calls.services import check_blocking, check_processor
from fastthrift._calls.settle import (
    CALL_ERRORS,
    CLIENT_GONE,
    NOT_LISTENING,
    OUT_OF_RESOURCES,
    conclude,
    error_number,
)
from fastthrift._calls.transports import (
    LOOKED_AT,
    begins_messages,
    pass_over_stop,
    protocol_of_answers,
    transport_of_answers,
)
from fastthrift._calls.wait import wait, wait_for_opening
from fastthrift._core import start_of_arrived
from fastthrift._serve.connections import RESOURCE_PAUSE, Connections, hold_last_bytes
from fastthrift._serve.overload import Overload, refuse, tell_not_accepted, tell_starved
from fastthrift._serve.signals import closing_on_signals
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.thrift import TProcessor, find_of, processing
from fastthrift.transport import (
    TBufferedTransportFactory,
    TServerSocket,
    TSocket,
    TTransportException,
)
from fastthrift.transport.base import TTransportBase, TTransportFactory

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastthrift._serve.connections import OpenConnection
    from fastthrift._serve.native import Serving

logger = logging.getLogger(__name__)

# What a client that is refused may take to send its call, in seconds.
_REFUSAL_TIME = 1.0


class TServer:
    """What the servers have in common: the parts that a connection is made of."""

    # How long `serve`, once closed, waits for calls that have started, in milliseconds.
    grace: float = 10_000
    # Whether `serve` in the main thread takes SIGTERM and SIGINT as a wish to close.
    handle_signals: bool = True
    # Called once by `serve`, in its thread, when it listens and accepts connections from now on.
    on_serving: Callable[[], object] | None = None

    # Whether it makes the calls of a processor that is to be awaited.
    _awaits = False

    _connections: Connections

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Not in __init__: subclasses written for thriftpy2 set its attributes without calling it.
        self = super().__new__(cls)
        self._connections = Connections()
        return self

    def __init__(
        self,
        processor: TProcessor,
        trans: TServerSocket,
        itrans_factory: TTransportFactory | None = None,
        iprot_factory: TProtocolFactory | None = None,
        otrans_factory: TTransportFactory | None = None,
        oprot_factory: TProtocolFactory | None = None,
    ) -> None:
        user = type(self).__name__
        check_processor(processor, user, awaits=self._awaits)
        if find_of(processor) is not None:
            check_blocking(processor, user)
        self.processor = processor
        self.trans = trans
        self.itrans_factory = itrans_factory or TBufferedTransportFactory()
        self.iprot_factory = iprot_factory or TBinaryProtocolFactory()
        self.otrans_factory = otrans_factory or self.itrans_factory
        self.oprot_factory = oprot_factory or self.iprot_factory
        check_factories(self)
        self.closed = False

    def serve(self) -> None:
        """Serve until ``close`` is called."""

    def close(self, grace: float | None = None) -> None:
        """Make ``serve`` return, from any thread and from a signal handler.

        No connection is accepted any more, idle ones are closed, and calls that have been received
        are finished and answered first, within ``grace`` seconds; ``self.grace``, which is in
        milliseconds, when it is not given. Closed again, the server can have less time than it has
        left, and no more.
        """
        if grace is not None:
            self.grace = grace * 1000
        self._connections.end_within(self.grace)
        with self._connections.taking_left(self._accept_waiting):
            self.closed = True
        self.trans.close()
        self._connections.stop_reading()

    def _accept_waiting(self) -> list[Any]:
        accept_waiting = getattr(self.trans, "accept_waiting", None)
        return [] if accept_waiting is None else accept_waiting()

    def _accept(self) -> Iterator[TTransportBase]:
        """The connections that come in, until the server is closed, and those that had come by
        then."""
        if self.closed:
            return
        with self._connections.serving_left():
            yield from self._accept_until_closed()
            for client in self._connections.left():
                if self._connections.seconds_left:
                    yield client
                else:
                    client.close()

    def _accept_until_closed(self) -> Iterator[TTransportBase]:
        self.trans.listen()
        self._tell_serving()
        starving = Rate()
        while not self.closed:
            try:
                client = self.trans.accept()
            except Exception as error:
                if self.closed:
                    return
                if isinstance(error, TTransportException) or error_number(error) in NOT_LISTENING:
                    if getattr(self.trans, "sock", None) is None:
                        return  # somebody closed `server.trans`
                    raise
                if error_number(error) in OUT_OF_RESOURCES:
                    tell_starved(error, starving, logger)
                    time.sleep(RESOURCE_PAUSE)
                elif error_number(error) not in CLIENT_GONE:
                    tell_not_accepted(error, logger)
            else:
                yield client

    def _tell_serving(self) -> None:
        if self.on_serving is not None:
            self.on_serving()

    @contextlib.contextmanager
    def _registered(self, client: TTransportBase) -> Iterator[OpenConnection]:
        """The connection while it is served; closed at the end."""
        try:
            with self._connections.accepted(client) as connection:
                if self.closed:
                    hold_last_bytes(client)
                yield connection
        finally:
            with contextlib.suppress(OSError):
                client.close()

    def _converse(self, client: TTransportBase, connection: OpenConnection) -> None:
        """Process the calls of one connection until its end."""
        itrans = self.itrans_factory.get_transport(client)
        otrans = transport_of_answers(self.otrans_factory, self.itrans_factory, itrans, client)
        try:
            iprot = self.iprot_factory.get_protocol(itrans)
            oprot = protocol_of_answers(self.oprot_factory, self.iprot_factory, iprot, otrans)
            process = processing(self.processor, iprot, oprot)
            call = connection.call = call_over(itrans)
            begin_message = begins_messages(itrans, client)
            waits = False
            goes_on = True
            while goes_on and (not self.closed or connection.has_last_calls()):
                is_first = call.opening is None
                if not is_first:
                    pass_over_stop(itrans)
                call.begin(b"")
                try:
                    if begin_message is not None:
                        begin_message()
                    if is_first:
                        waits = wait_for_opening(itrans, call)
                    elif come := wait(itrans):
                        call.opening = come
                    else:
                        # It has come with the call before.
                        call.opening = start_of_arrived(itrans, LOOKED_AT)
                        if waits and begin_message is not None:
                            begin_message(arrived=True)
                    connection.is_busy = True
                    process(call)
                except CALL_ERRORS as error:
                    goes_on = conclude(
                        error,
                        self.processor,
                        call,
                        connection.peer,
                        oprot,
                        logger,
                        rates=self._connections.rates,
                        closed=self.closed,
                    )
                if not self.closed:
                    connection.has_answered()
        finally:
            connection.call.end()
            itrans.close()
            otrans.close()

    def _serve_one(self, client: TTransportBase) -> None:
        """Serve one connection to its end, in this thread."""
        with self._registered(client) as connection:
            try:
                self._converse(client, connection)
            except Exception:
                log_failed(logger, connection.peer)

    def _refuse(self, client: TTransportBase, why: str) -> None:
        """Answer the first call of a connection that there is no room for."""
        sock = getattr(client, "sock", None)
        try:
            if isinstance(client, TSocket):
                client.set_timeout(_REFUSAL_TIME * 1000)
            elif isinstance(sock, socket.socket):
                sock.settimeout(_REFUSAL_TIME)
            itrans = self.itrans_factory.get_transport(client)
            otrans = transport_of_answers(self.otrans_factory, self.itrans_factory, itrans, client)
            iprot = self.iprot_factory.get_protocol(itrans)
            oprot = protocol_of_answers(self.oprot_factory, self.iprot_factory, iprot, otrans)
            refuse(self.processor, iprot, oprot, why)
        except Exception as error:
            logger.debug("A connection was refused without an answer: %r", error)
        finally:
            client.close()

    def wait_for_threads(self, grace: float) -> None:
        """Wait for the threads of the connections, for ``grace`` milliseconds at most."""
        self._connections.wait_for_threads(grace, logger)


class TSimpleServer(TServer):
    """Serves one connection after the other, in the thread that calls ``serve``.

    So that waits, once closed, for the call that goes on, however long it takes.
    """

    def serve(self) -> None:
        """Serve until ``close`` is called."""
        with (
            closing_on_signals(self.close, wanted=self.handle_signals),
            self._connections.closed_at_exit(self.close),
        ):
            for client in self._accept():
                self._serve_one(client)


class TThreadedServer(TServer):
    """Serves every connection in a thread of its own."""

    # How many connections are served at once; others are answered that the server is overloaded,
    # and closed. None for any number.
    max_connections: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """What ``TServer`` takes; ``daemon`` makes the threads daemonic, ``grace`` sets how many
        milliseconds ``serve`` waits for them after ``close``."""
        self.daemon = kwargs.pop("daemon", False)
        self.grace = kwargs.pop("grace", self.grace)
        super().__init__(*args, **kwargs)

    def serve(self) -> None:
        """Serve until ``close`` is called.

        Returns when all started calls are answered, or ``grace`` milliseconds after ``close``:
        threads whose handler has not returned by then are left to themselves, with a warning.
        """
        self._connections.begin()
        with closing_on_signals(self.close, wanted=self.handle_signals):
            try:
                with self._connections.closed_at_exit(self.close):
                    overload = Overload(self._refuse, "%d connections are open", logger)
                    for client in self._accept():
                        most = self.max_connections
                        if most is not None and self._connections.threads >= most:
                            overload.refuse(client, most)
                        else:
                            self._start(client)
            finally:
                self.wait_for_threads(self.grace)

    def handle(self, client: TTransportBase) -> None:
        """Serve one connection to its end, in the thread that was made for it."""
        with self._registered(client) as connection:
            self._converse(client, connection)

    def _start(self, client: TTransportBase) -> None:
        thread = threading.Thread(target=self._run, args=(client,), daemon=self.daemon)
        try:
            self._connections.start(thread)
        except RuntimeError as error:
            client.close()
            logger.error("Cannot start a thread for a connection: %s", error)
            time.sleep(RESOURCE_PAUSE)

    def _run(self, client: TTransportBase) -> None:
        # Here too, for a subclass with a `handle` of its own.
        with self._connections.in_this_thread(), self._registered(client) as connection:
            try:
                self.handle(client)
            except Exception:
                log_failed(logger, connection.peer)


class TThreadPoolServer(TServer):
    """Serves connections by a fixed number of threads, each of them one connection to its end.

    Apache's name. Connections that come when all threads are busy wait for one; those beyond
    ``queue`` are answered that the server is overloaded, and closed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """What ``TServer`` takes; ``threads`` serve (10), ``queue`` connections wait for one
        (1,000). ``daemon`` makes the threads daemonic, as they are where ``serve`` runs in a daemon
        thread, ``grace`` sets how many milliseconds
        ``serve`` waits for them after ``close``."""
        self.threads: int = kwargs.pop("threads", 10)
        self.queue: int = kwargs.pop("queue", 1000)
        self.daemon = kwargs.pop("daemon", False)
        self.grace = kwargs.pop("grace", self.grace)
        super().__init__(*args, **kwargs)
        if self.threads < 1:
            raise ValueError(f"TThreadPoolServer needs a thread at least, not {self.threads}")

    def setNumThreads(self, num: int) -> None:
        """Set how many threads serve, before ``serve``."""
        self.threads = num

    def serve(self) -> None:
        """Serve until ``close`` is called; returns when all calls that were received are answered,
        or ``grace`` milliseconds after."""
        self._waiting: queue.SimpleQueue[TTransportBase | None] = queue.SimpleQueue()
        overload = Overload(self._refuse, "%d connections wait", logger)
        self._connections.begin()
        with closing_on_signals(self.close, wanted=self.handle_signals):
            try:
                # In a daemon thread `serve` is not waited for, nor are its threads, which wait for
                # connections: the program would not end.
                daemon = self.daemon or threading.current_thread().daemon
                for _ in range(self.threads):
                    self._connections.start(threading.Thread(target=self._run, daemon=daemon))
                with self._connections.closed_at_exit(self.close):
                    for client in self._accept():
                        if self._waiting.qsize() < self.queue:
                            self._waiting.put(client)
                        else:
                            overload.refuse(client, self.queue)
            finally:
                for _ in range(self.threads):
                    self._waiting.put(None)
                self.wait_for_threads(self.grace)

    def _run(self) -> None:
        with self._connections.in_this_thread():
            while (client := self._waiting.get()) is not None:
                self._serve_one(client)


class TNonblockingServer(TServer):
    """Serves any number of connections with a few threads.

    Native code waits for the connections and cuts their messages, without the interpreter's lock;
    ``threads`` make the calls, those of one connection one after the other. A connection that is
    idle costs no thread. Each speaks what it begins with: the binary, compact, JSON or Apache's
    JSON protocol, in frames or not. With ``iprot_factory`` and ``itrans_factory`` all speak that.
    The handler of a ``TAsyncProcessor`` is awaited, on one event loop in a thread of its own.

    It is for TCP and unix sockets without encryption, and not for gevent, which has its own way
    to wait: ``TThreadedServer`` is for both.
    """

    _awaits = True

    def __init__(
        self,
        processor: TProcessor,
        trans: TServerSocket,
        itrans_factory: TTransportFactory | None = None,
        iprot_factory: TProtocolFactory | None = None,
        otrans_factory: TTransportFactory | None = None,
        oprot_factory: TProtocolFactory | None = None,
        *,
        threads: int = 16,
        max_connections: int = 10_000,
        queue: int = 10_000,
        grace: float = 10_000,
        max_message_size: int | None = None,
    ) -> None:
        """What ``TServer`` takes, and limits.

        ``threads`` make calls, ``max_connections`` are open at once (others wait), and ``queue``
        calls wait for a thread; those beyond are answered with an error. A message, and a frame,
        has ``max_message_size`` bytes at most where no factory has such a limit. ``grace``, in
        milliseconds, is how long ``serve`` waits, once closed, for calls that have started. How
        long a connection may be idle is the ``client_timeout`` of ``trans``, and how long a
        message may take from its first byte to its last, and a client that takes nothing of its
        answer, the ``message_timeout``. Raises ``ValueError`` for factories whose messages it
        cannot cut.
        """
        super().__init__(
            processor, trans, itrans_factory, iprot_factory, otrans_factory, oprot_factory
        )
        for name, value in (
            ("threads", threads),
            ("max_connections", max_connections),
            ("queue", queue),
        ):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} has to be a number of at least 1, not {value!r}")
        room = native()
        room.require_own_accept(trans)
        self._formats = room.Formats(
            iprot_factory, self.oprot_factory, itrans_factory, max_message_size
        )
        self.threads = threads
        self.max_connections = max_connections
        self.queue = queue
        self.grace = grace
        self._serving: Serving | None = None

    def serve(self) -> None:
        """Serve until ``close`` is called; returns when all calls that have come are answered, or
        ``grace`` milliseconds after."""
        if self.closed:
            return
        self.trans.listen()
        room = native()
        limits = room.Limits(
            self.max_connections,
            self.threads,
            self.queue,
            self.trans.message_timeout,
            self.trans.client_timeout,
            self.grace / 1000,
        )
        listener = self.trans.sock
        if listener is None:
            return  # somebody has closed it since
        try:
            serving = room.Serving(
                self.processor,
                listener,
                formats=self._formats,
                limits=limits,
                logger=logger,
                rates=self._connections.rates,
            )
        except OSError:
            if self.closed:
                return
            raise
        self._serving = serving
        with (
            closing_on_signals(self.close, wanted=self.handle_signals),
            self._connections.closed_at_exit(self.close),
        ):
            if self.closed:
                serving.close(0)
            serving.run(self._tell_serving)
        serving.finish(self._connections.grace / 1000)

    def close(self, grace: float | None = None) -> None:
        """Make ``serve`` return, from any thread and from a signal handler.

        No connection is accepted any more, idle ones are closed, and calls that have come are
        made and answered first, within ``grace`` seconds; ``self.grace`` when it is not given.
        """
        if grace is not None:
            self.grace = grace * 1000
        # Before it is asked who serves: who begins to serve at this moment asks afterwards.
        self.closed = True
        if self._serving is not None:
            self._serving.close(self.grace / 1000)
        super().close()


def native() -> Any:
    """The room of the loop in native code, which programs without it need not load."""
    from fastthrift._serve import native as room

    return room
