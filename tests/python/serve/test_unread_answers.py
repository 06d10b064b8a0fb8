"""A client that does not read its answer is given up, and one that reads it slowly is not, on any
server."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from pathlib import Path

import pytest
from fastthrift._core import AnswerClock
from fastthrift.thrift import TMessageType
from fastthrift.transport import _taking
from fastthrift.transport.sslsocket import TSSLServerSocket
from support.aio import Authority
from support.dialects import Dialect
from support.each_server import ALL, ASYNCIO, ASYNCIO_HTTP, AWAITED, HTTP, serving_by
from support.rpc import PATIENCE, Handler, make_server, message, receive, serving
from support.runner import wait_until

KINDS = [kind for kind in ALL if kind != AWAITED]
# More than the buffers of both systems take, in bytes.
SIZE = 24_000_000
# A state of TCP.
TCP_CLOSE = 7
# What a message may take here, in seconds.
MESSAGE = 0.4


class Large(Handler):
    def echo(self, text: str) -> str:
        return "x" * int(text)


class AsyncLarge(Large):
    async def echo(self, text: str) -> str:  # type: ignore[override]
        return super().echo(text)

    async def add(self, a: int, b: int) -> int:  # type: ignore[override]
        return a + b


def handler_for(kind: str) -> Handler:
    return AsyncLarge() if kind.startswith("asyncio") else Large()


def request(kind: str, text: bytes) -> bytes:
    arguments = struct.pack("!bhi", 11, 1, len(text)) + text + b"\0"
    call = message("echo", 1, arguments, TMessageType.CALL)
    if kind not in (HTTP, ASYNCIO_HTTP):
        return call
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(call)}\r\n\r\n"
    return head.encode() + call


def caller(kind: str, port: int, size: int, room: int = 4096) -> socket.socket:
    """Who has called for an answer of ``size`` bytes, and has ``room`` for some of them."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    peer.settimeout(PATIENCE)
    peer.connect(("127.0.0.1", port))
    peer.sendall(request(kind, str(size).encode()))
    return peer


def is_given_up(peer: socket.socket) -> bool:
    """Whether the server has reset a connection."""
    return peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_does_not_read_its_answer_is_given_up(kind: str) -> None:
    with serving_by(kind, handler_for(kind), message_timeout=MESSAGE) as served:
        # More than a pool has threads; others are served again.
        peers = [caller(kind, served.port, SIZE) for _ in range(1 if kind == "simple" else 12)]
        wait_until(lambda: all(map(is_given_up, peers)))
        with served.client() as client:
            assert client.add(1, 2) == 3
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_reads_a_little_now_and_then_is_given_up(kind: str) -> None:
    with (
        serving_by(kind, handler_for(kind), message_timeout=MESSAGE) as served,
        caller(kind, served.port, SIZE) as peer,
    ):
        # 2 KB a second, and 16 KiB are asked for.
        for _ in range(20 * PATIENCE):
            try:
                assert peer.recv(100)
            except ConnectionResetError:
                return
            time.sleep(0.05)
        pytest.fail("it is still served")


@pytest.mark.difference("slow-answers")
@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_client_has_the_time_that_its_answer_takes(kind: str) -> None:
    size = 4_000_000
    with (
        serving_by(kind, handler_for(kind), message_timeout=MESSAGE) as served,
        caller(kind, served.port, size, 32_768) as peer,
    ):
        got, began = 0, time.monotonic()
        while got < size:
            data = peer.recv(100_000)
            assert data, f"cut off after {got} bytes"
            got += len(data)
            # A megabyte a second: the buffers of the server's system take more than one, so that
            # there is no room in them for longer than a message may take.
            time.sleep(max(0.0, began + got / 1_000_000 - time.monotonic()))
        assert time.monotonic() - began > 4 * MESSAGE


@pytest.mark.parametrize("kind", ["threaded", "nonblocking", AWAITED, ASYNCIO])
def test_calls_in_one_frame_are_not_made_while_their_client_takes_no_answers(kind: str) -> None:
    count, size = 400, 100_000
    made = []

    class Counting(Large):
        def echo(self, text: str) -> str:
            made.append(text)
            return super().echo(text)

    class AsyncCounting(Counting):
        async def echo(self, text: str) -> str:  # type: ignore[override]
            return super().echo(text)

    is_awaited = kind in (AWAITED, ASYNCIO)
    handler = AsyncCounting() if is_awaited else Counting()
    calls = request(kind, str(size).encode()) * count
    with (
        serving_by(kind, handler, Dialect("binary", True), message_timeout=PATIENCE) as served,
        socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer,
    ):
        peer.sendall(struct.pack("!i", len(calls)) + calls)
        before = -1
        while len(made) > before:
            before = len(made)
            time.sleep(0.5)
        # The systems have buffers for some megabytes, and the server keeps one more.
        assert len(made) * size < 20_000_000
        for _ in range(count):
            (length,) = struct.unpack("!i", receive(peer, 4))
            assert receive(peer, length).endswith(b"xx\0")
        assert len(made) == count


def test_a_large_answer_over_tls_is_given_up_and_has_its_time(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "127.0.0.1")
    trans = TSSLServerSocket(
        "127.0.0.1",
        0,
        client_timeout=None,
        message_timeout=MESSAGE * 1000,
        certfile=authority.certfile,
    )
    with serving(make_server(Large(), trans=trans)) as port:
        assert port is not None
        context = authority.client_context()
        for reads in (True, False):
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
            plain.settimeout(PATIENCE)
            plain.connect(("127.0.0.1", port))
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as peer:
                peer.sendall(request("threaded", b"4000000" if reads else str(SIZE).encode()))
                if not reads:
                    wait_until(lambda: is_given_up(peer))
                    continue
                got, began = 0, time.monotonic()
                while got < 4_000_000:
                    data = peer.recv(100_000)
                    assert data, f"cut off after {got} bytes"
                    got += len(data)
                    time.sleep(max(0.0, began + got / 1_000_000 - time.monotonic()))


@pytest.mark.parametrize("size", [100, 40_000])
def test_an_answer_over_tls_that_goes_at_once_has_no_clock(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at one, and each other timeout of the socket, is a call of the system."""
    authority = Authority(tmp_path, "127.0.0.1")
    trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=None, certfile=authority.certfile)
    set_timeout, asked = ssl.SSLSocket.settimeout, []

    def settimeout(sock: ssl.SSLSocket, seconds: float | None) -> None:
        asked.append(seconds)
        set_timeout(sock, seconds)

    def clock(seconds: float | None) -> AnswerClock:
        asked.append(seconds)
        return AnswerClock(seconds)

    with serving(make_server(Large(), trans=trans)) as port:
        assert port is not None
        context = authority.client_context()
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as peer:
            for number in range(5):
                if number == 1:
                    monkeypatch.setattr(ssl.SSLSocket, "settimeout", settimeout)
                    monkeypatch.setattr(_taking, "AnswerClock", clock)
                peer.sendall(request("threaded", str(size).encode()))
                assert receive(peer, size + 24).endswith(b"xx\0")
    assert asked == []


def test_without_a_limit_an_answer_is_waited_for() -> None:
    with (
        serving_by("threaded", Large(), message_timeout=None, client_timeout=None) as served,
        caller("threaded", served.port, 8_000_000) as peer,
    ):
        time.sleep(1)
        assert not is_given_up(peer)
        got = 0
        while got < 8_000_000:
            got += len(peer.recv(1_000_000))
