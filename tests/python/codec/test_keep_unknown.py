"""`keep_unknown`: what the IDL of a module does not know comes out again as it came in."""

from __future__ import annotations

import copy
import io
import itertools
import pickle
import re
import struct
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
    binary,
)
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TEncodeException,
    TInvalidStructException,
    TProtocolException,
)
from fastthrift.thrift import TType
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer
from fastthrift.urls import parse
from fastthrift.utils import deserialize
from hypothesis import given, settings
from hypothesis import strategies as st
from peers import apache, reference
from support.compare import Loaded
from support.schemas import Schema, block, schemas
from support.values import build, flatten

JSON = TApacheJSONProtocolFactory()
PROTOCOLS = ["binary", "compact", pytest.param(JSON, id="json")]


def factory_of(protocol: Any) -> Any:
    named = {"binary": TBinaryProtocolFactory(), "compact": TCompactProtocolFactory()}
    return named.get(protocol, protocol)


_serial = itertools.count()


def load(text: str, **options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"keep_{next(_serial)}_thrift", **options)


NEWER = load("""
    struct Inner { 1: string a, 2: list<i32> numbers, 3: optional bool flag }
    union Choice { 1: i32 number, 2: string word, 3: Inner inner }
    exception Refused { 1: string why, 2: Inner about, 3: i64 code }
    struct All {
        1: i32 id, 2: bool yes, 3: bool no, 4: list<Inner> inners, 5: map<string, list<Inner>> table
        6: string name, 7: double d, 8: set<i64> numbers, 9: i8 small, 10: i16 short, 11: i64 long
        12: Inner one, 13: binary raw, 14: uuid key, 15: list<bool> flags
        16: list<list<Inner>> deep, 17: map<i32, Choice> choices, 18: Choice choice
        19: Refused refused, 400: string far
    }
""")
OLD_IDL = """
    struct Inner { 2: list<i32> numbers }
    union Choice { 1: i32 number }
    exception Refused { 2: Inner about }
    struct All {
        1: i32 id, 4: list<Inner> inners, 6: string name, 12: Inner one
        16: list<list<Inner>> deep, 17: map<i32, Choice> choices, 18: Choice choice
        19: Refused refused
    }
"""
OLD = load(OLD_IDL, keep_unknown=True)


def inner(text: str) -> Any:
    return NEWER.Inner(text, [len(text)], True)


ALL = NEWER.All(
    id=7, yes=True, no=False, inners=[inner("x"), NEWER.Inner(None, [], False)],
    table={"k": [inner("in a table")]}, name="Grüße", d=-0.1, numbers=[2**40, -1], small=-1,
    short=300, long=2**62, one=inner("one"), raw=b"raw", key=uuid.UUID(int=5),
    flags=[True, False], deep=[[inner("d")], [], [inner("e"), inner("")]],
    choices={1: NEWER.Choice(word="w"), 2: NEWER.Choice(inner=inner("c"))},
    choice=NEWER.Choice(number=3), refused=NEWER.Refused("no", inner("r"), 5), far="far",
)  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_not_known_comes_out_as_it_came(protocol: Any) -> None:
    data = fastthrift.encode(ALL, protocol)
    old = fastthrift.decode(OLD.All, data, protocol)
    assert (old.id, old.inners[0].numbers, old.name) == (7, [1], "Grüße")
    assert old.choices[1].number is None
    assert fastthrift.encode(old, protocol) == data


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_known_can_be_changed(protocol: Any) -> None:
    old = fastthrift.decode(OLD.All, fastthrift.encode(ALL, protocol), protocol)
    old.name = "changed"
    old.one = None
    old.inners.append(OLD.Inner([9]))
    old.deep[2].pop()
    expected = copy.deepcopy(ALL)
    expected.name = "changed"
    expected.one = None
    expected.inners.append(NEWER.Inner(None, [9]))
    expected.deep[2].pop()
    assert fastthrift.encode(old, protocol) == fastthrift.encode(expected, protocol)


def older(schema: Schema, data: Any) -> str:
    """The IDL of a schema without some of its fields, and with others of another type."""
    blocks = [
        block(f"enum {name}", [f"M{index} = {number}," for index, number in enumerate(numbers)])
        for name, numbers in schema.enums.items()
    ]
    for made in schema.structs:
        lines = []
        for line in made.lines:
            what = data.draw(st.sampled_from(["keep", "keep", "drop", "retype"]))
            # With a default what did not come is written.
            line = re.sub(r" = .*", ",", line)
            if what == "retype":
                other = "i64" if " double " in line else "double"
                line = re.sub(r"(\d+: )(optional |required )?.* (\w+,)", rf"\1{other} \3", line)
            if what != "drop":
                lines.append(line)
        blocks.append(block(f"{made.keyword} {made.name}", lines))
    return "\n".join(blocks)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


@pytest.mark.parametrize("protocol", ["binary", "compact", "apache_json"])
@settings(max_examples=20)
@given(data=st.data())
def test_messages_of_other_libraries_with_any_newer_schema(
    protocol: str, directory: Path, data: Any
) -> None:
    schema = data.draw(schemas())
    newer = Loaded.from_text(directory, schema.idl())
    older_module = load(older(schema, data), keep_unknown=True)
    for made in schema.structs:
        plain = data.draw(made.values())
        if protocol == "apache_json":
            model = getattr(newer.reference, made.name)
            messages = [apache.encode(newer.apache.build(model, plain), protocol, "pure")]
        else:
            theirs = build(getattr(newer.reference, made.name), plain)
            messages = [reference.encode(theirs, protocol)]
            if schema.ordered:
                model = type(theirs)
                messages.append(apache.encode(newer.apache.build(model, plain), protocol))
        spoken = JSON if protocol == "apache_json" else protocol
        for message in messages:
            kept = fastthrift.decode(getattr(older_module, made.name), message, spoken)
            written = fastthrift.encode(kept, spoken)
            if protocol == "apache_json":
                # Texts and numbers that are known can be written in more than one way.
                cls = getattr(newer.subject, made.name)
                twice = [fastthrift.decode(cls, text, JSON) for text in (written, message)]
                assert flatten(twice[0]) == flatten(twice[1])
            else:
                assert written == message
            again = pickle.loads(pickle.dumps(copy.deepcopy(kept)))
            assert fastthrift.encode(again, spoken) == written


@pytest.mark.parametrize("source", ["memory", "buffered", "framed", "foreign"])
def test_transports_do_not_matter(source: str) -> None:
    data = fastthrift.encode(ALL)
    if source == "memory":
        transport: Any = TMemoryBuffer(data)
    elif source == "buffered":
        transport = TBufferedTransport(io.BytesIO(data), 1024)
    elif source == "framed":
        transport = TFramedTransport(TMemoryBuffer(struct.pack("!i", len(data)) + data))
    else:
        transport = io.BytesIO(data)
    old = OLD.All()
    old.read(TBinaryProtocolFactory().get_protocol(transport))
    assert fastthrift.encode(old) == data


def test_order_of_ids_and_fields() -> None:
    """An unknown field stands behind the known one that it came behind."""
    newer = load("struct S { 9: i32 z, 2: i32 b, 30: i32 x, 1: i32 a, 5: i32 e }")
    old = load("struct S { 2: i32 b, 1: i32 a }", keep_unknown=True)
    for protocol in "binary", "compact":
        data = fastthrift.encode(newer.S(1, 2, 3, 4, 5), protocol)
        assert fastthrift.encode(fastthrift.decode(old.S, data, protocol), protocol) == data
        # Without the field it came behind, the place is still the same.
        data = fastthrift.encode(newer.S(1, None, 3, 4, 5), protocol)
        changed = fastthrift.decode(old.S, data, protocol)
        assert fastthrift.encode(changed, protocol) == data
    # Fields in another order than that of the IDL are written in that of the IDL.
    turned = load("struct S { 1: i32 a, 2: i32 b }", keep_unknown=True)
    read = fastthrift.decode(turned.S, fastthrift.encode(newer.S(1, 2, 3, 4, 5)))
    back = fastthrift.decode(newer.S, fastthrift.encode(read))
    assert back == newer.S(1, 2, 3, 4, 5)


def test_a_field_that_comes_twice_is_kept_twice() -> None:
    data = b"\x08\x00\x05\0\0\0\1" * 2 + b"\0"
    old = fastthrift.decode(load("struct S {}", keep_unknown=True).S, data)
    assert fastthrift.encode(old) == data


OTHER_TYPES = [
    ("list<i64>", [1, 2], "list<i32>"),
    ("set<string>", ["a"], "set<i32>"),
    ("list<list<i64>>", [[1]], "list<i32>"),
    ("map<string, i64>", {"a": 1}, "map<string, i32>"),
    ("map<string, i64>", {"a": 1, "b": 2}, "map<i32, i64>"),
    ("list<bool>", [True], "set<bool>"),
    ("bool", True, "i32"),
    ("string", "text", "list<string>"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("arrays", [None, "array"])
@pytest.mark.parametrize(("new_type", "value", "old_type"), OTHER_TYPES)
def test_a_value_of_another_type_is_kept(
    new_type: str, value: Any, old_type: str, arrays: Any, protocol: Any
) -> None:
    newer = load(f"struct S {{ 1: i32 a, 2: {new_type} v, 3: i32 b }}")
    old = load(f"struct S {{ 1: i32 a, 2: {old_type} v, 3: i32 b }}", keep_unknown=True)
    data = fastthrift.encode(newer.S(1, value, 2), protocol)
    read = fastthrift.decode(old.S, data, protocol, arrays=arrays)
    assert (read.a, read.v, read.b) == (1, None, 2)
    assert [field.id for field in fastthrift.unknown_fields(read)] == [2]
    assert fastthrift.encode(read, protocol) == data
    read.v = {"i32": 5, "list": [], "set<": [], "map<": {}}[old_type[:4]]
    if new_type.startswith(old_type[:4]):
        # Readers would take one for the other.
        with pytest.raises(TEncodeException, match="came with elements of another type") as caught:
            fastthrift.encode(read, protocol)
        assert caught.value.path == "v"
        del read.__thrift_unknown__
        assert fastthrift.decode(old.S, fastthrift.encode(read, protocol), protocol).v == read.v
        return
    # Each side finds its own where the program sets the field.
    both = fastthrift.encode(read, protocol)
    assert fastthrift.decode(old.S, both, protocol).v == read.v
    assert fastthrift.decode(newer.S, both, protocol) == newer.S(1, value, 2)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("new_type", "value", "old_type"), OTHER_TYPES)
def test_what_came_with_another_type_has_no_default_beside_it(
    new_type: str, value: Any, old_type: str, protocol: Any
) -> None:
    default = {"i32": "5", "list": "[]", "set<": "[]", "map<": "{}"}[old_type[:4]]
    newer = load(f"struct S {{ 1: i32 a, 2: {new_type} v, 3: i32 b }}")
    text = f"1: i32 a, 2: {old_type} v = {default}, 3: i32 b = 7"
    old = load(f"struct S {{ {text} }} exception E {{ {text} }}", keep_unknown=True)

    class Mine(old.S):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__(b=8)

    data = fastthrift.encode(newer.S(1, value, 2), protocol)
    for cls in old.S, old.E, Mine:
        read = fastthrift.decode(cls, data, protocol)
        assert (read.a, read.v, read.b) == (1, None, 2)
        assert fastthrift.encode(read, protocol) == data
    filled = fastthrift.decode(old.S, fastthrift.encode(old.S(4, b=6), protocol), protocol)
    assert filled.v is not None
    filled.read(factory_of(protocol).get_protocol(TMemoryBuffer(data)))
    assert fastthrift.encode(filled, protocol) == data
    # What did not come at all has its default, as ever.
    assert fastthrift.decode(old.S, fastthrift.encode(newer.S(1), protocol), protocol).b == 7


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_a_field_that_comes_with_elements_of_two_types_is_refused(
    protocol: str, order: int
) -> None:
    """Of which readers take the last for both."""
    one, other = load("struct S { 1: list<i64> v }"), load("struct S { 1: list<i32> v }")
    parts = [fastthrift.encode(module.S([1]), protocol)[:-1] for module in (one, other)]
    old = load("struct S { 1: list<i32> v } exception E { 1: list<i32> v }", keep_unknown=True)
    first, second = parts[::-1] if order else parts
    if protocol == "compact":
        # The header of a field behind another one of its id is long.
        second = b"\x09\x02" + second[1:]
    data = first + second + b"\0"
    for cls in old.S, old.E:
        with pytest.raises(TProtocolException, match="came twice, with elements") as caught:
            fastthrift.decode(cls, data, protocol)
        assert "in v" in str(caught.value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_container_in_a_container_of_another_type_is_refused(protocol: Any) -> None:
    newer = load("struct S { 1: list<list<i64>> v }")
    idl = "struct S { 1: list<list<i32>> v }"
    data = fastthrift.encode(newer.S([[], [1]]), protocol)
    for arrays in (None, "array"):
        with pytest.raises(TProtocolException, match="keep_unknown cannot keep") as caught:
            fastthrift.decode(load(idl, keep_unknown=True).S, data, protocol, arrays=arrays)
        assert "in v" in str(caught.value)
    assert fastthrift.decode(load(idl).S, data, protocol).v == [[], []]
    assert fastthrift.decode(load(idl, keep_unknown=True).S, b"\x0f\0\1\x0f\0\0\0\0\0").v == []


BINARY_AND_COMPACT = [("binary", "compact"), ("compact", "binary")]


@pytest.mark.parametrize(("read", "written"), BINARY_AND_COMPACT)
def test_binary_and_compact_are_turned_into_each_other(read: str, written: str) -> None:
    old = fastthrift.decode(OLD.All, fastthrift.encode(ALL, read), read)
    assert fastthrift.encode(old, written) == fastthrift.encode(ALL, written)


@pytest.mark.parametrize("other", ["binary", "compact"])
def test_json_is_turned_into_others_where_there_is_no_string(other: str) -> None:
    numbers = NEWER.All(
        id=1, yes=True, no=False, d=float("inf"), numbers=[1, 2], small=1, short=2, long=3,
        key=uuid.UUID(int=7), flags=[False], choices={1: NEWER.Choice(number=5)},
    )  # fmt: skip
    for read, written in (JSON, other), (other, JSON):
        old = fastthrift.decode(OLD.All, fastthrift.encode(numbers, read), read)
        assert fastthrift.encode(old, written) == fastthrift.encode(numbers, written)
        old = fastthrift.decode(OLD.All, fastthrift.encode(ALL, read), read)
        with pytest.raises(TProtocolException, match="text or binary"):
            fastthrift.encode(old, written)


def test_thriftpy2s_json_refuses_what_has_no_name() -> None:
    old = fastthrift.decode(OLD.All, fastthrift.encode(ALL))
    protocol = TJSONProtocolFactory().get_protocol(TMemoryBuffer())
    with pytest.raises(TProtocolException, match=r"unknown field .* names of fields"):
        protocol.write_struct(old)
    protocol.write_struct(OLD.All(id=1))


def test_text_of_json_is_kept_to_the_blank() -> None:
    text = (
        b'{"1":{"i32":1},"77":{"lst":["rec", 2, {"1" : {"dbl":1.50}} , {}]},"78":{"str":"\\u00e9"}}'
    )
    old = fastthrift.decode(OLD.All, text, JSON)
    assert fastthrift.encode(old, JSON) == text


def test_unknown_fields_tells_what_is_kept() -> None:
    data = fastthrift.encode(NEWER.All(id=1, yes=True, far="x"), "compact")
    old = fastthrift.decode(OLD.All, data, "compact")
    told = fastthrift.unknown_fields(old)
    assert [(f.id, f.ttype, f.protocol, f.value) for f in told] == [
        (2, TType.BOOL, "compact", b"\1"),
        (400, TType.STRING, "compact", b"\1x"),
    ]
    assert repr(told[1]) == "UnknownField(id=400, ttype=11, protocol=\"compact\", value=b'\\x01x')"
    assert fastthrift.unknown_fields(OLD.All()) == ()
    assert fastthrift.unknown_fields(NEWER.All()) == ()
    assert repr(fastthrift.decode(OLD.Inner, fastthrift.encode(inner("a")))) == (
        "Inner(numbers=[1], __thrift_unknown__=<unknown fields 1: string, 3: bool>)"
    )


def test_unknown_fields_names_apaches_json_as_urls_do() -> None:
    old = fastthrift.decode(OLD.All, fastthrift.encode(NEWER.All(id=1, yes=True), JSON), JSON)
    (told,) = fastthrift.unknown_fields(old)
    assert told.protocol == "apache_json"
    of_url = parse(f"tcp://127.0.0.1:1?protocol={told.protocol}").protocol_factory()
    assert type(of_url) is type(JSON)
    assert pickle.loads(pickle.dumps(old)) == old


def test_copies_pickles_and_comparison() -> None:
    # Exceptions are equal to themselves only.
    whole = copy.deepcopy(ALL)
    whole.refused = None
    data = fastthrift.encode(whole)
    old = fastthrift.decode(OLD.All, data)
    twins = [copy.copy(old), copy.deepcopy(old), pickle.loads(pickle.dumps(old))]
    twins.append(fastthrift.decode(OLD.All, data))
    for twin in twins:
        assert twin == old
        assert hash(twin) == hash(old)
        assert fastthrift.encode(twin) == data
    other = copy.deepcopy(whole)
    other.far = "farther"
    assert fastthrift.decode(OLD.All, fastthrift.encode(other)) != old
    replaced = old.__replace__(name="other")
    expected = copy.deepcopy(whole)
    expected.name = "other"
    assert fastthrift.encode(replaced) == fastthrift.encode(expected)
    if sys.version_info >= (3, 13):
        assert copy.replace(old, name="other") == replaced


def test_what_is_kept_is_equal_wherever_it_came() -> None:
    old = load("struct S { 5: i32 a, 6: i32 b }", keep_unknown=True)
    newer = "1: i32 p, 2: i32 q"
    orders = [
        f"{newer}, 5: i32 a, 6: i32 b",
        f"5: i32 a, {newer}, 6: i32 b",
        "2: i32 q, 5: i32 a, 1: i32 p, 6: i32 b",
        "6: i32 b, 5: i32 a, 2: i32 q, 1: i32 p",
    ]
    read = []
    for fields in orders:
        module = load(f"struct S {{ {fields} }}")
        data = fastthrift.encode(module.S(p=1, q=2, a=3, b=4))
        read.append(fastthrift.decode(old.S, data))
    assert len({fastthrift.encode(each) for each in read}) > 1
    for each in read:
        assert each == read[0]
        assert each.__thrift_unknown__ == read[0].__thrift_unknown__
        assert hash(each) == hash(read[0])
    assert len(set(read)) == 1
    # Of a field that comes more than once readers take the last.
    make = type(read[0].__thrift_unknown__)
    parts = [(None, 1, TType.BOOL, "binary", b"\0"), (None, 1, TType.BOOL, "binary", b"\1")]
    assert make(parts) != make(parts[::-1])
    assert make(parts) != make(parts[:1])
    assert make([(7, *part[1:]) for part in parts]) == make(parts)


@pytest.mark.parametrize("options", [{}, {"frozen": True}], ids=str)
def test_what_is_kept_can_be_dropped(options: Any) -> None:
    module = load(OLD_IDL, keep_unknown=True, **options)
    data = fastthrift.encode(inner("a"))
    old = fastthrift.decode(module.Inner, data)
    without = old.__replace__(__thrift_unknown__=None)
    assert without == module.Inner([1])
    assert not hasattr(without, "__thrift_unknown__")
    both = old.__replace__(__thrift_unknown__=None, numbers=[7])
    assert both == module.Inner([7])
    assert fastthrift.encode(old) == data
    if options:
        with pytest.raises(AttributeError, match="frozen=True: make another one"):
            del old.__thrift_unknown__
    else:
        del old.__thrift_unknown__
        assert old == without
    refused = module.Refused(NEWER.Inner())
    assert refused.__replace__(__thrift_unknown__=None).about == refused.about
    with pytest.raises(TypeError, match="has no field"):
        old.__replace__(__thrift_other__=None)


def test_strict_names_what_is_kept_in_place_of_what_it_misses() -> None:
    newer = load("""
        struct S { 1: list<i64> v, 2: string name, 3: i32 a }
        struct U { 1: i32 n, 9: i32 x }
    """)
    old = load(
        "struct S { 1: required list<i32> v, 2: required i32 name, 3: required i32 a, "
        "4: required i32 b } union U { 1: i32 n }",
        keep_unknown=True, strict=True,
    )  # fmt: skip
    with pytest.raises(TInvalidStructException) as caught:
        fastthrift.decode(old.S, fastthrift.encode(newer.S([1], "n", 1)))
    missing = "is required, and not set"
    assert caught.value.problems == [
        ("v", f"{missing}: unknown field 1 is kept in its place, a list of another type"),
        ("name", f"{missing}: unknown field 2 is kept in its place, a string of another type"),
        ("b", missing),
    ]
    with pytest.raises(TInvalidStructException) as caught:
        fastthrift.decode(old.U, fastthrift.encode(newer.U(1, 2)))
    text = "a union must have exactly one field set, not 2, with unknown field 9"
    assert caught.value.problems == [("", text)]


def test_values_and_messages_in_a_row_keep_what_they_bring() -> None:
    value = inner("a")
    data = fastthrift.encode(value)
    read = binary.read_val(TMemoryBuffer(data), TType.STRUCT, OLD.Inner)
    assert fastthrift.encode(read) == data
    buffer = TMemoryBuffer()
    binary.write_val(buffer, TType.STRUCT, read, OLD.Inner)
    assert buffer.getvalue() == data
    for protocol in (None, "binary", TBinaryProtocolFactory()):
        rows = fastthrift.read_messages(data * 2, OLD.Inner, protocol)
        assert [fastthrift.encode(each) for each in rows] == [data, data]


def test_an_object_that_is_read_again_keeps_what_came_last() -> None:
    old = OLD.Inner()
    for value in inner("first"), inner("second"), NEWER.Inner(numbers=[1]):
        data = fastthrift.encode(value)
        old.read(TBinaryProtocolFactory().get_protocol(TMemoryBuffer(data)))
        assert fastthrift.encode(old) == data
    refused = OLD.Refused()
    for error in NEWER.Refused("no", inner("r"), 5), NEWER.Refused():
        data = fastthrift.encode(error)
        refused.about = None
        refused.read(TBinaryProtocolFactory().get_protocol(TMemoryBuffer(data)))
        assert fastthrift.encode(refused) == data


def test_a_subclass_keeps_as_its_base_does() -> None:
    class Mine(OLD.Inner):  # type: ignore[name-defined, misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.seen = True

    data = fastthrift.encode(inner("text"))
    mine = fastthrift.decode(Mine, data)
    assert mine.seen
    assert fastthrift.encode(mine) == data


def test_a_selection_keeps_nothing_beside_it() -> None:
    old = fastthrift.decode(OLD.All, fastthrift.encode(ALL), only=["name", "one"])
    assert fastthrift.unknown_fields(old) == ()
    # What is chosen as a whole is whole.
    assert fastthrift.encode(old.one) == fastthrift.encode(ALL.one)
    assert fastthrift.encode(old) == fastthrift.encode(NEWER.All(name=ALL.name, one=ALL.one))


def test_arrays_beside_what_is_kept() -> None:
    newer = load("struct S { 1: list<i64> v, 2: list<i64> w, 3: list<list<i64>> x, 4: i32 y }")
    idl = "struct S { 1: list<i64> v, 2: list<i32> w, 3: list<list<i64>> x }"
    old = load(idl, keep_unknown=True)
    data = fastthrift.encode(newer.S([1, 2], [3], [[4]], 5))
    read = fastthrift.decode(old.S, data, arrays="array")
    assert (read.v.typecode, list(read.v), read.w, list(read.x[0])) == ("q", [1, 2], None, [4])
    assert fastthrift.encode(read) == data


def test_without_the_option_nothing_is_kept() -> None:
    plain = load(OLD_IDL)
    old = fastthrift.decode(plain.All, fastthrift.encode(ALL))
    assert fastthrift.unknown_fields(old) == ()
    assert vars(old).keys() == {field[1] for field in plain.All.thrift_spec.values()}


def test_a_file_can_be_loaded_with_the_option_and_without(tmp_path: Path) -> None:
    (tmp_path / "part.thrift").write_text("struct Part { 1: i32 a }")
    file = tmp_path / "whole.thrift"
    file.write_text('include "part.thrift"\nstruct Whole { 1: part.Part part }')
    plain = fastthrift.load(str(file))
    keeping = fastthrift.load(str(file), keep_unknown=True)
    assert plain is fastthrift.load(str(file))
    assert keeping is fastthrift.load(str(file), keep_unknown=True)
    assert keeping.Whole is not plain.Whole
    newer = load("struct Part { 1: i32 a, 2: i32 b } struct Whole { 1: Part part, 2: i32 c }")
    data = fastthrift.encode(newer.Whole(newer.Part(1, 2), 3))
    assert fastthrift.encode(fastthrift.decode(keeping.Whole, data)) == data
    assert fastthrift.encode(fastthrift.decode(plain.Whole, data)) != data


@pytest.mark.parametrize("protocol", PROTOCOLS[:2])
@pytest.mark.parametrize("options", [{"frozen": True}, {"strict": True}, {"sets": "set"}], ids=str)
def test_the_option_goes_with_others_that_make_classes(options: Any, protocol: str) -> None:
    """Of a union the one field that is set may be unknown."""
    old = load(OLD_IDL, keep_unknown=True, **options)
    data = fastthrift.encode(ALL, protocol)
    read = fastthrift.decode(old.All, data, protocol)
    assert read.choices[1].number is None
    assert fastthrift.encode(read, protocol) == data
    assert fastthrift.encode(copy.deepcopy(read), protocol) == data


def test_a_union_with_a_known_and_an_unknown_field_is_told_where_that_is_asked_for() -> None:
    newer = load("struct U { 1: i32 number, 2: string word }")
    old = load("union U { 1: i32 number }", keep_unknown=True, strict=True)
    with pytest.raises(TProtocolException, match="exactly one field set, not 2"):
        fastthrift.decode(old.U, fastthrift.encode(newer.U(1, "w")))


def test_plain_data_has_the_known_fields() -> None:
    old = fastthrift.decode(OLD.Inner, fastthrift.encode(inner("a")))
    assert fastthrift.to_dict(old) == {"numbers": [1]}
    assert fastthrift.to_json(old) == b'{"numbers":[1]}'
    assert fastthrift.from_dict(OLD.Inner, {"numbers": [1]}) == OLD.Inner([1])


def nested(levels: int) -> bytes:
    """A struct whose field 9 holds structs in structs."""
    return b"\x0c\x00\x09" * levels + b"\0" * (levels + 1)


def test_nesting_is_bounded_in_what_is_kept() -> None:
    limited = TBinaryProtocolFactory(max_depth=10)
    assert fastthrift.encode(fastthrift.decode(OLD.Inner, nested(9), limited), limited) == nested(9)
    with pytest.raises(TDepthLimitException):
        fastthrift.decode(OLD.Inner, nested(10), limited)
    # What was read at one depth is written at another.
    deep = fastthrift.decode(OLD.Inner, nested(9), limited)
    with pytest.raises(TDepthLimitException):
        fastthrift.encode(OLD.All(deep=[[deep]]), limited)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_truncated_message_is_refused(protocol: Any) -> None:
    data = fastthrift.encode(ALL, protocol)
    for size in range(len(data)):
        with pytest.raises((TProtocolException, EOFError)):
            fastthrift.decode(OLD.All, data[:size], protocol)


@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_changed_bytes_are_refused_or_kept(position: int, byte: int) -> None:
    for protocol in "binary", "compact":
        data = bytearray(fastthrift.encode(ALL, protocol))
        data[position % len(data)] = byte
        try:
            old = fastthrift.decode(OLD.All, bytes(data), protocol)
        except (TProtocolException, EOFError):
            continue
        written = fastthrift.encode(old, protocol)
        assert fastthrift.encode(fastthrift.decode(OLD.All, written, protocol), protocol) == written


def test_a_made_up_value_is_read_before_it_is_written() -> None:
    old = fastthrift.decode(OLD.Inner, fastthrift.encode(inner("a")))
    make = type(old.__thrift_unknown__)
    for wrong in b"", b"\0\0\0\5a", b"\0\0\0\1ab":
        old.__thrift_unknown__ = make([(None, 1, TType.STRING, "binary", wrong)])
        with pytest.raises(TProtocolException):
            fastthrift.encode(old)
    for parts in [(None, 1, 99, "binary", b"")], [(None, 1, TType.I32, "xml", b"")]:
        with pytest.raises(ValueError, match="no type"):
            make(parts)
    old.__thrift_unknown__ = b"text"
    with pytest.raises(TypeError, match="what was kept of a message"):
        fastthrift.encode(old)
    del old.__thrift_unknown__
    assert fastthrift.encode(old) == fastthrift.encode(NEWER.Inner(numbers=[1]))


@pytest.mark.parametrize("read", [fastthrift.decode, lambda cls, data: deserialize(cls(), data)])
def test_fields_that_come_again_and_again_take_time_by_their_number(read: Any) -> None:
    """Of a field that came, and of one of another type, as many as anybody sends."""
    kept = load("struct Kept { 1: bool flag, 2: i32 number, 3: i32 last }", keep_unknown=True)

    def processor_time(count: int) -> float:
        flags = struct.pack("!bhb", 2, 1, 1) * count
        data = flags + struct.pack("!bhi", 11, 2, 0) * count + b"\0"
        times = []
        for _ in range(5):
            begun = time.thread_time()
            value = read(kept.Kept, data)
            times.append(time.thread_time() - begun)
            assert (value.flag, value.number) == (True, None)
            assert len(fastthrift.encode(value)) == len(data) - (count - 1) * 4
        return min(times)

    # In quadratic time it would be 1,024 times as long.
    assert processor_time(64_000) < 200 * processor_time(2_000)


@pytest.mark.parametrize("value", [5, None, "text", OLD.All])
def test_what_is_no_struct_keeps_nothing(value: Any) -> None:
    with pytest.raises(TypeError, match=r"unknown_fields\(\) argument 'obj' must be a struct, not"):
        fastthrift.unknown_fields(value)
