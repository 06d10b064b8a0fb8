"""THeader and the zlib transport of asyncio, each against the blocking one and itself."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.protocol import (
    TAsyncBinaryProtocolFactory,
    TAsyncCompactProtocolFactory,
    TAsyncHeaderProtocol,
    TAsyncHeaderProtocolFactory,
)
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket, TAsyncSocket
from fastthrift.contrib.aio.transport import (
    TAsyncBufferedTransportFactory,
    TAsyncFramedTransportFactory,
    TAsyncHeaderTransport,
    TAsyncHeaderTransportFactory,
    TAsyncZlibTransport,
    TAsyncZlibTransportFactory,
)
from fastthrift.hooks import current_call
from fastthrift.protocol import (
    TBinaryProtocolFactory,
    THeaderProtocolFactory,
)
from fastthrift.rpc import client_context
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import (
    THeaderTransportFactory,
    TServerSocket,
    TTransportException,
    TZlibTransportFactory,
)
from fastthrift.transport.header import THeaderSubprotocolID
from support.aio import PATIENCE, run

IDL = """
service Echo {
    string echo(1: string text)
    string header(1: string name)
    oneway void forget()
}
"""
Echo = fastthrift.load_fp(io.StringIO(IDL), "aio_header_thrift").Echo
LARGE = "large" * 200_000
ALL = range(5)
BLOCKING = THeaderTransportFactory(ALL), THeaderProtocolFactory(ALL)
AWAITED = TAsyncHeaderTransportFactory(ALL), TAsyncHeaderProtocolFactory(ALL)
ZLIB = TZlibTransportFactory(), TBinaryProtocolFactory()
AWAITED_ZLIB = TAsyncZlibTransportFactory(), TAsyncBinaryProtocolFactory()


def header_of_call(name: str) -> str:
    call = current_call()
    assert call is not None
    return call.headers.get(name, "none")


class AwaitedHandler:
    async def echo(self, text: str) -> str:
        await asyncio.sleep(0)
        return text

    async def header(self, name: str) -> str:
        await asyncio.sleep(0)
        return header_of_call(name)

    async def forget(self) -> None:
        pass


class Handler:
    def echo(self, text: str) -> str:
        return text

    def header(self, name: str) -> str:
        return header_of_call(name)

    def forget(self) -> None:
        pass


@contextlib.asynccontextmanager
async def serving(trans_factory: Any, proto_factory: Any) -> AsyncIterator[int]:
    listening = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    server = TAsyncServer(
        TAsyncProcessor(Echo, AwaitedHandler()), listening, trans_factory, proto_factory
    )
    await server.start()
    try:
        yield listening.raw_sock.getsockname()[1]
    finally:
        await server.close()


@contextlib.contextmanager
def blocking_server(trans_factory: Any, proto_factory: Any) -> Iterator[int]:
    listening = TServerSocket("127.0.0.1", 0)
    listening.listen()
    server = TThreadedServer(TProcessor(Echo, Handler()), listening, trans_factory, proto_factory)
    server.handle_signals = False
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield listening.sock.getsockname()[1]
    finally:
        server.close()
        thread.join()


def connecting(port: int, trans_factory: Any, proto_factory: Any) -> Any:
    return make_client(
        Echo,
        "127.0.0.1",
        port,
        timeout=PATIENCE * 1000,
        trans_factory=trans_factory,
        proto_factory=proto_factory,
    )


async def converse(client: Any) -> None:
    """Calls over either kind of server, with headers for one call and for all of them."""
    client._iprot.set_header("Once", "one")
    assert await client.header("once") == "one"
    assert await client.header("once") == "none"
    client._iprot.trans.set_persistent_header("Always", "\u00e4")
    for _ in range(2):
        assert await client.header("always") == "\u00e4"
    await client.forget()
    assert await client.echo(LARGE) == LARGE
    assert await asyncio.gather(*(client.echo(str(each)) for each in range(10))) == [
        str(each) for each in range(10)
    ]


@pytest.mark.parametrize("transforms", [(), (1,)], ids=["plain", "zlib"])
@pytest.mark.parametrize(
    "protocol", [THeaderSubprotocolID.BINARY, THeaderSubprotocolID.COMPACT], ids=str
)
def test_a_client_calls_servers_of_both_kinds(protocol: int, transforms: Any) -> None:
    factory = TAsyncHeaderTransportFactory(default_protocol=protocol, transforms=transforms)

    async def main() -> None:
        async with serving(*AWAITED) as port:
            with blocking_server(*BLOCKING) as blocking_port:
                for each in (port, blocking_port):
                    made = connecting(each, factory, TAsyncHeaderProtocolFactory())
                    async with await made as client:
                        await converse(client)
                        assert client._iprot.trans.protocol_id == protocol
                        assert client._iprot.trans.rules.received.transforms == list(transforms)

    run(main())


def test_a_blocking_client_calls_a_server_of_asyncio() -> None:
    def call(port: int) -> None:
        for protocol in (THeaderSubprotocolID.BINARY, THeaderSubprotocolID.COMPACT):
            factory = THeaderTransportFactory(default_protocol=protocol, transforms=[1])
            with client_context(
                Echo,
                "127.0.0.1",
                port,
                trans_factory=factory,
                proto_factory=THeaderProtocolFactory(),
                socket_timeout=PATIENCE * 1000,
            ) as client:
                client._iprot.set_header("trace", "abc")
                assert client.header("trace") == "abc"
                assert client.echo(LARGE) == LARGE

    async def main() -> None:
        async with serving(*AWAITED) as port:
            await asyncio.get_running_loop().run_in_executor(None, call, port)

    run(main())


@pytest.mark.parametrize(
    "transports", [TAsyncBufferedTransportFactory(), TAsyncFramedTransportFactory()]
)
@pytest.mark.parametrize(
    "protocols", [TAsyncBinaryProtocolFactory(), TAsyncCompactProtocolFactory()]
)
def test_other_callers_are_answered_in_kind(transports: Any, protocols: Any) -> None:
    async def main() -> None:
        async with (
            serving(*AWAITED) as port,
            await connecting(port, transports, protocols) as client,
        ):
            assert await client.echo("a") == "a"
            await client.forget()
            assert await client.echo(LARGE) == LARGE

    run(main())


def test_other_callers_are_refused_where_they_are_not_allowed() -> None:
    async def main() -> None:
        factories = TAsyncHeaderTransportFactory(), TAsyncHeaderProtocolFactory()
        others = TAsyncFramedTransportFactory(), TAsyncBinaryProtocolFactory()
        async with serving(*factories) as port, await connecting(port, *others) as client:
            with pytest.raises(TTransportException):
                await client.echo("a")

    run(main())


def test_headers_of_middleware_are_sent() -> None:
    def mark(get_response: Any) -> Any:
        async def answer(call: Any) -> Any:
            call.headers["Trace"] = "abc"
            return await get_response(call)

        return answer

    async def main() -> None:
        async with serving(*AWAITED) as port:
            trans = TAsyncHeaderTransport(TAsyncSocket("127.0.0.1", port))
            await trans.open()
            async with TAsyncClient(Echo, TAsyncHeaderProtocol(trans), middleware=[mark]) as client:
                assert await client.header("trace") == "abc"

    run(main())


def test_more_headers_than_a_frame_can_hold_are_not_sent() -> None:
    async def main() -> None:
        factories = TAsyncHeaderTransportFactory(), TAsyncHeaderProtocolFactory()
        async with serving(*AWAITED) as port, await connecting(port, *factories) as client:
            client._iprot.set_header("key", "v" * 300_000)
            with pytest.raises(TTransportException, match="headers of 3000"):
                await client.echo("b")
            assert await client.echo("c") == "c"

    run(main())


def test_zlib_with_itself_and_with_the_blocking_transport() -> None:
    def call(port: int) -> None:
        with client_context(
            Echo,
            "127.0.0.1",
            port,
            trans_factory=ZLIB[0],
            proto_factory=ZLIB[1],
            socket_timeout=PATIENCE * 1000,
        ) as client:
            for text in ("a", LARGE, "b"):
                assert client.echo(text) == text

    async def main() -> None:
        async with serving(*AWAITED_ZLIB) as port:
            with blocking_server(*ZLIB) as blocking_port:
                for each in (port, blocking_port):
                    async with await connecting(each, *AWAITED_ZLIB) as client:
                        for text in ("a", LARGE, "b"):
                            assert await client.echo(text) == text
            await asyncio.get_running_loop().run_in_executor(None, call, port)

    run(main())


class Arrived:
    """A transport on which these bytes have arrived, and then its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, sz: int) -> bytes:
        data, self._data = self._data[:sz], self._data[sz:]
        return data


def test_of_a_compressed_stream_no_more_is_decompressed_than_is_asked_for() -> None:
    async def main() -> None:
        trans = TAsyncZlibTransport(Arrived(zlib.compress(bytes(64 << 20))))
        assert await trans.read(10) == bytes(10)
        assert len(trans.arrived) < 1 << 20

    run(main())


def test_what_is_not_compressed_is_told() -> None:
    async def main() -> None:
        trans = TAsyncZlibTransport(Arrived(b"\x80\x01\x00\x01"))
        with pytest.raises(TTransportException, match="not compressed with zlib"):
            await trans.read(1)

    run(main())
