"""The modules of Apache's ``thrift.protocol`` that have the codec of this package.

Code that says ``from thrift.protocol import TBinaryProtocol`` says ``from
fastthrift.contrib.apache.protocol import TBinaryProtocol``, and stays as it is.
"""

from __future__ import annotations

__all__ = ["TBinaryProtocol", "TCompactProtocol"]
