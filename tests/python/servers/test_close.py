"""Stopping a server: `close` makes `serve` return after the calls in flight."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from fastthrift._serve.connections import FRESH_PATIENCE
from fastthrift.http import make_client as make_http_client
from fastthrift.http import make_server as make_http_server
from fastthrift.rpc import client_context
from fastthrift.server import (
    TNonblockingServer,
    TSimpleServer,
    TThreadedServer,
    TThreadPoolServer,
)
from fastthrift.transport import TServerSocket, TTransportException
from support.each_server import (
    ALL,
    ASYNCIO,
    ASYNCIO_HTTP,
    AWAITED,
    HTTP,
    THREADED,
    client_at,
    serving_by,
)
from support.rpc import PATIENCE, Calls, Handler, client_of, make_server, port_of, serving
from support.runner import wait_until

every_server = pytest.mark.parametrize(
    "server_class", [TSimpleServer, TThreadedServer, TNonblockingServer]
)


def start(server):
    thread = threading.Thread(target=server.serve)
    thread.start()
    return thread


def assert_ends(thread):
    thread.join(PATIENCE)
    assert not thread.is_alive()


@every_server
def test_close_before_any_connection(server_class):
    server = make_server(server_class=server_class)
    port = port_of(server)
    thread = start(server)
    server.close()
    assert_ends(thread)
    assert server.closed
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    # And the port is free.
    with serving(make_server(trans=TServerSocket("127.0.0.1", port))), client_of(port) as client:
        assert client.add(1, 2) == 3


@every_server
def test_close_before_serve(server_class):
    server = make_server(server_class=server_class)
    server.close()
    thread = start(server)
    assert_ends(thread)
    assert server.trans.sock is None


@every_server
def test_close_ends_idle_connections(server_class):
    trans = TServerSocket("127.0.0.1", 0, client_timeout=None)
    server = make_server(server_class=server_class, trans=trans)
    port = port_of(server)
    thread = start(server)
    with client_of(port) as client:
        assert client.add(1, 2) == 3
        server.close()
        assert_ends(thread)
        with pytest.raises((TTransportException, OSError)):
            client.add(1, 2)


def test_close_ends_idle_connections_of_a_unix_socket(tmp_path):
    trans = TServerSocket(unix_socket=str(tmp_path / "s"), client_timeout=None)
    server = make_server(trans=trans)
    thread = start(server)
    with client_context(Calls, unix_socket=str(tmp_path / "s")) as client:
        assert client.add(1, 2) == 3
        server.close()
        assert_ends(thread)
        with pytest.raises((TTransportException, OSError)):
            client.add(1, 2)


@every_server
def test_started_call_is_finished_and_answered(server_class):
    handler = Handler()
    server = make_server(handler, server_class)
    thread = start(server)
    answers = []

    def call():
        with client_of(port_of(server)) as client:
            answers.append(client.wait(5))

    caller = threading.Thread(target=call)
    caller.start()
    assert handler.waiting.wait(PATIENCE)
    server.close()
    assert thread.is_alive()
    handler.go_on.set()
    assert_ends(caller)
    assert_ends(thread)
    assert answers == [5]


@every_server
def test_close_from_a_handler(server_class):
    class Closing(Handler):
        def nothing(self):
            server.close()

    server = make_server(Closing(), server_class)
    thread = start(server)
    with client_of(port_of(server)) as client:
        assert client.nothing() is None
    assert_ends(thread)


@pytest.mark.difference("server-close")
def test_close_under_load():
    """Every answer is right, and everything that is not answered is a clean error."""
    server = make_server()
    port = port_of(server)
    thread = start(server)
    started = threading.Barrier(5)
    answered, wrong = [0] * 4, []

    def work(number):
        started.wait(PATIENCE)
        try:
            while True:
                with client_of(port) as client:
                    for step in range(50):
                        if client.add(number, step) != number + step:
                            wrong.append((number, step))
                        answered[number] += 1
        except (TTransportException, OSError):
            return
        except Exception as error:
            wrong.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    started.wait(PATIENCE)
    pause = threading.Event()
    while min(answered) < 100:
        pause.wait(0.01)
    server.close()
    assert_ends(thread)
    for worker in workers:
        assert_ends(worker)
    assert wrong == []


@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
def test_closing_the_server_socket_ends_serve_too(server_class):
    server = make_server(server_class=server_class)
    thread = start(server)
    with client_of(port_of(server)) as client:
        assert client.add(1, 2) == 3
        server.trans.close()
        assert_ends(thread)


def test_grace_for_handlers_that_do_not_return(caplog):
    handler = Handler()
    server = make_server(handler, grace=50, daemon=True)
    thread = start(server)
    failures = []

    def call():
        try:
            with client_of(port_of(server)) as client:
                client.wait(5)
        except Exception as error:
            failures.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert handler.waiting.wait(PATIENCE)
    server.close()
    assert_ends(thread)
    assert "1 calls are still running 0.05 s after the server was closed" in caplog.text
    handler.go_on.set()
    assert_ends(caller)
    assert failures == []


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("kind", ["simple", "threaded", "threadpool", HTTP])
def test_connections_that_the_system_has_taken_are_served_when_it_is_closed(kind):
    listens, goes_on = threading.Event(), threading.Event()

    def hold():
        listens.set()
        assert goes_on.wait(PATIENCE)

    if kind == HTTP:
        server = make_http_server(Calls, Handler(), "127.0.0.1", 0)
        port = server.httpd.server_address[1]
    else:
        server = make_server(Handler(), THREADED[kind])
        port = port_of(server)
    server.on_serving = hold
    thread = start(server)
    assert listens.wait(PATIENCE)
    with ThreadPoolExecutor(5) as executor, ExitStack() as ends:
        clients = [ends.enter_context(client_at(kind, port)) for _ in range(5)]
        answers = [executor.submit(client.add, 1, number) for number, client in enumerate(clients)]
        wait_until(lambda: waiting_at(port) == 5)
        server.close()
        goes_on.set()
        assert [answer.result(PATIENCE) for answer in answers] == [1, 2, 3, 4, 5]
    assert_ends(thread)


def test_of_those_that_are_left_http_serves_as_many_as_may_be_open():
    class Holding(Handler):
        def add(self, a, b):
            served.append(a)
            assert done.wait(PATIENCE)
            return a + b

    listens, goes_on, done, served = threading.Event(), threading.Event(), threading.Event(), []

    def hold():
        listens.set()
        assert goes_on.wait(PATIENCE)

    server = make_http_server(Calls, Holding(), "127.0.0.1", 0)
    port = server.httpd.server_address[1]
    server.max_connections, server.on_serving = 1, hold
    thread = start(server)
    assert listens.wait(PATIENCE)
    with ThreadPoolExecutor(3) as executor, ExitStack() as ends:
        clients = [ends.enter_context(client_at(HTTP, port)) for _ in range(3)]
        answers = [executor.submit(client.add, 1, 1) for client in clients]
        wait_until(lambda: waiting_at(port) == 3)
        server.close()
        goes_on.set()
        wait_until(lambda: sum(answer.done() for answer in answers) == 2)
        done.set()
        failures = [answer.exception(PATIENCE) for answer in answers]
    assert_ends(thread)
    assert failures.count(None) == len(served) == 1


def test_those_that_are_left_have_no_more_time_than_the_grace():
    """A simple server serves one after the other."""

    class Slow(Handler):
        def add(self, a, b):
            threading.Event().wait(0.3)
            return a + b

    listens, goes_on = threading.Event(), threading.Event()

    def hold():
        listens.set()
        assert goes_on.wait(PATIENCE)

    server = make_server(Slow(), TSimpleServer)
    port = port_of(server)
    server.on_serving = hold
    thread = start(server)
    assert listens.wait(PATIENCE)
    with ExitStack() as ends:
        clients = [ends.enter_context(client_of(port)) for _ in range(20)]
        with ThreadPoolExecutor(20) as executor:
            answers = [executor.submit(client.add, 1, 1) for client in clients]
            wait_until(lambda: waiting_at(port) == 20)
            server.close(0.1)
            goes_on.set()
            failures = [answer.exception(PATIENCE) for answer in answers]
    assert_ends(thread)
    assert sum(failure is None for failure in failures) < 3


def waiting_at(port):
    """How many connections to a port have been made that nobody has accepted, all with a call."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    here = f"0100007F:{port:04X}"
    # Established, with bytes to be read.
    return sum(
        row[1] == here and row[3] == "01" and not row[4].endswith(":00000000") for row in rows
    )


class Awaited(Handler):
    async def wait(self, ticket):
        self.waiting.set()
        while not self.go_on.is_set():
            await asyncio.sleep(0.01)
        return ticket


def let_a_call_wait(served, handler, ends):
    """A call that the handler is in until the end."""

    def call():
        with served.client() as client, contextlib.suppress(TTransportException):
            client.wait(5)

    caller = threading.Thread(target=call)
    caller.start()
    ends.callback(assert_ends, caller)
    ends.callback(handler.go_on.set)
    assert handler.waiting.wait(PATIENCE)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "simple"])
def test_a_second_close_can_leave_less_time(kind, caplog):
    handler = Awaited() if kind in (AWAITED, ASYNCIO, ASYNCIO_HTTP) else Handler()
    with ExitStack() as ends:
        with serving_by(kind, handler, grace=PATIENCE * 10_000) as served:
            let_a_call_wait(served, handler, ends)
            close = getattr(served.server, "close_soon", served.server.close)
            close()
            # It is being closed by now: nobody is accepted.
            wait_until(lambda: refuses(served.port))
            close(0.05)
        assert "1 calls are still running 0.05 s after the server was closed" in caplog.text


@pytest.mark.parametrize("kind", ["threaded", "threadpool", HTTP, "nonblocking"])
def test_a_second_close_leaves_no_more_time(kind, caplog):
    handler = Handler()
    with ExitStack() as ends:
        with serving_by(kind, handler) as served:
            let_a_call_wait(served, handler, ends)
            served.server.close(0.5)
            served.server.close(PATIENCE * 10)
        assert "1 calls are still running 0.5 s after the server was closed" in caplog.text


def test_a_thread_of_http_that_begins_after_the_stop_still_answers():
    class Late(ThreadingHTTPServer):
        def process_request_thread(self, request, client_address):
            accepted.set()
            assert begins.wait(PATIENCE)
            super().process_request_thread(request, client_address)

    accepted, begins = threading.Event(), threading.Event()
    server = make_http_server(Calls, Handler(), "127.0.0.1", 0, server_class=Late)
    url = f"http://127.0.0.1:{server.httpd.server_address[1]}/"
    thread = start(server)
    client = make_http_client(Calls, url=url)
    with contextlib.closing(client), ThreadPoolExecutor() as executor:
        answer = executor.submit(client.add, 1, 2)
        assert accepted.wait(PATIENCE)
        server.close()
        thread.join(0.5)
        assert thread.is_alive()
        begins.set()
        assert answer.result(PATIENCE) == 3
    assert_ends(thread)


def test_a_connection_that_waits_for_a_thread_does_not_hold_the_stop(caplog):
    class Slow(Handler):
        def add(self, a, b):
            entered.set()
            assert leaving.wait(PATIENCE)
            return a + b

    entered, leaving = threading.Event(), threading.Event()
    trans = TServerSocket("127.0.0.1", 0, client_timeout=None)
    server = make_server(Slow(), TThreadPoolServer, trans, threads=1)
    port = port_of(server)
    thread = start(server)
    with client_of(port) as client, ThreadPoolExecutor() as executor:
        answer = executor.submit(client.add, 1, 2)
        assert entered.wait(PATIENCE)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as waiting:
            wait_until(lambda: server._waiting.qsize() == 1)
            server.close()
            # Calls that are on their way are waited for no more.
            threading.Event().wait(5 * FRESH_PATIENCE)
            leaving.set()
            assert answer.result(PATIENCE) == 3
            assert waiting.recv(1) == b""
    assert_ends(thread)
    assert caplog.records == []


@every_server
def test_close_in_a_signal_handler(server_class, tmp_path):
    program = textwrap.dedent(
        f"""
        import signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from support.rpc import make_server, port_of
        from fastthrift.server import {server_class.__name__}
        server = make_server(server_class={server_class.__name__})
        signal.signal(signal.SIGTERM, lambda *_: server.close())
        print(port_of(server), flush=True)
        server.serve()
        print("served", flush=True)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        with client_of(int(process.stdout.readline())) as client:
            assert client.add(1, 2) == 3
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=PATIENCE)
        assert output.strip() == "served"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@every_server
def test_program_ends_under_a_server_in_a_daemon_thread(server_class):
    """With an idle connection, whose thread waits in native code for the next call."""
    program = textwrap.dedent(
        f"""
        import atexit, sys, threading
        # Runs last: the connection is idle, and open, when the server is closed.
        atexit.register(lambda: client.close())
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from support.rpc import Calls, make_server, port_of
        from fastthrift.rpc import make_client
        from fastthrift.server import {server_class.__name__}
        server = make_server(server_class={server_class.__name__})
        server.daemon = True
        threading.Thread(target=server.serve, daemon=True).start()
        client = make_client(Calls, "127.0.0.1", port_of(server), timeout=120_000)
        print(client.add(1, 2))
        """
    )
    output = subprocess.run(
        # Sockets that are not closed are told.
        [sys.executable, "-W", "always::ResourceWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (output.returncode, output.stdout, output.stderr) == (0, "3\n", "")


def test_interrupt_closes_the_server():
    class Interrupted(TServerSocket):
        def accept(self):
            if accepted:
                raise KeyboardInterrupt
            accepted.append(1)
            return super().accept()

    accepted = []
    server = make_server(trans=Interrupted("127.0.0.1", 0, client_timeout=None))
    with socket.create_connection(("127.0.0.1", port_of(server)), PATIENCE) as peer:
        with pytest.raises(KeyboardInterrupt):
            server.serve()
        assert server.closed
        assert server.trans.sock is None
        assert peer.recv(1) == b""
