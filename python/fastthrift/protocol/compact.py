"""The compact protocol, and the helpers of thriftpy2 for its numbers and types."""

from __future__ import annotations

from typing import Any

from fastthrift._core import TCompactProtocol, TCompactProtocolFactory, TType
from fastthrift._exceptions import TException
from fastthrift.protocol.base import TProtocolBase
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException

__all__ = [
    "BIN_TYPES",
    "BOOL_READ",
    "BOOL_WRITE",
    "CLEAR",
    "CONTAINER_READ",
    "CONTAINER_WRITE",
    "CTYPES",
    "FIELD_READ",
    "FIELD_WRITE",
    "TTYPES",
    "VALUE_READ",
    "VALUE_WRITE",
    "CompactType",
    "TCompactProtocol",
    "TCompactProtocolFactory",
    "TException",
    "TProtocolBase",
    "TProtocolException",
    "TType",
    "check_integer_limits",
    "from_zig_zag",
    "make_zig_zag",
    "read_varint",
    "write_varint",
]

# States of thriftpy2's Python implementation; kept for code that imports the names.
CLEAR = 0
FIELD_WRITE = 1
VALUE_WRITE = 2
CONTAINER_WRITE = 3
BOOL_WRITE = 4
FIELD_READ = 5
CONTAINER_READ = 6
VALUE_READ = 7
BOOL_READ = 8

BIN_TYPES = (TType.STRING, TType.BINARY)

# 64 bits in groups of seven.
LONGEST_VARINT = 10


def check_integer_limits(i: int, bits: int) -> None:
    """Raise ``TProtocolException`` when ``i`` does not fit a signed integer of 8, 16, 32 or 64
    bits."""
    if bits not in (8, 16, 32, 64):
        return
    limit = 1 << (bits - 1)
    if not -limit <= i < limit:
        raise TProtocolException(
            TProtocolException.INVALID_DATA,
            f"i{bits} requires {-limit} <= number <= {limit - 1}",
        )


def make_zig_zag(n: int, bits: int) -> int:
    """Map a signed integer to an unsigned one, small ones to small ones: 0, -1, 1, -2, ..."""
    check_integer_limits(n, bits)
    return (n << 1) ^ (n >> (bits - 1))


def from_zig_zag(n: int) -> int:
    """The inverse of ``make_zig_zag``."""
    return (n >> 1) ^ -(n & 1)


def write_varint(trans: Any, n: int) -> None:
    """Write an unsigned integer, seven bits per byte, the lowest first."""
    if n < 0:
        raise TProtocolException(
            TProtocolException.INVALID_DATA, f"a varint is not negative, but this one is {n}"
        )
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    trans.write(bytes(out))


def read_varint(trans: Any) -> int:
    """Read an unsigned integer of at most 10 bytes."""
    result = 0
    for position in range(LONGEST_VARINT):
        byte = ord(trans.read(1))
        result |= (byte & 0x7F) << (7 * position)
        if not byte & 0x80:
            return result
    raise TMalformedDataException(
        TProtocolException.INVALID_DATA, f"a varint is longer than {LONGEST_VARINT} bytes"
    )


class CompactType:
    """The type ids of the compact protocol."""

    STOP = 0x00
    TRUE = 0x01
    FALSE = 0x02
    BYTE = 0x03
    I16 = 0x04
    I32 = 0x05
    I64 = 0x06
    DOUBLE = 0x07
    BINARY = 0x08
    LIST = 0x09
    SET = 0x0A
    MAP = 0x0B
    STRUCT = 0x0C


CTYPES = {
    TType.STOP: CompactType.STOP,
    TType.BOOL: CompactType.TRUE,
    TType.BYTE: CompactType.BYTE,
    TType.I16: CompactType.I16,
    TType.I32: CompactType.I32,
    TType.I64: CompactType.I64,
    TType.DOUBLE: CompactType.DOUBLE,
    TType.STRING: CompactType.BINARY,
    TType.STRUCT: CompactType.STRUCT,
    TType.LIST: CompactType.LIST,
    TType.SET: CompactType.SET,
    TType.MAP: CompactType.MAP,
    TType.BINARY: CompactType.BINARY,
}

TTYPES = {ctype: ttype for ttype, ctype in CTYPES.items()}
TTYPES[CompactType.FALSE] = TType.BOOL
