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
from functools import partial
from pathlib import Path
from typing import Any

from fastthrift._idl import UsageError, add_include_dirs, all_below, service_of
from fastthrift._idl import load as load_idl
from fastthrift._plain import did_you_mean
from fastthrift._serve.arguments import add_arguments, bind, options_of
from fastthrift._serve.program import (
    SERVERS,
    NotServed,
    ServeOptions,
    fail,
    imported,
    log_to_stderr,
    require_methods,
    serve,
)
from fastthrift.transport._listening import parse_bind

from ._completion import complete_names

#: Exit statuses that are not argparse's.
_FAILED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("handler", metavar="MODULE:HANDLER", help="such as app.rpc:Handler")
    parser.add_argument("--idl", metavar="FILE", required=True, help="the Thrift file")
    service = parser.add_argument(
        "--service", metavar="NAME", help="needed where the file has several services"
    )
    complete_names(service, lambda _, module: all_below(module, "thrift_services"))
    add_include_dirs(parser)
    parser.add_argument(
        "--bind",
        metavar="ADDRESS",
        type=bind,
        default=parse_bind("127.0.0.1:9090"),
        help="HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH, fd:NUMBER (a socket that listens already) "
        "or systemd (that of the unit); 127.0.0.1:9090 by default",
    )
    parser.add_argument(
        "--server",
        choices=SERVERS,
        default=ServeOptions.server,
        help="nonblocking by default; it, asyncio and asyncio-http can await handlers",
    )
    add_arguments(parser, watched="renew the workers when a file changes")


def run(arguments: argparse.Namespace) -> int:
    log_to_stderr(arguments.access_log)
    options = options_of(
        vars(arguments),
        server=arguments.server,
        watched=(arguments.idl,) if arguments.reload else None,
    )
    named = arguments.handler

    def load() -> tuple[Any, Any]:
        try:
            idl = load_idl(arguments.idl, arguments.include_dirs)
            service = service_of(idl, arguments.idl, arguments.service, "--service")
        except UsageError as error:
            raise NotServed(error.brief) from error
        handler = _make_handler(named, idl)
        require_methods(service, handler, named)
        return service, handler

    try:
        return serve(options, load, named, arguments.bind, health=arguments.health)
    except NotServed as error:
        fail(str(error))
    except OSError as error:
        fail(error.strerror or str(error))
    return _FAILED


def _make_handler(named: str, idl: Any) -> Any:
    """The handler that is named; the directory that the command runs in is looked in first."""
    module_name, _, path = named.partition(":")
    if not module_name or not path or module_name.startswith(".") or module_name.endswith(".py"):
        raise NotServed(
            f"{named!r} names no handler: it must be MODULE:HANDLER, with the module as it is "
            "imported"
        )
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    importing = partial(importlib.import_module, module_name)
    found: Any = imported(module_name, f"handler {named}", importing)
    for name in path.split("."):
        if not hasattr(found, name):
            near = did_you_mean(name, (each for each in dir(found) if not each.startswith("_")))
            raise NotServed(f"{module_name} has no {path!r}{near}")
        found = getattr(found, name)
    if inspect.isclass(found):
        return found()
    return found(idl) if inspect.isfunction(found) else found
