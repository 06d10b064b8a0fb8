"""Handlers that exit, and a process that has no descriptors left: the other clients go on."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from fastthrift.thrift import TApplicationException
from support import aio as aio_support
from support import each_server
from support.rpc import PATIENCE, Handler


class Exiting(Handler):
    def nothing(self) -> None:
        sys.exit(3)


class AsyncExiting(aio_support.Handler):
    async def nothing(self) -> None:
        sys.exit(3)


@pytest.mark.parametrize("kind", each_server.ALL)
def test_a_handler_that_exits_ends_neither_server_nor_connection(kind: str, caplog: Any) -> None:
    is_awaited = kind.startswith("asyncio") or kind == each_server.AWAITED
    handler = AsyncExiting() if is_awaited else Exiting()
    with each_server.serving_by(kind, handler) as served, served.client() as client:
        # More often than there are threads that could end.
        for _ in range(20):
            with pytest.raises(TApplicationException) as caught:
                client.nothing()
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
            assert client.add(1, 2) == 3
        with served.client() as another:
            if kind != "simple":
                assert another.add(1, 2) == 3
    assert "Error processing nothing" in caplog.text


def processor_seconds(process: int) -> float:
    """What a process has taken of the processors, as they count it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# A server that spins takes as much of a second as it gets; one that does not, next to nothing.
SPINNING = 0.5


# Not the simple one: while it serves a connection it accepts no other, so that it may not notice.
@pytest.mark.parametrize("kind", [kind for kind in each_server.ALL if kind != "simple"])
def test_a_server_without_descriptors_waits_for_some_and_says_so_once(
    kind: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = textwrap.dedent(
        f"""
        import logging, os, resource, sys
        from support.each_server import serving_by

        logging.basicConfig(filename={str(log)!r})
        with serving_by({kind!r}) as served:
            # All that a server opens for itself it has then.
            with served.client() as client:
                assert client.add(1, 2) == 3
            free = os.dup(0)
            os.close(free)
            least = free + 16
            resource.setrlimit(resource.RLIMIT_NOFILE, (least, 64))
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
            before = processor_seconds(process.pid)
            pause.wait(1)
            assert processor_seconds(process.pid) - before < SPINNING
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
