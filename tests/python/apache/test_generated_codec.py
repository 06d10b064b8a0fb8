"""The codec for generated classes beside Apache's C extension: bytes, values and refusals."""

from __future__ import annotations

import gc
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.apache_compiled import generate
from support.generated import FACTORIES, build, decode, encode, flatten
from support.schemas import Schema, schemas
from thrift.protocol.TProtocol import TProtocolException
from thrift.transport.TTransport import TMemoryBuffer, TTransportException

STYLES = {
    "dict": "py",
    "slots": "py:slots",
    "dynamic": "py:dynamic",
    "dynamic_slots": "py:dynamic,slots",
    "no_utf8strings": "py:no_utf8strings",
}

IDL = """
enum Color { RED = 1, BLUE = 5 }
struct Inner { 9: Color color = Color.BLUE, 1: i32 a = 3, 4: optional string s, 5: binary b }
struct Held { 1: i32 x, 2: list<i32> (python.immutable = "") q } (python.immutable = "")
union Either { 1: i32 x, 2: Inner inner }
exception Refused { 1: string why, 2: Inner inner }
struct Outer {
  1: list<Inner> inners,
  2: map<string, set<i64>> sets,
  3: map<Held, list<list<bool>>> by_struct,
  4: set<string> (python.immutable = "") frozen,
  5: map<i32, string> (python.immutable = "") frozen_map,
  6: list<double> doubles = [0.5, 1.5],
  7: required bool flag,
  8: byte tiny,
  10: i16 small,
  11: i64 large,
  12: Either either,
  13: Refused refused,
  40: set<Held> held,
  41: list<binary> blobs,
  42: list<map<string, Inner>> maps,
  43: list<Color> colors,
}
struct Tree { 1: list<Tree> children, 2: string name }
"""

_modules: dict[str, ModuleType] = {}


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@pytest.fixture
def types(style: str, directory: Path) -> Any:
    if style not in _modules:
        name = f"generated_codec_{style}"
        _modules[style] = generate(IDL, name, directory, style=STYLES[style])["ttypes"]
    return _modules[style]


def every_field(types: Any) -> Any:
    inner = types.Inner(s="Grüße", b=b"\xff\x00")
    held = types.Held(x=1, q=(1, 2))
    return types.Outer(
        inners=[inner, types.Inner(a=None), types.Inner(color=types.Color.RED)],
        sets={"": set(), "numbers": {2**63 - 1, -(2**63), 0}},
        by_struct={held: [[True, False], []]},
        frozen=frozenset({"x"}),
        frozen_map=types.TFrozenDict({1: "one"}),
        flag=True,
        tiny=-128,
        small=-(2**15),
        large=2**40,
        either=types.Either(inner=inner),
        refused=types.Refused(why="no", inner=inner),
        held={held},
        blobs=[b"", b"\xfe"],
        maps=[{"a": inner}, {}],
        colors=[1, 5, 7],
    )


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("style", STYLES)
def test_bytes_and_values_are_those_of_apaches_extension(types: Any, protocol: str) -> None:
    theirs, ours = FACTORIES[protocol]
    # Newer compilers write no struct without a required field, whatever the protocol.
    little = types.Outer(flag=False)
    for obj in (every_field(types), little, types.Inner(), types.Tree(name="x")):
        data = encode(obj, theirs)
        assert encode(obj, ours) == data
        expected, _ = decode(type(obj), data + b"rest", theirs)
        found, rest = decode(type(obj), data + b"rest", ours)
        assert rest == b"rest"
        assert flatten(found) == flatten(expected)
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("style", STYLES)
def test_an_exception_is_read_as_a_new_object(types: Any, protocol: str) -> None:
    theirs, ours = FACTORIES[protocol]
    refused = types.Refused(why="no", inner=types.Inner())
    data = encode(refused, theirs)
    assert encode(refused, ours) == data
    found, _ = decode(types.Refused, data, ours)
    assert found == refused
    assert isinstance(found, Exception)


_count = iter(range(10**6))


@settings(max_examples=12)
@given(data=st.data(), schema=schemas())
@pytest.mark.parametrize("style", ["dict", "slots"])
def test_structs_of_any_schema_are_those_of_apaches_extension(
    directory: Path, style: str, data: Any, schema: Schema
) -> None:
    name = f"any_schema_{next(_count)}"
    types = generate(schema.idl(), name, directory, style=STYLES[style])["ttypes"]
    for struct in schema.structs:
        cls = getattr(types, struct.name)
        for plain in data.draw(st.lists(struct.values(), min_size=1, max_size=4)):
            obj = build(cls, plain)
            for theirs, ours in FACTORIES.values():
                try:
                    written = encode(obj, theirs)
                except TProtocolException as error:  # of a newer compiler: a field is unset
                    with pytest.raises(TProtocolException, match=str(error)):
                        encode(obj, ours)
                    continue
                assert encode(obj, ours) == written
                expected, _ = decode(cls, written, theirs)
                assert flatten(decode(cls, written, ours)[0]) == flatten(expected)


def outcome(cls: type, data: bytes, factory: Any) -> Any:
    """What reading gives, or that it was refused."""
    try:
        found, rest = decode(cls, data, factory)
    except Exception as error:
        return error
    return flatten(found), rest


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("style", ["dict", "slots"])
def test_every_truncation_is_an_end_of_file(types: Any, protocol: str) -> None:
    theirs, ours = FACTORIES[protocol]
    data = encode(every_field(types), theirs)
    for size in range(len(data)):
        assert type(outcome(types.Outer, data[:size], ours)) is EOFError, size


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("style", ["dict"])
def test_what_is_damaged_is_refused_by_apaches_exceptions_or_read_as_by_them(
    types: Any, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = FACTORIES[protocol]
    obj = every_field(types)
    # A byte that is neither 0 nor 1 is true here, as in Apache's own Python code, and false in its
    # extension.
    obj.flag = obj.by_struct = None
    monkeypatch.setattr(types.Outer, "validate", lambda _: None)
    data = encode(obj, theirs)
    chance = random.Random(14)
    read = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.choice([0, 1, 2, 0x7F, 0x80, 0xFF, 12])
        found = outcome(types.Outer, bytes(damaged), ours)
        if isinstance(found, Exception):
            # An element that no set can have is an error of Python's, in both.
            kinds = (EOFError, TProtocolException, TTransportException, TypeError)
            assert isinstance(found, kinds), repr(found)
            continue
        expected = outcome(types.Outer, bytes(damaged), theirs)
        if not isinstance(expected, Exception):
            read += 1
            assert found == expected, bytes(damaged).hex()
    assert read > 100


@pytest.mark.parametrize("style", ["dict", "slots"])
def test_a_tree_may_be_as_deep_as_for_apache(types: Any) -> None:
    def tree(levels: int) -> Any:
        node = types.Tree(name="leaf")
        for _ in range(levels - 1):
            node = types.Tree(children=[node])
        return node

    for theirs, ours in FACTORIES.values():
        data = encode(tree(64), theirs)
        assert encode(tree(64), ours) == data
        assert flatten(decode(types.Tree, data, ours)) == flatten(decode(types.Tree, data, theirs))
        for factory in (theirs, ours):
            with pytest.raises(TProtocolException) as caught:
                encode(tree(65), factory)
            assert caught.value.type == TProtocolException.DEPTH_LIMIT
    # A list in field 1, with one struct that is as deep as may be.
    deepest = encode(tree(64), FACTORIES["binary"][0])
    deeper = b"\x0f\0\1\x0c\0\0\0\1" + deepest + b"\0"
    with pytest.raises(TProtocolException) as caught:
        decode(types.Tree, deeper, FACTORIES["binary"][1])
    assert caught.value.type == TProtocolException.DEPTH_LIMIT


@pytest.mark.parametrize("style", ["dict"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tiny", 128),
        ("small", 2**15),
        ("large", 2**63),
        ("large", "x"),
        ("doubles", [None]),
        ("sets", []),
        ("sets", ()),
        ("sets", ""),
        ("maps", [[]]),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(
    types: Any, field: str, value: Any
) -> None:
    obj = types.Outer(**{"flag": True, field: value})
    for theirs, ours in FACTORIES.values():
        with pytest.raises((OverflowError, TypeError, SystemError)):
            encode(obj, theirs)
        with pytest.raises(TProtocolException, match=field) as caught:
            encode(obj, ours)
        assert caught.value.type == TProtocolException.INVALID_DATA


@pytest.mark.parametrize("style", ["dict"])
def test_limits_of_the_factory_hold(types: Any) -> None:
    from fastthrift.contrib import apache

    data = encode(types.Inner(s="x" * 100), FACTORIES["binary"][0])
    many = encode(types.Outer(flag=True, colors=[1] * 100), FACTORIES["binary"][0])
    small = apache.TBinaryProtocolAcceleratedFactory(
        string_length_limit=99, container_length_limit=99
    )
    for cls, message in ((types.Inner, data), (types.Outer, many)):
        with pytest.raises(TProtocolException) as caught:
            decode(cls, message, small)
        assert caught.value.type == TProtocolException.SIZE_LIMIT
    enough = apache.TBinaryProtocolFactory(string_length_limit=100, container_length_limit=100)
    assert decode(types.Inner, data, enough)[0].s == "x" * 100
    assert decode(types.Outer, many, enough)[0].colors == [1] * 100


@pytest.mark.parametrize("style", ["dict", "slots"])
def test_text_that_is_not_utf8_is_replaced_as_by_apache(types: Any) -> None:
    theirs, ours = FACTORIES["binary"]
    data = encode(types.Inner(s="ab"), theirs).replace(b"ab", b"\xffb")
    assert decode(types.Inner, data, ours)[0].s == "\ufffdb"
    keys = encode(types.Outer(flag=True, sets={"ab": {1}}), theirs).replace(b"ab", b"\xffb")
    assert decode(types.Outer, keys, ours)[0].sets == {"\ufffdb": {1}}


@pytest.mark.parametrize("style", ["dict"])
def test_a_class_that_makes_its_objects_in_its_own_way_is_asked(
    types: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = FACTORIES["binary"]
    data = encode(types.Either(inner=types.Inner(a=1)), theirs)
    assert decode(types.Either, data, ours)[0].inner.a == 1

    made = []
    usual = types.Inner.__init__

    def noting(self: Any, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        usual(self, *args, **kwargs)

    monkeypatch.setattr(types.Inner, "__init__", noting)
    assert decode(types.Either, data, ours)[0].inner is made[-1]
    monkeypatch.undo()
    count = len(made)
    decode(types.Either, data, ours)
    assert len(made) == count


def test_a_subclass_of_a_generated_class_is_read_and_written_as_itself(directory: Path) -> None:
    types: Any = generate("struct Point { 1: i32 x, 2: i32 y }", "generated_points", directory)
    types = types["ttypes"]

    class Noting(types.Point):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.noted = True

        @property
        def total(self) -> int:
            return self.x + self.y

    theirs, ours = FACTORIES["binary"]
    data = encode(Noting(x=1, y=2), ours)
    assert data == encode(types.Point(x=1, y=2), theirs)
    found, _ = decode(Noting, data, ours)
    assert (found.total, found.noted) == (3, True)


def test_an_init_that_does_anything_else_is_called(directory: Path) -> None:
    idl = "struct Inner { 1: i32 x, 2: i32 y } struct Outer { 1: Inner inner }"
    types: Any = generate(idl, "generated_changed", directory)["ttypes"]

    def changed(self: Any, x: Any = None, y: Any = None) -> None:
        self.x = x
        self.y = 7 if y is None else y

    types.Inner.__init__ = changed
    for theirs, ours in FACTORIES.values():
        empty = encode(types.Outer(inner=None), ours)
        assert decode(types.Outer, empty, ours)[0].inner is None
        inner = types.Inner(x=1)
        inner.y = None
        data = encode(types.Outer(inner=inner), theirs)
        assert decode(types.Outer, data, ours)[0].inner.y == 7


def test_enums_of_python_are_read_as_by_apache(directory: Path) -> None:
    idl = (
        "enum Color { RED = 1, BLUE = 5 } struct Pen { 1: Color color = Color.BLUE, 2: i32 width }"
    )
    types: Any = generate(idl, "generated_enums", directory, style="py:enum")["ttypes"]
    for theirs, ours in FACTORIES.values():
        for pen in (types.Pen(), types.Pen(color=types.Color.RED, width=3), types.Pen(color=1)):
            data = encode(pen, theirs)
            assert encode(pen, ours) == data
            expected = flatten(decode(types.Pen, data, theirs))
            assert flatten(decode(types.Pen, data, ours)) == expected


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.parametrize("style", ["dict", "slots", "dynamic", "dynamic_slots"])
def test_objects_as_the_compiler_makes_them_are_made_without_a_call(
    types: Any, protocol: str
) -> None:
    theirs, ours = FACTORIES[protocol]
    inners = [types.Either(inner=types.Inner(a=number)) for number in range(5)]
    data = encode(types.Tree(children=[types.Tree(name=str(n)) for n in range(5)]), theirs)
    nested = [encode(either, theirs) for either in inners]
    trans = TMemoryBuffer(data)
    made: list[str] = []

    def note(frame: Any, event: str, _arg: Any) -> None:
        if event == "call" and frame.f_code.co_name == "__init__":
            made.append(frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname") else "")

    protocol_object = ours.getProtocol(trans)
    tree = types.Tree()
    sys.setprofile(note)
    try:
        tree.read(protocol_object)
    finally:
        sys.setprofile(None)
    assert len(tree.children) == 5
    assert made == []
    assert [decode(types.Either, each, ours)[0] for each in nested] == inners


def test_classes_that_refer_to_each_other_are_collected(directory: Path) -> None:
    idl = "struct A { 1: B b, 2: list<A> more } struct B { 1: map<i32, A> a }"
    types: Any = generate(idl, "generated_circles", directory)["ttypes"]
    code = compile(Path(types.__file__).read_text(), types.__file__, "exec")

    def plans() -> int:
        gc.collect()
        return sum(type(found).__name__ == "GeneratedPlan" for found in gc.get_objects())

    def make_and_use() -> None:
        made: dict[str, Any] = {"__name__": types.__name__, "__package__": "generated_circles"}
        exec(code, made)
        value = made["A"](b=made["B"](a={1: made["A"]()}), more=[made["A"]()])
        for _, ours in FACTORIES.values():
            assert decode(made["A"], encode(value, ours), ours) == (value, b"")

    make_and_use()
    before = plans()
    for _ in range(5):
        make_and_use()
    assert plans() == before
