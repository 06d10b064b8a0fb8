"""The binary protocol, and the helpers of thriftpy2 that read and write pieces of it.

The codec is native; a helper that does more than pack a number hands its transport to a
``TBinaryProtocol``. A transport here is any object with ``read(size)`` that gives exactly that
many bytes, or with ``write(data)``.
"""

from __future__ import annotations

import struct
from typing import Any, cast

from fastthrift import _core
from fastthrift._core import DEFAULT_MAX_DEPTH, TBinaryProtocol, TBinaryProtocolFactory, TType
from fastthrift.protocol.base import TProtocolBase
from fastthrift.protocol.exc import TDepthLimitException, TProtocolException

__all__ = [
    "BIN_TYPES",
    "DEFAULT_MAX_DEPTH",
    "TYPE_MASK",
    "VERSION_1",
    "VERSION_MASK",
    "TBinaryProtocol",
    "TBinaryProtocolFactory",
    "TProtocolBase",
    "TProtocolException",
    "TType",
    "check_depth",
    "pack_double",
    "pack_i8",
    "pack_i16",
    "pack_i32",
    "pack_i64",
    "pack_string",
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
    "write_field_begin",
    "write_field_stop",
    "write_list_begin",
    "write_map_begin",
    "write_message_begin",
    "write_val",
]

# 0xffff0000, 0x80010000 as the signed i32 that a strict header starts with.
VERSION_MASK = -65536
VERSION_1 = -2147418112
TYPE_MASK = 0x000000FF
BIN_TYPES = (TType.STRING, TType.BINARY)


def check_depth(budget: int, where: str) -> None:
    """Raise when no level of nesting is left; ``where`` ends the message."""
    if budget <= 0:
        raise TDepthLimitException(
            TProtocolException.SIZE_LIMIT, "maximum nesting depth exceeded" + where
        )


def pack_i8(byte: int) -> bytes:
    return struct.pack("!b", byte)


def pack_i16(i16: int) -> bytes:
    return struct.pack("!h", i16)


def pack_i32(i32: int) -> bytes:
    return struct.pack("!i", i32)


def pack_i64(i64: int) -> bytes:
    return struct.pack("!q", i64)


def pack_double(dub: float) -> bytes:
    return struct.pack("!d", dub)


def pack_string(string: bytes) -> bytes:
    """The bytes with their length (i32) before them."""
    return pack_i32(len(string)) + string


def unpack_i8(buf: bytes) -> int:
    return cast(int, struct.unpack("!b", buf)[0])


def unpack_i16(buf: bytes) -> int:
    return cast(int, struct.unpack("!h", buf)[0])


def unpack_i32(buf: bytes) -> int:
    return cast(int, struct.unpack("!i", buf)[0])


def unpack_i64(buf: bytes) -> int:
    return cast(int, struct.unpack("!q", buf)[0])


def unpack_double(buf: bytes) -> float:
    return cast(float, struct.unpack("!d", buf)[0])


def _wire_type(ttype: int) -> int:
    return TType.STRING if ttype == TType.BINARY else ttype


def write_message_begin(
    outbuf: Any, name: str, ttype: int, seqid: int, strict: bool = True
) -> None:
    TBinaryProtocol(outbuf, strict_write=strict).write_message_begin(name, ttype, seqid)


def write_field_begin(outbuf: Any, ttype: int, fid: int) -> None:
    outbuf.write(pack_i8(_wire_type(ttype)) + pack_i16(fid))


def write_field_stop(outbuf: Any) -> None:
    outbuf.write(pack_i8(TType.STOP))


def write_list_begin(outbuf: Any, etype: int, size: int) -> None:
    outbuf.write(pack_i8(_wire_type(etype)) + pack_i32(size))


def write_map_begin(outbuf: Any, ktype: int, vtype: int, size: int) -> None:
    outbuf.write(pack_i8(_wire_type(ktype)) + pack_i8(_wire_type(vtype)) + pack_i32(size))


def write_val(
    outbuf: Any, ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH
) -> None:
    """Write a bare value, without a field header around it."""
    _core.write_value(TBinaryProtocol(outbuf, max_depth=budget), ttype, val, spec)


def read_message_begin(inbuf: Any, strict: bool = True) -> tuple[str, int, int]:
    """Read a message header: name, message type, sequence id."""
    return TBinaryProtocol(inbuf, strict_read=strict).read_message_begin()


def read_field_begin(inbuf: Any) -> tuple[int, int]:
    """Read a field's wire type and id; ``(TType.STOP, 0)`` after the last one."""
    ttype = unpack_i8(inbuf.read(1))
    if ttype == TType.STOP:
        return ttype, 0
    return ttype, unpack_i16(inbuf.read(2))


def read_list_begin(inbuf: Any) -> tuple[int, int]:
    """Read the element type and the size of a list or set."""
    return unpack_i8(inbuf.read(1)), unpack_i32(inbuf.read(4))


def read_map_begin(inbuf: Any) -> tuple[int, int, int]:
    """Read the key type, the value type and the size of a map."""
    return unpack_i8(inbuf.read(1)), unpack_i8(inbuf.read(1)), unpack_i32(inbuf.read(4))


def read_val(
    inbuf: Any,
    ttype: int,
    spec: Any = None,
    decode_response: bool = True,
    strict_decode: bool = False,
    budget: int = DEFAULT_MAX_DEPTH,
) -> Any:
    """Read a bare value, without a field header around it."""
    protocol = TBinaryProtocol(
        inbuf, decode_response=decode_response, strict_decode=strict_decode, max_depth=budget
    )
    return _core.read_value(protocol, ttype, spec)


def read_struct(
    inbuf: Any,
    obj: Any,
    decode_response: bool = True,
    strict_decode: bool = False,
    budget: int = DEFAULT_MAX_DEPTH,
) -> None:
    """Fill a payload with the fields that are read."""
    TBinaryProtocol(
        inbuf, decode_response=decode_response, strict_decode=strict_decode, max_depth=budget
    ).read_struct(obj)


def skip(inbuf: Any, ftype: int, budget: int = DEFAULT_MAX_DEPTH) -> None:
    """Read a value of a type and forget it."""
    TBinaryProtocol(inbuf, max_depth=budget).skip(ftype)
