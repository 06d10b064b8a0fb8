"""System checks of the setting ``THRIFT``. They connect to nothing and ask no database; Thrift
files are read, and the modules of handlers imported.

=====  =========================================================================
E001   a ``HANDLER`` that cannot be imported, or not be made
E002   an ``IDL`` that is missing, not there or wrong
E003   a ``SERVICE`` that is not in it
E004   a handler that lacks methods
E005   a method of a handler that cannot take the arguments of the IDL
E006   a ``URL`` or ``BIND`` that is none
E007   a number that is none, or too small
E008   something that is no dict
E009   ``MIDDLEWARE`` that cannot be imported
E010   ``EXCEPTION_STATUS`` that is no table of statuses
E011   ``ATOMIC_CALLS`` that cannot be
E012   ``HEADERS`` that cannot be sent
W001   a key that is not known
W002   ``IDEMPOTENT`` with what is no method
W003   ``BIND`` to all addresses, by the checks of ``--deploy``: there is no TLS
W004   a handler with public methods that are not in the IDL
W005   a name in ``EXCEPTION_STATUS`` that no exception has
=====  =========================================================================
"""

from __future__ import annotations

import contextlib
import inspect
import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from fastthrift._calls.services import coroutines, handler_attribute, handler_names, misfits
from fastthrift._serve.program import LOOPBACK, NotServed
from fastthrift._web.clients import find_problems, nearest
from fastthrift._web.failures import mistaken_names, status_problem
from fastthrift.parser.exc import ThriftParserError
from fastthrift.transport._listening import Bind, parse_bind

from .conf import KEYS, is_time, part, root, thrift_setting
from .servers import KEYS as SERVER_KEYS
from .servers import Server, configured, import_path, require_dict

# Of the problems of clients.
_NUMBERS = ("timeout", "connect_timeout", "checkout_timeout", "max_idle", "max_age")
_IDS = {
    "idl": "E002",
    "service": "E003",
    "url": "E006",
    "client": "E008",
    "unknown": "W001",
    "idempotent": "W002",
    "headers": "E012",
    **dict.fromkeys((*_NUMBERS, "pool_size", "retries"), "E007"),
}


def check_thrift(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """All that is wrong with the setting."""
    try:
        found = [*_unknown(require_dict(thrift_setting(), "THRIFT"), KEYS, "THRIFT")]
    except NotServed as error:
        return [_message("E008", str(error), _example())]
    for problem in find_problems(part("CLIENTS", {}), root=root(), upper=True):
        text = f"{problem.at('THRIFT[' + repr('CLIENTS') + ']')}: {problem.message}"
        found.append(_message(_IDS[problem.kind], text, problem.hint))
    found += _check_numbers()
    statuses = status_problem(part("EXCEPTION_STATUS", {}))
    if statuses is not None:
        hint = "like {'NotFound': 404}"
        found.append(_message("E010", f"THRIFT['EXCEPTION_STATUS']: {statuses}", hint))
    for each in _servers():
        found += each if isinstance(each, list) else _check_server(each)
    if statuses is None:
        # Behind what has loaded the Thrift files.
        for text, hint in mistaken_names(part("EXCEPTION_STATUS", {})):
            found.append(_message("W005", f"THRIFT['EXCEPTION_STATUS']: {text}", hint))
    return found


def check_deployment(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """What should not be in production."""
    found = []
    for each in _servers():
        if isinstance(each, list):
            continue
        bind = _bind(each)
        if bind is not None and _is_all_addresses(bind.host):
            text = f"{each.setting}['BIND'] is all addresses of this machine, without TLS"
            hint = "an address of an inner network, or one that a proxy with TLS calls"
            found.append(_message("W003", text, hint))
    return found


def _is_all_addresses(host: str | None) -> bool:
    """Whether it is them, however that is written: ``0`` is ``0.0.0.0``, and ``::0`` is ``::``."""
    if host is None:
        return False
    with contextlib.suppress(OSError):
        return not any(socket.inet_aton(host))
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0]).is_unspecified
    return not host


def _message(number: str, text: str, hint: str | None) -> CheckMessage:
    kind = Error if number.startswith("E") else Warning
    return kind(text, hint=hint, id=f"thrift.{number}")


def _example() -> str:
    return "like {'CLIENTS': {...}, 'SERVERS': {...}}"


def _unknown(given: Mapping[Any, Any], known: Iterable[str], where: str) -> Iterator[CheckMessage]:
    for key in given:
        if key not in known:
            hint = nearest(str(key), known) or f"there are {', '.join(known)}"
            yield _message("W001", f"{where}: unknown key {str(key)!r}", hint)


def _check_numbers() -> Iterator[CheckMessage]:
    for key, hint in (
        ("REQUEST_BUDGET", "seconds that the calls of a request have together"),
        ("SLOW", "seconds from which on a call is logged as a warning"),
    ):
        value = part(key)
        if value is not None and not is_time(value):
            yield _message("E007", f"THRIFT[{key!r}]: {value!r} must be a number above 0", hint)


def _servers() -> Iterator[Server | list[CheckMessage]]:
    """The servers, and what is wrong in place of one."""
    try:
        servers = configured()
    except NotServed as error:
        yield [_message("E008", str(error), _example())]
        return
    for each in servers.values():
        if isinstance(each, Server):
            yield each
        else:
            yield [_message("E008", str(each), "a dict with IDL, SERVICE and HANDLER")]


def _check_server(server: Server) -> Iterator[CheckMessage]:
    yield from _unknown(server.options, SERVER_KEYS, server.setting)
    bind = server.options.get("BIND")
    where = _bind(server)
    if bind not in (None, "systemd") and (where is None or where.port == 0):
        hint = "like 127.0.0.1:9090, unix:/path/of.sock or fd:3"
        text = "is no address" if where is None else "has no port"
        yield _message("E006", f"{server.setting}['BIND']: {bind!r} {text}", hint)
    yield from _check_middleware(server)
    service = None
    try:
        if not _is_elsewhere(server):
            key = "IDL"
            idl = server.module()
            key = "SERVICE" if idl is not None else "IDL"
            service = server.service(idl)
    except NotServed as error:
        number = "E002" if key == "IDL" else "E003"
        is_there = server.idl_path is not None and os.path.isfile(server.idl_path)
        hint = (
            "`fastthrift check` shows every mistake" if is_there else "a path relative to BASE_DIR"
        )
        hint = hint if number == "E002" else "the name of a service in the IDL"
        text = _without(str(error), f"{server.setting}['IDL']")
        yield _message(number, f"{server.setting}[{key!r}]: {text}", hint)
    try:
        handler = server.find_handler()
    except Exception as error:
        text = str(error) if isinstance(error, NotServed) else f"{type(error).__name__}: {error}"
        text = _without(text, f"{server.setting}['HANDLER']")
        hint = "the dotted path of a class, an object, or a function of the loaded IDL"
        if isinstance(error, ThriftParserError):
            hint = "it loads a Thrift file: `fastthrift check` shows every mistake"
        yield _message("E001", f"{server.setting}['HANDLER']: {text}", hint)
        return
    reason = _uncallable(handler)
    if reason is not None:
        hint = "a function gives it what it needs: def make(idl): return Handler(...)"
        yield _message("E001", f"{server.setting}['HANDLER']: {server.handler_name} {reason}", hint)
    if service is not None and not inspect.isfunction(handler):
        yield from _check_handler(server, service, handler)


def _without(text: str, setting: str) -> str:
    """A message of a setting without its name, which is told already."""
    return text.removeprefix(setting).lstrip(": ")


def _uncallable(handler: Any) -> str | None:
    """Why no handler can be made of a class or a function; None where it can, or is one."""
    if inspect.isclass(handler):
        count, needs = 0, "cannot be made without arguments"
    elif inspect.isfunction(handler):
        count, needs = 1, "cannot be called with the loaded IDL alone"
    else:
        return None
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        return f"{needs}: {error}"
    return None


def _bind(server: Server) -> Bind | None:
    """Where it listens; None where nothing, or nothing that is an address, is said."""
    bind = server.options.get("BIND")
    with contextlib.suppress(ValueError):
        # That of systemd is there when it runs, and not when it is looked at.
        if isinstance(bind, str) and bind != "systemd":
            return parse_bind(bind, default_host=LOOPBACK)
    return None


def _check_middleware(server: Server) -> Iterator[CheckMessage]:
    middleware = server.options.get("MIDDLEWARE", ())
    where = f"{server.setting}['MIDDLEWARE']"
    if isinstance(middleware, str) or not isinstance(middleware, Iterable):
        yield _message("E009", f"{where}: {middleware!r} is no list", "a list of dotted paths")
        return
    for each in middleware:
        try:
            found = import_path(each, "middleware") if isinstance(each, str) else each
        except Exception as error:
            yield _message("E009", f"{where}: {error}", "a list of dotted paths of functions")
            continue
        if not callable(found):
            yield _message("E009", f"{where}: {each!r} is no function", None)


def _check_handler(server: Server, service: Any, handler: Any) -> Iterator[CheckMessage]:
    where = f"{server.setting}['HANDLER']"
    name = server.handler_name
    if not hasattr(handler, "__getattr__"):
        missing = [
            each for each in service.thrift_services if handler_attribute(handler, each) is None
        ]
        if missing:
            hint = f"{service.__name__} has them"
            yield _message("E004", f"{where}: {name} lacks {', '.join(missing)}", hint)
    yield from _misfits(service, handler, where)
    atomic = server.options.get("ATOMIC_CALLS", False)
    if not isinstance(atomic, (bool, list, tuple)) or not all(
        isinstance(each, str) and each in settings.DATABASES for each in server.databases
    ):
        hint = "True, or a list of aliases of DATABASES"
        yield _message("E011", f"{server.setting}['ATOMIC_CALLS']: {atomic!r}", hint)
    elif atomic and coroutines(service, handler):
        text = f"{server.setting}['ATOMIC_CALLS'] is not for `async def`, which {name} has"
        yield _message("E011", text, "transaction.atomic() in functions of sync_to_async")
    known = {name for each in service.thrift_services for name in handler_names(each)}
    others = [
        each
        for kind in (handler if inspect.isclass(handler) else type(handler)).__mro__
        for each, value in vars(kind).items()
        if not each.startswith("_") and inspect.isfunction(value) and each not in known
    ]
    if others:
        text = f"{where}: {name} has {', '.join(others)}, which {service.__name__} has not"
        yield _message("W004", text, "begin the names of helpers with an underscore")


def find_misfits(server: Server, where: str) -> list[CheckMessage]:
    """Methods of a server's handler that cannot take the arguments of the IDL. What cannot be
    loaded is told of when it is."""
    if _is_elsewhere(server):
        return []
    try:
        service = server.service(server.module())
        handler = server.find_handler()
    except Exception:
        return []
    return [] if inspect.isfunction(handler) else [*_misfits(service, handler, where)]


def _is_elsewhere(server: Server) -> bool:
    """Whether its Thrift file is not of this machine."""
    return (server.idl_path or "").startswith(("http://", "https://"))


def _misfits(service: Any, handler: Any, where: str) -> Iterator[CheckMessage]:
    for each, text in misfits(service, handler):
        yield _message("E005", f"{where}: {text}", f"arguments of {service.__name__}.{each}")
