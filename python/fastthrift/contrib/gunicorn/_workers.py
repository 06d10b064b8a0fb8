"""The workers: gunicorn's processes and signals around the servers of this package."""

from __future__ import annotations

import os
import select
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

try:
    from gunicorn import sock as gunicorn_sock
    from gunicorn import util
    from gunicorn.app.wsgiapp import WSGIApplication
    from gunicorn.errors import AppImportError
    from gunicorn.workers.base import Worker
except ImportError as error:
    raise ImportError(
        "fastthrift.contrib.gunicorn needs gunicorn: pip install 'fastthrift[gunicorn]'"
    ) from error

from fastthrift import hooks
from fastthrift.contrib.gunicorn._application import load_object, load_processor
from fastthrift.server import TServer, TSimpleServer, TThreadedServer
from fastthrift.thrift import TDecodeException
from fastthrift.transport import TServerSocket
from fastthrift.transport.socket import AcceptedSocket

# How often it is looked whether a worker shall end, in seconds.
_POLL = 0.25


class WorkerConnection(AcceptedSocket):
    """A connection that tells its worker of answers, and of its end."""

    def __init__(self, sock: socket.socket, message_timeout: float | None, worker: Any) -> None:
        super().__init__(sock, message_timeout)
        self._worker = worker
        self._has_calls = False
        # Whether nothing has come that is not answered.
        self.is_idle = True

    def begin_message(self, *, arrived: bool = False) -> None:
        """The next message is waited for: those before it are answered."""
        super().begin_message(arrived=arrived)
        self.is_idle = not arrived
        if not arrived:
            if self._has_calls:
                self._worker.note_answer()
            self._has_calls = True

    def begin_again(self) -> None:
        """What has come is no part of the next message, which is still waited for."""
        super().begin_again()
        self.is_idle = True

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        data = super().read(sz)
        self.is_idle = False
        return data

    def close(self) -> None:
        """Close the connection."""
        super().close()
        self._worker.note_closed(self)


class Listeners(TServerSocket):
    """The sockets that gunicorn listens on, for as long as a worker accepts."""

    def __init__(self, worker: Any, client_timeout: float | None) -> None:
        super().__init__(client_timeout=client_timeout)
        self._worker = worker

    def listen(self) -> None:
        """gunicorn listens already."""
        for listener in self._worker.sockets:
            listener.setblocking(False)

    def accept(self) -> AcceptedSocket:
        """Wait for the next connection that there is room for."""
        worker = self._worker
        while worker.goes_on():
            watched = [*worker.sockets] if worker.has_room() else []
            ready = select.select([*watched, worker.PIPE[0]], [], [], _POLL)[0]
            for listener in ready:
                if listener == worker.PIPE[0]:
                    os.read(listener, 1)
                    continue
                try:
                    client, address = listener.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    continue  # another worker has it, or nobody
                return self._accepted(client, address)
        worker.server.close()
        raise OSError("The worker ends")

    def _accepted(self, client: socket.socket, address: Any) -> AcceptedSocket:
        client.setblocking(True)
        util.close_on_exec(client)
        if self._worker.cfg.is_ssl:
            client = gunicorn_sock.ssl_wrap_socket(client, self._worker.cfg)
        if self.client_timeout:
            client.settimeout(self.client_timeout)
        connection = WorkerConnection(client, self.message_timeout, self._worker)
        self._worker.note_connected(connection, address)
        return connection

    def close(self) -> None:
        """The sockets are gunicorn's, and other workers'."""


def _load_processor(application: Any) -> Any:
    """What an application string names: a processor, or what makes one by an option of before."""
    found = load_processor(application.app_uri)
    methods = (getattr(found, name, None) for name in ("process", "get_processor"))
    if isinstance(found, type) or not any(map(callable, methods)):
        raise AppImportError(
            f"{application.app_uri} is no processor but {found!r}: give "
            "fastthrift.thrift.TProcessor(Service, Handler()), or a call that returns one"
        )
    return found


class ThriftWorker(Worker):  # type: ignore[misc]
    """What the workers have in common."""

    # Where no option of the command says otherwise.
    thrift_protocol_factory = "fastthrift.protocol:TBinaryProtocolFactory"
    thrift_transport_factory = "fastthrift.transport:TBufferedTransportFactory"
    # In seconds, for each read and write; None for any time.
    thrift_client_timeout: float | None = None
    thrift_processor_as_factory = False

    server: TServer | None = None
    server_class: Callable[..., TServer] = TThreadedServer

    @classmethod
    def setup(cls) -> None:
        """Called by gunicorn in the process that loads applications: a processor is none of WSGI,
        which has to be callable."""
        WSGIApplication.load_wsgiapp = _load_processor

    def setting(self, name: str) -> Any:
        """An option of the command, or what the class has where gunicorn does not know it."""
        known = self.cfg.settings.get(name)
        return getattr(self, name, None) if known is None else known.get()

    @abstractmethod
    def room(self) -> int:
        """How many connections are served at once."""

    def run(self) -> None:
        """Serve until gunicorn wants the worker to end."""
        self.connections: set[WorkerConnection] = set()
        processor = self.wsgi
        if self.setting("thrift_processor_as_factory"):
            processor = processor.get_processor()
        timeout = self.setting("thrift_client_timeout")
        self.server = self.server_class(
            processor,
            Listeners(self, timeout and timeout * 1000),
            load_object(self.setting("thrift_transport_factory"))(),
            load_object(self.setting("thrift_protocol_factory"))(),
        )
        self.server.handle_signals = False
        if self.setting("on_tdecode_exception") is not None:
            hooks.add(server=self._note_call)
        self.server.grace = self.cfg.graceful_timeout * 1000
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            self.server.serve()
        finally:
            ended.set()
            # Of a worker that has ended gunicorn closes what it beats on.
            beating.join()

    def _beat(self, ended: threading.Event) -> None:
        """Tell gunicorn that the worker lives, which kills it after ``--timeout`` seconds else."""
        answered = -1
        while True:
            if self.is_well() or self.nr != answered:
                answered = self.nr
                self.tmp.notify()
            if ended.wait(_POLL):
                return

    def is_well(self) -> bool:
        """Whether the worker lives, also where it has answered nothing of late."""
        return True

    def goes_on(self) -> bool:
        """Whether connections are accepted."""
        if self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
            self.alive = False
        return bool(self.alive)

    def has_room(self) -> bool:
        """Whether another connection can be served now."""
        return len(self.connections) < self.room()

    def note_connected(self, connection: WorkerConnection, address: Any) -> None:
        """A connection was accepted."""
        self.connections.add(connection)
        self._call_hook("on_connected", self, address)

    def note_closed(self, connection: WorkerConnection) -> None:
        """A connection has ended; told of it more than once."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._call_hook("post_connect_closed", self)

    def note_answer(self) -> None:
        """A call was answered."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after %d calls.", self.nr)
            self.alive = False

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Of SIGTERM: end, after the calls that have come."""
        super().handle_exit(sig, frame)
        self._call_hook("worker_term", self)

    def _note_call(self, call: hooks.Call) -> None:
        if isinstance(call.error, TDecodeException):
            self._call_hook("on_tdecode_exception", call.error)

    def _call_hook(self, name: str, *args: Any) -> None:
        hook = self.setting(name)
        if hook is not None:
            hook(*args)


class SyncWorker(ThriftWorker):
    """Serves one connection after the other, each to its end."""

    server_class = TSimpleServer

    def room(self) -> int:
        """One: who accepts is who serves."""
        return 1

    def is_well(self) -> bool:
        """Whether it waits for a call: a handler that hangs is killed."""
        return all(connection.is_idle for connection in list(self.connections))

    def note_answer(self) -> None:
        """A call was answered."""
        super().note_answer()
        self._end_connection()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Of SIGTERM, in the thread that serves."""
        super().handle_exit(sig, frame)
        self._end_connection()

    def _end_connection(self) -> None:
        if not self.alive and self.server is not None and not self.server.closed:
            self.server.close()


class GThreadWorker(ThriftWorker):
    """Serves ``--threads`` connections at once, each in a thread."""

    def room(self) -> int:
        """Other workers take more connections, or they wait."""
        return int(self.cfg.threads)
