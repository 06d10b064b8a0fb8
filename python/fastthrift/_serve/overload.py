"""What becomes of calls that a server has no room for: they are answered, and not made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fastthrift._calls.lines import OVERLOADED
from fastthrift._calls.rate import Rate
from fastthrift._calls.server_call import SEPARATOR, ServerCall, process_by_steps
from fastthrift._calls.steps import Blocking, run
from fastthrift._exceptions import TApplicationException
from fastthrift.transport._addresses import host_and_port

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable


#: Why, and how many more such lines there would have been.
STARVED = "Cannot accept connections for now: %s%s"


def tell_starved(error: BaseException, rate: Rate, logger: logging.Logger) -> None:
    """Log that no connection can be accepted for now, as often as ``rate`` says."""
    more = rate.tell()
    if more is not None:
        logger.error(STARVED, error, more)


def tell_not_accepted(error: BaseException, logger: logging.Logger) -> None:
    """Log that a connection has failed before it was one."""
    logger.warning("A connection failed while it was accepted: %r", error)


def refuse(processor: Any, iprot: Any, oprot: Any, why: str) -> None:
    """Read a call, and answer that the server is overloaded; a oneway call gets no answer."""
    text = f"the server is overloaded: {why}; try again"
    call = ServerCall()

    def find(name: Any, _: int) -> Any:
        refusal = TApplicationException(TApplicationException.INTERNAL_ERROR, text)
        return None, None, name.rpartition(SEPARATOR)[2], refusal

    run(process_by_steps(Blocking, processor, find, call, iprot, oprot))


def tell_full(most: int, sock: Any, rate: Rate, logger: logging.Logger) -> None:
    """Log that as many connections are open as there may be, where a socket listens."""
    if (more := rate.tell()) is not None:
        logger.warning(FULL, most, listening_at(sock), more)


#: How many, where, and how many more such lines there would have been.
FULL = (
    "%d connections are open at %s, as many as max_connections allows: others wait until one is "
    "closed. Raise it, or let idle ones be closed sooner%s"
)


def listening_at(sock: Any) -> str:
    """Where a socket listens, for the log."""
    try:
        address = sock.getsockname()
    except (OSError, AttributeError):
        return "a socket that was closed"
    return host_and_port(*address[:2]) if isinstance(address, tuple) else f"unix:{address}"


class Overload:
    """Refuses connections, in a thread. There, too, not more than some wait: others are closed."""

    def __init__(
        self,
        refuse: Callable[[Any, str], None],
        why: str,
        logger: logging.Logger,
        most: int = 128,
    ) -> None:
        """``refuse`` answers one connection, with ``why``, which has the limit in it."""
        self._refuse = refuse
        self._why = why
        self._logger = logger
        self._rate = Rate()
        self._most = most
        self._waiting: list[tuple[Any, str]] = []
        self._lock = threading.Lock()
        self._runs = False

    def refuse(self, client: Any, limit: int) -> None:
        """Refuse a connection, because so many are there, and say so in the log."""
        why = self._why % limit
        if (more := self._rate.tell()) is not None:
            self._logger.warning(OVERLOADED, why, more)
        if not self._take(client, why):
            client.close()

    def _take(self, client: Any, why: str) -> bool:
        with self._lock:
            if len(self._waiting) >= self._most:
                return False
            self._waiting.append((client, why))
            if not self._runs:
                thread = threading.Thread(target=self._run, name="fastthrift-refusing", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    self._waiting.pop()
                    return False
                self._runs = True
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._runs = False
                    return
                client, why = self._waiting.pop(0)
            self._refuse(client, why)
