"""How what asyncio has is used by the rules of a call; see ``steps``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from fastthrift._calls.steps import drive


class Awaited:
    """How protocols, transports and handlers of asyncio are used: what these give is awaited."""

    # Who must not call twice at once, for the text of an error.
    caller = "task"
    # thriftpy2's text.
    missing_argument = "missing required argument {} for {}"
    do = staticmethod(drive)

    @staticmethod
    def flush(trans: Any) -> Any:
        return trans.flush()

    @staticmethod
    def read(payload: Any, prot: Any) -> Any:
        """Read a struct or an exception."""
        return prot.read_struct(payload)

    @staticmethod
    async def call(function: Callable[..., Any], arguments: list[Any]) -> Any:
        """Call a method of a handler, which may be a coroutine function or a plain one."""
        value = function(*arguments)
        return await value if isawaitable(value) else value
