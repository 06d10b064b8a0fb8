"""Whole payloads to bytes and back, and hex dumps."""

from __future__ import annotations

from typing import Any, TypeVar

from fastthrift import _core
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.protocol.binary import TBinaryProtocolFactory

_BINARY = TBinaryProtocolFactory()

Payload = TypeVar("Payload")


def serialize(thrift_object: Any, proto_factory: TProtocolFactory = _BINARY) -> bytes:
    """The payload as bytes, without a message around it."""
    return _core.serialize(thrift_object, proto_factory)


def deserialize(
    thrift_object: Payload, buf: bytes, proto_factory: TProtocolFactory = _BINARY
) -> Payload:
    """Fill ``thrift_object`` from bytes and return it. Bytes after its end are ignored."""
    _core.deserialize(thrift_object, buf, proto_factory)
    return thrift_object


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
