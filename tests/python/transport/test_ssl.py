"""Sockets with TLS: who is trusted, what a bad client can do, and calls with thriftpy2."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest
import thriftpy2.rpc
import thriftpy2.server
import thriftpy2.thrift
import thriftpy2.transport
import trustme
from fastthrift import http
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.socket import TAsyncSocket
from fastthrift.rpc import client_context, make_client
from fastthrift.rpc import make_server as make_rpc_server
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.thrift import TClient
from fastthrift.transport import (
    TSSLServerSocket,
    TSSLSocket,
    TTransportException,
    create_thriftpy_context,
)
from fastthrift.transport._addresses import has_input
from fastthrift.transport._ssl import DEFAULT_CIPHERS, RESTRICTED_SERVER_CIPHERS
from fastthrift.transport.sslsocket import TSSLException
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    make_server,
    open_descriptors,
    port_of,
    scripted_peer,
    serving,
)
from support.runner import wait_until


class Certificates:
    """The files of an authority, a server for localhost, and a client."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        server, client = authority.issue_cert("localhost"), authority.issue_cert("a.client")
        self.authority = self.save(directory / "ca.pem", authority.cert_pem)
        self.server = self.save(directory / "server.pem", server.private_key_and_cert_chain_pem)
        self.client = self.save(directory / "client.pem", *client.cert_chain_pems)
        self.client_key = self.save(directory / "client.key", client.private_key_pem)
        self.client_both = self.save(
            directory / "client_both.pem", client.private_key_and_cert_chain_pem
        )
        self.stranger = self.save(directory / "stranger.pem", trustme.CA().cert_pem)

    @staticmethod
    def save(path: Path, *blobs: trustme.Blob) -> str:
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return str(path)

    def asking_for_client_certificates(self) -> ssl.SSLContext:
        context = create_thriftpy_context(server_side=True)
        context.load_cert_chain(self.server)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@contextlib.contextmanager
def ssl_server(
    certificates, server_class=TThreadedServer, client_timeout=PATIENCE * 1000, **kwargs
):
    kwargs.setdefault("certfile", certificates.server)
    trans = TSSLServerSocket("localhost", 0, client_timeout=client_timeout, **kwargs)
    with serving(make_server(trans=trans, server_class=server_class)) as port:
        yield port


@pytest.fixture(scope="module")
def port(certificates):
    with ssl_server(certificates) as port:
        yield port


def calls(port, host="localhost", **kwargs):
    return client_context(Calls, host, port, socket_timeout=PATIENCE * 1000, **kwargs)


def refused(port, host="localhost", **kwargs):
    """The error of a client that cannot connect."""
    with pytest.raises(TTransportException) as caught, calls(port, host, **kwargs):
        pass
    assert caught.value.type == TTransportException.NOT_OPEN
    return caught.value


# --- Who is trusted ------------------------------------------------------------------------------


def test_calls_with_a_trusted_server(port, certificates):
    with calls(port, cafile=certificates.authority) as client:
        assert client.add(1, 2) == 3
        assert client.echo("x" * 1_000_000) == "x" * 1_000_000


def test_a_directory_of_authorities(port, certificates, tmp_path):
    shutil.copy(certificates.authority, tmp_path)
    # OpenSSL looks a certificate up by the hash of its subject.
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    trans = TSSLSocket("localhost", port, capath=str(tmp_path), socket_timeout=PATIENCE * 1000)
    trans.open()
    trans.close()


def test_unknown_authorities_are_refused(port, certificates):
    error = refused(port, cafile=certificates.stranger)
    assert "certificate verify failed" in str(error)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)


def test_without_authorities_the_systems_are_trusted(port):
    trans = TSSLSocket("localhost", port, socket_timeout=PATIENCE * 1000)
    assert trans.ssl_context.verify_mode == ssl.CERT_REQUIRED
    assert trans.ssl_context.check_hostname
    with pytest.raises(TTransportException, match="certificate verify failed"):
        trans.open()
    assert not trans.is_open()


@pytest.mark.difference("ssl-host-names")
def test_host_names_are_verified(port, certificates):
    error = refused(port, "127.0.0.1", cafile=certificates.authority)
    assert "127.0.0.1" in str(error)
    context = create_thriftpy_context()
    context.load_verify_locations(certificates.authority)
    refused(port, "127.0.0.1", ssl_context=context)
    with calls(port, ssl_context=context) as client:
        assert client.add(1, 2) == 3


def test_verification_can_be_turned_off(port):
    trans = TSSLSocket("127.0.0.1", port, validate=False, socket_timeout=PATIENCE * 1000)
    trans.open()
    trans.close()
    context = create_thriftpy_context()
    context.verify_mode = ssl.CERT_NONE
    assert context.check_hostname is False
    assert context.verify_mode is ssl.CERT_NONE
    with calls(port, "127.0.0.1", ssl_context=context) as client:
        assert client.add(1, 2) == 3


def test_client_certificates(certificates):
    context = certificates.asking_for_client_certificates()
    with ssl_server(certificates, ssl_context=context) as port:
        for files in (
            {"certfile": certificates.client, "keyfile": certificates.client_key},
            {"certfile": certificates.client_both},
        ):
            with calls(port, cafile=certificates.authority, **files) as client:
                assert client.add(1, 2) == 3
        # With TLS 1.3 the refusal comes when the client already thinks that it is connected.
        with (
            pytest.raises((TTransportException, OSError)),
            calls(port, cafile=certificates.authority) as client,
        ):
            client.add(1, 2)


def test_a_refused_certificate_is_a_transport_and_an_ssl_error(certificates):
    context = certificates.asking_for_client_certificates()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with ssl_server(certificates, ssl_context=context) as port:
        trans = TSSLSocket(
            "localhost", port, cafile=certificates.authority, socket_timeout=PATIENCE * 1000
        )
        trans.open()
        with pytest.raises(TSSLException) as caught:
            trans.read(1)
        trans.close()
    assert isinstance(caught.value, TTransportException)
    assert isinstance(caught.value, ssl.SSLError)
    assert "CERTIFICATE_REQUIRED" in str(caught.value).upper().replace(" ", "_")


def test_contexts():
    for server_side in (False, True):
        context = create_thriftpy_context(server_side, DEFAULT_CIPHERS)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    theirs = thriftpy2.transport._ssl
    assert theirs.DEFAULT_CIPHERS == DEFAULT_CIPHERS
    assert theirs.RESTRICTED_SERVER_CIPHERS == RESTRICTED_SERVER_CIPHERS
    assert create_thriftpy_context(server_side=True).verify_mode == ssl.CERT_NONE


def test_a_missing_certificate_is_said():
    with pytest.raises(OSError, match=r"No such certfile found: missing\.pem"):
        TSSLServerSocket("localhost", 0, certfile="missing.pem")


# --- Bad clients ---------------------------------------------------------------------------------


@pytest.mark.difference("ssl-handshake")
@pytest.mark.parametrize("server_class", [TThreadedServer, TSimpleServer])
def test_a_client_without_tls_harms_nobody(certificates, server_class):
    with ssl_server(certificates, server_class) as port:
        for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x80\x01\0\x01\0\0\0\x04ping" * 10, b""):
            with (
                socket.create_connection(("localhost", port)) as plain,
                contextlib.suppress(OSError),  # the server may hang up at any time
            ):
                plain.settimeout(PATIENCE)
                plain.sendall(data)
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(1000):
                    pass  # an alert, then the end
        with calls(port, cafile=certificates.authority) as client:
            assert client.add(1, 2) == 3


@pytest.mark.difference("ssl-handshake")
def test_a_slow_handshake_keeps_nobody_waiting(certificates):
    with ssl_server(certificates) as port, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("localhost", port)))
        with calls(port, cafile=certificates.authority) as client:
            assert client.add(1, 2) == 3


def test_a_handshake_that_never_ends_is_given_up(certificates):
    with (
        ssl_server(certificates, client_timeout=100) as port,
        socket.create_connection(("localhost", port)) as plain,
    ):
        plain.settimeout(PATIENCE)
        plain.sendall(b"\x16\x03\x01")  # the start of a handshake record
        with contextlib.suppress(ConnectionError):
            while plain.recv(1000):
                pass


# A socket that `ssl` finds reset while it wraps it is closed by the collector, with a warning.
@pytest.mark.filterwarnings("ignore:.*SSLSocket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_clients_that_reset_harm_nobody(certificates):
    with ssl_server(certificates) as port:
        for _ in range(20):
            plain = socket.create_connection(("localhost", port))
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            plain.close()
        with calls(port, cafile=certificates.authority) as client:
            assert client.add(1, 2) == 3


def test_failed_connections_leave_no_descriptor(port, certificates):
    before = open_descriptors()
    for _ in range(5):
        refused(port, cafile=certificates.stranger)
    with pytest.raises(ValueError, match="no host that the server's certificate"):
        TSSLSocket("", port).open()
    # The server closes its side in its own time.
    wait_until(lambda: open_descriptors() <= before)


def test_timeouts_cover_the_handshake(certificates):
    with socket.create_server(("localhost", 0)) as listener:
        trans = TSSLSocket(
            "localhost", listener.getsockname()[1], cafile=certificates.authority, socket_timeout=50
        )
        with pytest.raises(TTransportException) as caught:
            trans.open()
        assert isinstance(caught.value, TimeoutError)


def test_reads_time_out(port, certificates):
    trans = TSSLSocket("localhost", port, cafile=certificates.authority, socket_timeout=50)
    trans.connect_timeout = PATIENCE
    trans.open()
    with pytest.raises(TTransportException) as caught:
        trans.read(1)
    trans.close()
    assert isinstance(caught.value, TimeoutError)


def test_accept_needs_a_listening_socket(certificates):
    with pytest.raises(TTransportException):
        TSSLServerSocket("localhost", 0, certfile=certificates.server).accept()


def test_what_tls_tells_itself_is_no_answer_that_nobody_asked_for(certificates):
    """The server has sent tickets of its session: there is something to read, and nothing came."""
    with ssl_server(certificates) as port:
        sock = TSSLSocket("localhost", port, cafile=certificates.authority)
        sock.open()
        assert sock.sock.version() == "TLSv1.3"
        end = time.monotonic() + PATIENCE
        while not has_input(sock.sock):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert sock.has_arrived() is False
        assert sock.sock.gettimeout() == sock.socket_timeout
        sock.close()
        assert sock.has_arrived() is True


def test_a_connection_that_the_server_has_closed_while_it_was_idle_says_so(certificates):
    with (
        ssl_server(certificates, client_timeout=1500) as port,
        calls(port, cafile=certificates.authority) as client,
    ):
        assert client.add(1, 2) == 3
        time.sleep(0.1)
        # Idle, and as good as before.
        assert client.add(3, 4) == 7
        while not client._iprot.trans.trans.has_arrived():
            time.sleep(0.1)
        with pytest.raises(TTransportException, match=r"while it was idle") as caught:
            client.add(1, 2)
        assert caught.value.request_sent is False


def test_close_ends_idle_connections(certificates):
    handler = Handler()
    trans = TSSLServerSocket("localhost", 0, client_timeout=None, certfile=certificates.server)
    server = make_server(handler, trans=trans)
    with serving(server) as port, calls(port, cafile=certificates.authority) as client:
        assert client.add(1, 2) == 3
        answers = []
        caller = threading.Thread(target=lambda: answers.append(client.wait(7)))
        caller.start()
        assert handler.waiting.wait(PATIENCE)
        server.close()
        handler.go_on.set()
        caller.join(PATIENCE)
        assert answers == [7]


# --- With the functions of rpc, and with thriftpy2 ------------------------------------------------


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as probe:
        return probe.getsockname()[1]


def test_make_server_and_make_client(certificates):
    server = make_rpc_server(
        Calls, Handler(), "localhost", free_port(), certfile=certificates.server
    )
    server.trans.listen()
    with serving(server) as port:
        client = make_client(
            Calls, "localhost", port, cafile=certificates.authority, timeout=PATIENCE * 1000
        )
        assert client.echo("tls") == "tls"
        assert client._iprot.trans.sock.version().startswith("TLS")
        client.close()


def test_client_of_thriftpy2(port, certificates):
    with thriftpy2.rpc.client_context(
        Calls, "localhost", port, cafile=certificates.authority, socket_timeout=PATIENCE * 1000
    ) as client:
        assert client.add(1, 2) == 3
        assert client.echo("x" * 100_000) == "x" * 100_000


def test_server_of_thriftpy2(certificates):
    trans = thriftpy2.transport.TSSLServerSocket(
        "localhost", 0, certfile=certificates.server, client_timeout=PATIENCE * 1000
    )
    listening = threading.Event()
    original = trans.listen

    def listen():
        original()
        listening.set()

    trans.listen = listen
    server = thriftpy2.server.TThreadedServer(
        thriftpy2.thrift.TProcessor(Calls, Handler()), trans, daemon=True
    )
    threading.Thread(target=server.serve, daemon=True).start()
    assert listening.wait(PATIENCE)
    with calls(port_of(server), cafile=certificates.authority) as client:
        assert isinstance(client, TClient)
        assert client.add(1, 2) == 3
        assert client.echo("x" * 100_000) == "x" * 100_000


# What a server without TLS does when a handshake comes.
WITHOUT_TLS = {
    "hangs up": None,
    "resets": b"",
    "answers": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
}


@contextlib.contextmanager
def without_tls(answer):
    def script(connection):
        if answer != b"":
            connection.recv(65536)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer:
            connection.sendall(answer)

    with scripted_peer(script) as port:
        yield port


@pytest.mark.parametrize("kind", WITHOUT_TLS)
@pytest.mark.parametrize("client", ["threads", "asyncio", "http", "asyncio's http"])
def test_a_client_of_tls_asks_whether_the_server_speaks_it(client, kind):
    context = create_thriftpy_context()

    async def call_with_asyncio(port):
        if client == "asyncio":
            trans = TAsyncSocket("127.0.0.1", port, ssl_context=context)
            await trans.open()
        else:
            url = f"https://127.0.0.1:{port}/"
            async with aio_http.client_context(Calls, url=url, ssl_context=context) as calls:
                await calls.add(1, 2)

    def call(port):
        if client == "threads":
            TSSLSocket("127.0.0.1", port, ssl_context=context).open()
        else:
            with http.client_context(Calls, url=f"https://127.0.0.1:{port}/") as calls:
                calls.add(1, 2)

    with (
        without_tls(WITHOUT_TLS[kind]) as port,
        pytest.raises(TTransportException, match=r"; does the server speak (TLS|HTTPS)\?"),
    ):
        asyncio.run(call_with_asyncio(port)) if "asyncio" in client else call(port)


def test_what_is_no_matter_of_tls_is_not_asked(certificates):
    trans = TSSLServerSocket("127.0.0.1", 0, certfile=certificates.server)
    with serving(make_server(trans=trans)) as port:
        client = TSSLSocket("127.0.0.1", port, cafile=certificates.stranger)
        with pytest.raises(TTransportException, match="certificate verify failed") as caught:
            client.open()
        calls = http.make_client(Calls, url=f"https://127.0.0.1:{port}/")
        with pytest.raises(TTransportException, match="certificate verify failed") as over_http:
            calls.add(1, 2)
    assert "does the server" not in f"{caught.value}{over_http.value}"
