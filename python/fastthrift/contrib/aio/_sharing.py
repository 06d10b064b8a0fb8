"""How connections share an event loop."""

from __future__ import annotations

import asyncio
import time

# How long the calls of a connection are made that have come at once, in seconds, before others have
# their turn.
_TURN = 0.002


class Turn:
    """The turn of a connection, whose calls may have come all at once: to read, to make and to
    answer them then waits for nothing, and nobody else's are looked at."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until = time.monotonic() + _TURN

    async def pass_on(self) -> None:
        """Between two calls: let others go on, if this one has for long enough."""
        if time.monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + _TURN
