"""How what asyncio has is used by the rules of a call; see ``steps``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from fastthrift._calls.steps import Blocking, Kind, drive


class Awaited(Kind):
    """How those of asyncio are used: what these give is awaited."""

    caller = "task"
    missing_argument = "missing required argument {} for {}"
    do = staticmethod(drive)

    @staticmethod
    def flush(trans: Any) -> Any:
        return trans.flush()

    @staticmethod
    def read(payload: Any, prot: Any) -> Any:
        return prot.read_struct(payload)

    @staticmethod
    async def call(function: Callable[..., Any], arguments: list[Any]) -> Any:
        # A method may be a coroutine function or, when it does not block, a plain one.
        value = function(*arguments)
        return await value if isawaitable(value) else value


class Mixed(Awaited):
    """How protocols in memory are used, and handlers of asyncio."""

    flush = staticmethod(Blocking.flush)
    read = staticmethod(Blocking.read)
