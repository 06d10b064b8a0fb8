"""THeader on one side of a connection only: what is said of it, to both sides."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from typing import Any

import pytest
from fastthrift._calls.mismatch import advise
from fastthrift.contrib.aio import protocol as aio_protocol
from fastthrift.contrib.aio import transport as aio_transport
from fastthrift.contrib.aio.http import client_context
from fastthrift.http import make_client as make_http_client
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.header import THeaderProtocol, THeaderProtocolFactory
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import TMessageType
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    THeaderTransport,
    THeaderTransportFactory,
    TMemoryBuffer,
    TTransportException,
    TZlibTransportFactory,
)
from support import aio, rpc
from support.dialects import call_by

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


def logged_by(server: Any, data: bytes, caplog: Any) -> str:
    """What a server logs of a client that sends this."""
    with (
        rpc.serving(server) as port,
        socket.create_connection(("127.0.0.1", port), timeout=rpc.PATIENCE) as connection,
    ):
        connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        until = time.monotonic() + rpc.PATIENCE
        while "Closing the connection" not in caplog.text:
            assert time.monotonic() < until
            time.sleep(0.005)
    return str(caplog.text)


def header_server(server_class: Any) -> Any:
    parts = {"itrans_factory": HEADER[0], "iprot_factory": HEADER[1]}
    return rpc.make_server(server_class=server_class, **parts)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"POST / HTTP/1.1\r\n\r\n", "HTTP request"),
        (b"\x16\x03\x01\x02\0" + bytes(50), "TLS handshake"),
        (b'[1,"add",1,1,{}]' + bytes(50), "Apache JSON"),
        (b'\0\0\0\x10[1,"add",1,1,{}]', "Apache JSON"),
        (b'\0\0\0\x10{"metadata": {}} ', "JSON"),
    ],
)
@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
def test_a_server_of_header_says_what_came(
    server_class: Any, data: bytes, name: str, caplog: Any
) -> None:
    text = logged_by(header_server(server_class), data, caplog)
    assert name in text
    # Frames alone would be no help.
    assert "expects frames" not in text


@pytest.mark.parametrize("plain", PLAIN)
def test_the_native_server_of_header_expects_that_and_not_just_frames(
    plain: str, caplog: Any
) -> None:
    trans_factory, proto_factory = PLAIN[plain]
    data = call_by(trans_factory, proto_factory, rpc.Calls, "echo", "a")
    text = logged_by(header_server(TNonblockingServer), data, caplog)
    spoken = {"buffered": "binary without frames", "framed": "framed compact"}[plain]
    assert f"the other side speaks {spoken}: allowed are THeader" in text
    assert "this server expects frames" not in text


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\0\2\2\x28"])
def test_a_client_of_header_says_what_came(answer: bytes) -> None:
    def script(connection: Any) -> None:
        connection.recv(1000)
        connection.sendall(answer)

    parts = {"trans_factory": HEADER[0], "proto_factory": HEADER[1]}
    name = "HTTP response" if answer[:4] == b"HTTP" else "TLS alert"
    with (
        rpc.scripted_peer(script) as port,
        rpc.client_of(port, **parts) as client,
        pytest.raises(TTransportException, match=name),
    ):
        client.echo("a")


@pytest.mark.parametrize(
    ("plain", "factories"),
    [
        ("buffered", "TBufferedTransportFactory and TBinaryProtocolFactory"),
        ("framed", "TFramedTransportFactory and TCompactProtocolFactory"),
    ],
)
def test_who_speaks_header_needs_both_factories_to_speak_otherwise(
    plain: str, factories: str
) -> None:
    data = call_by(*PLAIN[plain], rpc.Calls, "echo", "a")
    proto = THeaderProtocol(THeaderTransport(TMemoryBuffer()))
    assert advise(data, proto) == f"use {factories}"


@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
@pytest.mark.parametrize("plain", PLAIN)
def test_a_compressed_stream_is_told(plain: str, server_class: Any, caplog: Any) -> None:
    memory = TMemoryBuffer()
    trans = TZlibTransportFactory().get_transport(memory)
    trans.write(b"message " * 20)
    trans.flush()
    parts = dict(zip(("itrans_factory", "iprot_factory"), PLAIN[plain], strict=True))
    server = rpc.make_server(server_class=server_class, **parts)
    text = logged_by(server, memory.getvalue(), caplog)
    wanted = "a stream that zlib has compressed, this server expects messages that are not"
    assert wanted in text


def test_a_client_of_http_is_told_that_the_server_may_not_speak_it() -> None:
    with rpc.serving(rpc.make_server()) as port:
        url = f"http://127.0.0.1:{port}/"
        with (
            contextlib.closing(make_http_client(rpc.Calls, url=url)) as client,
            pytest.raises(TTransportException, match="does the server speak HTTP"),
        ):
            client.echo("a")

        async def main() -> None:
            async with client_context(rpc.Calls, url=url) as client:
                await client.echo("a")

        with pytest.raises(TTransportException, match="does the server speak HTTP"):
            asyncio.run(main())
