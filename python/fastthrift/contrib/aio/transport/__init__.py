"""The asyncio transports."""

from .base import TAsyncTransportBase
from .buffered import TAsyncBufferedTransport, TAsyncBufferedTransportFactory
from .framed import TAsyncFramedTransport, TAsyncFramedTransportFactory
from .sasl import TAsyncSaslClientTransport, TAsyncSaslClientTransportFactory

__all__ = [
    "TAsyncBufferedTransport",
    "TAsyncBufferedTransportFactory",
    "TAsyncFramedTransport",
    "TAsyncFramedTransportFactory",
    "TAsyncSaslClientTransport",
    "TAsyncSaslClientTransportFactory",
    "TAsyncTransportBase",
]
