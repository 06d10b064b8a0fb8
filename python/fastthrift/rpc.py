"""Clients and servers in one call."""

from __future__ import annotations

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.connecting import connect, connect_client
from fastthrift._calls.steps import run
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.protocol.base import TProtocolFactory
from fastthrift.server import TNonblockingServer, TServer, TThreadedServer
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import TBufferedTransportFactory, TServerSocket, TSocket
from fastthrift.transport._addresses import (
    EITHER_FAMILY,
    SSL_WITHOUT_HOST,
    client_address,
    require_address,
)
from fastthrift.transport._receiving import MESSAGE_TIMEOUT
from fastthrift.transport.base import TTransportFactory

if TYPE_CHECKING:
    from ssl import SSLContext

    from fastthrift._calls.observed import Middleware
    from fastthrift.contrib.aio import rpc as _aio
    from fastthrift.typing import WithClient, WithHandler

    make_aio_client = _aio.make_client
    make_aio_server = _aio.make_server
else:
    # What annotations say at run time, for which nothing is imported.
    Middleware = SSLContext = Any
    WithClient = WithHandler = type

_Type = TypeVar("_Type")
_Server = TypeVar("_Server", bound=TServer)

_BINARY = TBinaryProtocolFactory()
_BUFFERED = TBufferedTransportFactory()


def __getattr__(name: str) -> Any:
    # Kept out of the import of this module, which most programs use without asyncio and SSL.
    if name in ("make_aio_client", "make_aio_server"):
        aio = importlib.import_module("fastthrift.contrib.aio.rpc")
        return getattr(aio, name.replace("_aio", ""))
    if name in ("TSSLSocket", "TSSLServerSocket"):
        return getattr(_sslsocket(), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _sslsocket() -> Any:
    return importlib.import_module("fastthrift.transport.sslsocket")


def _client_socket(
    host: str,
    port: int,
    unix_socket: str | None,
    url: str,
    socket_family: int,
    timeouts: tuple[float | None, float | None],
    tls: tuple[str | None, SSLContext | None, str | None, str | None],
) -> TSocket:
    """``timeouts`` are those of the socket and of connecting; ``tls`` what encrypts, if anything:
    authorities, a context, the own certificate and its key."""
    options: dict[str, Any] = dict(
        zip(("socket_timeout", "connect_timeout"), timeouts, strict=True)
    )
    host, port = client_address(host, port, unix_socket, url)
    if unix_socket:
        return TSocket(unix_socket=unix_socket, **options)
    options["socket_family"] = socket_family
    if not any(tls):
        return TSocket(host, port, **options)
    options |= zip(("cafile", "ssl_context", "certfile", "keyfile"), tls, strict=True)
    ssl_socket: TSocket = _sslsocket().TSSLSocket(host, port, **options)
    return ssl_socket


def make_client(
    service: WithClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    unix_socket: str | None = None,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    timeout: float | None = 3000,
    cafile: str | None = None,
    ssl_context: SSLContext | None = None,
    certfile: str | None = None,
    keyfile: str | None = None,
    url: str = "",
    socket_family: int = EITHER_FAMILY,
    *,
    check_seqid: bool = True,
    auto_reopen: bool = False,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """Connect to a service. The caller closes the client.

    ``timeout``, in milliseconds, is for connecting and for each read and write; None or 0 for
    none. ``url`` (``thrift://host:port`` or ``host:port``) takes precedence over ``host`` and
    ``port``, ``unix_socket`` (a path) over both. The connection is encrypted when ``ssl_context``
    or one of the files is given. ``check_seqid=False`` is for servers that do not repeat the
    sequence id of a call; with ``auto_reopen`` a call that finds the connection closed opens
    another one; ``middleware`` stands around each call. Raises ``TTransportException`` of
    type ``NOT_OPEN`` when the service cannot be reached, and ``ValueError`` for a ``url`` that is
    none, or one of HTTP.
    """
    if unix_socket and certfile:
        warnings.warn(SSL_WITHOUT_HOST, stacklevel=2)
    timeouts = timeout, None
    tls = cafile, ssl_context, certfile, keyfile
    client_socket = _client_socket(host, port, unix_socket, url, socket_family, timeouts, tls)
    parts = TClient, service, client_socket, proto_factory, trans_factory
    options: Any = {"auto_reopen": auto_reopen, "middleware": middleware}
    client: _Type = run(connect_client(*parts, check_seqid=check_seqid, **options))
    return client


def make_server(
    service: WithHandler[_Type],
    handler: _Type,
    host: str = "localhost",
    port: int = 9090,
    unix_socket: str | None = None,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    client_timeout: float | None = 3000,
    certfile: str | None = None,
    socket_family: int = EITHER_FAMILY,
    *,
    message_timeout: float | None = MESSAGE_TIMEOUT,
    server_class: Callable[..., _Server] = TThreadedServer,  # type: ignore[assignment]
    middleware: Iterable[Middleware] = (),
) -> _Server:
    """A server of one service, of ``server_class``; it listens when its ``serve`` is called.

    ``client_timeout``, in milliseconds, is how long a connection may stay idle; None or 0 for
    any time. ``message_timeout``, in milliseconds, is how long a message may take from its first
    byte to its last. ``middleware`` stands around each call of the handler. With
    ``TNonblockingServer``, a subclass or a ``functools.partial`` of it connections speak what they
    like, unless a factory is given. Raises ``OSError`` from ``serve`` when the address is in use.
    """
    require_address(host, port, unix_socket)
    timeouts: Any = {"client_timeout": client_timeout, "message_timeout": message_timeout}
    if unix_socket:
        if certfile:
            warnings.warn(SSL_WITHOUT_HOST, stacklevel=2)
        server_socket = TServerSocket(unix_socket=unix_socket, **timeouts)
    elif certfile:
        server_socket = _sslsocket().TSSLServerSocket(
            host=host,
            port=port,
            certfile=certfile,
            socket_family=socket_family,
            **timeouts,
        )
    else:
        server_socket = TServerSocket(host, port, socket_family=socket_family, **timeouts)
    factories: dict[str, Any] = {
        "iprot_factory": proto_factory,
        "itrans_factory": trans_factory,
    }
    if _finds_formats(server_class):
        # What was not asked for is found by the first bytes of each connection.
        defaults = _BINARY, _BUFFERED
        factories = {
            name: factory for name, factory in factories.items() if factory not in defaults
        }
    processor = TProcessor(service, handler, middleware=middleware)
    return server_class(processor, server_socket, **factories)


def _finds_formats(server_class: Any) -> bool:
    """Whether its servers find by the first bytes of a connection what it speaks."""
    while isinstance(server_class, functools.partial):
        server_class = server_class.func
    return isinstance(server_class, type) and issubclass(server_class, TNonblockingServer)


@contextlib.contextmanager
def client_context(
    service: WithClient[_Type],
    host: str = "localhost",
    port: int = 9090,
    unix_socket: str | None = None,
    proto_factory: TProtocolFactory = _BINARY,
    trans_factory: TTransportFactory = _BUFFERED,
    timeout: float | None = None,
    socket_timeout: float | None = 3000,
    connect_timeout: float | None = 3000,
    cafile: str | None = None,
    ssl_context: SSLContext | None = None,
    certfile: str | None = None,
    keyfile: str | None = None,
    url: str = "",
    socket_family: int = EITHER_FAMILY,
    *,
    check_seqid: bool = True,
    auto_reopen: bool = False,
    middleware: Iterable[Middleware] = (),
) -> Iterator[_Type]:
    """A connected client that is closed at the end of the ``with`` block.

    ``socket_timeout`` (for each read and write) and ``connect_timeout`` are in milliseconds,
    None or 0 for none; ``timeout`` sets both and is deprecated. The other arguments are those
    of ``make_client``.
    """
    if timeout:
        warnings.warn(
            "`timeout` deprecated, use `socket_timeout` and `connect_timeout` instead.",
            stacklevel=3,
        )
        socket_timeout = connect_timeout = timeout
    if unix_socket and certfile:
        warnings.warn(SSL_WITHOUT_HOST, stacklevel=3)
    timeouts = socket_timeout, connect_timeout
    tls = cafile, ssl_context, certfile, keyfile
    client_socket = _client_socket(host, port, unix_socket, url, socket_family, timeouts, tls)
    parts = TClient, service, client_socket, proto_factory, trans_factory
    with contextlib.ExitStack() as closing:
        yield run(
            connect(
                closing,
                *parts,
                check_seqid=check_seqid,
                auto_reopen=auto_reopen,
                middleware=middleware,
            )
        )
