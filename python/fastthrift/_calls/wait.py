"""Sending messages and waiting for them.

A native transport could do both by itself, but then native code is on the stack of the thread
that blocks. When the interpreter ends it unwinds the stacks of daemon threads, and a process with
native code in the way aborts.
"""

from __future__ import annotations

from fastthrift._core import source_below, take_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wait(trans: Any) -> Any:
    """Wait until the next bytes of a connection have come, where ``trans`` has none, and return
    those that did, as they came from below; none where there was no need to wait."""
    source = source_below(trans)
    if source is None:
        return b""
    transport, below, size = source
    data = below.read(size)
    transport.feed(data)
    return data


def flush(trans: Any) -> None:
    """Flush a transport: send what was written to it."""
    send(*take_output(trans))


def send(data: bytes | None, trans: Any) -> None:
    """Write to a transport what there is, and flush it."""
    if data is not None:
        trans.write(data)
    trans.flush()
