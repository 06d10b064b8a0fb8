"""What an HTTP server has answered, or why there is no answer: the bytes of a message, or an
exception.

One rule for the client that blocks and the one of asyncio. Each tells what the library has said
that moves its bytes::

    answer = HttpAnswer(address, limit)
    answer.begin(status, reason, get_header)
    answer.take(piece)  # for each
    body = answer.end()

and makes an exception of what has gone wrong by `Failures`, of its own classes where callers
expect those of its library.
"""

from __future__ import annotations

import enum
import errno
import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from fastthrift._calls.mismatch import is_message
from fastthrift.transport._addresses import not_connected, without_secrets
from fastthrift.transport._ssl import ask_for_tls, tls_reason
from fastthrift.transport.base import (
    DeadlineExceeded,
    TTransportConnectionReset,
    TTransportException,
    TTransportTimeout,
)

from ._common import Address

# Gives the value of a header, None where there is none.
Header = Callable[[str], "str | None"]

# Where the exceptions are found, by pickle too.
_MODULE = "fastthrift.http.client"

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
# What pages and their errors come as, and how a page starts whatever it comes as.
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/json", "application/json")
_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
# Characters of a server's text in an error message.
_LONGEST_TEXT = 200


class THttpException(TTransportException, OSError):
    """A server could not be reached, or did not answer as one should.

    ``status`` is that of its response, None when there was none.
    """

    __module__ = _MODULE

    def __init__(self, type: int = TTransportException.UNKNOWN, message: str | None = None) -> None:
        super().__init__(type, message)
        self.status: int | None = None


class THttpConnectionRefused(THttpException, ConnectionRefusedError):
    """Nothing listens at the server's address."""

    __module__ = _MODULE


class HttpAnswer:
    """A server's answer, as it comes: its head, then its body in pieces."""

    #: What was answered, for a message about what is no Thrift; None before the end.
    description: str | None = None

    def __init__(self, where: Address, limit: int) -> None:
        """``where`` is whom was asked; a body of more than ``limit`` bytes is refused."""
        self._where = where
        self._limit = limit
        self._body = bytearray()

    def begin(
        self,
        status: int,
        reason: str | None,
        header: Header,
        encodings: Collection[str] = ("identity",),
    ) -> None:
        """The head has come. Raises ``THttpException`` unless its status is one of success, and
        the body in one of the ``encodings`` that were asked for."""
        self._status, self._reason = status, reason
        self._content_type = header("Content-Type")
        if not 200 <= status < 300:
            details = _details_of_failure(status, self._content_type, header("Location"))
            raise self._refuse(f"answered {status} {_shown(reason)}{details}", status)
        encoding = header("Content-Encoding") or "identity"
        if encoding.lower() not in encodings:
            raise self._refuse(
                f"answered in an encoding that was not asked for: {_shown(encoding)}", status
            )

    def take(self, piece: bytes) -> None:
        """A piece of the body has come. Raises ``THttpException`` where the body is too long."""
        self._body += piece
        if len(self._body) > self._limit:
            raise self._refuse(
                f"answered with a body that exceeds the limit of {self._limit} bytes "
                "(max_message_size)",
                self._status,
            )

    def end(self) -> bytearray:
        """The body, which has come as a whole. Raises ``THttpException`` for a page: nothing else
        would tell of a oneway call that it was not taken."""
        body = self._body
        text = _describe(self._status, self._reason, self._content_type, len(body))
        if _is_page(self._content_type, body):
            raise self._refuse(f"{text}, which is a page and no Thrift message", self._status)
        self.description = f"{self._where} {text}"
        return body

    def _refuse(self, what: str, status: int) -> THttpException:
        error = THttpException(message=f"{self._where} {what}")
        error.status = status
        return error


class Stage(enum.Enum):
    """How far a request is."""

    LOOKING = "an address is looked for"
    CONNECTING = "there is no connection yet"
    CONNECTED = "there is one"
    ANSWERED = "an answer has begun to come"


class Kinds(NamedTuple):
    """Of which classes exceptions are, where callers expect those of a library, too."""

    failed: type[THttpException] = THttpException
    refused: type[THttpConnectionRefused] = THttpConnectionRefused
    closed: type[TTransportConnectionReset] = TTransportConnectionReset
    late: type[TTransportTimeout] = TTransportTimeout
    over: type[DeadlineExceeded] = DeadlineExceeded


_OWN_KINDS = Kinds()


class Failures:
    """The exceptions of a request that has no answer, or not all of one."""

    def __init__(self, where: Address, kinds: Kinds = _OWN_KINDS) -> None:
        self._where = where
        self._kinds = kinds

    def late(self, stage: Stage, *, deadline_is_over: bool) -> TTransportTimeout:
        """The client's time is up, or that of the call as a whole."""
        kind = self._kinds.over if deadline_is_over else self._kinds.late
        why = "the deadline is over" if deadline_is_over else "timed out"
        if stage is Stage.LOOKING:
            why += ", and no address was found until then"
        if stage in (Stage.LOOKING, Stage.CONNECTING):
            return kind(TTransportException.NOT_OPEN, not_connected(self._where, why))
        return kind(message=f"{why}: no answer of {self._where} in time")

    def of_system(self, error: OSError, stage: Stage, *, speaks_http: bool) -> TTransportException:
        """The system, or TLS, has failed; ``speaks_http`` is whether the server ever has."""
        failure: TTransportException
        if isinstance(error, ConnectionRefusedError):
            failure = self._kinds.refused(
                TTransportException.NOT_OPEN, not_connected(self._where, "Connection refused")
            )
            failure.errno = errno.ECONNREFUSED
            return failure
        if isinstance(error, (ConnectionResetError, BrokenPipeError)):
            return self.closed(stage, speaks_http=speaks_http)
        text = not_connected(self._where, tls_reason(error))
        if self._where.scheme == "https":
            text += ask_for_tls(error)
        return self._kinds.failed(TTransportException.NOT_OPEN, text)

    def closed(self, stage: Stage, *, speaks_http: bool) -> TTransportException:
        """The server has closed the connection, or broken it off."""
        if stage is Stage.ANSWERED:
            return self._kinds.failed(
                TTransportException.END_OF_FILE, f"The response of {self._where} ends too early"
            )
        text = f"{self._where} closed the connection without an answer"
        if not speaks_http:
            text += f"; does the server speak {self._where.scheme.upper()}?"
        return self._kinds.closed(message=text)

    def no_http(self, what: str) -> THttpException:
        """The server has answered with something else."""
        text = f"{self._where} does not answer with HTTP: {what}"
        return self._kinds.failed(message=text)

    def other(self, what: str) -> THttpException:
        """The library has refused what came, or what was to be sent."""
        return self._kinds.failed(message=f"The request to {self._where} failed: {what}")


def _describe(status: int, reason: str | None, content_type: str | None, size: int) -> str:
    """What a server answered, for a message about an answer that is no Thrift.

    The body is not shown: it may hold anything.
    """
    text = f"answered {status} {_shown(reason)}".rstrip()
    if size == 0:
        return f"{text} with an empty body"
    media_type = _MEDIA_TYPE.match(content_type or "")
    kind = f"Content-Type {media_type.group()}" if media_type else "no Content-Type"
    return f"{text} with {kind} and {size} bytes"


def _is_page(content_type: str | None, body: bytes | bytearray) -> bool:
    """Whether a body is a page in place of a message, such as that of a login.

    Servers label messages, and their empty answers to oneway calls, as they like: what begins as a
    message is one.
    """
    if not body:
        return False
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type in _PAGE_TYPES or media_type.endswith("+json"):
        return not is_message(body)
    return _PAGE.match(body) is not None


def _details_of_failure(status: int, content_type: str | None, location: str | None) -> str:
    """What is added to the status of an answer that is not one of success; may be nothing."""
    if location and 300 <= status < 400:
        return f", and redirects to {_shown(without_secrets(location))}"
    media_type = _MEDIA_TYPE.match(content_type or "")
    return f", with Content-Type {media_type.group()}" if media_type else ""


def _shown(text: str | None) -> str:
    """A text of a server, for a message."""
    text = (text or "")[:_LONGEST_TEXT]
    return text if text.isprintable() else repr(text)
