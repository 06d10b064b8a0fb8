"""What clients are told to do, and what must come of it. thriftpy2 makes and judges the values, so
that nothing of fastthrift judges itself."""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import thriftpy2
from thriftpy2.utils import deserialize, serialize

FOLDER = Path(__file__).parent
types = thriftpy2.load(str(FOLDER / "peer.thrift"), "interop_cases_thrift")
Color, Small, Either, Kind = types.Color, types.Small, types.Either, types.Kind

UNKNOWN_METHOD, INTERNAL_ERROR = 1, 6
MIB = 1 << 20


@dataclass
class Case:
    name: str
    method: str
    value: dict[str, Any] = field(default_factory=dict)
    #: What the answer holds, where it is not what was sent.
    answer: dict[str, Any] | None = None
    kind: int = Kind.VALUE
    #: Of a TApplicationException.
    type: int = 0
    count: int = 1
    connections: int = 1


#: By the field of `Everything`, each echoed by the method that is named after it.
SCALARS: dict[str, dict[str, Any]] = {
    "flag": {"true": True, "false": False},
    "tiny": {"least": -(1 << 7), "greatest": (1 << 7) - 1, "zero": 0, "-1": -1},
    "little": {"least": -(1 << 15), "greatest": (1 << 15) - 1, "zero": 0, "-1": -1},
    "number": {"least": -(1 << 31), "greatest": (1 << 31) - 1, "zero": 0, "-1": -1},
    "big": {
        "least": -(1 << 63),
        "greatest": (1 << 63) - 1,
        "zero": 0,
        "-1": -1,
        "more than 2^53": (1 << 53) + 1,
    },
    "real": {
        "zero": 0.0,
        "-0.0": -0.0,
        "third": 1 / 3,
        "greatest": 1.7976931348623157e308,
        "least": 5e-324,
        "infinity": math.inf,
        "-infinity": -math.inf,
        "NaN": math.nan,
    },
    "text": {
        "empty": "",
        "ASCII": 'quote " backslash \\ slash /',
        "not ASCII": "äöü Ω 漢字 \U0001f600",
        "U+0000": "before\0after",
        "control characters": "".join(map(chr, range(1, 32))) + "\x7f",
        "1 MiB": "0123456789abcdef" * (MIB // 16),
    },
    "data": {
        "empty": b"",
        "every byte": bytes(range(256)),
        "not UTF-8": b"\xff\xfe\xc0\x80\xed\xa0\x80",
        "1 MiB": bytes(range(256)) * (MIB // 256),
        "10 MiB": bytes(range(256)) * (10 * MIB // 256),
    },
    "color": {"first": Color.RED, "great": Color.BLUE},
}

smalls = [Small(number=1, text="one"), Small(number=-2, text="")]

STRUCTS: dict[str, dict[str, Any]] = {
    "small": {"struct": smalls[0]},
    "either": {
        "number": Either(number=-(1 << 40)),
        "text": Either(text=""),
        "struct": Either(small=smalls[0]),
        "list": Either(numbers=[1, 2]),
    },
    "defaults": {
        "all": types.Defaults(),
        "others": types.Defaults(number=0, text="", numbers=[], counts={}, flag=False, ratio=0.0),
    },
    "rows": {"empty": [], "of empty": [[], []], "filled": [[1, -1], [], list(range(20))]},
    "textSet": {"empty": set(), "filled": {"", "ä", "three"}},
    "groups": {"empty": {}, "filled": {"": [], "both": smalls}},
}

#: By the field of `Everything`, echoed by `echo`.
CONTAINERS: dict[str, Any] = {
    "flags": [True, False, True],
    "tinies": [-128, 0, 127],
    "littles": [-(1 << 15), 0, (1 << 15) - 1],
    "numbers": [-(1 << 31), -1, 0, 1, (1 << 31) - 1],
    "bigs": [-(1 << 63), -1, 0, 1, (1 << 63) - 1],
    "reals": [0.0, 1.5, -2.25],
    "texts": ["", "ä", "three"],
    "datas": [b"", b"\xff\0"],
    "colors": [Color.RED, Color.BLUE],
    "smalls": smalls,
    "eithers": [Either(number=1), Either(text="two")],
    "numberSet": {-1, 0, 1 << 30},
    "textSet": {"", "ä"},
    "colorSet": {Color.GREEN, Color.BLUE},
    "bigSet": {-(1 << 63), 1 << 60},
    "counts": {"": 0, "ä": -1},
    "names": {-1: "minus", 1 << 30: ""},
    "ratios": {-(1 << 63): 0.5, 1 << 60: -1.0},
    "byColor": {Color.RED: smalls[0], Color.BLUE: smalls[1]},
    "byTiny": {-128: True, 127: False},
    "rows": [[1], [], [2, 3]],
    "cube": [[["a"], []], [], [["", "b"]]],
    "sets": [{1, 2}, set()],
    "maps": [{"a": 1}, {}],
    "groups": {"a": smalls, "b": []},
    "deep": {1: {"a": {1, 1 << 40}, "b": set()}, 2: {}},
    "deeper": {Color.GREEN: [{"a": [Color.RED]}, {}], Color.BLUE: []},
}

#: The methods of ids.thrift, which only some peers have.
ID_METHODS = ("echoId", "echoIds")
#: Of none of RFC 9562's versions the last: some libraries look at them.
SOME_IDS = [
    uuid.UUID("01234567-89ab-4cde-8edc-ba9876543210"),
    uuid.UUID(int=0),
    uuid.UUID(int=(1 << 128) - 1),
    uuid.UUID(bytes=bytes(range(0xF0, 0x100))),
]


def _ids(number: int, ttype: int, value: bytes) -> bytes:
    """A struct of one field in the binary protocol."""
    return struct.pack(">bh", ttype, number) + value + b"\0"


def _many(some: list[uuid.UUID]) -> bytes:
    return struct.pack(">bi", 16, len(some)) + b"".join(each.bytes for each in some)


#: The cases of dialects that combine what is tried with all of them.
FEW = {
    "nothing",
    "real: third",
    "text: not ASCII",
    "text: control characters",
    "data: every byte",
    "data: 1 MiB",
    "in a struct: everything",
    "declared exception",
    "undeclared exception",
    "call after an undeclared exception",
    "unknown method",
    "call after an unknown method",
    "unknown service",
    "oneway and a call, 1",
    "oneway and a call, 2",
    "8 connections at once",
    "200 calls before the first answer",
}

#: Ids in the binary protocol, as Apache's THRIFT-5587 describes it: thriftpy2 knows no uuid.
IDS: dict[str, bytes] = {
    "nothing": b"\0",
    **{str(each): _ids(1, 16, each.bytes) for each in SOME_IDS},
    "list": _ids(2, 15, _many(SOME_IDS)),
    "list, long": _ids(2, 15, _many(SOME_IDS * 500)),
    "list, empty": _ids(2, 15, _many([])),
    "set": _ids(3, 14, _many(SOME_IDS[:1])),
    "map by uuid": _ids(4, 13, struct.pack(">bbi", 16, 8, 1) + SOME_IDS[0].bytes + b"\0\0\0\7"),
    "map of lists": _ids(5, 13, struct.pack(">bbii", 8, 15, 1, 9) + _many(SOME_IDS)),
}


def cases() -> Iterator[Case]:
    yield Case("nothing", "nothing")
    for name, values in {**SCALARS, **STRUCTS}.items():
        method = f"echo{name[0].upper()}{name[1:]}"
        for what, value in values.items():
            yield Case(f"{name}: {what}", method, {name: value})
    for name, value in CONTAINERS.items():
        yield Case(f"in a struct: {name}", "echo", {name: value})
        if not isinstance(value, dict) or value:
            yield Case(f"in a struct, empty: {name}", "echo", {name: type(value)()})
    yield Case("in a struct: everything", "echo", CONTAINERS)
    yield Case("in a struct: nothing", "echo")
    yield Case(
        "versioned",
        "evolve",
        {"versioned": types.Versioned(first=1, middle="two", last=smalls)},
    )
    yield Case("declared exception", "declared", {"number": -7, "text": "ä"}, kind=Kind.DECLARED)
    undeclared = Kind.APPLICATION, INTERNAL_ERROR
    yield Case("undeclared exception", "undeclared", {"text": "oh"}, None, *undeclared)
    yield Case("call after an undeclared exception", "echoNumber", {"number": 5})
    unknown = Kind.APPLICATION, UNKNOWN_METHOD
    yield Case("unknown method", "unknown", {"number": 5}, None, *unknown)
    yield Case("call after an unknown method", "echoNumber", {"number": 5})
    yield Case("unknown service", "nothing", {}, None, *unknown)
    for number in (1, 2):
        yield Case(f"oneway and a call, {number}", "oneway", {"number": number})
    for each in SOME_IDS:
        yield Case(f"uuid: {each}", "echoId", {"data": each.bytes})
    for name, data in IDS.items():
        yield Case(f"uuid in a struct: {name}", "echoIds", {"data": data})
    yield _summed("1,000 calls", "many", count=1000)
    yield _summed("8 connections at once", "many", count=25, connections=8)
    yield _summed("200 calls before the first answer", "pipelined", count=200)


def _summed(name: str, method: str, count: int, connections: int = 1) -> Case:
    total = connections * count * (count + 1) // 2
    return Case(name, method, {}, {"big": total}, count=count, connections=connections)


def file_of(some: list[Case]) -> bytes:
    """The file that a client reads."""
    every = [
        types.Case(
            name=case.name,
            method=case.method,
            value=types.Everything(**case.value),
            count=case.count,
            connections=case.connections,
        )
        for case in some
    ]
    return serialize(types.Cases(cases=every))


def outcomes_of(file: bytes) -> dict[str, Any]:
    """What a client wrote, by the names of the cases."""
    return {each.name: each for each in deserialize(types.Outcomes(), file).outcomes}


def difference(case: Case, outcome: Any) -> str:
    """What is wrong with an outcome; empty where nothing is."""
    if outcome is None:
        return "there is no outcome"
    if outcome.kind != case.kind or (case.kind == Kind.APPLICATION and outcome.type != case.type):
        wanted = Kind._VALUES_TO_NAMES[case.kind] + (f" {case.type}" if case.type else "")
        found = Kind._VALUES_TO_NAMES[outcome.kind] + (f" {outcome.type}" if outcome.type else "")
        return f"{found} ({outcome.message[:200]}), not {wanted}"
    if case.kind == Kind.VALUE:
        expected = types.Everything(**(case.value if case.answer is None else case.answer))
        found = outcome.value
    elif case.kind == Kind.DECLARED:
        code, reason = case.value["number"], case.value["text"]
        small = Small(number=code, text=reason)
        expected = types.Declared(code=code, reason=reason, small=small)
        found = outcome.declared
    else:
        return ""
    if is_same(expected, found):
        return ""
    mine, theirs = vars(expected), vars(found)
    wrong = [name for name in mine if not is_same(mine[name], theirs[name])]
    return ", ".join(f"{_short(theirs[name])}, not {_short(mine[name])}" for name in wrong)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 150 else f"{text[:150]}... ({len(text)} characters)"


def is_same(expected: Any, found: Any) -> bool:
    """Whether two values are of the same Thrift value: each NaN is the same, -0.0 is not 0.0, text
    is its bytes, and a set is what thriftpy2 reads of it, which is a list."""
    if hasattr(expected, "thrift_spec"):
        mine, theirs = vars(expected), vars(found)
        return mine.keys() == theirs.keys() and all(is_same(mine[k], theirs[k]) for k in mine)
    if isinstance(expected, float):
        packed = struct.pack(">d", expected) == struct.pack(">d", found)
        return packed or (math.isnan(expected) and math.isnan(found))
    if isinstance(expected, (str, bytes)):
        return _bytes(expected) == _bytes(found)
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(is_same, expected, found))
    if isinstance(expected, (set, frozenset)):
        return len(expected) == len(found) and expected == set(found)
    if isinstance(expected, dict):
        same_keys = expected.keys() == found.keys()
        return same_keys and all(is_same(expected[key], found[key]) for key in expected)
    return bool(expected == found and type(expected) is type(found))


def _bytes(text: Any) -> Any:
    return text.encode() if isinstance(text, str) else text
