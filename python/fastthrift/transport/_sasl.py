"""SASL on a client's connection: what is said until both sides agree, and the frames after that.

What moves bytes is a rule in steps, of which each transport is a driver in its own way of waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from fastthrift._core import FRAME_HEADER, frame_header, frame_length, framed

from .base import TTransportException

if TYPE_CHECKING:
    from fastthrift._steps import Steps


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

    #: ``readall``, as the transport waits.
    _readall: ClassVar[Callable[..., Any]]
    #: Closes the connection, and what is known of it.
    close: Callable[[], None]

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

    def authenticate(self) -> Steps[None]:
        """Open the transport below, and talk until both sides agree; where they do not, close.

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the two do not agree, of type
        ``ALREADY_OPEN`` when they have.
        """
        if not self._trans.is_open():
            yield self._trans.open()
        if self.sasl is not None:
            raise TTransportException(TTransportException.ALREADY_OPEN, "Already open!")
        self.sasl = self.sasl_client_factory()
        try:
            yield from self._negotiate()
        except BaseException:
            self.close()
            raise

    def _negotiate(self) -> Steps[None]:
        started, mechanism, response = self.sasl.start(self.mechanism)
        if not started:
            _refuse(f"Could not start SASL: {self.sasl.getError()}")
        yield from self._send(self.START, mechanism)
        while True:
            yield from self._send(self.OK, response)
            status, *header = yield self._readall(self._trans.read, 1 + FRAME_HEADER)
            payload = yield self._rest_of_frame(bytes(header))
            if status not in (self.OK, self.COMPLETE):
                _refuse(f"Bad status: {status} ({payload!r:.1000})")
            if status == self.COMPLETE:
                return
            stepped, response = self.sasl.step(payload)
            if not stepped:
                _refuse(f"Bad SASL result: {self.sasl.getError()}")

    def _send(self, status: int, body: str | bytes | None) -> Steps[None]:
        # SASL libraries differ in what they give.
        data = body.encode() if isinstance(body, str) else body or b""
        self._trans.write(bytes((status,)) + framed(bytes(data), sasl=True))
        yield self._trans.flush()

    def _rest_of_frame(self, header: bytes) -> Any:
        """What is read of a frame that begins so."""
        size = frame_length(header, self.max_frame_size, sasl=True)
        return self._readall(self._trans.read, size)

    def next_frame(self) -> Steps[bytes]:
        """Read a frame: what is in it."""
        header = yield self._readall(self._trans.read, FRAME_HEADER)
        return self.contents(header, (yield self._rest_of_frame(header)))

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


def _refuse(message: str) -> None:
    raise TTransportException(TTransportException.NOT_OPEN, message)
