"""A server that is asked to stop answers what it has received, and its process ends well."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TMessageType, TProcessor
from fastthrift.transport import TServerSocket, _listening
from support import aio as aio_support
from support import each_server
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    client_of,
    i32_result,
    make_server,
    message,
    port_of,
    receive,
)
from support.stopping import ALL, CONCURRENT, SIMPLE, Served, in_loop, in_threads, served

ARGUMENTS = struct.pack("!bhi", 8, 1, 1) + struct.pack("!bhi", 8, 2, 2) + b"\0"


def wait_until_it_listens_no_more(port: int) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE * 50):
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except ConnectionError:
            return
        pause.wait(0.02)
    raise AssertionError("the server still listens")


def assert_ended_well(server: Served) -> None:
    assert server.line() == "served"
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", CONCURRENT)
def test_calls_in_flight_are_answered_and_idle_clients_do_not_matter(
    kind: str, number: signal.Signals
) -> None:
    with served(kind) as server, server.client() as idle:
        assert idle.add(1, 2) == 3

        def call(ticket: int) -> Any:
            with server.client() as client:
                return client.wait(ticket)

        threads, answers = in_threads(20, call)
        assert [server.line() for _ in threads] == ["begun"] * 20
        server.process.send_signal(number)
        wait_until_it_listens_no_more(server.port)
        server.let_calls_end()
        for thread in threads:
            thread.join(PATIENCE)
        assert answers == list(range(20))
        assert_ended_well(server)


def test_a_simple_server_answers_the_call_that_it_is_in() -> None:
    with served(SIMPLE) as server:
        with server.client() as client:
            threads, answers = in_threads(1, client.wait)
            assert server.line() == "begun"
            server.process.send_signal(signal.SIGTERM)
            wait_until_it_listens_no_more(server.port)
            server.let_calls_end()
            threads[0].join(PATIENCE)
        assert answers == [0]
        assert_ended_well(server)


@pytest.mark.parametrize("kind", ALL)
def test_a_server_without_calls_ends_at_once(kind: str) -> None:
    with served(kind) as server, server.client() as client:
        assert client.add(1, 2) == 3
        server.process.terminate()
        assert_ended_well(server)


@pytest.mark.parametrize("kind", ALL)
def test_a_server_that_is_told_not_to_leaves_signals_alone(kind: str) -> None:
    with served(kind, "ignored") as server:
        server.process.terminate()
        assert server.process.wait(PATIENCE) == -signal.SIGTERM


def run_program(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PROGRAM = """
import signal, threading
from fastthrift.server import TServer, TThreadedServer
from fastthrift.transport import TServerSocket, _listening

class Processor:
    def process(self, iprot, oprot):
        pass

class Trans(TServerSocket):
    def accept(self):
        accepting()
        return super().accept()

server = TThreadedServer(Processor(), Trans("127.0.0.1", 0))
"""


def test_handlers_that_the_program_has_set_are_left_alone_and_others_given_back() -> None:
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            def mine(number, frame):
                print("mine")
                server.close()
            signal.signal(signal.SIGTERM, mine)

            def accepting():
                print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
                signal.raise_signal(signal.SIGTERM)

            server.serve()
            print(signal.getsignal(signal.SIGTERM) is mine)
            print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
            """
        )
    )
    assert output.split() == ["False", "mine", "True", "True"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            signal.signal(signal.SIGINT, signal.SIG_IGN)

            def accepting():
                signal.raise_signal(signal.SIGINT)
                print(server.closed)
                server.close()

            server.serve()
            """
        )
    )
    assert output.split() == ["False"]


@pytest.mark.difference("interrupted-server")
def test_an_interrupt_returns_from_serve_and_a_second_one_is_what_it_was() -> None:
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            def accepting():
                signal.raise_signal(signal.SIGINT)
                print(server.closed)
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:
                    print("interrupted")

            server.serve()
            print("returned")
            """
        )
    )
    assert output.split() == ["True", "interrupted", "returned"]


def test_a_second_interrupt_ends_a_program_that_has_pythons_own_handler_no_more() -> None:
    program = PROGRAM + textwrap.dedent(
        """
        signal.signal(signal.SIGINT, signal.SIG_DFL)

        def accepting():
            signal.raise_signal(signal.SIGINT)
            print(server.closed, flush=True)
            signal.raise_signal(signal.SIGINT)

        server.serve()
        print("returned")
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "True\n", "")


def test_a_process_that_a_handler_forks_is_ended_by_signals() -> None:
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            import os

            def accepting():
                if (child := os.fork()) == 0:
                    signal.raise_signal(signal.SIGTERM)
                    os._exit(7)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                server.close()

            server.serve()
            """
        )
    )
    assert output.split() == [str(-signal.SIGTERM)]


def test_a_process_that_a_handler_forks_does_not_stop_the_server_by_its_signals() -> None:
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            import os, time

            def accepting():
                if (child := os.fork()) == 0:
                    signal.signal(signal.SIGTERM, lambda *_: None)
                    signal.raise_signal(signal.SIGTERM)
                    os._exit(0)
                os.waitpid(child, 0)
                time.sleep(0.2)
                print(server.closed)
                server.close()

            server.serve()
            """
        )
    )
    assert output.split() == ["False"]


def test_a_signal_that_another_thread_takes_closes_the_server() -> None:
    """The main thread waits for connections, and does not notice."""
    output = run_program(
        PROGRAM
        + textwrap.dedent(
            """
            begun = threading.Event()

            def accepting():
                begun.set()

            def send():
                begun.wait()
                # Most likely the main thread waits by now; it takes no signals.
                threading.Event().wait(0.3)
                signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

            threading.Thread(target=send).start()
            server.serve()
            print("returned")
            """
        )
    )
    assert output.split() == ["returned"]


def test_a_server_in_another_thread_has_no_signals() -> None:
    server = make_server()
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with client_of(port_of(server)) as client:
        assert client.add(1, 2) == 3
        assert signal.getsignal(signal.SIGTERM) is before
    server.close()
    thread.join(PATIENCE)


@pytest.mark.parametrize("kind", each_server.THREADED)
def test_a_server_that_was_closed_serves_no_more(kind: str) -> None:
    server = make_server(server_class=each_server.THREADED[kind])
    port_of(server)
    served = []
    server.on_serving = lambda: served.append(True)
    # As by a runner: one that is not there to be opened again once it is closed.
    assert server.trans.sock is not None
    server.trans.descriptor = server.trans.sock.fileno()
    server.close()
    server.serve()
    assert not served


def test_asyncios_server_that_was_closed_serves_no_more() -> None:
    trans = TAsyncServerSocket("127.0.0.1", 0)
    server = TAsyncServer(TAsyncProcessor(aio_support.Calls, aio_support.Handler()), trans)
    server.close_soon()
    server.serve()
    asyncio.run(server.serve_forever())
    assert trans.raw_sock is None


@pytest.mark.parametrize("kind", each_server.THREADED)
def test_a_server_can_be_closed_while_it_begins_to_listen(kind: str) -> None:
    class Closing(TServerSocket):
        def listen(self) -> None:
            super().listen()
            server.close()

    trans = Closing("127.0.0.1", 0)
    server = each_server.THREADED[kind](TProcessor(Calls, Handler()), trans)
    server.serve()
    assert trans.sock is None


def test_close_takes_its_grace_in_seconds() -> None:
    server = make_server()
    server.close(grace=0.25)
    assert isinstance(server, TThreadedServer)
    assert server.grace == 250


@pytest.mark.parametrize("kind", ["threaded", "simple", "asyncio", "native"])
def test_calls_that_were_sent_ahead_are_answered_when_the_server_is_closed(kind: str) -> None:
    """What has been received is finished, also where it was not begun yet."""
    with (
        served(kind) as server,
        socket.create_connection(("127.0.0.1", server.port), PATIENCE) as peer,
    ):
        calls = [
            message("wait" if number == 0 else "add", number, ARGUMENTS, TMessageType.CALL)
            for number in range(3)
        ]
        peer.sendall(b"".join(calls))
        assert server.line() == "begun"
        server.process.terminate()
        wait_until_it_listens_no_more(server.port)
        server.let_calls_end()
        answers = [message("wait", 0, i32_result(1))]
        answers += [message("add", number, i32_result(3)) for number in (1, 2)]
        assert receive(peer, len(b"".join(answers))) == b"".join(answers)
        assert peer.recv(1) == b""
        assert_ended_well(server)


class Busy(aio_support.Handler):
    """Holds up the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    async def nothing(self) -> None:
        self.begun.set()
        assert self.go_on.wait(PATIENCE)


def test_calls_that_came_while_the_event_loop_was_busy_are_answered() -> None:
    handler = Busy()
    trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    server = TAsyncServer(TAsyncProcessor(aio_support.Calls, handler), trans)
    with in_loop(server), contextlib.ExitStack() as peers:
        assert trans.raw_sock is not None
        port = trans.raw_sock.getsockname()[1]

        def connect() -> socket.socket:
            return peers.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))

        call = message("add", 1, ARGUMENTS, TMessageType.CALL)
        answer = message("add", 1, i32_result(3))
        waiting = [connect() for _ in range(3)]
        for peer in waiting:
            peer.sendall(call)
            assert receive(peer, len(answer)) == answer
        busy = connect()
        busy.sendall(message("nothing", 0, b"\0", TMessageType.CALL))
        assert handler.begun.wait(PATIENCE)
        for peer in waiting:
            peer.sendall(call)
        # As a signal does, by its handler and by the thread that waits for it.
        server.close_soon()
        server.close_soon()
        handler.go_on.set()
        for peer in waiting:
            assert receive(peer, len(answer)) == answer
            assert peer.recv(1) == b""


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind", [each_server.ASYNCIO, each_server.ASYNCIO_HTTP])
def test_connections_that_the_system_has_taken_are_served_when_the_server_is_closed(
    kind: str, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shared:
        # As that of `fastthrift serve`, which all of its workers have.
        listen_on_address = _listening.listen_on_address

        def listen_shared(*args: Any, **options: Any) -> _listening.Listening:
            listening = listen_on_address(*args, **options)
            listening.share()
            return listening

        monkeypatch.setattr(_listening, "listen_on_address", listen_shared)
    call = message("add", 1, ARGUMENTS, TMessageType.CALL)
    blocking = message("nothing", 0, b"\0", TMessageType.CALL)
    answer = message("add", 1, i32_result(3))
    head = b""
    if kind == each_server.ASYNCIO_HTTP:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    handler = Busy()
    with each_server.serving_by(kind, handler) as served, contextlib.ExitStack() as peers:

        def connect(sent: bytes = b"") -> socket.socket:
            peer = peers.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            peer.settimeout(PATIENCE)
            if sent:
                peer.sendall(head % len(sent) + sent if head else sent)
            return peer

        connect(blocking)
        assert handler.begun.wait(PATIENCE)
        # The event loop is busy, and accepts nobody.
        waiting = [connect(call) for _ in range(5)]
        silent = connect()
        served.server.close_soon()
        handler.go_on.set()
        for peer in waiting:
            with peer.makefile("rb") as stream:
                assert stream.read().endswith(answer)
        assert silent.recv(1) == b""
