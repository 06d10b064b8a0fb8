"""The processors."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from fastthrift._calls.server_call import Message, note_oneway
from fastthrift._calls.services import check_handler, check_service, find_handler
from fastthrift.thrift import (
    TApplicationException,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
    TType,
    refused_call,
    unknown_service,
)

__all__ = [
    "TApplicationException",
    "TAsyncMultiplexedProcessor",
    "TAsyncProcessor",
    "TMessageType",
    "TType",
]

# What `process_in` gives: method, sequence id, the result to fill in (or the exception to answer
# with), and the call of the handler.
Incoming = tuple[str, int, Any, Callable[[], Awaitable[Any]] | None]


class TAsyncProcessor:
    """Reads one call, awaits the handler's method of that name and writes the answer.

    A method of the handler may be a coroutine function or, when it does not block, a plain one.
    ``process`` raises what it cannot answer, undeclared exceptions of the handler among them,
    so that code around it may see them. ``process_and_answer`` turns them into an answer, as the
    server does.

    A handler that lacks methods of the service is logged as a warning.
    """

    def __init__(self, service: Any, handler: object) -> None:
        check_service(service, type(self).__name__)
        check_handler(service, handler, type(self).__name__)
        self._service = service
        self._handler = handler

    async def process_in(self, iprot: Any) -> Incoming:
        """Read one call."""
        api, message_type, seqid = await iprot.read_message_begin()
        return await self._read_call(iprot, self._service, self._handler, api, message_type, seqid)

    @staticmethod
    async def _read_call(
        iprot: Any, service: Any, handler: object, api: str, message_type: int, seqid: int
    ) -> Incoming:
        refusal = refused_call(service, api, message_type)
        if refusal is not None:
            return await TAsyncProcessor._refuse(iprot, api, message_type, seqid, refusal)

        args = getattr(service, api + "_args")()
        await iprot.read_struct(args)
        await iprot.read_message_end()
        result = getattr(service, api + "_result")()
        if result.oneway:
            note_oneway(iprot)

        async def call() -> Any:
            names = [field[1] for field in args.thrift_spec.values()]
            value = find_handler(handler, api)(*[getattr(args, name) for name in names])
            return await value if inspect.isawaitable(value) else value

        return api, seqid, result, call

    @staticmethod
    async def _refuse(
        iprot: Any, api: str, message_type: int, seqid: int, refusal: TApplicationException
    ) -> Incoming:
        await iprot.skip(TType.STRUCT)
        await iprot.read_message_end()
        if message_type == TMessageType.ONEWAY:
            # Nobody waits for an answer; one would be taken for that of the next call.
            raise refusal
        return api, seqid, refusal, None

    async def send_exception(
        self, oprot: Any, api: str, exc: TApplicationException, seqid: int
    ) -> None:
        """Answer with a ``TApplicationException``."""
        oprot.write_message_begin(api, TMessageType.EXCEPTION, seqid)
        exc.write(oprot)
        oprot.write_message_end()
        await oprot.trans.flush()

    async def send_result(self, oprot: Any, api: str, result: Any, seqid: int) -> None:
        """Answer with a result, which may hold a declared exception."""
        oprot.write_message_begin(api, TMessageType.REPLY, seqid)
        oprot.write_struct(result)
        oprot.write_message_end()
        await oprot.trans.flush()

    def handle_exception(self, e: Exception, result: Any) -> bool:
        """Put ``e`` into the first field of ``result``, by field id, that declares it."""
        # The rule of the synchronous processor, which uses nothing of its object.
        return TProcessor(None, None).handle_exception(e, result)

    async def process(self, iprot: Any, oprot: Any) -> None:
        """Read one call, make it and answer it."""
        api, seqid, result, call = await self.process_in(iprot)
        if isinstance(result, TApplicationException):
            return await self.send_exception(oprot, api, result, seqid)

        assert call is not None
        try:
            result.success = await call()
        except TApplicationException as error:
            if result.oneway:
                raise
            return await self.send_exception(oprot, api, error, seqid)
        except Exception as error:
            if not self.handle_exception(error, result):
                raise

        if not result.oneway:
            await self.send_result(oprot, api, result, seqid)

    async def process_and_answer(self, iprot: Any, oprot: Any, *, peer: str | None = None) -> bool:
        """Read one call, make it and answer it, as the server does; for those that serve without
        it. See ``TProcessor.process_and_answer``."""
        from fastthrift._calls.settle import peer_name

        from ._answering import process_and_answer, settle_alone

        peer = peer or peer_name(iprot.trans, "an unknown peer")
        return await process_and_answer(self, iprot, oprot, Message(), peer, settle_alone)


class TAsyncMultiplexedProcessor(TAsyncProcessor):
    """Serves several services on one connection; calls come as ``Service:method``."""

    SEPARATOR = TMultiplexedProcessor.SEPARATOR

    def __init__(self) -> None:
        self.processors: dict[str, TAsyncProcessor] = {}

    def register_processor(self, service_name: str, processor: TAsyncProcessor) -> None:
        """Serve ``processor`` under a name; a name can be given once."""
        if service_name in self.processors:
            raise TApplicationException(
                type=TApplicationException.INTERNAL_ERROR,
                message=f"processor for `{service_name}` already registered",
            )
        self.processors[service_name] = processor

    async def process_in(self, iprot: Any) -> Incoming:
        """Read one call of any of the services."""
        name, message_type, seqid = await iprot.read_message_begin()
        problem = None
        if message_type not in (TMessageType.CALL, TMessageType.ONEWAY):
            problem = "TMultiplexed protocol only supports CALL & ONEWAY"
        elif self.SEPARATOR not in name:
            problem = (
                "Service name not found in message. You should use TMultiplexedProtocol in client."
            )
        if problem is not None:
            # Read to the end, so that the connection can go on with the next message.
            await iprot.skip(TType.STRUCT)
            await iprot.read_message_end()
            raise TApplicationException(TApplicationException.INVALID_MESSAGE_TYPE, problem)

        service_name, api = name.split(self.SEPARATOR, 1)
        processor = self.processors.get(service_name)
        if processor is None:
            unknown = unknown_service(service_name, api)
            return await self._refuse(iprot, api, message_type, seqid, unknown)
        return await self._read_call(
            iprot, processor._service, processor._handler, api, message_type, seqid
        )
