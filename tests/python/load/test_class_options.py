"""Options of ``load`` that make other classes of a file: ``enums``, ``sets`` and ``frozen``."""

from __future__ import annotations

import asyncio
import copy
import enum
import importlib
import io
import itertools
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift
import fastthrift.rpc
import pytest
import thriftpy2
import thriftpy2.utils
from fastthrift.contrib.aio.rpc import make_client as make_async_client
from fastthrift.parser.exc import ThriftModuleNameConflict, ThriftParserError
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.protocol.json import TJSONProtocolFactory
from fastthrift.testing import async_client, serve
from fastthrift.utils import deserialize, serialize

SHARED = """
enum Color { RED = 1, GREEN = 2, from = 5 }
struct Point { 1: i32 x, 2: i32 y }
"""
PAINT = """
include "shared.thrift"
const shared.Color FAVOURITE = shared.Color.GREEN
const map<shared.Color, list<shared.Color>> NEXT = {shared.Color.RED: [shared.Color.GREEN]}
struct Paint {
  1: shared.Color color = shared.Color.RED
  2: list<shared.Color> colors
  3: map<shared.Color, string> names
  4: set<shared.Color> used
  5: set<list<i32>> rows
  6: set<set<string>> groups
  7: set<shared.Point> points
  8: set<map<string, i32>> maps
  9: map<set<i32>, i32> keyed
  10: shared.Point origin
}
union Choice { 1: shared.Color color, 2: string name }
exception Refused { 1: shared.Color color, 2: set<i32> codes }
service Shop {
  shared.Color darker(1: shared.Color color) throws (1: Refused refused)
  set<i32> both(1: set<i32> some, 2: set<i32> others)
  Paint paint(1: Paint paint)
}
"""
FACTORIES = [
    TBinaryProtocolFactory(),
    TCompactProtocolFactory(),
    TApacheJSONProtocolFactory(),
    TJSONProtocolFactory(),
]
_serial = itertools.count()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "shared.thrift").write_text(SHARED)
    (tmp_path / "paint.thrift").write_text(PAINT)
    return tmp_path


@pytest.fixture
def load(files: Path) -> Iterator[Any]:
    before = set(sys.modules)

    def loaded(**options: Any) -> Any:
        name = f"paint_{next(_serial)}_thrift"
        return fastthrift.load(files / "paint.thrift", name, **options)

    yield loaded
    for name in set(sys.modules) - before:
        if name.endswith("_thrift"):
            del sys.modules[name]


def there_and_back(value: Any) -> list[Any]:
    """What each protocol makes of a value, and plain data and JSON."""
    cls = type(value)
    found = [deserialize(cls(), serialize(value, each), each) for each in FACTORIES]
    found += [fastthrift.decode(cls, fastthrift.encode(value, p), p) for p in ("binary", "compact")]
    found.append(fastthrift.from_dict(cls, fastthrift.to_dict(value)))
    found.append(fastthrift.from_json(cls, fastthrift.to_json(value)))
    return found


# enums


def test_enums_are_classes_of_python_with_thriftpy2s_helpers(load: Any) -> None:
    module = load(enums="int_enum")
    color = module.shared.Color
    assert issubclass(color, enum.IntEnum)
    assert list(color) == [color.RED, color.GREEN, color(5)] == [1, 2, 5]
    assert color.from_ is color["from"]
    assert color._VALUES_TO_NAMES == {1: "RED", 2: "GREEN", 5: "from"}
    assert color._NAMES_TO_VALUES == {"RED": 1, "GREEN": 2, "from": 5}
    assert color.__thrift_file__.endswith("shared.thrift")
    assert color.__doc__ is None
    assert module.FAVOURITE is color.GREEN
    assert [*module.NEXT] == [color.RED]
    assert module.NEXT[1][0] is color.GREEN
    assert module.Paint().color is color.RED
    assert module.Choice(color=2) == module.Choice(color=color.GREEN)


def test_members_are_read_from_every_protocol_and_unknown_numbers_stay(load: Any) -> None:
    module = load(enums="int_enum")
    color = module.shared.Color
    value = module.Paint(
        color=2, colors=[1, color.GREEN, 77], names={color.RED: "r", 9: "?"}, used=[5], maps=None
    )
    for found in there_and_back(value):
        assert found == value
        assert found.color is color.GREEN
        assert [type(each) for each in found.colors] == [color, color, int]
        assert {type(each) for each in found.names} == {color, int}
        assert [type(each) for each in found.used] == [color]


def test_thriftpy2_reads_what_is_written_and_the_reverse() -> None:
    text = (
        "enum Color { RED = 1, GREEN = 2 }\n"
        "struct Dot { 1: Color color = Color.RED, 2: set<Color> all, 3: map<Color, i32> counts }"
    )
    name = f"dots_{next(_serial)}_thrift"
    ours = fastthrift.load_fp(io.StringIO(text), name, enums="int_enum", sets="set", frozen=True)
    theirs = thriftpy2.load_fp(io.StringIO(text), name)
    color = ours.Color
    own = ours.Dot(color=color.GREEN, all={color.RED, 77}, counts={color.GREEN: 1})
    found = thriftpy2.utils.deserialize(theirs.Dot(), serialize(own))
    assert (found.color, set(found.all), found.counts) == (2, {1, 77}, {2: 1})
    assert fastthrift.decode(ours.Dot, thriftpy2.utils.serialize(found)) == own


def test_members_are_pickled_and_copied_as_references(load: Any) -> None:
    module = load(enums="int_enum")
    color = module.shared.Color
    paint = module.Paint(color=color.GREEN)
    assert pickle.loads(pickle.dumps(color.GREEN)) is color.GREEN
    assert pickle.loads(pickle.dumps(paint)).color is color.GREEN
    assert copy.deepcopy(paint).color is color.GREEN


ODD_ITEMS = (
    "mro",
    "__add__",
    "__init__",
    "_x_",
    "_ignore_",
    "_value_",
    "_ttype",
    "_NAMES_TO_VALUES",
)


@pytest.mark.parametrize("item", ODD_ITEMS)
def test_an_enum_that_python_cannot_have_is_refused_with_its_place(files: Path, item: str) -> None:
    text = f"enum Odd {{\n  FINE = 2,\n  {item} = 1\n}}\nstruct Other {{ 1: Odd odd }}\n"
    name = f"odd_{next(_serial)}_thrift"
    refused = f"the enum Odd cannot be an enum of Python, in which '{item}' means something else"
    with pytest.raises(ThriftParserError, match=f"^{refused}, at line 3;") as caught:
        fastthrift.load_fp(io.StringIO(text), name, enums="int_enum")
    assert name not in sys.modules
    assert (caught.value.path, caught.value.line) == (None, 3)
    (files / "odd.thrift").write_text(text)
    root = files / "root.thrift"
    root.write_text('include "odd.thrift"\nstruct Root { 1: odd.Odd odd }\n')
    with pytest.raises(ThriftParserError, match=f"^{refused}, at .*odd.thrift:3;") as caught:
        fastthrift.load(str(root), name, enums="int_enum")
    assert (caught.value.path, caught.value.line) == (str(files / "odd.thrift"), 3)
    assert fastthrift.load(str(root), name).odd.Odd.FINE == 2


ODD_NAMES = """\
enum Odd {
  name = 1, value = 2, None = 3, class = 4, True = 5, _a = 6, __b = 7, c__ = 8, _ = 9, real = 10,
  to_bytes = 11, print = 12, class_ = 13, ONE = 1, UNO = 1, LOW = -2147483648, HIGH = 2147483647
}
const Odd NONE = Odd.None
const map<Odd, list<Odd>> TABLE = {Odd.class: [Odd.name, Odd.LOW], Odd.class_: [Odd.UNO]}
struct Holder {
  1: Odd odd = Odd.None, 2: map<Odd, Odd> by = {Odd.value: Odd.__b}, 3: list<Odd> all,
  4: set<Odd> some
}
"""


def test_odd_names_of_members_are_members() -> None:
    name = f"odd_{next(_serial)}_thrift"
    module = fastthrift.load_fp(io.StringIO(ODD_NAMES), name, enums="int_enum")
    numbers_alone = "struct Holder { 1: i32 odd, 3: list<i32> all }"
    theirs = thriftpy2.load_fp(io.StringIO(numbers_alone), f"their_{name}")
    odd = module.Odd
    for number, item in enumerate(("name", "value", "None", "class", "True", "_a", "__b"), 1):
        member = odd[item]
        assert (member, member.name, member.value) == (number, item, number)
        assert getattr(odd, item) is member is odd(number)
        assert pickle.loads(pickle.dumps(member)) is copy.deepcopy(member) is member
    assert (odd.None_, odd.class__, odd.class_) == (3, 4, 13)
    assert odd.UNO is odd.ONE is odd["name"]
    assert module.NONE is odd["None"]
    assert module.TABLE == {4: [1, -(2**31)], 13: [1]}
    assert {type(each) for key, values in module.TABLE.items() for each in (key, *values)} == {odd}
    assert module.Holder().odd is odd.None_
    assert [*module.Holder().by.items()] == [(odd["value"], odd["__b"])]
    everything = [*odd, 99, -1]
    value = module.Holder(
        odd=odd.LOW, by=dict.fromkeys(everything, odd.HIGH), all=everything, some=[99]
    )
    for found in there_and_back(value):
        assert found == value
        assert found.odd is odd.LOW
        assert [type(each) for each in found.all] == [type(each) for each in everything]
        assert [type(each) for each in found.by] == [type(each) for each in everything]
    found = thriftpy2.utils.deserialize(theirs.Holder(), serialize(value))
    assert (found.odd, found.all) == (-(2**31), [int(each) for each in everything])
    plain = fastthrift.to_dict(value, enums="name")
    assert plain["all"][-3:] == ["HIGH", 99, -1]
    assert fastthrift.from_dict(module.Holder, plain) == value


def test_names_and_numbers_that_come_twice() -> None:
    text = (
        "enum Twice { A = 1, B = 1, C = 2, A = 7 } enum None_ {} struct S { 1: Twice t = Twice.A }"
    )
    module = fastthrift.load_fp(
        io.StringIO(text), f"twice_{next(_serial)}_thrift", enums="int_enum"
    )
    twice = module.Twice
    assert twice._NAMES_TO_VALUES == {"A": 7, "B": 1, "C": 2} == dict(twice.__members__)
    assert module.S().t is twice.A
    assert list(module.None_) == []


# sets


def test_sets_are_sets_in_every_protocol(load: Any) -> None:
    module = load(sets="set")
    point = module.shared.Point
    value = module.Paint(
        used={1, 2},
        rows={(1, 2), (3,)},
        groups={frozenset({"a", "b"}), frozenset()},
        points={point(1, 2), point(3, 4)},
        keyed={frozenset({1, 2}): 3},
    )
    for found in there_and_back(value):
        assert found == value
        assert {type(getattr(found, name)) for name in ("used", "rows", "groups", "points")} == {
            set
        }
        assert {type(each) for each in found.rows} == {tuple}
        assert {type(each) for each in found.groups} == {frozenset}
        assert point(1, 2) in found.points
        assert found.keyed[frozenset({2, 1})] == 3


def test_what_has_no_hash_stays_a_list(load: Any) -> None:
    module = load(sets="set")
    value = module.Paint(maps=[{"a": 1}, {"b": 2}])
    for found in there_and_back(value):
        assert found.maps == [{"a": 1}, {"b": 2}]


#: Types of sets, defaults as the IDL writes them, and what they are.
DEFAULTS = [
    ("set<map<i32, i32>>", "[{1: 2}, {3: 4}]", [{1: 2}, {3: 4}]),
    ("set<list<map<i32, i32>>>", "[[{1: 2}]]", [[{1: 2}]]),
    ("set<set<map<i32, i32>>>", "[[{1: 2}]]", [[{1: 2}]]),
    ("map<i32, set<map<i32, i32>>>", "{5: [{1: 2}]}", {5: [{1: 2}]}),
    ("set<map<i32, i32>>", "[]", []),
    ("set<list<i32>>", "[[1, 2]]", {(1, 2)}),
    ("set<set<i32>>", "[[1, 2]]", {frozenset({1, 2})}),
    ("set<list<set<i32>>>", "[[[1]]]", {(frozenset({1}),)}),
]


@pytest.mark.parametrize(("kind", "text", "value"), DEFAULTS)
def test_defaults_of_sets_are_what_is_read_of_them(kind: str, text: str, value: Any) -> None:
    idl = f"struct S {{ 1: {kind} v = {text} }} const {kind} DEFAULT = {text}"
    for options in {"sets": "set"}, {"sets": "set", "frozen": True, "strict": True}:
        name = f"defaults_{next(_serial)}_thrift"
        module = fastthrift.load_fp(io.StringIO(idl), name, **options)  # type: ignore[arg-type]
        assert module.S().v == module.DEFAULT == value
        for found in there_and_back(module.S()):
            assert found == module.S()
            assert hash(found) == hash(module.S())
    # Without the option a set is written, and read as a list.
    usual = fastthrift.load_fp(io.StringIO(idl), f"defaults_{next(_serial)}_thrift")
    assert usual.S().v == value
    assert fastthrift.encode(usual.S()) == fastthrift.encode(module.S())
    assert all(isinstance(found.v, list | dict) for found in there_and_back(usual.S()))


def test_sets_are_written_of_any_collection(load: Any) -> None:
    module, usual = load(sets="set"), load()
    for given in ({3}, frozenset({3}), [3], (3,)):
        for each in FACTORIES:
            written = serialize(module.Paint(used=given), each)
            assert written == serialize(usual.Paint(used=[3]), each)
    assert module.Paint().used is None
    empty = fastthrift.decode(module.Paint, fastthrift.encode(module.Paint(used=[])))
    assert empty.used == set()


def test_an_element_that_comes_twice_is_there_once(load: Any) -> None:
    module, usual = load(sets="set"), load()
    data = bytearray(serialize(usual.Paint(used=[1, 2])))
    at = data.index(b"\x00\x00\x00\x02", data.index(b"\x0e\x00\x04")) + 4
    data[at + 4 : at + 8] = data[at : at + 4]
    assert fastthrift.decode(module.Paint, bytes(data)).used == {1}


def test_what_the_hash_of_an_element_raises_passes(load: Any) -> None:
    module = load(sets="set")
    data = fastthrift.encode(module.Paint(points=[module.shared.Point(1, 2)]))
    module.shared.Point.__hash__ = None
    with pytest.raises(TypeError, match="unhashable type: 'Point'"):
        fastthrift.decode(module.Paint, data)


# frozen


def test_frozen_structs_cannot_be_changed(load: Any) -> None:
    module = load(frozen=True)
    value = module.Paint(colors=[1])
    with pytest.raises(AttributeError, match=r"cannot set 'color' of Paint.*frozen=True"):
        value.color = 2
    with pytest.raises(AttributeError, match="cannot delete 'color' of Paint"):
        del value.color
    with pytest.raises(AttributeError, match="cannot set 'other' of Paint"):
        value.other = 1
    choice = module.Choice(name="x")
    with pytest.raises(AttributeError, match="of Choice"):
        choice.name = None
    assert value == module.Paint(color=1, colors=[1])
    # Python itself writes into exceptions.
    error = module.Refused(color=1)
    error.color = 2
    # As it does into arguments.
    assert module.Shop.darker_args(color=1).color == 1


def test_frozen_structs_are_read_from_every_protocol(load: Any) -> None:
    module = load(frozen=True)
    value = module.Paint(color=2, origin=module.shared.Point(1, 2), names={1: "a"})
    for found in there_and_back(value):
        assert found == value
        with pytest.raises(AttributeError):
            found.origin.x = 1
    choice = module.Choice(name="x")
    assert there_and_back(choice) == [choice] * 8
    partial = fastthrift.decode(module.Paint, fastthrift.encode(value), only=("origin.x",))
    assert partial.origin == module.shared.Point(x=1)


def test_frozen_structs_are_keys_and_members(load: Any) -> None:
    module = load(frozen=True, sets="set")
    point = module.shared.Point
    assert {point(1, 2): "a"}[point(1, 2)] == "a"
    value = module.Paint(points={point(1, 2)}, colors=[1])
    found = fastthrift.decode(module.Paint, fastthrift.encode(value))
    assert found.points == {point(1, 2)}
    assert hash(found) == hash(value)
    assert {found, value} == {value}


def test_frozen_structs_are_copied_replaced_and_pickled(load: Any) -> None:
    module = load(frozen=True)
    value = module.Paint(color=2, colors=[1])
    assert value.__replace__(color=1) == module.Paint(color=1, colors=[1])
    assert value.color == 2
    assert copy.copy(value) == copy.deepcopy(value) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_a_subclass_of_a_frozen_struct_is_frozen_too(load: Any) -> None:
    module = load(frozen=True)

    class Named(module.Paint):  # type: ignore[misc, name-defined]
        title = "named"

    value = Named(color=2)
    with pytest.raises(AttributeError, match="of Named"):
        value.color = 1
    data = fastthrift.encode(value)
    assert data == fastthrift.encode(module.Paint(color=2))
    assert fastthrift.decode(Named, data) == value


def test_a_field_that_is_no_slot_is_frozen_too() -> None:
    text = "struct Odd { 1: i32 __x, 2: i32 thrift_spec_ }"
    module = fastthrift.load_fp(io.StringIO(text), f"odd_{next(_serial)}_thrift", frozen=True)
    value = module.Odd(**{"__x": 1, "thrift_spec_": 2})
    for found in there_and_back(value):
        assert found == value
    with pytest.raises(AttributeError):
        setattr(value, "__x", 2)


# calls


class Handler:
    def __init__(self, module: Any) -> None:
        self.module = module
        self.seen: list[Any] = []

    def darker(self, color: Any) -> Any:
        self.seen.append(color)
        if color == 5:
            raise self.module.Refused(color=color, codes={1, 2})
        return color

    def both(self, some: Any, others: Any) -> Any:
        self.seen += [some, others]
        return set(some) & set(others)

    def paint(self, paint: Any) -> Any:
        self.seen.append(paint)
        return paint


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda each: type(each).__name__)
def test_arguments_and_results_are_as_the_options_say(load: Any, factory: Any) -> None:
    module = load(enums="int_enum", sets="set", frozen=True)
    color, handler = module.shared.Color, Handler(module)
    with (
        serve(module.Shop, handler) as url,
        fastthrift.rpc.client_context(module.Shop, url=url, proto_factory=factory) as client,
    ):
        assert client.darker(color.RED) is color.RED
        assert client.darker(77) == 77
        assert client.both([1, 2], {2, 3}) == {2}
        paint = module.Paint(points={module.shared.Point(1, 2)})
        assert client.paint(paint) == paint
        with pytest.raises(module.Refused) as caught:
            client.darker(color.from_)
        assert caught.value.color is color.from_
        assert caught.value.codes == {1, 2}
    assert handler.seen[0] is color.RED
    assert type(handler.seen[1]) is int
    assert handler.seen[2:4] == [{1, 2}, {2, 3}]
    assert handler.seen[4] == paint


def test_options_hold_for_asyncio(load: Any) -> None:
    module = load(enums="int_enum", sets="set", frozen=True)
    color, handler = module.shared.Color, Handler(module)

    async def call(url: str) -> tuple[Any, Any]:
        host, port = url.rsplit("/", 1)[-1].split(":")
        client = await make_async_client(module.Shop, host, int(port))
        try:
            return await client.darker(2), await client.both({1, 2}, {2})
        finally:
            client.close()

    with serve(module.Shop, handler) as url:
        found, both = asyncio.run(call(url))
    assert found is color.GREEN
    assert both == {2}

    async def served() -> tuple[Any, Any]:
        async with async_client(module.Shop, handler) as client:
            return await client.darker(1), await client.paint(module.Paint(used={2}))

    handler.seen.clear()
    found, paint = asyncio.run(served())
    assert found is handler.seen[0] is color.RED
    assert paint == handler.seen[1] == module.Paint(used={color.GREEN})
    with pytest.raises(AttributeError):
        paint.color = 1


# modules


def test_other_options_are_other_modules(files: Path) -> None:
    path = files / "paint.thrift"
    usual, frozen = fastthrift.load(path), fastthrift.load(path, frozen=True)
    assert usual is not frozen
    assert usual is fastthrift.load(path)
    assert frozen is fastthrift.load(path, frozen=True)
    assert usual.Paint is not frozen.Paint
    assert usual.shared is not frozen.shared
    usual.Paint().color = 3
    with pytest.raises(AttributeError):
        frozen.shared.Point().x = 3


def test_a_module_name_has_one_set_of_options(load: Any, files: Path) -> None:
    name = f"paint_{next(_serial)}_thrift"
    module = fastthrift.load(files / "paint.thrift", name, sets="set")
    assert fastthrift.load(files / "paint.thrift", name, sets="set") is module
    with pytest.raises(ThriftModuleNameConflict, match=r"sets='set' already.* frozen=True"):
        fastthrift.load(files / "paint.thrift", name, frozen=True)
    with pytest.raises(ThriftModuleNameConflict, match="no such options"):
        fastthrift.load(files / "paint.thrift", name)
    with pytest.raises(ThriftModuleNameConflict):
        fastthrift.load_fp(io.StringIO("struct A {}"), name)
    assert sys.modules[name] is module


def test_pickles_find_the_classes_of_their_options(load: Any) -> None:
    usual, frozen = load(), load(frozen=True)
    for module in (usual, frozen):
        point = module.shared.Point(1, 2)
        found = pickle.loads(pickle.dumps([module.Paint(origin=point), point]))
        assert found == [module.Paint(origin=point), point]
        assert type(found[1]) is module.shared.Point
    assert usual.shared.Point is not frozen.shared.Point


@pytest.mark.parametrize(
    "option", [{"enums": "enum"}, {"enums": True}, {"sets": set}, {"frozen": 1}, {"frozen": "yes"}]
)
def test_a_value_that_an_option_does_not_have_is_refused(
    files: Path, option: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(option))} must be "):
        fastthrift.load(files / "paint.thrift", **option)


def test_the_import_hook_takes_the_options(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(files))
    try:
        fastthrift.install_import_hook(frozen=True)
        module = importlib.import_module("paint_thrift")
        with pytest.raises(AttributeError):
            module.Paint().color = 2
        assert module.shared.Color.RED == 1
        with pytest.raises(ValueError, match="frozen must be False or True, not 'yes'"):
            fastthrift.install_import_hook(frozen="yes")
        with pytest.raises(TypeError, match=r"load\(\) has no option 'frozne'; it has .* frozen, "):
            fastthrift.install_import_hook(frozne=True)
        fastthrift.install_import_hook(resolver=lambda name, place: None)
    finally:
        fastthrift.install_import_hook()
        fastthrift.remove_import_hook()
        for name in ("paint_thrift", "shared_thrift"):
            sys.modules.pop(name, None)


def test_load_module_takes_the_options(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(files))
    try:
        module = fastthrift.load_module("paint_thrift", frozen=True)
        with pytest.raises(AttributeError):
            module.Paint().color = 2
        assert fastthrift.load_module("paint_thrift", frozen=True, include_dirs=["."]) is module
        with pytest.raises(ThriftModuleNameConflict):
            fastthrift.load_module("paint_thrift")
    finally:
        for name in ("paint_thrift", "shared_thrift"):
            sys.modules.pop(name, None)
