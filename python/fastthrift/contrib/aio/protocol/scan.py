"""Where a value ends: what the async protocols have to know before they can decode it.

The native codec decodes values whose bytes are all there. On a stream, something has to say how
many more bytes to wait for, without taking one that belongs to the next message. That is all
these generators do. Each yields how many bytes it needs next, is sent exactly those, and returns
at the end of the value. It looks at nothing but types and sizes, and where these are wrong (an
unknown type, a negative size, too many levels) it returns early: the codec, given the bytes up to
there, finds the same mistake and has the words for it.

There is no recursion: ``todo`` holds what is left to do on every level, which is either
``_FIELDS``, more fields of a struct, or ``Elements``, those of a container that are to come.

Python is slow at this. Before elements, a scan therefore yields the ``Elements`` themselves, and is
sent how many of them its driver could pass over natively, among the bytes that have arrived.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from struct import Struct
from typing import Any

from fastthrift.protocol.binary import VERSION_1, VERSION_MASK
from fastthrift.protocol.compact import CompactType
from fastthrift.thrift import TType


class Elements(ABC):
    """Elements of a container that are to come: their wire types, two of them in a map."""

    __slots__ = ("_turn", "left", "most", "types")

    def __init__(self, types: tuple[int, ...], left: int) -> None:
        self.types = types
        self.left = left
        # For the driver: how many to try to pass over next.
        self.most = 16
        self._turn = 0

    @property
    def between(self) -> bool:
        """Whether the next thing is the start of an element."""
        return self._turn == 0

    def following(self) -> int | None:
        """The type of what comes next; None after the last element."""
        if not self.left:
            return None
        wire_type = self.types[self._turn]
        self._turn = (self._turn + 1) % len(self.types)
        if self._turn == 0:
            self.left -= 1
        return wire_type

    @property
    def ttype(self) -> int:
        """The ``TType`` of a container of such elements."""
        return TType.LIST if len(self.types) == 1 else TType.MAP

    @abstractmethod
    def header(self, count: int) -> bytes:
        """What a container of so many of them would start with."""


# Sent are the bytes that were asked for, or the number of elements that were passed over.
Scan = Generator[int | Elements, Any, None]

_I32 = Struct("!i")
_LIST = Struct("!bi")
_MAP = Struct("!bbi")

_UUID = 16

# Levels that the codec allows at most, whatever is asked for.
_DEEPEST = 512

# Fewer elements are looked at one by one.
_FEW = 8

_FIELDS = None


@dataclass(frozen=True)
class Bounds:
    """The limits of a protocol: levels, and bytes."""

    depth: int
    string: int
    message: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", min(self.depth, _DEEPEST))


@dataclass(frozen=True)
class Scanner:
    """The scans of one protocol."""

    # Takes `strict_read` and the bounds.
    message: Callable[[bool, Bounds], Scan]
    # Takes a TType and the bounds.
    value: Callable[[int, Bounds], Scan]


_SIZES = {
    TType.BOOL: 1,
    TType.BYTE: 1,
    TType.DOUBLE: 8,
    TType.I16: 2,
    TType.I32: 4,
    TType.I64: 8,
    _UUID: 16,
}


class _BinaryElements(Elements):
    __slots__ = ()

    def header(self, count: int) -> bytes:
        if len(self.types) == 1:
            return _LIST.pack(*self.types, count)
        return _MAP.pack(*self.types, count)


def _binary_bytes(bounds: Bounds) -> Generator[int, bytes, bool]:
    """A string; False when its size is wrong."""
    (size,) = _I32.unpack((yield 4))
    if not 0 <= size <= bounds.string:
        return False
    if size:
        yield size
    return True


def binary_message(strict: bool, bounds: Bounds) -> Scan:
    """The header of a message."""
    (version,) = _I32.unpack((yield 4))
    if version < 0:
        if version & VERSION_MASK == VERSION_1 and (yield from _binary_bytes(bounds)):
            yield 4
    elif not strict and version <= bounds.string:
        # The size of the name, then the type and the sequence id.
        yield version + 5


def binary_value(ttype: int, bounds: Bounds) -> Scan:
    """A value of a type."""
    wire_type = TType.STRING if ttype == TType.BINARY else ttype
    todo: list[Elements | None] = [_BinaryElements((wire_type,), 1)]
    while todo:
        level = todo[-1]
        if level is _FIELDS:
            wire_type = (yield 1)[0]
            if wire_type == TType.STOP:
                todo.pop()
                continue
            yield 2
        else:
            if level.left > _FEW and level.between:
                level.left -= yield level
            following = level.following()
            if following is None:
                todo.pop()
                continue
            wire_type = following

        fixed = _SIZES.get(wire_type)
        if fixed:
            yield fixed
        elif wire_type == TType.STRING:
            if not (yield from _binary_bytes(bounds)):
                return
        elif wire_type == TType.STRUCT:
            if len(todo) > bounds.depth:
                return
            todo.append(_FIELDS)
        elif wire_type in (TType.LIST, TType.SET):
            element, count = _LIST.unpack((yield 5))
            if not 0 <= count <= bounds.message or len(todo) > bounds.depth:
                return
            fixed = _SIZES.get(element)
            if not fixed:
                todo.append(_BinaryElements((element,), count))
            elif count:
                yield count * fixed
        elif wire_type == TType.MAP:
            key, value, count = _MAP.unpack((yield 6))
            if not 0 <= count <= bounds.message or len(todo) > bounds.depth:
                return
            todo.append(_BinaryElements((key, value), count))
        else:
            return


_PROTOCOL_ID = 0x82
_VERSION = 1
_VERSION_MASK = 0x1F
_LONG_LIST = 15
_LONGEST_VARINT = 10
# All bytes of a varint but the last one.
_CONTINUED = bytes(range(0x80, 0x100))

_BOOLS = (CompactType.TRUE, CompactType.FALSE)
_INTEGERS = (CompactType.I16, CompactType.I32, CompactType.I64)
_COMPACT_UUID = 13
# Of elements; a field that is a bool has its value in the header.
_COMPACT_SIZES = {
    CompactType.TRUE: 1,
    CompactType.FALSE: 1,
    CompactType.BYTE: 1,
    CompactType.DOUBLE: 8,
    _COMPACT_UUID: 16,
}

_COMPACT_TYPES = {
    TType.BOOL: CompactType.TRUE,
    TType.BYTE: CompactType.BYTE,
    TType.I16: CompactType.I16,
    TType.I32: CompactType.I32,
    TType.I64: CompactType.I64,
    TType.DOUBLE: CompactType.DOUBLE,
    TType.STRING: CompactType.BINARY,
    TType.BINARY: CompactType.BINARY,
    TType.LIST: CompactType.LIST,
    TType.SET: CompactType.SET,
    TType.MAP: CompactType.MAP,
    TType.STRUCT: CompactType.STRUCT,
    _UUID: _COMPACT_UUID,
}


class _CompactElements(Elements):
    __slots__ = ()

    def header(self, count: int) -> bytes:
        size = bytearray()
        while count > 0x7F:
            size.append(count & 0x7F | 0x80)
            count >>= 7
        size.append(count)
        if len(self.types) == 1:
            return bytes([_LONG_LIST << 4 | self.types[0], *size])
        return bytes([*size, self.types[0] << 4 | self.types[1]])


def _varint() -> Generator[int, bytes, int]:
    """An unsigned number; -1 when it is too long."""
    result = 0
    for position in range(_LONGEST_VARINT):
        byte = (yield 1)[0]
        result |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return result
    return -1


def _varints(count: int) -> Generator[int, bytes, None]:
    """Several numbers: every one takes a byte at least, so that many can be asked for at once."""
    while count:
        count -= len((yield count).translate(None, _CONTINUED))


def _compact_bytes(bounds: Bounds) -> Generator[int, bytes, bool]:
    """A string; False when its size is wrong."""
    size = yield from _varint()
    if not 0 <= size <= bounds.string:
        return False
    if size:
        yield size
    return True


def compact_message(strict: bool, bounds: Bounds) -> Scan:
    """The header of a message."""
    if (yield 1)[0] != _PROTOCOL_ID or (yield 1)[0] & _VERSION_MASK != _VERSION:
        return
    if (yield from _varint()) >= 0:
        yield from _compact_bytes(bounds)


def compact_value(ttype: int, bounds: Bounds) -> Scan:
    """A value of a type."""
    wire_type = _COMPACT_TYPES.get(ttype, -1)
    todo: list[Elements | None] = [_CompactElements((wire_type,), 1)]
    while todo:
        level = todo[-1]
        if level is _FIELDS:
            header = (yield 1)[0]
            wire_type = header & 0x0F
            if wire_type == CompactType.STOP:
                todo.pop()
                continue
            if header < 0x10 and (yield from _varint()) < 0:
                return
            if wire_type in _BOOLS:
                continue
        else:
            if level.left > _FEW and level.between:
                level.left -= yield level
            following = level.following()
            if following is None:
                todo.pop()
                continue
            wire_type = following

        fixed = _COMPACT_SIZES.get(wire_type)
        if fixed:
            yield fixed
        elif wire_type in _INTEGERS:
            if (yield from _varint()) < 0:
                return
        elif wire_type == CompactType.BINARY:
            if not (yield from _compact_bytes(bounds)):
                return
        elif wire_type == CompactType.STRUCT:
            if len(todo) > bounds.depth:
                return
            todo.append(_FIELDS)
        elif wire_type in (CompactType.LIST, CompactType.SET):
            header = (yield 1)[0]
            element, count = header & 0x0F, header >> 4
            if count == _LONG_LIST:
                count = yield from _varint()
            if not 0 <= count <= bounds.message or len(todo) > bounds.depth:
                return
            fixed = _COMPACT_SIZES.get(element)
            if element in _INTEGERS:
                yield from _varints(count)
            elif not fixed:
                todo.append(_CompactElements((element,), count))
            elif count:
                yield count * fixed
        elif wire_type == CompactType.MAP:
            count = yield from _varint()
            if not 0 <= count <= bounds.message or len(todo) > bounds.depth:
                return
            if count:
                types = (yield 1)[0]
                todo.append(_CompactElements((types >> 4, types & 0x0F), count))
        else:
            return


BINARY = Scanner(binary_message, binary_value)
COMPACT = Scanner(compact_message, compact_value)
