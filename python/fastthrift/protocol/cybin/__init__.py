"""The binary protocol under the names of thriftpy2's Cython module."""

from .cybin import (
    BIN_TYPES,
    DEFAULT_MAX_DEPTH,
    ProtocolError,
    TCyBinaryProtocol,
    TCyBinaryProtocolFactory,
    TDecodeException,
    read_val,
    skip,
    write_val,
)

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
