"""``flask thrift``: what an application has of Thrift, from a shell."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fastthrift import ClientPool
from fastthrift.contrib.flask import Thrift
from fastthrift.testing import FakeService, serve
from fastthrift.thrift import TApplicationException, TException
from flask import Flask
from support.example_processes import HOST, Server, free_port, running, wait_until
from support.flask_calc import PATIENCE, Handler, idl, make_app
from support.sockets import listener, nobody

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands that run in this process set up its logging."""
    logger = logging.getLogger("fastthrift")
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def app() -> Iterator[Flask]:
    with serve(idl.Calc, Handler()) as url:
        app = make_app(url)
        yield app
        app.extensions["thrift"].close()


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["thrift", *words])


def call(app: Flask, *words: str) -> tuple[int, str, str]:
    """The exit status, what is printed, and what is told as an error."""
    result = run(app, "call", *words)
    return result.exit_code, result.stdout, result.stderr


def test_there_is_a_command_in_applications_that_have_the_extension() -> None:
    assert "thrift" not in Flask("bare").cli.list_commands(None)  # type: ignore[arg-type]
    app = Flask("with")
    Thrift(app)
    assert "thrift" in app.cli.list_commands(None)  # type: ignore[arg-type]
    assert run(app, "ls").stdout == "no clients (THRIFT_CLIENTS) and no mounts\n"


def test_clients_and_mounts_are_listed(app: Flask) -> None:
    where = app.config["THRIFT_CLIENTS"]["calc"]["url"]
    thrift = Thrift()
    thrift.mount("/thrift/", idl.Calc, Handler(), app=app)
    lines = run(app, "ls").stdout.splitlines()
    assert lines[0] == f"calc: Calc at {where}"
    assert lines[1] == "  add(1: i32 a, 2: i32 b) -> i32"
    assert "  find(1: string what) -> string throws NotFound, Refused" in lines
    methods = len(idl.Calc.thrift_services)
    assert lines[1 + methods] == "/thrift/: Calc served by Handler"
    assert len(lines) == 2 + 2 * methods


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["add", "40", "2"], "42\n"),
        (["add", "a=40", "b=2"], "42\n"),
        (["add", "b=2", "a=40"], "42\n"),
        (["add", "-40", "2"], "-38\n"),
        (["add", "40", "2", "--timeout", "60"], "42\n"),
        (["divide", "1", "4", "--json"], "0.25\n"),
        (["nothing"], ""),
    ],
    ids=" ".join,
)
def test_a_method_is_called(app: Flask, words: list[str], printed: str) -> None:
    assert call(app, "calc", *words) == (0, printed, "")


def test_structs_are_json(app: Flask) -> None:
    status, printed, _ = call(app, "calc", "mirrored", '{"x": 1, "y": -2}')
    assert (status, json.loads(printed)) == (0, {"x": -1, "y": 2})


def test_a_declared_exception_is_1_with_its_fields(app: Flask) -> None:
    assert call(app, "calc", "find", "gold") == (1, "", 'NotFound: what="gold"\n')
    status, printed, told = call(app, "calc", "find", "refused", "--json")
    assert (status, printed) == (1, "")
    assert json.loads(told) == {"type": "Refused", "fields": {"code": 7}}


def test_no_answer_is_1_in_one_line(app: Flask) -> None:
    status, printed, told = call(app, "calc", "divide", "1", "0")
    assert (status, printed) == (1, "")
    assert told.startswith("TApplicationException: ")
    with nobody() as port:
        status, _, told = call(make_app(f"tcp://{HOST}:{port}"), "calc", "add", "1", "2")
    assert status == 1
    assert told.startswith("TTransportException: calc: Could not connect")
    assert len(told.splitlines()) == 1


def test_a_time_is_kept(app: Flask) -> None:
    status, _, told = call(app, "calc", "later", "1", "--timeout", "0.01")
    assert status == 1
    assert told.startswith("DeadlineExceeded: ")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["clac", "add", "1", "2"], "did you mean 'calc'?"),
        (["calc", "ad", "1", "2"], "add(1: i32 a, 2: i32 b) -> i32"),
        (["calc", "add", "1"], "lacks b"),
        (["calc", "add", "1", "x"], "b: expected an integer, found 'x'"),
        (["calc", "add", "1", "2", "3"], "one too many"),
        (["calc", "add", "1", "2", "--timeout", "0"], "--timeout"),
        (["calc"], "METHOD"),
    ],
    ids=" ".join,
)
def test_a_wrong_usage_is_2_and_nothing_is_called(app: Flask, words: list[str], text: str) -> None:
    status, printed, told = call(app, *words)
    assert (status, printed) == (2, "")
    assert text in told
    assert app.extensions["thrift"]["calc"].stats()["connects"] == 0


def test_a_fake_is_called_where_there_is_one(app: Flask) -> None:
    fake = FakeService(idl.Calc, add=lambda a, b: 7)
    with fake, app.extensions["thrift"].override("calc", fake):
        assert call(app, "calc", "add", "1", "2") == (0, "7\n", "")
    assert fake.calls == [("add", (1, 2))]


# Serving


def serving(log: Path, *options: Any) -> Server:
    port = free_port()
    command = ["-m", "flask", "--app", "support.flask_mounting", "thrift", "serve"]
    return Server([*command, f"{HOST}:{port}", *options], port, log, PYTHONPATH=str(TESTS))


def pool_of(server: Server, query: str = "") -> ClientPool:
    return ClientPool(idl.Calc, f"tcp://{HOST}:{server.port}{query}", timeout=PATIENCE)


def test_mounts_are_served_and_each_call_has_a_context(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    with running(serving(log)) as server:
        with pool_of(server) as pool:
            assert pool.add(1, 2) == 3
            # A context of its own for each: nothing is left of the call before.
            assert [pool.find("app") for _ in range(2)] == ["mounting 0 False"] * 2
            with pytest.raises(idl.NotFound):
                pool.find("gold")
            with pytest.raises(TApplicationException):
                pool.divide(1, 0)
            assert pool.mirrored(idl.Point(1, 2)) == idl.Point(2, 1)
        with pool_of(server, "?transport=framed&protocol=compact") as pool:
            assert pool.add(1, 2) == 3
        assert server.stop() == 0
    ended = [
        line.removeprefix("a context has ended with ")
        for line in log.read_text().splitlines()
        if line.startswith("a context")
    ]
    assert ended[:6] == [
        "None",
        "None",
        "None",
        "NotFound(what='gold')",
        "ZeroDivisionError('float division by zero')",
        "None",
    ]
    assert f"Serving Calc (7 methods) at {HOST}:{server.port}" in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_after_the_calls_that_have_come(
    tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "serve.log"
    with running(serving(log, "--workers", 2, "--threads", 2)) as server:
        wait_until(lambda: "Serving Calc" in log.read_text(), "it serves")
        with pool_of(server) as pool:
            assert pool.add(1, 2) == 3
        assert server.stop(number) == 0
    assert "Traceback" not in log.read_text()


def test_limits_are_those_of_its_options(tmp_path: Path) -> None:
    limits = ("--max-message-size", 1000, "--queue", 10, "--idle-timeout", 600)
    with running(serving(tmp_path / "serve.log", *limits)) as server, pool_of(server) as pool:
        assert pool.add(1, 2) == 3
        with pytest.raises((TException, OSError)):
            pool.find("x" * 2000)
        assert pool.add(1, 2) == 3


@pytest.mark.parametrize("options", [(), ("--access-log",)])
def test_the_access_log_is_for_who_asks_for_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    log = tmp_path / "serve.log"
    with running(serving(log, *options)) as server:
        with pool_of(server) as pool:
            assert pool.add(1, 2) == 3
        assert server.stop() == 0
    assert ("Calc.add success" in log.read_text()) is bool(options)


def options_of_help(text: str) -> dict[str, str]:
    """What a help says of each option, without its default and how it is written."""
    text = re.sub(
        r"; \d+ by default|\[[^][]*[<>]=[^][]*\]|\[default[^]]*\]", "", " ".join(text.split())
    )
    found = (
        re.fullmatch(r"(--[a-z-]+) \S+ (.*)", each) for each in re.split(r" (?=--[a-z])", text)
    )
    return {each[1]: each[2].rstrip(" .").lower() for each in found if each}


def test_options_say_what_those_of_the_command_line_say(app: Flask) -> None:
    ours = options_of_help(run(app, "serve", "--help").output)
    command = [sys.executable, "-m", "fastthrift", "serve", "--help"]
    theirs = options_of_help(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    both = (
        "--workers",
        "--threads",
        "--grace",
        "--idle-timeout",
        "--message-timeout",
        "--queue",
        "--max-connections",
        "--max-message-size",
        "--max-requests",
    )
    assert [ours[each] for each in both] == [theirs[each] for each in both]
    assert "takes nothing of its answer" in ours["--message-timeout"]


def flask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "flask", "--app", "support.flask_mounting", *words],
        env={"PYTHONPATH": str(TESTS), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_what_cannot_be_served_is_one_line() -> None:
    with listener() as port:
        done = flask("thrift", "serve", f"{HOST}:{port}")
    assert done.returncode == 1
    assert "Address already in use" in done.stderr.splitlines()[-1]
    done = flask("thrift", "serve", "--server", "threaded", "--queue", "5", f"{HOST}:0")
    assert done.returncode == 1
    assert "--queue: nothing waits for a thread" in done.stderr.splitlines()[-1]
    for words, text in (
        (["127.0.0.1:99999999"], "99999999"),
        (["--service", "Nope"], "no service Nope is mounted: there are Calc"),
        (["--workers", "0"], "--workers"),
    ):
        done = flask("thrift", "serve", *words)
        assert done.returncode == 2
        assert text in done.stderr
        assert "Traceback" not in done.stderr
    twice = Flask("twice")
    thrift = Thrift(twice)
    thrift.mount("/one/", idl.Calc, Handler())
    thrift.mount("/two/", idl.Calc, Handler(), endpoint="two")
    result = run(twice, "serve")
    assert result.exit_code == 2
    assert "Calc is mounted at /one/ and /two/" in result.stderr
    result = run(twice, "serve", "--service", "/two/", "192.0.2.1:1")
    assert result.exit_code == 1
    assert "Cannot assign requested address" in result.stderr
    nothing = Flask("nothing")
    Thrift(nothing)
    result = run(nothing, "serve")
    assert result.exit_code == 2
    assert "thrift.mount() says what there is to serve" in result.stderr
