"""Waiting for the next message of a connection."""

from __future__ import annotations

from fastthrift._core import CyTransportBase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wait(trans: Any) -> None:
    """Wait until the next bytes of a connection have come, where ``trans`` has none.

    A native transport would wait by itself, but then native code is on the stack of the waiting
    thread. When the interpreter ends it unwinds the stacks of daemon threads, and a process with
    native code in the way aborts.
    """
    if isinstance(trans, CyTransportBase) and not trans.pending():
        below = trans.trans
        if isinstance(below, CyTransportBase):
            wait(below)
        else:
            trans.feed(below.read(trans.buf_size))
