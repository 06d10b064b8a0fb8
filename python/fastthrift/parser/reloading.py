"""Loaded files under the development servers of Flask and Django.

Both start again when the file of a module in ``sys.modules`` changes. What is loaded without a
name is not there, nor what it includes; so in a process that such a server watches, each file that
was read has a stand-in there: an empty module whose ``__file__`` it is.
"""

from __future__ import annotations

import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Set in the process that runs the application: by werkzeug, and by Django.
_VARIABLES = ("WERKZEUG_RUN_MAIN", "RUN_MAIN")

_PREFIX = "fastthrift.watched:"


def watch(paths: Iterable[str | None]) -> None:
    """Let a reloader that watches this process know of files, those of a load that failed too.
    None, and what is no file, is passed over."""
    if not any(os.environ.get(variable) == "true" for variable in _VARIABLES):
        return
    from importlib.machinery import ModuleSpec

    for path in paths:
        file = None if path is None else _existing(os.path.abspath(path))
        if file is None or _PREFIX + file in sys.modules:
            continue
        name = _PREFIX + file
        stand_in = types.ModuleType(name, "Stands for a file that a reloader should watch.")
        stand_in.__file__ = file
        # Django looks here.
        stand_in.__spec__ = ModuleSpec(name, None, origin=file)
        stand_in.__spec__.has_location = True
        sys.modules[name] = stand_in


def _existing(path: str) -> str | None:
    """The file, or the archive that it is in."""
    while not os.path.isfile(path):
        shorter = os.path.dirname(path)
        if shorter == path:
            return None
        path = shorter
    return path
