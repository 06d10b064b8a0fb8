"""A port that tells by HTTP whether a server serves, for those that watch over many."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastthrift.transport._addresses import for_poll

if TYPE_CHECKING:
    from fastthrift.transport import TServerSocket

# How long somebody may take to ask, in seconds, and how many may be at it.
_PATIENCE = 5.0
_MOST_ASKING = 64


class Health:
    """Answers ``200`` while the server serves and ``503`` otherwise, to whatever is asked.

    It has no thread, for its process forks: who waits for other things as well waits for its
    descriptors, and calls ``serve`` when there is something to read.
    """

    def __init__(
        self, trans: TServerSocket, describe: Callable[[], tuple[bool, dict[str, object]]]
    ):
        """``trans`` listens. ``describe`` says whether all is well, and what else to tell."""
        assert trans.sock is not None
        self._trans = trans
        self._listener = trans.sock
        self._listener.setblocking(False)
        self._describe = describe
        self._asking: dict[int, tuple[socket.socket, float]] = {}

    def descriptors(self) -> list[int]:
        return [self._listener.fileno(), *self._asking]

    def serve(self, ready: list[int]) -> None:
        """Answer those who have asked."""
        if self._listener.fileno() in ready:
            self._accept()
        now = time.monotonic()
        for descriptor, (client, begun) in [*self._asking.items()]:
            if descriptor in ready:
                self._answer(client)
            elif now - begun < _PATIENCE:
                continue
            del self._asking[descriptor]
            client.close()

    def close(self) -> None:
        """Answer nobody any more. In a forked child, leave that to the parent."""
        for client, _ in self._asking.values():
            client.close()
        self._asking.clear()
        self._trans.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it has left, or there are no descriptors
        client.setblocking(False)
        if len(self._asking) >= _MOST_ASKING:
            client.close()
            return
        self._asking[client.fileno()] = client, time.monotonic()

    def _answer(self, client: socket.socket) -> None:
        is_well, told = self._describe()
        body = json.dumps(told).encode()
        status = "200 OK" if is_well else "503 Service Unavailable"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            asked = client.recv(65536)
            client.sendall(head.encode() + (b"" if asked.startswith(b"HEAD ") else body))
            client.shutdown(socket.SHUT_WR)
        except OSError:
            return  # who has asked has left


def wait_for(descriptors: list[int], seconds: float | None) -> list[int]:
    """The descriptors, of some, that have something to read within some seconds."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    timeout = None if seconds is None else max(seconds, 0)
    return [ready for ready, _ in poll.poll(for_poll(timeout))]
