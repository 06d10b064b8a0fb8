"""Compressed messages whose last bytes, which stand for nothing, come after the rest, as those of
Go's library do: a call or an answer has come as a whole before them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncZlibTransportFactory
from fastthrift.pool import ClientPool
from fastthrift.rpc import make_client
from fastthrift.transport import (
    TServerSocket,
    TSocket,
    TTransportException,
    TZlibTransport,
    TZlibTransportFactory,
)
from support import aio
from support.rpc import PATIENCE, Calls, make_server, serving

#: What ends a flush, and stands for nothing.
END = b"\0\0\xff\xff"
#: After which the end is sent, and for which a client is idle then, in seconds.
LATER, IDLE = 0.05, 0.2
#: Of a server, in milliseconds, and for which its client is idle, in seconds.
MESSAGE_TIME, LONG_IDLE = 300, 1.0


class Relay:
    """Passes on what a client and a server send, the end of each flush later than the rest."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        self.ends = threading.Semaphore(0)
        self.connections = 0
        self._port, self._context = port, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                if self._context is not None:
                    client = self._context.wrap_socket(client, server_side=True)
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += client, server
                for source, target, ends in ((client, server, None), (server, client, self.ends)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, ends), daemon=True
                    ).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, ends: threading.Semaphore | None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data.removesuffix(END))
                if data.endswith(END):
                    time.sleep(LATER)
                    target.sendall(END)
                    if ends is not None:
                        ends.release()
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                # Where another thread reads, it is not closed yet.
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def wait_for_end(self) -> None:
        """Until an answer has come to its end."""
        assert self.ends.acquire(timeout=PATIENCE)


@contextlib.contextmanager
def relay(port: int, context: ssl.SSLContext | None = None) -> Iterator[Relay]:
    running = Relay(port, context)
    try:
        yield running
    finally:
        running.close()


def server(**options: Any) -> Any:
    trans = TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000, **options)
    return make_server(trans=trans, itrans_factory=TZlibTransportFactory())


def options_of(port: int, **options: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "timeout": PATIENCE * 1000, **options}


def calling(port: int, **options: Any) -> Any:
    return make_client(Calls, trans_factory=TZlibTransportFactory(), **options_of(port, **options))


@contextlib.asynccontextmanager
async def calling_async(port: int, **options: Any) -> AsyncIterator[Any]:
    made = make_async_client(
        Calls, trans_factory=TAsyncZlibTransportFactory(), **options_of(port, **options)
    )
    async with await made as client:
        yield client
    # A transport that is closed needs its loop.
    await asyncio.sleep(0)


@pytest.fixture
def authority(tmp_path: Path) -> aio.Authority:
    return aio.Authority(tmp_path, "127.0.0.1", "localhost")


def secured(authority: aio.Authority) -> tuple[ssl.SSLContext, dict[str, Any]]:
    """What the relay and its clients need for TLS."""
    return authority.server_context(), {"cafile": authority.cafile}


@pytest.mark.parametrize("has_tls", [False, True])
def test_the_end_of_an_answer_may_come_while_a_client_is_idle(
    has_tls: bool, authority: aio.Authority
) -> None:
    context, options = secured(authority) if has_tls else (None, {})
    with serving(server()) as port, relay(port, context) as way:
        client = calling(way.port, **options)
        for number in range(3):
            assert client.add(number, 1) == number + 1
            way.wait_for_end()
            time.sleep(IDLE)
        client.close()
        assert way.connections == 1


@pytest.mark.parametrize("has_tls", [False, True])
def test_the_end_of_an_answer_may_come_while_a_client_of_asyncio_is_idle(
    has_tls: bool, authority: aio.Authority
) -> None:
    context, options = secured(authority) if has_tls else (None, {})

    async def main(way: Relay) -> None:
        async with calling_async(way.port, **options) as client:
            for number in range(4):
                assert await client.add(number, 1) == number + 1
                # Once the loop has seen it when the next call is made, and once it has not.
                way.wait_for_end()
                time.sleep(IDLE)
                if number % 2:
                    await asyncio.sleep(IDLE)

    with serving(server()) as port, relay(port, context) as way:
        asyncio.run(main(way))
        assert way.connections == 1


def test_a_pool_keeps_a_connection_on_which_an_answer_has_ended() -> None:
    with serving(server()) as port, relay(port) as way:
        url = f"tcp://127.0.0.1:{way.port}?transport=zlib"
        with ClientPool(Calls, url, timeout=PATIENCE) as pool:
            for number in range(3):
                assert pool.add(number, 1) == number + 1
                way.wait_for_end()
            assert pool.stats()["connects"] == 1


def test_a_pool_of_asyncio_keeps_a_connection_on_which_an_answer_has_ended() -> None:
    async def main(way: Relay) -> None:
        url = f"tcp://127.0.0.1:{way.port}?transport=zlib"
        async with AsyncClientPool(Calls, url, timeout=PATIENCE) as pool:
            for number in range(3):
                assert await pool.add(number, 1) == number + 1
                await asyncio.to_thread(way.wait_for_end)
                await asyncio.sleep(IDLE)
            assert pool.stats()["connects"] == 1

    with serving(server()) as port, relay(port) as way:
        asyncio.run(main(way))


def test_a_connection_that_was_closed_behind_the_end_is_seen() -> None:
    with serving(server()) as port, relay(port) as way:
        client = calling(way.port)
        assert client.add(1, 2) == 3
        way.wait_for_end()
        way.close()
        time.sleep(IDLE)
        with pytest.raises(TTransportException, match="closed while it was idle") as caught:
            client.add(1, 2)
        assert caught.value.request_sent is False


def test_a_connection_of_asyncio_that_was_closed_behind_the_end_is_seen() -> None:
    async def main(way: Relay, *, sees: bool) -> None:
        async with calling_async(way.port) as client:
            assert await client.add(1, 2) == 3
            # Where the loop has not seen the end when the next call is made, the system has.
            way.wait_for_end()
            way.close()
            time.sleep(IDLE)
            if sees:
                await asyncio.sleep(IDLE)
            with pytest.raises(TTransportException, match="closed while it was idle") as caught:
                await client.add(1, 2)
            assert caught.value.request_sent is False

    with serving(server()) as port:
        for sees in (True, False):
            with relay(port) as way:
                asyncio.run(main(way, sees=sees))


def test_an_answer_that_nobody_waits_for_is_no_end() -> None:
    """A connection on which one has come is replaced."""
    with serving(server()) as port:
        url = f"tcp://127.0.0.1:{port}?transport=zlib"
        with ClientPool(Calls, url, timeout=PATIENCE) as pool:
            assert pool.add(1, 2) == 3
            (connection,) = pool._calls.shelf.idle
            connection.client._send("add", a=5, b=6)
            while not connection.has_arrived():
                time.sleep(IDLE)
            assert pool.add(3, 4) == 7
            assert pool.stats()["reconnects"] == 1


def test_a_server_waits_for_the_next_call_behind_the_end_of_one() -> None:
    with serving(server(message_timeout=MESSAGE_TIME)) as port, relay(port) as way:
        client = calling(way.port)
        for number in range(2):
            assert client.add(number, 1) == number + 1
            time.sleep(LONG_IDLE)
        client.close()


def test_a_server_of_asyncio_waits_for_the_next_call_behind_the_end_of_one() -> None:
    async def main() -> None:
        trans = TAsyncServerSocket(
            "127.0.0.1", 0, client_timeout=PATIENCE * 1000, message_timeout=MESSAGE_TIME
        )
        async with aio.serving(trans=trans, transport="zlib") as serving:
            with relay(aio.port_of(serving)) as way:
                async with calling_async(way.port) as client:
                    for number in range(2):
                        assert await client.add(number, 1) == number + 1
                        await asyncio.sleep(LONG_IDLE)

    aio.run(main())


def test_a_call_that_has_begun_behind_an_end_has_its_time() -> None:
    with serving(server(message_timeout=MESSAGE_TIME)) as port, relay(port) as way:
        trans = TZlibTransport(TSocket("127.0.0.1", way.port, socket_timeout=PATIENCE * 1000))
        trans.open()
        begun = time.monotonic()
        trans.write(struct.pack("!Ii", 0x80010001, 3))
        trans.flush()
        with pytest.raises(TTransportException):
            trans.read(1)
        assert time.monotonic() - begun < PATIENCE / 2
        trans.close()
