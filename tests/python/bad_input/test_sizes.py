"""Sizes that lie, varints without an end, types that do not exist."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import children, subject, wire
from support.compare import Loaded
from support.samples import IDL
from support.sources import SOURCES, opened, read_from

ERRORS = (subject.TTransportException, subject.TProtocolException)


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


def oversized(w: Any) -> Iterator[tuple[str, str, bytes]]:
    """Small messages that promise much: a name, the struct that reads them, the bytes."""
    for size in (2**31 - 1, 2**31 - 16, 2**30, 100 * 2**20 + 1, 90 * 2**20, 2**20):
        few = b"\1" * 40
        yield f"string {size}", "Phone", w.field(wire.STRING, 2, w.size(size)) + few
        yield f"skipped string {size}", "Empty", w.field(wire.STRING, 2, w.size(size)) + few
        for ttype in (wire.BOOL, wire.BYTE, wire.I64, wire.STRING, wire.STRUCT, wire.LIST):
            body = w.list(ttype, size) + few
            yield f"skipped list of {ttype} {size}", "Empty", w.field(wire.LIST, 1, body)
            body = w.map(wire.BYTE, ttype, size) + few
            yield f"skipped map to {ttype} {size}", "Empty", w.field(wire.MAP, 1, body)
        i32s = w.field(wire.LIST, 8, w.list(wire.I32, size)) + few
        yield f"list of i32 {size}", "Defaults", i32s
        strings = w.field(wire.LIST, 3, w.list(wire.STRING, size)) + few
        yield f"list of strings {size}", "Failure", strings
        structs = w.field(wire.LIST, 12, w.list(wire.STRUCT, size)) + b"\0" * 40
        yield f"list of empty structs {size}", "Nested", structs
        enums = w.field(wire.SET, 8, w.list(wire.I32, size)) + few
        yield f"set of enums {size}", "Nested", enums
        table = w.field(wire.MAP, 9, w.map(wire.STRING, wire.I32, size)) + few
        yield f"map of strings {size}", "Defaults", table


def nested_promises(w: Any) -> Iterator[tuple[str, str, bytes]]:
    """Each level of these claims a large container again."""
    size = 2**24
    yield (
        "list of lists of lists",
        "Nested",
        w.field(wire.LIST, 10, w.list(wire.LIST, size) * 2 + w.list(wire.BOOL, size) + b"\1"),
    )
    yield (
        "map of maps",
        "Nested",
        w.field(
            wire.MAP,
            4,
            w.map(wire.STRING, wire.MAP, size)
            + w.value(wire.STRING, b"k")
            + w.map(wire.STRING, wire.LIST, size)
            + w.value(wire.STRING, b"k")
            + w.list(wire.STRUCT, size),
        ),
    )


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("promised-sizes")
def test_memory_follows_the_bytes_that_arrived(protocol: str, source: str) -> None:
    w = wire.WIRES[protocol]
    messages = [*oversized(w), *nested_promises(w)]
    request = [[name, protocol, source, data.hex()] for _, name, data in messages]
    result = children.run("-m", "support.memory_probe", input=json.dumps(request), text=True)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    for (label, _, _), outcome in zip(messages, answer["outcomes"], strict=True):
        classes = set(outcome["classes"])
        assert classes & {"TTransportException", "TProtocolException"}, (label, outcome)
    assert answer["added"] < 32 * 2**20


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("negative-sizes")
def test_negative_sizes(cases: Loaded, protocol: str, source: str) -> None:
    w = wire.WIRES[protocol]
    for size in (-1, -2, -256, -(2**31)):
        for name, data in (
            ("Phone", w.field(wire.STRING, 2, w.size(size))),
            ("Empty", w.field(wire.STRING, 2, w.size(size))),
            ("Failure", w.field(wire.LIST, 3, w.list(wire.STRING, size))),
            ("Empty", w.field(wire.LIST, 3, w.list(wire.STRING, size))),
            ("Nested", w.field(wire.SET, 8, w.list(wire.I32, size))),
            ("Defaults", w.field(wire.MAP, 9, w.map(wire.STRING, wire.I32, size))),
            ("Empty", w.field(wire.MAP, 9, w.map(wire.STRING, wire.I32, size))),
        ):
            cls = getattr(cases.subject, name)
            with pytest.raises(subject.TProtocolException):
                read_from(source, cls, data + b"\0" * 64, protocol)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.difference("long-varints")
def test_varints_end_after_ten_bytes(cases: Loaded, source: str) -> None:
    endless = b"\x80" * 200_000
    header = wire.COMPACT.raw_field
    for name, data in (
        ("Point", header(5, 1) + endless),
        ("Nested", header(6, 9) + endless),
        ("Sparse", b"\x05" + endless),
        ("Phone", header(8, 2) + endless),
        ("Failure", header(9, 3) + b"\xf8" + endless),
        ("Defaults", header(11, 9) + endless),
        ("Empty", header(6, 1) + endless),
        ("Empty", header(8, 1) + endless),
        ("Empty", header(11, 1) + endless),
        ("Nested", header(6, 9) + b"\xff" * 10 + b"\0"),
    ):
        with pytest.raises(subject.TProtocolException):
            read_from(source, getattr(cases.subject, name), data, "compact")


@pytest.mark.parametrize("source", SOURCES)
def test_varints_of_full_length(cases: Loaded, source: str) -> None:
    for number in (2**63 - 1, -(2**63)):
        data = wire.COMPACT.struct(wire.COMPACT.field(wire.I64, 9, wire.zigzag(number)))
        assert read_from(source, cases.subject.Nested, data, "compact").at == number


KNOWN_CODES = {
    "binary": {0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15},
    "compact": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
}
#: The code of uuid, which may be a type or not.
UUID = {"binary": 16, "compact": 13}


def unknown_codes(protocol: str) -> list[int]:
    codes = range(256) if protocol == "binary" else range(16)
    return [c for c in codes if c not in KNOWN_CODES[protocol] and c != UUID[protocol]]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("bad-wire-types")
def test_unknown_wire_types(cases: Loaded, protocol: str, source: str) -> None:
    w = wire.WIRES[protocol]
    cls = cases.subject.Failure
    padding = b"\0" * 64
    for code in unknown_codes(protocol):
        for fid in (1, 3, 99):
            with pytest.raises(subject.TProtocolException):
                read_from(source, cls, w.raw_field(code, fid) + padding, protocol)
            body = w.raw_list(code, 3) + padding
            with pytest.raises(subject.TProtocolException):
                read_from(source, cls, w.field(wire.LIST, fid, body), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("size", [1, 1000, 2**31 - 1])
@pytest.mark.difference("bad-wire-types")
def test_elements_that_take_no_bytes(cases: Loaded, protocol: str, size: int) -> None:
    """A container of STOP (or VOID) elements could be skipped forever without reading a byte."""
    w = wire.WIRES[protocol]
    for code in (0, 1) if protocol == "binary" else (0,):
        for name in ("Empty", "Failure"):
            data = w.field(wire.LIST, 3, w.raw_list(code, size))
            with pytest.raises(ERRORS):
                subject.decode(getattr(cases.subject, name), data + w.stop * 8, protocol)
        if protocol == "binary":
            body = struct.pack(">BBi", code, code, size)
        else:
            body = w.size(size) + bytes([code << 4 | code])
        for name in ("Empty", "Defaults"):
            with pytest.raises(ERRORS):
                subject.decode(
                    getattr(cases.subject, name), w.field(wire.MAP, 9, body) + w.stop * 8, protocol
                )


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_an_empty_container_of_an_unknown_type_or_none(cases: Loaded, protocol: str) -> None:
    """Size 0 and type 0 is how some encoders write an empty map."""
    w = wire.WIRES[protocol]
    body = struct.pack(">bbi", 0, 0, 0) if protocol == "binary" else b"\0"
    data = w.struct(w.field(wire.MAP, 9, body), w.field(wire.I32, 4, w.value(wire.I32, 5)))
    obj = subject.decode(cases.subject.Defaults, data, protocol)
    assert not obj.table
    assert obj.number == 5


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("short-input")
def test_messages_that_are_none(protocol: str, source: str) -> None:
    headers = {
        "binary": [
            b"",
            b"\x80",
            b"\x80\x01\x00\x01",
            b"\x80\x02\x00\x01\0\0\0\1a\0\0\0\0",
            b"\xff\xff\x00\x01\0\0\0\1a\0\0\0\0",
            b"\0\0\0\1a\1\0\0\0\0",
            b"\x80\x01\x00\x01\x7f\xff\xff\xffname",
            b"\x80\x01\x00\x01\xff\xff\xff\xffname",
            b"\x80\x01\x00\x01\0\0\0\1a\0\0",
            b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        ],
        "compact": [
            b"",
            b"\x82",
            b"\x82\x21",
            b"\x82\x21\x00",
            b"\x83\x21\x00\x01a",
            b"\x82\x22\x00\x01a",
            b"\x82\x21" + b"\x80" * 1000,
            b"\x82\x21\x00\xff\xff\xff\xff\x07name",
            b"\x82\x21\x00\x05abc",
            b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        ],
    }[protocol]
    for header in headers:
        with opened(source, header) as transport:
            protocol_object = subject.factory(protocol).get_protocol(transport)
            with pytest.raises(ERRORS):
                protocol_object.read_message_begin()


@pytest.mark.difference("protocol-errors")
def test_bad_versions_have_their_type() -> None:
    for protocol, header in (
        ("binary", b"\x80\x02\x00\x01\0\0\0\1a\0\0\0\0"),
        ("binary", b"\0\0\0\1a\1\0\0\0\0"),
        ("compact", b"\x83\x21\x00\x01a"),
        ("compact", b"\x82\x22\x00\x01a"),
    ):
        reader = subject.factory(protocol).get_protocol(subject.TMemoryBuffer(header))
        with pytest.raises(subject.TProtocolException) as caught:
            reader.read_message_begin()
        assert caught.value.type == subject.TProtocolException.BAD_VERSION
        if protocol == "binary":
            # Callers of thriftpy2's Cython protocol catch its own class.
            assert isinstance(caught.value, subject.module("protocol.cybin").ProtocolError)


@pytest.mark.difference("promised-sizes")
def test_frames_that_lie(cases: Loaded) -> None:
    for header in (
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\xff",
        b"\x80\x00\x00\x00",
        struct.pack(">i", 100 * 2**20 + 1),
        struct.pack(">i", 50 * 2**20),
        b"\0\0\0\x09",
        b"\0\0\0",
        b"",
    ):
        for protocol in subject.PROTOCOLS:
            from_below = subject.TMemoryBuffer(header + b"\x08\0\1\0\0\0\7")
            framed = subject.transport.TFramedTransport(from_below)
            reader = subject.factory(protocol).get_protocol(framed)
            with pytest.raises(ERRORS):
                reader.read_struct(cases.subject.Point())


@pytest.mark.uninstrumented
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_decoding_takes_little_more_than_its_result(
    protocol: str, source: str, tmp_path: Path
) -> None:
    idl = tmp_path / "large.thrift"
    idl.write_text("struct Row { 1: i32 id, 2: string name } struct Table { 1: list<Row> rows }")
    module = subject.load(str(idl))
    rows = [module.Row(id=number, name=f"row number {number}") for number in range(300_000)]
    message = tmp_path / "message"
    message.write_bytes(subject.encode(module.Table(rows), protocol))
    result = children.run(
        *("-m", "support.decode_probe", str(idl), "Table", protocol, source, str(message)),
        text=True,
    )
    assert result.returncode == 0, result.stderr
    held, peak = map(int, result.stdout.split())
    assert held > 30 * 2**20
    assert peak <= 1.5 * held
