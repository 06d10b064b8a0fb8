"""Calls whose results have some fields only: `with_fields` of clients and pools."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool, testing
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.protocol import TBinaryProtocol
from fastthrift.rpc import make_client
from fastthrift.testing import AsyncFakeService, FakeService, serve
from fastthrift.thrift import TApplicationException, TType
from fastthrift.transport import TTransportException
from fastthrift.urls import parse

module = fastthrift.load_fp(
    io.StringIO("""
        struct Part { 1: i32 number, 2: string name = "none", 3: list<Part> parts }
        exception Refused { 1: string why, 2: Part part }
        service Base { Part whole(1: i32 number) throws (1: Refused refused) }
        service Store extends Base {
            map<string, list<Part>> sorted(),
            Part nothing(),
            i32 count(),
            void clear(),
            string with_fields(1: string text),
        }
    """),
    "with_fields_thrift",
)
Part, Refused, Store = module.Part, module.Refused, module.Store


def part(number: int) -> Any:
    return Part(number, f"p{number}", [Part(number + 1, "inner", [])])


class Handler:
    def whole(self, number: int) -> Any:
        if number < 0:
            raise Refused("below zero", part(number))
        return part(number)

    def sorted(self) -> Any:
        return {"a": [part(1), part(2)], "b": []}

    def nothing(self) -> Any:
        return None

    def count(self) -> int:
        return 7

    def clear(self) -> None:
        pass

    def with_fields(self, text: str) -> str:
        return text


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Store, Handler()) as url:
        yield url


DIALECTS = [
    f"protocol={protocol}&transport={transport}"
    for protocol in ("binary", "compact", "json", "apache_json")
    for transport in ("buffered", "framed")
]


def blank(number: int | None = None, name: str | None = None, parts: Any = None) -> Any:
    made = Part(number, name, parts)
    # None is what the default stands for.
    made.name = name
    return made


@pytest.mark.parametrize("dialect", DIALECTS)
def test_results_have_the_fields_that_are_named_and_no_other(url: str, dialect: str) -> None:
    with ClientPool(Store, f"{url}?{dialect}", timeout=60) as pool:
        few = pool.with_fields("number", "parts.name")
        assert few.whole(3) == blank(3, None, [blank(name="inner")])
        assert few.sorted() == {
            "a": [blank(n, None, [blank(name="inner")]) for n in (1, 2)],
            "b": [],
        }
        assert pool.whole(3) == part(3)
        assert pool.stats()["open"] == 1


def test_what_is_no_result_is_whole(url: str) -> None:
    with ClientPool(Store, url, timeout=60) as pool:
        few = pool.with_fields("number")
        with pytest.raises(Refused) as caught:
            few.whole(-1)
        assert (caught.value.why, caught.value.part) == ("below zero", part(-1))
        with pytest.raises(TApplicationException, match="Missing result"):
            few.nothing()
        assert few.whole(1) == blank(1)


def test_plain_clients_of_one_connection_take_turns(url: str) -> None:
    where = parse(url)
    client = make_client(module.Base, where.host, where.port, timeout=60_000)
    few, names = client.with_fields("number"), client.with_fields("name")
    for number in range(3):
        assert few.whole(number) == blank(number)
        assert client.whole(number) == part(number)
        assert names.whole(number=number) == blank(name=f"p{number}")
    assert dir(few) == ["whole"]
    few.close()
    assert not client.is_open


def test_a_method_of_the_service_of_that_name_goes_first(url: str) -> None:
    where = parse(url)
    client = make_client(Store, where.host, where.port, timeout=60_000)
    assert client.with_fields("text") == "text"
    client.close()


def test_methods_that_answer_otherwise_are_not_there(url: str) -> None:
    with ClientPool(Store, url, timeout=60) as pool:
        few = pool.with_fields("name")
        told = r"the result of Store.{}\(\) does not have the fields that with_fields names"
        for name in ("count", "clear"):
            with pytest.raises(AttributeError, match=told.format(name)):
                getattr(few, name)
        with pytest.raises(AttributeError, match=told.format("count")):
            few.with_fields("number").count()
        with pytest.raises(AttributeError, match=r"has no such method; did you mean 'whole'"):
            few.whol()
        with pytest.raises(ValueError, match=r"^no method of Store answers .*: Part has no field "):
            pool.with_fields("nam")
        with pytest.raises(ValueError, match=r"^no field is named"):
            pool.with_fields()
        assert pool.stats()["connects"] == 0


@pytest.mark.parametrize(
    ("paths", "error", "told"),
    [
        (("colour", "zz"), ValueError, 'such fields: Box has no field "zz": it has colour,'),
        (("parts.zz",), ValueError, 'such fields: Part has no field "zz": it has number,'),
        (("zz",), ValueError, 'such fields: Part has no field "zz": it has number,'),
        (("parts.",), ValueError, 'such fields: the path "parts." lacks a name'),
        ((1,), TypeError, "a path is a str, .*, not <class 'int'>"),
    ],
)
@pytest.mark.parametrize("made", [ClientPool, FakeService], ids=["pool", "fake"])
def test_a_mistake_is_told_of_the_method_that_has_most_of_what_is_named(
    made: Any, paths: tuple[Any, ...], error: type[Exception], told: str
) -> None:
    boxes = fastthrift.load_fp(
        io.StringIO("""
            struct Box { 1: string colour, 2: list<Part> parts }
            struct Part { 1: i32 number, 2: string name }
            service Boxes { i32 count(), map<i32, Part> smallest(), list<Box> all() }
        """),
        "with_fields_boxes_thrift",
    )
    # Neither connects.
    one = made(boxes.Boxes, *(["tcp://127.0.0.1:9"] if made is ClientPool else []))
    with pytest.raises(error, match=told):
        one.with_fields(*paths)
    assert one.with_fields("colour")
    one.close()


def test_a_view_has_other_options_and_the_reverse(url: str) -> None:
    with ClientPool(Store, url, timeout=60) as pool:
        expected = blank(2)
        assert pool.with_fields("number").with_options(timeout=50).whole(2) == expected
        assert pool.with_options(timeout=50).with_fields("number").whole(2) == expected
        seen: list[Any] = []
        note = seen.append
        fastthrift.hooks.add(client=note)
        try:
            assert pool.with_fields("number").whole(2) == expected
        finally:
            fastthrift.hooks.remove(client=note)
        assert [call.method for call in seen] == ["whole"]


def test_clients_and_pools_of_asyncio(url: str) -> None:
    async def call() -> None:
        where = parse(url)
        client = await make_async_client(module.Base, where.host, where.port, timeout=60_000)
        few = client.with_fields("number")
        assert await few.whole(4) == blank(4)
        assert await client.whole(4) == part(4)
        client.close()
        async with AsyncClientPool(Store, url, timeout=60) as pool:
            few = pool.with_fields("parts.number")
            answers = await asyncio.gather(*(few.whole(n) for n in range(4)), pool.whole(9))
            assert answers[:-1] == [blank(parts=[blank(n + 1)]) for n in range(4)]
            assert answers[-1] == part(9)

    asyncio.run(call())


def test_one_connection_of_a_pool_gives_some_fields_too(url: str) -> None:
    with ClientPool(module.Base, url, timeout=60) as pool:
        with pool.client() as one:
            few = one.with_fields("number")
            assert (few.whole(3), one.whole(3)) == (blank(3), part(3))
            assert few.with_fields("name").whole(number=3, timeout=50) == blank(name="p3")
            with pytest.raises(ValueError, match="Part has no field"):
                one.with_fields("nam")
            with pytest.raises(AttributeError, match="has no such method"):
                few.count  # noqa: B018
            assert pool.stats()["open"] == 1
        for each in (one, few):
            with pytest.raises(TTransportException, match="its block has ended"):
                each.whole(1)
    with ClientPool(Store, url, timeout=60) as pool, pool.client() as one:
        assert one.with_fields("text") == "text"


def test_what_fails_with_some_fields_closes_the_connection_of_the_block(url: str) -> None:
    with ClientPool(module.Base, url, timeout=60) as pool:
        with pool.client() as one, pytest.raises(TTransportException):
            one.with_fields("number").whole(1, timeout=1e-9)
        assert pool.whole(1) == part(1)
        with pool.client() as one:
            few = one.with_fields("number")
            one._block.connection.client.close()
            with pytest.raises(TTransportException):
                few.whole(1)
        assert (pool.stats()["open"], pool.stats()["idle"]) == (0, 0)


def test_a_method_that_close_hides_is_called_as_clients_call_it() -> None:
    service = fastthrift.load_fp(io.StringIO("service S { i32 close() }"), "tclose_thrift").S
    handler = type("Handler", (), {"close": lambda self: 5})()
    with serve(service, handler) as url, ClientPool(service, url, timeout=60) as pool:
        assert pool.tclose() == 5
        with pool.client() as one:
            assert one.tclose() == one.close() == 5


def test_one_connection_of_asyncio_gives_some_fields_too(url: str) -> None:
    async def call() -> None:
        async with AsyncClientPool(module.Base, url, timeout=60) as pool:
            async with pool.client() as one:
                assert await one.with_fields("number").whole(4) == blank(4)
                assert await one.whole(4) == part(4)
            assert pool.stats()["connects"] == 1

    asyncio.run(call())


def test_a_protocol_of_somebody_keeps_to_it_where_it_reads_structs_as_ours_does() -> None:
    class Mine(TBinaryProtocol):
        """A protocol with a method of its own."""

        def read_message_begin(self) -> Any:
            return super().read_message_begin()

    class Factory:
        def get_protocol(self, trans: Any) -> Mine:
            return Mine(trans)

    with serve(Store, Handler()) as url:
        where = parse(url)
        client = make_client(
            module.Base, where.host, where.port, proto_factory=Factory(), timeout=60_000
        )
        assert client.with_fields("number").whole(4) == blank(4)
        client.close()


def test_a_fake_answers_with_the_fields_that_are_named_and_has_no_other_methods() -> None:
    told = part(1)
    refused = Refused("no", part(2))
    fake = FakeService(
        Store, {"whole": told, "sorted": {"a": [told]}, "count": 7, "with_fields": "x"}
    )
    assert fake.with_fields("text") == "x"
    with FakeService(Store, whole=told, sorted={"a": [told]}, count=7, nothing=refused) as fake:
        few = fake.with_fields("number", "parts.name")
        assert few.whole(1) == blank(1, None, [blank(name="inner")])
        assert few.sorted() == {"a": [blank(1, None, [blank(name="inner")])]}
        assert few.with_fields("name").whole(1) == blank(name="p1")
        assert told == part(1) == fake.whole(1)
        with pytest.raises(AttributeError, match=r"Store.count\(\) does not have the fields"):
            few.count()
        assert [api for api, _ in few.calls] == ["whole", "sorted", "whole", "whole"]
        assert few.calls is fake.calls
    fake = FakeService(Store)
    with contextlib.suppress(AssertionError):
        fake.with_fields("number").whole(1)
    with pytest.raises(AssertionError, match="has no answer"):
        fake.close()
    refusing = FakeService(module.Base, whole=refused).with_fields("number")
    with pytest.raises(Refused) as caught:
        refusing.whole(1)
    assert caught.value.part == part(2)


def test_a_union_whose_field_is_not_named_is_right_in_the_answer_of_a_fake() -> None:
    loaded = fastthrift.load_fp(
        io.StringIO("union Either { 1: i32 a, 2: string b } service Eithers { Either one() }"),
        "with_fields_union_thrift",
    )
    few = FakeService(loaded.Eithers, one=loaded.Either(b="x")).with_fields("a")
    assert few.one() == loaded.Either()


def test_a_fake_of_asyncio_answers_with_the_fields_that_are_named() -> None:
    few = AsyncFakeService(module.Base, whole=part(1)).with_fields("number")
    assert asyncio.run(few.whole(1)) == blank(1)


def fresh(name: str, text: str = "") -> Any:
    """A module of its own, whose classes a test may change."""
    many = "\n".join(f"Part whole_{number}()" for number in range(5))
    return fastthrift.load_fp(
        io.StringIO(f"""
            struct Part {{ 1: i32 number, 2: string name }}
            struct Other {{ 1: i32 number }}
            service Many {{ {many} Other other(), list<Part> listed(), i32 count() }}
            {text}
        """),
        name,
    )


def subclasses(cls: Any) -> int:
    gc.collect()
    return len(cls.__subclasses__())


def test_classes_are_made_once_for_the_same_fields_and_when_a_method_is_used() -> None:
    loaded = fresh("with_fields_once_thrift")
    handler = type("Handler", (), {"whole_3": lambda self: loaded.Part(3, "three")})()
    kept = []
    client = testing.client(loaded.Many, handler)
    for _ in range(5):
        kept.append(client.with_fields("name"))
        assert kept[-1].whole_3() == loaded.Part(None, "three")
    assert subclasses(loaded.Many) == 1
    made = [subclasses(getattr(loaded.Many, f"whole_{number}_result")) for number in range(5)]
    assert made == [0, 0, 0, 1, 0]


def test_few_of_many_choices_are_remembered() -> None:
    fields = " ".join(f"{number}: i32 f{number}" for number in range(1, 101))
    loaded = fresh(
        "with_fields_bounded_thrift",
        f"struct Wide {{ {fields} }} service Wides {{ Wide wide() }}",
    )
    fake = FakeService(loaded.Wides)
    for number in range(1, 101):
        fake.with_fields(f"f{number}")
    assert subclasses(loaded.Wides) == 64
    fake.with_fields("f1")
    assert subclasses(loaded.Wides) == 64


def test_what_is_remembered_follows_classes_that_change() -> None:
    loaded = fresh("with_fields_changed_thrift")
    client = testing.client(loaded.Many, type("Handler", (), {})())
    names = [*(f"whole_{number}" for number in range(5)), "listed"]
    assert dir(client.with_fields("number")) == sorted([*names[:5], "other", "listed"])
    assert dir(client.with_fields("name")) == sorted(names)
    # A field more, of the class that had it not.
    other = loaded.Other
    other.thrift_spec = {**other.thrift_spec, 2: (TType.STRING, "name", False)}
    other.default_spec = [*other.default_spec, ("name", None)]
    assert dir(client.with_fields("name")) == sorted([*names[:5], "other", "listed"])
    # Another result, and a method less.
    loaded.Many.whole_0_result = loaded.Many.count_result
    assert dir(client.with_fields("name")) == sorted([*names[1:5], "other", "listed"])
    loaded.Many.thrift_services.remove("whole_4")
    assert dir(client.with_fields("name")) == sorted([*names[1:4], "other", "listed"])


def test_a_service_that_extends_another_has_a_memory_of_its_own() -> None:
    loaded = fresh("with_fields_extends_thrift", "service More extends Many { Part added() }")
    few = testing.client(loaded.Many, type("Handler", (), {})()).with_fields("name")
    client = testing.client(loaded.More, type("Handler", (), {})())
    assert dir(client.with_fields("name")) == ["added", *dir(few)]


def test_a_selection_goes_in_place_of_its_paths(url: str) -> None:
    chosen = fastthrift.select(Part, "number", "parts.name")
    with ClientPool(Store, url, timeout=60) as pool:
        few = pool.with_fields(chosen)
        assert few.whole(3) == blank(3, None, [blank(name="inner")])
        assert few.sorted()["b"] == []
        with pytest.raises(TypeError, match="a path is a str"):
            pool.with_fields(chosen, "name")
    with ClientPool(module.Base, url, timeout=60) as pool, pool.client() as one:
        assert one.with_fields(chosen).whole(1).name is None
    loaded = fresh("with_fields_selection_thrift")
    client = testing.client(loaded.Many, type("Handler", (), {})())
    assert dir(client.with_fields(fastthrift.select(loaded.Other, "number"))) == ["other"]
    told = r"^no method of Many answers with structs of the class of select\(Part, 'number'"
    with pytest.raises(ValueError, match=told):
        client.with_fields(chosen)
