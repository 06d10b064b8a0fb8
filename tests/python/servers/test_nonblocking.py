"""The server whose connections native code waits for."""

import asyncio
import contextlib
import functools
import gc
import itertools
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.hooks import current_call
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
    TMultiplexedProtocolFactory,
)
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TApplicationException, TMultiplexedProcessor, TProcessor
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TServerSocket,
    TTransportException,
)
from support.children import environment
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    Other,
    client_of,
    i32_result,
    make_server,
    message,
    module,
    port_of,
    receive,
    serving,
)
from support.runner import wait_until

TRANSPORTS = [TBufferedTransportFactory(), TFramedTransportFactory()]
PROTOCOLS = [
    TBinaryProtocolFactory(),
    TCompactProtocolFactory(),
    TJSONProtocolFactory(),
    TApacheJSONProtocolFactory(),
]


def nonblocking(handler=None, **kwargs):
    return make_server(handler, TNonblockingServer, **kwargs)


def test_each_connection_speaks_as_it_likes():
    handler = Handler()
    with serving(nonblocking(handler)) as port:
        for protocol, transport in itertools.product(PROTOCOLS, TRANSPORTS):
            with client_of(port, proto_factory=protocol, trans_factory=transport) as client:
                for number in range(3):
                    assert client.add(number, 2) == number + 2
                with pytest.raises(module.NotFound, match="one"):
                    client.check(1)
                client.note("nothing comes back")
                assert client.echo("naïve") == "naïve"
    assert handler.notes == ["nothing comes back"] * 8


def test_clients_of_thriftpy2_are_served(tmp_path):
    import thriftpy2
    from thriftpy2.protocol import TBinaryProtocolFactory as TheirBinary
    from thriftpy2.protocol import TCompactProtocolFactory as TheirCompact
    from thriftpy2.protocol import TJSONProtocolFactory as TheirJSON
    from thriftpy2.rpc import client_context as their_context
    from thriftpy2.transport import TBufferedTransportFactory as TheirBuffered
    from thriftpy2.transport import TFramedTransportFactory as TheirFramed

    idl = tmp_path / "calls.thrift"
    idl.write_text(
        "service Calls { i32 add(1: i32 a, 2: i32 b), oneway void note(1: string text) }"
    )
    theirs = thriftpy2.load(str(idl), "their_calls_thrift")
    with serving(nonblocking()) as port:
        for protocol, transport in itertools.product(
            [TheirBinary, TheirCompact, TheirJSON], [TheirBuffered, TheirFramed]
        ):
            with their_context(
                theirs.Calls,
                "127.0.0.1",
                port,
                proto_factory=protocol(),
                trans_factory=transport(),
            ) as client:
                assert client.add(40, 2) == 42
                client.note("x")
                assert client.add(40, 3) == 43


def test_fixed_factories_refuse_what_is_spoken_otherwise(caplog):
    server = nonblocking(
        iprot_factory=TCompactProtocolFactory(), itrans_factory=TFramedTransportFactory()
    )
    with serving(server) as port:
        framed = {"trans_factory": TFramedTransportFactory()}
        with client_of(port, proto_factory=TCompactProtocolFactory(), **framed) as client:
            assert client.add(1, 2) == 3
        with client_of(port) as client, pytest.raises(TTransportException):
            client.add(1, 2)
        wait_until(lambda: "which sent" in caplog.text)
    assert "an unframed binary message, this server expects frames" in caplog.text


@pytest.mark.parametrize("framed", [True, False])
def test_transport_may_be_fixed_alone(framed):
    """As the other servers take a transport without a protocol."""
    server = nonblocking(itrans_factory=TRANSPORTS[framed])
    with serving(server) as port:
        for protocol in PROTOCOLS:
            with client_of(
                port, proto_factory=protocol, trans_factory=TRANSPORTS[framed]
            ) as client:
                assert client.add(1, 2) == 3
        with (
            client_of(port, trans_factory=TRANSPORTS[not framed]) as client,
            pytest.raises(TTransportException),
        ):
            client.add(1, 2)


class Shouting(TBinaryProtocol):
    """A protocol of somebody else."""

    def write_message_begin(self, name, ttype, seqid):
        super().write_message_begin(name.upper(), ttype, seqid)

    def read_message_begin(self):
        name, ttype, seqid = super().read_message_begin()
        return name.lower(), ttype, seqid


class ShoutingFactory:
    def get_protocol(self, trans):
        return Shouting(trans)


def test_protocol_of_somebody_else_comes_in_frames():
    framed = TFramedTransportFactory()
    server = nonblocking(iprot_factory=ShoutingFactory(), itrans_factory=framed)
    with (
        serving(server) as port,
        client_of(port, proto_factory=ShoutingFactory(), trans_factory=framed) as client,
    ):
        assert client.add(1, 2) == 3


@pytest.mark.parametrize("is_awaited", [False, True])
def test_calls_in_one_frame_of_a_protocol_of_somebody_else_are_made_in_their_order(is_awaited):
    make = awaiting if is_awaited else nonblocking
    handler = AsyncHandler() if is_awaited else Handler()
    server = make(
        handler, iprot_factory=ShoutingFactory(), itrans_factory=TFramedTransportFactory()
    )
    # They take several turns, and a stop too many is nothing.
    numbers = range(3_000)
    calls = b"".join(
        message("add", number, struct.pack("!bhibhi", 8, 1, number, 8, 2, 1) + b"\0", kind=1)
        for number in numbers
    )
    with (
        serving(server) as port,
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
    ):
        for stop in (b"", b"\0"):
            connection.sendall(struct.pack("!i", len(calls + stop)) + calls + stop)
            for number in numbers:
                expected = message("ADD", number, i32_result(number + 1))
                (size,) = struct.unpack("!i", receive(connection, 4))
                assert receive(connection, size) == expected


def test_what_it_cannot_serve_is_refused_with_what_to_use(tmp_path):
    processor = TProcessor(Calls, Handler())
    trans = TServerSocket("127.0.0.1", 0)
    with pytest.raises(ValueError, match=r"ShoutingFactory end: give it TFramedTransportFactory"):
        TNonblockingServer(processor, trans, iprot_factory=ShoutingFactory())

    class Strange:
        def get_transport(self, trans):
            return trans

    with pytest.raises(ValueError, match=r"not Strange; TThreadedServer takes any"):
        TNonblockingServer(processor, trans, itrans_factory=Strange())

    class Careful(TServerSocket):
        def accept(self):
            return super().accept()

    with pytest.raises(ValueError, match=r"Careful accepts .* TThreadedServer"):
        TNonblockingServer(processor, Careful("127.0.0.1", 0))


def test_several_services():
    class Greeting:
        def hello(self, name):
            return f"hello {name}"

    processor = TMultiplexedProcessor()
    processor.register_processor("calls", TProcessor(Calls, Handler()))
    processor.register_processor("other", TProcessor(Other, Greeting()))
    with serving(nonblocking(processor=processor)) as port:

        def several(name, protocol):
            return TMultiplexedProtocolFactory(protocol, name)

        for protocol in PROTOCOLS:
            with client_of(port, proto_factory=several("calls", protocol)) as client:
                assert client.add(1, 2) == 3
            factory = several("other", protocol)
            with client_of(port, service=Other, proto_factory=factory) as client:
                assert client.hello("you") == "hello you"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "an HTTP request"),
        (b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(32), "a TLS handshake"),
        (b"\xff" * 40, "no message"),
    ],
)
def test_what_is_no_message_is_closed_at_once_and_named(sent, told, caplog):
    with (
        serving(nonblocking()) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        peer.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(100) == b""
        wait_until(lambda: "which sent" in caplog.text)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert told in record.getMessage()
    assert "127.0.0.1:" in record.getMessage()


def test_idle_connections_cost_no_threads_and_little_memory():
    """Beside one that works."""
    program = """
import resource, sys, threading
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from support.rpc import Calls, Handler

class Telling(Handler):
    def numbers(self, count):
        with open("/proc/self/statm") as statm:
            pages = int(statm.read().split()[1])
        return [threading.active_count(), pages * resource.getpagesize() // 1024]

trans = TServerSocket("127.0.0.1", 0, client_timeout=None, backlog=1000)
server = TNonblockingServer(TProcessor(Calls, Telling()), trans, threads=4)
trans.listen()
print(trans.sock.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.close())).start()
server.serve()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    count = 2000
    idle = []
    try:
        port = int(process.stdout.readline())
        with client_of(port) as client:
            for _ in range(100):
                client.add(1, 2)
            # Those of the program, of its signals and of 4 workers, which begin one by one.
            wait_until(lambda: client.numbers(0)[0] == 7)
            threads, before = client.numbers(0)
            for _ in range(count):
                idle.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
                # Each has spoken, and waits.
                idle[-1].sendall(message("add", 1, b"\0", kind=1))
            for peer in idle:
                assert peer.recv(100)
            for _ in range(100):
                assert client.add(1, 2) == 3
            assert client.numbers(0)[0] == threads
            grown = client.numbers(0)[1] - before
        assert grown < count * 4, f"{grown} KiB for {count} connections"
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        for peer in idle:
            peer.close()


def test_message_that_comes_byte_by_byte_has_its_time():
    call = message("add", 1, b"\0", kind=1)
    trans = TServerSocket("127.0.0.1", 0, message_timeout=300)
    with (
        serving(nonblocking(trans=trans)) as port,
        client_of(port) as client,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as slow,
    ):
        for position in range(len(call)):
            with contextlib.suppress(OSError):
                slow.sendall(call[position : position + 1])
            assert client.add(position, 1) == position + 1
            time.sleep(0.05)
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b""


def test_idle_time_is_that_of_the_server_socket():
    trans = TServerSocket("127.0.0.1", 0, client_timeout=100)
    with (
        serving(nonblocking(trans=trans)) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        assert peer.recv(1) == b""


@pytest.mark.parametrize(
    "proto_factory",
    [
        TBinaryProtocolFactory(),
        TCompactProtocolFactory(),
        TJSONProtocolFactory(),
        TApacheJSONProtocolFactory(),
    ],
    ids=lambda factory: type(factory).__name__,
)
@pytest.mark.parametrize("trans_factory", [TBufferedTransportFactory(), TFramedTransportFactory()])
def test_calls_beyond_the_queue_are_told_of_it(proto_factory, trans_factory, caplog):
    handler = Handler()
    server = nonblocking(handler, threads=1, queue=1)
    with serving(server) as port, contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(client_of(port)) for _ in range(2)]
        extra = stack.enter_context(
            client_of(port, proto_factory=proto_factory, trans_factory=trans_factory)
        )
        threads = [threading.Thread(target=client.wait, args=(7,)) for client in waiting]
        threads[0].start()
        assert handler.waiting.wait(PATIENCE)
        threads[1].start()

        def refused():
            try:
                extra.add(1, 2)
            except TApplicationException as error:
                return error
            raise AssertionError("there was room")

        wait_until(lambda: server._serving._core.waiting == 1)
        error = refused()
        assert error.type == TApplicationException.INTERNAL_ERROR
        assert error.message.startswith("the server is overloaded: 1 calls wait")
        handler.go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
        # Its connection lives on.
        assert extra.add(1, 2) == 3
        wait_until(lambda: "Overloaded" in caplog.text)


def test_others_keep_their_answers_while_handlers_wait():
    handler = Handler()
    with serving(nonblocking(handler, threads=3)) as port, contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(client_of(port)) for _ in range(2)]
        threads = [threading.Thread(target=client.wait, args=(7,)) for client in waiting]
        for thread in threads:
            thread.start()
        with client_of(port) as client:
            for number in range(200):
                assert client.add(number, 1) == number + 1
        handler.go_on.set()
        for thread in threads:
            thread.join(PATIENCE)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), BaseException("odd")])
def test_handler_that_ends_the_program_ends_a_call(error, caplog):
    class Ending(Handler):
        def nothing(self):
            raise error

    with serving(nonblocking(Ending(), threads=1)) as port, client_of(port) as client:
        for _ in range(3):
            with pytest.raises(TApplicationException, match="Internal error processing nothing"):
                client.nothing()
            assert client.add(1, 2) == 3


@pytest.mark.parametrize("fails", [False, True])
def test_threads_that_wait_keep_no_connection_of_a_client_that_has_left(fails):
    together = threading.Barrier(4)

    class Meeting(Handler):
        def nothing(self):
            together.wait(PATIENCE)  # each of the threads has a call
            # What has gone wrong with a call it tells, and is in a cycle with its traceback.
            if fails and current_call():
                raise OSError("no disk")

    def call(port):
        with client_of(port) as client, contextlib.suppress(TApplicationException):
            client.nothing()

    with serving(nonblocking(Meeting(), threads=4)) as port, client_of(port) as staying:
        # An answer: the server has all that it opens.
        assert staying.add(1, 2) == 3
        descriptors = len(os.listdir("/proc/self/fd"))
        threads = [threading.Thread(target=call, args=(port,)) for _ in range(4)]
        gc.disable()
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            wait_until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
        finally:
            gc.enable()


def test_peers_that_leave_anywhere_disturb_nobody(caplog):
    call = message("echo", 1, b"\x0b\0\1\0\0\0\4text\0", kind=1)
    with serving(nonblocking()) as port, client_of(port) as client:
        for size in range(len(call) + 1):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
                peer.sendall(call[:size])
            assert client.add(size, 1) == size + 1
    assert caplog.records == []


def test_large_messages_both_ways():
    text = "x" * (10 << 20)
    with serving(nonblocking()) as port:
        for transport in TRANSPORTS:
            with client_of(port, trans_factory=transport) as client:
                assert client.echo(text) == text
                assert client.add(1, 2) == 3


def test_frame_above_the_limit_is_refused_and_no_other_client(caplog):
    server = nonblocking(itrans_factory=TFramedTransportFactory(max_frame_size=1000))
    framed = TFramedTransportFactory()
    with serving(server) as port, client_of(port, trans_factory=framed) as other:
        with client_of(port, trans_factory=framed) as client, pytest.raises(TTransportException):
            client.echo("x" * 2000)
        assert other.add(1, 2) == 3
        wait_until(lambda: "exceeds the limit of 1000" in caplog.text)


def test_unix_socket(tmp_path):
    path = str(tmp_path / "socket")
    server = nonblocking(trans=TServerSocket(unix_socket=path))
    with serving(server), client_context(Calls, unix_socket=path) as client:
        assert client.add(1, 2) == 3
    assert not os.path.exists(path)


def test_calls_in_flight_are_answered_when_it_is_closed():
    handler = Handler()
    begun, wait = [], handler.wait
    handler.wait = lambda ticket: begun.append(ticket) or wait(ticket)
    server = nonblocking(handler, threads=20)
    answers = []
    ended = threading.Thread(target=server.serve)
    ended.start()
    port = port_of(server)
    with contextlib.ExitStack() as stack:
        idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
        clients = [stack.enter_context(client_of(port)) for _ in range(20)]
        threads = [
            threading.Thread(target=lambda client: answers.append(client.wait(7)), args=(client,))
            for client in clients
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(begun) == 20)
        server.close()
        assert idle.recv(1) == b""
        handler.go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
    ended.join(PATIENCE)
    assert not ended.is_alive()
    assert answers == [7] * 20


def test_under_gevent_it_says_what_to_use():
    program = """
from gevent import monkey
monkey.patch_all()
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from support.rpc import Calls, Handler
try:
    TNonblockingServer(TProcessor(Calls, Handler()), TServerSocket("127.0.0.1", 0)).serve()
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "gevent" in done.stdout, done.stderr
    assert "TThreadedServer" in done.stdout


class AsyncHandler:
    """Its `wait` returns once `go_on` says so; both on the server's event loop."""

    def __init__(self):
        self.waiting = 0
        self.event = None
        self.cancelled = threading.Event()

    async def add(self, a, b):
        await asyncio.sleep(0)
        return a + b

    def echo(self, text):
        return text

    async def check(self, code):
        raise module.NotFound(name="one")

    async def nothing(self):
        raise SystemExit(3)

    async def fail(self, secret):
        raise asyncio.CancelledError(secret)

    async def wait(self, ticket):
        self.event = self.event or asyncio.Event()
        self.waiting += 1
        try:
            await self.event.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return ticket

    async def note(self, text):
        self.event.set()


def awaiting(handler, **kwargs):
    return nonblocking(processor=TAsyncProcessor(Calls, handler), **kwargs)


def test_handlers_of_asyncio_are_awaited():
    with serving(awaiting(AsyncHandler())) as port:
        for protocol, transport in itertools.product(PROTOCOLS, TRANSPORTS):
            with client_of(port, proto_factory=protocol, trans_factory=transport) as client:
                assert client.add(40, 2) == 42
                assert client.echo("plain") == "plain"
                with pytest.raises(module.NotFound, match="one"):
                    client.check(1)
                with pytest.raises(TApplicationException, match="Internal error"):
                    client.nothing()
                # Before 3.11 nobody can tell whose task was cancelled: the connection ends.
                is_told = sys.version_info >= (3, 11)
                with pytest.raises(TApplicationException if is_told else TTransportException):
                    client.fail("itself")
                assert not is_told or client.add(1, 2) == 3


def test_more_calls_are_awaited_at_once_than_there_are_threads():
    handler = AsyncHandler()
    answers = []
    with serving(awaiting(handler, threads=2)) as port, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client_of(port)) for _ in range(50)]
        threads = [
            threading.Thread(target=lambda client: answers.append(client.wait(7)), args=(client,))
            for client in clients
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: handler.waiting == 50)
        with client_of(port) as client:
            assert client.add(1, 2) == 3
            client.note("go on")
        for thread in threads:
            thread.join(PATIENCE)
    assert answers == [7] * 50


def test_what_is_awaited_when_the_grace_is_over_is_cancelled(caplog):
    handler = AsyncHandler()
    server = awaiting(handler, grace=100)
    with serving(server) as port, client_of(port) as client:
        told = []

        def call():
            try:
                client.wait(7)
            except TTransportException as error:
                told.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        wait_until(lambda: handler.waiting == 1)
        server.close()
        thread.join(PATIENCE)
        assert handler.cancelled.wait(PATIENCE)
    assert len(told) == 1
    assert "1 calls are still running 0.1 s after the server was closed" in caplog.text


def test_several_services_of_asyncio():
    processor = TAsyncMultiplexedProcessor()
    processor.register_processor("calls", TAsyncProcessor(Calls, AsyncHandler()))
    factory = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "calls")
    with (
        serving(nonblocking(processor=processor)) as port,
        client_of(port, proto_factory=factory) as client,
    ):
        assert client.add(1, 2) == 3


def test_processor_of_asyncio_with_ways_of_its_own_is_refused():
    class Own(TAsyncProcessor):
        async def process_in(self, iprot):
            return await super().process_in(iprot)

    server = nonblocking(processor=Own(Calls, AsyncHandler()))
    with pytest.raises(ValueError, match=r"Own has methods of its own .* TAsyncServer"):
        server.serve()
    server.close()


class Treacherous(list):
    """A result that fails while it is written, as a lazy one of a database might."""

    def __init__(self, error):
        super().__init__([1, 2, 3])
        self.error = error

    def __iter__(self):
        yield 1
        raise self.error


@pytest.mark.parametrize("error", [TimeoutError("late"), ConnectionResetError(), EOFError()])
@pytest.mark.parametrize("own", [True, False])
def test_result_that_fails_while_it_is_written_reaches_nobody(error, own, caplog):
    """Whatever it fails with: it is not the client that is lost. With thriftpy2's protocol, too,
    which writes piece by piece."""
    from thriftpy2.protocol.binary import TBinaryProtocol as TheirBinary

    class Theirs:
        def get_protocol(self, trans):
            return TheirBinary(trans, True)

    class Lazy(Handler):
        def numbers(self, count):
            return Treacherous(error)

    framed = TFramedTransportFactory()
    factories = {} if own else {"iprot_factory": Theirs(), "itrans_factory": framed}
    with (
        serving(nonblocking(Lazy(), threads=1, **factories)) as port,
        client_of(port, trans_factory=framed) as client,
        client_of(port, trans_factory=framed) as other,
    ):
        for _ in range(3):
            with pytest.raises(TApplicationException, match="Internal error processing numbers"):
                client.numbers(3)
            assert other.echo("mine") == "mine"
            assert client.echo("too") == "too"
    assert len(caplog.records) == 3


def test_frame_whose_call_ends_early_is_answered(caplog):
    call = message("echo", 1, b"\x0b\0\1\0\0\0\4te", kind=1)
    with (
        serving(nonblocking()) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        peer.sendall(len(call).to_bytes(4, "big") + call)
        assert b"The arguments of echo cannot be read" in peer.recv(1000)
        assert peer.recv(1) == b""
    assert "cannot read the call of echo" in caplog.text


def test_factory_that_fails_closes_the_connection_and_does_not_hold_up_the_end(caplog):
    class Failing:
        def get_protocol(self, trans):
            raise KeyError("of the factory")

    server = nonblocking(iprot_factory=Failing(), itrans_factory=TFramedTransportFactory())
    call = message("add", 1, b"\0", kind=1)
    with (
        serving(server) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        peer.sendall(len(call).to_bytes(4, "big") + call)
        assert peer.recv(1) == b""
    assert "of the factory" in caplog.text
    assert "still running" not in caplog.text


@pytest.mark.parametrize("name", ["threads", "max_connections", "queue"])
@pytest.mark.parametrize("value", [0, -1, "4"])
def test_limits_are_numbers(name, value):
    with pytest.raises(ValueError, match=f"{name} has to be a number of at least 1, not {value!r}"):
        nonblocking(**{name: value})


@pytest.mark.parametrize("grace", [0, 1e300, float("inf")])
def test_any_grace_is_one(grace):
    server = nonblocking()
    with serving(server) as port, client_of(port) as client:
        assert client.add(1, 2) == 3
        server.close(grace)


class Subclass(TNonblockingServer):
    pass


@pytest.mark.parametrize(
    "server_class",
    [
        TNonblockingServer,
        Subclass,
        functools.partial(TNonblockingServer, threads=4),
        functools.partial(functools.partial(Subclass), threads=4),
    ],
    ids=["itself", "a subclass", "a partial", "a partial of a partial of a subclass"],
)
def test_made_by_make_server_connections_speak_as_they_like(server_class):
    from fastthrift.rpc import make_server as make

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = make(Calls, Handler(), "127.0.0.1", port, server_class=server_class)
    server.trans.listen()
    with serving(server):
        for protocol, transport in itertools.product(PROTOCOLS, TRANSPORTS):
            with client_of(port, proto_factory=protocol, trans_factory=transport) as client:
                assert client.add(1, 2) == 3


def test_peer_hears_of_the_end_though_a_child_has_the_connection():
    """A handler may have forked."""
    trans = TServerSocket("127.0.0.1", 0, client_timeout=1000)

    class Forking(Handler):
        child = None

        def nothing(self):
            self.child = os.fork()
            if self.child == 0:
                time.sleep(PATIENCE)
                os._exit(0)

    handler = Forking()
    with (
        serving(nonblocking(handler, trans=trans)) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as idle,
        client_of(port) as client,
    ):
        # It has been accepted when it was answered.
        idle.sendall(message("add", 1, b"\0", kind=1))
        assert idle.recv(1000)
        client.nothing()
        try:
            assert idle.recv(1) == b""
        finally:
            os.kill(handler.child, 9)
            os.waitpid(handler.child, 0)
