"""The transports: where the bytes of messages come from and go to."""

from fastthrift._compat import CYTHON as CYTHON

from .base import TTransportBase, TTransportException
from .buffered import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TCyBufferedTransport,
    TCyBufferedTransportFactory,
)
from .framed import (
    TCyFramedTransport,
    TCyFramedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
)
from .memory import TCyMemoryBuffer, TMemoryBuffer
from .socket import TServerSocket, TSocket

__all__ = [
    "TBufferedTransport",
    "TBufferedTransportFactory",
    "TCyBufferedTransport",
    "TCyBufferedTransportFactory",
    "TCyFramedTransport",
    "TCyFramedTransportFactory",
    "TCyMemoryBuffer",
    "TFramedTransport",
    "TFramedTransportFactory",
    "TMemoryBuffer",
    "TServerSocket",
    "TSocket",
    "TTransportBase",
    "TTransportException",
]
