"""``fastthrift breaking``: values and structs are compared as what they are, however large."""

from __future__ import annotations

from typing import Any

import fastthrift
import pytest
from support.breaking import load, rules

NINES = "9" * 32
# (type, old default, new default)
SAME_VALUES = {
    "a uuid": ("uuid", f"'{'0' * 31}A'", f"'{{00000000-0000-0000-0000-{'0' * 11}a}}'"),
    "a set in another order": ("set<i32>", "[1, 2, 3]", "[3, 1, 2]"),
    "a set with a repeat": ("set<string>", "['x', 'x', 'y']", "['y', 'x']"),
    "a set of doubles": ("set<double>", "[0.5, 1, 0.5]", "[1.0, 0.5]"),
    "a set of uuids": ("set<uuid>", f"['{'0' * 31}A', '{NINES}']", f"['{NINES}', '{'0' * 31}a']"),
    "a map in another order": ("map<string, i32>", "{'x': 1, 'y': 2}", "{'y': 2, 'x': 1}"),
    "a map with a key twice": ("map<i32, i32>", "{1: 5, 2: 2, 1: 1}", "{2: 2, 1: 1}"),
    "lists of sets": ("list<set<i32>>", "[[1, 2], [3]]", "[[2, 1], [3]]"),
    "a map of sets": ("map<i32, set<i32>>", "{1: [1, 2], 2: []}", "{2: [], 1: [2, 1]}"),
    "a struct's default": ("T", "{}", "{'x': 5}"),
    "an inner default": ("T", "{'u': {'y': 7, 'z': [2, 1]}}", "{'u': {}, 'x': 5}"),
    "structs in a set": ("set<T>", "[{}, {'x': 6}]", "[{'x': 6}, {'x': 5}, {}]"),
}
# The same for what is not the same.
OTHER_VALUES = {
    "a uuid": ("uuid", f"'{'0' * 31}A'", f"'{'0' * 31}B'"),
    "a list in another order": ("list<i32>", "[1, 2]", "[2, 1]"),
    "a list with a repeat": ("list<i32>", "[1]", "[1, 1]"),
    "a set with another element": ("set<i32>", "[1, 2, 2]", "[1, 2, 3]"),
    "a set with fewer elements": ("set<i32>", "[1, 2]", "[1, 1]"),
    "a map with another value": ("map<i32, i32>", "{1: 1, 2: 2}", "{2: 2, 1: 3}"),
    "a map with another last value": ("map<i32, i32>", "{1: 1, 1: 2}", "{1: 2, 1: 1}"),
    "a map with another key": ("map<string, i32>", "{'x': 1}", "{'x': 1, 'y': 1}"),
    "another value than the default": ("T", "{}", "{'x': 6}"),
    "a field without a default": ("T", "{'w': 1}", "{'x': 5}"),
    "another inner value": ("T", "{'u': {}}", "{'u': {'z': [1, 3]}}"),
    "structs in a set": ("set<T>", "[{}, {'x': 6}]", "[{'x': 7}, {}]"),
}
HELD = (
    "struct U { 1: i32 y = 7, 2: set<i32> z = [1, 2] } "
    "struct T { 1: i32 x = 5, 2: U u = {}, 3: i32 w }"
)


def held(kind: str, default: str) -> Any:
    """What a program has of it, the elements of a set without their order."""
    made = load(f"{HELD} struct S {{ 1: {kind} a = {default} }}", sets="set").S()
    plain = fastthrift.to_dict(made)["a"]
    return set(map(str, plain)) if kind.startswith("set") else plain


@pytest.mark.parametrize(
    ("value", "is_same"),
    [(value, True) for value in SAME_VALUES.values()]
    + [(value, False) for value in OTHER_VALUES.values()],
    ids=[f"same-{name}" for name in SAME_VALUES] + [f"other-{name}" for name in OTHER_VALUES],
)
def test_values_are_compared_as_what_they_are(value: tuple[str, str, str], is_same: bool) -> None:
    kind, before, after = value
    old, new = (f"{HELD} struct S {{ 1: {kind} a = {default} }}" for default in (before, after))
    assert rules(old, new) == rules(new, old) == ([] if is_same else ["FIELD_DEFAULT_CHANGED"])
    old, new = (f"{HELD} const {kind} C = {constant}" for constant in (before, after))
    assert rules(old, new) == rules(new, old) == ([] if is_same else ["CONST_CHANGED"])
    assert (held(kind, before) == held(kind, after)) == is_same


def test_defaults_that_lead_back_to_themselves_are_compared() -> None:
    """Those of neither side are ever at their end where those of the other are."""
    text = "struct S {{ 1: S a = {0}, 2: S b = {0}, 3: i32 x = {1} }} const S C = {2}"
    pair = "{'a': {}, 'b': {}}"
    assert rules(text.format(pair, 1, "{}"), text.format(pair, 1, pair)) == []
    found = rules(text.format(pair, 1, "{}"), text.format(pair, 1, "{'a': {'x': 2}}"))
    assert found == ["CONST_CHANGED"]
    found = rules(text.format(pair, 1, "{}"), text.format(pair, 2, pair))
    assert found == ["FIELD_DEFAULT_CHANGED"]


def test_large_values_in_another_order_are_the_same() -> None:
    def text(numbers: range) -> str:
        entries = ", ".join(f"'k{number}': {number}" for number in numbers)
        return f"const map<string, i32> M = {{{entries}}} const set<i64> S = {list(numbers)}"

    numbers = range(100_000)
    assert rules(text(numbers), text(numbers[::-1])) == []
    assert rules(text(numbers), text(numbers[:0:-1])) == ["CONST_CHANGED"] * 2


def test_a_chain_of_structs_may_be_longer_than_the_stack() -> None:
    def chain(prefix: str, last: str) -> str:
        links = [f"struct {prefix}{n} {{ 1: {prefix}{n + 1} a }}" for n in range(20_000)]
        return "\n".join(
            [f"struct S {{ 1: {prefix}0 a }}", *links, f"struct {prefix}20000 {{ {last} }}"]
        )

    found = rules(chain("A", "1: i32 x"), chain("B", "1: i64 x"))
    assert found.count("FIELD_TYPE_CHANGED") == 1
    assert found.count("TYPE_REMOVED") == 20_001


def test_a_struct_that_holds_itself_is_compared_once() -> None:
    text = "struct S {{ 1: list<S> children, 2: {} a }}"
    assert rules(text.format("i32"), text.format("i64")) == ["FIELD_TYPE_CHANGED"]
