"""The servers of the settings: what is served, by which handler, through which middleware."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from asgiref.sync import sync_to_async
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS
from django.utils.module_loading import import_string

from fastthrift._calls.services import coroutines
from fastthrift._idl import UsageError, load, service_of
from fastthrift._light import LockOfProcess
from fastthrift._serve.program import NotServed, imported, require_methods
from fastthrift._web.clients import nearest

from .conf import part, root, thrift_setting
from .reloading import watching_mistakes
from .units import atomic_calls

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware

KEYS = ("IDL", "SERVICE", "HANDLER", "BIND", "MIDDLEWARE", "ATOMIC_CALLS")


class Server(NamedTuple):
    """A server as it is configured."""

    options: Mapping[str, Any]
    #: What messages call it: ``THRIFT['SERVERS']['default']``.
    setting: str

    @property
    def handler_name(self) -> str:
        """What messages call its handler."""
        handler = self.options.get("HANDLER")
        return handler if isinstance(handler, str) else repr(handler)

    @property
    def idl_path(self) -> str | None:
        """The path of its Thrift file; None where it has a module, or none."""
        idl = self.options.get("IDL")
        if not isinstance(idl, (str, os.PathLike)):
            return None
        path = os.fspath(idl)
        return path if "://" in path else str(Path(root()) / path)

    def module(self) -> Any:
        """What was loaded of its Thrift file; None where it has none. Raises ``NotServed``."""
        idl = self.options.get("IDL")
        if idl is None or isinstance(idl, ModuleType):
            return idl
        path = self.idl_path
        if path is None:
            raise NotServed(f"{self.setting}['IDL']: {idl!r} is no path")
        try:
            return load(path, None)
        except UsageError as error:
            raise NotServed(error.brief) from error

    def service(self, idl: Any) -> Any:
        """The class of the service. Raises ``NotServed``."""
        service = self.options.get("SERVICE")
        if hasattr(service, "thrift_services"):
            return service
        if idl is None:
            raise NotServed(f"{self.setting}['IDL'] is missing: the path of a .thrift file")
        path = self.idl_path or idl.__name__
        if service is not None and not isinstance(service, str):
            raise NotServed(f"{self.setting}['SERVICE']: {service!r} is no name of a service")
        try:
            return service_of(idl, path, service, "SERVICE")
        except UsageError as error:
            raise NotServed(error.brief) from error

    def find_handler(self) -> Any:
        """What is configured as the handler: an object, a class, a function. Raises
        ``NotServed`` where it cannot be imported."""
        handler = self.options.get("HANDLER")
        if handler is None:
            raise NotServed(f"{self.setting}['HANDLER'] is missing: the path of a class")
        return import_path(handler, "handler") if isinstance(handler, str) else handler

    def load(self) -> tuple[Any, Any]:
        """The service, and its handler. Raises ``NotServed``."""
        idl = self.module()
        service = self.service(idl)
        handler = self.find_handler()
        if inspect.isclass(handler):
            handler = handler()
        elif inspect.isfunction(handler):
            handler = handler(idl)
        require_methods(service, handler, self.handler_name)
        if coroutines(service, handler):
            if self.databases:
                raise NotServed(
                    f"{self.setting}['ATOMIC_CALLS']: Django has no transactions around "
                    f"`async def`, which {self.handler_name} has"
                )
            handler = _Awaited(handler)
        return service, handler

    def middleware(self) -> tuple[Middleware, ...]:
        """What stands around its calls, without the unit of work. Raises ``NotServed``."""
        found = [
            import_path(each, "middleware") if isinstance(each, str) else each
            for each in self.options.get("MIDDLEWARE", ())
        ]
        if self.databases:
            found.append(atomic_calls(self.databases))
        return tuple(found)

    @property
    def databases(self) -> Sequence[str]:
        """Those whose transaction each call is."""
        atomic = self.options.get("ATOMIC_CALLS", False)
        if isinstance(atomic, bool):
            return (DEFAULT_DB_ALIAS,) if atomic else ()
        return tuple(atomic)


def require_dict(value: Any, setting: str) -> Mapping[Any, Any]:
    """A part of the setting. Raises ``NotServed`` where it is no dict."""
    if not isinstance(value, Mapping):
        raise NotServed(f"{setting}: {value!r} is no dict")
    return value


def configured() -> dict[Any, Server | NotServed]:
    """The servers of the settings by their aliases, or what is wrong in place of one. Raises
    ``NotServed`` where there can be none."""
    require_dict(thrift_setting(), "THRIFT")
    found: dict[Any, Server | NotServed] = {}
    for alias, options in require_dict(part("SERVERS", {}), "THRIFT['SERVERS']").items():
        setting = f"THRIFT['SERVERS'][{alias!r}]"
        try:
            found[alias] = Server(require_dict(options, setting), setting)
        except NotServed as error:
            found[alias] = error
    return found


def server(alias: str) -> Server:
    """A server of the settings. Raises ``NotServed``."""
    servers = configured()
    if alias not in servers:
        names = [str(each) for each in servers]
        there = f"there are {', '.join(names)}" if names else "there are none"
        hint = nearest(alias, names) or there
        raise NotServed(f"THRIFT['SERVERS'] has no {alias!r}: {hint}")
    found = servers[alias]
    if isinstance(found, NotServed):
        raise found
    return found


class _Shared:
    """The service and the handler of a server, made when they are first asked for."""

    def __init__(self) -> None:
        # Of its own: a handler that is being made may ask for others, and those that take long
        # keep nobody from others.
        self._lock = threading.RLock()
        self._is_being_made = False
        self._made: tuple[Any, Any] | None = None

    def get(self, alias: str) -> tuple[Any, Any]:
        if self._made is not None:
            return self._made
        with self._lock:
            if self._made is None:
                if self._is_being_made:
                    setting = f"THRIFT['SERVERS'][{alias!r}]"
                    raise NotServed(f"{setting}: its handler asks for itself while it is made")
                self._is_being_made = True
                try:
                    self._made = server(alias).load()
                finally:
                    self._is_being_made = False
            return self._made


_lock = LockOfProcess()

_shared: dict[str, _Shared] = {}


def shared(alias: str) -> tuple[Any, Any]:
    """The service and the handler of a server of the settings, of which a process has one,
    whichever threads ask for it first; another one where the settings are overridden. Raises
    ``NotServed``."""
    with _lock.now:
        found = _shared.setdefault(alias, _Shared())
    return found.get(alias)


def _forget_shared(*, setting: str, **_: object) -> None:
    if setting in ("THRIFT", "BASE_DIR"):
        with _lock.now:
            _shared.clear()


setting_changed.connect(_forget_shared, dispatch_uid="fastthrift.servers")


def import_path(path: str, what: str) -> Any:
    """What a dotted path names; ``what`` is what messages call it. Raises ``NotServed`` where
    there is nothing; what a module raises when it is imported is passed on."""
    path = path.replace(":", ".")
    module, _, _ = path.rpartition(".")
    if not module:
        raise NotServed(f"{path!r} is no path of a {what}, like 'notes.rpc.NotesHandler'")
    # Reloaders then watch the file with the mistake, which is no module that they know.
    importing = partial(watching_mistakes, partial(import_string, path))
    try:
        return imported(module, f"{what} {path}", importing)
    except ImportError as error:
        if not isinstance(error.__cause__, AttributeError):
            raise
        raise NotServed(f"{module} has no {path.rpartition('.')[2]!r}") from error


class _Awaited:
    """A handler with ``async def`` whose plain methods are called in the thread of
    ``sync_to_async``: Django's ORM refuses to work in that of an event loop."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._handler, name)
        if not callable(method) or inspect.iscoroutinefunction(method):
            return method
        return sync_to_async(method)
