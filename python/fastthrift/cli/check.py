"""Look for mistakes in Thrift files.

Reads each FILE with all that it includes, as fastthrift.load does, and shows every mistake and
oddity with its place, the line and what to do. Makes no classes and writes no files.

exit status: 0 no errors, 1 errors (with --strict: or warnings), 2 wrong usage, or a
directory without Thrift files
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from fastthrift import _core
from fastthrift._core import Diagnostic
from fastthrift._idl import STDIN, UsageError, add_include_dirs, named_files, read_stdin
from fastthrift.cli._github import annotation
from fastthrift.parser.exc import ThriftParserError

#: Of the JSON document: it changes when a field changes its meaning or goes, not when one comes.
VERSION = 1

#: Of a file that could not even be read; the same as for one that cannot be included.
UNREADABLE = "unreadable-file"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a Thrift file, or a directory of *.thrift files; - is standard input",
    )
    add_include_dirs(parser)
    parser.add_argument(
        "--reserved",
        choices=("suffix", "allow", "error", "refuse"),
        default="suffix",
        help="names that some language keeps for itself: suffix, a hint (default); allow, nothing; "
        "error (or refuse), an error as in thriftpy2",
    )
    parser.add_argument(
        "--missing-include",
        choices=("error", "warn"),
        default="error",
        help="how bad an include is that is not there (default: error)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="text for people, one JSON document, or annotations for GitHub's workflows "
        "(default: text)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 for warnings too, not only for errors"
    )
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours in text (default: auto, on a terminal unless NO_COLOR is set)",
    )


def run(arguments: argparse.Namespace) -> int:
    found = Findings(arguments.reserved, arguments.missing_include)
    try:
        for path in named_files(arguments.files):
            found.check(path, arguments.include_dirs or ["."])
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.format == "json":
        print(json.dumps(found.document(), indent=2))
    elif arguments.format == "github":
        print("\n".join([*found.annotations(), found.summary()]))
    else:
        print(found.text(color=_wants_color(arguments.color)))
    failed = found.errors > 0 or (arguments.strict and found.warnings > 0)
    return 1 if failed else 0


def _wants_color(choice: str) -> bool:
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


class Findings:
    """What was found in the files so far."""

    def __init__(self, reserved: str, missing_include: str) -> None:
        self.reserved = reserved
        self.missing_include = missing_include
        self.files: list[str] = []
        #: Several files may include one that is wrong: what is found in it counts once.
        self.diagnostics: dict[tuple[Any, ...], Diagnostic] = {}
        #: Files that could not be read, and why.
        self.unreadable: dict[str, str] = {}

    def check(self, path: str, include_dirs: list[str]) -> None:
        self.files.append(path)
        text = read_stdin() if path == STDIN else None
        name = "<stdin>" if path == STDIN else path
        try:
            diagnostics = _core.load_schema(
                name,
                include_dirs,
                text=text,
                reserved=self.reserved,
                missing_include=self.missing_include,
            ).warnings
        except ThriftParserError as error:
            diagnostics = list(error.diagnostics)
        except OSError as error:
            self.unreadable[path] = error.strerror or str(error)
            return
        for found in diagnostics:
            key = (found.path, found.line, found.column, found.code, found.message)
            self.diagnostics.setdefault(key, found)

    @property
    def errors(self) -> int:
        return self._count("error") + len(self.unreadable)

    @property
    def warnings(self) -> int:
        return self._count("warning")

    @property
    def hints(self) -> int:
        return self._count("hint")

    def _count(self, severity: str) -> int:
        return sum(found.severity == severity for found in self.diagnostics.values())

    def text(self, *, color: bool) -> str:
        parts = [found.render(color=color) for found in self.diagnostics.values()]
        parts += [
            f"error[{UNREADABLE}]: cannot read {path}: {reason}"
            for path, reason in self.unreadable.items()
        ]
        return "\n\n".join([*parts, self.summary()])

    def annotations(self) -> Iterator[str]:
        """What GitHub's workflows show beside the lines of a pull request."""
        for each in self.document()["diagnostics"]:
            message, expected = each["message"], each["expected"]
            # What the message of a mistake in the syntax says already.
            is_told = not expected or expected in message
            wanted = None if is_told else f"expected {expected}"
            yield annotation(
                each["severity"],
                each["path"],
                each["line"],
                each["column"],
                each["code"],
                "; ".join(filter(None, (message, wanted, each["hint"]))),
            )

    def summary(self) -> str:
        found = [
            _count(number, name)
            for number, name in (
                (self.errors, "error"),
                (self.warnings, "warning"),
                (self.hints, "hint"),
            )
            if number
        ]
        return f"{_count(len(self.files), 'file')}: {', '.join(found) or 'no problems'}"

    def document(self) -> dict[str, Any]:
        """What ``--format json`` prints; ``docs/check.md`` describes it."""
        unreadable = [
            _described(UNREADABLE, "error", f"cannot read {path}: {reason}", path)
            for path, reason in self.unreadable.items()
        ]
        return {
            "version": VERSION,
            "files": self.files,
            "errors": self.errors,
            "warnings": self.warnings,
            "diagnostics": [
                *(_described_diagnostic(found) for found in self.diagnostics.values()),
                *unreadable,
            ],
        }


def _described_diagnostic(found: Diagnostic) -> dict[str, Any]:
    return _described(
        found.code,
        found.severity,
        found.message,
        found.path,
        line=found.line,
        column=found.column,
        end_line=found.end_line,
        end_column=found.end_column,
        source=found.source,
        expected=found.expected,
        hint=found.hint,
        related=[
            {"path": path, "line": line, "column": column, "message": message}
            for path, line, column, message in found.related
        ],
    )


def _described(code: str, severity: str, message: str, path: str, **more: Any) -> dict[str, Any]:
    optional = ("line", "column", "end_line", "end_column", "source", "expected", "hint")
    return {
        "code": code,
        "severity": severity,
        "message": message,
        "path": path,
        **dict.fromkeys(optional),
        "related": [],
        **more,
    }


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
