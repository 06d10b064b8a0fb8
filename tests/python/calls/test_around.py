"""What stands around all calls of a program, and warnings of slow ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from fastthrift import ClientPool, hooks
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.testing import async_client, client, serve
from support.rpc import Calls, Handler

inside: ContextVar[str] = ContextVar("inside", default="nobody")


class Around:
    """Notes when calls are entered and left, and what they are in."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    @contextlib.contextmanager
    def __call__(self, call: hooks.Call) -> Iterator[None]:
        token = inside.set(call.name)
        self.events.append((call.side, "entered", call.name))
        call.state["before"] = call.outcome
        try:
            yield
        except LookupError:
            self.events.append((call.side, "failed", call.name))
            raise
        finally:
            self.events.append((call.side, "left", call.name))
            inside.reset(token)


@pytest.fixture
def around() -> Iterator[Around]:
    around = Around()
    hooks.add_around(client=around, server=around)
    yield around
    hooks.remove_around(client=around, server=around)


class Asking:
    def whoami(self) -> str:
        return inside.get()

    def fail(self, secret: str) -> None:
        raise LookupError(secret)


class AsyncAsking:
    async def whoami(self) -> str:
        await asyncio.sleep(0)
        return inside.get()


def test_calls_of_both_sides_are_entered_and_left_in_their_thread(around: Around) -> None:
    with serve(Calls, Asking()) as url, ClientPool(Calls, url) as pool:
        assert pool.whoami() == "Calls.whoami"
    assert inside.get() == "nobody"
    both = [("client", "entered"), ("server", "entered"), ("server", "left"), ("client", "left")]
    assert sorted(event[:2] for event in around.events) == sorted(both)
    assert around.events[0] == ("client", "entered", "Calls.whoami")


def test_calls_of_asyncio_are_entered_and_left_in_their_task(around: Around) -> None:
    async def main(url: str) -> None:
        async with AsyncClientPool(Calls, url) as pool:
            found = await asyncio.gather(*(pool.whoami() for _ in range(5)))
        assert found == ["Calls.whoami"] * 5
        assert await async_client(Calls, AsyncAsking()).whoami() == "Calls.whoami"
        assert inside.get() == "nobody"

    with serve(Calls, AsyncAsking()) as url:
        asyncio.run(main(url))
    assert [event[:2] for event in around.events].count(("server", "left")) == 6


def test_failures_pass_through(around: Around) -> None:
    with pytest.raises(LookupError):
        client(Calls, Asking()).fail("x")
    assert [event[:2] for event in around.events] == [
        ("client", "entered"),
        ("server", "entered"),
        ("server", "failed"),
        ("server", "left"),
        ("client", "failed"),
        ("client", "left"),
    ]


def test_what_is_around_a_call_may_refuse_it() -> None:
    @contextlib.contextmanager
    def refuse(call: hooks.Call) -> Iterator[None]:
        raise PermissionError(call.name)
        yield

    calls = client(Calls, Asking())
    hooks.add_around(client=refuse)
    try:
        with pytest.raises(PermissionError, match=r"^Calls"):
            calls.whoami()
    finally:
        hooks.remove_around(client=refuse)
    assert calls.whoami() == "nobody"


def test_a_call_keeps_what_is_noted_in_it(around: Around) -> None:
    told: list[dict[Any, Any]] = []

    def note(call: hooks.Call) -> None:
        told.append(call.state)

    hooks.add(client=note)
    try:
        client(Calls, Asking()).whoami()
    finally:
        hooks.remove(client=note)
    assert told == [{"before": None}]


def slow_lines(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == name and record.levelno == logging.WARNING and " took " in record.message
    ]


def test_slow_calls_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    hooks.warn_slow(client=0, server=0)
    try:
        with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
            pool.add(1, 2)
    finally:
        hooks.warn_slow()
    (of_client,) = slow_lines(caplog, "fastthrift.client")
    (of_server,) = slow_lines(caplog, "fastthrift.server")
    assert of_client.startswith(f"Calls.add() at {url.removeprefix('tcp://')} took ")
    assert of_client.endswith("s, which is more than 0 s: success")
    assert of_server.startswith("Calls.add() for 127.0.0.1:")


def test_fast_calls_are_not_warned_of_nor_any_without_a_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
        for limits in ({"client": 3600.0}, {"client": 0.0}, {}):
            hooks.warn_slow(**limits)
            pool.add(1, 2)
    assert len(slow_lines(caplog, "fastthrift.client")) == 1
    with pytest.raises(ValueError, match="no number of seconds"):
        hooks.warn_slow(client=-1)
