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
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastthrift._serve.program import (
    PROTOCOLS,
    SERVERS,
    TRANSPORTS,
    NotServed,
    Options,
    fail,
    find_service,
    load_idl,
    log_to_stderr,
    require_methods,
    serve,
)
from fastthrift.transport._listening import parse_bind

if TYPE_CHECKING:
    from fastthrift.transport._listening import Bind

# Options that have their argument's name.
_OPTIONS = (
    "protocol",
    "transport",
    "workers",
    "threads",
    "grace",
    "idle_timeout",
    "message_timeout",
    "max_requests",
)

#: Exit statuses that are not argparse's.
_FAILED = 1

#: The most that can be asked for, in seconds.
_YEAR = 365 * 24 * 60 * 60


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
    log_to_stderr()
    options = Options(
        server=arguments.server or "nonblocking",
        watched=(arguments.idl,) if arguments.reload else None,
        **{name: getattr(arguments, name) for name in _OPTIONS},
    )
    named = arguments.handler

    def load() -> tuple[Any, Any]:
        idl = load_idl(arguments.idl)
        service = find_service(idl, arguments.idl, arguments.service)
        handler = _make_handler(named, idl)
        require_methods(service, handler, named)
        return service, handler

    try:
        return serve(options, load, named, arguments.bind, health=arguments.health)
    except OSError as error:
        fail(error.strerror or str(error))
        return _FAILED


def _make_handler(named: str, idl: Any) -> Any:
    """The handler that is named; the directory that the command runs in is looked in first."""
    module_name, _, path = named.partition(":")
    if not module_name or not path or module_name.startswith("."):
        raise NotServed(f"{named!r} names no handler: it must be MODULE:HANDLER")
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # one that the handler's module needs: where, its traceback tells
        raise NotServed(f"no module {error.name!r}, for the handler {named}") from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise NotServed(f"{module_name} has no {path!r}")
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
