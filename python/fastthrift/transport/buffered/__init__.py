"""A transport that reads ahead, and holds back writes until it is flushed."""

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._core import TBufferedTransport, TBufferedTransportFactory
from fastthrift.transport.base import TTransportBase

from .cybuffered import TCyBufferedTransport, TCyBufferedTransportFactory

__all__ = [
    "TBufferedTransport",
    "TBufferedTransportFactory",
    "TCyBufferedTransport",
    "TCyBufferedTransportFactory",
    "TTransportBase",
]
