"""The processors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.awaited import Awaited
from fastthrift._calls.budget import call_over
from fastthrift._calls.faces import ProcessorFace, SeveralFace
from fastthrift._calls.server_call import (
    AsyncCallReader,
    CallWriter,
    ServerCall,
    answer,
    find_among,
    noted,
    process_by_steps,
    read_call,
    several,
    single,
    write_answer,
)
from fastthrift._calls.settle import peer_name, settle
from fastthrift._calls.steps import drive
from fastthrift._calls.watch import wants_access_log
from fastthrift._core import OriginalMethods
from fastthrift.thrift import TApplicationException, TMessageType, TType

from ._answering import logger, process_and_answer

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware
    from fastthrift._calls.server_call import Find, Incoming
    from fastthrift.typing import WithAsyncHandler

    _Handler = TypeVar("_Handler")
else:
    # What the annotation says at run time, for which nothing is imported.
    Find = Any

__all__ = [
    "TApplicationException",
    "TAsyncMultiplexedProcessor",
    "TAsyncProcessor",
    "TMessageType",
    "TType",
]


class TAsyncProcessor(ProcessorFace):
    """Reads one call, awaits the handler's method of that name and writes the answer.

    A method of the handler may be a coroutine function or, when it does not block, a plain one.
    ``process`` raises what it cannot answer, undeclared exceptions of the handler among them,
    so that code around it may see them. ``process_and_answer`` turns them into an answer, as the
    server does.

    A handler that lacks methods of the service is logged as a warning.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            service: WithAsyncHandler[_Handler],
            handler: _Handler,
            *,
            middleware: Iterable[Middleware] = (),
        ) -> None: ...

    def calls_on_loop(self, formats: Any, most: int, logger: Any, rates: Any) -> Any:
        """What makes the calls of ``TNonblockingServer``: on an event loop, of ``most`` connections
        at once. Raises ``ValueError`` for a processor that processes calls in a way of its own."""
        from ._native import CallsOnLoop

        find = find_of(self)
        if find is None:
            raise ValueError(
                f"TNonblockingServer makes the calls of a TAsyncProcessor itself, and "
                f"{type(self).__name__} has methods of its own for that: TAsyncServer takes any"
            )
        return CallsOnLoop(self, find, formats, most, logger, rates)

    async def process_in(self, iprot: Any) -> Incoming:
        """Read one call."""
        return await drive(read_call(Awaited, *noted(iprot), single(self)))

    async def send_exception(
        self, oprot: Any, api: str, exc: TApplicationException, seqid: int
    ) -> None:
        """Answer with a ``TApplicationException``."""
        await drive(write_answer(Awaited, *noted(oprot), api, exc, seqid))

    async def send_result(self, oprot: Any, api: str, result: Any, seqid: int) -> None:
        """Answer with a result, which may hold a declared exception."""
        await drive(write_answer(Awaited, *noted(oprot), api, result, seqid))

    async def process(self, iprot: Any, oprot: Any) -> None:
        """Read one call, make it and answer it."""
        await drive(answer(self, self, oprot, await self.process_in(iprot)))

    async def process_and_answer(self, iprot: Any, oprot: Any, *, peer: str | None = None) -> bool:
        """Read one call, make it and answer it, as the server does; for those that serve without
        it. See ``TProcessor.process_and_answer``."""

        def settle_alone(error: BaseException, call: ServerCall, peer: str, oprot: Any) -> Any:
            return settle(error, call, peer, oprot, logger, rates=None)

        peer = peer or peer_name(iprot.trans, "an unknown peer")
        process = processing(self, iprot, oprot)
        call = call_over(iprot.trans)
        try:
            return await process_and_answer(process, call, self, iprot, oprot, peer, settle_alone)
        finally:
            call.end()


class TAsyncMultiplexedProcessor(SeveralFace, TAsyncProcessor):
    """Serves several services on one connection; calls come as ``Service:method``."""

    async def process_in(self, iprot: Any) -> Incoming:
        """Read one call of any of the services."""
        return await drive(read_call(Awaited, *noted(iprot), several(self)))


_PARTS = ("process", "process_in", "send_result", "send_exception")
_OWN_PROCESSING = OriginalMethods(TAsyncProcessor, *_PARTS)
_OWN_SEVERAL = OriginalMethods(TAsyncMultiplexedProcessor, *_PARTS)


def processing(processor: Any, iprot: Any, oprot: Any) -> Callable[[ServerCall], Awaitable[None]]:
    """How a connection with these protocols has its calls processed, found once for it; see
    ``fastthrift.thrift.processing``."""
    if wants_access_log():
        from fastthrift._calls.observed import watch_calls

        watch_calls()
    find = find_of(processor)
    if find is not None:
        return lambda call: drive(process_by_steps(Awaited, processor, find, call, iprot, oprot))
    return lambda call: processor.process(AsyncCallReader(iprot, call), CallWriter(oprot, call))


def find_of(processor: Any) -> Find | None:
    """How a processor finds who serves a call, where it processes them as these here do."""
    return find_among(processor, _OWN_PROCESSING, _OWN_SEVERAL)
