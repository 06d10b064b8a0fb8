"""Of clients that leave nothing stays behind, whatever they were at."""

from __future__ import annotations

import contextlib
import gc
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from support.each_server import HTTP, serving_by
from support.rpc import open_descriptors
from support.runner import wait_until

HALF = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
SENT = {
    "nothing": b"",
    "no HTTP": b"\0\0\0\x10garbage that is no request\r\n\r\n",
    "half a request": HALF,
    "another method": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def handlers(server: Any) -> int:
    """How many there are of a server's requests; each server has a class of its own."""
    return sum(type(one) is server.httpd.RequestHandlerClass for one in gc.get_objects())


@pytest.mark.parametrize("how", ["in good order", "by a reset"])
@pytest.mark.parametrize("sent", SENT)
def test_clients_that_leave_keep_no_descriptors_and_no_objects(sent: str, how: str) -> None:
    with serving_by(HTTP) as served, without_collector():
        with served.client() as client:
            assert client.add(1, 2) == 3
        wait_until(lambda: not handlers(served.server))
        before = open_descriptors()
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", served.port)) as peer:
                if how == "by a reset":
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.sendall(SENT[sent])
        # The last of them has been served when the next one is.
        with served.client() as client:
            assert client.add(1, 2) == 3
        # Others may have had some open still.
        wait_until(lambda: open_descriptors() <= before and not handlers(served.server))
