"""Time a large message as a whole and in part: the footer of a Parquet file of 1,000 columns.

::

    python benches/footer.py               # a minute

pyarrow writes a file of 1,000 columns and 10 row groups, whose footer is 1.2 MB of compact Thrift.
It is decoded by the IDL that fastparquet has, whole, two fields of it, and three fields of each of
its 10,000 column chunks; beside this stand pyarrow's `read_metadata`, which is C++ and makes no
objects of Python, fastparquet's own reader, and passing over all of it. All take turns, and the
best turn of each counts. Before anything is timed, what was decoded is compared with pyarrow's
metadata. Behind it the peak of memory is counted of decoding the whole, and a table says which
targets are reached.

exit status: 0 measured, whichever targets are missed; 1 what was decoded is not what pyarrow says
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastparquet
import fastthrift
import pyarrow
import pyarrow.parquet
from fastparquet.cencoding import from_buffer

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-footer.md"
COLUMNS, ROW_GROUPS, ROWS = 1_000, 10, 1_000
#: A footer is followed by its length, of four bytes, and by four more that say what the file is.
TAIL, LENGTH = 8, slice(-8, -4)

WHOLE, SKIP, TWO, THREE = "whole", "passed over", "two fields", "three fields of each column chunk"
ARROW, FASTPARQUET = "pyarrow's read_metadata", "fastparquet's reader"

CHUNK = "row_groups.columns.meta_data"
TWO_FIELDS = ("num_rows", "created_by")
THREE_FIELDS = tuple(
    f"{CHUNK}.{name}" for name in ("num_values", "data_page_offset", "total_compressed_size")
)

#: Decoding the whole before there were selections, of which two targets tell: so many times
#: pyarrow's `read_metadata`, as it was measured then. Today's is faster, and no measure of a part.
BEFORE_SELECTIONS = "the whole before selections"
TIMES_ARROW = 2.8

#: What the project asks of itself: one as fast as the other at least so many times.
TARGETS = (
    (SKIP, TWO, 1 / 1.5),
    (BEFORE_SELECTIONS, TWO, 18.0),
    (ARROW, TWO, 5.0),
    (BEFORE_SELECTIONS, THREE, 4.0),
    (ARROW, WHOLE, 1 / 1.8),
)

#: The peak of decoding the whole before there were selections, in bytes, and what is aimed at.
BEFORE = 10_706_054
MOST_MEMORY = 0.7 * BEFORE

INTRODUCTION = f"""\
# A large message, whole and in part

    make bench-footer

The footer of a Parquet file of {COLUMNS:,} columns and {ROW_GROUPS} row groups, compact Thrift,
decoded by the IDL of Apache's parquet-format, of which [some fields](howto/selections.md) are
needed only. pyarrow's `read_metadata` is C++ and makes no objects of Python. All take turns in one
run, and the best turn of each counts; that results are equal was seen first. The whole before
selections is {TIMES_ARROW} times `read_metadata`, as it was measured then.
"""


def write_file() -> bytes:
    columns = {f"column_{number:04}": [number] * ROWS for number in range(COLUMNS)}
    sink = pyarrow.BufferOutputStream()
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table, sink, row_group_size=ROWS // ROW_GROUPS)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def make_contestants(data: bytes) -> dict[str, Callable[[], Any]]:
    idl = Path(fastparquet.__file__).with_name("parquet.thrift")
    metadata = fastthrift.load(str(idl), "parquet_thrift").FileMetaData
    two = fastthrift.select(metadata, *TWO_FIELDS)
    three = fastthrift.select(metadata, *THREE_FIELDS)
    # A struct that has none of the fields.
    nothing = fastthrift.load_fp(_Text("struct Nothing {}"), "nothing_thrift").Nothing
    size = int.from_bytes(data[LENGTH], "little")
    footer = data[-TAIL - size : -TAIL]
    print(f"a footer of {size:,} bytes")
    return {
        WHOLE: lambda: fastthrift.decode(metadata, footer, "compact"),
        SKIP: lambda: fastthrift.decode(nothing, footer, "compact"),
        TWO: lambda: fastthrift.decode(metadata, footer, "compact", only=two),
        THREE: lambda: fastthrift.decode(metadata, footer, "compact", only=three),
        ARROW: lambda: pyarrow.parquet.read_metadata(pyarrow.BufferReader(data)),
        FASTPARQUET: lambda: from_buffer(footer, "FileMetaData"),
    }


class _Text:
    """A text as `load_fp` reads it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> str:
        return self._text


def compare(contestants: dict[str, Callable[[], Any]]) -> None:
    """End with a text where what was decoded is not what pyarrow says."""
    expected = contestants[ARROW]()
    whole, two, three = (contestants[name]() for name in (WHOLE, TWO, THREE))
    told = [(found.num_rows, found.created_by) for found in (whole, two)]
    if told != [(expected.num_rows, expected.created_by)] * 2:
        sys.exit(f"the footers differ: {told}")
    for number, group in enumerate(whole.row_groups):
        chunks = zip(group.columns, three.row_groups[number].columns, strict=True)
        for column, (chunk, part) in enumerate(chunks):
            theirs = expected.row_group(number).column(column)
            wanted = theirs.num_values, theirs.data_page_offset, theirs.total_compressed_size
            for ours in (chunk.meta_data, part.meta_data):
                found = ours.num_values, ours.data_page_offset, ours.total_compressed_size
                if found != wanted:
                    sys.exit(f"row group {number}, column {column}: {found}, and not {wanted}")


def measure(contestants: dict[str, Callable[[], Any]], turns: int) -> dict[str, float]:
    """The seconds of each contestant's best turn."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(turns):
        for name, run in contestants.items():
            begun = time.perf_counter()
            kept = run()
            best[name] = min(best[name], time.perf_counter() - begun)
            del kept
    return best


def peak_of(run: Callable[[], Any]) -> tuple[int, int]:
    """The most memory that Python's objects take while something is decoded, and what they take
    when it is, in bytes."""
    run()
    gc.collect()
    tracemalloc.start()
    kept = run()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return peak, now


def targets(best: dict[str, float], peak: int) -> list[str]:
    """The table of targets."""
    seconds = {**best, BEFORE_SELECTIONS: TIMES_ARROW * best[ARROW]}
    lines = ["| target | measured | at least | |", "| --- | ---: | ---: | --- |"]
    rows = [
        (f"{fast}: times as fast as {slow}", seconds[slow] / seconds[fast], target)
        for slow, fast, target in TARGETS
    ]
    memory = f"{WHOLE}: memory before selections, in peaks of today"
    for what, measured, target in (*rows, (memory, BEFORE / peak, BEFORE / MOST_MEMORY)):
        verdict = "reached" if measured >= target else "missed"
        lines.append(f"| {what} | {measured:.2f} | {target:.2f} | {verdict} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a large message whole and in part.")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    parser.add_argument("--turns", type=int, default=40, help="turns of each (40)")
    options = parser.parse_args()
    contestants = make_contestants(write_file())
    compare(contestants)
    best = measure(contestants, options.turns)
    lines = ["| | ms | as fast as whole | as fast as pyarrow |", "| --- | ---: | ---: | ---: |"]
    for name, seconds in best.items():
        whole, arrow = best[WHOLE] / seconds, best[ARROW] / seconds
        lines.append(f"| {name} | {seconds * 1e3:.2f} | {whole:.2f} | {arrow:.2f} |")
    peak, kept = peak_of(contestants[WHOLE])
    lines += [
        "",
        "| memory of the whole, MB | peak | of it the result | before selections |",
        "| --- | ---: | ---: | ---: |",
        f"| counted by `tracemalloc` | {peak / 1e6:.2f} | {kept / 1e6:.2f} | {BEFORE / 1e6:.2f} |",
        "",
        *targets(best, peak),
    ]
    print("\n".join(lines))
    if options.write:
        versions = f"pyarrow {pyarrow.__version__}, fastparquet {fastparquet.__version__}"
        ran = f"CPython {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs"
        REPORT.write_text("\n".join([INTRODUCTION, *lines, "", f"{versions}; {ran}.", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
