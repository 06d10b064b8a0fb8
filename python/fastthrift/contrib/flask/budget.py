"""One deadline for all the calls of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import request

from fastthrift._calls.deadlines import clock, deadline

if TYPE_CHECKING:
    from flask import Flask, Response

# Where it is kept, in the environ of the request.
_KEY = "fastthrift.budget"


class _Budget:
    """That of a request."""

    def __init__(self, seconds: float) -> None:
        self.at = clock() + seconds
        self._block: deadline | None = deadline(seconds).__enter__()

    def end(self) -> None:
        """The request has been answered: the thread may serve another one."""
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(None, None, None)


class _Bounded:
    """The pieces of an answer that are made while it is sent."""

    def __init__(self, pieces: Iterable[Any], at: float) -> None:
        self._pieces = iter(pieces)
        self._at = at
        # What has to be told that the client has gone, or that all was sent.
        self._closed: Any = getattr(pieces, "close", None)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with deadline(max(0.0, self._at - clock())):
            return next(self._pieces)

    def close(self) -> None:
        if self._closed is not None:
            self._closed()


def bound_requests(app: Flask, seconds: float) -> None:
    """Give the calls of each request so many seconds altogether: those of views and of what is
    registered to run before and after them, and those that are made while an answer is streamed."""

    def begin() -> None:
        request.environ[_KEY] = _Budget(seconds)

    def bound(response: Response) -> Response:
        budget = request.environ.get(_KEY)
        if budget is not None:
            if response.is_streamed and not response.direct_passthrough:
                response.response = _Bounded(response.response, budget.at)
            budget.end()
        return response

    def end(_: BaseException | None) -> None:
        # There is no response where an exception was left to the server.
        budget = request.environ.get(_KEY)
        if budget is not None:
            budget.end()

    # Before all others begin, and after they are through: Flask goes backwards through the latter.
    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request_funcs.setdefault(None, []).insert(0, bound)
    app.teardown_request_funcs.setdefault(None, []).insert(0, end)
