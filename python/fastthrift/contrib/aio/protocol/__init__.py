"""The asyncio protocols."""

from .apache_json import TAsyncApacheJSONProtocol, TAsyncApacheJSONProtocolFactory
from .base import TAsyncProtocolBase
from .binary import TAsyncBinaryProtocol, TAsyncBinaryProtocolFactory
from .compact import TAsyncCompactProtocol, TAsyncCompactProtocolFactory
from .header import TAsyncHeaderProtocol, TAsyncHeaderProtocolFactory
from .json import TAsyncJSONProtocol, TAsyncJSONProtocolFactory

__all__ = [
    "TAsyncApacheJSONProtocol",
    "TAsyncApacheJSONProtocolFactory",
    "TAsyncBinaryProtocol",
    "TAsyncBinaryProtocolFactory",
    "TAsyncCompactProtocol",
    "TAsyncCompactProtocolFactory",
    "TAsyncHeaderProtocol",
    "TAsyncHeaderProtocolFactory",
    "TAsyncJSONProtocol",
    "TAsyncJSONProtocolFactory",
    "TAsyncProtocolBase",
]
