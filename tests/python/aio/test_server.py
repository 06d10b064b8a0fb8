"""The asyncio server: starting and stopping, calls that go wrong, peers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import socket
import struct
import sys
import threading
import time

import pytest
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory
from fastthrift.contrib.aio.rpc import make_client, make_server
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncBufferedTransportFactory
from fastthrift.protocol import TMultiplexedProtocolFactory
from fastthrift.rpc import client_context, make_aio_server
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TApplicationException, TMessageType, TProcessor
from fastthrift.transport import TServerSocket, TTransportException
from support.aio import (
    PATIENCE,
    PROTOCOLS,
    TRANSPORTS,
    Calls,
    Handler,
    Other,
    SyncHandler,
    client_of,
    port_of,
    run,
    serving,
)
from support.rpc import i32_result, message
from support.rpc import serving as threaded_serving

DIALECTS = [(protocol, transport) for protocol in PROTOCOLS for transport in TRANSPORTS]


def make(handler=None, trans=None, loop=None):
    trans = trans or TAsyncServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    return TAsyncServer(TAsyncProcessor(Calls, handler or Handler()), trans, loop=loop)


# Calls that go wrong.


@pytest.mark.difference("undeclared-exceptions")
@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_undeclared_exception_is_answered_and_logged(protocol, transport, caplog):
    async def main():
        async with (
            serving(protocol=protocol, transport=transport) as server,
            client_of(server, protocol=protocol, transport=transport) as client,
        ):
            for _ in range(3):
                with pytest.raises(TApplicationException) as error:
                    await client.fail("the password")
                assert error.value.type == TApplicationException.INTERNAL_ERROR
                assert "password" not in str(error.value)
            assert await client.add(1, 2) == 3

    run(main())
    record = caplog.records[0]
    assert record.levelno == logging.ERROR
    assert "fail" in record.getMessage()
    assert "127.0.0.1" in record.getMessage()
    assert record.exc_info[0] is KeyError


def test_result_that_cannot_be_encoded(caplog):
    async def main():
        async with serving() as server, client_of(server) as client:
            with pytest.raises(TApplicationException) as error:
                await client.returns_text()
            assert error.value.type == TApplicationException.INTERNAL_ERROR
            assert await client.add(1, 2) == 3

    run(main())


@pytest.mark.difference("oneway-errors")
def test_error_in_a_oneway_call_keeps_the_connection(caplog):
    async def main():
        async with serving() as server, client_of(server) as client:
            await client.note("fail")
            assert await client.notes() == ["fail"]

    run(main())
    assert "Error processing note" in caplog.text


def test_what_ends_a_program_ends_a_call(caplog):
    """In a handler, and where its result is encoded."""

    class Number:
        def __index__(self):
            raise SystemExit(3)

    class Exiting(Handler):
        async def nothing(self):
            raise SystemExit(3)

        async def add(self, a, b):
            return Number()

    async def main():
        async with serving(Exiting()) as server, client_of(server) as client:
            for call in (client.nothing(), client.add(1, 2)):
                with pytest.raises(TApplicationException) as error:
                    await call
                assert error.value.type == TApplicationException.INTERNAL_ERROR
            assert await client.echo("on") == "on"

    run(main())
    assert "Error processing add" in caplog.text


def test_handler_that_waits_for_a_cancelled_task_is_an_error_of_the_call(caplog):
    class Cancelling(Handler):
        async def nothing(self):
            task = asyncio.ensure_future(asyncio.sleep(PATIENCE))
            task.cancel()
            await task

    async def main():
        async with serving(Cancelling()) as server, client_of(server) as client:
            if sys.version_info < (3, 11):
                # Nobody can tell whose task was cancelled: the connection ends.
                with pytest.raises(TTransportException):
                    await client.nothing()
                return
            with pytest.raises(TApplicationException) as error:
                await client.nothing()
            assert error.value.type == TApplicationException.INTERNAL_ERROR
            assert await client.add(1, 2) == 3

    run(main())


def test_unknown_method():
    async def main():
        async with serving() as server, client_of(server, Other) as client:
            for _ in range(2):
                with pytest.raises(TApplicationException) as error:
                    await client.hello("you")
                assert error.value.type == TApplicationException.UNKNOWN_METHOD

    run(main())


def test_handler_without_coroutines():
    async def main():
        async with serving(SyncHandler()) as server, client_of(server) as client:
            assert await client.add(1, 2) == 3
            assert await client.counted(2) == {"0": 0, "1": 1}

    run(main())


def test_processor_raises_what_it_cannot_answer():
    """As thriftpy2's does: code around `process` relies on it."""
    seen = []

    class Watching(TAsyncProcessor):
        async def process(self, iprot, oprot):
            try:
                await super().process(iprot, oprot)
            except KeyError as error:
                seen.append(error)
                raise

    async def main():
        processor = Watching(Calls, Handler())
        async with serving(processor=processor) as server, client_of(server) as client:
            with pytest.raises(TApplicationException):
                await client.fail("")

    run(main())
    assert len(seen) == 1


def test_several_services_on_one_connection():
    class Hello:
        async def hello(self, name):
            return f"hello {name}"

    async def main():
        processor = TAsyncMultiplexedProcessor()
        processor.register_processor("Calls", TAsyncProcessor(Calls, Handler()))
        processor.register_processor("Other", TAsyncProcessor(Other, Hello()))
        with pytest.raises(TApplicationException, match="already registered"):
            processor.register_processor("Other", TAsyncProcessor(Other, Hello()))

        async with serving(processor=processor) as server:

            async def connect(service, name):
                factory = TMultiplexedProtocolFactory(TAsyncBinaryProtocolFactory(), name)
                return await make_client(
                    service, "127.0.0.1", port_of(server), proto_factory=factory
                )

            calls, other = await connect(Calls, "Calls"), await connect(Other, "Other")
            assert await calls.add(1, 2) == 3
            assert await other.hello("you") == "hello you"
            for service, name in ((Other, "Nobody"), (Other, "Calls")):
                stranger = await connect(service, name)
                for _ in range(2):
                    with pytest.raises(TApplicationException) as error:
                        await stranger.hello("you")
                    assert error.value.type == TApplicationException.UNKNOWN_METHOD
                stranger.close()
            calls.close()
            other.close()
            async with client_of(server, Other) as plain:
                with pytest.raises(TApplicationException, match="Service name not found"):
                    await plain.hello("you")
            await asyncio.sleep(0)

    run(main())


# Peers that misbehave.


async def exchange(port, data, end=True):
    """Send bytes; everything that is sent back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


ADD = message("add", 7, struct.pack("!bhibhi", 8, 1, 2, 8, 2, 3) + b"\0", TMessageType.CALL)


def test_connections_that_break_off_are_no_errors(caplog):
    async def main():
        async with serving() as server:
            for kept in range(0, len(ADD), 5):
                assert await exchange(port_of(server), ADD[:kept]) == b""
            assert len(await exchange(port_of(server), ADD + ADD)) > 2 * len("add")

    run(main())
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_calls_sent_ahead_are_answered_in_order():
    async def main():
        async with serving() as server:
            calls = [
                message(
                    "add",
                    number,
                    struct.pack("!bhibhi", 8, 1, number, 8, 2, 0) + b"\0",
                    TMessageType.CALL,
                )
                for number in range(200)
            ]
            answers = [
                message("add", number, struct.pack("!bhi", 8, 0, number) + b"\0")
                for number in range(200)
            ]
            assert await exchange(port_of(server), b"".join(calls)) == b"".join(answers)

    run(main())


def test_bytes_that_are_no_message_close_the_connection(caplog):
    async def main():
        async with serving() as server:
            assert await exchange(port_of(server), b"GET / HTTP/1.1\r\n\r\n", end=False) == b""

    run(main())
    assert "which sent an HTTP request, this server expects" in caplog.text


def test_arguments_that_cannot_be_read_are_answered(caplog):
    async def main():
        async with serving() as server:
            # A string whose size is negative.
            call = message("echo", 7, struct.pack("!bhi", 11, 1, -1), TMessageType.CALL)
            answer = await exchange(port_of(server), call, end=False)
            assert answer.startswith(message("echo", 7, b"", TMessageType.EXCEPTION))

    run(main())
    assert "cannot read the call of echo" in caplog.text


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_promised_sizes_are_not_trusted(transport):
    async def main():
        async with serving(transport=transport) as server:
            for size in (-1, 2**31 - 1):
                data = struct.pack("!i", size) + b"x" * 100
                assert await exchange(port_of(server), data, end=False) == b""

    run(main())


@pytest.mark.difference("aio-client-timeout")
def test_idle_connections_are_closed_and_slow_calls_are_not():
    async def main():
        trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=2000)
        async with serving(trans=trans) as server, client_of(server) as client:
            # Longer than the timeout: the connection is not idle.
            assert await client.slowly(5, 2300) == 5
            for number in range(4):
                await asyncio.sleep(0.1)
                assert await client.add(number, 0) == number
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(ADD[:-1])
            assert await reader.read() == b""
            writer.close()

    run(main())


# Starting and stopping.


def test_starts_and_stops_in_a_running_loop():
    async def main():
        server = make()
        await server.start()
        await server.start()
        async with client_of(server) as client:
            assert await client.add(1, 2) == 3
            port = port_of(server)
            await server.close()
            assert server.closed
        with pytest.raises(TTransportException):
            await make_client(Calls, "127.0.0.1", port)
        await server.close()
        with pytest.raises(RuntimeError, match="make a new one"):
            await server.start()

    run(main())


def test_serve_forever_ends_with_close():
    async def main():
        server = make()
        await server.start()
        serving_task = asyncio.create_task(server.serve_forever())
        async with client_of(server) as client:
            assert await client.add(1, 2) == 3
            await server.close()
            await serving_task

    run(main())


def test_serve_forever_ends_when_cancelled():
    async def main():
        server = make()
        await server.start()
        serving_task = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        serving_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving_task
        assert server.closed
        assert not server._connections

    run(main())


@pytest.mark.difference("aio-server-close")
def test_close_finishes_calls_in_flight():
    handler = Handler()

    async def main():
        async with serving(handler) as server, client_of(server) as client:
            call = asyncio.create_task(client.wait(5))
            await handler.waiting.wait()
            closing = asyncio.create_task(server.close())
            await asyncio.sleep(0.05)
            assert not closing.done()
            handler.go_on.set()
            assert await call == 5
            await closing

    run(main())


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_close_under_load(protocol, transport):
    """Every call is answered rightly or fails; none hangs, and nothing runs after `close`."""

    async def main():
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                serving(protocol=protocol, transport=transport)
            )
            clients = [
                await stack.enter_async_context(
                    client_of(server, protocol=protocol, transport=transport)
                )
                for _ in range(20)
            ]
            answered = 0

            async def call(client):
                nonlocal answered
                with contextlib.suppress(TTransportException):
                    for number in itertools.count():
                        assert await client.slowly(number, number % 3) == number
                        answered += 1

            load = asyncio.gather(*map(call, clients))
            while answered < 200:
                await asyncio.sleep(0.01)
            await server.close()
            assert not server._connections
            await load

    run(main())


def test_calls_that_do_not_end_are_cancelled_after_the_grace_period(caplog):
    handler = Handler()

    async def main():
        async with serving(handler) as server, client_of(server) as client:
            server.grace = 100
            call = asyncio.create_task(client.wait(5))
            await handler.waiting.wait()
            await server.close()
            with pytest.raises(TTransportException):
                await call
            assert not server._connections

    run(main())
    assert "1 calls are still running 0.1 s after the server was closed" in caplog.text


def test_close_from_a_handler_does_not_wait_for_itself():
    class Closing(Handler):
        async def nothing(self):
            await self.server.close()

    async def main():
        handler = Closing()
        handler.server = server = make(handler)
        await server.start()
        serving_task = asyncio.create_task(server.serve_forever())
        async with client_of(server) as client:
            assert await client.nothing() is None
        await serving_task

    run(main())


@contextlib.contextmanager
def served_in_a_thread(server):
    server.trans.listen()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield thread
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"
    finally:
        if thread.is_alive():
            asyncio.run(server.close())


def blocking_client(server):
    return client_context(Calls, "127.0.0.1", port_of(server), socket_timeout=PATIENCE * 1000)


@pytest.mark.difference("aio-server-close")
def test_serve_returns_after_close_from_another_loop():
    loop = asyncio.new_event_loop()
    server = make(loop=loop)
    with served_in_a_thread(server):
        with blocking_client(server) as client:
            assert client.add(1, 2) == 3
        asyncio.run(server.close())
    assert not loop.is_closed()
    loop.close()


def test_serve_returns_after_close_from_a_handler():
    class Closing(Handler):
        async def nothing(self):
            await self.server.close()

    handler = Closing()
    loop = asyncio.new_event_loop()
    handler.server = server = make(handler, loop=loop)
    with served_in_a_thread(server), blocking_client(server) as client:
        assert client.nothing() is None
    loop.close()


def test_serve_returns_when_its_loop_is_stopped():
    loop = asyncio.new_event_loop()
    server = make(loop=loop)
    with served_in_a_thread(server):
        with blocking_client(server) as client:
            assert client.add(1, 2) == 3
        loop.call_soon_threadsafe(loop.stop)
    assert server.closed
    loop.close()


def test_serve_makes_a_loop_and_says_so():
    server = make()

    def serve():
        with pytest.warns(DeprecationWarning, match="No event loop provided"):
            server.serve()

    server.trans.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    with blocking_client(server) as client:
        assert client.add(1, 2) == 3
    asyncio.run(server.close())
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert server.loop.is_closed()


def test_many_clients_at_once():
    async def main():
        async with serving() as server:

            async def one(number):
                async with client_of(server) as client:
                    return await client.echo(f"text {number}")

            texts = await asyncio.gather(*map(one, range(100)))
            assert texts == [f"text {number}" for number in range(100)]

    run(main())


@pytest.mark.difference("aio-port-in-use")
def test_port_in_use_is_an_error():
    async def main():
        async with serving() as server:
            second = make(trans=TAsyncServerSocket("127.0.0.1", port_of(server)))
            with pytest.raises(OSError, match="Cannot listen on"):
                await second.start()

    run(main())


def test_port_shared_when_asked_for():
    async def main():
        first = TAsyncServerSocket("127.0.0.1", 0, reuse_port=True)
        async with serving(trans=first) as server:
            second = TAsyncServerSocket("127.0.0.1", port_of(server), reuse_port=True)
            async with serving(trans=second) as other, client_of(other) as client:
                assert await client.add(1, 2) == 3

    run(main())


def test_unix_socket_is_removed_and_a_stale_one_replaced(tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)

    async def main():
        async with (
            serving(trans=TAsyncServerSocket(unix_socket=path)) as server,
            client_of(server, unix_socket=path) as client,
        ):
            assert await client.add(1, 2) == 3
            with pytest.raises(OSError, match="another server is listening"):
                await make(trans=TAsyncServerSocket(unix_socket=path)).start()
        assert not os.path.exists(path)

    run(main())


def test_ipv6():
    async def main():
        trans = TAsyncServerSocket("::1", 0, socket_family=socket.AF_INET6)
        async with (
            serving(trans=trans) as server,
            client_of(server, host="::1", socket_family=socket.AF_INET6) as client,
        ):
            assert await client.add(1, 2) == 3

    if socket.has_ipv6:
        run(main())


def test_listening_socket_of_the_caller():
    async def main():
        trans = TAsyncServerSocket()
        trans.raw_sock = socket.create_server(("127.0.0.1", 0))
        async with serving(trans=trans) as server, client_of(server) as client:
            assert await client.add(1, 2) == 3

    run(main())


def test_made_by_make_server():
    server = make_aio_server(Calls, Handler(), "127.0.0.1", 6000, client_timeout=1500)
    assert isinstance(server, TAsyncServer)
    assert isinstance(server.itrans_factory, TAsyncBufferedTransportFactory)
    assert isinstance(server.iprot_factory, TAsyncBinaryProtocolFactory)
    assert server.trans.client_timeout == 1.5
    assert make_server(Calls, Handler()).trans.client_timeout == 3
    assert make_server(Calls, Handler()).trans.port == 9090
    assert make_server(Calls, Handler(), unix_socket="/s").trans.unix_socket == "/s"
    with pytest.raises(ValueError, match="must be provided"):
        make_server(Calls, Handler(), host="")


def test_event_loop_goes_on_while_a_large_message_trickles_in():
    """A message in pieces costs time in proportion to its size, on an unframed stream too."""

    async def main():
        items = [struct.pack("!bhi", 11, 1, 5) + b"hello\0" for _ in range(50_000)]
        body = struct.pack("!bh", 12, 1) + struct.pack("!bhbi", 15, 6, 12, len(items))
        call = message("item", 7, body + b"".join(items) + b"\0\0", TMessageType.CALL)
        async with serving() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            begun = time.process_time()
            for start in range(0, len(call), 2000):
                writer.write(call[start : start + 2000])
                await writer.drain()
                await asyncio.sleep(0)
            answer = await reader.readexactly(len(call))
            # Decoding it again for each of 300 pieces would take minutes.
            assert time.process_time() - begun < PATIENCE
            assert answer == call.replace(b"\x80\x01\x00\x01", b"\x80\x01\x00\x02", 1).replace(
                struct.pack("!bh", 12, 1), struct.pack("!bh", 12, 0), 1
            )
            writer.close()

    run(main())


def test_peer_that_stops_reading_is_given_up():
    async def main():
        trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=200)
        async with serving(trans=trans) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(server), limit=1024)
            body = struct.pack("!bhi", 11, 1, 30 << 20) + bytes(30 << 20) + b"\0"
            writer.write(message("blob", 7, body, TMessageType.CALL))
            await writer.drain()
            while server._connections:
                await asyncio.sleep(0.02)
            writer.transport.abort()

    run(main())


def test_what_came_while_the_event_loop_was_busy_came_in_time():
    """Timers that have gone off meanwhile are no reason to give a connection up."""

    async def main():
        trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=2000)
        async with serving(trans=trans) as server:
            arguments = struct.pack("!bhi", 8, 1, 2) + struct.pack("!bhi", 8, 2, 3) + b"\0"
            call = message("add", 7, arguments, TMessageType.CALL)
            with socket.create_connection(("127.0.0.1", port_of(server))) as peer:
                peer.sendall(call[:10])
                await asyncio.sleep(0.05)
                peer.sendall(call[10:])
                time.sleep(2.1)
                await asyncio.sleep(0.05)
                peer.settimeout(PATIENCE)
                assert peer.recv(100) == message("add", 7, i32_result(5))

    run(main())


def test_answer_that_came_while_the_event_loop_was_busy_came_in_time():
    async def main():
        async with client_of(port, timeout=2000) as client:
            assert await client.add(1, 2) == 3
            call = asyncio.create_task(client.add(3, 4))
            # Sent, and waited for.
            await asyncio.sleep(0)
            time.sleep(2.1)
            assert await call == 7

    listening = TServerSocket("127.0.0.1", 0)
    server = TThreadedServer(TProcessor(Calls, SyncHandler()), listening)
    listening.listen()
    with threaded_serving(server) as port:
        run(main())


@pytest.mark.parametrize("turns", range(8))
def test_connection_that_is_accepted_while_the_server_is_closed(turns):
    """It is closed as well, though the event loop ends at once."""

    async def main():
        server = make()
        await server.start()
        peer = socket.create_connection(("127.0.0.1", port_of(server)))
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.close()
        return peer

    with run(main()) as peer, contextlib.suppress(ConnectionResetError):
        peer.settimeout(PATIENCE)
        assert peer.recv(1) == b""
    # Python tells of transports that nobody has closed.
    gc.collect()
