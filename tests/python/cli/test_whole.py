"""Files that commands write are whole, or as they were."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [
    ("json calc.thrift -o out.json", "out.json"),
    ("stubs calc.thrift -o .", "calc_thrift.pyi"),
    ("format calc.thrift", "calc.thrift"),
]


def run(directory: Path, command: str, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of fastthrift in a shell, which does something ``before``."""
    return subprocess.run(
        ["sh", "-c", f'{before} exec "$0" -m fastthrift {command}', sys.executable],
        cwd=directory,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("out.json", "calc_thrift.pyi"):
        (tmp_path / name).write_text("old")
    (tmp_path / "calc.thrift").write_text("struct   Point { 1: i32 x }\n")
    return tmp_path


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_what_cannot_be_written_whole_leaves_what_was_there(
    directory: Path, command: str, name: str
) -> None:
    files = {path.name: path.read_text() for path in directory.iterdir()}
    # No file may have a byte.
    done = run(directory, command, before="ulimit -f 0;")
    assert done.returncode == 1
    assert f"{name}: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_text() for path in directory.iterdir()} == files


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_a_file_that_is_there_keeps_its_mode_and_its_links(
    directory: Path, command: str, name: str
) -> None:
    target = directory / "elsewhere"
    (directory / name).rename(target)
    (directory / name).symlink_to("elsewhere")
    target.chmod(0o640)
    before = target.read_text()
    done = run(directory, command)
    assert done.returncode == 0, done.stderr
    assert (directory / name).is_symlink()
    assert target.read_text() != before
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_that_new_files_have(directory: Path) -> None:
    done = run(directory, "stubs calc.thrift -o new", before="umask 027;")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((directory / "new/calc_thrift.pyi").stat().st_mode) == 0o640


def test_what_is_no_file_is_written_as_it_is(directory: Path) -> None:
    done = run(directory, "json calc.thrift -o /dev/stderr")
    assert (done.returncode, done.stdout) == (0, "")
    assert '"name": "Point"' in done.stderr
