"""One binary of 1 MiB."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case


def make(types: Any) -> Any:
    return types.Blob(name="blob", data=bytes(range(256)) * 4096)


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    return SimpleNamespace(
        Blob=defstruct("Blob", [("name", str | None, None), ("data", bytes | None, None)])
    )


CASE = Case("1 MiB binary", "blob.thrift", "Blob", make, msgspec_types)
