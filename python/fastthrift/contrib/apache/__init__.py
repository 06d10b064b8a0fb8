"""The codec for code that Apache's compiler generated (``thrift -r --gen py``).

Factories and protocols here stand in place of those of Apache's ``thrift`` package, and everything
else of a program stays as it is: generated clients and processors, transports, servers::

    from fastthrift.contrib.apache import TBinaryProtocolAcceleratedFactory

    pfactory = TBinaryProtocolAcceleratedFactory()

A protocol is one of Apache's, with all of its methods. What generated classes ask it for to be
fast, ``_fast_encode`` and ``_fast_decode``, is native code that compiles each class once.
"""

from __future__ import annotations

try:
    import thrift.protocol.TProtocol  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fastthrift.contrib.apache needs Apache's thrift package: pip install 'fastthrift[apache]'"
    ) from error

from fastthrift.contrib.apache._serving import GeneratedProcessor
from fastthrift.contrib.apache.protocol.TBinaryProtocol import (
    TBinaryProtocol,
    TBinaryProtocolAccelerated,
    TBinaryProtocolAcceleratedFactory,
    TBinaryProtocolFactory,
)
from fastthrift.contrib.apache.protocol.TCompactProtocol import (
    TCompactProtocol,
    TCompactProtocolAccelerated,
    TCompactProtocolAcceleratedFactory,
    TCompactProtocolFactory,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    # The core alone imports it: what freezes programs looks for imports in Python code.
    import fastthrift.contrib.apache._generated  # noqa: F401

__all__ = [
    "GeneratedProcessor",
    "TBinaryProtocol",
    "TBinaryProtocolAccelerated",
    "TBinaryProtocolAcceleratedFactory",
    "TBinaryProtocolFactory",
    "TCompactProtocol",
    "TCompactProtocolAccelerated",
    "TCompactProtocolAcceleratedFactory",
    "TCompactProtocolFactory",
]
