"""Thrift over HTTP for asyncio.

The client is one of aiohttp, and needs the extra ``fastthrift[aio-http]``; this module can be
imported without it. The server needs nothing, and reads requests as ``fastthrift.http`` does.
"""

from __future__ import annotations

from typing import Any

# Found here as in thriftpy2.contrib.aio.http.
from fastthrift.http._common import DEFAULT_HTTP_CLIENT_TIMEOUT_MS, HTTP_URI
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.transport import TTransportException

from ..client import TAsyncClient
from ..processor import TAsyncProcessor
from ..protocol.binary import TAsyncBinaryProtocolFactory
from ..transport.base import TAsyncTransportBase
from ..transport.memory import TAsyncMemoryBuffer
from ._errors import KINDS, kinds, load
from .client import (
    TAsyncHttpClient,
    TAsyncHttpHeaderFactory,
    client_context,
    make_client,
)
from .server import TAsyncHttpServer, make_server

__all__ = [
    "DEFAULT_HTTP_CLIENT_TIMEOUT_MS",
    "HTTP_URI",
    "TAsyncBinaryProtocolFactory",
    "TAsyncClient",
    "TAsyncHttpClient",
    "TAsyncHttpHeaderFactory",
    "TAsyncHttpServer",
    "TAsyncMemoryBuffer",
    "TAsyncProcessor",
    "TAsyncTransportBase",
    "TProtocolFactory",
    "TTransportException",
    "client_context",
    "make_client",
    "make_server",
]


def __getattr__(name: str) -> Any:
    if name in KINDS:
        return getattr(kinds(), KINDS[name])
    if name == "aiohttp":
        return load("aiohttp")
    if name == "web":
        return load("aiohttp.web")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
