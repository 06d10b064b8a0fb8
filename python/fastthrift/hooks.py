"""Looking at calls: hooks, middleware, and the call that a handler is in.

A hook is a function that is told of each call when it is over::

    def note(call):
        metrics.timing(f"thrift.{call.name}", call.seconds, outcome=call.outcome)

    fastthrift.hooks.add(client=note, server=note)

Middleware stands around calls, of a client or of a processor, as Django's does around views::

    def with_token(get_response):
        def answer(call):
            call.headers["Authorization"] = token()
            return get_response(call)
        return answer

    fastthrift.ClientPool(idl.Calculator, url, middleware=[with_token])

What is to stand around the calls of all clients and servers of a program is a context manager, for
both kinds of program::

    @contextlib.contextmanager
    def traced(call):
        with tracer.start_as_current_span(call.name):
            yield

    fastthrift.hooks.add_around(client=traced, server=traced)

In asyncio ``get_response(call)`` is to be awaited, and ``answer`` is a coroutine function. What
middleware raises is what the call raises; a hook that raises is logged, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastthrift._calls.observed import (
    Call,
    add,
    add_around,
    remove,
    remove_around,
    warn_slow,
)

if TYPE_CHECKING:
    from typing import Any

    from fastthrift._calls.current import current_call

__all__ = [
    "Call",
    "add",
    "add_around",
    "current_call",
    "remove",
    "remove_around",
    "warn_slow",
]


def __getattr__(name: str) -> Any:
    if name == "current_call":
        # Who has it may ask: calls are looked at from now on.
        from fastthrift._calls.current import current_call

        return current_call
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
