"""The stub of a loaded module: its text, as ``ruff format`` leaves it.

What a stub says of classes is what `load` made: the types are read from each ``thrift_spec``, so
that stub and module cannot disagree. Names that the IDL takes from Python (a field called ``list``)
are written with the module that they come from.
"""

from __future__ import annotations

import keyword
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from fastthrift._core import TYPES, TType
from fastthrift.thrift import TException, TPayload, TPayloadMeta

from ._stub_lines import (
    WIDTH,
    docstring,
    documented,
    documented_name,
    overriding,
    shown,
    signature,
    statement,
)

_HEADER = "# Made by `fastthrift stubs` of {}: changes are lost.\n"

# A field that is read as something else than in the class above it.
_OVERRIDES = "  # type: ignore[assignment, misc, unused-ignore]"
# What a class has of two others that differ in it, or an exception of Python's own.
_DIFFERS = "  # type: ignore[assignment, misc, override, unused-ignore]"

# The types of a service stand in its class, and in that of one that extends it by the same names.
_PYRIGHT = "# pyright: reportIncompatibleVariableOverride=false\n"

_SCALARS = {
    ttype: python
    for ttype, (*_, python) in TYPES.items()
    if python is not None and ttype != TType.UTF8
}
_NUMBERS = [ttype for ttype, python in _SCALARS.items() if python in {"bool", "int", "float"}]
_IN_ARRAYS = (TType.BYTE, TType.I16, TType.I32, TType.I64, TType.DOUBLE)

# What members of enums of Python have, besides what every int has.
_OF_MEMBERS = {"name", "value"}

# What stands in a class besides the names of the IDL, and would hide names of the module in it.
_OF_SERVICES = (
    "AsyncClient",
    "AsyncConnection",
    "AsyncHandler",
    "AsyncMethods",
    "AsyncPool",
    "Client",
    "Connection",
    "Handler",
    "Methods",
    "Pool",
)
# Of clients and pools: a method of the service by such a name comes before it, or has another.
_OF_CLIENTS = {"aclose", "client", "is_open", "reopen", "with_fields", "with_options"}
_HIDDEN_BY_CLIENTS = {"close": "tclose"}
# What a pool has by another name, with an underscore.
_HIDDEN_BY_POOLS = ("aclose", "client", "stats", "with_fields", "with_options")


def stub_of(module: ModuleType, names: dict[int, str], name: str) -> str:
    """The text of the stub called ``name`` of a module. ``names`` are those of the stubs that have
    its classes and the ones of the modules it includes, directly or not, by ``id`` of the module.
    """
    stub = _Stub(module, names)
    return stub.text() if names[id(module)] == name else stub.text_of_another(names[id(module)])


def included(module: Any) -> list[Any]:
    """A module and all that it includes, each once, what is included first."""
    found: dict[int, Any] = {}

    def visit(each: Any) -> None:
        if id(each) not in found:
            found[id(each)] = None
            for one in _includes(each):
                visit(one)
            found[id(each)] = found.pop(id(each)) or each

    visit(module)
    return list(found.values())


def _includes(module: Any) -> list[Any]:
    # A file without definitions has no table of them.
    return list(getattr(module, "__thrift_meta__", {}).get("includes", ()))


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _members(module: Any) -> dict[str, Any]:
    """What the IDL defines, by names that a program can write."""
    return {
        name: value
        for name, value in vars(module).items()
        if _is_name(name) and not (name.startswith("__") and name.endswith("__"))
    }


def _is_service(value: Any) -> bool:
    return isinstance(value, type) and isinstance(vars(value).get("thrift_services"), list)


def _is_enum(value: Any) -> bool:
    return isinstance(value, type) and "_NAMES_TO_VALUES" in vars(value)


class _Stub:
    def __init__(self, module: Any, names: dict[int, str]) -> None:
        self.module = module
        self.names = names
        options = vars(module).get("__thrift_options__", {})
        self.has_sets = "sets" in options
        self.is_frozen = "frozen" in options
        self.members = _members(module)
        #: The imports: of a module None, or its names with what they are called here.
        self.imports: dict[str, dict[str, str] | None] = {}
        self.module_aliases: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.in_classes = set(_in_classes(self.members))
        #: Every name that this stub has, of the file or of its own.
        self.taken = set(self.members) | self.in_classes
        #: What structs are called as they are decoded with arrays: by ``id`` of the class.
        self.with_arrays: dict[int, str] = {}
        #: Where each class is found: the module and the name.
        self.homes: dict[int, tuple[Any, str]] = {}
        for each in included(module):
            for name, value in _members(each).items():
                if isinstance(value, type) and id(value) not in self.homes:
                    self.homes[id(value)] = each, name
            self.with_arrays.update(_with_arrays(_members(each), self.has_sets))
        self.taken.update(_with_arrays(self.members, self.has_sets).values())

    def text(self) -> str:
        blocks = [self.member(name, value) for name, value in self.members.items()]
        blocks += [self.types(), self.docs(self.module, ""), self.of_loading()]
        values = self.members.values()
        if any(isinstance(value, ModuleType) for value in values):
            # What is imported is seen by others only where it is said that it is public.
            shown = [name for name in self.members if not name.startswith("_")]
            listed = "".join(f'    "{name}",\n' for name in shown)
            blocks.insert(0, [f"__all__ = [\n{listed}]"])
        blocks = [block for block in blocks if block]
        aliases = [
            f"{alias}: {self.use('typing', 'TypeAlias')} = {name}"
            for name, alias in self.aliases.items()
        ]
        header = self.header()
        extends = any(_is_service(value) and value.__base__ is not object for value in values)
        head = [header + _PYRIGHT if extends else header]
        if self.module.__doc__:
            head += [*docstring(self.module.__doc__, ""), ""]
        imports = [*self.import_lines()]
        if imports:
            head += [*imports, ""]
        body: list[str] = []
        previous = ""
        for block in [*blocks, *([alias] for alias in aliases)]:
            is_class = block[0].startswith(("class ", "@"))
            if body and (is_class or previous.startswith(("class ", "@"))):
                body.append("")
            body += block
            previous = block[0]
        return "\n".join([*head, *body]).rstrip("\n") + "\n"

    def header(self) -> str:
        name = os.path.basename(self.module.__thrift_file__)
        # Without an end of the line.
        return _HEADER.format(name if name.isprintable() else repr(name)[1:-1])

    def text_of_another(self, home: str) -> str:
        """The text of a second stub of the same module, which has all from its first one."""
        names = [*self.members, *_with_arrays(self.members, self.has_sets).values()]
        # The name of the class of typedefs, which is behind its decorator.
        names += [line[len("class ") : -1] for line in self.types()[1:2]]
        shown = [*self.docs(self.module, ""), *self.of_loading()]
        names += [line.partition(":")[0] for line in shown]
        # By the same name, which says that it is public.
        return self.header() + "".join(
            statement(f"from {home} import {name} as {name}\n", "") for name in names
        )

    # Names.

    def use(self, module: str, name: str) -> str:
        """How a name of another module is written here."""
        of_module = self.imports.setdefault(module, {})
        assert of_module is not None
        alias = of_module.get(name)
        if alias is None:
            alias = of_module[name] = self.take(name)
        return alias

    def take(self, name: str) -> str:
        """A name that nothing has yet, like this one."""
        while name in self.taken:
            name = f"_{name}"
        self.taken.add(name)
        return name

    def builtin(self, name: str) -> str:
        return self.use("builtins", name) if name in self.taken else name

    def module_alias(self, module: Any) -> str:
        stub = self.names[id(module)]
        alias = self.module_aliases.get(stub)
        if alias is None:
            own = next((n for n, v in self.members.items() if v is module), None)
            if own is None or own in self.in_classes:
                alias = self.take("_" + (own or stub).replace(".", "_"))
            else:
                alias = own
            self.module_aliases[stub] = alias
        return alias

    def import_lines(self) -> Iterator[str]:
        for module in sorted(self.module_aliases):
            alias = self.module_aliases[module]
            yield f"import {module}" if alias == module else f"import {module} as {alias}"
        for module, names in sorted(self.imports.items()):
            if not names:
                continue
            parts = [
                name if name == alias else f"{name} as {alias}"
                for name, alias in sorted(names.items(), key=lambda item: item[0])
            ]
            line = f"from {module} import {', '.join(parts)}"
            if len(line) <= WIDTH:
                yield line
            else:
                yield f"from {module} import ("
                yield from (f"    {part}," for part in parts)
                yield ")"

    def reference(self, cls: type) -> str:
        """How a class is written; one that no name leads to could be anything."""
        module, name = self.homes.get(id(cls), (None, ""))
        if module is None:
            return self.use("typing", "Any")
        if module is not self.module:
            return f"{self.module_alias(module)}.{name}"
        if name not in self.in_classes:
            return name
        alias = self.aliases.get(name)
        if alias is None:
            alias = self.aliases[name] = self.take(f"_{name}")
        return alias

    # Types.

    def type_of(self, ttype: int, inner: Any = None, *, hashed: bool = False) -> str:
        """The type of what a field holds, or of what is ``hashed`` since it is in a set."""
        if ttype == TType.UTF8:
            return self.use("uuid", "UUID")
        if ttype == TType.STRUCT:
            return self.reference(inner)
        if ttype == TType.MAP:
            key = self.element(inner[0], hashed=self.has_sets and _has_hash(inner[0]))
            return f"{self.builtin('dict')}[{key}, {self.element(inner[1])}]"
        if ttype == TType.LIST:
            if hashed:
                return f"{self.builtin('tuple')}[{self.element(inner, hashed=True)}, ...]"
            return f"{self.builtin('list')}[{self.element(inner)}]"
        if ttype == TType.SET:
            if self.has_sets and _has_hash(inner):
                kind = self.builtin("frozenset" if hashed else "set")
                return f"{kind}[{self.element(inner, hashed=True)}]"
            # It is read as a list, and written from whatever holds things.
            return f"{self.use('collections.abc', 'Collection')}[{self.element(inner)}]"
        if ttype == TType.I32 and hasattr(inner, "__thrift_members__"):
            return f"{self.reference(inner)} | {self.builtin('int')}"
        scalar = _SCALARS.get(ttype)
        return self.use("typing", "Any") if scalar is None else self.builtin(scalar)

    def element(self, described: Any, *, hashed: bool = False) -> str:
        return self.type_of(*_parts(described), hashed=hashed)

    def type_of_field(self, field: tuple[Any, ...]) -> str:
        return self.type_of(field[0], *field[2:-1])

    def written_from(self, ttype: int, inner: Any = None) -> str:
        """The type of what is written as such a value: arrays and the like as lists of numbers,
        all that has bytes as ``binary``."""
        if not _has_buffers(ttype, inner):
            return self.type_of(ttype, inner)
        if ttype == TType.BINARY:
            return self.use("typing_extensions", "Buffer")
        if ttype == TType.MAP:
            key, value = self.element(inner[0]), self.written_from(*_parts(inner[1]))
            return f"{self.use('collections.abc', 'Mapping')}[{key}, {value}]"
        return f"{self.use('collections.abc', 'Collection')}[{self.written_from(*_parts(inner))}]"

    def has_arrays(self, ttype: int, inner: Any = None) -> bool:
        return _has_arrays(ttype, inner, self.has_sets, set())

    def read_with_arrays(self, ttype: int, inner: Any = None) -> str:
        """The type of what is decoded of such a value with `arrays="array"`."""
        if not self.has_arrays(ttype, inner):
            return self.type_of(ttype, inner)
        if ttype == TType.STRUCT:
            module, _ = self.homes[id(inner)]
            name = self.with_arrays[id(inner)]
            return name if module is self.module else f"{self.module_alias(module)}.{name}"
        if ttype == TType.MAP:
            if self.has_sets and _has_hash(inner[0]):
                key = self.element(inner[0], hashed=True)
            else:
                key = self.read_with_arrays(*_parts(inner[0]))
            return f"{self.builtin('dict')}[{key}, {self.read_with_arrays(*_parts(inner[1]))}]"
        if ttype == TType.LIST and _is_array(inner):
            scalar = self.builtin(_SCALARS[_described(inner)[0]])
            return f"{self.use('array', 'array')}[{scalar}]"
        element = self.read_with_arrays(*_parts(inner))
        if ttype == TType.SET:
            return f"{self.use('collections.abc', 'Collection')}[{element}]"
        return f"{self.builtin('list')}[{element}]"

    def taken_by(self, field: tuple[Any, ...]) -> str:
        return self.written_from(field[0], *field[2:-1])

    def type_of_default(self, field: tuple[Any, ...], default: Any, kind: str) -> str:
        """The type of what a field that has a default holds or takes: ``binary`` is text in it."""
        if default is not None and _has_text(field[:1] + field[2:-1], default):
            return f"{kind} | {self.type_of_value(default)}"
        return kind

    def type_of_value(self, value: Any) -> str:
        """The type of a constant, or of what stands for a typedef."""
        if value is None:
            return "None"
        if isinstance(value, uuid.UUID):
            return self.use("uuid", "UUID")
        if isinstance(value, type):
            return f"{self.builtin('type')}[{self.reference(value)}]"
        if isinstance(value, TPayload):
            return self.reference(type(value))
        if isinstance(value, tuple):
            parts = [self.type_of_value(each) for each in value]
            return f"{self.builtin('tuple')}[{', '.join(parts) or '()'}]"
        if isinstance(value, dict):
            inner = f"{self.union(value)}, {self.union(value.values())}"
            return f"{self.builtin('dict')}[{inner}]"
        if isinstance(value, (list, set, frozenset)):
            return f"{self.builtin(type(value).__name__)}[{self.union(value)}]"
        if _is_enum(type(value)):
            return self.reference(type(value))
        return self.builtin(type(value).__name__)

    def union(self, values: Iterable[Any]) -> str:
        found = sorted({self.type_of_value(value) for value in values})
        return " | ".join(found) or self.use("typing", "Any")

    # What is in a module.

    def member(self, name: str, value: Any) -> list[str]:
        if isinstance(value, ModuleType):
            alias = self.module_alias(value)
            return [] if alias == name else [f"{name} = {alias}"]
        if isinstance(value, type):
            if value.__name__ != name and self.homes[id(value)][1] != name:
                return [f"{name} = {self.reference(value)}"]
            if _is_service(value):
                return self.service(name, value)
            if _is_enum(value):
                return self.enum(name, value)
            if isinstance(value, TPayloadMeta):
                return self.struct(name, value)
        final = self.use("typing", "Final")
        doc = documented_name(self.module, name, "")
        if type(value) in (bool, int):
            return [statement(f"{name}: {final} = {value!r}", ""), *doc]
        return [statement(f"{name}: {final}[{self.type_of_value(value)}]", ""), *doc]

    def types(self) -> list[str]:
        """The typedefs as types. What the module has by their names are no types, but what stands
        for them in a ``thrift_spec``, so that they are in a class that is for type checkers."""
        typedefs = getattr(self.module, "__fastthrift_typedefs__", {})
        aliases: list[str] = []
        for name, spec in typedefs.items():
            if name in self.members:
                kind = f"{self.use('typing', 'TypeAlias')} = {self.element(spec)}"
                aliases.append(statement(f"{name}: {kind}"))
                aliases += documented_name(self.module, name)
        if not aliases:
            return []
        check_only = f"@{self.use('typing', 'type_check_only')}"
        return [check_only, f"class {self.take('Types')}:", *aliases]

    def of_loading(self) -> list[str]:
        """What `load` notes in a module, under thriftpy2's names."""
        text, table = self.builtin("str"), self.builtin("dict")
        kinds = {
            "__thrift_file__": text,
            "__thrift_namespaces__": f"{table}[{text}, {text}]",
        }
        # As in thriftpy2, a file without definitions has none.
        if hasattr(self.module, "__thrift_meta__"):
            listed = f"{self.builtin('list')}[{self.use('typing', 'Any')}]"
            kinds["__thrift_meta__"] = f"{self.use('collections', 'defaultdict')}[{text}, {listed}]"
        final = self.use("typing", "Final")
        return [statement(f"{name}: {final}[{kind}]", "") for name, kind in kinds.items()]

    def enum(self, name: str, cls: Any) -> list[str]:
        is_python = hasattr(cls, "__thrift_members__")
        base = f"({self.use('enum', 'IntEnum')})" if is_python else ""
        # mypy takes one without members for a mistake.
        ignore = "  # type: ignore[misc]" if is_python and not list(cls) else ""
        lines = [f"class {name}{base}:{ignore}", *documented(cls), *self.docs(cls)]
        class_var = self.use("typing", "ClassVar")
        text, number, table = self.builtin("str"), self.builtin("int"), self.builtin("dict")
        for member in _names_of(cls, cls._NAMES_TO_VALUES):
            number_of = int(getattr(cls, member))
            kind = "" if is_python else f": {self.use('typing', 'Final')}"
            # What every member has is hidden by one of its name.
            hides = is_python and (hasattr(int, member) or member in _OF_MEMBERS)
            ignoring = "  # type: ignore[assignment, unused-ignore]" if hides else ""
            lines.append(statement(f"{member}{kind} = {number_of}{ignoring}"))
            lines += documented_name(cls, member)
        lines.append(f"    _VALUES_TO_NAMES: {class_var}[{table}[{number}, {text}]]")
        lines.append(f"    _NAMES_TO_VALUES: {class_var}[{table}[{text}, {number}]]")
        return lines

    def struct(self, name: str, cls: Any) -> list[str]:
        is_exception = issubclass(cls, TException)
        base = self.use("fastthrift.thrift", "TException" if is_exception else "TPayload")
        lines = [f"class {name}({base}):", *documented(cls), *self.docs(cls)]
        inherited = TException if is_exception else TPayload
        fields = _fields(cls)
        parameters = []
        attributes = []
        for field, default in cls.default_spec:
            if field not in fields:
                continue
            kind = self.type_of_default(fields[field], default, self.type_of_field(fields[field]))
            taken = self.type_of_default(fields[field], default, self.taken_by(fields[field]))
            parameters.append(
                f"{field}: {taken} | None = None"
                if default is None
                else f"{field}: {taken} = {shown(default)}"
            )
            optional = "" if fields[field][-1] or default is not None else " | None"
            shown_kind = f"{kind}{optional}"
            if self.is_frozen and not is_exception:
                shown_kind = f"{self.use('typing', 'Final')}[{shown_kind}]"
            elif taken != kind:
                of_both = self.use("fastthrift.typing", "Attribute")
                shown_kind = f"{of_both}[{shown_kind}, {taken}{optional}]"
            line = f"{field}: {shown_kind}"
            if hasattr(inherited, field):
                line += _DIFFERS
            attributes.append(statement(line))
            attributes += documented_name(cls, field)
        lines += attributes
        if id(cls) in self.with_arrays:
            kind = f"{self.builtin('type')}[{self.with_arrays[id(cls)]}]"
            line = f"__thrift_arrays__: {self.use('typing', 'ClassVar')}[{kind}]"
            lines.append(statement(line))
        lines += self.match_arguments([name for name, _ in cls.default_spec if name in fields])
        lines += signature("__init__", [*_receiver(fields), *parameters], "None", "    ")
        lines += self.replace(fields, parameters)
        return [*lines, *self.struct_with_arrays(name, cls)]

    def replace(self, fields: Iterable[str], parameters: list[str]) -> list[str]:
        """`__replace__`, which takes what `__init__` does, by name."""
        changes = [f"{parameter.rpartition(' = ')[0]} = ..." for parameter in parameters]
        # Without what `keep_unknown` has kept.
        changes.append("__thrift_unknown__: None = ...")
        receiver = [_unused("self", fields), "/", "*"]
        copied = self.use("typing_extensions", "Self")
        return signature("__replace__", [*receiver, *changes], copied, "    ")

    def docs(self, holder: Any, indent: str = "    ") -> list[str]:
        """The table of doc comments, where there is one."""
        if "__fastthrift_docs__" not in vars(holder):
            return []
        text = self.builtin("str")
        kind = self.use("typing", "ClassVar" if indent else "Final")
        table = f"{kind}[{self.builtin('dict')}[{text}, {text}]]"
        return [f"{indent}__fastthrift_docs__: {table}"]

    def struct_with_arrays(self, name: str, cls: Any) -> list[str]:
        """What is decoded of a struct with `arrays="array"`, for type checkers: the struct itself,
        whose lists of numbers are read as arrays."""
        own = self.with_arrays.get(id(cls))
        if own is None:
            return []
        check_only = f"@{self.use('typing', 'type_check_only')}"
        lines = ["", check_only, statement(f"class {own}({name}):", "")]
        defaults = dict(cls.default_spec)
        for field, spec in _fields(cls).items():
            if not self.has_arrays(*spec[:1], *spec[2:-1]):
                continue
            kind = self.read_with_arrays(spec[0], *spec[2:-1])
            taken = self.taken_by(spec)
            if (default := defaults[field]) is not None:
                # One that did not come is a list.
                kind = f"{kind} | {self.type_of_default(spec, default, self.type_of_field(spec))}"
                taken = self.type_of_default(spec, default, taken)
            elif not spec[-1]:
                kind, taken = f"{kind} | None", f"{taken} | None"
            if self.is_frozen and not issubclass(cls, TException):
                shown_kind = f"{self.use('typing', 'Final')}[{kind}]"
            else:
                of_both = self.use("fastthrift.typing", "Attribute")
                shown_kind = f"{of_both}[{kind}, {taken}]"
            lines.append(statement(f"{field}: {shown_kind}{_OVERRIDES}"))
        return lines

    def match_arguments(self, fields: list[str]) -> list[str]:
        opening = f"    __match_args__: {self.use('typing', 'Final')} = ("
        end = "," if len(fields) == 1 else ""
        quoted = [f'"{field}"' for field in fields]
        one = f"{opening}{', '.join(quoted)}{end})"
        if len(one) <= WIDTH:
            return [one]
        return [opening, *(f"        {each}," for each in quoted), "    )"]

    # Services.

    def service(self, name: str, cls: Any) -> list[str]:
        base = cls.__bases__[0]
        # What no name leads to cannot be a base here.
        above = self.reference(base) if id(base) in self.homes else None
        class_var = self.use("typing", "ClassVar")
        protocol = self.use("typing", "Protocol")
        check_only = f"    @{self.use('typing', 'type_check_only')}"
        lines = [f"class {name}({above}):" if above else f"class {name}:", *documented(cls)]
        lines.append(
            f"    thrift_services: {class_var}[{self.builtin('list')}[{self.builtin('str')}]]"
        )
        # One that overrides an inherited method is there twice.
        services = list(dict.fromkeys(cls.thrift_services))
        own = [api for api in services if f"{api}_args" in vars(cls)]
        listed = services if above is None else own
        inherited = [] if above is None else base.thrift_services
        for api in own:
            for kind in ("args", "result"):
                of_function = f"{class_var}[{self.builtin('type')}[{self.use('typing', 'Any')}]]"
                lines.append(statement(f"{api}_{kind}: {of_function}"))

        def nested(title: str, bases: list[str], body: list[str], ignore: bool = False) -> None:
            empty = "" if body else " ..."
            ignoring = _DIFFERS if ignore else ""
            lines.extend(["", check_only])
            head = f"    class {title}({', '.join(bases)}):{empty}"
            if len(head) <= WIDTH:
                lines.append(head + ignoring)
            else:
                inner = [f"        {each}," for each in bases]
                lines.extend([f"    class {title}({ignoring}", *inner, f"    ):{empty}"])
            lines.extend(body)

        def methods_by(written: Callable[[Any, str, bool], list[str]]) -> Iterator[str]:
            for api in listed:
                first, *more = written(cls, api, bool(prefix))
                yield overriding(first) if api in inherited else first
                yield from more

        here = name if name not in self.in_classes else self.reference(cls)
        hides = any(method_name(api) in _OF_CLIENTS for api in services)
        for prefix in ("", "Async"):
            ahead = [] if above is None else [f"{above}.{prefix}Methods"]
            nested(f"{prefix}Methods", [*ahead, protocol], [*methods_by(self.call)])
            methods = f"{here}.{prefix}Methods"
            of_client = self.use("fastthrift.typing", f"{prefix}Client")
            nested(f"{prefix}Client", [methods, of_client, protocol], [], hides)
            connection = self.use("fastthrift.typing", "Connection")
            hidden = "with_fields" in services
            nested(f"{prefix}Connection", [methods, connection, protocol], [], hidden)
            of_pool = self.use("fastthrift.typing", f"{prefix}Pool")
            pool = f"{of_pool}[{here}.{prefix}Connection]"
            under = [api for api in services if api in _HIDDEN_BY_POOLS]
            body = [
                line for api in under for line in self.call(cls, api, bool(prefix), name=f"{api}_")
            ]
            nested(f"{prefix}Pool", [methods, pool, protocol], body, hides)
            ahead = [] if above is None else [f"{above}.{prefix}Handler"]
            nested(f"{prefix}Handler", [*ahead, protocol], [*methods_by(self.handled)])
        kinds = ("Client", "AsyncClient", "Pool", "AsyncPool", "Handler", "AsyncHandler")
        types = self.use("fastthrift.typing", "ServiceTypes")
        parts = [f"{here}.{kind}" for kind in kinds]
        opening = f"    __thrift_types__: {class_var}["
        if above is not None:
            # A handler of this service does for that one, and not the reverse.
            opening += "  # type: ignore[assignment]" if own else ""
        lines += ["", opening]
        lines.append(f"        {types}[")
        lines += [f"            {part}," for part in parts]
        lines += ["        ]", "    ]"]
        return lines

    def returned(self, cls: Any, api: str, type_of: Callable[[Any], str]) -> str:
        success = getattr(cls, f"{api}_result").thrift_spec.get(0)
        return "None" if success is None else type_of(success)

    def call(self, cls: Any, api: str, is_async: bool, name: str | None = None) -> list[str]:
        """A method of a client, which may have it by another name."""
        payload = getattr(cls, f"{api}_args")
        defaults = dict(payload.default_spec)
        fields = [field for field in payload.thrift_spec.values() if _is_name(field[1])]
        names = {field[1] for field in fields}
        parameters = _receiver(names)
        has_default = False
        for field in fields:
            default = defaults[field[1]]
            kind = self.type_of_default(field, default, self.taken_by(field))
            if default is not None:
                parameters.append(f"{field[1]}: {kind} = {shown(default)}")
            elif has_default:
                parameters.append(f"{field[1]}: {kind} | None = None")
            else:
                parameters.append(f"{field[1]}: {kind}")
            has_default = has_default or default is not None
        if "timeout" not in names:
            parameters += ["*", f"timeout: {self.builtin('float')} | None = None"]
        name = name or _HIDDEN_BY_CLIENTS.get(api, method_name(api))
        doc = payload.__doc__
        start = "async def" if is_async else "def"
        returned = self.returned(cls, api, self.type_of_field)
        return signature(name, parameters, returned, "        ", doc, start)

    def handled(self, cls: Any, api: str, is_async: bool) -> list[str]:
        """A method of a handler, which is given its arguments by their position."""
        payload = getattr(cls, f"{api}_args")
        fields = [field for field in payload.thrift_spec.values() if _is_name(field[1])]
        parameters = [_unused("self", {field[1] for field in fields})]
        parameters += [f"{field[1]}: {self.type_of_field(field)}" for field in fields]
        if fields:
            parameters.append("/")
        returned = self.returned(cls, api, self.taken_by)
        if is_async:
            awaited = f"{self.use('collections.abc', 'Awaitable')}[{returned}]"
            returned = f"{awaited} | {returned}"
        return signature(method_name(api), parameters, returned, "        ", payload.__doc__)


def _parts(described: Any) -> tuple[Any, ...]:
    """A type inside another one: its number, and what belongs to that."""
    return described if isinstance(described, tuple) else (described,)


def _has_text(described: Any, default: Any) -> bool:
    """Whether there is text in a default where its type has ``binary``."""
    ttype, inner = _described(described)
    if ttype in (TType.LIST, TType.SET):
        return any(_has_text(inner, each) for each in default)
    if ttype == TType.MAP:
        parts = [(inner[0], default.keys()), (inner[1], default.values())]
        return any(_has_text(part, each) for part, values in parts for each in values)
    return ttype == TType.BINARY and isinstance(default, str)


def _has_buffers(ttype: int, inner: Any = None) -> bool:
    """Whether something with a buffer is written as values of a type, or in them: sets aside."""
    if ttype == TType.LIST:
        return _parts(inner)[0] in _NUMBERS or _has_buffers(*_parts(inner))
    if ttype == TType.MAP:
        return _has_buffers(*_parts(inner[1]))
    return bool(ttype == TType.BINARY)


def _has_arrays(ttype: int, inner: Any, has_sets: bool, seen: set[int]) -> bool:
    """Whether there are arrays in what is decoded with `arrays="array"` of such a value: members of
    enums stay in lists, and sets of Python are as ever, like keys of maps beside them."""
    if ttype == TType.LIST and _is_array(inner):
        return True
    if ttype in (TType.SET, TType.MAP):
        hashed, *others = (inner,) if ttype == TType.SET else inner
        within = others if has_sets and _has_hash(hashed) else [hashed, *others]
        return any(_has_arrays(*_described(each), has_sets, seen) for each in within)
    if ttype == TType.LIST:
        return _has_arrays(*_described(inner), has_sets, seen)
    if ttype != TType.STRUCT or id(inner) in seen:
        return False
    seen.add(id(inner))
    fields = _fields(inner).values()
    return any(_has_arrays(*_described(f[:1] + f[2:-1]), has_sets, seen) for f in fields)


def _is_array(element: Any) -> bool:
    """Whether a list of such elements becomes an array."""
    ttype, inner = _described(element)
    return ttype in _IN_ARRAYS and not hasattr(inner, "__thrift_members__")


def _described(described: Any) -> tuple[int, Any]:
    """A type inside another one: its number, and what belongs to that or None."""
    ttype, inner, *_ = (*_parts(described), None)
    return ttype, inner


def _with_arrays(members: dict[str, Any], has_sets: bool) -> dict[int, str]:
    """What the structs of a module are called as they are decoded with arrays, which are in it."""
    taken = {*members, *_in_classes(members)}
    names: dict[int, str] = {}
    for member, value in members.items():
        is_struct = isinstance(value, TPayloadMeta)
        if is_struct and _has_arrays(TType.STRUCT, value, has_sets, set()):
            name = f"{member}WithArrays"
            while name in taken:
                name = f"_{name}"
            taken.add(name)
            names.setdefault(id(value), name)
    return names


def _fields(cls: Any) -> dict[str, tuple[Any, ...]]:
    """The fields of a struct that a program can name."""
    return {field[1]: field for field in cls.thrift_spec.values() if _is_name(field[1])}


def _has_hash(described: Any) -> bool:
    """Whether values of a type can be in a set of Python: no map is in them."""
    if not isinstance(described, tuple):
        return True
    if described[0] in (TType.LIST, TType.SET):
        return _has_hash(described[1])
    return bool(described[0] != TType.MAP)


def _in_classes(members: dict[str, Any]) -> Iterator[str]:
    """The names that stand in classes, and hide those of the module there."""
    for value in members.values():
        if _is_service(value):
            yield from _OF_SERVICES
            for api in value.thrift_services:
                yield from (method_name(api), f"{api}_args", f"{api}_result")
        elif _is_enum(value):
            yield from _names_of(value, value._NAMES_TO_VALUES)
        elif isinstance(value, TPayloadMeta):
            yield from (field[1] for field in value.thrift_spec.values())


def _names_of(cls: Any, members: Iterable[str]) -> list[str]:
    """The members of an enum as attributes that a program can write."""
    found = []
    members = list(members)
    for member in members:
        name = member
        while keyword.iskeyword(name) or (name != member and name in members):
            name = f"{name}_"
        if _is_name(name) and hasattr(cls, name):
            found.append(name)
    return found


def method_name(api: str) -> str:
    """What a method is called in Python."""
    return f"{api}_" if keyword.iskeyword(api) else api


def _receiver(names: Iterable[str]) -> list[str]:
    """The first parameters of a method: a field may be called as the object is."""
    receiver = _unused("self", names)
    return [receiver] if receiver == "self" else [receiver, "/"]


def _unused(name: str, names: Iterable[str]) -> str:
    while name in names:
        name = f"_{name}"
    return name
