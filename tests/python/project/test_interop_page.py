"""docs/interop.md is written by a run of all cells; it has the cells that the code has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

PAGE = (ROOT / "docs" / "interop.md").read_text()

# Which cells and cases there are, as a run of all peers has them.
CELLS = """
from interop.cells import cells
from interop.page import NAMES
for cell in cells():
    row = cell.peer.title, cell.does, cell.dialect, NAMES[cell.kind][cell.does]
    print(*row, len(cell.cases), sep=" | ")
"""
ROWS = """
from interop.page import PAGE, counts_of
for key, count in counts_of(PAGE.read_text()).items():
    print(*key, count, sep=" | ")
"""
NOT_ROWS = """
from interop.page import head, faults
print(head() + faults(), end="")
"""


def told(program: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("INTEROP")
    }
    environment["PYTHONPATH"] = str(ROOT / "tests")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def rows_of_page() -> set[str]:
    found = set()
    for row in told(ROWS).splitlines():
        *where, count = row.split(" | ")
        whole = re.fullmatch(r"(?:\d+ of )?(\d+)(?: \(.*\))?", count)
        found.add(" | ".join((*where, whole[1] if whole else count)))
    return found


def test_the_page_has_the_cells_of_the_code_with_as_many_cases() -> None:
    expected = set(told(CELLS).splitlines())
    found = rows_of_page()
    assert found - expected == set()
    assert expected - found == set()


def test_the_page_has_what_is_left_out_and_the_faults_of_the_code() -> None:
    rows = PAGE[PAGE.index("\n## ") : PAGE.index("## Faults of the peers")]
    assert PAGE.replace(rows, "\n") == told(NOT_ROWS)
