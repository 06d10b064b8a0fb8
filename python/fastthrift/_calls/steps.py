"""How protocols, transports and handlers are used by the rules of a call, which are texts in steps
(see ``fastthrift._steps``)::

    value = run(rule(Blocking, ...))
    value = await drive(rule(Awaited, ...))
"""

from __future__ import annotations

from fastthrift._calls.wait import flush
from fastthrift._payload import read_payload
from fastthrift._steps import drive as drive
from fastthrift._steps import run as run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fastthrift._steps import Steps as Steps


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
        return read_payload(payload, prot)

    @staticmethod
    def call(function: Callable[..., Any], arguments: list[Any]) -> Any:
        return function(*arguments)
