"""SASL on a client's connection: what is said until both sides agree, and the frames after that.

Nothing here moves bytes: the transports do, in their own way of waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from fastthrift._core import frame_header, framed

from .base import TTransportException

# What is to be sent, a message each, and the status and the contents of what comes then.
Negotiation = Generator[list[bytes], tuple[int, bytes], None]


class SaslClient:
    """What a client's transport knows of SASL.

    The mechanism is a foreign object with the interface of the ``sasl`` package's ``Client``:
    ``start``, ``step``, ``encode``, ``decode`` and ``getError``.
    """

    # What a message of the negotiation is.
    START = 1
    OK = 2
    BAD = 3
    ERROR = 4
    COMPLETE = 5

    def __init__(
        self,
        sasl_client_factory: Callable[[], Any],
        mechanism: str,
        trans: Any,
        max_frame_size: int,
    ) -> None:
        self._trans = trans
        self.sasl_client_factory = sasl_client_factory
        self.sasl: Any = None
        self.mechanism = mechanism
        self.max_frame_size = max_frame_size
        # Whether the mechanism encodes frames; None until the first one was sent.
        self.encode: bool | None = None
        #: Whether the last flush was refused because of the limit, so that nothing was sent.
        self.refused = False

    def start_client(self) -> None:
        """Make the SASL client of a connection."""
        if self.sasl is not None:
            raise TTransportException(TTransportException.ALREADY_OPEN, "Already open!")
        self.sasl = self.sasl_client_factory()

    def negotiation(self) -> Negotiation:
        """What is said until both sides agree; raises ``TTransportException`` of type ``NOT_OPEN``
        where they do not."""
        started, mechanism, response = self.sasl.start(self.mechanism)
        if not started:
            _refuse(f"Could not start SASL: {self.sasl.getError()}")
        sent = [_message(self.START, mechanism), _message(self.OK, response)]
        while True:
            status, payload = yield sent
            if status not in (self.OK, self.COMPLETE):
                _refuse(f"Bad status: {status} ({payload!r:.1000})")
            if status == self.COMPLETE:
                return
            stepped, response = self.sasl.step(payload)
            if not stepped:
                _refuse(f"Bad SASL result: {self.sasl.getError()}")
            sent = [_message(self.OK, response)]

    def framed(self, data: bytes) -> bytes:
        """A frame of what was written. One over the limit is refused before the mechanism counts
        it."""
        self.refused = len(data) > self.max_frame_size
        header = frame_header(len(data), self.max_frame_size, sasl=True)
        encoded = data if self.encode is False else self._call("encode", data)
        if self.encode is None:
            # A mechanism that only authenticates leaves the bytes as they are.
            self.encode = len(encoded) != len(data)
        # What the mechanism has encoded starts with its length.
        return encoded if self.encode else header + data

    def contents(self, header: bytes, frame: bytes) -> bytes:
        """What is in a frame."""
        return self._call("decode", header + frame) if self.encode else frame

    def _call(self, method: str, data: bytes) -> bytes:
        if self.sasl is None:
            raise TTransportException(TTransportException.NOT_OPEN, "The transport is not open")
        done, result = getattr(self.sasl, method)(data)
        if not done:
            raise TTransportException(TTransportException.UNKNOWN, self.sasl.getError())
        return bytes(result)

    def forget_client(self) -> None:
        """The connection is closed: the next one is negotiated anew."""
        self.sasl = None
        self.encode = None


def empty_frame() -> TTransportException:
    """What a frame without contents is: a peer that sends nothing but such would keep a reader
    waiting for ever."""
    return TTransportException(
        TTransportException.END_OF_FILE, "Received empty SASL frame while more data expected"
    )


def _message(status: int, body: str | bytes | None) -> bytes:
    # SASL libraries differ in what they give.
    data = body.encode() if isinstance(body, str) else body or b""
    return bytes((status,)) + framed(bytes(data), sasl=True)


def _refuse(message: str) -> None:
    raise TTransportException(TTransportException.NOT_OPEN, message)
