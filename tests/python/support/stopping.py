"""Servers in processes of their own, with calls that wait until the test says so.

Run as a module, with the name of a server, it is such a process: it tells its port, then each call
that has begun, and at last that `serve` has returned. Calls end when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastthrift.http
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer, TSimpleServer, TThreadedServer

from support.rpc import PATIENCE, Calls, Handler, make_server, port_of

THREADED, SIMPLE, ASYNCIO, NATIVE = "threaded", "simple", "asyncio", "native"
PLAIN = {THREADED: TThreadedServer, SIMPLE: TSimpleServer, NATIVE: TNonblockingServer}
HTTP, ASYNCIO_HTTP = "http", "asyncio-http"
ALL = (THREADED, SIMPLE, ASYNCIO, NATIVE, HTTP, ASYNCIO_HTTP)
#: Those that serve several connections at once.
CONCURRENT = (THREADED, ASYNCIO, NATIVE, HTTP, ASYNCIO_HTTP)


class Waiting(Handler):
    def __init__(self) -> None:
        super().__init__()
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        sys.stdin.read()
        self.go_on.set()

    def wait(self, ticket: int) -> int:
        say("begun")
        self.go_on.wait()
        return ticket


class AsyncWaiting(Waiting):
    async def wait(self, ticket: int) -> int:  # type: ignore[override]
        say("begun")
        while not self.go_on.is_set():
            await asyncio.sleep(0.01)
        return ticket


def say(what: object) -> None:
    # At once, whichever threads speak at the same time.
    os.write(1, f"{what}\n".encode())


def serve(kind: str, setting: str) -> None:
    server: Any
    if kind in PLAIN:
        options = {"threads": 20} if kind == NATIVE else {}
        server = make_server(Waiting(), PLAIN[kind], **options)
        say(port_of(server))
    elif kind == HTTP:
        server = fastthrift.http.make_server(
            Calls, Waiting(), "127.0.0.1", 0, server_class=http.server.ThreadingHTTPServer
        )
        say(server.httpd.server_address[1])
    else:
        asyncio.run(serve_in_loop(kind, setting))
        return
    server.handle_signals = setting != "ignored"
    server.serve()


async def serve_in_loop(kind: str, setting: str) -> None:
    server: Any
    if kind == ASYNCIO:
        trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
        server = TAsyncServer(TAsyncProcessor(Calls, AsyncWaiting()), trans)
    else:
        server = aio_http.make_server(Calls, AsyncWaiting(), "127.0.0.1", 0)
    server.handle_signals = setting != "ignored"
    await server.start()
    say(server.addresses[0][1] if kind == ASYNCIO_HTTP else trans.raw_sock.getsockname()[1])
    await server.serve_forever()


class Served:
    """A server in a process."""

    def __init__(self, kind: str, process: subprocess.Popen[str]) -> None:
        self.kind = kind
        self.process = process
        self.port = int(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def client(self) -> contextlib.AbstractContextManager[Any]:
        if self.kind in (HTTP, ASYNCIO_HTTP):
            return fastthrift.http.client_context(
                Calls, "127.0.0.1", self.port, timeout=PATIENCE * 1000
            )
        return client_context(
            Calls,
            "127.0.0.1",
            self.port,
            socket_timeout=PATIENCE * 1000,
            connect_timeout=PATIENCE * 1000,
        )

    def let_calls_end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextlib.contextmanager
def served(kind: str, setting: str = "") -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "support.stopping", kind, setting],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Served(kind, process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


@contextlib.contextmanager
def in_loop(server: Any) -> Iterator[None]:
    """A server of asyncio, which runs in a thread."""
    started = threading.Event()

    async def run() -> None:
        await server.start()
        started.set()
        await server.serve_forever()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield
    finally:
        server.close_soon()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def in_threads(count: int, act: Callable[[int], Any]) -> tuple[list[threading.Thread], list[Any]]:
    """Do something in threads; what each has given is in the list, or what it has raised."""
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            results[number] = act(number)
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


if __name__ == "__main__":
    serve(*sys.argv[1:])
    say("served")
