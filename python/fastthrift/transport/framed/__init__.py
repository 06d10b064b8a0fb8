"""A transport that sends each message as a frame: its length (i32), then its bytes."""

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._core import TBufferedTransport, TFramedTransport, TFramedTransportFactory
from fastthrift.transport.base import TTransportBase, readall

from .cyframed import TCyFramedTransport, TCyFramedTransportFactory

__all__ = [
    "TBufferedTransport",
    "TCyFramedTransport",
    "TCyFramedTransportFactory",
    "TFramedTransport",
    "TFramedTransportFactory",
    "TTransportBase",
    "readall",
]
