"""HTTP responses: the same for both servers."""

from __future__ import annotations

import email.utils
import http

from fastthrift._calls.exchange import Answer

from ._request import RequestHead

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SERVER = "fastthrift"

# How long the client of a refused request may take to read the answer, in seconds. A connection
# that is closed while bytes still come is reset, and the answer lost with it: RFC 9112, 9.6.
LINGER = 2.0
# What is read of a connection at once, in bytes.
READ_SIZE = 65536


def make_response(head: RequestHead | None, goes_on: bool, answer: Answer) -> bytes:
    """A response to a request, None for one that could not be read.

    ``goes_on`` is whether the connection stays open for another one.
    """
    body = answer.body
    lines = [
        f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}",
        f"Server: {SERVER}",
        f"Date: {email.utils.formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in answer.headers),
        f"Content-Length: {len(body)}",
    ]
    if not goes_on:
        lines.append("Connection: close")
    elif head is not None and head.minor_version == 0:
        lines.append("Connection: keep-alive")
    if head is not None and head.method == "HEAD":
        body = b""
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
