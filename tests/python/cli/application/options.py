"""The same, as `enums="int_enum", sets="set", frozen=True` makes it, over asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import fastthrift
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.rpc import make_aio_server
from fastthrift.testing import async_client
from typing_extensions import assert_type

if TYPE_CHECKING:
    import shop_thrift as shop
else:
    shop = fastthrift.load("shop.thrift", "shop_thrift", enums="int_enum", sets="set", frozen=True)

Color, Level = shop.Color, shop.types.Level
KEPT = shop.Item(7, "here", str={Color.GREEN: {1, 2}}, color=Color.ALSO_RED)


class Handler:
    async def ping(self) -> str:
        return "pong"

    def started(self) -> shop.types.Moment:
        return shop.OPENED

    async def version(self, of: str) -> int:
        return len(of)

    async def create(self, text: str, color: shop.Color | int, limit: int, more: list[int]) -> int:
        if isinstance(color, shop.Color):
            assert color.name.lower() and color.value + 1
        return limit

    async def get(self, id: int) -> shop.Item:
        if id != KEPT.id:
            raise shop.errors.Refused(f"no {id}", why={"low": Level.LOW})
        return KEPT

    async def all(
        self, groups: dict[str, list[int]], since: shop.types.Moment
    ) -> list[shop.Item]:
        return [KEPT]

    async def filter(self, levels: set[shop.types.Level | int]) -> list[shop.Item]:
        return [KEPT] if levels & {Level.HIGH} else []

    async def tuple(self, from_: str, timeout: int) -> dict[shop.Color | int, list[shop.Item]]:
        return {Color.COLD: [KEPT], timeout: []}

    async def import_(self, class_: int) -> set[int]:
        return {class_}

    async def print(self, self_: shop.Choice) -> shop.Choice:
        return self_

    async def type(self) -> bytes:
        return b"m"

    async def close(self) -> None: ...

    async def note(self, line: str) -> None: ...

    async def shelf(self) -> dict[shop.types.Level | int, list[shop.Item]]:
        return {Level.None_: [shop.CHEAPEST]}

    async def any(self, int_: shop.Optional) -> shop.Any:
        return shop.Any(int_)


class OfInts(Handler):
    async def filter(self, levels: list[int]) -> list[shop.Item]:  # type: ignore
        return []


def data(item: shop.Item) -> None:
    assert_type(shop.USUAL, shop.types.Level)
    assert_type(item.level, shop.types.Level | int)
    assert_type(item.color, shop.Color | int)
    assert_type(item.tuple, set[int])
    for color, numbers in (item.str or {}).items():
        assert_type(color, shop.Color | int)
        assert_type(numbers, set[int])
    print(Color.COLD.name.lower(), Color(2) is Color.GREEN, [each.value + 1 for each in Color])
    item.id = 1  # wrong
    item.made.seconds = 1  # wrong
    Color.BLUE  # wrong
    shop.Item(1, color="GREEN")  # wrong
    shop.errors.NotFound().message = "exceptions can be changed"


async def everything(client: shop.Service.AsyncClient) -> None:
    assert_type(await client.create("tea", Color.RED), int)
    assert_type(await client.create("tea", 1, timeout=2), int)
    found = await client.get(7)
    assert_type(found.made.seconds, int)
    assert found.color is Color.RED and found.str == {Color.GREEN: {1, 2}}
    assert_type(await client.filter({Level.HIGH, 77}), list[shop.Item])
    tables = await client.tuple("x", 5)
    assert_type(tables, dict[shop.Color | int, list[shop.Item]])
    assert [type(each) for each in tables] == [shop.Color, int]
    assert_type(await client.import_(3), set[int])
    assert_type(await client.shelf(), dict[shop.types.Level | int, list[shop.Item]])
    assert_type(await client.note("x"), None)
    assert_type(await client.ping(), str)
    assert_type(await client.tclose(), None)
    try:
        await client.get(8)
    except shop.errors.Refused as error:
        assert_type(error.why, dict[str, shop.types.Level | int] | None)
        assert error.why == {"low": Level.LOW}


async def mistaken(client: shop.Service.AsyncClient) -> None:
    client.ping().lower()  # wrong
    await client.filter([1])  # wrong
    await client.create("tea", "RED")  # wrong
    pool = AsyncClientPool(shop.Service, "tcp://localhost:1")
    (await pool.get(7)).color.name  # wrong
    make_aio_server(shop.Service, Handler(), port=6000)
    make_aio_server(shop.Service, OfInts(), port=6000)  # wrong


async def main() -> None:
    await everything(async_client(shop.Service, Handler()))
    data_of: object = KEPT
    assert isinstance(data_of, shop.Item)


if __name__ == "__main__":
    asyncio.run(main())
    print("done")
