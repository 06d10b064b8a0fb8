"""The binary protocol for asyncio, and the helpers of thriftpy2 that read pieces of it."""

from __future__ import annotations

from typing import Any

from fastthrift._core import copy_options
from fastthrift.protocol.binary import (
    BIN_TYPES,
    DEFAULT_MAX_DEPTH,
    TYPE_MASK,
    VERSION_1,
    VERSION_MASK,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    check_depth,
    unpack_double,
    unpack_i8,
    unpack_i16,
    unpack_i32,
    unpack_i64,
    write_message_begin,
    write_val,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TType

from .base import TAsyncNativeProtocol, TAsyncProtocolBase

__all__ = [
    "BIN_TYPES",
    "DEFAULT_MAX_DEPTH",
    "TYPE_MASK",
    "VERSION_1",
    "VERSION_MASK",
    "TAsyncBinaryProtocol",
    "TAsyncBinaryProtocolFactory",
    "TAsyncProtocolBase",
    "TProtocolException",
    "TType",
    "check_depth",
    "read_field_begin",
    "read_list_begin",
    "read_map_begin",
    "read_message_begin",
    "read_struct",
    "read_val",
    "skip",
    "unpack_double",
    "unpack_i8",
    "unpack_i16",
    "unpack_i32",
    "unpack_i64",
    "write_message_begin",
    "write_val",
]


class TAsyncBinaryProtocol(TAsyncNativeProtocol, TBinaryProtocol, TAsyncProtocolBase):  # type: ignore[misc]
    """The binary protocol over an asyncio transport, or any object with an asynchronous
    ``read`` that gives at most as many bytes as it is asked for."""

    _native = TBinaryProtocol


class TAsyncBinaryProtocolFactory(TBinaryProtocolFactory):
    """Makes binary protocols for asyncio."""

    def get_protocol(self, trans: Any) -> TAsyncBinaryProtocol:
        """A binary protocol with these options over ``trans``."""
        protocol = TAsyncBinaryProtocol(trans)
        copy_options(self, protocol)
        return protocol


async def read_message_begin(inbuf: Any, strict: bool = True) -> tuple[Any, int, int]:
    """Read a message header: name, message type, sequence id."""
    return await TAsyncBinaryProtocol(inbuf, strict_read=strict).read_message_begin()


async def read_field_begin(inbuf: Any) -> tuple[int, int]:
    """Read a field's wire type and id; ``(TType.STOP, 0)`` after the last one."""
    ttype = unpack_i8(await inbuf.read(1))
    if ttype == TType.STOP:
        return ttype, 0
    return ttype, unpack_i16(await inbuf.read(2))


async def read_list_begin(inbuf: Any) -> tuple[int, int]:
    """Read the element type and the size of a list or set."""
    return unpack_i8(await inbuf.read(1)), unpack_i32(await inbuf.read(4))


async def read_map_begin(inbuf: Any) -> tuple[int, int, int]:
    """Read the key type, the value type and the size of a map."""
    return (
        unpack_i8(await inbuf.read(1)),
        unpack_i8(await inbuf.read(1)),
        unpack_i32(await inbuf.read(4)),
    )


async def read_val(
    inbuf: Any,
    ttype: int,
    spec: Any = None,
    decode_response: bool = True,
    strict_decode: bool = False,
    budget: int = DEFAULT_MAX_DEPTH,
) -> Any:
    """Read a bare value, without a field header around it."""
    protocol = TAsyncBinaryProtocol(
        inbuf, decode_response=decode_response, strict_decode=strict_decode, max_depth=budget
    )
    return await protocol._read_val(ttype, spec)


async def read_struct(
    inbuf: Any,
    obj: Any,
    decode_response: bool = True,
    strict_decode: bool = False,
    budget: int = DEFAULT_MAX_DEPTH,
) -> None:
    """Fill a payload with the fields that are read."""
    await TAsyncBinaryProtocol(
        inbuf, decode_response=decode_response, strict_decode=strict_decode, max_depth=budget
    ).read_struct(obj)


async def skip(inbuf: Any, ftype: int, budget: int = DEFAULT_MAX_DEPTH) -> None:
    """Read a value of a type and forget it."""
    await TAsyncBinaryProtocol(inbuf, max_depth=budget).skip(ftype)
