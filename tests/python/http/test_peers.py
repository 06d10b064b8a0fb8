"""HTTPS, and calls over HTTP with thriftpy2 and Apache's library."""

from __future__ import annotations

import ssl
import threading

import pytest
import thriftpy2.http
import thriftpy2.protocol
import thriftpy2.transport
import trustme
from fastthrift.http import (
    client_context,
)
from fastthrift.thrift import (
    TApplicationException,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TTransportException,
)
from peers import apache
from support.http import PROTOCOLS, calls, running, server_of
from support.rpc import PATIENCE, Calls, Handler, module


@pytest.fixture(scope="module")
def port():
    with running(server_of()) as port:
        yield port


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
    # No longer, because thriftpy2 reads Apache's JSON byte by byte.
    assert client.echo("é" * 1000) == "é" * 1000
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


APACHE_PROTOCOLS = ["binary", "compact", "apache_json"]


@pytest.mark.parametrize("name", APACHE_PROTOCOLS)
def test_clients_of_apache(name):
    from thrift.transport.THttpClient import THttpClient as ApacheHttpClient

    with running(server_of(proto_factory=PROTOCOLS[name]())) as port:
        trans = ApacheHttpClient(f"http://127.0.0.1:{port}/")
        trans.setTimeout(PATIENCE * 1000)
        proto = apache.fastest_factory(name).getProtocol(trans)
        client = apache.Client(Calls, apache.Classes(), proto)
        for number in range(3):
            assert client.call("add", a=number, b=1) == number + 1
        assert client.call("echo", text="é" * 10_000) == "é" * 10_000
        with pytest.raises(apache.TApplicationException):
            client.call("fail", secret="x")
        client.call("note", text="hi")
        assert client.call("whoami") == "Calls"
        trans.close()


@pytest.mark.parametrize("name", APACHE_PROTOCOLS)
@pytest.mark.parametrize("keep_alive", [False, True])
def test_servers_of_apache(name, keep_alive):
    from thrift.server.THttpServer import THttpServer as ApacheHttpServer

    processor = apache.Processor(Calls, apache.Classes(), Handler())
    server = ApacheHttpServer(processor, ("127.0.0.1", 0), apache.fastest_factory(name))
    server.httpd.RequestHandlerClass.log_message = lambda *args: None
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with calls(
            server.httpd.server_address[1],
            proto_factory=PROTOCOLS[name](),
            keep_alive=keep_alive,
        ) as client:
            assert [client.add(number, 1) for number in range(3)] == [1, 2, 3]
            assert client.echo("é" * 10_000) == "é" * 10_000
            with pytest.raises(TApplicationException):
                client.fail("x")
            client.note("hi")
            assert client.whoami() == "Calls"
    finally:
        server.httpd.shutdown()
        server.httpd.server_close()
        thread.join(PATIENCE)
