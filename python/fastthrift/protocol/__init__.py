"""The protocols: how messages are written as bytes."""

from typing import TYPE_CHECKING, Any

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._compat import PYPY as PYPY
from fastthrift._lazy import lazy_attribute

from .base import TProtocolBase
from .binary import TBinaryProtocol, TBinaryProtocolFactory
from .compact import TCompactProtocol, TCompactProtocolFactory
from .cybin import TCyBinaryProtocol, TCyBinaryProtocolFactory
from .multiplex import TMultiplexedProtocol, TMultiplexedProtocolFactory

if TYPE_CHECKING:
    from .apache_json import TApacheJSONProtocol, TApacheJSONProtocolFactory
    from .header import THeaderProtocol, THeaderProtocolFactory
    from .json import TJSONProtocol, TJSONProtocolFactory

__all__ = [
    "TApacheJSONProtocol",
    "TApacheJSONProtocolFactory",
    "TBinaryProtocol",
    "TBinaryProtocolFactory",
    "TCompactProtocol",
    "TCompactProtocolFactory",
    "TCyBinaryProtocol",
    "TCyBinaryProtocolFactory",
    "THeaderProtocol",
    "THeaderProtocolFactory",
    "TJSONProtocol",
    "TJSONProtocolFactory",
    "TMultiplexedProtocol",
    "TMultiplexedProtocolFactory",
    "TProtocolBase",
]

# Imported when first asked for: most programs speak no JSON.
_LAZY = {
    "TApacheJSONProtocol": "apache_json",
    "TApacheJSONProtocolFactory": "apache_json",
    "THeaderProtocol": "header",
    "THeaderProtocolFactory": "header",
    "TJSONProtocol": "json",
    "TJSONProtocolFactory": "json",
    "apache_json": "",
    "header": "",
    "json": "",
}


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _LAZY, name)
