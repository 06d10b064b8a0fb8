"""The service, the handlers and the loops that the tests of asyncio share."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import ssl

import trustme
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncTransportBase

IDL = """
struct Item {
    1: optional string name,
    2: optional i32 number,
    3: optional list<string> tags,
    4: optional map<string, i32> counts,
    5: optional binary raw,
    6: optional list<Item> parts,
    7: optional bool flag,
    8: optional double weight,
}
exception Missing { 1: string name }
exception Refused { 1: i32 code }
service Base { string whoami() }
service Calls extends Base {
    i32 add(1: i32 a, 2: i32 b),
    string echo(1: required string text),
    binary blob(1: binary data),
    Item item(1: Item item),
    i32 total(1: map<string, i32> counts),
    map<string, i32> counted(1: i32 count),
    list<bool> flags(1: list<bool> flags),
    i32 check(1: i32 code) throws (1: Missing missing, 2: Refused refused),
    void nothing(),
    i32 returns_none(),
    i32 returns_text(),
    void fail(1: string secret),
    i32 wait(1: i32 ticket),
    i32 slowly(1: i32 ticket, 2: i32 milliseconds),
    oneway void note(1: string text),
    list<string> notes(),
    void close(1: i32 code),
}
service Other { string hello(1: string name) }
"""

# Long enough for a loaded machine; nothing waits for it unless the test fails.
PATIENCE = 120

PROTOCOLS = ("binary", "compact")
TRANSPORTS = ("buffered", "framed")


def load(package="fastthrift"):
    """The module of the IDL, made by this or by another package with thriftpy2's modules."""
    return importlib.import_module(package).load_fp(io.StringIO(IDL), "aio_support_thrift")


module = load()
Calls, Other = module.Calls, module.Other


def aio_factories(protocol, transport, package="fastthrift"):
    """The factories of a dialect, as keyword arguments."""
    protocols = importlib.import_module(f"{package}.contrib.aio.protocol")
    transports = importlib.import_module(f"{package}.contrib.aio.transport")
    name = {"apache_json": "ApacheJSON", "json": "JSON"}.get(protocol, protocol.title())
    return {
        "proto_factory": getattr(protocols, f"TAsync{name}ProtocolFactory")(),
        "trans_factory": getattr(transports, f"TAsync{transport.title()}TransportFactory")(),
    }


class SyncHandler:
    """Answers at once; `module` makes its exceptions."""

    def __init__(self, module=module):
        self.module = module
        self.received = []

    def whoami(self):
        return "Calls"

    def add(self, a, b):
        return a + b

    def echo(self, text):
        return text

    def blob(self, data):
        return data

    def item(self, item):
        return item

    def total(self, counts):
        return sum(counts.values())

    def counted(self, count):
        return {str(number): number for number in range(count)}

    def flags(self, flags):
        return flags

    def check(self, code):
        if code == 1:
            raise self.module.Missing(name="one")
        if code == 2:
            raise self.module.Refused(code=2)
        return code

    def nothing(self):
        return None

    def returns_none(self):
        return None

    def returns_text(self):
        return "not a number"

    def fail(self, secret):
        raise KeyError(secret)

    def note(self, text):
        self.received.append(text)
        if text == "fail":
            raise ValueError("the note was not liked")

    def notes(self):
        return self.received

    def close(self, code):
        self.received.append(str(code))


def _awaited(name):
    async def method(self, *args):
        await asyncio.sleep(0)
        return getattr(self.sync, name)(*args)

    method.__name__ = name
    return method


class Handler:
    """Answers after a turn of the event loop; `wait` answers when the test says so."""

    def __init__(self, module=module):
        self.sync = SyncHandler(module)
        self.received = self.sync.received
        self.waiting = asyncio.Event()
        self.go_on = asyncio.Event()

    async def wait(self, ticket):
        self.waiting.set()
        await self.go_on.wait()
        return ticket

    async def slowly(self, ticket, milliseconds):
        await asyncio.sleep(milliseconds / 1000)
        return ticket


for _name, _method in list(vars(SyncHandler).items()):
    if not _name.startswith("_"):
        setattr(Handler, _name, _awaited(_name))


def run(main):
    """Run a test's coroutine in an event loop of its own."""

    async def limited():
        return await asyncio.wait_for(main, PATIENCE * 3)

    return asyncio.run(limited())


def port_of(server):
    return server.trans.raw_sock.getsockname()[1]


@contextlib.asynccontextmanager
async def serving(
    handler=None, trans=None, processor=None, protocol="binary", transport="buffered"
):
    """A started server of `Calls`, on a port of its own unless `trans` says otherwise."""
    factories = aio_factories(protocol, transport)
    server = TAsyncServer(
        processor or TAsyncProcessor(Calls, handler or Handler()),
        trans or TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000),
        itrans_factory=factories["trans_factory"],
        iprot_factory=factories["proto_factory"],
    )
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def client_of(server, service=Calls, protocol="binary", transport="buffered", **kwargs):
    """A connected client, closed at the end; `server` may be a port."""
    if "unix_socket" not in kwargs:
        kwargs.setdefault("host", "127.0.0.1")
        kwargs["port"] = server if isinstance(server, int) else port_of(server)
    kwargs.setdefault("timeout", PATIENCE * 1000)
    kwargs.setdefault("connect_timeout", PATIENCE * 1000)
    async with await make_client(service, **aio_factories(protocol, transport), **kwargs) as client:
        yield client


@contextlib.asynccontextmanager
async def scripted_peer(script):
    """A server that is no Thrift server: awaits `script(reader, writer)` with each connection.

    Gives its port. What a script raises fails the test.
    """
    failures = []
    scripts = set()

    async def talk(reader, writer):
        scripts.add(asyncio.current_task())
        try:
            await script(reader, writer)
        except Exception as error:
            failures.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in scripts:
            task.cancel()
        await asyncio.gather(*scripts, return_exceptions=True)
    assert not failures, failures


class Pieces(TAsyncTransportBase):
    """Gives a stream in pieces of some bytes, however much is asked for."""

    def __init__(self, data, size):
        self.stream = io.BytesIO(data)
        self.size = size
        self.asked = 0

    async def read(self, size):
        self.asked += 1
        await asyncio.sleep(0)
        return self.stream.read(min(size, self.size))


class Authority:
    """A certificate authority, and the files and contexts of a server and its clients."""

    def __init__(self, directory, *names):
        self.authority = trustme.CA()
        certificate = self.authority.issue_cert(*names)
        self.cafile = str(directory / "ca.pem")
        self.certfile = str(directory / "server.pem")
        self.authority.cert_pem.write_to_path(self.cafile)
        # Key and certificate in one file: thriftpy2's synchronous server takes one.
        certificate.private_key_and_cert_chain_pem.write_to_path(self.certfile)

    def client_context(self):
        return ssl.create_default_context(cafile=self.cafile)

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certfile)
        return context
