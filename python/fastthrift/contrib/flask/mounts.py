"""Services at URLs of an application, and the context that their handlers run in."""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from flask import request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from fastthrift._web.mounted import Mounted
from fastthrift._web.request import no_body
from fastthrift.thrift import TProcessor
from fastthrift.wsgi import request_of

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

    from fastthrift._calls.observed import Answer, Call, Middleware


class Mount(NamedTuple):
    """A service with its handler, where it is served."""

    path: str
    service: Any
    handler: Any
    #: Of the view, the first one outermost.
    decorators: tuple[Callable[..., Any], ...]
    max_bytes: int
    json: bool
    page: bool
    middleware: tuple[Middleware, ...]
    endpoint: str | None

    @property
    def rule(self) -> str:
        """The path as a URL rule, which ends with a slash."""
        return "/" + "".join(f"{part}/" for part in self.path.strip("/").split("/") if part)

    def processor(self, app: Flask) -> TProcessor:
        """What makes its calls where there is no request: in a context of their own."""
        around = (in_context_of(app), *self.middleware)
        return TProcessor(self.service, self.handler, middleware=around)


def add_view(app: Flask, mount: Mount) -> None:
    """Serve a service at a URL of an application."""
    mounted = Mounted(
        mount.service,
        mount.handler,
        max_bytes=mount.max_bytes,
        json=mount.json,
        page=mount.page,
        debug=app.debug,
        middleware=(_in_request(app), *mount.middleware),
    )

    def view(rest: str = "") -> ResponseReturnValue:
        asked = request_of(request.environ)._replace(path=f"/{rest}" if rest else "")
        answer = mounted.answer(asked, _RequestBody().read)
        response = app.response_class(answer.body, answer.status, list(answer.headers))
        if not any(name == "Content-Type" for name, _ in answer.headers):
            # What Flask adds of its own is not what was answered.
            del response.headers["Content-Type"]
        return response

    decorated: Any = view
    for decorator in reversed(mount.decorators):
        decorated = decorator(decorated)
    endpoint = mount.endpoint or f"thrift_{mount.service.__name__}"
    if endpoint in app.view_functions:
        raise ValueError(
            f"{app.name} has a view {endpoint!r} already: name the one at {mount.rule} by "
            f"mount(..., endpoint=...)"
        )
    # All methods: what is no POST is refused by the rule of a mount, with what is allowed.
    rule: dict[str, Any] = {"methods": _METHODS, "provide_automatic_options": False}
    # Clients of Thrift follow no redirection.
    rule["strict_slashes"] = False
    app.add_url_rule(mount.rule, endpoint, decorated, **rule)
    app.add_url_rule(f"{mount.rule}<path:rest>", endpoint, decorated, **rule)


class _RequestBody:
    """The body of this request."""

    def __init__(self) -> None:
        # What has it, once that is known.
        self._source: IO[bytes] | None = None

    def read(self, size: int) -> bytes:
        """A piece. Raises ``OSError`` where the server cannot give it."""
        try:
            if self._source is not None:
                return self._source.read(size)
            self._source = request.stream
            # Of a body that was read before, by a decorator say, the stream has nothing left, and
            # the request may have kept it.
            return self._source.read(size) or self._read_kept(size)
        except HTTPException:
            # A limit of the application.
            raise
        except Exception as error:
            raise no_body(error) from error

    def _read_kept(self, size: int) -> bytes:
        self._source = io.BytesIO(request.get_data())
        return self._source.read(size)


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def in_context_of(app: Flask) -> Middleware:
    """Middleware that makes each call in a context of an application of its own: what the
    application does at the end of one is done after it, with the exception that was raised."""

    def middleware(go_on: Answer) -> Answer:
        def answer(call: Call) -> Any:
            with app.app_context():
                return _awaited(app, go_on(call))

        return answer

    return middleware


def _in_request(app: Flask) -> Middleware:
    """Middleware for calls that come as requests of an application: their context is that of the
    request, which has its end with the exception that the handler has raised, if with any."""

    def middleware(go_on: Answer) -> Answer:
        def answer(call: Call) -> Any:
            try:
                return _awaited(app, go_on(call))
            except Exception as error:
                _end_with(error)
                raise

        return answer

    return middleware


def _end_with(error: Exception) -> None:
    """Have the context of this request end with an exception, although the request is answered:
    Flask knows of none when it ends it."""
    context = request_ctx._get_current_object()  # type: ignore[attr-defined]
    end = type(context).pop

    def pop(exc: BaseException | None = None) -> None:
        del context.pop
        end(context, error if exc is None else exc)

    context.pop = pop


def _awaited(app: Flask, value: Any) -> Any:
    """The value of a handler's method, of one with ``async def`` as Flask has that of its views."""
    if inspect.iscoroutine(value):
        return app.async_to_sync(functools.partial(_returned, value))()
    return value


async def _returned(value: Any) -> Any:
    return await value
