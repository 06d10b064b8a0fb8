"""Failed calls as answers to the requests that made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from fastthrift._web.failures import failure_of
from fastthrift.thrift import TException

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue


def handle_errors(app: Flask, statuses: Mapping[Any, int]) -> None:
    """Answer failed calls in an application, but for those that it answers itself: a handler of
    its own for one of Thrift's exceptions, whether registered before or after, goes before."""
    if TException in app.error_handler_spec[None][None]:
        return

    def answer_failure(error: TException) -> ResponseReturnValue:
        failure = failure_of(error, statuses, debug=app.debug)
        own = _own_handler(app, answer_failure, error, is_failure=failure is not None)
        if own is not None:
            answer: ResponseReturnValue = app.ensure_sync(own)(error)
            return answer
        if failure is None:
            raise error
        app.logger.warning(
            "%s %s is answered with %d: %s", request.method, request.path, failure.status, error
        )
        response = jsonify(failure.body())
        response.status_code = failure.status
        response.headers.extend(failure.headers)
        return response

    app.register_error_handler(TException, answer_failure)


def _own_handler(
    app: Flask, ours: Callable[..., Any], error: BaseException, *, is_failure: bool
) -> Callable[..., Any] | None:
    """What the application has registered for an error, by Flask's rules; for all exceptions only
    where the error is no failure of a call."""
    for name in (*request.blueprints, None):
        handlers = app.error_handler_spec[name][None]
        for kind in type(error).__mro__:
            handler = handlers.get(kind)
            if handler is None or handler is ours:
                continue
            if not (is_failure and kind is Exception):
                found: Callable[..., Any] = handler
                return found
    return None
