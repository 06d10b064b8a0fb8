"""What ``help`` and ``inspect.signature`` say of the methods of clients, pools and fakes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import io
import pydoc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest import mock

import fastthrift
import fastthrift.hooks
import pytest
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.testing import AsyncFakeService, FakeService, async_client, client, serve

IDL = """
struct Point { 1: i32 x }
enum Unit { METRE = 1 }
exception Bad { 1: string why }
service Base { /** Whether it is there. */ void ping() }
service Sums extends Base {
  /** The sum.

      Of both. */
  i32 add(1: i32 a, 2: i32 b = 5, 3: list<Point> points, 4: i32 from, 5: Unit unit = Unit.METRE)
    throws (1: Bad bad)
  oneway void note(1: string line)
  Point find()
  void close(1: i32 timeout)
  void import(1: map<string, i32> rows = {"a": 1})
}
"""
service = fastthrift.load_fp(io.StringIO(IDL), "described_thrift").Sums
ADD = (
    "add(1: i32 a, 2: i32 b = 5, 3: list<Point> points, 4: i32 from, "
    '5: Unit unit = "METRE") -> i32 throws Bad\n\nThe sum.\n\nOf both.'
)


class Handler:
    def add(self, *arguments: Any) -> int:
        return sum(each for each in arguments if isinstance(each, int))

    def ping(self) -> None: ...

    def note(self, line: str) -> None: ...

    def find(self) -> None: ...

    def close(self, timeout: int) -> None: ...

    def import_(self, rows: Any) -> None: ...


@contextmanager
def plain_client() -> Iterator[Any]:
    with closing(client(service, Handler())) as made:
        yield made


@contextmanager
def watched_client() -> Iterator[Any]:
    def hook(call: Any) -> None: ...

    fastthrift.hooks.add(client=hook)
    try:
        with plain_client() as made:
            yield made
    finally:
        fastthrift.hooks.remove(client=hook)


@contextmanager
def pool() -> Iterator[Any]:
    with fastthrift.ClientPool(service, "tcp://localhost:1") as made:
        yield made


@contextmanager
def fake() -> Iterator[Any]:
    yield FakeService(service)


@contextmanager
def asyncio_client() -> Iterator[Any]:
    async def made() -> Any:
        return async_client(service, Handler())

    yield asyncio.run(made())


@contextmanager
def asyncio_pool() -> Iterator[Any]:
    yield AsyncClientPool(service, "tcp://localhost:1")


@contextmanager
def asyncio_fake() -> Iterator[Any]:
    yield AsyncFakeService(service)


CALLERS: list[Callable[[], Any]] = [
    *(plain_client, watched_client, pool, fake),
    *(asyncio_client, asyncio_pool, asyncio_fake),
]


@pytest.mark.parametrize("caller", CALLERS)
def test_signatures_are_those_of_the_idl(caller: Callable[[], Any]) -> None:
    with caller() as made:
        shown = {name: str(inspect.signature(getattr(made, name))) for name in ("add", "note")}
        assert shown == {
            "add": "(a, b=5, points=None, from_=None, unit=1, *, timeout=None)",
            "note": "(line, *, timeout=None)",
        }
        assert str(inspect.signature(made.ping)) == "(*, timeout=None)"
        assert str(inspect.signature(made.import_)) == "(rows={'a': 1}, *, timeout=None)"
        assert (made.add.__name__, made.import_.__name__) == ("add", "import_")


@pytest.mark.parametrize("caller", CALLERS)
def test_help_is_what_the_idl_says(caller: Callable[[], Any]) -> None:
    with caller() as made:
        assert inspect.getdoc(made.add) == made.add.__doc__ == ADD
        # That of a base, and one without a comment.
        assert made.ping.__doc__ == "ping() -> void\n\nWhether it is there."
        assert made.note.__doc__ == "note(1: string line) -> oneway"
        text = pydoc.render_doc(made.add, renderer=pydoc.plaintext)
        for line in ADD.splitlines():
            assert line in text
        _, _, shown = text.splitlines()[:3]
        # Python says of some that they are awaited.
        assert shown.removeprefix("async ") == f"add{inspect.signature(made.add)}"
        # As in thriftpy2, where the attributes of clients are no more than that.
        assert isinstance(made.add, functools.partial)


def test_methods_that_a_client_has_too() -> None:
    with plain_client() as made:
        assert str(inspect.signature(made.tclose)) == "(timeout)"
        assert made.tclose.__doc__ == "close(1: i32 timeout) -> void"
        assert made.with_fields("x").find.__doc__ == made.find.__doc__ == "find() -> Point"


def test_a_block_of_a_pool_has_the_methods_and_tells_of_others() -> None:
    with (
        serve(service, Handler()) as url,
        fastthrift.ClientPool(service, url) as pool,
        pool.client() as one,
    ):
        assert one.add(1, 2, timeout=5) == 4
        assert one.add.__doc__ == ADD
        assert str(inspect.signature(one.note)) == "(line, *, timeout=None)"
        with pytest.raises(AttributeError, match=r"service Sums has no such method.*'add'"):
            one.ad(1)


def test_what_stands_around_a_method_takes_its_words() -> None:
    with plain_client() as made:

        @functools.wraps(made.add)
        def wrapped(*arguments: Any) -> Any:
            return made.add(*arguments)

        assert (wrapped.__name__, wrapped.__doc__) == ("add", ADD)
        assert inspect.signature(wrapped) == inspect.signature(made.add)
        method = made.add
        method.__doc__ = "Mine."
        assert (method.__doc__, made.add.__doc__) == ("Mine.", ADD)
        assert functools.partial(made.add, 1)(2) == 4

        class Mine:
            total = made.add

        assert Mine().total(1, 2) == 4


def test_a_service_of_no_file_has_no_words_and_is_called() -> None:
    class Described:
        thrift_services = ("add",)

    made = fastthrift.thrift.TClient(Described, mock.Mock())
    assert made.add.__name__ == "add"
    with pytest.raises(AttributeError):
        _ = made.add.__doc__
    assert str(inspect.signature(made.add)) == "(*args, **kwargs)"
