"""THeader: calls with Apache's library, other callers answered in kind, and broken frames."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncHeaderProtocolFactory
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncHeaderTransportFactory
from fastthrift.hooks import current_call
from fastthrift.protocol import (
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    THeaderProtocol,
    THeaderProtocolFactory,
)
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TClient, TMessageType, TProcessor
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    THeaderTransport,
    THeaderTransportFactory,
    TMemoryBuffer,
    TServerSocket,
    TSocket,
    TTransportException,
)
from fastthrift.transport.header import (
    THeaderClientType,
    THeaderSubprotocolID,
    THeaderTransformID,
)
from support import apache_header
from thrift.Thrift import TMessageType as ApacheMessage
from thrift.Thrift import TType as ApacheType
from thrift.transport.TSocket import TSocket as ApacheSocket

IDL = """
service Echo {
    string echo(1: string text)
    string header(1: string name)
    oneway void forget()
}
"""
ALL = range(5)
PROTOCOLS = {"binary": THeaderSubprotocolID.BINARY, "compact": THeaderSubprotocolID.COMPACT}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path: Path = tmp_path_factory.mktemp("header") / "echo.thrift"
    path.write_text(IDL)
    return fastthrift.load(str(path)).Echo


class Handler:
    def echo(self, text: str) -> str:
        return text

    def header(self, name: str) -> str:
        call = current_call()
        assert call is not None
        return call.headers.get(name, "none")

    def forget(self) -> None:
        pass


@contextlib.contextmanager
def serving(service: Any, trans_factory: Any, proto_factory: Any) -> Iterator[int]:
    listening = TServerSocket("127.0.0.1", 0)
    server = TThreadedServer(
        TProcessor(service, Handler()), listening, trans_factory, proto_factory
    )
    server.handle_signals = False
    serves = threading.Event()
    server.on_serving = serves.set
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        assert serves.wait(120)
        yield listening.sock.getsockname()[1]
    finally:
        server.close()
        thread.join()


@pytest.fixture(scope="module")
def port(echo: Any) -> Iterator[int]:
    with serving(echo, THeaderTransportFactory(ALL), THeaderProtocolFactory(ALL)) as listening:
        yield listening


@contextlib.contextmanager
def client(service: Any, port: int, trans_factory: Any, proto_factory: Any) -> Iterator[Any]:
    trans = trans_factory.get_transport(TSocket("127.0.0.1", port))
    trans.open()
    made = TClient(service, proto_factory.get_protocol(trans))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("transform", [False, True], ids=["plain", "zlib"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_of_apache(port: int, protocol: str, transform: bool) -> None:
    with apache_header.client_of(port, PROTOCOLS[protocol], zlib=transform) as proto:
        for name, text in (("trace", "one"), ("other", "two"), ("trace", "three")):
            proto.set_header(b"trace", text.encode())
            answer = apache_header.call(proto, "header", "name", name)
            assert answer == (text if name == "trace" else "none")
            assert proto.trans.protocol_id == PROTOCOLS[protocol]


@pytest.mark.parametrize("transform", [False, True], ids=["plain", "zlib"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_of_apache(echo: Any, protocol: str, transform: bool) -> None:
    """It answers with what it was told in the headers, which are sent once or with each call."""
    seen = []

    def serve(listening: socket.socket) -> None:
        sock = ApacheSocket()
        sock.setHandle(listening.accept()[0])
        with apache_header.protocol_over(sock, PROTOCOLS[protocol], zlib=transform) as proto:
            for _ in range(2):
                name, _, seqid = proto.readMessageBegin()
                proto.readStructBegin()
                proto.readFieldBegin()
                text = proto.readString()
                proto.readFieldEnd()
                proto.readFieldBegin()
                proto.readStructEnd()
                proto.readMessageEnd()
                seen.append(dict(proto.get_headers()))
                proto.writeMessageBegin(name, ApacheMessage.REPLY, seqid)
                proto.writeStructBegin("result")
                proto.writeFieldBegin("success", ApacheType.STRING, 0)
                proto.writeString(text)
                proto.writeFieldEnd()
                proto.writeFieldStop()
                proto.writeStructEnd()
                proto.writeMessageEnd()
                proto.set_header(b"from", b"server")
                proto.trans.flush()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        transforms = [THeaderTransformID.ZLIB] if transform else []
        factory = THeaderTransportFactory(
            default_protocol=PROTOCOLS[protocol], transforms=transforms
        )
        with client(echo, listening.getsockname()[1], factory, THeaderProtocolFactory()) as made:
            trans = made._iprot.trans
            trans.set_header("once", "\u00e4")
            trans.set_persistent_header(b"always", b"\xff")
            assert made.echo("a" * 100_000) == "a" * 100_000
            assert trans.get_headers() == {b"from": b"server"}
            assert made.echo("b") == "b"
        thread.join()
    assert seen == [{b"once": "\u00e4".encode(), b"always": b"\xff"}, {b"always": b"\xff"}]


@pytest.mark.parametrize("framed", [False, True], ids=["buffered", "framed"])
@pytest.mark.parametrize("factory", [TBinaryProtocolFactory, TCompactProtocolFactory])
def test_other_callers_are_answered_in_kind(
    echo: Any, port: int, factory: Any, framed: bool
) -> None:
    transports = TFramedTransportFactory() if framed else TBufferedTransportFactory()
    with client(echo, port, transports, factory()) as made:
        assert made.echo("a") == "a"
        made.forget()
        assert made.echo("b" * 200_000) == "b" * 200_000


def test_other_callers_are_refused_where_they_are_not_allowed(echo: Any) -> None:
    with (
        serving(echo, THeaderTransportFactory(), THeaderProtocolFactory()) as listening,
        client(echo, listening, TFramedTransportFactory(), TBinaryProtocolFactory()) as made,
        pytest.raises(TTransportException),
    ):
        made.echo("a")


def test_headers_of_middleware_are_sent(echo: Any, port: int) -> None:
    def mark(get_response: Any) -> Any:
        def answer(call: Any) -> Any:
            call.headers["Trace"] = "abc"
            return get_response(call)

        return answer

    trans = THeaderTransport(TSocket("127.0.0.1", port))
    trans.open()
    made = TClient(echo, THeaderProtocol(trans), middleware=[mark])
    try:
        assert made.header("trace") == "abc"
    finally:
        made.close()


def frame(header: bytes, payload: bytes = b"", words: int | None = None) -> bytes:
    header += bytes(-len(header) % 4)
    words = len(header) // 4 if words is None else words
    body = struct.pack(">HHIH", 0x0FFF, 0, 1, words) + header + payload
    return struct.pack(">I", len(body)) + body


MESSAGE = b"\x80\x01\x00\x01\x00\x00\x00\x01a\x00\x00\x00\x05\x00"


def reading(data: bytes, **options: Any) -> THeaderProtocol:
    return THeaderProtocol(THeaderTransport(TMemoryBuffer(data), **options))


def test_padding_and_what_is_not_known_is_passed_over() -> None:
    proto = reading(frame(b"\x00\x00\x02\x01\x01p\x01q\x01\x01\x01k\x01v\x07what", MESSAGE) * 2)
    for _ in range(2):
        assert proto.read_message_begin() == ("a", TMessageType.CALL, 5)
        assert proto.get_headers() == {b"p": b"q", b"k": b"v"}
        proto.skip(fastthrift.thrift.TType.STRUCT)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (frame(b"\x00\x01\x03", MESSAGE), r"transform 3 \(snappy\).* there is 1 \(zlib\)"),
        (frame(b"\x00\x01\x02", MESSAGE), r"transform 2 \(hmac\)"),
        (frame(b"\x00\x00", MESSAGE, words=100), "a header of 400 bytes in a frame that has"),
        (frame(b"\x00\x00\x01\x7f", MESSAGE), "127 entries"),
        (frame(b"\xff\xff\xff\xff\xff\xff\xff\xff", MESSAGE), "more than 32 bits"),
        (frame(b"\x00\x01\x01", MESSAGE), "not compressed with zlib"),
        (frame(b"\x00\x01\x01", zlib.compress(MESSAGE)[:-8]), "ends too early"),
        (frame(b"\x00\x01\x01", zlib.compress(bytes(1 << 22))), "more than 1048576 bytes"),
        (frame(b"\x01\x00", MESSAGE), "protocol 1: there are 0"),
        (b"\x00\x00\x00\x04\x0f\xff\x00\x00", "a frame of 4 bytes"),
        (b"\x00\x00\x00\x04abcd", "begins with b'abcd': expected THeader's magic"),
        (b"HTTP/1.1 400", "begins with b'HTTP'"),
        (MESSAGE, "speaks binary without frames: allowed are THeader"),
    ],
)
def test_broken_frames_are_refused(data: bytes, told: str) -> None:
    with pytest.raises(fastthrift.thrift.TException) as refused:
        reading(data, max_frame_size=1 << 20).read_message_begin()
    refused.match(told)


def test_a_compressed_message_stands_for_no_more_than_the_limit() -> None:
    bomb = frame(b"\x00\x01\x01", zlib.compress(bytes(64 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(TTransportException) as refused:
            reading(bomb, max_frame_size=1 << 20).read_message_begin()
        assert refused.value.type == TTransportException.SIZE_LIMIT
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_any_bytes_are_read_or_refused() -> None:
    dice = random.Random(14)
    good = frame(b"\x00\x01\x01\x01\x01\x01k\x01v", zlib.compress(MESSAGE))
    for _ in range(3_000):
        data = bytearray(good)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        with contextlib.suppress(fastthrift.thrift.TException):
            reading(bytes(data), allowed_client_types=ALL).read_message_begin()


def test_more_headers_than_a_frame_can_hold_are_not_sent(echo: Any, port: int) -> None:
    with client(echo, port, THeaderTransportFactory(), THeaderProtocolFactory()) as made:
        assert made.echo("a") == "a"
        made._iprot.set_header("key", "v" * 300_000)
        with pytest.raises(TTransportException, match="headers of 3000"):
            made.echo("b")
        assert made.echo("c") == "c"


def test_an_unknown_transform_cannot_be_added() -> None:
    trans = THeaderTransport(TMemoryBuffer())
    with pytest.raises(ValueError, match=r"3 \(snappy\).* there is 1 \(zlib\)"):
        trans.add_transform(3)
    assert THeaderClientType.HEADERS == 0


@pytest.mark.parametrize("kind", ["header", "framed"])
@pytest.mark.parametrize("server", ["threads", "asyncio"])
def test_what_a_frame_has_besides_its_message_is_passed_over(
    echo: Any, port: int, kind: str, server: str
) -> None:
    """As Envoy asks for health: a byte too many, and the next call on the same connection."""

    def message(seqid: int) -> bytes:
        memory = TMemoryBuffer()
        trans: Any = memory if kind == "framed" else THeaderTransport(memory)
        factory = TBinaryProtocolFactory() if kind == "framed" else THeaderProtocolFactory()
        proto = factory.get_protocol(trans)
        proto.write_message_begin("echo", TMessageType.CALL, seqid)
        proto.write_struct(echo.echo_args("a" * seqid))
        proto.write_message_end()
        proto.trans.flush()
        data = memory.getvalue()
        frame = (data if kind == "framed" else data[4:]) + b"\0" * seqid
        return len(frame).to_bytes(4, "big") + frame

    def converse(at: int) -> None:
        parts = THeaderTransportFactory(ALL), THeaderProtocolFactory(ALL)
        with client(echo, at, *parts) as one:
            if kind == "framed":
                one._iprot.trans.rules.client_type = THeaderClientType.FRAMED_BINARY
            for seqid in (1, 100_000, 2):
                one._iprot.trans.trans.trans.write(message(seqid))
                one._iprot.trans.trans.trans.flush()
                one._seqid = seqid
                assert one._recv("echo") == "a" * seqid

    if server == "threads":
        converse(port)
        return

    async def main() -> None:
        async with serving_awaited(echo) as at:
            await asyncio.get_running_loop().run_in_executor(None, converse, at)

    asyncio.run(main())


@contextlib.asynccontextmanager
async def serving_awaited(service: Any) -> AsyncIterator[int]:
    listening = TAsyncServerSocket("127.0.0.1", 0)
    parts = TAsyncHeaderTransportFactory(ALL), TAsyncHeaderProtocolFactory(ALL)
    server = TAsyncServer(TAsyncProcessor(service, Handler()), listening, *parts)
    await server.start()
    try:
        yield listening.raw_sock.getsockname()[1]
    finally:
        await server.close()


def test_options_of_no_protocol_are_refused_by_the_factories():
    for factory in (THeaderProtocolFactory, TAsyncHeaderProtocolFactory):
        with pytest.raises(TypeError, match="unheard_of"):
            factory(unheard_of=1)
        factory(max_depth=3)
