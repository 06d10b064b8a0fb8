"""Development servers start again when a Thrift file changes, and stay what they were."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.example_processes import HOST, free_port

DEADLINE = 100

# What both applications answer: which library, and what it made of the files.
LOADED = """
import os
import {library} as library

HERE = os.path.dirname(os.path.abspath(__file__))

def answer():
    api = library.load(os.path.join(HERE, "idl", "api.thrift"))
    names = [field[1] for field in api.Order.thrift_spec.values()]
    inner = [field[1] for field in api.money.Amount.thrift_spec.values()]
    return f"{{library.__name__}} {{' '.join(names)}} {{' '.join(inner)}}"

answer()
"""

FLASK = """
from flask import Flask
from loaded import answer

app = Flask(__name__)
app.get("/")(answer)
"""

DJANGO = """
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
    execute_from_command_line(sys.argv)
"""

SETTINGS = """
DEBUG = True
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_urls"
USE_TZ = True
"""

URLS = """
from django.http import HttpResponse
from django.urls import path
from loaded import answer

urlpatterns = [path("", lambda request: HttpResponse(answer()))]
"""

API = 'include "money.thrift"\nstruct Order { 1: money.Amount total }\n'
MONEY = "struct Amount { 1: i64 cents }\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "idl").mkdir()
    (tmp_path / "idl" / "api.thrift").write_text(API)
    (tmp_path / "idl" / "money.thrift").write_text(MONEY)
    texts = {
        "flask_app": FLASK,
        "manage": DJANGO,
        "site_settings": SETTINGS,
        "site_urls": URLS,
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


class Site:
    """A development server, and what it answers."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.url = f"http://{HOST}:{port}/"
        self.log = directory / "server.log"

    def answer(self) -> str:
        """What it says now; nothing while it starts, or cannot."""
        try:
            with urllib.request.urlopen(self.url, timeout=DEADLINE) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, http.client.HTTPException):
            pass  # it is being restarted
        return ""

    def says(self, expected: str, file: str | None = None, text: str = "") -> None:
        """Wait for an answer, after a file of the IDL was written if one is given."""
        self._wait(lambda: self.answer() == expected, expected, file, text)

    def logs(self, expected: str, file: str, text: str) -> None:
        """Wait for a text in what the server prints, after a file was written."""
        self._wait(lambda: expected in self.log.read_text(), expected, file, text)

    def _wait(
        self, condition: Callable[[], bool], expected: str, file: str | None, text: str
    ) -> None:
        deadline = time.monotonic() + DEADLINE
        written = float("-inf")
        while True:
            # Written again after a while: a reloader that has not looked at a file yet cannot
            # know that it changed.
            if file is not None and time.monotonic() - written > 4:
                self.directory.joinpath("idl", file).write_text(text)
                written = time.monotonic()
            if condition():
                return
            assert time.monotonic() < deadline, f"not {expected!r}:\n{self.log.read_text()}"
            time.sleep(0.1)


@contextmanager
def serving(directory: Path, *arguments: str, library: str = "fastthrift") -> Iterator[Site]:
    port = free_port()
    (directory / "loaded.py").write_text(LOADED.format(library=library))
    site = Site(directory, port)
    command = [sys.executable, *(word.format(port=port) for word in arguments)]
    with site.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield site
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def flask(*before: str) -> tuple[str, ...]:
    return (*before, "-m", "flask", "--app", "flask_app", "run", "--debug", "--port", "{port}")


def django(*before: str) -> tuple[str, ...]:
    return (*before, "manage.py", "runserver", "{port}")


SERVERS = pytest.mark.parametrize("server", [flask, django], ids=lambda server: server.__name__)


@SERVERS
def test_a_change_of_a_loaded_or_included_file_restarts_the_server(
    site: Path, server: Callable[..., tuple[str, ...]]
) -> None:
    with serving(site, *server()) as running:
        running.says("fastthrift total cents")
        running.says(
            "fastthrift total cents currency",
            "money.thrift",
            "struct Amount { 1: i64 cents, 2: string currency }\n",
        )
        running.says(
            "fastthrift total note cents currency",
            "api.thrift",
            'include "money.thrift"\nstruct Order { 1: money.Amount total, 2: string note }\n',
        )


@SERVERS
def test_the_server_recovers_when_a_mistake_in_a_file_is_mended(
    site: Path, server: Callable[..., tuple[str, ...]]
) -> None:
    with serving(site, *server()) as running:
        running.says("fastthrift total cents")
        running.logs("Nope", "money.thrift", "struct Amount { 1: Nope cents }\n")
        running.says("fastthrift total cents", "money.thrift", MONEY)


@SERVERS
def test_a_program_run_by_compat_keeps_fastthrift_when_its_reloader_restarts_it(
    site: Path, server: Callable[..., tuple[str, ...]]
) -> None:
    """The stock thriftpy2 is installed here, and would be imported without a word."""
    with serving(site, *server("-m", "fastthrift.compat"), library="thriftpy2") as running:
        running.says("fastthrift total cents")
        running.says("fastthrift total price", "money.thrift", "struct Amount { 1: i64 price }\n")
    with serving(site, *server(), library="thriftpy2") as running:
        running.says("thriftpy2 total price")


def test_django_run_as_a_module_by_compat(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "site_settings")
    command = ("-m", "fastthrift.compat", "-m", "django", "runserver", "{port}")
    with serving(site, *command, library="thriftpy2") as running:
        running.says("fastthrift total cents")
        running.says("fastthrift total price", "money.thrift", "struct Amount { 1: i64 price }\n")


def test_nothing_is_added_to_sys_modules_where_no_reloader_watches(site: Path) -> None:
    program = (
        "import sys, fastthrift\n"
        "before = set(sys.modules)\n"
        "fastthrift.load('idl/api.thrift')\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=site, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
