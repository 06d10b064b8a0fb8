"""What docs/howto/arrays.md teaches, typed: arrays and bytes of all kinds where stubs have lists of
numbers and `binary`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.stubs import marked, mypy, pyright, run

METRICS = """\
enum Unit { METRE = 1 }
struct Series {
    1: required string name
    2: list<i64> times
    3: required list<double> values = [0.5]
    4: map<string, list<list<i32>>> tables
    5: binary raw
    6: list<Unit> units
    7: list<binary> pieces
    8: list<string> tags
    9: list<bool> flags
}
struct Archive {
    1: map<string, Series> series
    2: required list<Series> old
    3: set<list<double>> rows
    4: Archive before
    5: Plain plain
    6: map<Cell, string> names
}
struct Cell { 1: list<i16> at }
struct Plain { 1: list<string> tags }
exception Bad { 1: list<i32> places }
service Metrics {
    list<i64> shifted(1: list<i64> times, 2: i64 by, 3: binary key),
    map<string, binary> raws(1: map<string, list<double>> values = {}) throws (1: Bad bad)
}
"""
PROGRAM = """\
from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING, Any

import fastthrift
import numpy
from fastthrift.testing import client
from fastthrift.thrift import TProcessor
from numpy.typing import NDArray
from typing_extensions import Buffer, assert_type

if TYPE_CHECKING:
    import metrics_thrift as metrics
else:
    metrics = fastthrift.load("metrics.thrift", "metrics_thrift")

Series = metrics.Series


class Handler:
    def shifted(self, times: list[int], by: int, key: bytes) -> array[int]:
        return array("q", [time + by for time in times])

    def raws(self, values: dict[str, list[float]]) -> dict[str, bytearray]:
        if not values:
            raise metrics.Bad(array("i", [1, 2]))
        return {name: bytearray(len(each)) for name, each in values.items()}


class Refused:
    def shifted(self, times: list[int], by: int, key: bytes) -> list[str]:
        return []

    def raws(self, values: dict[str, list[float]]) -> dict[str, bytes]:
        return {}


def made() -> metrics.Series:
    halves: NDArray[numpy.float64] = numpy.array([0.5, 0.25])
    series = Series("load", array("q", [10, 20]), halves)
    series.times = memoryview(array("q", [1, 2, 3]))
    series.times = memoryview((ctypes.c_int64 * 2)(1, 2))
    series.times = (1, 2)
    series.times = range(3)
    series.tables = {"a": [array("i", [1]), [2]], "b": numpy.array([[1, 2], [3, 4]])}
    series.raw = bytearray(b"raw")
    series.raw = memoryview(b"raw")
    series.raw = array("B", b"raw")
    series.units = array("i", [metrics.Unit.METRE])
    series.pieces = [bytearray(b"a"), b"b"]
    series.flags = numpy.array([True, False])
    series.tags = ["a"]
    series.values = halves[halves > 0.3]
    return series


def read(series: metrics.Series) -> None:
    assert_type(series.values, list[float])
    assert_type(series.raw, bytes | None)
    assert_type(series.tables, dict[str, list[list[int]]] | None)
    if series.times is not None:
        series.times.append(4)
        assert_type(series.times[0], int)
    for piece in series.pieces or ():
        assert_type(piece, bytes)
    match series:
        case Series(name, times):
            print(name, times)
    series.times = None
    assert series.times is None


def arrays(data: bytes) -> None:
    series = fastthrift.decode(Series, data, arrays="array")
    assert_type(series.times, "array[int] | None")
    assert series.times is not None
    print(series.times.typecode, series.times.itemsize)
    values = numpy.asarray(series.values)
    values *= 2
    print(series.values)
    series.values = values


def archived(archive: metrics.Archive) -> None:
    data = fastthrift.encode(archive)
    found = fastthrift.decode(metrics.Archive, data, arrays="array")
    (times,) = (each.times for each in (found.series or {}).values())
    assert_type(times, "array[int] | None")
    assert_type(found.old[0].values, "array[float] | list[float]")
    assert_type(found.old[0].flags, list[bool] | None)
    for row in found.rows or ():
        assert_type(row, "array[float]")
        print(row.tobytes() == array("d", [0.5]).tobytes())
    for cell in found.names or ():
        assert_type(cell.at, "array[int] | None")
        print(cell.at)
    found.old[0].times = [1]
    found.old[0].times = numpy.arange(2)
    found.old = archive.old
    found.old[0].times = ["a"]  # wrong
    found.old[0].tags = [1]  # wrong
    taking(found)
    assert_type(fastthrift.decode(metrics.Archive, data).old[0].times, list[int] | None)
    assert_type(fastthrift.decode(metrics.Plain, b"\\0", arrays="array"), metrics.Plain)
    for each in fastthrift.read_messages(data, metrics.Archive, arrays="array"):
        assert_type(each.old[0].values, "array[float] | list[float]")
    for one in fastthrift.read_messages(data, metrics.Archive):
        assert_type(one.old[0].values, list[float])


def taking(archive: metrics.Archive) -> None:
    assert isinstance(archive, metrics.Archive)


def called() -> None:
    calls = client(metrics.Metrics, Handler())
    found = calls.shifted(array("q", [1, 2]), 3, memoryview(b"key"))
    assert_type(found, list[int])
    print(found, calls.shifted(numpy.arange(2), 1, key=bytearray()))
    print(calls.raws({"a": numpy.array([0.5])}))
    try:
        calls.raws({})
    except metrics.Bad as bad:
        assert_type(bad.places, list[int] | None)
        print(bad.places)


def mistaken(series: metrics.Series, anything: Any) -> None:
    series.times = ["a"]  # wrong
    series.times = 5  # wrong
    series.raw = [1, 2]  # wrong
    series.values = None  # wrong
    series.tags = ("a",)  # wrong
    series.tables = {"a": ["b"]}  # wrong
    Series("load", ["a"])  # wrong
    TProcessor(metrics.Metrics, Refused())  # wrong
    fastthrift.decode(Series, b"", arrays="array").values.typecod  # wrong
    size: Buffer = series.times  # wrong
    print(size)


if __name__ == "__main__":
    series = made()
    data = fastthrift.encode(series)
    series = fastthrift.decode(Series, data)
    read(series)
    arrays(data)
    called()
    archived(metrics.Archive({"a": series}, [series], [[0.5]], names={metrics.Cell([1]): "a"}))
"""
PRINTED = """\
load [0, 1, 2, 4]
q 8
array('d', [1.0])
[4, 5] [1, 2]
{'a': b'\\x00'}
[1, 2]
True
array('h', [1])
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("arrays")
    (directory / "metrics.thrift").write_text(METRICS)
    (directory / "program.py").write_text(PROGRAM)
    done = run("metrics.thrift", "-o", "typings", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    return directory / "program.py"


def test_the_program_does_what_its_types_say(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=program.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")


def test_mypy_takes_arrays_and_refuses_what_is_wrong(program: Path) -> None:
    assert mypy(program.parent, program.name) == {(program.name, line) for line in marked(PROGRAM)}


def test_pyright_takes_arrays_and_refuses_what_is_wrong(program: Path) -> None:
    found = pyright(program.parent, program.name)
    lines = {each["range"]["start"]["line"] + 1 for each in found}
    assert lines == marked(PROGRAM), found
    assert pyright(program.parent, "typings") == []


def test_frozen_structs_take_arrays_when_they_are_made(program: Path) -> None:
    directory = program.parent
    done = run("metrics.thrift", "-o", "typings_frozen", "--frozen", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    text = (directory / "typings_frozen/metrics_thrift.pyi").read_text()
    assert "    times: Final[list[int] | None]\n" in text
    assert "        times: Collection[int] | None = None,\n" in text
    assert "    times: Final[array[int] | None]  # type: ignore" in text
    assert pyright(directory, "typings_frozen") == []


def test_what_stays_a_list_with_options_of_load_is_one_in_stubs(program: Path) -> None:
    done = run(
        "metrics.thrift", "-o", "typings_options", "--enums", "int_enum", "--sets", "set",
        cwd=program.parent,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    text = (program.parent / "typings_options/metrics_thrift.pyi").read_text()
    (series,) = re.findall(r"^class SeriesWithArrays(?:.|\n)*?\n\n", text, re.MULTILINE)
    assert "units" not in series
    (archive,) = re.findall(r"^class ArchiveWithArrays(?:.|\n)*?\n\n", text, re.MULTILINE)
    assert "rows" not in archive
    assert "names" not in archive
    assert "old: Attribute[list[SeriesWithArrays], list[Series]]" in archive
    assert pyright(program.parent, "typings_options") == []
