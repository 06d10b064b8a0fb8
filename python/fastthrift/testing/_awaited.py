"""The clients of ``async_client``, apart from those that need no asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocolFactory


def make_client(service: Any, process: Callable[[Any, Any], Awaitable[object]]) -> TAsyncClient:
    """A client whose calls are processed by a function of two protocols."""
    factory = TAsyncBinaryProtocolFactory()

    async def answer(request: bytes) -> bytes:
        output = TAsyncMemoryBuffer()
        await process(
            factory.get_protocol(TAsyncMemoryBuffer(request)), factory.get_protocol(output)
        )
        return output.getvalue()

    return TAsyncClient(service, factory.get_protocol(_InProcess(answer)))


class _InProcess(TAsyncMemoryBuffer):
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
