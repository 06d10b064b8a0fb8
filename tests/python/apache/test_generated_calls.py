"""Generated clients and processors with this package's codec, between each other, with Apache's own
codec, and with clients and servers of this package."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import fastthrift
import pytest
from fastthrift import current_call, hooks
from fastthrift.contrib import apache
from fastthrift.contrib.apache import protocol as modules
from fastthrift.http import THttpServer
from fastthrift.protocol import TBinaryProtocolFactory as OwnBinary
from fastthrift.protocol import TCompactProtocolFactory as OwnCompact
from fastthrift.protocol import TMultiplexedProtocolFactory
from fastthrift.protocol.header import THeaderProtocolFactory
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import TApplicationException as OwnApplicationException
from fastthrift.transport import TBufferedTransportFactory as OwnBuffered
from fastthrift.transport import TFramedTransportFactory as OwnFramed
from fastthrift.transport import TServerSocket as OwnServerSocket
from fastthrift.transport import TSocket as OwnSocket
from fastthrift.transport.header import THeaderTransportFactory
from support.apache_compiled import generate
from support.example_processes import EXAMPLES, Server, free_port
from support.generated import FACTORIES
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.server import TServer
from thrift.Thrift import TApplicationException
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport import THttpClient, TSocket, TTransport

IDL = """
struct Item { 1: string name, 2: list<i32> counts }
exception Missing { 1: string name }
service Shop {
  Item find(1: string name) throws (1: Missing missing),
  list<Item> all(1: i32 count),
  oneway void note(1: string text),
  void fail(),
}
"""

OWN = {"binary": OwnBinary, "compact": OwnCompact}
TRANSPORTS = {
    "buffered": (TTransport.TBufferedTransportFactory, OwnBuffered),
    "framed": (TTransport.TFramedTransportFactory, OwnFramed),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return generate(IDL, "generated_shop", tmp_path_factory.mktemp("shop"), "Shop")


@pytest.fixture(scope="module")
def loaded() -> Any:
    return fastthrift.load_fp(io.StringIO(IDL), "loaded_shop_thrift")


class Handler:
    """The same handler, by the classes of either module."""

    def __init__(self, types: Any) -> None:
        self.types = types
        self.notes: list[str] = []
        self.noted = threading.Event()

    def find(self, name: str) -> Any:
        if name == "nothing":
            raise self.types.Missing(name=name)
        return self.types.Item(name=name, counts=[1, 2, 3])

    def all(self, count: int) -> list[Any]:
        return [self.types.Item(name="x" * 100, counts=[i]) for i in range(count)]

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.noted.set()

    def fail(self) -> None:
        raise ZeroDivisionError("on purpose")


class Listening(TSocket.TServerSocket):
    """A port that ends the loop of Apache's server, which goes on after all but this."""

    over = False

    def accept(self) -> Any:
        client = super().accept()
        if self.over:
            client.close()
            raise KeyboardInterrupt
        return client

    @property
    def address(self) -> Any:
        return self.handle.getsockname()[:2]


@contextlib.contextmanager
def apache_server(processor: Any, protocol: Any, transport: Any) -> Iterator[int]:
    """Apache's threaded server."""
    listening = Listening("127.0.0.1", 0)
    listening.listen()
    server = TServer.TThreadedServer(processor, listening, transport, protocol, daemon=True)
    # It listens already, so that its port is known.
    listening.listen = lambda: None

    def serve() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            server.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.address[1]
    finally:
        listening.over = True
        socket.create_connection(listening.address).close()
        thread.join()
        listening.close()


@contextlib.contextmanager
def own_server(kind: Any, processor: Any, protocol: Any, transport: Any) -> Iterator[int]:
    listening = OwnServerSocket("127.0.0.1", 0)
    server = kind(processor, listening, itrans_factory=transport(), iprot_factory=OWN[protocol]())
    listening.listen()
    port = listening.sock.getsockname()[1]
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield port
    finally:
        server.close()
        thread.join()


@contextlib.contextmanager
def generated_client(shop: Any, port: int, protocol: Any, transport: Any) -> Iterator[Any]:
    trans = transport.getTransport(TSocket.TSocket("127.0.0.1", port))
    trans.open()
    try:
        yield shop["Shop"].Client(protocol.getProtocol(trans))
    finally:
        trans.close()


def use(client: Any, handler: Handler, missing: Any, refused: Any) -> None:
    """Calls of every kind, on one connection."""
    item = client.find("tea")
    assert (item.name, item.counts) == ("tea", [1, 2, 3])
    with pytest.raises(missing) as caught:
        client.find("nothing")
    assert caught.value.name == "nothing"
    with pytest.raises(refused):
        client.fail()
    # Longer than what transports read at once.
    assert [item.counts for item in client.all(500)] == [[i] for i in range(500)]
    client.note("noted")
    assert client.find("after").name == "after"
    assert handler.noted.wait(60)
    assert handler.notes == ["noted"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize(("client_side", "server_side"), [(0, 1), (1, 0), (1, 1)])
def test_generated_code_on_both_sides(
    shop: Any, protocol: str, transport: str, client_side: int, server_side: int
) -> None:
    handler = Handler(shop["ttypes"])
    factories = FACTORIES[protocol]
    trans = TRANSPORTS[transport][0]()
    processor = shop["Shop"].Processor(handler)
    with (
        apache_server(processor, factories[server_side], trans) as port,
        generated_client(shop, port, factories[client_side], trans) as client,
    ):
        use(client, handler, shop["ttypes"].Missing, TApplicationException)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", FACTORIES)
def test_a_client_of_this_package_calls_a_generated_processor_on_apaches_server(
    shop: Any, loaded: Any, protocol: str, transport: str
) -> None:
    handler = Handler(shop["ttypes"])
    theirs, ours = TRANSPORTS[transport]
    processor = shop["Shop"].Processor(handler)
    with (
        apache_server(processor, FACTORIES[protocol][1], theirs()) as port,
        client_context(
            loaded.Shop,
            "127.0.0.1",
            port,
            proto_factory=OWN[protocol](),
            trans_factory=ours(),
            socket_timeout=60_000,
        ) as client,
    ):
        use(client, handler, loaded.Missing, OwnApplicationException)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("kind", [TThreadedServer, TNonblockingServer])
def test_servers_of_this_package_serve_a_generated_processor(
    shop: Any, kind: Any, protocol: str, transport: str
) -> None:
    handler = Handler(shop["ttypes"])
    theirs, ours = TRANSPORTS[transport]
    processor = apache.GeneratedProcessor(shop["Shop"].Processor(handler))
    with own_server(kind, processor, protocol, ours) as port:
        for factory in FACTORIES[protocol]:
            with generated_client(shop, port, factory, theirs()) as client:
                handler.notes.clear()
                handler.noted.clear()
                use(client, handler, shop["ttypes"].Missing, TApplicationException)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", FACTORIES)
def test_a_generated_client_goes_over_transports_of_this_package(
    shop: Any, loaded: Any, protocol: str, transport: str
) -> None:
    from fastthrift.thrift import TProcessor

    handler = Handler(loaded)
    ours = TRANSPORTS[transport][1]
    with own_server(TThreadedServer, TProcessor(loaded.Shop, handler), protocol, ours) as port:
        trans = ours().get_transport(OwnSocket("127.0.0.1", port))
        trans.open()
        protocols = FACTORIES[protocol][1].getProtocol(trans)
        assert protocols.trans.isOpen()
        use(shop["Shop"].Client(protocols), handler, shop["ttypes"].Missing, TApplicationException)
        protocols.trans.close()
        assert not trans.is_open()
        with pytest.raises(TTransport.TTransportException):
            shop["Shop"].Client(protocols).find("closed")


@contextlib.contextmanager
def hooked() -> Iterator[list[Any]]:
    told: list[Any] = []
    hooks.add(server=told.append)
    try:
        yield told
    finally:
        hooks.remove(server=told.append)


@pytest.mark.parametrize("default_protocol", [0, 2], ids=["binary", "compact"])
@pytest.mark.parametrize("kind", [TThreadedServer, TNonblockingServer])
def test_a_generated_processor_is_served_over_theader(
    shop: Any, loaded: Any, kind: Any, default_protocol: int
) -> None:
    handler = Handler(shop["ttypes"])
    handler.find = lambda name: shop["ttypes"].Item(name=current_call().headers[name], counts=[])
    listening = OwnServerSocket("127.0.0.1", 0)
    server = kind(
        apache.GeneratedProcessor(shop["Shop"].Processor(handler)),
        listening,
        itrans_factory=THeaderTransportFactory(),
        iprot_factory=THeaderProtocolFactory(),
    )
    listening.listen()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with client_context(
            loaded.Shop,
            *listening.sock.getsockname()[:2],
            trans_factory=THeaderTransportFactory(),
            proto_factory=THeaderProtocolFactory(default_protocol=default_protocol),
            socket_timeout=60_000,
        ) as client:
            client._oprot.set_header("color", "green")
            assert client.find("color").name == "green"
            assert [item.counts for item in client.all(3)] == [[0], [1], [2]]
            with pytest.raises(OwnApplicationException):
                client.fail()
    finally:
        server.close()
        thread.join()


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", [TThreadedServer, TNonblockingServer])
def test_calls_of_generated_processors_are_seen(
    shop: Any, loaded: Any, kind: Any, several: bool
) -> None:
    handler = Handler(shop["ttypes"])
    seen = []
    find = handler.find
    handler.find = lambda name: seen.append(current_call()) or find(name)
    processor = shop["Shop"].Processor(handler)
    if several:
        one, processor = processor, TMultiplexedProcessor()
        processor.registerProcessor("shop", one)
    with (
        hooked() as told,
        own_server(kind, apache.GeneratedProcessor(processor), "binary", OwnFramed) as port,
        client_context(
            loaded.Shop,
            "127.0.0.1",
            port,
            proto_factory=TMultiplexedProtocolFactory(OwnBinary(), "shop")
            if several
            else OwnBinary(),
            trans_factory=OwnFramed(),
            socket_timeout=60_000,
        ) as client,
    ):
        client.find("tea")
        with pytest.raises(loaded.Missing):
            client.find("nothing")
        with pytest.raises(OwnApplicationException):
            client.fail()
        client.note("a note")
        client.all(1)
    assert [(call.name, call.outcome) for call in told] == [
        ("Shop.find", "success"),
        ("Shop.find", "exception"),
        ("Shop.fail", "error"),
        ("Shop.note", "success"),
        ("Shop.all", "success"),
    ]
    assert [call.arguments for call in told] == [
        {"name": "tea"},
        {"name": "nothing"},
        {},
        {"text": "a note"},
        {"count": 1},
    ]
    assert isinstance(told[2].error, ZeroDivisionError)
    assert seen == told[:2]
    assert all(call.peer.startswith("127.0.0.1:") for call in told)


FIRST_TO_ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from generated_first import Shop, ttypes
from fastthrift import current_call
from fastthrift.contrib.apache import GeneratedProcessor
from fastthrift.protocol import TBinaryProtocol
from fastthrift.transport import TMemoryBuffer
from thrift.protocol.TBinaryProtocol import TBinaryProtocol as Apaches
from thrift.transport import TTransport

class Handler:
    def find(self, name):
        call = current_call()
        return ttypes.Item(name=f"{call.name} {call.arguments}")

buffer = TTransport.TMemoryBuffer()
Shop.Client(Apaches(buffer)).send_find("tea")
answer = TMemoryBuffer()
call = TBinaryProtocol(TMemoryBuffer(buffer.getvalue()))
GeneratedProcessor(Shop.Processor(Handler())).process(call, TBinaryProtocol(answer))
reading = Apaches(TTransport.TMemoryBuffer(answer.getvalue()))
print(Shop.Client(reading).recv_find().name)
"""


def test_the_first_handler_that_asks_for_its_call_is_told(tmp_path: Path) -> None:
    generate(IDL, "generated_first", tmp_path, "Shop")
    done = subprocess.run(
        [sys.executable, "-c", FIRST_TO_ASK, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("Shop.find {'name': 'tea'}\n", "")


def test_a_generated_processor_is_served_over_http(shop: Any) -> None:
    handler = Handler(shop["ttypes"])
    processor = apache.GeneratedProcessor(shop["Shop"].Processor(handler))
    port = free_port()
    server = THttpServer(processor, ("127.0.0.1", port), OwnBuffered(), OwnBinary())
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        trans = THttpClient.THttpClient(f"http://127.0.0.1:{port}/")
        client = shop["Shop"].Client(FACTORIES["binary"][1].getProtocol(trans))
        assert client.find("tea").counts == [1, 2, 3]
        with pytest.raises(TApplicationException):
            client.fail()
        trans.close()
    finally:
        server.close()
        thread.join()


def test_multiplexed_services_of_apache_have_the_codec(shop: Any) -> None:
    handler = Handler(shop["ttypes"])
    processor = TMultiplexedProcessor()
    processor.registerProcessor("shop", shop["Shop"].Processor(handler))
    factory, trans = FACTORIES["compact"][1], TTransport.TFramedTransportFactory()
    with apache_server(processor, factory, trans) as port:
        raw = trans.getTransport(TSocket.TSocket("127.0.0.1", port))
        raw.open()
        protocol = TMultiplexedProtocol(factory.getProtocol(raw), "shop")
        assert shop["Shop"].Client(protocol).find("tea").name == "tea"
        raw.close()


def test_a_call_has_the_bytes_that_it_has_with_apaches_protocol(shop: Any) -> None:
    for factories in FACTORIES.values():
        written = []
        for factory in factories:
            trans = TTransport.TMemoryBuffer()
            shop["Shop"].Client(factory.getProtocol(trans)).send_find("tea")
            written.append(trans.getvalue())
        assert written[0] == written[1]


def test_protocols_are_those_of_apache_where_they_are_used_by_hand() -> None:
    for factories in FACTORIES.values():
        written = []
        for factory in factories:
            protocol = factory.getProtocol(TTransport.TMemoryBuffer())
            protocol.writeMessageBegin("call", 1, 7)
            protocol.writeStructBegin("call_args")
            protocol.writeFieldBegin("names", 15, 1)
            protocol.writeListBegin(11, 2)
            protocol.writeString("a")
            protocol.writeString("ü")
            protocol.writeListEnd()
            protocol.writeFieldEnd()
            protocol.writeFieldStop()
            protocol.writeStructEnd()
            protocol.writeMessageEnd()
            written.append(protocol.trans.getvalue())
        assert written[0] == written[1]
        protocol = factories[1].getProtocol(TTransport.TMemoryBuffer(written[0]))
        assert protocol.readMessageBegin() == ("call", 1, 7)
        protocol.skip(12)
        protocol.readMessageEnd()
        assert protocol.trans.read(1) == b""


def test_what_is_no_processor_and_what_it_is_not_served_over_are_named() -> None:
    with pytest.raises(TypeError, match="needs a processor such as"):
        apache.GeneratedProcessor(object())


def test_the_modules_have_the_names_of_apaches() -> None:
    for name in modules.__all__:
        ours = importlib.import_module(f"fastthrift.contrib.apache.protocol.{name}")
        theirs = importlib.import_module(f"thrift.protocol.{name}")
        for public in ours.__all__:
            assert getattr(ours, public) is getattr(apache, public)
            assert hasattr(theirs, public)


def test_without_apaches_package_the_import_says_what_to_install() -> None:
    code = "import sys; sys.modules['thrift'] = None; import fastthrift.contrib.apache"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'fastthrift[apache]'" in done.stderr.splitlines()[-1]


def with_apaches_protocol(folder: Path) -> Path:
    """The example with the import of the protocol as Apache's guides print it."""
    for name in ("app.py", "server.py"):
        text = (EXAMPLES / "apache_generated" / name).read_text()
        ours = "from fastthrift.contrib.apache.protocol import TBinaryProtocol\n"
        assert text.count(ours) == text.count("fastthrift.") == 1
        apaches = text.replace(ours, "from thrift.protocol import TBinaryProtocol\n")
        (folder / name).write_text(apaches)
    return folder


def answers(example: Path, generated: Path, folder: Path) -> list[tuple[int, bytes]]:
    """What the page of an example answers, with the server of the example behind it."""
    port, web = free_port(), free_port()
    environment = {"GEN_PY": str(generated), "CALCULATOR_PORT": str(port)}
    server = Server([example / "server.py"], port, folder / "server.log", **environment)
    flask = ["-m", "flask", "--app", example / "app.py", "run", "-p", web]
    app = Server(flask, web, folder / "app.log", **environment)
    found = []
    server.start()
    try:
        app.start()
        try:
            for path in ("add?a=7&b=3", "multiply?a=7&b=3", "divide?a=7&b=3", "divide?a=1", "?"):
                try:
                    with urlopen(f"http://127.0.0.1:{web}/{path}", timeout=60) as answer:
                        found.append((answer.status, answer.read()))
                except HTTPError as error:
                    with error:
                        found.append((error.code, error.read()))
        finally:
            app.stop()
    finally:
        server.stop()
    return found


def test_the_example_answers_as_with_apaches_protocol_and_no_other_line_is_changed(
    tmp_path: Path,
) -> None:
    generated = tmp_path / "gen-py"
    generated.mkdir()
    subprocess.run(
        ["thrift", "-r", "--gen", "py", "--out", generated, EXAMPLES / "calculator.thrift"],
        check=True,
    )
    ours = answers(EXAMPLES / "apache_generated", generated, tmp_path)
    assert [json.loads(body) for status, body in ours if status == 200] == [
        {"result": 10},
        {"result": 21},
        {"result": 7 / 3},
    ]
    assert answers(with_apaches_protocol(tmp_path), generated, tmp_path) == ours


def test_a_connection_that_ends_in_a_message_is_an_error_of_transport(shop: Any) -> None:
    ends = socket.socketpair()
    factory = FACTORIES["binary"][1]
    data = TTransport.TMemoryBuffer()
    shop["ttypes"].Item(name="x" * 50).write(factory.getProtocol(data))
    ends[1].sendall(data.getvalue()[:20])
    ends[1].close()
    sock = TSocket.TSocket()
    sock.setHandle(ends[0])
    protocol = factory.getProtocol(TTransport.TBufferedTransport(sock))
    with pytest.raises(TTransport.TTransportException) as caught:
        shop["ttypes"].Item().read(protocol)
    assert caught.value.type == TTransport.TTransportException.END_OF_FILE
    sock.close()
