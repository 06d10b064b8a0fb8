"""Thrift files under Django's reloader: those of the settings, also while they cannot be loaded.

What is loaded is shown to it already (see ``fastthrift.parser``), each file with what it includes.
"""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import PathFinder
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


def watch_for_module(sender: Any, name: str) -> None:
    """Have a reloader notice when a module that there is not yet comes to be.

    Reloaders look at the files that there are. A directory has changed as well when one is made
    in it.
    """
    directories = [*map(Path, sys.path)]
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        found = PathFinder.find_spec(".".join(parts[:end]), [*map(str, directories)])
        if found is not None:
            directories = [*map(Path, found.submodule_search_locations or ())]
            continue
        # Where a program is installed there may be many, and none in which anybody works.
        for directory in (Path(root()),) if end == 1 else directories:
            sender.watch_dir(directory.parent, glob.escape(directory.name))
        return
