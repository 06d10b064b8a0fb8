"""The guide for Flask: its files are a program, and its commands print what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.example_processes import DEADLINE, HOST, Server, WebClient, free_port, running
from support.pages import ROOT, blocks

GUIDE = ROOT / "docs" / "flask.md"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guide")
    named = {name: text for name, _, text in blocks(GUIDE) if name}
    assert named.keys() == {"calculator.thrift", "app.py", "test_app.py"}
    for name, text in named.items():
        (directory / name).write_text(text)
    return directory


def commands() -> list[tuple[list[str], str]]:
    """What a shell is given, and what it shows."""
    found = []
    for text in re.findall(r"^```console\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, shown = command.partition("\n")
            found.append((line.split(), shown))
    return found


@pytest.fixture(scope="module")
def servers(files: Path) -> Iterator[tuple[Server, Server]]:
    """The two that the guide starts, at ports of their own."""
    (rpc, _), (web, _) = commands()[:2]
    assert (rpc, web) == (
        ["flask", "thrift", "serve", "127.0.0.1:9090", "&"],
        ["flask", "run", "&"],
    )
    ports = free_port(), free_port()
    environment = {"PYTHONPATH": str(files), "THRIFT_URL_CALC": f"tcp://{HOST}:{ports[0]}"}
    app = ["-m", "flask", "--app", "app"]
    rpc_server = Server(
        [*app, "thrift", "serve", f"{HOST}:{ports[0]}"], ports[0], files / "rpc.log", **environment
    )
    web_server = Server([*app, "run", "-p", ports[1]], ports[1], files / "web.log", **environment)
    with running(rpc_server), running(web_server):
        yield rpc_server, web_server


def test_the_commands_print_what_they_show(files: Path, servers: tuple[Server, Server]) -> None:
    rpc, web = servers
    checked = 0
    for words, shown in commands():
        if words[-1] == "&":
            continue
        if words[0] == "curl":
            path = words[1].removeprefix("127.0.0.1:5000")
            assert WebClient(web.port).request("GET", path).body == shown
        else:
            done = subprocess.run(
                [sys.executable, "-m", "flask", "--app", "app", *words[1:]],
                cwd=files,
                env=os.environ | rpc.environment,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
            )
            printed = (done.stdout + done.stderr).replace(str(rpc.port), "9090")
            assert printed == shown, words
        checked += 1
    assert checked == 4


def test_the_views_answer_as_the_guide_says(servers: tuple[Server, Server]) -> None:
    rpc, web = servers
    client = WebClient(web.port)

    def divided(a: object, b: object) -> tuple[int, object]:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = client.request("POST", "/divide", f"a={a}&b={b}", **form)
        return reply.status, reply.json()

    assert divided(1, 4) == (200, {"result": 0.25})
    assert divided(1, "x") == (400, {"error": "a and b must be numbers"})
    for a, b in ((1, "nan"), ("1e308", "1e-308"), ("inf", 1)):
        status, told = divided(a, b)
        assert (status, told) == (422, {"error": "the result is no number that JSON has"})
    assert divided(1, 0) == (
        422,
        {"error": "DivisionByZero", "client": "calc", "method": "divide"},
    )
    assert client.request("GET", f"/add/{2**31}/1").status == 400
    called = client.request(
        "POST", "/thrift/Calculator/add", '{"a": 1, "b": 2}', **{"Content-Type": "application/json"}
    )
    assert (called.status, called.body) == (200, "3")
    rpc.kill()
    began = time.monotonic()
    assert client.request("GET", "/add/1/2").status == 503
    assert time.monotonic() - began < DEADLINE
    rpc.start()
    assert client.request("GET", "/add/1/2").json() == {"result": 3}


def test_its_tests_pass(files: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"],
        cwd=files,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
