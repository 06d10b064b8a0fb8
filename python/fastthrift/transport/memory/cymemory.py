"""The memory buffer under the name of thriftpy2's Cython module."""

from fastthrift._core import TMemoryBuffer as TCyMemoryBuffer

__all__ = ["TCyMemoryBuffer"]
