"""One connection of a pool, for the calls of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastthrift._calls.deadlines import clock, end_at, out_of_time
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.failures import describe
from fastthrift._calls.pool_calls import end_of_call, is_kept, make_seen
from fastthrift._calls.pool_faces import PoolFace, seen_or_not
from fastthrift._calls.pooling import PooledConnection, PoolOptions, options_of_call
from fastthrift._calls.services import method_of
from fastthrift._calls.transports import peer_of
from fastthrift._calls.watch import watch
from fastthrift.transport.base import TTransportException

if TYPE_CHECKING:
    from fastthrift._calls.observed import Call
    from fastthrift._calls.steps import Steps
    from fastthrift._core import Selection


def take_connection(pool: PoolFace, go: Any) -> Steps[OneConnection]:
    """Take one connection of a pool for several calls, whose steps ``go`` goes through."""
    at = end_of_call(pool._options, clock())
    connection = yield from pool._calls.checkout(pool._options, at, "client")
    return OneConnection(pool, _Block(connection, go))


def give_connection_back(one: OneConnection) -> None:
    """Give it back."""
    calls, block = one._pool._calls, one._block
    block.is_over = True
    if block.failed:
        calls.remove(block.connection)
    else:
        calls.give_back(block.connection)


class _Block:
    """A connection while a block has it, through one object or several."""

    def __init__(self, connection: PooledConnection, go: Any) -> None:
        self.connection = connection
        #: The driver, which goes through steps.
        self.go = go
        self.failed = False
        self.is_over = False


class OneConnection:
    """The calls of a block, on one connection. After the block, in a forked child and in another
    event loop they raise ``TTransportException`` of type ``NOT_OPEN``: the connection is somebody
    else's.

    ``with_fields("name", "people.age")`` is one on the same connection whose results have these
    fields only. A method of the service that is called so comes first.
    """

    def __init__(self, pool: PoolFace, block: _Block) -> None:
        self._pool = pool
        self._service = pool._service
        self._block = block

    def __getattr__(self, name: str) -> Any:
        service = self._service
        if name == "with_fields" and name not in service.thrift_services:
            return self._with_fields
        return ServiceMethod(self._call, method_of(self, service, name))

    def _with_fields(self, *paths: str | Selection) -> OneConnection:
        return OneConnection(self._pool.with_fields(*paths), self._block)

    def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        pool = self._pool
        options = pool._options
        if kwargs:
            options = options_of_call(pool._service, options, _api, kwargs)

        def straight() -> Steps[Any]:
            return self._steps(options, _api, args, kwargs)

        if not watch.is_on:
            return self._block.go(straight())

        def seen_steps(seen: Call) -> Any:
            return self._block.go(self._steps(options, seen.method, seen.args, seen.kwargs, seen))

        return self._block.go(seen_or_not(pool, options, _api, args, kwargs, seen_steps, straight))

    def _steps(
        self, options: PoolOptions, api: str, args: Any, kwargs: Any, seen: Call | None = None
    ) -> Steps[Any]:
        connection = self._block.connection
        self._require_connection(api)
        now = clock()
        at = end_of_call(options, now)
        end_at(connection.bound, at)
        try:
            if at is not None and now >= at:
                raise out_of_time(self._pool._service, api, peer_of(connection.client._iprot.trans))
            if seen is not None:
                return (yield from make_seen(seen, connection, options))
            return (yield connection.making(options)(api, *args, **kwargs))
        except BaseException as error:
            self._block.failed = self._block.failed or not is_kept(connection, error)
            self._pool._calls.note_client(error, api)
            raise

    def _require_connection(self, api: str) -> None:
        calls = self._pool._calls
        if self._block.is_over:
            why = "its block has ended, and the connection may be somebody else's"
        elif self._block.connection.slot not in calls.shelf.busy:
            why = "its connection is that of another process or event loop"
        else:
            return
        service = self._pool._service
        error = TTransportException(
            TTransportException.NOT_OPEN,
            f"{service.__name__}.{api}() was not sent: what client() has given is for its block, "
            f"and {why}; enter another one, or call the pool",
        )
        describe(error, service, api, calls.only_peer(), sent=False)
        raise calls.named(error)
