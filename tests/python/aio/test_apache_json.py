"""Apache's JSON protocol over asyncio: whole messages from whatever pieces they come in, and no
byte behind them."""

from __future__ import annotations

import asyncio
import io

import fastthrift
import pytest
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.protocol import (
    TAsyncApacheJSONProtocol,
    TAsyncApacheJSONProtocolFactory,
)
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.protocol import TApacheJSONProtocol, TApacheJSONProtocolFactory
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TMalformedDataException,
    TProtocolException,
)
from fastthrift.thrift import TMessageType, TType
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.utils import deserialize, serialize
from support.aio import TRANSPORTS, Calls, Pieces, client_of, port_of, run, serving
from support.rpc import client_of as blocking_client_of

module = fastthrift.load_fp(
    io.StringIO(
        """
        struct Leaf { 1: i32 number, 2: string text }
        struct Tree { 1: list<Leaf> leaves, 2: map<string, Leaf> named, 3: Tree child, 4: uuid id }
        """
    ),
    "aio_apache_json_thrift",
)
Leaf, Tree = module.Leaf, module.Tree

TREE = Tree(
    leaves=[Leaf(number, '"]}\\ é😀' * 20) for number in range(50)],
    named={"a": Leaf(1, "]"), "b": Leaf()},
    child=Tree(leaves=[]),
)


def message(name, payload, seqid):
    trans = TMemoryBuffer()
    protocol = TApacheJSONProtocol(trans)
    protocol.write_message_begin(name, TMessageType.CALL, seqid)
    protocol.write_struct(payload)
    protocol.write_message_end()
    return trans.getvalue()


STREAM = message("first", TREE, 1) + b" \r\n" + message("second", Leaf(7), 2) + b"rest"


async def read_both(protocol):
    assert await protocol.read_message_begin() == ("first", TMessageType.CALL, 1)
    assert await protocol.read_struct(Tree()) == TREE
    await protocol.read_message_end()
    assert await protocol.read_message_begin() == ("second", TMessageType.CALL, 2)
    assert await protocol.read_struct(Leaf()) == Leaf(7)
    await protocol.read_message_end()


@pytest.mark.parametrize("size", [1, 3, 1460, 10**6])
def test_messages_are_read_from_any_pieces_and_nothing_behind_them_is_taken(size):
    async def main():
        foreign = Pieces(STREAM, size)
        await read_both(TAsyncApacheJSONProtocol(foreign))
        assert foreign.stream.read() == b"rest"
        buffered = TAsyncBufferedTransport(Pieces(STREAM, size))
        await read_both(TAsyncApacheJSONProtocol(buffered))

    run(main())


def test_what_is_not_wanted_is_gone():
    async def main():
        protocol = TAsyncApacheJSONProtocol(Pieces(STREAM, 100))
        await protocol.read_message_begin()
        await protocol.skip(TType.STRUCT)
        await protocol.read_message_end()
        assert (await protocol.read_message_begin())[0] == "second"
        # Its struct is not asked for.
        await protocol.read_message_end()
        with pytest.raises(TProtocolException):
            await protocol.read_message_begin()

    run(main())


def test_structs_without_messages_and_bare_containers():
    async def main():
        text = serialize(TREE, TApacheJSONProtocolFactory())
        protocol = TAsyncApacheJSONProtocol(Pieces(text * 2 + b'["i32",2,1,2]', 10))
        assert await protocol.read_struct(Tree()) == TREE
        await protocol.skip(TType.STRUCT)
        assert await protocol._read_val(TType.LIST, TType.I32) == [1, 2]

    run(main())


def test_a_message_that_ends_early_is_the_end_of_the_file():
    async def main():
        for source in (Pieces, lambda data, size: TAsyncBufferedTransport(Pieces(data, size))):
            with pytest.raises(TTransportException) as caught:
                await TAsyncApacheJSONProtocol(source(STREAM[:100], 7)).read_message_begin()
            assert caught.value.type == TTransportException.END_OF_FILE

    run(main())


def read_blocking(protocol):
    protocol.read_message_begin()
    protocol.read_struct(Tree())


async def read(protocol):
    await protocol.read_message_begin()
    await protocol.read_struct(Tree())


def test_limits_and_mistakes_are_those_of_the_blocking_protocol():
    async def main():
        for text, options in [
            (b"[" * 1000, {}),
            (STREAM, {"max_message_size": 100}),
            (STREAM, {"max_string_size": 3}),
            (b"x", {}),
            (b'[2,"a",1,1,{}]', {}),
            (b'[1,"a",1,1,[]]', {}),
        ]:
            errors = []
            with pytest.raises(TProtocolException) as caught:
                read_blocking(TApacheJSONProtocol(TMemoryBuffer(text), **options))
            errors.append((type(caught.value), caught.value.type))
            for source in (Pieces(text, 9), TAsyncBufferedTransport(Pieces(text, 9))):
                factory = TAsyncApacheJSONProtocolFactory(**options)
                protocol = factory.get_protocol(source)
                with pytest.raises(TProtocolException) as caught:
                    await read(protocol)
                errors.append((type(caught.value), caught.value.type))
            assert len(set(errors)) == 1, (text[:20], errors)

    run(main())


class Open(Pieces):
    """A stream that stays open: whoever wants more than there is would wait for ever."""

    async def read(self, size):
        data = await super().read(size)
        assert data, "waits for more, where nothing could make it right"
        return data


@pytest.mark.parametrize("buffered", [False, True], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize(
    ("text", "options", "kind"),
    [
        (b"[" * 1000, {}, TDepthLimitException),
        (b"x", {}, TMalformedDataException),
        (b'["' + b"x" * 300, {"max_message_size": 300}, TMalformedDataException),
    ],
    ids=["deep", "no text", "long"],
)
def test_what_is_wrong_is_refused_without_waiting_for_more(text, options, kind, buffered):
    async def main():
        for size in (1, 9, 2000):
            source = Open(text, size)
            trans = TAsyncBufferedTransport(source) if buffered else source
            with pytest.raises(kind):
                await TAsyncApacheJSONProtocol(trans, **options).read_message_begin()

    run(main())


def test_of_a_buffer_with_many_messages_each_is_taken_alone():
    """Those behind it are neither decoded nor copied with it: that would take minutes."""

    async def main():
        text = message("small", Leaf(1, "x" * 30), 1)
        trans = TAsyncMemoryBuffer(text * 30_000)
        protocol = TAsyncApacheJSONProtocol(trans)
        for left in range(30_000, 0, -1):
            assert len(trans.arrived) == left * len(text)
            await protocol.read_message_begin()
            assert (await protocol.read_struct(Leaf())).number == 1
            await protocol.read_message_end()

    run(main())


def test_what_is_written_is_what_the_blocking_protocol_writes():
    trans = TMemoryBuffer()
    protocol = TAsyncApacheJSONProtocolFactory().get_protocol(trans)
    protocol.write_message_begin("first", TMessageType.CALL, 1)
    protocol.write_struct(TREE)
    protocol.write_message_end()
    assert trans.getvalue() == message("first", TREE, 1)
    assert deserialize(Tree(), serialize(TREE, TApacheJSONProtocolFactory()),
                       TApacheJSONProtocolFactory()) == TREE  # fmt: skip


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_calls(transport):
    async def main():
        async with (
            serving(protocol="apache_json", transport=transport) as server,
            client_of(server, protocol="apache_json", transport=transport) as client,
        ):
            for number in range(3):
                assert await client.add(number, 1) == number + 1
            assert await client.echo("Grüße 😀" * 1000) == "Grüße 😀" * 1000
            assert await client.blob(bytes(range(256))) == bytes(range(256))
            many = await asyncio.gather(*(client.add(number, 0) for number in range(20)))
            assert many == list(range(20))

    run(main())


def test_a_blocking_client_calls_an_asyncio_server():
    async def main():
        async with serving(protocol="apache_json") as server:
            port = port_of(server)

            def call():
                factory = TApacheJSONProtocolFactory()
                with blocking_client_of(port, service=Calls, proto_factory=factory) as client:
                    return client.echo("é" * 10_000)

            assert await asyncio.to_thread(call) == "é" * 10_000

    run(main())
