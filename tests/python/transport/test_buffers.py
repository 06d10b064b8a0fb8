"""The private buffers of transports, which programs written for thriftpy2 use, and lengths of
frames that no frame may have."""

from __future__ import annotations

import asyncio
import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
import thrift.transport.TTransport as apache
import thriftpy2.contrib.aio.transport.buffered as their_aio_buffered
import thriftpy2.transport.base as their_base
import thriftpy2.transport.buffered as their_buffered
import thriftpy2.transport.framed as their_framed
import thriftpy2.transport.memory as their_memory
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport, TAsyncFramedTransport
from fastthrift.contrib.aio.transport.sasl import TAsyncSaslClientTransport
from fastthrift.protocol.cybin import ProtocolError
from fastthrift.protocol.exc import TFrameSizeException, TProtocolException
from fastthrift.transport import (
    TBufferedTransport,
    TFramedTransport,
    TMemoryBuffer,
    TTransportException,
)
from fastthrift.transport.sasl import TSaslClientTransport

FRAME = struct.pack("!i", 6) + b"abcdef"


def buffered(data: bytes) -> list[Any]:
    return [
        TBufferedTransport(TMemoryBuffer(data)),
        their_buffered.TBufferedTransport(their_memory.TMemoryBuffer(data)),
    ]


def framed(data: bytes) -> list[Any]:
    return [
        TFramedTransport(TMemoryBuffer(data)),
        their_framed.TFramedTransport(their_memory.TMemoryBuffer(data)),
    ]


def buffer_of(trans: Any) -> tuple[Any, ...]:
    return trans._rbuf.getvalue(), trans._rbuf.tell(), trans._wbuf.getvalue()


# --- As in thriftpy2 ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [buffered, framed])
def test_reading_and_writing_leave_in_the_buffers_what_they_leave_in_thriftpy2(make: Any) -> None:
    ours, theirs = make(b"abcdef" if make is buffered else FRAME)
    assert buffer_of(ours) == buffer_of(theirs) == (b"", 0, b"")
    for act in (
        lambda trans: trans.read(2),
        lambda trans: trans.read(1),
        lambda trans: trans.write(b"xyz"),
        lambda trans: trans._wbuf.write(b"!"),
        lambda trans: trans._rbuf.read(1),
        lambda trans: trans._rbuf.seek(0),
        lambda trans: trans.read(3),
        lambda trans: trans.flush(),
    ):
        assert act(ours) == act(theirs)
        assert buffer_of(ours) == buffer_of(theirs)


def test_a_proxy_finds_the_whole_frame_of_a_message_that_was_read() -> None:
    for trans in framed(FRAME + FRAME):
        for _ in range(2):
            assert trans.read(6) == b"abcdef"
            body = trans._rbuf.getvalue()
            assert struct.pack("!i", len(body)) + body == FRAME


def test_a_frame_can_be_read_by_itself() -> None:
    for trans in framed(FRAME + FRAME):
        trans.read_frame()
        assert trans._rbuf.getvalue() == b"abcdef"
        assert trans.read(2) == b"ab"
        trans.read_frame()
        assert (trans._rbuf.getvalue(), trans._rbuf.tell()) == (b"abcdef", 0)
        assert trans.read(6) == b"abcdef"
        with pytest.raises((TTransportException, their_base.TTransportException)) as caught:
            trans.read_frame()
        assert caught.value.type == TTransportException.END_OF_FILE


def test_reading_under_the_private_name() -> None:
    for trans in (*buffered(b"abcdef"), TMemoryBuffer(b"abcdef")):
        assert trans._read(2) == b"ab"
    assert [trans._buf_size for trans in buffered(b"")] == [4096, 4096]


@pytest.mark.parametrize("make", [buffered, framed])
def test_buffers_can_be_assigned(make: Any) -> None:
    data = b"abcdef" if make is buffered else FRAME
    for trans in make(data):
        trans._rbuf = io.BytesIO(b"123")
        assert trans.read(2) == b"12"
        assert trans._rbuf.read() == b"3"
        started = io.BytesIO(b"456")
        started.read(1)
        trans._rbuf = started
        assert trans.read(2) == b"56"
        assert trans.read(3) == b"abc"
        trans._wbuf = io.BytesIO()
        trans.write(b"x")
        assert trans._wbuf.getvalue() == b"x"
        trans._wbuf = io.BytesIO()
        assert trans._wbuf.getvalue() == b""


def test_what_was_written_is_changed_in_its_buffer() -> None:
    for trans in buffered(b""):
        trans.write(b"abc")
        trans._wbuf.seek(1)
        trans._wbuf.write(b"X")
        assert trans._wbuf.getvalue() == b"aXc"
        assert trans._wbuf.tell() == 2
        trans._wbuf.seek(0)
        trans._wbuf.truncate()
        trans._wbuf.write(b"sent")
        trans.flush()
        assert trans._trans.getvalue().endswith(b"sent")
        assert trans._wbuf.getvalue() == b""


def test_the_buffer_in_memory() -> None:
    for cls in (TMemoryBuffer, their_memory.TMemoryBuffer):
        memory = cls(b"abcdef")
        assert memory.read(2) == b"ab"
        assert (memory._buffer.getvalue(), memory._pos) == (b"abcdef", 2)
        assert memory._buffer.read(1) == b"a"
        assert memory._buffer.tell() == 1
        assert memory.read(1) == b"c"
        memory._pos = 0
        assert memory.read(3) == b"abc"
        memory._buffer.seek(0)
        memory._buffer.truncate()
        memory._buffer.write(b"new")
        assert memory._buffer.getvalue() == b"new"
        memory._buffer = io.BytesIO(b"newest")
        memory._pos = 3
        assert memory.read(3) == b"est"
        memory = cls()
        memory.write(b"xyz")
        assert (memory._buffer.getvalue(), memory._buffer.tell()) == (b"xyz", 3)


def test_the_buffers_of_sasl_under_the_names_that_subclasses_use() -> None:
    class Subclass(TSaslClientTransport):
        def _read_frame(self) -> None:
            self._TSaslClientTransport__rbuf = io.BytesIO(b"decoded")

    trans = Subclass(lambda: None, "PLAIN", None)
    assert trans.read(7) == b"decoded"
    trans.write(b"abc")
    assert trans._TSaslClientTransport__wbuf.getvalue() == b"abc"


def test_the_buffers_of_asyncio() -> None:
    async def main() -> None:
        class Below:
            async def read(self, size: int) -> bytes:
                return b"abcdef"

        for cls in (TAsyncBufferedTransport, their_aio_buffered.TAsyncBufferedTransport):
            trans: Any = cls(Below())
            assert await trans.read(2) == b"ab"
            assert trans._rbuf.getvalue() == b"cdef"
            assert trans._rbuf.read(1) == b"c"
            assert await trans.read(3) == b"def"
            trans._rbuf = io.BytesIO(b"123")
            assert await trans.read(3) == b"123"
            trans.write(b"xyz")
            trans._wbuf.write(b"!")
            assert trans._wbuf.getvalue() == b"xyz!"
            trans._wbuf = io.BytesIO()
            assert trans._wbuf.getvalue() == b""

    asyncio.run(main())


# --- As a BytesIO, and as the bytes it was --------------------------------------------------------


def test_a_buffer_has_what_a_bytesio_has() -> None:
    reference = io.BytesIO(b"one\ntwo\nthree")
    trans = TBufferedTransport(TMemoryBuffer())
    trans._rbuf = reference
    buffer = trans._rbuf
    assert isinstance(buffer, io.BytesIO)
    assert set(dir(io.BytesIO)) <= set(dir(buffer))
    into, expected = bytearray(2), bytearray(2)
    for act in (
        lambda file: file.readline(),
        lambda file: file.tell(),
        lambda file: file.read1(2),
        lambda file: file.seek(-2, io.SEEK_CUR),
        lambda file: next(file),
        lambda file: file.seek(0),
        lambda file: list(file),
        lambda file: file.seek(4),
        lambda file: file.readlines(),
        lambda file: file.seek(0),
        lambda file: file.readinto(expected if file is reference else into),
        lambda file: file.readinto1(expected if file is reference else into),
        lambda file: bytes(file.getbuffer()),
        lambda file: file.seek(0, io.SEEK_END),
        lambda file: file.writelines([b"a", b"b"]),
        lambda file: file.getvalue(),
        lambda file: file.truncate(3),
        lambda file: (file.readable(), file.writable(), file.seekable(), file.closed),
        lambda file: file.flush(),
        lambda file: file.getvalue(),
        lambda file: file.read(),
    ):
        assert act(buffer) == act(reference)
        assert into == expected
    with pytest.raises(io.UnsupportedOperation):
        buffer.fileno()
    with pytest.raises(TypeError):
        buffer.write("text")


def test_a_buffer_is_used_like_the_bytes_that_were_not_taken() -> None:
    trans = TBufferedTransport(TMemoryBuffer(b"abcdef"))
    assert not trans._rbuf
    assert trans.read(2) == b"ab"
    buffer = trans._rbuf
    assert buffer == b"cdef"
    assert buffer != b"cde"
    assert (len(buffer), bytes(buffer), buffer[0], buffer[1:3]) == (4, b"cdef", 99, b"de")
    assert b"de" in buffer
    assert buffer + b"!" == b"cdef!"
    assert b"!" + buffer == b"!cdef"
    assert buffer.startswith(b"c")
    assert buffer.hex() == "63646566"
    assert buffer.decode() == "cdef"
    assert repr(buffer) == "<TransportBuffer b'cdef'>"
    trans.read(4)
    assert buffer == b""
    assert not hasattr(buffer, "no_such_thing")


# --- Frames ---------------------------------------------------------------------------------------

TOO_LONG = struct.pack("!i", 2**31 - 1)
NEGATIVE = struct.pack("!i", -1)
EMPTY = struct.pack("!i", 0)

NUMBERS = {
    TOO_LONG: TTransportException.SIZE_LIMIT,
    NEGATIVE: TTransportException.NEGATIVE_SIZE,
    EMPTY: TTransportException.UNKNOWN,
}


class AsyncBelow:
    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    async def read(self, size: int) -> bytes:
        return self.file.read(size)


def read_framed(data: bytes) -> None:
    TFramedTransport(TMemoryBuffer(data)).read(1)


def read_aio_framed(data: bytes) -> None:
    asyncio.run(TAsyncFramedTransport(AsyncBelow(data)).read(1))


def read_sasl(data: bytes) -> None:
    TSaslClientTransport(lambda: None, "PLAIN", TMemoryBuffer(data)).read(1)


def read_aio_sasl(data: bytes) -> None:
    asyncio.run(TAsyncSaslClientTransport(lambda: None, "PLAIN", AsyncBelow(data)).read(1))


@pytest.mark.parametrize("size", NUMBERS, ids=["too long", "negative", "empty"])
@pytest.mark.parametrize("read", [read_framed, read_aio_framed])
def test_a_wrong_length_is_a_fault_of_the_transport_and_of_the_protocol(
    read: Callable[[bytes], None], size: bytes
) -> None:
    with pytest.raises(TTransportException) as caught:
        read(size + b"abc")
    assert isinstance(caught.value, TFrameSizeException)
    assert isinstance(caught.value, (TProtocolException, ProtocolError))
    assert isinstance(caught.value, ProtocolError)
    assert caught.value.type == NUMBERS[size]
    # No client that looks for a time-out takes it for one.
    assert caught.value.type != TTransportException.TIMED_OUT
    assert caught.value.message
    text = str(caught.value)
    assert caught.value.message in text


@pytest.mark.parametrize("size", [TOO_LONG, NEGATIVE], ids=["too long", "more than an i32"])
@pytest.mark.parametrize("read", [read_sasl, read_aio_sasl])
def test_a_wrong_length_of_sasl(read: Callable[[bytes], None], size: bytes) -> None:
    """The lengths of SASL have no sign."""
    with pytest.raises(TFrameSizeException, match="exceeds the limit") as caught:
        read(size + b"abc")
    assert caught.value.type == TTransportException.SIZE_LIMIT


@pytest.mark.parametrize("read", [read_sasl, read_aio_sasl])
def test_an_empty_frame_of_sasl_where_more_is_needed(read: Callable[[bytes], None]) -> None:
    with pytest.raises(TTransportException, match="empty SASL frame") as caught:
        read(EMPTY)
    assert caught.value.type == TTransportException.END_OF_FILE


@pytest.mark.parametrize("read", [read_framed, read_aio_framed, read_sasl, read_aio_sasl])
def test_a_frame_or_a_length_that_ends_early(read: Callable[[bytes], None]) -> None:
    for data in (b"\0\0", b"\0\0\0\7abc"):
        with pytest.raises(TTransportException) as caught:
            read(data)
        assert caught.value.type == TTransportException.END_OF_FILE


@pytest.mark.parametrize("size", [TOO_LONG, NEGATIVE], ids=["too long", "negative"])
def test_apache_has_the_same_numbers(size: bytes) -> None:
    theirs = apache.TFramedTransport(apache.TMemoryBuffer(size), max_frame_size=1000)
    with pytest.raises(apache.TTransportException) as caught:
        theirs.read(1)
    assert caught.value.type == NUMBERS[size]


def test_thriftpy2_too_raises_an_error_of_its_transport() -> None:
    for size in (NEGATIVE, EMPTY):
        trans = their_framed.TCyFramedTransport(their_memory.TCyMemoryBuffer(size))
        with pytest.raises(their_base.TTransportException):
            trans.read(1)
