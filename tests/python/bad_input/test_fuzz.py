"""Messages of generated schemas, damaged in every way: hypothesis looks for one that fails.

``pytest --hypothesis-profile=thorough tests/python/bad_input/test_fuzz.py`` looks longer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers import reference
from support import subject, wire
from support.compare import Loaded
from support.samples import IDL
from support.schemas import Schema, schemas
from support.values import build, flatten

#: What a reader may raise.
ERRORS = (subject.TTransportException, subject.TProtocolException)


class OneByteAtATime:
    """A transport that gives one byte for each call, whatever it is asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def read(self, size: int) -> bytes:
        chunk = self.data[self.position : self.position + min(size, 1)]
        self.position += len(chunk)
        return chunk


def _from_protocol(cls: Any, trans: Any, protocol: str) -> Any:
    return subject.factory(protocol).get_protocol(trans).read_struct(cls())


def _framed(data: bytes) -> Any:
    # In a frame before another one, into which no value goes on.
    frames = (struct.pack(">i", len(data)) + data) * 2
    return subject.transport.TFramedTransport(subject.TMemoryBuffer(frames))


#: Every way from bytes to an object.
READERS: dict[str, Callable[[Any, bytes, str], Any]] = {
    "bytes": lambda cls, data, protocol: fastthrift.decode(cls, data, protocol),
    "memoryview": lambda cls, data, protocol: fastthrift.decode(cls, memoryview(data), protocol),
    "bytearray": lambda cls, data, protocol: fastthrift.decode(cls, bytearray(data), protocol),
    "memory": lambda cls, data, protocol: _from_protocol(
        cls, subject.TMemoryBuffer(data), protocol
    ),
    "one byte at a time": lambda cls, data, protocol: _from_protocol(
        cls, OneByteAtATime(data), protocol
    ),
    "buffered": lambda cls, data, protocol: _from_protocol(
        cls, subject.transport.TBufferedTransport(OneByteAtATime(data)), protocol
    ),
    "a frame": lambda cls, data, protocol: _from_protocol(cls, _framed(data), protocol),
}


#: Pieces of messages that a change may put anywhere.
PIECES = [
    b"\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\xff" * 9 + b"\1",
    b"\xff" * 10, b"\x80" * 11, b"\x0c\0\1", b"\x1c", b"\x0f\0\1\x0c", b"\x19\xfc", b"\xf8\x7f",
    *(bytes([code, 0, 1]) for code in range(17)), *(bytes([0x10 | code]) for code in range(16)),
]  # fmt: skip


@st.composite
def damaged(draw: Any, data: bytes, other: bytes) -> bytes:
    """`data` after one to four changes; `other` is another message, to take pieces from."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        length = draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["flip", "cut", "remove", "insert", "splice", "repeat"]))
        if kind == "flip" and place < len(changed):
            changed[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del changed[place:]
        elif kind == "remove":
            del changed[place : place + length]
        elif kind == "insert":
            changed[place:place] = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        elif kind == "splice":
            start = draw(st.integers(0, len(other)))
            changed[place : place + length] = other[start : start + 4 * length]
        elif kind == "repeat":
            # Fields, elements and stops that come twice.
            changed[place:place] = changed[place : place + length]
    return bytes(changed)


def outcome(read: Callable[[Any, bytes, str], Any], cls: Any, data: bytes, protocol: str) -> Any:
    """The plain form of what is read, or None for one of the errors that may be."""
    try:
        obj = read(cls, data, protocol)
    except ERRORS:
        return None
    return flatten(obj)


@given(data=st.data(), schema=schemas())
@pytest.mark.difference("short-input")
def test_damaged_messages(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, schema: Schema
) -> None:
    module = subject.load(str(_file(tmp_path_factory, schema)))
    struct_of_schema = schema.structs[-1]
    cls = getattr(module, struct_of_schema.name)
    values = [build(cls, data.draw(struct_of_schema.values())) for _ in range(2)]
    for protocol in subject.PROTOCOLS:
        whole, other = (subject.encode(value, protocol) for value in values)
        message = data.draw(damaged(whole, other), label=protocol)
        results = {name: outcome(read, cls, message, protocol) for name, read in READERS.items()}
        first = results["bytes"]
        assert all(result == first for result in results.values()), results
        if first is not None:
            # A value like any other: written and read, it stays what it is.
            again = subject.encode(fastthrift.decode(cls, message, protocol), protocol)
            assert outcome(READERS["bytes"], cls, again, protocol) == first
            assert subject.encode(fastthrift.decode(cls, again, protocol), protocol) == again


_files = iter(range(10**9))


def _file(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Path:
    path = tmp_path_factory.getbasetemp() / f"fuzz_{next(_files)}.thrift"
    path.write_text(schema.idl(), encoding="utf-8")
    return path


@given(data=st.data(), schema=schemas())
def test_thriftpy2_reads_damaged_messages_alike(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, schema: Schema
) -> None:
    """A damaged message that we would write just so is one that thriftpy2 reads as we do.

    Others it may misread: a string, for one, in the place of anything else. Its Python protocol
    is asked, for the Cython one may crash.
    """
    loaded = Loaded(_file(tmp_path_factory, schema))
    struct_of_schema = schema.structs[-1]
    ours = getattr(loaded.subject, struct_of_schema.name)
    theirs = getattr(loaded.reference, struct_of_schema.name)
    whole, other = (
        subject.encode(build(ours, data.draw(struct_of_schema.values())), "binary")
        for _ in range(2)
    )
    message = data.draw(damaged(whole, other))
    found = outcome(READERS["bytes"], ours, message, "binary")
    if found is None:
        return
    if message.startswith(subject.encode(build(ours, found), "binary")):
        assert flatten(reference.decode(theirs, message, "binary")) == found


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_of_fields_that_come_twice_the_last_one_counts(protocol: str) -> None:
    w = wire.WIRES[protocol]
    module = Loaded(IDL)
    plain = [{"color": 1, "number": "one"}, {"color": 4, "number": "four"}]
    fields = [module.encode("Phone", phone, protocol)[:-1] for phone in plain]
    # In compact the ids go on counting from the last one, so the second has them written out.
    if protocol == "compact":
        fields[1] = w.field(wire.I32, 1, w.value(wire.I32, 4))
        fields[1] += w.field(wire.STRING, 2, w.value(wire.STRING, b"four"))
    for data in (w.struct(*fields), w.struct(fields[1], fields[1], fields[1])):
        for read in READERS.values():
            assert flatten(read(module.subject.Phone, data, protocol)) == plain[1]
