"""Thrift over HTTP: each call is a POST, its answer the response's body.

A server::

    server = make_server(pingpong.PingService, Dispatcher(), host="127.0.0.1", port=6000)
    server.serve()

A client::

    with client_context(pingpong.PingService, url="http://127.0.0.1:6000/") as client:
        client.ping()

For https pass ``scheme="https"``, or a ``url`` that says so; ``ssl_context_factory`` is called for
each connection's context when the default one, which verifies everything, does not do.
"""

# Found here as in thriftpy2.http.
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.server import TServer
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import TBufferedTransportFactory, TMemoryBuffer
from fastthrift.transport.base import TTransportBase, TTransportFactory

from ._common import DEFAULT_HTTP_CLIENT_TIMEOUT_MS, DEFAULT_MAX_MESSAGE_SIZE, HTTP_URI
from .client import (
    THttpClient,
    THttpConnectionRefused,
    THttpException,
    THttpHeaderFactory,
    client_context,
    make_client,
)
from .server import (
    ResponseException,
    TFileObjectTransport,
    THttpServer,
    make_server,
)

__all__ = [
    "DEFAULT_HTTP_CLIENT_TIMEOUT_MS",
    "DEFAULT_MAX_MESSAGE_SIZE",
    "HTTP_URI",
    "ResponseException",
    "TBinaryProtocolFactory",
    "TBufferedTransportFactory",
    "TClient",
    "TFileObjectTransport",
    "THttpClient",
    "THttpConnectionRefused",
    "THttpException",
    "THttpHeaderFactory",
    "THttpServer",
    "TMemoryBuffer",
    "TProcessor",
    "TProtocolFactory",
    "TServer",
    "TTransportBase",
    "TTransportFactory",
    "client_context",
    "make_client",
    "make_server",
]
