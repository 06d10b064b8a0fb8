"""Measure how fast a method of a Thrift service answers.

Calls METHOD of the service at URL again and again, as fastthrift call does once, and shows how
many calls there were and how long they took. Without --rate each connection makes its next call
when the last was answered (a closed loop); with --rate calls are due at that rate, whatever is
answered, and a call that has to wait for a connection takes longer by that (an open loop).

exit status: 0 all calls were answered, 1 some were not, or none was measured; 2 wrong usage:
nothing was called
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from fastthrift._idl import UsageError
from fastthrift._plain import declared_by
from fastthrift.cli._called import FAILURES, Called, add_call, seconds

OK, FAILED, USAGE = 0, 1, 2

#: Of the JSON document: it changes when a field changes its meaning or goes, not when one comes.
VERSION = 1

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


def configure(parser: argparse.ArgumentParser) -> None:
    add_call(parser)
    parser.add_argument(
        "-c",
        "--connections",
        metavar="NUMBER",
        type=_connections,
        default=1,
        help="how many, each with a thread of its own; 1 by default",
    )
    parser.add_argument(
        "--rate",
        metavar="CALLS",
        type=_rate,
        help="so many calls per second are due, on all connections together",
    )
    parser.add_argument(
        "--duration",
        metavar="SECONDS",
        type=seconds,
        default=10.0,
        help="how long calls are measured; 10 by default",
    )
    parser.add_argument(
        "--warm-up",
        metavar="SECONDS",
        type=_pause,
        default=1.0,
        help="how long calls are made before that; 1 by default",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    try:
        called = Called.of(arguments)
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    declared = tuple(declared_by(called.service, called.method))
    with called.pool(arguments.connections) as pool:
        try:
            # What cannot be called at all is told before any time is spent.
            with contextlib.suppress(*declared):
                called.call(pool)
        except FAILURES as error:
            print(f"error: {called.why(error)}", file=sys.stderr)
            return FAILED
        bench = Bench(lambda: called.call(pool), declared, called.why, arguments)
        bench.run()
    found = bench.document()
    print(json.dumps(found, indent=2) if arguments.json else _text(found))
    if not found["calls"] and not found["not_made"]:
        print(f"error: {bench.why_none()}", file=sys.stderr)
        return FAILED
    return FAILED if found["failed"] or found["not_made"] else OK


class Recorder:
    """What one thread has seen."""

    def __init__(self) -> None:
        #: Of each measured call, in seconds.
        self.times = array("d")
        #: When the last of them was answered.
        self.last = 0.0
        self.declared: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        #: Not by `Thread.join`: one that was interrupted takes the thread for ended, before
        #: CPython 3.13.
        self.ended = threading.Event()


class Bench:
    """The calls of a measurement, of all its threads."""

    def __init__(
        self,
        call: Callable[[], Any],
        declared: tuple[type[BaseException], ...],
        why: Callable[[Exception], str],
        arguments: argparse.Namespace,
    ) -> None:
        self._call = call
        self._declared = declared
        self._why = why
        self._arguments = arguments
        self._stopped = threading.Event()
        self._recorders = [Recorder() for _ in range(arguments.connections)]
        self._errors: list[BaseException] = []
        #: Calls that were due and not begun in time.
        self._not_made: list[None] = []
        self._measured = arguments.duration
        self._interrupted = False

    def run(self) -> None:
        """Until the time is over, or somebody interrupts."""
        arguments = self._arguments
        begin = time.perf_counter()
        self._first = begin + arguments.warm_up
        self._end = self._first + arguments.duration
        # One counter for all: each thread takes the next call that is due.
        due = itertools.count()
        threads = [
            threading.Thread(target=self._thread, args=(recorder, begin, due), daemon=True)
            for recorder in self._recorders
        ]
        try:
            for thread in threads:
                thread.start()
            self._wait()
        except KeyboardInterrupt:
            self._interrupted = True
            self._stopped.set()
            self._wait()
            self._measured = max(0.0, min(time.perf_counter() - self._first, self._measured))
        if self._errors:
            raise self._errors[0]

    def _wait(self) -> None:
        for recorder in self._recorders:
            recorder.ended.wait()

    def _thread(self, recorder: Recorder, begin: float, due: Iterator[int]) -> None:
        try:
            if self._arguments.rate is None:
                self._closed(recorder)
            else:
                self._open(recorder, begin, due)
        except BaseException as error:
            self._errors.append(error)
            self._stopped.set()
        finally:
            recorder.ended.set()

    def _closed(self, recorder: Recorder) -> None:
        clock, first, end, stopped = time.perf_counter, self._first, self._end, self._stopped
        while (start := clock()) < end and not stopped.is_set():
            self._make(recorder, start, measured=start >= first)

    def _open(self, recorder: Recorder, begin: float, due: Iterator[int]) -> None:
        clock, stopped, rate = time.perf_counter, self._stopped, self._arguments.rate
        # By number, which is exact, and not by when they are due.
        first = round(self._arguments.warm_up * rate)
        last = first + round(self._arguments.duration * rate)
        # What is due near the end may still be made, but the measurement does end.
        latest = self._end + self._arguments.timeout
        for number in due:
            if number >= last or stopped.is_set():
                return
            measured = number >= first
            at = begin + number / rate
            now = clock()
            if now > latest:
                if measured:
                    self._not_made.append(None)
                continue
            if at > now and stopped.wait(at - now):
                return
            # From when it was due: that all connections were busy is the server's time.
            self._make(recorder, at, measured=measured)

    def _make(self, recorder: Recorder, start: float, *, measured: bool) -> None:
        outcome = None
        try:
            self._call()
        except self._declared as error:
            outcome = (recorder.declared, type(error).__name__)
        except FAILURES as error:
            outcome = (recorder.failures, self._why(error))
        if measured:
            recorder.last = time.perf_counter()
            recorder.times.append(recorder.last - start)
            if outcome is not None:
                counter, name = outcome
                counter[name] += 1

    def why_none(self) -> str:
        """Why nothing was measured, and what to do."""
        if self._interrupted:
            return "no call was measured before it was interrupted"
        due = "began" if self._arguments.rate is None else "was due"
        return (
            f"no call {due} in the {self._measured:g} s that are measured: --duration SECONDS "
            "measures for longer"
        )

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints; ``docs/bench.md`` describes it."""
        arguments = self._arguments
        times = sorted(itertools.chain.from_iterable(each.times for each in self._recorders))
        declared: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        for each in self._recorders:
            declared.update(each.declared)
            failures.update(each.failures)
        # What was due near the end was answered after it, and all of that where nobody kept up.
        last = max(each.last for each in self._recorders)
        taken = max(self._measured, last - self._first)
        return {
            "version": VERSION,
            "method": f"{arguments.service}.{arguments.method}",
            "loop": "closed" if arguments.rate is None else "open",
            "rate": arguments.rate,
            "connections": arguments.connections,
            "warm_up": arguments.warm_up,
            "duration": self._measured,
            "calls": len(times),
            "calls_per_second": len(times) / taken if taken else 0.0,
            "declared": dict(declared),
            "failed": failures.total(),
            "failures": dict(failures),
            "not_made": len(self._not_made),
            "latency_ms": _latencies(times),
        }


def _latencies(times: list[float]) -> dict[str, float] | None:
    if not times:
        return None
    found = {
        "min": times[0],
        "mean": math.fsum(times) / len(times),
        **{f"{share:g}": percentile(times, share) for share in PERCENTILES},
        "max": times[-1],
    }
    return {name: value * 1000 for name, value in found.items()}


def percentile(times: list[float], share: float) -> float:
    """The shortest of the sorted times that so many percent of them do not exceed."""
    return times[max(0, math.ceil(len(times) * share / 100) - 1)]


def _text(found: dict[str, Any]) -> str:
    rate = "" if found["rate"] is None else f", {found['rate']:g} calls/s due"
    number = found["connections"]
    lines = [
        f"{found['method']}: {found['loop']} loop{rate}, "
        f"{number} connection{'' if number == 1 else 's'}, {found['duration']:g} s "
        f"after {found['warm_up']:g} s of warm-up",
        f"calls    {found['calls']:>10}    {found['calls_per_second']:.1f}/s",
        f"failed   {found['failed']:>10}",
    ]
    if found["not_made"]:
        lines.append(f"not made {found['not_made']:>10}    the rate was not kept")
    for kind in ("declared", "failures"):
        lines += [f"  {count} times {text}" for text, count in found[kind].items()]
    if found["latency_ms"]:
        lines.append("latency")
        lines += [
            f"  {f'{name} %' if name[0].isdigit() else name:<7}{value:>10.3f} ms"
            for name, value in found["latency_ms"].items()
        ]
    return "\n".join(lines)


def _connections(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of connections from 1 to 10000")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls per second above 0")
    return rate


def _pause(text: str) -> float:
    return 0.0 if text == "0" else seconds(text)
