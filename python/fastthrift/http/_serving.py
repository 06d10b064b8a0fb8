"""Serving the requests of a connection: the same for both servers, which move the bytes."""

from __future__ import annotations

import email.utils
import http
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fastthrift._calls.exchange import Answer, BadRequest, answered, refused
from fastthrift._calls.lines import REFUSED
from fastthrift._calls.mismatch import look_of
from fastthrift._calls.rate import Rates

from ._request import NO_REQUEST, RequestHead, RequestReader

if TYPE_CHECKING:
    from fastthrift._calls.steps import Steps

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SERVER = "fastthrift"

# How long the client of a refused request may take to read the answer, in seconds. A connection
# that is closed while bytes still come is reset, and the answer lost with it: RFC 9112, 9.6.
LINGER = 2.0
# What is read of a connection at once, in bytes.
READ_SIZE = 65536

_T = TypeVar("_T")


class Line(Protocol):
    """A connection, of which each method gives its value or what is to be awaited."""

    @property
    def peer(self) -> str:
        """The other side, for the log."""

    def begin(self) -> None:
        """The next request is waited for: it has its time from its first byte on."""

    def receive(self) -> Any:
        """The next bytes. Raises ``TTransportException`` at the end."""

    def send(self, data: bytes) -> Any:
        """Send bytes."""

    def respond(self, head: RequestHead | None, goes_on: bool, answer: Answer) -> Any:
        """Send a response, by ``make_response``."""

    def linger(self) -> Any:
        """Let the client read the answer before the connection is closed."""

    def answer(self, head: RequestHead, body: bytes) -> Any:
        """Process the call in a body, and give what it is answered with; None where something
        else has responded, and the connection ends. Raises ``BadRequest`` for what is no call."""

    def is_closing(self) -> bool:
        """Whether the server is about to stop."""


def serve_request(
    line: Line, reader: RequestReader, limit: int, logger: logging.Logger, rates: Rates
) -> Steps[bool]:
    """Serve one request, with a body of ``limit`` bytes at most; whether the connection goes on.
    ``rates`` say how often it is logged that somebody sends what is none."""
    head: RequestHead | None = None
    line.begin()
    try:
        head = yield from _read(line, reader, reader.head)
        try:
            head.require_call(limit)
        except BadRequest as error:
            if error.goes_on:
                reader.skip_body()
            raise
        body = reader.body()
        if body is None and head.expects_continue:
            # The client waits for it before it sends the body.
            yield line.send(CONTINUE)
        if body is None:
            body = yield from _read(line, reader, reader.body)
        written = yield line.answer(head, body)
    except BadRequest as error:
        if error.goes_on:
            # That somebody looks in with GET is nothing to worry about.
            logger.debug(REFUSED, line.peer, error.reason, "")
        elif not error.is_told:
            reason = error.reason
            if reason == NO_REQUEST and (look := look_of(reader.waiting)) is not None:
                reason = f"{reason}: this is {look}"
            if (more := rates.tell(reason)) is not None:
                logger.warning(REFUSED, line.peer, reason, more)
        goes_on = error.goes_on and head is not None and head.keeps_alive
        yield line.respond(head, goes_on, refused(error))
        if not goes_on:
            yield line.linger()
        return goes_on
    if written is None:
        return False
    goes_on = head.keeps_alive and not line.is_closing()
    yield line.respond(head, goes_on, answered(written))
    return goes_on


def _read(line: Line, reader: RequestReader, part: Callable[[], _T | None]) -> Steps[_T]:
    """A part of a request."""
    while (read := part()) is None:
        reader.feed((yield line.receive()))
    return read


def make_response(head: RequestHead | None, goes_on: bool, answer: Answer) -> bytes:
    """A response to a request, None for one that could not be read.

    ``goes_on`` is whether the connection stays open for another one.
    """
    lines = [
        f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}",
        f"Server: {SERVER}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in answer.all_headers()),
    ]
    if not goes_on:
        lines.append("Connection: close")
    elif head is not None and head.minor_version == 0:
        lines.append("Connection: keep-alive")
    body = answer.body_for("" if head is None else head.method)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
