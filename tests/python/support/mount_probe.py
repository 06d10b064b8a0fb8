"""Applications that serve a service at a URL, for real servers: `application` is of WSGI,
`asgi_application` of ASGI."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from typing import Any

import fastthrift
from fastthrift import asgi, wsgi

IDL = """
/** Where somebody is. */
struct Place {
    /** As maps have it. */
    1: required string name,
    2: optional i64 id
}
enum Colour {
    /** Stop. */
    RED = 1,
    GREEN = 2
}
/** What is not allowed. */
exception Wrong { 1: string message, 2: i32 code }
/** The number of a place. */
typedef i64 PlaceId
/** Those that everybody may see. */
const map<string, PlaceId> PUBLIC = {"market": 1, "station": 2}
/** What the tests of mounts call. */
service Mount {
    /** Adds two numbers.
        <script>document.title = "taken over"</script> */
    i64 add(1: i64 a, 2: i64 b = 0),
    string echo(1: string text),
    /** Moves to a place. */
    Place move(
        /** Where to. */
        1: Place place,
        2: list<Colour> colours,
        3: bool quickly
    ) throws (
        /** There is no such place. */
        1: Wrong wrong
    ),
    string fail(1: string secret),
    double half(1: double of),
    oneway void note(1: string text),
    void nothing(),
    i32 executed(),
    double seconds_left(),
    bool meet(),
    i32 missing_result(),
}
"""

module = fastthrift.load_fp(io.StringIO(IDL), "mount_probe_thrift")
Mount = module.Mount

# More than anybody has to wait unless something hangs.
PATIENCE = 60
MAX_BYTES = 2000


class Handler:
    """Counts the calls that it gets, besides those that ask about them."""

    def __init__(self) -> None:
        self.count = 0
        self._barrier = threading.Barrier(2)

    def add(self, a: int, b: int) -> int:
        self.count += 1
        return a + b

    def echo(self, text: str) -> str:
        self.count += 1
        return text

    def move(self, place: Any, colours: Any, quickly: bool) -> Any:
        self.count += 1
        if place.name == "nowhere":
            raise module.Wrong("there is no such place", 7)
        return place

    def fail(self, secret: str) -> str:
        self.count += 1
        raise ValueError(f"a secret: {secret}")

    def half(self, of: float) -> float:
        return of / 2 if of >= 0 else float("nan")

    def note(self, text: str) -> None:
        self.count += 1

    def nothing(self) -> None:
        self.count += 1

    def missing_result(self) -> None:
        return None

    def executed(self) -> int:
        return self.count

    def seconds_left(self) -> float:
        call = fastthrift.current_call()
        assert call is not None
        return -1 if call.deadline is None else call.deadline - time.monotonic()

    def meet(self) -> bool:
        """Returns when two calls are here."""
        self._barrier.wait(PATIENCE)
        return True


class AwaitedHandler(Handler):
    """The half of its methods are coroutine functions."""

    def __init__(self) -> None:
        super().__init__()
        self.thread: int | None = None

    async def add(self, a: int, b: int) -> int:  # type: ignore[override]
        self.count += 1
        await asyncio.sleep(0)
        return a + b

    async def fail(self, secret: str) -> str:
        return super().fail(secret)

    async def seconds_left(self) -> float:  # type: ignore[override]
        return super().seconds_left()


OPTIONS: dict[str, Any] = {"max_bytes": MAX_BYTES, "json": True, "page": True}
application = wsgi.ThriftApp(Mount, Handler(), **OPTIONS)
asgi_application = asgi.ThriftApp(Mount, AwaitedHandler(), **OPTIONS)
