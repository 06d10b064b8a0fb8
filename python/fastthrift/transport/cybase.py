"""The base class of the native transports, under the name of thriftpy2's Cython module."""

from fastthrift._core import CyTransportBase

__all__ = ["CyTransportBase"]
