"""The Python package as its modules, what they import, and which private names they use.

Source is read by ``ast``: a type of ``Any`` or a name in a string hides nothing.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "fastthrift"
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
_OWN = {"self", "cls", "mcs"}


@dataclass(frozen=True)
class Import:
    """One module that another one imports."""

    importer: str
    imported: str
    line: int


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
        for node in ast.walk(tree):
            module.imports += _imports(node, name, parent, known)
            module.defined.update(filter(is_private, _defined(node)))
            module.used += [
                Private(name, used, node.lineno)  # type: ignore[attr-defined]
                for used in _used(node)
                if is_private(used)
            ]
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
    elif isinstance(node, ast.Call):
        # importlib.import_module("fastthrift.x") and __import__("fastthrift.x")
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else None
        called = function.id if isinstance(function, ast.Name) else called
        if called in {"import_module", "__import__"} and node.args:
            match node.args[0]:
                case ast.Constant(str(text)):
                    yield from _one_import(name, text, known, node.lineno)


def _one_import(name: str, imported: str, known: set[str], line: int) -> Iterator[Import]:
    # A name of a module that is imported as if it was one: the module it is in.
    while imported not in known and "." in imported:
        imported = imported.rpartition(".")[0]
    if imported in known and imported != name:
        yield Import(name, imported, line)


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
        case ast.Call(func=ast.Attribute(attr="attrgetter" | "methodcaller"), args=arguments) | (
            ast.Call(func=ast.Name("attrgetter" | "methodcaller"), args=arguments)
        ):
            for argument in arguments:
                match argument:
                    case ast.Constant(str(text)):
                        yield from text.split(".")


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
