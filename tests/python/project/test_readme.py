"""The documentation is true: its code runs, links lead somewhere, generated pages are current."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import differences
from support.example_processes import Server, free_port, running
from support.pages import ROOT, blocks

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]

# print(...) with what it prints behind it, or below where that is long.
PRINTED = re.compile(r"^\s*print\(.*\)(?:  |\n\s*)# (.*)$", re.MULTILINE)


def write_quick_start(directory: Path, port: int) -> None:
    for name, _, text in blocks(ROOT / "README.md"):
        if name:
            directory.joinpath(name).write_text(text.replace("9090", str(port)))


def quick_start_server(directory: Path, port: int, log: Path) -> Server:
    write_quick_start(directory, port)
    run_it = "runpy.run_path('server.py', run_name='__main__')"
    program = f"import os, runpy; os.chdir({str(directory)!r}); {run_it}"
    return Server(["-c", program], port, log)


@pytest.fixture
def quick_start(tmp_path: Path) -> Iterator[Path]:
    """The README's files, with another port, while the README's server runs."""
    port = free_port()
    directory = tmp_path / "quick_start"
    directory.mkdir()
    with running(quick_start_server(directory, port, tmp_path / "server.log")):
        yield directory


def run(code: list[str], directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *code],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_of_the_quick_start(quick_start: Path) -> None:
    expected = PRINTED.findall(quick_start.joinpath("client.py").read_text())
    assert len(expected) == 3
    assert run(["client.py"], quick_start).splitlines() == expected


@pytest.mark.parametrize("name", ["call", "decode"])
def test_what_pages_of_commands_show_of_the_quick_start(quick_start: Path, name: str) -> None:
    texts = [
        text for _, language, text in blocks(ROOT / "docs" / f"{name}.md") if "text" in language
    ]
    # A command goes on behind ">", and what it prints follows.
    shown = re.findall(r"^\$ (.*\n(?:>.*\n)*)((?:[^$].*\n)*)", texts[0], re.MULTILINE)
    assert shown
    address = quick_start.joinpath("client.py").read_text().split('"127.0.0.1", ')[1]
    port = re.match(r"\d+", address)[0]
    for command, printed in shown:
        script = command.replace("\n>", "\n").replace("9090", port)
        script = script.replace("fastthrift", f"{shlex.quote(sys.executable)} -m fastthrift")
        done = subprocess.run(
            ["bash", "-c", script], cwd=quick_start, capture_output=True, text=True, timeout=600
        )
        assert done.stdout + done.stderr == printed, command


def get(directory: Path, *paths: str) -> list[str]:
    """Status and JSON, if it is any, of what the view of the README answers, in time: far sooner
    than a pool that is told no time gives up, after 30 s."""
    program = (
        "import time\n"
        "from app import app\n"
        "app.logger.disabled = True\n"
        "client = app.test_client()\n"
        f"for path in {paths!r}:\n"
        "    began = time.monotonic()\n"
        "    answer = client.get(path)\n"
        "    assert time.monotonic() - began < 10\n"
        "    print(answer.status_code, answer.json if answer.is_json else '')\n"
    )
    return run(["-c", program], directory).splitlines()


def test_the_view(quick_start: Path) -> None:
    def failed(status: int, error: str) -> str:
        return f"{status} " + str({"client": "calc", "error": error, "method": "add"})

    assert get(quick_start, "/add/7/3", "/add/7/-3", "/add/7/x", f"/add/{2**31}/3") == [
        "200 {'result': 10}",
        "200 {'result': 4}",
        "404 ",
        failed(400, "TEncodeException"),
    ]
    (answer,) = get(quick_start, f"/add/{2**31 - 1}/1")
    assert answer == failed(502, "the service gave no usable answer")


def test_the_view_without_its_service(tmp_path: Path) -> None:
    write_quick_start(tmp_path, free_port())
    (answer,) = get(tmp_path, "/add/7/3")
    assert answer.startswith("503 ")
    assert "the service cannot be reached" in answer


def test_the_view_of_a_service_that_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_quick_start(tmp_path, silent.getsockname()[1])
        (answer,) = get(tmp_path, "/add/7/3")
    assert answer.startswith("504 ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_server_of_the_quick_start_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    port, log = free_port(), tmp_path / "server.log"
    server = quick_start_server(tmp_path, port, log)
    server.start()
    assert server.stop(number) == 0
    assert log.read_text() == f"Serving at 127.0.0.1:{port}; Ctrl-C ends it\n"


def test_the_server_of_the_quick_start_does_not_say_that_it_serves_where_it_cannot(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        write_quick_start(tmp_path, other.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "server.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Address already in use" in done.stderr


#: What the code of a page finds where it runs.
FILES = {"docs/howto/parquet.md": "tests/parquet/prices.parquet"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_other_python_code_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    if file := FILES.get(page.relative_to(ROOT).as_posix()):
        shutil.copy(ROOT / file, tmp_path)
    code = [text for name, language, text in blocks(page) if language == "python" and not name]
    # Pages say Thrift's usual port, which may be in use.
    texts = [text.replace("9090", str(free_port())) for text in code]
    printed = [run(["-c", text], tmp_path).splitlines() for text in texts]
    assert printed == [PRINTED.findall(text) for text in code]


def test_pages_whose_code_is_in_files_have_tests_that_run_those() -> None:
    in_files = {
        page.relative_to(ROOT).as_posix()
        for page in PAGES
        if any(name.endswith(".py") for name, _, _ in blocks(page))
    }
    assert in_files == {
        "README.md",  # above
        "docs/django.md",  # frameworks/test_django*.py
        "docs/flask.md",  # frameworks/test_flask_guide.py
        "docs/howto/tests.md",  # testing/test_fakes.py
        "docs/migration.md",  # drop_in/test_children.py, frameworks/test_migration.py
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    local = [link.partition("#")[0] for link in links if not link.startswith("https://")]
    assert [link for link in local if not page.parent.joinpath(link).exists()] == []


def test_the_index_of_the_documentation_is_complete() -> None:
    index = ROOT.joinpath("docs", "README.md")
    linked = set(re.findall(r"\]\(([\w/-]+\.md)\)", index.read_text()))
    pages = {page.relative_to(index.parent).as_posix() for page in index.parent.glob("**/*.md")}
    assert linked == pages - {index.name}


def test_the_commands_of_the_readme_are_verbs_of_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", ROOT.joinpath("Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", ROOT.joinpath("README.md").read_text()))
    assert named
    assert named <= verbs


def test_the_page_of_differences_is_current() -> None:
    page = ROOT.joinpath("docs", "differences.md").read_text()
    assert page == differences.page(), "run make docs"


def test_the_tests_named_in_the_architecture_exist() -> None:
    """`folder/file::test` in docs/architecture.md names a test below tests/python, `file.rs::test`
    one of the crate. A file without its folder is looked for too, and so is missed."""
    named = re.findall(
        r"`((?:\w+/)*test_\w+|[\w/]+\.rs)::(\w+)`",
        ROOT.joinpath("docs", "architecture.md").read_text(),
    )
    assert named
    missing = []
    for file, test in named:
        path = ROOT / file if file.endswith(".rs") else ROOT / "tests" / "python" / f"{file}.py"
        function = f"fn {test}(" if file.endswith(".rs") else f"def {test}("
        if not path.is_file() or function not in path.read_text():
            missing.append(f"{file}::{test}")
    assert missing == []


def test_the_files_named_in_the_recipes_exist() -> None:
    page = ROOT.joinpath("docs", "recipes.md").read_text()
    named = re.findall(r"`((?:src|python|tests)/[\w/.]+)`", page)
    assert len(named) > 40
    assert [path for path in named if not ROOT.joinpath(path).is_file()] == []


def test_the_exceptions_have_the_bases_that_the_page_names() -> None:
    text = ROOT.joinpath("docs", "errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \(`([\w.]+)`\) \| ([^|]*) \|", text, re.MULTILINE)
    assert len(rows) >= 10
    for name, module, bases in rows:
        cls = getattr(importlib.import_module(f"fastthrift.{module}"), name)
        named = set(re.findall(r"`(\w+)`", bases))
        assert named <= {base.__name__ for base in cls.__mro__[1:]}, name
