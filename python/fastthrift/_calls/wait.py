"""Sending messages and waiting for them.

A native transport could do both by itself. Here it is seen what comes first, which tells what
the other side speaks, and a thread that waits has no native code on its stack, which cannot be
unwound: it is stopped at the end of a program (``stop_at_exit`` in ``src/py/ffi/ending.rs``).
"""

from __future__ import annotations

from fastthrift._calls.transports import LOOKED_AT
from fastthrift._core import (
    DEFAULT_MAX_SIZE,
    FRAME_HEADER,
    frame_end,
    source_below,
    start_of_arrived,
    take_output,
    tells_later,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class NotesOpening(Protocol):
        """What keeps the first bytes of a connection, for the text of an error."""

        opening: bytes | None


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


def wait_for_opening(trans: Any, noting: NotesOpening) -> bool:
    """Wait for the first bytes of a connection, and note what they are; whether they had to be
    waited for, and have come.

    They may come one after the other: those are waited for that tell what the other side speaks.
    No message is shorter, whatever it is.
    """
    noting.opening = opening = b""
    source = source_below(trans)
    if source is None:
        # They have come with what was read before.
        noting.opening = start_of_arrived(trans, LOOKED_AT)
        return False
    transport, below, size = source
    while True:
        try:
            data = below.read(size)
        except Exception as error:
            if opening and is_end(error):
                return True  # the protocol says what it lacks
            raise
        transport.feed(data)
        noting.opening = opening = opening + bytes(data[: LOOKED_AT - len(opening)])
        if not data or is_enough(opening, trans):
            return bool(opening)


def is_enough(opening: bytes, trans: Any) -> bool:
    """Whether the first bytes of a connection tell what is spoken there, or never will: where they
    are a length that the transport refuses, no more may come."""
    if len(opening) >= LOOKED_AT or not tells_later(opening):
        return True
    if len(opening) < FRAME_HEADER:
        return False
    end = frame_end(opening)
    return end is None or end - FRAME_HEADER > getattr(trans, "max_frame_size", DEFAULT_MAX_SIZE)


def is_end(error: Exception) -> bool:
    """Whether a connection has come to its end."""
    from fastthrift.transport.base import TTransportException

    return isinstance(error, TTransportException) and error.type == TTransportException.END_OF_FILE


def flush(trans: Any) -> None:
    """Flush a transport: send what was written to it."""
    send(*take_output(trans))


def send(data: bytes | None, trans: Any) -> None:
    """Write to a transport what there is, and flush it."""
    if data is not None:
        trans.write(data)
    trans.flush()
