"""The page of benchmarks holds the figures to the targets that the benchmarks have."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benches"))
    yield importlib.import_module("report")
    for name in ("report", "measurement"):
        sys.modules.pop(name, None)


def test_the_page_has_the_targets_and_says_which_are_reached(report: Any) -> None:
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in report.PAGE.read_text().splitlines()
        if " | at least " in line or " | at most " in line
    ]
    shown = {(what, against): (measured, target) for what, against, measured, target, _ in rows}
    for key, targets in report.TARGETS.items():
        for peer, target in targets.items():
            row = report.title(*key), report.HEADINGS.get(peer, peer)
            # A run may be without some operations.
            if row in shown:
                assert shown[row][1] == f"at least {round(target, 2):g}", row
    assert (report.title("decode", "compact"), "msgspec (msgpack)") in shown
    for what, _, measured, target, verdict in rows:
        bound, _, number = target.rpartition(" ")
        met = (float(measured) >= float(number)) == (bound == "at least")
        assert verdict == ("reached" if met else "missed"), what
