"""Message headers: their bytes, what strictness means, and pipelines of messages."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from peers import apache, reference
from support import subject
from support.compare import Loaded
from support.samples import IDL, RICH
from support.values import build

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


def written(protocol: str, name: str, message_type: int, seqid: int, **options: Any) -> bytes:
    buffer = subject.TMemoryBuffer()
    oprot = subject.factory(protocol, **options).get_protocol(buffer)
    assert oprot.write_message_begin(name, message_type, seqid) is None
    assert oprot.write_message_end() is None
    return buffer.getvalue()


def read(protocol: str, data: bytes, **options: Any) -> tuple[str, int, int]:
    iprot = subject.factory(protocol, **options).get_protocol(subject.TMemoryBuffer(data))
    message = iprot.read_message_begin()
    assert iprot.read_message_end() is None
    return tuple(message)


def apache_header(protocol: str, name: str, message_type: int, seqid: int) -> bytes:
    transport = apache.TTransport.TMemoryBuffer()
    apache.FACTORIES[protocol, "pure"].getProtocol(transport).writeMessageBegin(
        name, message_type, seqid
    )
    return transport.getvalue()


@pytest.mark.parametrize("message_type", [CALL, REPLY, EXCEPTION, ONEWAY])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_headers_are_those_of_both_peers(protocol: str, message_type: int) -> None:
    for name in ("add", "", "größe", "service:method", "m" * 300):
        for seqid in (0, 1, 127, 128, 2**31 - 1):
            data = written(protocol, name, message_type, seqid)
            assert data == apache_header(protocol, name, message_type, seqid)
            for flavour in reference.flavours(protocol):
                buffer = reference.thriftpy2.transport.TMemoryBuffer()
                theirs = reference.FACTORIES[protocol, flavour].get_protocol(buffer)
                theirs.write_message_begin(name, message_type, seqid)
                assert data == buffer.getvalue()
            assert read(protocol, data) == (name, message_type, seqid)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("negative-sequence-ids")
def test_negative_sequence_ids(protocol: str) -> None:
    for seqid in (-1, -(2**31)):
        data = written(protocol, "m", CALL, seqid)
        assert data == apache_header(protocol, "m", CALL, seqid)
        assert read(protocol, data) == ("m", CALL, seqid)


def test_strictness_of_binary_headers() -> None:
    strict, loose = (written("binary", "add", CALL, 7, strict_write=s) for s in (True, False))
    assert strict == b"\x80\x01\x00\x01\0\0\0\3add\0\0\0\7"
    assert loose == b"\0\0\0\3add\1\0\0\0\7"
    assert read("binary", strict, strict_read=False) == ("add", CALL, 7)
    assert read("binary", loose, strict_read=False) == ("add", CALL, 7)
    with pytest.raises(
        (subject.TProtocolException, subject.module("protocol.cybin").ProtocolError)
    ):
        read("binary", loose)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_options_are_attributes(protocol: str) -> None:
    buffer = subject.TMemoryBuffer()
    options = {"decode_response": False, "strict_decode": True}
    if protocol == "binary":
        options |= {"strict_read": False, "strict_write": False}
    made = subject.factory(protocol, **options).get_protocol(buffer)
    default = subject.factory(protocol).get_protocol(buffer)
    for name, value in options.items():
        assert getattr(made, name) == value
        assert getattr(default, name) == (not value)
    assert made.trans is buffer
    direct = {
        "binary": subject.protocol.TBinaryProtocol,
        "compact": subject.protocol.TCompactProtocol,
    }[protocol](buffer)
    assert type(direct) is type(made)
    assert direct.trans is buffer


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_options_may_be_changed_later(cases: Loaded, protocol: str) -> None:
    data = subject.encode(cases.subject.Phone(number="5"), protocol)
    iprot = subject.factory(protocol).get_protocol(subject.TMemoryBuffer(data * 2))
    for decode_response, expected in ((True, "5"), (False, b"5")):
        iprot.decode_response = decode_response
        phone = cases.subject.Phone()
        iprot.read_struct(phone)
        assert phone.number == expected


@contextlib.contextmanager
def connection(transport: str) -> Iterator[tuple[Any, Any]]:
    """Two transports of the subject, joined by a socket pair."""
    wrap = {
        "buffered": subject.transport.TBufferedTransport,
        "framed": subject.transport.TFramedTransport,
    }[transport]
    ends = socket.socketpair()
    for end in ends:
        end.settimeout(120)
    left, right = (wrap(subject.transport.TSocket(sock=end)) for end in ends)
    try:
        yield left, right
    finally:
        left.close()
        right.close()


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_pipeline_of_messages(cases: Loaded, protocol: str, transport: str) -> None:
    """Many messages are sent before the first is read; each is read as it was written."""
    with connection(transport) as (left, right):
        oprot = subject.factory(protocol).get_protocol(left)
        iprot = subject.factory(protocol).get_protocol(right)
        for number in range(20):
            oprot.write_message_begin(f"method{number}", CALL, number)
            oprot.write_struct(cases.subject.Point(number, -number))
            oprot.write_message_end()
            oprot.trans.flush()
        for number in range(20):
            assert tuple(iprot.read_message_begin()) == (f"method{number}", CALL, number)
            point = cases.subject.Point()
            iprot.read_struct(point)
            iprot.read_message_end()
            assert point == cases.subject.Point(number, -number)


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_several_messages_in_one_flush(cases: Loaded, protocol: str, transport: str) -> None:
    obj = build(cases.subject.After, RICH)
    with connection(transport) as (left, right):
        oprot = subject.factory(protocol).get_protocol(left)
        for number in range(3):
            oprot.write_message_begin("m", REPLY, number)
            oprot.write_struct(obj)
        oprot.trans.flush()
        iprot = subject.factory(protocol).get_protocol(right)
        for number in range(3):
            assert iprot.read_message_begin()[2] == number
            decoded = cases.subject.After()
            iprot.read_struct(decoded)
            assert decoded.c == "Grüße"
            assert decoded.f.by_point == obj.f.by_point


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_message_in_small_pieces(cases: Loaded, protocol: str) -> None:
    """A socket gives a byte now and a byte then."""
    data = subject.encode(build(cases.subject.After, RICH), protocol)

    class Drip:
        def __init__(self) -> None:
            self.position = 0

        def read(self, size: int) -> bytes:
            self.position += 1
            return data[self.position - 1 : self.position]

        def is_open(self) -> bool:
            return True

    expected = subject.decode(cases.subject.After, data, protocol)
    decoded = cases.subject.After()
    transport = subject.transport.TBufferedTransport(Drip())
    decoded.read(subject.factory(protocol).get_protocol(transport))
    decoded.f.failure = expected.f.failure = None
    assert decoded == expected


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_frames_hold_whole_messages(cases: Loaded, protocol: str) -> None:
    sent: list[bytes] = []

    class Sink:
        def write(self, data: bytes) -> None:
            sent.append(bytes(data))

        def flush(self) -> None:
            sent.append(b"flush")

    framed = subject.transport.TFramedTransport(Sink())
    oprot = subject.factory(protocol).get_protocol(framed)
    oprot.write_message_begin("m", CALL, 1)
    oprot.write_struct(cases.subject.Point(1, 2))
    assert sent == []
    framed.flush()
    body = written(protocol, "m", CALL, 1) + subject.encode(cases.subject.Point(1, 2), protocol)
    assert b"".join(sent) == struct.pack(">i", len(body)) + body + b"flush"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_one_write_for_a_buffered_message(cases: Loaded, protocol: str) -> None:
    """A message goes out in one piece, so that no packet holds half of it."""
    sent: list[bytes] = []

    class Sink:
        def write(self, data: bytes) -> None:
            sent.append(bytes(data))

        def flush(self) -> None:
            pass

    oprot = subject.factory(protocol).get_protocol(subject.transport.TBufferedTransport(Sink()))
    oprot.write_message_begin("m", CALL, 1)
    oprot.write_struct(cases.subject.Point(1, 2))
    oprot.trans.flush()
    body = written(protocol, "m", CALL, 1) + subject.encode(cases.subject.Point(1, 2), protocol)
    assert sent == [body]
