"""Thrift over HTTP: the wire, keep-alive, errors, and calls with thriftpy2."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import logging
import socket
import socketserver
import ssl
import threading

import fastthrift.http
import pytest
import thriftpy2.http
import thriftpy2.protocol
import thriftpy2.transport
import trustme
from fastthrift.http import (
    ResponseException,
    TFileObjectTransport,
    THttpClient,
    THttpHeaderFactory,
    THttpServer,
    client_context,
    make_client,
    make_server,
)
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TTransportException,
)
from rpc_support import PATIENCE, Calls, Handler, i32_result, message, module, open_descriptors

PROTOCOLS = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "json": TJSONProtocolFactory,
    "apache_json": TApacheJSONProtocolFactory,
}
ADD = message("add", 1, b"\x08\0\1\0\0\0\1\x08\0\2\0\0\0\2\0", kind=1)


@contextlib.contextmanager
def running(server):
    """The server running in a thread; gives its port."""
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.httpd.server_address[1]
    finally:
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "serve() did not return after close()"


def server_of(handler=None, **kwargs):
    return make_server(Calls, handler or Handler(), "127.0.0.1", 0, **kwargs)


@pytest.fixture(scope="module")
def port():
    with running(server_of()) as port:
        yield port


def calls(port, **kwargs):
    kwargs.setdefault("timeout", PATIENCE * 1000)
    return client_context(Calls, "127.0.0.1", port, **kwargs)


@contextlib.contextmanager
def raw(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        yield connection


# --- The server, seen from a plain HTTP client ----------------------------------------------------


@pytest.mark.difference("http-keep-alive")
def test_answers_have_a_length_and_the_connection_stays(port):
    with raw(port) as connection:
        sock = None
        for _ in range(3):
            connection.request("POST", "/any/path?x=1", ADD)
            response = connection.getresponse()
            assert (response.version, response.status) == (11, 200)
            body = response.read()
            assert response.getheader("Content-Length") == str(len(body))
            assert response.getheader("Content-Type") == "application/x-thrift"
            assert body == message("add", 1, i32_result(3))
            assert sock in (None, connection.sock)
            sock = connection.sock


def exchange(port, request):
    """Send bytes; everything that comes back."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while data := sock.recv(65536):
            answer += data
    return answer


def post(body, *headers, version="1.1"):
    head = "\r\n".join([f"POST / HTTP/{version}", "Host: x", *headers])
    return head.encode() + b"\r\n\r\n" + body


def test_http_1_0_is_closed_after_the_answer(port):
    answer = exchange(port, post(ADD, f"Content-Length: {len(ADD)}", version="1.0"))
    assert answer.endswith(i32_result(3))


def test_pipelined_requests(port):
    answer = exchange(port, post(ADD, f"Content-Length: {len(ADD)}") * 3)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.count(message("add", 1, i32_result(3))) == 3


def chunked(data, size):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x;ext=1\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\nT: x\r\n\r\n"


def test_chunked_requests(port):
    answer = exchange(port, post(chunked(ADD, 7), "Transfer-Encoding: chunked"))
    assert message("add", 1, i32_result(3)) in answer


def test_clients_may_ask_before_they_send_the_body(port):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(post(b"", f"Content-Length: {len(ADD)}", "Expect: 100-continue"))
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(ADD)
        assert sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post(b""), 411),
        (post(b"", "Content-Length: -1"), 400),
        (post(b"", "Content-Length: 1_0"), 400),
        (post(b"", "Content-Length: x"), 400),
        (post(b"", "Content-Length: 99999999999"), 413),
        (post(b"", "Transfer-Encoding: gzip"), 501),
        (post(b"-5\r\n", "Transfer-Encoding: chunked"), 400),
        (post(b"\r\n", "Transfer-Encoding: chunked"), 400),
        (post(b"ffffffffff\r\n", "Transfer-Encoding: chunked"), 413),
        (post(b"1\r\nxx\r\n", "Transfer-Encoding: chunked"), 400),
        (post(b"0\r\n" + b"a: b\r\n" * 1000, "Transfer-Encoding: chunked"), 400),
        (post(b"not thrift", "Content-Length: 10"), 400),
        (post(b"", "Content-Length: 0"), 400),
        (post(ADD[:9], "Content-Length: 9"), 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ],
)
def test_bad_requests_get_a_status(port, request_bytes, status):
    answer = exchange(port, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"Connection: close" in answer


def test_a_request_that_breaks_off_is_not_executed():
    handler = Handler()
    note = message("note", 1, b"\x0b\0\1\0\0\0\2hi\0", kind=4)
    with running(server_of(handler)) as port:
        assert exchange(port, post(note[:-1], f"Content-Length: {len(note)}")) == b""
        assert exchange(port, post(note, f"Content-Length: {len(note)}")).startswith(
            b"HTTP/1.1 200"
        )
    assert handler.notes == ["hi"]


@pytest.mark.difference("http-errors")
@pytest.mark.parametrize("keep_alive", [False, True])
def test_errors_of_handlers_are_answers(port, keep_alive, caplog):
    with calls(port, keep_alive=keep_alive) as client:
        with pytest.raises(TApplicationException) as caught:
            client.fail("secret")
        assert caught.value.type == TApplicationException.INTERNAL_ERROR
        assert "secret" not in str(caught.value)
        with pytest.raises(TApplicationException) as caught:
            client.returns_text()
        assert caught.value.type == TApplicationException.INTERNAL_ERROR
        with pytest.raises(module.NotFound):
            client.check(1)
        with pytest.raises(TApplicationException) as caught:
            client.returns_none()
        assert caught.value.type == TApplicationException.MISSING_RESULT
        assert client.add(1, 2) == 3
    assert "Error processing fail" in caplog.text


def test_malformed_arguments_get_protocol_error(port):
    bad = message("add", 1, b"\x08\0\1\0\0\0\1\x63\0\2", kind=1)
    answer = exchange(port, post(bad, f"Content-Length: {len(bad)}"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"cannot be read" in answer


def test_oneway_calls_get_an_empty_answer():
    handler = Handler()
    with running(server_of(handler)) as port:
        with calls(port, keep_alive=True) as client:
            assert client.note("hi") is None
            assert client.note("fail") is None
            assert client.add(1, 2) == 3
        note = message("note", 1, b"\x0b\0\1\0\0\0\2hi\0", kind=4)
        answer = exchange(port, post(note, f"Content-Length: {len(note)}"))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Content-Length: 0\r\n" in answer
    assert handler.notes == ["hi", "fail", "hi"]


def test_handlers_may_respond_on_their_own():
    class Overloaded(Handler):
        def add(self, a, b):
            def respond(request):
                request.send_response(503, "Overloaded")
                request.end_headers()
                request.wfile.write(b"later")

            raise ResponseException(respond)

    with running(server_of(Overloaded())) as port:
        with raw(port) as connection:
            connection.request("POST", "/", ADD)
            response = connection.getresponse()
            assert (response.status, response.reason, response.read()) == (
                503,
                "Overloaded",
                b"later",
            )
        with calls(port, keep_alive=True) as client:
            with pytest.raises(TTransportException, match="503 Overloaded"):
                client.add(1, 2)
            assert client.echo("x") == "x"


def test_multiplexed_services():
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    server = THttpServer(
        processor, ("127.0.0.1", 0), TBufferedTransportFactory(), TBinaryProtocolFactory()
    )
    from fastthrift.protocol import TMultiplexedProtocolFactory

    with running(server) as port:
        factory = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "Calls")
        with calls(port, proto_factory=factory) as client:
            assert client.add(1, 2) == 3
        factory = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "Unknown")
        with calls(port, proto_factory=factory) as client:
            with pytest.raises(TApplicationException) as caught:
                client.add(1, 2)
            assert caught.value.type == TApplicationException.UNKNOWN_METHOD


# --- Threads and the end --------------------------------------------------------------------------


def test_idle_connections_keep_nobody_waiting(port):
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client = stack.enter_context(calls(port, keep_alive=True))
            assert client.add(1, 2) == 3


def test_a_threading_server_runs_handlers_at_the_same_time():
    both = threading.Barrier(2, timeout=PATIENCE)

    class Meeting(Handler):
        def add(self, a, b):
            both.wait()
            return a + b

    results = []
    with running(server_of(Meeting(), server_class=http.server.ThreadingHTTPServer)) as port:

        def call(number):
            with calls(port) as client:
                results.append(client.add(number, 0))

        threads = [threading.Thread(target=call, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(results) == [1, 2]


def test_the_default_server_runs_one_handler_at_a_time():
    inside = []
    most = []

    class Watching(Handler):
        def add(self, a, b):
            inside.append(a)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.remove(a)
            return a + b

    with running(server_of(Watching())) as port:

        def call(number):
            with calls(port) as client:
                client.add(number, 0)

        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(most) == 1


@pytest.mark.difference("http-close")
def test_close_finishes_calls_and_ends_serve():
    handler = Handler()
    server = server_of(handler)
    answers = []
    with running(server) as port, calls(port, keep_alive=True) as idle:
        assert idle.add(1, 2) == 3

        def call():
            with calls(port) as client:
                answers.append(client.wait(7))

        caller = threading.Thread(target=call)
        caller.start()
        assert handler.waiting.wait(PATIENCE)
        server.close()
        handler.go_on.set()
        caller.join(PATIENCE)
        assert answers == [7]
        with pytest.raises(TTransportException):
            idle.add(1, 2)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_close_before_serve():
    server = server_of()
    server.close()
    server.serve()
    server.close()


def test_the_http_server_can_be_shut_down_by_itself():
    server = server_of()
    thread = threading.Thread(target=server.serve)
    thread.start()
    with calls(server.httpd.server_address[1]) as client:
        assert client.add(1, 2) == 3
    server.httpd.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_an_address_in_use_is_an_error(port):
    with pytest.raises(OSError, match="in use"):
        make_server(Calls, Handler(), "127.0.0.1", port)


def test_idle_connections_are_given_up():
    server = THttpServer(
        TProcessor(Calls, Handler()),
        ("127.0.0.1", 0),
        TBufferedTransportFactory(),
        TBinaryProtocolFactory(),
        client_timeout=50,
    )
    with running(server) as port, socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        assert sock.recv(1) == b""


def test_requests_are_not_printed(port, capfd):
    with calls(port) as client:
        client.add(1, 2)
    assert capfd.readouterr() == ("", "")


def test_the_server_class_is_kept():
    class Special(http.server.HTTPServer):
        pass

    server = server_of(server_class=Special)
    assert isinstance(server.httpd, Special)
    assert isinstance(server.httpd, socketserver.ThreadingMixIn)
    server.close()


# --- The client ----------------------------------------------------------------------------------


@contextlib.contextmanager
def answering(*responses):
    """A server that gives each request the next of these bytes, and notes the requests.

    None closes the connection instead.
    """
    requests = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)
    remaining = list(responses)

    def serve():
        while remaining:
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE)
            with connection, connection.makefile("rb") as stream:
                while remaining:
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        line = stream.readline()
                        if not line:
                            break
                        head += line
                    if not head:
                        break
                    headers = head.decode().lower().split("content-length: ")
                    requests.append((head.decode(), stream.read(int(headers[1].split("\r\n")[0]))))
                    response = remaining.pop(0)
                    if response is None:
                        break
                    connection.sendall(response)
                    if b"Connection: close" in response:
                        break

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], requests
    finally:
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive()


def response(body, status="200 OK", *headers):
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


def answer(seqid, value=3):
    return response(message("add", seqid, i32_result(value)))


PAGE = b"<html><body>502 Bad Gateway</body></html>"


@pytest.mark.difference("http-status")
@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize("status", ["502 Bad Gateway", "404 Not Found", "302 Found"])
def test_a_page_of_error_is_an_exception_and_spoils_nothing(status, keep_alive):
    with (
        answering(response(PAGE, status), answer(2), response(PAGE), answer(4)) as (port, _),
        calls(port, keep_alive=keep_alive) as client,
    ):
        with pytest.raises(TTransportException, match=status) as caught:
            client.add(1, 2)
        assert caught.value.status == int(status[:3])
        assert client.add(1, 2) == 3
        # A page with a good status.
        with pytest.raises(Exception, match="version") as caught:
            client.add(1, 2)
        assert client.add(1, 2) == 3


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (None, TTransportException.END_OF_FILE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\nshort", 4),
        (b"garbage\r\nConnection: close\r\n\r\n", TTransportException.UNKNOWN),
        (response(b"x", "200 OK", "Content-Encoding: gzip", "Connection: close"), 0),
    ],
)
def test_broken_answers_are_transport_exceptions(broken, kind):
    with answering(broken, answer(2)) as (port, _), calls(port, keep_alive=True) as client:
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert caught.value.type == kind
        assert client.add(1, 2) == 3


def test_answers_without_a_length_and_in_chunks():
    body = message("add", 1, i32_result(3))
    plain = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + body
    body = message("add", 2, i32_result(4))
    parts = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 5)
    with answering(plain, parts, answer(3)) as (port, _), calls(port, keep_alive=True) as client:
        assert [client.add(1, 2) for _ in range(3)] == [3, 4, 3]


def test_a_wrong_answer_is_refused():
    with answering(answer(99), answer(2)) as (port, _), calls(port) as client:
        with pytest.raises(TApplicationException, match="Bad sequence ID"):
            client.add(1, 2)
        assert client.add(1, 2) == 3


@pytest.mark.difference("http-repetition")
def test_a_request_is_not_repeated_when_the_server_may_have_served_it():
    with (
        answering(answer(1), None, answer(3)) as (port, requests),
        calls(port, keep_alive=True) as client,
    ):
        assert client.add(1, 2) == 3
        with pytest.raises(TTransportException):
            client.add(1, 2)
        assert client.add(1, 2) == 3
    assert len(requests) == 3


def test_a_connection_that_the_server_has_closed_is_replaced():
    last = response(message("add", 1, i32_result(3)), "200 OK", "Connection: close")
    quiet = last.replace(b"\r\nConnection: close", b"")
    listener = socket.create_server(("127.0.0.1", 0))
    closed = threading.Event()

    def serve():
        for data in (quiet, quiet.replace(b"\0\0\0\1\x08", b"\0\0\0\2\x08")):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)
            closed.set()

    thread = threading.Thread(target=serve)
    thread.start()
    with calls(listener.getsockname()[1], keep_alive=True) as client:
        assert client.add(1, 2) == 3
        assert closed.wait(PATIENCE)
        assert client.add(1, 2) == 3
    thread.join(PATIENCE)
    listener.close()


def test_keep_alive_uses_one_connection():
    accepted = []

    class Counting(http.server.HTTPServer):
        def get_request(self):
            accepted.append(1)
            return super().get_request()

    with running(server_of(server_class=Counting)) as port:
        with calls(port, keep_alive=True) as client:
            assert [client.add(n, 1) for n in range(5)] == [1, 2, 3, 4, 5]
        assert len(accepted) == 1
        with calls(port) as client:
            assert [client.add(n, 1) for n in range(5)] == [1, 2, 3, 4, 5]
        assert len(accepted) == 6


def test_the_request(port):
    with answering(answer(1), answer(2)) as (fake, requests):
        client = make_client(
            Calls, "127.0.0.1", fake, path="some/path", url="", keep_alive=True, timeout=9000
        )
        client.add(1, 2)
        client._iprot.trans.trans.setCustomHeaders(
            {"X-Request-Id": "7", "user-agent": "mine", "Host": "virtual"}
        )
        client.add(1, 2)
        client.close()
    (first, body), (second, _) = requests
    assert first.startswith("POST /some/path HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{fake}\r\n" in first
    assert "Content-Type: application/x-thrift\r\n" in first
    assert "Accept-Encoding: identity\r\n" in first
    assert "User-Agent: Python/THttpClient" in first
    assert body == ADD
    assert "X-Request-Id: 7\r\n" in second
    assert second.lower().count("user-agent: ") == 1
    assert second.lower().count("host: ") == 1
    assert "host: virtual\r\n" in second.lower()


def test_header_factories_are_asked_for_each_request():
    class Numbered(THttpHeaderFactory):
        number = 0

        def get_headers(self):
            self.number += 1
            return {"X-Number": str(self.number)}

    assert THttpHeaderFactory().get_headers() == {}
    assert THttpHeaderFactory({"a": "b"}).get_headers() == {"a": "b"}
    with (
        answering(answer(1), answer(2)) as (port, requests),
        calls(port, http_header_factory=Numbered()) as client,
    ):
        client.add(1, 2)
        client.add(1, 2)
    assert ["X-Number: 1" in requests[0][0], "X-Number: 2" in requests[1][0]] == [True, True]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://host", ("http", "host", 80, "")),
        ("https://host/a?b=c", ("https", "host", 443, "/a?b=c")),
        ("http://host:81/", ("http", "host", 81, "/")),
        ("http://[::1]:81/", ("http", "::1", 81, "/")),
    ],
)
def test_parts_of_the_uri(uri, expected):
    client = THttpClient(uri)
    assert (client.scheme, client.host, client.port, client.path) == expected
    theirs = thriftpy2.http.THttpClient(uri)
    assert (theirs.scheme, theirs.host, theirs.port, theirs.path) == expected


@pytest.mark.parametrize("uri", ["ftp://host/", "http:///path", "host"])
def test_other_uris_are_refused(uri):
    with pytest.raises(ValueError, match="URI"):
        THttpClient(uri)


def test_urls_take_precedence(port):
    url = f"http://127.0.0.1:{port}/path?x=1"
    with client_context(Calls, "unused.invalid", 1, url=url) as client:
        assert client.add(1, 2) == 3
        assert client._iprot.trans.trans.path == "/path?x=1"


def test_open_close_and_timeouts(port):
    client = THttpClient(f"http://127.0.0.1:{port}/")
    assert not client.is_open()
    client.open()
    assert client.is_open()
    assert client.isOpen()
    client.set_timeout(PATIENCE * 1000)
    client.write(ADD)
    client.flush()
    assert (client.code, client.read(1)) == (200, b"\x80")
    assert ("Content-Type", "application/x-thrift") in client.headers
    client.flush()  # nothing was written, nothing is sent
    assert client.read(1) == b"\x01"
    client.close()
    assert not client.is_open()
    client.close()


def test_refused_connections():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with calls(port) as client, pytest.raises(TTransportException) as caught:
        client.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN
    assert isinstance(caught.value, ConnectionRefusedError)


@pytest.mark.difference("http-timeouts")
@pytest.mark.parametrize("keep_alive", [False, True])
def test_timeouts(keep_alive):
    handler = Handler()
    with (
        running(server_of(handler)) as port,
        calls(port, timeout=50, keep_alive=keep_alive) as client,
    ):
        with pytest.raises(TTransportException) as caught:
            client.wait(1)
        assert caught.value.type == TTransportException.TIMED_OUT
        assert isinstance(caught.value, socket.timeout)
        assert socket.getdefaulttimeout() is None
        handler.go_on.set()
        client._iprot.trans.trans.set_timeout(PATIENCE * 1000)
        # Not the answer of the call that was given up.
        assert client.echo("next") == "next"


def test_answers_are_limited(port):
    transport = THttpClient(f"http://127.0.0.1:{port}/", max_message_size=1000)
    client = TClient(Calls, TBinaryProtocol(transport))
    transport.open()
    with pytest.raises(TTransportException, match="exceeds the limit of 1000 bytes"):
        client.echo("x" * 1000)
    assert client.add(1, 2) == 3
    client.close()


def test_no_descriptor_is_left(port):
    with calls(port) as client:
        client.add(1, 2)
    before = open_descriptors()
    for keep_alive in (False, True):
        with calls(port, keep_alive=keep_alive) as client:
            client.add(1, 2)
            with pytest.raises(TApplicationException):
                client.returns_none()
    # The server's side is closed by its own thread.
    for _ in range(PATIENCE * 100):
        if open_descriptors() <= before:
            break
        threading.Event().wait(0.01)
    assert open_descriptors() <= before


def test_file_object_transport(tmp_path):
    with open(tmp_path / "file", "w+b") as file:
        trans = TFileObjectTransport(file)
        trans.open()
        assert trans.isOpen()
        assert trans.is_open()
        trans.write(b"abc")
        trans.flush()
        file.seek(0)
        assert (trans.read(2), trans.read(2)) == (b"ab", b"c")
        trans.close()
        assert file.closed


# --- https, protocols, thriftpy2 -----------------------------------------------------------------


def test_https():
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_context)
    server = server_of()
    server.httpd.socket = server_context.wrap_socket(
        server.httpd.socket, server_side=True, do_handshake_on_connect=False
    )

    def trusting():
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    with running(server) as port:
        for keep_alive in (False, True):
            with client_context(
                Calls,
                "localhost",
                port,
                scheme="https",
                ssl_context_factory=trusting,
                keep_alive=keep_alive,
                timeout=PATIENCE * 1000,
            ) as client:
                assert [client.add(n, 1) for n in range(3)] == [1, 2, 3]
        with (
            client_context(Calls, url=f"https://localhost:{port}/") as client,
            pytest.raises(TTransportException, match="certificate verify failed"),
        ):
            client.add(1, 2)


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("transport", [TBufferedTransportFactory, TFramedTransportFactory])
def test_protocols_and_transports(name, transport):
    options = {"proto_factory": PROTOCOLS[name](), "trans_factory": transport()}
    with running(server_of(**options)) as port, calls(port, keep_alive=True, **options) as client:
        assert client.echo("x" * 100_000) == "x" * 100_000
        assert client.add(1, 2) == 3
        assert client.person(module.Person(name="é")) == module.Person(name="é")
        with pytest.raises(module.NotFound):
            client.check(1)


def their_factory(name):
    return getattr(thriftpy2.protocol, PROTOCOLS[name].__name__)()


def check_calls(client):
    assert client.echo("é" * 10_000) == "é" * 10_000
    assert client.add(1, 2) == 3
    with pytest.raises(module.NotFound):
        client.check(1)
    assert client.nothing() is None
    client.note("hi")


@pytest.mark.parametrize("name", ["binary", "compact", "json"])
@pytest.mark.parametrize("keep_alive", [False, True])
def test_clients_of_thriftpy2(name, keep_alive):
    with (
        running(server_of(proto_factory=PROTOCOLS[name]())) as port,
        thriftpy2.http.client_context(
            Calls,
            "127.0.0.1",
            port,
            proto_factory=their_factory(name),
            timeout=PATIENCE * 1000,
            keep_alive=keep_alive,
        ) as client,
    ):
        check_calls(client)


@pytest.mark.parametrize("name", ["binary", "compact", "json", "apache_json"])
@pytest.mark.parametrize("keep_alive", [False, True])
def test_servers_of_thriftpy2(name, keep_alive):
    server = thriftpy2.http.make_server(
        Calls, Handler(), "127.0.0.1", 0, proto_factory=their_factory(name)
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with calls(
            server.httpd.server_address[1],
            proto_factory=PROTOCOLS[name](),
            keep_alive=keep_alive,
        ) as client:
            check_calls(client)
    finally:
        server.httpd.shutdown()
        server.httpd.server_close()
        thread.join(PATIENCE)


def test_log_of_refused_requests(port, caplog):
    with caplog.at_level(logging.WARNING, fastthrift.http.__name__):
        exchange(port, post(b""))
    assert "Refused a request of 127.0.0.1" in caplog.text
