"""The protocols: how messages are written as bytes."""

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._compat import PYPY as PYPY

from .base import TProtocolBase
from .binary import TBinaryProtocol, TBinaryProtocolFactory
from .compact import TCompactProtocol, TCompactProtocolFactory
from .cybin import TCyBinaryProtocol, TCyBinaryProtocolFactory
from .multiplex import TMultiplexedProtocol, TMultiplexedProtocolFactory

__all__ = [
    "TBinaryProtocol",
    "TBinaryProtocolFactory",
    "TCompactProtocol",
    "TCompactProtocolFactory",
    "TCyBinaryProtocol",
    "TCyBinaryProtocolFactory",
    "TMultiplexedProtocol",
    "TMultiplexedProtocolFactory",
    "TProtocolBase",
]
