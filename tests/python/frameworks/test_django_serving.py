"""`manage.py runthrift` of a project from `django-admin startproject`, with the ORM in its handler,
on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.thrift import TApplicationException, TException
from support.django_project import Project
from support.example_processes import DEADLINE, HOST, Server, free_port, running, wait_until

CLIENTS, CALLS = 8, 10
THREADS = 4


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("sqlite") / "project")


@pytest.fixture(scope="module")
def served(on_sqlite: Project) -> Iterator[Server]:
    with running(on_sqlite.server("--server", "probe")) as server:
        yield server


def test_a_call_begins_with_the_queries_and_the_language_of_none(
    on_sqlite: Project, served: Server
) -> None:
    with on_sqlite.client(served) as client:
        assert [client.queries() for _ in range(5)] == [1] * 5
        assert [client.language() for _ in range(40)] == ["en-us"] * 40


def test_a_call_begins_with_the_time_zone_and_the_urlconf_of_the_settings(
    on_sqlite: Project, served: Server
) -> None:
    with on_sqlite.client(served) as client:
        # More than there are threads, so that one has two of them.
        assert [client.time_zone() for _ in range(40)] == ["UTC"] * 40
        assert [client.urlconf() for _ in range(40)] == ["None"] * 40
        assert client.user() == "nobody", "it has come by no request of Django"


def test_middleware_of_the_server_stands_around_each_call(tmp_path: Path) -> None:
    project = Project(
        tmp_path / "project",
        "THRIFT['SERVERS']['probe']['MIDDLEWARE'] = ['probe.middleware.language_of_calls']\n",
    )
    server = project.server("--server", "probe")
    with running(server), project.client(server) as client:
        assert client.language() == "by the call"
        assert client.count() == 0


@pytest.mark.parametrize("more", [[], ["--reload"]], ids=["plain", "reload"])
def test_a_handler_that_asks_the_database_when_it_is_made_keeps_no_connection(
    on_sqlite: Project, more: list[str]
) -> None:
    server = on_sqlite.server("--server", "probe", "--handler", "probe.rpc.Asking", *more)
    with running(server):
        wait_until(lambda: "quit the server" in server.log.read_text(), "the handler is made")
        assert not [name for name in server.open_files() if "db.sqlite3" in name]
        with on_sqlite.client(server) as client:
            assert client.count() >= 0


def test_async_handlers_use_the_database(on_sqlite: Project) -> None:
    server = on_sqlite.server("--server", "awaited")
    with running(server), on_sqlite.client(server) as client:
        before = client.count()
        client.add("awaited")
        assert client.count() == before + 1
        assert [client.queries() for _ in range(3)] == [1] * 3
        assert [client.language() for _ in range(3)] == ["en-us"] * 3


def test_an_exception_rolls_an_atomic_call_back_and_no_other(on_sqlite: Project) -> None:
    on_sqlite.append(
        "mysite/settings.py",
        '\nTHRIFT["SERVERS"]["atomic"] = {**THRIFT["SERVERS"]["probe"], "ATOMIC_CALLS": True}\n',
    )
    for alias, kept in ("probe", 1), ("atomic", 0):
        server = on_sqlite.server("--server", alias)
        with running(server), on_sqlite.client(server) as client:
            for method, error in (
                ("write_and_declare", TException),
                ("write_and_fail", TApplicationException),
            ):
                before = client.count()
                with pytest.raises(error):
                    getattr(client, method)()
                assert client.count() == before + kept, (alias, method)


def test_an_exception_rolls_back_the_databases_that_are_listed_and_no_other(
    tmp_path: Path,
) -> None:
    settings = (
        "DATABASES['other'] = {**DATABASES['default'], 'NAME': BASE_DIR / 'other.sqlite3'}\n"
        "probe = THRIFT['SERVERS']['probe']\n"
        "THRIFT['SERVERS']['one'] = {**probe, 'ATOMIC_CALLS': ['other']}\n"
        "THRIFT['SERVERS']['both'] = {**probe, 'ATOMIC_CALLS': ['default', 'other']}\n"
    )
    project = Project(tmp_path / "project", settings)
    assert project.manage("migrate", "--database", "other").returncode == 0

    def rows(name: str) -> int:
        with contextlib.closing(sqlite3.connect(project.directory / name)) as database:
            return database.execute("SELECT count(*) FROM notes_note").fetchone()[0]

    for alias, kept in ("probe", (1, 1)), ("one", (1, 0)), ("both", (0, 0)):
        before = rows("db.sqlite3"), rows("other.sqlite3")
        server = project.server("--server", alias)
        with (
            running(server),
            project.client(server) as client,
            pytest.raises(TApplicationException),
        ):
            client.write_twice_and_fail()
        after = rows("db.sqlite3"), rows("other.sqlite3")
        assert tuple(b - a for a, b in zip(before, after, strict=True)) == kept, alias


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_lets_calls_in_flight_be_answered(on_sqlite: Project, workers: str) -> None:
    go_on = on_sqlite.directory / "go-on"
    go_on.unlink(missing_ok=True)
    server = on_sqlite.server("--server", "probe", "--workers", workers)

    def wait(ticket: int) -> Any:
        with on_sqlite.client(server) as client:
            return client.wait(ticket)

    tickets = [int(workers) * 10 + number for number in range(4)]
    with running(server), ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(wait, ticket) for ticket in tickets]
        begun = [on_sqlite.directory / f"begun-{ticket}" for ticket in tickets]
        wait_until(lambda: all(map(Path.exists, begun)), "handlers run")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not server.accepts(), "new connections are refused")
        go_on.touch()
        assert [call.result(DEADLINE) for call in calls] == tickets
        assert server.process.wait(DEADLINE) == 0


def test_a_unix_socket_and_a_handler_without_settings(on_sqlite: Project) -> None:
    path = on_sqlite.directory / "s"
    command = [sys.executable, "manage.py", "runthrift", f"unix:{path}"]
    command += ["--handler", "notes.rpc.NotesHandler", "--idl", "notes/notes.thrift"]
    process = subprocess.Popen(command, cwd=on_sqlite.directory, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: path.exists() or process.poll() is not None, "it listens")
        with fastthrift.ClientPool(on_sqlite.notes, f"unix:{path}", timeout=DEADLINE) as notes:
            notes.add("by a path")
            assert notes.latest(1) == ["by a path"]
    finally:
        process.terminate()
        _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, told


@pytest.mark.parametrize(("addrport", "workers"), [("fd:3", "1"), ("systemd", "2")])
def test_a_socket_that_is_open_already_is_served(
    on_sqlite: Project, addrport: str, workers: str
) -> None:
    """As systemd starts a service: descriptor 3 is a socket, which waits before it has started."""
    program = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); "
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
    )
    arguments = ["manage.py", "runthrift", addrport, "--server", "probe", "--workers", workers]
    with socket.create_server((HOST, 0)) as theirs:
        port = theirs.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(theirs.fileno()), *arguments],
            cwd=on_sqlite.directory,
            pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE,
        )
    try:
        url = f"tcp://{HOST}:{port}"
        with fastthrift.ClientPool(on_sqlite.probe, url, timeout=DEADLINE) as probe:
            assert probe.language() == "en-us"
    finally:
        process.terminate()
        _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--server", "nowhere"], "THRIFT['SERVERS'] has no 'nowhere': there are default"),
        (["--server", "prob"], "THRIFT['SERVERS'] has no 'prob': did you mean 'probe'?"),
        (["no-port"], "'no-port' is not a port or address:port."),
        (["systemd"], "systemd has opened no sockets for this process"),
        (["fd:x"], "a descriptor is a number, as in fd:3"),
        (["192.0.2.1:9090"], "Cannot listen on ('192.0.2.1', 9090): Cannot assign requested"),
        (["--reload", "--workers", "2"], "--reload is for one process"),
        (["--threads", "0"], "'0' is no number from 1 on"),
    ],
)
def test_what_keeps_it_from_serving_is_one_line(
    on_sqlite: Project, arguments: list[str], told: str
) -> None:
    done = on_sqlite.manage("runthrift", *arguments)
    assert done.returncode in (1, 2)
    assert told in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_what_the_command_line_names_and_is_not_there_is_one_line(on_sqlite: Project) -> None:
    idl = ["--idl", "notes/notes.thrift"]
    for handler, told in (
        ("notes.nowhere.Handler", "error: no module 'notes.nowhere', for the handler"),
        ("notes.rpc.Nobody", "error: notes.rpc has no 'Nobody'"),
        ("probe.rpc.Handler", "error: probe.rpc.Handler lacks methods of Notes: latest"),
    ):
        done = on_sqlite.manage("runthrift", "127.0.0.1:0", "--handler", handler, *idl)
        assert done.returncode == 1
        where = f"{HOST}:{free_port()}"
        done = on_sqlite.manage("runthrift", where, "--handler", handler, *idl)
        assert done.returncode == 1
        assert done.stderr.startswith(told), done.stderr


def test_migrations_that_are_missing_are_told_of_and_checks_come_first(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.directory / "db.sqlite3").unlink()
    server = project.server("--server", "probe")
    with running(server):
        assert "unapplied migration(s)" in server.log.read_text()
    project.append("mysite/settings.py", "\nTHRIFT['SERVERS']['probe']['HANDLER'] = 'a.b'\n")
    done = project.manage("runthrift", "--server", "probe")
    assert done.returncode == 1
    assert "(thrift.E001) THRIFT['SERVERS']['probe']['HANDLER']: no module 'a'" in done.stderr


@pytest.mark.parametrize(
    ("name", "folder"), [("probe", "probe"), ("base", "probe"), ("base", "../elsewhere")]
)
def test_reload_serves_what_has_changed_and_survives_a_broken_file(
    tmp_path: Path, name: str, folder: str
) -> None:
    """Of the file that is loaded, and of one that it includes, wherever it is."""
    project = Project(tmp_path / "project")
    idl = project.directory / folder / f"{name}.thrift"
    idl.parent.mkdir(exist_ok=True)
    if name == "base":
        probe = project.directory / "probe" / "probe.thrift"
        text = probe.read_text().replace("i32 count(),", "")
        text = text.replace("service Probe", "service Probe extends base.Base")
        probe.write_text(f'include "../{folder}/base.thrift"\n{text}')
        idl.write_text("service Base {\n    i32 count(),\n}\n")
    server = project.server("--server", "probe", "--reload")
    handler = project.directory / "probe" / "rpc.py"
    whole = idl.read_text()

    touched = time.monotonic()

    def touch() -> None:
        # What was changed before Django's reloader took its first look is no change to it.
        nonlocal touched
        if time.monotonic() > touched + 5:
            touched = time.monotonic()
            idl.touch()

    def answers(method: str) -> bool:
        changed = fastthrift.load(str(project.directory / "new.thrift"))
        service: Any = getattr(changed, name.title())
        with contextlib.suppress(TException, OSError), project.client(server, service) as client:
            return getattr(client, method)() == 7
        touch()
        return False

    def tells_of(line: int) -> bool:
        touch()
        return f"{name}.thrift:{line}:" in server.log.read_text()

    new = whole.replace("i32 count(),", "i32 count(), i32 seven(),")
    project.write("new.thrift", new)
    with running(server), project.client(server) as client:
        assert client.count() == 0
        handler.write_text(
            handler.read_text().replace("class Handler:", "class Handler:\n    seven = lambda _: 7")
        )
        idl.write_text(new)
        wait_until(lambda: answers("seven"), "the new method is served")
        idl.write_text(whole + "\nstruct {")
        line = (whole + "\nstruct {").count("\n") + 1
        wait_until(lambda: tells_of(line), "the mistake is told of")
        assert server.process.poll() is None
        idl.write_text(new)
        wait_until(lambda: answers("seven"), "it is served again")
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("name", "mistake", "told"),
    [
        ("probe/rpc.py", "1 / 0", "ZeroDivisionError"),
        ("probe/rpc.py", "def (", "SyntaxError"),
        # Django loads it before there is a command.
        ("probe/models.py", "1 / 0", "ZeroDivisionError"),
        (
            "probe/models.py",
            "fastthrift.load(__file__.replace('models.py', 'broken.thrift'))",
            "broken.thrift:1:",
        ),
    ],
)
def test_a_reloaded_server_is_there_again_when_a_mistake_is_mended(
    tmp_path: Path, name: str, mistake: str, told: str
) -> None:
    project = Project(tmp_path / "project")
    project.write("probe/broken.thrift", "service {")
    server = project.server("--server", "probe", "--reload")
    file = project.directory / name
    whole = file.read_text()
    written = time.monotonic()

    def write(text: str) -> None:
        # Again and again: what was changed before the reloader's first look is no change to it.
        nonlocal written
        if file.read_text() != text or time.monotonic() > written + 5:
            written = time.monotonic()
            file.write_text(text)

    def is_told_of() -> bool:
        write(f"{whole}\nimport fastthrift\n{mistake}\n")
        log = server.log.read_text()
        return told in log and "Waiting for a file to change" in log.partition(told)[2]

    def is_served() -> bool:
        write(whole)
        with contextlib.suppress(TException, OSError), project.client(server) as client:
            return client.count() == 0
        return False

    with running(server):
        wait_until(is_told_of, "the mistake is told of")
        assert server.process.poll() is None
        wait_until(is_served, "it is served again")
        assert server.stop() == 0


def test_a_handler_whose_module_was_missing_is_served_when_it_is_written(
    on_sqlite: Project,
) -> None:
    server = on_sqlite.server("--server", "probe", "--reload")
    idl = on_sqlite.directory / "probe" / "probe.thrift"
    handler = on_sqlite.directory / "probe" / "rpc.py"
    text = handler.read_text()
    touched = time.monotonic()

    def again(change: Callable[[], object]) -> None:
        # What was changed before the reloader's first look is no change to it.
        nonlocal touched
        if time.monotonic() > touched + 2:
            touched = time.monotonic()
            change()

    def is_missed() -> bool:
        again(idl.touch)
        log = server.log.read_text()
        return "Waiting for a file to change" in log.partition("no module 'probe.rpc'")[2]

    def write() -> None:
        handler.unlink(missing_ok=True)
        handler.write_text(text)

    def is_served() -> bool:
        again(write)
        with contextlib.suppress(TException, OSError), on_sqlite.client(server) as client:
            return client.count() >= 0
        return False

    with running(server):
        handler.unlink()
        try:
            wait_until(is_missed, "it is missed")
        finally:
            write()
        wait_until(is_served, "it is served")
        assert server.stop() == 0


@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT", "SIGINT to the group"])
def test_a_signal_lets_a_call_of_a_reloaded_server_be_answered(
    on_sqlite: Project, stop: str
) -> None:
    number, is_group = signal.Signals[stop[:7].strip()], stop.endswith("group")
    go_on = on_sqlite.directory / "go-on"
    begun = on_sqlite.directory / "begun-77"
    for file in go_on, begun:
        file.unlink(missing_ok=True)
    server = on_sqlite.server("--server", "probe", "--reload")
    server.leads_group = is_group

    def wait() -> Any:
        with on_sqlite.client(server) as client:
            return client.wait(77)

    with running(server), ThreadPoolExecutor(1) as threads:
        call = threads.submit(wait)
        try:
            wait_until(begun.exists, "the handler runs")
            if is_group:
                os.killpg(server.process.pid, number)
            else:
                server.process.send_signal(number)
            wait_until(lambda: not server.accepts(), "new connections are refused")
            assert server.process.poll() is None
        finally:
            go_on.touch()
        assert call.result(DEADLINE) == 77
        assert server.process.wait(DEADLINE) == 0
    assert "Traceback" not in server.log.read_text()


def test_a_second_interrupt_ends_a_reloaded_server_at_once(on_sqlite: Project) -> None:
    go_on = on_sqlite.directory / "go-on"
    begun = on_sqlite.directory / "begun-78"
    for file in go_on, begun:
        file.unlink(missing_ok=True)
    server = on_sqlite.server("--server", "probe", "--reload")

    def wait() -> Any:
        with on_sqlite.client(server) as client:
            return client.wait(78)

    with running(server), ThreadPoolExecutor(1) as threads:
        call = threads.submit(wait)
        try:
            wait_until(begun.exists, "the handler runs")
            server.process.send_signal(signal.SIGINT)
            wait_until(lambda: not server.accepts(), "new connections are refused")
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(DEADLINE) == 0
            assert isinstance(call.exception(DEADLINE), TException)
        finally:
            go_on.touch()


def test_the_port_in_use_ends_a_reloaded_server(on_sqlite: Project, served: Server) -> None:
    done = on_sqlite.manage("runthrift", f"{HOST}:{served.port}", "--reload")
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
