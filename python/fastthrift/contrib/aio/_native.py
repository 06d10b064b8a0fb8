"""Calls of the server in native code that are awaited: on one event loop, in a thread of its own.

A message has come as a whole and its answer is taken as a whole, so that only the handler is
awaited: the protocols are those that do not wait.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastthrift._calls.awaited import Mixed
from fastthrift._calls.lines import log_failed
from fastthrift._calls.server_call import ServerCall, process_by_steps
from fastthrift._calls.settle import send, settle
from fastthrift._calls.steps import drive
from fastthrift._serve.native import HEADER, Format, Formats, HeaderLane, Lane

from ._answering import is_of_call
from ._sharing import Turn

if TYPE_CHECKING:
    import logging

    from fastthrift._calls.rate import Rates
    from fastthrift._calls.server_call import Find
    from fastthrift._core import ServedCalls


# What ends nothing but a call, as in the native loop's threads: signals raise nothing in these.
_ALL_ERRORS = (BaseException,)

# For what is cancelled, in seconds: less than a worker has to leave after its grace.
_LAST_MOMENT = 1.0


class AwaitedLane(Lane):
    """What one call at a time of one format is made with, and awaited."""

    def __init__(self, find: Find, *parts: Any) -> None:
        """``find`` is how the processor finds who serves a call."""
        self._find = find
        super().__init__(*parts)

    def processing(
        self, processor: Any, iprot: Any, oprot: Any
    ) -> Callable[[ServerCall], Awaitable[None]]:
        find = self._find
        return lambda call: drive(process_by_steps(Mixed, processor, find, call, iprot, oprot))

    async def make_awaited(self, calls: ServedCalls, size: int) -> bool:
        """Make the call of the message that was taken, of this size, and answer it; whether the
        connection goes on."""
        goes_on = True
        call = self.begin(calls, size)
        try:
            await self.process(call)
        except BaseException as error:
            if not is_of_call(error, call, _ALL_ERRORS):
                call.end()
                raise
            self.note_opening(calls, call, size)
            settlement = settle(error, call, calls.peer, self.oprot, self.logger, rates=self.rates)
            goes_on = await drive(
                send(Mixed, settlement, None, call, calls.peer, self.oprot, self.logger)
            )
        self.answer(calls, goes_on)
        return goes_on


class AwaitedHeaderLane(AwaitedLane, HeaderLane):
    """What one call at a time of THeader is made with, and awaited."""

    async def make_awaited(self, calls: ServedCalls, size: int) -> bool:
        try:
            return await super().make_awaited(calls, size)
        finally:
            self._call.end()


class CallsOnLoop:
    """Makes calls on an event loop."""

    def __init__(
        self,
        processor: Any,
        find: Find,
        formats: Formats,
        most: int,
        logger: logging.Logger,
        rates: Rates,
    ) -> None:
        """Of ``most`` connections at once; the calls of others wait. ``find`` is how the processor
        finds who serves a call."""
        self._parts = find, processor, formats
        self._logger, self._rates = logger, rates
        self._lanes: defaultdict[tuple[str, bool], list[AwaitedLane]] = defaultdict(list)
        self._room = threading.Semaphore(most)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fastthrift-event-loop", daemon=True)

    def start(self) -> None:
        """Start the loop."""
        self._thread.start()

    def make(self, calls: ServedCalls) -> None:
        """Have calls made, once there is room for them."""
        self._room.acquire()
        self._loop.call_soon_threadsafe(self._begin, calls)

    def end(self) -> None:
        """Cancel what is still being done, and end the loop. What is cancelled has a moment for
        what it does at its end, which may need threads: there are none when a program has ended."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LAST_MOMENT)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            for task in self._tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _begin(self, calls: ServedCalls) -> None:
        task = self._loop.create_task(self._converse(calls))
        # The loop itself keeps no task alive.
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    def _lane(self, format: Format) -> AwaitedLane:
        kind = AwaitedHeaderLane if format.protocol == HEADER else AwaitedLane
        return kind(*self._parts, format, self._logger, self._rates)

    async def _converse(self, calls: ServedCalls) -> None:
        """Make the calls that have come on one connection, one after the other."""
        try:
            free = self._lanes[calls.format]
            lane = free.pop() if free else self._lane(Format(*calls.format))
            goes_on = True
            turn = Turn()
            while (size := calls.next_message(lane.input)) is not None:
                goes_on = await lane.make_awaited(calls, size)
                await turn.pass_on()
            # One that was given up in the middle may hold something.
            if goes_on:
                free.append(lane)
        except Exception:
            log_failed(self._logger, calls.peer)
        finally:
            calls.give_up()
