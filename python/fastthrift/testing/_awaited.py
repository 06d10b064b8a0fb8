"""The clients of ``async_client``, apart from those that need no asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from fastthrift._calls.server_call import ServerCall
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.processor import TAsyncProcessor, processing
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware


def make_client(
    service: Any, handler: object, middleware: Iterable[Middleware], *, raise_undeclared: bool
) -> TAsyncClient:
    """What ``async_client`` gives."""
    processor = TAsyncProcessor(service, handler, middleware=middleware)
    factory = TAsyncBinaryProtocolFactory()

    async def answer(request: bytes) -> bytes:
        output = TAsyncMemoryBuffer()
        iprot = factory.get_protocol(TAsyncMemoryBuffer(request))
        oprot = factory.get_protocol(output)
        if raise_undeclared:
            await processing(processor, iprot, oprot)(ServerCall())
        else:
            await processor.process_and_answer(iprot, oprot)
        return output.getvalue()

    return TAsyncClient(service, factory.get_protocol(_AsyncInProcess(answer)))


class _AsyncInProcess(TAsyncMemoryBuffer):
    """A transport that answers what was written to it when it is flushed."""

    #: A call that failed leaves nothing that the next one could take for its answer.
    answers_stand_alone = True

    def __init__(self, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        super().__init__()
        self._answer = answer
        self._written = bytearray()

    def close(self) -> None:
        """Forget what was not read, and what was not flushed."""
        self._written.clear()
        self.setvalue(b"")

    def write(self, buf: bytes) -> None:
        self._written += buf

    async def flush(self) -> None:  # type: ignore[override]
        request = bytes(self._written)
        self._written.clear()
        self.setvalue(await self._answer(request))
