"""A Thrift file that is named to a command or by a setting, and something in it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from fastthrift._plain import did_you_mean
from fastthrift.parser import Diagnostic, parse
from fastthrift.parser import load as load_module_of
from fastthrift.parser.exc import ThriftParserError

STDIN = "-"
SUFFIX = ".thrift"


class UsageError(Exception):
    """What a command cannot begin with, for standard error; ``brief`` is it as one line, which
    does not say that it is an error, ``files`` are the paths whose change may mend it."""

    def __init__(self, text: str, brief: str | None = None, files: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.brief = brief or text.removeprefix("error: ")
        self.files = tuple(files)


def add_include_dirs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-I",
        "--include",
        metavar="DIR",
        action="append",
        dest="include_dirs",
        help="look for includes here, after the directory of the including file; may be repeated "
        "(default: the current directory)",
    )


def read_stdin() -> bytes:
    """All of standard input. Raises `UsageError` where there is none to read."""
    if sys.stdin is None:
        raise UsageError("error: standard input is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"error: cannot read standard input: {error.strerror}") from None


def files_below(folder: str | Path) -> list[str]:
    """The Thrift files of a folder, as seen from there, without those of hidden folders."""
    found: list[str] = []
    for directory, below, names in os.walk(folder):
        below[:] = (name for name in below if not name.startswith("."))
        paths = (Path(directory, name) for name in names if not name.startswith("."))
        found += (
            path.relative_to(folder).as_posix()
            for path in paths
            if path.suffix == SUFFIX and path.is_file()
        )
    return sorted(found)


def named_files(arguments: list[str]) -> list[str]:
    """The files that arguments of a command name, each once, a directory for those below it;
    ``STDIN`` stays what it is. Raises `UsageError` for a directory that has none."""
    found: list[str] = []
    for argument in arguments:
        if argument == STDIN or not os.path.isdir(argument):
            found.append(argument)
            continue
        below = files_below(argument)
        if not below:
            raise UsageError(f"error: {argument} has no .thrift files")
        found += (str(Path(argument, name)) for name in below)
    return list(dict.fromkeys(found))


def require_utf8(path: str) -> None:
    """Raises `UsageError` for the path of a file that nothing in Python could be called by."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"error: {path!r} cannot be read: its name is not UTF-8") from None


def load(path: str, include_dirs: list[str] | None, *, anew: bool = False, **options: Any) -> Any:
    """The module of a Thrift file, read ``anew`` for those who wait for its changes, with
    ``options`` of ``parser.parse``. Raises `UsageError`, which has the place and the line of each
    mistake."""
    directories: list[Any] | None = include_dirs and [*include_dirs]
    if not path.endswith(SUFFIX):
        what = "is a directory" if os.path.isdir(path) else f"has no name that ends with {SUFFIX}"
        raise UsageError(f"error: {path!r} {what}: one Thrift file is needed")
    require_utf8(path)
    try:
        if anew:
            return parse(path, include_dirs=directories, enable_cache=False, **options)
        return load_module_of(path, include_dirs=directories, **options)
    except ThriftParserError as error:
        found = getattr(error, "diagnostics", ())
        errors = [each for each in found if each.severity == "error"]
        text = "\n\n".join(each.rendered for each in errors)
        brief = next((f"{e.path}:{e.line}:{e.column}: {e.message}" for e in errors), None)
        files = (*error.files, *_looked_for(errors, include_dirs))
        raise UsageError(text or f"error: {path}: {error}", brief, files) from None
    except OSError as error:
        raise UsageError(f"error: cannot read {path}: {error.strerror or error}") from None


def _looked_for(errors: list[Diagnostic], include_dirs: list[str] | None) -> Iterator[str]:
    """Where includes would be that are nowhere."""
    for each in errors:
        if each.code == "missing-include":
            name = each.source[each.column - 1 : each.end_column - 1].strip("\"'")
            for directory in (os.path.dirname(each.path), *(include_dirs or ["."])):
                yield os.path.join(directory, name)


def find(module: Any, path: str, name: str, kind: str, has: str) -> Any:
    """The service or struct of a name, also one of an included file as ``shared.Item``; ``kind``
    is what it is called, ``has`` an attribute that it has. Raises `UsageError`, which names all
    there are."""
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and hasattr(found, has):
        return found
    names = all_below(module, has)
    raise UsageError(
        f"error: {path} has no {kind} {name!r}{did_you_mean(name, names)}; it has: "
        f"{', '.join(names) or 'none'}"
    )


def service_of(module: Any, path: str, name: str | None, option: str) -> Any:
    """The service of a name, or the only one where none is given by an ``option``. Raises
    `UsageError`."""
    if name is None:
        names = all_of(module, "thrift_services")
        if len(names) != 1:
            found = ", ".join(names) or "no services"
            raise UsageError(f"error: {option} is needed: {path} has {found}")
        name = names[0]
    return find(module, path, name, "service", "thrift_services")


def all_of(module: Any, has: str) -> list[str]:
    """The names of a file's services, or structs."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and hasattr(value, has) and not name.startswith("_")
    ]


def all_below(module: Any, has: str) -> list[str]:
    """The names of a file's services, or structs, and of those in what it includes, as `find` takes
    them."""
    names = all_of(module, has)
    for name, value in vars(module).items():
        if isinstance(value, ModuleType):
            names += (f"{name}.{each}" for each in all_below(value, has))
    return names
