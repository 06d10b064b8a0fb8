"""Clients that were idle before anything was answered on their connection, and after they were
closed. A call that finds its connection closed by the server was not sent, and says so, or opens
another one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift._calls.progress import IDLE
from fastthrift._calls.transports import has_arrived
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.protocol import TBinaryProtocol
from fastthrift.rpc import make_client
from fastthrift.thrift import TClient, TException
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
    TServerSocket,
    TSocket,
    TSSLServerSocket,
    TTransportBase,
    TTransportException,
)
from support.aio import Authority
from support.rpc import PATIENCE, Calls, Handler, make_server, scripted_peer, serving

#: How long a server keeps a connection on which nothing comes, in milliseconds.
KEPT = 300

Make = Callable[..., contextlib.AbstractContextManager[Any]]


class InLoop:
    """A client of asyncio, whose calls are awaited here."""

    def __init__(self, port: int, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client: Any = self._await(make_async_client(Calls, "127.0.0.1", port, **options))
        self._iprot = self._client._iprot

    def _await(self, awaitable: Any) -> Any:
        async def main() -> Any:
            return await awaitable

        return self._loop.run_until_complete(main())

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self._await(getattr(self._client, name)(*args))

    def close(self) -> None:
        self._await(self._client.__aexit__())
        self._loop.close()


@contextlib.contextmanager
def in_threads(port: int, **options: Any) -> Iterator[Any]:
    with contextlib.closing(make_client(Calls, "127.0.0.1", port, **options)) as client:
        yield client


@contextlib.contextmanager
def in_asyncio(port: int, **options: Any) -> Iterator[Any]:
    with contextlib.closing(InLoop(port, **options)) as client:
        yield client


WAYS = pytest.mark.parametrize("make", [in_threads, in_asyncio])


def wait_for_end(client: Any) -> None:
    """Until something of the other side has come, and the connection counts as idle."""
    time.sleep(2 * IDLE)
    while not has_arrived(client._iprot.trans):
        time.sleep(IDLE)


@contextlib.contextmanager
def server_of(
    handler: Handler, authority: Authority | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The port of a server, and what its clients are made with."""
    trans, options = TServerSocket("127.0.0.1", 0, client_timeout=KEPT), {}
    if authority is not None:
        options["cafile"] = authority.cafile
        trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=KEPT, certfile=authority.certfile)
    with serving(make_server(handler, trans=trans)) as port:
        yield port, {"timeout": PATIENCE * 1000, **options}


@pytest.fixture(params=["tcp", "tls"])
def authority(request: pytest.FixtureRequest, tmp_path: Path) -> Authority | None:
    return Authority(tmp_path, "127.0.0.1") if request.param == "tls" else None


@WAYS
def test_a_connection_that_was_closed_before_its_first_call_says_so(
    make: Make, authority: Authority | None
) -> None:
    with server_of(Handler(), authority) as (port, options), make(port, **options) as client:
        wait_for_end(client)
        with pytest.raises(TTransportException, match="while it was idle, and nothing") as caught:
            client.add(1, 2)
        assert caught.value.type == TTransportException.NOT_OPEN
        assert caught.value.request_sent is False
        client.reopen()
        assert client.add(1, 2) == 3


@WAYS
def test_with_auto_reopen_the_first_call_opens_another_one(
    make: Make, authority: Authority | None
) -> None:
    with (
        server_of(Handler(), authority) as (port, options),
        make(port, auto_reopen=True, **options) as client,
    ):
        wait_for_end(client)
        assert client.add(1, 2) == 3


@WAYS
def test_oneway_calls_are_not_sent_to_a_server_that_has_gone(
    make: Make, authority: Authority | None
) -> None:
    """Nobody would ever say that they were lost."""
    handler = Handler()
    with (
        server_of(handler, authority) as (port, options),
        make(port, auto_reopen=True, **options) as client,
    ):
        for number in range(3):
            client.note(str(number))
            wait_for_end(client)
        client.nothing()
    assert handler.notes == ["0", "1", "2"]


def test_what_a_server_says_before_it_is_called_is_told() -> None:
    def speak(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")

    with scripted_peer(speak) as port, in_threads(port, timeout=PATIENCE * 1000) as client:
        time.sleep(2 * IDLE)
        with pytest.raises(TException, match="HTTP response"):
            client.add(1, 2)


@WAYS
@pytest.mark.parametrize("seconds", [0, 2 * IDLE])
def test_a_client_that_was_closed_stays_so_however_long_it_is_idle(
    make: Make, seconds: float
) -> None:
    with (
        serving(make_server()) as port,
        make(port, auto_reopen=True, timeout=PATIENCE * 1000) as client,
    ):
        assert client.add(1, 2) == 3
        client._iprot.trans.close()
        time.sleep(seconds)
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert caught.value.type == TTransportException.NOT_OPEN
        assert "idle" not in str(caught.value)


class WithoutState(TTransportBase):
    """A transport of a program, which thriftpy2 never asks whether it is open."""

    def __init__(self, below: TSocket) -> None:
        self.below = below

    def read(self, sz: int) -> bytes:
        return self.below.read(sz)

    def write(self, buf: bytes) -> None:
        self.below.write(buf)

    def flush(self) -> None:
        self.below.flush()


class WithoutBase:
    """One that has only what protocols call."""

    def __init__(self, below: TSocket) -> None:
        self.read, self.write, self.flush = below.read, below.write, below.flush


@pytest.mark.parametrize("wrapped", [False, True], ids=["itself", "in frames"])
@pytest.mark.parametrize("kind", [WithoutState, WithoutBase])
def test_a_transport_that_does_not_say_whether_it_is_open(kind: Any, wrapped: bool) -> None:
    factory = TFramedTransportFactory() if wrapped else TBufferedTransportFactory()
    with (
        serving(make_server(itrans_factory=factory)) as port,
        contextlib.closing(TSocket("127.0.0.1", port)) as below,
    ):
        below.open()
        trans = kind(below)
        client = TClient(Calls, TBinaryProtocol(TFramedTransport(trans) if wrapped else trans))
        assert client.add(1, 2) == 3
        time.sleep(2 * IDLE)
        assert client.add(2, 2) == 4
