"""Requests that a proxy may read in another way are refused, and what they hide never runs."""

from __future__ import annotations

import contextlib
import socket
import ssl

import pytest
import trustme
from fastthrift.http import THttpServer
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.thrift import TMessageType, TMultiplexedProcessor, TProcessor
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TMemoryBuffer,
)
from support.http import PROTOCOLS, exchange, running, server_of, serving, statuses
from support.http_requests import (
    ACCEPTED,
    ADD,
    CHUNKED,
    GOOD,
    LENGTH,
    NOTE,
    OLD,
    REFUSED,
    SMUGGLED,
    chunks,
    post,
)
from support.rpc import PATIENCE, Calls, Handler, i32_result, message

KINDS = ("threads", "asyncio")
ANSWER = message("add", 1, i32_result(3))
LAST = post(ADD, LENGTH, "Connection: close")
ALLOWED = b"\r\nAllow: POST\r\n"


@pytest.fixture(scope="module", params=KINDS)
def server(request):
    """The handler of a server, and its port."""
    handler = Handler()
    with serving(request.param, handler) as port:
        yield handler, port


def cases(requests):
    return [pytest.param(*rest, id=name) for name, *rest in requests]


@pytest.mark.difference("http-requests")
@pytest.mark.parametrize(("request_bytes", "status"), cases(REFUSED))
def test_refused_requests_end_the_connection(server, request_bytes, status):
    handler, port = server
    handler.notes.clear()
    answer = exchange(port, request_bytes + SMUGGLED)
    assert statuses(answer) == [status]
    assert b"\r\nConnection: close\r\n" in answer
    assert handler.notes == []


@pytest.mark.parametrize("request_bytes", cases(ACCEPTED))
def test_unusual_requests_are_served(server, request_bytes):
    handler, port = server
    handler.notes.clear()
    answer = exchange(port, request_bytes + SMUGGLED + LAST)
    assert statuses(answer) == [200, 200, 200]
    assert answer.count(ANSWER) == 2
    assert handler.notes == ["smuggled"]


@pytest.mark.parametrize("request_bytes", [GOOD, post(chunks(ADD[:9], ADD[9:]), CHUNKED, "A: b")])
def test_requests_in_single_bytes(server, request_bytes):
    _, port = server
    pieces = [bytes([byte]) for byte in request_bytes]
    answer = exchange(port, *pieces, LAST)
    assert statuses(answer) == [200, 200]


def test_a_oneway_call_that_cannot_be_read_is_told_by_the_status(server):
    """It gets no other answer, and must not vanish."""
    handler, port = server
    handler.notes.clear()
    for note in (NOTE[:-1] + b"\x63\0\2\0", NOTE[:-1], NOTE[:-2]):
        answer = exchange(port, post(note, f"Content-Length: {len(note)}") + LAST)
        assert statuses(answer) == [400]
    assert handler.notes == []


def test_a_call_that_cannot_be_read_is_answered_by_an_exception(server):
    _, port = server
    bad = ADD[:-1] + b"\x63\0\2\0"
    answer = exchange(port, post(bad, f"Content-Length: {len(bad)}") + LAST)
    assert statuses(answer) == [200, 200]
    assert b"cannot be read" in answer


# --- Methods --------------------------------------------------------------------------------------


@pytest.mark.difference("http-methods")
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT", "DELETE", "TRACE", "post", "BREW"])
def test_other_methods_are_told_what_is_allowed_and_the_connection_stays(server, method):
    _, port = server
    look = f"{method} /health HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    answer = exchange(port, look + look + LAST)
    assert statuses(answer) == [405, 405, 200]
    assert answer.count(ALLOWED) == 2
    assert answer.endswith(ANSWER)


def test_head_is_answered_without_a_body(server):
    _, port = server
    answer = exchange(port, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [405]
    assert ALLOWED in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_health_check_of_http_1_0(server):
    _, port = server
    answer = exchange(port, b"OPTIONS / HTTP/1.0\r\n\r\n")
    assert statuses(answer) == [405]
    assert b"\r\nConnection: close\r\n" in answer


def test_an_encoding_is_told_what_is_accepted(server):
    _, port = server
    answer = exchange(port, post(ADD, LENGTH, "Content-Encoding: gzip"))
    assert statuses(answer) == [415]
    assert b"\r\nAccept-Encoding: identity\r\n" in answer


# --- Connections ----------------------------------------------------------------------------------


def test_connections_of_http_1_0_stay_when_the_client_asks_for_it(server):
    _, port = server
    answer = exchange(port, OLD + OLD + post(ADD, LENGTH, version="1.0"))
    assert statuses(answer) == [200, 200, 200]
    assert answer.count(b"\r\nConnection: keep-alive\r\n") == 2
    assert answer.count(b"\r\nConnection: close\r\n") == 1


def test_close_among_other_options_of_the_connection(server):
    _, port = server
    answer = exchange(port, post(ADD, LENGTH, "Connection: foo, Close") + SMUGGLED)
    assert statuses(answer) == [200]


def test_answers_of_pipelined_requests_are_in_order(server):
    _, port = server
    calls = [
        message("add", seqid, b"\x08\0\1\0\0\0\1\x08\0\2\0\0\0\2\0", kind=1)
        for seqid in range(1, 30)
    ]
    requests = [post(call, f"Content-Length: {len(call)}") for call in calls]
    answer = exchange(port, b"".join(requests) + LAST)
    found = [answer.index(message("add", seqid, i32_result(3))) for seqid in range(2, 30)]
    assert found == sorted(found)
    assert len(statuses(answer)) == 30


def test_clients_that_ask_first_are_told_to_go_on(server):
    _, port = server
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        for body, framing in ((ADD, LENGTH), (chunks(ADD), CHUNKED)):
            sock.sendall(post(b"", framing, "Expect: 100-Continue"))
            assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(body)
            received = b""
            while not received.endswith(ANSWER):
                received += sock.recv(1000)
            assert statuses(received) == [200]


def test_nobody_is_told_to_go_on_who_has_sent_all(server):
    _, port = server
    asked = post(ADD, LENGTH, "Expect: 100-continue", "Connection: close")
    assert statuses(exchange(port, asked)) == [200]
    old = post(ADD, LENGTH, "Expect: 100-continue", version="1.0")
    assert statuses(exchange(port, old)) == [200]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Content-Length: 99999999999"], 413),
        ([LENGTH, "Content-Encoding: gzip"], 415),
        ([LENGTH, LENGTH], 400),
        ([CHUNKED, LENGTH], 400),
    ],
)
def test_clients_that_ask_first_are_refused_before_they_send(server, headers, status):
    _, port = server
    answer = exchange(port, post(b"", *headers, "Expect: 100-continue"))
    assert statuses(answer) == [status]


def test_a_client_that_is_refused_in_the_middle_of_its_body_can_read_why(server):
    _, port = server
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(post(b"", "Content-Length: 99999999999"))
        # More than the buffers of a connection hold.
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                sock.sendall(bytes(65536))
        assert sock.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_in_the_middle_of_a_request_is_not_served(server):
    handler, port = server
    handler.notes.clear()
    whole = post(chunks(NOTE), CHUNKED)
    for end in range(1, len(whole)):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(PATIENCE)
            sock.sendall(whole[:end])
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(1000) == b""
    assert handler.notes == []


def test_a_client_that_says_that_it_sends_no_more_is_answered(server):
    _, port = server
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(GOOD)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while data := sock.recv(1000):
            received += data
        assert received.endswith(ANSWER)


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_is_idle_is_given_up(kind):
    with serving(kind, client_timeout=50) as port:
        assert exchange(port) == b""
        assert exchange(port, GOOD[:20]) == b""


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_above_the_limit(kind):
    handler = Handler()
    with serving(kind, handler, max_message_size=len(NOTE) - 1) as port:
        for body, framing in (
            (NOTE, f"Content-Length: {len(NOTE)}"),
            (chunks(NOTE[:9], NOTE[9:]), CHUNKED),
        ):
            answer = exchange(port, post(body, framing))
            assert statuses(answer) == [413]
            assert f"{len(NOTE) - 1} bytes".encode() in answer
    assert handler.notes == []


@pytest.mark.parametrize("kind", KINDS)
def test_encrypted_connections(kind):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    handler = Handler()
    with serving(kind, handler, ssl_context=context) as port:
        for request, status in ((LAST, 200), (post(ADD, LENGTH, LENGTH) + SMUGGLED, 400)):
            with (
                socket.create_connection(("localhost", port)) as sock,
                trusting.wrap_socket(sock, server_hostname="localhost") as encrypted,
            ):
                encrypted.settimeout(PATIENCE)
                encrypted.sendall(request)
                assert statuses(encrypted.recv(65536)) == [status]
    assert handler.notes == []


# --- Two messages in one body ---------------------------------------------------------------------


def encoded(factory, name, kind, **arguments):
    memory = TMemoryBuffer()
    protocol = factory.get_protocol(memory)
    protocol.write_message_begin(name, kind, 1)
    getattr(Calls, name + "_args")(**arguments).write(protocol)
    protocol.write_message_end()
    return memory.getvalue()


def framed(data):
    return len(data).to_bytes(4, "big") + data


@pytest.mark.difference("http-two-messages")
@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("transport", [TBufferedTransportFactory, TFramedTransportFactory])
def test_two_messages_in_one_body(name, transport):
    factory = PROTOCOLS[name]()
    frame = framed if transport is TFramedTransportFactory else bytes
    add = encoded(factory, "add", TMessageType.CALL, a=1, b=2)
    note = encoded(factory, "note", TMessageType.ONEWAY, text="x")
    handler = Handler()
    bodies = {
        frame(add) + frame(note): 400,
        frame(note) + frame(add): 400,
        frame(note + add): 400,
        frame(note) + frame(add) * 5000: 400,
        frame(note) + b"\1": 400,
        frame(note) + b"\0\0\0\1": 400,
        frame(note) + b"\x7f" * 9: 400,
        frame(note + b" " * 100_000) + b" ": 400,
        frame(add): 200,
        frame(add) + b" \r\n": 200,
    }
    with running(server_of(handler, proto_factory=factory, trans_factory=transport())) as port:
        for body, status in bodies.items():
            request = post(body, f"Content-Length: {len(body)}", "Connection: close")
            assert statuses(exchange(port, request)) == [status], body[:100]
    assert handler.notes == []


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_message_that_ends_early_is_the_fault_of_the_request(name):
    factory = PROTOCOLS[name]()
    add = encoded(factory, "add", TMessageType.CALL, a=1, b=2)
    note = encoded(factory, "note", TMessageType.ONEWAY, text="x")
    handler = Handler()
    with running(server_of(handler, proto_factory=factory)) as port:
        for body in (add[:-2], note[:-2], note[:-1]):
            request = post(body, f"Content-Length: {len(body)}", "Connection: close")
            assert statuses(exchange(port, request)) == [400]
    assert handler.notes == []


def test_two_messages_for_several_services():
    """The processor reads these in another way."""
    handler = Handler()
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, handler))
    factory = TBinaryProtocolFactory()
    note = message("Calls:note", 1, b"\x0b\0\1\0\0\0\2hi\0", kind=4)
    server = THttpServer(processor, ("127.0.0.1", 0), TBufferedTransportFactory(), factory)
    with running(server) as port:
        for body, status in ((note + note, 400), (note, 200)):
            request = post(body, f"Content-Length: {len(body)}", "Connection: close")
            assert statuses(exchange(port, request)) == [status]
    assert handler.notes == ["hi"]
