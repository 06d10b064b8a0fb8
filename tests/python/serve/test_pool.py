"""`TThreadPoolServer`: a bounded number of threads, a bounded queue, and an answer past it."""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fastthrift.rpc import client_context
from fastthrift.rpc import make_server as make_service_server
from fastthrift.server import TThreadedServer, TThreadPoolServer
from fastthrift.thrift import TApplicationException
from fastthrift.transport import TServerSocket, TSSLServerSocket
from support.aio import Authority
from support.rpc import PATIENCE, Calls, Handler, client_of, make_server, serving
from support.stopping import in_threads


class Counting(Handler):
    """Counts how many of its calls run at once."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.running = self.most = 0

    def add(self, a: int, b: int) -> int:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        with self.lock:
            self.running -= 1
        return a + b


def pool(handler: Any = None, **options: Any) -> Any:
    return make_server(handler, TThreadPoolServer, **options)


def test_more_clients_than_threads_are_all_served() -> None:
    handler = Counting()
    with serving(pool(handler, threads=3)) as port:

        def work(number: int) -> list[int]:
            with client_of(port) as client:
                return [client.add(number, step) for step in range(20)]

        threads, answers = in_threads(30, work)
        for thread in threads:
            thread.join(PATIENCE)
    assert answers == [[number + step for step in range(20)] for number in range(30)]
    assert 1 <= handler.most <= 3


def test_past_the_queue_is_an_answer_and_one_line_in_the_log(caplog: Any) -> None:
    handler = Handler()
    with serving(pool(handler, threads=1, queue=1)) as port, contextlib.ExitStack() as clients:
        busy = clients.enter_context(client_of(port))
        threads, answers = in_threads(1, busy.wait)
        assert handler.waiting.wait(PATIENCE)
        # The one that waits for the thread.
        waiting = socket.create_connection(("127.0.0.1", port), PATIENCE)
        for _ in range(3):
            with client_of(port) as client, pytest.raises(TApplicationException) as caught:
                client.add(1, 2)
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
            assert "the server is overloaded: 1 connections wait" in str(caught.value)
        waiting.close()
        handler.go_on.set()
        threads[0].join(PATIENCE)
        assert answers == [0]
    lines = [one for one in caplog.records if "Overloaded" in one.getMessage()]
    assert [one.levelno for one in lines] == [logging.WARNING]


@pytest.mark.parametrize("tls", [False, True])
def test_a_refused_client_that_says_nothing_is_closed(tls: bool, tmp_path: Path) -> None:
    trans: Any = TServerSocket("127.0.0.1", 0, client_timeout=None)
    if tls:
        certfile = Authority(tmp_path, "127.0.0.1").certfile
        trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=None, certfile=certfile)
    with (
        serving(pool(threads=1, queue=0, trans=trans)) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        assert peer.recv(1) == b""


def test_a_threaded_server_refuses_more_connections_than_it_may_have(caplog: Any) -> None:
    server = make_server()
    server.max_connections = 2
    with serving(server) as port, contextlib.ExitStack() as clients:
        kept = [clients.enter_context(client_of(port)) for _ in range(2)]
        assert [client.add(1, 2) for client in kept] == [3, 3]
        with client_of(port) as client, pytest.raises(TApplicationException) as caught:
            client.add(1, 2)
        assert "the server is overloaded: 2 connections are open; try again" in str(caught.value)
        assert [client.add(1, 2) for client in kept] == [3, 3]
        kept[0].close()

        def is_served() -> bool:
            with client_of(port) as client:
                try:
                    return bool(client.add(1, 2) == 3)
                except TApplicationException:
                    return False

        pause = threading.Event()
        while not is_served():
            pause.wait(0.01)
    assert "Overloaded: 2 connections are open, others are refused" in caplog.text


def test_close_serves_those_that_have_sent_their_call() -> None:
    handler = Handler()
    server = pool(handler, threads=1)
    with serving(server) as port, contextlib.ExitStack() as clients:
        busy = clients.enter_context(client_of(port))
        first, answers = in_threads(1, busy.wait)
        assert handler.waiting.wait(PATIENCE)
        other = clients.enter_context(client_of(port))
        second, sums = in_threads(1, lambda _: other.add(1, 2))
        pause = threading.Event()
        while not server._waiting.qsize():
            pause.wait(0.01)
        server.close()
        handler.go_on.set()
        for thread in (*first, *second):
            thread.join(PATIENCE)
        assert answers == [0]
    # Its bytes may have come too late to be received, which is an error, and never a wrong answer.
    assert sums == [3] or isinstance(sums[0], Exception)


def test_the_number_of_threads_is_set_as_in_apaches() -> None:
    server = pool()
    assert server.threads == 10
    server.setNumThreads(4)
    assert server.threads == 4
    server.close()
    with pytest.raises(ValueError, match="needs a thread"):
        pool(threads=0)


@pytest.mark.parametrize("server_class", [TThreadPoolServer, TThreadedServer])
def test_make_server_makes_it(server_class: Any) -> None:
    server = make_service_server(Calls, Handler(), "127.0.0.1", 1, server_class=server_class)
    server.trans.port = 0
    server.trans.listen()
    with serving(server) as port, client_context(Calls, "127.0.0.1", port) as client:
        assert client.add(1, 2) == 3
    assert type(server) is server_class


@pytest.mark.parametrize("server_class", [TThreadPoolServer, TThreadedServer])
def test_garbage_is_a_few_lines_in_the_log_however_much_comes(
    server_class: Any, caplog: Any
) -> None:
    with serving(make_server(server_class=server_class)) as port:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
                peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    assert peer.recv(1) == b""
        with client_of(port) as client:
            assert client.add(1, 2) == 3
    lines = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(lines) == 5
    assert "which sent an HTTP request, this server expects" in lines[0].getMessage()


def test_a_program_whose_server_runs_in_a_daemon_thread_ends() -> None:
    program = (
        "import threading\n"
        "from fastthrift.server import TThreadPoolServer\n"
        "from support.rpc import Handler, client_of, make_server, port_of\n"
        "server = make_server(Handler(), TThreadPoolServer)\n"
        "threading.Thread(target=server.serve, daemon=True).start()\n"
        "with client_of(port_of(server)) as client:\n"
        "    print(client.add(1, 2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
