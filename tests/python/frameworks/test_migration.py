"""The applications of the page on migration: what was served and answered before is so after."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.example_processes import DEADLINE, HOST, Server, WebClient, free_port, running
from support.pages import ROOT, blocks

FILES = {name: text for name, _, text in blocks(ROOT / "docs" / "migration.md") if name.count("/")}
IDL = "calculator.thrift"
VIEW = "/divide/{}/{}"


class Side:
    """The servers of an application, before or after."""

    def __init__(self, directory: Path, port: int, rpc: list[str], web: list[str]) -> None:
        paths = {"PYTHONPATH": str(directory), "PYTHONWARNINGS": "ignore"}
        web_port = free_port()
        self.rpc = Server(["-c", _in(directory, *rpc)], port, directory / "rpc.log", **paths)
        self.web = Server(
            ["-c", _in(directory, *web, str(web_port))], web_port, directory / "web.log", **paths
        )

    def get(self, a: int, b: int) -> tuple[int, object]:
        answer = WebClient(self.web.port).request("GET", VIEW.format(a, b))
        return answer.status, answer.json()


def _in(directory: Path, module: str, *arguments: str) -> str:
    """A program that runs a module, or a file, in a directory."""
    run = "run_path" if module.endswith(".py") else "run_module"
    return (
        f"import os, runpy, sys; os.chdir({str(directory)!r}); sys.path.insert(0, '.');"
        f"sys.argv = {[module, *arguments]!r}; runpy.{run}({module!r}, run_name='__main__')"
    )


def write(directory: Path, side: str, port: int) -> None:
    for name, text in FILES.items():
        if name.startswith(f"{side}/"):
            path = directory / name.removeprefix(f"{side}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("9090", str(port)))


def flask(directory: Path, side: str, port: int) -> Side:
    directory.mkdir()
    write(directory, side, port)
    shutil.rmtree(directory / "sums")
    (directory / IDL).write_text(FILES[f"before/{IDL}"])
    serve = ["flask", "thrift", "serve", f"{HOST}:{port}", "--workers", "2"]
    rpc = ["server.py"] if side == "before" else serve
    return Side(directory, port, rpc, ["flask", "run", "--port"])


def django(directory: Path, side: str, port: int) -> Side:
    directory.mkdir()
    for arguments in (["-m", "django", "startproject", "mysite", "."], ["manage.py", "startapp"]):
        words = [*arguments, "sums"] if arguments[0] == "manage.py" else arguments
        subprocess.run([sys.executable, *words], cwd=directory, check=True, timeout=DEADLINE)
    write(directory, side, port)
    (directory / "sums" / IDL).write_text(FILES[f"before/{IDL}"])
    (directory / "mysite" / "urls.py").write_text(
        "from django.urls import path\n"
        "from sums import views\n"
        "urlpatterns = [path('divide/<int:a>/<int:b>', views.divide)]\n"
    )
    settings = directory / "mysite" / "settings.py"
    added = directory / "settings.py"
    text = added.read_text() if added.exists() else "INSTALLED_APPS += ['sums']\n"
    settings.write_text(f"{settings.read_text()}\n{text}")
    command = ["servesums"] if side == "before" else ["runthrift", str(port)]
    return Side(
        directory,
        port,
        ["manage.py", *command],
        ["manage.py", "runserver", "--noreload"],
    )


@pytest.fixture(params=[flask, django], ids=["flask", "django"])
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """Before and after, whose services have the same port; their web servers run."""
    port = free_port()
    make: Callable[[Path, str, int], Side] = request.param
    before, after = (make(tmp_path / side, side, port) for side in ("before", "after"))
    with running(before.web), running(after.web):
        yield before, after


def test_each_application_calls_each_service_and_answers_the_same(
    sides: tuple[Side, Side],
) -> None:
    before, after = sides
    for service in sides:
        with running(service.rpc):
            for web in sides:
                assert web.get(1, 4) == (200, {"result": 0.25})
                assert web.get(1, 0)[0] == 422
            # With its workers.
            service.rpc.kill()
    assert before.get(1, 4)[0] == 502
    status, told = after.get(1, 4)
    assert status == 503
    assert isinstance(told, dict)
    assert (told["client"], told["method"]) == ("calculator", "divide")
