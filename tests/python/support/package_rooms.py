"""The Python package as its modules, what they import, and which private names they use.

Source is read by ``ast``: a type of ``Any`` or a name in a string hides nothing.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import resolve_name
from pathlib import Path

PACKAGE = "fastthrift"
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
#: What takes names of attributes besides: methods of objects and of the dicts that they have.
_BY_KEY = {
    *("get", "pop", "setdefault", "__getitem__", "__setitem__", "__delitem__", "__contains__"),
    *("__getattribute__", "__setattr__", "__delattr__", "__getattr__"),
    *("attrgetter", "methodcaller", "itemgetter", "getattr_static"),
}
#: What imports the module that it is given the name of.
_IMPORTERS = {"import_module", "__import__", "resolve_name"}
_OWN = {"self", "cls", "mcs"}


@dataclass(frozen=True)
class Import:
    """One module that another one imports."""

    importer: str
    imported: str
    line: int
    #: Whether a function imports it, by its name: what freezes programs does not see that.
    by_name: bool = False


@dataclass(frozen=True)
class Private:
    """A use of a name with one underscore: of another module, or as an attribute."""

    module: str
    name: str
    line: int


@dataclass
class Module:
    name: str
    path: str
    imports: list[Import] = field(default_factory=list)
    #: Names with an underscore that it defines: at its top, in its classes, on its objects.
    defined: set[str] = field(default_factory=set)
    used: list[Private] = field(default_factory=list)
    #: The lines where it gets modules, and the text does not tell which: by a name that is
    #: computed, by a function that imports under another name, or from all of `sys.modules`.
    untold: list[int] = field(default_factory=list)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def read_package(files: Iterable[tuple[str, str]], native: Iterable[str]) -> dict[str, Module]:
    """The modules of a package, by name, from the paths below it and the texts of its files.

    ``native`` names its modules that are not written in Python.
    """
    texts = dict(files)
    names = {_module_name(path): path for path in texts}
    known = {*names, *native}
    modules = {}
    for name, path in names.items():
        module = modules[name] = Module(name, path)
        tree = ast.parse(texts[path], path)
        is_package = path.endswith("__init__.py")
        parent = name if is_package else name.rpartition(".")[0]
        told: set[ast.AST] = set()
        names: list[ast.Constant] = []
        for node in ast.walk(tree):
            module.imports += _imports(node, name, parent, known)
            if (found := _by_name(node, name, parent)) is not None:
                imported, importer = found
                told.add(importer)
                line = node.lineno  # type: ignore[attr-defined]
                module.imports += _one_import(name, imported, known, line, by_name=True)
            if _may_import(node) and node not in told:
                module.untold.append(node.lineno)  # type: ignore[attr-defined]
            if isinstance(node, ast.Constant) and node.value in known - {PACKAGE}:
                names.append(node)
            module.defined.update(filter(is_private, _defined(node)))
            module.used += [
                Private(name, used, node.lineno)  # type: ignore[attr-defined]
                for used in _used(node)
                if is_private(used)
            ]
        if module.untold:
            # Then any name may be that of a module which it imports.
            for each in names:
                value = str(each.value)
                module.imports += _one_import(name, value, known, each.lineno, by_name=True)
    return modules


def package_files(root: Path) -> list[tuple[str, str]]:
    return [
        (path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.py"))
    ]


def _module_name(path: str) -> str:
    parts = [PACKAGE, *path.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(node: ast.AST, name: str, parent: str, known: set[str]) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _one_import(name, alias.name, known, node.lineno)
    elif isinstance(node, ast.ImportFrom):
        package = parent.split(".")[: len(parent.split(".")) - node.level + 1]
        base = ".".join([*(package if node.level else []), *filter(None, [node.module])])
        for alias in node.names:
            below = f"{base}.{alias.name}"
            yield from _one_import(name, below if below in known else base, known, node.lineno)


def _by_name(node: ast.AST, name: str, parent: str) -> tuple[str, ast.AST] | None:
    """The module that an expression gets by a name that it tells, and what gives it."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(str(text)), *rest]) if (
            _last_name(function) in _IMPORTERS
        ):
            # As pkgutil takes it: `module:object`.
            text = text.partition(":")[0]
            if not text.startswith("."):
                return text, function
            match [*rest, *(each.value for each in node.keywords)]:
                case [ast.Constant(str(package))]:
                    return resolve_name(text, package), function
                case [ast.Name("__package__")]:
                    return resolve_name(text, parent), function
                case [ast.Name("__name__")]:
                    return resolve_name(text, name), function
        case ast.Subscript(value=modules, slice=ast.Constant(str(text))) if _is_modules(modules):
            return text, modules
        case ast.Call(
            func=ast.Attribute(value=modules, attr="get" | "pop"),
            args=[ast.Constant(str(text)), *_],
        ) if _is_modules(modules):
            return text, modules
        case ast.Compare(left=ast.Constant(str(text)), comparators=[modules]) if _is_modules(
            modules
        ):
            return text, modules
    return None


def _may_import(node: ast.AST) -> bool:
    """Whether an expression is something that imports, or all modules."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=name):
            return name in _IMPORTERS or _is_modules(node)
        case ast.ImportFrom(module="importlib" | "sys" | "pkgutil" | "builtins", names=names):
            return any(each.name in {*_IMPORTERS, "modules"} for each in names)
        case ast.Import(names=names):
            # Under another name they would not be known here.
            return any(each.asname and each.name in {"sys", "importlib"} for each in names)
    return False


def _is_modules(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "modules"


def _last_name(function: ast.AST) -> str | None:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _one_import(
    name: str, imported: str, known: set[str], line: int, *, by_name: bool = False
) -> Iterator[Import]:
    # A name of a module that is imported as if it was one: the module it is in.
    while imported not in known and "." in imported:
        imported = imported.rpartition(".")[0]
    if imported in known and imported != name:
        yield Import(name, imported, line, by_name)


def found_from(modules: dict[str, Module], start: str) -> set[str]:
    """The modules that the text of one leads to, with the packages that they are in."""
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if not name or name in found:
            continue
        found.add(name)
        todo.append(name.rpartition(".")[0])
        if module := modules.get(name):
            todo += [each.imported for each in module.imports if not each.by_name]
    return found


def _defined(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(value=ast.Name(id=owner), attr=name, ctx=ast.Store()) if owner in _OWN:
            yield name
        case ast.Assign(targets=[ast.Name("__slots__")], value=value):
            yield from (
                slot.value
                for slot in ast.walk(value)
                if isinstance(slot, ast.Constant) and isinstance(slot.value, str)
            )


def _used(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ImportFrom(names=names):
            # Which modules are imported is another rule.
            yield from (alias.name for alias in names)
        case ast.Attribute(attr=name):
            yield name
        case ast.Call(func=ast.Name(id=function), args=[_, ast.Constant(str(name)), *_]):
            if function in _BY_NAME:
                yield name
        case ast.Call(func=function, args=arguments) if _last_name(function) in _BY_KEY:
            for argument in arguments:
                match argument:
                    case ast.Constant(str(text)):
                        yield from text.split(".")
        case ast.Subscript(slice=ast.Constant(str(name))):
            yield name
        case ast.Compare(left=ast.Constant(str(name)), ops=[ast.In() | ast.NotIn()]):
            yield name


def circles(arrows: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    """The sets of modules that reach each other."""
    onward: dict[str, set[str]] = defaultdict(set)
    for start, end in arrows:
        onward[start].add(end)
    reached: dict[str, set[str]] = {}
    for start in list(onward):
        found: set[str] = set()
        todo = [start]
        while todo:
            new = onward.get(todo.pop(), set()) - found
            found |= new
            todo += new
        reached[start] = found
    return {
        frozenset(other for other in found if start in reached.get(other, ()))
        for start, found in reached.items()
        if start in found
    }
