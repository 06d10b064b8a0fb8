"""Serve a Thrift service.

Serves the service NAME of a Thrift file by a handler: an object, a class (an object of it is made
in each worker), or a function that is given the loaded file. The parent listens; workers are
forked, and started again when they die. SIGTERM and SIGINT stop all of them when the calls that
have come are answered; SIGHUP renews them one by one, with the code and the file as they are then.

exit status: 0 stopped as asked, 1 could not serve, 2 wrong usage
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import itertools
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastthrift
from fastthrift._serve.health import Health
from fastthrift._serve.reload import watch
from fastthrift._serve.workers import NOT_STARTED, Worker, Workers
from fastthrift.parser.exc import ThriftParserError
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from fastthrift.transport._listening import parse_bind

if TYPE_CHECKING:
    from fastthrift.transport._listening import Bind

logger = logging.getLogger("fastthrift.server")

SERVERS = ("nonblocking", "threaded", "threadpool", "simple", "asyncio")
PROTOCOLS = ("auto", "binary", "compact", "json", "apache-json")
TRANSPORTS = ("auto", "framed", "buffered")

#: Exit statuses that are not argparse's.
_FAILED = 1

#: The most that can be asked for, in seconds.
_YEAR = 365 * 24 * 60 * 60


class _NotServed(Exception):
    """What keeps a server from serving, as one line."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("handler", metavar="MODULE:HANDLER", help="such as app.rpc:Handler")
    parser.add_argument("--idl", metavar="FILE", required=True, help="the Thrift file")
    parser.add_argument(
        "--service", metavar="NAME", help="needed where the file has several services"
    )
    parser.add_argument(
        "--bind",
        metavar="ADDRESS",
        type=_bind,
        default=parse_bind("127.0.0.1:9090"),
        help="HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH, fd:NUMBER (a socket that listens already) "
        "or systemd (that of the unit); 127.0.0.1:9090 by default",
    )
    parser.add_argument(
        "--server",
        choices=SERVERS,
        help="nonblocking by default; nonblocking and asyncio can await handlers",
    )
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="auto",
        help="auto is whatever comes with nonblocking, and binary elsewhere",
    )
    parser.add_argument(
        "--transport",
        choices=TRANSPORTS,
        default="auto",
        help="auto is whatever comes with nonblocking, and buffered elsewhere",
    )
    parser.add_argument(
        "--workers", metavar="N", type=_positive, default=1, help="processes, 1 by default"
    )
    parser.add_argument(
        "--threads",
        metavar="N",
        type=_positive,
        default=16,
        help="that make calls, in each worker of nonblocking and threadpool; 16 by default",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=30.0,
        help="for calls that have come when the server is stopped; 30 by default",
    )
    parser.add_argument(
        "--idle-timeout",
        metavar="SECONDS",
        type=_seconds,
        help="after which idle connections are closed; never by default",
    )
    parser.add_argument(
        "--message-timeout",
        metavar="SECONDS",
        type=_seconds,
        default=3.0,
        help="from the first byte of a message to its last; 3 by default",
    )
    parser.add_argument(
        "--max-requests",
        metavar="N",
        type=_positive,
        help="a worker that has made so many calls is replaced",
    )
    parser.add_argument(
        "--reload", action="store_true", help="renew the workers when a file changes"
    )
    parser.add_argument(
        "--health",
        metavar="ADDRESS",
        type=_bind,
        help="a port that answers GET with 200 while workers serve, and with 503 otherwise",
    )


def run(arguments: argparse.Namespace) -> int:
    _log_to_stderr()
    try:
        trans = _listen(arguments.bind)
        program = _Program(arguments, trans)
        workers = Workers(
            arguments.workers,
            program.serve,
            grace=arguments.grace,
            stop_listening=trans.close,
            logger=logger,
        )
        if arguments.health is not None:
            workers.health = Health(_listen(arguments.health), workers.describe)
    except OSError as error:
        return _fail(error.strerror or str(error))
    return workers.run()


def _fail(text: str) -> int:
    print(f"error: {text}", file=sys.stderr)
    return _FAILED


def _listen(bind: Bind) -> TServerSocket:
    trans = TServerSocket(
        bind.host, bind.port, bind.unix_socket, descriptor=bind.descriptor, backlog=1024
    )
    trans.listen()
    trans.share()
    return trans


class _Program:
    """What each worker serves."""

    def __init__(self, arguments: argparse.Namespace, trans: TServerSocket) -> None:
        self._arguments = arguments
        self._trans = trans

    def serve(self, worker: Worker) -> int:
        """Be a worker, and give the exit status."""
        try:
            served = self._load()
        except _NotServed as error:
            _fail(str(error))
            return NOT_STARTED
        except SystemExit as error:
            _fail(f"the handler {self._arguments.handler} exits when it is loaded: {error.code}")
            return NOT_STARTED
        except Exception:
            logger.exception("The handler %s cannot be made", self._arguments.handler)
            return NOT_STARTED
        if self._arguments.reload:
            watch([self._arguments.idl], lambda: os.kill(worker.parent, signal.SIGHUP))
        is_serving = False

        def ready() -> None:
            nonlocal is_serving
            is_serving = True
            worker.ready()

        try:
            served.run(worker._replace(ready=ready))
        except Exception as error:
            if is_serving:
                raise
            _fail(f"cannot serve: {error}")
            return NOT_STARTED
        return 0

    def _load(self) -> _Served:
        arguments = self._arguments
        idl = _load_idl(arguments.idl)
        service = _find_service(idl, arguments.idl, arguments.service)
        handler = _make_handler(arguments.handler, idl)
        methods: list[str] = service.thrift_services
        missing = [name for name in methods if not callable(getattr(handler, name, None))]
        if missing:
            raise _NotServed(
                f"{arguments.handler} lacks methods of {service.__name__}: {', '.join(missing)}"
            )
        is_async = any(inspect.iscoroutinefunction(getattr(handler, name)) for name in methods)
        return _Served(arguments, self._trans, service, handler, is_async)


class _Served:
    """A service with its handler, in one worker."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        trans: TServerSocket,
        service: Any,
        handler: Any,
        is_async: bool,
    ) -> None:
        self._arguments = arguments
        self._listener = trans
        self._service = service
        self._kind = arguments.server or "nonblocking"
        self._is_async = is_async
        if is_async and self._kind not in ("nonblocking", "asyncio"):
            raise _NotServed(
                f"the handler has `async def`: --server {self._kind} cannot await it, "
                f"nonblocking and asyncio can"
            )
        self._handler = handler

    def run(self, worker: Worker) -> None:
        """Serve until the end."""
        server = self._asyncio_server() if self._kind == "asyncio" else self._server()
        server.grace = self._arguments.grace * 1000

        def ready() -> None:
            if worker.number == 0:
                logger.info("%s", self._described())
            worker.ready()

        if self._kind == "asyncio":
            _run_asyncio(server, ready)
        else:
            server.on_serving = ready
            server.serve()

    def _described(self) -> str:
        arguments = self._arguments
        methods = len(self._service.thrift_services)
        return (
            f"Serving {self._service.__name__} ({methods} methods) at {_where(self._listener)}: "
            f"{self._kind}, {arguments.workers} workers"
        )

    def _options(self) -> dict[str, Any]:
        """Of a server socket: that of the parent, which goes on listening when this one stops."""
        arguments = self._arguments
        assert self._listener.sock is not None
        return {
            "descriptor": os.dup(self._listener.sock.fileno()),
            "client_timeout": _milliseconds(arguments.idle_timeout),
            "message_timeout": _milliseconds(arguments.message_timeout),
        }

    def _server(self) -> Any:
        servers: Any = importlib.import_module("fastthrift.server")
        arguments = self._arguments
        processor: Any = TProcessor
        if self._is_async:
            processor = importlib.import_module("fastthrift.contrib.aio.rpc").TAsyncProcessor
        processor = processor(self._service, self._counted(lambda: server))
        trans = TServerSocket(**self._options())
        names = {
            "threaded": "TThreadedServer",
            "threadpool": "TThreadPoolServer",
            "simple": "TSimpleServer",
        }
        if self._kind == "nonblocking":
            factories = _factories(arguments, default=None)
            server = servers.TNonblockingServer(
                processor,
                trans,
                *factories,
                threads=arguments.threads,
            )
            return server
        more = {"threads": arguments.threads} if self._kind == "threadpool" else {}
        server = getattr(servers, names[self._kind])(
            processor, trans, *_factories(arguments, default="auto"), **more
        )
        server.daemon = True
        return server

    def _asyncio_server(self) -> Any:
        aio: Any = importlib.import_module("fastthrift.contrib.aio.rpc")
        processor = aio.TAsyncProcessor(self._service, self._counted(lambda: server))
        server = aio.TAsyncServer(
            processor, aio.TAsyncServerSocket(**self._options()), *_async_factories(self._arguments)
        )
        return server

    def _counted(self, server: Callable[[], Any]) -> Any:
        """The handler, which closes its server after ``--max-requests`` calls."""
        most = self._arguments.max_requests
        if most is None:
            return self._handler

        def close() -> None:
            getattr(server(), "close_soon", server().close)()

        return _Counted(self._handler, self._service.thrift_services, most, close)


class _Counted:
    """A handler whose calls are counted: each asks for its method once."""

    def __init__(
        self, handler: Any, methods: list[str], most: int, close: Callable[[], None]
    ) -> None:
        self._handler = handler
        self._methods = frozenset(methods)
        self._most = most
        self._close = close
        # `next` of it is one step, whichever threads ask.
        self._count = itertools.count(1)

    def __getattr__(self, name: str) -> Any:
        if name in self._methods and next(self._count) == self._most:
            self._close()
        return getattr(self._handler, name)


def _run_asyncio(server: Any, ready: Callable[[], None]) -> None:
    import asyncio

    async def serve() -> None:
        await server.start()
        ready()
        await server.serve_forever()

    asyncio.run(serve())


def _where(trans: TServerSocket) -> str:
    assert trans.sock is not None
    address = trans.sock.getsockname()
    if not isinstance(address, tuple):
        return f"unix:{address}"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _factories(arguments: argparse.Namespace, default: str | None) -> Iterator[Any]:
    """Of transport and protocol; None where all are ``auto`` and that is the server's own."""
    protocol, transport = arguments.protocol, arguments.transport
    if default is None and protocol == transport == "auto":
        return
    protocols: Any = importlib.import_module("fastthrift.protocol")
    transports: Any = importlib.import_module("fastthrift.transport")
    yield {
        "framed": transports.TFramedTransportFactory,
        "buffered": transports.TBufferedTransportFactory,
    }["buffered" if transport == "auto" else transport]()
    yield {
        "binary": protocols.TBinaryProtocolFactory,
        "compact": protocols.TCompactProtocolFactory,
        "json": protocols.TJSONProtocolFactory,
        "apache-json": protocols.TApacheJSONProtocolFactory,
    }["binary" if protocol == "auto" else protocol]()


def _async_factories(arguments: argparse.Namespace) -> Iterator[Any]:
    protocols: Any = importlib.import_module("fastthrift.contrib.aio.protocol")
    transports: Any = importlib.import_module("fastthrift.contrib.aio.transport")
    yield {
        "framed": transports.TAsyncFramedTransportFactory,
        "buffered": transports.TAsyncBufferedTransportFactory,
    }["buffered" if arguments.transport == "auto" else arguments.transport]()
    yield {
        "binary": protocols.TAsyncBinaryProtocolFactory,
        "compact": protocols.TAsyncCompactProtocolFactory,
        "json": protocols.TAsyncJSONProtocolFactory,
        "apache-json": protocols.TAsyncApacheJSONProtocolFactory,
    }["binary" if arguments.protocol == "auto" else arguments.protocol]()


def _load_idl(path: str) -> Any:
    try:
        return fastthrift.load(path)
    except ThriftParserError as error:
        first = next(iter(getattr(error, "diagnostics", ())), None)
        where = f"{first.path}:{first.line}:{first.column}: {first.message}" if first else error
        raise _NotServed(f"{where}") from error
    except OSError as error:
        raise _NotServed(f"cannot read {path}: {error.strerror}") from error


def _find_service(idl: Any, path: str, name: str | None) -> Any:
    services = {
        key: value
        for key, value in vars(idl).items()
        if isinstance(value, type) and hasattr(value, "thrift_services")
    }
    if name is None and len(services) == 1:
        return next(iter(services.values()))
    if name not in services:
        found = ", ".join(services) or "no services"
        what = "--service is needed" if name is None else f"{name} is no service"
        raise _NotServed(f"{what}: {path} has {found}")
    return services[name]


def _make_handler(named: str, idl: Any) -> Any:
    """The handler that is named; the directory that the command runs in is looked in first."""
    module_name, _, path = named.partition(":")
    if not module_name or not path or module_name.startswith("."):
        raise _NotServed(f"{named!r} names no handler: it must be MODULE:HANDLER")
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # one that the handler's module needs: where, its traceback tells
        raise _NotServed(f"no module {error.name!r}, for the handler {named}") from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise _NotServed(f"{module_name} has no {path!r}")
        found = getattr(found, name)
    if inspect.isclass(found):
        return found()
    return found(idl) if inspect.isfunction(found) else found


def _bind(text: str) -> Bind:
    try:
        return parse_bind(f"127.0.0.1:{text}" if text.isdecimal() else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _YEAR:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from 0 to {_YEAR}, which is a year"
        )
    return seconds


class _Fallback(logging.StreamHandler[Any]):
    """Shows what is logged where the program that is served has not set up logging itself."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


def _log_to_stderr() -> None:
    parent = logging.getLogger("fastthrift")
    if not any(isinstance(handler, _Fallback) for handler in parent.handlers):
        fallback = _Fallback()
        fallback.setFormatter(
            logging.Formatter("%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s")
        )
        parent.addHandler(fallback)
        parent.setLevel(logging.INFO)
