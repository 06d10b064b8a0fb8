"""The protocol of THeader for asyncio: binary or compact, as the frame of a message says."""

from __future__ import annotations

from typing import Any, ClassVar

from fastthrift.contrib.aio.transport.header import TAsyncHeaderTransport
from fastthrift.protocol.header import THeaderProtocol, THeaderProtocolFactory
from fastthrift.transport.header import THeaderSubprotocolID

from .binary import TAsyncBinaryProtocolFactory
from .compact import TAsyncCompactProtocolFactory

__all__ = ["TAsyncHeaderProtocol", "TAsyncHeaderProtocolFactory"]


class TAsyncHeaderProtocol(THeaderProtocol):
    """Reads each message in the protocol that it has come in, and answers in that; see
    ``THeaderProtocol``, whose arguments and methods it has."""

    _factories: ClassVar[dict[int, Any]] = {
        THeaderSubprotocolID.BINARY: TAsyncBinaryProtocolFactory,
        THeaderSubprotocolID.COMPACT: TAsyncCompactProtocolFactory,
    }
    _transport: ClassVar[Any] = TAsyncHeaderTransport

    async def read_message_begin(self) -> tuple[str, int, int]:  # type: ignore[override]
        # The frame says in which protocol the message is.
        await self.trans.begin_frame()
        header: tuple[str, int, int] = await self._proto().read_message_begin()
        return header

    async def read_message_end(self) -> Any:
        result = await self._proto().read_message_end()
        self.trans.end_frame()
        return result


class TAsyncHeaderProtocolFactory(THeaderProtocolFactory):
    """Makes protocols of THeader for asyncio; those of one connection are to be one object, which
    answers as the call has come."""

    _makes: ClassVar[Any] = TAsyncHeaderProtocol
