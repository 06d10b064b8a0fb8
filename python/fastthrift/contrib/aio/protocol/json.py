"""thriftpy2's JSON protocol for asyncio; thriftpy2 has it for blocking transports only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from fastthrift._core import FRAME_HEADER, TMemoryBuffer, unsigned_length
from fastthrift.contrib.aio.transport.base import read_ahead_of, readall
from fastthrift.protocol.exc import TProtocolException
from fastthrift.protocol.json import (
    TJSONProtocol,
    TJSONProtocolFactory,
    check_message,
)
from fastthrift.transport import TTransportException

from .base import TAsyncProtocolBase

__all__ = ["TAsyncJSONProtocol", "TAsyncJSONProtocolFactory"]

_T = TypeVar("_T")


class TAsyncJSONProtocol(TJSONProtocol, TAsyncProtocolBase):
    """thriftpy2's JSON protocol over an asyncio transport, or any object with an asynchronous
    ``read`` that gives at most as many bytes as it is asked for.

    A message says how long it is: it is waited for, no byte behind it is taken, and it is decoded
    once, by ``TJSONProtocol``.
    """

    trans: Any

    async def read_message_begin(self) -> tuple[str, int, int]:  # type: ignore[override]
        """Read a message header: name, message type, sequence id."""
        # What is left of the last message is not of this one.
        TJSONProtocol.read_message_end(self)
        return await self._read(lambda: TJSONProtocol.read_message_begin(self))

    async def read_message_end(self) -> None:  # type: ignore[override]
        """Forget what is left of the message."""
        TJSONProtocol.read_message_end(self)

    async def read_struct(self, obj: _T) -> _T:
        """Fill a payload from the message that was begun, or from the next one; return it."""
        await self._read(lambda: TJSONProtocol.read_struct(self, obj))
        return obj

    async def skip(self, ttype: int) -> None:  # type: ignore[override]
        """Read the payload of the message that was begun, or the next one, and forget it."""
        await self._read(lambda: TJSONProtocol.skip(self, ttype))

    async def _read(self, decode: Callable[[], _T]) -> _T:
        """What is decoded from the message that was begun, or from the next one."""
        if self.has_begun:
            return decode()
        ahead, start = read_ahead_of(self.trans), b""
        if ahead is not None:
            if not ahead.arrived:
                await ahead.fill(1)
            start = ahead.start()
        try:
            message = await self._message()
            # Nothing else runs before it is put back: there is no await here.
            trans, self.trans = self.trans, TMemoryBuffer(message)
            try:
                return decode()
            finally:
                self.trans = trans
        except (TProtocolException, TTransportException):
            if ahead is not None:
                ahead.unread = start
            raise

    async def _message(self) -> bytes:
        """The next message, with its length."""
        length = await readall(self.trans.read, FRAME_HEADER)
        size = unsigned_length(length)
        check_message(size, self.max_message_size)
        return length + await readall(self.trans.read, size)


class TAsyncJSONProtocolFactory(TJSONProtocolFactory):
    """Makes ``TAsyncJSONProtocol`` objects with the same options."""

    _makes: ClassVar[type[TJSONProtocol]] = TAsyncJSONProtocol
