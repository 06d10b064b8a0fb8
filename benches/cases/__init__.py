"""The cases of the peer comparison: IDL, and the values that every implementation builds.

A case builds its value from the classes it is given (``make(types)``), so that the same lines
make thriftpy2's, Apache Thrift's and msgspec's objects.  The msgspec classes are written out by
hand beside it, with the fields of the IDL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DIRECTORY = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    #: The name for ``--case`` and for the tables.
    name: str
    #: The IDL file in this directory, and the struct that is encoded.
    idl: str
    struct: str
    #: Builds the value from a namespace of classes.
    make: Callable[[Any], Any]
    #: Returns the namespace of msgspec's classes.
    msgspec: Callable[[], SimpleNamespace]

    @property
    def path(self) -> Path:
        return DIRECTORY / self.idl


def all_cases() -> list[Case]:
    from cases import addressbook, blob, events, footer, numbers, small, wide

    modules = (addressbook, events, numbers, wide, small, footer, blob)
    return [module.CASE for module in modules]
