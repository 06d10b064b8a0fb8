"""The buffered transport under the names of thriftpy2's Cython module."""

from fastthrift._core import TBufferedTransport as TCyBufferedTransport
from fastthrift._core import TBufferedTransportFactory as TCyBufferedTransportFactory
from fastthrift.transport.base import TTransportException

__all__ = ["TCyBufferedTransport", "TCyBufferedTransportFactory", "TTransportException"]
