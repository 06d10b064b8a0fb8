"""Calls that an event loop makes: what a handler has to be awaited is, what blocks has a thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastthrift import thrift
from fastthrift._calls.awaited import Mixed
from fastthrift._calls.exchange import BadRequest, BodyCall, Exchange
from fastthrift._calls.server_call import process_by_steps
from fastthrift._calls.steps import drive
from fastthrift.contrib.aio import processor as aio
from fastthrift.contrib.aio._answering import is_of_call

if TYPE_CHECKING:
    from fastthrift._calls.server_call import Find


async def process_awaited(processor: Any, exchange: Exchange) -> BaseException | None:
    """Read the call of an exchange, make it and answer it; what it failed with. Raises
    ``BadRequest``."""
    call, iprot, oprot = exchange.call, exchange.iprot, exchange.oprot
    try:
        find = require_find(processor)
        if find is None:
            process = thrift.processing(processor, iprot, oprot)
            await asyncio.to_thread(_called, call, process, (call,))
        else:
            find = _in_threads(find, call)
            await drive(process_by_steps(Mixed, processor, find, call, iprot, oprot))
        oprot.trans.flush()
    except BadRequest:
        raise
    except BaseException as error:
        if not is_of_call(error, call):
            raise
        return error
    return None


def require_find(processor: Any) -> Find | None:
    """How a processor finds who serves a call; None where it processes calls in a way of its own,
    which blocks. Raises ``TypeError`` where that is to be awaited."""
    find = thrift.find_of(processor) or aio.find_of(processor)
    if find is None and inspect.iscoroutinefunction(processor.process):
        raise TypeError(
            f"{type(processor).__name__} has methods of its own that process calls, which only a "
            f"TAsyncServer awaits: pass a TAsyncProcessor as it comes"
        )
    return find


def _in_threads(find: Find, call: BodyCall) -> Find:
    """How who serves a call is found, so that what blocks is called in a thread."""

    def find_awaited(name: Any, message_type: int) -> Any:
        service, handler, api, refusal = find(name, message_type)
        return service, _Handler(handler, call), api, refusal

    return find_awaited


class _Handler:
    """A handler whose methods do not block."""

    def __init__(self, handler: Any, call: BodyCall) -> None:
        self._of = handler, call

    def __getattr__(self, name: str) -> Any:
        handler, call = self._of
        function = getattr(handler, name)
        if inspect.iscoroutinefunction(function):
            return function

        async def in_thread(*args: Any) -> Any:
            value = await asyncio.to_thread(_called, call, function, args)
            return await value if inspect.isawaitable(value) else value

        return in_thread


def _called(call: BodyCall, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """What a function gives that may have waited for its thread for longer than it may take."""
    call.require_time()
    try:
        return function(*args)
    except StopIteration as error:
        # A future cannot have it: who waits for that would wait for ever.
        raise RuntimeError("the handler raised StopIteration") from error
