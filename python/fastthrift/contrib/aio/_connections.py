"""The connections of an asyncio server, as who closes it sees them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import Any

from fastthrift._calls.server_call import SettledCall
from fastthrift._calls.settle import peer_name
from fastthrift._serve.connections import FRESH_FOR, is_coming


class TaskConnection:
    """One accepted connection, and the task that serves it."""

    def __init__(self, client: Any, task: asyncio.Task[Any]) -> None:
        self.peer = peer_name(client)
        self.task = task
        self.client = client
        self.call = SettledCall()
        self.stopped = False
        self._since = time.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Whether its next call may be on its way."""
        return self.call.header is None and time.monotonic() < self._since + FRESH_FOR

    @property
    def may_bring_more(self) -> bool:
        """Whether its next call may be on its way, or is coming."""
        has_begun = getattr(self.client, "has_begun", False)
        return self.is_fresh or (has_begun and is_coming(self.call))

    def has_answered(self, *, closed: bool) -> None:
        """What has come is answered; unless the server is ``closed``, another call may come."""
        self._since = -FRESH_FOR if closed else time.monotonic()

    def end_unless_arrived(self) -> bool:
        """End the connection, unless something has arrived that was not read, or a call is being
        processed: whether nothing has arrived."""
        end = getattr(self.client, "end_unless_arrived", None)
        return self.call.header is not None or end is None or end()

    def stop_reading(self) -> None:
        """End the connection unless a call is being processed, which then is its last."""
        if self.call.header is None:
            self.stopped = True
            self.task.cancel()
        elif is_coming(self.call):
            # Who reads it may have all of it, and be about to answer. uvloop's sockets refuse.
            with contextlib.suppress(OSError, TypeError, AttributeError):
                self.client.sock.shutdown(socket.SHUT_RD)

    def has_last_calls(self, client: Any) -> bool:
        """Whether calls may have arrived before the server was closed, which are served; behind
        them is the end of the connection."""
        end_reading = getattr(client, "end_reading", None)
        if end_reading is not None:
            end_reading()
        return end_reading is not None
