"""Thrift files under Django's reloader: those of the settings, also while they cannot be loaded.

What is loaded is shown to it already (see ``fastthrift.parser``), each file with what it includes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from django.utils.autoreload import check_errors

from .conf import part, root

Made = TypeVar("Made")


def watching_mistakes(make: Callable[[], Made]) -> Made:
    """What a function gives; where it raises, reloaders watch the file that did."""
    made: list[Made] = []
    # It gives nothing back itself.
    check_errors(lambda: made.append(make()))()
    return made[0]


def configured_files() -> Iterator[Path]:
    """The Thrift files of clients and servers."""
    for key in ("CLIENTS", "SERVERS"):
        configured = part(key)
        for options in configured.values() if isinstance(configured, Mapping) else ():
            idl = options.get("IDL") if isinstance(options, Mapping) else None
            if isinstance(idl, (str, Path)) and "://" not in str(idl):
                yield Path(root()) / idl


def watch_thrift_files(sender: Any, **_: object) -> None:
    """Have a reloader look at all Thrift files beside those, which they may include."""
    for directory in {file.parent for file in configured_files()}:
        sender.watch_dir(directory, "**/*.thrift")
