"""Count the instructions of encoding, decoding and calls, where a clock is too noisy.

::

    python benches/instructions.py                        # all cases, beside the peers'
    python benches/instructions.py --case "wide struct"   # only this one; may be repeated
    python benches/instructions.py --write                # keep the figures
    python benches/instructions.py --check                # compare with those that were kept
    python benches/instructions.py --write FILE           # keep them elsewhere, and
    python benches/instructions.py --check FILE           # compare with another build's

Callgrind counts what a call executes, whatever else the machine does: the same binary gives the
same figure.  What is counted are the statements that ``compare.py`` times, the work of the garbage
collector included, fastthrift's short forms ``encode`` and ``decode``, and the calls of ``rpc.py``
without their sockets, over thriftpy2's JSON too, and as they are when ``fastthrift.hooks`` was
imported, with a hook and with none: until then nobody watches calls.  ``--check`` fails when
fastthrift needs more of them than the kept figures allow; with another CPython or C library, more
of the instructions that its peer needs for the same (msgspec to encode and decode, thriftpy2 for
calls), for those move both.

Needs valgrind with its headers, and a C compiler; ``make bench-instructions`` installs the former.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from measurement import Action

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"

#: By how much a figure may grow before ``--check`` fails: memory addresses move the counts by less.
TOLERANCE = 0.02

#: What is counted the least of so many times.
ROUNDS = 3

#: The same hashes, and copies that count by the vector, as they cost: by default the C library
#: copies what is large by one instruction that callgrind counts for each byte, and whether a large
#: result is copied while it grows depends on what lies behind it.
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "GLIBC_TUNABLES": f"glibc.cpu.x86_rep_movsb_threshold={2**30}",
}

#: Python's allocator takes memory in pools of so many bytes; so many of each size are half used.
POOL, POOLS = 16 * 1024, 4

#: Who else does what fastthrift does: the first that was counted.
PEERS = ("msgspec", "thriftpy2")

#: Instructions by name: "address book / encode (binary) / fastthrift".
Counts = dict[str, float]


def count_here(marks: ctypes.CDLL, cases: list[str]) -> None:
    """Run every statement between two marks; the figures end up in callgrind's files."""
    from cases import all_cases
    from compare import codec_actions, direct_actions
    from measurement import MSGSPEC, SUBJECT, title

    if not marks.counted():
        raise SystemExit("not inside valgrind: nothing would be counted")

    def count(name: str, action: Action, size: int) -> None:
        # Few executions of what is large: every one executes the same instructions. How many does
        # not depend on a clock, as what is done once for all of them would have another share.
        number = max(20, min(2_000, 1_000_000 // size))
        timer = timeit.Timer(action.statement, "gc.enable()", globals={**action.names, "gc": gc})
        timer.timeit(20)
        kept = []
        for _ in range(ROUNDS):
            gc.collect()
            kept.append(half_used_pools())
            marks.start()
            timer.timeit(number)
            marks.stop(f"{name} / {number}".encode())

    for name, action in calls(cases):
        count(name, action, 1000)
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
    # The last, since what is imported stays.
    for name, action in watched_calls(cases):
        count(name, action, 1000)


def half_used_pools() -> list[object]:
    """Small objects that leave as much room between them, as long as they are kept.

    Python's allocator has a list of the pools with room for each size of block: what begins a pool
    or uses up its last block costs more, and where in a pool a statement starts is chance.
    """
    blocks: list[object] = [object() for _ in range(POOLS * POOL // 16)]
    blocks += [float(number) for number in range(POOLS * POOL // 32)]
    for size in range(48, 513, 16):
        blocks += [bytes(size - sys.getsizeof(b"")) for _ in range(POOLS * POOL // size)]
    # A pool that was full is the first to be asked after a block of it is given back.
    del blocks[::2]
    return blocks


def calls(cases: list[str]) -> Iterator[tuple[str, Action]]:
    """The calls of ``rpc.py``, by a client and by a processor whose peer is memory."""
    import rpc
    from measurement import SUBJECT, THRIFTPY2, Action

    for case in rpc.CASES:
        # What is mostly a copy counts by the cache line.
        if case.name == "64 KiB" or (cases and case.name not in cases):
            continue
        for side, (library, protocol) in itertools.product(
            ("client", "processor"),
            ((SUBJECT, "binary"), (THRIFTPY2, "binary"), (SUBJECT, "json")),
        ):
            made = rpc.calls_in_memory(side, library, case, protocol)
            names = {f"call_{number}": call for number, call in enumerate(made)}
            action = Action("; ".join(f"{name}()" for name in names), names)
            of = side if protocol == "binary" else f"{side} (thriftpy2's JSON)"
            yield f"{case.name} / {of} / {library}", action


def watched_calls(cases: list[str]) -> Iterator[tuple[str, Action]]:
    """The first calls of ``rpc.py``, when hooks were imported and none is set, and with one."""
    import rpc
    from fastthrift import hooks
    from measurement import SUBJECT, Action

    case = rpc.CASES[0]
    if cases and case.name not in cases:
        return

    def ignore(call: Any) -> None:
        """The hook."""

    for of, hook in (("hooks, none set", {}), ("a hook", {"client": ignore, "server": ignore})):
        if hook:
            hooks.add(**hook)
        for side in ("client", "processor"):
            (call,) = rpc.calls_in_memory(side, SUBJECT, case)
            yield f"{case.name} / {side} ({of}) / {SUBJECT}", Action("call()", {"call": call})


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
        subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT})
        counts = {}
        for path in Path(directory).glob("out.*"):
            text = path.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.*) / (\d+)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if mark and total:
                once = int(total[1]) / int(mark[2])
                counts[mark[1]] = min(once, counts.get(mark[1], once))
    return counts


def ours(counts: Counts) -> list[str]:
    """The statements of fastthrift."""
    return sorted(name for name in counts if name.rpartition(" / ")[2] not in PEERS)


def peer_of(name: str, counts: Counts) -> str | None:
    """The statement of a peer that does what a statement of fastthrift does, where one does."""
    measured = name.rpartition(" / ")[0]
    of_peers = (f"{measured} / {peer}" for peer in PEERS)
    return next((name for name in of_peers if name in counts), None)


def ratios(counts: Counts) -> dict[str, float]:
    """For each statement of fastthrift with a peer, its instructions as a share of the peer's."""
    pairs = ((name, peer_of(name, counts)) for name in ours(counts))
    return {name: counts[name] / counts[peer] for name, peer in pairs if peer}


def show(counts: Counts) -> None:
    shares = ratios(counts)
    print(f"{'instructions of an execution':58} {'fastthrift':>12} {'peer':>12} {'share':>6}")
    for name in ours(counts):
        line = f"{name:58} {counts[name]:12,.0f}"
        if name in shares:
            line += f" {counts[name] / shares[name]:12,.0f} {shares[name]:6.2f}"
        print(line)


def machine() -> str:
    """What decides how many instructions a statement takes, besides fastthrift."""
    return f"CPython {platform.python_version()}, {' '.join(platform.libc_ver())}"


def document(counts: Counts) -> dict[str, Any]:
    """What is kept: the figures of fastthrift, and as shares of its peers'."""
    shares = ratios(counts)
    return {
        "machine": machine(),
        "counts": {name: round(counts[name]) for name in ours(counts)},
        "shares": {name: round(shares[name], 3) for name in sorted(shares)},
    }


def check(counts: Counts, kept: dict[str, Any]) -> int:
    """Compare with the kept figures; how many have become worse."""
    # With the same interpreter the counts of fastthrift repeat better than those of its peers.
    by = "counts" if kept["machine"] == machine() else "shares"
    now, before = document(counts)[by], kept[by]
    worse = 0
    changes = []
    for name in sorted(now.keys() & before.keys()):
        change = now[name] / before[name] - 1
        changes.append(change)
        if change > TOLERANCE:
            worse += 1
            print(f"worse: {name}: {now[name]:,}, was {before[name]:,} ({by}, {change:+.1%})")
    mean = sum(changes) / len(changes)
    print(f"{len(changes)} {by} compared, {worse} worse; changed by {mean:+.1%} on average")
    return worse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", default=[], help="only this case")
    kept = {"nargs": "?", "const": KEPT, "type": Path, "metavar": "FILE"}
    parser.add_argument("--write", help=f"keep the figures in FILE ({KEPT.name})", **kept)
    parser.add_argument("--check", help="fail when a kept figure got worse", **kept)
    parser.add_argument("--inside", metavar="LIBRARY", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        count_here(ctypes.CDLL(arguments.inside), arguments.case)
        return
    counts = count(arguments.case)
    show(counts)
    if arguments.write:
        arguments.write.write_text(json.dumps(document(counts), indent=2) + "\n")
    if arguments.check and check(counts, json.loads(arguments.check.read_text())):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
