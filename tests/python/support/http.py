"""The server, the client and the requests that the tests of HTTP share."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import re
import socket
import threading

from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory
from fastthrift.http import (
    THttpServer,
    client_context,
    make_server,
)
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import TProcessor
from fastthrift.transport import TBufferedTransportFactory

from support.rpc import PATIENCE, Calls, Handler

PROTOCOLS = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "json": TJSONProtocolFactory,
    "apache_json": TApacheJSONProtocolFactory,
}


@contextlib.contextmanager
def running(server):
    """The server running in a thread; gives its port."""
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.httpd.server_address[1]
    finally:
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"


def server_of(handler=None, **kwargs):
    return make_server(Calls, handler or Handler(), "127.0.0.1", 0, **kwargs)


def calls(port, **kwargs):
    kwargs.setdefault("timeout", PATIENCE * 1000)
    return client_context(Calls, "127.0.0.1", port, **kwargs)


@contextlib.contextmanager
def raw(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        yield connection


def chunked(data, size):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x;ext=1\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\nT: x\r\n\r\n"


@contextlib.contextmanager
def serving(kind, handler=None, ssl_context=None, **options):
    """A server of `Calls`, "threads" or "asyncio", in a thread; gives its port."""
    handler = handler or Handler()
    if kind == "threads":
        processor, factory = TProcessor(Calls, handler), TBufferedTransportFactory()
        server = THttpServer(
            processor, ("127.0.0.1", 0), factory, TBinaryProtocolFactory(), **options
        )
        if ssl_context is not None:
            server.httpd.socket = ssl_context.wrap_socket(
                server.httpd.socket, server_side=True, do_handshake_on_connect=False
            )
        with running(server) as port:
            yield port
        return
    started = threading.Event()
    server = aio_http.TAsyncHttpServer(
        TAsyncProcessor(Calls, handler),
        "127.0.0.1",
        0,
        TAsyncBinaryProtocolFactory(),
        ssl_context,
        **options,
    )

    async def main():
        await server.start()
        started.set()
        await server.serve()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield server.addresses[0][1]
    finally:
        asyncio.run(server.close())
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"


def exchange(port, *pieces):
    """Send bytes, and read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        for piece in pieces:
            sock.sendall(piece)
        answer = b""
        while data := sock.recv(65536):
            answer += data
    return answer


def statuses(answer):
    """Those of the responses in bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]
