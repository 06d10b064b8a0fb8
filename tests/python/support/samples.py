"""Plain values for the structs of ``cases.thrift``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

IDL = Path(__file__).parents[1] / "peers" / "cases.thrift"

TREE = {
    "value": 1,
    "left": {"value": 2, "left": None, "right": None, "children": [], "named": []},
    "right": None,
    "children": [{"value": n, "left": {"value": -n}} for n in range(20)],
    "named": [["é", {"value": 3, "named": [["inner", {"value": 4}]]}]],
}

PHONE = {"color": 4, "number": "555-1234"}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("Empty", {}),
    ("Phone", {}),
    ("Phone", PHONE),
    ("Phone", {"color": 99}),
    ("Phone", {"color": None, "number": None}),
    ("Choice", {"number": 1}),
    ("Choice", {"text": "x"}),
    ("Choice", {"many": [{"number": 0}, {"text": ""}, {"many": []}]}),
    ("Choice", {"phone": PHONE}),
    ("Choice", {}),
    ("Choice", {"number": 1, "text": "both"}),
    ("Failure", {}),
    ("Failure", {"message": "went wrong", "code": None, "trace": ["a", "b"]}),
    ("Defaults", {}),
    ("Defaults", dict.fromkeys(("flag", "tiny", "items", "table", "color", "text"))),
    ("Defaults", {"items": [], "table": [], "text": "", "number": 0, "flag": False}),
    ("Tree", TREE),
    ("Point", {"x": -1, "y": None}),
    ("Sparse", {"first": 1, "fourteen": 14, "sixteen": True, "seventeen": False}),
    ("Sparse", {"thirty_three": 33, "three_hundred": "x", "last": True}),
    ("Sparse", {"last": False}),
    ("Bools", {"a": True, "b": False, "n": 1, "c": False, "d": True}),
    ("Bools", {"b": True, "d": False}),
    (
        "Nested",
        {
            "by_point": [[{"x": 1, "y": 2}, "a"], [{"x": None, "y": 0}, ""]],
            "points": [{"x": 3, "y": 4}, {"x": 5, "y": None}],
            "deep": [[[1, ["x", "y"]], [2, []]], []],
            "tables": [["t", [["u", [PHONE, {"color": 1}]], ["v", []]]], ["empty", []]],
            "choices": [{"number": 5}, {"many": [{"text": "deep"}]}],
            "failure": {"message": "inner", "trace": []},
            "phones": [[1, [PHONE]], [77, []]],
            "colors": [1, 2, 4, 1000],
            "at": 2**40,
            "cube": [[[True, False], []], [], [[False]]],
            "empty": {},
            "empties": [{}, {}, {}],
        },
    ),
    ("After", {"b": [["k", [TREE]]], "f": {"empties": [{}] * 30}, "e": False}),
]

#: A value that has something of everything: the message that bad input is made from.
RICH = {
    "a": 3,
    "b": [["trees", [{"value": 1, "left": {"value": 2}}]], ["none", []]],
    "c": "Grüße",
    "d": {"many": [{"number": 1}, {"phone": PHONE}]},
    "e": True,
    "f": dict(CASES)["Nested"],
}
