"""Write the types of Thrift files, as stubs for type checkers and editors.

Writes DIR/calc_thrift.pyi for calc.thrift, and one for each file that it includes: what the import
hook and load("calc.thrift", "calc_thrift") make, with types. For a directory it writes those of all
.thrift files below it. docs/howto/types.md has the rest.

exit status: 0 written (with --check: nothing to write), 1 a file has errors or could not be written
(with --check: a stub is missing or old), 2 wrong usage, or a directory without Thrift files
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path
from typing import Any

from fastthrift._idl import UsageError, add_include_dirs, load, named_files

from ._stub import included, stub_of
from ._whole import write_whole

#: Seconds between two looks at the files, for --watch.
_INTERVAL = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a Thrift file, or a directory of *.thrift files, whose modules are called by their "
        "path below it",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="where the stubs are written"
    )
    add_include_dirs(parser)
    parser.add_argument(
        "--package",
        metavar="NAME",
        default="",
        help="the package that the modules are in: DIR/NAME/calc_thrift.pyi is written",
    )
    parser.add_argument(
        "--enums", choices=("int", "int_enum"), default="int", help="as the option of load()"
    )
    parser.add_argument(
        "--sets", choices=("list", "set"), default="list", help="as the option of load()"
    )
    parser.add_argument("--frozen", action="store_true", help="as the option of load()")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 where a stub is missing or not what would be written",
    )
    doing.add_argument(
        "--watch", action="store_true", help="go on, and write again when a file has changed"
    )


def run(arguments: argparse.Namespace) -> int:
    parts = arguments.package.split(".") if arguments.package else []
    if not all(part.isidentifier() and not iskeyword(part) for part in parts):
        print(f"error: {arguments.package!r} is no name of a package", file=sys.stderr)
        return 2
    try:
        named_files(arguments.files)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.watch:
        return _watch(arguments)
    try:
        stubs = _stubs(arguments, set())
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    return _check(stubs) if arguments.check else _write(stubs)


def _stubs(arguments: argparse.Namespace, read: set[str]) -> dict[Path, str]:
    """The text of each stub by its path. To ``read`` come the Thrift files that they are of, and
    those without which there is none.

    Raises `UsageError` for a file with mistakes, and for two files that have one stub."""
    options = {"enums": arguments.enums, "sets": arguments.sets, "frozen": arguments.frozen}
    stubs: dict[Path, str] = {}
    origins: dict[Path, str] = {}
    #: The first stub of each file, by its path; another one, of another name, has the same from it.
    homes: dict[str, str] = {}
    for folder, file in _rooted(arguments.files):
        try:
            modules = included(load(file, arguments.include_dirs, anew=True, **options))
        except UsageError as error:
            read.update(map(os.path.realpath, error.files))
            raise
        read.update(os.path.realpath(module.__thrift_file__) for module in modules)
        called = [(module, _name(module, folder, arguments.package)) for module in modules]
        names = {
            id(module): homes.setdefault(os.path.realpath(module.__thrift_file__), name)
            for module, name in called
        }
        for module, name in called:
            path = Path(arguments.output, *name.split(".")).with_suffix(".pyi")
            origin = os.path.realpath(module.__thrift_file__)
            if origins.setdefault(path, origin) != origin:
                raise UsageError(
                    f"error: {origins[path]} and {origin} have the same stub, {path}: "
                    "write them to different directories"
                )
            stubs[path] = stub_of(module, names, name)
    return stubs


def _rooted(files: list[str]) -> Iterator[tuple[str, str]]:
    """Each file, with the folder from which its module and those that it includes are called."""
    for named in files:
        folder = named if os.path.isdir(named) else os.path.dirname(named) or "."
        for file in named_files([named]):
            yield folder, file


def _name(module: Any, folder: str, package: str) -> str:
    """What the module of a file is called: by its path as seen from a folder."""
    below = os.path.relpath(module.__thrift_file__, folder)
    stem = below.removesuffix(".thrift") + "_thrift"
    parts = [part for part in stem.split(os.sep) if part not in (os.curdir, os.pardir)]
    found = [part if part.isidentifier() else _identifier(part) for part in parts]
    return ".".join([*([package] if package else []), *found])


def _identifier(text: str) -> str:
    return "".join(each if each.isalnum() or each == "_" else "_" for each in text)


def _check(stubs: dict[Path, str]) -> int:
    old = [path for path, text in stubs.items() if _read(path) != text]
    for path in old:
        state = "is not what its Thrift file says" if path.exists() else "is missing"
        print(f"{path} {state}; run fastthrift stubs without --check", file=sys.stderr)
    return 1 if old else 0


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(stubs: dict[Path, str]) -> int:
    for path, text in stubs.items():
        if _read(path) == text:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # In one step: an editor reads it at any time.
            write_whole(path, text.encode())
        except FileExistsError as error:
            print(f"error: cannot write {path}: {error.filename} is no directory", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"error: cannot write {path}: {error.strerror}", file=sys.stderr)
            return 1
        print(path, flush=True)
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    """Write the stubs, and again whenever a file of theirs has changed, until it is interrupted."""
    #: Of files that were read; what is in a folder is looked for each time.
    watched: set[str] = set()
    told = ""
    try:
        while True:
            seen = _states(arguments.files, watched)
            try:
                # What was included until now may be what is to be mended, and stays watched.
                # Nobody has looked at new ones before they were read: it is done once more.
                _write(_stubs(arguments, watched))
                told = ""
            except UsageError as error:
                if told != (told := str(error)):
                    print(told, file=sys.stderr, flush=True)
            while all(
                seen.get(path) == state for path, state in _states(arguments.files, watched).items()
            ):
                time.sleep(_INTERVAL)
    except KeyboardInterrupt:
        return 0


def _states(named: list[str], watched: set[str]) -> dict[str, tuple[int, int] | None]:
    """When each file was written, and how long it is; None for one that is not there."""
    try:
        files = named_files(named)
    except UsageError:
        # A folder without any yet.
        files = []
    states: dict[str, tuple[int, int] | None] = {}
    for path in watched.union(map(os.path.realpath, files)):
        try:
            found = os.stat(path)
        except OSError:
            states[path] = None
        else:
            states[path] = found.st_mtime_ns, found.st_size
    return states
