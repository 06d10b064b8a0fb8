"""What `make mutants` breaks: that it can be done, and for every rule. Doing it takes minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "Cargo.toml").exists())
sys.path.insert(0, str(ROOT / "tests" / "mutants"))
from breaks import BREAKS, WITHOUT  # noqa: E402
from page import Break, rows, rule_of  # noqa: E402


def test_every_rule_has_a_break_or_a_reason() -> None:
    broken = {rule_of(each) for each in BREAKS}
    excused = {rule for rule in rows() if rule.startswith(tuple(WITHOUT))}
    assert broken | excused == set(rows())
    assert broken & excused == set()
    assert len(excused) == len(WITHOUT)


@pytest.mark.parametrize("each", BREAKS, ids=lambda each: f"{each.row[:40]}: {each.what}")
def test_a_break_has_one_place_and_tests_of_its_rule(each: Break) -> None:
    """Who changes the place changes the break with it."""
    assert each.place().line > 0
    assert each.find != each.replace
    assert each.trips
    assert set(each.trips) <= rows()[rule_of(each)]
