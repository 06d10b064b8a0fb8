"""Connections of ``http.client`` whose waits end with a deadline: those for an address, for TLS,
for sending, and for each piece of an answer."""

from __future__ import annotations

import functools
import http.client as http_client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from fastthrift.transport._addresses import EITHER_FAMILY, Address, in_turn
from fastthrift.transport._resolving import resolve_within

# How long the next wait may be, in seconds, None for any time; raises where there is no time left.
Bound = Callable[[], "float | None"]
# Is told where a connection ends before anything has come of an answer.
Ended = Callable[[socket.socket], None]


def bind(
    connection: http_client.HTTPConnection,
    bound: Bound,
    ended: Ended,
    known: list[Address] | None = None,
) -> None:
    """Ask ``bound`` before each wait of a connection, which is to one of the addresses that are
    ``known``, where they are; tell ``ended`` of an end without an answer."""
    ours: Any = connection
    ours._create_connection = functools.partial(_connected, bound, known)
    ours.response_class = functools.partial(_Response, bound, ended)
    send = connection.send

    def send_in_time(data: Any) -> None:
        if connection.sock is not None:
            connection.sock.settimeout(bound())
        send(data)

    ours.send = send_in_time


def _connected(
    bound: Bound,
    known: list[Address] | None,
    address: tuple[str, int],
    timeout: float | None = None,
    source: Any = None,
) -> socket.socket:
    """A socket that is connected to one of the addresses of a host, within ``timeout``, too."""
    failure: OSError | None = None
    patience = bound()
    if timeout is not None and (patience is None or timeout < patience):
        patience = timeout
    started = time.monotonic()
    left = patience
    if known is None:
        known = resolve_within(*address, EITHER_FAMILY, patience)
        if patience is not None:
            left = patience - (time.monotonic() - started)
    for (_, one), share in in_turn(known, left):
        try:
            sock = socket.create_connection(one[:2], share, source)
        except OSError as error:
            failure = error
        else:
            try:
                wait = bound()
                if patience is not None:
                    # That for TLS, which is of connecting too; what is sent sets its own.
                    rest = max(patience - (time.monotonic() - started), 0.001)
                    wait = rest if wait is None else min(wait, rest)
                sock.settimeout(wait)
            except BaseException:
                sock.close()
                raise
            return sock
    assert failure is not None
    try:
        raise failure
    finally:
        failure = None


class _Response(http_client.HTTPResponse):
    """A response whose parts come in time."""

    def __init__(self, bound: Bound, ended: Ended, sock: Any, *args: Any, **kwargs: Any) -> None:
        source: Any = _Source(bound, ended, sock)
        super().__init__(source, *args, **kwargs)


class _Source:
    """Stands for a socket, which a response asks for a file."""

    def __init__(self, bound: Bound, ended: Ended, sock: socket.socket) -> None:
        self._parts = bound, ended, sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Pieces(*self._parts))


class _Pieces(io.RawIOBase):
    """What comes on a socket, as the file of it that keeps it open when others close it."""

    def __init__(self, bound: Bound, ended: Ended, sock: socket.socket) -> None:
        self._bound = bound
        self._ended: Ended | None = ended
        self._sock = sock
        self._file: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        self._sock.settimeout(self._bound())
        count = self._file.readinto(buffer)
        ended, self._ended = self._ended, None
        if count == 0 and ended is not None:
            ended(self._sock)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
