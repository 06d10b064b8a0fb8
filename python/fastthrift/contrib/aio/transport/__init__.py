"""The asyncio transports."""

from .base import TAsyncTransportBase
from .buffered import TAsyncBufferedTransport, TAsyncBufferedTransportFactory
from .compressed import TAsyncZlibTransport, TAsyncZlibTransportFactory
from .framed import TAsyncFramedTransport, TAsyncFramedTransportFactory
from .header import TAsyncHeaderTransport, TAsyncHeaderTransportFactory
from .sasl import TAsyncSaslClientTransport, TAsyncSaslClientTransportFactory

__all__ = [
    "TAsyncBufferedTransport",
    "TAsyncBufferedTransportFactory",
    "TAsyncFramedTransport",
    "TAsyncFramedTransportFactory",
    "TAsyncHeaderTransport",
    "TAsyncHeaderTransportFactory",
    "TAsyncSaslClientTransport",
    "TAsyncSaslClientTransportFactory",
    "TAsyncTransportBase",
    "TAsyncZlibTransport",
    "TAsyncZlibTransportFactory",
]
