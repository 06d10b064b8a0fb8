"""The compact protocol for asyncio."""

from __future__ import annotations

import io
from typing import Any

from fastthrift._core import copy_options
from fastthrift.protocol import compact
from fastthrift.protocol.compact import (
    BIN_TYPES,
    CompactType,
    TCompactProtocol,
    TCompactProtocolFactory,
    from_zig_zag,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TException, TType

from .base import TAsyncNativeProtocol, TAsyncProtocolBase

__all__ = [
    "BIN_TYPES",
    "CompactType",
    "TAsyncCompactProtocol",
    "TAsyncCompactProtocolFactory",
    "TAsyncProtocolBase",
    "TCompactProtocol",
    "TException",
    "TProtocolException",
    "TType",
    "from_zig_zag",
    "read_varint",
]


async def read_varint(trans: Any) -> int:
    """Read an unsigned integer of at most 10 bytes."""
    encoded = b""
    for _ in range(compact.LONGEST_VARINT):
        byte = await trans.read(1)
        encoded += byte
        # The last one has no high bit; nothing at all is for the reader to refuse.
        if byte < b"\x80":
            break
    return compact.read_varint(io.BytesIO(encoded))


class TAsyncCompactProtocol(TAsyncNativeProtocol, TCompactProtocol, TAsyncProtocolBase):  # type: ignore[misc]
    """The compact protocol over an asyncio transport, or any object with an asynchronous
    ``read`` that gives at most as many bytes as it is asked for."""

    _native = TCompactProtocol


class TAsyncCompactProtocolFactory(TCompactProtocolFactory):
    """Makes compact protocols for asyncio."""

    def get_protocol(self, trans: Any) -> TAsyncCompactProtocol:
        """A compact protocol with these options over ``trans``."""
        protocol = TAsyncCompactProtocol(trans)
        copy_options(self, protocol)
        return protocol
