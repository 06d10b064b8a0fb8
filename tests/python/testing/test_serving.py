"""`fastthrift.testing.serve`: a real server at a port of its own."""

from __future__ import annotations

import asyncio
import io
import socket
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift.testing import serve
from fastthrift.thrift import TApplicationException
from fastthrift.urls import parse
from support.rpc import Calls, Handler


class AsyncHandler:
    async def add(self, a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b


@pytest.mark.parametrize("query", ["", "?transport=framed&protocol=compact", "?protocol=json"])
def test_all_protocols_are_served(query: str) -> None:
    with serve(Calls, Handler()) as url, ClientPool(Calls, url + query) as pool:
        assert pool.add(40, 2) == 42


def test_http_is_served() -> None:
    with serve(Calls, Handler(), over_http=True) as url, ClientPool(Calls, url) as pool:
        assert url.startswith("http://")
        assert pool.add(40, 2) == 42


def test_handlers_of_asyncio_are_awaited() -> None:
    with serve(Calls, AsyncHandler()) as url, ClientPool(Calls, url) as pool:
        assert pool.add(40, 2) == 42


def test_words_of_python_are_served_by_their_other_name() -> None:
    idl = io.StringIO("service Words { i32 import(1: i32 a) }")
    words = fastthrift.load_fp(idl, "words_served_thrift").Words

    class Plain:
        def import_(self, a: int) -> int:
            return a

    class Awaited:
        async def import_(self, a: int) -> int:
            return a

    for handler in (Plain(), Awaited()):
        with serve(words, handler) as url, ClientPool(words, url) as pool:
            assert pool.import_(7) == 7


def test_handlers_of_asyncio_are_refused_over_http() -> None:
    with pytest.raises(ValueError, match="async def"), serve(Calls, AsyncHandler(), over_http=True):
        pass


def test_undeclared_errors_are_answered_as_in_production() -> None:
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
        with pytest.raises(TApplicationException) as caught:
            pool.fail("a secret")
        assert "a secret" not in str(caught.value)
        assert pool.add(1, 1) == 2


def test_the_port_is_free_afterwards() -> None:
    with serve(Calls, Handler()) as url:
        port = parse(url).port
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))


@pytest.mark.parametrize("over_http", [False, True])
def test_a_block_that_does_nothing_ends_well(over_http: bool) -> None:
    for _ in range(20):
        with serve(Calls, Handler(), over_http=over_http):
            pass


def test_middleware_stands_around_the_handler() -> None:
    seen = []

    def note(get_response: Any) -> Any:
        def answer(call: Any) -> Any:
            seen.append((call.name, call.args))
            return get_response(call)

        return answer

    with (
        serve(Calls, Handler(), middleware=[note]) as url,
        ClientPool(Calls, url) as pool,
    ):
        pool.add(40, 2)
    assert seen == [("Calls.add", (40, 2))]
