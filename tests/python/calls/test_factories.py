"""Factories for threads that are given to asyncio, and the other way round: told before anything
is sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import fastthrift.contrib.aio.protocol
import fastthrift.contrib.aio.transport
import fastthrift.protocol
import fastthrift.transport
import pytest
from fastthrift import ClientPool, http
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio import rpc as aio
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory
from fastthrift.contrib.aio.transport import TAsyncBufferedTransportFactory
from fastthrift.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
from fastthrift.rpc import client_context, make_client, make_server
from fastthrift.server import TNonblockingServer, TSimpleServer, TThreadedServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TBufferedTransportFactory, TServerSocket
from support.rpc import Calls, Handler

THREADS = (TBinaryProtocolFactory, TBufferedTransportFactory)
ASYNCIO = (TAsyncBinaryProtocolFactory, TAsyncBufferedTransportFactory)

# Nobody listens there: what is wrong is told before.
PORT = 9


def in_context(**options: Any) -> None:
    with client_context(Calls, "127.0.0.1", PORT, **options):
        pass


def pooled(**options: Any) -> None:
    with ClientPool(Calls, f"tcp://127.0.0.1:{PORT}", **options) as pool:
        pool.add(1, 2)


async def pooled_by_asyncio(**options: Any) -> None:
    async with AsyncClientPool(Calls, f"tcp://127.0.0.1:{PORT}", **options) as pool:
        await pool.add(1, 2)


BLOCKING: dict[str, tuple[str, Callable[..., Any]]] = {
    "make_client": ("TClient", lambda **options: make_client(Calls, "127.0.0.1", PORT, **options)),
    "client_context": ("TClient", in_context),
    "http": ("TClient", lambda **options: http.make_client(Calls, "127.0.0.1", PORT, **options)),
    "pool": ("TClient", pooled),
    "threads": ("TThreadedServer", lambda **options: make_server(Calls, Handler(), **options)),
    "http server": (
        "THttpServer",
        lambda **options: http.make_server(Calls, Handler(), "127.0.0.1", PORT, **options),
    ),
    "native": (
        "TNonblockingServer",
        lambda **options: make_server(Calls, Handler(), server_class=TNonblockingServer, **options),
    ),
}

AWAITED: dict[str, tuple[str, Callable[..., Any]]] = {
    "make_client": ("TAsyncClient", lambda **options: aio.make_client(Calls, port=PORT, **options)),
    "pool": ("TAsyncClient", pooled_by_asyncio),
    "server": ("TAsyncServer", lambda **options: aio.make_server(Calls, Handler(), **options)),
}

AWAITED_WITHOUT_TRANSPORTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "http": (
        "TAsyncClient",
        lambda **options: aio_http.make_client(Calls, "127.0.0.1", PORT, **options),
    ),
    "http server": (
        "TAsyncHttpServer",
        lambda **options: aio_http.make_server(Calls, Handler(), "127.0.0.1", PORT, **options),
    ),
}


def use(way: Callable[..., Any], **options: Any) -> None:
    made = way(**options)
    if asyncio.iscoroutine(made):
        asyncio.run(made)


def say(user: str, name: str, twin: str, *, is_asyncio: bool) -> str:
    of_user, of_factory = ("asyncio", "threads") if is_asyncio else ("threads", "asyncio")
    home = "fastthrift.contrib.aio" if is_asyncio else "fastthrift"
    kind = "protocol" if "Protocol" in name else "transport"
    return re.escape(
        f"{user} is for {of_user}, and {name} is for {of_factory}: pass {twin}() of {home}.{kind}"
    )


@pytest.mark.parametrize("way", BLOCKING)
def test_a_factory_of_asyncio_is_refused_where_calls_block(way: str) -> None:
    user, make = BLOCKING[way]
    for option, wrong, right in zip(
        ("proto_factory", "trans_factory"), ASYNCIO, THREADS, strict=True
    ):
        text = say(user, wrong.__name__, right.__name__, is_asyncio=False)
        with pytest.raises(TypeError, match=text):
            use(make, **{option: wrong()})


@pytest.mark.parametrize("way", AWAITED)
def test_a_factory_of_threads_is_refused_by_asyncio(way: str) -> None:
    user, make = AWAITED[way]
    for option, wrong, right in zip(
        ("proto_factory", "trans_factory"), THREADS, ASYNCIO, strict=True
    ):
        text = say(user, wrong.__name__, right.__name__, is_asyncio=True)
        with pytest.raises(TypeError, match=text):
            use(make, **{option: wrong()})


@pytest.mark.parametrize("way", AWAITED_WITHOUT_TRANSPORTS)
def test_a_factory_of_threads_is_refused_by_asyncio_over_http(way: str) -> None:
    user, make = AWAITED_WITHOUT_TRANSPORTS[way]
    right = "TAsyncBinaryProtocolFactory"
    with pytest.raises(
        TypeError, match=say(user, "TBinaryProtocolFactory", right, is_asyncio=True)
    ):
        use(make, proto_factory=TBinaryProtocolFactory())


def test_what_stands_before_another_factory_is_what_that_is() -> None:
    factory = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "calls")
    with pytest.raises(TypeError, match=r"pass TAsyncBinaryProtocolFactory\(\)"):
        use(AWAITED["make_client"][1], proto_factory=factory)


def test_the_factories_of_answers_are_looked_at() -> None:
    with pytest.raises(TypeError, match=r"TSimpleServer is for threads, and TAsyncBinaryProtocol"):
        TSimpleServer(
            TProcessor(Calls, Handler()),
            TServerSocket("127.0.0.1", PORT),
            oprot_factory=TAsyncBinaryProtocolFactory(),
        )


def test_subclasses_are_what_they_make() -> None:
    class Mine(TBinaryProtocolFactory):  # type: ignore[misc]
        pass

    class Awaited(TBinaryProtocolFactory):  # type: ignore[misc]
        def get_protocol(self, trans: Any) -> Any:
            return TAsyncBinaryProtocolFactory().get_protocol(trans)

    class Server(TThreadedServer):
        pass

    with pytest.raises(TypeError, match="TAsyncServer is for asyncio, and TBinaryProtocolFactory"):
        aio.make_server(Calls, Handler(), proto_factory=Mine())
    assert aio.make_server(Calls, Handler(), proto_factory=Awaited()).iprot_factory
    with pytest.raises(TypeError, match="Server is for threads, and TAsyncBinaryProtocolFactory"):
        make_server(
            Calls, Handler(), server_class=Server, proto_factory=TAsyncBinaryProtocolFactory()
        )


@pytest.mark.parametrize("kind", ["protocol", "transport"])
def test_each_factory_has_the_twin_that_is_named(kind: str) -> None:
    blocking = getattr(fastthrift, kind)
    awaited = getattr(fastthrift.contrib.aio, kind)
    names = {
        getattr(blocking, name).__name__ for name in blocking.__all__ if name.endswith("Factory")
    } - {"TMultiplexedProtocolFactory"}
    twins = {name for name in awaited.__all__ if name.endswith("Factory")}
    assert {f"TAsync{name.removeprefix('T')}" for name in names} == twins
