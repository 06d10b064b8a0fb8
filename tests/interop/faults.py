"""Known faults of the peers: what fails whoever is on the other side, with the reason. A fault that
no longer occurs fails the run, so that this stays true."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from interop.cells import Cell


@dataclass(frozen=True)
class Fault:
    peers: str
    #: Of what the peer does: "serves", "calls", or both.
    does: str
    #: Patterns of the names of cases, and of dialects.
    cases: tuple[str, ...]
    reason: str
    dialects: tuple[str, ...] = ("*",)
    #: Of our side; empty for each.
    kinds: tuple[str, ...] = ()

    def is_of(self, cell: Cell, case: str) -> bool:
        return (
            cell.peer.name in self.peers.split()
            and cell.does in self.does
            and any(fnmatchcase(str(cell.dialect), each) for each in self.dialects)
            and (not self.kinds or cell.kind in self.kinds)
            and any(fnmatchcase(case, each) for each in self.cases)
        )


FAULTS = [
    Fault(
        "thriftpy2",
        "serves",
        ("undeclared exception",),
        "The server closes the connection where a handler raises what the IDL does not declare.",
    ),
    Fault(
        "thriftpy2",
        "serves",
        ("unknown method",),
        "A multiplexed server closes the connection where a service has no such method.",
        ("* multiplexed *",),
    ),
    Fault(
        "apache go",
        "serves",
        ("unknown service",),
        "A multiplexed server closes the connection where a call is for a service it does not have.",
        ("* multiplexed *",),
    ),
]


def fault_of(cell: Cell, case: str) -> int | None:
    """The index of the fault that a case of a cell fails by."""
    for index, fault in enumerate(FAULTS):
        if fault.is_of(cell, case):
            return index
    return None
