"""Known faults of the peers: what fails whoever is on the other side, with the reason. A fault that
no longer occurs fails the run, so that this stays true."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    #: Whether the peer never answers.
    is_endless: bool = False
    #: Whether it depends on what arrives together.
    is_by_chance: bool = False

    def is_of(self, cell: Cell, case: str) -> bool:
        return (
            cell.peer.name in self.peers.split()
            and cell.does in self.does
            and any(fnmatchcase(str(cell.dialect), each) for each in self.dialects)
            and (not self.kinds or cell.kind in self.kinds)
            and any(fnmatchcase(case, each) for each in self.cases)
        )


@dataclass(frozen=True)
class LeftOut:
    """Cells, or values in them, that there are not though the peer has the parts."""

    what: str
    reason: str
    #: Of cells: names of peers, what they do, and patterns of dialects.
    peers: str = ""
    does: str = "serves calls"
    dialects: tuple[str, ...] = ()

    def is_of(self, cell: Cell) -> bool:
        return (
            cell.peer.name in self.peers.split()
            and cell.does in self.does
            and any(fnmatchcase(str(cell.dialect), each) for each in self.dialects)
        )


UNREAD_IDS = LeftOut(
    "uuid in what newer clients and servers send to C++ 0.17, Go, Java and thriftpy2",
    "they know no such type, and cannot skip a field of it (see [peers.md](peers.md)).",
    "cpp go java thriftpy2",
)
LEFT_OUT = [
    UNREAD_IDS,
    LeftOut(
        "JSON of thriftpy2", "over a socket it runs a request again and again, in quadratic time."
    ),
    LeftOut("THeader of clients of Node", "its generated clients flush no header."),
    LeftOut(
        "THeader of handlers of Node that give promises",
        "its server answers without a header what is not answered at once, by a callback.",
    ),
    LeftOut(
        "JSON over zlib of Apache Thrift for Python",
        "it asks for the 4 digits of an escape by one read, and takes what that has for all of "
        "them: at the end of a piece `\\u0001` is read as U+0000 and `1`.",
        "apache",
        dialects=("json zlib*",),
    ),
    LeftOut("TLS, HTTP and zlib of `TNonblockingServer`", "it has none of them."),
    LeftOut("10 MiB in JSON", "as text it is read a character at a time by some peers."),
    LeftOut(
        "Calls before the first answer over HTTP, and by clients of Go, Java and Rust",
        "a request follows the response to the one before it; these clients know one call at a "
        "time.",
    ),
]

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
        "apache go java node",
        "serves",
        ("unknown service",),
        "A multiplexed server closes the connection where it has no such service.",
        ("* multiplexed *",),
    ),
    Fault(
        "apache",
        "serves calls",
        ("text: 1 MiB", "data: 1 MiB", "data: 10 MiB"),
        "What 4 KiB of zlib hold beyond the next 4 KiB of a message is lost; it waits for that.",
        ("* zlib*",),
        is_endless=True,
    ),
    Fault(
        "cpp node",
        "serves",
        ("oneway and a call, *",),
        "A server of HTTP never answers a request that is a oneway call.",
        ("* http*",),
        is_endless=True,
    ),
    Fault(
        "cpp cpp-0.24 node rust",
        "serves",
        ("undeclared exception",),
        "The server answers with the type UNKNOWN (0), not INTERNAL_ERROR, where a handler raises "
        "what the IDL does not declare.",
    ),
    Fault(
        "cpp cpp-0.24",
        "serves",
        ("unknown service",),
        "The server answers with the type PROTOCOL_ERROR (7), not UNKNOWN_METHOD, where it has no "
        "such service.",
        ("* multiplexed *",),
    ),
    Fault(
        "cpp",
        "calls",
        ("oneway and a call, *",),
        "A client of HTTP does not read the empty answer to a oneway call, and takes it for that "
        "to the next call.",
        ("* http*",),
    ),
    Fault(
        "cpp cpp-0.24",
        "serves calls",
        ("text: U+0000",),
        "The escape of U+0000 in a string of JSON is read as nothing.",
        ("json *",),
    ),
    Fault(
        "rust",
        "serves",
        ("unknown service",),
        "The server answers with the type UNKNOWN (0), not UNKNOWN_METHOD, where it has no such "
        "service.",
        ("* multiplexed *",),
    ),
    Fault(
        "rust",
        "serves",
        ("call after an unknown method",),
        "The server does not read the arguments of an unknown method: it takes them for the next "
        "message, and closes the connection.",
    ),
    Fault(
        "node",
        "serves",
        ("unknown method",),
        "The server answers with the type UNKNOWN (0), not UNKNOWN_METHOD.",
    ),
    Fault("node", "serves calls", ("real: -0.0",), "-0.0 becomes 0.0."),
    Fault(
        "node",
        "serves calls",
        ("in a struct: ratios", "in a struct: everything"),
        "Keys of maps are strings; those of 64 bits are lost.",
    ),
    Fault(
        "node",
        "serves calls",
        ("in a struct: flags", "in a struct: byTiny"),
        "Bools within containers are read as false in compact.",
        ("compact *",),
    ),
    Fault(
        "node",
        "serves calls",
        ("in a struct: cube", "groups: filled"),
        "What follows an empty list within a container is lost in JSON.",
        ("json *",),
    ),
    Fault(
        "apache",
        "serves calls",
        ("200 calls before the first answer",),
        "Of pipelined calls and answers those are lost that 4 KiB of zlib hold beyond 4 KiB.",
        ("* zlib*",),
        is_endless=True,
        is_by_chance=True,
    ),
]


def fault_of(cell: Cell, case: str) -> int | None:
    """The index of the fault that a case of a cell fails by."""
    for index, fault in enumerate(FAULTS):
        if fault.is_of(cell, case):
            return index
    return None
