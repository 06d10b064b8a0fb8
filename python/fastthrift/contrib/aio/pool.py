"""A pool of clients for asyncio, with the options, the names and the rules of ``ClientPool``::

    calculator = AsyncClientPool(idl.Calculator, "tcp://rpc:9090")

    await calculator.add(1, 2)

Each event loop that uses a pool has connections of its own, and so has a forked child.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.headers import require_room
from fastthrift._calls.pool_blocks import OneConnection, give_connection_back, take_connection
from fastthrift._calls.pool_calls import PoolCalls
from fastthrift._calls.pool_faces import PoolFace, call_seen, close
from fastthrift._calls.pooling import Addresses, PoolOptions, Shelf, no_counts, options_of_call
from fastthrift._calls.steps import drive
from fastthrift._calls.transports import layers
from fastthrift._calls.watch import watch
from fastthrift.transport import TTransportException
from fastthrift.transport._addresses import EITHER_FAMILY
from fastthrift.urls import ServiceURL, parse_all, require_encryption

from .client import TAsyncClient
from .socket import TAsyncSocket, addresses_of
from .transport.base import TAsyncDeadlineExceeded, TAsyncTransportTimeout

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from fastthrift.typing import PoolKeywords, WithAsyncPool

    _Type = TypeVar("_Type")

__all__ = ["AsyncClientPool"]


class AsyncClientPool(PoolFace):
    """Clients of one service, shared by the tasks of an event loop; see ``ClientPool``.

    Each event loop has connections of its own, ``size`` at most; a forked child begins with none.
    What was kept of a loop that is closed is closed when another one makes a call: ``aclose``, or
    ``async with``, in the loop that is about to end does it in good order.

    URLs of HTTP need aiohttp: ``pip install "fastthrift[aio-http]"``.
    """

    _options: PoolOptions

    if TYPE_CHECKING:

        def __new__(  # type: ignore[misc]
            cls, service: WithAsyncPool[_Type], url: Any, **options: Unpack[PoolKeywords]
        ) -> _Type:
            """What the stub of a service says of its pools; see ``PoolFace`` for the options."""

    def _driver(self, service: Any, options: PoolOptions, url: Any, made_of: Any) -> _InTasks:
        urls = parse_all(url)
        require_room(options.headers, urls, made_of[:2])
        require_encryption(made_of[2], urls)
        return _InTasks(service, options, Addresses(urls), made_of)

    async def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        options = self._options
        if kwargs:
            options = options_of_call(self._service, options, _api, kwargs)
        if not watch.is_on:
            return await drive(self._calls.call(options, _api, args, kwargs))
        return await drive(call_seen(self, options, drive, _api, args, kwargs))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[OneConnection]:
        """One connection for the calls of an ``async with`` block. No call is made twice, and
        after one that failed the connection is closed."""
        one = await drive(take_connection(self, drive))
        try:
            yield one
        finally:
            give_connection_back(one)

    async def aclose(self) -> None:
        """Close the connections, busy ones at the end of their call, and wait for those that are
        idle. Later calls raise ``TTransportException`` of type ``NOT_OPEN``."""
        close(self)
        # The event loop closes in its next turn.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _InTasks(PoolCalls):
    """How the tasks of event loops use a pool. Each loop has its own connections; the lock is for
    what loops of several threads share."""

    timeout = TAsyncTransportTimeout
    deadline_exceeded = TAsyncDeadlineExceeded
    client_class = TAsyncClient
    socket_class = TAsyncSocket
    home = "fastthrift.contrib.aio", "TAsync"
    # A body needs no frames, and no buffer.
    wraps_web = False

    def __init__(
        self, service: Any, options: PoolOptions, addresses: Addresses[ServiceURL], made_of: Any
    ) -> None:
        super().__init__(service, addresses, made_of)
        self._size, self._max_idle = options.size, options.max_idle
        self._closed = False
        self._of_loops: dict[asyncio.AbstractEventLoop, Shelf] = {}
        self._counts = no_counts()
        # A signal handler that makes a call may have interrupted who holds it.
        self.made_lock = threading.RLock()
        # What names had for addresses, when they were looked up last.
        self._found: dict[ServiceURL, Sequence[Any]] = {}

    @property
    def shelf(self) -> Shelf:  # type: ignore[override]
        """That of the running loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # A call that is given up after its loop has ended: nobody waits, nothing is kept.
            return Shelf(self._size)
        return self._of_loops.get(loop) or self._begin(loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> Shelf:
        with self.lock():
            ended = [other for other in self._of_loops if other.is_closed()]
            left = [self._of_loops.pop(other) for other in ended]
            made = Shelf(self._size, self._max_idle, counts=self._counts)
            made.closed = self._closed
            self._of_loops[loop] = made
        for shelf in left:
            self._close_idle(shelf)
        return made

    def _close_idle(self, shelf: Shelf) -> None:
        for connection in shelf.take_all():
            self.close_client(connection.client)

    def stats(self) -> dict[str, int]:
        with self.lock():
            each = [shelf.stats() for shelf in self._of_loops.values()]
            numbers = {name: sum(one[name] for one in each) for name in ("open", "busy", "idle")}
            return {**numbers, **self._counts}

    def close(self) -> None:
        here = self.shelf
        with self.lock():
            self._closed = True
            of_loops = list(self._of_loops.items())
            for _, shelf in of_loops:
                shelf.closed = True
        for loop, shelf in of_loops:
            if shelf is here or loop.is_closed():
                self._end(shelf)
            else:
                # It may run in another thread, and end at any moment.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._end, shelf)

    def _end(self, shelf: Shelf) -> None:
        self.wake_all(shelf)
        self._close_idle(shelf)

    def start_over_in_child(self) -> None:
        # A thread that there is not may hold it.
        self.made_lock = threading.RLock()
        inherited, self._of_loops = self._of_loops, {}
        self._counts = no_counts()
        for shelf in inherited.values():
            self.leave_to_parent(shelf)

    def lock(self) -> AbstractContextManager[Any]:
        assert self.made_lock is not None
        return self.made_lock

    def new_signal(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def wait(self, signal: asyncio.Future[None], seconds: float | None) -> None:
        await asyncio.wait((signal,), timeout=seconds)

    def wake(self, signal: asyncio.Future[None]) -> None:
        signal.set_result(None)

    async def resolve(self, url: ServiceURL, seconds: float | None) -> Sequence[Any]:
        found = await addresses_of(url.host, url.port, EITHER_FAMILY, seconds)
        self._found[url] = found
        return found

    def known_at(self, url: ServiceURL, address: Any) -> list[Any] | None:
        known = super().known_at(url, address)
        if known is not None and url.is_web:
            # The request does it, which goes on to others by itself.
            known += (each for each in self._found[url] if each != address)
        return known

    def new_tls_socket(self, host: str, port: int, ssl_context: Any, **times: Any) -> TAsyncSocket:
        context = ssl_context or ssl.create_default_context()
        return TAsyncSocket(host, port, ssl_context=context, **times)

    def new_web_client(self, url: ServiceURL, ssl_context: Any, headers: dict[str, str]) -> Any:
        from .http import TAsyncHttpClient, TAsyncHttpHeaderFactory

        return TAsyncHttpClient(str(url), None, ssl_context, TAsyncHttpHeaderFactory(headers))

    def looks_at(self, trans: Any) -> tuple[Any, Any]:
        def pending() -> bool:
            return any(getattr(layer, "arrived", b"") for layer in layers(trans))

        return pending, super().looks_at(trans)[1]

    def close_client(self, client: Any) -> None:
        # That of a loop that is closed cannot do all that it would.
        with contextlib.suppress(OSError, RuntimeError, TTransportException):
            client._iprot.trans.close()
