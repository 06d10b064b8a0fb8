"""The SASL transport under the names of thriftpy2's Cython module."""

from fastthrift.transport.base import TTransportException, readall
from fastthrift.transport.cybase import CyTransportBase

from . import TSaslClientTransport as TCySaslClientTransport
from . import TSaslClientTransportFactory as TCySaslClientTransportFactory

__all__ = [
    "CyTransportBase",
    "TCySaslClientTransport",
    "TCySaslClientTransportFactory",
    "TTransportException",
    "readall",
]
