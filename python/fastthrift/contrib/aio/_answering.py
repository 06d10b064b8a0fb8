"""Processing a call, and answering it when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastthrift._calls.awaited import Awaited
from fastthrift._calls.server_call import READ, ServerCall
from fastthrift._calls.settle import CALL_ERRORS, Settlement, send
from fastthrift._calls.steps import drive

from ._opening import note_opening, note_rest

logger = logging.getLogger("fastthrift.server.aio")


async def process_and_answer(
    process: Callable[[ServerCall], Awaitable[None]],
    call: ServerCall,
    processor: Any,
    iprot: Any,
    oprot: Any,
    peer: str,
    settle: Callable[[BaseException, ServerCall, str, Any], Settlement],
) -> bool:
    """Process one call, and answer it where that fails, as ``settle`` says; whether the connection
    goes on."""
    is_first = call.opening is None
    call.begin(None if is_first else b"")
    try:
        if is_first:
            await note_opening(iprot.trans, call)
        await process(call)
        return True
    except BaseException as error:
        if not is_of_call(error, call):
            raise
        failure = error
    if not is_first and call.header is None:
        note_rest(iprot.trans, call)
    settlement = settle(failure, call, peer, oprot)
    return await drive(send(Awaited, settlement, processor, call, peer, oprot, logger))


def is_of_call(
    error: BaseException,
    call: ServerCall,
    kinds: tuple[type[BaseException], ...] = CALL_ERRORS,
) -> bool:
    """Whether a call has failed with what has come of it, and not this task: that is settled. Such
    are the errors of these kinds, and a cancellation that is not of this task but of one that the
    handler waited for."""
    if isinstance(error, asyncio.CancelledError):
        return call.stage == READ and not _is_cancelled()
    return isinstance(error, kinds)


def _is_cancelled() -> bool:
    """Whether somebody has cancelled this task; before Python 3.11 nobody can tell."""
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)
    return cancelling is None or cancelling() > 0
