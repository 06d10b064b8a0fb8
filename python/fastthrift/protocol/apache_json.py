"""Apache Thrift's JSON protocol, as its C++, Java, Go, Node and Python libraries speak it.

A message is ``[1,"method",type,seqid,{...}]``; a struct is ``{"1":{"i32":7},...}`` with field ids
as keys and the type beside each value. What is written is byte for byte what Apache's Python
library writes, with two exceptions where that is no JSON: NaN and infinities are quoted and
control characters escaped, as the C++ library does. Bytes that are no text are refused as strings.

The codec is native.
"""

from __future__ import annotations

from typing import Any

from fastthrift._core import TApacheJSONProtocol, TApacheJSONProtocolFactory, TType
from fastthrift.protocol.base import TProtocolBase

__all__ = [
    "CTYPES",
    "JTYPES",
    "VERSION",
    "TApacheJSONProtocol",
    "TApacheJSONProtocolFactory",
    "TProtocolBase",
    "TType",
    "flatten",
]

VERSION = 1

# The names of the types in messages, thriftpy2's: it has no uuid, which is "uid". `binary` is a
# string, in base64.
CTYPES = {
    TType.BOOL: "tf",
    TType.BYTE: "i8",
    TType.I16: "i16",
    TType.I32: "i32",
    TType.I64: "i64",
    TType.DOUBLE: "dbl",
    TType.STRING: "str",
    TType.BINARY: "str",
    TType.STRUCT: "rec",
    TType.LIST: "lst",
    TType.SET: "set",
    TType.MAP: "map",
}

JTYPES = {name: ttype for ttype, name in CTYPES.items()}


def flatten(suitable_for_isinstance: Any) -> tuple[Any, ...]:
    """The items of nested tuples as one tuple."""
    if not isinstance(suitable_for_isinstance, tuple):
        return (suitable_for_isinstance,)
    return tuple(leaf for item in suitable_for_isinstance for leaf in flatten(item))
