"""Both JSON protocols over connections, with threads, with the native server and with asyncio: a
request runs once, an answer is that of its call, and what they hold arrives."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.protocol import TApacheJSONProtocolFactory, TJSONProtocolFactory
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransportFactory,
)
from fastthrift.utils import serialize
from support import aio, rpc

module = fastthrift.load_fp(
    io.StringIO(
        """
        enum Color { RED = 1, BLUE = 2 }
        struct Values {
            1: map<Color, list<list<i32>>> by_color,
            2: map<string, list<i32>> lists,
            3: list<list<list<string>>> cube,
            4: list<double> ratios,
            5: double ratio,
            6: map<Color, Color> colors,
            7: string text,
        }
        service Echo { Values echo(1: Values values), i32 count() }
        """
    ),
    "json_connections_thrift",
)
Color, Values, Service = module.Color, module.Values, module.Echo

FACTORIES = {"json": TJSONProtocolFactory(), "apache_json": TApacheJSONProtocolFactory()}
TRANSPORTS = {"buffered": TBufferedTransportFactory(), "framed": TFramedTransportFactory()}
SERVERS = {"threads": TThreadedServer, "native": TNonblockingServer, "asyncio": None}
MIB = 1 << 20

VALUES = {
    "enums as keys": Values(by_color={Color.RED: [[1], []], Color.BLUE: []}),
    "enums as keys and values": Values(colors={Color.RED: Color.BLUE}),
    "lists in lists": Values(cube=[[["a"], []], [], [["", "b"]]]),
    "empty lists in a map": Values(lists={"none": [], "some": [1, 2]}),
    "an empty map": Values(lists={}),
    "infinities": Values(ratio=math.inf, ratios=[-math.inf, -0.0, 1.5]),
    "a mebibyte": Values(text=']}"\\é😀' * (MIB // 10)),
}


class Counting:
    """Echoes, and knows how often it did."""

    def __init__(self) -> None:
        self.calls = 0

    def echo(self, values: Any) -> Any:
        self.calls += 1
        return values

    def count(self) -> int:
        return self.calls


@contextlib.contextmanager
def blocking_server(kind: str, protocol: str, transport: str) -> Iterator[int]:
    server = rpc.make_server(
        processor=TProcessor(Service, Counting()),
        server_class=SERVERS[kind],
        iprot_factory=FACTORIES[protocol],
        itrans_factory=TRANSPORTS[transport],
    )
    with rpc.serving(server) as port:
        yield port


def blocking_client(port: int, protocol: str, transport: str) -> Any:
    factories = {
        "proto_factory": FACTORIES[protocol],
        "trans_factory": TRANSPORTS[transport],
    }
    return rpc.client_of(port, service=Service, **factories)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("kind", SERVERS)
def test_each_call_of_many_is_made_once_and_has_its_own_answer(
    kind: str, protocol: str, transport: str
) -> None:
    calls = [Values(text=str(number)) for number in range(200)]

    async def awaited() -> None:
        dialect = {"protocol": protocol, "transport": transport}
        processor = TAsyncProcessor(Service, Counting())
        async with (
            aio.serving(processor=processor, **dialect) as server,
            aio.client_of(server, service=Service, **dialect) as client,
        ):
            assert [await client.echo(values) for values in calls] == calls
            assert await client.count() == len(calls)
            for name, values in VALUES.items():
                assert await client.echo(values) == values, name
            (ratio,) = (await client.echo(Values(ratios=[math.nan]))).ratios
            assert math.isnan(ratio)

    if kind == "asyncio":
        aio.run(awaited())
        return
    with (
        blocking_server(kind, protocol, transport) as port,
        blocking_client(port, protocol, transport) as client,
    ):
        assert [client.echo(values) for values in calls] == calls
        assert client.count() == len(calls)
        for name, values in VALUES.items():
            assert client.echo(values) == values, name
        (ratio,) = client.echo(Values(ratios=[math.nan])).ratios
        assert math.isnan(ratio)


class Dripping:
    """A transport that gives its bytes in pieces, and counts how often it is asked."""

    def __init__(self, data: bytes, most: int) -> None:
        self.stream = io.BytesIO(data)
        self.most = most
        self.asked = 0

    def read(self, size: int) -> bytes:
        self.asked += 1
        return self.stream.read(min(size, self.most))


# Pieces so small that looking at all that has come for each of them would take minutes.
PIECE = 64


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_a_mebibyte_takes_a_read_for_each_piece_that_comes(kind: str, protocol: str) -> None:
    values = VALUES["a mebibyte"]
    data = serialize(values, FACTORIES[protocol])
    pieces = -(-len(data) // PIECE)
    if kind == "blocking":
        source = Dripping(data + b"rest", PIECE)
        read = FACTORIES[protocol].get_protocol(TBufferedTransport(source)).read_struct(Values())
    else:
        source = aio.Pieces(data + b"rest", PIECE)
        factory = aio.aio_factories(protocol, "buffered")["proto_factory"]
        proto = factory.get_protocol(TAsyncBufferedTransport(source))
        read = asyncio.run(proto.read_struct(Values()))
    assert read == values
    assert pieces <= source.asked <= pieces + 2
