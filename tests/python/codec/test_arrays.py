"""Lists of numbers as arrays: `arrays` of `decode`, and buffers in place of lists."""

from __future__ import annotations

import ctypes
import gc
import io
import pickle
from array import array
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.protocol.exc import TEncodeException, TProtocolException
from fastthrift.thrift import TPayload, TType
from fastthrift.transport import TBufferedTransport, TMemoryBuffer
from hypothesis import given
from hypothesis import strategies as st
from support.leaks import check_leaks

module = fastthrift.load_fp(
    io.StringIO("""
        enum Color { RED = 1, BLUE = 2 }
        struct Series {
            1: list<byte> bytes
            2: list<i16> shorts
            3: list<i32> ints
            4: list<i64> longs
            5: list<double> doubles
            6: list<bool> bools
            7: list<Color> colors
            8: list<list<double>> rows
            9: map<string, list<i64>> table
            10: set<i64> distinct
            11: list<string> names
            12: list<Series> inner
            13: Series one
            14: list<i64> known = [1, 2]
        }
    """),
    "arrays_thrift",
)
Series = module.Series
JSON = TApacheJSONProtocolFactory()
PROTOCOLS = ["binary", "compact", JSON]
IDS = ["binary", "compact", "json"]

#: The fields of numbers, with the typecodes of their arrays and the bits of their elements.
NUMBERS = {
    "bytes": ("b", 8),
    "shorts": ("h", 16),
    "ints": ("i", 32),
    "longs": ("q", 64),
    "doubles": ("d", 0),
    "colors": ("i", 32),
}


def integers(bits: int) -> st.SearchStrategy[list[int]]:
    """Lists of integers of every width, long enough for every way of reading them."""
    widths = st.integers(1, bits).flatmap(
        lambda width: st.lists(
            st.integers(-(1 << (width - 1)), (1 << (width - 1)) - 1), max_size=300
        )
    )
    return widths | st.lists(st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1), max_size=100)


def numbers(name: str) -> st.SearchStrategy[list[Any]]:
    _, bits = NUMBERS[name]
    return integers(bits) if bits else st.lists(st.floats(), max_size=300)


def read(data: bytes, protocol: Any, **options: Any) -> Any:
    return fastthrift.decode(Series, data, protocol, arrays="array", **options)


def bits_of(values: Any) -> list[bytes]:
    """Numbers so that NaN is equal to itself."""
    return [array("d", [value]).tobytes() for value in values]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_an_array_holds_what_a_list_would_and_is_written_as_it(
    protocol: Any, name: str, data: st.DataObject
) -> None:
    values = data.draw(numbers(name))
    encoded = fastthrift.encode(Series(**{name: values}), protocol)
    found = getattr(read(encoded, protocol), name)
    assert type(found) is array
    assert found.typecode == NUMBERS[name][0]
    if name == "doubles":
        listed = getattr(fastthrift.decode(Series, encoded, protocol), name)
        assert bits_of(found) == bits_of(listed)
    else:
        assert list(found) == values
    assert fastthrift.encode(Series(**{name: found}), protocol) == encoded
    assert fastthrift.encode(Series(**{name: memoryview(found)}), protocol) == encoded
    backwards = fastthrift.encode(Series(**{name: values[::-1]}), protocol)
    strided = memoryview(found)[::-1]
    if name != "doubles":
        assert fastthrift.encode(Series(**{name: strided}), protocol) == backwards


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_lists_of_numbers_are_arrays_wherever_they_are_and_nothing_else_is(protocol: Any) -> None:
    value = Series(
        bools=[True, False], rows=[[1.0], [], [2.0, 3.0]], table={"a": [1], "b": []},
        distinct=[7], names=["x"], inner=[Series(longs=[1], inner=[Series(ints=[2])])],
        one=Series(doubles=[0.5]),
    )  # fmt: skip
    found = read(fastthrift.encode(value, protocol), protocol)
    assert found.bools == [True, False]
    assert found.rows == [array("d", [1.0]), array("d"), array("d", [2.0, 3.0])]
    assert found.table == {"a": array("q", [1]), "b": array("q")}
    assert type(found.distinct) is list
    assert found.names == ["x"]
    assert found.inner[0].longs == array("q", [1])
    assert found.inner[0].inner[0].ints == array("i", [2])
    assert found.one.doubles == array("d", [0.5])
    # What did not come has its default, as written in the IDL.
    assert read(fastthrift.encode(Series(known=None), protocol), protocol).known == [1, 2]
    assert fastthrift.decode(Series, fastthrift.encode(found, protocol), protocol) == value


def test_a_selection_has_arrays_where_that_is_asked_for_and_lists_elsewhere() -> None:
    value = Series(longs=[1], one=Series(ints=[2], longs=[3]), inner=[Series(ints=[4])])
    data = fastthrift.encode(value)
    selection = fastthrift.select(Series, "one.ints", "inner")
    for only in (selection, ("one.ints", "inner")):
        for _ in range(2):
            found = read(data, "binary", only=only)
            assert found.longs is None
            assert found.one.ints == array("i", [2])
            assert found.one.longs is None
            assert found.inner[0].ints == array("i", [4])
            assert fastthrift.decode(Series, data, only=only).one.ints == [2]


def test_messages_in_a_row_have_arrays() -> None:
    data = b"".join(fastthrift.encode(Series(longs=[n, n])) for n in range(3))
    found = list(fastthrift.read_messages(io.BytesIO(data), Series, arrays="array"))
    assert [each.longs for each in found] == [array("q", [n, n]) for n in range(3)]
    with pytest.raises(ValueError, match="'arrays' must be"):
        fastthrift.read_messages(io.BytesIO(data), Series, arrays="list")  # type: ignore[arg-type]


def test_arrays_is_array_or_none() -> None:
    for wrong in ("numpy", True, b"array"):
        with pytest.raises(ValueError, match=r"'arrays' must be \"array\""):
            fastthrift.decode(Series, b"\0", arrays=wrong)  # type: ignore[call-overload]
    assert fastthrift.decode(Series, fastthrift.encode(Series(ints=[1])), arrays=None).ints == [1]


class Written(TPayload):
    """Keeps its fields as attributes."""

    thrift_spec = {1: (TType.LIST, "values", TType.I32, False)}  # noqa: RUF012
    default_spec = [("values", None)]  # noqa: RUF012


class Derived(Series):  # type: ignore[misc, valid-type]
    """Is made by calling it."""

    def __init__(self) -> None:
        super().__init__()
        self.made = True


def test_other_classes_have_arrays_too_and_follow_their_thrift_spec() -> None:
    data = fastthrift.encode(Series(bytes=None, longs=[5]))
    found = fastthrift.decode(Derived, data, arrays="array")
    assert found.made
    assert found.longs == array("q", [5])
    written = Written()
    written.values = [1, 2]  # type: ignore[attr-defined]
    data = fastthrift.encode(written)
    assert fastthrift.decode(Written, data, arrays="array").values == array("i", [1, 2])  # type: ignore[attr-defined]
    # A selection and a plan are made anew.
    Written.thrift_spec = {1: (TType.LIST, "other", TType.I32, False)}
    assert fastthrift.decode(Written, data, arrays="array").other == array("i", [1, 2])  # type: ignore[attr-defined]


def test_elements_of_another_type_are_passed_over_as_for_a_list() -> None:
    newer = fastthrift.load_fp(
        io.StringIO(
            "struct Series { 3: list<i64> ints, 5: list<i32> doubles, 4: list<i64> longs }"
        ),
        "arrays_newer_thrift",
    )
    data = fastthrift.encode(newer.Series(ints=[1, 2], doubles=[3], longs=[4]))
    found = read(data, "binary")
    assert (found.ints, found.doubles, found.longs) == (array("i"), array("d"), array("q", [4]))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_message_that_is_cut_off_fails_as_it_does_for_a_list(protocol: Any, name: str) -> None:
    values = [1, -1, 100, -128] * 30
    data = fastthrift.encode(Series(**{name: values}), protocol)
    for end in range(len(data)):
        with pytest.raises(TProtocolException) as listed:
            fastthrift.decode(Series, data[:end], protocol)
        with pytest.raises(TProtocolException) as found:
            read(data[:end], protocol)
        assert str(found.value) == str(listed.value)
        assert type(found.value) is type(listed.value)


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        (b"\x0f\0\4\x0a\x7f\xff\xff\xff" + bytes(64), "binary"),
        (b"\x0f\0\4\x0a\xff\xff\xff\xff" + bytes(64), "binary"),
        (b"\x49\xf6\xff\xff\xff\xff\x07" + bytes(64), "compact"),
        (b"\x59\xf7\xff\xff\xff\xff\x07" + bytes(64), "compact"),
    ],
)
def test_a_count_beyond_the_message_is_refused_before_anything_is_allocated(
    data: bytes, protocol: str
) -> None:
    with pytest.raises(TProtocolException) as listed:
        fastthrift.decode(Series, data, protocol)
    with pytest.raises(TProtocolException) as found:
        read(data, protocol)
    assert str(found.value) == str(listed.value)


def test_wrong_varints_are_refused_with_their_index_as_for_a_list() -> None:
    good = fastthrift.encode(Series(ints=[1] * 200), "compact")
    too_long = b"\xff" * 9 + b"\x02"
    beyond_32_bits = b"\xff" * 5 + b"\x01"
    for wrong in (too_long, b"\xff" * 11, beyond_32_bits):
        for index in (0, 5, 70, 150):
            at = 4 + index
            data = good[:at] + wrong + good[at + 1 :]
            with pytest.raises(TProtocolException) as listed:
                fastthrift.decode(Series, data, "compact")
            with pytest.raises(TProtocolException, match=rf"ints\[{index}\]") as found:
                read(data, "compact")
            assert str(found.value) == str(listed.value)


def test_varints_that_are_longer_than_need_be_are_read() -> None:
    padded = b"".join(b"\x82" + b"\x80" * n + b"\x00" for n in range(9)) * 20
    data = b"\x49\xf6" + b"\xb4\x01" + padded + b"\0"
    assert read(data, "compact").longs == array("q", [1] * 180)


@pytest.mark.parametrize(
    "factory", [TBinaryProtocolFactory(), TCompactProtocolFactory()], ids=IDS[:2]
)
def test_a_buffer_is_written_through_a_transport(factory: Any) -> None:
    values = list(range(-1500, 1500))
    expected = fastthrift.encode(Series(longs=values), factory)
    sink = TMemoryBuffer()
    transport = TBufferedTransport(sink)
    protocol = factory.get_protocol(transport)
    protocol.write_struct(Series(longs=array("q", values)))
    transport.flush()
    assert sink.getvalue() == expected


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_a_buffer_is_written_as_its_items_would_be(protocol: Any) -> None:
    def encoded(name: str, value: Any) -> bytes:
        return fastthrift.encode(Series(**{name: value}), protocol)

    for code in "bBhHiIlLqQ":
        items = array(code, [0, 1, 5, 127])
        for name in ("bytes", "shorts", "ints", "longs", "doubles", "colors"):
            assert encoded(name, items) == encoded(name, items.tolist())
            assert encoded(name, memoryview(items)[::2]) == encoded(name, [0, 5])
    for code in "fd":
        items = array(code, [0.5, -2.0, float("inf")])
        assert encoded("doubles", items) == encoded("doubles", items.tolist())
        # Whole floats are taken for integers, one by one.
        assert encoded("longs", array(code, [2.0])) == encoded("longs", [2])
    flags = memoryview(bytes([1, 0, 2])).cast("?")
    assert encoded("bools", flags) == encoded("bools", [True, False, True])
    assert encoded("bools", array("i", [3, 0])) == encoded("bools", [True, False])
    swapped = (ctypes.c_int32.__ctype_be__ * 3)(1, -2, 70000)
    assert encoded("ints", swapped) == encoded("ints", [1, -2, 70000])
    assert encoded("longs", (ctypes.c_uint16 * 2)(1, 65535)) == encoded("longs", [1, 65535])
    assert encoded("longs", array("q")) == encoded("longs", [])
    assert encoded("distinct", array("q", [1, 1, 2])) == encoded("distinct", [1, 2])
    assert encoded("rows", [array("d", [1.0]), [2.0]]) == encoded("rows", [[1.0], [2.0]])


def test_bytes_are_lists_of_bytes_as_they_were() -> None:
    expected = fastthrift.encode(Series(bytes=[97, 98]))
    for value in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert fastthrift.encode(Series(bytes=value)) == expected
        with pytest.raises(TEncodeException, match=r"bytes\[1\]: out of range"):
            fastthrift.encode(Series(bytes=b"a" + bytes([200])))
    with pytest.raises(TEncodeException, match="needs a list"):
        fastthrift.encode(Series(bytes=b"ab"), JSON)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("bytes", array("h", [1] * 300 + [128]), r"bytes\[300\]: out of range"),
        ("shorts", array("i", [-32769]), r"shorts\[0\]: out of range"),
        ("ints", array("q", [0, 1 << 31]), r"ints\[1\]: out of range"),
        ("ints", array("Q", [(1 << 64) - 1]), r"ints\[0\]: out of range"),
        ("ints", array("Q", [1 << 40, 1 << 63]), r"ints\[0\]: out of range"),
        ("longs", array("Q", [1] * 70 + [1 << 63]), r"longs\[70\]: out of range"),
        ("longs", array("d", [1.0, 0.5]), r"longs\[1\]: has a fraction"),
        ("ints", (ctypes.c_char * 2)(b"a", b"b"), r"ints\[0\]: needs an int, not bytes"),
        ("doubles", (ctypes.c_char * 2)(b"a", b"b"), r"doubles\[0\]: needs a float, not bytes"),
    ],
)
def test_what_does_not_fit_is_told_with_its_field_and_index(
    protocol: Any, name: str, value: Any, reason: str
) -> None:
    with pytest.raises(TEncodeException, match=reason):
        fastthrift.encode(Series(**{name: value}), protocol)


class Doubling(array):  # type: ignore[type-arg]
    """Gives other items than lie in its buffer."""

    def __iter__(self) -> Iterator[Any]:
        return (2 * item for item in super().__iter__())

    def __getitem__(self, index: Any) -> Any:
        return 2 * super().__getitem__(index)


def test_a_class_of_python_that_gives_other_items_is_asked_for_them() -> None:
    doubling = Doubling("q", [1, 2])
    assert fastthrift.encode(Series(longs=doubling)) == fastthrift.encode(Series(longs=[2, 4]))


def test_a_view_that_was_released_is_refused() -> None:
    view = memoryview(array("q", [1]))
    view.release()
    with pytest.raises((TEncodeException, ValueError)):
        fastthrift.encode(Series(longs=view))


def test_plain_data_takes_arrays_as_lists() -> None:
    value = Series(longs=array("q", [1, 2]), doubles=array("d", [0.5]), ints=memoryview(b"\1"))
    listed = Series(longs=[1, 2], doubles=[0.5], ints=[1])
    assert fastthrift.to_dict(value) == fastthrift.to_dict(listed)
    assert fastthrift.to_json(value) == fastthrift.to_json(listed)
    found = read(fastthrift.encode(listed), "binary")
    assert fastthrift.to_json(found) == fastthrift.to_json(listed)


def test_an_array_is_not_equal_to_a_list_and_a_struct_neither() -> None:
    data = fastthrift.encode(Series(longs=[1, 2]))
    arrays, lists = read(data, "binary"), fastthrift.decode(Series, data)
    assert arrays != lists
    assert arrays == read(data, "binary")
    assert pickle.loads(pickle.dumps(arrays)) == arrays


def test_structs_with_arrays_have_a_hash_that_agrees_with_equality() -> None:
    data = fastthrift.encode(Series(longs=[1, 2], table={"a": [3]}, doubles=[0.5, float("nan")]))
    for cut in data, fastthrift.encode(Series(longs=[1, 2])):
        one, other = (fastthrift.decode(Series, cut, arrays="array") for _ in range(2))
        assert hash(one) == hash(other) == hash(one)
    assert one == other
    assert {one: "found"}[other] == "found"
    # Arrays of other widths are equal where their numbers are.
    other.longs = array("i", [1, 2])
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_a_list_that_is_a_key_is_refused_as_one_and_structs_with_lists_are_keys(
    protocol: Any,
) -> None:
    idl = """
        struct Row { 1: list<i32> cells }
        struct Keys {
            1: map<list<i32>, i32> by_list, 2: map<Row, i32> by_row, 3: set<list<i32>> rows
            4: map<list<list<i32>>, i32> by_lists
        }
    """
    keys = fastthrift.load_fp(io.StringIO(idl), f"keys_{IDS[PROTOCOLS.index(protocol)]}_thrift")
    for field, value in ("by_list", {(1, 2): 3}), ("by_lists", {((1, 2),): 3}):
        data = fastthrift.encode(keys.Keys(**{field: value}), protocol)
        for arrays in (None, "array"):
            with pytest.raises(TProtocolException, match="a map cannot have this key") as caught:
                fastthrift.decode(keys.Keys, data, protocol, arrays=arrays)
            assert f"in {field}" in str(caught.value)
            assert 'load(..., sets="set") reads lists that are keys as tuples' in str(caught.value)
    data = fastthrift.encode(keys.Keys(by_row={keys.Row([1]): 2}, rows=[[5]]), protocol)
    read = fastthrift.decode(keys.Keys, data, protocol, arrays="array")
    assert read.by_row == {keys.Row(array("i", [1])): 2}
    assert read.rows == [array("i", [5])]
    as_sets = fastthrift.load_fp(
        io.StringIO(idl), f"keys_{IDS[PROTOCOLS.index(protocol)]}_sets_thrift", sets="set"
    )
    assert fastthrift.decode(as_sets.Keys, data, protocol, arrays="array").rows == {(5,)}
    lists = as_sets.Keys(by_list={(1, 2): 3}, by_lists={((1, 2),): 3})
    assert fastthrift.decode(as_sets.Keys, fastthrift.encode(lists, protocol), protocol) == lists


def test_a_key_that_no_option_can_hash_has_no_such_hint() -> None:
    class Key(dict[int, int]):
        __hash__ = object.__hash__

    idl = "struct Keys { 1: map<map<i32, i32>, i32> a, 2: map<list<map<i32, i32>>, i32> b }"
    for sets in ("list", "set"):
        keys = fastthrift.load_fp(io.StringIO(idl), f"keys_of_maps_{sets}_thrift", sets=sets)
        for fields in ({"a": {Key({1: 2}): 3}}, {"b": {(Key({1: 2}),): 3}}):
            data = fastthrift.encode(keys.Keys(**fields))
            with pytest.raises(TProtocolException, match="unhashable") as caught:
                fastthrift.decode(keys.Keys, data)
            assert "load(" not in str(caught.value)


def test_an_array_outlives_its_message_and_can_be_changed() -> None:
    data = bytearray(fastthrift.encode(Series(longs=list(range(1000)))))
    found = read(data, "binary").longs
    data[:] = bytes(len(data))
    del data
    gc.collect()
    found.append(5)
    found[0] = 7
    assert list(found) == [7, *range(1, 1000), 5]
    # Nothing is shared between messages.
    assert read(fastthrift.encode(Series(longs=[0])), "binary").longs == array("q", [0])


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", PROTOCOLS[:2])
def test_nothing_is_left_of_arrays_and_of_buffers(protocol: str) -> None:
    value = Series(longs=array("q", range(40)), rows=[array("d", [1.0])], ints=memoryview(b"ab"))
    data = fastthrift.encode(value, protocol)

    def both() -> None:
        fastthrift.encode(read(data, protocol), protocol)
        fastthrift.encode(value, protocol)
        with pytest.raises(TProtocolException):
            read(data[:-9], protocol)

    check_leaks(both, 20_000, data, value.longs, Series)
