"""Long lists of integers, which are read many at a time where a message lies in memory."""

from __future__ import annotations

import io
import random
from typing import Any

import fastthrift
import pytest
import thriftpy2
from fastthrift.protocol import TCompactProtocolFactory
from fastthrift.protocol.exc import TProtocolException, TTruncatedDataException
from support.leaks import check_leaks
from thriftpy2.protocol import TCompactProtocolFactory as TTheirCompactProtocolFactory
from thriftpy2.utils import deserialize

IDL = "struct Series { 1: list<i32> ints, 2: list<i64> longs, 3: set<i64> some }"
Series = fastthrift.load_fp(io.StringIO(IDL), "long_lists_thrift").Series
Theirs = thriftpy2.load_fp(io.StringIO(IDL), "long_lists_thrift").Series

COUNTS = [255, 256, 257, 1023, 1024, 1025, 2049]
BITS = {"ints": 32, "longs": 64}

#: Of ten bytes and more than 64 bits; of eleven; of more than 32 bits.
TOO_LONG, ENDLESS, BEYOND_I32 = b"\xff" * 9 + b"\x02", b"\xff" * 11, b"\xff" * 5 + b"\x01"


class Source:
    """What is not in memory: one varint is read after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._data.read(size)


def one_by_one(data: bytes) -> Any:
    protocol = TCompactProtocolFactory().get_protocol(Source(data))
    return protocol.read_struct(Series())


def of_all_sizes(name: str, count: int) -> list[int]:
    """Numbers of which the encodings are of one to ten bytes, the extremes among them."""
    bits = BITS[name]
    chance = random.Random(count)
    most = 2 ** (bits - 1)
    numbers = [chance.randrange(-most, most) >> chance.randrange(bits) for _ in range(count - 3)]
    return [-most, *numbers, most - 1, 0]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", BITS)
def test_they_are_what_thriftpy2_reads(name: str, count: int) -> None:
    values = of_all_sizes(name, count)
    data = fastthrift.encode(Series(**{name: values}), "compact")
    theirs = deserialize(Theirs(), data, TTheirCompactProtocolFactory())
    ours = getattr(fastthrift.decode(Series, data, "compact"), name)
    assert ours == getattr(theirs, name) == values
    assert {type(value) for value in ours} == {int}
    assert one_by_one(data) == Series(**{name: values})


@pytest.mark.parametrize("bits", [1, 6, 7, 13, 20, 27, 31, 34, 41, 48, 55, 62])
def test_numbers_of_one_size_are_read(bits: int) -> None:
    values = [2**bits - 1, -(2**bits)] * 600
    data = fastthrift.encode(Series(longs=values, some=values[:2]), "compact")
    assert fastthrift.decode(Series, data, "compact") == Series(longs=values, some=values[:2])


@pytest.mark.parametrize("index", [0, 1, 255, 256, 1000, 1023, 1024, 1999])
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("longs", TOO_LONG),
        ("longs", ENDLESS),
        ("ints", TOO_LONG),
        ("ints", ENDLESS),
        ("ints", BEYOND_I32),
    ],
)
def test_a_wrong_number_is_told_with_its_index(name: str, wrong: bytes, index: int) -> None:
    good = fastthrift.encode(Series(**{name: [1] * 2000}), "compact")
    at = len(good) - 1 - 2000 + index
    data = good[:at] + wrong + good[at + 1 :]
    with pytest.raises(TProtocolException) as expected:
        one_by_one(data)
    with pytest.raises(TProtocolException, match=rf"{name}\[{index}\]") as found:
        fastthrift.decode(Series, data, "compact")
    assert str(found.value) == str(expected.value)
    assert found.value.type == expected.value.type


def test_a_message_that_is_cut_off_is_refused() -> None:
    data = fastthrift.encode(Series(longs=of_all_sizes("longs", 300)), "compact")
    # With fewer bytes the count is refused.
    for end in range(4 + 300, len(data)):
        with pytest.raises(TTruncatedDataException):
            fastthrift.decode(Series, data[:end], "compact")


def test_nothing_is_kept_of_a_list_that_is_wrong() -> None:
    good = fastthrift.encode(Series(longs=[2**40] * 2000), "compact")
    bad = good[:-8] + ENDLESS + good[-8:]

    def refused() -> None:
        with pytest.raises(TProtocolException):
            fastthrift.decode(Series, bad, "compact")

    check_leaks(refused, 1000)
