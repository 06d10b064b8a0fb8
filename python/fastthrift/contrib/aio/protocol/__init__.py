"""The asyncio protocols."""

from .base import TAsyncProtocolBase
from .binary import TAsyncBinaryProtocol, TAsyncBinaryProtocolFactory
from .compact import TAsyncCompactProtocol, TAsyncCompactProtocolFactory

__all__ = [
    "TAsyncBinaryProtocol",
    "TAsyncBinaryProtocolFactory",
    "TAsyncCompactProtocol",
    "TAsyncCompactProtocolFactory",
    "TAsyncProtocolBase",
]
