"""The client."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Any

from fastthrift._calls.awaited import Awaited
from fastthrift._calls.client_call import name_arguments
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.faces import ClientFace, other_attribute
from fastthrift._calls.progress import Progress
from fastthrift._calls.services import is_given_timeout
from fastthrift._calls.steps import drive
from fastthrift._calls.transports import layers
from fastthrift._calls.unasked import read_unasked
from fastthrift._calls.watch import watch
from fastthrift.thrift import TApplicationException, TMessageType, args_to_kwargs

from ._opening import note_opening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from typing_extensions import Self

    from fastthrift._calls.observed import Call

__all__ = ["TApplicationException", "TAsyncClient", "TMessageType", "args_to_kwargs"]


class TAsyncClient(ClientFace):
    """Calls the methods of a service, as attributes of the client that are awaited.

    Calls of several tasks take turns. A call that is cancelled while it waits for its turn
    leaves no trace. After a timeout, a protocol error or a cancellation in the middle of a call,
    the connection is closed, because the next bytes on it would answer the wrong call; every
    later call raises ``TTransportException`` of type ``NOT_OPEN`` until the transport has been
    opened again. Declared exceptions, ``TApplicationException`` replies and arguments that
    cannot be encoded or exceed a limit leave the connection open.

    A call takes ``timeout=`` besides its arguments: how many seconds it may take as a whole. Where
    a method has an argument of that name, it is the method's.

    ``with_fields("name", "people.age")`` is a client on the same connection whose results have
    these fields only (see ``fastthrift.select``).

    ``async with client:`` closes it at the end, and waits until the connection is closed; so a
    program should where it is encrypted, before its event loop ends.
    """

    def _begin_progress(self, service: Any, check_seqid: bool) -> Progress:
        self._turn = asyncio.Lock()
        # The task whose turn it is.
        self._caller: asyncio.Task[Any] | None = None
        return Progress(service, Awaited, check_seqid)

    def __getattr__(self, _api: str) -> Any:
        if _api in self._methods:
            return ServiceMethod(_watched, self, _api)
        return other_attribute(self, _api, _watched, _reopen)

    async def _req(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
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
            await drive(progress.make_ready(self, _api))
        outer = progress.call
        call = progress.begin(self, _api)
        try:
            await self._send(_api, **named)
            if not call.note_sent():
                return await self._recv(_api)
            begin = progress.response_begin(self._iprot.trans)
            return await drive(read_unasked(call, self._iprot, begin)) if begin else None
        except BaseException as error:
            progress.fail(self, call, error)
            raise
        finally:
            progress.call = outer

    async def _send(self, _api: str, /, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        await drive(self._rpc_state.current(self, _api).write(self._oprot, kwargs))

    async def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        call = progress.current(self, _api)
        try:
            return await drive(call.receive_by_steps(self._iprot, progress, note_opening))
        except BaseException as error:
            progress.fail_part(self, call, error)
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        for prot in {id(p): p for p in (self._iprot, self._oprot)}.values():
            for trans in layers(prot.trans):
                if hasattr(trans, "wait_closed"):
                    await trans.wait_closed()


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


async def _watched(client: TAsyncClient, _api: str, /, *args: Any, **kwargs: Any) -> Any:
    """Make a call that somebody may look at. A coroutine function, which `inspect` tells of the
    methods, as of those of thriftpy2."""
    if not watch.is_on:
        return await client._req(_api, *args, **kwargs)
    from fastthrift._calls.observed import attached, is_observed, new_call, observe

    around = client._rpc_state.around
    if not is_observed(around):
        return await client._req(_api, *args, **kwargs)
    if is_given_timeout(client._service, _api, kwargs):
        return await _in_time(functools.partial(_watched, client), _api, args, kwargs)

    async def go(call: Call) -> Any:
        task = asyncio.current_task()
        if client._caller is not None and client._caller is task:
            # From within a call of this task.
            return await client._req(call.method, *call.args, **call.kwargs)
        async with _turn_of(client, task):
            with attached(call, client):
                return await client._req(call.method, *call.args, **call.kwargs)

    call = new_call(client._service, _api, args, kwargs)
    return await drive(observe(call, around, go))


async def _reopen(client: TAsyncClient) -> None:
    """Connect again; raises ``TTransportException`` of type ``NOT_OPEN`` where that fails."""
    async with client._turn:
        await drive(client._rpc_state.reopen(client))
