"""Whether an action that is repeated leaves anything behind."""

from __future__ import annotations

import gc
import itertools
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: What counters and caches of the interpreter may add; a leak adds one block for each call.
BLOCKS = 150
#: What the allocator may keep, in bytes; a leak of native memory adds more, by far.
BYTES = 4 * 2**20
#: How often an action is repeated before its memory is looked at, at least.
WARMING_UP = 1000
#: How often too much has to be left, in turn.
TRIES = 3
#: Objects that everyone shares.
SHARED: list[Any] = [None, True, False, Ellipsis, (), "", b"", 0, 1, 5, -1, 255, "a", b"a"]
#: What the interpreter itself may do to their references.
REFERENCES = 100


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def total_references() -> int:
    """All references there are; CPython counts them in its debug build only."""
    count = getattr(sys, "gettotalrefcount", int)
    return int(count())


def repeat(action: Callable[[], Any], count: int) -> None:
    for _ in itertools.repeat(None, count):
        action()


def check_leaks(action: Callable[[], Any], count: int, *objects: Any) -> None:
    """Repeat `action`, and look at memory and at the references of `objects`.

    The interpreter's own tables grow now and then, by many blocks at once; a leak grows each time.
    """
    watched = [*SHARED, *objects]
    # Garbage that waits for the collector is memory too: until that comes and goes as it will.
    repeat(action, max(count // 20, WARMING_UP))
    for _ in range(TRIES):
        left = _left_behind(action, count, watched)
        if not left:
            return
    raise AssertionError(f"{count} times leave behind each time: {', '.join(left)}")


def _left_behind(action: Callable[[], Any], count: int, watched: list[Any]) -> list[str]:
    """What is too much of what a repeated `action` leaves."""
    # Twice: the first time makes what the second finds.
    for _ in range(2):
        gc.collect()
        references = [sys.getrefcount(obj) for obj in watched]
        before = sys.getallocatedblocks(), resident_bytes(), total_references()
    repeat(action, count)
    gc.collect()
    after = sys.getallocatedblocks(), resident_bytes(), total_references()
    found = [sys.getrefcount(obj) for obj in watched]
    blocks, size, total = (new - old for new, old in zip(after, before, strict=True))
    left = []
    if blocks >= BLOCKS:
        left.append(f"{blocks} blocks")
    if size >= BYTES:
        left.append(f"{size} bytes")
    if total >= REFERENCES:
        left.append(f"{total} references")
    for obj, old, new in zip(watched, references, found, strict=True):
        if abs(new - old) >= REFERENCES:
            left.append(f"{new - old} references to {obj!r}")
    return left
