"""Count the instructions of encoding and decoding, where a clock is too noisy.

::

    python benches/instructions.py                        # all cases, beside msgspec's
    python benches/instructions.py --case "wide struct"   # only this one; may be repeated
    python benches/instructions.py --write                # keep the figures
    python benches/instructions.py --check                # compare with those that were kept

Callgrind counts what a call executes, whatever else the machine does: the same binary gives the
same figure.  What is counted are the statements that ``compare.py`` times, the work of the garbage
collector included, and fastthrift's short forms ``encode`` and ``decode``.  ``--check`` fails when
fastthrift needs more of the instructions that msgspec needs for the same value than the kept
figures allow: a ratio, so that another CPython or processor moves both.

Needs valgrind with its headers, and a C compiler; ``make bench-instructions`` installs the former.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"

#: How much of a ratio may be lost before ``--check`` fails: hash seeds and memory addresses move
#: the counts by less.
TOLERANCE = 0.03

#: Instructions by name: "address book / encode (binary) / fastthrift".
Counts = dict[str, float]


def count_here(marks: ctypes.CDLL, cases: list[str]) -> None:
    """Run every statement between two marks; the figures end up in callgrind's files."""
    from cases import all_cases
    from compare import codec_actions, direct_actions
    from measurement import MSGSPEC, SUBJECT, Action, title

    if not marks.counted():
        raise SystemExit("not inside valgrind: nothing would be counted")

    def count(name: str, action: Action, size: int) -> None:
        # Few executions of what is large: every one executes the same instructions. How many does
        # not depend on a clock, as what is done once for all of them would have another share.
        number = max(20, min(5_000, 2_000_000 // size))
        timer = timeit.Timer(action.statement, "gc.enable()", globals={**action.names, "gc": gc})
        timer.timeit(20)
        gc.collect()
        marks.start()
        timer.timeit(number)
        marks.stop(f"{name} / {number}".encode())

    for case in all_cases():
        if cases and case.name not in cases:
            continue
        for protocol in ("binary", "compact"):
            encode, decode = codec_actions(case, protocol)
            direct = direct_actions(case, protocol)
            assert direct is not None
            for operation, actions, short in (
                ("encode", encode, direct[0]),
                ("decode", decode, direct[1]),
            ):
                name = f"{case.name} / {title(operation, protocol)}"
                size = len(decode[SUBJECT].names["data"])
                count(f"{name} / {SUBJECT}", actions[SUBJECT], size)
                count(f"{name} / short form", short, size)
                count(f"{name} / {MSGSPEC}", actions[MSGSPEC], size)


def count(cases: list[str]) -> Counts:
    """The instructions of one execution of each statement, counted in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory, "marks.so")
        source = HERE / "callgrind_marks.c"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        command = [
            *("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"),
            f"--callgrind-out-file={directory}/out",
            *(sys.executable, __file__, "--inside", str(library)),
            *(argument for case in cases for argument in ("--case", case)),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run(command, check=True, env=environment)
        counts = {}
        for path in Path(directory).glob("out.*"):
            text = path.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.*) / (\d+)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if mark and total:
                counts[mark[1]] = int(total[1]) / int(mark[2])
    return counts


def ratios(counts: Counts) -> dict[str, float]:
    """For each statement of fastthrift, its instructions as a share of msgspec's."""
    shares = {}
    for name, value in counts.items():
        measured, _, who = name.rpartition(" / ")
        if who != "msgspec":
            shares[name] = value / counts[f"{measured} / msgspec"]
    return shares


def show(counts: Counts) -> None:
    shares = ratios(counts)
    print(f"{'instructions of a call':58} {'fastthrift':>12} {'msgspec':>12} {'share':>6}")
    for name in sorted(shares):
        measured = name.rpartition(" / ")[0]
        print(
            f"{name:58} {counts[name]:12,.0f} {counts[measured + ' / msgspec']:12,.0f}"
            f" {shares[name]:6.2f}"
        )


def check(counts: Counts) -> int:
    """Compare with the kept figures; how many have become worse."""
    kept = json.loads(KEPT.read_text())["shares"]
    worse = 0
    for name, share in sorted(ratios(counts).items()):
        before = kept.get(name)
        if before is not None and share > before * (1 + TOLERANCE):
            worse += 1
            print(f"worse: {name}: {share:.3f} of msgspec's instructions, was {before:.3f}")
    print(f"{len(kept)} figures compared, {worse} worse")
    return worse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", default=[], help="only this case")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {KEPT.name}")
    parser.add_argument("--check", action="store_true", help="fail when a kept figure got worse")
    parser.add_argument("--inside", metavar="LIBRARY", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        count_here(ctypes.CDLL(arguments.inside), arguments.case)
        return
    counts = count(arguments.case)
    show(counts)
    if arguments.write:
        shares = {name: round(share, 3) for name, share in sorted(ratios(counts).items())}
        document = {"python": sys.version.split()[0], "shares": shares}
        KEPT.write_text(json.dumps(document, indent=2) + "\n")
    if arguments.check and check(counts):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
