"""A service as an ASGI application, for uvicorn, granian, hypercorn and any other server::

    # app.py: uvicorn app:application
    application = fastthrift.asgi.ThriftApp(idl.Calculator, Handler())

The handler's coroutine functions are awaited on the event loop (of asyncio); other functions are
called in the loop's threads, with the same context, so that one that blocks holds up nobody else.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from fastthrift._calls.exchange import BadRequest
from fastthrift._core import DEFAULT_MAX_SIZE

from ._web.awaited import require_find
from ._web.mounted import Mounted
from ._web.request import NO_END, Request, length_of

if TYPE_CHECKING:
    from fastthrift._calls.observed import Middleware

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

__all__ = ["ThriftApp"]


class _Disconnected(BadRequest):
    """The request has no end: the client has left, or its chunks are none, which granian tells in
    the same way. The latter waits for an answer."""

    def __init__(self) -> None:
        super().__init__(400, NO_END)


class ThriftApp:
    """An ASGI application that answers calls of a service."""

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
        """``handler`` is an object with the methods of ``service``, coroutine functions or plain
        ones, or a processor. The others are those of ``fastthrift.wsgi.ThriftApp``; middleware is
        that of asyncio, which awaits ``get_response(call)``.
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
        # Raises for a processor that cannot be used.
        require_find(self.mounted.processor)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(_request_of(scope), receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            raise ValueError(f"fastthrift.asgi speaks HTTP, not {scope['type']!r}")

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        answer = await self.mounted.answer_async(request, _pieces(receive))
        start = {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.all_headers()
            ],
        }
        body = answer.body_for(request.method)
        # What a server raises where the client has left.
        with contextlib.suppress(OSError):
            await send(start)
            await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    """Say that the application starts and stops without doing anything for it."""
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _request_of(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if root and f"{path}/".startswith(f"{root}/"):
        path = path[len(root) :]
    length = length_of(headers.get("content-length"))
    client = scope.get("client")
    return Request(
        scope["method"],
        path,
        headers,
        scope.get("query_string", b"").decode("latin-1"),
        f"{client[0]}:{client[1]}" if client else None,
        length,
        # The server says where each body ends.
        "content-length" not in headers,
    )


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """A body, in the messages in which the server brings it."""
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Disconnected
        yield event.get("body", b"")
        more = event.get("more_body", False)
