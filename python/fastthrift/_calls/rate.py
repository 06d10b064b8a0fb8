"""Log lines that somebody else can cause, of which there are no more than a few."""

from __future__ import annotations

import time

# Between two log lines of one kind, in seconds.
_PAUSE = 10.0


class Rate:
    """How often something is logged: at once, and then no more than each 10 seconds."""

    def __init__(self) -> None:
        self._last = -_PAUSE
        self._more = 0

    def tell(self) -> str | None:
        """What to add to a line about one more of its kind; None where it is not to be written."""
        now = time.monotonic()
        if now - self._last < _PAUSE:
            # Without a lock, which servers could not be pickled with: a few may be lost.
            self._more += 1
            return None
        more, self._more, self._last = self._more, 0, now
        return f" ({more} more since the last such line)" if more else ""
