"""Files that commands write are whole, or as they were."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from fastthrift.cli._whole import write_whole

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


def test_a_file_in_a_folder_where_none_can_be_made_is_written() -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "out.json")
        target.write_bytes(b"old")
        target.chmod(0o666)
        os.chmod(folder, 0o555)
        child = os.fork()
        if child == 0:
            # Who may do everything may make files there, too.
            if os.geteuid() == 0:
                os.seteuid(nobody)
            try:
                write_whole(target, b"new")
            finally:
                os._exit(int(target.read_bytes() != b"new"))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert os.listdir(folder) == ["out.json"]
        os.chmod(folder, 0o755)


def test_a_name_may_be_as_long_as_names_can_be(directory: Path) -> None:
    name = "o" * 250 + ".json"
    assert run(directory, f"json calc.thrift -o {name}").returncode == 0
    assert (directory / name).read_bytes()
