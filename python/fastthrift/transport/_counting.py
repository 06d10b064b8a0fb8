"""Whether sockets count what comes and goes on them, for those who look at calls."""

from __future__ import annotations


class _Counting:
    """For sockets that are made from now on."""

    __slots__ = ("is_on", "told")

    def __init__(self) -> None:
        #: Whether they count.
        self.is_on = False
        #: What those who look were told of them when they are made: None while nobody looks.
        self.told: tuple[int, int] | None = None


counting = _Counting()
