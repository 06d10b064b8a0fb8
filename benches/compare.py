"""Compare fastthrift with thriftpy2, Apache Thrift and msgspec, in one run.

::

    python benches/compare.py              # everything: some minutes
    python benches/compare.py --quick      # a first impression: under a minute
    python benches/compare.py --case "address book" --json results.json

What is timed are whole public calls, as users write them: ``utils.serialize(obj, factory)`` and
``utils.deserialize(cls(), data, factory)`` for fastthrift and thriftpy2 (its Cython binary
protocol, its compact one), ``TSerialization.serialize`` and ``deserialize`` for Apache
Thrift (its C extension, which must not fall back), ``encode`` and ``decode`` of reused msgpack
coders for msgspec, which has no Thrift: it is there as the measure of what Python allows.

Before anything is timed, the results are compared: equal bytes from every Thrift library, equal
values from every library.  The contestants take turns (A B C A B C ...), so that a slow moment
of the machine meets all of them, and the best of the turns counts.  The garbage collector stays
on, as in the programs that use these libraries; it starts each turn from a clean state.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.metadata
import itertools
import json
import math
import os
import platform
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
# The peers of the tests: Apache-style classes, servers in processes of their own.
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "python")]

import msgspec  # noqa: E402
import thriftpy2  # noqa: E402
from cases import Case, all_cases  # noqa: E402
from peers import apache, reference, remote, subject  # noqa: E402
from thrift import TSerialization  # noqa: E402

SUBJECT, THRIFTPY2, APACHE, MSGSPEC = subject.NAME, "thriftpy2", "apache", "msgspec"
CONTESTANTS = tuple(dict.fromkeys((SUBJECT, THRIFTPY2, APACHE, MSGSPEC)))
HEADINGS = {APACHE: "Apache Thrift", MSGSPEC: "msgspec (msgpack)"}

#: What the project asks of itself: times as fast as thriftpy2, as a geometric mean of the cases.
TARGETS = {
    ("encode", "binary"): 6.0,
    ("decode", "binary"): 3.5,
    ("encode", "compact"): 50.0,
    ("decode", "compact"): 20.0,
    ("load", ""): 30.0,
}


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
    target: bool
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


# Encode and decode


def normal(value: Any) -> Any:
    """A value of any library in one form, to compare them."""
    if isinstance(value, msgspec.Struct):
        return {name: normal(getattr(value, name)) for name in value.__struct_fields__}
    spec = getattr(type(value), "thrift_spec", None)
    if isinstance(spec, dict):
        return {entry[1]: normal(getattr(value, entry[1])) for entry in spec.values()}
    if isinstance(spec, tuple):
        return {entry[2]: normal(getattr(value, entry[2])) for entry in spec if entry}
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(item) for item in value]
    return value


def codec_actions(case: Case, protocol: str) -> tuple[dict[str, Action], dict[str, Action]]:
    """The encode and decode actions of every contestant, after checking that they agree."""
    ours, theirs = subject.load(str(case.path)), reference.load(str(case.path))
    classes = apache.Classes()
    apache_types = SimpleNamespace(
        **{model.__name__: classes[model] for model in theirs.__thrift_meta__["structs"]}
    )
    msgspec_types = case.msgspec()

    encode: dict[str, Action] = {}
    decode: dict[str, Action] = {}
    thrift_bytes: dict[str, bytes] = {}

    def add_thriftpy(name: str, module: Any, utils: Any, factory: Any) -> None:
        obj, cls = case.make(module), getattr(module, case.struct)
        data = thrift_bytes[name] = utils.serialize(obj, factory)
        names = {
            **{"serialize": utils.serialize, "deserialize": utils.deserialize},
            **{"obj": obj, "cls": cls, "data": data, "factory": factory},
        }
        encode[name] = Action("serialize(obj, factory)", names)
        decode[name] = Action("deserialize(cls(), data, factory)", names)

    add_thriftpy(SUBJECT, ours, subject.utils, subject.factory(protocol))
    flavour = reference.flavours(protocol)[0]
    add_thriftpy(THRIFTPY2, theirs, thriftpy2.utils, reference.FACTORIES[protocol, flavour])

    apache_obj, apache_class = case.make(apache_types), getattr(apache_types, case.struct)
    apache_data = thrift_bytes[APACHE] = apache.encode(apache_obj, protocol)
    names = {
        **{"serialize": TSerialization.serialize, "deserialize": TSerialization.deserialize},
        **{"obj": apache_obj, "cls": apache_class, "data": apache_data},
        "factory": apache.FACTORIES[protocol, "accelerated"],
    }
    encode[APACHE] = Action("serialize(obj, factory)", names)
    decode[APACHE] = Action("deserialize(cls(), data, factory)", names)

    encoder = msgspec.msgpack.Encoder()
    decoder = msgspec.msgpack.Decoder(getattr(msgspec_types, case.struct))
    msgspec_obj = case.make(msgspec_types)
    msgspec_data = encoder.encode(msgspec_obj)
    names = {"encode": encoder.encode, "decode": decoder.decode}
    encode[MSGSPEC] = Action("encode(obj)", {**names, "obj": msgspec_obj})
    decode[MSGSPEC] = Action("decode(data)", {**names, "data": msgspec_data})

    if len(set(thrift_bytes.values())) != 1:
        raise SystemExit(f"{case.name}: the {protocol} bytes of {[*thrift_bytes]} differ")
    expected = normal(case.make(ours))
    for name, action in decode.items():
        if normal(action()) != expected:
            raise SystemExit(f"{case.name}: {name} decodes another value ({protocol})")
    return encode, decode


def direct_actions(case: Case, protocol: str) -> tuple[Action, Action] | None:
    """fastthrift's own short forms, where it has them: ``encode`` and ``decode``."""
    encode, decode = (getattr(subject.package, name, None) for name in ("encode", "decode"))
    if encode is None or decode is None:
        return None
    module = subject.load(str(case.path))
    obj, cls = case.make(module), getattr(module, case.struct)
    data = encode(obj, protocol)
    if normal(decode(cls, data, protocol)) != normal(obj):
        raise SystemExit(f"{case.name}: {SUBJECT}.decode gives another value")
    names = {"encode": encode, "decode": decode, "obj": obj, "cls": cls, "data": data}
    return (
        Action(f"encode(obj, {protocol!r})", names),
        Action(f"decode(cls, data, {protocol!r})", names),
    )


def compare_codecs(cases: list[Case], budget: Budget) -> list[Measurement]:
    results = []
    for case in cases:
        for protocol in subject.PROTOCOLS:
            progress(f"{case.name}, {protocol}")
            encode, decode = codec_actions(case, protocol)
            for operation, actions in (("encode", encode), ("decode", decode)):
                row = Measurement(operation, protocol, case.name, case.target)
                results.append(record(row, actions, budget))
            if direct := direct_actions(case, protocol):
                for operation, others, action in (
                    ("encode", encode, direct[0]),
                    ("decode", decode, direct[1]),
                ):
                    name = f"{SUBJECT}.{operation}, the short form"
                    row = Measurement(name, protocol, case.name, case.target)
                    results.append(record(row, {**others, SUBJECT: action}, budget))
    return results


# Load


def large_idl() -> str:
    """An IDL file of a size that services in production have: 200 structs, 20 services."""
    lines = ["namespace py large", ""]
    for number in range(200):
        lines += [
            f"enum Kind{number} {{ FIRST = 1, SECOND = 2, THIRD = 3 }}",
            f"struct Record{number} {{",
            "  1: required i64 id,",
            "  2: optional string name,",
            f"  3: Kind{number} kind = Kind{number}.FIRST,",
            "  4: list<string> tags,",
            "  5: map<string, i32> counts,",
            f"  6: optional Record{max(0, number - 1)} parent,",
            "  7: double weight = 1.5,",
            "  8: binary payload,",
            "}",
            "",
        ]
    for number in range(20):
        lines.append(f"service Service{number} {{")
        for method in range(10):
            record_name = f"Record{number * 10 + method}"
            lines.append(
                f"  {record_name} method{method}(1: {record_name} value, 2: i32 limit = 10),"
            )
        lines += ["}", ""]
    return "\n".join(lines)


def touch_everything(module: Any) -> int:
    """Use every class of a module once, in case it is only made when it is first asked for."""
    meta = module.__thrift_meta__
    structs = [cls() for cls in (*meta["structs"], *meta.get("exceptions", ()))]
    arguments = [
        getattr(service, f"{name}_args")()
        for service in meta.get("services", ())
        for name in service.thrift_services
    ]
    return len(structs) + len(arguments)


def compare_load(cases: list[Case], budget: Budget) -> list[Measurement]:
    texts = {case.idl: case.path.read_text() for case in cases if case.target}
    large = "200 structs, 20 services"
    texts[large] = large_idl()
    results = []
    with tempfile.TemporaryDirectory() as directory:
        serial = itertools.count()

        def copies(text: str) -> Callable[[], str]:
            # Both libraries keep what they loaded by path: every call needs a new file.
            def new_path() -> str:
                path = Path(directory, f"load_{next(serial)}.thrift")
                path.write_text(text)
                return str(path)

            return new_path

        for name, text in texts.items():
            progress(f"load {name}")
            new_path = copies(text)
            if touch_everything(subject.load(new_path())) != touch_everything(
                reference.load(new_path())
            ):
                raise SystemExit(f"{name}: the loaded modules differ")
            for operation, after in (("load", None), ("load and use all", touch_everything)):
                row = Measurement(operation, "", name, target=name != large)
                times: dict[str, list[float]] = {SUBJECT: [], THRIFTPY2: []}
                for _ in range(budget.turns):
                    for contestant, load in ((SUBJECT, subject.load), (THRIFTPY2, reference.load)):
                        paths = [new_path() for _ in range(3)]
                        gc.collect()
                        start = time.perf_counter()
                        for path in paths:
                            module = load(path)
                            if after:
                                after(module)
                        times[contestant].append((time.perf_counter() - start) / len(paths))
                for contestant, values in times.items():
                    row.best[contestant] = min(values)
                    row.median[contestant] = statistics.median(values)
                results.append(row)
    return results


# Round trip


ROUND_TRIPS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "two integers": ("subtract", (7, 3)),
    "a tree of 100 structs": (
        "echo_tree",
        ({"value": 0, "children": [{"value": n, "named": []} for n in range(99)]},),
    ),
    "64 KiB": ("echo_binary", (b"\xab" * 65536,)),
}


def compare_round_trips(budget: Budget) -> list[Measurement]:
    """Calls over a TCP connection to a threaded server of the same library in another process."""
    results = []
    for name, (method, plain) in ROUND_TRIPS.items():
        progress(f"round trip, {name}")
        with ExitStack() as stack:
            actions: dict[str, Action] = {}
            answers = []
            for contestant in (SUBJECT, THRIFTPY2, APACHE):
                port = stack.enter_context(remote.serving(contestant, "binary", "buffered"))
                client = stack.enter_context(
                    remote.connected(contestant, "binary", "buffered", port)
                )
                answers.append(client.call(method, *plain))
                actions[contestant] = Action("call()", {"call": client.prepare(method, *plain)})
            if any(answer != answers[0] for answer in answers):
                raise SystemExit(f"round trip, {name}: the answers differ")
            results.append(record(Measurement("round trip", "binary", name, True), actions, budget))
    return results


# Report


def progress(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


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
    for label, chosen in (
        ("geometric mean", [row for row in rows if row.target]),
        ("geometric mean of all", rows),
    ):
        if label.endswith("all") and all(row.target for row in rows):
            continue
        if chosen:
            means = [geometric_mean([row.ratio(name) for row in chosen]) for name in others]
            cells = [""] * len(names) + [f"**{mean:.2f}**" for mean in means]
            lines.append(f"| *{label}* | " + " | ".join(cells) + " |")
    return [*lines, ""]


def title(operation: str, protocol: str) -> str:
    return f"{operation} ({protocol})" if protocol else operation


def target_table(groups: dict[str, list[Measurement]]) -> list[str]:
    """The geometric means against thriftpy2, beside what they have to be."""
    lines = ["### Targets", "", "| operation | times thriftpy2 | target | |"]
    lines.append("| --- | ---: | ---: | --- |")
    for key, target in TARGETS.items():
        rows = [row for row in groups.get(title(*key), ()) if row.target]
        if rows:
            mean = geometric_mean([row.ratio(THRIFTPY2) for row in rows])
            verdict = "reached" if mean >= target else "missed"
            lines.append(f"| {title(*key)} | {mean:.2f} | {target:.1f} | {verdict} |")
    return [*lines, ""]


def report(results: list[Measurement], budget: Budget) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [
        "## Comparison",
        "",
        f"- {now:%Y-%m-%d}, {machine()}",
        f"- {platform.python_implementation()} {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"- the best of {budget.turns} turns; `x` columns: how many times as fast {SUBJECT} is",
        "",
    ]
    groups: dict[str, list[Measurement]] = {}
    for row in results:
        groups.setdefault(title(row.operation, row.protocol), []).append(row)
    for heading, rows in groups.items():
        lines += table(heading, rows)
    if SUBJECT != THRIFTPY2:
        lines += target_table(groups)
    return "\n".join(lines)


def main() -> None:
    cases = all_cases()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--json", metavar="FILE", help="write the measurements to FILE too")
    parser.add_argument(
        "--case",
        action="append",
        choices=[case.name for case in cases],
        help="only this case, and neither load nor round trips; may be repeated",
    )
    arguments = parser.parse_args()
    budget = Budget(turns=5, seconds=0.02) if arguments.quick else Budget(turns=25, seconds=0.05)
    chosen = [case for case in cases if not arguments.case or case.name in arguments.case]

    results = compare_codecs(chosen, budget)
    if not arguments.case:
        results += compare_load(cases, Budget(min(budget.turns, 7), budget.seconds))
        results += compare_round_trips(budget)
    results.sort(key=lambda row: row.operation != "encode" and row.operation != "decode")
    print(report(results, budget))
    if arguments.json:
        document = {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "python": platform.python_version(),
            "versions": versions(),
            "subject": SUBJECT,
            "measurements": [asdict(row) for row in results],
        }
        Path(arguments.json).write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
