"""What becomes of calls that a server has no room for: they are answered, and not made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fastthrift._calls.server_call import SEPARATOR, ServerCall, process_by_steps
from fastthrift._calls.steps import Blocking, run
from fastthrift._payload import TApplicationException

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse(processor: Any, iprot: Any, oprot: Any, waiting: int) -> None:
    """Read a call, and answer that the server is overloaded; a oneway call gets no answer."""
    text = f"the server is overloaded: {waiting} connections wait to be served; try again"
    call = ServerCall()

    def find(name: Any, _: int) -> Any:
        refusal = TApplicationException(TApplicationException.INTERNAL_ERROR, text)
        return None, None, name.rpartition(SEPARATOR)[2], refusal

    run(process_by_steps(Blocking, processor, find, call, iprot, oprot))


class Refusing:
    """A thread that refuses connections, of which some wait for it; others are not taken."""

    def __init__(self, refuse: Callable[[Any], None], most: int = 128) -> None:
        self._refuse = refuse
        self._most = most
        self._waiting: list[Any] = []
        self._lock = threading.Lock()
        self._runs = False

    def take(self, client: Any) -> bool:
        """Refuse a connection soon; False where too many are refused already."""
        with self._lock:
            if len(self._waiting) >= self._most:
                return False
            self._waiting.append(client)
            if not self._runs:
                thread = threading.Thread(target=self._run, name="fastthrift-refusing", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    self._waiting.remove(client)
                    return False
                self._runs = True
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._runs = False
                    return
                client = self._waiting.pop(0)
            self._refuse(client)
