"""`fastthrift serve`: a parent that listens, and workers that serve."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.pool import ClientPool
from fastthrift.rpc import client_context
from fastthrift.transport import TTransportException
from support.example_processes import is_running
from support.rpc import PATIENCE
from support.runner import APP, Runner, ended, wait_until
from support.stopping import in_threads


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize("server", ["nonblocking", "threaded", "threadpool", "simple", "http"])
def test_every_server_is_served_by_workers_and_stops_well(runner: Runner, server: str) -> None:
    with runner.started("--server", server, "--workers", "2") as process:
        assert runner.call("greet", "you") == "one: hello you"
        assert len(runner.pids(2)) == 2
        assert process.pid not in runner.pids(1)
        with pytest.raises(Exception, match="NoName"):
            runner.call("greet", "")
        assert ended(process) == 0
    assert f"{server}, 2 workers" in runner.log()
    assert "Traceback" not in runner.log()


@pytest.mark.parametrize("server", ["nonblocking", "threaded", "asyncio"])
def test_messages_without_a_version_are_taken_where_they_are_asked_for(
    runner: Runner, server: str
) -> None:
    options = "--server", server, "--protocol", "lax-binary"
    url = f"tcp://127.0.0.1:{runner.port}?protocol="
    handler = "app:Handler" if server == "threaded" else "app:AsyncHandler"
    with (
        runner.started(*options, handler=handler) as process,
        ClientPool(runner.service, f"{url}lax_binary", timeout=PATIENCE) as pool,
    ):
        assert pool.greet("you").endswith("hello you")
        assert ended(process) == 0


@pytest.mark.parametrize("server", ["nonblocking", "asyncio", "asyncio-http"])
def test_handlers_with_async_def_are_awaited(runner: Runner, server: str) -> None:
    options = "--workers", "2", "--server", server
    with runner.started(*options, handler="app:AsyncHandler") as process:
        assert runner.call("greet", "you") == "async: hello you"
        assert len(runner.pids(2)) == 2
        assert ended(process) == 0
    assert f"{server}, 2 workers" in runner.log()


def test_a_function_makes_the_handler_of_the_loaded_file(runner: Runner) -> None:
    with runner.started(handler="app:make"):
        assert runner.call("greet", "you") == "one: hello you"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("server", ["nonblocking", "threaded", "threadpool", "http"])
def test_calls_in_flight_are_answered_when_it_is_stopped(
    runner: Runner, server: str, workers: int
) -> None:
    options = "--server", server, "--workers", str(workers), "--threads", "30"
    with runner.started(*options) as process, runner.client() as idle:
        assert idle.greet("you")
        threads, answers = in_threads(20, lambda ticket: runner.call("wait", ticket))
        wait_until(lambda: len([*runner.directory.glob("begun-*")]) == 20)
        process.terminate()
        (runner.directory / "go-on").touch()
        for thread in threads:
            thread.join(PATIENCE)
        assert answers == list(range(20))
        assert process.wait(PATIENCE) == 0


def test_an_interrupt_from_the_terminal_stops_all_of_them(runner: Runner) -> None:
    """Which sends it to the whole group."""
    with runner.started("--workers", "2", start_new_session=True) as process:
        assert runner.call("greet", "you")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in runner.log()


def test_signals_while_it_ends_do_not_change_the_status(runner: Runner) -> None:
    # Tells when the parent has no workers any more, and holds up its end.
    (runner.directory / "sitecustomize.py").write_text(
        "import atexit, os, time\n"
        "def end(parent=os.getpid()):\n"
        "    if os.getpid() == parent:\n"
        "        open('ending', 'w').close()\n"
        "        while not os.path.exists('end'):\n"
        "            time.sleep(0.01)\n"
        "atexit.register(end)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(runner.directory)}
    with runner.started(env=environment) as process:
        process.terminate()
        wait_until((runner.directory / "ending").exists)
        process.terminate()
        process.send_signal(signal.SIGINT)
        (runner.directory / "end").touch()
        assert process.wait(PATIENCE) == 0


def test_a_worker_that_dies_is_replaced(runner: Runner) -> None:
    with runner.started("--workers", "2") as process:
        before = runner.pids(2)
        victim = before.pop()
        os.kill(victim, signal.SIGKILL)

        def is_new() -> bool:
            # The connection may have been the victim's.
            with contextlib.suppress(TTransportException, OSError):
                return runner.call("pid") not in {victim, *before}
            return False

        wait_until(is_new)
        assert ended(process) == 0
    assert f"Worker {victim} ended by SIGKILL, another one is started" in runner.log()


def free(pid: int) -> int:
    """The first descriptor that a process does not have: as its limit, one that leaves it at most
    the descriptor of a worker that ends, where another worker needs two."""
    held = {int(each) for each in os.listdir(f"/proc/{pid}/fd")}
    return next(each for each in itertools.count() if each not in held)


def test_a_worker_that_cannot_be_forked_is_tried_again(runner: Runner) -> None:
    with runner.started("--workers", "2") as process:
        first, second = runner.pids(2)
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free(process.pid), before[1]))
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: "Cannot start a worker, trying again in 0.2 s" in runner.log())
        wait_until(lambda: "Cannot start a worker, trying again in 0.4 s" in runner.log())
        assert runner.call("pid") == second
        process.send_signal(signal.SIGHUP)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        assert not runner.pids(2) & {first}
        # It took signals meanwhile and takes them now.
        wait_until(lambda: second not in {runner.call("pid") for _ in range(10)})
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free(process.pid), before[1]))
        told = runner.log().count("Cannot start a worker")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: runner.log().count("Cannot start a worker") > told)
        old = {runner.call("pid") for _ in range(10)}
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: not old & {runner.call("pid") for _ in range(10)})
        assert ended(process) == 0


@pytest.mark.parametrize("server", ["nonblocking", "http"])
def test_hup_renews_the_workers_with_the_code_of_now(runner: Runner, server: str) -> None:
    with runner.started("--workers", "2", "--server", server) as process:
        before = runner.pids(2)
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"second"'))

        def are_new() -> bool:
            found = {runner.call("pid") for _ in range(10)}
            return not (before & found) and runner.call("greet", "you").startswith("second")

        process.send_signal(signal.SIGHUP)
        wait_until(are_new)
        assert ended(process) == 0


WORDS = """
import os

class Handler:
    def import_(self, a):
        return a

    def pid(self):
        return os.getpid()

class AsyncHandler(Handler):
    async def import_(self, a):
        return -a
"""


def test_words_of_python_are_served_by_their_other_name(runner: Runner) -> None:
    idl = "service Greeter { i32 import(1: i32 a), i32 pid() }"
    (runner.directory / "greeter.thrift").write_text(idl)
    (runner.directory / "words.py").write_text(WORDS)
    runner.service = fastthrift.load_fp(io.StringIO(idl), "greeter_of_words_thrift").Greeter
    with runner.started("--max-requests", "3", handler="words:Handler") as process:
        first = runner.call("pid")
        assert runner.call("import_", 7) == 7
        # Each call counts once.
        assert runner.call("pid") == first
        assert ended(process) == 0
    with runner.started("--server", "asyncio", handler="words:AsyncHandler") as process:
        assert runner.call("import_", 7) == -7
        assert ended(process) == 0


@pytest.mark.parametrize("server", ["nonblocking", "threaded", "threadpool", "http"])
def test_renewals_lose_no_call_of_a_fresh_connection(runner: Runner, server: str) -> None:
    with runner.started("--workers", "2", "--server", server) as process:
        failures: list[BaseException] = []
        stop = threading.Event()

        def call() -> None:
            while not stop.is_set():
                try:
                    runner.call("greet", "you")
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before = runner.pids(2)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda old=before: not any(map(is_running, old)))
        stop.set()
        for thread in threads:
            thread.join()
        assert ended(process) == 0
    assert failures == []


def test_hup_with_broken_code_leaves_the_old_workers(runner: Runner) -> None:
    with runner.started("--workers", "2") as process:
        before = runner.pids(2)
        (runner.directory / "app.py").write_text("1 / 0")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the old ones go on" in runner.log())
        assert runner.pids(2) == before
        assert ended(process) == 0
    assert "ZeroDivisionError" in runner.log()


#: What makes a program take its time to start.
SLOW = """
import os, time
open("starting", "w").close()
while not os.path.exists("start"):
    time.sleep(0.01)
"""


def test_a_worker_that_dies_while_its_replacement_fails_is_replaced(runner: Runner) -> None:
    with runner.started("--workers", "1") as process:
        old = runner.call("pid")
        (runner.directory / "app.py").write_text(SLOW + "1 / 0")
        process.send_signal(signal.SIGHUP)
        wait_until((runner.directory / "starting").exists)
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: not is_running(old))
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"second"'))
        (runner.directory / "start").touch()
        assert runner.call("greet", "you") == "second: hello you"
        assert ended(process) == 0


@pytest.mark.parametrize("program", [APP.replace('"one"', '"second"'), "1 / 0"])
def test_hup_while_a_new_worker_starts_renews_that_one_as_well(
    runner: Runner, program: str
) -> None:
    with runner.started("--workers", "1") as process:
        assert runner.call("greet", "you") == "one: hello you"
        (runner.directory / "app.py").write_text(SLOW + program)
        process.send_signal(signal.SIGHUP)
        wait_until((runner.directory / "starting").exists)
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"the third"'))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: runner.log().count("The workers are renewed") == 2)
        (runner.directory / "start").touch()

        def is_newest() -> bool:
            with contextlib.suppress(TTransportException):
                return bool(runner.call("greet", "you") == "the third: hello you")
            return False

        wait_until(is_newest)
        assert ended(process) == 0


def test_hup_while_the_first_worker_starts_renews_it(runner: Runner) -> None:
    (runner.directory / "app.py").write_text(SLOW + APP)
    process = subprocess.Popen(runner.command(), cwd=runner.directory)
    try:
        wait_until((runner.directory / "starting").exists)
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"second"'))
        process.send_signal(signal.SIGHUP)
        (runner.directory / "start").touch()

        def is_new() -> bool:
            with contextlib.suppress(TTransportException):
                return bool(runner.call("greet", "you") == "second: hello you")
            return False

        wait_until(is_new)
        assert ended(process) == 0
    finally:
        process.kill()
        process.wait()


def test_an_old_worker_that_does_not_leave_is_killed(runner: Runner) -> None:
    # Python waits for such a thread, without end.
    stays = "\nimport threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    (runner.directory / "app.py").write_text(APP + stays)
    with runner.started("--grace", "0.1") as process:
        old = runner.call("pid")
        (runner.directory / "app.py").write_text(APP)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: f"Worker {old} does not end, and is killed" in runner.log())
        wait_until(lambda: not is_running(old))
        assert runner.call("greet", "you") == "one: hello you"
        assert ended(process) == 0


#: Has room for the listening socket, and not for what `serve` needs besides.
NO_DESCRIPTORS = """
import resource
import fastthrift._serve.native, fastthrift.server

def make(idl):
    free = os.open("/dev/null", os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, free + 1))
    return Handler()
"""


@pytest.mark.parametrize("server", ["nonblocking", "threaded"])
def test_a_new_worker_that_cannot_serve_leaves_the_old_ones(runner: Runner, server: str) -> None:
    with runner.started("--workers", "2", "--server", server, handler="app:make") as process:
        before = runner.pids(2)
        (runner.directory / "app.py").write_text(APP + NO_DESCRIPTORS)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the old ones go on" in runner.log())
        assert runner.pids(2) == before
        assert ended(process) == 0


@pytest.mark.parametrize("server", ["nonblocking", "http"])
def test_a_changed_file_renews_the_workers(runner: Runner, server: str) -> None:
    with runner.started("--reload", "--server", server) as process:
        assert runner.call("greet", "you") == "one: hello you"
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"second"'))

        def is_new() -> bool:
            with contextlib.suppress(TTransportException):
                return bool(runner.call("greet", "you") == "second: hello you")
            return False

        wait_until(is_new)
        assert ended(process) == 0


def test_a_changed_file_renews_several_workers_once(runner: Runner) -> None:
    with runner.started("--reload", "--workers", "3") as process:
        before = runner.pids(3)
        (runner.directory / "app.py").write_text(APP.replace('"one"', '"second"'))

        def are_new() -> bool:
            with contextlib.suppress(TTransportException):
                return not before & {runner.call("pid") for _ in range(12)}
            return False

        wait_until(are_new)
        assert ended(process) == 0
    assert runner.log().count("The workers are renewed, one by one") == 1


@pytest.mark.parametrize(
    ("server", "handler"),
    [
        ("nonblocking", "app:Handler"),
        ("nonblocking", "app:AsyncHandler"),
        ("threaded", "app:Handler"),
        ("asyncio", "app:AsyncHandler"),
        ("http", "app:Handler"),
        ("asyncio-http", "app:AsyncHandler"),
    ],
)
def test_a_worker_is_replaced_after_so_many_calls(
    runner: Runner, server: str, handler: str
) -> None:
    with runner.started("--max-requests", "4", "--server", server, handler=handler) as process:
        answered: list[int] = []

        def is_another() -> bool:
            # A worker that leaves may have accepted the connection.
            with contextlib.suppress(TTransportException):
                answered.append(runner.call("pid"))
            return len(set(answered)) > 1

        wait_until(is_another)
        assert answered.count(answered[0]) == 4
        assert ended(process) == 0
    assert "ERROR" not in runner.log()


@pytest.mark.parametrize("server", ["nonblocking", "threaded", "asyncio"])
def test_workers_that_are_replaced_lose_no_call_of_a_pool(runner: Runner, server: str) -> None:
    with runner.started("--workers", "2", "--max-requests", "20", "--server", server) as process:
        url = f"tcp://127.0.0.1:{runner.port}"
        failures: list[BaseException] = []
        pids: set[int] = set()

        def call() -> None:
            with contextlib.closing(ClientPool(runner.service, url, timeout=PATIENCE)) as pool:
                for _ in range(30):
                    try:
                        pids.add(pool.pid())
                    except Exception as error:
                        failures.append(error)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ended(process) == 0
    assert failures == []
    assert len(pids) > 2


def test_workers_end_with_their_parent(runner: Runner) -> None:
    with runner.started("--workers", "2") as process:
        pids = runner.pids(2)
        process.kill()
        process.wait(PATIENCE)

        wait_until(lambda: not any(map(is_running, pids)))


def test_health_is_told_by_http(runner: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        health = free.getsockname()[1]
    with runner.started("--workers", "2", "--health", str(health)) as process:

        def ask() -> Any:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{health}/", timeout=PATIENCE
                ) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, json.load(error)

        wait_until(lambda: ask() == (200, {"status": "ok", "workers": 2}))
        # Who says nothing keeps nobody waiting.
        with socket.create_connection(("127.0.0.1", health), PATIENCE):
            assert ask()[0] == 200
        assert ended(process) == 0


def test_systemd_is_told_when_it_serves_and_when_it_stops(runner: Runner) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        path = str(runner.directory / "notify")
        supervisor.bind(path)
        supervisor.settimeout(PATIENCE)
        environment = {**os.environ, "NOTIFY_SOCKET": path}
        with runner.started("--workers", "2", env=environment) as process:
            assert supervisor.recv(100) == b"READY=1"
            assert runner.call("greet", "you")
            process.terminate()
            assert supervisor.recv(100) == b"STOPPING=1"
            assert process.wait(PATIENCE) == 0


def test_a_socket_of_systemd_is_served(runner: Runner) -> None:
    """As systemd starts a service: the socket is descriptor 3, for the process that is named."""
    with socket.create_server(("127.0.0.1", runner.port)) as theirs:
        arguments = runner.command("--bind", "systemd")
        program = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); "
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
            "os.execv(sys.argv[2], sys.argv[2:])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(theirs.fileno()), *arguments],
            cwd=runner.directory,
            pass_fds=[theirs.fileno()],
        )
    try:
        # The socket is open and waits, even before the server has started.
        assert runner.call("greet", "you") == "one: hello you"
        assert ended(process) == 0
    finally:
        process.kill()
        process.wait()


def test_a_unix_socket_is_served_and_its_file_removed(runner: Runner) -> None:
    path = runner.directory / "socket"
    with runner.started("--bind", f"unix:{path}") as process:
        with client_context(runner.service, unix_socket=str(path)) as client:
            assert client.greet("you")
        assert ended(process) == 0
    assert not path.exists()


@pytest.mark.parametrize("server", ["http", "asyncio-http"])
def test_http_is_served_at_a_unix_socket(runner: Runner, server: str) -> None:
    path = runner.directory / "socket"
    handler = "app:AsyncHandler" if server == "asyncio-http" else "app:Handler"
    call = b"\x80\1\0\1\0\0\0\3pid\0\0\0\1\0"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with (
        runner.started("--bind", f"unix:{path}", "--server", server, handler=handler) as process,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(head % len(call) + call)
        with client.makefile("rb") as stream:
            answer = stream.read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\x80\1\0\2\0\0\0\3pid" in answer
        assert ended(process) == 0
    assert not path.exists()


# --- What keeps it from serving is one line -------------------------------------------------------


def test_a_port_in_use_is_one_line(runner: Runner) -> None:
    with socket.create_server(("127.0.0.1", runner.port)):
        text = runner.failed()
    assert text == (
        f"error: Cannot listen on ('127.0.0.1', {runner.port}): Address already in use; another "
        "program listens there: stop it, or choose another port\n"
    )


NO_HANDLER = "names no handler: it must be MODULE:HANDLER, with the module as it is imported"


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("nowhere:Handler", "error: no module 'nowhere', for the handler nowhere:Handler"),
        ("app:Nothing", "error: app has no 'Nothing'"),
        ("app:Handlr", "error: app has no 'Handlr' (did you mean 'Handler'?)"),
        (".app:Handler", f"error: '.app:Handler' {NO_HANDLER}"),
        ("./app.py:Handler", f"error: './app.py:Handler' {NO_HANDLER}"),
        ("app.py:Handler", f"error: 'app.py:Handler' {NO_HANDLER}"),
        ("app", f"error: 'app' {NO_HANDLER}"),
        ("app:greet_only", "error: app:greet_only lacks methods of Greeter: pid, wait"),
    ],
)
def test_a_handler_that_is_none_is_one_line(runner: Runner, handler: str, expected: str) -> None:
    assert runner.failed("--workers", "1", handler=handler).splitlines() == [expected]


MISFIT = """
import functools
from app import Handler

def with_ticket(method):
    @functools.wraps(method)
    def call(self, *arguments):
        return method(self, "now", *arguments)

    return call

class Misfit(Handler):
    def greet(self, name, when):
        return name

    @with_ticket
    def wait(self, when, ticket):
        return ticket
"""


def test_a_method_that_cannot_take_its_arguments_is_told_at_start(runner: Runner) -> None:
    (runner.directory / "misfit.py").write_text(MISFIT)
    with runner.started("--workers", "1", handler="misfit:Misfit"):
        assert runner.call("wait", 7) == 7
        with pytest.raises(Exception, match="Internal error processing greet"):
            runner.call("greet", "you")
    text = "misfit:Misfit: greet() takes 2 arguments, the IDL has 1, and calls of greet fail"
    assert runner.log().count(f"WARNING fastthrift.server: {text}") == 1
    assert "wait() takes" not in runner.log()


def test_a_module_that_exits_is_one_line(runner: Runner) -> None:
    (runner.directory / "app.py").write_text("import sys\nsys.exit('no database')")
    text = runner.failed("--workers", "1")
    assert text == "error: the handler app:Handler exits when it is loaded: no database\n"


@pytest.mark.parametrize("server", ["nonblocking", "threaded"])
def test_a_server_that_cannot_serve_is_one_line(runner: Runner, server: str) -> None:
    (runner.directory / "app.py").write_text(APP + NO_DESCRIPTORS)
    text = runner.failed("--server", server, handler="app:make")
    assert text.startswith("error: cannot serve: ")
    assert "Too many open files" in text
    assert len(text.splitlines()) == 1


def test_a_handler_that_fails_is_told_with_its_traceback(runner: Runner) -> None:
    assert "LookupError: no database" in runner.failed(handler="app:Broken")


def test_a_service_that_is_none_is_one_line(runner: Runner) -> None:
    text = runner.failed("--service", "Nope")
    assert text == "error: greeter.thrift has no service 'Nope'; it has: Greeter\n"


def test_several_services_need_a_name(runner: Runner) -> None:
    (runner.directory / "greeter.thrift").write_text("service A {} service B {}")
    (runner.directory / "app.py").write_text("Handler = object")
    assert runner.failed() == "error: --service is needed: greeter.thrift has A, B\n"


def test_includes_are_looked_for_where_it_is_said(runner: Runner) -> None:
    (runner.directory / "shared").mkdir()
    (runner.directory / "greeter.thrift").rename(runner.directory / "shared" / "base.thrift")
    (runner.directory / "greeter.thrift").write_text(
        'include "base.thrift" service Greeter extends base.Greeter {}'
    )
    (runner.directory / "app.py").write_text(APP.replace("greeter.thrift", "shared/base.thrift"))
    with runner.started("-I", "shared") as process:
        assert runner.call("greet", "you") == "one: hello you"
        assert ended(process) == 0


def test_a_file_with_mistakes_is_told_with_its_place(runner: Runner) -> None:
    (runner.directory / "greeter.thrift").write_text("service Greeter {\n  i32 (")
    (runner.directory / "app.py").write_text("Handler = object")
    text = runner.failed()
    assert text.startswith("error: greeter.thrift:2:")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bind", "nowhere"],
        ["--bind", "fd:4294967295"],
        ["--bind", "fd:99999999999999999999"],
        ["--workers", "0"],
        ["--grace", "soon"],
        ["--grace", "1e19"],
        ["--message-timeout", "nan"],
        ["--server", "fast"],
        ["--max-connections", "0"],
        ["--max-message-size", "none"],
    ],
)
def test_wrong_usage_is_status_2(runner: Runner, arguments: list[str]) -> None:
    done = subprocess.run(
        runner.command(*arguments), cwd=runner.directory, capture_output=True, check=False
    )
    assert done.returncode == 2


@pytest.mark.parametrize("server", ["nonblocking", "threaded", "asyncio", "http"])
@pytest.mark.parametrize("option", [None, "--access-log", "--no-access-log"])
def test_the_access_log_is_for_who_asks_for_it(
    runner: Runner, server: str, option: str | None
) -> None:
    handler = "app:AsyncHandler" if server == "asyncio" else "app:Handler"
    options = [] if option is None else [option]
    with runner.started("--server", server, *options, handler=handler) as process:
        assert runner.call("greet", "you").endswith("hello you")
        assert ended(process) == 0
    assert ("Greeter.greet success" in runner.log()) is (option == "--access-log")
    assert ("INFO fastthrift.access: " in runner.log()) is (option == "--access-log")


@pytest.mark.parametrize("option", [None, "--no-access-log"])
def test_the_logging_of_the_program_can_ask_for_the_access_log(
    runner: Runner, option: str | None
) -> None:
    app = runner.directory / "app.py"
    app.write_text(
        f"{app.read_text()}\nimport logging\n"
        'logging.basicConfig(format="mine: %(message)s")\n'
        'logging.getLogger("fastthrift.access").setLevel(logging.INFO)\n'
    )
    options = [] if option is None else [option]
    with runner.started(*options) as process:
        assert runner.call("greet", "you") == "one: hello you"
        wait_until(lambda: "Greeter.greet success" in runner.log())
        assert ended(process) == 0
    assert "mine: 127.0.0.1:" in runner.log()


def test_a_program_that_has_its_own_logging_has_the_access_log_where_it_is_asked_for(
    runner: Runner,
) -> None:
    app = runner.directory / "app.py"
    setup = 'logging.basicConfig(level=logging.WARNING, format="mine: %(message)s")'
    app.write_text(f"{app.read_text()}\nimport logging\n{setup}\n")
    with runner.started("--access-log") as process:
        assert runner.call("greet", "you") == "one: hello you"
        assert ended(process) == 0
    assert "Greeter.greet success" in runner.log()
    assert "mine: 127.0.0.1:" in runner.log()
