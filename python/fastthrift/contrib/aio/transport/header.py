"""THeader for asyncio: frames with keys and values beside their messages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from fastthrift._core import FRAME_HEADER
from fastthrift.transport._header_rules import HeaderFace, HeaderRules
from fastthrift.transport.header import (
    THeaderClientType,
    THeaderSubprotocolID,
    THeaderTransportFactory,
)

from .base import SIZE_LIMIT, TAsyncLayer, readall
from .buffered import TAsyncBufferedTransport

__all__ = ["TAsyncHeaderTransport", "TAsyncHeaderTransportFactory"]


class TAsyncHeaderTransport(HeaderFace, TAsyncLayer):
    """Sends each message in a frame of THeader; see ``THeaderTransport``, whose arguments and
    methods it has."""

    _direct = True

    def __init__(
        self,
        trans: Any,
        allowed_client_types: Collection[int] = (THeaderClientType.HEADERS,),
        default_protocol: int = THeaderSubprotocolID.BINARY,
        *,
        max_frame_size: int = SIZE_LIMIT,
    ) -> None:
        super().__init__(TAsyncBufferedTransport(trans))
        self.rules = HeaderRules(allowed_client_types, default_protocol, max_frame_size)
        self.rules.below = trans
        # The length of the frame that came last, as it came.
        self._length = b""

    async def open(self) -> None:  # type: ignore[override]
        self.clean()
        self.rules.start_over()
        await super().open()

    async def fill(self, missing: int) -> bool:
        if self.rules.is_unframed:
            data = await self._trans._take_all()
            self.arrived += data
            return bool(data)
        self.rules.require_no_message()
        start = await readall(self._trans.read, FRAME_HEADER)
        size = self.rules.size_after(start)
        if size is None:
            self.arrived += start
            return True
        self._length = start
        self.arrived += self.rules.message_in(await readall(self._trans.read, size))
        return True

    async def begin_frame(self) -> None:
        """Wait for the frame of the next message, unless it has come."""
        self.rules.is_reading = False
        if not self.arrived:
            await self.fill(1)
        self.rules.is_reading = True

    def end_frame(self) -> None:
        """Pass over what a frame has besides its message; see ``THeaderTransport``."""
        self.rules.is_reading = False
        if not self.rules.is_unframed:
            self.arrived = bytearray()

    @property
    def has_frames(self) -> bool:
        return not self.rules.is_unframed

    def before_arrived(self) -> bytes:
        return self._length

    async def flush(self) -> None:  # type: ignore[override]
        data = self.rules.sent_for(self.take_written())
        if data:
            self._trans.write(data)
        await self._trans.flush()


class TAsyncHeaderTransportFactory(THeaderTransportFactory):
    """Makes transports of THeader for asyncio; those of one connection are to be one object, which
    answers as the call has come."""

    _makes: ClassVar[Any] = TAsyncHeaderTransport
