"""Calls whose results or arguments exceed a limit: one side is told, and the connection stays."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import fastthrift
import fastthrift.http
import fastthrift.protocol
import fastthrift.rpc
import fastthrift.transport
import pytest
import thriftpy2
import thriftpy2.contrib.aio.protocol
import thriftpy2.contrib.aio.rpc
import thriftpy2.contrib.aio.transport
import thriftpy2.http
import thriftpy2.protocol
import thriftpy2.rpc
import thriftpy2.server
import thriftpy2.thrift
import thriftpy2.transport
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import (
    TAsyncBinaryProtocolFactory,
    TAsyncCompactProtocolFactory,
)
from fastthrift.contrib.aio.rpc import make_client as make_aio_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import (
    TAsyncBufferedTransportFactory,
    TAsyncFramedTransportFactory,
)
from fastthrift.contrib.tracking import ConsoleTracker, TTrackedClient, TTrackedProcessor
from fastthrift.protocol import TMultiplexedProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.thrift import (
    TApplicationException,
    TDecodeException,
    TMultiplexedProcessor,
    TProcessor,
)
from support.aio import run
from support.http import running
from support.rpc import PATIENCE, serving

IDL = """
struct Chain { 1: Chain inner }
exception Large { 1: string text }
service Sizes {
    string text(1: i32 size),
    binary data(1: i32 size),
    Chain chain(1: i32 levels),
    void fails(1: i32 size) throws (1: Large large),
    i32 wrong(),
    list<i32> half_wrong(),
    i32 measure(1: string text, 2: Chain chain),
}
"""
module = fastthrift.load_fp(io.StringIO(IDL), "limits_of_calls_thrift")
theirs = thriftpy2.load_fp(io.StringIO(IDL), "limits_of_their_calls_thrift")
Sizes = module.Sizes


def chain(levels: int, module: Any = module) -> Any:
    obj = None
    for _ in range(levels):
        obj = module.Chain(inner=obj)
    return obj


class Handler:
    def __init__(self, module: Any = module) -> None:
        self.module = module
        self.measured: list[int] = []

    def text(self, size):
        return "x" * size

    def data(self, size):
        return b"x" * size

    def chain(self, levels):
        return chain(levels, self.module)

    def fails(self, size):
        raise self.module.Large(text="x" * size)

    def wrong(self):
        return "the password"

    def half_wrong(self):
        return [1, 2, "the password"]

    def measure(self, text, chain):
        self.measured.append(len(text))
        return len(text)


#: What is limited: the option of protocols or of frames, and its value.
LIMITS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "max_string_size": ({"max_string_size": 500}, {}),
    "max_message_size": ({"max_message_size": 600}, {}),
    "max_frame_size": ({}, {"max_frame_size": 600}),
    "max_depth": ({"max_depth": 8}, {}),
}
PROTOCOLS = {
    "binary": "TBinaryProtocolFactory",
    "compact": "TCompactProtocolFactory",
    "json": "TJSONProtocolFactory",
    "apache_json": "TApacheJSONProtocolFactory",
}
AIO_PROTOCOLS = {"binary": TAsyncBinaryProtocolFactory, "compact": TAsyncCompactProtocolFactory}


def factories(package: Any, protocol: str, limit: str, limited: bool) -> dict[str, Any]:
    """The factories of a side; thriftpy2's know no limits."""
    options, frames = LIMITS[limit] if limited else ({}, {})
    transport = "Framed" if limit == "max_frame_size" else "Buffered"
    return {
        "proto_factory": getattr(package.protocol, PROTOCOLS[protocol])(**options),
        "trans_factory": getattr(package.transport, f"T{transport}TransportFactory")(**frames),
    }


def aio_factories(protocol: str, limit: str, limited: bool) -> dict[str, Any]:
    options, frames = LIMITS[limit] if limited else ({}, {})
    framed = limit == "max_frame_size"
    transports = TAsyncFramedTransportFactory if framed else TAsyncBufferedTransportFactory
    return {
        "proto_factory": AIO_PROTOCOLS[protocol](**options),
        "trans_factory": transports(**frames),
    }


# Results.


@contextlib.contextmanager
def socket_server(kind: str, handler: Any, protocol: str, limit: str) -> Iterator[int]:
    processor: Any = TProcessor(Sizes, handler)
    if kind == "multiplexed":
        processor = TMultiplexedProcessor()
        processor.register_processor("Sizes", TProcessor(Sizes, handler))
    elif kind == "tracked":
        processor = TTrackedProcessor(ConsoleTracker(), Sizes, handler)
    parts = factories(fastthrift, protocol, limit, limited=True)
    trans = fastthrift.transport.TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    server_class = TSimpleServer if kind == "simple" else TThreadedServer
    server = server_class(processor, trans, parts["trans_factory"], parts["proto_factory"])
    trans.listen()
    with serving(server) as port:
        assert port is not None
        yield port


@contextlib.contextmanager
def http_server(kind: str, handler: Any, protocol: str, limit: str) -> Iterator[int]:
    server = fastthrift.http.make_server(
        Sizes, handler, "127.0.0.1", 0, **factories(fastthrift, protocol, limit, limited=True)
    )
    with running(server) as port:
        yield port


@contextlib.contextmanager
def client_of(package: Any, kind: str, port: int, protocol: str, limit: str, **limited: Any) -> Any:
    """A client of this package or of thriftpy2, on one connection."""
    parts = factories(package, protocol, limit, **{"limited": False, **limited})
    service = Sizes if package is fastthrift else theirs.Sizes
    if kind == "http":
        client = package.http.make_client(
            service, "127.0.0.1", port, timeout=PATIENCE * 1000, **parts
        )
    elif kind == "tracked" and package is fastthrift:
        socket = fastthrift.transport.TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000)
        trans = parts["trans_factory"].get_transport(socket)
        trans.open()
        proto = parts["proto_factory"].get_protocol(trans)
        client = TTrackedClient(ConsoleTracker(), service, proto)
    else:
        if kind == "multiplexed":
            wrapped = package.protocol.TMultiplexedProtocolFactory
            parts["proto_factory"] = wrapped(parts["proto_factory"], "Sizes")
        client = package.rpc.make_client(
            service, "127.0.0.1", port, timeout=PATIENCE * 1000, **parts
        )
    with contextlib.closing(client):
        yield client


def too_much(client: Any, limit: str) -> list[tuple[str, Callable[[], Any]]]:
    """Calls whose results exceed the limit."""
    if limit == "max_depth":
        return [("chain", lambda: client.chain(20))]
    calls = [("text", lambda: client.text(1000)), ("fails", lambda: client.fails(1000))]
    if limit == "max_string_size":
        calls.append(("data", lambda: client.data(501)))
    return calls


def assert_told(error: Any, method: str, limit: str) -> None:
    assert error.type == TApplicationException.INTERNAL_ERROR
    assert error.message.startswith(f"Internal error processing {method}: ")
    assert limit in error.message
    if limit != "max_depth":
        (value,) = [*LIMITS[limit][0].values(), *LIMITS[limit][1].values()]
        assert str(value) in error.message
    assert "xxx" not in error.message


def assert_logged(caplog: Any, methods: list[str]) -> None:
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage().split(",")[0] for record in records] == [
        f"Error processing {method}" for method in methods
    ]
    assert all(record.exc_info for record in records)


KINDS = ["simple", "threaded", "multiplexed", "tracked", "http"]


#: thriftpy2's Apache JSON reads an exception, and what comes after it, as the next answer again.
THEIR_PROTOCOLS = [protocol for protocol in PROTOCOLS if protocol != "apache_json"]
CLIENTS = [
    *((fastthrift, kind, protocol) for kind in KINDS for protocol in PROTOCOLS),
    *((thriftpy2, kind, protocol) for kind in KINDS for protocol in THEIR_PROTOCOLS),
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("package", "kind", "protocol"), CLIENTS, ids=lambda value: getattr(value, "__name__", None)
)
@pytest.mark.difference("undeclared-exceptions")
def test_a_result_above_a_limit(
    package: Any, kind: str, protocol: str, limit: str, caplog: Any
) -> None:
    named = "Sizes:" if kind == "multiplexed" else ""
    serve = http_server if kind == "http" else socket_server
    refused = package.thrift.TApplicationException
    methods = []
    with (
        serve(kind, Handler(), protocol, limit) as port,
        client_of(package, kind, port, protocol, limit) as client,
    ):
        for method, call in too_much(client, limit) * 2:
            with pytest.raises(refused) as caught:
                call()
            assert_told(caught.value, method, limit)
            methods.append(named + method)
            assert client.text(3) == "xxx"
    assert_logged(caplog, methods)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("framed", [False, True])
def test_a_result_that_does_not_fit_its_type(
    kind: str, protocol: str, framed: bool, caplog: Any
) -> None:
    """The same answer, and no word of the value."""
    named = "Sizes:" if kind == "multiplexed" else ""
    serve = http_server if kind == "http" else socket_server
    limit = "max_frame_size" if framed else "max_string_size"
    with (
        serve(kind, Handler(), protocol, limit) as port,
        client_of(fastthrift, kind, port, protocol, limit) as client,
    ):
        for method in ("wrong", "half_wrong"):
            with pytest.raises(TApplicationException) as caught:
                getattr(client, method)()
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
            assert caught.value.message == f"Internal error processing {method}"
            assert client.text(3) == "xxx"
    assert_logged(caplog, [named + "wrong", named + "half_wrong"])
    assert all(issubclass(record.exc_info[0], TDecodeException) for record in caplog.records)


class AioHandler:
    def __init__(self) -> None:
        self.sync = Handler()

    def __getattr__(self, name: str) -> Any:
        async def method(*args: Any) -> Any:
            await asyncio.sleep(0)
            return getattr(self.sync, name)(*args)

        return method


@contextlib.asynccontextmanager
async def aio_server(kind: str, handler: Any, protocol: str, limit: str) -> Any:
    parts = aio_factories(protocol, limit, limited=True)
    if kind == "http":
        proto_factory = parts["proto_factory"]
        server: Any = aio_http.make_server(
            Sizes, handler, "127.0.0.1", 0, proto_factory=proto_factory
        )
        await server.start()
        port = server.addresses[0][1]
    else:
        processor: Any = TAsyncProcessor(Sizes, handler)
        if kind == "multiplexed":
            processor = TAsyncMultiplexedProcessor()
            processor.register_processor("Sizes", TAsyncProcessor(Sizes, handler))
        trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
        server = TAsyncServer(processor, trans, parts["trans_factory"], parts["proto_factory"])
        await server.start()
        port = trans.raw_sock.getsockname()[1]
    try:
        yield port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def aio_client(kind: str, port: int, protocol: str, limit: str, limited: bool = False) -> Any:
    parts = aio_factories(protocol, limit, limited)
    if kind == "http":
        async with aio_http.client_context(
            Sizes, "127.0.0.1", port, proto_factory=parts["proto_factory"], timeout=PATIENCE * 1000
        ) as client:
            yield client
        return
    if kind == "multiplexed":
        parts["proto_factory"] = TMultiplexedProtocolFactory(parts["proto_factory"], "Sizes")
    async with await make_aio_client(
        Sizes, "127.0.0.1", port, timeout=PATIENCE * 1000, **parts
    ) as client:
        yield client


AIO_CASES = [
    (kind, protocol, limit)
    for kind in ("aio", "multiplexed", "http")
    for protocol in AIO_PROTOCOLS
    for limit in LIMITS
    # Each request of HTTP is one message, without a frame.
    if (kind, limit) != ("http", "max_frame_size")
]


@pytest.mark.parametrize(("kind", "protocol", "limit"), AIO_CASES)
def test_a_result_above_a_limit_with_asyncio(
    kind: str, protocol: str, limit: str, caplog: Any
) -> None:
    named = "Sizes:" if kind == "multiplexed" else ""
    methods = []

    async def main() -> None:
        async with (
            aio_server(kind, AioHandler(), protocol, limit) as port,
            aio_client(kind, port, protocol, limit) as client,
        ):
            for method, call in too_much(client, limit) * 2:
                with pytest.raises(TApplicationException) as caught:
                    await call()
                assert_told(caught.value, method, limit)
                methods.append(named + method)
                assert await client.text(3) == "xxx"
            for method in ("wrong", "half_wrong"):
                with pytest.raises(TApplicationException) as caught:
                    await getattr(client, method)()
                assert caught.value.message == f"Internal error processing {method}"
                methods.append(named + method)
                assert await client.text(3) == "xxx"

    run(main())
    assert_logged(caplog, methods)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("protocol", AIO_PROTOCOLS)
@pytest.mark.parametrize("kind", ["sync", "aio"])
def test_a_result_of_the_asyncio_server_for_thriftpy2(kind: str, protocol: str, limit: str) -> None:
    def talk(port: int) -> None:
        with client_of(thriftpy2, "threaded", port, protocol, limit) as client:
            for method, call in too_much(client, limit):
                with pytest.raises(thriftpy2.thrift.TApplicationException) as caught:
                    call()
                assert_told(caught.value, method, limit)
                assert client.text(3) == "xxx"

    async def talk_async(port: int) -> None:
        aio = thriftpy2.contrib.aio
        framed = "Framed" if limit == "max_frame_size" else "Buffered"
        client = await aio.rpc.make_client(
            theirs.Sizes,
            "127.0.0.1",
            port,
            timeout=PATIENCE * 1000,
            proto_factory=getattr(aio.protocol, f"TAsync{protocol.title()}ProtocolFactory")(),
            trans_factory=getattr(aio.transport, f"TAsync{framed}TransportFactory")(),
        )
        for method, call in too_much(client, limit):
            with pytest.raises(thriftpy2.thrift.TApplicationException) as caught:
                await call()
            assert_told(caught.value, method, limit)
            assert await client.text(3) == "xxx"
        client.close()
        await asyncio.sleep(0)

    async def main() -> None:
        async with aio_server("aio", AioHandler(), protocol, limit) as port:
            if kind == "sync":
                await asyncio.to_thread(talk, port)
            else:
                await talk_async(port)

    run(main())


class Talkative(TProcessor):
    """Calls another service once it has answered, with more than may be sent there."""

    other: Any

    def process(self, iprot: Any, oprot: Any) -> None:
        super().process(iprot, oprot)
        self.other.measure("x" * 1000, None)


def test_what_another_connection_refuses_is_no_reason_to_answer_twice(caplog: Any) -> None:
    limit = "max_frame_size"
    handler = Handler()
    processor = Talkative(Sizes, handler)
    trans = fastthrift.transport.TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    parts = factories(fastthrift, "binary", limit, limited=False)
    server = TThreadedServer(processor, trans, parts["trans_factory"], parts["proto_factory"])
    with (
        socket_server("threaded", Handler(), "binary", limit) as other_port,
        client_of(
            fastthrift, "threaded", other_port, "binary", limit, limited=True
        ) as processor.other,
        serving(server) as port,
        client_of(fastthrift, "threaded", port, "binary", limit) as client,
    ):
        assert client.text(3) == "xxx"
        # One answer, and the connection is closed, because nobody knows what went on after it.
        with pytest.raises(fastthrift.transport.TTransportException):
            client.text(4)
        assert processor.other.measure("xx", None) == 2


# Arguments.


@contextlib.contextmanager
def their_server(kind: str, handler: Any, protocol: str, limit: str) -> Iterator[int]:
    """thriftpy2's, for one connection: it cannot be closed."""
    parts = factories(thriftpy2, protocol, limit, limited=False)
    trans = thriftpy2.transport.TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    port = trans.sock.getsockname()[1]
    processor = thriftpy2.thrift.TProcessor(theirs.Sizes, handler)

    def serve() -> None:
        connection = parts["trans_factory"].get_transport(trans.accept())
        proto = parts["proto_factory"].get_protocol(connection)
        with contextlib.suppress(thriftpy2.transport.TTransportException):
            while True:
                processor.process(proto, proto)
        connection.close()
        trans.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield port
    thread.join(PATIENCE)
    assert not thread.is_alive()


def too_large(client: Any, limit: str) -> Callable[[], Any]:
    """A call whose arguments exceed the limit."""
    if limit == "max_depth":
        return lambda: client.measure("x", chain(20))
    return lambda: client.measure("x" * 1000, None)


SERVERS = [
    *((kind, protocol) for kind in KINDS for protocol in PROTOCOLS),
    *(("thriftpy2", protocol) for protocol in THEIR_PROTOCOLS),
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("kind", "protocol"), SERVERS)
def test_arguments_above_a_limit(kind: str, protocol: str, limit: str) -> None:
    serve: Any = {"http": http_server, "thriftpy2": their_server}.get(kind, socket_server)
    handler = Handler(theirs if kind == "thriftpy2" else module)
    with (
        serve(kind, handler, protocol, limit) as port,
        client_of(fastthrift, kind, port, protocol, limit, limited=True) as client,
    ):
        for size in (3, 4):
            with pytest.raises(TProtocolException, match=limit) as caught:
                too_large(client, limit)()
            assert caught.value.type == TProtocolException.SIZE_LIMIT
            # The server has heard nothing of it, and the connection is used again.
            assert client.measure("x" * size, chain(1)) == size
    assert handler.measured == [3, 4]


@pytest.mark.parametrize(("kind", "protocol", "limit"), AIO_CASES)
def test_arguments_above_a_limit_with_asyncio(kind: str, protocol: str, limit: str) -> None:
    handler = AioHandler()

    async def main() -> None:
        async with (
            aio_server(kind, handler, protocol, limit) as port,
            aio_client(kind, port, protocol, limit, limited=True) as client,
        ):
            for size in (3, 4):
                with pytest.raises(TProtocolException, match=limit) as caught:
                    await too_large(client, limit)()
                assert caught.value.type == TProtocolException.SIZE_LIMIT
                assert await client.measure("x" * size, chain(1)) == size

    run(main())
    assert handler.sync.measured == [3, 4]
