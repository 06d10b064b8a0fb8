"""Strings and containers of 2 GiB and more: ``two_gigabytes.py PROTOCOL KIND``.

Writes as JSON what was raised, and the memory that it took. The values take none themselves:
their pages are zeros that nobody looks at.
"""

from __future__ import annotations

import io
import json
import mmap
import resource
import sys
from typing import Any

import fastthrift

from support import paths

SIZE = 2**31

module = fastthrift.load_fp(
    io.StringIO(
        """
        struct Large { 1: binary data, 2: list<i32> items, 3: map<i32, i32> table, 4: string text }
        """
    ),
    "two_gigabytes_thrift",
)


class Claims:
    """A container that says it is large."""

    def __len__(self) -> int:
        return SIZE

    def __iter__(self) -> Any:
        return iter(range(SIZE))

    def items(self) -> Any:
        return ((number, number) for number in range(SIZE))


def large(kind: str) -> Any:
    if kind == "bytes":
        return bytes(SIZE)
    if kind == "bytearray":
        return bytearray(SIZE)
    return memoryview(mmap.mmap(-1, SIZE))


def main(protocol: str, kind: str) -> None:
    data = large(kind)
    factory = paths.FACTORIES[protocol](max_string_size=2**40, max_message_size=2**40)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    errors = []
    for field, value in (
        ("data", data), ("text", data), ("items", Claims()), ("table", Claims()),
    ):  # fmt: skip
        try:
            fastthrift.encode(module.Large(**{field: value}), factory)
        except Exception as error:
            classes = [cls.__name__ for cls in type(error).__mro__]
            errors.append({"field": field, "classes": classes, "text": str(error)})
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
    assert len(errors) == 4, errors
    json.dump({"errors": errors, "added": added}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
