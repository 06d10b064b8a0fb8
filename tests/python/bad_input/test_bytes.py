"""Truncated, changed and random bytes: a decoder answers with a value or one of its exceptions."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from fastthrift.protocol.exc import TFrameSizeException
from support import subject, wire
from support.compare import Loaded
from support.samples import IDL, RICH
from support.sources import SOURCES, opened, read_from
from support.values import flatten

ERRORS = (subject.TTransportException, subject.TProtocolException)

pytestmark = pytest.mark.difference("short-input")


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.fixture(scope="module")
def messages(cases: Loaded) -> dict[str, bytes]:
    return {name: cases.encode("After", RICH, name) for name in subject.PROTOCOLS}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_truncated_at_every_length(
    cases: Loaded, messages: dict[str, bytes], protocol: str, source: str
) -> None:
    data, cls = messages[protocol], cases.subject.After
    whole = flatten(subject.decode(cls, data, protocol))
    assert flatten(read_from(source, cls, data, protocol)) == whole
    for length in range(len(data)):
        with pytest.raises(ERRORS) as caught:
            read_from(source, cls, data[:length], protocol)
        if source == "framed":
            # The frame has come as a whole, and is shorter than what is in it.
            assert isinstance(caught.value, TFrameSizeException), length
        elif isinstance(caught.value, subject.TTransportException):
            assert caught.value.type == subject.TTransportException.END_OF_FILE, length


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_truncated_for_deserialize(
    cases: Loaded, messages: dict[str, bytes], protocol: str
) -> None:
    data = messages[protocol]
    for length in range(len(data)):
        with pytest.raises(ERRORS):
            subject.decode(cases.subject.After, data[:length], protocol)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_truncated_while_skipping(
    cases: Loaded, messages: dict[str, bytes], protocol: str, source: str
) -> None:
    """A reader that knows none of the fields needs all of their bytes all the same."""
    data, empty = messages[protocol], cases.subject.Empty
    assert vars(read_from(source, empty, data, protocol)) == {}
    for length in range(len(data)):
        with pytest.raises(ERRORS):
            read_from(source, empty, data[:length], protocol)
        with opened(source, data[:length]) as transport, pytest.raises(ERRORS):
            subject.factory(protocol).get_protocol(transport).skip(subject.TType.STRUCT)


def without_repeats(plain: Any) -> Any:
    """A plain value whose lists hold each element once, as sets are written."""
    if isinstance(plain, dict):
        return {name: without_repeats(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return list({repr(item): item for item in map(without_repeats, plain)}.values())
    return plain


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("set-elements-once")
def test_every_byte_changed(cases: Loaded, messages: dict[str, bytes], protocol: str) -> None:
    """What still decodes is a value like any other: it encodes, and decodes to itself again, but
    for elements that a set from the wire holds twice."""
    chance = random.Random(20)
    cls = cases.subject.After
    data = messages[protocol]
    for position in range(len(data)):
        changes = {0, 0xFF, 0x80, 0x7F, data[position] ^ 1, data[position] ^ 0x80}
        for value in (*sorted(changes), chance.randrange(256)):
            changed = data[:position] + bytes([value]) + data[position + 1 :]
            try:
                obj = subject.decode(cls, changed, protocol)
            except ERRORS:
                continue
            written = subject.encode(obj, protocol)
            again = subject.decode(cls, written, protocol)
            assert without_repeats(flatten(again)) == without_repeats(flatten(obj)), (
                position,
                value,
            )
            assert subject.encode(again, protocol) == written, (position, value)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_sources_agree_on_changed_bytes(
    cases: Loaded, messages: dict[str, bytes], protocol: str, source: str
) -> None:
    """Decoding from a transport and from memory accept the same messages."""
    chance = random.Random(21)
    cls, data = cases.subject.After, messages[protocol]
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 5))):
            changed[chance.randrange(len(data))] = chance.randrange(256)
        try:
            expected: Any = flatten(subject.decode(cls, bytes(changed), protocol))
        except ERRORS:
            expected = None
        try:
            found: Any = flatten(read_from(source, cls, bytes(changed), protocol))
        except ERRORS:
            found = None
        assert found == expected, bytes(changed).hex()


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_bytes_removed_and_inserted(
    cases: Loaded, messages: dict[str, bytes], protocol: str
) -> None:
    chance = random.Random(22)
    cls, data = cases.subject.After, messages[protocol]
    for _ in range(2000):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.randrange(6))
        changed = data[:start] + chance.randbytes(chance.randrange(6)) + data[end:]
        try:
            subject.encode(subject.decode(cls, changed, protocol), protocol)
        except ERRORS:
            continue


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_random_bytes(cases: Loaded, protocol: str) -> None:
    chance = random.Random(23)
    structs = [cases.subject.After, cases.subject.Tree, cases.subject.Empty, cases.subject.Nested]
    refused = 0
    for number in range(3000):
        data = chance.randbytes(chance.randrange(80))
        try:
            subject.decode(structs[number % len(structs)], data, protocol)
        except ERRORS:
            refused += 1
    assert refused > 1000


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("key", ["list<i32>", "set<string>", "map<i32, i32>", "Holder"])
def test_map_keys_that_python_cannot_hash(tmp_path: Path, key: str, protocol: str) -> None:
    """Thrift allows any type as a key.  A dict does not: that is an exception of the tree."""
    path = tmp_path / "keys.thrift"
    path.write_text(
        f"struct Holder {{ 1: list<i32> items }}\nstruct Keys {{ 1: map<{key}, i32> table }}\n"
    )
    module = subject.load(str(path))
    w = wire.WIRES[protocol]
    one = w.value(wire.I32, 1)
    body, ttype = {
        "list<i32>": (w.list(wire.I32, 1) + one, wire.LIST),
        "set<string>": (w.list(wire.STRING, 1) + w.value(wire.STRING, b"x"), wire.SET),
        "map<i32, i32>": (w.map(wire.I32, wire.I32, 1) + one + one, wire.MAP),
        "Holder": (w.struct(w.field(wire.LIST, 1, w.list(wire.I32, 1) + one)), wire.STRUCT),
    }[key]
    data = w.struct(w.field(wire.MAP, 1, w.map(ttype, wire.I32, 1) + body + one))
    if key == "Holder":
        decoded = subject.decode(module.Keys, data, protocol)
        assert list(decoded.table) == [module.Holder(items=[1])]
    else:
        with pytest.raises(subject.TException):
            subject.decode(module.Keys, data, protocol)
