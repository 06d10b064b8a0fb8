"""The deadline of a client goes along in the frames of THeader, and holds for the handler: the
rules are those of HTTP, see http/test_deadlines.py."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncHeaderProtocolFactory
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncHeaderTransportFactory
from fastthrift.protocol import THeaderProtocol, THeaderProtocolFactory, TMultiplexedProtocolFactory
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    THeaderTransport,
    THeaderTransportFactory,
    TMemoryBuffer,
    TServerSocket,
)
from thrift.protocol.THeaderProtocol import THeaderProtocolFactory as ApacheProtocolFactory
from thrift.transport.TSocket import TServerSocket as ApacheServerSocket

IDL = """
service Timed {
    i32 left()
    i32 left_to_inner()
    i32 count()
    oneway void note()
}
"""
Timed = fastthrift.load_fp(io.StringIO(IDL), "header_deadlines_thrift").Timed
PATIENCE = 120
PARTS = THeaderTransportFactory(), THeaderProtocolFactory()
AWAITED = TAsyncHeaderTransportFactory(), TAsyncHeaderProtocolFactory()
AWAITING = ("asyncio", "native, awaited")
SERVERS = pytest.mark.parametrize("kind", ["threads", "native", *AWAITING])
NOT_EXECUTED = r"the deadline is over: left\(\) was not executed"


class Handler:
    """Answers with the milliseconds that are left of its time, or -1."""

    def __init__(self) -> None:
        self.runs = 0
        self.inner: Any = None

    def left(self) -> int:
        self.runs += 1
        call = fastthrift.current_call()
        assert call is not None
        return -1 if call.deadline is None else math.ceil((call.deadline - time.monotonic()) * 1000)

    def left_to_inner(self) -> int:
        left: int = self.inner.left()
        return left

    def count(self) -> int:
        return self.runs

    def note(self) -> None:
        self.runs += 1


class AwaitedHandler(Handler):
    async def left_to_inner(self) -> int:  # type: ignore[override]
        left: int = await self.inner.left()
        return left


@contextlib.contextmanager
def serving(kind: str, handler: Handler, *, several: bool = False) -> Iterator[int]:
    """A server of a kind, in a thread."""
    server: Any
    awaits = kind in AWAITING
    processor: Any = (TAsyncProcessor if awaits else TProcessor)(Timed, handler)
    if several:
        one = processor
        processor = (TAsyncMultiplexedProcessor if awaits else TMultiplexedProcessor)()
        processor.register_processor("timed", one)
    if kind != "asyncio":
        made = TThreadedServer if kind == "threads" else TNonblockingServer
        server = made(processor, TServerSocket("127.0.0.1", 0), *PARTS)
        server.handle_signals = False
        server.trans.listen()
        close, sock = server.close, server.trans.sock
    else:
        listening = TAsyncServerSocket("127.0.0.1", 0)
        loop = asyncio.new_event_loop()
        server = TAsyncServer(processor, listening, *AWAITED, loop=loop)
        server.init_server()
        close, sock = server.close_soon, listening.raw_sock
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        close()
        thread.join(PATIENCE)
        if kind == "asyncio":
            loop.close()


def calls(port: int) -> Any:
    return client_context(
        Timed,
        "127.0.0.1",
        port,
        trans_factory=PARTS[0],
        proto_factory=PARTS[1],
        socket_timeout=PATIENCE * 1000,
    )


def url_of(port: int) -> str:
    return f"tcp://127.0.0.1:{port}?transport=header"


def left_by(client: str, port: int) -> tuple[int, int]:
    """What a handler has, of a call within a deadline and of one without."""
    if client == "blocking":
        with calls(port) as one:
            with fastthrift.deadline(PATIENCE):
                within = one.left()
            return within, one.left()
    if client == "pool":
        with fastthrift.ClientPool(Timed, url_of(port), timeout=PATIENCE) as pool:
            within = pool.left()
            assert 0 < pool.left(timeout=PATIENCE / 2) <= PATIENCE * 500 + 1
            return within, pool.left(timeout=None)

    async def main() -> tuple[int, int]:
        if client == "pool of asyncio":
            async with AsyncClientPool(Timed, url_of(port), timeout=PATIENCE) as several:
                return await several.left(), await several.left(timeout=None)
        made = make_client(
            Timed,
            "127.0.0.1",
            port,
            timeout=PATIENCE * 1000,
            trans_factory=AWAITED[0],
            proto_factory=AWAITED[1],
        )
        async with await made as one:
            with fastthrift.deadline(PATIENCE):
                within = await one.left()
            return within, await one.left()

    return asyncio.run(main())


@SERVERS
@pytest.mark.parametrize("client", ["blocking", "pool", "asyncio", "pool of asyncio"])
def test_a_handler_has_the_time_that_the_client_leaves(kind: str, client: str) -> None:
    with serving(kind, Handler()) as port:
        within, without = left_by(client, port)
    assert 0 < within <= PATIENCE * 1000 + 1
    assert without == -1


@SERVERS
def test_a_call_whose_time_is_over_is_not_executed(kind: str) -> None:
    handler = Handler()
    with serving(kind, handler) as port, calls(port) as client:
        for text in ("0", "00"):
            client._iprot.set_header("x-thrift-timeout", text)
            with pytest.raises(TApplicationException, match=NOT_EXECUTED) as caught:
                client.left()
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
        client._iprot.set_header("X-Thrift-Timeout", "0")
        client.note()
        # The connection goes on, and the next call has no such time.
        assert client.count() == 0
        assert client.left() == -1
        assert client.count() == 1


@SERVERS
@pytest.mark.parametrize("value", ["", "soon", "-1", "0.5", "0x0", "0, 0", "9" * 10, b"\xb2"])
def test_what_is_no_number_of_milliseconds_is_ignored(kind: str, value: str | bytes) -> None:
    with serving(kind, Handler()) as port, calls(port) as client:
        client._iprot.set_header("X-Thrift-Timeout", value)
        assert client.left() == -1


@SERVERS
def test_calls_of_a_handler_have_the_same_end(kind: str) -> None:
    outer = AwaitedHandler() if kind in AWAITING else Handler()
    with serving("threads", Handler()) as inner, serving(kind, outer) as port, calls(port) as one:
        pool = AsyncClientPool if kind in AWAITING else fastthrift.ClientPool
        outer.inner = pool(Timed, url_of(inner), timeout=None)
        for _ in range(2):
            assert 0 < one.left_to_inner(timeout=PATIENCE) <= PATIENCE * 1000 + 1
            assert one.left_to_inner() == -1
        outer.inner._calls.close()


@SERVERS
def test_several_services_on_a_port_have_it_too(kind: str) -> None:
    handler = Handler()
    url = url_of(0) + "&service=timed"
    with serving(kind, handler, several=True) as port:
        trans = PARTS[0], TMultiplexedProtocolFactory(PARTS[1], "timed")
        url = url.replace(":0?", f":{port}?")
        with fastthrift.ClientPool(Timed, url, timeout=PATIENCE) as pool:
            assert 0 < pool.left() <= PATIENCE * 1000 + 1
        with client_context(
            Timed, "127.0.0.1", port, trans_factory=trans[0], proto_factory=trans[1]
        ) as client:
            client._iprot.trans.set_header("X-Thrift-Timeout", "0")
            with pytest.raises(TApplicationException, match=NOT_EXECUTED):
                client.left()
    assert handler.runs == 1


def test_a_processor_of_somebodys_own_is_bounded() -> None:
    class Own(TProcessor):
        def process(self, iprot: Any, oprot: Any) -> None:
            seen.append(type(iprot).__name__)
            super().process(iprot, oprot)

    seen: list[str] = []
    handler = Handler()
    server = TThreadedServer(Own(Timed, handler), TServerSocket("127.0.0.1", 0), *PARTS)
    server.handle_signals = False
    server.trans.listen()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with calls(server.trans.sock.getsockname()[1]) as client:
            assert 0 < client.left(timeout=PATIENCE) <= PATIENCE * 1000 + 1
            client._iprot.set_header("X-Thrift-Timeout", "0")
            with pytest.raises(TApplicationException, match=NOT_EXECUTED):
                client.left()
    finally:
        server.close()
        thread.join(PATIENCE)
    assert handler.runs == 1
    assert len(seen) == 2


def message(**headers: str) -> bytes:
    """A call of left() with headers, as it is sent."""
    memory = TMemoryBuffer()
    proto = THeaderProtocol(THeaderTransport(memory))
    for name, value in headers.items():
        proto.set_header(name.replace("_", "-"), value)
    client = TClient(Timed, proto)
    client._send("left")
    sent: bytes = memory.getvalue()
    return sent


class Endless(TMemoryBuffer):  # type: ignore[misc]
    """A transport that names itself as the one below it."""

    @property
    def trans(self) -> Any:
        return self


def test_a_transport_over_itself_is_sent_to() -> None:
    trans = Endless()
    TClient(Timed, THeaderProtocol(THeaderTransport(trans)))._send("left")
    assert b"left" in trans.getvalue()


def answer_to(data: bytes) -> Any:
    client = TClient(Timed, THeaderProtocol(THeaderTransport(TMemoryBuffer(data))))
    client._seqid = 0
    return client._recv("left")


@pytest.mark.parametrize(("given", "most"), [("90000", 90_000), (None, -1)])
def test_who_serves_without_a_server_has_it_for_the_call(given: str | None, most: int) -> None:
    headers = {} if given is None else {"X_Thrift_Timeout": given}
    source, sink = TMemoryBuffer(message(**headers)), TMemoryBuffer()
    iprot, oprot = (THeaderProtocol(THeaderTransport(each)) for each in (source, sink))
    assert TProcessor(Timed, Handler()).process_and_answer(iprot, oprot)
    assert fastthrift._calls.deadlines.current_deadline() is None
    left = answer_to(sink.getvalue())
    assert (0 < left <= most) if given else left == most


def test_a_header_of_the_program_goes_before_that_of_the_deadline() -> None:
    with (
        serving("threads", Handler()) as port,
        calls(port) as client,
        fastthrift.deadline(PATIENCE),
    ):
        client._iprot.trans.set_persistent_header("x-thrift-timeout", "1000000")
        for _ in range(2):
            assert client.left() > PATIENCE * 1000 + 1


def test_servers_of_apache_are_told_it() -> None:
    listener = ApacheServerSocket("127.0.0.1", 0)
    listener.listen()
    told: list[dict[bytes, bytes]] = []

    def serve() -> None:
        connection = listener.accept()
        proto = ApacheProtocolFactory().getProtocol(connection)
        proto.readMessageBegin()
        told.append(proto.trans.get_headers())
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with calls(listener.handle.getsockname()[1]) as client, pytest.raises(Exception, match="left"):
        client.left(timeout=PATIENCE)
    thread.join(PATIENCE)
    listener.close()
    (headers,) = told
    assert headers.keys() == {b"X-Thrift-Timeout"}
    assert 0 < int(headers[b"X-Thrift-Timeout"]) <= PATIENCE * 1000


PROGRAM = """
import io
from fastthrift import load_fp
from fastthrift.protocol import THeaderProtocol
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import THeaderTransport, TMemoryBuffer

Shop = load_fp(io.StringIO("service Shop { string who() }"), "shop_thrift").Shop
class Handler:
    def who(self):
        import fastthrift
        return fastthrift.current_call().headers["tenant"]

source, sink = TMemoryBuffer(), TMemoryBuffer()
proto = THeaderProtocol(THeaderTransport(source))
proto.set_header("Tenant", "acme")
client = TClient(Shop, proto)
client._send("who")
source.setvalue(source.getvalue())
oprot = THeaderProtocol(THeaderTransport(sink))
TProcessor(Shop, Handler()).process(THeaderProtocol(THeaderTransport(source)), oprot)
print(TClient(Shop, THeaderProtocol(THeaderTransport(sink)), check_seqid=False)._recv("who"))
"""


def test_the_first_handler_of_a_process_to_ask_is_told_of_its_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == "acme\n", done.stderr
