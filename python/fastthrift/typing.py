"""What type checkers know of a service by its stub (see ``fastthrift stubs``).

Nothing here is needed to run a program: the classes are protocols, which clients and pools fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware

__all__ = [
    "AsyncClient",
    "AsyncPool",
    "Client",
    "Pool",
    "PoolKeywords",
    "Service",
    "ServiceTypes",
    "WithAsyncClient",
    "WithAsyncHandler",
    "WithAsyncPool",
    "WithClient",
    "WithHandler",
    "WithPool",
]

_Self = TypeVar("_Self")
_Of = TypeVar("_Of", covariant=True)
_Client = TypeVar("_Client", covariant=True)
_AsyncClient = TypeVar("_AsyncClient", covariant=True)
_Pool = TypeVar("_Pool", covariant=True)
_AsyncPool = TypeVar("_AsyncPool", covariant=True)
_Handler = TypeVar("_Handler", contravariant=True)
_AsyncHandler = TypeVar("_AsyncHandler", contravariant=True)
_Type = TypeVar("_Type")


class Client(Protocol):
    """What a blocking client has besides the methods of its service."""

    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...
    def reopen(self) -> None: ...
    def with_fields(self: _Self, *paths: str) -> _Self: ...


class AsyncClient(Protocol):
    """What a client for asyncio has besides the methods of its service."""

    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...
    async def reopen(self) -> None: ...
    def with_fields(self: _Self, *paths: str) -> _Self: ...
    async def __aenter__(self: _Self) -> _Self: ...
    async def __aexit__(self, *_: object) -> None: ...


class Pool(Protocol[_Of]):
    """What a ``ClientPool`` has besides the methods of its service."""

    def client(self) -> AbstractContextManager[_Of]: ...
    def close(self) -> None: ...
    def with_fields(self: _Self, *paths: str) -> _Self: ...
    def with_options(self: _Self, **options: Any) -> _Self: ...
    def __enter__(self: _Self) -> _Self: ...
    def __exit__(self, *_: object) -> None: ...


class AsyncPool(Protocol[_Of]):
    """What an ``AsyncClientPool`` has besides the methods of its service."""

    def client(self) -> AbstractAsyncContextManager[_Of]: ...
    async def aclose(self) -> None: ...
    def with_options(self: _Self, **options: Any) -> _Self: ...
    def with_fields(self: _Self, *paths: str) -> _Self: ...
    async def __aenter__(self: _Self) -> _Self: ...
    async def __aexit__(self, *_: object) -> None: ...


class PoolKeywords(TypedDict, total=False):
    """The options of both kinds of pools; ``ClientPool`` tells what they mean."""

    size: int
    timeout: float | None
    connect_timeout: float | None
    checkout_timeout: float | None
    max_idle: float | None
    max_age: float | None
    idempotent: Sequence[str]
    retries: int
    proto_factory: Any
    trans_factory: Any
    ssl_context: Any
    check_seqid: bool
    middleware: Iterable[Middleware]
    name: str | None
    headers: Mapping[str, str] | None


class ServiceTypes(Protocol[_Client, _AsyncClient, _Pool, _AsyncPool, _Handler, _AsyncHandler]):
    """The types of a service; nobody has an object of it."""

    def client(self) -> _Client: ...
    def async_client(self) -> _AsyncClient: ...
    def pool(self) -> _Pool: ...
    def async_pool(self) -> _AsyncPool: ...
    def served_by(self, handler: _Handler) -> None: ...
    def served_by_async(self, handler: _AsyncHandler) -> None: ...


class Service(Protocol[_Client, _AsyncClient, _Pool, _AsyncPool, _Handler, _AsyncHandler]):
    """A service class whose stub tells the types of its clients, pools and handlers."""

    @property
    def __thrift_types__(
        self,
    ) -> ServiceTypes[_Client, _AsyncClient, _Pool, _AsyncPool, _Handler, _AsyncHandler]: ...


# What is asked of a service by those that make one of its types.
WithClient: TypeAlias = Service[_Type, Any, Any, Any, Any, Any]
WithAsyncClient: TypeAlias = Service[Any, _Type, Any, Any, Any, Any]
WithPool: TypeAlias = Service[Any, Any, _Type, Any, Any, Any]
WithAsyncPool: TypeAlias = Service[Any, Any, Any, _Type, Any, Any]
WithHandler: TypeAlias = Service[Any, Any, Any, Any, _Type, Any]
WithAsyncHandler: TypeAlias = Service[Any, Any, Any, Any, Any, _Type]
