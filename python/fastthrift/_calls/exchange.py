"""A call in a body: the bytes of a request in; a status, headers and the bytes of an answer out.

What HTTP is on either side of it (the own servers, WSGI, ASGI) only brings the bytes::

    try:
        require_call(method, length, encodings, limit=limit)
        exchange = Exchange.of(body, itrans_factory, iprot_factory, otrans_factory, oprot_factory)
        process = processing(processor, exchange.iprot, exchange.oprot)
        answer = answered(exchange.answer(process, settle))
    except BadRequest as error:
        answer = refused(error)
    # ... answer.status, answer.headers, answer.body

A failed call is answered by Thrift's own means, with status 200; a body that is no message, or
more than one, is a bad request. With asyncio an ``Exchange`` is made of two protocols over memory,
and ``take`` gives what is to be answered once the call was processed.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from fastthrift._calls.budget import TimedCall
from fastthrift._calls.mismatch import explain
from fastthrift._calls.server_call import BEGUN, ServerCall
from fastthrift._calls.transports import LOOKED_AT
from fastthrift._calls.watch import Traffic
from fastthrift._core import frame_end
from fastthrift.transport._file import TFileObjectTransport
from fastthrift.transport._time_left import TIMEOUT_HEADER, moment_of
from fastthrift.transport.base import TTransportException
from fastthrift.transport.memory import TMemoryBuffer

CONTENT_TYPE = "application/x-thrift"

# A header: its name and its value, which is Latin-1.
Header = tuple[str, str]

_TIMEOUT_HEADER = TIMEOUT_HEADER.lower()

# After a message, in bytes.
_MOST_WHITE_SPACE = 64


class Answer(NamedTuple):
    """What a request is answered with."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def all_headers(self) -> tuple[Header, ...]:
        """Its headers and the length of its body, where there may be any."""
        if self.status == 204:
            return self.headers
        return *self.headers, ("Content-Length", str(len(self.body)))

    def body_for(self, method: str) -> bytes:
        """What of its body is sent for a request of this method."""
        return b"" if method == "HEAD" else self.body


class BadRequest(Exception):
    """A request that is not served.

    ``status`` and ``headers`` are for the response, ``reason`` says what is wrong. A connection is
    to be closed after it unless ``goes_on``: nobody knows where the next request starts.
    ``is_told`` is whether the log has it already.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *headers: Header,
        goes_on: bool = False,
        is_told: bool = False,
    ) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers
        self.goes_on = goes_on
        self.is_told = is_told


def answered(body: bytes) -> Answer:
    """The answer to a call."""
    return Answer(200, (("Content-Type", CONTENT_TYPE),), body)


def refused(error: BadRequest) -> Answer:
    """The answer to a request that is not served."""
    headers = ("Content-Type", "text/plain; charset=utf-8"), *error.headers
    return Answer(error.status, headers, (error.reason + "\n").encode())


def too_large(limit: int) -> BadRequest:
    """What a body of more than ``limit`` bytes is refused with."""
    return BadRequest(413, f"a request may have {limit} bytes")


def require_call(
    method: str,
    length: int | None,
    encodings: Iterable[str] = (),
    *,
    limit: int,
    chunked: bool = False,
    allowed: str = "POST",
) -> None:
    """Raise ``BadRequest`` unless a request announces a body that may be a call.

    ``length`` is its size in bytes, ``encodings`` are those of Content-Encoding; a body of more
    than ``limit`` bytes is refused. ``chunked`` is whether the end is found without a length;
    ``allowed`` are the methods that are answered otherwise than with 405.
    """
    if method != "POST":
        raise BadRequest(
            405,
            f"calls come by POST, not by {method[:20]}",
            ("Allow", allowed),
            # What follows a CONNECT may be meant for a tunnel.
            goes_on=not chunked and not length and method != "CONNECT",
        )
    if not chunked and length is None:
        raise BadRequest(411, "a request needs a Content-Length, or comes in chunks")
    if any(encoding != "identity" for encoding in encodings):
        raise BadRequest(
            415,
            "only a body without Content-Encoding can be read",
            ("Accept-Encoding", "identity"),
        )
    if length is not None and length > limit:
        raise too_large(limit)


class BodyCall(TimedCall):
    """The call in a body, which must hold nothing else.

    That is looked at when the call was read and before it is made, so that of two calls in one
    body none is made.
    """

    def __init__(self, rest: Callable[[], bytes]) -> None:
        """``rest`` gives what follows the message in the body, or a part of it."""
        self._rest = rest
        self.is_told = False
        super().__init__()

    def note_told(self) -> None:
        self.is_told = True

    def note_read(self) -> None:
        if _says_something(self._rest()):
            raise BadRequest(400, "something follows the message in the body")


class Exchange:
    """The call in one body, and what is written for it."""

    def __init__(
        self, iprot: Any, oprot: Any, output: Any, rest: Callable[[], bytes], size: int
    ) -> None:
        """The protocols are over memory; ``output`` has what is written, and ``rest`` gives what
        was not read of a body of ``size`` bytes."""
        self.iprot = iprot
        self.oprot = oprot
        self._output = output
        self.call = BodyCall(rest)
        self.call.traffic = Traffic(size, lambda: len(output.getvalue()))

    @classmethod
    def of(
        cls,
        body: bytes,
        itrans_factory: Any,
        iprot_factory: Any,
        otrans_factory: Any,
        oprot_factory: Any,
    ) -> Exchange:
        """The exchange of a body, by protocols that block."""
        source = _Body(body)
        itrans = itrans_factory.get_transport(TFileObjectTransport(source))
        output = TMemoryBuffer()
        iprot = iprot_factory.get_protocol(itrans)
        oprot = oprot_factory.get_protocol(otrans_factory.get_transport(output))
        exchange = cls(iprot, oprot, output, lambda: source.rest(itrans), len(body))
        exchange.call.opening = body[:LOOKED_AT]
        return exchange

    def note_request(self, peer: str, headers: Iterable[Header]) -> None:
        """Note from whom the call has come, with which headers, and when it ends by these."""
        self.call.peer, self.call.headers = peer, headers
        self.call.deadline = moment_of(
            value for name, value in headers if name.lower() == _TIMEOUT_HEADER
        )

    def answer(
        self,
        process: Callable[[ServerCall], None],
        settle: Callable[[BaseException, ServerCall, Any], Any],
        *,
        errors: tuple[type[BaseException], ...] = (Exception,),
        passing: tuple[type[BaseException], ...] = (),
    ) -> bytes:
        """Process the call, and give what is written for it.

        Of ``errors``, those of ``passing`` are raised; any other is for ``settle``, which gets the
        call and the protocol to answer with. Raises ``BadRequest`` where nothing was written.
        """
        failed = False
        raised: tuple[type[BaseException], ...] = (BadRequest, *passing)
        try:
            process(self.call)
            # A processor that flushes nothing has answered a oneway call.
            self.oprot.trans.flush()
        except raised:
            self.call.end()
            raise
        except errors as error:
            settle(error, self.call, self.oprot)
            failed = True
        return self.take(failed=failed)

    def take(self, *, failed: bool) -> bytes:
        """What was written for the call. Raises ``BadRequest`` when it is nothing and the call has
        ``failed``."""
        self.call.end()
        written: bytes = self._output.getvalue()
        if failed and not written:
            if self.call.header is None:
                found = explain(self.call.opening, self.oprot, "server", self.call.wanted)
                reason = f"the body is {found or 'no Thrift message'}"
                raise BadRequest(400, reason, is_told=self.call.is_told)
            if self.call.stage == BEGUN:
                reason = "the message in the body cannot be read to its end"
                raise BadRequest(400, reason, is_told=self.call.is_told)
            if not self.call.oneway:
                raise BadRequest(500, "the call could not be answered")
        return written


class _Body(io.BytesIO):
    """The body of a request.

    A framed transport reads ahead. It is given its frame first, so that what follows the frame
    stays here, where it is seen.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._first = frame_end(body) or 0

    def read(self, size: int | None = -1) -> bytes:
        before_end = self._first - self.tell()
        if size is not None and size > before_end > 0:
            size = before_end
        return super().read(size)

    def rest(self, trans: Any) -> bytes:
        """What has not been read by ``trans``, or a part of it."""
        rest = self.read()
        # What the transport has taken and keeps.
        with contextlib.suppress(TTransportException, EOFError):
            while not _says_something(rest) and (byte := trans.read(1)):
                rest += byte
        return rest


def _says_something(rest: bytes) -> bool:
    """Whether what follows a message is more than the white space that may follow one of JSON."""
    return len(rest) > _MOST_WHITE_SPACE or bool(rest.strip())
