"""The server, the client and the requests that the tests of HTTP share."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading

from fastthrift.http import (
    client_context,
    make_server,
)
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from rpc_support import PATIENCE, Calls, Handler, message

PROTOCOLS = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "json": TJSONProtocolFactory,
    "apache_json": TApacheJSONProtocolFactory,
}
ADD = message("add", 1, b"\x08\0\1\0\0\0\1\x08\0\2\0\0\0\2\0", kind=1)


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
