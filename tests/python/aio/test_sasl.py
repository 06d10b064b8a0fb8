"""SASL with asyncio, against a server that speaks its framing; the mechanism is a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.socket import TAsyncSocket
from fastthrift.contrib.aio.transport import (
    TAsyncBufferedTransport,
    TAsyncBufferedTransportFactory,
    TAsyncSaslClientTransportFactory,
    TAsyncTransportBase,
)
from fastthrift.transport import TTransportException
from support.aio import PROTOCOLS, Calls, Handler, aio_factories, run, scripted_peer

START, OK, BAD, COMPLETE = 1, 2, 3, 5


class Sasl:
    """Answers challenges with their reverse; the first half of the secret comes first.

    With protection, messages are sent inverted, with a checksum, and their length before.
    """

    protects = False
    refuses = ""

    def start(self, mechanism):
        return self.refuses != "start", mechanism, b"begin"

    def step(self, challenge):
        return self.refuses != "step", challenge[::-1].decode()

    def encode(self, message):
        if self.refuses == "encode":
            return False, None
        return True, seal(message) if self.protects else message

    def decode(self, frame):
        return True, unseal(frame[4:])

    def getError(self):
        return "not today"


class Protecting(Sasl):
    protects = True


def seal(message):
    body = bytes(byte ^ 0xFF for byte in message) + bytes([sum(message) & 0xFF])
    return struct.pack(">I", len(body)) + body


def unseal(body):
    message = bytes(byte ^ 0xFF for byte in body[:-1])
    assert body[-1] == sum(message) & 0xFF
    return message


class Frames(TAsyncTransportBase):
    """The server's side of a connection after the negotiation; frames of a few bytes."""

    def __init__(self, reader, writer, protects, size):
        self.reader, self.writer = reader, writer
        self.protects, self.size = protects, size
        self.written = b""

    async def read(self, size):
        (length,) = struct.unpack(">I", await self.reader.readexactly(4))
        body = await self.reader.readexactly(length)
        return unseal(body) if self.protects else body

    def write(self, data):
        self.written += data

    async def flush(self):
        data, self.written = self.written, b""
        for start in range(0, len(data), self.size):
            part = data[start : start + self.size]
            self.writer.write(seal(part) if self.protects else struct.pack(">I", len(part)) + part)
        await self.writer.drain()


async def receive(reader):
    status, length = struct.unpack(">BI", await reader.readexactly(5))
    return status, await reader.readexactly(length)


def server(protocol="binary", protects=False, size=1000, ending=COMPLETE):
    async def script(reader, writer):
        def send(status, body=b""):
            writer.write(struct.pack(">BI", status, len(body)) + body)

        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            assert await receive(reader) == (START, b"PLAIN")
            assert await receive(reader) == (OK, b"begin")
            send(OK, b"challenge")
            assert await receive(reader) == (OK, b"egnellahc")
            send(ending, b"" if ending == COMPLETE else b"go away")
            trans = TAsyncBufferedTransport(Frames(reader, writer, protects, size))
            made = aio_factories(protocol, "buffered")["proto_factory"].get_protocol(trans)
            processor = TAsyncProcessor(Calls, Handler())
            while True:
                await processor.process(made, made)

    return scripted_peer(script)


def connect(port, sasl=Sasl, protocol="binary"):
    return make_client(
        Calls,
        "127.0.0.1",
        port,
        proto_factory=aio_factories(protocol, "buffered")["proto_factory"],
        trans_factory=TAsyncSaslClientTransportFactory(sasl, "PLAIN"),
    )


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("sasl", [Sasl, Protecting])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_calls(protocol, sasl, size):
    """A message may span several frames, and a frame hold what follows a message."""

    async def main():
        async with server(protocol, sasl.protects, size) as port:
            client = await connect(port, sasl, protocol)
            assert await client.add(1, 2) == 3
            assert await client.echo("text" * 1000) == "text" * 1000
            assert await client.counted(3) == {"0": 0, "1": 1, "2": 2}
            assert await asyncio.gather(client.add(1, 1), client.add(2, 2)) == [2, 4]
            client.close()
            await asyncio.sleep(0)

    run(main())


def refusing(kind):
    return type("Refusing", (Sasl,), {"refuses": kind})


@pytest.mark.parametrize(
    ("sasl", "ending", "text"),
    [
        (refusing("start"), COMPLETE, "Could not start SASL: not today"),
        (refusing("step"), COMPLETE, "Bad SASL result: not today"),
        (Sasl, BAD, "Bad status: 3 .*go away"),
    ],
)
def test_negotiation_that_fails(sasl, ending, text):
    async def main():
        async with server(ending=ending) as port:
            with pytest.raises(TTransportException, match=text) as error:
                await connect(port, sasl)
            assert error.value.type == TTransportException.NOT_OPEN

    run(main())


def test_a_refused_negotiation_leaves_nothing_open():
    """It can be tried again, as over a transport that blocks."""

    async def main():
        async with server(ending=BAD) as port:
            trans = TAsyncSaslClientTransportFactory(Sasl, "PLAIN").get_transport(
                TAsyncSocket("127.0.0.1", port)
            )
            for _ in range(2):
                with pytest.raises(TTransportException, match="Bad status: 3") as error:
                    await trans.open()
                assert error.value.type == TTransportException.NOT_OPEN
                assert not trans.is_open()

    run(main())


def test_message_that_cannot_be_protected():
    async def main():
        async with server() as port:
            client = await connect(port, refusing("encode"))
            with pytest.raises(TTransportException, match="not today"):
                await client.add(1, 2)
            client.close()
            await asyncio.sleep(0)

    run(main())


def test_opened_twice():
    async def main():
        async with server() as port:
            client = await connect(port)
            with pytest.raises(TTransportException) as error:
                await client._iprot.trans.open()
            assert error.value.type == TTransportException.ALREADY_OPEN
            client.close()
            await client._iprot.trans.open()
            assert await client.add(1, 2) == 3
            client.close()
            await asyncio.sleep(0)

    run(main())


def test_empty_frame_is_the_end():
    async def main():
        async def script(reader, writer):
            for _ in range(2):
                await receive(reader)
            writer.write(struct.pack(">BI", COMPLETE, 0))
            await reader.readexactly(4)
            writer.write(bytes(4))

        async with scripted_peer(script) as port:
            client = await connect(port)
            with pytest.raises(TTransportException, match="empty SASL frame") as error:
                await client.add(1, 2)
            assert error.value.type == TTransportException.END_OF_FILE

    run(main())


def test_in_a_buffered_transport():
    class Factory:
        def get_transport(self, trans):
            sasl = TAsyncSaslClientTransportFactory(Sasl, "PLAIN").get_transport(trans)
            return TAsyncBufferedTransportFactory().get_transport(sasl)

    async def main():
        async with server(size=3) as port:
            client = await make_client(Calls, "127.0.0.1", port, trans_factory=Factory())
            assert await client.add(1, 2) == 3
            client.close()
            await asyncio.sleep(0)

    run(main())
