"""Apache Thrift's JSON protocol for asyncio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastthrift._core import TextEnd, TMemoryBuffer, copy_options, read_value
from fastthrift.contrib.aio.transport.base import read_ahead_of
from fastthrift.protocol.apache_json import TApacheJSONProtocol, TApacheJSONProtocolFactory
from fastthrift.protocol.exc import TProtocolException, TTruncatedDataException
from fastthrift.thrift import TType

from .base import TAsyncNativeProtocol, TAsyncProtocolBase

__all__ = ["TAsyncApacheJSONProtocol", "TAsyncApacheJSONProtocolFactory"]

_T = TypeVar("_T")

# Bytes of the buffer that are looked at first: one that holds many small messages is not copied
# for each of them.
_FIRST_WINDOW = 8192
_GROWTH = 4


class TAsyncApacheJSONProtocol(TAsyncNativeProtocol, TApacheJSONProtocol, TAsyncProtocolBase):
    """Apache Thrift's JSON protocol over an asyncio transport, or any object with an asynchronous
    ``read`` that gives at most as many bytes as it is asked for.

    A message is taken from the transport when it is begun, and decoded once.
    """

    _native = TApacheJSONProtocol

    async def skip(self, ttype: int) -> None:  # type: ignore[override]
        """Read the struct of the message that was begun, or a value, and forget it."""
        if ttype != TType.STOP:
            await self._read_rest(lambda: TApacheJSONProtocol.skip(self, ttype))

    async def read_message_begin(self) -> tuple[Any, int, int]:  # type: ignore[override]
        """Read a message header: name, message type, sequence id."""
        TApacheJSONProtocol.read_message_end(self)
        text = await self._read_text()
        return self._decode_from(
            TMemoryBuffer(text), lambda: TApacheJSONProtocol.read_message_begin(self)
        )

    async def read_message_end(self) -> None:  # type: ignore[override]
        """Forget what is left of the message."""
        TApacheJSONProtocol.read_message_end(self)

    async def read_struct(self, obj: _T) -> _T:  # type: ignore[override]
        """Fill a payload from the message that was begun, or from a struct; return it."""
        await self._read_rest(lambda: TApacheJSONProtocol.read_struct(self, obj))
        return obj

    async def _read_val(self, ttype: int, spec: Any = None) -> Any:
        """Read a bare struct, list, set or map of a type as ``thrift_spec`` writes it."""
        text = await self._read_text()
        return self._decode_from(TMemoryBuffer(text), lambda: read_value(self, ttype, spec))

    async def _read_rest(self, decode: Callable[[], Any]) -> None:
        """Decode the struct of the message that was begun, or the next text."""
        if self.has_begun:
            decode()
        else:
            self._decode_from(TMemoryBuffer(await self._read_text()), decode)

    async def _read_text(self) -> bytearray:
        """The next array or object of the transport, and no byte behind it."""
        ahead = read_ahead_of(self.trans)
        text = bytearray()
        end = TextEnd(self.max_depth)
        window = _FIRST_WINDOW
        try:
            while True:
                self._check_size(len(text) + end.missing)
                if ahead is None:
                    piece = await self._exactly(end.missing)
                else:
                    if not ahead._arrived:
                        await ahead._fill(end.missing)
                    piece = bytes(ahead._arrived[:window])
                    window *= _GROWTH
                if not piece:
                    raise TTruncatedDataException(message="the transport ended before a message")
                found = end.find(piece)
                text += piece[:found]
                if ahead is not None:
                    del ahead._arrived[: len(piece) if found is None else found]
                if found is not None:
                    self._check_size(len(text))
                    return text
        except TProtocolException:
            # Nobody knows where the next message starts.
            if ahead is not None:
                ahead._arrived = bytearray()
            raise


class TAsyncApacheJSONProtocolFactory(TApacheJSONProtocolFactory):
    """Makes Apache JSON protocols for asyncio."""

    def get_protocol(self, trans: Any) -> TAsyncApacheJSONProtocol:
        """An Apache JSON protocol with these options over ``trans``."""
        protocol = TAsyncApacheJSONProtocol(trans)
        copy_options(self, protocol)
        return protocol
