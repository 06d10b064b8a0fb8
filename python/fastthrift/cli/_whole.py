"""Files that a command writes: each of them whole, or as it was."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

# What is said where no file can be made in a folder.
_OF_FOLDERS = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_whole(path: str | Path, data: bytes) -> None:
    """Put contents into a file in one step, which keeps the mode of one that is there.

    What is no file, such as a pipe, is written as it is, and so is a file in a folder where none
    can be made. Raises `OSError`."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        Path(path).write_bytes(data)
        return
    # A link stays one.
    target = Path(os.path.realpath(path))
    # Short, as long names may be as long as they can be.
    unfinished = target.with_name(f".{secrets.token_hex(8)}.unfinished")
    try:
        file = unfinished.open("xb")
    except OSError as error:
        if mode is None or error.errno not in _OF_FOLDERS:
            raise
        # The file can be written, and nothing put beside it.
        target.write_bytes(data)
        return
    try:
        with file:
            file.write(data)
        if mode is not None:
            unfinished.chmod(stat.S_IMODE(mode))
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
