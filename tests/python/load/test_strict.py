"""``load(..., strict=True)``: all that is wrong with a struct is told at once, when it is written
and when it is read."""

from __future__ import annotations

import asyncio
import io
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import fastthrift
import fastthrift.rpc
import pytest
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.protocol.exc import TInvalidStructException, TProtocolException
from fastthrift.protocol.json import TJSONProtocolFactory
from fastthrift.testing import serve
from fastthrift.thrift import TApplicationException
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.utils import deserialize, serialize

IDL = """
struct Point { 1: required i32 x, 2: required i32 y, 3: string label }
union Shape { 1: Point point, 2: i32 radius }
struct Drawing {
  1: required string name
  2: list<Point> points
  3: map<string, Shape> shapes
  4: i8 layer = 1
  5: required bool visible = true
}
exception Refused { 1: required string why }
service Board {
  Drawing draw(1: Drawing drawing, 2: required i32 times) throws (1: Refused refused)
  Point origin(1: Shape shape)
}
"""
FACTORIES = [
    TBinaryProtocolFactory(),
    TCompactProtocolFactory(),
    TApacheJSONProtocolFactory(),
    TJSONProtocolFactory(),
]
factories = pytest.mark.parametrize("factory", FACTORIES, ids=lambda each: type(each).__name__)
_serial = itertools.count()


def load(**options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(IDL), f"strict_{next(_serial)}_thrift", **options)


strict, usual = load(strict=True), load()


def drawing(module: Any) -> Any:
    """One with four problems."""
    return module.Drawing(
        points=[module.Point(1, 2), module.Point(y=2)],
        shapes={
            "none": module.Shape(),
            "both": module.Shape(point=module.Point(1, 2), radius=3),
            "good": module.Shape(radius=1),
        },
    )


PROBLEMS = [
    ("name", "is required, and not set"),
    ("points[1].x", "is required, and not set"),
    ("shapes['none']", "a union must have exactly one field set, not 0"),
    ("shapes['both']", "a union must have exactly one field set, not 2"),
]


def problems(do: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(TInvalidStructException) as caught:
        do()
    assert isinstance(caught.value, TProtocolException)
    assert caught.value.type == TProtocolException.INVALID_DATA
    return caught.value.problems


@factories
def test_all_problems_are_told_when_a_struct_is_written(factory: Any) -> None:
    assert problems(lambda: serialize(drawing(strict), factory)) == PROBLEMS


@factories
def test_all_problems_are_told_when_a_struct_is_read(factory: Any) -> None:
    data = serialize(drawing(usual), factory)
    assert problems(lambda: deserialize(strict.Drawing(), data, factory)) == PROBLEMS


def test_so_do_encode_decode_and_plain_data() -> None:
    wrong = drawing(strict)
    for protocol in ("binary", "compact"):
        assert problems(lambda p=protocol: fastthrift.encode(wrong, p)) == PROBLEMS  # type: ignore[misc]
        data = fastthrift.encode(drawing(usual), protocol)
        assert (
            problems(lambda d=data, p=protocol: fastthrift.decode(strict.Drawing, d, p)) == PROBLEMS  # type: ignore[misc]
        )
    assert problems(lambda: fastthrift.to_dict(wrong)) == PROBLEMS
    assert problems(lambda: fastthrift.to_json(wrong)) == PROBLEMS
    data = {
        "points": [{"x": 1, "y": 2}, {"y": 2}],
        "shapes": {
            "none": {},
            "both": {"point": {"x": 1, "y": 2}, "radius": 3},
            "good": {"radius": 1},
        },
    }
    assert problems(lambda: fastthrift.from_dict(strict.Drawing, data)) == PROBLEMS
    import json

    assert problems(lambda: fastthrift.from_json(strict.Drawing, json.dumps(data))) == PROBLEMS


@factories
def test_values_of_other_types_are_told_with_them(factory: Any) -> None:
    wrong = strict.Drawing(
        name=5, points=[strict.Point("1", 2**40), 7], shapes=[1], layer=300, visible="yes"
    )
    assert problems(lambda: serialize(wrong, factory)) == [
        ("name", "needs a str, not int"),
        ("points[0].x", "needs an int, not str"),
        ("points[0].y", "out of range"),
        ("points[1]", "needs a struct, not int"),
        ("shapes", "needs a dict, not list"),
        ("layer", "out of range"),
        ("visible", "needs a bool, not str"),
    ]


@factories
def test_good_structs_are_written_and_read_as_without_the_option(factory: Any) -> None:
    values = [
        module.Drawing(
            name="a",
            points=[module.Point(1, 2, "p")],
            shapes={"s": module.Shape(point=module.Point(3, 4))},
        )
        for module in (strict, usual)
    ]
    data = serialize(values[0], factory)
    assert data == serialize(values[1], factory)
    assert deserialize(strict.Drawing(), data, factory) == values[0]


def test_a_required_field_that_does_not_come_has_its_default() -> None:
    data = fastthrift.encode(usual.Drawing(name="a", visible=None))
    assert fastthrift.decode(strict.Drawing, data).visible is True


@factories
def test_nothing_of_a_struct_that_is_wrong_is_written(factory: Any) -> None:
    transport = TMemoryBuffer()
    protocol = factory.get_protocol(transport)
    with pytest.raises(TInvalidStructException):
        drawing(strict).write(protocol)
    assert transport.getvalue() == b""


def test_the_text_names_the_struct_and_the_first_problems() -> None:
    points = [strict.Point(y=1)] * 30
    with pytest.raises(TInvalidStructException) as caught:
        fastthrift.encode(strict.Drawing(name="a", points=points))
    text = str(caught.value)
    assert text.startswith("Drawing: points[0].x: is required, and not set; points[1].x: ")
    assert text.endswith("; and 10 more")
    assert len(caught.value.problems) == 30
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (text, caught.value.problems)


def test_a_few_fields_of_a_struct_are_read_without_the_others() -> None:
    data = fastthrift.encode(drawing(usual))
    assert fastthrift.decode(strict.Drawing, data, only=("layer",)).layer == 1


def test_what_a_value_raises_itself_passes() -> None:
    class Broken:
        def __index__(self) -> int:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fastthrift.encode(strict.Point(Broken(), 1))


def test_a_cycle_is_as_deep_as_without_the_option() -> None:
    text = "struct Node { 1: required i32 id, 2: list<Node> nodes }"
    module = fastthrift.load_fp(io.StringIO(text), "strict_nodes_thrift", strict=True)
    node = module.Node(1, [])
    node.nodes.append(node)
    with pytest.raises(RecursionError):
        fastthrift.encode(node)


class Handler:
    def __init__(self, module: Any) -> None:
        self.module = module
        self.calls = 0

    def draw(self, drawing: Any, times: int) -> Any:
        self.calls += 1
        if times == 7:
            raise self.module.Refused()
        return drawing

    def origin(self, shape: Any) -> Any:
        self.calls += 1
        return self.module.Point(1)


@factories
def test_calls_that_are_wrong_are_not_sent_and_the_connection_goes_on(factory: Any) -> None:
    handler = Handler(strict)
    good = strict.Drawing(name="a")
    with (
        serve(strict.Board, handler) as url,
        fastthrift.rpc.client_context(strict.Board, url=url, proto_factory=factory) as client,
    ):
        assert problems(lambda: client.draw(drawing(strict), 1)) == [
            (f"drawing.{path}", text) for path, text in PROBLEMS
        ]
        assert client.draw(good, 1) == good
    assert handler.calls == 1


@factories
def test_a_handler_gets_no_arguments_that_are_wrong(factory: Any) -> None:
    handler = Handler(strict)
    with serve(strict.Board, handler) as url:
        with (
            fastthrift.rpc.client_context(usual.Board, url=url, proto_factory=factory) as client,
            # As for arguments that cannot be read.
            pytest.raises((TApplicationException, TTransportException)),
        ):
            client.draw(drawing(usual), 1)
        assert handler.calls == 0
        with fastthrift.rpc.client_context(usual.Board, url=url, proto_factory=factory) as client:
            assert client.draw(usual.Drawing(name="a"), 1).name == "a"
            # Nor has a client an answer that is.
            with pytest.raises(TApplicationException):
                client.origin(usual.Shape(radius=1))
            with pytest.raises(TApplicationException):
                client.draw(usual.Drawing(name="a"), 7)


@factories
def test_a_client_refuses_an_answer_that_is_wrong(factory: Any) -> None:
    with (
        serve(usual.Board, Handler(usual)) as url,
        fastthrift.rpc.client_context(strict.Board, url=url, proto_factory=factory) as client,
    ):
        found = problems(lambda: client.origin(strict.Shape(radius=1)))
    assert found == [("success.y", "is required, and not set")]


def test_asyncio_clients_are_strict_too() -> None:
    async def call(url: str) -> None:
        host, port = url.rsplit("/", 1)[-1].split(":")
        client = await make_async_client(strict.Board, host, int(port))
        try:
            with pytest.raises(TInvalidStructException):
                await client.draw(drawing(strict), 1)
            good = strict.Drawing(name="a")
            assert await client.draw(good, 1) == good
        finally:
            client.close()

    with serve(strict.Board, Handler(strict)) as url:
        asyncio.run(call(url))
