"""What an error says: what happened, at which byte, in which field; and no more than that."""

from __future__ import annotations

import re

import pytest
from support import subject, wire
from support.compare import Loaded
from support.samples import IDL
from support.sources import SOURCES, read_from

ERRORS = (subject.TTransportException, subject.TProtocolException)


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


def nested_phone(w: wire.BinaryWire | wire.CompactWire, number: bytes) -> bytes:
    """``Nested.tables["t"]["u"]`` with two phones, the bytes of the second one's number given."""
    good = w.struct(w.field(wire.STRING, 2, w.value(wire.STRING, b"1")))
    bad = w.field(wire.STRING, 2, number)
    inner = w.map(wire.STRING, wire.LIST, 1) + w.value(wire.STRING, b"u")
    inner += w.list(wire.STRUCT, 2) + good + bad
    outer = w.map(wire.STRING, wire.MAP, 1) + w.value(wire.STRING, b"t") + inner
    return w.field(wire.MAP, 4, outer)


PATH = re.compile(r"""tables\[['"]t['"]\]\[['"]u['"]\]\[1\]\.number""")


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("error-places")
def test_the_place_of_truncated_bytes(cases: Loaded, protocol: str) -> None:
    w = wire.WIRES[protocol]
    data = nested_phone(w, w.size(100) + b"abc")
    with pytest.raises(subject.TTransportException) as caught:
        subject.decode(cases.subject.Nested, data, protocol)
    assert caught.value.type == subject.TTransportException.END_OF_FILE
    assert re.search(r"at byte \d+", str(caught.value))
    assert PATH.search(str(caught.value)), str(caught.value)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("error-places")
def test_the_place_of_a_negative_size(cases: Loaded, protocol: str) -> None:
    w = wire.WIRES[protocol]
    data = nested_phone(w, w.size(-1)) + b"\0" * 50
    with pytest.raises(subject.TProtocolException) as caught:
        subject.decode(cases.subject.Nested, data, protocol)
    assert re.search(r"at byte \d+", str(caught.value))
    assert PATH.search(str(caught.value)), str(caught.value)


@pytest.mark.difference("error-places")
def test_the_offset_is_right(cases: Loaded) -> None:
    w = wire.BINARY
    for filler in (0, 1, 1000):
        head = w.field(wire.STRING, 99, w.value(wire.STRING, b"x" * filler))
        data = head + w.raw_field(77, 1)
        with pytest.raises(subject.TProtocolException) as caught:
            subject.decode(cases.subject.Point, data + b"\0" * 9, "binary")
        (offset,) = map(int, re.findall(r"at byte (\d+)", str(caught.value)))
        assert len(head) <= offset <= len(data)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("strict-decode")
def test_text_that_is_not_utf8_when_it_has_to_be(cases: Loaded, protocol: str) -> None:
    """One class for those who catch Thrift's errors and those who catch Python's."""
    w = wire.WIRES[protocol]
    data = nested_phone(w, w.value(wire.STRING, b"\xff\xfe secret")) + b"\0" * 9
    with pytest.raises(UnicodeDecodeError) as caught:
        subject.decode(cases.subject.Nested, data, protocol, strict_decode=True)
    assert isinstance(caught.value, subject.TProtocolException)
    assert PATH.search(str(caught.value)), str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_a_value_that_does_not_fit_keeps_its_cause(cases: Loaded, protocol: str) -> None:
    class Odd:
        def __index__(self) -> int:
            raise ValueError("my own")

    with pytest.raises((subject.TDecodeException, ValueError)) as caught:
        subject.encode(cases.subject.Point(x=Odd()), protocol)
    error = caught.value
    assert isinstance(error, ValueError) or isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("size-limits")
def test_the_limit_of_a_string(cases: Loaded, protocol: str) -> None:
    for text in ("x" * 10, "x" * 11):
        data = subject.encode(cases.subject.Phone(number=text), protocol)
        for cls in (cases.subject.Phone, cases.subject.Empty):
            if len(text) <= 10:
                subject.decode(cls, data, protocol, max_string_size=10)
                continue
            with pytest.raises(subject.TProtocolException) as caught:
                subject.decode(cls, data, protocol, max_string_size=10)
            assert caught.value.type == subject.TProtocolException.SIZE_LIMIT


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "memory"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("size-limits")
def test_the_limit_of_a_message(cases: Loaded, protocol: str, source: str) -> None:
    """It bounds what is read from a transport; bytes in memory are there already."""
    trace = ["x" * 50] * 50
    data = subject.encode(cases.subject.Failure(trace=trace), protocol)
    options = {"max_message_size": len(data)}
    assert read_from(source, cases.subject.Failure, data, protocol, **options).trace == trace
    for cls in (cases.subject.Failure, cases.subject.Empty):
        with pytest.raises(ERRORS):
            read_from(source, cls, data, protocol, max_message_size=len(data) // 2)


@pytest.mark.parametrize(
    ("protocol", "data", "byte"),
    [
        ("binary", "4d", 0),
        # Behind a field, as an element, as the key and the value of a map.
        ("binary", "03000101 4d", 4),
        ("binary", "0f0001 4d 00000001 00", 3),
        ("binary", "0d0001 4d 03 00000001 0000", 3),
        ("binary", "0d0001 03 4d 00000001 0000", 4),
        ("compact", "1e", 0),
        ("compact", "1302 1f", 2),
        ("compact", "19 1f 00", 1),
        ("compact", "19 ff 8002 00", 1),
        ("compact", "1b 01 f3 0000", 2),
        ("compact", "1b 8001 3f 0000", 3),
    ],
)
def test_the_offset_of_a_type_is_its_own(
    cases: Loaded, protocol: str, data: str, byte: int
) -> None:
    struct = cases.subject.Nested
    with pytest.raises(subject.TProtocolException, match=rf"wire type \d+ \(at byte {byte}\b"):
        subject.decode(struct, bytes.fromhex(data), protocol)
