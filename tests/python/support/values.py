"""Plain values: one neutral form of Thrift data that every implementation's objects convert to.

A struct is a dict from field name to value (None where the field is unset), a list or set is a
list, a map is a list of ``[key, value]`` pairs in order, a double is its bit pattern.  Two
implementations agree on a value when its plain forms are equal, type for type.

`build` and `flatten` understand thriftpy2's ``thrift_spec`` and therefore serve both thriftpy2
and the package under test; `peers.apache` does the same for Apache Thrift's.
"""

from __future__ import annotations

import struct
from typing import Any

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST, BINARY = (
    2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15, 18,
)  # fmt: skip


class Double(bytes):
    """The bit pattern of a double, so that NaN equals itself and 0.0 differs from -0.0."""

    @classmethod
    def of(cls, value: float) -> Double:
        return cls(struct.pack(">d", value))

    def value(self) -> float:
        return struct.unpack(">d", self)[0]

    def __repr__(self) -> str:
        return f"Double.of({self.value()!r})"


def split_spec(spec: Any) -> tuple[int, Any]:
    """The (ttype, sub-spec) of a container's element, which thriftpy2 may write as a bare ttype."""
    return (spec[0], spec[1]) if isinstance(spec, tuple) else (spec, None)


def field_parts(entry: tuple) -> tuple[int, str, Any]:
    """The (ttype, name, sub-spec) of a ``thrift_spec`` entry of three or of four items."""
    return entry[0], entry[1], entry[2] if len(entry) == 4 else None


def build(cls: type, plain: dict[str, Any]) -> Any:
    """An object of `cls` from its plain form; fields that `plain` does not name keep defaults."""
    obj = cls()
    for entry in cls.thrift_spec.values():
        ttype, name, spec = field_parts(entry)
        if name in plain:
            setattr(obj, name, build_value(ttype, spec, plain[name]))
    return obj


def build_value(ttype: int, spec: Any, plain: Any) -> Any:
    if plain is None:
        return None
    if ttype == DOUBLE:
        return plain.value()
    if ttype == STRUCT:
        return build(spec, plain)
    if ttype in (LIST, SET):
        element = split_spec(spec)
        return [build_value(*element, item) for item in plain]
    if ttype == MAP:
        key, value = split_spec(spec[0]), split_spec(spec[1])
        return {build_value(*key, k): build_value(*value, v) for k, v in plain}
    return plain


def flatten(obj: Any) -> dict[str, Any]:
    """The plain form of a struct object of thriftpy2 or of the package under test."""
    return {
        name: flatten_value(ttype, spec, getattr(obj, name))
        for ttype, name, spec in map(field_parts, type(obj).thrift_spec.values())
    }


def flatten_value(ttype: int, spec: Any, value: Any) -> Any:
    if value is None:
        return None
    if ttype == DOUBLE:
        assert isinstance(value, float), value
        return Double.of(value)
    if ttype == STRUCT:
        return flatten(value)
    if ttype in (LIST, SET):
        element = split_spec(spec)
        items = [flatten_value(*element, item) for item in value]
        # Only a default is a Python set, whose order means nothing.
        return sorted(items, key=repr) if isinstance(value, set) else items
    if ttype == MAP:
        key, val = split_spec(spec[0]), split_spec(spec[1])
        return [[flatten_value(*key, k), flatten_value(*val, v)] for k, v in value.items()]
    return value


def sort_sets(cls: type, plain: dict[str, Any]) -> dict[str, Any]:
    """`plain` with its sets sorted, for a peer whose sets keep no order."""
    return {
        name: _sort_sets(ttype, spec, plain[name])
        for ttype, name, spec in map(field_parts, cls.thrift_spec.values())
    }


def _sort_sets(ttype: int, spec: Any, plain: Any) -> Any:
    if plain is None:
        return None
    if ttype == STRUCT:
        return sort_sets(spec, plain)
    if ttype in (LIST, SET):
        items = [_sort_sets(*split_spec(spec), item) for item in plain]
        return sorted(items, key=repr) if ttype == SET else items
    if ttype == MAP:
        key, value = split_spec(spec[0]), split_spec(spec[1])
        return [[_sort_sets(*key, k), _sort_sets(*value, v)] for k, v in plain]
    return plain
