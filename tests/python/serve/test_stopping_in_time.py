"""How long a server takes to stop: as long as its longest call, whatever its clients are at."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fastthrift._serve import connections
from fastthrift.contrib.aio import _connections as aio_connections
from fastthrift.contrib.aio import server as aio_server
from fastthrift.thrift import TMessageType
from support.aio import Handler as AsyncHandler
from support.each_server import ASYNCIO, ASYNCIO_HTTP, HTTP, serving_by
from support.rpc import PATIENCE, Handler, message
from support.runner import Runner, wait_until

SERVERS = ["nonblocking", "threaded", "threadpool", "simple", "http", "asyncio", "asyncio-http"]

# What a call takes, how long a stop may take besides, and what a busy machine may add, in seconds:
# far less than the time of a message, and the grace.
CALL, BESIDES, BUSY = 1.0, 0.5, 20.0
LIMITS = ("--message-timeout", "60", "--grace", "60")

APP = """
import asyncio, time
from app import Handler as Base

class Handler(Base):
    def wait(self, ticket):
        open(f"begun-{ticket}", "w").close()
        time.sleep(1)
        return ticket

class AsyncHandler:
    async def wait(self, ticket):
        open(f"begun-{ticket}", "w").close()
        await asyncio.sleep(1)
        return ticket

    async def greet(self, name):
        return name

    async def pid(self):
        return 0
"""

GREET = message("greet", 1, struct.pack("!bhi", 11, 1, 1000) + b"x" * 10, TMessageType.CALL)
HALVES = {
    "the start of a message": GREET[:6],
    "a message but for its last bytes": GREET,
    "a request but for its last bytes": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + GREET
    ),
}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    runner = Runner(tmp_path)
    (tmp_path / "timed.py").write_text(APP)
    return runner


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("server", SERVERS)
def test_a_stop_takes_as_long_as_the_longest_call(
    runner: Runner, server: str, workers: int
) -> None:
    handler = "timed:AsyncHandler" if "asyncio" in server else "timed:Handler"
    options = ("--server", server, "--workers", str(workers), *LIMITS)
    parts = [part for name, part in HALVES.items() if ("request" in name) == ("http" in server)]
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(runner.call("wait", 7)))
    with contextlib.ExitStack() as peers, runner.started(*options, handler=handler) as process:

        def connect(*sent: bytes) -> None:
            address = ("127.0.0.1", runner.port)
            peer = peers.enter_context(socket.create_connection(address, PATIENCE))
            for part in sent:
                peer.sendall(part)

        if server == "simple":
            # Each worker has one of them.
            for _ in range(workers):
                connect(parts[-1])
        else:
            for part in parts * 3:
                connect(part)
            connect()
            caller.start()
            wait_until((runner.directory / "begun-7").exists)
        # They have come to where they stay.
        time.sleep(0.3)
        began = time.monotonic()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        took = time.monotonic() - began
    if server != "simple":
        caller.join(PATIENCE)
        assert answers == [7]
    assert took < CALL + BESIDES + BUSY


def a_message_is_coming(server: Any) -> bool:
    found = server._in_threads if hasattr(server, "_in_threads") else server._connections
    return any(each.may_bring_more for each in list(getattr(found, "_open", found).values()))


@pytest.mark.parametrize("kind", ["threaded", "threadpool", HTTP, ASYNCIO, ASYNCIO_HTTP])
def test_a_message_that_is_coming_when_the_server_stops_may_still_come(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of it comes within the time that a next call has."""
    for module in (connections, aio_server):
        monkeypatch.setattr(module, "FRESH_PATIENCE", float(PATIENCE))
    for module in (connections, aio_connections):
        monkeypatch.setattr(module, "FRESH_FOR", 0.0)
    whole = message("echo", 1, struct.pack("!bhi", 11, 1, 3) + b"Ann\0", TMessageType.CALL)
    handler = AsyncHandler() if kind.startswith("asyncio") else Handler()
    if kind in (HTTP, ASYNCIO_HTTP):
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(whole)}\r\n\r\n"
        whole = head.encode() + whole
    with (
        serving_by(kind, handler, message_timeout=PATIENCE) as served,
        socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer,
    ):
        peer.sendall(whole[:-3])
        wait_until(lambda: a_message_is_coming(served.server))
        getattr(served.server, "close_soon", served.server.close)()
        time.sleep(0.2)
        peer.sendall(whole[-3:])
        assert b"echo" in peer.recv(1000)
