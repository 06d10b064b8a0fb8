"""THeader on one side of a connection only: what is said of it, to both sides."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from fastthrift.contrib.aio import protocol as aio_protocol
from fastthrift.contrib.aio import transport as aio_transport
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.header import THeaderProtocol, THeaderProtocolFactory
from fastthrift.thrift import TMessageType
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    THeaderTransport,
    THeaderTransportFactory,
    TMemoryBuffer,
    TTransportException,
)
from support import aio, rpc

HEADER = THeaderTransportFactory(), THeaderProtocolFactory()
PLAIN = {
    "buffered": (TBufferedTransportFactory(), TBinaryProtocolFactory()),
    "framed": (TFramedTransportFactory(), TCompactProtocolFactory()),
}


def called(server: Any, client: Any) -> None:
    made = rpc.make_server(itrans_factory=server[0], iprot_factory=server[1])
    with rpc.serving(made) as port:
        parts = {"trans_factory": client[0], "proto_factory": client[1]}
        with (
            rpc.client_of(port, **parts) as each,
            pytest.raises(TTransportException, match="the same protocol and transport"),
        ):
            each.echo("a")


@pytest.mark.parametrize("plain", PLAIN)
def test_a_plain_server_tells_a_client_of_header(plain: str, caplog: Any) -> None:
    called(PLAIN[plain], HEADER)
    assert "sent a framed THeader message, this server expects" in caplog.text


@pytest.mark.parametrize("plain", PLAIN)
def test_a_server_of_header_tells_a_plain_client(plain: str, caplog: Any) -> None:
    called(HEADER, PLAIN[plain])
    spoken = {"buffered": "binary without frames", "framed": "framed compact"}[plain]
    assert "sent a message that this server does not take: " in caplog.text
    assert f"the other side speaks {spoken}: allowed are THeader" in caplog.text


@pytest.mark.parametrize("plain", PLAIN)
def test_a_client_of_header_that_is_answered_without_is_told_what_the_server_speaks(
    plain: str,
) -> None:
    """So it goes with proxies that answer in one dialect."""
    trans_factory, proto_factory = PLAIN[plain]
    memory = TMemoryBuffer()
    proto = proto_factory.get_protocol(trans_factory.get_transport(memory))
    proto.write_message_begin("echo", TMessageType.REPLY, 1)
    proto.write_struct(rpc.Calls.echo_result("a"))
    proto.write_message_end()
    proto.trans.flush()

    def script(connection: Any) -> None:
        connection.recv(1000)
        connection.sendall(memory.getvalue())

    spoken = {"buffered": "binary without frames", "framed": "framed compact"}[plain]
    parts = {"trans_factory": HEADER[0], "proto_factory": HEADER[1]}
    with (
        rpc.scripted_peer(script) as port,
        rpc.client_of(port, **parts) as client,
        pytest.raises(TTransportException, match=f"speaks {spoken}: allowed are THeader"),
    ):
        client.echo("a")


@pytest.mark.parametrize("headers_at", ["server", "client"])
def test_servers_of_asyncio_tell_it_too(headers_at: str, caplog: Any) -> None:
    sides = {"server": ("binary", "framed"), "client": ("binary", "framed")}
    sides[headers_at] = ("header", "header")

    async def main() -> None:
        protocol, transport = sides["server"]
        async with aio.serving(protocol=protocol, transport=transport) as server:
            protocol, transport = sides["client"]
            async with aio.client_of(server, protocol=protocol, transport=transport) as client:
                with pytest.raises(TTransportException):
                    await client.echo("a")

    with caplog.at_level(logging.WARNING):
        aio.run(main())
    told = {
        "server": "the other side speaks framed binary: allowed are THeader",
        "client": "sent a framed THeader message, this server expects the binary protocol",
    }
    assert told[headers_at] in caplog.text


def answer_of_header() -> bytes:
    memory = TMemoryBuffer()
    proto = THeaderProtocol(THeaderTransport(memory))
    proto.write_message_begin("echo", TMessageType.REPLY, 1)
    proto.trans.write(b"\x00")
    proto.trans.flush()
    return memory.getvalue()


def test_a_plain_client_that_is_answered_with_header_is_told_what_to_use() -> None:
    def script(connection: Any) -> None:
        connection.recv(1000)
        connection.sendall(answer_of_header())

    with (
        rpc.scripted_peer(script) as port,
        rpc.client_of(port) as client,
        pytest.raises(Exception, match="THeader") as caught,
    ):
        client.echo("a")
    assert "use THeaderTransportFactory and THeaderProtocolFactory" in str(caught.value)


def test_a_plain_client_of_asyncio_is_told_so_too() -> None:
    async def main() -> None:
        async def script(reader: Any, writer: Any) -> None:
            await reader.read(1000)
            writer.write(answer_of_header())
            await writer.drain()

        async with aio.scripted_peer(script) as port, aio.client_of(port) as client:
            with pytest.raises(Exception, match="THeader") as caught:
                await client.echo("a")
            named = "use TAsyncHeaderTransportFactory and TAsyncHeaderProtocolFactory"
            assert named in str(caught.value)
            assert hasattr(aio_transport, "TAsyncHeaderTransportFactory")
            assert hasattr(aio_protocol, "TAsyncHeaderProtocolFactory")

    asyncio.run(main())
