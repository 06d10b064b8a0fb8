"""The SASL transport, against a small server with PLAIN and a mechanism that encodes."""

from __future__ import annotations

import contextlib
import io
import struct
import threading

import pytest
import thriftpy2.transport.sasl
from fastthrift.protocol import TBinaryProtocol, TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TClient, TProcessor
from fastthrift.transport import (
    TBufferedTransportFactory,
    TCySaslClientTransport,
    TCySaslClientTransportFactory,
    TMemoryBuffer,
    TSaslClientTransport,
    TSaslClientTransportFactory,
    TServerSocket,
    TSocket,
    TTransportException,
)
from fastthrift.transport.base import readall
from fastthrift.transport.sasl import cysasl
from support.rpc import PATIENCE, Calls, Handler

START, OK, BAD, ERROR, COMPLETE = range(1, 6)


class Plain:
    """The client side of PLAIN (RFC 4616), with the interface of the `sasl` package's Client."""

    def __init__(self, user="ann", password="secret"):
        self.user, self.password = user, password
        self.steps = []

    def start(self, mechanisms):
        if "PLAIN" not in mechanisms:
            return False, None, None
        return True, "PLAIN", f"\0{self.user}\0{self.password}".encode()

    def step(self, challenge):
        self.steps.append(challenge)
        return True, b""

    def encode(self, data):
        return True, data

    def decode(self, data):
        return True, data

    def getError(self):
        return "no mechanism available"


class Wrapping(Plain):
    """As if confidentiality had been negotiated: what is encoded starts with its length."""

    def start(self, mechanisms):
        return True, b"WRAPPING", None

    def step(self, challenge):
        self.steps.append(challenge)
        return (True, challenge[::-1]) if challenge != b"give up" else (False, None)

    def encode(self, data):
        return True, struct.pack(">I", len(data) + 1) + b"X" + bytes(byte ^ 0x55 for byte in data)

    def decode(self, data):
        if data[4:5] != b"X":
            return False, None
        return True, bytes(byte ^ 0x55 for byte in data[5:])


class ServerTransport:
    """The server's side of the frames."""

    def __init__(self, trans, sasl):
        self.trans, self.sasl = trans, sasl
        self.incoming, self.outgoing = io.BytesIO(), b""

    def read(self, size):
        data = self.incoming.read(size)
        while len(data) < size:
            header = readall(self.trans.read, 4)
            frame = readall(self.trans.read, *struct.unpack(">I", header))
            if self.sasl:
                frame = self.sasl.decode(header + frame)[1]
            self.incoming = io.BytesIO(frame)
            data += self.incoming.read(size - len(data))
        return data

    def write(self, data):
        self.outgoing += data

    def flush(self):
        # In two frames, in the middle of a value.
        half = len(self.outgoing) // 2
        for part in (self.outgoing[:half], self.outgoing[half:]):
            if self.sasl:
                self.trans.write(self.sasl.encode(part)[1])
            else:
                self.trans.write(struct.pack(">I", len(part)) + part)
        self.outgoing = b""

    def close(self):
        self.trans.close()


class Server:
    """Authenticates, then serves `Calls`; one connection after the other."""

    def __init__(self):
        self.socket = TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
        self.socket.listen()
        self.port = self.socket.sock.getsockname()[1]

    def run(self):
        while True:
            try:
                client = self.socket.accept()
            except (OSError, TTransportException):
                return
            with contextlib.closing(client), contextlib.suppress(TTransportException):
                self.converse(client)

    @staticmethod
    def receive(client):
        status, size = struct.unpack(">BI", readall(client.read, 5))
        return status, readall(client.read, size)

    @staticmethod
    def send(client, status, payload=b""):
        client.write(struct.pack(">BI", status, len(payload)) + payload)

    def converse(self, client):
        status, mechanism = self.receive(client)
        assert status == START
        _, response = self.receive(client)
        if mechanism == b"WRAPPING":
            self.send(client, OK, b"challenge")
            assert self.receive(client) == (OK, b"egnellahc")
            sasl = Wrapping()
        elif response == b"\0ann\0secret":
            sasl = None
        else:
            return self.send(client, BAD, b"wrong password")
        self.send(client, COMPLETE)
        trans = ServerTransport(client, sasl)
        proto = TBinaryProtocol(trans)
        while True:
            TProcessor(Calls, Handler()).process(proto, proto)


@pytest.fixture(scope="module")
def port():
    server = Server()
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.port
    server.socket.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def connect(port, sasl=Plain, cls=TSaslClientTransport, **kwargs):
    return cls(sasl, "PLAIN", TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000), **kwargs)


@pytest.mark.parametrize("sasl", [Plain, Wrapping])
@pytest.mark.parametrize("buffered", [False, True])
def test_calls(port, sasl, buffered):
    trans = connect(port, sasl)
    if buffered:
        trans._trans = TBufferedTransportFactory().get_transport(trans._trans)
    trans.open()
    client = TClient(Calls, TBinaryProtocolFactory().get_protocol(trans))
    for number in range(3):
        assert client.add(number, 1) == number + 1
    assert client.echo("x" * 1_000_000) == "x" * 1_000_000
    with pytest.raises(TApplicationException):
        client.returns_none()
    assert client.numbers(1000) == list(range(1000))
    assert trans.encode is (sasl is Wrapping)
    client.close()


@pytest.mark.parametrize("sasl", [Plain, Wrapping])
def test_the_client_of_thriftpy2_gets_the_same(port, sasl):
    trans = connect(port, sasl, thriftpy2.transport.sasl.TSaslClientTransport)
    trans.open()
    client = TClient(Calls, TBinaryProtocol(trans))
    assert client.add(1, 2) == 3
    client.close()


@pytest.mark.difference("sasl-refusal")
def test_a_refusal_can_be_followed_by_another_try(port):
    passwords = iter(["wrong", "secret"])
    trans = connect(port, lambda: Plain(password=next(passwords)))
    with pytest.raises(TTransportException, match=r"Bad status: 3 \(b'wrong password'\)") as caught:
        trans.open()
    assert caught.value.type == TTransportException.NOT_OPEN
    assert not trans.is_open()
    trans.open()
    assert TClient(Calls, TBinaryProtocol(trans)).add(1, 2) == 3
    trans.close()


def test_close_and_open_again(port):
    trans = connect(port)
    trans.open()
    with pytest.raises(TTransportException, match="Already open!") as caught:
        trans.open()
    assert caught.value.type == TTransportException.ALREADY_OPEN
    trans.close()
    assert not trans.is_open()
    trans.open()
    assert TClient(Calls, TBinaryProtocol(trans)).add(1, 2) == 3
    trans.close()


def test_the_transport_below_may_be_open_already(port):
    trans = connect(port)
    trans._trans.open()
    trans.open()
    assert trans.sock is trans._trans.sock
    assert trans.trans is trans._trans
    assert TClient(Calls, TBinaryProtocol(trans)).add(1, 2) == 3
    trans.close()


class Scripted(TMemoryBuffer):
    """Input from a script; what is written is noted, one item for each write."""

    def __init__(self, data=b""):
        super().__init__(data)
        self.writes = []
        self.opened = True

    def is_open(self):
        return self.opened

    def open(self):
        self.opened = True

    def close(self):
        self.opened = False

    def write(self, data):
        self.writes.append(data)


def sasl_message(status, payload=b""):
    return struct.pack(">BI", status, len(payload)) + payload


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def opened(script=b"", sasl=Plain, cls=TSaslClientTransport, **kwargs):
    below = Scripted(sasl_message(COMPLETE) + script)
    trans = cls(sasl, "PLAIN", below, **kwargs)
    trans.open()
    return trans, below


@pytest.mark.parametrize("module", ["fastthrift", "thriftpy2"])
def test_the_bytes_are_those_of_thriftpy2(module):
    cls = {"fastthrift": TSaslClientTransport}.get(
        module, thriftpy2.transport.sasl.TSaslClientTransport
    )
    for sasl, expected in (
        (Plain, [sasl_message(START, b"PLAIN"), sasl_message(OK, b"\0ann\0secret")]),
        (Wrapping, [sasl_message(START, b"WRAPPING"), sasl_message(OK)]),
    ):
        trans, below = opened(sasl=sasl, cls=cls)
        for data in (b"one", b"two"):
            trans.write(data[:1])
            trans.write(data[1:])
            trans.flush()
            expected.append(sasl().encode(data)[1] if sasl is Wrapping else frame(data))
        assert below.writes == expected


def test_values_may_span_frames():
    trans, _ = opened(frame(b"ab") + frame(b"c") + frame(b"defg"))
    assert trans.read(1) == b"a"
    assert trans.read(5) == b"bcdef"
    assert trans.cstringio_buf.read() == b"g"


def test_the_c_accelerators_interface():
    trans, _ = opened(frame(b"ab") + frame(b"cd"))
    assert trans.cstringio_refill(b"x", 4).getvalue() == b"xabcd"
    trans.write(b"out")
    trans.c_flush()
    assert trans._trans.writes[-1] == frame(b"out")


@pytest.mark.parametrize(
    "script", [b"", b"\0", frame(b"ab"), frame(b"ab")[:5], frame(b"") * 2 + frame(b"abcd")]
)
def test_ends_of_the_stream(script):
    trans, _ = opened(script)
    with pytest.raises(TTransportException) as caught:
        trans.read(4)
    assert caught.value.type == TTransportException.END_OF_FILE


@pytest.mark.difference("sasl-frame-limit")
def test_frames_are_limited():
    trans, _ = opened(frame(b"x" * 11), max_frame_size=10)
    with pytest.raises(TTransportException, match="11 bytes exceeds the limit of 10"):
        trans.read(1)
    below = Scripted(sasl_message(OK, b"x" * 11))
    trans = TSaslClientTransportFactory(Plain, "PLAIN", max_frame_size=10).get_transport(below)
    with pytest.raises(TTransportException, match="exceeds the limit"):
        trans.open()
    # A promise of 4 GiB.
    trans, _ = opened(b"\xff\xff\xff\xff")
    with pytest.raises(TTransportException, match="exceeds the limit"):
        trans.read(1)


@pytest.mark.parametrize("sasl", [Plain, Wrapping])
@pytest.mark.difference("sasl-frame-limit")
def test_a_frame_that_the_server_would_refuse_is_not_sent(port, sasl):
    trans = connect(port, sasl, max_frame_size=100)
    trans.open()
    client = TClient(Calls, TBinaryProtocol(trans))
    for text in ("one", "two"):
        with pytest.raises(TProtocolException, match="max_frame_size") as caught:
            client.echo("x" * 100)
        assert caught.value.type == TProtocolException.SIZE_LIMIT
        assert client.echo(text) == text
    client.close()


def test_a_mechanism_that_cannot_start():
    trans = TSaslClientTransport(Plain, "GSSAPI", Scripted())
    with pytest.raises(TTransportException, match="Could not start SASL: no mechanism") as caught:
        trans.open()
    assert caught.value.type == TTransportException.NOT_OPEN


def test_a_mechanism_that_gives_up():
    trans = TSaslClientTransport(Wrapping, "PLAIN", Scripted(sasl_message(OK, b"give up")))
    with pytest.raises(TTransportException, match="Bad SASL result") as caught:
        trans.open()
    assert caught.value.type == TTransportException.NOT_OPEN


def test_a_frame_that_cannot_be_decoded():
    trans, _ = opened(frame(b"?"), sasl=Wrapping)
    trans.write(b"x")
    trans.flush()
    with pytest.raises(TTransportException, match="no mechanism available"):
        trans.read(1)


def test_what_was_not_flushed_can_be_dropped():
    trans, below = opened()
    before = len(below.writes)
    trans.write(b"x")
    trans.discard_output()
    trans.flush()
    assert len(below.writes) == before
    trans.close()
    trans.write(b"x")
    with pytest.raises(TTransportException) as caught:
        trans.flush()
    assert caught.value.type == TTransportException.NOT_OPEN


def test_arguments_that_cannot_be_encoded_leave_the_connection_open(port):
    trans = connect(port)
    trans.open()
    client = TClient(Calls, TCompactProtocolFactory().get_protocol(trans))
    with pytest.raises(Exception, match="needs type 'I32'"):
        client.add("x", 1)
    client._iprot = client._oprot = TBinaryProtocol(trans)
    assert client.add(1, 2) == 3
    client.close()


def test_names():
    assert TCySaslClientTransport is TSaslClientTransport is cysasl.TCySaslClientTransport
    assert TCySaslClientTransportFactory is TSaslClientTransportFactory
    theirs = thriftpy2.transport.sasl.TSaslClientTransport
    for name in ("START", "OK", "BAD", "ERROR", "COMPLETE"):
        assert getattr(TSaslClientTransport, name) == getattr(theirs, name)
