"""Compare the codec of ``fastthrift.contrib.apache`` with Apache's C extension, in one run.

::

    python benches/generated.py
    python benches/generated.py --quick

Both encode and decode objects of the same classes, those that Apache's compiler generates, by the
same public calls: ``TSerialization.serialize`` and ``deserialize``, with a factory of each. Bytes
and values are compared before anything is timed, and the two take turns.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from cases import Case, all_cases
from fastthrift.contrib import apache
from measurement import APACHE, SUBJECT, Action, Budget, Measurement, record
from thrift import TSerialization
from thrift.protocol import TBinaryProtocol, TCompactProtocol

#: The ratio that each mean has to reach.
TARGET = 3.0

FACTORIES = {
    "binary": (
        TBinaryProtocol.TBinaryProtocolAcceleratedFactory(fallback=False),
        apache.TBinaryProtocolAcceleratedFactory(),
    ),
    "compact": (
        TCompactProtocol.TCompactProtocolAcceleratedFactory(fallback=False),
        apache.TCompactProtocolAcceleratedFactory(),
    ),
}

STYLES = {"dict": "py", "slots": "py:slots"}


def generate(case: Case, style: str, directory: Path) -> Any:
    """The module ``ttypes`` that the compiler writes for a case."""
    package = f"{case.path.stem}_{style}"
    source = directory / f"{package}.thrift"
    definitions = re.sub(r"(?m)^namespace .*$", "", case.path.read_text())
    source.write_text(f"namespace py {package}\n{definitions}")
    command = ["thrift", "--gen", STYLES[style], "--out", str(directory), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    importlib.invalidate_caches()
    return importlib.import_module(f"{package}.ttypes")


def actions(case: Case, types: Any, protocol: str) -> tuple[dict[str, Action], dict[str, Action]]:
    """The encode and decode actions of both, after checking that they agree."""
    obj, cls = case.make(types), getattr(types, case.struct)
    encode, decode, written, read = {}, {}, [], []
    for name, factory in zip((APACHE, SUBJECT), FACTORIES[protocol], strict=True):
        names: dict[str, Any] = {
            **{"serialize": TSerialization.serialize, "deserialize": TSerialization.deserialize},
            **{"obj": obj, "cls": cls, "factory": factory},
        }
        names["data"] = TSerialization.serialize(obj, factory)
        encode[name] = Action("serialize(obj, factory)", names)
        decode[name] = Action("deserialize(cls(), data, factory)", names)
        written.append(names["data"])
        read.append(decode[name]())
    if written[0] != written[1] or read[0] != read[1]:
        raise SystemExit(f"{case.name}: {APACHE} and {SUBJECT} differ ({protocol})")
    return encode, decode


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a first impression")
    parser.add_argument("--case", help="only the case of this name")
    options = parser.parse_args()
    budget = Budget(5, 0.05) if options.quick else Budget(15, 0.1)
    cases = [case for case in all_cases() if options.case in (None, case.name)]
    ratios: dict[tuple[str, str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        sys.path.insert(0, directory)
        for style in STYLES:
            for case in cases:
                types = generate(case, style, Path(directory))
                for protocol in FACTORIES:
                    both = actions(case, types, protocol)
                    for operation, contest in zip(("encode", "decode"), both, strict=True):
                        row = Measurement(operation, protocol, f"{case.name}, {style}")
                        ratio = record(row, contest, budget).ratio(APACHE) or 0.0
                        print(f"{style:6} {operation} {protocol:8} {case.name:16} {ratio:6.2f} x")
                        ratios.setdefault((style, operation, protocol), []).append(ratio)
    missed = False
    for key, each in ratios.items():
        mean = geometric_mean(each)
        missed |= mean < TARGET
        print(f"{' '.join(key):24} {mean:6.2f} x  (least {min(each):.2f} x)")
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
