"""THeader at the server whose connections native code waits for."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastthrift import current_call
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.protocol import (
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    THeaderProtocolFactory,
    TMultiplexedProtocolFactory,
)
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TApplicationException, TMultiplexedProcessor, TProcessor
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    THeaderTransportFactory,
    TTransportException,
)
from fastthrift.transport._header_frame import HeaderFrame, read_frame, write_frame
from fastthrift.transport.header import THeaderSubprotocolID
from support import apache_header
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    Other,
    client_of,
    make_server,
    message,
    module,
    receive,
    serving,
)

ZLIB = 1
PROTOCOLS = {"binary": THeaderSubprotocolID.BINARY, "compact": THeaderSubprotocolID.COMPACT}
WIRES = list(itertools.product(PROTOCOLS.values(), [False, True]))
#: Found by its first bytes, and fixed by one factory or both.
SERVERS: dict[str, dict[str, Any]] = {
    "found": {},
    "transport": {"itrans_factory": THeaderTransportFactory()},
    "protocol": {"iprot_factory": THeaderProtocolFactory()},
    "both": {
        "itrans_factory": THeaderTransportFactory(),
        "iprot_factory": THeaderProtocolFactory(),
    },
}
FORGOTTEN = 10_000


class Headers(Handler):
    """Tells what came beside a call: `echo` gives the value of a name."""

    def echo(self, text: str) -> str:
        call = current_call()
        assert call is not None
        return call.headers.get(text, "none")


class Awaited:
    """A handler whose methods are awaited."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._handler, name)

        async def call(*arguments: Any) -> Any:
            return method(*arguments)

        return call


@pytest.fixture(params=["threads", "event loop"])
def processor_of(request: pytest.FixtureRequest) -> Any:
    if request.param == "threads":
        return lambda handler: TProcessor(Calls, handler)
    return lambda handler: TAsyncProcessor(Calls, Awaited(handler))


def native(handler: Any = None, **options: Any) -> TNonblockingServer:
    server: TNonblockingServer = make_server(handler, TNonblockingServer, **options)
    return server


def header_client(
    port: int, protocol: int = 0, *, compressed: bool = False, service: Any = Calls, **options: Any
) -> Any:
    transforms = [ZLIB] if compressed else []
    transports = THeaderTransportFactory(default_protocol=protocol, transforms=transforms)
    options.setdefault("proto_factory", THeaderProtocolFactory())
    return client_of(port, service, trans_factory=transports, **options)


def frame(payload: bytes, **parts: Any) -> bytes:
    data = write_frame(HeaderFrame(payload, **parts))
    return struct.pack("!i", len(data)) + data


def add(seqid: int) -> bytes:
    """A call that gives the sequence id."""
    arguments = struct.pack("!bhibhi", 8, 1, seqid, 8, 2, 0) + b"\0"
    return message("add", seqid, arguments, kind=1)


def answer(connection: socket.socket) -> HeaderFrame:
    (size,) = struct.unpack("!i", receive(connection, 4))
    return read_frame(receive(connection, size), 1 << 20)


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def wait_until(is_so: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "it never became so"
        time.sleep(0.005)


@pytest.mark.parametrize("kind", SERVERS)
def test_clients_of_header_are_answered_in_kind(kind: str, processor_of: Any) -> None:
    handler = Handler()
    with serving(native(processor=processor_of(handler), **SERVERS[kind])) as port:
        for protocol, compressed in WIRES:
            with header_client(port, protocol, compressed=compressed) as client:
                for number in range(3):
                    assert client.add(number, 2) == number + 2
                with pytest.raises(module.NotFound, match="one"):
                    client.check(1)
                client.note("nothing comes back")
                assert client.echo("naïve" * 50_000) == "naïve" * 50_000
                with pytest.raises(TApplicationException, match="Internal error processing fail"):
                    client.fail("secret")
                trans = client._iprot.trans
                assert trans.protocol_id == protocol
                assert trans.rules.received.transforms == ([ZLIB] if compressed else [])
    assert handler.notes == ["nothing comes back"] * len(WIRES)


def test_headers_reach_handlers(processor_of: Any) -> None:
    with (
        serving(native(processor=processor_of(Headers()))) as port,
        header_client(port) as client,
        header_client(port) as other,
    ):
        trans = client._iprot.trans
        trans.set_persistent_header("Tenant", "acme")
        trans.set_header("Trace", "ä")
        assert client.echo("trace") == "ä"
        assert client.echo("trace") == "none"
        assert client.echo("tenant") == "acme"
        assert other.echo("tenant") == "none"


@pytest.mark.parametrize(("protocol", "compressed"), WIRES)
def test_a_client_of_apache(protocol: int, compressed: bool) -> None:
    with (
        serving(native(Headers())) as port,
        apache_header.client_of(port, protocol, zlib=compressed) as proto,
    ):
        for name, text in (("trace", "one"), ("other", "two"), ("trace", "three")):
            proto.set_header(b"trace", text.encode())
            given = apache_header.call(proto, "echo", "text", name)
            assert given == (text if name == "trace" else "none")
            assert proto.trans.protocol_id == protocol


def test_calls_that_come_at_once_are_answered_one_after_the_other(processor_of: Any) -> None:
    calls = range(1, 201)
    with serving(native(processor=processor_of(Handler()))) as port, connected(port) as connection:
        connection.sendall(
            b"".join(
                frame(add(call), sequence_id=FORGOTTEN + call, transforms=[ZLIB] * (call % 2))
                for call in calls
            )
        )
        for call in calls:
            found = answer(connection)
            assert found.sequence_id == FORGOTTEN + call
            assert found.transforms == [ZLIB] * (call % 2)
            assert found.payload[-5:] == struct.pack("!ib", call, 0)


def broken(header: bytes, payload: bytes = b"", words: int | None = None) -> bytes:
    header += bytes(-len(header) % 4)
    words = len(header) // 4 if words is None else words
    body = struct.pack(">HHIH", 0x0FFF, 0, 1, words) + header + payload
    return struct.pack("!i", len(body)) + body


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (broken(b"\0\0", add(2), words=0xFFFF), "a header of 262140 bytes in a frame that has"),
        (broken(b"\0\x01\x05", add(2)), "transform 5 (zstd) of THeader is not known here"),
        (broken(b"\0\0\x01\x7f", add(2)), "127 entries in the 0 bytes that are left"),
        (broken(b"\0\x01\x01", b"garbage"), "not compressed with zlib as it says"),
        (broken(b"\0\x01\x01", zlib.compress(bytes(2_000_000))), "more than 1000000 bytes"),
        (broken(b"\x01\0", add(2)), "a message of THeader in protocol 1"),
        (b"\0\0\0\x10" + b"\xff" * 16, "another magic number than 0x0FFF"),
        (b"\x7f\0\0\0\x0f\xff", "2130706432"),
    ],
)
def test_a_broken_frame_ends_its_connection_behind_the_calls_before_it(
    bad: bytes, why: str, caplog: Any
) -> None:
    with (
        serving(native(max_message_size=1_000_000)) as port,
        header_client(port) as other,
        connected(port) as connection,
    ):
        assert other.add(1, 2) == 3
        good = frame(add(1))
        connection.sendall(good + good + bad)
        assert [answer(connection).payload[-5:] for _ in range(2)] == [b"\0\0\0\x01\0"] * 2
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        wait_until(lambda: why in caplog.text)
        assert "which sent what is no message: " in caplog.text
        assert other.add(1, 2) == 3


@pytest.mark.parametrize(("protocol", "compressed"), WIRES)
def test_calls_beyond_the_queue_are_told_of_it_in_kind(protocol: int, compressed: bool) -> None:
    handler = Handler()
    server = native(handler, threads=1, queue=1)
    with (
        serving(server) as port,
        contextlib.ExitStack() as stack,
    ):
        waiting = [stack.enter_context(header_client(port)) for _ in range(2)]
        extra = stack.enter_context(header_client(port, protocol, compressed=compressed))
        threads = [threading.Thread(target=client.wait, args=(7,)) for client in waiting]
        threads[0].start()
        assert handler.waiting.wait(PATIENCE)
        threads[1].start()
        wait_until(lambda: server._serving._core.waiting == 1)  # type: ignore[union-attr]
        with pytest.raises(TApplicationException, match="the server is overloaded: 1 calls wait"):
            extra.echo("a" * 100_000)
        assert extra._iprot.trans.protocol_id == protocol
        handler.go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert extra.add(1, 2) == 3


def test_the_time_of_a_call_goes_on_while_it_waits_for_a_thread() -> None:
    handler = Handler()
    server = native(handler, threads=1)
    with (
        serving(server) as port,
        header_client(port) as first,
        connected(port) as second,
    ):
        waiting = threading.Thread(target=first.wait, args=(7,))
        waiting.start()
        assert handler.waiting.wait(PATIENCE)
        calls = [
            frame(
                message("close", code, struct.pack("!bhi", 8, 1, code) + b"\0", kind=1),
                headers={b"X-Thrift-Timeout": time_left},
            )
            for code, time_left in ((1, b"100"), (2, b"1000000"))
        ]
        # Both at once, for them to wait together.
        second.sendall(b"".join(calls))
        wait_until(lambda: server._serving._core.waiting == 2)  # type: ignore[union-attr]
        time.sleep(0.2)
        handler.go_on.set()
        waiting.join(PATIENCE)
        assert b"the deadline is over: close() was not executed" in answer(second).payload
        assert answer(second).payload.endswith(b"close" + struct.pack("!ib", 2, 0))
        assert handler.closed_with == [2]


def test_an_answer_above_the_limit_is_told_of(processor_of: Any) -> None:
    frames = THeaderTransportFactory(max_frame_size=4000)
    server = native(processor=processor_of(Handler()), itrans_factory=frames)
    with serving(server) as port, header_client(port) as client:
        for _ in range(2):
            with pytest.raises(TApplicationException, match="its result exceeds a limit"):
                client.numbers(990)
            # With what THeader has before it, of a frame of 3998 bytes.
            assert client.numbers(989) == list(range(989))


def test_arguments_that_cannot_be_read_are_told_of() -> None:
    with serving(native()) as port, connected(port) as connection:
        connection.sendall(frame(message("add", 5, b"\x63\0\x01", kind=1), sequence_id=9))
        found = answer(connection)
        assert (found.sequence_id, found.payload[:4]) == (9, b"\x80\x01\0\x03")
        assert b"arguments of add" in found.payload
        assert connection.recv(1) == b""


@pytest.mark.parametrize("framed", [False, True])
def test_a_server_of_header_alone_takes_no_others(framed: bool, caplog: Any) -> None:
    transports = TFramedTransportFactory() if framed else TBufferedTransportFactory()
    with (
        serving(native(**SERVERS["both"])) as port,
        client_of(port, trans_factory=transports) as client,
    ):
        with pytest.raises(TTransportException):
            client.add(1, 2)
        spoken = "framed binary" if framed else "binary without frames"
        wait_until(lambda: f"the other side speaks {spoken}: allowed are THeader" in caplog.text)


def test_others_are_taken_where_they_are_allowed() -> None:
    allowed = THeaderTransportFactory(range(5))
    with serving(native(itrans_factory=allowed, iprot_factory=THeaderProtocolFactory())) as port:
        for protocol in (TBinaryProtocolFactory(), TCompactProtocolFactory()):
            for transport in (TFramedTransportFactory(), TBufferedTransportFactory()):
                with client_of(port, proto_factory=protocol, trans_factory=transport) as client:
                    assert client.add(1, 2) == 3
        with header_client(port) as client:
            assert client.add(1, 2) == 3


def test_a_server_may_compress_its_answers() -> None:
    server = native(itrans_factory=THeaderTransportFactory(transforms=[ZLIB]))
    with serving(server) as port, header_client(port) as client:
        assert client.add(1, 2) == 3
        assert client._iprot.trans.rules.received.transforms == [ZLIB]


def test_limits_of_the_factories_hold() -> None:
    factory = THeaderProtocolFactory(max_string_size=100)
    with serving(native(iprot_factory=factory)) as port, header_client(port) as client:
        assert client.echo("a" * 100) == "a" * 100
        with pytest.raises(TApplicationException, match="arguments of echo"):
            client.echo("a" * 101)
    frames = THeaderTransportFactory(max_frame_size=1000)
    with serving(native(itrans_factory=frames)) as port:
        with header_client(port) as client:
            assert client.echo("a" * 900) == "a" * 900
            with pytest.raises(TTransportException):
                client.echo("a" * 1000)
        with header_client(port, compressed=True) as client, pytest.raises(TTransportException):
            client.echo("a" * 1000)


def test_several_services_are_served() -> None:
    class Greeting:
        def hello(self, name: str) -> str:
            call = current_call()
            assert call is not None
            return f"{name} of {call.headers['tenant']}"

    processor = TMultiplexedProcessor()
    processor.register_processor("other", TProcessor(Other, Greeting()))
    protocols = TMultiplexedProtocolFactory(THeaderProtocolFactory(), "other")
    with (
        serving(native(processor=processor)) as port,
        header_client(port, service=Other, proto_factory=protocols) as client,
    ):
        client._iprot.trans.set_persistent_header("tenant", "acme")
        assert client.hello("a") == "a of acme"


@pytest.mark.parametrize(
    ("factories", "why"),
    [
        (
            {
                "itrans_factory": THeaderTransportFactory(),
                "iprot_factory": TBinaryProtocolFactory(),
            },
            "give it THeaderProtocolFactory, not TBinaryProtocolFactory",
        ),
        (
            {
                "iprot_factory": THeaderProtocolFactory(),
                "oprot_factory": TCompactProtocolFactory(),
            },
            "give it THeaderProtocolFactory, not TCompactProtocolFactory",
        ),
        (
            {
                "itrans_factory": TFramedTransportFactory(),
                "iprot_factory": THeaderProtocolFactory(),
            },
            "THeader makes frames itself",
        ),
    ],
)
def test_factories_that_contradict_each_other_are_refused(factories: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        native(**factories)
