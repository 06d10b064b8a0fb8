"""Processing a call, and answering it when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from fastthrift._calls import server_call as observing
from fastthrift._calls.settle import Settlement, send_async, settle

from ._opening import note_opening
from .processor import TAsyncProcessor

logger = logging.getLogger("fastthrift.contrib.aio.server")


class _Reader(observing.Observer):
    """The protocol that calls are read from."""

    __slots__ = ()

    async def read_message_begin(self) -> tuple[str, int, int]:
        header: tuple[str, int, int] = await self._proto.read_message_begin()
        self._message.header = header
        return header

    async def read_message_end(self) -> Any:
        result = await self._proto.read_message_end()
        self._message.stage = observing.READ
        return result


async def process_and_answer(
    processor: Any,
    iprot: Any,
    oprot: Any,
    message: observing.Message,
    peer: str,
    settle_failure: Callable[[BaseException, observing.Message, str, Any], Settlement],
) -> bool:
    """Process one call, and answer it where that fails, as ``settle_failure`` says; whether the
    connection goes on."""
    message.header = None
    message.stage = observing.BEGUN
    try:
        if message.opening is None:
            await note_opening(iprot.trans, message)
        else:
            message.opening = b""
        await processor.process(_Reader(iprot, message), observing.Writer(oprot, message))
        return True
    except asyncio.CancelledError as error:
        if message.stage != observing.READ or _is_cancelled():
            raise
        # Not this task but one that the handler waited for.
        failure: BaseException = error
    except Exception as error:
        failure = error
    settlement = settle_failure(failure, message, peer, oprot)
    # A processor need not be a TAsyncProcessor.
    send_exception = getattr(processor, "send_exception", None)
    if send_exception is None:
        send_exception = TAsyncProcessor(None, None).send_exception
    return await send_async(settlement, send_exception, message, peer, oprot, logger)


def settle_alone(
    error: BaseException, message: observing.Message, peer: str, oprot: Any
) -> Settlement:
    """What becomes of a call that fails where there is no server."""
    return settle(error, message, peer, oprot, logger)


def _is_cancelled() -> bool:
    """Whether somebody has cancelled this task; before Python 3.11 nobody can tell."""
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)
    return cancelling is None or cancelling() > 0
