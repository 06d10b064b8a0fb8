"""`fastthrift.testing.client` and its twin: the codec and the processor, without sockets."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol
from fastthrift.contrib.aio.transport.memory import TAsyncMemoryBuffer
from fastthrift.testing import AsyncFakeService, FakeService, async_client, client
from fastthrift.thrift import TApplicationException, TException
from support.rpc import Calls, Handler, module


@pytest.mark.parametrize("protocol", ["binary", "compact", "json", "apache_json"])
def test_calls_are_encoded_processed_and_decoded(protocol: str) -> None:
    handler = Handler()
    calls = client(Calls, handler, protocol=protocol)
    person = module.Person(name="Ada", phones=[module.Phone(number="1")], id=7)
    answered = calls.person(person)
    assert calls.add(40, b=2) == 42
    assert answered == person
    assert answered is not person
    assert calls.nothing() is None
    assert calls.note("a line") is None
    assert handler.notes == ["a line"]


def test_declared_exceptions_are_raised() -> None:
    calls = client(Calls, Handler())
    with pytest.raises(module.NotFound, match="nobody"):
        calls.person(module.Person())
    assert calls.add(1, 2) == 3


def test_what_the_service_does_not_declare_is_raised_as_it_is() -> None:
    class Failing:
        def fail(self, secret: str) -> None:
            raise LookupError(secret)

        def add(self, a: int, b: int) -> int:
            return a + b

    calls = client(Calls, Failing())
    with pytest.raises(LookupError, match="a secret"):
        calls.fail("a secret")
    assert calls.add(1, 2) == 3


def test_what_the_service_does_not_declare_is_answered_where_that_is_asked_for() -> None:
    calls = client(Calls, Handler(), raise_undeclared=False)
    with pytest.raises(TApplicationException) as caught:
        calls.fail("a secret")
    assert "a secret" not in str(caught.value)
    assert calls.add(1, 2) == 3


def test_values_of_other_types_are_refused_on_either_side() -> None:
    calls = client(Calls, Handler())
    with pytest.raises(TException, match="I32"):
        calls.add("text", 2)
    with pytest.raises(TException, match="I32"):
        calls.returns_text()
    assert calls.add(1, 2) == 3


def test_an_unknown_protocol_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="binary, compact, json, apache_json"):
        client(Calls, Handler(), protocol="xml")


def test_middleware_stands_around_the_handler() -> None:
    def doubled(get_response: Any) -> Any:
        return lambda call: 2 * get_response(call)

    assert client(Calls, Handler(), middleware=[doubled]).add(20, 1) == 42


class AsyncHandler:
    async def add(self, a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    def echo(self, text: str) -> str:
        return text

    async def person(self, who: Any) -> Any:
        raise module.NotFound("nobody")

    async def fail(self, secret: str) -> None:
        raise LookupError(secret)


def test_calls_of_asyncio_are_awaited_and_so_is_the_handler() -> None:
    async def main() -> None:
        calls = async_client(Calls, AsyncHandler())
        assert await calls.add(40, 2) == 42
        assert await asyncio.gather(*(calls.echo(str(n)) for n in range(5))) == list("01234")
        with pytest.raises(module.NotFound, match="nobody"):
            await calls.person(module.Person())
        with pytest.raises(LookupError, match="a secret"):
            await calls.fail("a secret")
        assert await calls.add(1, 2) == 3
        answering = async_client(Calls, AsyncHandler(), raise_undeclared=False)
        with pytest.raises(TApplicationException):
            await answering.fail("a secret")
        assert await answering.add(1, 2) == 3
        doubling = async_client(Calls, AsyncHandler(), middleware=[doubled])
        assert await doubling.add(20, 1) == 42

    def doubled(get_response: Any) -> Any:
        async def answer(call: Any) -> int:
            return 2 * int(await get_response(call))

        return answer

    asyncio.run(main())


def test_methods_are_coroutine_functions() -> None:
    waiting = TAsyncClient(Calls, TAsyncBinaryProtocol(TAsyncMemoryBuffer()))
    handler = Handler()
    tried = [
        waiting.add,
        waiting.reopen,
        async_client(Calls, handler).add,
        AsyncFakeService(Calls, add=1).add,
        AsyncClientPool(Calls, "tcp://127.0.0.1:9").add,
    ]
    for method in tried:
        assert inspect.iscoroutinefunction(method)
    for method in (
        client(Calls, handler).add,
        FakeService(Calls, add=1).add,
    ):
        assert not inspect.iscoroutinefunction(method)
