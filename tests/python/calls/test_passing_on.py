"""A service in the middle with an older IDL, loaded with `keep_unknown`: it loses nothing of what
it passes on between peers that have the newer one."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
import thriftpy2
import thriftpy2.protocol
import thriftpy2.rpc
import thriftpy2.server
import thriftpy2.thrift
import thriftpy2.transport
from fastthrift import ClientPool, protocol
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from support import aio, rpc

#: In seconds, for a loaded machine.
LONG = 60

NEWER = """
    struct Point { 1: i32 x, 2: i32 y, 3: list<string> names }
    union Mark { 1: i32 number, 2: Point point }
    exception Refused { 1: string why, 2: Point place, 3: i64 code }
    struct Item {
        1: string name, 2: string seen, 3: Point place, 4: map<i32, Point> places, 5: binary data
        6: list<Mark> marks, 7: bool yes, 40: double weight
    }
    service Store { Item put(1: Item item) throws (1: Refused refused), list<Item> all() }
"""
OLDER = """
    struct Point { 1: i32 x }
    union Mark { 1: i32 number }
    exception Refused { 1: string why }
    struct Item { 2: string seen, 3: Point place, 6: list<Mark> marks }
    service Store { Item put(1: Item item) throws (1: Refused refused), list<Item> all() }
"""
newer = thriftpy2.load_fp(io.StringIO(NEWER), "passing_on_newer_thrift")
older = fastthrift.load_fp(io.StringIO(OLDER), "passing_on_older_thrift", keep_unknown=True)

FACTORIES = {
    "binary": "TBinaryProtocolFactory",
    "compact": "TCompactProtocolFactory",
}


def point() -> Any:
    return newer.Point(1, 2, ["a", "ü"])


def item(name: str) -> Any:
    return newer.Item(
        name=name, place=point(), places={7: point()}, data=b"\xff\0", yes=True, weight=0.1,
        marks=[newer.Mark(number=1), newer.Mark(point=point())],
    )  # fmt: skip


class Upstream:
    """The newer service, of thriftpy2."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def put(self, item: Any) -> Any:
        if item.name == "refuse":
            raise newer.Refused("no", newer.Point(1, 2, ["place"]), 2**40)
        self.items.append(item)
        return item

    def all(self) -> Any:
        return self.items


class Relay:
    """The service in the middle."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool

    def put(self, item: Any) -> Any:
        item.seen = "by the relay"
        item.place.x += 1
        return self.pool.put(item)

    def all(self) -> Any:
        return self.pool.all()


class AsyncRelay(Relay):
    async def put(self, item: Any) -> Any:
        return await super().put(item)

    async def all(self) -> Any:
        return await super().all()


@contextlib.contextmanager
def upstream(name: str) -> Iterator[int]:
    """The newer service; gives its port."""
    factory = getattr(thriftpy2.protocol, FACTORIES[name])
    sock = thriftpy2.transport.TServerSocket("127.0.0.1", 0, client_timeout=None)
    sock.listen()
    port = sock.sock.getsockname()[1]
    sock.listen = lambda: None
    server = thriftpy2.server.TThreadedServer(
        thriftpy2.thrift.TProcessor(newer.Store, Upstream()),
        sock,
        iprot_factory=factory(),
        itrans_factory=thriftpy2.transport.TFramedTransportFactory(),
        daemon=True,
    )
    threading.Thread(target=server.serve, daemon=True).start()
    yield port
    server.closed = True


def url(name: str, port: int) -> str:
    return f"tcp://127.0.0.1:{port}?protocol={name}&transport=framed"


def check(name: str, port: int) -> None:
    """What the newer client of thriftpy2 gets by way of the relay."""
    with thriftpy2.rpc.client_context(
        newer.Store,
        "127.0.0.1",
        port,
        proto_factory=getattr(thriftpy2.protocol, FACTORIES[name])(),
        trans_factory=thriftpy2.transport.TFramedTransportFactory(),
        socket_timeout=LONG * 1000,
    ) as client:
        expected = item("first")
        expected.seen = "by the relay"
        expected.place.x += 1
        assert client.put(item("first")) == expected
        assert client.all() == [expected]
        with pytest.raises(newer.Refused) as refused:
            client.put(item("refuse"))
        error = refused.value
        assert (error.why, error.code) == ("no", 2**40)
        assert error.place == newer.Point(1, 2, ["place"])


@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
@pytest.mark.parametrize("name", FACTORIES)
def test_a_relay_with_a_pool(name: str, server_class: Any) -> None:
    with (
        upstream(name) as behind,
        ClientPool(older.Store, url(name, behind), timeout=LONG) as pool,
    ):
        server = rpc.make_server(
            server_class=server_class,
            trans=TServerSocket("127.0.0.1", 0, client_timeout=LONG * 1000),
            processor=TProcessor(older.Store, Relay(pool)),
            iprot_factory=getattr(protocol, FACTORIES[name])(),
            itrans_factory=fastthrift.transport.TFramedTransportFactory(),
        )
        with rpc.serving(server) as port:
            check(name, port)


@pytest.mark.parametrize("name", FACTORIES)
def test_a_relay_of_asyncio(name: str) -> None:
    async def main(behind: int) -> None:
        async with AsyncClientPool(older.Store, url(name, behind), timeout=LONG) as pool:
            processor = aio.TAsyncProcessor(older.Store, AsyncRelay(pool))
            async with aio.serving(
                processor=processor, protocol=name, transport="framed"
            ) as server:
                await asyncio.to_thread(check, name, aio.port_of(server))

    with upstream(name) as behind:
        aio.run(main(behind))
