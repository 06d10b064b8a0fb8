"""The length before a frame: what it may be, and what is said of any other, in every transport."""

from __future__ import annotations

import asyncio

import pytest
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.transport import (
    TAsyncFramedTransport,
    TAsyncSaslClientTransport,
    TAsyncSaslClientTransportFactory,
)
from fastthrift.protocol.exc import TFrameSizeException, TMalformedDataException
from fastthrift.protocol.exc import TProtocolException as Malformed
from fastthrift.transport import (
    TFramedTransport,
    TMemoryBuffer,
    TSaslClientTransport,
    TTransportException,
)

LIMIT = 10


def over(transport, data):
    """A transport with a limit, over bytes that it reads."""
    mechanism = (None, "PLAIN") if "Sasl" in transport.__name__ else ()
    below = TAsyncMemoryBuffer if "Async" in transport.__name__ else TMemoryBuffer
    return transport(*mechanism, below(data), max_frame_size=LIMIT)


def result(value):
    """What a transport gives, whichever way it waits."""
    return asyncio.run(value) if asyncio.iscoroutine(value) else value


def read(transport, data):
    return result(over(transport, data).read(1))


@pytest.mark.parametrize("transport", [TFramedTransport, TAsyncFramedTransport])
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
    ],
)
def test_what_no_frame_may_be(transport, size, kind, text):
    with pytest.raises(TFrameSizeException) as caught:
        read(transport, size.to_bytes(4, "big", signed=True) + b"x" * 20)
    assert (caught.value.type, caught.value.message) == (kind, text)
    assert read(transport, LIMIT.to_bytes(4, "big") + b"x" * LIMIT) == b"x"


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
        (TFramedTransport, "a frame"),
        (TAsyncFramedTransport, "a frame"),
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


def test_the_factory_hands_the_limit_on():
    factory = TAsyncSaslClientTransportFactory(object, "PLAIN", max_frame_size=LIMIT)
    assert factory.get_transport(TAsyncMemoryBuffer()).max_frame_size == LIMIT
