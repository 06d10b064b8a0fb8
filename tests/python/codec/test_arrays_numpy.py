"""NumPy's arrays in place of lists of numbers, and arrays as NumPy's."""

from __future__ import annotations

import io
from typing import Any

import fastthrift
import numpy
import pytest
from fastthrift.protocol import TApacheJSONProtocolFactory
from fastthrift.protocol.exc import TEncodeException
from hypothesis import given
from hypothesis import strategies as st

module = fastthrift.load_fp(
    io.StringIO("""
        struct Series {
            1: list<byte> bytes
            2: list<i16> shorts
            3: list<i32> ints
            4: list<i64> longs
            5: list<double> doubles
            6: list<bool> bools
            7: list<list<double>> rows
        }
    """),
    "arrays_numpy_thrift",
)
Series = module.Series
PROTOCOLS = ["binary", "compact", TApacheJSONProtocolFactory()]
IDS = ["binary", "compact", "json"]
DTYPES = [
    order + code for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "f2")
    for order in "<>"
]  # fmt: skip
FIELDS = ["bytes", "shorts", "ints", "longs", "doubles"]


def encoded(name: str, value: Any, protocol: Any = "binary") -> bytes | str:
    """The bytes of a struct with this field, or what was wrong with it."""
    try:
        return fastthrift.encode(Series(**{name: value}), protocol)
    except TEncodeException as error:
        return str(error).rpartition(" (")[2]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
@pytest.mark.parametrize("name", FIELDS)
@given(
    dtype=st.sampled_from(DTYPES),
    data=st.binary(max_size=2600),
    step=st.sampled_from([1, 2, 3, -1, -2]),
)
def test_an_array_is_written_as_its_items_would_be(
    protocol: Any, name: str, dtype: str, data: bytes, step: int
) -> None:
    size = numpy.dtype(dtype).itemsize
    values = numpy.frombuffer(data[: len(data) // size * size], dtype)[::step]
    with numpy.errstate(all="ignore"):
        assert encoded(name, values, protocol) == encoded(name, list(values), protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_small_numbers_of_every_type_go_into_every_field(protocol: Any) -> None:
    items = [0, 1, 100, 7] * 75
    for dtype in DTYPES:
        for name in FIELDS:
            values = numpy.array(items, dtype)
            assert encoded(name, values, protocol) == encoded(name, items, protocol)
            assert isinstance(encoded(name, values, protocol), bytes)


def test_what_numpy_has_besides() -> None:
    flags = numpy.array([True, False, True])
    assert encoded("bools", flags) == encoded("bools", [True, False, True])
    assert encoded("bools", flags[::-2]) == encoded("bools", [True, True])
    table = numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert encoded("rows", table) == encoded("rows", table.tolist())
    assert encoded("rows", table.T) == encoded("rows", table.T.tolist())
    assert encoded("doubles", table[:, 1]) == encoded("doubles", [2.0, 5.0])
    assert encoded("doubles", numpy.broadcast_to(0.5, 4)) == encoded("doubles", [0.5] * 4)
    records = numpy.array([(1, 2.0), (3, 4.0)], dtype=[("number", "i4"), ("value", "f8")])
    assert encoded("ints", records["number"]) == encoded("ints", [1, 3])
    assert encoded("doubles", records["value"]) == encoded("doubles", [2.0, 4.0])
    unaligned = numpy.frombuffer(b"\0" + numpy.arange(9).tobytes(), "<i8", offset=1)
    assert encoded("longs", unaligned) == encoded("longs", list(range(9)))
    assert encoded("longs", numpy.array([1, 2], dtype=object)) == encoded("longs", [1, 2])
    readonly = numpy.arange(3)
    readonly.flags.writeable = False
    assert encoded("longs", readonly) == encoded("longs", [0, 1, 2])


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("ints", numpy.array([1.5]), r"ints\[0\]: has a fraction"),
        ("ints", numpy.array([1, 1 << 40]), r"ints\[1\]: out of range"),
        ("longs", numpy.array([1j]), r"longs\[0\]: "),
        ("longs", numpy.array(["a"]), r"longs\[0\]: needs a whole number, not str_"),
        ("doubles", numpy.array([[1.0]]), r"doubles\[0\]: "),
        ("doubles", numpy.array(1.0), "needs a list, set or tuple, not ndarray"),
        (
            "longs",
            numpy.array([(1, 2)], dtype="i4,i4"),
            r"longs\[0\]: needs a whole number, not void",
        ),
    ],
    ids=["fraction", "range", "complex", "text", "matrix", "scalar", "record"],
)
@pytest.mark.filterwarnings("ignore:.*(real|complex|ndim|imaginary)")
def test_what_does_not_fit_is_told_with_its_field_and_index(
    name: str, values: Any, reason: str
) -> None:
    with pytest.raises((TEncodeException, TypeError), match=reason):
        fastthrift.encode(Series(**{name: values}))


def test_a_masked_array_is_asked_for_its_items() -> None:
    values = numpy.ma.MaskedArray([1.0, 2.0], mask=[False, False])
    assert encoded("doubles", values) == encoded("doubles", [1.0, 2.0])
    hidden = numpy.ma.MaskedArray([1, 2], mask=[False, True])
    with pytest.raises(numpy.ma.MaskError):
        fastthrift.encode(Series(longs=hidden))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
def test_numpy_takes_what_was_read_without_a_copy(protocol: Any) -> None:
    data = fastthrift.encode(Series(longs=[1, 2], doubles=[0.5]), protocol)
    found = fastthrift.decode(Series, data, protocol, arrays="array")
    for values, dtype in ((found.longs, "i8"), (found.doubles, "f8")):
        view = numpy.asarray(values)
        assert view.dtype == dtype
        view[0] = 9
        assert values[0] == 9
        assert numpy.frombuffer(values, dtype)[0] == 9


NUMBERS = [
    (numpy.array([1, 2], "int32"), "ndarray", "i"),
    (numpy.array([[True]]), "ndarray", "?"),
    (numpy.float64(1.5), "float64", "d"),
    (numpy.int32(7), "int32", "i"),
    (numpy.uint8(7), "uint8", "B"),
]


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@pytest.mark.parametrize(("value", "name", "items"), NUMBERS)
def test_numbers_are_neither_bytes_nor_text(
    protocol: str, value: Any, name: str, items: str
) -> None:
    idl = "struct Texts { 1: string text, 2: binary raw, 3: map<string, i32> table }"
    texts = fastthrift.load_fp(io.StringIO(idl), "numpy_texts_thrift")
    wrong = [("text", value, "a str"), ("raw", value, "bytes")]
    if isinstance(value, numpy.generic):
        wrong.append(("table", {value: 1}, "a str"))
    for field, number, needed in wrong:
        with pytest.raises(TEncodeException) as caught:
            fastthrift.encode(texts.Texts(**{field: number}), protocol)
        assert caught.value.field == field
        assert caught.value.reason == (
            f'needs {needed}, not {name} with items of the format "{items}": '
            "tobytes() gives its bytes"
        )
    for kind in "uint8", "int8":
        good = numpy.array([97, 98], "uint8").view(kind)
        written = fastthrift.encode(texts.Texts(text=good, raw=good), protocol)
        assert written == fastthrift.encode(texts.Texts(text="ab", raw=b"ab"), protocol)
