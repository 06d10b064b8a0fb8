"""Peers that send without end what stands for nothing: nobody waits for them for longer than for
one who sends nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncZlibTransportFactory
from fastthrift.protocol import TBinaryProtocol
from fastthrift.rpc import make_client
from fastthrift.thrift import TProcessor
from fastthrift.transport import (
    TServerSocket,
    TSocket,
    TTransportException,
    TZlibTransport,
    TZlibTransportFactory,
)
from support import aio
from support.rpc import PATIENCE, Calls, Handler, make_server, serving

#: Ends a flush of zlib, and stands for no byte.
NOTHING = b"\0\0\0\xff\xff"
#: Of a call, in seconds; of a message at a server, in milliseconds.
SECONDS, MESSAGE_TIME = 0.5, 300
#: A client looks at a connection that it has not used for some time, in seconds.
IDLE = 0.2


class Endless:
    """Answers one call, and goes on with bytes without end: at once, or behind the next call."""

    def __init__(self, *, waits: bool) -> None:
        self.floods = threading.Event()
        #: Whether the client has put an end to it.
        self.was_cut = threading.Event()
        self._waits = waits
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        protocol = TBinaryProtocol(TZlibTransport(TSocket(sock=connection)))
        TProcessor(Calls, Handler()).process(protocol, protocol)
        if self._waits:
            protocol.trans.read(1)
        ends = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < ends:
                connection.sendall(NOTHING * 20_000)
                self.floods.set()
        except OSError:
            self.was_cut.set()
        connection.close()

    def wait_for_flood(self) -> None:
        """Until more has come than is looked at once, and the client has been idle."""
        assert self.floods.wait(PATIENCE)
        time.sleep(IDLE)


@contextlib.contextmanager
def endless(*, waits: bool) -> Iterator[Endless]:
    peer = Endless(waits=waits)
    try:
        yield peer
        assert peer.was_cut.wait(PATIENCE / 2), "the client waits for the end of it"
    finally:
        peer._listener.close()


def calling(port: int) -> Any:
    made = TZlibTransportFactory()
    return make_client(Calls, "127.0.0.1", port, trans_factory=made, timeout=PATIENCE * 1000)


async def calling_async(port: int) -> Any:
    made = TAsyncZlibTransportFactory()
    return await make_async_client(
        Calls, "127.0.0.1", port, trans_factory=made, timeout=PATIENCE * 1000
    )


def test_a_client_that_was_idle_does_not_read_bytes_without_end() -> None:
    with endless(waits=False) as peer:
        client = calling(peer.port)
        assert client.add(1, 2) == 3
        peer.wait_for_flood()
        with pytest.raises(TTransportException, match="closed while it was idle"):
            client.add(3, 4)


def test_a_client_of_asyncio_that_was_idle_does_not_read_bytes_without_end() -> None:
    async def main(peer: Endless) -> None:
        client = await calling_async(peer.port)
        assert await client.add(1, 2) == 3
        await asyncio.to_thread(peer.wait_for_flood)
        with pytest.raises(TTransportException, match="closed while it was idle"):
            await client.add(3, 4)

    with endless(waits=False) as peer:
        asyncio.run(main(peer))


def test_a_deadline_ends_an_answer_without_end() -> None:
    with endless(waits=True) as peer:
        client = calling(peer.port)
        assert client.add(1, 2) == 3
        with pytest.raises(fastthrift.DeadlineExceeded), fastthrift.deadline(SECONDS):
            client.add(3, 4)


def test_a_deadline_ends_an_answer_without_end_of_asyncio() -> None:
    async def main(peer: Endless) -> None:
        client = await calling_async(peer.port)
        assert await client.add(1, 2) == 3
        with pytest.raises(fastthrift.DeadlineExceeded), fastthrift.deadline(SECONDS):
            await client.add(3, 4)

    with endless(waits=True) as peer:
        asyncio.run(main(peer))


def sends_nothing_until_it_is_closed(port: int) -> bool:
    """Whether a server closes the connection of who sends what stands for nothing."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"\x78\x9c")
        sock.settimeout(MESSAGE_TIME / 1000 / 4)
        for byte in NOTHING * 40:
            try:
                sock.sendall(bytes([byte]))
                if sock.recv(1) == b"":
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
    return False


def test_a_server_does_not_take_endless_beginnings_for_idleness() -> None:
    trans = TServerSocket(
        "127.0.0.1", 0, client_timeout=PATIENCE * 1000, message_timeout=MESSAGE_TIME
    )
    with serving(make_server(trans=trans, itrans_factory=TZlibTransportFactory())) as port:
        assert sends_nothing_until_it_is_closed(port)


def test_a_server_of_asyncio_does_not_take_endless_beginnings_for_idleness() -> None:
    async def main() -> None:
        trans = TAsyncServerSocket(
            "127.0.0.1", 0, client_timeout=PATIENCE * 1000, message_timeout=MESSAGE_TIME
        )
        async with aio.serving(trans=trans, transport="zlib") as server:
            port = aio.port_of(server)
            assert await asyncio.to_thread(sends_nothing_until_it_is_closed, port)

    aio.run(main())
