"""Files that a command writes: each of them whole, or as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def write_whole(path: str | Path, data: bytes) -> None:
    """Put contents into a file in one step, which keeps the mode of one that is there.

    What is no file, such as a pipe, is written as it is. Raises `OSError`."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        Path(path).write_bytes(data)
        return
    # A link stays one.
    target = Path(os.path.realpath(path))
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
        if mode is not None:
            unfinished.chmod(stat.S_IMODE(mode))
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
