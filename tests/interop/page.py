"""Writes docs/interop.md of the results of a run: `python -m interop.page`. With `--keep` it has of
cells that were not run what it had before."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from interop.cells import KINDS, cells
from interop.faults import FAULTS, LEFT_OUT
from interop.peers import BUILT, COMBINED, DIALECTS, PEERS, ROOT

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

The rows have each pair of a protocol, a transport, a socket and several services that there is. The
last ones, which only combine what is in rows above them, are tried with some of the cases and, in
each direction, with one of ours after the other. There are left out:

"""
#: Of a cell: the name and what it does of the peer, the dialect, and the kind of ours.
Key = tuple[str, str, str, str]
NOT_RUN = "not run"
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


def text_of(counts: dict[Key, str], versions: dict[str, str]) -> str:
    """A page with the counts, and the versions of peers by their titles."""
    lines = [head()]
    for peer in PEERS.values():
        lines.append(f"## {peer.title} {versions.get(peer.title) or peer.version()}\n\n")
        for does, kinds in KINDS.items():
            lines.append(f"{peer.title} {does}:\n\n")
            lines.append(f"| | {' | '.join(NAMES[kind][does] for kind in kinds)} |\n")
            lines.append(f"| --- |{' --- |' * len(kinds)}\n")
            for dialect in [*DIALECTS, *COMBINED]:
                keys = [(peer.title, does, str(dialect), NAMES[kind][does]) for kind in kinds]
                if any(key in counts for key in keys):
                    row = " | ".join(counts.get(key, "-") for key in keys)
                    lines.append(f"| {dialect} | {row} |\n")
            lines.append("\n")
    lines.append(faults())
    return "".join(lines)


def counts_of(text: str) -> dict[Key, str]:
    """What a page has of its cells."""
    found = {}
    title = does = ""
    kinds: list[str] = []
    for line in text.splitlines():
        if begins := re.fullmatch(r"(.+) (serves|calls):", line):
            title, does = begins.groups()
        elif line.startswith("| | "):
            kinds = line.strip("| ").split(" | ")
        elif line.startswith("| ") and not line.startswith("| ---"):
            dialect, *counts = line.strip("| ").split(" | ")
            for kind, count in zip(kinds, counts, strict=True):
                if count != "-":
                    found[title, does, dialect, kind] = count
    return found


def versions_of(text: str) -> dict[str, str]:
    """What a page has of its peers."""
    return {
        peer.title: found[1]
        for peer in PEERS.values()
        if (found := re.search(rf"^## {re.escape(peer.title)} (\S+)$", text, re.MULTILINE))
    }


def _count(result: dict[str, Any]) -> str:
    if not result["faults"]:
        return str(result["cases"])
    notes = ", ".join(str(fault + 1) for fault in result["faults"])
    return f"{result['passed']} of {result['cases']} ({notes})"


def main(*, keep: bool) -> None:
    counts: dict[Key, str] = {}
    page = PAGE.read_text() if keep else ""
    before, versions = counts_of(page), versions_of(page)
    for cell in cells():
        key = cell.peer.title, cell.does, str(cell.dialect), NAMES[cell.kind][cell.does]
        path = RESULTS / f"{cell}.json"
        if path.exists():
            result = json.loads(path.read_text())
            counts[key], versions[cell.peer.title] = _count(result), result["version"]
        else:
            counts[key] = before.get(key, NOT_RUN)
    PAGE.write_text(text_of(counts, versions))


if __name__ == "__main__":
    main(keep="--keep" in sys.argv[1:])
