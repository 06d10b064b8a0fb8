"""What type checkers know of a service by its stub (see ``fastthrift stubs``).

Nothing here is needed to run a program: the classes are protocols, which clients and pools fit,
and what stubs say of attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypedDict, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastthrift._calls.observed import Middleware
    from fastthrift._core import Selection
else:
    # What the annotation of middleware says at run time, for which nothing is imported.
    Middleware = Any

__all__ = [
    "AsyncClient",
    "AsyncPool",
    "Attribute",
    "Client",
    "Connection",
    "Pool",
    "PoolKeywords",
    "Service",
    "ServiceTypes",
    "ViewKeywords",
    "WithArrays",
    "WithAsyncClient",
    "WithAsyncHandler",
    "WithAsyncPool",
    "WithClient",
    "WithHandler",
    "WithPool",
]

_Self = TypeVar("_Self")
_Read = TypeVar("_Read", covariant=True)
_Taken = TypeVar("_Taken", contravariant=True)
_Of = TypeVar("_Of", covariant=True)
_Client = TypeVar("_Client", covariant=True)
_AsyncClient = TypeVar("_AsyncClient", covariant=True)
_Pool = TypeVar("_Pool", covariant=True)
_AsyncPool = TypeVar("_AsyncPool", covariant=True)
_Handler = TypeVar("_Handler", contravariant=True)
_AsyncHandler = TypeVar("_AsyncHandler", contravariant=True)
_Type = TypeVar("_Type")


class Attribute(Generic[_Read, _Taken]):
    """A field that takes more than it gives: a list of numbers is written from arrays, too."""

    @overload
    def __get__(self: _Self, holder: None, owner: Any = None) -> _Self: ...
    @overload
    def __get__(self, holder: object, owner: Any = None) -> _Read: ...
    def __get__(self, holder: object, owner: Any = None) -> Any: ...
    def __set__(self, holder: object, value: _Taken) -> None: ...


class Client(Protocol):
    """What a blocking client has besides the methods of its service."""

    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...
    def reopen(self) -> None: ...
    def with_fields(self: _Self, *paths: str | Selection) -> _Self: ...


class AsyncClient(Protocol):
    """What a client for asyncio has besides the methods of its service."""

    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...
    async def reopen(self) -> None: ...
    def with_fields(self: _Self, *paths: str | Selection) -> _Self: ...
    async def __aenter__(self: _Self) -> _Self: ...
    async def __aexit__(self, *_: object) -> None: ...


class Connection(Protocol):
    """What ``client()`` of either kind of pool gives besides the methods of the service."""

    def with_fields(self: _Self, *paths: str | Selection) -> _Self: ...


class Pool(Protocol[_Of]):
    """What a ``ClientPool`` has besides the methods of its service."""

    def client(self) -> AbstractContextManager[_Of]: ...
    def close(self) -> None: ...
    def with_fields(self: _Self, *paths: str | Selection) -> _Self: ...
    def with_options(self: _Self, **options: Unpack[ViewKeywords]) -> _Self: ...
    def __enter__(self: _Self) -> _Self: ...
    def __exit__(self, *_: object) -> None: ...


class AsyncPool(Protocol[_Of]):
    """What an ``AsyncClientPool`` has besides the methods of its service."""

    def client(self) -> AbstractAsyncContextManager[_Of]: ...
    async def aclose(self) -> None: ...
    def with_options(self: _Self, **options: Unpack[ViewKeywords]) -> _Self: ...
    def with_fields(self: _Self, *paths: str | Selection) -> _Self: ...
    async def __aenter__(self: _Self) -> _Self: ...
    async def __aexit__(self, *_: object) -> None: ...


class WithArrays(Protocol[_Of]):
    """A struct class whose stub tells the type of what is decoded with `arrays="array"`."""

    @property
    def __thrift_arrays__(self) -> type[_Of]: ...


class ViewKeywords(TypedDict, total=False):
    """The options in which ``with_options`` of a pool may differ from it."""

    timeout: float | None
    checkout_timeout: float | None
    idempotent: Sequence[str]
    retries: int


class PoolKeywords(ViewKeywords, total=False):
    """The options of both kinds of pools; ``ClientPool`` tells what they mean."""

    size: int
    connect_timeout: float | None
    max_idle: float | None
    max_age: float | None
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
