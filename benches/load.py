"""Compare loading with thriftpy2 and with Apache's compiler, in one run.

::

    python benches/load.py            # about two minutes
    python benches/load.py --quick    # a first impression
    python benches/load.py --write    # writes docs/benchmarks-load.md too

Every figure comes from a process of its own, which has loaded nothing before. The contestants
take turns, and the best of the turns counts: what a load costs without the work of others on the
machine. Before anything is timed, the modules that both libraries make of the files are compared
name by name: specs, defaults, values, lines.

Apache's compiler, where Debian's package is installed, parses the same file and writes JSON: a
process that includes no Python and makes no classes, as the measure of native speed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPORT = HERE.parent / "docs" / "benchmarks-load.md"
PEERS = HERE.parent / "tests" / "python"
sys.path.insert(0, str(HERE))

from measurement import progress  # noqa: E402
from report import machine, show_time, versions  # noqa: E402

SUBJECT, THRIFTPY2, APACHE, BARE = "fastthrift", "thriftpy2", "apache", "bare"
LIBRARIES = (SUBJECT, THRIFTPY2)

#: Files of one struct that are loaded in one process, to see what one load costs among others.
FILES = 200


# What is loaded


def large_file(directory: Path) -> Path:
    """400 structs, 400 enums and 100 services of 8 functions: about 8,600 lines."""
    lines = ["namespace py large"]
    for index in range(400):
        lines += ["", f"enum Status{index} {{"]
        lines += [f"  ITEM_{item} = {item}," for item in range(6)]
        lines += [
            "}",
            "",
            f"struct Record{index} {{",
            "  1: required i64 id,",
            f'  2: optional string name = "record {index}",',
            "  3: list<string> tags,",
            f"  4: map<string, Record{index // 2}> related,",
            f"  5: Status{index} status = Status{index}.ITEM_1,",
            "  6: set<i32> numbers = [1, 2, 3],",
            "  7: binary extra,",
            "}",
        ]
    for index in range(100):
        lines.append(f"service Service{index} {{")
        for function in range(8):
            record = (index * 8 + function) % 400
            lines.append(
                f"  Record{record} call{function}(1: i64 id, 2: Record{record} record, "
                f"3: list<Status{record}> filter),"
            )
        lines.append("}")
    path = directory / "large.thrift"
    path.write_text("\n".join(lines) + "\n")
    return path


def one_struct(directory: Path, index: int = 0) -> Path:
    path = directory / f"one{index}.thrift"
    path.write_text("struct Point { 1: required i32 x, 2: required i32 y, 3: optional string z }\n")
    return path


def tree_of_files(directory: Path, count: int = 60) -> Path:
    """Files that include up to three others each; the last one leads to all of them."""
    for index in range(count):
        includes = sorted({index - 1, index // 2, index // 3} & set(range(index)))
        lines = [f'include "tree{other}.thrift"' for other in includes]
        fields = [f"  {n + 2}: tree{other}.Node{other} n{n}," for n, other in enumerate(includes)]
        lines += [f"struct Node{index} {{", "  1: i32 id,", *fields, "}"]
        path = directory / f"tree{index}.thrift"
        path.write_text("\n".join(lines) + "\n")
    return path


# Processes


@dataclass
class Children:
    """Runs programs in interpreters that find compiled modules, as installed programs do."""

    directory: Path

    def environment(self) -> dict[str, str]:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(self.directory / "pycache")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def run(self, program: str, *arguments: object) -> str:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment(), check=True, capture_output=True, text=True
        )
        return done.stdout

    def wall(self, *command: object) -> float:
        start = time.perf_counter()
        subprocess.run(
            list(map(str, command)),
            env=self.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - start

    def python_wall(self, program: str, *arguments: object) -> float:
        return self.wall(sys.executable, "-c", program, *arguments)


IMPORT = "import {library}"

FIRST_LOAD = """
import sys, time
import {library} as library
start = time.perf_counter()
library.load(sys.argv[1])
print(time.perf_counter() - start)
"""

WHOLE_LOAD = """
import sys
import {library} as library
library.load(sys.argv[1])
"""

MANY_LOADS = """
import statistics, sys, time
import {library} as library
times = []
for path in sys.argv[1:]:
    start = time.perf_counter()
    library.load(path)
    times.append(time.perf_counter() - start)
print(statistics.median(times))
"""

DESCRIBE = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from support.described import described
import {library} as library
description = json.dumps(described(library.load(sys.argv[2])))
print(len(description), hashlib.sha256(description.encode()).hexdigest())
"""

READS = """
import sys
import fastthrift.parser.parser as parser
read = []
def counting_open(path, *args, **kwargs):
    read.append(path)
    return open(path, *args, **kwargs)
parser.open = counting_open
parser.parse(sys.argv[1])
print(len(read), len(set(read)))
"""


def check_results(children: Children, paths: list[Path]) -> None:
    for path in paths:
        progress(f"comparing the modules of {path.name}")
        seen = {
            name: children.run(DESCRIBE.format(library=name), PEERS, path) for name in LIBRARIES
        }
        if len(set(seen.values())) != 1:
            raise SystemExit(f"{path.name}: the modules differ: {seen}")


def check_reads(children: Children, root: Path, count: int) -> None:
    read = children.run(READS, root).split()
    if read != [str(count)] * 2:
        raise SystemExit(f"{root.name}: {read[0]} reads of {read[1]} files instead of {count}")


# Measurements


@dataclass
class Row:
    """The seconds of each contestant, turn by turn; those of a bare interpreter are no part of
    what the libraries take."""

    name: str
    turns: dict[str, list[float]] = field(default_factory=dict)
    #: How many times as fast as thriftpy2 it has to be, and the most seconds it may take.
    times_thriftpy2: float | None = None
    seconds: float | None = None
    not_slower_than_apache: bool = False

    def best(self, contestant: str) -> float | None:
        if contestant not in self.turns:
            return None
        best = min(self.turns[contestant])
        return best - min(self.turns.get(BARE, [0.0])) if contestant in LIBRARIES else best

    def ratio(self, other: str) -> float | None:
        best, own = self.best(other), self.best(SUBJECT)
        return best / own if best is not None and own else None

    def verdict(self) -> str:
        """Whether the targets are reached; empty where there are none."""
        parts = []
        if self.times_thriftpy2 is not None:
            reached = (self.ratio(THRIFTPY2) or 0) >= self.times_thriftpy2
            parts.append((f"{self.times_thriftpy2:g} x thriftpy2", reached))
        if self.seconds is not None:
            parts.append((f"under {show_time(self.seconds)}", self.best(SUBJECT) < self.seconds))
        if self.not_slower_than_apache and APACHE in self.turns:
            parts.append(("not slower than Apache", (self.ratio(APACHE) or 0) >= 1))
        return ", ".join(f"{text}: {'reached' if ok else 'missed'}" for text, ok in parts)


def take_turns(row: Row, actions: dict[str, Callable[[], float]], turns: int) -> Row:
    progress(row.name)
    for turn in range(turns + 1):
        for contestant, action in actions.items():
            seconds = action()
            if turn:  # the first one writes and reads what later ones find in caches
                row.turns.setdefault(contestant, []).append(seconds)
    return row


def measure(children: Children, directory: Path, turns: int) -> Iterator[Row]:
    large, one, tree = large_file(directory), one_struct(directory), tree_of_files(directory)
    many = [one_struct(directory, index) for index in range(FILES)]
    check_results(children, [large, one, tree])
    check_reads(children, tree, 60)

    def in_process(program: str, *arguments: object) -> dict[str, Callable[[], float]]:
        def action(library: str) -> Callable[[], float]:
            return lambda: float(children.run(program.format(library=library), *arguments))

        return {library: action(library) for library in LIBRARIES}

    def whole(program: str, *arguments: object) -> dict[str, Callable[[], float]]:
        def action(library: str) -> Callable[[], float]:
            source = program.format(library=library)
            return lambda: children.python_wall(source, *arguments)

        actions = {library: action(library) for library in LIBRARIES}
        actions[BARE] = lambda: children.python_wall("pass")
        return actions

    yield take_turns(
        Row("import, over a bare interpreter", times_thriftpy2=10), whole(IMPORT), turns * 2
    )
    yield take_turns(
        Row("one struct, one load of many", seconds=0.0003), in_process(MANY_LOADS, *many), turns
    )
    yield take_turns(Row("one struct, the first load"), in_process(FIRST_LOAD, one), turns)
    yield take_turns(
        Row("large file, the first load", times_thriftpy2=100), in_process(FIRST_LOAD, large), turns
    )
    actions = whole(WHOLE_LOAD, large)
    compiler = shutil.which("thrift")
    if compiler:
        output = directory / "json"
        output.mkdir()
        actions[APACHE] = lambda: children.wall(compiler, "--gen", "json", "-out", output, large)
    yield take_turns(
        Row("large file, import and load, over a bare interpreter", not_slower_than_apache=True),
        actions,
        turns,
    )
    yield take_turns(Row("60 files, the first load"), in_process(FIRST_LOAD, tree), turns)


# Report


def compiler_version() -> str:
    compiler = shutil.which("thrift")
    if not compiler:
        return "no Apache compiler"
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return f"Apache's compiler {done.stdout.split()[-1]}"


def report(rows: list[Row], turns: int) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    found = versions()
    lines = [
        "# Benchmarks of loading",
        "",
        "    make bench-load",
        "",
        "Written by `benches/load.py`, which tells what is measured and how. Each figure is the "
        f"best of {turns} turns or more, each in a process of its own.",
        "",
        f"- {now:%Y-%m-%d}, {machine()}",
        f"- CPython {sys.version.split()[0]}, fastthrift {found[SUBJECT]}, "
        f"thriftpy2 {found[THRIFTPY2]}, {compiler_version()}",
        "",
        "| | fastthrift | thriftpy2 | Apache's compiler | thriftpy2 x | Apache x | target |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        times = [row.best(contestant) for contestant in (SUBJECT, THRIFTPY2, APACHE)]
        ratios = [row.ratio(contestant) for contestant in (THRIFTPY2, APACHE)]
        cells = ["" if seconds is None else show_time(seconds) for seconds in times]
        cells += ["" if ratio is None else f"{ratio:.1f}" for ratio in ratios]
        lines.append(f"| {row.name} | " + " | ".join([*cells, row.verdict()]) + " |")
    spread = statistics.median(
        statistics.median(turns) / min(turns) for row in rows for turns in row.turns.values()
    )
    lines += [
        "",
        "The large file has 8,600 lines: 400 structs of 7 fields, 400 enums, 100 services of 8 "
        "functions. `x` columns: how many times as fast fastthrift is. The first load of a process "
        "pays for memory and code that nothing has touched before.",
        "",
        f"In the median a turn took {spread:.2f} times as long as the best one.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name} too")
    arguments = parser.parse_args()
    turns = 3 if arguments.quick else 12
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = list(measure(Children(directory), directory, turns))
    text = report(rows, turns)
    print(text)
    if arguments.write:
        REPORT.write_text(text)


if __name__ == "__main__":
    main()
