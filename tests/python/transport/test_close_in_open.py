"""A connection that is closed by another thread or task while it is being opened."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastthrift.contrib.aio.socket import TAsyncSocket
from fastthrift.transport import TSocket, TTransportException
from fastthrift.transport.sslsocket import TSSLSocket
from support.aio import PATIENCE, run
from support.runner import wait_until

HOST = "127.0.0.1"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((HOST, 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address where connecting has no end: nobody takes the connections that have come."""
    with socket.create_server((HOST, 0), backlog=0) as listening, ExitStack() as opened:
        address: tuple[str, int] = listening.getsockname()
        while True:
            come = opened.enter_context(socket.socket())
            come.settimeout(0.2)
            try:
                come.connect(address)
            except TimeoutError:
                break
        yield address


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def never_came(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def assert_closed(error: BaseException | None, client: Any) -> None:
    assert isinstance(error, TTransportException), error
    assert error.type == TTransportException.NOT_OPEN
    assert "it was closed meanwhile" in str(error)
    assert not client.is_open()


def opened_by_a_thread(client: Any, is_under_way: Any) -> BaseException | None:
    """What opening raises in a thread, while this one closes it."""
    raised: list[BaseException] = []

    def open_it() -> None:
        try:
            client.open()
        except BaseException as error:
            raised.append(error)

    opening = threading.Thread(target=open_it)
    opening.start()
    wait_until(is_under_way)
    client.close()
    opening.join()
    return raised[0] if raised else None


@pytest.mark.parametrize("connect_timeout", [None, 60_000])
def test_while_a_thread_connects(
    silent: tuple[str, int], listener: socket.socket, connect_timeout: int | None
) -> None:
    before = descriptors()
    client = TSocket(HOST, silent[1], socket_timeout=None, connect_timeout=connect_timeout)
    family = socket.AF_INET
    client.known_addresses = [(family, silent), (family, listener.getsockname())]
    error = opened_by_a_thread(client, lambda: client.is_open())
    assert_closed(error, client)
    assert never_came(listener)
    assert descriptors() == before


def test_while_a_thread_shakes_hands(listener: socket.socket) -> None:
    before = descriptors()
    context = ssl.create_default_context()
    client = TSSLSocket(HOST, listener.getsockname()[1], 0, None, ssl_context=context)
    came: list[socket.socket] = []

    def has_come() -> bool:
        try:
            came.append(listener.accept()[0])
        except BlockingIOError:
            return False
        # The first bytes of a handshake, which is never answered.
        came[0].settimeout(60)
        return bool(came[0].recv(1))

    error = opened_by_a_thread(client, has_come)
    came[0].close()
    assert_closed(error, client)
    assert descriptors() == before


def test_what_is_opened_meanwhile_keeps_its_descriptor(listener: socket.socket) -> None:
    """It has the number of the connection that is closed, unless that is still in use."""
    listener.setblocking(True)
    context = ssl.create_default_context()
    for _ in range(20):
        client = TSSLSocket(HOST, listener.getsockname()[1], 0, None, ssl_context=context)
        raised: list[BaseException] = []

        def open_it(client: TSSLSocket = client, raised: list[BaseException] = raised) -> None:
            try:
                client.open()
            except BaseException as error:
                raised.append(error)

        opening = threading.Thread(target=open_it, daemon=True)
        opening.start()
        with listener.accept()[0] as come:
            come.recv(1)
            client.close()
            pipe = os.pipe()
            opening.join(PATIENCE)
            assert not opening.is_alive()
        assert_closed(raised[0], client)
        for descriptor in pipe:
            os.close(descriptor)


@pytest.mark.parametrize("again", [False, True])
def test_while_a_thread_looks_for_the_name(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    before = descriptors()
    client = TSocket("localhost", listener.getsockname()[1])
    look_up = socket.getaddrinfo

    def closing(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        client.close()
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", closing)
    with pytest.raises(TTransportException) as raised:
        client.open()
    assert_closed(raised.value, client)
    assert never_came(listener)
    assert descriptors() == before
    if again:
        client.open()
        assert client.is_open()
        client.close()


def test_opened_again_meanwhile(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was begun first fails, and takes nothing of the other one away."""
    client = TSocket(HOST, listener.getsockname()[1])
    look_up = socket.getaddrinfo

    def opening(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        client.open()
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", opening)
    with pytest.raises(TTransportException, match="it was closed meanwhile"):
        client.open()
    assert client.is_open()
    client.write(b"still here")
    listener.setblocking(True)
    with listener.accept()[0] as come:
        assert come.recv(100) == b"still here"
    client.close()


@pytest.mark.parametrize("connect_timeout", [None, 60_000])
def test_while_a_task_connects(
    silent: tuple[str, int], listener: socket.socket, connect_timeout: int | None
) -> None:
    async def main() -> None:
        before = descriptors()
        client = TAsyncSocket(HOST, silent[1], socket_timeout=None, connect_timeout=connect_timeout)
        family = socket.AF_INET
        client.known_addresses = [(family, silent), (family, listener.getsockname())]
        opening = asyncio.ensure_future(client.open())
        while not client.is_open():
            await asyncio.sleep(0)
        client.close()
        (error,) = await asyncio.gather(opening, return_exceptions=True)
        assert_closed(error, client)
        assert never_came(listener)
        assert descriptors() == before

    run(main())


def test_while_a_task_connects_that_was_cancelled_before(silent: tuple[str, int]) -> None:
    async def main() -> None:
        client = TAsyncSocket(HOST, silent[1], socket_timeout=None)

        async def work() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                await client.open()

        working = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        working.cancel()
        while not client.is_open():
            await asyncio.sleep(0)
        client.close()
        (error,) = await asyncio.gather(working, return_exceptions=True)
        assert_closed(error, client)

    run(main())


def test_while_a_task_shakes_hands() -> None:
    async def main() -> None:
        came = asyncio.get_running_loop().create_future()

        async def never_answer(reader: Any, writer: Any) -> None:
            await reader.readexactly(1)
            came.set_result(None)
            # Its end, or that of what was never a handshake.
            await asyncio.gather(reader.read(), return_exceptions=True)
            writer.close()

        async with await asyncio.start_server(never_answer, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            context = ssl.create_default_context()
            client = TAsyncSocket(HOST, port, socket_timeout=None, ssl_context=context)
            opening = asyncio.ensure_future(client.open())
            await came
            client.close()
            (error,) = await asyncio.gather(opening, return_exceptions=True)
            assert_closed(error, client)

    run(main())


def test_a_task_that_is_cancelled_is_cancelled(silent: tuple[str, int]) -> None:
    async def main() -> None:
        before = descriptors()
        client = TAsyncSocket(HOST, silent[1], socket_timeout=None)
        opening = asyncio.ensure_future(client.open())
        while not client.is_open():
            await asyncio.sleep(0)
        opening.cancel()
        (error,) = await asyncio.gather(opening, return_exceptions=True)
        assert isinstance(error, asyncio.CancelledError)
        assert not client.is_open()
        assert descriptors() == before

    run(main())
