"""Connections of ``http.client`` whose waits end with a deadline: those for an address, for TLS,
for sending, and for each piece of an answer."""

from __future__ import annotations

import functools
import http
import http.client as http_client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from fastthrift._calls.steps import run
from fastthrift.transport._addresses import EITHER_FAMILY, Address
from fastthrift.transport._connecting import Failures, first_connected
from fastthrift.transport._resolving import resolve_within

# How long the next wait may be, in seconds, None for any time; raises where there is no time left.
Bound = Callable[[], "float | None"]
# Where to connect to, where that is known.
Known = Callable[[], "list[Address] | None"]
# Is told where a connection ends before anything has come of an answer.
Ended = Callable[[socket.socket], None]


def bind(
    connection: http_client.HTTPConnection,
    bound: Bound,
    ended: Ended,
    known: Known,
) -> None:
    """Ask ``bound`` before each wait of a connection, which is to one of the addresses that are
    ``known`` when it is made, where they are; tell ``ended`` of an end without an answer."""
    ours: Any = connection
    ours._create_connection = functools.partial(_connected, bound, known)
    ours.response_class = functools.partial(_Response, bound, ended)
    send = connection.send

    def send_in_time(data: Any) -> None:
        if connection.sock is None:
            connection.connect()
        sock: Any = connection.sock
        sock.settimeout(bound())
        send(data)

    ours.send = send_in_time


def _connected(
    bound: Bound,
    known: Known,
    address: tuple[str, int],
    timeout: float | None = None,
    source: Any = None,
) -> socket.socket:
    """A socket that is connected to one of the addresses of a host, within ``timeout``, too. Until
    a request is sent on it, its waits, those of TLS, have what is left of that."""
    patience = bound()
    if timeout is not None and (patience is None or timeout < patience):
        patience = timeout
    end = None if patience is None else time.monotonic() + patience

    def find(seconds: float | None) -> list[Address]:
        addresses = known()
        if addresses is None:
            addresses = resolve_within(*address, EITHER_FAMILY, seconds)
        return addresses

    def connect(one: Address, share: float | None) -> socket.socket:
        return _connected_to(one, share, source)

    failures: Failures = []
    try:
        sock: socket.socket = run(first_connected(find, connect, patience, failures))
    finally:
        # They have these frames in their tracebacks: no cycle.
        failures.clear()
    sock.settimeout(None if end is None else max(end - time.monotonic(), 0.001))
    return sock


def _connected_to(address: Address, patience: float | None, source: Any) -> socket.socket:
    """A socket that is connected to an address, with all that ``getaddrinfo`` has told of it: the
    interface of a link, too."""
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(patience)
        if source:
            sock.bind(source)
        sock.connect(where)
    except BaseException:
        sock.close()
        raise
    return sock


class _Response(http_client.HTTPResponse):
    """A response whose parts come in time."""

    def __init__(self, bound: Bound, ended: Ended, sock: Any, *args: Any, **kwargs: Any) -> None:
        source: Any = _Source(bound, ended, sock)
        super().__init__(source, *args, **kwargs)

    def _read_status(self) -> tuple[str, int, str]:
        # Of the answers that come before the answer (RFC 9110, 15.2) its base knows one to pass
        # over.
        version, status, reason = super()._read_status()  # type: ignore[misc]
        if 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            status = http.HTTPStatus.CONTINUE
        return version, status, reason


class _Source:
    """Stands for a socket, which a response asks for a file."""

    def __init__(self, bound: Bound, ended: Ended, sock: socket.socket) -> None:
        self._parts = bound, ended, sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_JoinedParts(*self._parts))


class _JoinedParts(io.RawIOBase):
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
