"""The arguments of commands that serve, for ``argparse``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift.transport._listening import parse_bind

from .program import PROTOCOLS, TRANSPORTS, ServeOptions

if TYPE_CHECKING:
    from fastthrift.transport._listening import Bind

#: The most that can be asked for, in seconds.
_YEAR = 365 * 24 * 60 * 60

# Options that have their argument's name.
_OPTIONS = (
    "protocol",
    "transport",
    "workers",
    "threads",
    "grace",
    "idle_timeout",
    "message_timeout",
    "max_connections",
    "queue",
    "max_message_size",
    "max_requests",
)


def add_arguments(parser: argparse.ArgumentParser, *, watched: str) -> None:
    """Add those that say how to serve. ``watched`` is the help of ``--reload``."""
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="auto",
        help="auto is whatever comes with nonblocking, and binary elsewhere; lax-binary writes "
        "messages without a version, and reads them too",
    )
    parser.add_argument(
        "--transport",
        choices=TRANSPORTS,
        default="auto",
        help="auto is whatever comes with nonblocking, and buffered elsewhere",
    )
    parser.add_argument(
        "--workers", metavar="N", type=_positive, default=1, help="processes, 1 by default"
    )
    parser.add_argument(
        "--threads",
        metavar="N",
        type=_positive,
        default=16,
        help="that make calls, in each worker of nonblocking and threadpool; 16 by default",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=30.0,
        help="for calls that have come when the server is stopped; 30 by default",
    )
    parser.add_argument(
        "--idle-timeout",
        metavar="SECONDS",
        type=_seconds,
        help="after which idle connections are closed; never by default",
    )
    parser.add_argument(
        "--message-timeout",
        metavar="SECONDS",
        type=_seconds,
        default=3.0,
        help="from the first byte of a message to its last, and for a client that takes nothing of "
        "its answer; 3 by default",
    )
    parser.add_argument(
        "--max-connections",
        metavar="N",
        type=_positive,
        help="open at once in each worker; others wait (with threaded they are told so)",
    )
    parser.add_argument(
        "--queue",
        metavar="N",
        type=_positive,
        help="calls that wait for a thread of nonblocking, or connections for one of threadpool; "
        "others are answered that the server is overloaded",
    )
    parser.add_argument(
        "--max-message-size",
        metavar="BYTES",
        type=_positive,
        help=f"of a message or a frame; {DEFAULT_MAX_SIZE} by default",
    )
    parser.add_argument(
        "--max-requests",
        metavar="N",
        type=_positive,
        help="a worker that has made so many calls is replaced",
    )
    parser.add_argument(
        "--access-log",
        action=argparse.BooleanOptionalAction,
        help="log a line for each call; off by default, unless the program's own logging asks for "
        "it",
    )
    parser.add_argument("--reload", action="store_true", help=watched)
    parser.add_argument(
        "--health",
        metavar="ADDRESS",
        type=bind,
        help="a port that answers GET with 200 while workers serve, and with 503 otherwise",
    )


def options_of(arguments: Mapping[str, Any], **others: Any) -> ServeOptions:
    """How to serve, from parsed arguments; ``others`` are those that have none."""
    return ServeOptions(**{name: arguments[name] for name in _OPTIONS}, **others)


def bind(text: str) -> Bind:
    """The type of an address to listen on."""
    try:
        return parse_bind(f"127.0.0.1:{text}" if text.isdecimal() else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _YEAR:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from 0 to {_YEAR}, which is a year"
        )
    return seconds
