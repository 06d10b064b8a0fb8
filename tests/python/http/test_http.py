"""The HTTP server: the wire, keep-alive, errors, and the end."""

from __future__ import annotations

import contextlib
import gc
import http.client
import http.server
import io
import logging
import socket
import socketserver
import threading

import pytest
from fastthrift.http import (
    ResponseException,
    THttpServer,
    make_server,
)
from fastthrift.protocol import (
    TBinaryProtocolFactory,
)
from fastthrift.thrift import (
    TApplicationException,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TTransportException,
)
from support.http import calls, raw, running, server_of
from support.http_requests import ADD, post
from support.rpc import PATIENCE, Calls, Handler, i32_result, message, module


@pytest.fixture(scope="module")
def port():
    with running(server_of()) as port:
        yield port


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


def test_http_1_0_is_closed_after_the_answer(port):
    answer = exchange(port, post(ADD, f"Content-Length: {len(ADD)}", version="1.0"))
    assert answer.endswith(i32_result(3))


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
    asked = []

    class Overloaded(Handler):
        def add(self, a, b):
            def respond(request):
                asked.append((request.command, request.path, request.headers["x-a"]))
                request.send_response(503, "Overloaded")
                request.end_headers()
                request.wfile.write(b"later")

            raise ResponseException(respond)

    with running(server_of(Overloaded())) as port:
        with raw(port) as connection:
            connection.request("POST", "/path", ADD, {"X-A": "b"})
            response = connection.getresponse()
            assert asked == [("POST", "/path", "b")]
            assert (response.status, response.reason, response.read()) == (
                503,
                "Overloaded",
                b"later",
            )
        with calls(port, keep_alive=True) as client:
            with pytest.raises(TTransportException, match="503 Overloaded"):
                client.add(1, 2)
            assert client.echo("x") == "x"


def test_connections_have_no_buffer_for_what_handlers_write_until_one_does():
    def buffers():
        of_server = [
            each for each in gc.get_objects() if type(each) is server.httpd.RequestHandlerClass
        ]
        assert of_server
        return sum(
            type(value) is io.BufferedWriter for one in of_server for value in vars(one).values()
        )

    class Responding(Handler):
        def add(self, a, b):
            def respond(request):
                request.wfile.write(b"HTTP/1.1 200 OK\r\n")
                asked.append(buffers())
                request.wfile.write(b"\r\n")

            raise ResponseException(respond)

    asked = []
    server = server_of(Responding())
    with running(server) as port, contextlib.ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(raw(port))
            connection.request("POST", "/", message("nothing", 1, b"\0", kind=1))
            assert connection.getresponse().read()
        assert buffers() == 0
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            peer.sendall(post(ADD, f"Content-Length: {len(ADD)}"))
            # In one piece.
            assert peer.recv(1000) == b"HTTP/1.1 200 OK\r\n\r\n"
        assert asked == [1]


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


@pytest.mark.parametrize("name", ["client_timeout", "message_timeout"])
def test_a_time_below_0_is_refused_as_by_the_servers_of_sockets(name: str) -> None:
    factories = TBufferedTransportFactory(), TBinaryProtocolFactory()
    with pytest.raises(ValueError, match="Timeout value out of range: -5 ms"):
        THttpServer(TProcessor(Calls, Handler()), ("127.0.0.1", 0), *factories, **{name: -5})


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
    port = server.httpd.server_address[1]
    with calls(port, keep_alive=True) as idle:
        with running(server):
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
        # Until `serve` has returned, a call may still find its connection open, and is answered.
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


def test_what_a_server_class_does_itself_is_not_passed_over():
    class Special(socketserver.ThreadingTCPServer):
        allow_reuse_address = False
        daemon_threads = True
        bound = False

        def server_bind(self):
            super().server_bind()
            self.bound = True

    server = server_of(server_class=Special)
    assert server.httpd.bound
    assert not server.httpd.allow_reuse_address
    with running(server) as port, calls(port) as client:
        assert client.add(1, 2) == 3


def test_log_of_refused_requests(port, caplog):
    with caplog.at_level(logging.WARNING, "fastthrift.server.http"):
        exchange(port, post(b""))
    assert "Refused a request of 127.0.0.1" in caplog.text
