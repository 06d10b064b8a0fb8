"""The client."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Any

from fastthrift._calls.awaited import Awaited
from fastthrift._calls.client_call import READING, RECEIVING, SENT, STARTED, name_arguments
from fastthrift._calls.progress import Progress, is_open
from fastthrift._calls.services import (
    check_service,
    find_keyword_method,
    is_given_timeout,
    no_such_attribute,
)
from fastthrift._calls.steps import drive
from fastthrift._calls.watch import watch
from fastthrift.thrift import TApplicationException, TMessageType, args_to_kwargs

from ._opening import note_opening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from typing_extensions import Self

    from fastthrift._calls.observed import Call, Middleware

__all__ = ["TApplicationException", "TAsyncClient", "TMessageType", "args_to_kwargs"]


class TAsyncClient:
    """Calls the methods of a service, as attributes of the client that are awaited.

    Calls of several tasks take turns. A call that is cancelled while it waits for its turn
    leaves no trace. After a timeout, a protocol error or a cancellation in the middle of a call,
    the connection is closed, because the next bytes on it would answer the wrong call; every
    later call raises ``TTransportException`` of type ``NOT_OPEN`` until the transport has been
    opened again. Declared exceptions, ``TApplicationException`` replies and arguments that
    cannot be encoded or exceed a limit leave the connection open.

    A call takes ``timeout=`` besides its arguments: how many seconds it may take as a whole. Where
    a method has an argument of that name, it is the method's.

    ``async with client:`` closes it at the end, and waits until the connection is closed; so a
    program should where it is encrypted, before its event loop ends.
    """

    def __init__(
        self,
        service: Any,
        iprot: Any,
        oprot: Any = None,
        *,
        check_seqid: bool = True,
        auto_reopen: bool = False,
        middleware: Iterable[Middleware] = (),
    ) -> None:
        """``service`` is a class of a loaded module.

        ``check_seqid=False`` accepts replies whatever their sequence id is, for servers that
        answer every call with id 0; that can be said of the protocol as well. With
        ``auto_reopen`` a call that finds the connection closed, by the peer or after a call that
        failed, opens another one first. ``middleware`` stands around each call (see
        ``fastthrift.hooks``).
        """
        check_service(service, type(self).__name__)
        self._service = service
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._turn = asyncio.Lock()
        # The task whose turn it is.
        self._caller: asyncio.Task[Any] | None = None
        self._rpc_state = Progress(service, Awaited, check_seqid)
        self._rpc_state.auto_reopen = auto_reopen
        if middleware:
            from fastthrift._calls.observed import through

            self._rpc_state.around = through(middleware)

    def __getattr__(self, _api: str) -> Any:
        # `_service` is missing on an object that __init__ has not run on, as copy makes them.
        if _api != "_service":
            if _api in self._service.thrift_services:
                return functools.partial(_watched, self, _api)
            if api := find_keyword_method(self._service, _api):
                return functools.partial(_watched, self, api)
            # A service method called `close` is hidden by the client's own.
            if _api == "tclose":
                return functools.partial(_watched, self, "close")
            # A method of the service comes first, as it does in thriftpy2.
            if _api == "is_open":
                return is_open(self)
            if _api == "reopen":
                return self._reopen
            raise no_such_attribute(self, _api)
        raise AttributeError(f"{self.__class__.__name__} instance has no attribute '{_api}'")

    def __dir__(self) -> list[str]:
        return list(self._service.thrift_services)

    async def _req(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        """Make one call: check the arguments, send, and wait for the reply unless oneway."""
        if kwargs and is_given_timeout(self._service, _api, kwargs):
            return await _in_time(self._req, _api, args, kwargs)
        named = name_arguments(self._service, _api, args, kwargs, Awaited)
        task = asyncio.current_task()
        if self._caller is not None and self._caller is task:
            # From within a call of this task.
            return await self._call(_api, named)
        async with _turn_of(self, task):
            return await self._call(_api, named)

    async def _call(self, _api: str, named: dict[str, Any]) -> Any:
        """Make a call whose turn it is."""
        progress = self._rpc_state
        if progress.auto_reopen:
            await drive(progress.make_ready(self))
        outer = progress.call
        call = progress.begin(self, _api)
        try:
            await self._send(_api, **named)
            if call.stage == STARTED:
                call.stage = SENT
            return None if call.is_oneway() else await self._recv(_api)
        except BaseException as error:
            progress.fail(self, call, error)
            raise
        finally:
            progress.call = outer

    async def _send(self, _api: str, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        await drive(self._rpc_state.current(self, _api).write(self._oprot, kwargs))

    async def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        iprot = self._iprot
        call = progress.current(self, _api)
        call.stage = RECEIVING
        if not progress.answered:
            try:
                await note_opening(iprot.trans, progress)
            finally:
                if progress.opening:
                    call.stage = READING
        value = await drive(call.read(iprot))
        progress.answered = True
        return value

    async def _reopen(self) -> None:
        """Connect again; raises ``TTransportException`` of type ``NOT_OPEN`` where that fails."""
        async with self._turn:
            await drive(self._rpc_state.reopen(self))

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


async def _in_time(
    make: Callable[..., Awaitable[Any]], _api: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Make a call that is given ``timeout=``."""
    from fastthrift._calls.deadlines import within_timeout

    with within_timeout(kwargs):
        return await make(_api, *args, **kwargs)


@contextlib.asynccontextmanager
async def _turn_of(client: TAsyncClient, task: asyncio.Task[Any] | None) -> AsyncIterator[None]:
    """The turn of a task, which calls as often as it likes until it is over."""
    async with client._turn:
        client._caller = task
        try:
            yield
        finally:
            client._caller = None


def _watched(client: TAsyncClient, _api: str, /, *args: Any, **kwargs: Any) -> Any:
    """Make a call that somebody may look at; gives what is to be awaited."""
    if not watch.is_on:
        return client._req(_api, *args, **kwargs)
    from fastthrift._calls.observed import attached, is_observed, new_call, observe

    around = client._rpc_state.around
    if not is_observed(around):
        return client._req(_api, *args, **kwargs)
    if is_given_timeout(client._service, _api, kwargs):
        return _in_time(functools.partial(_watched, client), _api, args, kwargs)

    async def go(call: Call) -> Any:
        task = asyncio.current_task()
        if client._caller is not None and client._caller is task:
            # From within a call of this task.
            return await client._req(call.method, *call.args, **call.kwargs)
        async with _turn_of(client, task):
            with attached(call, client):
                return await client._req(call.method, *call.args, **call.kwargs)

    call = new_call(client._service, _api, args, kwargs)
    return drive(observe(call, around, go))
