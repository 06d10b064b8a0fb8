"""A pool of clients, which a program makes once and calls from everywhere.

It is an object with the methods of a service::

    calculator = fastthrift.ClientPool(idl.Calculator, "tcp://rpc:9090?transport=framed")

    calculator.add(1, 2)

The asyncio twin is ``fastthrift.contrib.aio.pool``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.deadlines import clock, current_deadline, end_at
from fastthrift._calls.headers import require_room
from fastthrift._calls.pool_blocks import OneConnection, give_connection_back, take_connection
from fastthrift._calls.pool_calls import PoolCalls
from fastthrift._calls.pool_faces import PoolFace, call_seen, close
from fastthrift._calls.pooling import (
    Addresses,
    Attempts,
    PoolOptions,
    Shelf,
    Slot,
    fair_end,
    options_of_call,
)
from fastthrift._calls.steps import run
from fastthrift._calls.transports import find_layer
from fastthrift._calls.watch import watch
from fastthrift._core import install_getattr
from fastthrift._light import LockOfProcess
from fastthrift.thrift import TClient
from fastthrift.transport import TSocket
from fastthrift.transport._addresses import EITHER_FAMILY
from fastthrift.transport._resolving import resolve_within
from fastthrift.transport.base import TTransportException
from fastthrift.urls import THREADS, ServiceURL, parse_all, require_encryption

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from fastthrift._calls.steps import Steps
    from fastthrift.typing import PoolKeywords, WithPool

    _Type = TypeVar("_Type")

__all__ = ["ClientPool"]


class ClientPool(PoolFace):
    """Clients of one service, shared by threads, greenlets and forked workers.

    Nothing is connected before the first call. A call takes the connection that was used last;
    one that the server has closed meanwhile is replaced without a word. A call that was not sent
    as a whole is made again, at each address in turn; one that was sent runs a second time only
    where its method is idempotent: named by ``idempotent``, or annotated
    ``(idempotent = "true")`` in the IDL. After declared exceptions a connection is kept, after any
    other failure it is closed.

    A call takes ``timeout=`` besides its arguments, in place of the pool's. Where a method has an
    argument of that name, it is the method's.
    """

    _options: PoolOptions

    if TYPE_CHECKING:

        def __new__(  # type: ignore[misc]
            cls, service: WithPool[_Type], url: Any, **options: Unpack[PoolKeywords]
        ) -> _Type:
            """What the stub of a service says of its pools; see ``PoolFace`` for the options."""

    def _driver(self, service: Any, options: PoolOptions, url: Any, made_of: Any) -> _InThreads:
        urls = parse_all(url)
        require_room(options.headers, urls, made_of[:2])
        require_encryption(made_of[2], urls)
        return _InThreads(service, options, Addresses(urls), made_of)

    def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        options = self._options
        if kwargs:
            options = options_of_call(self._service, options, _api, kwargs)
        if watch.is_on:
            return run(call_seen(self, options, run, _api, args, kwargs))
        calls = self._calls
        if options.selected is not None:
            return run(calls.call(options, _api, args, kwargs))
        now = clock()
        timeout = options.timeout
        at = current_deadline()
        if timeout is not None and (at is None or now + timeout < at):
            at = now + timeout
        if at is not None and now >= at:
            raise calls.out_of_time(_api)
        # What nearly every call does, on a connection that was kept, is told here step by step.
        with calls.made_lock or calls.lock():
            connection = calls.shelf.take(now)
        if connection is None:
            return run(calls.call(options, _api, args, kwargs))
        attempts = None
        try:
            is_dead = connection.pending() or connection.look()
            if not is_dead:
                if at is None:
                    end_at(connection.bound, at)
                elif _api in options.idempotent and calls.has_others(connection.place):
                    connection.bound.deadline = fair_end(at, now, options.retries)
                else:
                    connection.bound.deadline = at
                value = connection.make(_api, *args, **kwargs)
        except BaseException as error:
            attempts = Attempts(options, _api, len(calls.addresses), at)
            if not calls.note_failed(connection, error, attempts):
                raise
        else:
            if not is_dead:
                calls.give_back(connection)
                return value
            calls.remove_dead(connection)
        return run(calls.call(options, _api, args, kwargs, attempts=attempts))

    @contextlib.contextmanager
    def client(self) -> Iterator[OneConnection]:
        """One connection for the calls of a ``with`` block: an object with the methods of the
        service. No call is made twice, and after one that failed the connection is closed."""
        one = run(take_connection(self, run))
        try:
            yield one
        finally:
            give_connection_back(one)

    def close(self) -> None:
        """Close the connections, busy ones at the end of their call. Later calls raise
        ``TTransportException`` of type ``NOT_OPEN``."""
        close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _InThreads(PoolCalls):
    """How threads, and greenlets in their place, use a pool."""

    client_class = TClient
    socket_class = TSocket
    home = THREADS
    wraps_web = True

    def __init__(
        self, service: Any, options: PoolOptions, addresses: Addresses[ServiceURL], made_of: Any
    ) -> None:
        super().__init__(service, addresses, made_of)
        self.shelf = Shelf(options.size, options.max_idle, closing=_close_lost)

    def lock(self) -> AbstractContextManager[Any]:
        # Not before the first use: gevent may have put its own in place by then.
        with _making.now:
            if self.made_lock is None:
                # A signal handler that makes a call may have interrupted who holds it.
                self.made_lock = threading.RLock()
            return self.made_lock

    # Not a condition, which gives up the pool's lock and takes it again, and is interrupted in
    # between.

    def new_signal(self) -> threading.Lock:
        signal = threading.Lock()
        signal.acquire()
        return signal

    def wait(self, signal: threading.Lock, seconds: float | None) -> None:
        signal.acquire(timeout=_LOOK_AGAIN if seconds is None else min(seconds, _LOOK_AGAIN))

    def wake(self, signal: threading.Lock) -> None:
        signal.release()

    def resolve(self, url: ServiceURL, seconds: float | None) -> Sequence[Any]:
        return resolve_within(url.host, url.port, EITHER_FAMILY, seconds)

    def connect(
        self, url: ServiceURL, address: Any, options: PoolOptions, at: float | None
    ) -> Steps[Any]:
        client = yield from super().connect(url, address, options, at)
        if url.is_web:
            # Here another address may have its turn.
            find_layer(client._iprot.trans, "connect").connect()
        return client

    def new_tls_socket(self, host: str, port: int, ssl_context: Any, **times: Any) -> TSocket:
        from fastthrift.transport.sslsocket import TSSLSocket

        return TSSLSocket(host, port, ssl_context=ssl_context, **times)

    def new_web_client(self, url: ServiceURL, ssl_context: Any, headers: dict[str, str]) -> Any:
        from fastthrift.http import THttpClient, THttpHeaderFactory

        context = None if ssl_context is None else lambda: ssl_context
        factory = THttpHeaderFactory(headers)
        return THttpClient(str(url), None, context, factory, keep_alive=True)

    def close_client(self, client: Any) -> None:
        _close(client)

    def start_over_in_child(self) -> None:
        inherited = self.shelf
        self.shelf = Shelf(inherited.size, inherited.max_idle, closing=_close_lost)
        # A thread that there is not may hold it.
        self.made_lock = None
        self.leave_to_parent(inherited)


def _close(client: Any) -> None:
    with contextlib.suppress(OSError, TTransportException):
        client._iprot.trans.close()


def _close_lost(slot: Slot) -> None:
    _close(slot.client)


# How long one waits before it looks for itself, in seconds: who was interrupted may have woken
# nobody.
_LOOK_AGAIN = 0.5

# Held while the lock of a pool is made.
_making = LockOfProcess()

# Before 3.12 methods that a class finds for itself cost twice.
install_getattr(ClientPool)
