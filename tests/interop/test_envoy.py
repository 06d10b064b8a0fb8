"""What Envoy does with what is no ordinary call, between a client and a server of Apache's Python:
docs/peers.md has it as a table, which is compared here with what comes back."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.engines import program
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

from interop import peers
from interop.peers import PEERS, Dialect
from interop.test_behaviours import ERRORS, PROTOCOLS, QUESTIONS, SILENCE, call, number, rows_under

#: As it comes, and with `payload_passthrough`, in the order of the page's columns.
WAYS = {"As Envoy comes": "false", "With `payload_passthrough: true`": "true"}
CONFIGURATION = """
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {front} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.thrift_proxy
        typed_config:
          "@type": {types}.v3.ThriftProxy
          stat_prefix: thrift
          payload_passthrough: {passes}
          route_config:
            routes:
            - match: {{ method_name: "" }}
              route: {{ cluster: peer }}
          thrift_filters:
          - name: envoy.filters.thrift.router
            typed_config:
              "@type": {types}.router.v3.Router
  clusters:
  - name: peer
    load_assignment:
      cluster_name: peer
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: 127.0.0.1, port_value: {behind} }} }}
"""
TYPES = "type.googleapis.com/envoy.extensions.filters.network.thrift_proxy"
#: No message has it.
UNHEARD_TYPE = 9


def flags(proto: Any) -> None:
    """A struct with a list of booleans, which comes back."""
    proto.writeFieldBegin("v", TType.STRUCT, 1)
    proto.writeStructBegin("Everything")
    proto.writeFieldBegin("flags", TType.LIST, 20)
    proto.writeListBegin(TType.BOOL, 2)
    for each in (True, False):
        proto.writeBool(each)
    proto.writeListEnd()
    proto.writeFieldEnd()
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeFieldEnd()


def unusual(kind: int) -> bytes:
    return call("binary", "echoNumber", number, kind)


#: By the row of the page: the protocol, and the message.
ROWS: dict[str, list[tuple[str, Callable[[], bytes]]]] = {
    "an unknown method": [QUESTIONS["unknown method"]],
    "the same, oneway": [QUESTIONS["the same, oneway"]],
    "a reply or an exception": [
        ("binary", partial(unusual, kind)) for kind in (TMessageType.REPLY, TMessageType.EXCEPTION)
    ],
    "a message type that there is not": [("binary", partial(unusual, UNHEARD_TYPE))],
    "a uuid, binary": [QUESTIONS["a uuid, binary"]],
    "a uuid, compact": [QUESTIONS["a uuid, compact"]],
    "compact's 13 with a float": [QUESTIONS["13 with a float"]],
    "twice in a set": [QUESTIONS["twice in a set"]],
    "17 MB in a frame": [QUESTIONS["17 MB in a frame"]],
    "`list<bool>` of compact": [("compact", partial(call, "compact", "echo", flags))],
}


class Caller:
    """A connection on which frames are sent and received as they are."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), peers.CALL)

    def ask(self, message: bytes) -> bytes | None:
        """The message that comes back; empty where the connection ends, none where none comes."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            self.sock.sendall(message)
            self.sock.settimeout(SILENCE)
            try:
                self.sock.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                return None
            finally:
                self.sock.settimeout(peers.CALL)
            head = self._take(4)
            if len(head) == 4:
                return self._take(struct.unpack("!I", head)[0])
        return b""

    def _take(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := self.sock.recv(size - len(data))):
            data += piece
        return data


def asked(port: int, protocol: str, message: bytes) -> tuple[bytes | None, bool]:
    """What comes back, and whether the connection goes on."""
    caller = Caller(port)
    with caller.sock:
        answer = caller.ask(message)
        return answer, bool(caller.ask(call(protocol, "echoNumber", number)))


def told(protocol: str, answer: bytes | None, own: bytes | None) -> str:
    """What an answer is, beside that of the server itself."""
    if answer is None:
        return "nothing comes back"
    if not answer:
        return "hangs up"
    if answer == own:
        return "the server's answer"
    if own and answer == own.replace(b"\x21\x01\x02", b"\x21\x01\x01"):
        return "each `false` becomes `true`"
    proto = PROTOCOLS[protocol](TMemoryBuffer(answer))
    _, kind, _ = proto.readMessageBegin()
    assert kind == TMessageType.EXCEPTION
    error = TApplicationException()
    error.read(proto)
    # What follows is an address.
    text = error.message.partition(":")[0]
    return f"Envoy's {ERRORS[error.type]} (`{text}`)"


@contextlib.contextmanager
def envoy(behind: int, passes: str, folder: Path) -> Iterator[int]:
    front = peers.free_port()
    file = folder / "envoy.yaml"
    places = {"front": front, "behind": behind}
    file.write_text(CONFIGURATION.format(types=TYPES, passes=passes, **places))
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(
            [program("envoy"), "-c", file, "--use-dynamic-base-id", "--concurrency", "1"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        assert peers.listens(process, Dialect("binary", "framed"), str(front))
        yield front
    finally:
        process.kill()
        process.wait()


@pytest.mark.needs_peer("apache")
@pytest.mark.parametrize("way", WAYS)
def test_envoy_does_what_the_page_says(way: str, tmp_path: Path) -> None:
    says = {row: cells[way] for row, cells in rows_under("What comes").items()}
    found: dict[str, set[str]] = {}
    for protocol in PROTOCOLS:
        dialect = Dialect(protocol, "framed")
        with (
            peers.serving(PEERS["apache"], dialect, tmp_path) as behind,
            envoy(int(behind), WAYS[way], tmp_path) as front,
        ):
            for row, messages in ROWS.items():
                for spoken, make in messages:
                    if spoken != protocol:
                        continue
                    own, _ = asked(int(behind), protocol, make())
                    answer, goes_on = asked(front, protocol, make())
                    what = told(protocol, answer, own)
                    if answer and not goes_on:
                        what += ", and the end"
                    found.setdefault(row, set()).add(what)
    assert found == {row: {says[row]} for row in ROWS}
