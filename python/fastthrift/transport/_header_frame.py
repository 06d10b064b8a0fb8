"""The frames of THeader, as rules over bytes: nothing here waits or moves them.

After its length a frame has the magic number 0x0FFF, flags, a sequence id, and the size of its
header in words of four bytes; then the header: the protocol of the message, how it was
transformed, and keys with values, padded with zeros; then the message. Numbers in the header are
varints, texts have their length before them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .base import TTransportException

MAGIC = 0x0FFF
#: Of transforms: the one that there is, and others that are told of by name.
ZLIB = 1
_OTHER_TRANSFORMS = {2: "hmac", 3: "snappy", 4: "qlz", 5: "zstd"}
# Of what the header says: keys with values for this message, and for all that follow.
_KEY_VALUE = 1
_PERSISTENT_KEY_VALUE = 2

# After the length: magic, flags, sequence id, words of the header.
_FIXED = struct.Struct(">HHIH")
_WORD = 4
_LARGEST_HEADER = 0xFFFF * _WORD
# A varint of 32 bits.
_LONGEST_VARINT = 5


@dataclass
class HeaderFrame:
    """What a frame holds."""

    payload: bytes
    protocol_id: int = 0
    flags: int = 0
    sequence_id: int = 0
    transforms: list[int] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    persistent: dict[bytes, bytes] = field(default_factory=dict)


def is_header_frame(frame: bytes) -> bool:
    """Whether a frame, without its length, is one of THeader."""
    return frame[:2] == b"\x0f\xff"


def transform_name(transform: int) -> str:
    """A transform as an error tells of it."""
    name = _OTHER_TRANSFORMS.get(transform)
    return f"{transform} ({name})" if name else str(transform)


def refused_transform(transform: int) -> str:
    """What is said of a transform that there is not."""
    return f"transform {transform_name(transform)} of THeader is not known here: there is 1 (zlib)"


def read_frame(frame: bytes, limit: int) -> HeaderFrame:
    """What a frame holds, given without its length. Raises ``TTransportException`` for one that is
    broken or holds more than ``limit`` bytes."""
    if len(frame) < _FIXED.size:
        raise _broken(f"a frame of {len(frame)} bytes, which is less than its header has")
    _, flags, sequence_id, words = _FIXED.unpack_from(frame)
    end = _FIXED.size + words * _WORD
    if end > len(frame):
        raise _broken(
            f"a header of {words * _WORD} bytes in a frame that has {len(frame) - _FIXED.size}"
        )
    header = _Header(frame, _FIXED.size, end)
    protocol_id = header.varint()
    transforms = []
    for _ in range(header.count(1)):
        transform = header.varint()
        if transform != ZLIB:
            raise TTransportException(TTransportException.UNKNOWN, refused_transform(transform))
        transforms.append(transform)
    if len(transforms) > 1:
        raise _broken("the transform zlib more than once")
    pairs: dict[int, dict[bytes, bytes]] = {_KEY_VALUE: {}, _PERSISTENT_KEY_VALUE: {}}
    # Zeros fill the last word; what is not known here has no length that could be skipped.
    while (not header.is_over()) and (known := pairs.get(header.varint())) is not None:
        for _ in range(header.count(2)):
            key = header.text()
            known[key] = header.text()
    payload = frame[end:]
    if transforms:
        payload = _decompressed(payload, limit)
    return HeaderFrame(
        payload,
        protocol_id,
        flags,
        sequence_id,
        transforms,
        pairs[_KEY_VALUE],
        pairs[_PERSISTENT_KEY_VALUE],
    )


def write_frame(frame: HeaderFrame) -> bytes:
    """A frame as bytes, without its length. Raises ``TTransportException`` of type ``SIZE_LIMIT``
    for keys and values that are more than a header can hold."""
    payload = frame.payload
    header = bytearray(_varint(frame.protocol_id) + _varint(len(frame.transforms)))
    for transform in frame.transforms:
        header += _varint(transform)
        payload = _WRITE[transform](payload)
    for kind, pairs in ((_PERSISTENT_KEY_VALUE, frame.persistent), (_KEY_VALUE, frame.headers)):
        header += _pairs(kind, pairs)
    header += bytes(-len(header) % _WORD)
    if len(header) > _LARGEST_HEADER:
        raise TTransportException(
            TTransportException.SIZE_LIMIT,
            f"headers of {len(header)} bytes: a message of THeader may have {_LARGEST_HEADER}",
        )
    fixed = _FIXED.pack(MAGIC, frame.flags, frame.sequence_id, len(header) // _WORD)
    return b"".join((fixed, header, payload))


_WRITE: dict[int, Callable[[bytes], bytes]] = {ZLIB: zlib.compress}


def _pairs(kind: int, pairs: Mapping[bytes, bytes]) -> bytes:
    if not pairs:
        return b""
    texts = (text for pair in pairs.items() for text in pair)
    return (
        _varint(kind) + _varint(len(pairs)) + b"".join(_varint(len(text)) + text for text in texts)
    )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class _Header:
    """The header of a frame, read from its start to its end."""

    def __init__(self, frame: bytes, position: int, end: int) -> None:
        self._frame = frame
        self._position = position
        self._end = end

    def is_over(self) -> bool:
        return self._position >= self._end

    def varint(self) -> int:
        value = 0
        for index in range(_LONGEST_VARINT):
            if self.is_over():
                raise _broken("a header that ends within a number")
            byte = self._frame[self._position]
            self._position += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte <= 0x7F:
                return value
        raise _broken("a number of more than 32 bits")

    def count(self, least: int) -> int:
        """How many things follow, of at least so many bytes each."""
        count = self.varint()
        if count * least > self._end - self._position:
            raise _broken(
                f"{count} entries in the {self._end - self._position} bytes that are left"
            )
        return count

    def text(self) -> bytes:
        size = self.count(1)
        self._position += size
        return self._frame[self._position - size : self._position]


def _decompressed(payload: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(payload, limit + 1)
    except zlib.error as error:
        raise _broken(f"a message that is not compressed with zlib as it says ({error})") from error
    if len(data) > limit:
        raise TTransportException(
            TTransportException.SIZE_LIMIT,
            f"a message of THeader that has more than {limit} bytes when it is decompressed; "
            "max_frame_size allows more",
        )
    if not stream.eof:
        raise _broken("a compressed message that ends too early")
    return data


def _broken(what: str) -> TTransportException:
    return TTransportException(
        TTransportException.UNKNOWN, f"the frame of THeader is broken: it has {what}"
    )
