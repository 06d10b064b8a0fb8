"""The program that workers serve: of ``fastthrift serve``, or of a command of a framework.

They say how to serve with ``ServeOptions``, and what with a function that gives the service and its
handler, which each worker calls.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fastthrift import urls
from fastthrift._calls.services import (
    coroutines,
    found_handler,
    handler_names,
    is_processor,
    misfits,
)
from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift.hooks import add
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from fastthrift.transport._addresses import milliseconds

from .health import Health
from .overload import listening_at
from .reload import watch
from .workers import NOT_STARTED, Worker, Workers

if TYPE_CHECKING:
    # What is imported by name below: what freezes programs looks for imports.
    import fastthrift.contrib.aio.http
    import fastthrift.contrib.aio.rpc  # noqa: F401
    from fastthrift._calls.observed import Middleware
    from fastthrift.transport._listening import Bind

logger = logging.getLogger("fastthrift.server")

#: Those whose handlers may have ``async def``, and those that can do without.
AWAITING = ("nonblocking", "asyncio", "asyncio-http")
BLOCKING = ("nonblocking", "threaded", "threadpool", "simple", "http")
SERVERS = (*BLOCKING, "asyncio", "asyncio-http")
PROTOCOLS = ("auto", *(name.replace("_", "-") for name in urls.PROTOCOLS))
TRANSPORTS = ("auto", *urls.TRANSPORTS)

_ASYNCIO = ("asyncio", "asyncio-http")
# Servers that have no such transport.
_WITHOUT = {"header": ("http", "asyncio-http"), "zlib": ("nonblocking", "http", "asyncio-http")}
#: Gives a service and its handler, or a processor in place of that. Raises ``NotServed``.
Load = Callable[[], tuple[Any, Any]]


class NotServed(Exception):
    """What keeps a server from serving, as one line."""


@dataclass(frozen=True)
class ServeOptions:
    """How to serve. Times are in seconds."""

    #: One of ``SERVERS``, ``PROTOCOLS`` and ``TRANSPORTS``.
    server: str = "nonblocking"
    # What these say is told in ``OPTIONS``; None is for never, or for what the server has.
    protocol: str = "auto"
    transport: str = "auto"
    workers: int = 1
    threads: int = 16
    grace: float = 30.0
    idle_timeout: float | None = None
    message_timeout: float | None = 3.0
    max_connections: int | None = None
    queue: int | None = None
    max_message_size: int | None = None
    max_requests: int | None = None
    #: Files besides those that are loaded whose change renews the workers; None to renew none.
    watched: tuple[str, ...] | None = None
    #: What stands around each call of a handler; a processor has its own.
    middleware: tuple[Middleware, ...] = ()


class Option(NamedTuple):
    """One of ``ServeOptions`` as a command line has it."""

    name: str
    #: The names that there are; or a number from 1 on, or seconds up to a year.
    kind: tuple[str, ...] | type[int] | type[float]
    metavar: str | None
    help: str

    @property
    def flag(self) -> str:
        """What it is called there."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def default(self) -> Any:
        """What it is when nothing is said."""
        return getattr(ServeOptions, self.name)


#: Those that each command that serves has, in this order.
OPTIONS = (
    Option(
        "protocol",
        PROTOCOLS,
        None,
        "auto is whatever comes with nonblocking, and binary elsewhere; lax-binary writes messages "
        "without a version, and reads them too",
    ),
    Option(
        "transport",
        TRANSPORTS,
        None,
        "auto is whatever comes with nonblocking, and buffered elsewhere",
    ),
    Option("workers", int, "N", "processes"),
    Option("threads", int, "N", "that make calls, in each worker of nonblocking and threadpool"),
    Option("grace", float, "SECONDS", "for calls that have come when the server is stopped"),
    Option(
        "idle_timeout",
        float,
        "SECONDS",
        "after which idle connections are closed; never by default",
    ),
    Option(
        "message_timeout",
        float,
        "SECONDS",
        "from the first byte of a message to its last, and for a client that takes nothing of its "
        "answer",
    ),
    Option(
        "max_connections",
        int,
        "N",
        "open at once in each worker; others wait (with threaded they are told so)",
    ),
    Option(
        "queue",
        int,
        "N",
        "calls that wait for a thread of nonblocking, or connections for one of threadpool; others "
        "are answered that the server is overloaded",
    ),
    Option(
        "max_message_size",
        int,
        "BYTES",
        f"of a message or a frame; {DEFAULT_MAX_SIZE} by default",
    ),
    Option("max_requests", int, "N", "a worker that has made so many calls is replaced"),
)

#: Where a command listens that is given a port alone.
LOOPBACK = "127.0.0.1"

#: The most seconds that can be asked for.
YEAR = 365 * 24 * 60 * 60


def _log(described: str) -> None:
    logger.info("%s", described)


def serve(
    options: ServeOptions,
    load: Load,
    name: str,
    bind: Bind,
    *,
    health: Bind | None = None,
    announce: Callable[[str], object] = _log,
) -> int:
    """Listen, and serve until SIGTERM or SIGINT; the exit status, in the parent and in each
    worker. ``name`` is what messages call the handler; ``announce`` tells people what is served,
    in a worker. Raises ``OSError`` where it cannot listen, and ``NotServed`` for options that the
    server has not."""
    _require_meaning(options)
    trans = listen(bind)
    workers = Workers(
        options.workers,
        Program(options, trans, load, name, announce).serve,
        grace=options.grace,
        stop_listening=trans.close,
        logger=logger,
    )
    if health is not None:
        workers.health = Health(listen(health), workers.describe)
    return workers.run()


def listen(bind: Bind) -> TServerSocket:
    """A socket that listens there. Raises ``OSError``."""
    trans = TServerSocket(
        bind.host, bind.port, bind.unix_socket, descriptor=bind.descriptor, backlog=1024
    )
    trans.listen()
    trans.share()
    return trans


class Program:
    """What each worker serves."""

    def __init__(
        self,
        options: ServeOptions,
        trans: TServerSocket,
        load: Load,
        name: str,
        announce: Callable[[str], object],
    ) -> None:
        self._options = options
        self._trans = trans
        self._load = load
        self._name = name
        self._announce = announce

    def serve(self, worker: Worker) -> int:
        """Be a worker, and give the exit status."""
        try:
            served = Served(self._options, self._trans, *self._load())
        except NotServed as error:
            fail(str(error))
            return NOT_STARTED
        except SystemExit as error:
            fail(f"the handler {self._name} exits when it is loaded: {error.code}")
            return NOT_STARTED
        except Exception:
            logger.exception("The handler %s cannot be made", self._name)
            return NOT_STARTED
        if self._options.watched is not None and worker.number == 0:
            # One for all: each would have all of them renewed.
            watch(self._options.watched, lambda: os.kill(worker.parent, signal.SIGHUP))
        is_serving = False

        def ready() -> None:
            nonlocal is_serving
            is_serving = True
            if worker.number == 0:
                self._announce(served.described())
            worker.ready()

        try:
            served.run(ready)
        except Exception as error:
            if is_serving:
                raise
            fail(f"cannot serve: {error}")
            return NOT_STARTED
        return 0


class Served:
    """A service with its handler, in one worker."""

    def __init__(
        self, options: ServeOptions, trans: TServerSocket, service: Any, handler: Any
    ) -> None:
        """``handler`` may be a processor. Raises ``NotServed`` where the kind of server cannot
        serve it."""
        self._options = options
        self._listener = trans
        self._where = listening_at(trans.sock)
        self._service = service
        self._handler = handler
        self._is_processor = is_processor(handler)
        self._is_async = self._has_coroutines()
        if self._is_async and options.server not in AWAITING:
            raise NotServed(
                f"the handler has `async def`: --server {options.server} cannot await it, "
                f"{', '.join(AWAITING[:-1])} and {AWAITING[-1]} can"
            )
        _require_meaning(options)
        self._server: Any = None

    def _has_coroutines(self) -> bool:
        if self._is_processor:
            return inspect.iscoroutinefunction(self._handler.process)
        return bool(coroutines(self._service, self._handler))

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until the end; ``ready`` is called when connections are taken."""
        is_asyncio = self._options.server in _ASYNCIO
        server = self._server = self._asyncio_server() if is_asyncio else self._blocking_server()
        server.grace = self._options.grace * 1000
        if is_asyncio:
            _run_asyncio(server, ready)
        else:
            server.on_serving = ready
            server.serve()

    def close(self) -> None:
        """Have ``run`` end, in another thread, when the calls that have come are answered; before
        it has begun nothing happens."""
        if self._server is not None:
            getattr(self._server, "close_soon", self._server.close)()

    def described(self) -> str:
        """What is served, for people."""
        methods = _count(len(self._service.thrift_services), "method")
        how = ", ".join(self._described_parts())
        return f"Serving {self._service.__name__} ({methods}) at {self._where}: {how}"

    def _described_parts(self) -> Iterator[str]:
        options = self._options
        yield options.server
        yield _count(options.workers, "worker")
        if self._is_async:
            yield "an event loop" if options.workers == 1 else "an event loop each"
        elif options.server in ("nonblocking", "threadpool"):
            yield _count(options.threads, "thread") + (" each" if options.workers > 1 else "")
        if options.protocol != "auto":
            yield options.protocol
        elif options.transport != "header":
            yield "all protocols" if options.server == "nonblocking" else "binary"
        if options.transport != "auto":
            yield "THeader" if options.transport == "header" else options.transport

    def _set_connections(self, server: Any) -> Any:
        if self._options.max_connections is not None:
            server.max_connections = self._options.max_connections
        return server

    def _socket_options(self) -> dict[str, Any]:
        """Of a server socket: that of the parent, which goes on listening when this one stops. It
        is the only one of this process: while that ends, nobody else takes connections."""
        assert self._listener.sock is not None
        return {
            "descriptor": self._listener.sock.detach(),
            "client_timeout": milliseconds(self._options.idle_timeout),
            "message_timeout": milliseconds(self._options.message_timeout),
        }

    def _processor(self, kind: Any) -> Any:
        """The processor, whose server is closed after as many calls as ``max_requests`` says."""
        most = self._options.max_requests
        if self._is_processor:
            if most is not None:
                add(server=_Counter(most, self.close).count)
            return self._handler
        handler = self._handler
        if most is not None:
            handler = _Counted(handler, self._service.thrift_services, _Counter(most, self.close))
        return kind(self._service, handler, middleware=self._options.middleware)

    def _blocking_server(self) -> Any:
        servers: Any = importlib.import_module("fastthrift.server")
        kind: Any = TProcessor
        if self._is_async:
            kind = importlib.import_module("fastthrift.contrib.aio.rpc").TAsyncProcessor
        processor = self._processor(kind)
        options = self._options
        if options.server == "http":
            return self._set_connections(self._http_server(processor))
        trans = TServerSocket(**self._socket_options())
        more: dict[str, Any] = {}
        if options.server in ("nonblocking", "threadpool"):
            more["threads"] = options.threads
        if options.queue is not None:
            more["queue"] = options.queue
        if options.server == "nonblocking":
            more["max_message_size"] = options.max_message_size
            # The server finds out itself what nothing is said of.
            said = (options.transport, options.protocol)
            factories = (
                None if each == "auto" else made
                for each, made in zip(said, _factories(options), strict=True)
            )
            server = servers.TNonblockingServer(processor, trans, *factories, **more)
        else:
            name = {
                "threaded": "TThreadedServer",
                "threadpool": "TThreadPoolServer",
                "simple": "TSimpleServer",
            }[options.server]
            server = getattr(servers, name)(processor, trans, *_factories(options), **more)
            server.daemon = True
        return self._set_connections(server)

    def _http_server(self, processor: Any) -> Any:
        http: Any = importlib.import_module("fastthrift.http")
        # Calls are made at the same time, as by the other servers with threads.
        kind = importlib.import_module("http.server").ThreadingHTTPServer
        options = self._socket_options() | _size(self._options, "max_message_size")
        factories = _factories(self._options)
        return http.THttpServer(processor, ("", 0), *factories, kind, **options)

    def _asyncio_server(self) -> Any:
        aio: Any = importlib.import_module("fastthrift.contrib.aio.rpc")
        processor = self._processor(aio.TAsyncProcessor)
        sockets = self._socket_options()
        trans_factory, prot_factory = _factories(
            self._options, ("fastthrift.contrib.aio", "TAsync")
        )
        if self._options.server == "asyncio-http":
            http: Any = importlib.import_module("fastthrift.contrib.aio.http")
            sockets |= _size(self._options, "max_message_size")
            server = http.TAsyncHttpServer(processor, "", 0, prot_factory, **sockets)
        else:
            trans = aio.TAsyncServerSocket(**sockets)
            server = aio.TAsyncServer(processor, trans, trans_factory, prot_factory)
        return self._set_connections(server)


def _require_meaning(options: ServeOptions) -> None:
    """Raise ``NotServed`` for what the kind of server has not."""
    server = options.server
    if options.max_connections is not None and server in ("simple", "threadpool"):
        limit = "one at a time" if server == "simple" else "--threads and --queue"
        raise NotServed(f"--max-connections: the connections of --server {server} are {limit}")
    if options.queue is not None and server not in ("nonblocking", "threadpool"):
        raise NotServed(f"--queue: nothing waits for a thread of --server {server}")
    if options.transport == "framed" and server == "asyncio-http":
        raise NotServed("--transport: messages over --server asyncio-http have no frames")
    without = _WITHOUT.get(options.transport, ())
    if server in without:
        raise NotServed(
            f"--transport {options.transport}: --server {server} has none, those that have are "
            f"{', '.join(each for each in SERVERS if each not in without)}"
        )
    if options.transport == "header" and options.protocol not in ("auto", "binary", "compact"):
        raise NotServed(
            f"--protocol {options.protocol}: messages of --transport header are binary or compact, "
            "as each says"
        )


class _Counter:
    """Does something at a certain call."""

    def __init__(self, most: int, act: Callable[[], None]) -> None:
        self._most = most
        self._act = act
        # `next` of it is one step, whichever threads ask.
        self._count = itertools.count(1)

    def count(self, _: object = None) -> None:
        """Count a call that has come."""
        if next(self._count) == self._most:
            self._act()


class _Counted:
    """A handler whose calls are counted: each asks for its method once."""

    def __init__(self, handler: Any, methods: Iterable[str], counter: _Counter) -> None:
        self._handler = handler
        self._methods = frozenset(name for method in methods for name in handler_names(method))
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        # One that is called like a word of Python is asked for by another name when it has none.
        found = getattr(self._handler, name)
        if name in self._methods:
            self._counter.count()
        return found


def _run_asyncio(server: Any, ready: Callable[[], None]) -> None:
    import asyncio

    async def serve() -> None:
        await server.start()
        ready()
        await server.serve_forever()

    asyncio.run(serve())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _size(options: ServeOptions, name: str) -> dict[str, int]:
    """The limit of a message, as an argument of that name."""
    size = options.max_message_size
    return {} if size is None else {name: size}


def _factories(options: ServeOptions, home: urls.Home = urls.THREADS) -> tuple[Any, Any]:
    """Of transport and protocol."""
    transport = "buffered" if options.transport == "auto" else options.transport
    protocol = "binary" if options.protocol == "auto" else options.protocol.replace("-", "_")
    frames = _size(options, "max_frame_size") if transport in ("framed", "header") else {}
    messages = _size(options, "max_message_size")
    return (
        urls.transport_factory(transport, home, **frames),
        urls.protocol_factory(protocol, transport, home, **messages),
    )


def imported(module: str, what: str, importing: Callable[[], Any]) -> Any:
    """What ``importing`` a module gives; ``what`` is what it is for. Raises ``NotServed`` where
    there is no such module; what the module raises, and the lack of one that it needs, is passed
    on, for its traceback tells where."""
    try:
        return importing()
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise NotServed(f"no module {error.name!r}, for the {what}") from error


def require_methods(service: Any, handler: Any, name: str) -> None:
    """Raise ``NotServed`` for a handler that lacks some, and warn, by logging, of those that cannot
    take what they are called with; ``name`` is what the handler is called."""
    missing = [
        method for method in service.thrift_services if not callable(found_handler(handler, method))
    ]
    if missing:
        raise NotServed(f"{name} lacks methods of {service.__name__}: {', '.join(missing)}")
    for api, text in misfits(service, handler):
        logger.warning("%s: %s, and calls of %s fail", name, text, api)


def fail(text: str) -> None:
    """Tell why nothing is served."""
    print(f"error: {text}", file=sys.stderr)


# Not of `Any`: CPython 3.10 has no such class.
class _Fallback(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows what is logged where the program that is served has not set up logging itself."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


def log_to_stderr(access_log: bool | None = None) -> None:
    """Show what servers log, where the program has not set up logging itself.

    A line for each call is a third of what a small call costs, so that somebody has to ask for it:
    by ``access_log``, or by a level of that logger."""
    parent = logging.getLogger("fastthrift")
    if not any(isinstance(handler, _Fallback) for handler in parent.handlers):
        fallback = _Fallback()
        fallback.setFormatter(
            logging.Formatter("%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s")
        )
        parent.addHandler(fallback)
        parent.setLevel(logging.INFO)
    access = logging.getLogger("fastthrift.access")
    if access_log:
        access.setLevel(logging.INFO)
    elif access_log is False or access.level == logging.NOTSET:
        access.setLevel(logging.WARNING)
