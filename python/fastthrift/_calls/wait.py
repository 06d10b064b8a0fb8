"""Sending messages and waiting for them.

A native transport could do both by itself. Here it is seen what comes first, which tells what
the other side speaks, and a thread that waits has no native code on its stack, which cannot be
unwound: it is stopped at the end of a program (``call_waiting`` in ``src/py/ffi/waiting.rs``).
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
