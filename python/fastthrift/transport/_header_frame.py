"""The frames of THeader; the core reads and writes them.

After its length a frame has the magic number 0x0FFF, flags, a sequence id, and the size of its
header in words of four bytes; then the header: the protocol of the message, how it was
transformed, and keys with values; then the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastthrift._core import detect, read_header_frame, write_header_frame

#: The transform that there is.
ZLIB = 1

# The bytes that a frame is known by.
_MAGIC = 2


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
    return detect(bytes(frame[:_MAGIC])) == ("THeader", False)


def read_frame(frame: bytes, limit: int) -> HeaderFrame:
    """What a frame holds, given without its length. Raises ``TTransportException`` for one that is
    broken or holds more than ``limit`` bytes."""
    payload, protocol, flags, sequence, zlib, *pairs = read_header_frame(bytes(frame), limit)
    return HeaderFrame(payload, protocol, flags, sequence, [ZLIB] if zlib else [], *pairs)


def write_frame(frame: HeaderFrame) -> bytes:
    """A frame as bytes, without its length. Raises ``TTransportException`` of type ``SIZE_LIMIT``
    for keys and values that are more than a header can hold."""
    numbers = frame.protocol_id, frame.flags, frame.sequence_id, bool(frame.transforms)
    return write_header_frame(frame.payload, numbers, frame.headers, frame.persistent)
