"""The first bytes of a connection, before a protocol reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastthrift._calls.wait import is_end, is_enough
from fastthrift.transport import TTransportException

from .transport.base import TAsyncReadAhead, read_ahead_of

if TYPE_CHECKING:
    from fastthrift._calls.wait import NotesOpening


async def note_opening(trans: Any, noting: NotesOpening) -> bool:
    """Wait for the first bytes of a connection, and note what they are, of a transport of ours;
    whether there are any. See ``wait_for_opening``, which is this for threads."""
    noting.opening = b""
    ahead = read_ahead_of(trans)
    if ahead is None:
        return False
    if not ahead.arrived:
        await _fill(ahead, noting)
    noting.opening = ahead.start()
    # A frame has come as a whole.
    while not ahead.before_arrived() and not is_enough(noting.opening, trans):
        try:
            if not await _fill(ahead, noting):
                break
        except TTransportException as error:
            if is_end(error):
                break  # the protocol says what it lacks
            raise
    return bool(noting.opening)


def note_rest(trans: Any, noting: NotesOpening) -> None:
    """Note how that begins which has come in place of a message, and is not read."""
    ahead = read_ahead_of(trans)
    if ahead is not None:
        noting.opening = ahead.unread or ahead.start()


async def _fill(ahead: TAsyncReadAhead, noting: NotesOpening) -> bool:
    try:
        return await ahead.fill(1)
    finally:
        noting.opening = ahead.start()
