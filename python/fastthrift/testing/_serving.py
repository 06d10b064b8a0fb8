"""A server in a thread, at a port that was free."""

from __future__ import annotations

import contextlib
import http.server
import importlib
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastthrift._calls.services import coroutines
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.server import TNonblockingServer, TServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TBufferedTransportFactory, TServerSocket

if TYPE_CHECKING:
    import fastthrift.contrib.aio.processor  # noqa: F401 - for what freezes programs
    from fastthrift._calls.observed import Middleware
else:
    # What the annotation says at run time, for which nothing is imported.
    Middleware = Any

_HOST = "127.0.0.1"


@contextlib.contextmanager
def serve(
    service: Any,
    handler: object,
    *,
    over_http: bool = False,
    middleware: Iterable[Middleware] = (),
    threads: int = 4,
) -> Iterator[str]:
    """Serve a handler while a ``with`` block runs, which is given the URL.

    It is that of a socket, on which all protocols are understood, in frames or not; or with
    ``over_http`` that of an HTTP server, for the binary protocol.

    The server listens when the block begins, and has answered what has come when it is left.
    ``threads`` make calls, so that as many may wait for each other; over HTTP each connection has
    one of its own. Handlers with ``async def`` are awaited, though not over HTTP (``ValueError``).
    """
    middleware = list(middleware)
    if coroutines(service, handler):
        if over_http:
            raise ValueError(
                "serve(over_http=True) calls handlers in threads, and this one has `async def`: "
                "leave over_http out"
            )
        aio: Any = importlib.import_module("fastthrift.contrib.aio.processor")
        processor: Any = aio.TAsyncProcessor(service, handler, middleware=middleware)
    else:
        processor = TProcessor(service, handler, middleware=middleware)
    with _running(
        _over_http(processor) if over_http else _over_sockets(processor, threads)
    ) as port:
        yield f"http://{_HOST}:{port}/" if over_http else f"tcp://{_HOST}:{port}"


def _over_sockets(processor: Any, threads: int) -> tuple[TServer, int]:
    """A server that listens, and its port."""
    trans = TServerSocket(_HOST, 0)
    trans.listen()
    assert trans.sock is not None
    return TNonblockingServer(processor, trans, threads=threads), trans.sock.getsockname()[1]


def _over_http(processor: Any) -> tuple[TServer, int]:
    """A server that listens, and its port."""
    room: Any = importlib.import_module("fastthrift.http")
    server = room.THttpServer(
        processor,
        (_HOST, 0),
        TBufferedTransportFactory(),
        TBinaryProtocolFactory(),
        http.server.ThreadingHTTPServer,
    )
    return server, server.httpd.server_address[1]


@contextlib.contextmanager
def _running(listening: tuple[TServer, int]) -> Iterator[int]:
    """A server in a thread until the end of the block, which is given its port. It listens, so
    that clients can connect whenever the thread begins."""
    server, port = listening
    failed: list[BaseException] = []
    # What is closed before it has begun to serve has no socket to begin with.
    begun = threading.Event()
    if isinstance(server, TNonblockingServer):
        server.on_serving = begun.set
    else:
        begun.set()

    def run() -> None:
        try:
            server.serve()
        except BaseException as error:
            failed.append(error)
        finally:
            begun.set()

    thread = threading.Thread(target=run, name="fastthrift.testing.serve", daemon=True)
    thread.start()
    try:
        yield port
    finally:
        begun.wait()
        server.close()
        thread.join()
    if failed:
        raise failed[0]
