"""What the newer of Apache's compilers generates for Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interop.cells import names
from interop.peers import ROOT, newer_compiler

TESTS = ROOT / "tests" / "python" / "apache"
COMPILED = TESTS / "compiled"
#: By the module in `compiled`, the options of its generator.
STYLES = {"hints": "py:enum,type_hints", "slots": "py:slots", "dynamic": "py:dynamic"}

pytestmark = pytest.mark.skipif(
    not {"cpp-0.24", "rust"} & set(names()), reason="only some of the peers are asked for"
)


def of_newer_compiler(*command: str | Path, cwd: Path) -> None:
    """Runs a command that calls it as `thrift`."""
    path = f"{newer_compiler()}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.parametrize("style", STYLES)
def test_the_modules_of_the_ordinary_tests_are_what_it_makes(style: str, tmp_path: Path) -> None:
    command = ["thrift", "--gen", STYLES[style], "-out", tmp_path, COMPILED / "pens.thrift"]
    of_newer_compiler(*command, cwd=tmp_path)
    made = tmp_path / "pens" / "ttypes.py"
    assert (COMPILED / f"{style}.py").read_text() == made.read_text()


def test_every_test_of_generated_code_passes_with_its_code() -> None:
    options = ["-q", "-p", "no:cacheprovider"]
    of_newer_compiler(sys.executable, "-m", "pytest", *options, TESTS, cwd=ROOT)
