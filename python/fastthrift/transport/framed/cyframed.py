"""The framed transport under the names of thriftpy2's Cython module."""

from fastthrift._core import TFramedTransport as TCyFramedTransport
from fastthrift._core import TFramedTransportFactory as TCyFramedTransportFactory
from fastthrift.transport.base import TTransportException

__all__ = ["TCyFramedTransport", "TCyFramedTransportFactory", "TTransportException"]
