"""Every peer and fastthrift call each other, in all that both speak."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from interop import page
from interop.cases import difference
from interop.cells import Cell, cells
from interop.faults import FAULTS, fault_of
from interop.peers import COMBINED, DIALECTS

#: Parts of a dialect that nobody has together.
APART = [{"json", "header"}, {"http", "unix"}]


def test_each_part_of_a_dialect_is_tried_with_each_other() -> None:
    dialects = [set(enumerate(each)) for each in (*DIALECTS, *COMBINED)]
    parts = sorted(set().union(*dialects))
    pairs = [(a, b) for a, b in combinations(parts, 2) if a[0] != b[0]]
    missing = [
        (a[1], b[1])
        for a, b in pairs
        if {a[1], b[1]} not in APART and not any({a, b} <= dialect for dialect in dialects)
    ]
    assert not missing


@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_all_cases_pass_but_for_known_faults(cell: Cell, tmp_path: Path) -> None:
    outcomes = cell.run(tmp_path)
    some = cell.cases
    wrong, mended, faults = {}, [], set()
    for case in some:
        different = difference(case, outcomes.get(case.name))
        fault = fault_of(cell, case.name)
        if different and fault is None:
            wrong[case.name] = different
        elif different:
            faults.add(fault)
        elif fault is not None and not FAULTS[fault].is_by_chance:
            mended.append(case.name)
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert not mended, f"faults.py lists a fault that is none (any more?): {mended}"
    result = {
        "peer": cell.peer.name,
        "version": cell.peer.version(),
        "does": cell.does,
        "dialect": str(cell.dialect),
        "kind": cell.kind,
        "passed": sum(not difference(case, outcomes.get(case.name)) for case in some),
        "cases": len(some),
        "faults": sorted(faults),
    }
    page.RESULTS.mkdir(parents=True, exist_ok=True)
    (page.RESULTS / f"{cell}.json").write_text(json.dumps(result))
