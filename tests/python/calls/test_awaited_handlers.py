"""Handlers with ``async def`` at servers that call them in threads, and processors of the other
kind: told when the server is made."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.rpc import TAsyncServer, TAsyncServerSocket
from fastthrift.http import make_server as make_http_server
from fastthrift.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
from fastthrift.rpc import make_client, make_server
from fastthrift.server import (
    TNonblockingServer,
    TServer,
    TSimpleServer,
    TThreadedServer,
    TThreadPoolServer,
)
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import TServerSocket
from support.rpc import Other

BLOCKING = (TSimpleServer, TThreadedServer, TThreadPoolServer)

WHO_DOES = (
    "TAsyncServer does (make_server of fastthrift.contrib.aio.rpc; over HTTP, of "
    "fastthrift.contrib.aio.http), and so does TNonblockingServer with a TAsyncProcessor"
)


class Awaited:
    async def hello(self, name: str) -> str:
        return name

    async def boom(self) -> int:
        return 1


class Mixed:
    def hello(self, name: str) -> str:
        return name

    async def boom(self) -> int:
        return 1


def listener() -> Any:
    return TServerSocket("127.0.0.1", 0)


def of_class(server: type[TServer]) -> Callable[[Any], Any]:
    return lambda handler: make_server(Other, handler, "127.0.0.1", 9, server_class=server)


SERVERS: dict[str, Callable[[Any], Any]] = {
    **{server.__name__: of_class(server) for server in (*BLOCKING, TNonblockingServer)},
    "THttpServer": lambda handler: make_http_server(Other, handler, "127.0.0.1", 0),
}


@pytest.mark.parametrize("server", SERVERS)
def test_a_handler_that_nobody_would_await_is_refused(server: str) -> None:
    with pytest.raises(TypeError) as caught:
        SERVERS[server](Awaited())
    assert str(caught.value) == (
        f"{server} does not await, and the handler Awaited has `async def`: {WHO_DOES}"
    )


@pytest.mark.parametrize("server", SERVERS)
def test_of_a_handler_that_has_plain_functions_too_the_log_tells(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Mine(Mixed): ...

    SERVERS[server](Mine()).close()
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "fastthrift.server")
    assert record.getMessage() == (
        f"The handler Mine has `async def` for methods of Other, which nobody awaits here: boom; "
        f"{WHO_DOES}"
    )


def test_so_it_is_of_several_services(caplog: pytest.LogCaptureFixture) -> None:
    class Mine(Mixed): ...

    processor = TMultiplexedProcessor()
    processor.register_processor("awaited", TProcessor(Other, Awaited()))
    with pytest.raises(TypeError, match="the handler Awaited has `async def`"):
        TThreadedServer(processor, listener())
    processor.register_processor("mixed", TProcessor(Other, Mine()))
    TThreadedServer(processor, listener())
    assert [record.getMessage().partition(":")[2][:12] for record in caplog.records] == [
        " hello, boom",
        " boom; TAsyn",
    ]


class LooksUp:
    """A proxy that calls what is behind it in a way of its own."""

    async def hello(self, name: str) -> str:
        return name

    async def boom(self) -> int:
        return 1

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        return found if name.startswith("__") else lambda *args: asyncio.run(found(*args))


class Wraps(Awaited):
    """Has functions of its own in the place of those of its class."""

    def __init__(self) -> None:
        self.hello = lambda name: asyncio.run(Awaited.hello(self, name))  # type: ignore[assignment]
        self.boom = lambda: 1  # type: ignore[assignment]


def several_with_middleware() -> TMultiplexedProcessor:
    processor = TMultiplexedProcessor()
    processor.register_processor("other", TProcessor(Other, Awaited(), middleware=[waiting]))
    return processor


def waiting(get_answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Middleware that waits for what it is given."""

    def answer(call: Any) -> Any:
        value = get_answer(call)
        return asyncio.run(value) if asyncio.iscoroutine(value) else value

    return answer


@pytest.mark.parametrize(
    "make",
    [
        lambda trans: TThreadedServer(TProcessor(Other, LooksUp()), trans),
        lambda trans: TThreadedServer(TProcessor(Other, Awaited(), middleware=[waiting]), trans),
        lambda trans: TThreadedServer(TProcessor(Other, Wraps()), trans),
        lambda trans: TThreadedServer(several_with_middleware(), trans),
        lambda trans: TNonblockingServer(TAsyncProcessor(Other, Awaited()), trans),
    ],
    ids=["proxy", "middleware", "wraps", "several", "TAsyncProcessor"],
)
def test_what_is_awaited_in_another_way_is_served(
    make: Callable[[Any], Any], request: pytest.FixtureRequest
) -> None:
    trans = listener()
    trans.listen()
    server = make(trans)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        factory = TBinaryProtocolFactory()
        if request.node.callspec.id == "several":
            factory = TMultiplexedProtocolFactory(factory, "other")
        client = make_client(Other, *trans.sock.getsockname()[:2], proto_factory=factory)
        assert client.hello("Ann") == "Ann"
        client.close()
    finally:
        server.close()
        thread.join()


@pytest.mark.parametrize("server", BLOCKING)
def test_a_processor_that_is_to_be_awaited_is_refused(server: type[TServer]) -> None:
    with pytest.raises(TypeError) as caught:
        server(TAsyncProcessor(Other, Awaited()), listener())
    assert str(caught.value) == (
        f"{server.__name__} does not await, and TAsyncProcessor is for that: {WHO_DOES}"
    )


@pytest.mark.parametrize("processor", [TProcessor, TMultiplexedProcessor])
def test_asyncio_refuses_a_processor_of_threads(processor: type[TProcessor]) -> None:
    given: Any = processor(Other, Mixed()) if processor is TProcessor else processor()
    with pytest.raises(TypeError, match=r"pass TAsyncProcessor\(service, handler\), whose methods"):
        TAsyncServer(given, TAsyncServerSocket("127.0.0.1", 0))
