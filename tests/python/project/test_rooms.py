"""Which part of the Python package may know which, as white lists.

The rules of the crate are in tests/rooms.rs.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import fastthrift
import pytest
from support.package_rooms import PACKAGE, Module, circles, package_files, read_package

#: A room is a module with all below it, unless what is below is a room of its own. From the ground
#: up: each imports only what is listed, which stands before it.
ROOMS: dict[str, set[str]] = {
    "_core": set(),
    "_compat": set(),
    "_lazy": set(),
    "_layers": set(),
    "_light": set(),
    "_steps": set(),
    "_payload": {"_core"},
    "_exceptions": {"_core", "_payload"},
    "_fields_dict": {"_core"},
    "transport.base": {"_core", "_exceptions"},
    "protocol.base": {"_payload", "transport.base"},
    "protocol.exc": {"_exceptions", "transport.base"},
    "transport": {"_compat", "_core", "_layers", "_lazy", "_steps", "transport.base"},
    "_plain": {"_core", "_payload", "protocol.exc"},
    "_calls": {
        "_core",
        "_layers",
        "_light",
        "_exceptions",
        "_payload",
        "_plain",
        "_steps",
        "protocol.exc",
        "transport",
        "transport.base",
    },
    "typing": {"_calls", "_core"},
    "thrift": {"_core", "_light", "_calls", "_exceptions", "_payload", "protocol.base", "typing"},
    "protocol": {
        "_compat",
        "_core",
        "_lazy",
        "_exceptions",
        "protocol.base",
        "protocol.exc",
        "thrift",
        "transport",
        "transport.base",
    },
    "_serve": {
        "_calls",
        "_core",
        "_exceptions",
        "_light",
        "protocol",
        "thrift",
        "transport",
        "transport.base",
    },
    "server": {
        "_core",
        "_calls",
        "_serve",
        "protocol",
        "protocol.base",
        "thrift",
        "transport",
        "transport.base",
    },
    "utils": {"_core", "protocol", "protocol.base", "transport"},
    "urls": {"protocol", "transport"},
    "http": {
        "_core",
        "_calls",
        "_serve",
        "protocol",
        "protocol.base",
        "server",
        "thrift",
        "transport",
        "transport.base",
        "typing",
    },
    "hooks": {"_calls"},
    "pool": {
        "_core",
        "_calls",
        "_light",
        "http",
        "thrift",
        "transport",
        "transport.base",
        "typing",
        "urls",
    },
    "parser": {"_core", "_light", "_exceptions", "_payload"},
    "_importer": {"parser"},
    "hook": {"_importer", "parser"},
    "compat": set(),
    "_messages": {"_core", "protocol", "protocol.exc", "thrift", "transport", "typing"},
    # The package's own names.
    "": {
        "_calls",
        "_core",
        "_fields_dict",
        "_lazy",
        "_messages",
        "compat",
        "hook",
        "hooks",
        "parser",
        "pool",
        "transport",
        "transport.base",
    },
    "_idl": {"_plain", "parser"},
    "contrib": set(),
    "contrib.aio.transport": {"_core", "_steps", "transport", "transport.base"},
    "contrib.aio.protocol": {
        "_core",
        "contrib.aio.transport",
        "protocol",
        "protocol.exc",
        "thrift",
        "transport",
        "transport.base",
    },
    "contrib.aio": {
        "_core",
        "_calls",
        "_serve",
        "contrib.aio.protocol",
        "contrib.aio.transport",
        "http",
        "protocol.base",
        "thrift",
        "transport",
        "transport.base",
        "typing",
        "urls",
    },
    "_web": {
        "_calls",
        "_core",
        "_exceptions",
        "_payload",
        "_plain",
        "contrib.aio",
        "parser",
        "pool",
        "protocol",
        "protocol.exc",
        "thrift",
        "transport.base",
        "urls",
    },
    "wsgi": {"_calls", "_core", "_web"},
    "asgi": {"_calls", "_core", "_web"},
    "contrib.apache": {"_calls", "_core", "_exceptions", "protocol", "protocol.exc", "transport"},
    "contrib.tracking": {"_calls", "parser", "thrift"},
    "rpc": {
        "_calls",
        "contrib.aio",
        "protocol",
        "protocol.base",
        "server",
        "thrift",
        "transport",
        "transport.base",
        "typing",
    },
    "contrib.gunicorn": {"hooks", "server", "thrift", "transport"},
    "contrib.otel": {"", "hooks", "thrift"},
    "testing": {
        "_calls",
        "_core",
        "_plain",
        "contrib.aio",
        "contrib.aio.protocol",
        "http",
        "protocol",
        "protocol.exc",
        "server",
        "thrift",
        "transport",
        "transport.base",
        "typing",
        "urls",
    },
    # Here every kind of server is known.
    "_serve.program": {
        "_calls",
        "_core",
        "_serve",
        "contrib.aio",
        "hooks",
        "http",
        "server",
        "thrift",
        "transport",
        "urls",
    },
    "contrib.flask": {
        "_calls",
        "_plain",
        "_serve.program",
        "_web",
        "hooks",
        "pool",
        "thrift",
        "transport",
        "wsgi",
    },
    "_serve.arguments": {"_serve.program", "transport"},
    "contrib.django": {
        "",
        "_calls",
        "_core",
        "_idl",
        "_light",
        "_serve.arguments",
        "_serve.program",
        "_web",
        "contrib.aio",
        "hooks",
        "parser",
        "pool",
        "testing",
        "transport",
        "wsgi",
    },
    "cli": {
        "",
        "_core",
        "_idl",
        "_plain",
        "_serve.arguments",
        "_serve.program",
        "parser",
        "pool",
        "protocol",
        "protocol.exc",
        "thrift",
        "transport",
        "transport.base",
        "urls",
    },
    "__main__": {"cli"},
}

#: Names that are private by their spelling and public by contract, wherever they are used.
PUBLIC_BY_CONTRACT = {
    "_VALUES_TO_NAMES": "thriftpy2: of enum classes",
    "_NAMES_TO_VALUES": "thriftpy2: of enum classes",
    "_proto": "thriftpy2: of a multiplexed protocol, the one that it stands before",
    "_proto_factory": "thriftpy2: of a multiplexed protocol's factory, the one it stands before",
    "_iprot": "thriftpy2: of clients, which subclasses use",
    "_oprot": "thriftpy2: of clients, which subclasses use",
    "_seqid": "thriftpy2: of clients, which subclasses use",
    "_create_connection": "http.client: how its connections connect",
    "_req": "thriftpy2: of clients, which subclasses override",
    "_rpc_state": "of clients: how far their calls are, which a pool sets up",
    "_methods": "of clients: what is looked at before the list of their service",
    "_service": "thriftpy2: of clients and processors",
    "_handler": "thriftpy2: of processors",
    "_ARGCOMPLETE": "argcomplete's: what a shell asks by, in the environment",
    "_processMap": "Apache: of generated processors, their methods by name",
    "_trans": "thriftpy2: what a transport is over",
    "_undeclared_exception": "what protocols, native ones too, note on a result for the client",
    "_exit": "os's: ends a process from any thread",
    "_imp": "thriftpy2: the importer that its hook installs",
    "_sslobj": "ssl's: whether a socket has its TLS still",
    "_get_current_object": "werkzeug: what a proxy stands for",
    "_replace": "named tuples: one with other values",
    "_FileInfo": "importlib.machinery's, for pickled modules",
}


#: The modules that get other modules by a name which their text does not tell, and whose those are.
UNTOLD = {
    "_lazy": "of the package that asks, under the names that it lists",
    "_serve.reload": "all, for the files that they are from",
    "_web.page": "of the class that is shown",
    "cli": "its commands",
    "cli.serve": "of the user: the handler's",
    "compat": "those of this package, under thriftpy2's names",
    "contrib.aio.http._errors": "aiohttp's",
    "contrib.apache._seen": "of the generated code that is served",
    "contrib.gunicorn._application": "of the user: the application's",
    "parser": "of the user: a package with Thrift files",
    "parser.registry": "of Thrift files",
    "parser.reloading": "of Thrift files",
    "urls": "those whose names it has in a table",
}


def below_the_package(name: str) -> str:
    return name.removeprefix(PACKAGE).removeprefix(".")


def room_of(name: str) -> str | None:
    """The room that a module is in; the package itself is one without what is below it."""
    name = below_the_package(name)
    rooms = [room for room in ROOMS if room and f"{name}.".startswith(f"{room}.")]
    return max(rooms, key=len) if rooms else "" if name == "" else None


def package() -> dict[str, Module]:
    root = Path(fastthrift.__file__).parent
    return read_package(package_files(root), [f"{PACKAGE}._core"])


def arrows(modules: dict[str, Module]) -> dict[tuple[str | None, str | None], list[str]]:
    """Which room imports which, with the places."""
    found = defaultdict(list)
    for module in modules.values():
        for each in module.imports:
            rooms = (room_of(each.importer), room_of(each.imported))
            if rooms[0] != rooms[1]:
                found[rooms].append(f"{module.path}:{each.line}: {each.imported}")
    return dict(found)


def not_allowed(modules: dict[str, Module]) -> list[str]:
    return [
        place
        for (importer, imported), places in arrows(modules).items()
        if importer is None or imported not in ROOMS[importer]
        for place in places
    ]


def private_uses(modules: dict[str, Module]) -> dict[str, dict[str, list[int]]]:
    """By file, the private names that its own room does not define."""
    defined = defaultdict(set)
    for module in modules.values():
        defined[room_of(module.name)] |= module.defined
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for module in modules.values():
        for use in module.used:
            is_module = f"{PACKAGE}.{use.name}" in {*modules, f"{PACKAGE}._core"}
            if not is_module and use.name not in defined[room_of(module.name)]:
                found[module.path][use.name].append(use.line)
    return found


def test_the_order_of_the_rooms() -> None:
    before: set[str] = set()
    for room, allowed in ROOMS.items():
        assert allowed <= before, room
        before.add(room)


def test_every_module_is_in_a_room() -> None:
    assert [name for name in package() if room_of(name) is None] == []


def test_the_page_of_the_architecture_names_the_rooms_of_the_core_and_the_files_of_calls() -> None:
    root = Path(__file__).parents[3]
    page = (root / "docs" / "architecture.md").read_text()
    rooms = [each.name for each in (root / "src" / "py").iterdir() if each.stem != "mod"]
    calls = Path(fastthrift.__file__).with_name("_calls")
    files = [each.name for each in calls.glob("*.py") if each.stem != "__init__"]
    assert [each for each in sorted(rooms) if f"`src/py/{each}`" not in page] == []
    assert [each for each in sorted(files) if f"`{each}`" not in page] == []


def test_the_page_of_the_architecture_tells_what_each_room_needs() -> None:
    rows = rows_of_the_page()
    told = {"_core", *(module for modules, _ in rows for module in modules)}

    def within(room: str) -> str:
        return max(
            (each for each in told if not each or f"{room}.".startswith(f"{each}.")), key=len
        )

    for modules, needs in rows:
        uses = {
            within(other)
            for room, others in ROOMS.items()
            for other in others
            if within(room) in modules
        }
        assert sorted(needs) == sorted(uses.difference(modules)), modules


def rows_of_the_page() -> list[tuple[list[str], list[str]]]:
    """The rows of the first table for rooms of this package: modules that share one, and what they
    need. The package's own is that of all that is in no other."""

    def modules(cell: str) -> list[str]:
        first, *others = (Path(name) for name in cell.split("`")[1::2])
        paths = [first, *(first.with_name(other.name) for other in others)]
        return [".".join(path.with_suffix("").parts[2:]) for path in paths]

    def needs(cell: str) -> list[str]:
        names = cell.split("`")[1::2]
        return ["" if name == PACKAGE else name.replace("/", ".") for name in names]

    page = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text()
    table = next(part for part in page.split("\n\n") if part.startswith("| Room |"))
    rows = (line.strip("| ").split(" | ") for line in table.splitlines())
    return [(modules(row[0]), needs(row[-1])) for row in rows if f"`python/{PACKAGE}" in row[0]]


def test_each_room_imports_only_those_below_it() -> None:
    assert not_allowed(package()) == []


def test_the_rules_of_a_call_have_no_sockets() -> None:
    root = Path(fastthrift.__file__).parent
    waiting = {"asyncio", "http.client", "select", "selectors", "socket", "ssl"}
    sockets = {f"{PACKAGE}.transport{name}" for name in ("", ".socket", ".sslsocket")}
    rules = [each for each in package().values() if room_of(each.name) == "_calls"]
    for module in rules:
        nodes = [*ast.walk(ast.parse((root / module.path).read_text()))]
        plain = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
        origins = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        ours = {each.imported for each in module.imports}
        assert (plain | origins | ours).isdisjoint(waiting | sockets), module.path
    assert len(rules) > 1


def test_every_import_of_the_table_is_needed() -> None:
    listed = {(room, other) for room, allowed in ROOMS.items() for other in allowed}
    assert listed - arrows(package()).keys() == set()


def test_files_do_not_import_each_other() -> None:
    imports = [each for module in package().values() for each in module.imports]
    found = circles(
        (below_the_package(each.importer), below_the_package(each.imported)) for each in imports
    )
    assert found == set()


def test_no_private_name_of_another_room_is_used() -> None:
    uses = private_uses(package())
    others = {
        path: rest
        for path, names in uses.items()
        if (rest := names.keys() - PUBLIC_BY_CONTRACT.keys())
    }
    assert others == {}
    assert PUBLIC_BY_CONTRACT.keys() <= {name for names in uses.values() for name in names}


def test_no_module_is_got_by_a_name_that_is_not_told() -> None:
    untold = {
        below_the_package(module.name): module.untold
        for module in package().values()
        if module.untold
    }
    assert untold.keys() == UNTOLD.keys(), untold


NATIVE = [f"{PACKAGE}._core"]


def a_package(text: str) -> dict[str, Module]:
    """A package in which the lowest room of Python says something."""
    return read_package(
        [
            ("__init__.py", ""),
            ("_payload.py", text),
            ("protocol/__init__.py", ""),
            ("protocol/base.py", ""),
            (
                "protocol/multiplex.py",
                "class Other:\n    def __init__(self):\n        self._own = 1",
            ),
            ("thrift.py", "_rule = 1\nclass TClient:\n    def _send(self): ..."),
        ],
        NATIVE,
    )


@pytest.mark.parametrize(
    "text",
    [
        "import fastthrift.thrift",
        "import fastthrift.thrift as rules",
        "from fastthrift import thrift",
        "from . import thrift",
        "from .thrift import TClient",
        "from fastthrift.protocol import multiplex",
        "from fastthrift import *",
        "def f():\n    from .thrift import TClient",
        "if TYPE_CHECKING:\n    from .thrift import TClient",
        "import importlib\nimportlib.import_module('fastthrift.thrift')",
        "__import__('fastthrift.thrift')",
        "import importlib\nimportlib.import_module('.thrift', 'fastthrift')",
        "import importlib\nimportlib.import_module('.thrift', package=__package__)",
        "import sys\nsys.modules['fastthrift.thrift']",
        "import sys\nsys.modules.get('fastthrift.thrift')",
        "import pkgutil\npkgutil.resolve_name('fastthrift.thrift:TClient')",
        # Where nobody can tell, any name of a module is one that is imported.
        "import importlib\nNAMES = ['fastthrift.thrift']\nimportlib.import_module(NAMES[0])",
    ],
)
def test_no_import_is_overlooked(text: str) -> None:
    assert not_allowed(a_package(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\nimportlib.import_module(name)",
        "import importlib\nimportlib.import_module('.' + name, 'fastthrift')",
        "import importlib\nimportlib.import_module('.thrift', package)",
        "import importlib\nload = importlib.import_module\nload('fastthrift.thrift')",
        "import importlib as library\nlibrary.import_module('fastthrift.thrift')",
        "from importlib import import_module as load\nload('fastthrift.thrift')",
        "from importlib import import_module\nmap(import_module, names)",
        "load = __import__",
        "getattr(importlib, 'import_module')('fastthrift.thrift')",
        "import sys\nsys.modules[name]",
        "import sys\nsys.modules.get(name)",
        "import sys\n[*sys.modules.values()]",
        "import sys\nmodules = sys.modules",
        "from sys import modules",
    ],
)
def test_no_import_is_hidden(text: str) -> None:
    assert a_package(text)[f"{PACKAGE}._payload"].untold != []


@pytest.mark.parametrize(
    "text",
    [
        "from .thrift import _rule",
        "from .thrift import _rule as rule",
        "rules: Any\nrules._rule",
        "client._send()",
        "class A:\n    send = TClient._send",
        "class A(TClient):\n    def f(self): self._send()",
        "super()._send()",
        "getattr(client, '_send')",
        "setattr(client, '_send', None)",
        "operator.attrgetter('a._send')",
        "client._send = None",
        "del client._own",
        "vars(client)['_own']",
        "vars(client)['_own'] = None",
        "vars(client).get('_own')",
        "client.__dict__['_own']",
        "client.__dict__.pop('_own')",
        "getattr(client, '__dict__')['_own']",
        "'_own' in vars(client)",
        "own = vars(client)\nown['_own']",
        "object.__getattribute__(client, '_own')",
        "inspect.getattr_static(client, '_own')",
        "operator.itemgetter('_own')(vars(client))",
    ],
)
def test_no_use_of_a_private_name_is_overlooked(text: str) -> None:
    assert private_uses(a_package(text)) != {}


@pytest.mark.parametrize(
    "text",
    [
        "from fastthrift import _core",
        "from . import _core\n_core.__name__",
        "_rule = 2\n_rule",
        "class A:\n    def _send(self): ...\ndef f(a): a._send()",
        "class A:\n    __slots__ = ('_own',)\ndef f(a): a._own",
        "for _ in (): client.__dict__",
        "class A:\n    __slots__ = ('_own',)\ndef f(a): vars(a)['_own']",
        "import importlib\nimportlib.import_module('json')",
        "import sys\nthreading = sys.modules.get('threading')",
        "import sys\n'logging' in sys.modules",
    ],
)
def test_what_is_allowed_is_not_reported(text: str) -> None:
    modules = a_package(text)
    assert not_allowed(modules) == []
    assert private_uses(modules) == {}
    assert modules[f"{PACKAGE}._payload"].untold == []
