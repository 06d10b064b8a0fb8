"""Nesting at the limits in a thread of a small stack: ``small_stack.py PROTOCOL KIB``.

Writes as JSON what came of each attempt, if the process survives it.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

import fastthrift

from support import paths, wire

#: As deep as a protocol can be told to go, and far deeper.
DEEPEST, FAR_DEEPER = 512, 100_000

IDL = """
struct Chain { 1: Chain inner }
struct Lists { 1: list<Lists> lists, 2: map<string, Lists> maps }
"""
module = fastthrift.load_fp(io.StringIO(IDL), "small_stack_thrift")
#: Whose structs are looked at as a whole before they are written.
strict = fastthrift.load_fp(io.StringIO(IDL), "small_stack_strict_thrift", strict=True)


class Written:
    """A payload whose Python code runs on every level."""

    thrift_spec: Any

    def __init__(self) -> None:
        self.inner: Any = None


Written.thrift_spec = {1: (12, "inner", Written, False)}


class Computed(Written):
    """A payload that Python code is asked for on every level."""

    @property
    def inner(self) -> Any:
        return self.__dict__["inner"]

    @inner.setter
    def inner(self, value: Any) -> None:
        self.__dict__["inner"] = value


Computed.thrift_spec = {1: (12, "inner", Computed, False)}


def chain(levels: int, module: Any = module) -> Any:
    obj = module.Chain()
    for _ in range(levels - 1):
        obj = module.Chain(inner=obj)
    return obj


def boxes(levels: int, module: Any = module) -> Any:
    obj = module.Lists()
    for _ in range(levels // 4):
        obj = module.Lists(lists=[module.Lists(maps={"k": obj})])
    return obj


def nested(protocol: str, levels: int) -> bytes:
    """Structs in structs, more than an encoder would write."""
    if protocol in paths.NATIVE:
        w = wire.WIRES[protocol]
        return w.raw_field(12, 1) * (levels - 1) + w.stop * levels
    if protocol == "json":
        text = b'{"payload":' + b'{"inner":' * (levels - 1) + b"{}" + b"}" * levels
        return struct.pack(">I", len(text)) + text
    return b'{"1":{"rec":' * (levels - 1) + b"{}" + b"}}" * (levels - 1)


def depth_of(obj: Any) -> int:
    count = 0
    while obj is not None:
        obj, count = obj.inner, count + 1
    return count


def attempts(protocol: str) -> dict[str, Callable[[], Any]]:
    way = (protocol, "memory")
    deep = {"max_depth": DEEPEST}
    at_limit = nested(protocol, 64)
    found: dict[str, Callable[[], Any]] = {
        "at the limit, written": lambda: depth_of(
            paths.read(way, module.Chain, paths.write(way, chain(64)))
        ),
        "at the limit, read": lambda: depth_of(paths.read(way, module.Chain, at_limit)),
        "at the limit, skipped": lambda: paths.read(way, None, at_limit) or "skipped",
        "at the limit, strict": lambda: depth_of(
            paths.read(way, strict.Chain, paths.write(way, chain(64, strict)))
        ),
        "containers at the limit, strict": lambda: len(paths.write(way, boxes(60, strict))) > 60,
        "one above, strict": lambda: paths.write(way, chain(65, strict)),
        "raised, strict": lambda: paths.write(way, chain(DEEPEST + 1, strict), **deep),
        "raised, strict containers": lambda: paths.write(way, boxes(DEEPEST + 4, strict), **deep),
        "cyclic, strict": lambda: paths.write(way, cyclic(strict.Chain), **deep),
        "one above, written": lambda: paths.write(way, chain(65)),
        "raised, written": lambda: paths.write(way, chain(DEEPEST + 1), **deep),
        "raised, containers": lambda: paths.write(way, boxes(DEEPEST + 4), **deep),
        "cyclic": lambda: paths.write(way, cyclic(), **deep),
        "cyclic, of Python code": lambda: paths.write(way, cyclic(Computed), **deep),
    }
    for cls in (module.Chain, module.Lists, Written, Computed, None):
        for levels in (65, DEEPEST + 1, FAR_DEEPER):
            data = nested(protocol, levels)
            for options in ({}, deep):
                found[f"{cls} {levels} {options}"] = (
                    lambda cls=cls, data=data, options=options, levels=levels: paths.read(
                        way, cls, data, **({} if levels == 65 else options)
                    )
                )
    return found


def cyclic(cls: type = module.Chain) -> Any:
    obj = cls()
    obj.inner = obj
    return obj


def main(protocol: str, kib: str) -> None:
    outcomes = {}

    def run() -> None:
        for name, attempt in attempts(protocol).items():
            try:
                outcomes[name] = attempt()
            except Exception as error:
                outcomes[name] = type(error).__name__

    threading.stack_size(int(kib) * 1024)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
