"""A kept connection of HTTP that ends just as a request is sent on it: the call has not run, and is
made again. Real servers close so when they end, or when a connection was idle for long enough."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.transport import TTransportException
from support import aio, rpc
from support.rpc import PATIENCE, Calls

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is known on Linux alone")


def receive_request(connection: Any) -> int:
    """Read a request; the sequence id of its call."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += rpc.receive(connection, 1)
    (size,) = (
        int(line.partition(b":")[2])
        for line in data.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    body = rpc.receive(connection, size)
    return int.from_bytes(body[8 + body[7] :][:4], "big")


class Ending:
    """A peer that answers one request, and goes when it is told to."""

    def __init__(self, way: Any = socket.socket.close, context: Any = None) -> None:
        self._way = way
        self._context = context
        self._told = threading.Event()
        self._gone = threading.Event()
        self.requests = 0

    def go(self) -> None:
        self._told.set()
        assert self._gone.wait(PATIENCE)

    def answer(self, connection: Any) -> None:
        reply = rpc.message("add", receive_request(connection), rpc.i32_result(7))
        self.requests += 1
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(reply)}\r\n\r\n"
        connection.sendall(head.encode() + reply)

    def _over(self, connection: Any) -> Any:
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_side=True)

    def answer_once(self, connection: Any) -> None:
        with self._over(connection) as over:
            self.answer(over)
            assert self._told.wait(PATIENCE)
            if self._way is reset_behind_the_request:
                self._gone.set()
                self._way(over)
                self.requests += 1
                return
            self._way(over)
            self._gone.set()
            if self._way is half:
                receive_request(over)
                self.requests += 1

    def answer_again(self, connection: Any) -> None:
        with self._over(connection) as over:
            self.answer(over)


def half(connection: Any) -> None:
    """Close the side that answers, and go on reading."""
    connection.shutdown(socket.SHUT_WR)


def reset(connection: Any) -> None:
    """Have the connection broken off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_behind_the_request(connection: Any) -> None:
    receive_request(connection)
    reset(connection)


def sent_at_once(connection: Any) -> None:
    """Have the two parts of a request sent before the first one can be refused, as on a network
    that takes its time."""
    send, held = connection.send, []

    def send_both(data: bytes) -> None:
        held.append(data)
        if len(held) == 2:
            send(b"".join(held))

    connection.send = send_both


def in_threads(url: str, ending: Ending, monkeypatch: Any, context: Any) -> Any:
    from fastthrift.http import client

    usable = client._is_usable
    looks: list[bool] = []

    def looked_at(connection: Any) -> bool:
        found = usable(connection)
        looks.append(found)
        # The pool has looked, and the request is next.
        if len(looks) == 2:
            ending.go()
            sent_at_once(connection)
        return found

    with ClientPool(Calls, url, timeout=PATIENCE, ssl_context=context) as pool:
        answers = [pool.add(1, 2)]
        monkeypatch.setattr(client, "_is_usable", looked_at)
        answers.append(pool.add(3, 4))
        return answers, pool.stats()


def in_asyncio(url: str, ending: Ending, monkeypatch: Any, context: Any) -> Any:
    from fastthrift.contrib.aio import _connector

    keep = _connector.LastSocket.keep

    def kept(self: Any, transport: Any) -> None:
        keep(self, transport)
        ending.go()
        monkeypatch.setattr(_connector.LastSocket, "keep", keep)

    async def main() -> Any:
        async with AsyncClientPool(Calls, url, timeout=PATIENCE, ssl_context=context) as pool:
            answers = [await pool.add(1, 2)]
            monkeypatch.setattr(_connector.LastSocket, "keep", kept)
            answers.append(await pool.add(3, 4))
            return answers, pool.stats()

    return asyncio.run(main())


each_client = pytest.mark.parametrize("call", [in_threads, in_asyncio])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> aio.Authority:
    return aio.Authority(tmp_path_factory.mktemp("http_arrival"), "127.0.0.1")


@each_client
@pytest.mark.parametrize("way", [socket.socket.close, reset])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_that_met_the_end_of_its_connection_is_made_again(
    call: Any, scheme: str, way: Any, authority: aio.Authority, monkeypatch: Any
) -> None:
    theirs, ours = None, None
    if scheme == "https":
        theirs, ours = authority.server_context(), authority.client_context()
    ending = Ending(way, context=theirs)
    with rpc.scripted_peer(ending.answer_once, ending.answer_again) as port:
        answers, stats = call(f"{scheme}://127.0.0.1:{port}/", ending, monkeypatch, ours)
    assert answers == [7, 7]
    assert (stats["reconnects"], stats["retries"]) == (1, 0)
    assert ending.requests == 2


@each_client
@pytest.mark.parametrize("way", [half, reset_behind_the_request])
def test_a_request_that_the_server_can_have_read_is_not_made_again(
    call: Any, way: Any, monkeypatch: Any
) -> None:
    ending = Ending(way)
    with rpc.scripted_peer(ending.answer_once) as port:
        with pytest.raises(TTransportException) as caught:
            call(f"http://127.0.0.1:{port}/", ending, monkeypatch, None)
        assert caught.value.request_sent is True
    assert ending.requests == 2


APPLICATION = """
import os, fastthrift
from fastthrift.wsgi import ThriftApp

class Handler:
    def pid(self):
        return os.getpid()

application = ThriftApp(fastthrift.load("worker.thrift").Worker, Handler())
"""


@contextlib.contextmanager
def gunicorn(folder: Path, *options: str) -> Iterator[tuple[Any, str]]:
    """Workers of gunicorn that serve; the service, and its URL."""
    folder.joinpath("worker.thrift").write_text("service Worker { i32 pid() }")
    folder.joinpath("app.py").write_text(APPLICATION)
    service = fastthrift.load(str(folder / "worker.thrift"), "arrival_worker_thrift").Worker
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "-b", f"fd://{listening.fileno()}", *options]
        process = subprocess.Popen(
            [*command, "app:application"],
            cwd=folder,
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield service, f"http://127.0.0.1:{port}/"
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_workers_of_gunicorn_that_are_replaced_lose_no_call_of_a_pool(
    kind: str, tmp_path: Path
) -> None:
    pids: set[int] = set()
    options = ["-w", "2", "-k", "gthread", "--threads", "4", "--max-requests", "10"]
    with gunicorn(tmp_path, *options) as (service, url):

        def call() -> None:
            with ClientPool(service, url, timeout=PATIENCE) as pool:
                for _ in range(50):
                    pids.add(pool.pid())
                    time.sleep(0.002)

        async def call_awaited() -> None:
            async with AsyncClientPool(service, url, timeout=PATIENCE) as pool:
                for _ in range(50):
                    pids.add(await pool.pid())
                    await asyncio.sleep(0.002)

        async def main() -> None:
            await asyncio.gather(*(call_awaited() for _ in range(4)))

        if kind == "asyncio":
            asyncio.run(main())
        else:
            with ThreadPoolExecutor(4) as threads:
                for done in [threads.submit(call) for _ in range(4)]:
                    done.result()
    assert len(pids) > 2
    assert os.getpid() not in pids
