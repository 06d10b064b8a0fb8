"""What clients and processors have that does not wait: for threads and for asyncio alike.

A face adds the methods that do, in its own way of waiting.
"""

from __future__ import annotations

from abc import abstractmethod

from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.progress import is_open
from fastthrift._calls.server_call import SEPARATOR, declare, register
from fastthrift._calls.services import (
    check_handler,
    check_service,
    find_keyword_method,
    no_such_attribute,
)
from fastthrift._light import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from fastthrift._calls.observed import Middleware
    from fastthrift._core import Selection
    from fastthrift._payload import TPayload


class ClientFace:
    """A client of a service."""

    # The methods of the service, found by their hashes, as it may have many: those that it had
    # when the client was made. Others are looked for in its list.
    _methods: frozenset[str] = frozenset()

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
        if isinstance(methods := getattr(service, "thrift_services", None), (list, tuple)):
            self._methods = frozenset(methods)
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._rpc_state = self._begin_progress(service, check_seqid)
        self._rpc_state.auto_reopen = auto_reopen
        if middleware:
            self._rpc_state.around = through(middleware)

    @abstractmethod
    def _begin_progress(self, service: Any, check_seqid: bool) -> Any:
        """How far the calls are, of a client that has made none."""

    def __dir__(self) -> list[str]:
        return list(self._service.thrift_services)

    def close(self) -> None:
        """Close the transports. Does not wait for a call that is being made."""
        self._iprot.trans.close()
        if self._iprot != self._oprot:
            self._oprot.trans.close()


def other_attribute(
    client: Any, name: str, make_call: Callable[..., Any], reopen: Callable[[Any], Any]
) -> Any:
    """What a client has besides the methods that its service had when it was made."""
    # It is missing on an object that __init__ has not run on, as copy makes them.
    if name == "_service":
        raise AttributeError(f"{client.__class__.__name__} instance has no attribute '{name}'")
    if name in client._service.thrift_services:
        return ServiceMethod(make_call, client, name)
    if api := find_keyword_method(client._service, name):
        return ServiceMethod(make_call, client, api)
    # A service method called `close` is hidden by the client's own.
    if name == "tclose":
        return ServiceMethod(make_call, client, "close")
    # A method of the service comes first, as it does in thriftpy2.
    if name == "is_open":
        return is_open(client)
    if name == "reopen":
        return partial(reopen, client)
    if name == "with_fields":
        return partial(_with_fields, client)
    raise no_such_attribute(client, name)


def _with_fields(client: Any, *paths: str | Selection) -> Any:
    """A client on the same connection whose results have the fields at ``paths`` only, as
    ``fastthrift.select`` takes them; all else in a reply is passed over."""
    from fastthrift._calls.selected import view_of, with_fields

    return view_of(client, with_fields(client._service, paths))


class ProcessorFace:
    """A processor of one service."""

    # How calls are handed on through middleware, where there is any.
    if TYPE_CHECKING:
        around: Callable[[Any], Any] | None
    around = None

    def __init__(
        self, service: Any, handler: object, *, middleware: Iterable[Middleware] = ()
    ) -> None:
        """``middleware`` stands around each call of the handler (see ``fastthrift.hooks``)."""
        check_service(service, type(self).__name__)
        check_handler(service, handler, type(self).__name__)
        self._service = service
        self._handler = handler
        if middleware:
            self.around = through(middleware)

    def handle_exception(self, e: Exception, result: TPayload) -> bool:
        """Put ``e`` into the first field of ``result``, by field id, that declares it."""
        return declare(e, result)


class SeveralFace:
    """A processor of several services; calls come as ``Service:method``."""

    SEPARATOR = SEPARATOR

    if TYPE_CHECKING:
        around: Callable[[Any], Any] | None

    def __init__(self, *, middleware: Iterable[Middleware] = ()) -> None:
        """``middleware`` stands around that of each service."""
        self.processors: dict[str, Any] = {}
        if middleware:
            self.around = through(middleware, several=True)

    def register_processor(self, service_name: str, processor: Any) -> None:
        """Serve ``processor`` under a name; a name can be given once."""
        register(self.processors, service_name, processor)


def through(
    middleware: Iterable[Middleware], *, several: bool = False
) -> Callable[[Any], Any] | None:
    """How calls are handed on through middleware; imported by those who have any."""
    from fastthrift._calls import observed

    return observed.through(middleware, several=several)
