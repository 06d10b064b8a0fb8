"""A service as a WSGI application, for gunicorn, granian and any other server::

    # app.py: gunicorn app:application
    application = fastthrift.wsgi.ThriftApp(idl.Calculator, Handler())

Below an application of a framework it is mounted like any other (in Flask by
``werkzeug.middleware.dispatcher``). Clients are those of ``fastthrift.http``, thriftpy2 and Apache.
"""

from __future__ import annotations

import http
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fastthrift._core import DEFAULT_MAX_SIZE

from ._web.mounted import Mounted
from ._web.request import Request, length_of

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware

__all__ = ["ThriftApp", "request_of"]


class ThriftApp:
    """A WSGI application that answers calls of a service."""

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
        """``handler`` is an object with the methods of ``service``, or a processor. A request of
        more than ``max_bytes`` bytes is refused.

        With ``json``, ``POST /Service/method`` takes a JSON object of arguments; with ``page``,
        ``GET`` shows the services, with forms that call them where there is ``json``. ``debug``
        shows clients of JSON the texts of undeclared exceptions. ``middleware`` stands around each
        call (see ``fastthrift.hooks``). Raises ``TypeError`` for a handler with coroutine
        functions.
        """
        self.mounted = Mounted(
            service,
            handler,
            max_bytes=max_bytes,
            json=json,
            page=page,
            debug=debug,
            middleware=middleware,
        )
        self.mounted.require_blocking()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request."""
        request = request_of(environ)
        answer = self.mounted.answer(request, environ["wsgi.input"].read)
        status = f"{answer.status} {http.HTTPStatus(answer.status).phrase}"
        start_response(status, list(answer.all_headers()))
        # hypercorn sends no headers without a piece of a body.
        return [answer.body_for(request.method)]


def request_of(environ: dict[str, Any]) -> Request:
    """The request that an environ of WSGI is.

    Its body has an end where there is a length, or where the server says that it ends the stream
    (``wsgi.input_terminated``); to read any other would wait for the client to leave.
    """
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    length = length_of(environ.get("CONTENT_LENGTH"))
    is_chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    return Request(
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        headers,
        environ.get("QUERY_STRING", ""),
        environ.get("REMOTE_ADDR") or None,
        None if is_chunked else length,
        is_chunked and bool(environ.get("wsgi.input_terminated")),
    )
