"""The cells of the matrix: a peer, what it speaks, who calls whom, and which of our kinds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import fastthrift
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.apache_json import TApacheJSONProtocolFactory
from fastthrift.rpc import client_context
from fastthrift.transport import TBufferedTransportFactory, TFramedTransportFactory

from interop import peers
from interop.cases import FEW, ID_METHODS, SOME_IDS, Case, cases, file_of, outcomes_of, types
from interop.faults import FAULTS, LEFT_OUT, UNREAD_IDS, fault_of
from interop.peers import COMBINED, DIALECTS, PEERS, Dialect, Peer

#: Our kinds, of clients where the peer serves and of servers where it calls; `newer` and `older`
#: are sync ones with another version of the IDL.
KINDS = {
    "serves": ("threaded", "aio", "newer", "older"),
    "calls": ("threaded", "native", "aio", "newer", "older"),
}
VERSIONS = ("newer", "older")
#: Transports that TNonblockingServer does not cut.
NOT_NATIVE = ("http", "zlib")
UNKNOWN_SERVICE = "Nobody"
#: In milliseconds: what a call may take, and one that a peer is known never to answer.
TIMEOUT, ENDLESS = 120_000, 5_000
#: What other versions of the IDL are tried in.
EVOLVING = {
    Dialect("binary", "framed"): (TBinaryProtocolFactory, TFramedTransportFactory),
    Dialect("compact", "buffered"): (TCompactProtocolFactory, TBufferedTransportFactory),
    Dialect("json", "buffered"): (TApacheJSONProtocolFactory, TBufferedTransportFactory),
}
#: What newer.thrift has beside what every peer can skip. They are of versions that RFC 9562 knows:
#: Node reads what it skips, and reads no others.
KNOWN_IDS = SOME_IDS[:2]
NEW_IDS: dict[str, Any] = {
    "id": KNOWN_IDS[0],
    "ids": KNOWN_IDS,
    "idSet": KNOWN_IDS,
    "byId": {KNOWN_IDS[0]: "one"},
    "deepIds": {"": [KNOWN_IDS, []], "deep": []},
}


@dataclass(frozen=True)
class Cell:
    peer: Peer
    #: "serves" or "calls".
    does: str
    dialect: Dialect
    kind: str

    def __str__(self) -> str:
        return f"{self.peer.name} {self.does} {self.dialect}, {self.kind}"

    @property
    def exists(self) -> bool:
        if self.kind in VERSIONS and self.dialect not in EVOLVING:
            return False
        if self.kind == "native" and (
            self.dialect.socket == "tls" or self.dialect.transport in NOT_NATIVE
        ):
            return False
        if any(each.is_of(self) for each in LEFT_OUT):
            return False
        return self.peer.speaks(self.dialect, serves=self.does == "serves")

    @property
    def cases(self) -> list[Case]:
        if self.kind in VERSIONS:
            some = [case for case in cases() if case.method == "evolve"]
            if self.kind == "older" and self.does == "calls" and self.peer.has_uuid:
                # Of the fields with uuids it knows none.
                ids = (case for case in cases() if case.method == "echoIds")
                some += (replace(case, answer={"data": b"\0"}) for case in ids)
            return some
        is_few = self.dialect in COMBINED
        return [case for case in cases() if self._has(case) and (case.name in FEW or not is_few)]

    @property
    def sends_ids(self) -> bool:
        """Whether the peer is sent uuids of which its IDL does not know."""
        return self.kind == "newer" and self.peer.name not in UNREAD_IDS.peers.split()

    def _has(self, case: Case) -> bool:
        if case.method in ID_METHODS and not self.peer.has_uuid:
            return False
        if case.method == "pipelined":
            # Over HTTP a call follows the answer to the one before it.
            client_pipelines = self.does == "serves" or self.peer.pipelines
            return client_pipelines and self.dialect.transport != "http"
        if case.name == "unknown service" and self.dialect.service == "-":
            return False
        # As text it is read a character at a time by some.
        return not (self.dialect.protocol == "json" and case.name == "data: 10 MiB")

    def run(self, folder: Path) -> dict[str, Any]:
        """The outcomes, by the names of the cases."""
        some = self.cases
        if self.does == "serves":
            with peers.serving(self.peer, self.dialect, folder) as address:
                if self.kind in VERSIONS:
                    return {case.name: self._evolve(case, int(address)) for case in some}
                client = peers.ours(self.kind)
                return self._call(client, address, folder)
        else:
            is_version = self.kind in VERSIONS
            environment = {"IDL": f"{self.kind}.thrift"} if is_version else {}
            if self.sends_ids:
                environment["IDS"] = "1"
            server = peers.ours("threaded" if is_version else self.kind)
            with peers.serving(server, self.dialect, folder, **environment) as address:
                outcomes = self._call(self.peer, address, folder)
        if self.kind == "older":
            for case in some:
                if case.method == "evolve":
                    _fill(outcomes[case.name].value.versioned, case)
        return outcomes

    def _call(self, client: Peer, address: str, folder: Path) -> dict[str, Any]:
        """The outcomes of a client. Cases of another service, and those that a peer never answers,
        have a client of their own."""
        groups: dict[tuple[str, int], list[Case]] = {}
        for case in self.cases:
            fault = fault_of(self, case.name)
            timeout = ENDLESS if fault is not None and FAULTS[fault].is_endless else TIMEOUT
            service = UNKNOWN_SERVICE if case.name == "unknown service" else self.dialect.service
            groups.setdefault((service, timeout), []).append(case)
        outcomes: dict[str, Any] = {}
        for (service, timeout), some in groups.items():
            dialect, file = self.dialect._replace(service=service), file_of(some)
            limit = {"INTEROP_TIMEOUT": str(timeout)}
            outcomes |= outcomes_of(peers.call(client, dialect, address, file, folder, **limit))
        return outcomes

    def _evolve(self, case: Case, port: int) -> Any:
        """What comes back of a message of another version, in terms of the peer's."""
        idl = fastthrift.load(str(peers.FOLDER / f"{self.kind}.thrift"), f"{self.kind}_thrift")
        given = case.value["versioned"]
        sent: dict[str, Any] = {"first": given.first}
        more: tuple[Any, ...] = ()
        if self.kind == "newer":
            sent |= {
                "middle": given.middle,
                "last": [idl.Small(each.number, each.text) for each in given.last],
            }
            more = idl.Versioned(first=2, last=[]), {"numbers": [1, 2]}
            if self.sends_ids:
                sent |= NEW_IDS
                more += KNOWN_IDS, {"ids": {1: KNOWN_IDS}}
        proto, trans = EVOLVING[self.dialect]
        with client_context(
            idl.Peer, "127.0.0.1", port, proto_factory=proto(), trans_factory=trans()
        ) as client:
            answer = client.evolve(idl.Versioned(**sent), *more)
        found = types.Versioned(answer.first)
        if self.kind == "older":
            _fill(found, case)
        else:
            found.middle = answer.middle
            found.last = [types.Small(each.number, each.text) for each in answer.last]
        value = types.Everything(versioned=found)
        return types.Outcome(name=case.name, kind=types.Kind.VALUE, value=value)


def _fill(found: Any, case: Case) -> None:
    """What an older version does not know does not come back."""
    if found is not None:
        given = case.value["versioned"]
        found.middle, found.last = given.middle, given.last


def names() -> list[str]:
    """Of the peers that INTEROP_PEERS names, or of all."""
    return os.environ.get("INTEROP_PEERS", "").split() or list(PEERS)


def cells() -> Iterator[Cell]:
    """Those that exist. With INTEROP_PART there is one for each direction of a dialect, of one kind
    after the other, and those of other versions; so it is of combined ones always."""
    turn = 0
    for name in names():
        for dialect, (does, kinds) in product([*DIALECTS, *COMBINED], KINDS.items()):
            every = [Cell(PEERS[name], does, dialect, kind) for kind in kinds]
            exist = [cell for cell in every if cell.exists]
            most = [cell for cell in exist if cell.kind not in VERSIONS]
            short = [cell for cell in exist if cell.kind in VERSIONS]
            if most and dialect in COMBINED:
                exist = [most[COMBINED.index(dialect) % len(most)]]
            elif most and os.environ.get("INTEROP_PART"):
                turn += 1
                exist = [most[turn // 2 % len(most)], *short]
            yield from exist
