"""Thrift bytes written by hand, for messages that no correct encoder produces.

`BINARY` and `COMPACT` have the same methods, so that one test covers both protocols.
"""

from __future__ import annotations

import struct
from typing import ClassVar

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = (
    2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15,
)  # fmt: skip

#: Each type, and the shortest bytes of a value of it are `wire.value(ttype, ZEROS[ttype])`.
ZEROS = {BOOL: False, BYTE: 0, DOUBLE: 0.0, I16: 0, I32: 0, I64: 0, STRING: b""}


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63))


class BinaryWire:
    name = "binary"
    stop = b"\0"

    _FORMATS: ClassVar = {BOOL: ">?", BYTE: ">b", DOUBLE: ">d", I16: ">h", I32: ">i", I64: ">q"}

    def value(self, ttype: int, value: object) -> bytes:
        """A value of a base type."""
        if ttype == STRING:
            return self.size(len(value)) + value
        return struct.pack(self._FORMATS[ttype], value)

    def size(self, size: int) -> bytes:
        """The size of a string, negative ones included."""
        return struct.pack(">i", size)

    def field(self, ttype: int, fid: int, body: bytes | bool) -> bytes:
        """A field; `body` is the bytes of its value, or the value itself of a bool."""
        if ttype == BOOL:
            body = self.value(BOOL, body)
        return struct.pack(">bh", ttype, fid) + body

    def raw_field(self, code: int, fid: int) -> bytes:
        """The header of a field of the wire type `code`, which may be none that exists."""
        return struct.pack(">Bh", code, fid)

    def list(self, ttype: int, size: int) -> bytes:
        """The header of a list or set."""
        return struct.pack(">bi", ttype, size)

    def raw_list(self, code: int, size: int) -> bytes:
        return struct.pack(">Bi", code, size)

    def map(self, key: int, value: int, size: int) -> bytes:
        """The header of a map."""
        return struct.pack(">bbi", key, value, size)

    def struct(self, *fields: bytes) -> bytes:
        return b"".join(fields) + self.stop


class CompactWire:
    name = "compact"
    stop = b"\0"

    _CODES: ClassVar = {
        BOOL: 1, BYTE: 3, I16: 4, I32: 5, I64: 6, DOUBLE: 7, STRING: 8,
        LIST: 9, SET: 10, MAP: 11, STRUCT: 12,
    }  # fmt: skip

    def value(self, ttype: int, value: object) -> bytes:
        if ttype == BOOL:
            return b"\1" if value else b"\2"
        if ttype == BYTE:
            return struct.pack("b", value)
        if ttype == DOUBLE:
            return struct.pack("<d", value)
        if ttype == STRING:
            return self.size(len(value)) + value
        return zigzag(value)

    def size(self, size: int) -> bytes:
        # A negative size is what a 32-bit reader makes of the top half of the varint's range.
        return varint(size & 0xFFFFFFFF)

    def field(self, ttype: int, fid: int, body: bytes | bool) -> bytes:
        if ttype == BOOL:
            return bytes([1 if body else 2]) + zigzag(fid)
        return bytes([self._CODES[ttype]]) + zigzag(fid) + body

    def raw_field(self, code: int, fid: int) -> bytes:
        return bytes([code]) + zigzag(fid)

    def list(self, ttype: int, size: int) -> bytes:
        return self.raw_list(self._CODES[ttype], size)

    def raw_list(self, code: int, size: int) -> bytes:
        if 0 <= size < 15:
            return bytes([size << 4 | code])
        return bytes([0xF0 | code]) + self.size(size)

    def map(self, key: int, value: int, size: int) -> bytes:
        if size == 0:
            return b"\0"
        return self.size(size) + bytes([self._CODES[key] << 4 | self._CODES[value]])

    def struct(self, *fields: bytes) -> bytes:
        return b"".join(fields) + self.stop


BINARY = BinaryWire()
COMPACT = CompactWire()
WIRES = {"binary": BINARY, "compact": COMPACT}
