"""HTTP responses, and what is looked at before a call is made: the same for both servers."""

from __future__ import annotations

import email.utils
import http
from collections.abc import Callable, Iterable
from typing import Any

from fastthrift._calls.server_call import BEGUN, READ, Message

from ._common import CONTENT_TYPE
from ._request import BadRequest, Header, RequestHead

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SERVER = "fastthrift"

# How long the client of a refused request may take to read the answer, in seconds. A connection
# that is closed while bytes still come is reset, and the answer lost with it: RFC 9112, 9.6.
LINGER = 2.0
# What is read of a connection at once, in bytes.
READ_SIZE = 65536

# After a message, in bytes.
_MOST_WHITE_SPACE = 64

_THRIFT = (("Content-Type", CONTENT_TYPE),)
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


def make_response(
    head: RequestHead | None,
    goes_on: bool,
    body: bytes,
    status: int = 200,
    headers: Iterable[Header] = _THRIFT,
) -> bytes:
    """A response to a request, None for one that could not be read.

    ``goes_on`` is whether the connection stays open for another one.
    """
    lines = [
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
        f"Server: {SERVER}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
    ]
    if not goes_on:
        lines.append("Connection: close")
    elif head is not None and head.minor_version == 0:
        lines.append("Connection: keep-alive")
    if head is not None and head.method == "HEAD":
        body = b""
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def make_refusal(head: RequestHead | None, goes_on: bool, error: BadRequest) -> bytes:
    """The response to a request that is not served."""
    text = (error.reason + "\n").encode()
    return make_response(head, goes_on, text, error.status, (_TEXT, *error.headers))


def require_answer(message: Message) -> None:
    """Raise ``BadRequest`` when nothing was written for a call that has failed."""
    if message.header is None:
        raise BadRequest(400, "the body is no Thrift message")
    if message.stage == BEGUN:
        raise BadRequest(400, "the message in the body cannot be read to its end")
    if not message.oneway:
        raise BadRequest(500, "the call could not be answered")


def says_something(rest: bytes) -> bool:
    """Whether what follows a message is more than the white space that may follow one of JSON."""
    return len(rest) > _MOST_WHITE_SPACE or bool(rest.strip())


class OnlyMessage:
    """For a ``Message`` of a server: the body of the request must hold nothing else.

    That is looked at when the call was read and before it is made, so that of two calls in one
    body none is made.
    """

    _stage: int

    def __init__(self, rest: Callable[[], bytes]) -> None:
        """``rest`` gives what follows the message in the body, or a part of it."""
        self._rest = rest
        super().__init__()

    @property
    def stage(self) -> Any:
        return self._stage

    @stage.setter
    def stage(self, stage: int) -> None:
        if stage == READ and says_something(self._rest()):
            raise BadRequest(400, "something follows the message in the body")
        self._stage = stage
