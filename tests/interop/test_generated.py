"""What the newer of Apache's compilers generates for Python, with fastthrift's codec."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interop import peers
from interop.cases import difference, file_of, outcomes_of
from interop.cells import Cell
from interop.faults import fault_of
from interop.peers import PEERS, PROGRAMS, PYTHON, ROOT, Dialect, Peer, newer_compiler

TESTS = ROOT / "tests" / "python" / "apache"
COMPILED = TESTS / "compiled"
#: By the module in `compiled`, the options of its generator.
STYLES = {"hints": "py:enum,type_hints", "slots": "py:slots", "dynamic": "py:dynamic"}
DIALECTS = [Dialect("binary", "framed"), Dialect("compact", "buffered")]
GENERATED = Peer(
    "generated", "generated", [*PYTHON, f"{PROGRAMS}/apache.py"], peers.build_nothing, str
)

pytestmark = pytest.mark.needs_peer("cpp-0.24")


@pytest.fixture(scope="module", params=STYLES)
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Of a program with generated code of a style."""
    folder = tmp_path_factory.mktemp(request.param)
    peers.generate_newer(folder, STYLES[request.param])
    return {"PYTHONPATH": str(folder), "INTEROP_CODEC": "fastthrift.contrib.apache"}


def check(cell: Cell, outcomes: dict[str, Any]) -> None:
    """That all cases passed, but for faults of the peer."""
    different = {case.name: difference(case, outcomes.get(case.name)) for case in cell.cases}
    wrong = {
        name: what for name, what in different.items() if what and fault_of(cell, name) is None
    }
    assert not wrong


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_generated_clients_call_newer_cpp(
    environment: dict[str, str], dialect: Dialect, tmp_path: Path
) -> None:
    cell = Cell(PEERS["cpp-0.24"], "serves", dialect, "threaded")
    given = file_of(cell.cases)
    with peers.serving(cell.peer, dialect, tmp_path) as address:
        written = peers.call(GENERATED, dialect, address, given, tmp_path, **environment)
    check(cell, outcomes_of(written))


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_generated_processors_are_called_by_newer_cpp(
    environment: dict[str, str], dialect: Dialect, tmp_path: Path
) -> None:
    cell = Cell(PEERS["cpp-0.24"], "calls", dialect, "threaded")
    given = file_of(cell.cases)
    with peers.serving(GENERATED, dialect, tmp_path, **environment) as address:
        written = peers.call(cell.peer, dialect, address, given, tmp_path)
    check(cell, outcomes_of(written))


def run_with_newer_compiler(*command: str | Path, cwd: Path) -> None:
    """Runs a command that calls it as `thrift`."""
    path = f"{newer_compiler()}:{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.parametrize("style", STYLES)
def test_the_modules_of_the_ordinary_tests_are_what_it_makes(style: str, tmp_path: Path) -> None:
    command = ["thrift", "--gen", STYLES[style], "-out", tmp_path, COMPILED / "pens.thrift"]
    run_with_newer_compiler(*command, cwd=tmp_path)
    made = tmp_path / "pens" / "ttypes.py"
    assert (COMPILED / f"{style}.py").read_text() == made.read_text()


def test_every_test_of_generated_code_passes_with_its_code() -> None:
    options = ["-q", "-p", "no:cacheprovider"]
    run_with_newer_compiler(sys.executable, "-m", "pytest", *options, TESTS, cwd=ROOT)
