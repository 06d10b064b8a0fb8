"""What a call leaves is freed when it is over, and not when the garbage collector finds it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
from collections.abc import Callable, Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol
from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import TClient, TMessageType, TMultiplexedProcessor, TProcessor
from fastthrift.transport import TMemoryBuffer
from support.calls import OwnBinary

IDL = """
exception Bad { 1: string why }
service Freed {
    i32 add(1: i32 a) throws (1: Bad bad)
    oneway void forget()
}
"""
module = fastthrift.load_fp(io.StringIO(IDL), "freed_calls_thrift")
Freed = module.Freed


class Handler:
    def add(self, a: int) -> int:
        return a

    def forget(self) -> None:
        pass


class AsyncHandler:
    async def add(self, a: int) -> int:
        return a

    async def forget(self) -> None:
        pass


def handed_on(answer: Any) -> Any:
    return lambda call: answer(call)


@pytest.fixture
def garbage() -> Iterator[Callable[[], list[Any]]]:
    """Gives what has become garbage that only the collector finds, of what is made meanwhile."""
    gc.collect()
    # What there is already may become garbage at any moment: other tests have left it.
    gc.freeze()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)

    def found() -> list[Any]:
        gc.collect()
        return list(gc.garbage)

    try:
        yield found
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.unfreeze()


def call_of(method: str, prefix: str = "", **arguments: Any) -> bytes:
    trans = TMemoryBuffer()
    oprot = TBinaryProtocol(trans)
    oprot.write_message_begin(prefix + method, TMessageType.CALL, 1)
    getattr(Freed, method + "_args")(**arguments).write(oprot)
    oprot.write_message_end()
    return trans.getvalue()


def answer_of(**fields: Any) -> bytes:
    trans = TMemoryBuffer()
    oprot = TBinaryProtocol(trans)
    oprot.write_message_begin("add", TMessageType.REPLY, 1)
    Freed.add_result(**fields).write(oprot)
    oprot.write_message_end()
    return trans.getvalue()


@pytest.mark.parametrize("protocol", [TBinaryProtocol, OwnBinary], ids=["straight", "by steps"])
@pytest.mark.parametrize("several", [False, True], ids=["one service", "several"])
@pytest.mark.parametrize("method", ["add", "forget"])
def test_a_call_of_a_server_through_middleware(
    garbage: Any, protocol: Any, several: bool, method: str
) -> None:
    processor: Any = TProcessor(Freed, Handler(), middleware=[handed_on])
    if several:
        processor, one = TMultiplexedProcessor(middleware=[handed_on]), processor
        processor.register_processor("Freed", one)
    data = call_of(method, "Freed:" if several else "", **({"a": 1} if method == "add" else {}))

    def serve() -> None:
        iprot, oprot = protocol(TMemoryBuffer(data)), protocol(TMemoryBuffer())
        assert processor.process_and_answer(iprot, oprot)

    serve()
    garbage()
    gc.garbage.clear()
    serve()
    assert garbage() == []


@pytest.mark.parametrize("several", [False, True], ids=["one service", "several"])
def test_a_call_of_a_server_of_asyncio_through_middleware(garbage: Any, several: bool) -> None:
    processor: Any = TAsyncProcessor(Freed, AsyncHandler(), middleware=[handed_on])
    if several:
        processor, one = TAsyncMultiplexedProcessor(middleware=[handed_on]), processor
        processor.register_processor("Freed", one)
    data = call_of("add", "Freed:" if several else "", a=1)

    async def serve() -> None:
        iprot = TAsyncBinaryProtocol(TAsyncMemoryBuffer(data))
        assert await processor.process_and_answer(iprot, TAsyncBinaryProtocol(TAsyncMemoryBuffer()))

    async def main() -> list[Any]:
        await serve()
        garbage()
        gc.garbage.clear()
        await serve()
        return garbage()

    assert asyncio.run(main()) == []


def test_a_call_of_a_client_through_middleware(garbage: Any) -> None:
    def call() -> None:
        iprot = TBinaryProtocol(TMemoryBuffer(answer_of(success=3)))
        client: Any = TClient(
            Freed, iprot, TBinaryProtocol(TMemoryBuffer()), middleware=[handed_on]
        )
        assert client.add(3) == 3

    call()
    garbage()
    gc.garbage.clear()
    call()
    assert garbage() == []


@pytest.mark.parametrize("fails", [False, True], ids=["answered", "declared exception"])
def test_a_call_of_a_client_of_asyncio(garbage: Any, fails: bool) -> None:
    data = answer_of(bad=module.Bad("x")) if fails else answer_of(success=3)
    # What a call has failed with knows the call that middleware has seen.
    middleware = [] if fails else [handed_on]

    async def call() -> None:
        iprot = TAsyncBinaryProtocol(TAsyncMemoryBuffer(data))
        oprot = TAsyncBinaryProtocol(TAsyncMemoryBuffer())
        client: Any = TAsyncClient(Freed, iprot, oprot, middleware=middleware)
        with contextlib.suppress(module.Bad):
            assert await client.add(3) == 3

    async def main() -> list[Any]:
        await call()
        garbage()
        gc.garbage.clear()
        await call()
        return garbage()

    assert asyncio.run(main()) == []
