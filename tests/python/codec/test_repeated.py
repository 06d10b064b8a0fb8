"""Strings that a large message repeats: one object for all of them, and all as they were."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import TJSONProtocolFactory
from fastthrift.utils import deserialize, serialize

IDL = """\
struct Row { 1: string name, 2: binary raw, 3: list<string> path, 4: map<string, binary> more }
struct Table { 1: list<Row> rows }
"""


@pytest.fixture(scope="module")
def idl() -> Any:
    return fastthrift.load_fp(io.StringIO(IDL), "repeated_strings_thrift")


def table(idl: Any, names: list[str]) -> Any:
    rows = [idl.Row(name, name.encode(), [name, "a"], {"key": name.encode()}) for name in names]
    return idl.Table(rows)


#: How values are written and read.
WAYS: dict[str, tuple[Callable[[Any], bytes], Callable[[Any, bytes], Any]]] = {
    **{
        protocol: (
            partial(fastthrift.encode, protocol=protocol),
            partial(fastthrift.decode, protocol=protocol),
        )
        for protocol in ("binary", "compact")
    },
    "thriftpy2's JSON": (
        partial(serialize, proto_factory=TJSONProtocolFactory()),
        lambda cls, data: deserialize(cls(), data, TJSONProtocolFactory()),
    ),
    "to_json": (fastthrift.to_json, fastthrift.from_json),
}


@pytest.mark.parametrize("way", WAYS)
def test_all_strings_are_as_they_were(idl: Any, way: str) -> None:
    encode, decode = WAYS[way]
    for names in (
        ["same" * 3] * 2_000,
        [f"name {number % 7}" for number in range(3_000)],
        [f"name {number}" for number in range(3_000)],
        [f"n{number % 3}" if number % 2 else f"name {number}" for number in range(5_000)],
        ["ä\N{SNOWMAN}" * 5, "\N{LATIN SMALL LETTER E WITH ACUTE}", "", "x" * 64, "x" * 65] * 500,
        ["y" * 88, "y" * 89, 'so "it" is', '"', "\\", "\\\\", 'ends with "', "\N{GRINNING FACE}\n"]
        * 500,
    ):
        sent = table(idl, names)
        found = decode(idl.Table, encode(sent))
        assert found == sent
        for row in found.rows:
            assert (type(row.name), type(row.raw)) == (str, bytes)
            assert {type(each) for each in row.path} == {str}


def test_what_is_repeated_is_one_object(idl: Any) -> None:
    data = fastthrift.encode(table(idl, ["first name", "second name"] * 1_000))
    rows = fastthrift.decode(idl.Table, data).rows
    for field in ("name", "raw"):
        assert len({id(getattr(row, field)) for row in rows}) == 2
    assert len({id(each) for row in rows for each in row.path}) == 3
    # Of a message, and no longer: nothing is kept.
    again = fastthrift.decode(idl.Table, data).rows
    assert again[0].raw is not rows[0].raw


@pytest.mark.parametrize("way", ["thriftpy2's JSON", "to_json"])
def test_what_json_repeats_is_one_object_in_whatever_way_it_is_written(idl: Any, way: str) -> None:
    encode, decode = WAYS[way]
    names = ["first name", "zweiter für \N{SNOWMAN}", "third\tname", 'a "fourth"'] * 1_000
    rows = decode(idl.Table, encode(table(idl, names))).rows
    assert [row.name for row in rows] == names
    for name in set(names[:3]):
        assert len({id(row.name) for row in rows if row.name == name}) == 1
    assert len({id(row.raw) for row in rows}) == 4


@pytest.mark.parametrize("way", ["thriftpy2's JSON", "to_json"])
def test_the_same_text_of_json_is_bytes_where_it_is_base64(idl: Any, way: str) -> None:
    encode, decode = WAYS[way]
    sent = idl.Table([idl.Row("YWJjZGVm", b"abcdef", ["YWJjZGVm"], {}) for _ in range(2_000)])
    data = encode(sent)
    assert data.count(b'"YWJjZGVm"') == 6_000
    assert decode(idl.Table, data) == sent


@pytest.mark.parametrize("way", WAYS)
def test_what_is_repeated_after_many_others_is_one_object(idl: Any, way: str) -> None:
    encode, decode = WAYS[way]
    names = [f"column_{number:04}" for number in range(2_000)] * 5
    rows = decode(idl.Table, encode(table(idl, names))).rows
    assert [row.name for row in rows] == names
    for field in ("name", "raw"):
        objects = {id(getattr(row, field)) for row in rows}
        # Of a few strings three and more have one place, which has room for two.
        assert 2_000 <= len(objects) < 2_500


def test_repeated_strings_take_the_memory_of_one(idl: Any) -> None:
    def taken(names: list[str]) -> int:
        data = fastthrift.encode(table(idl, names))
        fastthrift.decode(idl.Table, data)
        gc.collect()
        tracemalloc.start()
        kept = fastthrift.decode(idl.Table, data)
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(kept.rows) == len(names)
        return now

    different = taken([f"the name of row {number:06}" for number in range(4_000)])
    assert taken(["the name of row 000000"] * 4_000) < 0.9 * different


def test_bytes_that_are_no_text_stay_bytes(idl: Any) -> None:
    raw = fastthrift.load_fp(io.StringIO(IDL.replace("string", "binary")), "repeated_bytes_thrift")
    rows = [raw.Row(b"\xff\xfe", b"\xff\xfe", [b"\xff\xfe", b"ab"], {}) for _ in range(5_000)]
    found = fastthrift.decode(idl.Table, fastthrift.encode(raw.Table(rows)))
    assert {row.name for row in found.rows} == {b"\xff\xfe"}
    assert all(row.path == [b"\xff\xfe", "ab"] for row in found.rows)
