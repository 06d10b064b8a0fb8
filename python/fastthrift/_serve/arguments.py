"""The arguments of commands that serve, for ``argparse``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastthrift.transport._listening import parse_bind

from .program import LOOPBACK, OPTIONS, YEAR, ServeOptions

if TYPE_CHECKING:
    from fastthrift.transport._listening import Bind


def add_arguments(parser: argparse.ArgumentParser, *, watched: str) -> None:
    """Add those that say how to serve. ``watched`` is the help of ``--reload``."""
    for option in OPTIONS:
        default, kind = option.default, option.kind
        if isinstance(kind, tuple):
            parser.add_argument(option.flag, choices=kind, default=default, help=option.help)
            continue
        told = option.help if default is None else f"{option.help}; {default:g} by default"
        parser.add_argument(
            option.flag, metavar=option.metavar, type=_TYPES[kind], default=default, help=told
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
    return ServeOptions(**{each.name: arguments[each.name] for each in OPTIONS}, **others)


def bind(text: str) -> Bind:
    """The type of an address to listen on."""
    try:
        return parse_bind(text, default_host=LOOPBACK)
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
    if not 0 <= seconds <= YEAR:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from 0 to {YEAR}, which is a year"
        )
    return seconds


_TYPES: dict[type, Any] = {int: _positive, float: _seconds}
