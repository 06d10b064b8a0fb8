"""Look for changes of Thrift files that break peers or programs.

Compares NEW with OLD, each a file, a folder with all the .thrift files below it, or one of the two
in a git revision, as REVISION:PATH. With --against REVISION there is one PATH, which is compared
with what it was then. A WIRE change makes peers misread, refuse or lose what is sent; a SOURCE
change is only noticed by the source of programs.

exit status: 0 nothing is broken, 1 something is, 2 wrong usage, or a file that cannot be read
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastthrift import _core
from fastthrift._idl import UsageError, add_include_dirs, files_below, require_utf8
from fastthrift.cli._github import annotation
from fastthrift.parser.exc import ThriftParserError

OK, BROKEN, USAGE = 0, 1, 2

#: Of the JSON document: it changes when a field changes its meaning or goes, not when one comes.
VERSION = 1

RULES = {rule: category for rule, category, _ in _core.Schema.breaking_rules()}
CATEGORIES = ("WIRE", "SOURCE")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="OLD and NEW; with --against, only NEW",
    )
    parser.add_argument(
        "--against", metavar="REVISION", help="compare with what the PATH was in this git revision"
    )
    parser.add_argument(
        "--only",
        choices=[category.lower() for category in CATEGORIES],
        help="only what peers notice, or only what source code alone notices (default: both)",
    )
    parser.add_argument(
        "--except",
        metavar="RULE",
        dest="exceptions",
        action="append",
        choices=sorted(RULES),
        default=[],
        help="not this rule; may be repeated",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="text for people, one JSON document, or annotations for GitHub's workflows "
        "(default: text)",
    )
    add_include_dirs(parser)


def run(arguments: argparse.Namespace) -> int:
    try:
        changes = _changes(arguments)
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    category = arguments.only and arguments.only.upper()
    chosen = [
        change
        for change in changes
        if category in (None, change["category"]) and change["rule"] not in arguments.exceptions
    ]
    if not chosen and changes and arguments.format == "text":
        print(f"nothing that was asked for is broken ({_told(changes)} left out)")
    else:
        print({"text": _text, "json": _json, "github": _github}[arguments.format](chosen))
    return BROKEN if chosen else OK


def _changes(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    paths = arguments.paths
    if arguments.against is not None:
        if len(paths) != 1:
            raise UsageError("error: with --against REVISION there is one PATH")
        paths = [f"{arguments.against}:{paths[0]}", paths[0]]
    elif len(paths) != 2:
        raise UsageError(
            "error: OLD and NEW are needed, or --against REVISION and one PATH, "
            "like --against main idl/"
        )
    with contextlib.ExitStack() as stack:
        is_revision = arguments.against is not None
        old = stack.enter_context(_side(paths[0], arguments.include_dirs, is_revision))
        new = stack.enter_context(_side(paths[1], arguments.include_dirs))
        if old.is_folder != new.is_folder:
            raise UsageError(
                f"error: {paths[0]} and {paths[1]} are a file and a folder: they cannot be compared"
            )
        changes = [
            {
                "rule": rule,
                "category": category,
                "message": message,
                "advice": advice,
                **_place(new, place),
                "was": was and _place(old, was),
            }
            for rule, category, message, advice, place, was in new.load().breaking(old.load())
        ]
    # The cause before what it does to fields and methods, each of which is broken as well.
    return sorted(changes, key=lambda change: change["rule"] != "TYPEDEF_CHANGED")


def _place(side: _Side, place: tuple[str, int, int] | None) -> dict[str, Any]:
    path, line, column = place or (None, None, None)
    shown = path and side.shown(os.path.normpath(path))
    return {"path": shown, "line": line, "column": column}


@dataclass
class _Side:
    """A file or a folder, which may be a copy of what a revision has."""

    path: Path
    include_dirs: list[str]
    #: What paths begin with, and what is shown in place of that.
    real: str = ""
    named: str = ""
    is_folder: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_folder = self.path.is_dir()

    def load(self) -> _core.Schema:
        path, text = self.path, None
        if self.is_folder:
            # One schema of all: a file of no name that includes them.
            text = "".join(f"include {_quoted(name)}\n" for name in self._files()).encode()
            path = self.path / "<all>"
        try:
            return _core.load_schema(str(path), self.include_dirs, text=text, reserved="allow")
        except ThriftParserError as error:
            errors = [found for found in error.diagnostics if found.severity == "error"]
            shown = "\n\n".join(found.rendered for found in errors)
            raise UsageError(self.shown(shown) or f"error: {error}") from None
        except OSError as error:
            raise UsageError(
                f"error: cannot read {self.shown(str(path))}: {error.strerror or error}"
            ) from None

    def shown(self, text: str) -> str:
        return text.replace(self.real, self.named) if self.real else text

    def _files(self) -> list[str]:
        names = files_below(self.path)
        if not names:
            raise UsageError(f"error: {self.shown(str(self.path))} has no .thrift files")
        for name in names:
            require_utf8(name)
        return names


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


@contextlib.contextmanager
def _side(name: str, include_dirs: list[str] | None, is_revision: bool = False) -> Iterator[_Side]:
    directories = include_dirs or ["."]
    path = Path(name)
    if not is_revision and path.exists():
        yield _Side(path, directories)
        return
    revision, colon, within = name.partition(":")
    if not colon:
        raise UsageError(
            f"error: {name} is not there; it is a file, a folder or REVISION:PATH of git"
        )
    with tempfile.TemporaryDirectory(prefix="fastthrift-") as copied:
        top = Path(_git(name, "rev-parse", "--show-toplevel")).resolve()
        here = Path.cwd().resolve().relative_to(top)
        root = Path(copied).resolve() / "files"
        root.mkdir()
        _check_out(name, revision, top, root)
        at = _within(top, here, within)
        if at is None:
            raise UsageError(f"error: {within} is not in the git repository {top}")
        if not (root / at).exists():
            raise UsageError(f"error: revision {revision} has no {at}")
        yield _Side(
            root / at,
            [_copied(root, _within(top, here, each), each) for each in directories],
            real=f"{root}/",
            named=f"{revision}:",
        )


def _check_out(name: str, revision: str, top: Path, root: Path) -> None:
    """The .thrift files of a revision, into another folder, with an index of its own."""
    options = ("--verify", "--quiet", "--end-of-options")
    commit = _git(name, "rev-parse", *options, f"{revision}^{{commit}}")
    _git(
        name,
        *("-C", str(top), "-c", f"core.hooksPath={os.devnull}", f"--work-tree={root}"),
        *("checkout", "--quiet", commit, "--", ":(glob)**/*.thrift"),
        index=root.with_name("index"),
    )


def _within(top: Path, here: Path, path: str) -> str | None:
    """A path of the current directory as one of the repository, or None for one outside."""
    full = (top / here / path).resolve()
    return full.relative_to(top).as_posix() if full.is_relative_to(top) else None


def _copied(root: Path, at: str | None, path: str) -> str:
    """Where a directory is copied to; one outside the repository is the same for all revisions."""
    return path if at is None else str(root / at)


def _git(name: str, *arguments: str, index: Path | None = None) -> str:
    changes = {} if index is None else {"GIT_INDEX_FILE": str(index)}
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, check=False, env={**os.environ, **changes}
        )
    except OSError as error:
        raise UsageError(f"error: {name} needs git: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(
            f"error: {name} is no file or folder, and git has no such revision with .thrift "
            f"files{f': {lines[0]}' if lines else ''}"
        )
    return os.fsdecode(done.stdout).rstrip("\n")


def _text(changes: list[dict[str, Any]]) -> str:
    parts = []
    for change in changes:
        was = change["was"]
        parts.append(
            f"{_location(change if change['path'] else was)}: "
            f"{change['category']} {change['rule']}: {change['message']}"
        )
        if change["path"] and was:
            parts.append(f"  was: {_location(was)}")
        parts.append(f"  help: {change['advice']}")
    if not changes:
        return "nothing is broken"
    number = len(changes)
    return "\n".join(
        [*parts, f"{number} breaking change{'' if number == 1 else 's'}: {_told(changes)}"]
    )


def _told(changes: list[dict[str, Any]]) -> str:
    counts = _counts(changes)
    return ", ".join(f"{counts[category]} {category}" for category in CATEGORIES)


def _location(place: dict[str, Any]) -> str:
    return f"{place['path']}:{place['line']}:{place['column']}"


def _counts(changes: list[dict[str, Any]]) -> Counter[str]:
    return Counter(change["category"] for change in changes)


def _json(changes: list[dict[str, Any]]) -> str:
    counts = _counts(changes)
    document = {
        "version": VERSION,
        "wire": counts["WIRE"],
        "source": counts["SOURCE"],
        "changes": changes,
    }
    return json.dumps(document, indent=2)


def _github(changes: list[dict[str, Any]]) -> str:
    # What is gone has no place in a pull request, and is shown without one.
    return "\n".join(
        annotation(
            "error" if change["category"] == "WIRE" else "warning",
            change["path"],
            change["line"],
            change["column"],
            change["rule"],
            f"{change['message']}; {change['advice']}",
        )
        for change in changes
    )
