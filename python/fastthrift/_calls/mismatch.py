"""What the other side speaks, guessed from the first bytes that came of it.

For the text of an error and nothing else: two programs that do not use the same protocol and
transport each find that the other one sends garbage, or hangs up.
"""

from __future__ import annotations

from fastthrift._calls.transports import LOOKED_AT, find_layer, is_said_of, layers
from fastthrift._core import guess
from fastthrift.transport.base import TTransportException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What is no Thrift message, and what would have been one.
_NO_MESSAGES = {
    "HTTP request": ("an HTTP request", "messages without HTTP around them"),
    "HTTP response": ("an HTTP response", "messages without HTTP around them"),
    "TLS handshake": ("a TLS handshake", "connections without encryption"),
    "TLS alert": ("a TLS alert", "connections without encryption"),
    "SASL": ("a SASL negotiation", "messages without one"),
    "zlib": ("a stream that zlib has compressed", "messages that are not compressed"),
}

# What is text.
_TEXTS = {
    "SMTP greeting": "an SMTP greeting",
    "SSH greeting": "an SSH greeting",
    "text": "text",
}

_OLD_BINARY = "old binary"
_HEADER = "THeader"

# The classes of protocols, as `detect` names what they speak, and of transports: whether they make
# frames.
_PROTOCOLS = {
    "TBinaryProtocol": "binary",
    "TCompactProtocol": "compact",
    "TJSONProtocol": "JSON",
    "TApacheJSONProtocol": "Apache JSON",
}
_TRANSPORTS = {
    "TFramedTransport": True,
    "TAsyncFramedTransport": True,
    "THeaderTransport": True,
    "TAsyncHeaderTransport": True,
    "TBufferedTransport": False,
    "TAsyncBufferedTransport": False,
    "TAsyncMemoryBuffer": False,
}

# The reasons of OpenSSL for bytes that are no handshake.
_NO_HANDSHAKE = ("HTTP_REQUEST", "WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "UNSUPPORTED_PROTOCOL")


def explain(opening: bytes | None, prot: Any, side: str, wanted: str | None = None) -> str | None:
    """What came in place of a message, and what ``side`` ("server" or "client") expects: what is
    ``wanted``, or what its protocol ``prot`` is for; None where the bytes do not tell, or are as
    they should be."""
    found = _seen(opening)
    if found is None:
        return None
    speech, framed = found
    if speech in _TEXTS:
        # A client shows the text itself.
        if side == "client":
            return None
        return f"{_TEXTS[speech]}, this server expects {wanted or 'messages of Thrift'}"
    if speech in _NO_MESSAGES:
        what, other = _NO_MESSAGES[speech]
        return f"{what}, this {side} expects {wanted or other}"
    wanted = wanted or ("" if _has_taken(prot) else _wanted(prot, speech, framed))
    if not wanted:
        return None
    return f"{_message(speech, framed)}, this {side} expects {wanted}"


def look_of(opening: bytes | bytearray | None) -> str | None:
    """What bytes look like that somebody did not expect; None where they do not tell."""
    found = _spoken(opening)
    if found is None:
        return None
    return _NO_MESSAGES[found[0]][0] if found[0] in _NO_MESSAGES else _message(*found)


def _message(speech: str, framed: bool) -> str:
    message = "binary message without a version" if speech == _OLD_BINARY else f"{speech} message"
    return f"{'a framed' if framed else 'an unframed'} {message}"


def is_message(body: bytes | bytearray) -> bool:
    """Whether bytes begin as a message does, in any dialect."""
    found = _spoken(body)
    return found is not None and (found[0] == "zlib" or found[0] not in _NO_MESSAGES)


def _seen(opening: bytes | bytearray | None) -> tuple[str, bool] | None:
    """What the first bytes look like, and whether in a frame; None where they do not tell."""
    return guess(bytes(opening[:LOOKED_AT])) if opening else None


def _spoken(opening: bytes | bytearray | None) -> tuple[str, bool] | None:
    """What the first bytes speak, and whether in frames; None where they do not tell, and of text
    that nobody needs to be told of."""
    found = _seen(opening)
    return None if found is None or found[0] in _TEXTS else found


def _has_taken(prot: Any) -> bool:
    """Whether it is THeader's, which has looked at the frames and names whom it does not take:
    what there is of a message was in one of them."""
    return is_said_of(getattr(prot, "trans", None), "has_taken")


def _is_of_header(prot: Any) -> bool:
    """Whether it goes over THeader, which has frames of its own, and protocols in them."""
    return find_layer(getattr(prot, "trans", None), "has_taken") is not None


def _wanted(prot: Any, speech: str, framed: bool) -> str:
    """What a protocol is for that is not spoken so; nothing where it is, or nobody knows."""
    if speech != _HEADER and _is_of_header(prot):
        return _HEADER
    own_frames, own_protocol = _makes_frames(prot), _other_protocol(prot, speech)
    wanted = ""
    if own_frames is not None and framed != own_frames:
        wanted = "frames" if own_frames else "messages without frames"
    if own_protocol is not None:
        wanted += f" of the {own_protocol}" if wanted else f"the {own_protocol}"
    return wanted


def advise(opening: bytes | None, prot: Any) -> str | None:
    """The factories that a client with the protocol ``prot`` needs to speak as the other side;
    None where the bytes do not tell."""
    found = _spoken(opening)
    if found is None or found[0] in _NO_MESSAGES or _has_taken(prot):
        return None
    speech, framed = found
    names = [
        base.__name__
        for trans in layers(getattr(prot, "trans", None))
        for base in type(trans).__mro__
    ]
    kind = "TAsync" if any(name.startswith("TAsync") for name in names) else "T"
    if speech == _HEADER:
        if _other_protocol(prot, speech) is None:
            return None
        return f"use {kind}HeaderTransportFactory and {kind}HeaderProtocolFactory"
    of_header = _is_of_header(prot)
    own_frames, needed = _makes_frames(prot), []
    if of_header or (own_frames is not None and framed != own_frames):
        needed.append(f"{kind}{'Framed' if framed else 'Buffered'}TransportFactory")
    if of_header or _other_protocol(prot, speech) is not None:
        if speech == _OLD_BINARY:
            needed.append(f"{kind}BinaryProtocolFactory(strict_read=False)")
        else:
            protocol = {name: each for each, name in _PROTOCOLS.items()}[speech]
            needed.append(f"{kind}{protocol[1:]}Factory")
    return f"use {' and '.join(needed)}" if needed else None


def explain_handshake(error: BaseException) -> str | None:
    """What is said of an error of TLS that bytes without encryption cause."""
    if getattr(error, "reason", None) in _NO_HANDSHAKE:
        return "no TLS handshake, this server expects encrypted connections"
    return None


def explain_refused(error: BaseException) -> str | None:
    """What is said of an error that names what the other side speaks, which is not taken."""
    if isinstance(error, TTransportException):
        refused = error.type == TTransportException.INVALID_CLIENT_TYPE
        return "a message that this server does not take" if refused else None
    return None


def explain_hang_up(call: str, *, sent: bool, begun: bool, answered: bool, here: bool) -> str:
    """What probably is the matter when the server has closed the connection: while the call was
    sent, when its reply had ``begun``, or without; ``answered`` is whether an earlier call on the
    connection was; ``here``, whether it was closed on this side meanwhile."""
    if here:
        return f"this side closed the connection while {call} waited for its answer"
    if not sent:
        when = f"the server hung up while {call} was sent"
    elif begun:
        return f"the server hung up in the middle of its answer to {call}"
    else:
        when = f"the server hung up without answering {call}"
    if answered:
        return f"{when}: it may close connections that are idle, or have stopped"
    return f"{when}: do both sides use the same protocol and transport?"


def _other_protocol(prot: Any, speech: str) -> str | None:
    """The protocol that is expected; None where it is not known, or what was found."""
    # A multiplexed one stands before another.
    prot = getattr(prot, "_proto", prot)
    names = (base.__name__ for base in type(prot).__mro__)
    own = next((_PROTOCOLS[name] for name in names if name in _PROTOCOLS), None)
    if own is None or own == speech:
        return None
    if (own, speech) == ("binary", _OLD_BINARY):
        strict = getattr(prot, "strict_read", False)
        return "binary protocol with versions (strict_read)" if strict else None
    return f"{own} protocol"


def _makes_frames(prot: Any) -> bool | None:
    found = None
    for trans in layers(getattr(prot, "trans", None)):
        names = (base.__name__ for base in type(trans).__mro__)
        framed = next((_TRANSPORTS[name] for name in names if name in _TRANSPORTS), None)
        if framed:
            return True
        found = framed if found is None else found
    return found
