"""Log lines that somebody else can cause, of which there are no more than a few."""

from __future__ import annotations

import time

# In seconds.
_PERIOD = 10.0
# How many kinds are told apart at most: somebody else may have a say in their names.
_MOST_KINDS = 64


def and_more(more: int) -> str:
    """What is added to a line that tells of ``more`` of its kind, which had none."""
    return f" ({more} more since the last such line)" if more else ""


class Rate:
    """How often something is logged: so many lines in 10 seconds."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._begun = -_PERIOD
        self._lines = 0
        self._more = 0

    def tell(self) -> str | None:
        """What to add to a line about one more of its kind; None where it is not to be written."""
        now = time.monotonic()
        if now - self._begun >= _PERIOD:
            self._begun, self._lines = now, 0
        if self._lines >= self._most:
            # Without a lock, which servers could not be pickled with: a few may be lost.
            self._more += 1
            return None
        self._lines += 1
        more, self._more = self._more, 0
        return and_more(more)


class Rates:
    """How often lines of several kinds are logged: so many of each in 10 seconds, so that none
    hides another."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._of: dict[str, Rate] = {}

    def tell(self, kind: str) -> str | None:
        """What to add to a line about one more of a kind; None where it is not to be written."""
        if kind not in self._of and len(self._of) >= _MOST_KINDS:
            kind = ""
        return self._of.setdefault(kind, Rate(self._most)).tell()
