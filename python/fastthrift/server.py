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
- A connection that the peer closes, breaks off or leaves idle is closed, with a debug message.

Who serves calls without these servers has the same by ``TProcessor.process_and_answer``;
``TProcessor.process`` raises what is not the call's answer.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastthrift._calls.server_call import ServerCall
from fastthrift._calls.services import check_processor
from fastthrift._calls.settle import (
    CLIENT_GONE,
    NOT_LISTENING,
    OUT_OF_RESOURCES,
    error_number,
    note_unfinished,
    peer_name,
    send,
    settle,
)
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.transports import LOOKED_AT
from fastthrift._calls.wait import wait
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.thrift import TProcessor, processing
from fastthrift.transport import (
    TBufferedTransportFactory,
    TServerSocket,
    TTransportException,
)
from fastthrift.transport.base import TTransportBase, TTransportFactory

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger(__name__)


class TServer:
    """What the servers have in common: the parts that a connection is made of."""

    # What a call may raise and the connection survive.
    _call_errors: tuple[type[BaseException], ...] = (Exception,)

    # By the id of their transport. The threads of the connections add and remove them by single
    # dict operations, which Python makes atomic: a lock could not be taken by `close` in a signal
    # handler.
    _connections: dict[int, Connection]
    # Those of the connections, where each has one.
    _threads: set[threading.Thread]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Not in __init__: subclasses written for thriftpy2 set its attributes without calling it.
        self = super().__new__(cls)
        self._connections = {}
        self._threads = set()
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
        check_processor(processor, type(self).__name__)
        self.processor = processor
        self.trans = trans
        self.itrans_factory = itrans_factory or TBufferedTransportFactory()
        self.iprot_factory = iprot_factory or TBinaryProtocolFactory()
        self.otrans_factory = otrans_factory or self.itrans_factory
        self.oprot_factory = oprot_factory or self.iprot_factory
        self.closed = False

    def serve(self) -> None:
        """Serve until ``close`` is called."""

    def close(self) -> None:
        """Make ``serve`` return, from any thread and from a signal handler.

        No connection is accepted any more, idle ones are closed, and calls that have started
        are finished and answered first.
        """
        self.closed = True
        self.trans.close()
        for connection in list(self._connections.values()):
            connection.stop_reading()

    @contextlib.contextmanager
    def _serving(self) -> Iterator[None]:
        """While `serve` runs; the server is closed at the end."""
        _running[self] = os.getpid()
        try:
            yield
        finally:
            _running.pop(self, None)
            self.close()

    def _accept(self) -> Iterator[TTransportBase]:
        """The connections that come in, until the server is closed."""
        self.trans.listen()
        starved = False
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
                    if not starved:
                        logger.error("Cannot accept connections for now: %s", error)
                    starved = True
                    time.sleep(RESOURCE_PAUSE)
                elif error_number(error) not in CLIENT_GONE:
                    logger.warning("A connection failed while it was accepted: %r", error)
            else:
                starved = False
                yield client

    @contextlib.contextmanager
    def _registered(self, client: TTransportBase) -> Iterator[Connection]:
        """The connection while it is served; closed at the end."""
        connection = self._connections.get(id(client))
        if connection is None:
            connection = self._connections[id(client)] = Connection(client)
        try:
            yield connection
        finally:
            self._connections.pop(id(client), None)
            with contextlib.suppress(OSError):
                client.close()

    def _converse(self, client: TTransportBase, connection: Connection) -> None:
        """Process the calls of one connection until its end."""
        itrans = self.itrans_factory.get_transport(client)
        otrans = self.otrans_factory.get_transport(client)
        try:
            iprot = self.iprot_factory.get_protocol(itrans)
            oprot = self.oprot_factory.get_protocol(otrans)
            process = processing(self.processor, iprot, oprot)
            call = connection.call
            goes_on = True
            while goes_on and not self.closed:
                is_first = call.opening is None
                call.begin(b"")
                try:
                    arrived = wait(itrans)
                    if is_first:
                        call.opening = bytes(arrived[:LOOKED_AT])
                    process(call)
                except self._call_errors as error:
                    goes_on = self._settle(error, call, connection.peer, oprot)
        finally:
            itrans.close()
            otrans.close()

    def _settle(self, error: BaseException, call: ServerCall, peer: str, oprot: Any) -> bool:
        """Log what a call failed with and answer it; whether the connection goes on."""
        settlement = settle(error, call, peer, oprot, logger, closed=self.closed)
        return run(send(Blocking, settlement, self.processor, call, peer, oprot, logger))

    def wait_for_threads(self, grace: float) -> None:
        """Wait for the threads of the connections, for ``grace`` milliseconds at most."""
        deadline = time.monotonic() + grace / 1000
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        unfinished = [thread for thread in self._threads if thread.is_alive()]
        note_unfinished(logger, len(unfinished), grace)


class TSimpleServer(TServer):
    """Serves one connection after the other, in the thread that calls ``serve``."""

    def serve(self) -> None:
        """Serve until ``close`` is called."""
        with self._serving():
            for client in self._accept():
                with self._registered(client) as connection:
                    try:
                        self._converse(client, connection)
                    except Exception:
                        logger.exception("The connection of %s failed", connection.peer)


class TThreadedServer(TServer):
    """Serves every connection in a thread of its own."""

    # sys.exit() in a handler would end nothing but its own thread, without a word.
    _call_errors = (Exception, SystemExit)

    # How long `serve`, once closed, waits for calls that have started, in milliseconds.
    grace: float = 10_000

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
        try:
            with self._serving():
                for client in self._accept():
                    self._start(client)
        finally:
            self.wait_for_threads(self.grace)

    def handle(self, client: TTransportBase) -> None:
        """Serve one connection to its end, in the thread that was made for it."""
        with self._registered(client) as connection:
            self._converse(client, connection)

    def _start(self, client: TTransportBase) -> None:
        thread = threading.Thread(target=self._run, args=(client,), daemon=self.daemon)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            self._threads.discard(thread)
            client.close()
            logger.error("Cannot start a thread for a connection: %s", error)
            time.sleep(RESOURCE_PAUSE)

    def _run(self, client: TTransportBase) -> None:
        try:
            # Here too, for a subclass with a `handle` of its own.
            with self._registered(client) as connection:
                try:
                    self.handle(client)
                except Exception:
                    logger.exception("The connection of %s failed", connection.peer)
        finally:
            self._threads.discard(threading.current_thread())


class Connection:
    """One accepted connection, as `TServer.close` sees it from another thread."""

    def __init__(self, client: TTransportBase) -> None:
        self.client = client
        self.peer = peer_name(client)
        self.call = ServerCall()

    def stop_reading(self) -> None:
        """End the connection after the call that is being processed, if one is.

        Only the reading side is shut down: what has arrived can still be read and answered, so
        it does no harm when a call starts at this very moment.
        """
        if self.call.header is not None:
            return
        sock = getattr(self.client, "sock", None)
        with contextlib.suppress(OSError):
            if isinstance(sock, socket.socket):
                # Not SSLSocket's: it would go on in plain text.
                socket.socket.shutdown(sock, socket.SHUT_RD)
            elif sock is not None:
                sock.shutdown(socket.SHUT_RD)


# The servers whose `serve` runs, with the process that it runs in.
_running: weakref.WeakKeyDictionary[TServer, int] = weakref.WeakKeyDictionary()
# How long the end of the program waits for their connections, in seconds.
_EXIT_PATIENCE = 1.0


@atexit.register
def _close_at_exit() -> None:
    """Close the servers that run in daemon threads, before the interpreter goes away under them.

    Before Python 3.14 it ends a daemon thread that wakes up later by unwinding its stack, which
    native code on that stack, reading the next call, answers with an abort of the process.
    """
    servers = [server for server, process in list(_running.items()) if process == os.getpid()]
    for server in servers:
        server.close()
    deadline = time.monotonic() + _EXIT_PATIENCE
    while any(server._connections for server in servers) and time.monotonic() < deadline:
        time.sleep(0.005)


# Pause before the next try when descriptors, memory or threads have run out, in seconds.
RESOURCE_PAUSE = 0.1
