"""The zlib transport for asyncio: one compressed stream in each direction."""

from __future__ import annotations

from typing import Any, ClassVar

from fastthrift.transport import TZlibTransportFactory
from fastthrift.transport._compressed import PIECE, ZlibStreams
from fastthrift.transport.base import LARGEST_READ

from .base import TAsyncLayer
from .buffered import TAsyncBufferedTransport

__all__ = ["TAsyncZlibTransport", "TAsyncZlibTransportFactory"]


class TAsyncZlibTransport(TAsyncLayer):
    """Compresses what is written and decompresses what is read; see ``TZlibTransport``."""

    _direct = True

    def __init__(self, trans: Any, compresslevel: int = 9) -> None:
        super().__init__(TAsyncBufferedTransport(trans))
        self.compresslevel = compresslevel
        #: The transport whose bytes are compressed.
        self.compressed = trans
        self.streams = ZlibStreams(compresslevel)

    async def open(self) -> None:  # type: ignore[override]
        """Open the transport below; both streams start anew."""
        self.clean()
        self.streams.start_over()
        await super().open()

    async def fill(self, missing: int) -> bool:
        reading = self.streams.reading(max(min(missing, LARGEST_READ), PIECE))
        try:
            next(reading)
            while True:
                reading.send(bytes(await self._trans._take_all()))
        except StopIteration as end:
            self.arrived += end.value
            return bool(end.value)

    async def flush(self) -> None:  # type: ignore[override]
        """Compress what was written, send it, and let the other side read it."""
        written = self.take_written()
        if written:
            self._trans.write(self.streams.sent_for(written))
        await self._trans.flush()


class TAsyncZlibTransportFactory(TZlibTransportFactory):
    """Makes zlib transports for asyncio."""

    _makes: ClassVar[Any] = TAsyncZlibTransport
