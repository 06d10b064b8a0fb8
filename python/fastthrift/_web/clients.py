"""From the configuration of an application to clients: a dict with a dict for each of them.

======================  ========================================================================
``service``             a class of a loaded module, or its name in ``idl``
``idl``                 the path of a ``.thrift`` file, or a loaded module
``url``                 where it is, as ``fastthrift.urls`` tells; or a list of such
``timeout``             seconds for a call as a whole; 1.5 unless said
``connect_timeout``     seconds for connecting to an address
``checkout_timeout``    seconds to wait for one of the connections while all are busy
``pool_size``           how many connections there are at most
``idempotent``          the methods that may run twice
``retries``             how often such a call is made again
``max_idle``            seconds after which an idle connection is not used again
``max_age``             seconds after which a connection is not used again
``headers``             a dict of what goes with each call, over THeader and HTTP
======================  ========================================================================

``service`` and ``url`` are needed, the rest are as ``fastthrift.ClientPool`` has them, but for
``timeout``, which is shorter: somebody waits for the answer to a request, and no other is served by
its thread meanwhile. A view that makes one call answers within 2 seconds, whatever happens to that.
A call may wait for a connection for as long as it has: a burst of requests is served in turn.
Keys are lower case, or upper case where the framework writes its settings so.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from fastthrift._calls.deadlines import LONGEST
from fastthrift._calls.headers import require_room, text_of
from fastthrift._calls.pooling import PoolOptions, idempotent_methods
from fastthrift.parser import load
from fastthrift.parser.exc import ThriftParserError
from fastthrift.pool import ClientPool
from fastthrift.urls import ServiceURL, parse_all

if TYPE_CHECKING:
    from typing_extensions import Self

# What is otherwise than in a pool that nobody configures.
_DEFAULTS = {"timeout": 1.5}
# What a pool calls it, of keys that have another name here.
_OF_POOL = {"pool_size": "size"}
_SECONDS = ("timeout", "connect_timeout", "checkout_timeout", "max_idle", "max_age")
_WHOLE = ("pool_size", "retries")

#: The keys of a client, in lower case.
KEYS = ("service", "idl", "url", *_SECONDS, *_WHOLE, "idempotent", "headers")


class Problem(NamedTuple):
    """Something of a configuration that cannot be."""

    #: The keys that lead to it, as they are written: ``("calc", "timeout")``.
    path: tuple[str, ...]
    message: str
    hint: str | None
    #: Which key of a client it is about, in lower case; ``"unknown"`` for a key that there is not,
    #: ``"client"`` for a client as a whole.
    kind: str

    def at(self, setting: str) -> str:
        """Where it is, in a setting: ``THRIFT_CLIENTS['calc']['timeout']``."""
        return setting + "".join(f"[{key!r}]" for key in self.path)


class ConfigurationError(ValueError):
    """A configuration of clients with which none can be made; ``problem`` is the first one."""

    def __init__(self, text: str, problem: Problem) -> None:
        super().__init__(text)
        self.problem = problem

    @classmethod
    def of(cls, setting: str, problem: Problem) -> Self:
        """The exception for a problem of a setting."""
        hint = "" if problem.hint is None else f" ({problem.hint})"
        return cls(f"{problem.at(setting)}: {problem.message}{hint}", problem)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.problem)


class UnknownClient(KeyError):
    """There is no client of that name."""

    def __str__(self) -> str:
        # A KeyError shows its argument as a key.
        return str(self.args[0])


def find_problems(
    configured: Any, *, root: str | os.PathLike[str] | None = None, upper: bool = False
) -> list[Problem]:
    """All that cannot be in a configuration of clients. IDL files are read, and looked for in
    ``root`` where their path is relative; nothing is connected, and none is fetched by HTTP.

    ``upper`` is whether keys are upper case.
    """
    if not isinstance(configured, Mapping):
        return [no_dict((), configured, "a dict with a dict for each client")]
    found: list[Problem] = []
    for name, options in configured.items():
        found += _Client(name, options, root, upper).problems()
    return found


class _Client:
    """The configuration of one."""

    def __init__(
        self, name: Any, options: Any, root: str | os.PathLike[str] | None, upper: bool
    ) -> None:
        self.name = name
        self.given = options
        self.root = root
        self.upper = upper
        self.options: dict[str, Any] = {}
        self._found: list[Problem] = []

    def problems(self) -> list[Problem]:
        """What cannot be in it."""
        self._found = []
        if not isinstance(self.name, str) or not self.name:
            return [Problem((str(self.name),), "a client's name is text", None, "client")]
        if not isinstance(self.given, Mapping):
            return [no_dict((self.name,), self.given, f"a dict like {self._example()}")]
        self._read_keys()
        service = self._service()
        urls = self._urls()
        for key in (*_SECONDS, *_WHOLE):
            if key in self.options:
                self._look_at_number(key, self.options[key])
        if "idempotent" in self.options:
            self._look_at_idempotent(service, self.options["idempotent"])
        if "headers" in self.options:
            self._look_at_headers(self.options["headers"], urls)
        return self._found

    def pool(self) -> ClientPool:
        """A pool of it. Raises what loading an IDL and ``ClientPool`` raise."""
        self._read_keys()
        options = _DEFAULTS | self.options
        service = options.pop("service")
        idl = options.pop("idl", None)
        if isinstance(service, str):
            module = idl if isinstance(idl, ModuleType) else load(self._path(idl))
            service = getattr(module, service)
        for key, name in _OF_POOL.items():
            if key in options:
                options[name] = options.pop(key)
        pool: ClientPool = ClientPool(service, options.pop("url"), name=self.name, **options)
        return pool

    def _key(self, key: str) -> str:
        return key.upper() if self.upper else key

    def _add(self, key: str, message: str, hint: str | None = None, kind: str = "") -> None:
        self._found.append(Problem((self.name, self._key(key)), message, hint, kind or key))

    def _example(self) -> str:
        example = {"idl": "calculator.thrift", "service": "Calculator", "url": "tcp://host:9090"}
        return repr({self._key(key): value for key, value in example.items()})

    def _read_keys(self) -> None:
        known = {self._key(key): key for key in KEYS}
        for key, value in self.given.items():
            if key in known:
                self.options[known[key]] = value
                continue
            there = f"there are {', '.join(known)}"
            path = (self.name, str(key))
            self._found.append(
                Problem(path, "is not known", nearest(str(key), known) or there, "unknown")
            )

    def _path(self, idl: Any) -> str:
        path = os.fspath(idl)
        if self.root is None or "://" in path:
            return str(path)
        return str(Path(self.root) / path)

    def _service(self) -> Any:
        """The class of the service; None where it is not known."""
        service = self.options.get("service")
        idl = self.options.get("idl")
        if hasattr(service, "thrift_services"):
            return service
        if service is None:
            self._add("service", "is missing", "the name of a service in the IDL, or its class")
        elif not isinstance(service, str):
            self._add("service", f"{service!r} is no service", "give its name, or its class")
        if idl is None:
            hint = "the path of a .thrift file"
            self._add("idl", "is missing", f"{hint}; or give a class as {self._key('service')!r}")
            return None
        module = self._module(idl)
        if module is None or not isinstance(service, str):
            return None
        loaded = getattr(module, service, None)
        if hasattr(loaded, "thrift_services"):
            return loaded
        services = [each.__name__ for each in module.__thrift_meta__["services"]]
        has = f"it has {', '.join(services)}" if services else "it has no service"
        where = getattr(module, "__thrift_file__", None) or module.__name__
        self._add(
            "service", f"{service!r} is not in {where}", nearest(service, services, more=has) or has
        )
        return None

    def _module(self, idl: Any) -> Any:
        """The loaded IDL; None where it cannot be loaded, or would have to be fetched."""
        if isinstance(idl, ModuleType):
            if hasattr(idl, "__thrift_meta__"):
                return idl
            self._add("idl", f"{idl.__name__} is no module of a .thrift file", "load() one")
            return None
        if not isinstance(idl, (str, os.PathLike)):
            self._add("idl", f"{idl!r} is no path", "the path of a .thrift file")
            return None
        path = self._path(idl)
        if path.startswith(("http://", "https://")):
            return None
        try:
            return load(path)
        except ThriftParserError as error:
            place = error.path or path
            if error.line is not None:
                place += f", line {error.line}, column {error.column}"
            what = next(
                (each.message for each in error.diagnostics if each.severity == "error"), str(error)
            )
            self._add("idl", f"{place}: {what}", "`fastthrift check` shows every mistake")
        except OSError as error:
            hint = "paths are relative to " + os.fspath(self.root or os.getcwd())
            self._add("idl", f"{path}: {error.strerror or error}", hint)
        return None

    def _urls(self) -> list[ServiceURL]:
        """Where it is; nothing where that is not known."""
        url = self.options.get("url")
        example = "like tcp://host:9090, unix:/path/of.sock or http://host/path"
        if url is None:
            self._add("url", "is missing", example)
            return []
        try:
            return parse_all(url)
        except ValueError as error:
            self._add("url", str(error), example)
        except (TypeError, AttributeError):
            self._add("url", f"{url!r} is no url", example + ", or a list of such")
        return []

    def _look_at_number(self, key: str, value: Any) -> None:
        if value is None and key in _SECONDS:
            return
        kind = (int,) if key in _WHOLE else (int, float)
        expected = "a whole number" if key in _WHOLE else "a number of seconds, or None"
        if isinstance(value, bool) or not isinstance(value, kind):
            self._add(key, f"{value!r} is no number", f"give {expected}")
            return
        option: dict[str, Any] = {_OF_POOL.get(key, key): value}
        try:
            PoolOptions(**option)
        except ValueError:
            if value > 0:
                self._add(key, f"{value!r} is too large", f"give {expected}, at most {LONGEST}")
                return
            least = "0 or more" if key == "retries" else "above 0"
            self._add(key, f"{value!r} is too small", f"give {expected}, {least}")

    def _look_at_idempotent(self, service: Any, names: Any) -> None:
        hint = "give a list of names of methods"
        if isinstance(names, str) or not isinstance(names, Iterable):
            self._add("idempotent", f"{names!r} is no list", hint)
            return
        if service is None:
            return
        for name in names:
            try:
                idempotent_methods(service, [name])
            except (ValueError, TypeError):
                methods = service.thrift_services
                has = f"it has {', '.join(methods)}"
                self._add(
                    "idempotent",
                    f"{service.__name__} has no method {name!r}",
                    nearest(str(name), methods) or has,
                )

    def _look_at_headers(self, headers: Any, urls: list[ServiceURL]) -> None:
        try:
            require_room(text_of(headers), urls)
        except (TypeError, ValueError) as error:
            text = str(error).removeprefix("headers: ").removeprefix("headers ")
            self._add("headers", text, "a dict like {'X-Tenant': 'acme'}")


def nearest(name: str, known: Iterable[str], *, more: str = "") -> str | None:
    """``did you mean 'timeout'?`` for a name that is like a known one, with ``more`` before it;
    None where it is like none."""
    # Upper and lower case are the most usual mistake of all.
    cases = {each.lower(): each for each in known}
    similar = difflib.get_close_matches(name.lower(), cases, 1)
    if not similar:
        return None
    asked = f"did you mean {cases[similar[0]]!r}?"
    return f"{more}; {asked}" if more else asked


def no_dict(path: tuple[str, ...], given: Any, expected: str) -> Problem:
    """The problem of what is there in place of a dict."""
    return Problem(path, f"{given!r} is no dict", f"give {expected}", "client")


class Clients(Mapping[str, Any]):
    """The clients of an application by their names.

    Each is a ``fastthrift.ClientPool`` that is made when it is first asked for; asking raises
    ``ConfigurationError`` where it cannot be made, ``UnknownClient``, a ``KeyError``, where it is
    not configured. Threads may share it.
    """

    def __init__(
        self,
        configured: Mapping[str, Any],
        *,
        setting: str,
        root: str | os.PathLike[str] | None = None,
        upper: bool = False,
    ) -> None:
        """``setting`` is what errors call the configuration: ``THRIFT_CLIENTS``. Relative paths
        of IDL files are looked for in ``root``. ``upper`` is whether keys are upper case.
        Nothing is looked at here: ``find_problems`` does."""
        self._setting = setting
        self._clients = {
            name: _Client(name, options, root, upper) for name, options in configured.items()
        }
        self._pools: dict[str, ClientPool] = {}
        self._overrides: dict[str, list[Override]] = {}
        # What is given for a name.
        self._given: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        try:
            return self._given[name]
        except KeyError:
            pass
        return self._given.setdefault(name, self.pool(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._clients)

    def __len__(self) -> int:
        return len(self._clients)

    def __contains__(self, name: object) -> bool:
        return name in self._clients

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._clients) or 'without any'}>"

    def pool(self, name: str) -> ClientPool:
        """The pool of a client, also while another object stands in its place."""
        pool = self._pools.get(name)
        if pool is not None:
            return pool
        client = self._client(name)
        for problem in client.problems():
            if problem.kind != "unknown":
                raise ConfigurationError.of(self._setting, problem)
        # Two threads may make one each: nothing is open in it, and the first one stays.
        return self._pools.setdefault(name, client.pool())

    def override(self, name: str, fake: Any) -> Override:
        """Put another object in the place of a client, for tests: until ``restore()``, or the end
        of a ``with`` block, in all threads. Raises ``UnknownClient``."""
        self._client(name)
        override = Override(self, name, fake)
        self._overrides.setdefault(name, []).append(override)
        self._given[name] = fake
        return override

    def take_back(self, override: Override) -> None:
        """End an override; the one before it is in force again, if there is any."""
        name = override.name
        others = self._overrides.get(name, [])
        if override not in others:
            return
        others.remove(override)
        if others:
            self._given[name] = others[-1].fake
        else:
            self._given.pop(name, None)

    def close(self) -> None:
        """Close the connections of all clients, busy ones at the end of their call. A client that
        is asked for afterwards is made anew."""
        pools, self._pools = self._pools, {}
        for name, pool in pools.items():
            if self._given.get(name) is pool:
                del self._given[name]
            pool.close()

    def _client(self, name: str) -> _Client:
        client = self._clients.get(name)
        if client is None:
            there = f"there are {', '.join(self._clients)}" if self._clients else "there are none"
            hint = nearest(str(name), self._clients) or there
            raise UnknownClient(f"{self._setting} has no client {name!r}: {hint}")
        return client


class Override:
    """What stands in the place of a client; ``restore()`` ends it, as a ``with`` block does, which
    gives the object."""

    def __init__(self, clients: Clients, name: str, fake: Any) -> None:
        self.name = name
        self.fake = fake
        self._clients = clients

    def restore(self) -> None:
        """Have the client again; a second time does nothing."""
        self._clients.take_back(self)

    def __enter__(self) -> Any:
        return self.fake

    def __exit__(self, *_: object) -> None:
        self.restore()
