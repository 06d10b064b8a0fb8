"""Transports of our own and of users, swapped and stacked, and read no further than asked."""

from __future__ import annotations

import io
import socket
from typing import Any

import pytest
from peers import reference
from support import subject
from support.compare import Loaded
from support.samples import IDL, RICH
from support.values import build


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


class Duck:
    """A transport by its methods alone, as users write them."""

    def __init__(self, data: bytes = b"") -> None:
        self.stream = io.BytesIO(data)
        self.written = b""
        self.flushes = 0

    def read(self, size: int) -> bytes:
        return self.stream.read(size)

    def write(self, data: bytes) -> None:
        self.written += data

    def flush(self) -> None:
        self.flushes += 1

    def is_open(self) -> bool:
        return True

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_a_foreign_transport(cases: Loaded, protocol: str) -> None:
    obj = build(cases.subject.After, RICH)
    data = subject.encode(obj, protocol)
    duck = Duck(data)
    proto = subject.factory(protocol).get_protocol(duck)
    decoded = cases.subject.After()
    proto.read_struct(decoded)
    proto.write_struct(decoded)
    assert duck.written == data


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_the_byte_after_a_struct_belongs_to_the_caller(cases: Loaded, protocol: str) -> None:
    """Parquet reads pages right after their headers from the same file."""
    data = subject.encode(build(cases.subject.After, RICH), protocol)
    for payload in (b"", b"the page", b"\0" * 10_000):
        stream = io.BytesIO(data + payload)
        proto = subject.factory(protocol).get_protocol(stream)
        proto.read_struct(cases.subject.After())
        assert stream.tell() == len(data)
        assert stream.read() == payload
        stream.seek(0)
        proto.skip(subject.TType.STRUCT)
        assert stream.read() == payload


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_no_more_is_asked_for_than_the_message_holds(cases: Loaded, protocol: str) -> None:
    data = subject.encode(build(cases.subject.After, RICH), protocol)

    class Exact(Duck):
        """Blocks, in effect, when asked for more than there is."""

        def __init__(self) -> None:
            super().__init__(data)
            self.left = len(data)

        def read(self, size: int) -> bytes:
            assert 0 < size <= self.left, "asks for bytes that are not there yet"
            self.left -= size
            return super().read(size)

    exact = Exact()
    subject.factory(protocol).get_protocol(exact).read_struct(cases.subject.After())
    assert exact.left == 0


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_no_over_read_from_an_unbuffered_socket(cases: Loaded, protocol: str) -> None:
    if subject.IS_REFERENCE and protocol == "binary":
        pytest.xfail("the Cython protocol takes its own transports only")
    left, right = socket.socketpair()
    with left, right:
        right.settimeout(120)
        left.sendall(subject.encode(cases.subject.Point(1, 2), protocol) + b"rest")
        proto = subject.factory(protocol).get_protocol(subject.transport.TSocket(sock=right))
        point = cases.subject.Point()
        proto.read_struct(point)
        assert point == cases.subject.Point(1, 2)
        assert right.recv(100) == b"rest"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_the_transport_may_be_swapped(cases: Loaded, protocol: str) -> None:
    """Callers put another transport under a protocol, also between a header and its struct."""
    point = cases.subject.Point(1, 2)
    first, second, third = (subject.TMemoryBuffer() for _ in range(3))
    proto = subject.factory(protocol).get_protocol(first)
    proto.write_message_begin("m", 1, 5)
    proto.trans = second
    assert proto.trans is second
    proto.write_struct(point)
    proto.trans = third
    proto.write_struct(point)
    assert second.getvalue() == third.getvalue() == subject.encode(point, protocol)

    reader = subject.factory(protocol).get_protocol(first)
    assert tuple(reader.read_message_begin()) == ("m", 1, 5)
    reader.trans = second
    decoded = cases.subject.Point()
    reader.read_struct(decoded)
    assert decoded == point


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_from_our_transport_to_a_foreign_one_and_back(cases: Loaded, protocol: str) -> None:
    point = cases.subject.Point(1, 2)
    data = subject.encode(point, protocol)
    proto = subject.factory(protocol).get_protocol(subject.TMemoryBuffer())
    for transport in (Duck(data), subject.TMemoryBuffer(data), Duck(data)):
        proto.trans = transport
        decoded = cases.subject.Point()
        proto.read_struct(decoded)
        assert decoded == point


@pytest.mark.parametrize("wrap", ["TBufferedTransport", "TFramedTransport"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_our_transports_over_foreign_ones(cases: Loaded, protocol: str, wrap: str) -> None:
    obj = build(cases.subject.After, RICH)
    transport_class = getattr(subject.transport, wrap)
    out = Duck()
    transport = transport_class(out)
    subject.factory(protocol).get_protocol(transport).write_struct(obj)
    assert out.flushes == 0
    transport.flush()
    assert out.flushes == 1
    decoded = cases.subject.After()
    source = transport_class(Duck(out.written))
    subject.factory(protocol).get_protocol(source).read_struct(decoded)
    decoded.f.failure = obj.f.failure = None
    assert decoded == obj


def test_transport_chains_are_visible() -> None:
    left, right = socket.socketpair()
    with left, right:
        sock = subject.transport.TSocket(sock=left)
        for name in ("TBufferedTransport", "TFramedTransport"):
            transport = getattr(subject.transport, name)(sock)
            assert transport.is_open()
            assert transport.sock is left
        sock.close()
        assert not transport.is_open()


@pytest.mark.parametrize("name", ["TBufferedTransportFactory", "TFramedTransportFactory"])
def test_transport_factories(name: str) -> None:
    below = Duck()
    transport = getattr(subject.transport, name)().get_transport(below)
    transport.write(b"abc")
    assert below.written == b""
    transport.flush()
    assert below.written.endswith(b"abc")
    assert transport.is_open()


@pytest.mark.parametrize("name", ["TBufferedTransport", "TFramedTransport"])
def test_errors_of_a_foreign_transport_reach_the_caller(cases: Loaded, name: str) -> None:
    class OwnError(Exception):
        pass

    class Failing(Duck):
        def read(self, size: int) -> bytes:
            raise OwnError("read")

        def write(self, data: bytes) -> None:
            raise OwnError("write")

    for protocol in subject.PROTOCOLS:
        transport = getattr(subject.transport, name)(Failing())
        proto = subject.factory(protocol).get_protocol(transport)
        with pytest.raises(OwnError, match="read"):
            proto.read_struct(cases.subject.Point())
        proto.write_struct(cases.subject.Point(1, 2))
        with pytest.raises(OwnError, match="write"):
            transport.flush()


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
@pytest.mark.parametrize("answer", [None, "text", 5, [1]])
def test_a_foreign_transport_that_answers_nonsense(
    cases: Loaded, protocol: str, answer: Any
) -> None:
    class Nonsense(Duck):
        def read(self, size: int) -> Any:
            return answer

    for transport in (Nonsense(), subject.transport.TBufferedTransport(Nonsense())):
        with pytest.raises((TypeError, subject.TException)):
            subject.factory(protocol).get_protocol(transport).read_struct(cases.subject.Point())


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_a_foreign_transport_that_answers_too_much(cases: Loaded, protocol: str) -> None:
    """What it gave beyond the request would be lost: an exception, not another value."""

    class Generous(Duck):
        def read(self, size: int) -> bytes:
            return b"\0" * (size + 5)

    proto = subject.factory(protocol).get_protocol(Generous())
    with pytest.raises(subject.TException):
        proto.read_struct(cases.subject.Point())


# TMemoryBuffer


def test_memory_buffer_reads_what_was_written() -> None:
    buffer = subject.TMemoryBuffer()
    assert buffer.getvalue() == b""
    buffer.write(b"hello ")
    buffer.write(b"world")
    assert buffer.getvalue() == b"hello world"
    assert buffer.read(5) == b"hello"
    buffer.write(b"!")
    assert buffer.read(100) == b" world!"
    assert buffer.read(1) == b""


def test_memory_buffer_starts_with_a_value() -> None:
    buffer = subject.TMemoryBuffer(b"value")
    assert buffer.getvalue() == b"value"
    assert buffer.read(2) == b"va"
    buffer.setvalue(b"another")
    assert buffer.getvalue() == b"another"
    assert buffer.read(7) == b"another"


def test_memory_buffer_is_always_open() -> None:
    buffer = subject.TMemoryBuffer(b"x")
    assert buffer.is_open()
    buffer.open()
    buffer.flush()
    assert buffer.read(0) == b""
    assert buffer.read(1) == b"x"


def test_memory_buffer_clean() -> None:
    buffer = subject.TMemoryBuffer(b"x")
    buffer.clean()
    assert buffer.getvalue() == b""
    assert buffer.read(5) == b""


def test_memory_buffer_grows() -> None:
    buffer = subject.TMemoryBuffer()
    for number in range(1000):
        buffer.write(bytes([number % 256]) * 1000)
    assert len(buffer.getvalue()) == 1_000_000
    assert buffer.read(1000) == b"\0" * 1000
    assert buffer.read(1000) == b"\1" * 1000


def test_memory_buffer_accepts_any_buffer() -> None:
    buffer = subject.TMemoryBuffer()
    for data in (b"a", bytearray(b"b"), memoryview(b"c")):
        buffer.write(data)
    assert buffer.getvalue() == b"abc"


def test_the_buffer_is_a_copy() -> None:
    source = bytearray(b"abc")
    buffer = subject.TMemoryBuffer(bytes(source))
    source[0] = ord("x")
    assert buffer.getvalue() == b"abc"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_getvalue_after_reading(cases: Loaded, protocol: str) -> None:
    """The native buffer shows what is left to read, like thriftpy2's native one."""
    data = subject.encode(cases.subject.Point(1, 2), protocol)
    ours = subject.TMemoryBuffer(data + b"left")
    theirs = reference.thriftpy2.transport.TMemoryBuffer(data + b"left")
    subject.factory(protocol).get_protocol(ours).read_struct(cases.subject.Point())
    reference.FACTORIES[protocol, reference.flavours(protocol)[0]].get_protocol(theirs).read_struct(
        cases.reference.Point()
    )
    assert ours.getvalue() == theirs.getvalue()
    assert ours.read(10) == theirs.read(10) == b"left"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_serialize_takes_any_buffer(cases: Loaded, protocol: str) -> None:
    data = subject.encode(cases.subject.Point(1, 2), protocol)
    assert type(data) is bytes
    assert subject.decode(cases.subject.Point, data, protocol) == cases.subject.Point(1, 2)


@pytest.mark.parametrize("kind", ["TBufferedTransport", "TFramedTransport"])
def test_a_transport_that_is_its_own_is_an_error(kind: str) -> None:
    """What comes is not looked for without end."""
    module = subject.load_fp(io.StringIO("service Circle { void turn() }"), "circle_thrift")
    trans = getattr(subject.transport, kind)(subject.TMemoryBuffer())
    client = subject.thrift.TClient(module.Circle, subject.protocol.TBinaryProtocol(trans))
    trans.trans = trans
    with pytest.raises((RuntimeError, subject.TException)):
        client.turn()
