"""What the benchmarks measure with: statements that take turns, and what came of them."""

from __future__ import annotations

import gc
import statistics
import sys
import timeit
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The helpers and peers of the tests: Apache-style classes, servers in processes of their own.
sys.path[:0] = [str(HERE.parent / "tests" / "python")]

from support import subject  # noqa: E402

SUBJECT, THRIFTPY2, APACHE, MSGSPEC = subject.NAME, "thriftpy2", "apache", "msgspec"
MSGSPEC_JSON = "msgspec (JSON)"


@dataclass(frozen=True)
class Action:
    """A statement to be timed, and the names in it.

    A statement and not a function: calling a lambda costs as much as a small encode.
    """

    statement: str
    names: dict[str, Any]

    def __call__(self) -> Any:
        """The value of the statement."""
        return eval(self.statement, self.names)

    def seconds(self, count: int) -> float:
        """How long `count` executions take, the garbage collector on."""
        timer = timeit.Timer(self.statement, "gc.enable()", globals={**self.names, "gc": gc})
        return timer.timeit(count)


@dataclass
class Budget:
    """How long a measurement takes: turns per contestant, and seconds per turn."""

    turns: int
    seconds: float


@dataclass
class Measurement:
    """The seconds per call of each contestant: the best turn, and the median one."""

    operation: str
    protocol: str
    case: str
    best: dict[str, float] = field(default_factory=dict)
    median: dict[str, float] = field(default_factory=dict)

    def ratio(self, other: str) -> float | None:
        """How many times as fast as `other` the subject is."""
        return self.best[other] / self.best[SUBJECT] if other in self.best else None


# Timing


def calls_per_turn(action: Action, seconds: float) -> int:
    """How many executions of `action` fill `seconds`."""
    count = 1
    while True:
        taken = action.seconds(count)
        if taken >= seconds / 4:
            return max(1, round(count * seconds / taken))
        count *= 4


def measure(actions: dict[str, Action], budget: Budget) -> dict[str, list[float]]:
    """Seconds per call in each turn of each action, the actions taking turns."""
    counts = {name: calls_per_turn(action, budget.seconds) for name, action in actions.items()}
    times: dict[str, list[float]] = {name: [] for name in actions}
    # What exists by now is not looked at again: each contestant pays for its own garbage.
    gc.collect()
    gc.freeze()
    for _ in range(budget.turns):
        for name, action in actions.items():
            gc.collect()
            times[name].append(action.seconds(counts[name]) / counts[name])
    gc.unfreeze()
    return times


def record(into: Measurement, actions: dict[str, Action], budget: Budget) -> Measurement:
    for name, times in measure(actions, budget).items():
        into.best[name] = min(times)
        into.median[name] = statistics.median(times)
    return into


def progress(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def title(operation: str, protocol: str) -> str:
    return f"{operation} ({protocol})" if protocol else operation
