"""A struct of two fields: what a call costs before any data is in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case


def make(types: Any) -> Any:
    return types.Point(x=7, y=-3)


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    return SimpleNamespace(
        Point=defstruct("Point", [("x", int | None, None), ("y", int | None, None)])
    )


CASE = Case("two-field struct", "small.thrift", "Point", make, msgspec_types)
