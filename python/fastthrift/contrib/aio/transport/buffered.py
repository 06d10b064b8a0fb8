"""Reads ahead, and keeps what is written until it is flushed."""

from __future__ import annotations

from typing import Any

from fastthrift.transport.base import LARGEST_READ

from .base import TAsyncLayer, TAsyncReadAhead, TAsyncTransportBase, read_ahead_of

__all__ = ["TAsyncBufferedTransport", "TAsyncBufferedTransportFactory", "TAsyncTransportBase"]

# Asked for at once when a message turns out to be larger than the buffer.
_LARGE_READ = 1 << 18


class TAsyncBufferedTransport(TAsyncLayer):
    """Buffers reading and writing of the transport below."""

    DEFAULT_BUFFER = 4096
    _direct = True

    def __init__(self, trans: Any, buf_size: int = DEFAULT_BUFFER) -> None:
        """``buf_size`` is the least that is asked for at once, in bytes."""
        super().__init__(trans)
        self._buf_size = buf_size

    async def fill(self, missing: int) -> bool:
        below = read_ahead_of(self._trans)
        if below is not None:
            data: bytes | bytearray = await below._take_all()
        else:
            # More is on its way when what has come fills the buffer.
            ahead = _LARGE_READ if len(self.arrived) >= self._buf_size else self._buf_size
            data = await self._trans.read(max(min(missing, LARGEST_READ), ahead))
        if not self.arrived and isinstance(data, bytearray):
            self.arrived = data
        else:
            self.arrived += data
        return bool(data)

    @property
    def has_frames(self) -> bool:
        below = read_ahead_of(self._trans)
        return below is not None and below.has_frames

    def before_arrived(self) -> bytes:
        below = self._trans
        return below.before_arrived() if isinstance(below, TAsyncReadAhead) else b""

    async def flush(self) -> None:  # type: ignore[override]
        self._trans.write(self.take_written())
        await self._trans.flush()


class TAsyncBufferedTransportFactory:
    """Makes buffered transports."""

    def get_transport(self, trans: Any) -> TAsyncBufferedTransport:
        """A buffered transport over ``trans``."""
        return TAsyncBufferedTransport(trans)
