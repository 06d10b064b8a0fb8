"""Many structs one after the other: `read_messages`."""

from __future__ import annotations

import array
import gc
import gzip
import io
import mmap
import os
import socket
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.protocol.exc import TProtocolException, TTruncatedDataException
from fastthrift.transport import TFramedTransport, TMemoryBuffer

module = fastthrift.load_fp(
    io.StringIO("struct Record { 1: i32 number, 2: string text, 3: list<i64> values }"),
    "messages_in_a_row_thrift",
)
Record = module.Record
RECORDS = [Record(n, "x" * n, [n] * (n % 7)) for n in range(500)]
PROTOCOLS = ["binary", "compact", TApacheJSONProtocolFactory()]
IDS = ["binary", "compact", "json"]


class Dribble:
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._file, self._size = io.BytesIO(data), size

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._size))


def joined(protocol: Any, *, framed: bool = False, records: Any = RECORDS) -> bytes:
    pieces = []
    for record in records:
        data = fastthrift.encode(record, protocol)
        pieces += [struct.pack("!i", len(data)), data] if framed else [data]
    return b"".join(pieces)


def read(source: Any, protocol: Any = "binary", **options: Any) -> Iterator[Any]:
    return fastthrift.read_messages(source, Record, protocol, **options)


@pytest.mark.parametrize("framed", [False, True], ids=["bare", "framed"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_all_are_read_from_any_source(protocol: Any, framed: bool) -> None:
    data = joined(protocol, framed=framed)
    sources = [data, bytearray(data), memoryview(data), io.BytesIO(data), Dribble(data, 3)]
    for source in sources:
        assert list(read(source, protocol, framed=framed)) == RECORDS
    with gzip.open(io.BytesIO(gzip.compress(data))) as file:
        assert list(read(file, protocol, framed=framed)) == RECORDS


@pytest.mark.parametrize("size", [1, 2, 1 << 20])
def test_whitespace_before_between_and_behind_structs_that_are_text_is_passed_over(
    size: int,
) -> None:
    protocol = TApacheJSONProtocolFactory()
    texts = [fastthrift.encode(record, protocol) for record in RECORDS[:3]]
    for space in (b"\n", b"\r\n", b" \t\r\n" * 100):
        data = b"".join(space + text for text in texts) + space
        assert list(read(Dribble(data, size), protocol)) == list(read(data, protocol))
        assert list(read(data, protocol)) == RECORDS[:3]
        assert list(read(Dribble(space, size), protocol)) == []
        messages = read(Dribble(data + b"{", size), protocol)
        assert [next(messages) for _ in range(3)] == RECORDS[:3]
        with pytest.raises(
            TTruncatedDataException, match=rf"in message 3, which begins at byte {len(data)}\)$"
        ):
            next(messages)


def test_in_protocols_of_bytes_and_in_frames_nothing_is_passed_over() -> None:
    with pytest.raises(TProtocolException, match="in message 3"):
        list(read(joined("binary", records=RECORDS[:3]) + b"\n"))
    text = TApacheJSONProtocolFactory()
    for protocol in ("binary", text):
        # The length of a frame may be what is a space elsewhere.
        data = joined(protocol, framed=True, records=RECORDS[:3])
        with pytest.raises(TTruncatedDataException, match="in message 3"):
            list(read(data + b" ", protocol, framed=True))


@pytest.mark.uninstrumented
def test_whitespace_takes_no_memory() -> None:
    class Blank:
        """A file of empty lines."""

        left = 200

        def read(self, size: int) -> bytes:
            self.left -= 1
            return b"\n" * min(size, 10_000) if self.left >= 0 else b""

    tracemalloc.start()
    try:
        assert list(read(Blank(), TApacheJSONProtocolFactory())) == []
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_frames_are_those_of_the_framed_transport() -> None:
    memory = TMemoryBuffer()
    protocol = TBinaryProtocolFactory().get_protocol(TFramedTransport(memory))
    for record in RECORDS[:3]:
        record.write(protocol)
        protocol.trans.flush()
    assert list(read(memory.getvalue(), framed=True)) == RECORDS[:3]


def test_what_follows_a_struct_in_its_frame_is_not_passed_over() -> None:
    memory = TMemoryBuffer()
    protocol = TBinaryProtocolFactory().get_protocol(TFramedTransport(memory))
    for record in RECORDS[:2]:
        record.write(protocol)
    protocol.trans.flush()
    size = len(fastthrift.encode(RECORDS[1]))
    with pytest.raises(TProtocolException, match=f"^{size} bytes follow the struct in its frame"):
        list(read(memory.getvalue(), framed=True))


@pytest.mark.parametrize("framed", [False, True], ids=["bare", "framed"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_what_has_come_through_a_pipe_or_a_socket_is_there(protocol: Any, framed: bool) -> None:
    reading, writing = os.pipe()
    here, there = socket.socketpair()
    with here, there, os.fdopen(reading, "rb") as pipe, here.makefile("rb") as file:
        with os.fdopen(writing, "wb", buffering=0) as into_pipe:
            for source, send in ((pipe, into_pipe.write), (file, there.sendall)):
                messages = read(source, protocol, framed=framed)
                for many in (1, 2, 1):
                    send(joined(protocol, framed=framed, records=RECORDS[:many]))
                    # Nothing else comes: who waits for more waits for good.
                    assert [next(messages) for _ in range(many)] == RECORDS[:many]
        assert list(read(pipe, protocol, framed=framed)) == []


def test_a_file_has_read1_by_name_alone() -> None:
    class File(io.BufferedIOBase):
        """As classes are that read what somebody else has, such as archives."""

        def __init__(self, data: bytes) -> None:
            self._file = io.BytesIO(data)

        def read(self, size: int | None = -1, /) -> bytes:
            return self._file.read(size)

    assert list(read(File(joined("binary")))) == RECORDS


@pytest.mark.parametrize("buffering", [0, -1], ids=["unbuffered", "buffered"])
def test_a_file_that_does_not_wait_is_refused(buffering: int) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(reading, "rb", buffering) as file, open(writing, "wb", buffering=0) as other:
        other.write(joined("binary", records=RECORDS[:1]))
        found = read(file)
        assert next(found) == RECORDS[0]
        with pytest.raises(BlockingIOError, match="takes files that wait"):
            next(found)


def test_fields_can_be_chosen() -> None:
    for only in (("number",), fastthrift.select(Record, "number")):
        found = list(read(joined("compact"), "compact", only=only))
        assert [(one.number, one.text) for one in found] == [(n, None) for n in range(500)]


def test_nothing_is_read_before_it_is_asked_for_and_an_empty_input_has_nothing() -> None:
    file = io.BytesIO(joined("binary"))
    messages = read(file)
    assert file.tell() == 0
    assert next(messages) == RECORDS[0]
    assert list(read(b"")) == list(read(io.BytesIO())) == list(read(b"", framed=True)) == []


@pytest.mark.parametrize("framed", [False, True], ids=["bare", "framed"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_a_last_one_that_is_cut_off_is_told_of_after_those_before_it(
    protocol: Any, framed: bool
) -> None:
    first = joined(protocol, framed=framed, records=RECORDS[:2])
    data = joined(protocol, framed=framed, records=RECORDS[:3])
    for size in range(len(first) + 1, len(data)):
        messages = read(Dribble(data[:size], 7), protocol, framed=framed)
        assert [next(messages), next(messages)] == RECORDS[:2]
        with pytest.raises(TTruncatedDataException) as caught:
            next(messages)
        assert f"(in message 2, which begins at byte {len(first)})" in str(caught.value)


def test_one_that_is_damaged_is_told_of_by_its_number() -> None:
    data = bytearray(joined("binary", records=RECORDS[:4]))
    at = len(joined("binary", records=RECORDS[:3]))
    data[at] = 99
    messages = read(data)
    assert [next(messages) for _ in range(3)] == RECORDS[:3]
    with pytest.raises(TProtocolException, match=rf"in message 3, which begins at byte {at}\)"):
        next(messages)


def test_limits_are_those_of_the_factory() -> None:
    small = TCompactProtocolFactory(max_message_size=100)
    data = joined(small, framed=True, records=RECORDS[:80])
    assert list(read(data, small, framed=True)) == RECORDS[:80]
    for framed in (False, True):
        source = joined("compact", framed=framed, records=[RECORDS[150]])
        with pytest.raises(
            TProtocolException,
            match=r"limit of 100 \(max_message_size\) \(in message 0, which begins at byte 0\)",
        ):
            next(read(source, small, framed=framed))


class _Endless:
    """A file of records that are made as they are read."""

    def __init__(self, count: int) -> None:
        self._data, self._left = fastthrift.encode(Record(1, "text" * 50, [5] * 20)), count

    def read(self, _size: int) -> bytes:
        self._left -= 1
        return self._data if self._left >= 0 else b""


@pytest.mark.uninstrumented
def test_memory_does_not_grow_with_the_number_of_messages() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(_Endless(count))) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(20_000) < 2 * peak(200)


def test_what_cannot_be_read_is_refused_at_once() -> None:
    for name in ("visits.log", Path("visits.log")):
        with pytest.raises(TypeError, match="not the name of a file"):
            read(name)
    for source, named in ((5, "int"), (None, "None")):
        with pytest.raises(TypeError, match=f"takes a file .* or a buffer, and not {named}$"):
            read(source)
    with socket.socket() as sock, pytest.raises(TypeError, match=r"not a socket: sock\.makefile"):
        read(sock)
    with pytest.raises(TypeError, match="open it for reading bytes"):
        list(read(io.StringIO("text")))
    with pytest.raises(ValueError, match="unknown protocol 'yaml'"):
        read(b"", "yaml")
    with pytest.raises(ValueError, match='Record has no field "nr"'):
        read(b"", only=("nr",))
    with pytest.raises(TypeError, match="a tuple of names of fields"):
        read(b"", only="text")
    with pytest.raises(TypeError, match="must be a struct class, not the class int"):
        fastthrift.read_messages(b"", int)
    assert list(read(array.array("B", joined("binary")))) == RECORDS
    twice = bytes(byte for byte in joined("binary") for _ in range(2))
    assert list(read(memoryview(twice)[::2])) == RECORDS


def test_a_buffer_is_let_go_at_the_end_at_a_failure_and_when_it_is_closed() -> None:
    def buffer(tail: bytes = b"") -> bytearray:
        return bytearray(joined("binary", records=RECORDS[:3]) + tail)

    gc.disable()
    try:
        ended = buffer()
        reader = read(ended)
        assert list(reader) == RECORDS[:3]
        ended.clear()

        damaged = buffer(b"\x7f")
        reader = read(damaged)
        with pytest.raises(TProtocolException) as caught:
            list(reader)
        damaged.clear()
        assert caught.value

        left = buffer()
        reader = read(left)
        assert next(reader) == RECORDS[0]
        with pytest.raises(BufferError):
            left.clear()
        reader.close()  # type: ignore[attr-defined]
        left.clear()

        unused = buffer()
        read(unused)
        unused.clear()

        with mmap.mmap(-1, 64) as mapped:
            mapped.write(fastthrift.encode(RECORDS[1]))
            assert next(read(memoryview(mapped))) == RECORDS[1]
    finally:
        gc.enable()
