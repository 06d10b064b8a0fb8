"""Thrift services under the real gunicorn: workers, signals, limits, and options of before."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift import hooks
from fastthrift.rpc import make_client, make_server
from fastthrift.thrift import TApplicationException
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TTransportException,
)
from support.apache_compiled import generate

PATIENCE = 60
ROOM = "fastthrift.contrib.gunicorn"
IDL = """
service Sums {
    i32 add(1: i32 a, 2: i32 b)
    i32 pid()
    i32 loader()
    void hang()
    void spin()
}
"""
APPLICATION = """
import os, time
import fastthrift
from fastthrift.contrib.gunicorn import GThreadWorker, SyncWorker
from fastthrift.thrift import TProcessor

idl = fastthrift.load("sums.thrift", "sums_thrift")
LOADER = os.getpid()
FRAMED = "fastthrift.transport:TFramedTransportFactory"

class Handler:
    def add(self, a, b):
        # One byte for a call that was made.
        with open("made", "ab", 0) as made:
            made.write(b".")
        return a + b

    def pid(self):
        return os.getpid()

    def loader(self):
        return LOADER

    def hang(self):
        time.sleep(3600)

    def spin(self):
        end = time.monotonic() + 60
        while "appears to be blocked" not in open("log").read():
            if time.monotonic() > end:
                raise RuntimeError("Nobody noticed that no other greenlet had a turn")

processor = TProcessor(idl.Sums, Handler())

class Factory:
    def get_processor(self):
        return processor

factory = Factory()

def make():
    return processor

class FramedSync(SyncWorker):
    thrift_transport_factory = FRAMED

class FramedThreads(GThreadWorker):
    thrift_transport_factory = FRAMED
"""
CONFIGURATION = """
def post_worker_init(worker):
    print("Ready", flush=True)
"""
GEVENT = """
from fastthrift.contrib.gunicorn import GeventWorker
from app import FRAMED, processor

class FramedGevent(GeventWorker):
    thrift_transport_factory = FRAMED
"""
PLAIN = [sys.executable, "-m", "gunicorn"]
COMMAND = [sys.executable, "-m", ROOM]
BUFFERED = TBufferedTransportFactory()
FRAMED = TFramedTransportFactory()


class Program:
    """A gunicorn that serves in a folder of its own."""

    def __init__(self, folder: Path, command: list[str], *options: str) -> None:
        self.folder = folder
        folder.joinpath("sums.thrift").write_text(IDL)
        folder.joinpath("app.py").write_text(APPLICATION)
        folder.joinpath("gunicorn.conf.py").write_text(CONFIGURATION)
        folder.joinpath("gevent_app.py").write_text(GEVENT)
        self.path = folder / "socket"
        self.log = folder / "log"
        self.service = fastthrift.load(str(folder / "sums.thrift"), "sums_client_thrift").Sums
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "-b", f"unix:{self.path}", "--graceful-timeout", "50", *options],
                cwd=folder,
                env={**os.environ, "HOME": str(folder)},
                stdout=log,
                stderr=log,
            )

    def client(self, transport: Any = BUFFERED, timeout: int = PATIENCE * 1000) -> Any:
        return make_client(
            self.service, unix_socket=str(self.path), trans_factory=transport, timeout=timeout
        )

    def wait(self, transport: Any = BUFFERED) -> None:
        """Until calls are answered."""

        def is_answered() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(TTransportException):
                client = self.client(transport)
                try:
                    return bool(client.pid())
                finally:
                    client.close()
            return False

        until(is_answered)

    def logged(self, text: str) -> int:
        return self.log.read_text().count(text)


def until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def served(
    folder: Path, command: list[str], *options: str, transport: Any = BUFFERED
) -> Iterator[Program]:
    program = Program(folder, command, *options)
    try:
        program.wait(transport)
        yield program
    finally:
        if program.process.poll() is None:
            program.process.terminate()
        try:
            program.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            program.process.kill()
            program.process.wait()
            raise


class Load:
    """Clients that call and connect again when a connection has ended."""

    def __init__(self, program: Program, transport: Any) -> None:
        self.program, self.transport = program, transport
        self.answers = [0] * 3
        self.wrong: list[Any] = []
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(3)]
        for thread in self.threads:
            thread.start()

    def _run(self, number: int) -> None:
        while not self.ends.is_set():
            try:
                client = self.program.client(self.transport)
            except TTransportException:
                self.ends.wait(0.01)
                continue
            try:
                # A worker that serves one connection serves others in between.
                for step in range(50):
                    answer = client.add(number, step)
                    if answer != number + step:
                        self.wrong.append((number, step, answer))
                    self.answers[number] += 1
            except TTransportException:
                pass
            except Exception as error:
                self.wrong.append(error)
            finally:
                client.close()

    def stop(self) -> int:
        self.ends.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert self.wrong == []
        return sum(self.answers)


KINDS = [
    pytest.param([f"{ROOM}.SyncWorker", "app:processor"], BUFFERED, id="sync-buffered"),
    pytest.param(["app.FramedSync", "app:make()"], FRAMED, id="sync-framed"),
    pytest.param([f"{ROOM}.GThreadWorker", "app:processor"], BUFFERED, id="gthread-buffered"),
    pytest.param(["app.FramedThreads", "app:processor"], FRAMED, id="gthread-framed"),
    pytest.param([f"{ROOM}.GeventWorker", "app:processor"], BUFFERED, id="gevent-buffered"),
    pytest.param(["gevent_app.FramedGevent", "gevent_app:processor"], FRAMED, id="gevent-framed"),
]


@pytest.mark.parametrize(("kind", "transport"), KINDS)
def test_no_answer_is_lost_when_workers_are_replaced_and_end(
    tmp_path: Path, kind: list[str], transport: Any
) -> None:
    threads = ["--threads", "4"] if "Sync" not in kind[0] else []
    options = ["-w", "2", "-k", *kind, *threads]
    with served(tmp_path, PLAIN, *options, transport=transport) as program:
        load = Load(program, transport)
        try:
            # Before it is ready, a worker of gunicorn may overlook a signal.
            until(lambda: program.logged("Ready") >= 2)
            until(lambda: min(load.answers) > 20)
            program.process.send_signal(signal.SIGHUP)
            until(lambda: program.logged("Ready") >= 4)
            until(lambda: program.logged("Worker exiting") >= 2)
            before = list(load.answers)
            until(lambda: all(now > old for now, old in zip(load.answers, before, strict=True)))
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(PATIENCE) == 0
        finally:
            answers = load.stop()
    # Every call that was made was answered, and arrived.
    assert answers == len((tmp_path / "made").read_bytes())
    assert "Traceback" not in program.log.read_text()


GENERATED = """
from fastthrift.contrib.apache import GeneratedProcessor
from generated_sums import Sums
from app import Handler

processor = GeneratedProcessor(Sums.Processor(Handler()))
"""


@pytest.mark.parametrize("worker", ["SyncWorker", "GThreadWorker"])
def test_a_generated_processor_is_served(tmp_path: Path, worker: str) -> None:
    generate(IDL, "generated_sums", tmp_path, "Sums")
    (tmp_path / "generated_app.py").write_text(GENERATED)
    with (
        served(tmp_path, PLAIN, "-k", f"{ROOM}.{worker}", "generated_app:processor") as program,
        contextlib.closing(program.client()) as client,
    ):
        assert client.add(40, 2) == 42
        assert client.pid() != program.process.pid


@pytest.mark.parametrize("name", ["Handler", "Handler()", "idl"])
def test_what_is_no_processor_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    program = Program(tmp_path, PLAIN, "-k", f"{ROOM}.SyncWorker", f"app:{name}")
    assert program.process.wait(PATIENCE) != 0
    assert program.logged(f"app:{name} is no processor but ") == 1
    assert program.logged("give fastthrift.thrift.TProcessor(Service, Handler())") == 1


def test_a_preloaded_application_is_loaded_once(tmp_path: Path) -> None:
    options = ["-w", "2", "-k", f"{ROOM}.SyncWorker", "--preload", "app:processor"]
    with (
        served(tmp_path, PLAIN, *options) as program,
        contextlib.closing(program.client()) as client,
    ):
        assert client.loader() == program.process.pid != client.pid()


@pytest.mark.parametrize("kind", ["SyncWorker", "GThreadWorker"])
def test_a_worker_is_replaced_after_its_number_of_calls(tmp_path: Path, kind: str) -> None:
    options = ["-w", "1", "-k", f"{ROOM}.{kind}", "--max-requests", "20", "app:processor"]
    with served(tmp_path, PLAIN, *options) as program:
        load = Load(program, BUFFERED)
        try:
            until(lambda: program.logged("Autorestarting worker after") >= 2)
        finally:
            answers = load.stop()
    assert answers == len((tmp_path / "made").read_bytes())


def test_a_handler_that_hangs_is_killed_and_an_idle_client_is_not(tmp_path: Path) -> None:
    options = ["-w", "1", "-t", "2", "-k", f"{ROOM}.SyncWorker", "app:processor"]
    with served(tmp_path, PLAIN, *options) as program:
        with contextlib.closing(program.client()) as client:
            pid = client.pid()
            time.sleep(4.5)  # more than gunicorn's time-out
            assert client.pid() == pid
            with pytest.raises(TApplicationException, match="Internal error processing hang"):
                client.hang()
        program.wait()
        assert program.logged("WORKER TIMEOUT") == 1


@pytest.mark.parametrize("kind", ["thriftpy_sync", "thriftpy_gevent"])
def test_options_and_names_of_gunicorn_thrift_are_taken(tmp_path: Path, kind: str) -> None:
    options = [
        *("-w", "1", "-k", kind, "--thrift-client-timeout", "1"),
        *("--thrift-protocol-factory", "thriftpy2.protocol:TCyBinaryProtocolFactory"),
        *("--thrift-transport-factory", "thriftpy2.transport:TCyFramedTransportFactory"),
        *("--thrift-processor-as-factory", "app:factory"),
    ]
    with served(tmp_path, COMMAND, *options, transport=FRAMED) as program:
        with contextlib.closing(program.client(FRAMED)) as client:
            assert client.add(1, 2) == 3
        with socket.socket(socket.AF_UNIX) as silent:
            silent.settimeout(PATIENCE)
            silent.connect(str(program.path))
            assert silent.recv(1) == b""  # closed by the server


OF_BEFORE = """
import json, os

def post_worker_init(worker):
    print("Ready", flush=True)

def on_tdecode_exception(error):
    print("Decode", type(error).__mro__[1].__name__, error.field, flush=True)

def on_connected(worker, address):
    print("Connected", type(worker).__name__, flush=True)

def post_connect_closed(worker):
    print("Closed", type(worker).__name__, flush=True)

def worker_term(worker):
    print("Term", type(worker).__name__, flush=True)

wsgi_app = "app:factory"
worker_class = "thriftpy_gevent"
thrift_transport_factory = "thriftpy2.transport:TFramedTransportFactory"
thrift_protocol_factory = "thriftpy2.protocol:TBinaryProtocolFactory"
thrift_processor_as_factory = True
thrift_client_timeout = 30
gevent_check_interval = 1
service_register_cls = "registry:Registry"
service_register_conf = {"zone": "north"}
"""
REGISTRY = """
class Registry:
    def __init__(self, configuration, application):
        print("Registry", configuration, type(application).__name__, flush=True)

    def register_instances(self, instances):
        print("Instances", instances, flush=True)
"""


def test_a_configuration_file_of_gunicorn_thrift_is_taken_whole(tmp_path: Path) -> None:
    (tmp_path / "before.py").write_text(OF_BEFORE)
    (tmp_path / "registry.py").write_text(REGISTRY)
    options = ["-b", "127.0.0.1:0", "-c", "before.py"]
    with served(tmp_path, COMMAND, *options, transport=FRAMED) as program:
        with contextlib.closing(program.client(FRAMED)) as client:
            assert client.add(1, 2) == 3
            # What the handler answers is no i32.
            with pytest.raises(TApplicationException, match="Internal error processing add"):
                client.add(2**31 - 1, 1)
            # Until it is noticed that no other greenlet has a turn.
            client.spin()
        until(lambda: program.logged("Closed GeventWorker"))
    assert program.logged("Registry {'zone': 'north'} ThriftApplication") == 1
    assert program.logged("Instances [{'port': {'main': 0}, 'meta': None, 'state': 'up'}]") == 1
    assert program.logged("Connected GeventWorker") >= 1
    assert program.logged("Decode TDecodeException success") == 1
    assert program.logged("in spin") >= 1
    assert program.logged("Term GeventWorker") == 1


def test_an_interval_for_greenlets_is_refused_by_workers_without_them(tmp_path: Path) -> None:
    program = Program(tmp_path, COMMAND, "--gevent-check-interval", "5", "app:processor")
    assert program.process.wait(PATIENCE) == 1
    assert program.logged("Error: gevent_check_interval is for the worker thriftpy_gevent, not for")


PRELOADED = """
import os
from app import idl
from fastthrift.rpc import make_client
from fastthrift.thrift import TProcessor

# It has made a call before the workers are forked.
client = make_client(idl.Sums, "127.0.0.1", int(os.environ["BACKEND"]), timeout=60_000)
client.add(1, 2)

class Handler:
    def add(self, a, b):
        return client.add(a, b)

    def pid(self):
        return os.getpid()

processor = TProcessor(idl.Sums, Handler())
"""


class Adding:
    def __init__(self) -> None:
        self.peers: set[str] = set()

    def add(self, a: int, b: int) -> int:
        call = hooks.current_call()
        assert call is not None
        self.peers.add(str(call.peer))
        return a + b


def test_a_client_from_before_the_fork_has_a_connection_in_each_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no worker reads what answers another one."""
    (tmp_path / "preloaded.py").write_text(PRELOADED)
    (tmp_path / "sums.thrift").write_text(IDL)
    sums = fastthrift.load(str(tmp_path / "sums.thrift"), "sums_backend_thrift").Sums
    adding = Adding()
    backend = make_server(sums, adding, "127.0.0.1", 1, client_timeout=None)
    backend.trans.port = 0
    backend.trans.listen()
    thread = threading.Thread(target=backend.serve)
    thread.start()
    try:
        monkeypatch.setenv("BACKEND", str(backend.trans.sock.getsockname()[1]))
        options = ["-w", "2", "-k", f"{ROOM}.GThreadWorker", "--preload", "preloaded:processor"]
        with served(tmp_path, PLAIN, *options) as program, contextlib.ExitStack() as clients:
            by_worker: dict[int, Any] = {}

            def have_both() -> bool:
                client = clients.enter_context(contextlib.closing(program.client()))
                by_worker[client.pid()] = client
                return len(by_worker) == 2

            until(have_both)
            for number in range(50):
                for client in by_worker.values():
                    assert client.add(number, 1) == number + 1
        # Those of the workers, and that of gunicorn itself.
        assert len(adding.peers) == 3
    finally:
        backend.close()
        thread.join(PATIENCE)
