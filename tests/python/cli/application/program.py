from __future__ import annotations

import inspect
import uuid
from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import fastthrift
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.rpc import make_aio_client, make_client, make_server
from fastthrift.testing import client as test_client
from fastthrift.thrift import TProcessor
from typing_extensions import assert_type

if TYPE_CHECKING:
    import shop_thrift as shop
else:
    shop = fastthrift.load("shop.thrift", "shop_thrift")

Color = shop.Color
items: dict[int, shop.Item] = {}


class Base:
    def ping(self) -> str:
        return "pong"

    def started(self) -> shop.types.Moment:
        return shop.OPENED

    def version(self, of: str) -> int:
        return len(of)


class Handler(Base):
    def create(self, text: str, color: int, limit: int, more: list[int]) -> int:
        found = shop.Item(id=len(items), from_=text, color=color, tags=[text] * limit)
        items[found.id] = found
        return found.id

    def get(self, id: int) -> shop.Item:
        if id not in items:
            raise shop.errors.NotFound(id=id)
        return items[id]

    def all(self, groups: dict[str, list[int]], since: shop.types.Moment) -> list[shop.Item]:
        return [items[each] for each in groups["mine"] if since.seconds >= 0]

    def filter(self, levels: Collection[int]) -> list[shop.Item]:
        return [each for each in items.values() if each.level in levels]

    def tuple(self, from_: str, timeout: int) -> dict[int, list[shop.Item]]:
        return {Color.RED: [*items.values()][:timeout]}

    def import_(self, class_: int) -> set[int]:
        return {class_}

    def print(self, self_: shop.Choice) -> shop.Choice:
        return self_

    def type(self) -> bytes:
        return shop.MAGIC if isinstance(shop.MAGIC, bytes) else shop.MAGIC.encode()

    def close(self) -> None: ...

    def note(self, line: str) -> None: ...

    def shelf(self) -> dict[int, list[shop.Item]]:
        return {shop.types.Level.HIGH: [shop.CHEAPEST]}

    def any(self, int_: shop.Optional) -> shop.Any:
        return shop.Any(self=int_)


class Lacking(Base):
    def get(self, id: int) -> shop.Item:
        return shop.Item(id=id)


def constants() -> None:
    assert_type(shop.def_, str)
    assert_type(shop.OPENED.seconds, int)
    assert_type(shop.CHEAPEST.from_, str | None)
    assert_type(shop.KNOWN["tea"].tags, list[str])
    assert_type(shop.types.MOMENTS[1].fraction, int)
    assert_type(shop.types.NAMES[shop.types.Level.LOW], list[str])
    red: Literal[1] = Color.RED
    cold: Literal[-1] = Color.COLD
    print(red + cold, Color.class_, shop.types.Level.None_)
    print(shop.RATE * 2, not shop.OPEN, shop.USUAL + 1)
    shop.types.Level.HIGH = 3  # wrong
    Color.BLUE  # wrong
    shop.types.Groups  # a value, whatever it is: no type


def structs(item: shop.Item) -> None:
    assert_type(item.id, int)
    assert_type(item.made, shop.types.Moment)
    assert_type(item.class_, shop.Thread | None)
    if item.class_ is not None and item.class_.parent is not None:
        assert_type(item.class_.parent.items[0].int, uuid.UUID | None)
    if item.old is not None and item.old.at is not None:
        assert_type(item.old.at.text, str | None)
        item.old.at = shop.types.Moment(1)  # wrong
    assert_type(item.type, bytes | None)
    for numbers in (item.str or {}).values():
        assert_type(numbers, Collection[int])
    item.tags.append(1)  # wrong
    item.made = None  # wrong
    shop.Item(1, None, fro="x")  # wrong
    shop.Item("1")  # wrong
    shop.Choice(import_=1)
    shop.Choice(item=2)  # wrong
    assert_type(shop.Any(shop.Optional("x")).self, shop.Optional | None)


def exceptions() -> None:
    for error in (shop.errors.NotFound(), shop.errors.NotFound("gone", id=1)):
        assert_type(error.message, str)
        assert_type(error.id, int | None)
    refused = shop.errors.Refused("no", {"a": shop.types.Level.LOW}, 1, "here")
    assert_type(refused.from_, str | None)
    assert_type(refused.why, dict[str, int] | None)
    raise shop.errors.Empty(1)  # wrong


def called() -> None:
    with closing(make_client(shop.Service, "localhost", 6000)) as client:
        everything(client)
    fastthrift.ClientPool(shop.Empty, "tcp://localhost:1").ping()  # wrong
    base: shop.base.Service.Client = make_client(shop.Service)
    other: shop.Service.Client = make_client(shop.base.Versioned)  # wrong
    print(base.ping(), other)


def everything(client: shop.Service.Client) -> None:
    assert_type(client.create("tea", Color.RED), int)
    client.create("tea", Color.RED, 2, more=[1], timeout=1.5)
    assert_type(client.get(0), shop.Item)
    assert_type(client.all({"mine": [0]}, shop.types.EPOCH), list[shop.Item])
    assert_type(client.filter({shop.types.Level.HIGH}), list[shop.Item])
    assert_type(client.tuple(from_="x", timeout=5), dict[int, list[shop.Item]])
    assert_type(client.import_(), Collection[int])
    assert_type(client.print(shop.Choice(import_=1)).import_, int | None)
    assert_type(client.type(), bytes)
    assert_type(client.tclose(), None)
    assert_type(client.note("x"), None)
    assert_type(client.shelf()[2][0].id, int)
    assert_type(client.any(shop.Optional("x")).self, shop.Optional | None)
    assert_type(client.ping(), str)
    assert_type(client.started().fraction, int)
    assert_type(client.version(), int)
    assert_type(client.version("all"), int)
    assert_type(client.with_fields("id").get(0).id, int)


def mistaken(client: shop.Service.Client) -> None:
    client.create("tea")  # wrong
    client.create("tea", Color.RED, "2")  # wrong
    client.get(id="0")  # wrong
    client.tuple("x", timeout=None)  # wrong
    client.all({"mine": ["0"]})  # wrong
    client.getitem(0)  # wrong
    client.note(1)  # wrong
    text: str = client.get(0).from_  # wrong
    print(text)


async def awaited() -> None:
    client = await make_aio_client(shop.Service, "localhost", 6000)
    assert_type(await client.get(0), shop.Item)
    assert_type(await client.version(), int)
    assert_type(await client.import_(class_=2), Collection[int])
    pool = AsyncClientPool(shop.Service, "tcp://localhost:6000")
    assert_type((await pool.started()).seconds, int)
    await pool.get("0")  # wrong
    pool.get(0).from_  # wrong


def served() -> None:
    make_server(shop.Service, Handler(), port=0)
    TProcessor(shop.base.Versioned, Base())
    TProcessor(shop.base.Versioned, Handler())
    TProcessor(shop.Empty, object())
    TProcessor(shop.Service, Lacking())  # wrong
    make_server(shop.Service, Base())  # wrong


if __name__ == "__main__":
    with closing(test_client(shop.Service, Handler())) as tested:
        everything(tested)
        assert_type(tested.get(0).tags, list[str])
        try:
            tested.get(99)
        except shop.errors.NotFound as error:
            assert (error.message, error.id) == ("not found", 99)
    assert inspect.iscoroutinefunction(awaited)
    print("done")
