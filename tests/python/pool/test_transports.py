"""Pools of both kinds over THeader and the zlib transport, as their URLs say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.pool import ClientPool
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.header import THeaderProtocolFactory
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import THeaderTransportFactory, TServerSocket, TZlibTransportFactory
from support import rpc
from support.rpc import Calls, make_server, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60

WAYS = {
    "transport=header": (THeaderTransportFactory(), THeaderProtocolFactory()),
    "transport=header&protocol=compact": (THeaderTransportFactory(), THeaderProtocolFactory()),
    "transport=zlib": (TZlibTransportFactory(), TBinaryProtocolFactory()),
    "transport=zlib&protocol=compact": (TZlibTransportFactory(), TCompactProtocolFactory()),
}


def server_of(way: str, **options: Any) -> Any:
    trans_factory, proto_factory = WAYS[way]
    return make_server(itrans_factory=trans_factory, iprot_factory=proto_factory, **options)


@pytest.mark.parametrize("way", WAYS)
def test_a_pool_speaks_as_its_url_says(way: str) -> None:
    with (
        serving(server_of(way)) as port,
        ClientPool(Calls, f"tcp://127.0.0.1:{port}?{way}", timeout=LONG) as pool,
    ):
        for text in ("a", "b" * 300_000, "c"):
            assert pool.echo(text) == text
        (connection,) = pool._calls.shelf.idle
        protocol_id = getattr(connection.client._iprot.trans, "protocol_id", None)
        assert protocol_id == {"transport=header": 0, "transport=header&protocol=compact": 2}.get(
            way
        )
        assert pool.stats()["connects"] == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_pool_of_asyncio_speaks_as_its_url_says(way: str) -> None:
    async def main(port: int) -> None:
        url = f"tcp://127.0.0.1:{port}?{way}"
        async with AsyncClientPool(Calls, url, timeout=LONG, connect_timeout=LONG) as pool:
            for text in ("a", "b" * 300_000, "c"):
                assert await pool.echo(text) == text
            assert pool.stats()["connects"] == 1

    with serving(server_of(way)) as port:
        asyncio.run(main(port))


@pytest.mark.parametrize("way", ["transport=header", "transport=zlib"])
def test_a_connection_that_the_server_has_closed_is_replaced(way: str) -> None:
    async def main(port: int) -> None:
        url = f"tcp://127.0.0.1:{port}?{way}"
        async with AsyncClientPool(Calls, url, timeout=LONG, connect_timeout=LONG) as pool:
            assert await pool.add(1, 2) == 3
            (connection,) = pool._calls.shelf.idle
            while not connection.client._iprot.trans._trans._trans.has_arrived():
                await asyncio.sleep(0.01)
            assert await pool.add(3, 4) == 7
            assert pool.stats()["reconnects"] == 1

    trans = TServerSocket("127.0.0.1", 0, client_timeout=1000)
    with serving(server_of(way, trans=trans)) as port:
        asyncio.run(main(port))


def test_a_service_among_several_is_called_over_header() -> None:
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, rpc.Handler()))
    with (
        serving(server_of("transport=header", processor=processor)) as port,
        ClientPool(
            Calls, f"tcp://127.0.0.1:{port}?transport=header&service=Calls", timeout=LONG
        ) as pool,
    ):
        assert pool.echo("a") == "a"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("tcp://host?transport=header&protocol=json", "with transport=header: there are binary, c"),
        ("http://host/x?transport=header", "the headers and the compression of HTTP"),
        ("https://host/x?transport=zlib", "the headers and the compression of HTTP"),
    ],
)
def test_what_cannot_be_spoken_is_refused(url: str, text: str) -> None:
    for kind in (ClientPool, AsyncClientPool):
        with pytest.raises(ValueError, match=text):
            kind(Calls, url)
