"""How long calls may take, all of one together.

A limit of a socket is for each read and write: a peer that sends a byte now and then holds a call
for ever. A deadline is a moment, and what is left until then bounds every wait of a call.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from fastthrift._calls.failures import describe
from fastthrift._calls.progress import bounds
from fastthrift._calls.transports import find_layer, peer_of
from fastthrift.transport.base import DeadlineExceeded

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from fastthrift._calls.client_call import ClientCall
    from fastthrift._calls.progress import Progress

# When the innermost `with deadline(...)` that runs has its end, by the clock below.
_current: ContextVar[float | None] = ContextVar("fastthrift_deadline", default=None)

clock = time.monotonic

#: What a limit may be at most, in seconds: what sockets and locks can wait for everywhere.
LONGEST = 10**9


class deadline:
    """Bound all calls within a ``with`` block, of clients and pools, to ``seconds`` altogether.

    An inner block has no more than is left of the outer one. A call whose time is up raises
    ``DeadlineExceeded``, which is a ``TTransportException`` and a ``TimeoutError``; nothing of it
    is sent when there is none left before. In asyncio, tasks that are made within the block have
    the same deadline. Raises ``ValueError`` for what is no number of seconds::

        with fastthrift.deadline(0.8):
            user = users.get(7)
            orders = shop.orders_of(user)
    """

    def __init__(self, seconds: float) -> None:
        if not 0 <= seconds <= LONGEST:
            raise ValueError(
                f"a deadline is a number of seconds from now on, at most {LONGEST}, not {seconds!r}"
            )
        self._seconds = seconds
        self._outer: Any = None

    def __enter__(self) -> Self:
        if self._outer is not None:
            raise RuntimeError("a deadline is for one block: make another one")
        at = sooner(clock() + self._seconds, _current.get())
        self._outer = _current.set(at)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _current.reset(self._outer)


def within_timeout(kwargs: dict[str, Any]) -> deadline | nullcontext[None]:
    """What bounds a call that is given ``timeout=`` in seconds, None for no limit of its own; it is
    taken out of the arguments. Raises ``ValueError`` for no number above 0."""
    seconds = kwargs.pop("timeout")
    if seconds is None:
        return nullcontext()
    check_limit("timeout", seconds)
    return deadline(seconds)


def check_limit(name: str, seconds: Any, *, longest: float = LONGEST) -> None:
    """Raise ``TypeError`` or ``ValueError`` for what is no time of this name: a number of seconds
    above 0, or None for no limit."""
    if isinstance(seconds, (str, bytes)):
        raise TypeError(f"{name} is a number of seconds, not {seconds!r}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"{name} must be above 0 seconds, or None, not {seconds!r}")
    if seconds is not None and seconds > longest:
        raise ValueError(f"{name} is at most {longest} seconds, or None, not {seconds!r}")


def sooner(one: float | None, other: float | None) -> float | None:
    """The earlier of two moments; None is none."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


# When the block that runs has its end, by ``time.monotonic``; None where there is none.
current_deadline = _current.get


def out_of_time(service: Any, api: str, peer: str | None) -> DeadlineExceeded:
    """What a call raises whose time is up before it is sent."""
    text = f"the deadline is over: {service.__name__}.{api}() was not sent"
    error = DeadlineExceeded(message=text)
    describe(error, service, api, peer, sent=False)
    return error


def _bound(progress: Progress, client: Any, call: ClientCall) -> None:
    """Give the sockets of a client what is left, before it makes a call."""
    at = _current.get()
    if at is None and not progress.is_bound:
        return
    if at is not None and clock() >= at:
        raise out_of_time(client._service, call.api, peer_of(client._iprot.trans))
    progress.is_bound = at is not None
    iprot = client._iprot
    trans = iprot.trans
    if progress.bounded is not trans:
        progress.bounded, progress.bound = trans, find_layer(trans, "deadline")
    if progress.bound is not None:
        end_at(progress.bound, at)
    if client._oprot is not iprot:
        set_deadline(client._oprot.trans, at)


def set_deadline(trans: Any, at: float | None) -> None:
    """Bound the waits of a transport, by the layer that knows how."""
    layer = find_layer(trans, "deadline")
    if layer is not None:
        end_at(layer, at)


def end_at(layer: Any, at: float | None) -> None:
    """Bound the waits of a transport that knows how; None for none."""
    if at is None and hasattr(layer, "end_deadline"):
        layer.end_deadline()
    else:
        layer.deadline = at


# From now on every call asks.
bounds.set, bounds.at = _bound, current_deadline
