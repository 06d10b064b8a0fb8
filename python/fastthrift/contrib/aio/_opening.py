"""The first bytes of a connection, before a protocol reads them."""

from __future__ import annotations

from typing import Any, Protocol

from fastthrift._calls.transports import LOOKED_AT

from .transport.base import read_ahead_of


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
    try:
        if not ahead.arrived:
            await ahead.fill(1)
    finally:
        noting.opening = ahead.before_arrived() + bytes(ahead.arrived[:LOOKED_AT])
    return bool(noting.opening)
