"""The command line: ``fastthrift COMMAND``, or ``python -m fastthrift COMMAND``.

A command is a module of this package with a docstring, whose first line is its help, and two
functions: ``configure(parser)`` adds its arguments, ``run(arguments)`` does the work and returns
the exit status. It is listed in ``COMMANDS``.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import fastthrift
from fastthrift._plain import did_you_mean

COMMANDS = ("bench", "breaking", "call", "check", "decode", "format", "json", "serve", "stubs")

#: Exit statuses that all commands share; argparse exits with 2 as well.
OK, FAILED, USAGE = 0, 1, 2
#: As of a program that SIGINT has ended.
INTERRUPTED = 130

# What it is that fails then: commands tell themselves of the files that they write.
_OF_FULL_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; ``SystemExit`` for usage and ``--help``."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # It is closed, and `print` would write errors to standard output. Open to the end.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Names and lines of files may hold what the terminal cannot show.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        parser = _parser()
        if "_ARGCOMPLETE" in os.environ:
            _complete(parser)
        words = sys.argv[1:] if arguments is None else arguments
        if not words:
            parser.print_help(sys.stderr)
            return USAGE
        chosen, unknown = parser.parse_known_args(words)
        if unknown:
            chosen.parser.error(_unknown(chosen.parser, unknown))
        status = int(chosen.run(chosen))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough.
        _drop_output()
        return FAILED
    except OSError as error:
        if error.errno not in _OF_FULL_DISKS:
            raise
        _drop_output()
        print(f"error: cannot write standard output: {error.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _drop_output() -> None:
    """Let nothing be written any more: Python would complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complete(parser: argparse.ArgumentParser) -> None:
    """Tell a shell, which has asked, what its line may go on with; then the process ends."""
    from ._completion import complete

    try:
        complete(parser)
    except ImportError:
        # What is written now would stand in the line of who types, or be taken for an answer.
        raise SystemExit(FAILED) from None


class _Parser(argparse.ArgumentParser):
    """A parser that names the choice which is near to one that there is not."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        super().error(
            message + (did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) if found else "")
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="fastthrift", description=fastthrift.__doc__)
    parser.add_argument(
        "--version", action="version", version=f"fastthrift {fastthrift.__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"{__name__}.{name}")
        first_line, _, rest = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=first_line,
            description=f"{first_line}\n{rest}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
        command.set_defaults(run=module.run, parser=command)
    return parser


def _unknown(command: argparse.ArgumentParser, words: list[str]) -> str:
    """What is said of words that a command does not take."""
    text = f"unrecognized arguments: {' '.join(words)}"
    options = [word for word in words if word.startswith("-")]
    if not options:
        return f"{text}; options stand before the first argument or behind the last"
    usage = command.format_usage()
    if "ARGUMENT" in usage and re.match(r"-(\d|\.\d|inf|nan)", options[0]):
        return f"{text}; values that begin with - stand behind --, or are like NAME={options[0]}"
    known = re.findall(r"--?[a-zA-Z][\w-]*", usage)
    name = options[0].partition("=")[0]
    return text + did_you_mean(name, known)
