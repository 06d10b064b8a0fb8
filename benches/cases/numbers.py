"""Lists of 5,000 i64, double and i32 each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case

COUNT = 5_000


def make(types: Any) -> Any:
    return types.Series(
        longs=[index * 1_000_003 - 2**33 for index in range(COUNT)],
        doubles=[index * 0.37 - 400.0 for index in range(COUNT)],
        integers=[(index * 2_654_435_761) % 2**20 - 2**19 for index in range(COUNT)],
    )


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    series = defstruct(
        "Series",
        [
            ("longs", list[int] | None, None),
            ("doubles", list[float] | None, None),
            ("integers", list[int] | None, None),
        ],
    )
    return SimpleNamespace(Series=series)


CASE = Case("numeric lists", "numbers.thrift", "Series", make, msgspec_types)
