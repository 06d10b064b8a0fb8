"""How the native server sends: what it has for a connection goes in one piece."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import threading

import pytest
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TMessageType
from support.rpc import PATIENCE, Handler, client_of, make_server, message, receive, serving

#: Where Linux's `struct tcp_info` has how many segments with data have come.
_DATA_SEGMENTS = struct.Struct("=152xI")


def segments(peer: socket.socket) -> int:
    known = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _DATA_SEGMENTS.size)
    return int(_DATA_SEGMENTS.unpack(known)[0])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of segments")
def test_calls_that_were_sent_together_are_answered_in_one_piece() -> None:
    """Each piece is a write of the server: it has no delay. Refusals are made all at once, and
    answers of a worker as it comes to them."""
    count = 60
    handler = Handler()
    server = make_server(handler, TNonblockingServer, threads=1, queue=1)
    with serving(server) as port, contextlib.ExitStack() as stack:
        thread = threading.Thread(target=stack.enter_context(client_of(port)).wait, args=(7,))
        thread.start()
        assert handler.waiting.wait(PATIENCE)
        peers = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            for _ in range(3)
        ]
        calls = [message("nothing", n, b"\0", TMessageType.CALL) for n in range(count)]
        # One of two has the place in the queue, and the other one is refused.
        for other in peers[:2]:
            other.sendall(calls[0])
        assert select.select(peers[:2], [], [], PATIENCE)[0]
        peer = peers[2]
        peer.sendall(b"".join(calls))
        refusals = b""
        while refusals.count(b"the server is overloaded") < count:
            refusals += receive(peer, 1)
        handler.go_on.set()
        thread.join(PATIENCE)
        assert segments(peer) == 1
