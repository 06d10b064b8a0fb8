"""A message that is no call: every server refuses it, runs nothing, and keeps the stream whole."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct

import pytest
from fastthrift.contrib.apache import GeneratedProcessor
from fastthrift.protocol import TBinaryProtocol
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.thrift import TApplicationException, TMessageType
from fastthrift.transport import TMemoryBuffer
from support.apache_compiled import generate
from support.each_server import ALL, ASYNCIO_HTTP, HTTP, serving_by
from support.rpc import IDL, PATIENCE, Calls, Handler, make_server, message, serving

# Code that Apache's compiler generated, behind servers of this package.
GENERATED = {
    "generated": TThreadedServer,
    "generated, nonblocking": TNonblockingServer,
}
ARGUMENTS = struct.pack("!bhibhi", 8, 1, 2, 8, 2, 3) + b"\0"


class Counting(Handler):
    def __init__(self):
        super().__init__()
        self.added = 0

    def add(self, a, b):
        self.added += 1
        return super().add(a, b)


class Awaited(Counting):
    async def add(self, a, b):
        return super().add(a, b)


def exchange_by_socket(port, requests):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        for request in requests:
            connection.sendall(request)
            yield connection.recv(65536)


def exchange_by_http(port, requests):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for request in requests:
        connection.request("POST", "/", request, {"Content-Type": "application/x-thrift"})
        yield connection.getresponse().read()
    connection.close()


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    return generate(IDL, "generated_message_types", folder, "Calls")["Calls"]


@contextlib.contextmanager
def served_by(kind, handler, generated):
    """The port of a server of this kind."""
    if kind in GENERATED:
        processor = GeneratedProcessor(generated.Processor(handler))
        with serving(make_server(processor=processor, server_class=GENERATED[kind])) as port:
            yield port
    else:
        with serving_by(kind, handler) as served:
            yield served.port


@pytest.mark.parametrize("kind", [*ALL, *GENERATED])
def test_other_types_than_call_and_oneway_are_refused(kind, generated):
    handler = Awaited() if "asyncio" in kind or "awaited" in kind else Counting()
    no_calls = [TMessageType.REPLY, TMessageType.EXCEPTION, 0, 9]
    requests = [message("add", 7, ARGUMENTS, each) for each in (*no_calls, TMessageType.CALL)]
    exchange = exchange_by_http if kind in (HTTP, ASYNCIO_HTTP) else exchange_by_socket
    with served_by(kind, handler, generated) as port:
        *refusals, answer = exchange(port, requests)
    for refusal in refusals:
        proto = TBinaryProtocol(TMemoryBuffer(refusal))
        assert proto.read_message_begin() == ("add", TMessageType.EXCEPTION, 7)
        error = TApplicationException()
        proto.read_struct(error)
        assert error.type == TApplicationException.INVALID_MESSAGE_TYPE
    proto = TBinaryProtocol(TMemoryBuffer(answer))
    assert proto.read_message_begin() == ("add", TMessageType.REPLY, 7)
    result = Calls.add_result()
    proto.read_struct(result)
    assert result.success == 5
    assert handler.added == 1


@pytest.mark.parametrize("kind", [*(kind for kind in ALL if "http" not in kind), *GENERATED])
def test_a_oneway_call_of_an_unknown_method_is_not_answered(kind, generated):
    handler = Awaited() if "asyncio" in kind or "awaited" in kind else Counting()
    unknown = message("subtract_all", 7, ARGUMENTS, TMessageType.ONEWAY)
    with (
        served_by(kind, handler, generated) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as connection,
    ):
        connection.sendall(unknown + message("add", 8, ARGUMENTS, TMessageType.CALL))
        proto = TBinaryProtocol(TMemoryBuffer(connection.recv(65536)))
    assert proto.read_message_begin() == ("add", TMessageType.REPLY, 8)
    assert handler.added == 1
