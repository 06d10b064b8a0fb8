"""Whole payloads to bytes and back, and hex dumps."""

from __future__ import annotations

from fastthrift._core import deserialize, serialize
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.transport import TMemoryBuffer

__all__ = [
    "TBinaryProtocolFactory",
    "TMemoryBuffer",
    "TProtocolFactory",
    "deserialize",
    "hexlify",
    "hexprint",
    "serialize",
]


def hexlify(byte_array: bytes, delimeter: str = " ") -> str:
    """The bytes as two hexadecimal digits each."""
    return delimeter.join(f"{byte:02x}" for byte in byte_array)


def hexprint(byte_array: bytes, delimeter: str = " ", count: int = 10) -> None:
    """Print the bytes, and below them in hexadecimal, ``count`` to a line."""
    print("Bytes:")
    print(byte_array)
    print("\nHex:")
    for start in range(0, len(byte_array), count):
        print(hexlify(byte_array[start : start + count], delimeter))
