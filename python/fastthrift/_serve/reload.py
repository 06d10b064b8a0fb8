"""Which files a program is made of, and whether one of them has changed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable

# Between two looks, in seconds.
_INTERVAL = 0.5


def loaded_files() -> set[str]:
    """The files of all modules that are imported, and of all Thrift files that are loaded."""
    found = set()
    for module in [*sys.modules.values()]:
        for name in ("__file__", "__thrift_file__"):
            path = getattr(module, name, None)
            if isinstance(path, str):
                found.add(path)
    return found


def watch(more: Iterable[str], changed: Callable[[], None]) -> None:
    """Call ``changed`` whenever a file of the program, or one of ``more``, has changed; in a
    thread that goes on until the end of the process."""
    files = set(more)

    def run() -> None:
        known = _times(files | loaded_files())
        pause = threading.Event()
        while True:
            pause.wait(_INTERVAL)
            now = _times(files | loaded_files())
            # What is imported meanwhile has not changed.
            if any(time != now.get(path) for path, time in known.items()):
                changed()
            known = now

    threading.Thread(target=run, name="fastthrift-reload", daemon=True).start()


def _times(files: Iterable[str]) -> dict[str, int | None]:
    return {path: _time(path) for path in files}


def _time(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
