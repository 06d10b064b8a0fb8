"""Many clients, and bad ones: others are served as ever, and nothing is left of any of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift.transport import TBufferedTransportFactory, TFramedTransportFactory
from support import each_server
from support.aio import Handler as Awaited
from support.each_server import ASYNCIO, ASYNCIO_HTTP, AWAITED, HTTP
from support.rpc import PATIENCE, Handler, client_of, open_descriptors
from support.runner import wait_until

PYTHONS = ["simple", "threaded", "threadpool", ASYNCIO, HTTP, ASYNCIO_HTTP]
HALF = b"\x80\x01\x00\x01\x00\x00\x00\x04echo\x00\x00\x00\x01\x0b\x00\x01\x00\x00\xff\xffx"
HALF_OVER_HTTP = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65535\r\n\r\n" + HALF
# What a call may take beside them: usually, in seconds and as a multiple of what it takes without
# them, which is more on a busy machine; and each of them, in seconds.
USUALLY, TIMES, AT_MOST = 0.25, 100, 10.0


def half_for(kind: str) -> bytes:
    return HALF_OVER_HTTP if kind in (HTTP, ASYNCIO_HTTP) else HALF


class AsyncHandler(Handler):
    async def add(self, a: int, b: int) -> int:  # type: ignore[override]
        return a + b

    async def wait(self, ticket: int) -> int:  # type: ignore[override]
        while not self.go_on.is_set():
            await asyncio.sleep(0.01)
        return ticket


def handler_for(kind: str) -> Handler:
    return AsyncHandler() if kind in (AWAITED, ASYNCIO, ASYNCIO_HTTP) else Handler()


def leave(peer: socket.socket, *, reset: bool) -> None:
    if reset:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@contextlib.contextmanager
def hostile_clients(kind: str, port: int) -> Iterator[None]:
    """Some that send a byte now and then, and some that come and go in the middle."""
    ends = threading.Event()
    address = ("127.0.0.1", port)
    half = half_for(kind)

    def send_slowly() -> None:
        with contextlib.suppress(OSError), socket.create_connection(address, PATIENCE) as peer:
            peer.sendall(half)
            while not ends.wait(0.02):
                peer.sendall(b"x")

    def come_and_go() -> None:
        number = 0
        while not ends.wait(0.005):
            number += 1
            with contextlib.suppress(OSError):
                peer = socket.create_connection(address, PATIENCE)
                if number % 3:
                    peer.sendall(half)
                leave(peer, reset=bool(number % 2))

    acts: list[Callable[[], None]] = [*[send_slowly] * 6, *[come_and_go] * 2]
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        for thread in threads:
            thread.join(PATIENCE)


@pytest.mark.parametrize("kind", [kind for kind in each_server.ALL if kind != "simple"])
def test_others_are_served_at_once_beside_hostile_clients(kind: str) -> None:
    handler = handler_for(kind)
    alone: list[float] = []
    took: list[float] = []
    with each_server.serving_by(kind, handler, message_timeout=PATIENCE) as served:

        def time_calls(times: list[float]) -> None:
            with served.client() as kept:
                for number in range(100):
                    began = time.monotonic()
                    assert kept.add(number, 1) == number + 1
                    times.append(time.monotonic() - began)
            for number in range(20):
                began = time.monotonic()
                with served.client() as client:
                    assert client.add(number, 1) == number + 1
                times.append(time.monotonic() - began)

        def block(client: object) -> None:
            client.wait(1)  # type: ignore[attr-defined]

        time_calls(alone)
        with contextlib.ExitStack() as clients:
            blocked = []
            # Over HTTP with threads handlers run one at a time unless it is told otherwise.
            for _ in range(0 if kind == HTTP else 3):
                client = clients.enter_context(served.client())
                blocked.append(threading.Thread(target=block, args=(client,)))
                blocked[-1].start()
            with hostile_clients(kind, served.port):
                time.sleep(0.3)
                time_calls(took)
                assert all(thread.is_alive() for thread in blocked)
            handler.go_on.set()
            for thread in blocked:
                thread.join(PATIENCE)
    assert statistics.median(took) < max(USUALLY, TIMES * statistics.median(alone))
    assert max(took) < AT_MOST


@pytest.mark.parametrize("kind", PYTHONS)
def test_of_a_thousand_connections_nothing_is_left(kind: str) -> None:
    # Other tests may have left some; one serves, and those of a pool stay.
    most = threading.active_count() + (11 if kind == "threadpool" else 1)
    with each_server.serving_by(kind, handler_for(kind)) as served:

        def call() -> bool:
            with served.client() as client:
                return bool(client.add(1, 2) == 3)

        assert call()
        wait_until(lambda: threading.active_count() <= most)
        descriptors = open_descriptors()
        for number in range(1000):
            peer = socket.create_connection(("127.0.0.1", served.port), PATIENCE)
            if number % 3:
                peer.sendall(half_for(kind))
            leave(peer, reset=bool(number % 2))
            if number % 100 == 0:
                assert call()
        wait_until(lambda: open_descriptors() <= descriptors and threading.active_count() <= most)
        assert call()


CLIENTS, CALLS = 200, 50
#: All but one that serves one connection at a time, and those of HTTP, whose calls take long.
AT_ONCE = [kind for kind in each_server.ALL if kind not in ("simple", HTTP, ASYNCIO_HTTP)]
TRANSPORTS = [TBufferedTransportFactory(), TFramedTransportFactory()]


@pytest.mark.parametrize("kind", AT_ONCE)
def test_two_hundred_clients_with_fifty_calls_each(kind: str) -> None:
    is_awaited = kind in (AWAITED, ASYNCIO)
    wrong: list[object] = []

    def client_number(number: int, served: each_server.Served) -> Any:
        if kind in ("nonblocking", AWAITED):
            # These find out how each of them speaks.
            return client_of(served.port, trans_factory=TRANSPORTS[number % 2])
        return served.client()

    def call(number: int, served: each_server.Served) -> None:
        try:
            with client_number(number, served) as client:
                for index in range(CALLS):
                    text = f"{number} {index}"
                    if client.echo(text) != text:
                        wrong.append(text)
        except Exception as error:
            wrong.append(error)

    descriptors, threads_before = open_descriptors(), threading.active_count()
    with each_server.serving_by(kind, Awaited() if is_awaited else Handler()) as served:
        threads = [
            threading.Thread(target=call, args=(number, served)) for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert wrong == []
    # What a native server has of its loop goes with it.
    del served
    wait_until(lambda: open_descriptors() <= descriptors)
    wait_until(lambda: threading.active_count() <= threads_before)


# How much a server may grow by, in bytes, where a hundred for each call and connection were more.
GROWTH = 1 << 20
#: Of the calls that are measured; with those before them there are 20,000.
ROUNDS = 15_000


@pytest.mark.parametrize("kind", each_server.ALL)
def test_memory_does_not_grow_with_calls_and_connections(kind: str) -> None:
    program = textwrap.dedent(
        f"""
        import gc, sys
        from support.aio import Handler as AsyncHandler
        from support.each_server import serving_by
        from support.rpc import Handler

        is_awaited = {kind in (AWAITED, ASYNCIO, ASYNCIO_HTTP)!r}
        with serving_by({kind!r}, AsyncHandler() if is_awaited else Handler()) as served:
            print(served.port, flush=True)
            for line in sys.stdin:
                gc.collect()
                pages = int(open("/proc/self/statm").read().split()[1])
                print(pages * 4096, flush=True)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())

        def work(rounds: int) -> int:
            """Calls and connections; the memory that the server has then."""
            for _ in range(rounds // 400):
                with each_server.client_at(kind, port) as client:
                    for number in range(400):
                        assert client.add(number, 1) == number + 1
                for number in range(20):
                    peer = socket.create_connection(("127.0.0.1", port), PATIENCE)
                    peer.sendall(half_for(kind))
                    leave(peer, reset=bool(number % 2))
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        work(ROUNDS // 3)
        before = work(400)
        assert work(ROUNDS) - before < GROWTH
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
