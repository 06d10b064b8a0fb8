"""Does time grow with the length of a hostile message, and no faster?

Prints, for kinds of messages that are wrong or as awkward as can be, the nanoseconds and the peak
bytes of memory for each byte of them, at three lengths. In a row that is linear they stay what
they are, or fall; one that grows with the length is marked.

    python benches/hostile.py [KIND ...]
"""

from __future__ import annotations

import asyncio
import gc
import io
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol, TAsyncCompactProtocol
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TBinaryProtocol,
    TCompactProtocol,
    TJSONProtocol,
)
from fastthrift.thrift import TException
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "python"))

from support import wire

module = fastthrift.load_fp(
    io.StringIO(
        """
        struct Empty {}
        struct Any {
            1: string text, 2: list<Empty> empties, 3: list<i32> numbers, 4: map<string, i32> table,
            5: list<list<list<bool>>> grid, 6: set<string> words, 7: map<i64, Empty> by_number,
            8: map<Empty, i32> by_struct, 9: i32 number, 10: Any inner, 11: bool flag,
        }
        """
    ),
    "hostile_thrift",
)

#: In bytes, about.
LENGTHS = (50_000, 200_000, 800_000)
#: What the time or memory for a byte may grow by, from the shortest to the longest.
TOLERANCE = 3.0


def messages(w: Any, length: int) -> dict[str, bytes]:
    """Messages of about `length` bytes, by the kind of trouble."""
    unit = w.field(wire.I32, 9, w.value(wire.I32, 5))
    inner = w.struct()
    unknown = w.field(wire.LIST, 99, w.list(wire.STRUCT, 2) + inner * 2)
    mistyped = w.field(wire.STRING, 9, w.value(wire.STRING, b"no number"))
    pair = w.value(wire.STRING, b"same") + w.value(wire.I32, 1)
    number = length // 2
    return {
        "duplicate fields": unit * (length // len(unit)),
        "duplicate structs": w.field(wire.STRUCT, 10, inner)
        * (length // len(w.field(wire.STRUCT, 10, inner))),
        "unknown fields": unknown * (length // len(unknown)),
        "mistyped fields": mistyped * (length // len(mistyped)),
        "empty structs": w.field(wire.LIST, 2, w.list(wire.STRUCT, length) + b"\0" * length),
        "empty structs, skipped": w.field(
            wire.LIST, 98, w.list(wire.STRUCT, length) + b"\0" * length
        ),
        "equal keys": w.field(
            wire.MAP, 4, w.map(wire.STRING, wire.I32, length // len(pair)) + pair * (length // 6)
        ),
        "equal struct keys": w.field(
            wire.MAP,
            8,
            w.map(wire.STRUCT, wire.I32, number // 5) + (inner + w.value(wire.I32, 1)) * number,
        ),
        "a long string, cut": w.field(wire.STRING, 1, w.size(length) + b"x" * (length - 1)),
        "a long string that is not UTF-8": w.field(
            wire.STRING, 1, w.size(length) + b"\xc3\xa9" * (length // 2 - 1) + b"\xff\xff"
        ),
        "many lists of promises": w.field(
            wire.LIST,
            5,
            w.list(wire.LIST, length // 6)
            + (w.list(wire.LIST, 1) + w.list(wire.BOOL, 0)) * (length // 10),
        ),
        "bools": w.field(wire.LIST, 98, w.list(wire.BOOL, length) + b"\1" * length),
        "booleans without an end": w.field(wire.BOOL, 11, True)
        * (length // len(w.field(wire.BOOL, 11, True))),
    }


class Slow:
    """A transport that gives at most so many bytes at once."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data, self.position, self.most = data, 0, most

    def read(self, size: int) -> bytes:
        end = self.position + min(size, self.most)
        chunk = self.data[self.position : end]
        self.position += len(chunk)
        return chunk


class AsyncSlow(Slow):
    async def read(self, size: int) -> bytes:  # type: ignore[override]
        return super().read(size)


def frames(data: bytes, size: int) -> bytes:
    header = struct.pack(">i", size)
    return b"".join(header + data[i : i + size] for i in range(0, len(data) - size, size))


SYNC = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
ASYNC = {"binary": TAsyncBinaryProtocol, "compact": TAsyncCompactProtocol}


def sources(protocol: str, data: bytes) -> dict[str, Callable[[], Any]]:
    def sync(trans: Any) -> Any:
        return SYNC[protocol](trans).read_struct(module.Any())

    def aio(trans: Any) -> Any:
        return asyncio.run(ASYNC[protocol](trans).read_struct(module.Any()))

    return {
        "memory": lambda: fastthrift.decode(module.Any, data, protocol),
        "buffered": lambda: sync(TBufferedTransport(Slow(data, 1000))),
        "framed": lambda: sync(TFramedTransport(TMemoryBuffer(frames(data, 7)))),
        "foreign": lambda: sync(Slow(data, 1)),
        "aio": lambda: aio(TAsyncBufferedTransport(AsyncSlow(data, 4000))),
        "aio foreign": lambda: aio(AsyncSlow(data, 100)),
    }


def json_messages(length: int) -> dict[str, str]:
    return {
        "JSON arrays": '{"x":[' + "[]," * (length // 3) + "[]]}",
        "JSON brackets": "[" * length,
        "JSON keys": "{" + ",".join(f'"{n}":1' for n in range(length // 10)) + "}",
        "a long JSON string": '{"text":"' + "x" * length + '"}',
        "escapes": '{"text":"' + "\\" * (length // 2 * 2) + '"}',
        "digits": '{"number":' + "9" * length + "}",
        "spaces": " " * length + "{}",
        "an open string": '{"text":"' + "é" * (length // 2),
    }


def json_sources(text: str) -> dict[str, Callable[[], Any]]:
    data = text.encode()
    sized = struct.pack(">I", len(data) + 12) + b'{"payload":' + data + b"}"
    return {
        "json": lambda: TJSONProtocol(TMemoryBuffer(sized)).read_struct(module.Any()),
        "apache json": lambda: TApacheJSONProtocol(TMemoryBuffer(data)).read_struct(module.Any()),
        "apache json, foreign": lambda: TApacheJSONProtocol(Slow(data, 1000)).read_struct(
            module.Any()
        ),
    }


def outcome(action: Callable[[], Any]) -> str:
    try:
        action()
    except (TException, RecursionError) as error:
        return type(error).__name__
    return "read"


def measure(action: Callable[[], Any]) -> tuple[str, float, int]:
    """What came of it, seconds of the processor at best of three, and peak bytes."""
    tracemalloc.start()
    what = outcome(action)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    seconds = []
    # The collector's passes over many new objects are CPython's affair, and not linear.
    gc.disable()
    for _ in range(3):
        start = time.process_time()
        outcome(action)
        seconds.append(time.process_time() - start)
    gc.enable()
    return what, min(seconds), peak


def rows(length: int) -> dict[tuple[str, str], tuple[int, Callable[[], Any]]]:
    found = {}
    for protocol in SYNC:
        for kind, data in messages(wire.WIRES[protocol], length).items():
            for source, action in sources(protocol, data).items():
                found[kind, f"{protocol}, {source}"] = len(data), action
    for kind, text in json_messages(length).items():
        for source, action in json_sources(text).items():
            found[kind, source] = len(text), action
    return found


def main(wanted: list[str]) -> None:
    by_length = [rows(length) for length in LENGTHS]
    print(f"{'kind':34} {'source':22} {'outcome':24} ns/byte at {LENGTHS}   bytes/byte")
    growing = 0
    for key in by_length[0]:
        if wanted and not any(word in " ".join(key) for word in wanted):
            continue
        results = [(measured[key][0], *measure(measured[key][1])) for measured in by_length]
        times = [seconds / length * 1e9 for length, _, seconds, _ in results]
        peaks = [peak / length for length, _, _, peak in results]
        grows = [values[-1] > TOLERANCE * max(values[0], 1) for values in (times, peaks)]
        growing += any(grows)
        mark = "  GROWS" if any(grows) else ""
        print(
            f"{key[0]:34} {key[1]:22} {results[-1][1]:24} "
            + " ".join(f"{value:8.1f}" for value in times)
            + "   "
            + " ".join(f"{value:6.1f}" for value in peaks)
            + mark,
            flush=True,
        )
    print(f"{growing} of the rows grow faster than their messages.")


if __name__ == "__main__":
    main(sys.argv[1:])
