"""The HTTP client: requests, answers good and bad, timeouts."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import ipaddress
import socket
import threading
from pathlib import Path

import pytest
import thriftpy2.http
import thriftpy2.protocol
import thriftpy2.transport
from fastthrift import ClientPool
from fastthrift.contrib.aio import http as aio_http
from fastthrift.http import (
    TFileObjectTransport,
    THttpClient,
    THttpException,
    THttpHeaderFactory,
    client_context,
    make_client,
    make_server,
)
from fastthrift.protocol import (
    TBinaryProtocol,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMessageType,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TMemoryBuffer,
    TTransportException,
)
from support.http import PROTOCOLS, calls, chunked, running, server_of
from support.http_requests import ADD
from support.needs import needs
from support.rpc import PATIENCE, Calls, Handler, i32_result, message, open_descriptors


@pytest.fixture(scope="module")
def port():
    with running(server_of()) as port:
        yield port


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
        with pytest.raises(THttpException, match=r"answered 200 OK.*, which is a page") as caught:
            client.add(1, 2)
        assert caught.value.status == 200
        assert client.add(1, 2) == 3


# What is answered in place of Thrift: headers and body, and how the error tells it.
PAGES = {
    "html": (
        ["Content-Type: text/html; charset=utf-8"],
        PAGE,
        "Content-Type text/html and 41 bytes",
    ),
    "json": (
        ["Content-Type: application/json"],
        b'{"secret": 1}',
        "Content-Type application/json and 13 bytes",
    ),
    "a list of json": (
        ["Content-Type: text/json"],
        b"[1, 2]",
        "Content-Type text/json and 6 bytes",
    ),
    "no type": ([], b"whatever this is", "no Content-Type and 16 bytes"),
    "a type that is none": (["Content-Type: <b>\x1b[0m"], PAGE, "no Content-Type and 41 bytes"),
    "nothing": (["Content-Type: text/html"], b"", "an empty body"),
}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("transport", [TBufferedTransportFactory, TFramedTransportFactory])
def test_an_answer_that_is_no_thrift_is_told_by_its_type(kind, name, transport):
    headers, body, expected = PAGES[kind]
    options = {"proto_factory": PROTOCOLS[name](), "trans_factory": transport()}
    with (
        answering(response(body, "200 OK", *headers)) as (port, _),
        calls(port, path="/there?token=hidden", **options) as client,
        pytest.raises((TProtocolException, TTransportException)) as caught,
    ):
        client.add(1, 2)
    text = str(caught.value)
    assert f"http://127.0.0.1:{port}/there answered 200 OK with {expected}" in text
    for hidden in ("hidden", "Bad Gateway", "secret", "whatever"):
        assert hidden not in text


ONEWAY_PAGES = {
    "html": (["Content-Type: text/html; charset=utf-8"], b"Please log in"),
    "html of no type": ([], b"\r\n<!DOCTYPE html><p>"),
    "json": (["Content-Type: application/json"], b'{"error": "token expired"}'),
    "problem": (["Content-Type: application/problem+json"], b'{"title": "denied"}'),
}


@pytest.mark.parametrize("kind", ONEWAY_PAGES)
def test_a_page_is_no_answer_to_a_oneway_call(kind):
    headers, body = ONEWAY_PAGES[kind]
    page = response(body, "200 OK", *headers)
    note = response(b"", "200 OK", "Content-Type: text/html")
    with answering(page, page, note) as (port, _):
        with calls(port) as client, pytest.raises(THttpException) as caught:
            client.note("a note")
        assert f"answered 200 OK with {'' if headers else 'no '}Content-Type" in str(caught.value)
        assert f"{len(body)} bytes, which is a page" in str(caught.value)
        assert caught.value.status == 200
        with ClientPool(Calls, f"http://127.0.0.1:{port}/") as pool:
            with pytest.raises(THttpException):
                pool.note("a note")
            assert pool.note("a note") is None


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "text/plain", "x/y"])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_answer_may_have_any_type(media_type, name):
    factory = PROTOCOLS[name]()
    buffer = TMemoryBuffer()
    proto = factory.get_protocol(buffer)
    proto.write_message_begin("add", TMessageType.REPLY, 1)
    proto.write_struct(Calls.add_result(success=3))
    proto.write_message_end()
    answers = (
        response(buffer.getvalue(), "200 OK", f"Content-Type: {media_type}"),
        response(
            b"" if media_type != "text/plain" else b"ok", "200 OK", f"Content-Type: {media_type}"
        ),
    )
    with answering(*answers) as (port, _), calls(port, proto_factory=factory) as client:
        assert client.add(1, 2) == 3
        assert client.note("a note") is None


def test_an_answer_of_no_content():
    empty = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    with answering(empty, answer(2)) as (port, _), calls(port) as client:
        with pytest.raises(TTransportException, match="answered 204 No Content with an empty body"):
            client.add(1, 2)
        assert client.add(1, 2) == 3


def test_a_description_is_not_that_of_an_earlier_answer():
    with answering(response(PAGE), None) as (port, _), calls(port) as client:
        with pytest.raises(THttpException, match="answered 200 OK"):
            client.add(1, 2)
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert "200 OK" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (
            "502 Bad Gateway",
            ["Content-Type: text/html"],
            "502 Bad Gateway, with Content-Type text/html",
        ),
        (
            "503 Service Unavailable",
            ["Content-Type: application/problem+json"],
            "503 Service Unavailable, with Content-Type application/problem+json",
        ),
        ("404 Not Found", [], "404 Not Found (Calls.add("),
        (
            "302 Found",
            ["Location: https://me:password@login.example/in?token=hidden#top"],
            "302 Found, and redirects to https://login.example/in (Calls.add(",
        ),
        ("307 Temporary Redirect", ["Location: /there"], "and redirects to /there (Calls.add("),
        ("500 \x1b[31mred", [], "500 '\\\\x1b[31mred'"),
    ],
)
def test_other_statuses_are_told_with_what_helps(status, headers, expected):
    with (
        answering(response(PAGE, status, *headers)) as (port, _),
        calls(port) as client,
        pytest.raises(TTransportException) as caught,
    ):
        client.add(1, 2)
    assert expected in str(caught.value)
    assert "password" not in str(caught.value)
    assert "hidden" not in str(caught.value)


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


@pytest.mark.parametrize("factory", [lambda: {"a": "b"}, {"a": "b"}])
def test_what_makes_no_headers(factory):
    options = {"url": "http://127.0.0.1:9/", "http_header_factory": factory}
    with pytest.raises(TypeError, match=r"must have get_headers\(\), as THttpHeaderFactory has"):
        make_client(Calls, **options)
    with pytest.raises(TypeError, match=r"must have get_headers\(\), as THttpHeaderFactory has"):
        asyncio.run(aio_http.make_client(Calls, **options))


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
        ("http://[fe80::1%eth0]:81/", ("http", "fe80::1%eth0", 81, "/")),
    ],
)
def test_parts_of_the_uri(uri, expected):
    client = THttpClient(uri)
    assert (client.scheme, client.host, client.port, client.path) == expected
    theirs = thriftpy2.http.THttpClient(uri)
    assert (theirs.scheme, theirs.host, theirs.port, theirs.path) == expected


@pytest.mark.parametrize("uri", ["ftp://me:password@host/?hidden", "http:///path", "host", "a:80"])
def test_other_uris_are_refused(uri):
    with pytest.raises(ValueError, match="URI") as caught:
        THttpClient(uri)
    assert "password" not in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.difference("http-url-scheme")
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("127.0.0.1:9999", ("http", "127.0.0.1", 9999, "")),
        ("localhost:9999/calls?a=1", ("http", "localhost", 9999, "/calls?a=1")),
        ("//host:80/path", ("http", "host", 80, "/path")),
        ("[::1]:9999", ("http", "::1", 9999, "")),
        ("localhost", ("http", "localhost", 9090, "")),
        ("https://localhost/calls", ("https", "localhost", 9090, "/calls")),
    ],
)
def test_urls_may_lack_a_part(url, expected):
    def parts(client):
        transport = getattr(client._iprot.trans, "trans", client._iprot.trans)
        return transport.scheme, transport.host, transport.port, transport.path

    async def with_asyncio():
        async with aio_http.client_context(Calls, url=url) as client:
            return parts(client)

    with client_context(Calls, url=url) as client:
        assert parts(client) == expected
    assert asyncio.run(with_asyncio()) == (*expected[:3], expected[3] or "/")


@pytest.mark.parametrize(
    "url",
    ["http://", "/path", "?a=hidden", "localhost:ninety", "me:hidden@host:x", "thrift://host:9090"],
)
def test_urls_that_are_none_are_refused(url):
    with pytest.raises(ValueError, match=r"host:port/path") as caught:
        make_client(Calls, url=url)
    assert "hidden" not in str(caught.value)
    with pytest.raises(ValueError, match=r"host:port/path"):
        asyncio.run(aio_http.make_client(Calls, url=url))


def link_local():
    """An address of this machine that is one of a link only, with its zone."""
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        number, _, _, _, _, interface = line.split()
        if number.startswith("fe80"):
            return f"{ipaddress.IPv6Address(int(number, 16))}%{interface}"
    return None


LINK_LOCAL = link_local()


@needs(LINK_LOCAL is not None, "an interface with a link-local address")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_addresses_of_a_link(asynchronous):
    server = make_server(Calls, Handler(), "::", 0)
    with running(server) as port:
        for host in (LINK_LOCAL, LINK_LOCAL.replace("%", "%25")):
            url = f"http://[{host}]:{port}/"
            if asynchronous:
                assert asyncio.run(add_with_asyncio({"url": url})) == 3
            else:
                with client_context(Calls, url=url) as client:
                    assert client.add(1, 2) == 3
                with ClientPool(Calls, url) as pool:
                    assert pool.add(1, 2) == 3


@pytest.mark.parametrize("asynchronous", [False, True])
def test_ipv6(asynchronous):
    server = make_server(Calls, Handler(), "::1", 0)
    with running(server) as port:
        for options in ({"url": f"http://[::1]:{port}/path"}, {"host": "::1", "port": port}):
            if asynchronous:
                assert asyncio.run(add_with_asyncio(options)) == 3
            else:
                with client_context(Calls, **options) as client:
                    assert client.add(1, 2) == 3


async def add_with_asyncio(options):
    async with aio_http.client_context(Calls, **options) as client:
        return await client.add(1, 2)


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
