"""A service at a URL: what an HTTP request to it is answered with.

This knows no WSGI, no ASGI and no framework. Those say what came, and bring the body::

    mounted = Mounted(idl.Calculator, Handler())
    answer = mounted.answer(Request("POST", "", headers, "", peer, length, False), stream.read)
    # ... answer.status, answer.headers, answer.body

A body is one call, in a message of Thrift or, where that is wanted, as JSON (see ``bridge``). What
is no call is refused with a status of HTTP, and never executed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fastthrift._calls.budget import until
from fastthrift._calls.exchange import (
    Answer,
    BadRequest,
    Exchange,
    refused,
    require_call,
    too_large,
)
from fastthrift._calls.lines import REFUSED, unread
from fastthrift._calls.rate import Rates
from fastthrift._calls.server_call import BEGUN, ServerCall
from fastthrift._calls.services import check_handler, check_service, coroutines, is_processor
from fastthrift._calls.settle import CALL_ERRORS, conclude
from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift.thrift import TProcessor, find_of, processing

from .bridge import JSON_TYPE, JsonTask, problem
from .messages import Made, Message, MessageTask
from .request import NO_END
from .request import Request as Request

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware

logger = logging.getLogger("fastthrift.server.http")

#: What is read at once, in bytes.
READ_SIZE = 65536
# Where a mount shows its page.
_PAGES = ("", "/")


class Task(Protocol):
    """How one request is a call."""

    def message(self, body: bytes) -> Message:
        """The call in a body. Raises ``BadRequest``."""

    def answer(self, made: Made) -> Answer:
        """What the request is answered with."""


class Mounted:
    """A service at a URL."""

    def __init__(
        self,
        service: Any,
        handler: Any,
        *,
        max_bytes: int = DEFAULT_MAX_SIZE,
        json: bool = False,
        page: bool = False,
        debug: bool = False,
        middleware: Iterable[Middleware] = (),
    ) -> None:
        """``handler`` is an object with the methods of ``service``, or a processor, which has a
        service and middleware of its own. A body of more than ``max_bytes`` is refused.

        With ``json``, ``POST /Service/method`` takes a JSON object of arguments; with ``page``,
        ``GET`` shows the services. ``debug`` shows clients of JSON the texts of undeclared
        exceptions. ``middleware`` stands around each call (see ``fastthrift.hooks``).
        """
        self.max_bytes = max_bytes
        self.json = json
        self.page = page
        self.debug = debug
        if is_processor(handler):
            if middleware:
                raise TypeError("a processor has its own middleware: give it to the processor")
            self.processor: Any = handler
        else:
            check_service(service, type(self).__name__)
            check_handler(service, handler, type(self).__name__)
            self.processor = TProcessor(service, handler, middleware=middleware)
        several = getattr(self.processor, "processors", None)
        self.multiplexed = several is not None
        #: The processor of each service, by its name.
        self.processors: Mapping[str, Any] = (
            {self.processor._service.__name__: self.processor} if several is None else several
        )
        self._rates = Rates()
        # What the page tells of: the services, and whether they are called by JSON; and the page.
        self._shown: tuple[tuple[dict[str, Any], bool], Answer] | None = None

    def require_blocking(self) -> None:
        """Raise ``TypeError`` for a handler with methods that have to be awaited."""
        if find_of(self.processor) is None:
            return
        for name, processor in self.processors.items():
            for api in coroutines(processor._service, processor._handler):
                raise TypeError(
                    f"{name}.{api}() of the handler is a coroutine function, which WSGI does not "
                    "await: use fastthrift.asgi.ThriftApp, or a plain function"
                )

    def answer(self, request: Request, read: Callable[[int], bytes]) -> Answer:
        """What a request is answered with. ``read(n)`` gives up to ``n`` bytes of its body, and
        ``b""`` at the end; it is not asked where the request is refused before."""
        try:
            if self._shows_page(request):
                return self._page(request)
            task = self._task(request)
            body = Body(request, self.max_bytes)
            while body.missing and (piece := read_piece(read, min(body.missing, READ_SIZE))):
                body.add(piece)
            return task.answer(self._make(request, task.message(body.take())))
        except BadRequest as error:
            return self._refuse(request, error)

    async def answer_async(self, request: Request, body: AsyncIterable[bytes]) -> Answer:
        """What a request is answered with, by an event loop. ``body`` gives its pieces. Coroutine
        functions of the handler are awaited; others are called in threads, in the same context."""
        try:
            if self._shows_page(request):
                return self._page(request)
            task = self._task(request)
            collected = Body(request, self.max_bytes)
            async for piece in body:
                collected.add(piece)
            return task.answer(await self._make_awaited(request, task.message(collected.take())))
        except BadRequest as error:
            return self._refuse(request, error)

    # What a request is

    def _shows_page(self, request: Request) -> bool:
        return self.page and request.method in ("GET", "HEAD") and request.path in _PAGES

    def _page(self, request: Request) -> Answer:
        from .page import shown

        # Services may be added to a processor of several while it serves.
        services = {name: each._service for name, each in self.processors.items()}
        told = services, self.json
        if self._shown is None or self._shown[0] != told:
            self._shown = told, shown(services, with_form=self.json)
        return self._shown[1]

    def _speaks_json(self, request: Request) -> bool:
        return self.json and (request.media_type == JSON_TYPE or request.path not in _PAGES)

    def _task(self, request: Request) -> Task:
        """How a request is a call. Raises ``BadRequest`` where it cannot be one."""
        encodings = [
            encoding
            for each in request.headers.get("content-encoding", "").split(",")
            if (encoding := each.strip().lower())
        ]
        is_endless = request.length is None and not request.chunked
        if request.method == "POST" and is_endless and "transfer-encoding" in request.headers:
            raise BadRequest(
                411, "this server does not tell where chunks end: a request needs a Content-Length"
            )
        how = request.method, request.length, encodings
        shows_page = self.page and request.path in _PAGES
        allowed = "GET, HEAD, POST" if shows_page else "POST"
        require_call(*how, limit=self.max_bytes, chunked=request.chunked, allowed=allowed)
        if self.json and request.media_type == JSON_TYPE:
            return JsonTask(
                request.path, self.processors, multiplexed=self.multiplexed, debug=self.debug
            )
        return MessageTask(request, json=self.json)

    def _refuse(self, request: Request, error: BadRequest) -> Answer:
        logger.debug(REFUSED, request.peer, error.reason, "")
        return problem(error) if self._speaks_json(request) else refused(error)

    # Making the call

    def _exchange(self, request: Request, message: Message) -> Exchange:
        exchange = Exchange.of(
            message.data, message.transport, message.protocol, message.transport, message.protocol
        )
        exchange.note_request(request.peer or "an unknown client", request.headers.items())
        exchange.call.wanted = message.wanted
        return exchange

    def _make(self, request: Request, message: Message) -> Made:
        exchange = self._exchange(request, message)
        process = processing(self.processor, exchange.iprot, exchange.oprot)
        failures: list[BaseException] = []

        def process_in_time(call: ServerCall) -> None:
            with until(exchange.call.deadline):
                process(call)

        def settle(error: BaseException, call: ServerCall, oprot: Any) -> None:
            failures.append(error)
            self.settle(error, call, oprot, self.processor)

        written = exchange.answer(process_in_time, settle, errors=CALL_ERRORS)
        return Made(exchange.call, message, written, failures[0] if failures else None)

    async def _make_awaited(self, request: Request, message: Message) -> Made:
        # Only those who await need asyncio.
        from .awaited import process_awaited

        exchange = self._exchange(request, message)
        call = exchange.call
        with until(call.deadline):
            error = await process_awaited(self.processor, exchange)
        if error is not None:
            self.settle(error, call, exchange.oprot, None)
        return Made(call, message, exchange.take(failed=error is not None), error)

    def settle(self, error: BaseException, call: ServerCall, oprot: Any, processor: Any) -> None:
        """Log what a call failed with, and answer it. Raises ``BadRequest`` for one that could not
        be read to its end."""
        is_unread = call.header is not None and call.stage == BEGUN
        conclude(error, processor, call, call.peer, oprot, logger, rates=self._rates)
        if is_unread:
            raise BadRequest(400, unread(call.method))


def read_piece(read: Callable[[int], bytes], size: int) -> bytes:
    """A piece of a body. Raises ``BadRequest`` where the server cannot give it: its chunks are
    none, or the client has left."""
    try:
        return read(size)
    except OSError as error:
        raise BadRequest(400, NO_END) from error


class Body:
    """The body of a request, in the pieces in which it comes."""

    def __init__(self, request: Request, limit: int) -> None:
        self._length = None if request.chunked else request.length
        self._limit = limit
        self._data = bytearray()

    @property
    def missing(self) -> int:
        """How many bytes may come still; of a body without a length one more than it may have."""
        end = self._limit + 1 if self._length is None else self._length
        return end - len(self._data)

    def add(self, piece: bytes) -> None:
        """Take another piece. Raises ``BadRequest`` where it is too much."""
        self._data += piece
        if len(self._data) > self._limit:
            raise too_large(self._limit)

    def take(self) -> bytes:
        """The whole. Raises ``BadRequest`` where some is missing."""
        if self._length is not None and len(self._data) != self._length:
            raise BadRequest(
                400, f"the body has {len(self._data)} bytes, not the {self._length} announced"
            )
        return bytes(self._data)
