"""Options of `manage.py runthrift`, and what it tells."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django
import pytest
from fastthrift.thrift import TException
from support.django_project import Project
from support.example_processes import DEADLINE, HOST, Server, free_port, running, wait_until


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("commands") / "project")


def health(port: int) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(HOST, port, timeout=DEADLINE)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_those_who_ask_are_told_how_it_is(project: Project) -> None:
    port = free_port()
    server = project.server("--server", "probe", "--workers", "2", "--health", f"{HOST}:{port}")
    with running(server):
        wait_until(lambda: health(port)[1]["workers"] == 2, "both serve")
        assert health(port) == (200, {"status": "ok", "workers": 2})
        assert server.stop() == 0


def test_a_worker_is_replaced_after_so_many_calls(project: Project) -> None:
    server = project.server("--server", "probe", "--max-requests", "5")
    processes: list[int] = []

    def ask() -> bool:
        with project.client(server) as client:
            processes.append(client.process())
        return len(set(processes)) == 3

    with running(server):
        wait_until(ask, "a second and a third worker serve")
        assert max(map(processes.count, processes)) == 5
        assert server.stop() == 0


def waiting(project: Project, server: Server) -> Callable[[], object]:
    """Begins a call whose handler ends with the process; a function that gives what it raises."""
    begun = project.directory / f"begun-{server.port}"
    (project.directory / "go-on").unlink(missing_ok=True)
    threads = ThreadPoolExecutor(1)

    def wait() -> object:
        with project.client(server) as client:
            return client.wait(server.port)

    call = threads.submit(wait)
    wait_until(begun.exists, "the handler runs")
    threads.shutdown(wait=False)
    return lambda: call.exception(DEADLINE)


@pytest.mark.parametrize("alias", ["probe", "awaited"])
def test_a_call_that_takes_longer_than_the_grace_is_cut_off(project: Project, alias: str) -> None:
    server = project.server("--server", alias, "--grace", "0.5")
    with running(server):
        ended = waiting(project, server)
        before = time.monotonic()
        assert server.stop() == 0
        took = time.monotonic() - before
        assert isinstance(ended(), (TException, OSError))
    assert 0.5 <= took < 15, "it waits, and not for the 30 seconds that are usual"
    assert "Traceback" not in server.log.read_text()


def test_what_is_awaited_and_cut_off_ends_as_a_unit_of_work(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.append(
        "probe/rpc.py",
        """
from fastthrift.contrib.django.signals import call_finished

def note_end(sender, call, **_):
    Note.objects.create(text=f"{call.method} has ended")

call_finished.connect(note_end)
""",
    )
    server = project.server("--server", "awaited", "--grace", "0.2", "--workers", "2")
    with running(server):
        ended = waiting(project, server)
        assert server.stop() == 0
        assert isinstance(ended(), (TException, OSError))
    assert "Traceback" not in server.log.read_text()
    with contextlib.closing(sqlite3.connect(project.directory / "db.sqlite3")) as database:
        assert database.execute("SELECT text FROM notes_note").fetchall() == [("wait has ended",)]


def test_a_handler_of_the_command_line_is_checked_like_one_of_the_settings(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.append("probe/rpc.py", "\nclass Wrong(Handler):\n    def add(self): ...\n")
    named = ["--handler", "probe.rpc.Wrong"]
    for arguments in [*named, "--idl", "probe/probe.thrift"], [*named, "--server", "probe"]:
        done = project.manage("runthrift", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("SystemCheckError: System check identified some issues:\n")
        assert "(thrift.E005) --handler" in done.stderr
        assert "add() takes 0 arguments, the IDL has 1" in done.stderr
    server = project.server(*arguments, "--skip-checks")
    with running(server), project.client(server) as client:
        assert client.count() == 0
    project.append("mysite/settings.py", "\nSILENCED_SYSTEM_CHECKS = ['thrift.E005']\n")
    with running(project.server(*arguments)):
        pass


def test_a_handler_that_fits_is_served_by_the_command_line(project: Project) -> None:
    server = project.server("--handler", "probe.rpc.Handler", "--idl", "probe/probe.thrift")
    with running(server), project.client(server) as client:
        assert client.count() >= 0
    assert "thrift.E" not in server.log.read_text()


@pytest.mark.parametrize("options", [(), ("--access-log",)])
def test_the_access_log_is_for_who_asks_for_it(project: Project, options: tuple[str, ...]) -> None:
    server = project.server("--server", "probe", *options)
    with running(server):
        with project.client(server) as client:
            assert client.count() >= 0
        assert server.stop() == 0
    assert ("Probe.count success" in server.log.read_text()) is bool(options)


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        ([], "nonblocking, 1 worker, 16 threads, all protocols"),
        (
            ["--workers", "2", "--threads", "1", "--protocol", "compact"],
            "nonblocking, 2 workers, 1 thread each, compact",
        ),
        (["--transport", "framed"], "nonblocking, 1 worker, 16 threads, all protocols, framed"),
        (["--transport", "header"], "nonblocking, 1 worker, 16 threads, THeader"),
        (["--server", "awaited"], "nonblocking, 1 worker, an event loop, all protocols"),
        (["--reload"], "nonblocking, 1 worker, 16 threads, all protocols"),
    ],
)
def test_it_tells_what_it_serves_like_runserver(
    project: Project, arguments: list[str], how: str
) -> None:
    given = [] if "--server" in arguments else ["--server", "probe"]
    server = project.server(*given, *arguments)
    with running(server):
        log = server.log.read_text
        wait_until(lambda: "CONTROL-C" in log(), "it is told")
        version, served, process = log().partition("Django version ")[2].splitlines()[:3]
        assert version == f"{django.get_version()}, using settings 'mysite.settings'"
        methods = len(project.probe.thrift_services)
        assert served == f"Serving Probe ({methods} methods) at {HOST}:{server.port}: {how}"
        assert process.endswith("; quit the server with CONTROL-C.")
        if "--reload" not in arguments:
            assert process.startswith(f"Process {server.process.pid};")
        assert server.stop(signal.SIGINT) == 0
