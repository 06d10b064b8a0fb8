"""Does a message that arrives in pieces over asyncio cost more than one that arrives at once?

    python benches/pieces.py [--quick]

Prints, for messages that come in pieces of 1,460 bytes (a packet's), how many times the time of the
same message at once reading it takes, with the runs taking turns, and how many times as fast as
thriftpy2 it is, which is given the same pieces. The transport below gives a piece whenever it is
asked, without waiting, so that what the event loop costs is not in the figure.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
from collections.abc import Callable
from typing import Any

from measurement import SUBJECT, THRIFTPY2, Action, Budget, measure

PACKET = 1460
IDL = """
struct Item { 1: i32 number, 2: string name, 3: list<i64> values }
struct Items { 1: list<Item> items }
"""
#: Items in a message: about 840 kB, 84 kB and 8 kB.
SIZES = (11_700, 1_170, 117)


class Pieces:
    """The transport below: bytes that have arrived, a piece at a time."""

    def __init__(self, data: bytes, piece: int) -> None:
        self.data, self.piece, self.position = data, piece, 0

    async def read(self, size: int) -> bytes:
        size = min(size, self.piece)
        piece = self.data[self.position : self.position + size]
        self.position += len(piece)
        return piece

    # What thriftpy2's buffered transport reads from.
    recv = _read = read


def reader(package: str, transport: str, protocol: str, data: bytes, piece: int) -> Any:
    """A function that reads one message over asyncio, with a loop of its own."""
    module = importlib.import_module(package).load_fp(io.StringIO(IDL), f"{package}_pieces_thrift")
    transports = importlib.import_module(f"{package}.contrib.aio.transport")
    protocols = importlib.import_module(f"{package}.contrib.aio.protocol")
    make_transport = getattr(transports, f"TAsync{transport}Transport")
    make_protocol = getattr(protocols, f"TAsync{protocol}Protocol")
    loop = asyncio.new_event_loop()

    async def read() -> Any:
        items = module.Items()
        await make_protocol(make_transport(Pieces(data, piece))).read_struct(items)
        return items

    def run() -> Any:
        return loop.run_until_complete(read())

    return run


def message(transport: str, protocol: str, items: int) -> bytes:
    import fastthrift
    from fastthrift import protocol as protocols

    module = fastthrift.load_fp(io.StringIO(IDL), "pieces_thrift")
    value = module.Items(
        [module.Item(n, f"item {n}", [n * 1000 + k for k in range(5)]) for n in range(items)]
    )
    factory = getattr(protocols, f"T{protocol}ProtocolFactory")()
    data: bytes = fastthrift.encode(value, factory)
    if transport == "Framed":
        data = len(data).to_bytes(4, "big") + data
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    budget = Budget(5, 0.05) if parser.parse_args().quick else Budget(21, 0.2)
    print(f"{'message':34} {'bytes':>8} {'in pieces / at once':>20} {'thriftpy2':>10}")
    for transport in ("Buffered", "Framed"):
        for protocol in ("Binary", "Compact", "ApacheJSON"):
            for items in SIZES:
                row(transport, protocol, items, budget)


def row(transport: str, protocol: str, items: int, budget: Budget) -> None:
    data = message(transport, protocol, items)
    calls: dict[str, Callable[[], Any]] = {
        "at once": reader(SUBJECT, transport, protocol, data, len(data)),
        SUBJECT: reader(SUBJECT, transport, protocol, data, PACKET),
    }
    if (transport, protocol) == ("Buffered", "Binary"):
        calls[THRIFTPY2] = reader(THRIFTPY2, transport, protocol, data, PACKET)
    if len({repr(call()) for call in calls.values()}) != 1:
        raise SystemExit(f"{transport}, {protocol}: not all read the same")
    times = measure(
        {name: Action("call()", {"call": call}) for name, call in calls.items()}, budget
    )
    best = {name: min(turns) for name, turns in times.items()}
    peer = f"{best[THRIFTPY2] / best[SUBJECT]:9.1f}x" if THRIFTPY2 in best else ""
    share = best[SUBJECT] / best["at once"]
    print(f"{transport + ', ' + protocol:34} {len(data):8,} {share:20.2f} {peer:>10}", flush=True)


if __name__ == "__main__":
    main()
