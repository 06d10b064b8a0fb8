"""Clients whose calls are processed at once, by a handler in the same process."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import TMemoryBuffer
from fastthrift.urls import ServiceURL

if TYPE_CHECKING:
    import fastthrift.testing._awaited  # noqa: F401 - for what freezes programs
    from fastthrift._calls.observed import Middleware
    from fastthrift.typing import WithAsyncClient, WithClient
else:
    # What annotations say at run time, for which nothing is imported.
    Middleware = Any
    WithAsyncClient = WithClient = type

_Type = TypeVar("_Type")

_PROTOCOLS = ("binary", "compact", "json", "apache_json")


def client(
    service: WithClient[_Type],
    handler: object,
    *,
    protocol: str = "binary",
    raise_undeclared: bool = True,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """A client whose calls a handler answers, without sockets: arguments are encoded and decoded,
    the processor makes the call, and its answer is encoded and decoded.

    What the handler raises and the service does not declare is raised by the call as it is, so
    that a test shows where it was; with ``raise_undeclared=False`` the client gets what a server
    answers, a ``TApplicationException`` that tells nothing of it. ``protocol`` is ``"binary"``,
    ``"compact"``, ``"json"`` or ``"apache_json"``; ``middleware`` is that of the processor.
    """
    processor = TProcessor(service, handler, middleware=middleware)
    factory = _factory(protocol)
    process = processor.process if raise_undeclared else processor.process_and_answer

    def answer(request: bytes) -> bytes:
        output = TMemoryBuffer()
        process(factory.get_protocol(TMemoryBuffer(request)), factory.get_protocol(output))
        return output.getvalue()

    made: Any = TClient(service, factory.get_protocol(_InProcess(answer)))
    typed: _Type = made
    return typed


def async_client(
    service: WithAsyncClient[_Type],
    handler: object,
    *,
    raise_undeclared: bool = True,
    middleware: Iterable[Middleware] = (),
) -> _Type:
    """``client`` for asyncio: its methods are awaited, and so are those of the handler which are
    coroutine functions. It speaks the binary protocol."""
    room: Any = importlib.import_module("fastthrift.testing._awaited")
    made: _Type = room.make_client(service, handler, middleware, raise_undeclared=raise_undeclared)
    return made


def _factory(protocol: str) -> Any:
    if protocol not in _PROTOCOLS:
        raise ValueError(f"there is no protocol {protocol!r}: there are {', '.join(_PROTOCOLS)}")
    return ServiceURL("", protocol=protocol).protocol_factory()


class _InProcess:
    """A transport that answers what was written to it when it is flushed."""

    #: A call that failed leaves nothing that the next one could take for its answer.
    answers_stand_alone = True

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._written: list[bytes] = []
        self._arrived = TMemoryBuffer()

    def is_open(self) -> bool:
        return True

    def open(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """Forget what was not read, and what was not flushed."""
        self._written.clear()
        self._arrived = TMemoryBuffer()

    def read(self, size: int) -> bytes:
        return self._arrived.read(size)

    def write(self, data: bytes) -> None:
        self._written.append(bytes(data))

    def flush(self) -> None:
        request = b"".join(self._written)
        self._written.clear()
        self._arrived = TMemoryBuffer(self._answer(request))
