"""Apache Thrift's JSON protocol for asyncio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastthrift._core import copy_options, read_value
from fastthrift.contrib.aio.transport.base import TAsyncReadAhead
from fastthrift.protocol.apache_json import TApacheJSONProtocol, TApacheJSONProtocolFactory

from .base import TAsyncNativeProtocol, TAsyncProtocolBase

__all__ = ["TAsyncApacheJSONProtocol", "TAsyncApacheJSONProtocolFactory"]

_T = TypeVar("_T")


class TAsyncApacheJSONProtocol(TAsyncNativeProtocol, TApacheJSONProtocol, TAsyncProtocolBase):  # type: ignore[misc]
    """Apache Thrift's JSON protocol over an asyncio transport, or any object with an asynchronous
    ``read`` that gives at most as many bytes as it is asked for.

    A message is taken from the transport when it is begun, and decoded once.
    """

    _native = TApacheJSONProtocol

    async def read_message_begin(self) -> tuple[Any, int, int]:  # type: ignore[override]
        """Read a message header: name, message type, sequence id."""
        # What is left of the last message is not of this one.
        TApacheJSONProtocol.read_message_end(self)
        return await self._read_header()

    async def read_message_end(self) -> None:  # type: ignore[override]
        """Forget what is left of the message."""
        TApacheJSONProtocol.read_message_end(self)

    async def _read_val(self, ttype: int, spec: Any = None) -> Any:
        """Read a bare struct, list, set or map of a type as ``thrift_spec`` writes it."""
        return await super()._read(lambda: read_value(self, ttype, spec), ttype)

    async def _read(self, decode: Callable[[], _T], ttype: int | None) -> _T:
        # All of a message that was begun is here.
        return decode() if self.has_begun else await super()._read(decode, ttype)

    async def _read_ahead(
        self, decode: Callable[[], _T], ttype: int | None, ahead: TAsyncReadAhead
    ) -> _T:
        # Only of a whole text can the start be decoded.
        return await self._read_whole(decode, ttype, ahead)

    def _decode_finally(self, decode: Callable[[], _T], data: bytearray) -> tuple[_T, int]:
        # The text is taken as a whole, also where it is a message of which a struct was wanted.
        return self._decode(decode, data)[0], len(data)


class TAsyncApacheJSONProtocolFactory(TApacheJSONProtocolFactory):
    """Makes Apache JSON protocols for asyncio."""

    def get_protocol(self, trans: Any) -> TAsyncApacheJSONProtocol:
        """An Apache JSON protocol with these options over ``trans``."""
        protocol = TAsyncApacheJSONProtocol(trans)
        copy_options(self, protocol)
        return protocol
