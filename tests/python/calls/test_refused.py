"""What is no call, or calls nothing that there is: refused by every server in the same words."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from typing import ClassVar

import fastthrift
import fastthrift.contrib.aio.http
import fastthrift.http
import pytest
import thrift.protocol.TBinaryProtocol
import thrift.Thrift
import thrift.transport.TSocket
import thrift.transport.TTransport
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.tracking import TrackerBase, TTrackedProcessor
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.server import TSimpleServer
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMessageType,
    TMultiplexedProcessor,
    TPayload,
    TProcessor,
    TType,
)
from fastthrift.transport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TMemoryBuffer,
    TSocket,
)
from peers import remote
from support import aio as aio_support
from support import http as http_support
from support.apache_compiled import generate
from support.rpc import PATIENCE, Calls, client_of, make_server, serving

CALL, REPLY, EXCEPTION, ONEWAY = (
    TMessageType.CALL,
    TMessageType.REPLY,
    TMessageType.EXCEPTION,
    TMessageType.ONEWAY,
)
NO_CALLS = [REPLY, EXCEPTION, 0, 5, 7]


class Noting:
    """A handler that answers `add`, and notes that it was called."""

    def __init__(self):
        self.called = []

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def method(*args):
            self.called.append(name)
            return sum(args) if name == "add" else None

        return method


class Overridden(TBinaryProtocolFactory):
    """Gives protocols that are asked by their methods."""

    def get_protocol(self, trans):
        proto = super().get_protocol(trans)
        proto.read_struct = type(proto).read_struct.__get__(proto)
        return proto


PROTOCOLS = {
    "binary": TBinaryProtocolFactory(),
    "overridden": Overridden(),
    "compact": TCompactProtocolFactory(),
    "json": TJSONProtocolFactory(),
    "apache_json": TApacheJSONProtocolFactory(),
}


def processor_of(kind, handler):
    if kind == "multiplexed":
        processor = TMultiplexedProcessor()
        processor.register_processor("Calls", TProcessor(Calls, handler))
        return processor
    if kind == "tracked":
        return TTrackedProcessor(TrackerBase(), Calls, handler)
    return TProcessor(Calls, handler)


@contextlib.contextmanager
def threaded(handler, kind="plain", protocol="binary", transport=None):
    server = make_server(
        processor=processor_of(kind, handler),
        iprot_factory=PROTOCOLS[protocol],
        itrans_factory=transport,
    )
    with serving(server) as port:
        yield port


@contextlib.contextmanager
def in_a_loop(serve):
    """An asyncio server in a thread; `serve` is an asynchronous context that gives its port."""
    started, port = threading.Event(), []

    async def main():
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        async with serve() as value:
            port.extend((value, lambda: loop.call_soon_threadsafe(stop.set)))
            started.set()
            await asyncio.wait_for(stop.wait(), 10 * PATIENCE)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield port[0]
    finally:
        port[1]()
        thread.join(PATIENCE)


def asyncio_server(handler, kind="plain", protocol="binary"):
    @contextlib.asynccontextmanager
    async def serve():
        processor = TAsyncProcessor(Calls, handler)
        if kind == "multiplexed":
            inner, processor = processor, TAsyncMultiplexedProcessor()
            processor.register_processor("Calls", inner)
        async with aio_support.serving(processor=processor, protocol=protocol) as server:
            yield aio_support.port_of(server)

    return in_a_loop(serve)


def asyncio_http_server(handler):
    @contextlib.asynccontextmanager
    async def serve():
        server = fastthrift.contrib.aio.http.make_server(Calls, handler, "127.0.0.1", 0)
        await server.start()
        try:
            yield server.addresses[0][1]
        finally:
            await server.close()

    return in_a_loop(serve)


class Connection:
    """Sends messages of any kind and reads what comes back."""

    def __init__(self, trans, protocol="binary"):
        self.proto = PROTOCOLS[protocol].get_protocol(trans)
        trans.open()

    def exchange(self, name, kind, seqid=7):
        args = Calls.add_args(1, 2)
        self.proto.write_message_begin(name, kind, seqid)
        args.write(self.proto)
        self.proto.write_message_end()
        self.proto.trans.flush()
        return self.receive()

    def receive(self):
        name, kind, seqid = self.proto.read_message_begin()
        body = TApplicationException() if kind == EXCEPTION else Calls.add_result()
        body.read(self.proto)
        self.proto.read_message_end()
        return name, kind, seqid, body


def socket_to(port, factory=None):
    return (factory or TBufferedTransportFactory()).get_transport(
        TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000)
    )


def http_to(port):
    client = fastthrift.http.THttpClient(f"http://127.0.0.1:{port}/", PATIENCE * 1000)
    return TBufferedTransport(client)


SERVERS = {
    **{
        f"threaded {protocol}": (
            lambda handler, protocol=protocol: threaded(handler, protocol=protocol),
            lambda port, protocol=protocol: Connection(
                socket_to(port), "binary" if protocol == "overridden" else protocol
            ),
        )
        for protocol in PROTOCOLS
    },
    "threaded framed": (
        lambda handler: threaded(handler, transport=TFramedTransportFactory()),
        lambda port: Connection(socket_to(port, TFramedTransportFactory())),
    ),
    "tracked": (
        lambda handler: threaded(handler, "tracked"),
        lambda port: Connection(socket_to(port)),
    ),
    "multiplexed": (
        lambda handler: threaded(handler, "multiplexed"),
        lambda port: Connection(socket_to(port)),
    ),
    "asyncio": (asyncio_server, lambda port: Connection(socket_to(port))),
    "asyncio compact": (
        lambda handler: asyncio_server(handler, protocol="compact"),
        lambda port: Connection(socket_to(port), "compact"),
    ),
    "asyncio multiplexed": (
        lambda handler: asyncio_server(handler, "multiplexed"),
        lambda port: Connection(socket_to(port)),
    ),
    "http": (
        lambda handler: http_server(handler),
        lambda port: Connection(http_to(port)),
    ),
    "asyncio http": (asyncio_http_server, lambda port: Connection(http_to(port))),
}
each_server = pytest.mark.parametrize("server", SERVERS)


@contextlib.contextmanager
def http_server(handler):
    with http_support.running(http_support.server_of(handler)) as port:
        yield port


@contextlib.contextmanager
def connected(server, handler):
    serve, connect = SERVERS[server]
    with serve(handler) as port:
        connection = connect(port)
        try:
            yield connection
        finally:
            connection.proto.trans.close()


def method_of(server, name):
    return f"Calls:{name}" if "multiplexed" in server else name


# Messages that are no calls


@pytest.mark.difference("messages-that-are-no-calls")
@each_server
def test_what_is_no_call_is_refused_and_never_executed(server):
    handler = Noting()
    method = method_of(server, "add")
    with connected(server, handler) as connection:
        for kind in NO_CALLS:
            name, answer, seqid, refusal = connection.exchange(method, kind, seqid=40 + kind)
            assert (name, answer, seqid) == ("add", EXCEPTION, 40 + kind)
            assert refusal.type == TApplicationException.INVALID_MESSAGE_TYPE
            if "multiplexed" in server:
                assert refusal.message == "TMultiplexed protocol only supports CALL & ONEWAY"
            else:
                assert refusal.message == (
                    f"Invalid message type: add came with type {kind}, and a server takes 1 (a "
                    f"call) and 4 (a oneway call)"
                )
        assert handler.called == []
        # The connection is as good as before.
        name, answer, seqid, result = connection.exchange(method, CALL)
        assert (name, answer, seqid, result.success) == ("add", REPLY, 7, 3)
    assert handler.called == ["add"]


def test_no_call_is_made_of_a_reply_to_a_oneway_method():
    handler = Noting()
    with threaded(handler) as port:
        connection = Connection(socket_to(port))
        _, kind, _, refusal = connection.exchange("note", REPLY)
        connection.proto.trans.close()
    assert (kind, refusal.type) == (EXCEPTION, TApplicationException.INVALID_MESSAGE_TYPE)
    assert handler.called == []


def test_a_simple_server_refuses_too():
    handler = Noting()
    server = make_server(processor=TProcessor(Calls, handler), server_class=TSimpleServer)
    with serving(server) as port:
        connection = Connection(socket_to(port))
        assert connection.exchange("add", EXCEPTION)[1] == EXCEPTION
        connection.proto.trans.close()
    assert handler.called == []


# Unknown methods


@each_server
def test_an_unknown_method_is_answered_with_its_name(server):
    handler = Noting()
    with connected(server, handler) as connection:
        for name in ("unheard", "_private", "add_args", "__init__"):
            _, kind, _, refusal = connection.exchange(method_of(server, name), CALL)
            assert (kind, refusal.type) == (EXCEPTION, TApplicationException.UNKNOWN_METHOD)
            assert refusal.message == f"Unknown method {name}"
        assert connection.exchange(method_of(server, "add"), CALL)[3].success == 3
    assert handler.called == ["add"]


# Over HTTP each call has a response of its own.
@pytest.mark.parametrize("server", [server for server in SERVERS if "http" not in server])
def test_an_unknown_oneway_call_gets_no_answer(server):
    with connected(server, Noting()) as connection:
        proto = connection.proto
        proto.write_message_begin(method_of(server, "unheard"), ONEWAY, 5)
        Calls.nothing_args().write(proto)
        proto.write_message_end()
        proto.trans.flush()
        # The answer that comes is that of the next call.
        assert connection.exchange(method_of(server, "add"), CALL)[2:3] == (7,)


@pytest.mark.parametrize("server", ["multiplexed", "asyncio multiplexed"])
def test_an_unknown_service_is_named(server):
    with connected(server, Noting()) as connection:
        _, kind, _, refusal = connection.exchange("Nobody:add", CALL)
    assert (kind, refusal.type) == (EXCEPTION, TApplicationException.UNKNOWN_METHOD)
    assert refusal.message == "Unknown method add: no service Nobody is registered"


def test_a_name_that_somebody_made_up_is_shown_short_and_printable():
    with threaded(Noting()) as port:
        connection = Connection(socket_to(port))
        assert connection.exchange("x" * 1000, CALL)[3].message == "Unknown method " + "x" * 100
        assert connection.exchange("a\x1b[31m", CALL)[3].message == r"Unknown method 'a\x1b[31m'"
        assert connection.exchange(b"\xff", CALL)[3].message == r"Unknown method b'\xff'"
        connection.proto.trans.close()


def test_the_client_raises_it_with_the_name():
    more = fastthrift.load_fp(io.StringIO("service Calls { void unheard() }"), "more_calls_thrift")
    with (
        threaded(Noting()) as port,
        client_of(port, more.Calls) as client,
        pytest.raises(TApplicationException) as caught,
    ):
        client.unheard()
    assert caught.value.message == "Unknown method unheard"
    assert caught.value.type == TApplicationException.UNKNOWN_METHOD


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_apaches_server_names_it_too(protocol):
    """So what our clients are told by theirs, and theirs by ours, reads alike."""
    more = fastthrift.load_fp(io.StringIO("service Peer { void unheard() }"), "more_peer_thrift")
    with (
        remote.serving("apache", protocol, "buffered") as port,
        client_of(port, more.Peer, proto_factory=PROTOCOLS[protocol]) as client,
        pytest.raises(TApplicationException) as caught,
    ):
        client.unheard()
    assert caught.value.message == "Unknown function unheard"
    assert caught.value.type == TApplicationException.UNKNOWN_METHOD


def test_apaches_client_is_told():
    with threaded(Noting()) as port:
        trans = thrift.transport.TTransport.TBufferedTransport(
            thrift.transport.TSocket.TSocket("127.0.0.1", port)
        )
        proto = thrift.protocol.TBinaryProtocol.TBinaryProtocol(trans)
        trans.open()
        for name, kind, expected in (
            ("unheard", CALL, "Unknown method unheard"),
            ("add", REPLY, "Invalid message type: add came with type 2"),
        ):
            proto.writeMessageBegin(name, kind, 3)
            proto.writeFieldStop()
            proto.writeMessageEnd()
            trans.flush()
            assert proto.readMessageBegin() == (name, EXCEPTION, 3)
            refusal = thrift.Thrift.TApplicationException()
            refusal.read(proto)
            proto.readMessageEnd()
            assert str(refusal).startswith(expected)
        trans.close()


# Exceptions that this side does not declare

SERVER_IDL = """
struct Other { 1: i32 code }
exception Missing { 1: string name }
exception Newer { 1: string name }
service Shop {
    void buy(1: string what) throws (1: Missing missing, 2: Newer newer),
    i32 count(1: string what) throws (1: Missing missing, 2: Newer newer),
}
"""
# As it was before `Newer`.
CLIENT_IDL = """
exception Missing { 1: string name }
service Shop {
    void buy(1: string what) throws (1: Missing missing),
    i32 count(1: string what) throws (1: Missing missing),
}
"""
shop = fastthrift.load_fp(io.StringIO(SERVER_IDL), "newer_shop_thrift")
older_shop = fastthrift.load_fp(io.StringIO(CLIENT_IDL), "older_shop_thrift")


class Shopkeeper:
    def __init__(self, module=shop):
        self.module = module

    def buy(self, what):
        if what == "newer":
            raise self.module.Newer(name=what)
        if what == "missing":
            raise self.module.Missing(name=what)

    def count(self, what):
        self.buy(what)
        return 3


def undeclared(method, field=2):
    return (
        f"Missing result: Shop.{method}() was answered with an exception that this side does not "
        f"declare (field {field}); load the .thrift file that the server uses"
    )


class OwnClient(TClient):
    """Goes by the public methods of the protocol."""

    def _recv(self, _api):
        return super()._recv(_api)


def assert_told(client, field=2):
    for method in ("buy", "count"):
        with pytest.raises(TApplicationException) as caught:
            getattr(client, method)("newer")
        assert caught.value.type == TApplicationException.MISSING_RESULT
        assert caught.value.message == undeclared(method, field)
        # What is declared, and what is fine, is as before on this very connection.
        with pytest.raises(older_shop.Missing):
            getattr(client, method)("missing")
    assert client.buy("x") is None
    assert client.count("x") == 3


@pytest.mark.difference("undeclared-answers")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_exception_that_this_side_does_not_declare(protocol):
    factory = PROTOCOLS[protocol]
    server = make_server(processor=TProcessor(shop.Shop, Shopkeeper()), iprot_factory=factory)
    with serving(server) as port, client_of(port, older_shop.Shop, proto_factory=factory) as client:
        assert_told(client, "newer" if protocol == "json" else 2)


def test_an_exception_that_this_side_does_not_declare_over_http():
    server = fastthrift.http.make_server(shop.Shop, Shopkeeper(), "127.0.0.1", 0)
    with (
        http_support.running(server) as port,
        fastthrift.http.client_context(older_shop.Shop, "127.0.0.1", port) as client,
    ):
        assert_told(client)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@pytest.mark.parametrize("transport", ["buffered", "framed"])
def test_an_exception_that_this_side_does_not_declare_with_asyncio(protocol, transport):
    async def main():
        ways = {"protocol": protocol, "transport": transport}
        processor = TAsyncProcessor(shop.Shop, Shopkeeper())
        async with (
            aio_support.serving(processor=processor, **ways) as server,
            aio_support.client_of(server, older_shop.Shop, **ways) as client,
        ):
            for method in ("buy", "count"):
                with pytest.raises(TApplicationException) as caught:
                    await getattr(client, method)("newer")
                assert caught.value.message == undeclared(method)
                with pytest.raises(older_shop.Missing):
                    await getattr(client, method)("missing")
            assert await client.buy("x") is None
            assert await client.count("x") == 3

    aio_support.run(main())


def test_an_exception_of_apaches_server_that_this_side_does_not_declare(tmp_path):
    compiled = generate(SERVER_IDL, "refused_calls_shop", tmp_path, "Shop")
    processor = compiled["Shop"].Processor(Shopkeeper(compiled["ttypes"]))
    listener = thrift.transport.TSocket.TServerSocket("127.0.0.1", 0)
    listener.listen()
    port = listener.handle.getsockname()[1]

    def serve():
        trans = thrift.transport.TTransport.TBufferedTransport(listener.accept())
        proto = thrift.protocol.TBinaryProtocol.TBinaryProtocol(trans)
        with contextlib.suppress(EOFError, thrift.transport.TTransport.TTransportException):
            while True:
                processor.process(proto, proto)
        trans.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_of(port, older_shop.Shop) as client:
            assert_told(client)
    finally:
        listener.close()
        thread.join(PATIENCE)


class Reply:
    """What a server answered, prepared."""

    def __init__(self, *fields):
        spec = {fid: (ttype, f"f{fid}", *rest, False) for fid, ttype, _, *rest in fields}
        self.body = type(TPayload)("Body", (TPayload,), {"thrift_spec": spec})()
        for fid, _, value, *_ in fields:
            setattr(self.body, f"f{fid}", value)

    def to(self, method, client_class):
        trans = TMemoryBuffer()
        proto = TBinaryProtocolFactory().get_protocol(trans)
        proto.write_message_begin(method, REPLY, 1)
        self.body.write(proto)
        proto.write_message_end()
        out = TBinaryProtocolFactory().get_protocol(TMemoryBuffer())
        return getattr(client_class(older_shop.Shop, proto, out), method)("x")


@pytest.mark.parametrize("client_class", [TClient, OwnClient])
def test_what_else_a_reply_to_a_void_call_may_hold(client_class):
    """Only an exception is one: a struct in another field than that of the result."""
    nothing = [
        Reply(),
        Reply((0, TType.I32, 5)),
        Reply((0, TType.STRUCT, shop.Other(1), shop.Other)),
        Reply((9, TType.STRING, "x")),
        Reply((1, TType.STRING, "mistyped")),
    ]
    for reply in nothing:
        assert reply.to("buy", client_class) is None
    with pytest.raises(TApplicationException, match=r"\(field 9\)"):
        Reply((9, TType.STRUCT, shop.Other(1), shop.Other)).to("buy", client_class)
    both = Reply((0, TType.I32, 5), (9, TType.STRUCT, shop.Other(1), shop.Other))
    with pytest.raises(TApplicationException, match=r"\(field 9\)"):
        both.to("buy", client_class)
    # A value that came is a value.
    assert both.to("count", client_class) == 5


def test_structs_that_are_no_results_note_nothing():
    class Record(TPayload):
        thrift_spec: ClassVar[dict] = {1: (TType.I32, "n", False)}

    trans = TMemoryBuffer()
    proto = TBinaryProtocolFactory().get_protocol(trans)
    Reply((9, TType.STRUCT, shop.Other(1), shop.Other)).body.write(proto)
    record = Record()
    record.read(proto)
    assert vars(record) == {}
