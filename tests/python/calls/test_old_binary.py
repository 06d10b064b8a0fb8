"""Binary messages without a version, as Apache's library writes them where it is not strict."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.server import TNonblockingServer, TThreadedServer
from support import aio, rpc
from support.rpc import PATIENCE
from thrift.protocol.TBinaryProtocol import TBinaryProtocol as ApacheBinary
from thrift.Thrift import TMessageType as ApacheMessage
from thrift.Thrift import TType as ApacheType
from thrift.transport.TSocket import TSocket as ApacheSocket
from thrift.transport.TTransport import TBufferedTransport as ApacheBuffered

OLD: dict[str, Any] = {"strict_read": False, "strict_write": False}


def write_text(proto: Any, name: str, kind: int, seqid: int, field: int, text: str) -> None:
    proto.writeMessageBegin(name, kind, seqid)
    proto.writeStructBegin("any")
    proto.writeFieldBegin("any", ApacheType.STRING, field)
    proto.writeString(text)
    proto.writeFieldEnd()
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeMessageEnd()
    proto.trans.flush()


def read_text(proto: Any) -> tuple[Any, str]:
    """The header of a message, and the text in it."""
    header = proto.readMessageBegin()
    proto.readStructBegin()
    assert proto.readFieldBegin()[1] == ApacheType.STRING
    text = proto.readString()
    proto.readFieldEnd()
    assert proto.readFieldBegin()[1] == ApacheType.STOP
    proto.readStructEnd()
    proto.readMessageEnd()
    return header, text


def apache_calls(port: int) -> None:
    sock = ApacheSocket("127.0.0.1", port)
    sock.setTimeout(PATIENCE * 1000)
    sock.open()
    try:
        proto = ApacheBinary(ApacheBuffered(sock), strictRead=False, strictWrite=False)
        for seqid, text in enumerate(("a", "b" * 100_000), 1):
            write_text(proto, "echo", ApacheMessage.CALL, seqid, 1, text)
            assert read_text(proto) == (("echo", ApacheMessage.REPLY, seqid), text)
    finally:
        sock.close()


@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
def test_servers_answer_old_messages_where_they_are_asked_to(server_class: Any) -> None:
    made = rpc.make_server(server_class=server_class, iprot_factory=TBinaryProtocolFactory(**OLD))
    with rpc.serving(made) as port:
        apache_calls(port)


def test_the_server_of_asyncio_does_so_too() -> None:
    async def main() -> None:
        server = TAsyncServer(
            TAsyncProcessor(aio.Calls, aio.Handler()),
            TAsyncServerSocket("127.0.0.1", 0),
            iprot_factory=TAsyncBinaryProtocolFactory(**OLD),
        )
        await server.start()
        try:
            port = aio.port_of(server)
            await asyncio.get_running_loop().run_in_executor(None, apache_calls, port)
        finally:
            await server.close()

    aio.run(main())


@contextlib.contextmanager
def apache_server() -> Iterator[int]:
    """Reads and answers two calls in old messages; refuses what has a version."""

    def script(connection: Any) -> None:
        sock = ApacheSocket()
        sock.setHandle(connection)
        proto = ApacheBinary(ApacheBuffered(sock), strictRead=False, strictWrite=False)
        for _ in range(2):
            assert connection.recv(1, socket.MSG_PEEK) == b"\x00"  # a length, and no version
            (name, _, seqid), text = read_text(proto)
            write_text(proto, name, ApacheMessage.REPLY, seqid, 0, text)

    with rpc.scripted_peer(script) as port:
        yield port


def test_a_client_makes_calls_in_old_messages() -> None:
    with (
        apache_server() as port,
        rpc.client_of(port, proto_factory=TBinaryProtocolFactory(**OLD)) as client,
    ):
        for text in ("a", "b" * 100_000):
            assert client.echo(text) == text


def test_a_client_of_asyncio_does_so_too() -> None:
    async def main(port: int) -> None:
        async with await make_client(
            aio.Calls,
            "127.0.0.1",
            port,
            timeout=PATIENCE * 1000,
            proto_factory=TAsyncBinaryProtocolFactory(**OLD),
        ) as client:
            for text in ("a", "b" * 100_000):
                assert await client.echo(text) == text

    with apache_server() as port:
        aio.run(main(port))
