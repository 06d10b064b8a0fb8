"""One text for what is done alike by protocols that block and by those that are awaited.

A rule that reads or writes by the methods of protocols is a generator: it yields what such a
method gives, and is sent the value of that. Where protocols block, the two are the same; where
they are asyncio's, the value is what comes of awaiting. So a rule stands once, and has two
drivers::

    value = run(rule(Blocking, ...))
    value = await drive(rule(Awaited, ...))

This module knows nothing of event loops: any that awaits coroutines will do.
"""

from __future__ import annotations

from fastthrift._calls.wait import flush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeVar

    T = TypeVar("T")
    # A rule in progress, and what comes of it.
    Steps = Generator[Any, Any, T]


def run(steps: Steps[T]) -> T:
    """Go through a rule whose steps give their values at once."""
    try:
        value = next(steps)
        while True:
            value = steps.send(value)
    except StopIteration as end:
        result: T = end.value
        return result


async def drive(steps: Steps[T]) -> T:
    """Go through a rule whose steps give what is to be awaited, or their values at once."""
    try:
        step = next(steps)
        while True:
            try:
                value = await step if hasattr(step, "__await__") else step
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        result: T = end.value
        return result


class Kind:
    """How protocols, transports and handlers are used."""

    # Who must not call twice at once, and thriftpy2's text for an argument that is missing.
    caller: str
    missing_argument: str
    # Go through a rule, flush a transport, read a struct from a protocol, call a handler's method.
    do: Callable[[Steps[Any]], Any]
    flush: Callable[[Any], Any]
    read: Callable[[Any, Any], Any]
    call: Callable[[Callable[..., Any], list[Any]], Any]


class Blocking(Kind):
    """How those are used that block."""

    caller = "thread"
    missing_argument = "{} is required argument for {}"
    do = staticmethod(run)
    flush = staticmethod(flush)

    @staticmethod
    def read(payload: Any, prot: Any) -> Any:
        return payload.read(prot)

    @staticmethod
    def call(function: Callable[..., Any], arguments: list[Any]) -> Any:
        return function(*arguments)
