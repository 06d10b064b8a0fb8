"""A transport in memory."""

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._core import TMemoryBuffer
from fastthrift.transport.base import TTransportBase

from .cymemory import TCyMemoryBuffer

__all__ = ["TCyMemoryBuffer", "TMemoryBuffer", "TTransportBase"]
