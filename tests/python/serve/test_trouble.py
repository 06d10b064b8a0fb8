"""Handlers that exit, and a process that has no descriptors left: the other clients go on."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.thrift import TApplicationException
from support import aio as aio_support
from support import each_server
from support.rpc import PATIENCE, Handler, client_of, make_server, serving
from support.stopping import in_loop


class Exiting(Handler):
    def nothing(self) -> None:
        sys.exit(3)


class AsyncExiting(aio_support.Handler):
    async def nothing(self) -> None:
        sys.exit(3)


@contextlib.contextmanager
def asyncio_server() -> Any:
    trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    server = TAsyncServer(TAsyncProcessor(aio_support.Calls, AsyncExiting()), trans)
    with in_loop(server):
        assert trans.raw_sock is not None
        yield trans.raw_sock.getsockname()[1]


@pytest.mark.parametrize("kind", [TThreadedServer, TSimpleServer, TAsyncServer])
def test_a_handler_that_exits_ends_neither_server_nor_connection(kind: Any, caplog: Any) -> None:
    started = asyncio_server() if kind is TAsyncServer else serving(make_server(Exiting(), kind))
    with started as port, client_of(port) as client:
        for _ in range(2):
            with pytest.raises(TApplicationException) as caught:
                client.nothing()
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
            assert client.add(1, 2) == 3
    assert "Error processing nothing" in caplog.text


@pytest.mark.parametrize("kind", [kind for kind in each_server.ALL if kind != "simple"])
def test_a_server_without_descriptors_waits_for_some_and_says_so_once(
    kind: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = textwrap.dedent(
        f"""
        import logging, resource, sys
        from support.each_server import serving_by

        logging.basicConfig(filename={str(log)!r})
        with serving_by({kind!r}) as served:
            resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
            print(served.port, flush=True)
            sys.stdin.read()
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with contextlib.ExitStack() as peers:
            for _ in range(50):
                peers.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            pause = threading.Event()
            while not (log.exists() and "Cannot accept connections for now" in log.read_text()):
                assert process.poll() is None
                pause.wait(0.05)
            # Long enough for some hundred lines, where each try was one.
            pause.wait(1)
        with each_server.client_at(kind, port) as client:
            assert client.add(1, 2) == 3
        assert len(log.read_text().splitlines()) == 1
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
