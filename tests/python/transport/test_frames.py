"""The length before a frame: what it may be, and what is said of any other, in every transport."""

from __future__ import annotations

import asyncio
import struct

import pytest
from fastthrift._core import (
    FRAME_HEADER,
    frame_header,
    framed,
    unsigned_header,
    unsigned_length,
)
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.transport import (
    TAsyncFramedTransport,
    TAsyncHeaderTransport,
    TAsyncSaslClientTransport,
    TAsyncSaslClientTransportFactory,
)
from fastthrift.protocol.exc import TFrameSizeException, TMalformedDataException
from fastthrift.protocol.exc import TProtocolException as Malformed
from fastthrift.transport import (
    TFramedTransport,
    THeaderTransport,
    TMemoryBuffer,
    TSaslClientTransport,
    TTransportException,
)
from fastthrift.transport.header import THeaderClientType

LIMIT = 10
# A server of THeader that takes framed calls of the binary protocol, too.
ANY = (THeaderClientType.HEADERS, THeaderClientType.FRAMED_BINARY)


def over(transport, data):
    """A transport with a limit, over bytes that it reads."""
    mechanism = (None, "PLAIN") if "Sasl" in transport.__name__ else ()
    below = TAsyncMemoryBuffer if "Async" in transport.__name__ else TMemoryBuffer
    allowed = (ANY,) if transport in HEADERS else ()
    return transport(*mechanism, below(data), *allowed, max_frame_size=LIMIT)


def result(value):
    """What a transport gives, whichever way it waits."""
    return asyncio.run(value) if asyncio.iscoroutine(value) else value


def read(transport, data):
    return result(over(transport, data).read(1))


FRAMES = [TFramedTransport, TAsyncFramedTransport]
HEADERS = [THeaderTransport, TAsyncHeaderTransport]
#: What a frame of `LIMIT` bytes may hold; THeader takes a call of the binary protocol.
GOOD = b"\x80\x01\0\1\0\0\0\0\0\0"


@pytest.mark.parametrize("transport", [*FRAMES, *HEADERS])
@pytest.mark.parametrize(
    ("size", "kind", "text"),
    [
        (-1, TTransportException.NEGATIVE_SIZE, "the size of a frame is negative: -1"),
        (0, TTransportException.UNKNOWN, "No frame."),
        (
            LIMIT + 1,
            TTransportException.SIZE_LIMIT,
            "a frame of 11 bytes exceeds the limit of 10 (max_frame_size)",
        ),
        (
            2**30,
            TTransportException.SIZE_LIMIT,
            "a frame of 1073741824 bytes exceeds the limit of 10 (max_frame_size)",
        ),
    ],
)
def test_what_no_frame_may_be(transport, size, kind, text):
    with pytest.raises(TFrameSizeException) as caught:
        read(transport, size.to_bytes(4, "big", signed=True) + b"x" * 20)
    assert (caught.value.type, caught.value.message) == (kind, text)
    assert read(transport, LIMIT.to_bytes(4, "big") + GOOD) == GOOD[:1]


@pytest.mark.parametrize("transport", HEADERS)
def test_what_comes_in_place_of_a_frame_is_named_behind_that(transport):
    with pytest.raises(TFrameSizeException) as caught:
        read(transport, b"HTTP/1.1 400 Bad Request\r\n")
    assert caught.value.type == TTransportException.SIZE_LIMIT
    assert caught.value.message == (
        "a frame of 1213486160 bytes exceeds the limit of 10 (max_frame_size): it begins with "
        "b'HTTP' (HTTP response)"
    )


@pytest.mark.parametrize("transport", [TSaslClientTransport, TAsyncSaslClientTransport])
@pytest.mark.parametrize("size", [LIMIT + 1, 2**31, 2**32 - 1])
def test_what_no_frame_of_sasl_may_be(transport, size):
    with pytest.raises(TFrameSizeException) as caught:
        read(transport, size.to_bytes(4, "big") + b"x" * 20)
    assert caught.value.type == TTransportException.SIZE_LIMIT
    text = f"A SASL frame of {size} bytes exceeds the limit of 10 (max_frame_size)"
    assert caught.value.message == text
    assert read(transport, LIMIT.to_bytes(4, "big") + b"x" * LIMIT) == b"x"


@pytest.mark.parametrize("transport", [TSaslClientTransport, TAsyncSaslClientTransport])
def test_a_message_of_a_negotiation_is_a_frame_too(transport):
    class Starts:
        def start(self, mechanism):
            return True, mechanism, b"longer than the peer may be"

    trans = over(transport, b"\2\0\0\0\x0b" + b"x" * 11)
    trans.sasl_client_factory = Starts
    with pytest.raises(TFrameSizeException, match="A SASL frame of 11 bytes exceeds"):
        result(trans.open())


@pytest.mark.parametrize(
    ("transport", "frame"),
    [
        *((each, "a frame") for each in FRAMES),
        (TSaslClientTransport, "A SASL frame"),
        (TAsyncSaslClientTransport, "A SASL frame"),
    ],
)
def test_a_frame_that_the_peer_would_refuse_is_not_sent(transport, frame):
    trans = over(transport, b"")
    trans.write(b"x" * (LIMIT + 1))
    with pytest.raises(TMalformedDataException) as caught:
        result(trans.flush())
    assert caught.value.type == Malformed.SIZE_LIMIT
    text = f"{frame} of 11 bytes exceeds the limit of 10 (max_frame_size)"
    assert caught.value.message == text
    assert trans.refused
    assert trans._trans.getvalue() == b""


@pytest.mark.parametrize("transport", HEADERS)
def test_a_frame_with_headers_that_the_peer_would_refuse_is_not_sent(transport):
    below = (TAsyncMemoryBuffer if transport is TAsyncHeaderTransport else TMemoryBuffer)()
    trans = transport(below, max_frame_size=LIMIT)
    trans.write(b"x")
    with pytest.raises(TMalformedDataException) as caught:
        result(trans.flush())
    assert caught.value.type == Malformed.SIZE_LIMIT
    # The magic number, flags, a sequence id, a size, and a header of a word.
    assert caught.value.message == "a frame of 15 bytes exceeds the limit of 10 (max_frame_size)"
    assert trans.refused
    assert below.getvalue() == b""


def test_the_factory_hands_the_limit_on():
    factory = TAsyncSaslClientTransportFactory(object, "PLAIN", max_frame_size=LIMIT)
    assert factory.get_transport(TAsyncMemoryBuffer()).max_frame_size == LIMIT


# What is written in Python has of the core.


@pytest.mark.parametrize("payload", [b"", b"frame", bytes(1000)])
def test_a_frame_is_its_length_and_its_bytes(payload):
    assert framed(payload) == frame_header(len(payload)) + payload
    assert len(frame_header(len(payload))) == FRAME_HEADER


@pytest.mark.parametrize(("sasl", "what"), [(False, "a frame"), (True, "A SASL frame")])
def test_a_frame_above_the_limit_is_not_made(sasl, what):
    assert framed(bytes(LIMIT), LIMIT, sasl=sasl)[FRAME_HEADER:] == bytes(LIMIT)
    for make in (
        lambda size: framed(bytes(size), LIMIT, sasl=sasl),
        lambda size: frame_header(size, LIMIT, sasl=sasl),
    ):
        with pytest.raises(TMalformedDataException, match=what) as caught:
            make(LIMIT + 1)
        assert caught.value.type == Malformed.SIZE_LIMIT


@pytest.mark.parametrize("size", [0, 5, 1 << 31, (1 << 32) - 1])
def test_a_length_without_a_sign_is_read_as_it_was_written(size):
    header = unsigned_header(size)
    assert header == struct.pack("!I", size)
    assert unsigned_length(header) == unsigned_length(bytearray(header)) == size


@pytest.mark.parametrize("size", [-1, 1 << 32, 1 << 70])
def test_what_is_no_length_without_a_sign(size):
    with pytest.raises(OverflowError):
        unsigned_header(size)
    with pytest.raises(ValueError, match="four bytes"):
        unsigned_length(b"\0\0\0")
