"""A message has its time as a whole: a byte now and then does not help, on any server."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift.http
import pytest
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio import rpc as aio_rpc
from fastthrift.rpc import make_server
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.thrift import TMessageType, TProcessor
from fastthrift.transport import TFramedTransportFactory, TServerSocket, TTransportException
from fastthrift.transport.sslsocket import TSSLServerSocket
from support import aio as aio_support
from support.rpc import PATIENCE, Calls, Handler, i32_result, message, receive, serving
from support.stopping import in_loop

#: What a message may take here, and how long a connection may be idle, in milliseconds.
MESSAGE, IDLE = 300, PATIENCE * 1000
ARGUMENTS = struct.pack("!bhi", 8, 1, 1) + struct.pack("!bhi", 8, 2, 2) + b"\0"
ADD = message("add", 7, ARGUMENTS, TMessageType.CALL)
ANSWER = message("add", 7, i32_result(3))

THRIFT = ("threaded", "simple", "asyncio")
HTTP = ("http", "asyncio-http")


@contextlib.contextmanager
def server_of(kind: str, **options: Any) -> Iterator[int]:
    """The port of a server."""
    options = {"client_timeout": IDLE, "message_timeout": MESSAGE, **options}
    server: Any
    if kind in ("threaded", "simple"):
        more = {"server_class": TSimpleServer} if kind == "simple" else {}
        server = make_server(Calls, Handler(), "127.0.0.1", 1, **more, **options)
        server.trans.port = 0
        server.trans.listen()
        with serving(server) as port:
            assert port is not None
            yield port
    elif kind == "http":
        server = fastthrift.http.THttpServer(
            TProcessor(Calls, Handler()),
            ("127.0.0.1", 0),
            fastthrift.http.TBufferedTransportFactory(),
            fastthrift.http.TBinaryProtocolFactory(),
            http.server.ThreadingHTTPServer,
            **options,
        )
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server.httpd.server_address[1]
        finally:
            server.close()
            thread.join(PATIENCE)
    elif kind == "asyncio":
        server = aio_rpc.make_server(Calls, aio_support.Handler(), "127.0.0.1", 1, **options)
        server.trans._listener.port = 0
        with in_loop(server):
            yield server.trans.raw_sock.getsockname()[1]
    else:
        processor = aio_rpc.TAsyncProcessor(Calls, aio_support.Handler())
        server = aio_http.TAsyncHttpServer(
            processor, "127.0.0.1", 0, aio_rpc.TAsyncBinaryProtocolFactory(), **options
        )
        with in_loop(server):
            yield server.addresses[0][1]


def is_closed_while_sending(peer: socket.socket, data: bytes) -> bool:
    """Whether the server hangs up on somebody who sends a byte now and then, before it has all."""
    peer.settimeout(0.05)
    for number in range(len(data) - 1):
        try:
            peer.sendall(data[number : number + 1])
            if not peer.recv(100):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.mark.difference("slow-messages")
@pytest.mark.parametrize("kind", THRIFT)
def test_a_byte_now_and_then_does_not_keep_a_connection(kind: str) -> None:
    with server_of(kind) as port, socket.create_connection(("127.0.0.1", port)) as peer:
        assert is_closed_while_sending(peer, ADD * 20)


def test_a_byte_now_and_then_does_not_keep_a_framed_connection() -> None:
    with (
        server_of("threaded", trans_factory=TFramedTransportFactory()) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        assert is_closed_while_sending(peer, struct.pack("!i", 1000) + ADD * 20)


@pytest.mark.parametrize("kind", HTTP)
@pytest.mark.parametrize("part", ["head", "body"])
def test_a_slow_request_is_closed(kind: str, part: str) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\nX: " + b"x" * 300 + b"\r\n\r\n"
    with server_of(kind) as port, socket.create_connection(("127.0.0.1", port)) as peer:
        if part == "body":
            peer.sendall(head)
            head = b"x" * 400
        assert is_closed_while_sending(peer, head)


@pytest.mark.parametrize("kind", [*THRIFT, *HTTP])
def test_half_a_message_is_not_waited_for(kind: str) -> None:
    half = b"POST / HTTP/1.1\r\nHost: x\r\n" if kind in HTTP else ADD[:10]
    with server_of(kind) as port, socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(half)
        peer.settimeout(PATIENCE / 2)
        assert peer.recv(1) == b""


@pytest.mark.parametrize("kind", THRIFT)
def test_half_a_message_behind_another_one_is_not_waited_for(kind: str) -> None:
    with server_of(kind) as port, socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(PATIENCE / 2)
        peer.sendall(ADD + ADD[:10])
        assert receive(peer, len(ANSWER)) == ANSWER
        assert peer.recv(1) == b""


@pytest.mark.parametrize("kind", [*THRIFT, *HTTP])
def test_an_idle_connection_is_closed(kind: str) -> None:
    with (
        server_of(kind, client_timeout=100) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        peer.settimeout(PATIENCE / 2)
        assert peer.recv(1) == b""


@pytest.mark.parametrize("kind", THRIFT)
def test_idle_time_between_messages_does_not_count(kind: str) -> None:
    with (
        server_of(kind, message_timeout=3 * MESSAGE) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        peer.settimeout(PATIENCE)
        for _ in range(2):
            time.sleep(3 * MESSAGE / 1000 * 1.2)
            peer.sendall(ADD[:10])
            time.sleep(0.02)
            peer.sendall(ADD[10:])
            assert receive(peer, len(ANSWER)) == ANSWER


@pytest.mark.parametrize("kind", THRIFT)
def test_without_a_limit_a_slow_message_is_read(kind: str) -> None:
    with (
        server_of(kind, message_timeout=None) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        for byte in ADD:
            peer.sendall(bytes([byte]))
            time.sleep(0.02)
        peer.settimeout(PATIENCE)
        assert receive(peer, len(ANSWER)) == ANSWER


class OwnLoop(TThreadedServer):
    """Processes the calls of a connection as a server for thriftpy2 does."""

    def handle(self, client: Any) -> None:
        prot = self.iprot_factory.get_protocol(self.itrans_factory.get_transport(client))
        with contextlib.suppress(TTransportException):
            while True:
                self.processor.process(prot, prot)


def test_a_loop_that_does_not_tell_where_messages_begin_has_its_connections_kept() -> None:
    with (
        server_of("threaded", server_class=OwnLoop) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        peer.settimeout(PATIENCE)
        for _ in range(4):
            peer.sendall(ADD)
            assert receive(peer, len(ANSWER)) == ANSWER
            time.sleep(MESSAGE / 1000 * 0.6)


@contextlib.contextmanager
def tls_server(authority: aio_support.Authority, message_timeout: int) -> Iterator[int]:
    """The port of a server with TLS, whose connections may be idle for any time."""
    server = make_server(Calls, Handler(), "127.0.0.1", 1)
    server.trans = TSSLServerSocket(
        "127.0.0.1",
        0,
        client_timeout=None,
        message_timeout=message_timeout,
        certfile=authority.certfile,
    )
    server.trans.listen()
    with serving(server) as port:
        assert port is not None
        yield port


def test_a_handshake_of_tls_has_its_time(tmp_path: Path) -> None:
    authority = aio_support.Authority(tmp_path, "127.0.0.1")
    with (
        tls_server(authority, MESSAGE) as port,
        socket.create_connection(("127.0.0.1", port)) as peer,
    ):
        # A record of a handshake, whose body is 512 bytes.
        assert is_closed_while_sending(peer, b"\x16\x03\x01\x02\x00\x01" + b"\0" * 511)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_time_between_a_handshake_of_tls_and_the_first_message_does_not_count(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    authority = aio_support.Authority(tmp_path, "127.0.0.1")
    context = authority.client_context()
    context.maximum_version = version
    limit = 3 * MESSAGE
    with (
        tls_server(authority, limit) as port,
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as peer,
    ):
        for _ in range(2):
            time.sleep(limit / 1000 * 1.2)
            peer.sendall(ADD)
            assert receive(peer, len(ANSWER)) == ANSWER
        # From then on it counts.
        peer.sendall(ADD[:10])
        assert peer.recv(1) == b""


def test_the_time_is_three_seconds_unless_it_is_set() -> None:
    assert TServerSocket("127.0.0.1", 0).message_timeout == 3
    assert aio_rpc.TAsyncServerSocket("127.0.0.1", 0).message_timeout == 3
