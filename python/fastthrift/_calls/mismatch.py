"""What the other side speaks, guessed from the first bytes that came of it.

For the text of an error and nothing else: two programs that do not use the same protocol and
transport each find that the other one sends garbage, or hangs up.
"""

from __future__ import annotations

from fastthrift._calls.transports import layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LENGTH = 4
_CALL, _ONEWAY = 1, 4

# What is no Thrift message, and what would have been one.
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    *(
        (verb + b" ", "an HTTP request", "messages without HTTP around them")
        for verb in (b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"PATCH", b"PRI")
    ),
    (b"HTTP/", "an HTTP response", "messages without HTTP around them"),
    (b"\x16\x03", "a TLS handshake", "connections without encryption"),
    (b"\x15\x03", "a TLS alert", "connections without encryption"),
    (b"\x01\0\0\0", "a SASL negotiation", "messages without one"),
)

# The classes of protocols, and of transports: whether they make frames.
_PROTOCOLS = {
    "TBinaryProtocol": "binary",
    "TCompactProtocol": "compact",
    "TJSONProtocol": "JSON",
    "TApacheJSONProtocol": "Apache JSON",
}
_TRANSPORTS = {
    "TFramedTransport": True,
    "TAsyncFramedTransport": True,
    "TBufferedTransport": False,
    "TAsyncBufferedTransport": False,
}

# The reasons of OpenSSL for bytes that are no handshake.
_NO_HANDSHAKE = ("HTTP_REQUEST", "WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "UNSUPPORTED_PROTOCOL")


def explain(opening: bytes | None, prot: Any, side: str) -> str | None:
    """What came in place of a message, and what ``side`` ("server" or "client"), which has the
    protocol ``prot``, expects; None where the bytes do not tell, or are as they should be."""
    if not opening:
        return None
    for start, what, wanted in _FOREIGN:
        # Four bytes, which may be all that came, are enough.
        if opening.startswith(start) or opening == start[:_LENGTH]:
            return f"{what}, this {side} expects {wanted}"
    found = _recognise(opening)
    if found is None:
        return None
    protocol, framed = found
    own_protocol, own_frames = _protocol_of(prot), _makes_frames(prot)
    wanted = ""
    if own_frames is not None and framed != own_frames:
        wanted = "frames" if own_frames else "messages without frames"
    if own_protocol is not None and protocol != own_protocol:
        wanted += f" of the {own_protocol} protocol" if wanted else f"the {own_protocol} protocol"
    if not wanted:
        return None
    article = "a framed" if framed else "an unframed"
    return f"{article} {protocol} message, this {side} expects {wanted}"


def explain_handshake(error: BaseException) -> str | None:
    """What is said of an error of TLS that bytes without encryption cause."""
    if getattr(error, "reason", None) in _NO_HANDSHAKE:
        return "no TLS handshake, this server expects encrypted connections"
    return None


def explain_hang_up(call: str, *, sent: bool, begun: bool, answered: bool) -> str:
    """What probably is the matter when the server has closed the connection: while the call was
    sent, when its reply had ``begun``, or without; ``answered`` is whether an earlier call on the
    connection was."""
    if not sent:
        when = f"the server hung up while {call} was sent"
    elif begun:
        return f"the server hung up in the middle of its answer to {call}"
    else:
        when = f"the server hung up without answering {call}"
    if answered:
        return f"{when}: it may close connections that are idle, or have stopped"
    return f"{when}: do both sides use the same protocol and transport?"


def _recognise(data: bytes) -> tuple[str, bool] | None:
    """The protocol of a message, and whether it comes in a frame."""
    protocol = _protocol_at(data)
    if protocol is not None:
        return protocol, False
    # A length with its highest bit set is negative.
    protocol = _protocol_at(data[_LENGTH:]) if data[0] < 0x80 else None
    return None if protocol is None else (protocol, True)


def _protocol_at(data: bytes) -> str | None:
    if data.startswith((b"\x80\x01\0", b"\x80\x01\1")) and len(data) >= _LENGTH:
        return "binary" if _CALL <= data[3] <= _ONEWAY else None
    if len(data) >= 2 and data[0] == 0x82 and data[1] & 0x1F == 1:
        return "compact"
    if data.startswith(b"[1,"):
        return "Apache JSON"
    if data[_LENGTH:].startswith(b'{"'):
        return "JSON"
    if data.startswith(b"\x0f\xff"):
        return "THeader"
    return None


def _protocol_of(prot: Any) -> str | None:
    # A multiplexed one stands before another.
    prot = getattr(prot, "_proto", prot)
    names = (base.__name__ for base in type(prot).__mro__)
    return next((_PROTOCOLS[name] for name in names if name in _PROTOCOLS), None)


def _makes_frames(prot: Any) -> bool | None:
    found = None
    for trans in layers(getattr(prot, "trans", None)):
        names = (base.__name__ for base in type(trans).__mro__)
        framed = next((_TRANSPORTS[name] for name in names if name in _TRANSPORTS), None)
        if framed:
            return True
        found = framed if found is None else found
    return found
