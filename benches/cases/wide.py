"""One struct of 16 fields, some of them unset."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case

FIELDS = {
    "id": int,
    "name": str,
    "nickname": str,
    "age": int,
    "active": bool,
    "score": float,
    "rank": int,
    "level": int,
    "email": str,
    "phone": str,
    "created": int,
    "updated": int,
    "avatar": bytes,
    "groups": list[int],
    "labels": dict[str, str],
    "note": str,
}


def make(types: Any) -> Any:
    return types.Wide(
        id=123_456_789_012,
        name="Ada Lovelace",
        age=36,
        active=True,
        score=99.5,
        rank=1,
        level=7,
        email="ada@example.org",
        created=1_700_000_000,
        groups=[1, 20, 300],
    )


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    fields = [(name, kind | None, None) for name, kind in FIELDS.items() if name != "note"]
    wide = defstruct("Wide", [*fields, ("note", str, "none")], omit_defaults=True)
    return SimpleNamespace(Wide=wide)


CASE = Case("wide struct", "wide.thrift", "Wide", make, msgspec_types)
