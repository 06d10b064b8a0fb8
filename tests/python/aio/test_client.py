"""The asyncio client: arguments, answers, turns, and what a call that goes wrong leaves behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import warnings

import pytest
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol, TAsyncBinaryProtocolFactory
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.socket import TAsyncSocket
from fastthrift.contrib.aio.transport import TAsyncBufferedTransportFactory
from fastthrift.contrib.aio.transport.memory import TAsyncMemoryBuffer
from fastthrift.protocol import (
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TMultiplexedProtocol,
    TMultiplexedProtocolFactory,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.rpc import make_aio_client
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TDecodeException,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TTransportException,
)
from support import rpc as rpc_support
from support.aio import (
    PROTOCOLS,
    TRANSPORTS,
    Calls,
    Handler,
    SyncHandler,
    aio_factories,
    client_of,
    module,
    port_of,
    run,
    scripted_peer,
    serving,
)
from support.rpc import i32_result, message, open_descriptors

DIALECTS = [(protocol, transport) for protocol in PROTOCOLS for transport in TRANSPORTS]


def talking(test, handler=None, protocol="binary", transport="buffered", **kwargs):
    """Run `test(client)` with a client of a server of its own."""

    async def main():
        async with (
            serving(handler, protocol=protocol, transport=transport) as server,
            client_of(server, protocol=protocol, transport=transport, **kwargs) as client,
        ):
            await test(client)

    run(main())


async def read_call(reader):
    """Read a strict binary call of two i32 at most: name and sequence id."""
    version, size = struct.unpack("!Ii", await reader.readexactly(8))
    assert version & 0xFFFF0000 == 0x80010000
    name = (await reader.readexactly(size)).decode()
    (seqid,) = struct.unpack("!i", await reader.readexactly(4))
    while await reader.readexactly(1) != b"\0":
        await reader.readexactly(6)
    return name, seqid


# Arguments and answers.


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_answers_and_declared_exceptions(protocol, transport):
    async def test(client):
        assert await client.add(20, 22) == 42
        assert await client.add(b=1, a=2) == 3
        assert await client.whoami() == "Calls"
        assert await client.nothing() is None
        with pytest.raises(module.Missing) as missing:
            await client.check(1)
        assert missing.value.name == "one"
        with pytest.raises(module.Refused) as refused:
            await client.check(2)
        assert refused.value.code == 2
        assert await client.check(0) == 0

    talking(test, protocol=protocol, transport=transport)


def test_arguments_that_do_not_fit_are_refused_before_anything_is_sent():
    async def test(client):
        with pytest.raises(TypeError, match=r"Calls\.add\(\).*unexpected.*'c'.*a, b"):
            await client.add(1, 2, c=3)
        with pytest.raises(TypeError, match=r"Calls\.add\(\) takes 2 positional.*3 were given"):
            await client.add(1, 2, 3)
        with pytest.raises(TypeError, match="multiple values for argument 'a'"):
            await client.add(1, a=2)
        with pytest.raises(TApplicationException, match=r"argument text for Calls\.echo") as error:
            await client.echo()
        assert error.value.type == TApplicationException.UNKNOWN_METHOD
        with pytest.raises(TDecodeException):
            await client.add("one", 2)
        assert await client.add(1, 2) == 3

    talking(test)


def test_answers_that_are_none():
    async def test(client):
        with pytest.raises(TApplicationException) as error:
            await client.returns_none()
        assert error.value.type == TApplicationException.MISSING_RESULT
        assert await client.add(1, 2) == 3

    talking(test)


def test_oneway_calls_come_in_order():
    async def test(client):
        for text in ("one", "two"):
            assert await client.note(text) is None
        assert await client.notes() == ["one", "two"]

    talking(test)


def test_what_a_client_is():
    client = TAsyncClient(Calls, None)
    assert not isinstance(client, TClient)
    assert "whoami" in dir(client)
    assert "add" in dir(client)
    with pytest.raises(AttributeError, match="TAsyncClient instance has no attribute 'missing'"):
        _ = client.missing


def test_method_called_close_is_reached_by_another_name():
    handler = Handler()

    async def main():
        async with serving(handler) as server, client_of(server) as client:
            await client.tclose(7)

    run(main())
    assert handler.received == ["7"]


def test_made_by_the_name_in_the_synchronous_module():
    async def main():
        async with serving() as server:
            url = f"thrift://127.0.0.1:{port_of(server)}"
            client = await make_aio_client(Calls, url=url)
            assert await client.add(1, 2) == 3
            client.close()
            await asyncio.sleep(0)

    run(main())


# Sockets and transports of the caller.


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("handed_over", ["at once", "later"])
def test_connected_socket(handed_over, times):
    async def main():
        async with serving() as server:
            connected = socket.create_connection(("127.0.0.1", port_of(server)))
            if handed_over == "at once":
                trans = TAsyncSocket(sock=connected)
            else:
                trans = TAsyncSocket("nowhere.invalid", 1)
                trans.set_handle(connected)
            buffered = TAsyncBufferedTransportFactory().get_transport(trans)
            for _ in range(times):
                await buffered.open()
            gc.collect()  # which would close the connection of streams that are forgotten
            client = TAsyncClient(Calls, TAsyncBinaryProtocolFactory().get_protocol(buffered))
            assert await client.add(1, 2) == 3
            client.close()
            await asyncio.sleep(0)

    run(main())


class Streams:
    """A transport with nothing but the methods; fails the test that reads too far ahead."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)

    async def read(self, size):
        return await self.reader.readexactly(size)

    def write(self, data):
        self.writer.write(data)

    async def flush(self):
        await self.writer.drain()

    def close(self):
        self.writer.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_transport_without_a_base(protocol):
    async def main():
        async with serving(protocol=protocol) as server:
            trans = Streams()
            await trans.open(port_of(server))
            factory = aio_factories(protocol, "buffered")["proto_factory"]
            client = TAsyncClient(Calls, factory.get_protocol(trans))
            assert await client.add(1, 2) == 3
            assert await client.counted(20) == {str(number): number for number in range(20)}
            item = module.Item(name="n", tags=["a"] * 100, parts=[module.Item(flag=True)])
            assert await client.item(item) == item
            with pytest.raises(module.Missing):
                await client.check(1)
            client.close()
            await asyncio.sleep(0)

    run(main())


def test_separate_protocols_for_reading_and_writing():
    async def main():
        async with serving() as server:
            trans = Streams()
            await trans.open(port_of(server))
            reading, writing = (TAsyncBinaryProtocolFactory().get_protocol(trans) for _ in "io")
            client = TAsyncClient(Calls, reading, writing)
            assert await client.add(1, 2) == 3
            client.close()
            await asyncio.sleep(0)

    run(main())


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_a_multiplexed_protocol_in_front_of_the_others(protocol, transport):
    """Made around a protocol, or by a factory; with a synchronous server as with one of asyncio."""

    async def test_with(port, factories):
        trans = factories["trans_factory"].get_transport(TAsyncSocket("127.0.0.1", port))
        await trans.open()
        inner = factories["proto_factory"].get_protocol(trans)
        async with TAsyncClient(Calls, TMultiplexedProtocol(inner, "Calls")) as client:
            assert await client.add(1, 2) == 3
            await client.note("hello")
            assert await client.notes() == ["hello"]
            with pytest.raises(module.Missing):
                await client.check(1)
            with pytest.raises(TDecodeException):
                await client.add("one", 2)
            # Nothing of that was sent, and the connection goes on.
            assert await asyncio.gather(client.add(1, 3), client.add(1, 4)) == [4, 5]
            for service in ("Nobody", "Calls:add"):
                stranger = TAsyncClient(Calls, TMultiplexedProtocol(inner, service))
                with pytest.raises(TApplicationException, match="Unknown method"):
                    await stranger.add(1, 2)
        factory = TMultiplexedProtocolFactory(factories["proto_factory"], "Calls")
        factories = {**factories, "proto_factory": factory}
        async with await make_client(Calls, "127.0.0.1", port, **factories) as client:
            assert await client.echo("x") == "x"

    async def main():
        processor = TAsyncMultiplexedProcessor()
        processor.register_processor("Calls", TAsyncProcessor(Calls, Handler()))
        factories = aio_factories(protocol, transport)
        async with serving(processor=processor, protocol=protocol, transport=transport) as server:
            await test_with(port_of(server), factories)

        several = TMultiplexedProcessor()
        several.register_processor("Calls", TProcessor(Calls, SyncHandler()))
        protocols = {"binary": TBinaryProtocolFactory, "compact": TCompactProtocolFactory}
        transports = {"buffered": TBufferedTransportFactory, "framed": TFramedTransportFactory}
        threaded = rpc_support.make_server(
            processor=several,
            iprot_factory=protocols[protocol](),
            itrans_factory=transports[transport](),
        )
        with rpc_support.serving(threaded) as port:
            await test_with(port, factories)

    run(main())


# Turns.


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_concurrent_calls_get_their_own_answers(protocol, transport):
    async def test(client):
        texts = [f"{number}-" * (number % 7) * number for number in range(200)]
        assert await asyncio.gather(*map(client.echo, texts)) == texts

    talking(test, protocol=protocol, transport=transport)


def test_concurrent_calls_of_every_outcome():
    async def test(client):
        async def call(number):
            if number % 3 == 0:
                return await client.add(number, 1)
            if number % 3 == 1:
                with pytest.raises(module.Refused):
                    await client.check(2)
                return None
            with pytest.raises(TApplicationException):
                await client.returns_none()
            return None

        answers = await asyncio.gather(*map(call, range(150)))
        assert answers == [number + 1 if number % 3 == 0 else None for number in range(150)]

    talking(test)


def test_call_cancelled_while_it_waits_for_its_turn_leaves_no_trace():
    handler = Handler()

    async def test(client):
        first = asyncio.create_task(client.wait(1))
        await handler.waiting.wait()
        waiting = asyncio.create_task(client.note("never sent"))
        last = asyncio.create_task(client.notes())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        handler.go_on.set()
        assert await first == 1
        assert await last == []

    async def main():
        async with serving(handler) as server, client_of(server) as client:
            await test(client)

    run(main())


def test_call_within_a_call_of_the_same_task_is_refused():
    class Nested(TAsyncClient):
        async def _recv(self, _api):
            if _api == "add":
                await self.whoami()
            return await super()._recv(_api)

    async def test(client):
        nested = Nested(Calls, client._iprot)
        with pytest.raises(RuntimeError, match="in the middle of another call"):
            await nested.add(1, 2)

    talking(test)


def test_parts_that_are_called_alone():
    async def test(client):
        for seqid in 0, 1, 77:
            client._seqid = seqid
            await client._send("add", a=seqid, b=2)
            client._seqid = 5
            assert await client._recv("add") == seqid + 2
            assert await client.add(1, 2) == 3
        await client._send("notes")
        with pytest.raises(
            TApplicationException, match="the reply to a call of add is for 'notes'"
        ):
            await client._recv("add")
        with pytest.raises(TTransportException, match=r"add\(\) did not finish"):
            await client.add(1, 2)

    talking(test)


def test_call_before_another_is_sent():
    class Announced(TAsyncClient):
        async def _send(self, _api, **kwargs):
            if _api != "note":
                await self.note(_api)
            await super()._send(_api, **kwargs)

    async def test(client):
        announced = Announced(Calls, client._iprot)
        assert await announced.add(1, 2) == 3
        assert await announced.notes() == ["add", "notes"]

    talking(test)


# Calls that are given up.


async def broken_off(client):
    with pytest.raises(TTransportException, match="did not finish") as error:
        await client.add(1, 2)
    assert error.value.type == TTransportException.NOT_OPEN
    return str(error.value)


@pytest.mark.difference("sequence-ids")
@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_cancelled_call_never_answers_the_next(protocol, transport):
    handler = Handler()

    async def main():
        async with (
            serving(handler, protocol=protocol, transport=transport) as server,
            client_of(server, protocol=protocol, transport=transport) as client,
        ):
            call = asyncio.create_task(client.wait(1))
            await handler.waiting.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            handler.go_on.set()
            assert "CancelledError" in await broken_off(client)
            # The connection was closed; a new one is this client's own again.
            await client._iprot.trans.open()
            assert await client.add(3, 4) == 7

    run(main())


@pytest.mark.difference("sequence-ids")
def test_call_that_times_out_never_answers_the_next():
    async def test(client):
        with pytest.raises(TTransportException) as error:
            await client.slowly(1, 500)
        assert error.value.type == TTransportException.TIMED_OUT
        assert isinstance(error.value, asyncio.TimeoutError)
        assert isinstance(error.value, socket.timeout)
        await broken_off(client)

    talking(test, timeout=100)


@pytest.mark.difference("aio-read-timeout")
def test_timeout_of_connecting_is_not_that_of_answers():
    async def test(client):
        assert await client.slowly(1, 2300) == 1

    talking(test, connect_timeout=2000)


def test_waiting_by_wait_for():
    async def test(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.slowly(1, 500), 0.1)
        await broken_off(client)

    talking(test)


def test_others_learn_that_the_connection_was_given_up():
    handler = Handler()

    async def main():
        async with serving(handler) as server, client_of(server) as client:
            call = asyncio.create_task(client.wait(1))
            await handler.waiting.wait()
            others = [asyncio.create_task(client.add(1, number)) for number in range(3)]
            await asyncio.sleep(0)
            call.cancel()
            for error in await asyncio.gather(*others, return_exceptions=True):
                assert isinstance(error, TTransportException)
                assert error.type == TTransportException.NOT_OPEN
            handler.go_on.set()

    run(main())


def test_cancelled_while_a_large_message_is_sent():
    """The rest of a message is not sent after its call was given up."""

    async def main():
        stuck = asyncio.Event()

        async def script(reader, writer):
            await stuck.wait()

        async with scripted_peer(script) as port, client_of(port) as client:
            call = asyncio.create_task(client.blob(b"x" * (30 << 20)))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await broken_off(client)
            stuck.set()

    run(main())


def test_peer_that_does_not_take_the_message_in_time():
    async def main():
        stuck = asyncio.Event()

        async def script(reader, writer):
            await stuck.wait()

        async with scripted_peer(script) as port, client_of(port, timeout=100) as client:
            with pytest.raises(TTransportException, match="could not send within 100 ms") as error:
                await client.blob(b"x" * (30 << 20))
            assert error.value.type == TTransportException.TIMED_OUT
            await broken_off(client)
            stuck.set()

    run(main())


REPLIES = {
    "id of another call": (
        lambda name, seqid: message(name, seqid + 1, i32_result(1)),
        TApplicationException.BAD_SEQUENCE_ID,
    ),
    "other method": (
        lambda name, seqid: message("subtract", seqid, i32_result(1)),
        TApplicationException.WRONG_METHOD_NAME,
    ),
    "no reply": (
        lambda name, seqid: message(name, seqid, i32_result(1), TMessageType.CALL),
        TApplicationException.INVALID_MESSAGE_TYPE,
    ),
}


@pytest.mark.difference("sequence-ids")
@pytest.mark.parametrize("case", REPLIES)
def test_reply_that_does_not_belong_to_the_call(case):
    make, kind = REPLIES[case]

    async def main():
        async def script(reader, writer):
            writer.write(make(*await read_call(reader)))
            await reader.read()

        async with scripted_peer(script) as port, client_of(port) as client:
            with pytest.raises(TApplicationException) as error:
                await client.add(1, 2)
            assert error.value.type == kind
            await broken_off(client)

    run(main())


def test_reply_named_as_a_multiplexed_client_sent_it():
    async def main():
        async def script(reader, writer):
            name, seqid = await read_call(reader)
            writer.write(message(f"Calls:{name}", seqid, i32_result(5)))

        async with scripted_peer(script) as port, client_of(port) as client:
            assert await client.add(2, 3) == 5

    run(main())


def test_reply_that_arrives_byte_by_byte():
    async def main():
        async def script(reader, writer):
            for _ in range(2):
                for byte in message(*await read_call(reader), i32_result(5)):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.001)

        async with scripted_peer(script) as port, client_of(port) as client:
            assert await client.add(2, 3) == 5
            assert await client.add(2, 3) == 5

    run(main())


def test_two_replies_in_one_segment():
    async def main():
        async def script(reader, writer):
            name, seqid = await read_call(reader)
            answers = [message(name, seqid + number, i32_result(number)) for number in range(2)]
            writer.write(b"".join(answers))
            await read_call(reader)

        async with scripted_peer(script) as port, client_of(port) as client:
            assert await client.add(0, 0) == 0
            assert await client.add(0, 1) == 1

    run(main())


@pytest.mark.parametrize("kept", range(0, 34, 3))
def test_reply_that_breaks_off(kept):
    async def main():
        async def script(reader, writer):
            reply = message(*await read_call(reader), i32_result(5))
            assert kept < len(reply)
            writer.write(reply[:kept])

        async with scripted_peer(script) as port, client_of(port) as client:
            with pytest.raises(TTransportException) as error:
                await client.add(2, 3)
            assert error.value.type == TTransportException.END_OF_FILE
            await broken_off(client)

    if kept < len(message("add", 1, i32_result(5))):
        run(main())


def test_reply_that_is_no_thrift():
    async def main():
        async def script(reader, writer):
            await read_call(reader)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with scripted_peer(script) as port, client_of(port) as client:
            with pytest.raises(TProtocolException):
                await client.add(2, 3)
            await broken_off(client)

    run(main())


def test_promised_size_that_never_comes_costs_nothing():
    async def main():
        async def script(reader, writer):
            name, seqid = await read_call(reader)
            writer.write(message(name, seqid, struct.pack("!bhi", 11, 0, (100 << 20) + 1)))
            await reader.read()

        async with scripted_peer(script) as port, client_of(port) as client:
            with pytest.raises(TProtocolException) as error:
                await client.echo("")
            assert error.value.type == TProtocolException.SIZE_LIMIT

    run(main())


def test_server_that_refuses_the_connection():
    async def main():
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            with pytest.raises(TTransportException, match="Could not connect to") as error:
                await make_client(Calls, "127.0.0.1", unused.getsockname()[1])
        assert error.value.type == TTransportException.NOT_OPEN
        with pytest.raises(TTransportException) as error:
            await make_client(Calls, unix_socket="/nowhere/at/all")
        assert error.value.type == TTransportException.NOT_OPEN

    run(main())


def test_server_that_does_not_answer_the_connection_in_time():
    async def main():
        # A backlog that is full: the handshake is not completed.
        with socket.socket() as listener, FullBacklog() as connections:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            connections.fill(listener.getsockname())
            with pytest.raises(TTransportException) as error:
                await make_client(
                    Calls, "127.0.0.1", listener.getsockname()[1], connect_timeout=100
                )
        assert error.value.type == TTransportException.NOT_OPEN
        assert isinstance(error.value, asyncio.TimeoutError)

    run(main())


class FullBacklog:
    """Connections that fill the backlog of a listening socket."""

    def __enter__(self):
        self.sockets = []
        return self

    def fill(self, address):
        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            self.sockets.append(sock)

    def __exit__(self, *error):
        for sock in self.sockets:
            sock.close()


def test_closed_by_the_server():
    async def main():
        async with serving() as server, client_of(server) as client:
            assert await client.add(1, 2) == 3
            await server.close()
            for _ in range(2):
                with pytest.raises(TTransportException, match="The connection was closed") as error:
                    await client.add(1, 2)
                assert error.value.type == TTransportException.NOT_OPEN

    run(main())


def test_closed_after_the_event_loop():
    async def main():
        async with serving() as server:
            client = await make_client(Calls, "127.0.0.1", port_of(server))
            assert await client.add(1, 2) == 3
            return client

    client = run(main())
    descriptors = open_descriptors()
    client.close()
    assert not client._iprot.trans.is_open()
    assert open_descriptors() == descriptors - 1
    with warnings.catch_warnings():
        # asyncio's own, which was not closed in its event loop.
        warnings.simplefilter("ignore", ResourceWarning)
        del client
        gc.collect()


def test_a_host_may_be_bytes():
    async def main():
        async with serving() as server:
            client = await make_client(Calls, b"localhost", port_of(server))
            assert await client.add(1, 2) == 3
            client.close()

    run(main())


def test_a_client_over_a_transport_that_is_below_itself_comes_to_its_end():
    class Endless(TAsyncMemoryBuffer):
        @property
        def _trans(self):
            return self

    async def main():
        async with TAsyncClient(Calls, TAsyncBinaryProtocol(Endless())) as client:
            await client.note("x")
        assert b"note" in client._oprot.trans.getvalue()

    run(main())


def test_a_client_that_is_closed_while_it_waits_says_so():
    async def main():
        handler = Handler()
        async with serving(handler) as server:
            client = await make_client(Calls, "127.0.0.1", port_of(server))
            waiting = asyncio.ensure_future(client.wait(1))
            await handler.waiting.wait()
            client.close()
            with pytest.raises(TTransportException) as caught:
                await waiting
            handler.go_on.set()
        assert caught.value.type == TTransportException.END_OF_FILE
        assert "this side closed the connection while Calls.wait() waited for its answer" in (
            caught.value.message
        )

    run(main())


def test_neither_host_nor_unix_socket():
    with pytest.raises(ValueError, match="must be provided"):
        run(make_client(Calls, host="", port=0))


def test_a_client_tells_whether_it_is_open_and_can_be_opened_again():
    async def main(port):
        client = await make_client(rpc_support.Calls, "127.0.0.1", port)
        assert client.is_open is True
        client.close()
        assert client.is_open is False
        await client.reopen()
        assert client.is_open is True
        assert await client.add(1, 2) == 3
        client.close()

    with rpc_support.serving(rpc_support.make_server()) as port:
        asyncio.run(main(port))
