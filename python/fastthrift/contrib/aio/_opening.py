"""The first bytes of a connection, before a protocol reads them."""

from __future__ import annotations

from typing import Any, Protocol

from fastthrift._calls.transports import LOOKED_AT

from .transport.base import read_ahead_of
from .transport.framed import TAsyncFramedTransport


class NotesOpening(Protocol):
    """What keeps the first bytes of a connection, for the text of an error."""

    opening: bytes | None


async def note_opening(trans: Any, noting: NotesOpening) -> bool:
    """Wait for the first bytes of a connection, and note what they are, of a transport of ours;
    whether there are any."""
    noting.opening = b""
    ahead = read_ahead_of(trans)
    if ahead is None:
        return False
    below = getattr(ahead, "_trans", None)
    framed = next((one for one in (ahead, below) if isinstance(one, TAsyncFramedTransport)), None)
    try:
        if not _first_bytes(ahead):
            await ahead._fill(1)
    finally:
        noting.opening = (framed._length if framed else b"") + _first_bytes(ahead)
    return bool(noting.opening)


def _first_bytes(ahead: Any) -> bytes:
    arrived = ahead._rbuf
    # What users see of it is a BytesIO in thriftpy2.
    value = arrived.getvalue() if hasattr(arrived, "getvalue") else arrived
    return bytes(value[:LOOKED_AT])
