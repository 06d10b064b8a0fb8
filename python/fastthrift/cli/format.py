"""Write Thrift files in one style.

Formats each FILE in place; comments stay, and one empty line where there are some. Files with
mistakes of grammar are shown and left as they are. Includes are neither read nor formatted.

exit status: 0 all is well, 1 a file could not be formatted (with --check or --diff: or would be
changed), 2 wrong usage, or a directory without Thrift files
"""

from __future__ import annotations

import argparse
import difflib
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from fastthrift import _core
from fastthrift._idl import STDIN, UsageError, named_files, read_stdin
from fastthrift.parser.exc import ThriftParserError

from ._whole import write_whole


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a Thrift file, or a directory of *.thrift files; - is standard input, and goes to "
        "standard output",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing, and name the files that would be"
    )
    parser.add_argument(
        "--diff", action="store_true", help="change nothing, and show what would be changed"
    )


def run(arguments: argparse.Namespace) -> int:
    dry = arguments.check or arguments.diff
    try:
        paths = named_files(arguments.files)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    changed = failed = 0
    for path in paths:
        try:
            before = _read(path)
            after = _formatted(path, before)
            if not dry and before != after and path != STDIN:
                if not os.path.isfile(path):
                    raise OSError(errno.EINVAL, "it is no file; - is standard input", path)
                write_whole(path, after)
        except (ThriftParserError, UnicodeDecodeError, OSError, UsageError) as error:
            failed += 1
            print(_reason(path, error), file=sys.stderr)
            continue
        if arguments.diff:
            sys.stdout.writelines(_difference(path, before.decode(), after.decode()))
        if path == STDIN and not dry:
            sys.stdout.buffer.write(after)
        elif before != after:
            changed += 1
            if arguments.check:
                print(f"would format {_name(path)}", file=sys.stderr)
    if paths != [STDIN]:
        verb = "would be formatted" if dry else "formatted"
        count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
        print(f"{count}: {changed} {verb}, {failed} failed", file=sys.stderr)
    return 1 if failed or (dry and changed) else 0


def _reason(path: str, error: ThriftParserError | UnicodeDecodeError | OSError | UsageError) -> str:
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, ThriftParserError):
        errors = (found for found in error.diagnostics if found.severity == "error")
        return "\n\n".join(found.rendered for found in errors)
    if isinstance(error, UnicodeDecodeError):
        # Formatting would lose what is no text.
        return f"error: {_name(path)} is left as it is: byte {error.start} is not UTF-8"
    return f"error: cannot format {_name(path)}: {error.strerror}"


def _read(path: str) -> bytes:
    """The bytes of a file, without a byte order mark; ``UnicodeDecodeError`` where they are no
    text, of which formatting would lose something."""
    data = read_stdin() if path == STDIN else Path(path).read_bytes()
    data = data.removeprefix(b"\xef\xbb\xbf")
    data.decode()
    return data


def _formatted(path: str, before: bytes) -> bytes:
    r"""The text in one style, with the ends of lines it has: all ``\r\n``, or ``\n``."""
    windows = 0 < before.count(b"\r\n") == before.count(b"\n")
    text = before.replace(b"\r\n", b"\n") if windows else before
    after = _core.format_text(_name(path), text).encode()
    return after.replace(b"\n", b"\r\n") if windows else after


def _name(path: str) -> str:
    return "<stdin>" if path == STDIN else path


def _difference(path: str, before: str, after: str) -> Iterator[str]:
    name = _name(path)
    # Not by str.splitlines, to which a form feed within a comment ends a line.
    old, new = io.StringIO(before, newline="\n"), io.StringIO(after, newline="\n")
    for line in difflib.unified_diff([*old], [*new], name, f"{name} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
