"""The report of a comparison: tables, what was asked for, and a chart of the ratios."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from measurement import (
    APACHE,
    MSGSPEC,
    MSGSPEC_JSON,
    SUBJECT,
    THRIFTPY2,
    Budget,
    Measurement,
    title,
)

CONTESTANTS = tuple(dict.fromkeys((SUBJECT, THRIFTPY2, APACHE, MSGSPEC, MSGSPEC_JSON)))
HEADINGS = {APACHE: "Apache Thrift", MSGSPEC: "msgspec (msgpack)"}

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "benchmarks.md"
CHART = DOCS / "img" / "benchmarks.svg"
#: What stands behind this line of a page is written anew.
MARK = "<!-- Written by `make bench`. -->"

#: What the project asks of itself: how many times as fast as each peer, as a geometric mean of
#: the cases.
TARGETS = {
    ("encode", "binary"): {THRIFTPY2: 10.0, APACHE: 8.0, MSGSPEC: 1.2},
    ("decode", "binary"): {THRIFTPY2: 4.5, APACHE: 4.5, MSGSPEC: 1.35},
    ("encode", "compact"): {THRIFTPY2: 100.0, APACHE: 5.0, MSGSPEC: 1.1},
    ("decode", "compact"): {THRIFTPY2: 35.0, APACHE: 5.0, MSGSPEC: 1.3},
    (f"{SUBJECT}.to_json", ""): {MSGSPEC_JSON: 1 / 3},
    (f"{SUBJECT}.from_json", ""): {MSGSPEC_JSON: 1 / 3},
}

#: No single case of encoding and decoding may be slower: than msgspec, by more than 10 percent.
WORST = {APACHE: 1.0, MSGSPEC: 1 / 1.1}


@dataclass(frozen=True)
class Requirement:
    """Something that was asked for, and what was measured."""

    what: str
    against: str
    measured: float
    target: float
    #: Whether less is better.
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.measured <= self.target if self.at_most else self.measured >= self.target


def show_time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def versions() -> dict[str, str]:
    names = dict.fromkeys((SUBJECT, "thriftpy2", "thrift", "msgspec"))
    return {name: importlib.metadata.version(name) for name in names}


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def table(heading: str, rows: list[Measurement]) -> list[str]:
    """A Markdown table of one operation: times, then how many times as fast the subject is."""
    others = [name for name in CONTESTANTS[1:] if any(name in row.best for row in rows)]
    names = [HEADINGS.get(name, name) for name in (SUBJECT, *others)]
    lines = [f"### {heading}", ""]
    lines.append(
        "| case | " + " | ".join(names) + " | " + " | ".join(f"{n} x" for n in names[1:]) + " |"
    )
    lines.append("| --- |" + " ---: |" * (len(names) + len(others)))
    for row in rows:
        times = [show_time(row.best[name]) for name in (SUBJECT, *others)]
        ratios = [f"{row.ratio(name):.2f}" for name in others]
        lines.append(f"| {row.case} | " + " | ".join(times + ratios) + " |")
    means = [geometric_mean([row.ratio(name) for row in rows]) for name in others]
    cells = [""] * len(names) + [f"**{mean:.2f}**" for mean in means]
    lines.append("| *geometric mean* | " + " | ".join(cells) + " |")
    return [*lines, ""]


def requirements(groups: dict[str, list[Measurement]]) -> list[Requirement]:
    """The targets beside the geometric means, and the worst single cases."""
    rows = []
    for key, targets in TARGETS.items():
        measured = groups.get(title(*key), ())
        for peer, target in targets.items():
            ratios = [ratio for row in measured if (ratio := row.ratio(peer)) is not None]
            if ratios:
                mean = geometric_mean(ratios)
                rows.append(Requirement(title(*key), HEADINGS.get(peer, peer), mean, target))
    for peer, target in WORST.items():
        for key in TARGETS:
            measured = groups.get(title(*key), ())
            ratios = {row.case: ratio for row in measured if (ratio := row.ratio(peer))}
            if ratios:
                case = min(ratios, key=lambda case: ratios[case])
                what = f"slowest case of {title(*key)}: {case}"
                rows.append(Requirement(what, HEADINGS.get(peer, peer), ratios[case], target))
    return rows


def requirement_table(rows: list[Requirement]) -> list[str]:
    lines = ["### Targets", "", "| | against | measured | target | |"]
    lines.append("| --- | --- | ---: | ---: | --- |")
    for row in rows:
        bound = "at most" if row.at_most else "at least"
        verdict = "reached" if row.met else "missed"
        lines.append(
            f"| {row.what} | {row.against} | {row.measured:.2f} | {bound} {round(row.target, 2):g} "
            f"| {verdict} |"
        )
    return [*lines, ""]


def grouped(results: list[Measurement]) -> dict[str, list[Measurement]]:
    groups: dict[str, list[Measurement]] = {}
    for row in results:
        groups.setdefault(title(row.operation, row.protocol), []).append(row)
    return groups


def text(results: list[Measurement], memory: list[Requirement], budget: Budget) -> str:
    """The tables, in Markdown."""
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [
        f"- {now:%Y-%m-%d}, {machine()}",
        f"- {platform.python_implementation()} {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"- the best of {budget.turns} turns; `x` columns: how many times as fast {SUBJECT} is",
        "",
    ]
    groups = grouped(results)
    if SUBJECT != THRIFTPY2:
        lines += requirement_table(requirements(groups) + memory)
    for heading, rows in groups.items():
        lines += table(heading, rows)
    return "\n".join(lines)


def document(results: list[Measurement]) -> dict[str, Any]:
    """The measurements for a program."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": versions(),
        "subject": SUBJECT,
        "measurements": [asdict(row) for row in results],
    }


def write(tables: str, results: list[Measurement]) -> None:
    """Write the documentation's page and its chart."""
    head = PAGE.read_text().partition(MARK)[0]
    image = f"![How many times as fast as its peers]({CHART.relative_to(DOCS)})"
    PAGE.write_text(f"{head}{MARK}\n\n{image}\n\n{tables}")
    draw(results)


def draw(results: list[Measurement]) -> None:
    """A chart of the ratios: a panel for each operation and protocol, a bar for each peer."""
    import matplotlib as mpl
    from matplotlib import pyplot

    # The same measurements give the same file.
    mpl.rcParams["svg.hashsalt"] = "fastthrift"
    mpl.rcParams["svg.fonttype"] = "none"
    groups = grouped(results)
    panels = [title(*key) for key in TARGETS if title(*key) in groups]
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 8), sharey=True, layout="constrained")
    peers = CONTESTANTS[1:]
    for axis, panel in zip(axes.flat, panels, strict=False):
        rows = groups[panel]
        height = 0.8 / len(peers)
        for offset, peer in enumerate(peers):
            places = [index + (offset - 1) * height for index in range(len(rows))]
            bars = axis.barh(
                places,
                [row.ratio(peer) or 0 for row in rows],
                height=height,
                label=HEADINGS.get(peer, peer),
            )
            axis.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
        axis.set_xscale("log")
        axis.set_xlim(0.3, 400)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_yticks(range(len(rows)), [row.case for row in rows])
        axis.set_title(panel)
    axes[0, 0].invert_yaxis()
    axes[0, 0].legend(fontsize=8)
    now = datetime.datetime.now(datetime.timezone.utc)
    names = ", ".join(f"{name} {version}" for name, version in versions().items())
    figure.suptitle(
        f"{SUBJECT}: how many times as fast\n"
        f"{now:%Y-%m-%d}, {machine()}, CPython {platform.python_version()}\n{names}",
        fontsize=9,
    )
    figure.savefig(CHART, metadata={"Date": None})
    pyplot.close(figure)
