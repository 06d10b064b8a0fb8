"""The client."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from fastthrift import thrift
from fastthrift._calls.services import check_service, find_keyword_method, no_such_attribute
from fastthrift.thrift import TApplicationException, TMessageType, args_to_kwargs

from ._opening import note_opening

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TApplicationException", "TAsyncClient", "TMessageType", "args_to_kwargs"]

# The rules of the synchronous client, which is not a base: `isinstance` tells the two apart.
_Rules: Any = thrift.TClient


class TAsyncClient:
    """Calls the methods of a service, as attributes of the client that are awaited.

    Calls of several tasks take turns. A call that is cancelled while it waits for its turn
    leaves no trace. After a timeout, a protocol error or a cancellation in the middle of a call,
    the connection is closed, because the next bytes on it would answer the wrong call; every
    later call raises ``TTransportException`` of type ``NOT_OPEN`` until the transport has been
    opened again. Declared exceptions, ``TApplicationException`` replies and arguments that
    cannot be encoded or exceed a limit leave the connection open.

    ``async with client:`` closes it at the end, and waits until the connection is closed; so a
    program should where it is encrypted, before its event loop ends.
    """

    def __init__(
        self, service: Any, iprot: Any, oprot: Any = None, *, check_seqid: bool = True
    ) -> None:
        """``service`` is a class of a loaded module.

        ``check_seqid=False`` accepts replies whatever their sequence id is, for servers that
        answer every call with id 0; that can be said of the protocol as well.
        """
        check_service(service, type(self).__name__)
        self._check_seqid = check_seqid
        self._service = service
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._turn = asyncio.Lock()
        # The task whose turn it is.
        self._caller: asyncio.Task[Any] | None = None
        self._rpc_state = thrift._Progress()

    def __getattr__(self, _api: str) -> functools.partial[Any]:
        # `_service` is missing on an object that __init__ has not run on, as copy makes them.
        if _api != "_service":
            if _api in self._service.thrift_services:
                return functools.partial(self._req, _api)
            if api := find_keyword_method(self._service, _api):
                return functools.partial(self._req, api)
            # A service method called `close` is hidden by the client's own.
            if _api == "tclose":
                return functools.partial(self._req, "close")
            raise no_such_attribute(self, _api)
        raise AttributeError(f"{self.__class__.__name__} instance has no attribute '{_api}'")

    def __dir__(self) -> list[str]:
        return list(self._service.thrift_services)

    async def _req(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        """Make one call: check the arguments, send, and wait for the reply unless oneway."""
        thrift_spec = getattr(self._service, _api + "_args").thrift_spec
        if kwargs or len(args) > len(thrift_spec):
            thrift.check_arguments(self._full_name(_api), thrift_spec, args, kwargs)
        try:
            kwargs = args_to_kwargs(thrift_spec, *args, **kwargs)
        except ValueError as error:
            raise TApplicationException(
                TApplicationException.UNKNOWN_METHOD,
                f"missing required argument {error.args[0]} for {self._full_name(_api)}",
            ) from None

        task = asyncio.current_task()
        if self._caller is not None and self._caller is task:
            if self._rpc_state.stage != thrift._STARTED:
                raise RuntimeError(
                    f"{self._full_name(_api)}() was called while this client is in the middle of "
                    f"another call in the same task; use a second client"
                )
            return await self._call(_api, kwargs)
        async with self._turn:
            self._caller = task
            try:
                return await self._call(_api, kwargs)
            finally:
                self._caller = None

    async def _call(self, _api: str, kwargs: dict[str, Any]) -> Any:
        """As `_req`, when the arguments are checked and it is this call's turn."""
        if self._rpc_state.broken is not None:
            self._require_connection()
        self._seqid = self._seqid % thrift._MAX_SEQUENCE_ID + 1
        self._rpc_state.stage = thrift._STARTED
        try:
            await self._send(_api, **kwargs)
            if getattr(self._service, _api + "_result").oneway:
                return None
            return await self._recv(_api)
        except BaseException as error:
            if not self._in_step(error):
                self._give_up(_api, error)
            raise
        finally:
            self._rpc_state.stage = thrift._STARTED

    async def _send(self, _api: str, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        self._rpc_state.stage = thrift._ENCODING
        oneway = getattr(self._service, _api + "_result").oneway
        message_type = TMessageType.ONEWAY if oneway else TMessageType.CALL
        self._oprot.write_message_begin(_api, message_type, self._seqid)
        args = getattr(self._service, _api + "_args")()
        for name, value in kwargs.items():
            setattr(args, name, value)
        self._oprot.write_struct(args)
        self._oprot.write_message_end()
        self._rpc_state.stage = thrift._SENDING
        await self._oprot.trans.flush()
        self._rpc_state.stage = thrift._SENT

    async def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        progress.stage = thrift._RECEIVING
        if not progress.answered and await note_opening(self._iprot.trans, progress):
            progress.stage = thrift._READING
        name, message_type, seqid = await self._iprot.read_message_begin()
        progress.stage = thrift._READING
        if seqid != self._seqid or name != _api or message_type != TMessageType.REPLY:
            await self._check_reply(_api, name, message_type, seqid)

        if message_type == TMessageType.EXCEPTION:
            exception: BaseException | None = await self._read_refusal()
            value = None
        else:
            result = getattr(self._service, _api + "_result")()
            await self._iprot.read_struct(result)
            await self._iprot.read_message_end()
            exception, value = self._open_result(_api, result)
        progress.stage = thrift._ANSWERED
        progress.answered = True
        if exception is None:
            return value
        try:
            raise exception
        finally:
            # The exception has this frame in its traceback: no cycle.
            del exception

    async def _read_refusal(self) -> TApplicationException:
        """Read what a reply has in place of a result."""
        refusal = TApplicationException()
        await self._iprot.read_struct(refusal)
        await self._iprot.read_message_end()
        return refusal

    async def _check_reply(self, _api: str, name: Any, message_type: int, seqid: int) -> None:
        """Raise for the header of a reply that does not belong to the call."""
        mismatch = self._find_mismatch(_api, name, message_type, seqid)
        if mismatch is None:
            return
        if message_type != TMessageType.EXCEPTION:
            raise mismatch
        try:
            refusal = await self._read_refusal()
        except Exception as error:
            raise mismatch from error
        raise thrift.told(mismatch, refusal) from refusal

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        for prot in {id(p): p for p in (self._iprot, self._oprot)}.values():
            trans = prot.trans
            while trans is not None:
                if hasattr(trans, "wait_closed"):
                    await trans.wait_closed()
                trans = getattr(trans, "_trans", None)

    def close(self) -> None:
        """Close the transports. Does not wait for a call that another task is making."""
        self._iprot.trans.close()
        if self._iprot != self._oprot:
            self._oprot.trans.close()

    _full_name = _Rules._full_name
    _find_mismatch = _Rules._find_mismatch
    _open_result = _Rules._open_result
    _undeclared = _Rules._undeclared
    _explain = _Rules._explain
    _in_step = _Rules._in_step
    _give_up = _Rules._give_up
    _require_connection = _Rules._require_connection
    _is_open = _Rules._is_open
