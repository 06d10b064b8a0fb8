"""What a client has sent stays in a transport that keeps it, however the call ends."""

from __future__ import annotations

import fastthrift.protocol
import fastthrift.thrift
import fastthrift.transport
import pytest
import thriftpy2.protocol
import thriftpy2.thrift
import thriftpy2.transport
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import TClient, TMessageType
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer
from support import aio as aio_support
from support.calls import OwnBinary
from support.rpc import Calls, i32_result, message

CALL = message("add", 1, b"\x08\0\1\0\0\0\1\x08\0\2\0\0\0\2\0", TMessageType.CALL)

# Replies that no client can read, or that are not its own.
REPLIES = {
    "none": b"",
    "garbage": b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    "half": message("add", 1, i32_result(3))[:-3],
    "another id": message("add", 7, i32_result(3)),
    "another method": message("subtract", 1, i32_result(3)),
    "a refusal": message("add", 7, b"\0", TMessageType.EXCEPTION),
}
each_reply = pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))


@pytest.mark.parametrize("calls", [1, 2])
def test_as_many_bytes_as_with_thriftpy2(calls):
    sizes = {}
    for name, thrift, protocol, transport in (
        ("theirs", thriftpy2.thrift, thriftpy2.protocol, thriftpy2.transport),
        ("ours", fastthrift.thrift, fastthrift.protocol, fastthrift.transport),
    ):
        out = transport.TMemoryBuffer()
        source = protocol.TBinaryProtocol(transport.TMemoryBuffer())
        client = thrift.TClient(Calls, source, protocol.TBinaryProtocol(out))
        for _ in range(calls):
            assert call_fails(client)
        sizes[name] = len(out.getvalue())
    assert sizes == {"theirs": 30 * calls, "ours": 30 * calls}


def call_fails(client):
    try:
        client.add(1, 2)
    except Exception:
        return True
    return False


class Kept:
    """A transport as users write them for tests: `clean` forgets what it has."""

    def __init__(self):
        self.kept = b""

    def write(self, data):
        self.kept += bytes(data)

    def flush(self):
        pass

    def clean(self):
        self.kept = b""

    def close(self):
        pass

    def getvalue(self):
        return self.kept


class Posted(Kept):
    """One over HTTP: what is flushed is a request, what is read its response."""

    def __init__(self, response):
        super().__init__()
        self.requests, self.response = [], response

    def flush(self):
        self.requests.append(self.kept)
        self.kept = b""

    def read(self, size):
        data, self.response = self.response[:size], self.response[size:]
        return data

    def clean(self):
        super().clean()
        self.requests = []


OUTPUTS = {
    "memory": lambda out: (out, out),
    "buffered": lambda out: (TBufferedTransport(out), out),
}


@each_reply
@pytest.mark.parametrize("protocol", [TBinaryProtocol, OwnBinary])
@pytest.mark.parametrize("wrap", OUTPUTS.values(), ids=list(OUTPUTS))
@pytest.mark.parametrize("kind", [TMemoryBuffer, Kept])
def test_what_was_sent_is_kept(kind, wrap, protocol, reply):
    trans, out = wrap(kind())
    client = TClient(Calls, protocol(TMemoryBuffer(reply)), protocol(trans))
    assert call_fails(client)
    assert out.getvalue() == CALL


def test_what_was_sent_in_frames_is_kept():
    out = TMemoryBuffer()
    client = TClient(
        Calls, TBinaryProtocol(TMemoryBuffer()), TBinaryProtocol(TFramedTransport(out))
    )
    assert call_fails(client)
    assert out.getvalue() == len(CALL).to_bytes(4, "big") + CALL


@each_reply
def test_a_transport_of_the_callers_over_http_keeps_its_requests(reply):
    trans = Posted(reply)
    assert call_fails(TClient(Calls, TBinaryProtocol(trans)))
    assert trans.requests == [CALL]


def test_earlier_requests_are_kept_too():
    out = TMemoryBuffer()
    source = TMemoryBuffer(message("add", 1, i32_result(3)))
    client = TClient(Calls, TBinaryProtocol(source), TBinaryProtocol(out))
    assert client.add(1, 2) == 3
    assert call_fails(client)
    assert len(out.getvalue()) == 2 * len(CALL)


def test_half_a_message_is_not_sent_with_the_next():
    """What could not be encoded is dropped, as thriftpy2 does."""
    out = TMemoryBuffer()
    source = TMemoryBuffer(message("echo", 2, b"\x0b\0\0\0\0\0\1x\0"))
    client = TClient(Calls, OwnBinary(source), OwnBinary(out))
    with pytest.raises(fastthrift.thrift.TDecodeException):
        client.add("one", 2)
    assert out.getvalue() == b""
    assert client.echo("x") == "x"


@each_reply
@pytest.mark.parametrize("wrap", [lambda out: out, TAsyncBufferedTransport])
def test_what_was_sent_is_kept_with_asyncio(reply, wrap):
    async def main():
        out = TAsyncMemoryBuffer()
        source = TAsyncBinaryProtocol(TAsyncMemoryBuffer(reply))
        client = TAsyncClient(Calls, source, TAsyncBinaryProtocol(wrap(out)))
        with pytest.raises(fastthrift.thrift.TException):
            await client.add(1, 2)
        return out.getvalue()

    assert aio_support.run(main()) == CALL


@pytest.mark.parametrize("wrap", [lambda source: source, TBufferedTransport, TFramedTransport])
def test_a_reply_that_is_put_in_later_answers_its_own_call(wrap):
    """What is left of one that could not be read is forgotten."""
    below = TMemoryBuffer(message("add", 7, i32_result(3)) * 2)
    client = TClient(Calls, TBinaryProtocol(wrap(below)), TBinaryProtocol(TMemoryBuffer()))
    assert call_fails(client)
    reply = message("add", 2, i32_result(5))
    below.setvalue(len(reply).to_bytes(4, "big") + reply if wrap is TFramedTransport else reply)
    assert client.add(2, 3) == 5


def test_the_next_call_is_sent_too_with_asyncio():
    async def main():
        out = TAsyncMemoryBuffer()
        source = TAsyncBinaryProtocol(TAsyncMemoryBuffer())
        client = TAsyncClient(Calls, source, TAsyncBinaryProtocol(out))
        for _ in range(2):
            with pytest.raises(fastthrift.thrift.TException):
                await client.add(1, 2)
        return out.getvalue()

    assert len(aio_support.run(main())) == 2 * len(CALL)
