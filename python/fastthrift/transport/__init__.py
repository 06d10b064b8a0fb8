"""The transports: where the bytes of messages come from and go to."""

from typing import TYPE_CHECKING, Any

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._lazy import lazy_attribute

from .base import TTransportBase, TTransportException
from .buffered import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TCyBufferedTransport,
    TCyBufferedTransportFactory,
)
from .framed import (
    TCyFramedTransport,
    TCyFramedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
)
from .memory import TCyMemoryBuffer, TMemoryBuffer
from .socket import TServerSocket, TSocket

if TYPE_CHECKING:
    from . import cybase as cybase
    from ._compressed import TZlibTransport, TZlibTransportFactory
    from ._ssl import create_thriftpy_context
    from .header import THeaderTransport, THeaderTransportFactory
    from .sasl import (
        TCySaslClientTransport,
        TCySaslClientTransportFactory,
        TSaslClientTransport,
        TSaslClientTransportFactory,
    )
    from .sslsocket import TSSLServerSocket, TSSLSocket

__all__ = [
    "TBufferedTransport",
    "TBufferedTransportFactory",
    "TCyBufferedTransport",
    "TCyBufferedTransportFactory",
    "TCyFramedTransport",
    "TCyFramedTransportFactory",
    "TCyMemoryBuffer",
    "TCySaslClientTransport",
    "TCySaslClientTransportFactory",
    "TFramedTransport",
    "TFramedTransportFactory",
    "THeaderTransport",
    "THeaderTransportFactory",
    "TMemoryBuffer",
    "TSSLServerSocket",
    "TSSLSocket",
    "TSaslClientTransport",
    "TSaslClientTransportFactory",
    "TServerSocket",
    "TSocket",
    "TTransportBase",
    "TTransportException",
    "TZlibTransport",
    "TZlibTransportFactory",
    "create_thriftpy_context",
]

# Imported when first asked for: `ssl` takes longer to import than everything else here.
_LAZY = {
    "TCySaslClientTransport": "sasl",
    "TCySaslClientTransportFactory": "sasl",
    "THeaderTransport": "header",
    "THeaderTransportFactory": "header",
    "TSSLServerSocket": "sslsocket",
    "TSSLSocket": "sslsocket",
    "TSaslClientTransport": "sasl",
    "TSaslClientTransportFactory": "sasl",
    "TZlibTransport": "_compressed",
    "TZlibTransportFactory": "_compressed",
    "_ssl": "",
    "create_thriftpy_context": "_ssl",
    "cybase": "",
    "header": "",
    "sasl": "",
    "sslsocket": "",
}


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _LAZY, name)
