"""Calls over thriftpy2's JSON protocol go straight where protocol and message are as usual.

That they agree with calls by the public methods is in ``test_ways``, calls over sockets between
every two sides are in ``json/test_json``.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
import thriftpy2
import thriftpy2.protocol.json as theirs
import thriftpy2.thrift as their_thrift
from fastthrift import _core, thrift
from fastthrift._calls.client_call import ClientCall
from fastthrift._calls.server_call import ServerCall
from fastthrift.protocol import TJSONProtocol
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TClient, TMessageType, TProcessor, TType
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer
from support.calls import IDL, Calls, Line, message, module, payload
from thriftpy2.transport import TMemoryBuffer as TheirMemoryBuffer

CALL, REPLY = TMessageType.CALL, TMessageType.REPLY

THEIRS = thriftpy2.load_fp(io.StringIO(IDL), "their_json_ways_thrift")


class Handler:
    """Serves both sides: structs are those of a module."""

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, text: str) -> str:
        return text

    def point(self, which: Any) -> Any:
        if which is None:
            raise self.loaded.NotFound(name="nowhere")
        return which

    def more(self, first: int, rest: list[int], last: int | None) -> list[int]:
        return [first, *rest, last or 0]

    def nothing(self) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Served(Line):
    """The transport below a client, whose requests are answered at once."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self.answer = answer

    def flush(self) -> None:
        super().flush()
        self.prepared += self.answer(b"".join(self.sent))


def our_answer(request: bytes) -> bytes:
    source, sink = TMemoryBuffer(request), TMemoryBuffer()
    processor = TProcessor(Calls, Handler(module))
    processor.process(TJSONProtocol(source), TJSONProtocol(sink))
    return bytes(sink.getvalue())


def their_answer(request: bytes) -> bytes:
    source, sink = TheirMemoryBuffer(request), TheirMemoryBuffer()
    processor = their_thrift.TProcessor(THEIRS.Calls, Handler(THEIRS))
    processor.process(theirs.TJSONProtocol(source), theirs.TJSONProtocol(sink))
    return bytes(sink.getvalue())


def our_client(line: Line, transport: Any = TBufferedTransport, **options: Any) -> TClient:
    return TClient(Calls, TJSONProtocol(transport(line), **options))


def reply(seqid: int = 1, value: int = 5) -> bytes:
    return message("json", "buffered", "add", REPLY, seqid, payload((0, TType.I32, value)))


def request() -> bytes:
    two = payload((1, TType.I32, 7), (2, TType.I32, 3))
    return message("json", "buffered", "add", CALL, 77, two)


def changed(data: bytes, change: Callable[[Any], Any]) -> bytes:
    """A message of which `change` has changed what `json` makes of it."""
    parsed = json.loads(data[4:])
    change(parsed)
    text = json.dumps(parsed).encode()
    return struct.pack("!I", len(text)) + text


def test_the_straight_way_is_taken():
    """Else there is nothing to compare."""
    line = Line()
    line.prepared = reply()
    client = our_client(line)
    bound = _core.bind(client, thrift._OWN_HALVES, "add", (1,), {"b": 2})
    assert bound is not None
    method, _, values = bound
    written = _core.write_call(method, client._oprot, 1, values)
    assert written is not None
    assert written[1] is line
    assert _core.read_reply(method, client._iprot, 1, ClientCall(Calls, "add")) == (None, 5)
    call = ServerCall()
    received = _core.read_call(Calls, TJSONProtocol(TMemoryBuffer(request())), call)
    assert received is not None
    assert received[1:] == ("add", False, (7, 3))
    assert call.header == ("add", CALL, 77)
    assert _core.write_result(method, TJSONProtocol(TMemoryBuffer()), 1, 5) is not None


# thriftpy2 as the other side


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("add", (7, -3)),
        ("echo", ('Grüße "😀"\\\n\x7f',)),
        ("point", ("point",)),
        ("point", (None,)),
        ("more", (1, [2, 3], 4)),
        ("nothing", ()),
        ("note", ("hello",)),
    ],
)
def test_calls_of_thriftpy2(method, args):
    def outcome(client: Any, loaded: Any) -> str:
        point = loaded.Point(1, 2, [loaded.Point(3, 4, [])])
        given = [point if value == "point" else value for value in args]
        try:
            return repr(getattr(client, method)(*given))
        except loaded.NotFound as missing:
            return f"not found: {missing.name}"

    seen = []
    for answer in (our_answer, their_answer):
        ours, other = Served(answer), Served(answer)
        client = our_client(ours)
        their_client = their_thrift.TClient(THEIRS.Calls, theirs.TJSONProtocol(other))
        # thriftpy2 gives every call the same id.
        their_client._seqid = 1
        seen.append((outcome(client, module), b"".join(ours.sent)))
        seen.append((outcome(their_client, THEIRS), b"".join(other.sent)))
    assert len(set(seen)) == 1
    ((_, sent),) = set(seen)
    if method != "note":
        assert our_answer(sent) == their_answer(sent)


# What is overridden is called


@pytest.mark.parametrize(
    "name",
    [
        *("write_message_begin", "write_struct", "write_message_end"),
        *("read_message_begin", "read_struct", "read_message_end", "_read_text", "_read_len"),
    ],
)
def test_methods_of_a_protocol_object_and_of_its_class(monkeypatch, name):
    seen = []
    line = Line()
    client = our_client(line)
    line.prepared = reply(1, 1) + reply(2, 2) + reply(3, 3)
    method = getattr(client._iprot, name)
    setattr(client._iprot, name, lambda *args: (seen.append("object"), method(*args))[1])
    assert client.add(1, 2) == 1
    delattr(client._iprot, name)
    original = getattr(TJSONProtocol, name)
    with monkeypatch.context() as patch:
        patch.setattr(TJSONProtocol, name, lambda *args: (seen.append("class"), original(*args))[1])
        assert client.add(1, 2) == 2
    assert client.add(1, 2) == 3
    assert seen == ["object", "class"]


def test_a_class_with_a_header_of_its_own_writes_and_reads_it():
    class Traced(TJSONProtocol):
        def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
            super().write_message_begin(name, ttype, seqid)
            self._meta["trace"] = "ü"

    line = Line()
    line.prepared = reply()
    assert TClient(Calls, Traced(TBufferedTransport(line))).add(1, 2) == 5
    (sent,) = line.sent
    assert json.loads(sent[4:])["metadata"]["trace"] == "ü"


# What a protocol keeps


def test_metadata_of_somebody_else_is_sent():
    line = Line()
    line.prepared = reply()
    client = our_client(line)
    client._oprot._meta["trace"] = "ü"
    assert client.add(1, 2) == 5
    metadata = {"version": 1, "trace": "ü", "name": "add", "ttype": CALL, "seqid": 1}
    text = json.dumps({"metadata": metadata, "payload": {"a": 1, "b": 2}})
    assert line.sent == [struct.pack("!I", len(text)) + text.encode()]


def test_what_is_written_after_a_call_has_its_header():
    headers = []
    for own_way in (False, True):
        line = Line()
        line.prepared = reply()
        client = our_client(line)
        if own_way:
            client._oprot.write_message_end = lambda: None
        assert client.add(1, 2) == 5
        line.sent.clear()
        client._oprot.write_struct(module.Point(1))
        client._oprot.trans.flush()
        headers.append((client._oprot._meta, line.sent))
    assert headers[0] == headers[1]
    assert headers[0][0] == {"version": 1, "name": "add", "ttype": CALL, "seqid": 1}


def test_a_message_that_was_begun_is_no_part_of_the_next_one():
    line = Line()
    client = our_client(line)
    line.prepared = reply(9, 9) + reply(1, 1)
    assert client._iprot.read_message_begin() == ("add", REPLY, 9)
    assert client.add(1, 2) == 1
    assert not client._iprot.has_begun


@pytest.mark.parametrize(
    ("options", "text", "found"),
    [
        ({}, "ü", "ü"),
        ({"decode_response": False}, "ü", "ü".encode()),
        ({"strict_decode": True}, "ü", "ü"),
        ({"strict_decode": True}, "\ud800", TProtocolException),
    ],
)
def test_options_for_texts(options, text, found):
    line = Line()
    body = payload((0, TType.STRING, "?"))
    line.prepared = changed(
        message("json", "buffered", "echo", REPLY, 1, body),
        lambda parsed: parsed["payload"].update(success=text),
    )
    client = our_client(line, **options)
    if isinstance(found, type):
        with pytest.raises(found):
            client.echo("x")
    else:
        assert client.echo("x") == found


def test_limits_are_those_of_the_protocol_at_that_moment():
    line = Line()
    client = our_client(line)
    for name, limit, match in (
        ("max_depth", 1, "max_depth"),
        ("max_string_size", 2, "max_string_size"),
        ("max_message_size", 40, "max_message_size"),
    ):
        before = getattr(client._oprot, name)
        setattr(client._oprot, name, limit)
        with pytest.raises(TProtocolException, match=match):
            client.point(module.Point(1, 2, [module.Point(3)]))
        setattr(client._oprot, name, before)
    assert line.sent == []
    assert client.is_open


def test_limits_of_what_is_read():
    for name, limit in (("max_depth", 1), ("max_string_size", 2), ("max_message_size", 40)):
        line = Line()
        point = module.Point(1, 2, [module.Point(3)])
        body = payload((0, TType.STRUCT, point), spec=module.Point)
        line.prepared = message("json", "buffered", "point", REPLY, 1, body)
        client = our_client(line)
        client._iprot = TJSONProtocol(client._oprot.trans, **{name: limit})
        with pytest.raises(TProtocolException, match=name):
            client.point(module.Point())
        assert not line.opened


# Messages that are not as usual


@pytest.mark.parametrize(
    "change",
    [
        lambda parsed: parsed["metadata"].update(trace="x"),
        lambda parsed: parsed["metadata"].update(version="1"),
        lambda parsed: parsed["metadata"].update(seqid=parsed["metadata"].pop("seqid")),
        lambda parsed: parsed["metadata"].update(name=parsed["metadata"].pop("name")),
        lambda parsed: parsed.update(metadata=parsed.pop("metadata")),
        lambda parsed: parsed.update(more=[1, {}]),
        lambda parsed: parsed["payload"].update(success="5"),
        lambda parsed: parsed["payload"].update(more={"deep": [1]}),
    ],
)
def test_other_ways_to_write_a_message_are_read(change):
    line = Line()
    line.prepared = changed(reply(), change) + reply(2, 6)
    client = our_client(line)
    assert client.add(1, 2) == 5
    assert client.add(1, 2) == 6
    numbers = changed(
        request(), lambda parsed: (change(parsed), parsed["payload"].pop("success", None))
    )
    assert our_answer(numbers) == our_answer(request())


def test_a_message_with_spaces_and_escapes_is_read():
    parsed = json.loads(reply()[4:])
    text = (
        json.dumps(parsed, indent=3).replace("add", "\\u0061dd").replace("success", "succe\\u0073s")
    )
    line = Line()
    line.prepared = struct.pack("!I", len(text)) + text.encode()
    assert our_client(line).add(1, 2) == 5


@pytest.mark.parametrize("transport", [TBufferedTransport, TFramedTransport])
def test_a_long_reply_that_comes_in_pieces(transport):
    class Slow(Line):
        def read(self, size: int) -> bytes:
            return super().read(min(size, 7000))

    line = Slow()
    text = "Grüße " * 20_000
    body = payload((0, TType.STRING, text))
    one = message(
        "json", "framed" if transport is TFramedTransport else "buffered", "echo", REPLY, 1, body
    )
    line.prepared = one + one
    client = our_client(line, transport)
    assert client.echo("x") == text
    client._seqid = 0
    assert client.echo("x") == text
    assert line.prepared == b""


def test_a_refusal_is_raised_and_the_next_call_is_made():
    line = Line()
    refusal = TApplicationException(TApplicationException.UNKNOWN_METHOD, "unheard")
    line.prepared = message("json", "buffered", "add", TMessageType.EXCEPTION, 1, refusal)
    line.prepared += reply(2, 6)
    client = our_client(line)
    with pytest.raises(TApplicationException, match="unheard"):
        client.add(1, 2)
    assert client.add(1, 2) == 6
