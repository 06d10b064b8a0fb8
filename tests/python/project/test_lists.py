"""Lists of tests that are run in other places: each that they name is there."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LISTS = sorted((ROOT / "tests").glob("*_tests.txt"))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_the_tests_of_a_list_are_there(path):
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", f"@{path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
