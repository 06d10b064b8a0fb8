"""What servers of HTTP answer a oneway call with, which is no silent success where they say that it
was not taken."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import io
import logging
import threading

import fastthrift
import pytest
import thriftpy2.http
import thriftpy2.protocol
from fastthrift import ClientPool
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory
from fastthrift.http import client_context
from fastthrift.thrift import TApplicationException, TMessageType
from fastthrift.transport import TFramedTransportFactory
from peers import apache
from support.http import PROTOCOLS
from support.rpc import PATIENCE, Calls, Handler, i32_result, message
from thrift.server.THttpServer import THttpServer as ApacheHttpServer

# What a newer client knows: `forget`, and `add` as a oneway method.
Newer = fastthrift.load_fp(
    io.StringIO(
        "service Calls { i32 whoami(), oneway void forget(1: string text), "
        "oneway void add(1: i32 a, 2: i32 b), string echo(1: string text) }"
    ),
    "newer_calls_thrift",
).Calls
ABOUT = (
    r"Unknown (function|method)( forget)? \(Calls\.forget\(\) at http://127\.0\.0\.1:[0-9]+/?; "
    r"the request was sent\)"
)


@contextlib.contextmanager
def serving(server):
    """A server of `http.server`, in a thread; gives its port."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def of_apache(name):
    processor = apache.Processor(Calls, apache.Classes(), Handler())
    server = ApacheHttpServer(processor, ("127.0.0.1", 0), apache.fastest_factory(name))
    server.httpd.RequestHandlerClass.log_message = lambda *args: None
    return serving(server.httpd)


def of_thriftpy2(name):
    factory = getattr(thriftpy2.protocol, PROTOCOLS[name].__name__)()
    server = thriftpy2.http.make_server(Calls, Handler(), "127.0.0.1", 0, proto_factory=factory)
    return serving(server.httpd)


def answering(*bodies):
    """A server that answers each request with 200 and the next of some bodies."""
    remaining = list(bodies)

    class Answering(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = remaining.pop(0)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    return serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering))


def newer_client(port, **options):
    options.setdefault("timeout", PATIENCE * 1000)
    return client_context(Newer, "127.0.0.1", port, **options)


SERVERS = {
    **{f"apache {name}": (of_apache, name) for name in ("binary", "compact", "apache_json")},
    **{f"thriftpy2 {name}": (of_thriftpy2, name) for name in ("binary", "compact", "apache_json")},
}


@pytest.mark.difference("http-oneway-refusal")
@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize("server", SERVERS)
def test_a_method_that_the_server_does_not_have_is_an_exception(server, keep_alive):
    start, name = SERVERS[server]
    options = {"proto_factory": PROTOCOLS[name](), "keep_alive": keep_alive}
    with start(name) as port, newer_client(port, **options) as client:
        for _ in range(2):
            with pytest.raises(TApplicationException, match=ABOUT) as caught:
                client.forget("x")
            assert caught.value.type == TApplicationException.UNKNOWN_METHOD
            assert (caught.value.service, caught.value.method) == ("Calls", "forget")
            assert caught.value.request_sent
            assert client.echo("the next call") == "the next call"


def test_a_pool_raises_it_too():
    with of_apache("binary") as port, ClientPool(Newer, f"http://127.0.0.1:{port}/") as pool:
        with pytest.raises(TApplicationException, match=ABOUT):
            pool.forget("x")
        assert pool.echo("the next call") == "the next call"


def test_asyncio_raises_it_too():
    async def main(port):
        factory = TAsyncBinaryProtocolFactory()
        async with aio_http.client_context(
            Newer, "127.0.0.1", port, proto_factory=factory, timeout=PATIENCE * 1000
        ) as client:
            for _ in range(2):
                with pytest.raises(TApplicationException, match=ABOUT):
                    await client.forget("x")
                assert await client.echo("the next call") == "the next call"

    with of_apache("binary") as port:
        asyncio.run(main(port))


@pytest.mark.parametrize("server", SERVERS)
def test_an_answer_of_a_server_that_has_the_method_as_no_oneway_one_is_none(server, caplog):
    start, name = SERVERS[server]
    with start(name) as port, newer_client(port, proto_factory=PROTOCOLS[name]()) as client:
        assert client.add(1, 2) is None
        assert client.echo("the next call") == "the next call"
    assert not caplog.records


def exception(seqid):
    text = b"\x0b\0\1\0\0\0\x04gone\x08\0\2\0\0\0\6\0"
    return message("forget", seqid, text, TMessageType.EXCEPTION)


def test_frames_are_looked_into():
    def framed(data):
        return len(data).to_bytes(4, "big") + data

    bodies = exception(1), message("echo", 2, b"\x0b\0\0\0\0\0\1x\0")
    options = {"trans_factory": TFramedTransportFactory()}
    with answering(*map(framed, bodies)) as port, newer_client(port, **options) as client:
        with pytest.raises(TApplicationException, match="gone"):
            client.forget("x")
        assert client.echo("x") == "x"


OTHERS = {
    "words": (b"queued", "what is no message"),
    "the end of a message": (exception(1)[:-9], "an unframed binary message"),
    "another dialect": (b"\x82\x21\x01\x06forget\0", "an unframed compact message"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_cannot_be_read_is_logged_and_is_not_taken_for_the_next_answer(kind, caplog):
    body, what = OTHERS[kind]
    bodies = body, body, message("whoami", 3, i32_result(7))
    with answering(*bodies) as port, newer_client(port) as client:
        assert client.forget("x") is None
        assert client.forget("x") is None
        assert client.whoami() == 7
        where = f"127.0.0.1:{port}"
    [record] = caplog.records
    assert (record.name, record.levelno) == ("fastthrift.client", logging.WARNING)
    text = record.getMessage()
    assert text.startswith(f"Calls.forget(), a oneway call, was answered by http://{where}")
    assert f"with {what}, which this client cannot read: " in text
