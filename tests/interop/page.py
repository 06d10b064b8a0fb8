"""Writes docs/interop.md of the results of a run: `python -m interop.page`."""

from __future__ import annotations

import json
from typing import Any

from interop.cells import KINDS, cells
from interop.faults import FAULTS, LEFT_OUT
from interop.peers import BUILT, DIALECTS, PEERS, ROOT

RESULTS = BUILT / "results"
PAGE = ROOT / "docs" / "interop.md"

HEAD = """\
# What other Thrifts have been tried with

Written by `make interop`; do not edit. Peers of other languages and libraries, built from one IDL
(`tests/interop/peer.thrift`), and fastthrift call each other. Each number counts the cases that
passed: echoes of every type with its edge values, containers of containers, 1 MiB and 10 MiB,
declared and undeclared exceptions, unknown methods, oneway calls, 1,000 calls and 200 pipelined
calls on a connection, 8 connections at once. Where some fail it says of how many, and by which
fault: all of these are faults of the peer, listed in `tests/interop/faults.py` and below. Newer and
older clients and servers are of another version of the IDL, which has fields of every type that the
peer knows nothing of, or lacks some. Newer C++ and Rust are built by a compiler that knows `uuid`,
and have cases of that too.

The rows are a selection of protocols and transports: of each protocol the usual transports, and of
each transport the usual protocols. Besides, there are left out:

"""
NOT_RUN: dict[str, Any] = {}
NAMES = {
    "threaded": {"serves": "sync client", "calls": "`TThreadedServer`"},
    "native": {"calls": "`TNonblockingServer`"},
    "aio": {"serves": "asyncio client", "calls": "asyncio server"},
    "newer": {"serves": "newer client", "calls": "newer server"},
    "older": {"serves": "older client", "calls": "older server"},
}


def head() -> str:
    left_out = (f"- {each.what}: {each.reason}\n" for each in LEFT_OUT)
    return f"{HEAD}{''.join(left_out)}\n"


def faults() -> str:
    lines = ["## Faults of the peers\n\n"]
    for index, fault in enumerate(FAULTS):
        titles = ", ".join(PEERS[name].title for name in fault.peers.split())
        lines.append(f"{index + 1}. {titles}: {fault.reason}\n")
    return "".join(lines)


def text_of(results: dict[tuple[str, str, str, str], Any]) -> str:
    lines = [head()]
    for peer in PEERS.values():
        lines.append(f"## {peer.title} {peer.version()}\n\n")
        for does, kinds in KINDS.items():
            lines.append(f"{peer.title} {does}:\n\n")
            lines.append(f"| | {' | '.join(NAMES[kind][does] for kind in kinds)} |\n")
            lines.append(f"| --- |{' --- |' * len(kinds)}\n")
            for dialect in DIALECTS:
                row = [results.get((peer.name, does, str(dialect), kind)) for kind in kinds]
                if any(each is not None for each in row):
                    counts = " | ".join(map(_count, row))
                    lines.append(f"| {dialect} | {counts} |\n")
            lines.append("\n")
    lines.append(faults())
    return "".join(lines)


def _count(result: dict[str, Any] | None) -> str:
    if result is None:
        return "-"
    if result is NOT_RUN:
        return "not run"
    if not result["faults"]:
        return str(result["cases"])
    notes = ", ".join(str(fault + 1) for fault in result["faults"])
    return f"{result['passed']} of {result['cases']} ({notes})"


def main() -> None:
    results: dict[tuple[str, str, str, str], Any] = {}
    for cell in cells():
        path = RESULTS / f"{cell}.json"
        result = json.loads(path.read_text()) if path.exists() else NOT_RUN
        results[cell.peer.name, cell.does, str(cell.dialect), cell.kind] = result
    PAGE.write_text(text_of(results))


if __name__ == "__main__":
    main()
