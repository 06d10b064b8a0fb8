"""The binary protocol under the names of thriftpy2's Cython module."""

from __future__ import annotations

from typing import Any

from fastthrift._core import TType
from fastthrift._exceptions import TDecodeException
from fastthrift.protocol import binary
from fastthrift.protocol.binary import (
    DEFAULT_MAX_DEPTH,
    TBinaryProtocol,
    TBinaryProtocolFactory,
)
from fastthrift.protocol.exc import ProtocolError

__all__ = [
    "BIN_TYPES",
    "DEFAULT_MAX_DEPTH",
    "ProtocolError",
    "TCyBinaryProtocol",
    "TCyBinaryProtocolFactory",
    "TDecodeException",
    "read_val",
    "skip",
    "write_val",
]

BIN_TYPES = (TType.BINARY, TType.STRING)

TCyBinaryProtocol = TBinaryProtocol
TCyBinaryProtocolFactory = TBinaryProtocolFactory


def skip(buf: Any, ttype: int) -> None:
    """Read a value of a type from a transport and forget it."""
    binary.skip(buf, ttype)


def read_val(
    buf: Any, ttype: int, decode_response: bool = True, strict_decode: bool = False
) -> Any:
    """Read a value of a base type from a transport."""
    return binary.read_val(buf, ttype, None, decode_response, strict_decode)


def write_val(buf: Any, ttype: int, val: Any, spec: Any = None) -> None:
    """Write a value to a transport; ``spec`` describes containers as in a ``thrift_spec``."""
    binary.write_val(buf, ttype, val, spec)
