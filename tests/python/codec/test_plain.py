"""Structs as plain data and back: to_dict, from_dict, to_json, from_json."""

import copy
import io
import json
import math
import re
import uuid
from typing import Any, ClassVar

import fastthrift
import msgspec
import pytest
import thriftpy2
import thriftpy2.protocol.json
import thriftpy2.utils
import wrapt
from django.utils.functional import SimpleLazyObject, lazy
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TEncodeException,
    TMalformedDataException,
    TProtocolException,
)
from fastthrift.protocol.json import TJSONProtocolFactory
from fastthrift.thrift import TPayload, TType
from fastthrift.utils import deserialize, serialize
from hypothesis import given
from hypothesis import strategies as st
from support.pages import ROOT, blocks
from werkzeug.local import LocalProxy

IDL = """
enum Status { NEW = 1, SENT = 2 }

union Target { 1: string mail; 2: i64 number }

struct Item { 1: string name; 2: double price; 3: optional Item part }

exception Refused { 1: string why; 2: optional Item item }

struct Order {
    1: required i32 id
    2: Status status
    3: list<Item> items
    4: map<Status, string> notes
    5: optional string from
    6: optional binary seal
    7: uuid key
    8: set<i32> shelves
    9: map<Item, i32> counts
    10: Target target
    11: map<i64, double> rates
    12: bool paid
    13: i8 small = 7
    14: i64 large
    15: map<string, list<string>> words
    16: i16 middle
    17: map<binary, bool> seen
}
"""

plain = fastthrift.load_fp(io.StringIO(IDL), "plain_thrift")
KEY = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")


def order(**fields: Any) -> Any:
    return plain.Order(id=1, status=2, **fields)


def full() -> Any:
    return order(
        items=[plain.Item("nut", 0.5), plain.Item("kit", 1e16, plain.Item("bolt"))],
        notes={1: "new", 7: "of tomorrow"},
        from_='Jürgen "\n😀',
        seal=b"\xff\0",
        key=KEY,
        shelves=[3, 5],
        counts={plain.Item("nut", 0.5): 3},
        target=plain.Target(mail="a@example.org"),
        rates={-5: 1e-7},
        paid=True,
        large=2**62,
        words={"a": ["b"]},
        seen={b"k": False},
    )


def test_a_struct_becomes_a_dict_in_the_order_of_the_idl_without_what_is_not_set():
    assert fastthrift.to_dict(full()) == {
        "id": 1,
        "status": 2,
        "items": [
            {"name": "nut", "price": 0.5},
            {"name": "kit", "price": 1e16, "part": {"name": "bolt"}},
        ],
        "notes": {1: "new", 7: "of tomorrow"},
        "from": 'Jürgen "\n😀',
        "seal": b"\xff\0",
        "key": str(KEY),
        "shelves": [3, 5],
        "counts": [[{"name": "nut", "price": 0.5}, 3]],
        "target": {"mail": "a@example.org"},
        "rates": {-5: 1e-7},
        "paid": True,
        "small": 7,
        "large": 2**62,
        "words": {"a": ["b"]},
        "seen": {b"k": False},
    }
    assert list(fastthrift.to_dict(order(paid=True))) == ["id", "status", "paid", "small"]


def test_each_option_of_to_dict_changes_what_it_names():
    data = fastthrift.to_dict(
        full(), enums="name", unset="null", binary="base64", sets="set", keys="str"
    )
    assert data["status"] == "SENT"
    # A number that has no name stays one.
    assert data["notes"] == {"NEW": "new", "7": "of tomorrow"}
    assert data["seal"] == "/wA="
    assert data["shelves"] == {3, 5}
    assert data["rates"] == {"-5": 1e-7}
    assert data["seen"] == {"aw==": False}
    assert data["middle"] is None
    assert data["items"][0]["part"] is None


@pytest.mark.parametrize(
    "options",
    [{}, {"enums": "name"}, {"unset": "null"}, {"binary": "base64", "keys": "str"}],
)
def test_what_to_dict_gives_from_dict_takes(options):
    value = full()
    assert fastthrift.from_dict(plain.Order, fastthrift.to_dict(value, **options)) == value


@pytest.mark.parametrize("options", [{}, {"enums": "name"}, {"unset": "null"}])
def test_what_to_json_gives_from_json_and_other_libraries_take(options):
    value = full()
    text = fastthrift.to_json(value, **options)
    expected = fastthrift.to_dict(value, binary="base64", keys="str", **options)
    assert json.loads(text) == msgspec.json.decode(text) == expected
    for data in (text, text.decode(), bytearray(text), memoryview(text)):
        assert fastthrift.from_json(plain.Order, data) == value
    assert fastthrift.from_json(plain.Order, json.dumps(expected, indent=2)) == value


def test_nothing_mutable_is_shared():
    value = full()
    data = fastthrift.to_dict(value)
    before = copy.deepcopy(value)
    data["items"].clear()
    data["words"]["a"].append("c")
    assert value == before
    words = {"a": ["b"]}
    made = fastthrift.from_dict(plain.Order, {"id": 1, "words": words})
    words["a"].append("c")
    assert made.words == {"a": ["b"]}


def test_exceptions_and_unions_are_structs():
    error = plain.Refused("no", plain.Item("nut"))
    assert fastthrift.to_dict(error) == {"why": "no", "item": {"name": "nut"}}
    made = fastthrift.from_json(plain.Refused, fastthrift.to_json(error))
    assert (type(made), made.why, made.item) == (plain.Refused, "no", plain.Item("nut"))
    assert fastthrift.from_dict(plain.Target, {"number": 5}) == plain.Target(number=5)


class Inner(TPayload):
    thrift_spec: ClassVar[Any] = {1: (TType.I32, "number", True), 2: (TType.STRING, "text", False)}
    default_spec: ClassVar[Any] = [("number", None), ("text", "none")]


class Outer(TPayload):
    thrift_spec: ClassVar[Any] = {1: (TType.LIST, "all", (TType.STRUCT, Inner), False)}
    default_spec: ClassVar[Any] = [("all", None)]


def test_classes_that_are_written_by_hand_work_too():
    value = Outer(all=[Inner(number=3), Inner(number=4, text="x")])
    data = {"all": [{"number": 3, "text": "none"}, {"number": 4, "text": "x"}]}
    assert fastthrift.to_dict(value) == data
    assert fastthrift.from_dict(Outer, {"all": [{"number": 3}, data["all"][1]]}) == value
    assert fastthrift.from_json(Outer, fastthrift.to_json(value)) == value
    with pytest.raises(TMalformedDataException, match=r"all\[0\]\.number: expected a value of th"):
        fastthrift.from_dict(Outer, {"all": [{"text": "x"}]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"id":1,"items":[{},{},{},{"price":"abc"}]}',
            r'items\[3\]\.price: expected a number, found "abc" \(at byte 35\)',
        ),
        ('{"id":1,"itemz":[]}', r"itemz: unknown field, expected one of: id, status, .*"),
        ('{"id":1,"items":[{"nam":1}]}', r"items\[0\]\.nam: unknown field, .* name, price, part"),
        ('{"items":[]}', r"id: expected a value of this required field, found none"),
        ('{"id":null}', r"id: expected a value of this required field, found none"),
        ('{"id":true}', r"id: expected an integer, found true \(at byte 6\)"),
        ('{"id":1.5}', r"id: expected an integer, found 1\.5"),
        ('{"id":4294967296}', r"id: expected an integer of 32 bits, found 4294967296"),
        ('{"id":1,"large":9223372036854775808}', r"large: expected an integer of 64 bits"),
        ('{"id":1,"status":"OLD"}', r'status: expected the name or number .*, found "OLD"'),
        ('{"id":1,"notes":{"OLD":""}}', r'notes: expected the name or number .*, found "OLD"'),
        ('{"id":1,"rates":{"x":1}}', r'rates: expected an integer as key, found "x"'),
        ('{"id":1,"rates":{"2":"x"}}', r'rates\[2\]: expected a number, found "x"'),
        ('{"id":1,"target":{}}', r"target: expected a union with exactly one field, found none"),
        ('{"id":1,"target":{"mail":"","number":1}}', r"target: .* exactly one field, found 2"),
        ('{"id":1,"key":"x"}', r'key: expected a uuid, found "x"'),
        ('{"id":1,"seal":"?"}', r'seal: expected base64, found "\?"'),
        ('{"id":1,"items":{}}', r"items: expected a list, found an object"),
        ('{"id":1,"items":[5]}', r"items\[0\]: expected an object, found 5"),
        ('{"id":1,"from":5}', r"from: expected a text, found 5"),
        ('{"id":1,"from":"\\ud800"}', r"from: a text has half of a surrogate pair"),
        ("[]", r"expected an object, found a list \(at byte 0\)"),
        ("", r"not JSON: it ends early, expected a value \(at byte 0\)"),
        ('{"id":1} x', r"not JSON: there is more behind the value \(at byte 9\)"),
        ('{"id":1,}', r"not JSON: expected a key in quotes, found '}'"),
        ('{"id":1,"rates":{"1":NaN}}', r"rates\[1\]: not JSON: it has no NaN"),
    ],
)
def test_what_is_wrong_is_told_with_its_path_and_byte(text, message):
    with pytest.raises(TMalformedDataException, match=f"^{message}"):
        fastthrift.from_json(plain.Order, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id":1,"from":"\ud800"}', r"from: a text has half of a surrogate pair.* \(at byte 15\)"),
        ('{"id":1,"from":"\\n\udc80"}', "from: a text has half of a surrogate pair"),
        ('{"\udfff":1}', "a text has half of a surrogate pair"),
        ('{"id":\ud800}', "id: not JSON: expected a value, found byte 0xed"),
    ],
)
def test_a_str_with_half_of_a_surrogate_pair_is_refused_as_other_wrong_text(text, message):
    with pytest.raises(TMalformedDataException, match=f"^{message}"):
        fastthrift.from_json(plain.Order, text)


def test_a_wrong_value_of_a_dict_is_told_with_its_path():
    data = {"id": 1, "items": [{"name": "a"}, {"price": "abc"}]}
    with pytest.raises(TMalformedDataException, match=r'^items\[1\]\.price: expected .*"abc"$'):
        fastthrift.from_dict(plain.Order, data)
    with pytest.raises(TMalformedDataException, match=r"names of fields as keys"):
        fastthrift.from_dict(plain.Order, {1: 1})


def test_a_wrong_value_of_a_struct_is_told_as_by_encode():
    value = order(items=[plain.Item(price="x")])
    with pytest.raises(TEncodeException) as told:
        fastthrift.encode(value)
    for function in (fastthrift.to_dict, fastthrift.to_json):
        with pytest.raises(TEncodeException) as found:
            function(value)
        assert str(found.value) == str(told.value)
    with pytest.raises(TEncodeException, match="exactly one field set, not 0"):
        fastthrift.to_dict(order(target=plain.Target()))


def test_unknown_fields_are_passed_over_where_that_is_asked_for():
    text = '{"x":[{"a":[1,"\\n",null]}],"id":1,"items":[{"y":{},"name":"n"}]}'
    value = plain.Order(id=1, items=[plain.Item("n")])
    assert fastthrift.from_json(plain.Order, text, unknown="ignore") == value
    assert fastthrift.from_dict(plain.Order, json.loads(text), unknown="ignore") == value
    with pytest.raises(TMalformedDataException, match="not JSON"):
        fastthrift.from_json(plain.Order, '{"x":[1,],"id":1}', unknown="ignore")


def test_doubles_that_are_no_numbers_are_refused_unless_asked_for():
    for number in (math.nan, math.inf, -math.inf):
        value = plain.Item(price=number)
        with pytest.raises(TEncodeException, match="allow_nan"):
            fastthrift.to_json(value)
        text = fastthrift.to_json(value, allow_nan=True)
        assert text == json.dumps({"price": number}, separators=(",", ":")).encode()
        with pytest.raises(TMalformedDataException, match="allow_nan"):
            fastthrift.from_json(plain.Item, text)
        made = fastthrift.from_json(plain.Item, text, allow_nan=True)
        assert repr(made.price) == repr(number)
        assert repr(fastthrift.to_dict(value)["price"]) == repr(number)


def test_the_last_of_two_equal_keys_counts_as_in_json():
    assert fastthrift.from_json(plain.Item, '{"name":"a","name":"b"}') == plain.Item("b")


def test_a_key_of_digits_is_no_infinity():
    module = fastthrift.load_fp(
        io.StringIO("struct Table { 1: map<double, i32> of }"), "key_thrift"
    )
    for key in ("1e400", "-1e400"):
        with pytest.raises(TProtocolException, match=f'fits a double as key, found "{key}"'):
            fastthrift.from_dict(module.Table, {"of": {key: 1}})
        with pytest.raises(TProtocolException, match="of"):
            fastthrift.from_json(module.Table, json.dumps({"of": {key: 1}}), allow_nan=True)
    for key in ("Infinity", "-Infinity"):
        made = fastthrift.from_dict(module.Table, {"of": {key: 1}})
        assert made.of == {float(key): 1}
        text = json.dumps({"of": {key: 1}})
        assert fastthrift.from_json(module.Table, text, allow_nan=True) == made


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (fastthrift.to_dict, (5,), r"to_dict\(\) argument 'obj' must be a struct, not int"),
        (fastthrift.to_json, (plain.Item,), "must be a struct, not the class Item"),
        (fastthrift.from_dict, (int, {}), "must be a struct class, not the class int"),
        (fastthrift.from_json, (plain.Item, 5), "must be bytes, another buffer or str, not int"),
    ],
)
def test_other_arguments_are_type_errors(function, arguments, message):
    with pytest.raises(TypeError, match=message):
        function(*arguments)


def test_a_word_that_no_option_has_is_told():
    with pytest.raises(ValueError, match="enums must be 'number' or 'name', not 'x'"):
        fastthrift.to_dict(plain.Item(), enums="x")
    with pytest.raises(ValueError, match="unknown must be 'error' or 'ignore', not 'x'"):
        fastthrift.from_json(plain.Item, "{}", unknown="x")


def test_nesting_is_limited_whatever_nests():
    text = '{"part":' * 64 + "{}" + "}" * 64
    with pytest.raises(TDepthLimitException):
        fastthrift.from_json(plain.Item, text)
    with pytest.raises(TDepthLimitException):
        fastthrift.from_dict(plain.Item, json.loads(text))
    with pytest.raises(TDepthLimitException):
        fastthrift.from_json(plain.Item, '{"x":' + "[" * 100_000, unknown="ignore")
    loop: dict[str, Any] = {}
    loop["part"] = loop
    with pytest.raises(TDepthLimitException):
        fastthrift.from_dict(plain.Item, loop)
    value = plain.Item()
    value.part = value
    for function in (fastthrift.to_dict, fastthrift.to_json):
        with pytest.raises(TDepthLimitException):
            function(value)


def test_the_limits_are_those_of_protocols_and_can_be_others():
    text = '{"part":' * 69 + "{}" + "}" * 69
    value = fastthrift.from_json(plain.Item, text, max_depth=70)
    data = fastthrift.to_dict(value, max_depth=70)
    assert fastthrift.to_json(value, max_depth=70).decode() == text
    assert fastthrift.from_dict(plain.Item, data, max_depth=70) == value
    for function, arguments in (
        (fastthrift.from_json, (plain.Item, text)),
        (fastthrift.from_dict, (plain.Item, data)),
        (fastthrift.to_dict, (value,)),
        (fastthrift.to_json, (value,)),
    ):
        with pytest.raises(TDepthLimitException, match="max_depth"):
            function(*arguments, max_depth=69)


@pytest.mark.parametrize("name", ["ää", "\n" * 4])
def test_the_longest_string_is_counted_in_bytes_of_utf8(name):
    value = plain.Item(name=name)
    text = json.dumps({"name": name})
    data = {"name": name}
    assert fastthrift.from_json(plain.Item, text, max_string_size=4) == value
    assert fastthrift.from_dict(plain.Item, data, max_string_size=4) == value
    assert fastthrift.to_dict(value, max_string_size=4) == data
    assert json.loads(fastthrift.to_json(value, max_string_size=4)) == data
    for function, arguments in (
        (fastthrift.from_json, (plain.Item, text)),
        (fastthrift.from_dict, (plain.Item, data)),
        (fastthrift.to_dict, (value,)),
        (fastthrift.to_json, (value,)),
    ):
        with pytest.raises(TProtocolException, match=r"limit of 3 .*max_string_size") as caught:
            function(*arguments, max_string_size=3)
        assert caught.value.type == TProtocolException.SIZE_LIMIT


def test_the_longest_text_is_counted_in_bytes():
    text = b'{"name":"nut"}'
    value = fastthrift.from_json(plain.Item, text, max_message_size=len(text))
    assert fastthrift.to_json(value, max_message_size=len(text)) == text
    with pytest.raises(TProtocolException, match="max_message_size"):
        fastthrift.from_json(plain.Item, text, max_message_size=len(text) - 1)
    with pytest.raises(TProtocolException, match="max_message_size"):
        fastthrift.to_json(value, max_message_size=len(text) - 1)


def lazily(value: Any) -> Any:
    """Django's lazy value; of a struct it has the methods of the class, and no fields."""
    return value if hasattr(value, "thrift_spec") else lazy(lambda: value, type(value))()


PROXIES = {
    "django's lazy": lazily,
    "SimpleLazyObject": lambda value: SimpleLazyObject(lambda: value),
    "LocalProxy": lambda value: LocalProxy(lambda: value),
    "ObjectProxy": wrapt.ObjectProxy,
}


@pytest.mark.parametrize("kind", PROXIES)
def test_proxies_are_what_they_stand_for(kind):
    wrap = PROXIES[kind]
    value = plain.Order(
        id=wrap(1),
        status=wrap(2),
        items=[wrap(plain.Item(wrap("nut"), wrap(0.5)))],
        notes={wrap(1): wrap("new")},
        from_=wrap("Jürgen"),
        seal=wrap("text"),
        paid=wrap(True),
        words={wrap("a"): wrap([wrap("b")])},
        target=wrap(plain.Target(number=wrap(2**40))),
    )
    data = {
        "id": 1,
        "status": 2,
        "items": [{"name": "nut", "price": 0.5}],
        "notes": {1: "new"},
        "from": "Jürgen",
        "seal": b"text",
        "target": {"number": 2**40},
        "paid": True,
        "small": 7,
        "words": {"a": ["b"]},
    }
    found = fastthrift.to_dict(value)
    assert found == data
    assert {type(item) for item in found.values()} <= {int, list, dict, str, bytes, bool}
    written = json.loads(fastthrift.to_json(value))
    assert written == {**data, "seal": "dGV4dA==", "notes": {"1": "new"}}
    # What is true of a proxy for a bool may be true of anything: it is refused.
    proxies = {
        name: item if name in ("paid", "seal") else wrap(item) for name, item in data.items()
    }
    with pytest.raises(TMalformedDataException, match="paid: expected true or false"):
        fastthrift.from_dict(plain.Order, {**data, "paid": wrap(True)})
    assert fastthrift.from_dict(plain.Order, proxies) == fastthrift.from_dict(plain.Order, data)


def test_arguments_and_results_of_methods_are_structs_too():
    module = fastthrift.load_fp(
        io.StringIO(
            """
            exception Missing { 1: string key }
            struct Part { 1: i32 n }
            service Store {
                Part find(1: string name, 2: i32 most = 3) throws (1: Missing missing),
            }
            """
        ),
        "plain_store_thrift",
    )
    arguments = module.Store.find_args(name="nut")
    data = {"name": "nut", "most": 3}
    assert fastthrift.to_dict(arguments) == data
    assert json.loads(fastthrift.to_json(arguments)) == data
    assert fastthrift.from_dict(module.Store.find_args, {"name": "nut"}) == arguments
    assert fastthrift.from_json(module.Store.find_args, '{"name":"nut"}') == arguments
    for result, data in (
        (module.Store.find_result(success=module.Part(4)), {"success": {"n": 4}}),
        (module.Store.find_result(missing=module.Missing("nut")), {"missing": {"key": "nut"}}),
    ):
        assert fastthrift.to_dict(result) == data
        back = fastthrift.from_json(module.Store.find_result, json.dumps(data))
        assert fastthrift.to_dict(back) == data


class Clearing:
    """A number that clears a container while it is asked for its value."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __int__(self) -> int:
        self.container.clear()
        return 1

    __index__ = __int__


def test_containers_that_change_meanwhile_are_an_error_and_no_crash():
    shelves: list[Any] = []
    shelves += [Clearing(shelves), 2, 3]
    numbers = fastthrift.load_fp(
        io.StringIO("struct N { 1: list<i32> n; 2: map<i32,i32> m }"), "n_thrift"
    )
    with pytest.raises(TEncodeException, match="changed size"):
        fastthrift.to_dict(numbers.N(n=shelves))
    entries: dict[int, Any] = {}
    entries.update({1: Clearing(entries), 2: 2})
    with pytest.raises(TEncodeException, match="changed size"):
        fastthrift.to_json(numbers.N(m=entries))
    shelves += [Clearing(shelves), 2, 3]
    # What is read of a list that others change is what was there.
    assert fastthrift.from_dict(numbers.N, {"n": shelves}).n == [1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "name", "price", "part", "items", "words"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused_as_its_dict_is(data):
    text = json.dumps(data)

    def attempt(function: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return function(plain.Order, *arguments, unknown="ignore", **options)
        except TMalformedDataException:
            return None

    by_dict = attempt(fastthrift.from_dict, data)
    by_text = attempt(fastthrift.from_json, text, allow_nan=True)
    assert repr(by_text) == repr(by_dict)


@given(st.binary(max_size=40), st.integers(0, 200))
def test_bytes_that_are_not_json_are_refused_as_by_python(noise, position):
    text = fastthrift.to_json(full())
    text = text[:position] + noise + text[position + len(noise) :]
    try:
        json.loads(text.decode())
    except (ValueError, RecursionError):
        with pytest.raises(TMalformedDataException):
            fastthrift.from_json(plain.Order, text, unknown="ignore")


items = st.builds(
    plain.Item,
    name=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    price=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)


@given(
    st.builds(
        plain.Order,
        id=st.integers(-(2**31), 2**31 - 1),
        items=st.none() | st.lists(items, max_size=3),
        seal=st.none() | st.binary(max_size=10),
        large=st.none() | st.integers(-(2**63), 2**63 - 1),
        rates=st.none()
        | st.dictionaries(
            st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
        ),
        key=st.none() | st.uuids(),
    )
)
def test_all_values_come_back(value):
    # An unset field with a default gets it again, as on the wire.
    text = fastthrift.to_json(value)
    assert fastthrift.from_json(plain.Order, text) == value
    expected = fastthrift.to_dict(value, binary="base64", keys="str")
    assert text == json.dumps(expected, separators=(",", ":"), ensure_ascii=False).encode()
    assert fastthrift.from_dict(plain.Order, fastthrift.to_dict(value)) == value


def test_the_page_shows_what_is_printed(capsys):
    (_, _, code), *_ = blocks(ROOT / "docs" / "howto" / "plain-data.md")
    exec(code, {})
    shown = re.findall(r"# (.*)$", code, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == shown


FACTORY = TJSONProtocolFactory()
THEIRS = thriftpy2.protocol.json.TJSONProtocolFactory()
their_plain = thriftpy2.load_fp(
    io.StringIO(re.sub(r"from|uuid", lambda m: {"from": "since", "uuid": "string"}[m[0]], IDL)),
    "their_plain_thrift",
)
our_plain = fastthrift.load_fp(
    io.StringIO(re.sub(r"from|uuid", lambda m: {"from": "since", "uuid": "string"}[m[0]], IDL)),
    "our_plain_thrift",
)


@given(
    st.fixed_dictionaries(
        {"id": st.integers(-(2**31), 2**31 - 1)},
        optional={
            "since": st.text(st.characters(exclude_categories=["Cs"])),
            "seal": st.binary(max_size=10),
            "large": st.integers(-(2**63), 2**63 - 1),
            "rates": st.dictionaries(st.integers(-9, 9), st.floats(allow_nan=False), max_size=4),
            "words": st.dictionaries(st.text('aä\x7f"\n😀'), st.lists(st.text("b\\")), max_size=3),
            "paid": st.booleans(),
            "shelves": st.lists(st.integers(-9, 9), unique=True, max_size=4),
        },
    )
)
def test_the_json_protocol_writes_and_reads_the_bytes_of_thriftpy2(fields):
    ours, theirs = our_plain.Order(**fields), their_plain.Order(**fields)
    data = serialize(ours, FACTORY)
    assert data == thriftpy2.utils.serialize(theirs, THEIRS)
    assert deserialize(our_plain.Order(), data, FACTORY) == ours
    back = thriftpy2.utils.deserialize(their_plain.Order(), data, THEIRS)
    assert vars(back) == vars(theirs)


def test_the_json_protocol_takes_uuids_known_and_unknown():
    value = plain.Order(id=1, key=KEY)
    data = serialize(value, FACTORY)
    assert str(KEY).encode() in data
    assert deserialize(plain.Order(), data, FACTORY) == value
    assert deserialize(plain.Item(), data, FACTORY) == plain.Item()


def test_sets_hold_what_python_can_hash() -> None:
    idl = """
        struct In { 1: i32 a }
        struct S {
          1: set<list<i32>> lists, 2: set<set<string>> sets, 3: set<In> structs
          4: set<map<i32, i32>> maps, 5: set<list<set<i32>>> deep
          6: map<i32, set<list<i32>>> within, 7: list<set<i32>> outside, 8: set<list<In>> inside
        }
    """
    for options in ({}, {"sets": "set"}):
        name = f"hashed_sets_{len(options)}_thrift"
        module: Any = fastthrift.load_fp(io.StringIO(idl), name, **options)
        value = module.S(
            lists=[[1, 2], [3], [1, 2]],
            sets=[["a", "b"]],
            structs=[module.In(1)],
            maps=[{1: 2}],
            deep=[[[1], [2]]],
            within={1: [[1]]},
            outside=[[1]],
            inside=[[module.In(2)]],
        )
        plain = fastthrift.to_dict(value, sets="set")
        assert plain == {
            "lists": {(1, 2), (3,)},
            "sets": {frozenset("ab")},
            "structs": [{"a": 1}],
            "maps": [{1: 2}],
            "deep": {(frozenset({1}), frozenset({2}))},
            "within": {1: {(1,)}},
            "outside": [{1}],
            "inside": [[{"a": 2}]],
        }
        assert fastthrift.to_dict(fastthrift.from_dict(module.S, plain), sets="set") == plain


def test_the_name_of_a_number_with_two_is_that_of_its_member() -> None:
    idl = "enum E { A = 1, B = 1 } struct S { 1: E e, 2: map<E, E> m }"
    module: Any = fastthrift.load_fp(io.StringIO(idl), "names_of_members_thrift", enums="int_enum")
    value = module.S(1, {1: 1})
    assert module.E(1).name == "A"
    assert fastthrift.to_dict(value, enums="name") == {"e": "A", "m": {"A": "A"}}
    assert fastthrift.to_json(value, enums="name") == b'{"e":"A","m":{"A":"A"}}'
    # A class without members has the last of its names, as in thriftpy2.
    module = fastthrift.load_fp(io.StringIO(idl), "names_of_numbers_thrift")
    assert fastthrift.to_dict(module.S(1), enums="name") == {"e": "B"}


def test_the_help_of_to_dict_tells_its_options() -> None:
    text = fastthrift.to_dict.__doc__ or ""
    for option in ("enums", "unset", "binary", "sets", "keys"):
        assert f'`{option}="' in text
