"""Clients and servers for asyncio in one call."""

from __future__ import annotations

import asyncio
import os
import ssl
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.connecting import connect_client
from fastthrift._calls.steps import drive
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.transport._addresses import (
    EITHER_FAMILY,
    SSL_WITHOUT_HOST,
    client_address,
    require_address,
)
from fastthrift.transport._receiving import MESSAGE_TIMEOUT
from fastthrift.transport.base import TTransportFactory

from .client import TAsyncClient
from .processor import TAsyncProcessor
from .protocol.binary import TAsyncBinaryProtocolFactory
from .server import TAsyncServer
from .socket import TAsyncServerSocket, TAsyncSocket
from .transport.buffered import TAsyncBufferedTransportFactory

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware
    from fastthrift.typing import WithAsyncClient, WithAsyncHandler
else:
    # What annotations say at run time, for which nothing is imported.
    Middleware = Any
    WithAsyncClient = WithAsyncHandler = type

_Type = TypeVar("_Type")

__all__ = [
    "TAsyncBinaryProtocolFactory",
    "TAsyncBufferedTransportFactory",
    "TAsyncClient",
    "TAsyncProcessor",
    "TAsyncServer",
    "TAsyncServerSocket",
    "TAsyncSocket",
    "TProtocolFactory",
    "TTransportFactory",
    "make_client",
    "make_server",
]

_BINARY: Any = TAsyncBinaryProtocolFactory()
_BUFFERED = TAsyncBufferedTransportFactory()


async def make_client(
    service: WithAsyncClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    unix_socket: str | None = None,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    timeout: float | None = 3000,
    connect_timeout: float | None = None,
    cafile: str | os.PathLike[str] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    certfile: str | os.PathLike[str] | None = None,
    keyfile: str | os.PathLike[str] | None = None,
    validate: bool = True,
    url: str = "",
    socket_timeout: float | None = None,
    socket_family: int = EITHER_FAMILY,
    *,
    check_seqid: bool = True,
    auto_reopen: bool = False,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """Connect to a service. The caller closes the client, or has it closed by
    ``async with await make_client(...) as client:``.

    ``timeout``, in milliseconds, is for each read and write, and for connecting unless
    ``connect_timeout`` is given; None or 0 for none. ``socket_timeout`` is its former name.
    ``url`` (``thrift://host:port`` or ``host:port``) takes precedence over ``host`` and ``port``,
    ``unix_socket`` (a path) over both. The connection is encrypted when ``ssl_context`` or one
    of the files is given; ``validate=False`` accepts any certificate. ``check_seqid=False`` is for
    servers that do not repeat the sequence id of a call; with ``auto_reopen`` a call that finds
    the connection closed opens another one; ``middleware`` stands around each call. Raises
    ``TTransportException`` of type ``NOT_OPEN`` when the service cannot be reached, and
    ``ValueError`` for a ``url`` that is none, or one of HTTP.
    """
    if socket_timeout is not None:
        warnings.warn(
            "The 'socket_timeout' argument is deprecated. Please use 'timeout' instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        timeout = socket_timeout
    host, port = client_address(host, port, unix_socket, url)
    if unix_socket:
        if certfile:
            warnings.warn(SSL_WITHOUT_HOST, stacklevel=2)
        client_socket = TAsyncSocket(
            unix_socket=unix_socket, socket_timeout=timeout, connect_timeout=connect_timeout
        )
    else:
        client_socket = TAsyncSocket(
            host,
            port,
            socket_timeout=timeout,
            connect_timeout=connect_timeout,
            cafile=cafile,
            ssl_context=ssl_context,
            certfile=certfile,
            keyfile=keyfile,
            validate=validate,
            socket_family=socket_family,
        )
    parts = TAsyncClient, service, client_socket, proto_factory, trans_factory
    options: Any = {"auto_reopen": auto_reopen, "middleware": middleware}
    client: _Type = await drive(connect_client(*parts, check_seqid=check_seqid, **options))
    return client


def make_server(
    service: WithAsyncHandler[_Type],
    handler: _Type,
    host: str = "localhost",
    port: int = 9090,
    unix_socket: str | None = None,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    client_timeout: float | None = 3000,
    certfile: str | os.PathLike[str] | None = None,
    keyfile: str | os.PathLike[str] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    socket_family: int = EITHER_FAMILY,
    *,
    message_timeout: float | None = MESSAGE_TIMEOUT,
    middleware: Iterable[Middleware] = (),
) -> TAsyncServer:
    """A server of one service; it listens when it is started.

    ``client_timeout``, in milliseconds, is how long a connection may stay idle; None or 0 for
    any time. ``message_timeout``, in milliseconds, is how long a message may take from its first
    byte to its last. ``middleware`` stands around each call of the handler; ``loop`` is for the
    server's ``serve``, which runs it. Raises ``OSError`` on starting when the address is in use.
    """
    require_address(host, port, unix_socket)
    timeouts: Any = {"client_timeout": client_timeout, "message_timeout": message_timeout}
    if unix_socket:
        if certfile:
            warnings.warn(SSL_WITHOUT_HOST, stacklevel=2)
        server_socket = TAsyncServerSocket(unix_socket=unix_socket, **timeouts)
    else:
        server_socket = TAsyncServerSocket(
            host=host,
            port=port,
            certfile=certfile,
            keyfile=keyfile,
            ssl_context=ssl_context,
            socket_family=socket_family,
            **timeouts,
        )
    return TAsyncServer(
        TAsyncProcessor(service, handler, middleware=middleware),
        server_socket,
        iprot_factory=proto_factory,
        itrans_factory=trans_factory,
        loop=loop,
    )
