"""The service, the handler and the peers that the tests of clients and servers share."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import threading

import fastthrift
from fastthrift.rpc import client_context
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TMessageType, TProcessor
from fastthrift.transport import TServerSocket

IDL = """
struct Phone { 1: optional string number, 2: optional i32 kind }
struct Person { 1: optional string name, 2: optional list<Phone> phones, 3: optional i64 id }
exception NotFound { 1: string name }
exception Refused { 1: i32 code }
service Base { string whoami() }
service Calls extends Base {
    i32 add(1: i32 a, 2: i32 b),
    string echo(1: required string text),
    bool truth(1: bool value),
    list<i32> numbers(1: i32 count),
    Person person(1: Person who) throws (1: NotFound missing, 2: Refused refused),
    void nothing(),
    void check(1: i32 code) throws (1: NotFound missing, 2: Refused refused),
    void fail(1: string secret),
    i32 returns_none(),
    i32 returns_text(),
    i32 wait(1: i32 ticket),
    oneway void note(1: string text),
    void close(1: i32 code),
    i32 subtract(3: i32 minuend, 1: i32 subtrahend),
}
service Other { string hello(1: string name), i32 boom() }
"""

module = fastthrift.load_fp(io.StringIO(IDL), "rpc_support_thrift")
Calls, Other = module.Calls, module.Other

# Long enough for a loaded machine; nothing waits for it unless the test fails.
PATIENCE = 120


class Handler:
    """Answers; `wait` returns when the test says so."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.noted = threading.Event()
        self.waiting = threading.Event()
        self.go_on = threading.Event()
        self.closed_with: list[int] = []

    def whoami(self):
        return "Calls"

    def add(self, a, b):
        return a + b

    def subtract(self, minuend, subtrahend):
        return minuend - subtrahend

    def echo(self, text):
        return text

    def truth(self, value):
        return value

    def numbers(self, count):
        return list(range(count))

    def person(self, who):
        if who.name is None:
            raise module.NotFound(name="nobody")
        return who

    def nothing(self):
        return None

    def check(self, code):
        if code == 1:
            raise module.NotFound(name="one")
        if code == 2:
            raise module.Refused(code=2)

    def fail(self, secret):
        raise KeyError(secret)

    def returns_none(self):
        return None

    def returns_text(self):
        return "not a number"

    def wait(self, ticket):
        self.waiting.set()
        assert self.go_on.wait(PATIENCE)
        return ticket

    def note(self, text):
        self.notes.append(text)
        self.noted.set()
        if text == "fail":
            raise ValueError("the note was not liked")

    def close(self, code):
        self.closed_with.append(code)


def make_server(handler=None, server_class=TThreadedServer, trans=None, processor=None, **kwargs):
    """A server of `Calls`, listening on a port of its own."""
    trans = trans or TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    processor = processor or TProcessor(Calls, handler or Handler())
    server = server_class(processor, trans, **kwargs)
    trans.listen()
    return server


def port_of(server) -> int:
    return server.trans.sock.getsockname()[1]


@contextlib.contextmanager
def serving(server):
    """The server running in a thread; gives its port, or None for a unix socket."""
    address = server.trans.sock.getsockname()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield address[1] if isinstance(address, tuple) else None
    finally:
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"


def client_of(port, service=Calls, **kwargs):
    kwargs.setdefault("socket_timeout", PATIENCE * 1000)
    kwargs.setdefault("connect_timeout", PATIENCE * 1000)
    return client_context(service, "127.0.0.1", port, **kwargs)


@contextlib.contextmanager
def scripted_peer(*scripts):
    """A server that is no Thrift server: runs one script for each connection it accepts."""
    listener = socket.create_server(("127.0.0.1", 0))
    failures = []

    def run():
        for script in scripts:
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE)
            with connection:
                try:
                    script(connection)
                except Exception as error:
                    failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive()
        assert not failures, failures


def receive(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def receive_call(connection):
    """Read the header of a strict binary call and what has come with it: (name, seqid)."""
    version, size = struct.unpack("!Ii", receive(connection, 8))
    assert version & 0xFFFF0000 == 0x80010000
    name = receive(connection, size).decode()
    (seqid,) = struct.unpack("!i", receive(connection, 4))
    # The arguments of these tests' calls arrive in the same segment.
    connection.recv(65536)
    return name, seqid


def message(name, seqid, body, kind=TMessageType.REPLY):
    name = name.encode()
    return struct.pack("!Ii", 0x80010000 | kind, len(name)) + name + struct.pack("!i", seqid) + body


def i32_result(value):
    return struct.pack("!bhi", 8, 0, value) + b"\0"


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
