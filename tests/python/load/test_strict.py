"""``load(..., strict=True)``: all that is wrong with a struct is told at once, when it is written
and when it is read."""

from __future__ import annotations

import array
import asyncio
import collections
import ctypes
import decimal
import io
import itertools
import pickle
import types
from collections.abc import Callable
from typing import Any

import fastthrift
import fastthrift.rpc
import pytest
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    binary,
)
from fastthrift.protocol import json as json_protocol
from fastthrift.protocol.exc import (
    TEncodeException,
    TInvalidStructException,
    TProtocolException,
)
from fastthrift.protocol.json import TJSONProtocolFactory
from fastthrift.testing import serve
from fastthrift.thrift import TApplicationException, TType
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


def test_a_key_that_is_a_member_of_an_enum_is_its_number_written_and_read() -> None:
    idl = """
        enum E { A = 1 }
        struct Point { 1: required i32 x }
        struct Table { 1: map<E, Point> points }
    """
    options: dict[str, Any] = {"strict": True, "enums": "int_enum"}
    module = fastthrift.load_fp(io.StringIO(idl), "strict_keys_thrift", **options)
    expected = [("points[1].x", "is required, and not set")]
    for key in (module.E.A, 1):
        wrong = module.Table({key: module.Point()})
        assert problems(lambda wrong=wrong: fastthrift.encode(wrong)) == expected  # type: ignore[misc]
    plain = fastthrift.load_fp(io.StringIO(idl), "plain_keys_thrift")
    data = fastthrift.encode(plain.Table({1: plain.Point()}))
    assert problems(lambda: fastthrift.decode(module.Table, data)) == expected


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


NODES = """
struct Node {
  1: required i32 id, 2: list<Node> nodes, 3: Node one, 4: map<string, Node> named, 5: Node other
}
service Tree { void plant(1: Node node) }
"""


def nodes(**options: Any) -> Any:
    name = f"strict_nodes_{next(_serial)}_thrift"
    return fastthrift.load_fp(io.StringIO(NODES), name, **options)


def cycles(module: Any) -> list[Any]:
    """Each with itself in it more than once, so that the ways into it double at each level."""
    made = [module.Node(1) for _ in range(4)]
    made[0].nodes = [made[0]] * 3
    made[1].one = made[1].other = made[1]
    made[2].named = {"a": made[2], "b": made[2]}
    made[3].nodes, made[3].one = [module.Node(2, [made[3]] * 2)] * 2, made[3]
    return made


@pytest.mark.parametrize("max_depth", [5, 64, 300])
@pytest.mark.parametrize("made_by", [TBinaryProtocolFactory, TApacheJSONProtocolFactory])
def test_a_cycle_is_the_error_that_it_is_without_the_option(made_by: Any, max_depth: int) -> None:
    factory = made_by(max_depth=max_depth)
    module = nodes(strict=True)
    for mine, plain in zip(cycles(module), cycles(nodes()), strict=True):
        with pytest.raises(RecursionError) as expected:
            serialize(plain, factory)
        with pytest.raises(RecursionError) as caught:
            serialize(mine, factory)
        assert type(caught.value) is type(expected.value)
        assert str(caught.value) == str(expected.value)
        # An object that is filled keeps what does not come.
        with pytest.raises(RecursionError, match=f"more than {max_depth}|{max_depth}"):
            deserialize(mine, serialize(module.Node(5), factory), factory)
    for node in cycles(module):
        for write in (fastthrift.to_dict, fastthrift.to_json):
            with pytest.raises(RecursionError):
                write(node)
        with pytest.raises(RecursionError):
            serialize(node, TJSONProtocolFactory())


def test_a_call_with_a_cycle_is_not_sent() -> None:
    module = nodes(strict=True)

    class Planter:
        def plant(self, node: Any) -> None:
            pass

    with (
        serve(module.Tree, Planter()) as url,
        fastthrift.rpc.client_context(module.Tree, url=url) as client,
    ):
        for node in cycles(module):
            with pytest.raises(RecursionError):
                client.plant(node)
        client.plant(module.Node(1))


def test_what_is_shared_is_looked_at_once_and_what_is_wrong_in_it_is_told_by_each_way() -> None:
    """The ways to the innermost node are 2 to the power of 60."""
    module = nodes(strict=True)
    leaf = module.Node(1)
    for _ in range(60):
        leaf = module.Node(1, one=leaf, other=leaf)
    wrong = module.Node(1, one=leaf, other=module.Node())
    assert problems(lambda: fastthrift.encode(wrong)) == [
        ("other.id", "is required, and not set"),
    ]
    leaf = module.Node()
    for _ in range(60):
        leaf = module.Node(1, one=leaf, other=leaf)
    with pytest.raises(TInvalidStructException) as caught:
        fastthrift.encode(leaf)
    assert len(caught.value.problems) == len(set(caught.value.problems)) == 1000
    assert not caught.value.complete
    assert str(caught.value).endswith("; and 980 more, and others behind them")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.complete) == (str(caught.value), False)
    pair = module.Node()
    assert problems(lambda: fastthrift.encode(module.Node(1, [pair, pair], pair))) == [
        (f"{path}.id", "is required, and not set") for path in ("nodes[0]", "nodes[1]", "one")
    ]


def test_containers_that_are_shared_are_looked_at_once() -> None:
    depth = 40
    kind = "list<" * depth + "i32" + ">" * depth
    text = f"struct Deep {{ 1: {kind} v, 2: required i32 id }}"
    module = fastthrift.load_fp(io.StringIO(text), "strict_deep_thrift", strict=True)
    value: Any = [1]
    for _ in range(depth - 1):
        value = [value, value]
    assert problems(lambda: fastthrift.encode(module.Deep(value))) == [
        ("id", "is required, and not set")
    ]


def test_of_many_problems_the_first_thousand_are_told() -> None:
    points = [strict.Point("x", 1) for _ in range(100_000)]
    for count, complete in (1000, True), (1001, False), (100_000, False):
        with pytest.raises(TInvalidStructException) as caught:
            fastthrift.encode(strict.Drawing(name="a", points=points[:count]))
        assert caught.value.complete is complete
        assert len(caught.value.problems) == 1000
        assert caught.value.problems[-1] == ("points[999].x", "needs an int, not str")


class Mapping:
    """What ``encode`` takes for a map beside dicts: what ``dict()`` takes."""

    def __init__(self, entries: dict[Any, Any]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> Any:
        return self._entries.keys()

    def __getitem__(self, key: Any) -> Any:
        return self._entries[key]


class Items(Mapping):
    def items(self) -> Any:
        return list(self._entries.items())


class Upper(dict):  # type: ignore[type-arg]
    """A dict that shows other entries than it holds."""

    def items(self) -> Any:
        return [(key.upper(), value) for key, value in super().items()]


MAPPINGS = [Mapping, Items, Upper, types.MappingProxyType, collections.OrderedDict]


@pytest.mark.parametrize("kind", MAPPINGS, ids=lambda kind: kind.__name__)
@factories
def test_every_map_that_is_written_is_looked_into(kind: Any, factory: Any) -> None:
    good = {"good": strict.Shape(radius=1)}
    written = strict.Drawing(name="a", shapes=kind(good))
    plain = usual.Drawing(name="a", shapes=kind({"good": usual.Shape(radius=1)}))
    assert serialize(written, factory) == serialize(plain, factory)
    wrong = {"none": strict.Shape(), 5: strict.Shape(radius=1), "other": 7}
    if kind is Upper:
        del wrong[5]
    told = problems(lambda: serialize(strict.Drawing(name="a", shapes=kind(wrong)), factory))
    name = str.upper if kind is Upper else str
    expected = [
        (f"shapes['{name('none')}']", "a union must have exactly one field set, not 0"),
        ("shapes[5]", "needs a str, not int"),
        (f"shapes['{name('other')}']", "needs a struct, not int"),
    ]
    assert told == [each for each in expected if kind is not Upper or each[0] != "shapes[5]"]


@factories
def test_every_collection_that_is_written_is_looked_into(factory: Any) -> None:
    for kind in (tuple, collections.deque, collections.UserList, frozenset):
        point = strict.Point(1)
        told = problems(
            lambda k=kind, p=point: serialize(strict.Drawing(name="a", points=k([p])), factory)  # type: ignore[misc]
        )
        assert told == [("points[0].y", "is required, and not set")]


@factories
def test_what_is_no_collection_is_told_in_the_words_of_encode(factory: Any) -> None:
    def entries() -> Any:
        yield strict.Point(1, 2)

    class Once:
        """An iterator, of which nothing is left once it was looked into."""

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            raise StopIteration

        def __len__(self) -> int:
            return 1

    class BadItems(Mapping):
        def items(self) -> Any:
            return [1]

    wrong = [
        ("points", entries(), "needs a list, set or tuple, not generator"),
        ("points", "ab", "needs a list, set or tuple, not str"),
        ("points", 5, "needs a list, set or tuple, not int"),
        ("points", Once(), "can be gone through only once: give a list"),
        ("shapes", [("a", strict.Shape(radius=1))], "needs a dict, not list"),
        ("shapes", entries(), "needs a dict, not generator"),
        ("shapes", BadItems({1: 2}), "'int' object is not an instance of 'tuple'"),
    ]
    for name, value, text in wrong:
        told = problems(
            lambda n=name, v=value: serialize(strict.Drawing(name="a", **{n: v}), factory)  # type: ignore[misc]
        )
        assert told == [(name, text)]


SCALARS = """
struct Scalars {
  1: bool flag, 2: i8 small, 3: i32 number, 4: double ratio, 5: string text, 6: binary raw
  7: list<i8> bytes, 8: list<string> words, 9: list<i32> numbers, 10: list<double> ratios
  11: set<i8> small_set
}
"""
#: Values, and what is wrong with them. What is not is written as without the option.
FITTING: list[tuple[str, Any, str | None]] = [
    ("flag", True, None),
    ("flag", 0, None),
    ("flag", 7, None),
    ("flag", 1.5, None),
    ("flag", "yes", "needs a bool, not str"),
    ("flag", [], "needs a bool, not list"),
    ("small", True, None),
    ("small", 128, "out of range"),
    ("number", 2.0, None),
    ("number", decimal.Decimal(3), None),
    ("number", 2.5, "has a fraction"),
    ("number", "2", "needs an int, not str"),
    ("ratio", 1, None),
    ("ratio", True, None),
    ("ratio", decimal.Decimal("1.5"), None),
    ("ratio", "1.5", "needs a float, not str"),
    ("text", b"bytes", None),
    ("text", bytearray(b"bytes"), None),
    ("text", 5, "needs a str, not int"),
    ("text", "\ud800", "'utf-8' codec can't encode character '\\ud800' in position 0: "
     "surrogates not allowed"),
    ("raw", "text", None),
    ("raw", memoryview(b"bytes"), None),
    ("raw", [1, 2], "needs bytes, not list"),
    ("bytes", b"ab", None),
    ("bytes", bytearray(b"ab"), None),
    ("bytes", array.array("h", [1, -128]), None),
    ("numbers", array.array("q", [1, 2**31 - 1]), None),
    ("numbers", memoryview(array.array("q", [1, 2])), None),
    # Whose items Python itself cannot give.
    ("numbers", memoryview((ctypes.c_int32.__ctype_be__ * 2)(1, 2)), None),
    ("ratios", array.array("f", [1.5]), None),
    ("ratios", array.array("i", [1]), None),
    ("small_set", b"ab", None),
    ("small_set", memoryview(b"ab"), None),
    ("words", b"ab", "needs a list, set or tuple, not bytes"),
    ("words", "ab", "needs a list, set or tuple, not str"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "text"), FITTING)
def test_a_value_fits_where_encode_takes_it(name: str, value: Any, text: str | None) -> None:
    module = fastthrift.load_fp(io.StringIO(SCALARS), f"strict_{next(_serial)}_thrift", strict=True)
    plain = fastthrift.load_fp(io.StringIO(SCALARS), f"strict_{next(_serial)}_thrift")
    mine = module.Scalars(**{name: value})
    if text is None:
        assert fastthrift.encode(mine) == fastthrift.encode(plain.Scalars(**{name: value}))
        return
    for factory in FACTORIES:
        assert problems(lambda f=factory: serialize(mine, f)) == [(name, text)]  # type: ignore[misc]
    if name not in ("flag", "words"):
        with pytest.raises(TEncodeException) as caught:
            fastthrift.encode(plain.Scalars(**{name: value}))
        assert caught.value.reason == text


def test_numbers_of_a_buffer_that_are_out_of_range_are_told_each() -> None:
    module = fastthrift.load_fp(io.StringIO(SCALARS), f"strict_{next(_serial)}_thrift", strict=True)
    numbers = array.array("q", [1] * 2000)
    numbers[3] = numbers[4] = numbers[1999] = 2**31
    for given in numbers, memoryview(numbers), numbers.tolist():
        told = problems(lambda v=given: fastthrift.encode(module.Scalars(numbers=v)))  # type: ignore[misc]
        assert told == [(f"numbers[{index}]", "out of range") for index in (3, 4, 1999)]
    with pytest.raises(TInvalidStructException) as caught:
        fastthrift.encode(module.Scalars(numbers=array.array("q", [2**31] * 2000)))
    assert (len(caught.value.problems), caught.value.complete) == (1000, False)


DEFAULTS = """
union Amount { 1: i32 cents = 5, 2: string text, 3: list<i32> parts }
struct Bill { 1: Amount amount, 2: Amount other = {"text": "none"} }
const Amount WORDS = {"text": "free"}
"""


def test_the_default_of_a_union_is_no_second_field() -> None:
    module = fastthrift.load_fp(io.StringIO(DEFAULTS), "strict_default_thrift", strict=True)
    amount = module.Amount()
    assert vars(amount) == {"cents": None, "text": None, "parts": None}
    amount.text = "a"
    assert amount == module.Amount(text="a")
    for made in amount, module.Amount(cents=5), module.Amount(parts=[]), module.WORDS:
        for factory in FACTORIES:
            data = serialize(made, factory)
            assert deserialize(module.Amount(), data, factory) == made
        assert fastthrift.decode(module.Amount, fastthrift.encode(made)) == made
        assert fastthrift.from_dict(module.Amount, fastthrift.to_dict(made)) == made
    assert module.Bill().other == module.Amount(text="none")
    assert problems(lambda: fastthrift.encode(module.Amount())) == [
        ("", "a union must have exactly one field set, not 0")
    ]
    # As thriftpy2 has it, otherwise.
    plain = fastthrift.load_fp(io.StringIO(DEFAULTS), "strict_no_default_thrift")
    assert plain.Amount(text="a").cents == 5


@pytest.mark.parametrize("make", [TBinaryProtocol, TCompactProtocol, TApacheJSONProtocol])
def test_a_value_without_a_struct_around_it_is_looked_at_too(make: Any) -> None:
    protocol = make(buffer := TMemoryBuffer())
    spec = (TType.STRING, (TType.STRUCT, strict.Shape))
    shapes = {"a": strict.Shape(), "b": strict.Shape(radius=1)}
    told = problems(lambda: protocol._write_val(TType.MAP, shapes, spec))
    assert told == [("['a']", PROBLEMS[2][1])]
    assert buffer.getvalue() == b""
    plain = {name: usual.Shape(radius=shape.radius) for name, shape in shapes.items()}
    protocol._write_val(TType.MAP, plain, (TType.STRING, (TType.STRUCT, usual.Shape)))
    assert problems(lambda: protocol._read_val(TType.MAP, spec)) == told


def test_functions_that_write_and_read_values_look_at_them_too() -> None:
    wrong, spec = strict.Shape(), (TType.STRUCT, strict.Shape)
    text = PROBLEMS[2][1]
    assert problems(lambda: binary.write_val(TMemoryBuffer(), TType.STRUCT, wrong)) == [("", text)]
    data = TMemoryBuffer(fastthrift.encode(usual.Shape()))
    assert problems(lambda: binary.read_val(data, TType.STRUCT, strict.Shape)) == [("", text)]
    told = [("[0]", text)]
    assert problems(lambda: json_protocol.json_value(TType.LIST, [wrong], spec)) == told
    assert problems(lambda: json_protocol.obj_value(TType.LIST, [{}], spec)) == told


def test_messages_in_a_row_are_looked_at() -> None:
    good, wrong = usual.Shape(radius=1), usual.Shape()
    data = fastthrift.encode(good) + fastthrift.encode(wrong)
    for protocol in (None, "binary"):
        messages = fastthrift.read_messages(data, strict.Shape, protocol)
        assert next(messages) == strict.Shape(radius=1)
        assert problems(lambda m=messages: next(m)) == [("", PROBLEMS[2][1])]  # type: ignore[misc]


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
