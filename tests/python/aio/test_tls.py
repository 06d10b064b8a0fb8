"""TLS with asyncio: contexts, certificates of the client, and whose certificate is believed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
import threading

import pytest
from fastthrift.contrib.aio.rpc import make_client, make_server
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket, TAsyncSocket
from fastthrift.transport import TTransportException
from support.aio import (
    PATIENCE,
    Authority,
    Calls,
    Handler,
    client_of,
    port_of,
    run,
    scripted_peer,
    serving,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), "127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An authority that is trusted, with a certificate for another host."""
    return Authority(tmp_path_factory.mktemp("elsewhere"), "example.org")


def secured(authority, **kwargs):
    return serving(
        trans=TAsyncServerSocket(
            "127.0.0.1",
            0,
            certfile=authority.certfile,
            client_timeout=PATIENCE * 1000,
            **kwargs,
        )
    )


async def refused(server, **kwargs):
    kwargs.setdefault("host", "127.0.0.1")
    with pytest.raises(TTransportException, match="Could not connect") as error:
        await make_client(Calls, port=port_of(server), timeout=PATIENCE * 1000, **kwargs)
    assert error.value.type == TTransportException.NOT_OPEN
    return error.value.__cause__


def test_files_and_contexts(authority):
    async def main():
        async with secured(authority) as server:
            for options in (
                {"cafile": authority.cafile},
                {"cafile": authority.cafile, "host": "localhost"},
                {"ssl_context": authority.client_context()},
                {"cafile": authority.cafile, "certfile": authority.certfile},
                {"certfile": authority.certfile, "validate": False},
            ):
                async with client_of(server, **options) as client:
                    assert await client.add(1, 2) == 3
                    kind = client._iprot.trans._trans.writer.get_extra_info("ssl_object")
                    assert isinstance(kind, ssl.SSLObject)

    run(main())


def test_context_of_the_server(authority):
    async def main():
        trans = TAsyncServerSocket("127.0.0.1", 0, ssl_context=authority.server_context())
        async with (
            serving(trans=trans) as server,
            client_of(server, cafile=authority.cafile) as client,
        ):
            assert await client.add(1, 2) == 3

    run(main())


def test_over_a_unix_socket(authority, tmp_path):
    path = str(tmp_path / "socket")

    async def main():
        trans = TAsyncServerSocket(unix_socket=path, ssl_context=authority.server_context())
        async with serving(trans=trans):
            context = authority.client_context()
            context.check_hostname = False
            sock = TAsyncSocket(unix_socket=path, ssl_context=context)
            await sock.open()
            assert sock.writer.get_extra_info("ssl_object") is not None
            sock.close()
            await asyncio.sleep(0.05)

    run(main())


@pytest.mark.difference("aio-host-names")
def test_certificate_for_another_host_is_refused(elsewhere):
    async def main():
        async with secured(elsewhere) as server:
            for options in (
                {"cafile": elsewhere.cafile},
                {"cafile": elsewhere.cafile, "certfile": elsewhere.certfile},
                {"ssl_context": elsewhere.client_context()},
            ):
                cause = await refused(server, **options)
                assert isinstance(cause, ssl.SSLCertVerificationError)

    run(main())


def test_certificate_of_an_unknown_authority_is_refused(authority, elsewhere):
    async def main():
        async with secured(authority) as server:
            cause = await refused(server, cafile=elsewhere.cafile)
            assert isinstance(cause, ssl.SSLCertVerificationError)
            # Without a file, those that the system trusts.
            cause = await refused(server, certfile=authority.certfile)
            assert isinstance(cause, ssl.SSLCertVerificationError)

    run(main())


@pytest.mark.difference("aio-cafile-alone")
def test_file_of_authorities_alone_asks_for_encryption(authority):
    async def main():
        async with serving() as plain:
            # Not a silent connection in plain text.
            await refused(plain, cafile=authority.cafile)

    run(main())


def test_client_that_speaks_plain_text_is_turned_away_and_others_served(authority, caplog):
    async def main():
        async with secured(authority) as server:
            async with client_of(server) as client:
                with pytest.raises(TTransportException):
                    await client.add(1, 2)
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            writer.close()
            async with client_of(server, cafile=authority.cafile) as client:
                assert await client.add(1, 2) == 3

    run(main())
    told = [record for record in caplog.records if record.levelno > logging.INFO]
    assert {record.name for record in told} == {"fastthrift.server.aio"}
    assert len(told) == 2
    sent = ", which sent no TLS handshake, this server expects encrypted connections: SSLError"
    for record in told:
        assert record.getMessage().startswith("Closing the connection of 127.0.0.1:")
        assert sent in record.getMessage()


def test_clients_that_speak_plain_text_are_told_a_few_times(authority, caplog):
    async def main():
        async with secured(authority) as server:
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                with contextlib.suppress(ConnectionResetError):
                    await reader.read()
                writer.close()

    run(main())
    told = [record for record in caplog.records if "no TLS handshake" in record.getMessage()]
    assert 1 <= len(told) <= 5


def test_handshake_that_never_ends_times_out(authority):
    async def main():
        async def silent(reader, writer):
            await reader.read()

        async with scripted_peer(silent) as port:
            with pytest.raises(TTransportException) as error:
                await make_client(
                    Calls, "127.0.0.1", port, cafile=authority.cafile, connect_timeout=100
                )
            assert error.value.type == TTransportException.NOT_OPEN
            assert isinstance(error.value, asyncio.TimeoutError)

    run(main())


def test_missing_file():
    with pytest.raises(OSError, match="No such certfile found: /nowhere"):
        make_server(Calls, None, certfile="/nowhere")


def test_certificate_with_a_unix_socket_is_warned_about(authority):
    with pytest.warns(UserWarning, match="SSL only works with host:port"):
        make_server(Calls, None, unix_socket="/s", certfile=authority.certfile)


def test_ten_mebibytes(authority):
    async def main():
        async with (
            secured(authority) as server,
            client_of(server, cafile=authority.cafile) as client,
        ):
            data = bytes(range(256)) * 4096 * 10
            assert await client.blob(data) == data

    run(main())


def test_a_client_that_is_left_is_closed(authority):
    """``async with`` waits for the peer's farewell, so that nothing is left when the event loop
    ends; a peer that says none is waited for as long as an answer."""

    async def main():
        async with secured(authority) as server:
            async with await make_client(
                Calls, "127.0.0.1", port_of(server), cafile=authority.cafile
            ) as client:
                assert await client.add(1, 2) == 3
                connection = client._iprot.trans._trans.writer.get_extra_info("socket")
            assert connection.fileno() == -1

    run(main())


def test_a_peer_without_a_farewell(authority):
    async def silent(listener, closed):
        loop = asyncio.get_running_loop()
        raw, _ = await loop.sock_accept(listener)
        raw.setblocking(True)
        await asyncio.to_thread(talk, raw, closed)

    def talk(raw, closed):
        with authority.server_context().wrap_socket(raw, server_side=True) as peer:
            assert closed.wait(PATIENCE)
            # Has read nothing, the client's farewell included.
            assert peer.pending() == 0

    async def main():
        closed = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            peer = asyncio.create_task(silent(listener, closed))
            async with await make_client(
                Calls,
                *listener.getsockname(),
                cafile=authority.cafile,
                timeout=200,
                connect_timeout=PATIENCE * 1000,
            ) as client:
                connection = client._iprot.trans._trans.writer.get_extra_info("socket")
            await asyncio.sleep(0)
            assert connection.fileno() == -1
            closed.set()
            await peer

    run(main())


class Hand:
    """A client that shakes hands when it is told to, and sends a call with what ends that."""

    def __init__(self, authority, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.received, self.sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = authority.client_context()
        self.tls = context.wrap_bio(self.received, self.sent, server_hostname="127.0.0.1")

    async def receive(self):
        self.received.write(await asyncio.get_running_loop().sock_recv(self.sock, 65536))

    def send(self):
        """At once: the event loop has not seen it yet."""
        self.sock.setblocking(True)
        self.sock.sendall(self.sent.read())
        self.sock.setblocking(False)

    async def begin(self):
        """All but the end of a handshake."""
        while True:
            try:
                self.tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                self.send()
                await self.receive()

    def call(self, code):
        name = b"close"
        header = struct.pack("!Ii5si", 0x80010001, len(name), name, 1)
        self.tls.write(header + struct.pack("!bhib", 8, 1, code, 0))
        self.send()

    async def answer(self):
        while True:
            try:
                return self.tls.read(100)
            except ssl.SSLWantReadError:
                await self.receive()
                if not self.received.pending:
                    return b""


def test_who_shakes_hands_when_a_server_is_closed_has_its_call_answered(authority, monkeypatch):
    monkeypatch.setattr(f"{TAsyncServer.__module__}.FRESH_PATIENCE", PATIENCE)

    async def main():
        async with secured(authority) as server:
            hand = Hand(authority, port_of(server))
            with hand.sock:
                await hand.begin()
                closing = asyncio.ensure_future(server.close())
                while not server.closed:
                    await asyncio.sleep(0)
                hand.call(1)
                assert b"close" in await hand.answer()
                await closing

    run(main())


def test_who_has_shaken_hands_when_nobody_waits_for_it_any_more_has_made_no_call(authority):
    async def main():
        handler = Handler()
        trans = TAsyncServerSocket("127.0.0.1", 0, certfile=authority.certfile)
        async with serving(handler, trans) as server:
            server.grace = 0
            hand = Hand(authority, port_of(server))
            with hand.sock:
                await hand.begin()
                # The event loop finds what ends the handshake once the server has given it up, and
                # before anybody notices that.
                hand.call(1)
                await asyncio.ensure_future(server.close())
                with contextlib.suppress(ConnectionError):
                    assert await hand.answer() == b""
                assert handler.received == []

    run(main())
