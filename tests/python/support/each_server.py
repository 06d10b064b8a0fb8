"""Every server of this package, by its name, for what has to hold of each."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fastthrift.contrib.aio.http import make_server as make_aio_http_server
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.http import make_client as make_http_client
from fastthrift.http import make_server as make_http_server
from fastthrift.server import TNonblockingServer, TSimpleServer, TThreadedServer, TThreadPoolServer

from support.aio import aio_factories
from support.dialects import Dialect
from support.rpc import PATIENCE, Calls, Handler, client_of, make_server

THREADED = {
    "simple": TSimpleServer,
    "threaded": TThreadedServer,
    "threadpool": TThreadPoolServer,
    "nonblocking": TNonblockingServer,
}
AWAITED = "nonblocking, awaited"
ASYNCIO, HTTP, ASYNCIO_HTTP = "asyncio", "http", "asyncio's http"
ALL = [*THREADED, AWAITED, ASYNCIO, HTTP, ASYNCIO_HTTP]


class Served(NamedTuple):
    """A server that serves `Calls`."""

    server: Any
    port: int
    #: Makes a client, as a context manager.
    client: Callable[[], Any]


@contextlib.contextmanager
def serving_by(
    kind: str, handler: object | None = None, dialect: Dialect | None = None, **options: Any
) -> Iterator[Served]:
    """Serve in a thread; ``options`` are attributes of the server, or of its socket where that
    has them."""
    handler = handler or Handler()
    named = {} if dialect is None else factories_of(kind, dialect)
    close = None
    if kind == HTTP:
        server: Any = make_http_server(Calls, handler, "127.0.0.1", 0, **named)
        port = server.httpd.server_address[1]
    elif kind in (ASYNCIO, ASYNCIO_HTTP):
        if kind == ASYNCIO:
            trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
            server = TAsyncServer(TAsyncProcessor(Calls, handler), trans, **named)
        else:
            server = make_aio_http_server(Calls, handler, "127.0.0.1", 0, **named)
        close = server.close_soon
    elif kind == AWAITED:
        processor = TAsyncProcessor(Calls, handler)
        server = make_server(processor=processor, server_class=TNonblockingServer, **named)
    else:
        server = make_server(handler, THREADED[kind], **named)
    for name, value in options.items():
        owner = server.trans if hasattr(server.trans, name) else server
        assert hasattr(owner, name)
        setattr(owner, name, value)
    serves = threading.Event()
    if kind in (ASYNCIO, ASYNCIO_HTTP):

        async def serve() -> None:
            await server.start()
            serves.set()
            await server.serve_forever()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
    else:
        serves.set()
        thread = threading.Thread(target=server.serve)
    thread.start()
    assert serves.wait(PATIENCE)
    if close is not None:
        port = server.server.sockets[0].getsockname()[1]
    elif kind != HTTP:
        port = server.trans.sock.getsockname()[1]

    try:
        yield Served(server, port, lambda: client_at(kind, port))
    finally:
        (close or server.close)()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"


def factories_of(kind: str, dialect: Dialect) -> dict[str, Any]:
    """What a server of this kind is given to expect a dialect; that of asyncio's HTTP has no
    transport."""
    transports, protocols = dialect.factories
    if kind in (ASYNCIO, ASYNCIO_HTTP):
        name = dialect.protocol.replace(" ", "_").lower()
        transport = "framed" if dialect.framed else "buffered"
        if dialect.protocol == "THeader":
            name = transport = "header"
        awaited = aio_factories(name, transport)
        transports, protocols = awaited["trans_factory"], awaited["proto_factory"]
    if kind == ASYNCIO_HTTP:
        return {"proto_factory": protocols}
    if kind == HTTP:
        return {"trans_factory": transports, "proto_factory": protocols}
    return {"itrans_factory": transports, "iprot_factory": protocols}


def client_at(kind: str, port: int) -> Any:
    """A client of a server of this kind, as a context manager."""
    if kind not in (HTTP, ASYNCIO_HTTP):
        return client_of(port)
    url = f"http://127.0.0.1:{port}/"
    return contextlib.closing(make_http_client(Calls, url=url, timeout=None, keep_alive=True))
