"""Clients and processors in memory, for the tests that compare the two ways of a call.

One way goes straight between arguments and bytes; the other, by the public methods of protocols
and payloads, is taken as soon as something of them is overridden.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import fastthrift
from fastthrift._calls.server_call import CallReader, CallWriter, ServerCall
from fastthrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol
from fastthrift.thrift import TClient, TMessageType, TPayload, TProcessor
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer

IDL = """
struct Point { 1: i32 x, 2: i32 y, 3: list<Point> near }
exception NotFound { 1: string name }
exception Gone { 1: string name, 2: i32 year = 1999 }
service Calls {
    i32 add(1: i32 a, 2: i32 b),
    string echo(1: required string text),
    binary blob(1: binary data),
    bool truth(1: bool value),
    Point point(1: Point which) throws (2: Gone gone, 1: NotFound missing),
    list<i32> more(1: i32 first = 5, 2: list<i32> rest = [1, 2], 3: optional i32 last),
    void nothing(),
    void check(1: i32 code) throws (1: NotFound missing, 2: Gone gone),
    oneway void note(1: string text),
    i32 subtract(3: i32 minuend, 1: i32 subtrahend),
}
"""

module = fastthrift.load_fp(io.StringIO(IDL), "call_support_thrift")
Calls = module.Calls

PROTOCOLS = {"binary": TBinaryProtocol, "compact": TCompactProtocol, "json": TJSONProtocol}
TRANSPORTS = {"buffered": TBufferedTransport, "framed": TFramedTransport}


class OwnBinary(TBinaryProtocol):
    """Overrides something, and changes nothing."""

    def read_struct(self, obj: Any) -> Any:
        return super().read_struct(obj)

    def write_struct(self, obj: Any) -> None:
        super().write_struct(obj)


class OwnCompact(TCompactProtocol):
    def read_message_end(self) -> None:
        super().read_message_end()

    def write_message_end(self) -> None:
        super().write_message_end()


class OwnJSON(TJSONProtocol):
    """As any other class than the protocol's own."""


OWN_PROTOCOLS = {"binary": OwnBinary, "compact": OwnCompact, "json": OwnJSON}


class OwnClient(TClient):
    def _send(self, _api: str, **kwargs: Any) -> None:
        super()._send(_api, **kwargs)


class OwnProcessor(TProcessor):
    def process_in(self, iprot: Any) -> Any:
        return super().process_in(iprot)


class Line:
    """The transport below: keeps what is sent, and gives what was prepared."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.flushes = 0
        self.prepared = b""
        self.opened = True

    def write(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def flush(self) -> None:
        self.flushes += 1

    def read(self, size: int) -> bytes:
        data, self.prepared = self.prepared[:size], self.prepared[size:]
        return data

    def is_open(self) -> bool:
        return self.opened

    def open(self) -> None:
        self.opened = True

    def close(self) -> None:
        self.opened = False


def client_over(
    line: Line, protocol: str, transport: str, *, own_client: bool, own_protocol: bool
) -> TClient:
    """A client; by parts of its own it sends, receives, or both by the public methods."""
    protocols = OWN_PROTOCOLS if own_protocol else PROTOCOLS
    client_class = OwnClient if own_client else TClient
    return client_class(Calls, protocols[protocol](TRANSPORTS[transport](line)))


def payload(*fields: tuple[int, int, Any], spec: Any = None) -> Any:
    """An object with these fields: id, `TType`, value."""
    thrift_spec = {
        fid: (ttype, f"f{fid}", False) if spec is None else (ttype, f"f{fid}", spec, False)
        for fid, ttype, _ in fields
    }
    cls: Any = type(TPayload)("payload", (TPayload,), {"thrift_spec": thrift_spec})
    obj = cls()
    for fid, _, value in fields:
        setattr(obj, f"f{fid}", value)
    return obj


def message(protocol: str, transport: str, name: Any, kind: int, seqid: int, body: Any) -> bytes:
    """The bytes of a message as they arrive over a transport."""
    line = Line()
    trans = TRANSPORTS[transport](line)
    proto = PROTOCOLS[protocol](trans)
    if protocol == "json":
        body = _with_names(body, name, kind)
        if isinstance(name, bytes):
            name = name.decode("utf-8", "surrogateescape")
    proto.write_message_begin(name, kind, seqid)
    body.write(proto)
    trans.flush()
    return b"".join(line.sent)


def _with_names(body: Any, method: Any, kind: int) -> Any:
    """A payload with the names that the method has for its fields: JSON goes by names."""
    part = "args" if kind in (TMessageType.CALL, TMessageType.ONEWAY) else "result"
    declared = getattr(Calls, f"{method}_{part}", None)
    if type(body).__name__ != "payload" or declared is None:
        return body
    known = {fid: entry[1] for fid, entry in declared.thrift_spec.items()}
    spec = {
        fid: (entry[0], known.get(fid, entry[1]), *entry[2:])
        for fid, entry in body.thrift_spec.items()
    }
    cls: Any = type(TPayload)("payload", (TPayload,), {"thrift_spec": spec})
    named = cls()
    for fid, entry in spec.items():
        setattr(named, entry[1], getattr(body, f"f{fid}"))
    return named


def unframed(data: bytes, transport: str) -> bytes:
    return data[4:] if transport == "framed" else data


def framed(data: bytes, transport: str) -> bytes:
    return struct.pack("!i", len(data)) + data if transport == "framed" else data


def described(error: BaseException | None) -> Any:
    """What can be seen of an exception."""
    if error is None:
        return None
    fields = {name: repr(value) for name, value in sorted(vars(error).items())}
    return type(error), str(error), fields, described(error.__cause__)


def call_outcome(client: TClient, line: Line, method: str, args: Any, kwargs: Any) -> Any:
    """What a call gives, raises, sends and leaves behind."""
    result = error = None
    try:
        result = getattr(client, method)(*args, **kwargs)
    except Exception as raised:
        error = raised
    progress = client._rpc_state
    return {
        "result": result,
        "error": described(error),
        "sent": b"".join(line.sent),
        "flushes": line.flushes,
        "open": line.opened,
        "broken": progress.broken,
        "seqid": client._seqid,
        "calling": progress.call,
        "pending": client._iprot.trans.pending(),
        "left": line.prepared,
    }


def process_outcome(
    handler: Any, request: bytes, protocol: str, *, own_processor: bool, own_protocol: bool
) -> Any:
    """What processing a message gives, raises, writes, notes and leaves behind."""
    protocols = OWN_PROTOCOLS if own_protocol else PROTOCOLS
    source, sink = TMemoryBuffer(request), TMemoryBuffer()
    processor = (OwnProcessor if own_processor else TProcessor)(Calls, handler)
    noted = ServerCall()
    error = None
    try:
        processor.process(
            CallReader(protocols[protocol](source), noted),
            CallWriter(protocols[protocol](sink), noted),
        )
    except Exception as raised:
        error = raised
    # A message that failed while it was read or written is given up as a whole.
    return {
        "error": described(error),
        "written": bytes(sink.getvalue()),
        "left": bytes(source.getvalue()),
        "header": noted.header,
        "stage": noted.stage,
    }
