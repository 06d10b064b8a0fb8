"""Messages of Thrift in bodies: which protocol they have, and what they are answered with.

Clients of Thrift send ``application/x-thrift`` whatever their protocol is, so that its first bytes
have to tell; a type of Apache's (``application/vnd.apache.thrift.compact``) says it. Web pages of
other sites can have a browser send what they like, with the cookies of this one, as a form, as
plain text or without a type: none of that is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastthrift._calls.exchange import CONTENT_TYPE, Answer, BadRequest, Header
from fastthrift._core import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TBufferedTransportFactory,
    TCompactProtocolFactory,
    TFramedTransportFactory,
    TMemoryBuffer,
    TMessageType,
    detect,
)
from fastthrift._exceptions import TApplicationException
from fastthrift._payload import read_payload
from fastthrift.protocol import TJSONProtocolFactory

if TYPE_CHECKING:
    from fastthrift._calls.exchange import BodyCall

    from .request import Request

#: Which failure a reply tells, by the name of its type: ``INTERNAL_ERROR``.
STATUS_HEADER = "X-Thrift-Status"

BINARY: Any = TBinaryProtocolFactory()
BUFFERED: Any = TBufferedTransportFactory()
_FRAMED: Any = TFramedTransportFactory()

_FACTORIES: dict[str, Any] = {
    "binary": BINARY,
    "old binary": TBinaryProtocolFactory(strict_read=False, strict_write=False),
    "compact": TCompactProtocolFactory(),
    "JSON": TJSONProtocolFactory(),
    "Apache JSON": TApacheJSONProtocolFactory(),
}
_ANY = tuple(_FACTORIES)
_VENDOR = "application/vnd.apache.thrift."
# What may come as which type. The first one is said of bytes that begin like none.
_PROTOCOLS = {
    CONTENT_TYPE: _ANY,
    f"{_VENDOR}binary": ("binary", "old binary"),
    f"{_VENDOR}compact": ("compact",),
    # thriftpy2's own JSON has no other name.
    f"{_VENDOR}json": ("Apache JSON", "JSON"),
    "application/octet-stream": _ANY,
    "": _ANY,
}
_FAILURES: dict[Any, str] = {
    value: name
    for name, value in vars(TApplicationException).items()
    if name.isupper() and isinstance(value, int)
}


class Message(NamedTuple):
    """A message, and the factories of the protocol and the transport that it is read by."""

    data: bytes
    protocol: Any
    transport: Any
    #: What may come in its place; None where it is what it says.
    wanted: str | None = None


class Made(NamedTuple):
    """A call that was made."""

    call: BodyCall
    message: Message
    #: What was written for it; nothing for a oneway call.
    written: bytes
    #: What it failed with; None where it did not, or with an exception that was answered.
    error: BaseException | None


class MessageTask:
    """A request whose body is a message of Thrift."""

    def __init__(self, request: Request, *, json: bool) -> None:
        """Raises ``BadRequest`` for a body of another type; ``json`` is whether JSON is taken."""
        media_type = request.media_type
        untyped_by_browser = not media_type and (
            "origin" in request.headers or "sec-fetch-site" in request.headers
        )
        if media_type not in _PROTOCOLS or untyped_by_browser:
            known = ", ".join(filter(None, _PROTOCOLS))
            also = " (at /Service/method: application/json)" if json else ""
            raise BadRequest(415, f"the Content-Type of a call is one of {known}{also}")
        self._protocols = _PROTOCOLS[media_type]
        self._is_named = media_type.startswith(_VENDOR)
        content_type = media_type if self._is_named else CONTENT_TYPE
        self._headers: tuple[Header, ...] = (("Content-Type", content_type),)

    def message(self, body: bytes) -> Message:
        """The message that a body is."""
        protocol, framed = detect(body) or (self._protocols[0], False)
        wanted = None
        if protocol not in self._protocols:
            # It will not be understood, and that is told.
            protocol, framed, wanted = self._protocols[0], False, self._wanted()
        return Message(body, _FACTORIES[protocol], _FRAMED if framed else BUFFERED, wanted)

    def _wanted(self) -> str:
        """What may come."""
        *first, last = (each for each in self._protocols if each != "old binary")
        names = f"{', '.join(first)} or {last}" if first else last
        article = "an" if names.startswith("A") else "a"
        return f"{article} {names} message{', by its Content-Type' if self._is_named else ''}"

    def answer(self, made: Made) -> Answer:
        """What was written for a call. A reply that tells of a failure says so in a header, too,
        for logs and proxies."""
        headers = self._headers
        failure = failure_in(made)
        if failure is not None:
            headers = (*headers, (STATUS_HEADER, _FAILURES.get(failure.type, "UNKNOWN")))
        return Answer(200, headers, made.written)


def failure_in(made: Made, result: Any = None) -> TApplicationException | None:
    """The failure that a reply tells of; without any, what it has is read into ``result``."""
    if not made.written:
        return None
    message = made.message
    trans = message.transport.get_transport(TMemoryBuffer(made.written))
    prot = message.protocol.get_protocol(trans)
    _, kind, _ = prot.read_message_begin()
    if kind == TMessageType.EXCEPTION:
        failure = TApplicationException()
        failure.read(prot)
        return failure
    if result is not None:
        read_payload(result, prot)
    return None
