"""A server of the settings at a URL."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse

from fastthrift._calls.services import coroutines
from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift._serve.program import NotServed
from fastthrift._web.mounted import READ_SIZE, Mounted, read_piece
from fastthrift._web.request import Request, no_body
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.wsgi import request_of

from .databases import roll_back_request
from .servers import server, shared
from .units import failures_of_request, note_failure, within_request

if TYPE_CHECKING:
    from fastthrift._calls.exchange import Answer

# Of the call that is being made; what is awaited for it, or called in a thread, has it too.
_request: ContextVar[HttpRequest | None] = ContextVar("fastthrift.django.request", default=None)


def thrift_view(
    alias: str = "default",
    *,
    max_bytes: int | None = None,
    json: bool = False,
    page: bool = False,
    csrf_exempt: bool = True,
) -> Callable[..., Any]:
    """A view that answers calls of ``THRIFT["SERVERS"][alias]``, for ``path("thrift/", ...)``.

    It comes after ``MIDDLEWARE`` of Django, and needs no CSRF token, whatever decorates it; with
    ``csrf_exempt=False`` it needs one where any view does. A body above ``max_bytes`` is refused
    with 413; that is ``DATA_UPLOAD_MAX_MEMORY_SIZE`` by default. For ``json`` and ``page`` see
    ``fastthrift.wsgi.ThriftApp``; calls by JSON need the rest of the path, as ``rest``::

        path("thrift/", view), path("thrift/<path:rest>", view)

    Under ``ATOMIC_REQUESTS`` a call that fails is rolled back, as a view that raises is: by an
    exception that the service declares, too, and by an answer that cannot be sent.

    The handler is made at the first request, once for all views of a server, and finds Django's
    request by ``current_request()``. Methods with ``async def`` are awaited.
    """
    mount = _Mount(alias, max_bytes, json=json, page=page)

    def view(request: HttpRequest, rest: str = "") -> HttpResponse:
        asked, read = _asked(request, rest)
        failures: list[BaseException] = []
        token, noting = _request.set(request), failures_of_request.set(failures)
        try:
            answer = mount.answer(asked, read)
        finally:
            failures_of_request.reset(noting)
            _request.reset(token)
        if failures:
            roll_back_request()
        response = HttpResponse(answer.body, status=answer.status)
        # What Django adds of its own, a Content-Type, is not what was answered.
        del response["Content-Type"]
        for name, value in answer.headers:
            response[name] = value
        return response

    # Django's own csrf_protect() passes over a view that says so.
    view.csrf_exempt = csrf_exempt  # type: ignore[attr-defined]
    return view


def current_request() -> HttpRequest | None:
    """Django's request whose call a handler is making, with what middleware has put on it, such as
    ``user``; None where the call has not come by ``thrift_view``. Its body is read already."""
    return _request.get()


class _Mounted(Mounted):
    """A service at a URL whose view knows of what is answered as a failure, an answer of the
    handler that cannot be sent among it."""

    def settle(self, error: BaseException, *of_call: Any) -> None:
        """Called for what the service does not declare."""
        note_failure(error)
        super().settle(error, *of_call)


class _Mount:
    """A server of the settings as a service at a URL, made when it is first asked."""

    def __init__(self, alias: str, max_bytes: int | None, *, json: bool, page: bool) -> None:
        self._alias = alias
        self._max_bytes = max_bytes
        self._options = {"json": json, "page": page}
        # A handler that asks for this while it is made is told so.
        self._lock = threading.RLock()
        self._made: tuple[Mounted, bool] | None = None
        # A weak reference would be gone with nobody else: views live as long as the program.
        setting_changed.connect(self._follow, weak=False)

    def answer(self, asked: Request, read: Callable[[int], bytes]) -> Answer:
        """What a request is answered with."""
        made = self._made
        if made is None:
            with self._lock:
                made = self._made
                if made is None:
                    made = self._made = self._make()
        mounted, is_async = made
        if is_async:
            return async_to_sync(mounted.answer_async)(asked, _pieces(read))
        return mounted.answer(asked, read)

    def _make(self) -> tuple[Mounted, bool]:
        limits = (self._max_bytes, settings.DATA_UPLOAD_MAX_MEMORY_SIZE, DEFAULT_MAX_SIZE)
        max_bytes: int = next(limit for limit in limits if limit is not None)
        try:
            service, handler = shared(self._alias)
            around = (within_request, *server(self._alias).middleware())
        except NotServed as error:
            raise ImproperlyConfigured(str(error)) from error
        is_async = bool(coroutines(service, handler))
        if is_async:
            handler = TAsyncProcessor(service, handler, middleware=around)
            around = ()
        mounted = _Mounted(
            service,
            handler,
            max_bytes=max_bytes,
            debug=settings.DEBUG,
            middleware=around,
            **self._options,
        )
        return mounted, is_async

    def _follow(self, *, setting: str, **_: object) -> None:
        if setting in ("THRIFT", "BASE_DIR", "DEBUG", "DATA_UPLOAD_MAX_MEMORY_SIZE"):
            self._made = None


def _asked(request: HttpRequest, rest: str) -> tuple[Request, Callable[[int], bytes]]:
    """A request, and how its body is read.

    Not by ``request.body``: that is empty for one without a length, and above a limit of Django's
    it is an error of another kind.
    """
    asked = request_of(request.META)._replace(path=f"/{rest}" if rest else "")
    if isinstance(request, ASGIRequest):
        # It has come as a whole before Django asks anybody.
        return asked._replace(chunked=asked.length is None), request.read
    if asked.chunked:
        return asked, _reading(request.META["wsgi.input"].read)
    return asked, request.read


async def _pieces(read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
    while piece := read_piece(read, READ_SIZE):
        yield piece


def _reading(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """How a body is read past Django, whose own streams raise ``OSError`` where a server cannot
    give it."""

    def reading(size: int) -> bytes:
        try:
            return read(size)
        except Exception as error:
            raise no_body(error) from error

    return reading
