"""Stubs of the files of an application, with a program for each way to load them.

Names that are words of Python or its own names, includes of includes, two files of one name in
folders, services that extend those of includes, chains of typedefs, constants of all kinds.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.stubs import marked, mypy, pyright, run, stubtest

APPLICATION = Path(__file__).parent / "application"
MODULES = (
    *("shop_thrift", "base_thrift", "old_thrift"),
    *("common.types_thrift", "common.errors_thrift", "legacy.types_thrift"),
)
#: Options of the command, and of `load`, by the program that is written for them.
OPTIONS = {
    "program.py": ([], {}),
    "options.py": (
        ["--enums", "int_enum", "--sets", "set", "--frozen"],
        {"enums": "int_enum", "sets": "set", "frozen": True},
    ),
}


@pytest.fixture(scope="module", params=OPTIONS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in a folder with the files, and their stubs."""
    folder = tmp_path_factory.mktemp("application") / "shop"
    shutil.copytree(APPLICATION, folder)
    done = run("shop.thrift", "-o", "typings", *OPTIONS[request.param][0], cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / str(request.param)


def test_the_program_runs_as_its_types_say(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=program.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_mypy_refuses_what_is_wrong_and_nothing_else(program: Path) -> None:
    expected = {(program.name, line) for line in marked(program.read_text())}
    assert mypy(program.parent, program.name) == expected


def test_pyright_refuses_what_is_wrong_and_nothing_else(program: Path) -> None:
    found = pyright(program.parent, program.name)
    lines = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found}
    assert lines == {(program.name, line) for line in marked(program.read_text())}, found
    assert pyright(program.parent, "typings") == []


def test_the_stubs_agree_with_the_modules(program: Path) -> None:
    options = OPTIONS[program.name][1]
    loading = f"fastthrift.load('shop.thrift', 'shop_thrift', **{options!r})"
    done = stubtest(program.parent, loading, *MODULES, stubs="typings")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_has_all_of_it(program: Path) -> None:
    folder = program.parent
    done = run("shop.thrift", "-o", "src", "--package", "ours", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    written = {str(path.relative_to(folder / "src")) for path in (folder / "src").rglob("*.pyi")}
    assert written == {f"ours/{name.replace('.', '/')}.pyi" for name in MODULES}
    text = (folder / "src/ours/shop_thrift.pyi").read_text()
    assert "import ours.common.types_thrift as types\n" in text
