"""Bytes in memory as a transport of asyncio."""

from __future__ import annotations

from .base import TAsyncReadAhead


class TAsyncMemoryBuffer(TAsyncReadAhead):
    """Bytes in memory: what it was made with is read, and what is written follows it."""

    _direct = True

    def __init__(self, value: bytes = b"") -> None:
        super().__init__(value)

    def is_open(self) -> bool:
        return True

    async def open(self) -> None:  # type: ignore[override]
        """Does nothing."""

    def close(self) -> None:
        """Does nothing: what was written can be looked at, as that of ``TMemoryBuffer``."""

    async def fill(self, missing: int) -> bool:
        return False

    def write(self, buf: bytes) -> None:
        self.arrived += buf

    async def flush(self) -> None:  # type: ignore[override]
        """Does nothing."""

    def discard_output(self) -> None:
        """Forgets everything; what is written is only for ``getvalue``."""
        self.arrived = bytearray()

    def getvalue(self) -> bytes:
        """What has not been read."""
        return bytes(self.arrived)

    def setvalue(self, value: bytes) -> None:
        """Replace the contents."""
        self.arrived = bytearray(value)
