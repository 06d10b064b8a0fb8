"""Apache Thrift's JSON protocol, as its C++, Java, Go, Node and Python libraries speak it.

A message is ``[1,"method",type,seqid,{...}]``; a struct is ``{"1":{"i32":7},...}`` with field ids
as keys and the type beside each value. What is written is byte for byte what Apache's Python
library writes, with two exceptions where that is no JSON: NaN and infinities are quoted and
control characters escaped, as the C++ library does. Bytes that are no text are refused as strings.

The codec is native.
"""

from __future__ import annotations

from typing import Any

from fastthrift._core import TYPES, TApacheJSONProtocol, TApacheJSONProtocolFactory, TType
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

# The names of the types in messages. `binary` is a string, in base64. The types are thriftpy2's,
# which has none that came later, as uuids did.
CTYPES = {
    ttype: name
    for ttype, (_, name, _) in TYPES.items()
    if ttype < TType.UTF8 or ttype == TType.BINARY
}

JTYPES = {name: ttype for ttype, name in CTYPES.items()}


def flatten(suitable_for_isinstance: Any) -> tuple[Any, ...]:
    """The items of nested tuples as one tuple."""
    if not isinstance(suitable_for_isinstance, tuple):
        return (suitable_for_isinstance,)
    return tuple(leaf for item in suitable_for_isinstance for leaf in flatten(item))
