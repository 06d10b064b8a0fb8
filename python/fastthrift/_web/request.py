"""What HTTP brought, for whom no framework is needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple


class Request(NamedTuple):
    """A request, without its body."""

    method: str
    #: What follows the mount: "", or "/Calculator/add".
    path: str
    #: By names in lower case; the values of a repeated one are joined by ", ".
    headers: Mapping[str, str]
    query: str
    #: The client, for the log.
    peer: str | None
    #: Of the body in bytes; None where nobody has said.
    length: int | None
    #: Whether the end of the body is found without a length.
    chunked: bool

    @property
    def media_type(self) -> str:
        """That of the body, in lower case and without parameters; "" where nobody has said."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


#: What the client is told of a body that its server cannot give.
NO_END = "the body cannot be read to its end"


def no_body(error: Exception) -> OSError:
    """What is raised where a server cannot give a body: those of servers, of chunks that are none
    say, are of no kind that they have in common."""
    return OSError(f"the server cannot read the body: {error}")


# More digits than any body has bytes.
_MOST_DIGITS = 18


def length_of(text: str | None) -> int | None:
    """The size that a Content-Length says, in bytes; None for what is no number."""
    if not text or not text.isascii() or not text.isdigit():
        return None
    return int(text) if len(text) <= _MOST_DIGITS else sys.maxsize
