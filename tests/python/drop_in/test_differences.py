"""The list of deliberate differences: every entry has a test, and it prints as a table."""

from __future__ import annotations

import re
from pathlib import Path

from support import differences
from support.differences import DIFFERENCES


def marked_keys() -> set[str]:
    """The keys that tests carry in ``@pytest.mark.difference(...)``."""
    keys: set[str] = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        keys |= set(re.findall(r'mark\.difference\(\s*"([a-z0-9-]+)"', path.read_text()))
    return keys


def test_every_difference_has_a_test() -> None:
    assert marked_keys() == set(DIFFERENCES)


def test_the_list_prints_as_a_table() -> None:
    lines = differences.markdown().splitlines()
    assert len(lines) == len(DIFFERENCES) + 2
    assert all(line.count(" | ") == 2 for line in lines)
    for difference, line in zip(DIFFERENCES.values(), lines[2:], strict=True):
        assert difference.fastthrift in line


def test_the_absent_names_print_as_a_table() -> None:
    table = differences.absent_markdown()
    assert all(line.count(" | ") == 1 for line in table.splitlines())
    assert all(f"`{pattern}`" in table for pattern in differences.ABSENT)
