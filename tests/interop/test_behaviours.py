"""What servers of other libraries do with what is no ordinary call: docs/peers.md has it as a
table, which is compared here with what they do."""

from __future__ import annotations

import contextlib
import socket
import struct
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TTransport import TFramedTransport, TMemoryBuffer, TTransportException

from interop import peers
from interop.cells import names
from interop.peers import PEERS, ROOT, Dialect

PROTOCOLS = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
# In seconds: after so much silence a server is told that nothing more comes.
SILENCE = 5
ID = uuid.UUID("01234567-89ab-4cde-8edc-ba9876543210")
ERRORS = {
    0: "`UNKNOWN`",
    1: "`UNKNOWN_METHOD`",
    2: "`INVALID_MESSAGE_TYPE`",
    6: "`INTERNAL_ERROR`",
    7: "`PROTOCOL_ERROR`",
}
# In bytes: what is read of a peer.
MOST = 1 << 28


def in_frame(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


def call(
    protocol: str, method: str, write: Callable[[Any], object], kind: int = TMessageType.CALL
) -> bytes:
    """A message whose struct has what is written."""
    memory = TMemoryBuffer()
    proto = PROTOCOLS[protocol](memory)
    proto.writeMessageBegin(method, kind, 1)
    proto.writeStructBegin("arguments")
    write(proto)
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeMessageEnd()
    data: bytes = memory.getvalue()
    return in_frame(data)


def number(proto: Any) -> None:
    proto.writeFieldBegin("v", TType.I32, 1)
    proto.writeI32(5)
    proto.writeFieldEnd()


def with_uuid(proto: Any) -> None:
    """A struct with a field that nobody knows."""
    proto.writeFieldBegin("v", TType.STRUCT, 1)
    proto.writeStructBegin("Small")
    proto.writeFieldBegin("id", TType.UUID, 9)
    proto.writeUuid(ID)
    proto.writeFieldEnd()
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeFieldEnd()


def twice(proto: Any) -> None:
    proto.writeFieldBegin("v", TType.SET, 1)
    proto.writeSetBegin(TType.STRING, 3)
    for each in ("a", "b", "a"):
        proto.writeString(each)
    proto.writeSetEnd()
    proto.writeFieldEnd()


def text(proto: Any, size: int) -> None:
    proto.writeFieldBegin("v", TType.STRING, 1)
    proto.writeString("x" * size)
    proto.writeFieldEnd()


def facebooks_float() -> bytes:
    """Facebook's compact protocol has a float of 4 bytes as 13, which is a uuid of 16 elsewhere."""
    message = call("compact", "echoSmall", with_uuid)[4:]
    return in_frame(message.replace(ID.bytes, struct.pack("<f", 1.5)))


#: By the column of the page: the protocol, the message, what is asked of the answer.
QUESTIONS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "unknown method": ("binary", lambda: call("binary", "unheard", number)),
    "the same, oneway": (
        "binary",
        lambda: call("binary", "unheard", number, TMessageType.ONEWAY),
    ),
    "a reply": ("binary", lambda: call("binary", "echoNumber", number, TMessageType.REPLY)),
    "a uuid, binary": ("binary", lambda: call("binary", "echoSmall", with_uuid)),
    "a uuid, compact": ("compact", lambda: call("compact", "echoSmall", with_uuid)),
    "13 with a float": ("compact", facebooks_float),
    "twice in a set": ("binary", lambda: call("binary", "echoTextSet", twice)),
    "17 MB in a frame": (
        "binary",
        lambda: call("binary", "echoText", partial(text, size=17_000_000)),
    ),
}


class Line:
    """A connection to a server, in frames."""

    def __init__(self, port: int, protocol: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), peers.CALL)
        self.protocol = PROTOCOLS[protocol]

    def ask(self, message: bytes) -> str:
        """How a message is answered; nothing where it is not."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            self.sock.sendall(message)
            self.sock.settimeout(SILENCE)
            try:
                self.sock.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(peers.CALL)
            with contextlib.suppress(TTransportException, EOFError):
                return self._read(self.protocol(TFramedTransport(self, MOST)))
        return ""

    # For Apache's transport.
    def read(self, size: int) -> bytes:
        return self.sock.recv(size)

    def readAll(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    @staticmethod
    def _read(proto: Any) -> str:
        _, kind, _ = proto.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(proto)
            return ERRORS[error.type]
        proto.readStructBegin()
        _, type, _ = proto.readFieldBegin()
        if type != TType.SET:
            return "answers"
        _, size = proto.readSetBegin()
        values = [proto.readString() for _ in range(size)]
        return {1: "once", 2: "twice"}[values.count("a")]


def found(port: int, question: str) -> str:
    protocol, make = QUESTIONS[question]
    line = Line(port, protocol)
    with line.sock:
        answer = line.ask(make())
        if not answer:
            return "no answer"
        goes_on = line.ask(call(protocol, "echoNumber", number)) == "answers"
        return answer if goes_on else f"{answer}, the end"


def rows_under(name: str) -> dict[str, dict[str, str]]:
    """Of the page's table whose columns begin with this one: the cells, by the names of row and
    column."""
    page = (ROOT / "docs" / "peers.md").read_text()
    (lines,) = [each.splitlines() for each in page.split("\n\n") if each.startswith(f"| {name} |")]
    (_, *head), _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row: dict(zip(head, cells, strict=True)) for row, *cells in rows}


ROWS = {
    "cpp": "C++ 0.17",
    "cpp-0.24": "C++ 0.24",
    "go": "Go 0.17",
    "java": "Java 0.16",
    "node": "Node 0.24",
    "apache": "Python 0.25",
    "rust": "Rust 0.25",
    "thriftpy2": "thriftpy2 0.7.1",
    "fastthrift": "fastthrift",
}
#: Their limits are not the library's, but what the peer's program sets.
LIFTED = ("go", "java")


@pytest.mark.parametrize("name", [*names(), "fastthrift"])
def test_a_peer_does_what_the_page_says(name: str, tmp_path: Path) -> None:
    peer = PEERS[name] if name in PEERS else peers.ours("threaded")
    says = rows_under("run")[ROWS[name]]
    for protocol in PROTOCOLS:
        with peers.serving(peer, Dialect(protocol, "framed"), tmp_path) as port:
            for question in QUESTIONS:
                if QUESTIONS[question][0] != protocol:
                    continue
                if question == "17 MB in a frame" and name in LIFTED:
                    continue
                assert found(int(port), question) == says[question], question
