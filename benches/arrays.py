"""Time lists of numbers as lists and as arrays, beside thriftpy2 and Apache's extension.

::

    python benches/arrays.py               # half a minute

A struct with one list of 10,000 numbers is decoded with a list and with an array, and encoded from
a list and from an array of NumPy: doubles, integers of all sizes that 64 bits have, and others of
a few bytes. thriftpy2 and Apache's C extension have lists only. All take turns, and the best turn
of each counts. Before anything is timed, what everyone decodes and encodes is compared.

exit status: 0 measured, whichever targets are missed; 1 someone decodes or encodes something else
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift
import numpy
import thriftpy2
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAcceleratedFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolAcceleratedFactory
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer
from thriftpy2.protocol import TCompactProtocolFactory, TCyBinaryProtocolFactory
from thriftpy2.utils import deserialize, serialize

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-arrays.md"
COUNT = 10_000
IDL = "struct Series { 1: list<i64> longs, 2: list<double> doubles }"

LISTS, ARRAYS, THRIFTPY2, APACHE = "lists", "arrays", "thriftpy2", "Apache's extension"

#: What the project asks of itself: arrays as fast at least so many times as lists were before
#: there were arrays.
TO_DECODE, TO_ENCODE = 15.0, 5.0

#: The times of those lists, decoded and encoded, in times of Apache's extension: both measured in
#: one run with the last commit without arrays, the median of three runs.
BEFORE_ARRAYS = {
    ("binary", "doubles"): (0.631, 0.067),
    ("binary", "i64, of any size"): (0.683, 0.087),
    ("binary", "i64, up to 40 bits"): (0.502, 0.061),
    ("binary", "i64, up to 6 bits"): (0.338, 0.096),
    ("compact", "doubles"): (0.602, 0.073),
    ("compact", "i64, of any size"): (0.572, 0.215),
    ("compact", "i64, up to 40 bits"): (0.427, 0.138),
    ("compact", "i64, up to 6 bits"): (0.386, 0.211),
}

INTRODUCTION = f"""\
# Lists of numbers as arrays

    make bench-codec

A list of {COUNT:,} numbers, decoded into a list and [into an array](howto/arrays.md), and encoded
from a list and from an array of NumPy; thriftpy2 and Apache's C extension decode into lists and
encode from lists. All take turns in one run, and the best turn of each counts; that results are
equal was seen first. What lists took before there were arrays is counted in times of Apache's
extension, beside which that was measured.
"""

Action = Callable[[], Any]


class OfApache:
    """As Apache's compiler would generate it."""

    thrift_spec = (
        None,
        (1, TType.LIST, "longs", (TType.I64, None, False), None),
        (2, TType.LIST, "doubles", (TType.DOUBLE, None, False), None),
    )

    def __init__(self, longs: Any = None, doubles: Any = None) -> None:
        self.longs = longs
        self.doubles = doubles


def make_cases() -> dict[str, tuple[str, list[Any]]]:
    """Lists of numbers by what they are, with their fields."""
    chance = random.Random(5)
    return {
        "doubles": ("doubles", [chance.random() for _ in range(COUNT)]),
        "i64, of any size": ("longs", [chance.randrange(-(2**63), 2**63) for _ in range(COUNT)]),
        "i64, up to 40 bits": ("longs", [chance.getrandbits(40) for _ in range(COUNT)]),
        "i64, up to 6 bits": ("longs", [chance.getrandbits(6) for _ in range(COUNT)]),
    }


def make_contestants(
    name: str, values: list[Any], protocol: str
) -> tuple[dict[str, Action], dict[str, Action]]:
    """Who decodes, and who encodes."""
    ours = fastthrift.load_fp(io.StringIO(IDL), "arrays_bench_thrift").Series
    theirs = thriftpy2.load_fp(io.StringIO(IDL), "arrays_bench_thrift").Series
    compact = protocol == "compact"
    factory = TCompactProtocolFactory() if compact else TCyBinaryProtocolFactory()
    apache = TCompactProtocolAcceleratedFactory if compact else TBinaryProtocolAcceleratedFactory
    of_lists, of_theirs = ours(**{name: values}), theirs(**{name: values})
    of_numpy = ours(**{name: numpy.array(values)})
    of_apache = OfApache(**{name: values})
    spec = [OfApache, OfApache.thrift_spec]
    data = fastthrift.encode(of_lists, protocol)

    def decode_with_apache() -> Any:
        made = OfApache()
        spoken = apache().getProtocol(TMemoryBuffer(data))
        spoken._fast_decode(made, spoken, spec)
        return made

    def encode_with_apache() -> bytes:
        spoken = apache().getProtocol(TMemoryBuffer())
        encoded: bytes = spoken._fast_encode(of_apache, spec)
        return encoded

    decoding: dict[str, Action] = {
        LISTS: lambda: fastthrift.decode(ours, data, protocol),
        ARRAYS: lambda: fastthrift.decode(ours, data, protocol, arrays="array"),
        THRIFTPY2: lambda: deserialize(theirs(), data, factory),
        APACHE: decode_with_apache,
    }
    encoding: dict[str, Action] = {
        LISTS: lambda: fastthrift.encode(of_lists, protocol),
        ARRAYS: lambda: fastthrift.encode(of_numpy, protocol),
        THRIFTPY2: lambda: serialize(of_theirs, factory),
        APACHE: encode_with_apache,
    }
    for who, decode in decoding.items():
        found = getattr(decode(), name)
        if list(found) != values or numpy.asarray(found).tolist() != values:
            sys.exit(f"{who} decodes something else: {protocol}, {name}")
    for who, encode in encoding.items():
        if encode() != data:
            sys.exit(f"{who} encodes something else: {protocol}, {name}")
    return decoding, encoding


def measure(contestants: dict[str, Action], turns: int) -> dict[str, float]:
    """The seconds of each contestant's best turn."""
    at_once = {LISTS: 5, ARRAYS: 50}
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(turns):
        for name, run in contestants.items():
            times = at_once.get(name, 1)
            best[name] = min(best[name], timeit.timeit(run, number=times) / times)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description="Time lists of numbers as lists and as arrays.")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    parser.add_argument("--turns", type=int, default=30, help="turns of each (30)")
    options = parser.parse_args()
    times_of = " | ".join(f"{who}, µs" for who in (LISTS, ARRAYS, THRIFTPY2, APACHE))
    compared = "lists before arrays, µs | as fast as lists | as those before | at least"
    lines = [f"| | {times_of} | {compared} | |", "| --- |" + " ---: |" * 8 + " --- |"]
    for protocol in ("binary", "compact"):
        for case, (name, values) in make_cases().items():
            both = make_contestants(name, values, protocol)
            for verb, contestants, target, of_apache in zip(
                ("decode", "encode"),
                both,
                (TO_DECODE, TO_ENCODE),
                BEFORE_ARRAYS[protocol, case],
                strict=True,
            ):
                best = measure(contestants, options.turns)
                before = best[APACHE] * of_apache
                times = before / best[ARRAYS]
                shown = [f"{best[who] * 1e6:.1f}" for who in contestants]
                shown += [f"{before * 1e6:.1f}", f"{best[LISTS] / best[ARRAYS]:.1f}"]
                title = f"{verb} {case} ({protocol})"
                verdict = "reached" if times >= target else "missed"
                row = [title, *shown, f"{times:.1f}", f"{target:.0f}", verdict]
                lines.append(f"| {' | '.join(row)} |")
    print("\n".join(lines))
    if options.write:
        versions = f"NumPy {numpy.__version__}, thriftpy2 {thriftpy2.__version__}"
        ran = f"CPython {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs"
        REPORT.write_text("\n".join([INTRODUCTION, *lines, "", f"{versions}; {ran}.", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
