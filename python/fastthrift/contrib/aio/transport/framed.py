"""Messages in frames: a length of four bytes, then so many bytes."""

from __future__ import annotations

from typing import Any

from fastthrift._core import FRAME_HEADER, frame_length, framed

from .base import SIZE_LIMIT, TAsyncLayer, TAsyncTransportBase, readall
from .buffered import TAsyncBufferedTransport

__all__ = [
    "TAsyncBufferedTransport",
    "TAsyncFramedTransport",
    "TAsyncFramedTransportFactory",
    "TAsyncTransportBase",
    "readall",
]


class TAsyncFramedTransport(TAsyncLayer):
    """Sends each message as a frame, and reads frames."""

    _direct = True

    def __init__(self, trans: Any, *, max_frame_size: int = SIZE_LIMIT) -> None:
        """``max_frame_size`` is the longest frame that is sent and accepted, in bytes."""
        super().__init__(trans)
        self.max_frame_size = max_frame_size
        # The length of the frame that came last, as it came.
        self._length = b""
        #: Whether the last flush was refused because of the limit, so that nothing was sent.
        self.refused = False

    async def read(self, sz: int) -> bytes:  # type: ignore[override]
        """Read between 1 and ``sz`` bytes, of one frame."""
        # The next frame is not waited for when nothing is asked for.
        return await self._read(sz)

    async def read_frame(self) -> None:
        """Read the next frame; ``read`` does when it has come to the end of one."""
        self._length = await readall(self._trans.read, FRAME_HEADER)
        size = frame_length(self._length, self.max_frame_size)
        self.arrived += await readall(self._trans.read, size)

    async def fill(self, missing: int) -> bool:
        await self.read_frame()
        return True

    @property
    def has_frames(self) -> bool:
        return True

    def before_arrived(self) -> bytes:
        return self._length

    async def flush(self) -> None:  # type: ignore[override]
        frame = self.take_written()
        self.refused = len(frame) > self.max_frame_size
        if frame:
            # In one piece: two writes would be two segments.
            self._trans.write(framed(frame, self.max_frame_size))
        await self._trans.flush()


class TAsyncFramedTransportFactory:
    """Makes framed transports."""

    def __init__(self, *, max_frame_size: int = SIZE_LIMIT) -> None:
        self.max_frame_size = max_frame_size

    def get_transport(self, trans: Any) -> TAsyncBufferedTransport:
        """A buffered transport over a framed one over ``trans``, as thriftpy2 makes it."""
        framed = TAsyncFramedTransport(trans, max_frame_size=self.max_frame_size)
        return TAsyncBufferedTransport(framed)
