"""One text for what is done alike by methods that block and by those that are awaited.

A rule that uses such is a generator: it yields what a method gives, and is sent the value of that.
Where methods block, the two are the same; where they are asyncio's, the value is what comes of
awaiting. So a rule stands once, and has two drivers::

    value = run(rule(...))
    value = await drive(rule(...))

This module knows nothing of event loops: any that awaits coroutines will do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
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
