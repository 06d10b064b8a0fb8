"""Thrift schemas made up by hypothesis: IDL text, and plain values for its structs."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from support.values import Double

#: Base types, and a strategy for the plain values of each.
BASE_VALUES: dict[str, st.SearchStrategy] = {
    "bool": st.booleans(),
    "byte": st.integers(-(2**7), 2**7 - 1),
    "i16": st.integers(-(2**15), 2**15 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "i64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats().map(Double.of),
    "string": st.text(max_size=12),
    "binary": st.binary(max_size=12),
}

#: Values at the edges of each base type, for tests that go through all of them.
EDGE_VALUES: dict[str, list[Any]] = {
    "bool": [True, False],
    "byte": [0, 1, -1, 63, 64, -64, -65, 127, -128],
    "i16": [0, 1, -1, 63, 64, 255, 256, 8191, 8192, 2**15 - 1, -(2**15)],
    "i32": [0, 1, -1, 127, 128, 2**20, 2**27, -(2**28), 2**31 - 1, -(2**31)],
    "i64": [0, 1, -1, 2**31, -(2**31) - 1, 2**34, 2**48, 2**62, 2**63 - 1, -(2**63)],
    "double": [
        Double.of(number)
        for number in (0.0, 1.5, -1.5, 1e308, 5e-324, float("inf"), float("-inf"), 0.1, 2.0**53)
    ],
    "string": ["", "a", "Grüße", "日本語", "🜁", "\0", "x" * 127, "y" * 128, "é" * 40, "z" * 5000],
    "binary": [b"", b"a", bytes(range(256)), b"\xff\xfe", b"\0" * 127, b"\1" * 16384],
}


@dataclass(frozen=True)
class Type:
    """A Thrift type: its IDL text, a strategy of plain values, and what it may be used for."""

    idl: str
    values: st.SearchStrategy
    hashable: bool = True


@dataclass
class Struct:
    keyword: str
    name: str
    lines: list[str]
    fields: dict[str, Type]

    def values(self) -> st.SearchStrategy:
        """Plain values of this struct; most fields are set, some are None, some are left out."""
        if self.keyword == "union":
            return st.sampled_from(sorted(self.fields)).flatmap(
                lambda name: self.fields[name].values.map(lambda value: self._only(name, value))
            )
        return st.fixed_dictionaries(
            {}, optional={name: st.none() | t.values for name, t in self.fields.items()}
        )

    def _only(self, name: str, value: Any) -> dict[str, Any]:
        return {other: value if other == name else None for other in self.fields}


@dataclass
class Schema:
    structs: list[Struct] = field(default_factory=list)
    enums: dict[str, list[int]] = field(default_factory=dict)
    ordered: bool = True

    def idl(self) -> str:
        blocks = [
            block(f"enum {name}", [f"M{i} = {number}," for i, number in enumerate(numbers)])
            for name, numbers in self.enums.items()
        ]
        blocks += [block(f"{s.keyword} {s.name}", s.lines) for s in self.structs]
        return "\n".join(blocks)


def block(head: str, lines: list[str]) -> str:
    """A definition of the IDL with one line for each of `lines`."""
    return "\n".join([head + " {", *(f"  {line}" for line in lines), "}", ""])


FIELD_NAMES = st.sampled_from(
    (
        *("alpha", "beta", "gamma", "delta", "message", "type", "name", "value", "count", "items"),
        *("keys", "id", "_private", "camelCase", "UPPER", "with_1_digit", "error", "data", "cls"),
        *("result", "success", "x"),
    )
)

_CONSTANT_TEXT = st.text(alphabet=string.ascii_letters + string.digits + " _-", max_size=8)

#: IDL literals that both parsers read alike, for default values.
_LITERALS: dict[str, st.SearchStrategy] = {
    "bool": st.sampled_from(["true", "false"]),
    "byte": BASE_VALUES["byte"].map(str),
    "i16": BASE_VALUES["i16"].map(str),
    "i32": BASE_VALUES["i32"].map(str),
    "i64": BASE_VALUES["i64"].map(str),
    "double": st.sampled_from(["0.5", "-1.25", "3.0", "1e3", "2.5e-3"]),
    "string": _CONSTANT_TEXT.map('"{}"'.format),
}


def _literal(draw: Any, idl: str) -> str | None:
    """A default for a field of the type `idl`, or None for a type that gets none here."""
    if idl in _LITERALS:
        return draw(_LITERALS[idl])
    for base, literals in _LITERALS.items():
        if idl == f"list<{base}>":
            return "[" + ", ".join(draw(st.lists(literals, max_size=3))) + "]"
        if idl == f"map<string, {base}>":
            items = draw(st.dictionaries(_LITERALS["string"], literals, max_size=3))
            return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
    return None


def _types(schema: Schema, depth: int) -> st.SearchStrategy[Type]:
    """Types that may appear in the next struct of `schema`."""
    bases = [Type(name, values) for name, values in BASE_VALUES.items()]
    for name, numbers in schema.enums.items():
        bases.append(Type(name, st.sampled_from(numbers) | BASE_VALUES["i32"]))
    bases += [Type(s.name, s.values(), hashable=False) for s in schema.structs]
    leaves = st.sampled_from(bases)
    if depth == 0:
        return leaves
    inner = _types(schema, depth - 1)
    keys = st.sampled_from([t for t in bases if t.hashable])
    return st.one_of(
        leaves,
        leaves,
        inner.map(lambda t: Type(f"list<{t.idl}>", st.lists(t.values, max_size=20), False)),
        keys.map(lambda t: Type(f"set<{t.idl}>", _unique(t), False)),
        st.tuples(keys, inner).map(
            lambda kv: Type(f"map<{kv[0].idl}, {kv[1].idl}>", _pairs(*kv), False)
        ),
    )


def _key_values(key: Type) -> st.SearchStrategy:
    # NaN is no usable key in Python, and 0.0 and -0.0 are one key but two values.
    if key.idl == "double":
        return st.floats(allow_nan=False).map(lambda number: Double.of(number + 0.0))
    return key.values


def _unique(element: Type) -> st.SearchStrategy:
    return st.lists(_key_values(element), max_size=20, unique=True)


def _pairs(key: Type, value: Type) -> st.SearchStrategy:
    pair = st.tuples(_key_values(key), value.values).map(list)
    return st.lists(pair, max_size=20, unique_by=lambda item: item[0])


@st.composite
def schemas(draw: Any) -> Schema:
    """A schema of one to four structs, unions and exceptions that may contain earlier ones."""
    schema = Schema(ordered=draw(st.sampled_from([True, True, False])))
    for index in range(draw(st.integers(0, 2))):
        numbers = draw(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4, unique=True))
        schema.enums[f"Enum{index}"] = numbers
    for index in range(draw(st.integers(1, 4))):
        keyword = draw(st.sampled_from(["struct", "struct", "struct", "union", "exception"]))
        names = draw(st.lists(FIELD_NAMES, min_size=keyword == "union", max_size=7, unique=True))
        ids = draw(
            st.lists(
                st.integers(1, 40) | st.integers(1, 2000),
                min_size=len(names),
                max_size=len(names),
                unique=True,
            )
        )
        if schema.ordered:
            ids.sort()
        struct = Struct(keyword, f"Struct{index}", [], {})
        for fid, name in zip(ids, names, strict=True):
            field_type = draw(_types(schema, depth=2))
            required = draw(st.sampled_from(["", "optional ", "required "]))
            if keyword == "union":
                required = ""
            default = ""
            if keyword != "union" and draw(st.booleans()):
                literal = _literal(draw, field_type.idl)
                default = "" if literal is None else f" = {literal}"
            struct.lines.append(f"{fid}: {required}{field_type.idl} {name}{default},")
            struct.fields[name] = field_type
        schema.structs.append(struct)
    return schema
