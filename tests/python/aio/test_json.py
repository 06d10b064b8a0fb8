"""thriftpy2's JSON protocol over asyncio: it is thriftpy2's own over blocking sockets."""

from __future__ import annotations

import asyncio
import io
import struct

import fastthrift
import pytest
import thriftpy2
import thriftpy2.protocol
import thriftpy2.rpc
from fastthrift.contrib.aio.protocol import TAsyncJSONProtocol, TAsyncJSONProtocolFactory
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.contrib.aio.transport.base import readall
from fastthrift.protocol import TJSONProtocol, TJSONProtocolFactory
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException
from fastthrift.thrift import TMessageType, TType
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.utils import serialize
from support.aio import TRANSPORTS, Pieces, client_of, port_of, run, serving

IDL = """
    struct Leaf { 1: i32 number, 2: string text }
    struct Tree { 1: list<Leaf> leaves, 2: map<string, Leaf> named, 3: Tree child }
    service Adding { i32 add(1: i32 a, 2: i32 b), string echo(1: string text) }
"""
module = fastthrift.load_fp(io.StringIO(IDL), "aio_json_thrift")
theirs = thriftpy2.load_fp(io.StringIO(IDL), "aio_json_thrift")
Leaf, Tree = module.Leaf, module.Tree

TREE = Tree(
    leaves=[Leaf(number, '"]}\\ é😀' * 20) for number in range(50)],
    named={"a": Leaf(1, "]"), "b": Leaf()},
    child=Tree(leaves=[]),
)


def message(name, payload, seqid, protocol_class=TJSONProtocol):
    trans = TMemoryBuffer()
    protocol = protocol_class(trans)
    protocol.write_message_begin(name, TMessageType.CALL, seqid)
    protocol.write_struct(payload)
    protocol.write_message_end()
    return trans.getvalue()


STREAM = message("first", TREE, 1) + message("second", Leaf(7), 2) + b"rest"


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
        await read_both(TAsyncJSONProtocol(foreign))
        assert foreign.stream.read() == b"rest"
        buffered = TAsyncBufferedTransport(Pieces(STREAM, size))
        await read_both(TAsyncJSONProtocol(buffered))
        assert await readall(buffered.read, 4) == b"rest"

    run(main())


def test_what_is_not_wanted_is_gone():
    async def main():
        protocol = TAsyncJSONProtocol(Pieces(STREAM + STREAM, 100))
        await protocol.read_message_begin()
        await protocol.skip(TType.STRUCT)
        await protocol.read_message_end()
        assert (await protocol.read_message_begin())[0] == "second"
        # Its struct is not asked for.
        await protocol.read_message_end()
        with pytest.raises(TProtocolException):
            await protocol.read_message_begin()

    run(main())


def test_structs_without_messages():
    async def main():
        text = serialize(TREE, TJSONProtocolFactory())
        protocol = TAsyncJSONProtocol(Pieces(text * 3, 10))
        assert await protocol.read_struct(Tree()) == TREE
        await protocol.skip(TType.STRUCT)
        assert await protocol.read_struct(Tree()) == TREE

    run(main())


@pytest.mark.parametrize("size", [0, 3, 100])
def test_a_message_that_ends_early_is_the_end_of_the_file(size):
    async def main():
        for source in (Pieces, lambda data, size: TAsyncBufferedTransport(Pieces(data, size))):
            with pytest.raises(TTransportException) as caught:
                await TAsyncJSONProtocol(source(STREAM[:size], 7)).read_message_begin()
            assert caught.value.type == TTransportException.END_OF_FILE

    run(main())


def test_errors_and_limits_are_those_of_the_blocking_protocol():
    texts = [
        struct.pack("!I", 8) + b"not json",
        struct.pack("!I", 2) + b"{}",
        message("first", TREE, 1),
        struct.pack("!I", 0xFFFF_FFFF),
    ]

    def read_blocking(protocol):
        protocol.read_message_begin()
        protocol.read_struct(Tree())

    async def read(protocol):
        await protocol.read_message_begin()
        await protocol.read_struct(Tree())

    async def main():
        for text in texts:
            for options in ({"max_depth": 2}, {"max_string_size": 50}, {"max_message_size": 900}):
                with pytest.raises(TProtocolException) as expected:
                    read_blocking(TJSONProtocol(TMemoryBuffer(text), **options))
                protocol = TAsyncJSONProtocolFactory(**options).get_protocol(Pieces(text, 100))
                with pytest.raises(TProtocolException) as caught:
                    await read(protocol)
                assert str(caught.value) == str(expected.value)
                assert type(caught.value) is type(expected.value)
                assert caught.value.type == expected.value.type

    run(main())


def test_a_message_above_the_limit_is_not_waited_for():
    async def main():
        protocol = TAsyncJSONProtocol(Pieces(struct.pack("!I", 500), 4), max_message_size=499)
        with pytest.raises(TMalformedDataException, match="max_message_size"):
            await protocol.read_message_begin()

    run(main())


def test_what_is_written_is_what_the_blocking_protocol_writes():
    assert message("first", TREE, 1, TAsyncJSONProtocol) == message("first", TREE, 1)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_calls(transport):
    async def main():
        async with (
            serving(protocol="json", transport=transport) as server,
            client_of(server, protocol="json", transport=transport) as client,
        ):
            for number in range(3):
                assert await client.add(number, 1) == number + 1
            assert await client.echo("Grüße 😀" * 1000) == "Grüße 😀" * 1000
            assert await client.blob(bytes(range(256))) == bytes(range(256))
            many = await asyncio.gather(*(client.add(number, 0) for number in range(20)))
            assert many == list(range(20))

    run(main())


def test_a_client_of_thriftpy2_calls_an_asyncio_server():
    def call(port):
        client = thriftpy2.rpc.make_client(
            theirs.Adding,
            "127.0.0.1",
            port,
            proto_factory=thriftpy2.protocol.TJSONProtocolFactory(),
        )
        try:
            return client.add(2, 3), client.echo("é" * 10_000)
        finally:
            client.close()

    async def main():
        async with serving(protocol="json") as server:
            found = await asyncio.to_thread(call, port_of(server))
            assert found == (5, "é" * 10_000)

    run(main())
