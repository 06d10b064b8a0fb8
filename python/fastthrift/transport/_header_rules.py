"""What a connection of THeader knows and says, as rules over bytes: nothing here waits or moves
them, so that transports which block and those of asyncio have the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastthrift._core import (
    detect,
    frame_ended,
    frame_header,
    frame_length,
    framed,
    keep_headers,
    refused_client,
    refused_transform,
)

from ._header_frame import (
    ZLIB,
    HeaderFrame,
    is_header_frame,
    read_frame,
    write_frame,
)
from ._header_names import as_bytes, merged
from ._time_left import TIMEOUT_HEADER, deadline_of, milliseconds_left
from .base import TTransportException

# As many bytes tell what a message is.
_START = 16


class THeaderClientType:
    """What the other side of a connection may speak."""

    HEADERS = 0
    FRAMED_BINARY = 1
    UNFRAMED_BINARY = 2
    FRAMED_COMPACT = 3
    UNFRAMED_COMPACT = 4


class THeaderSubprotocolID:
    """The protocol of the message in a frame."""

    BINARY = 0
    COMPACT = 2


class THeaderTransformID:
    """How the message in a frame was transformed."""

    ZLIB = ZLIB


_FRAMED = {
    THeaderSubprotocolID.BINARY: THeaderClientType.FRAMED_BINARY,
    THeaderSubprotocolID.COMPACT: THeaderClientType.FRAMED_COMPACT,
}
_UNFRAMED = {
    THeaderSubprotocolID.BINARY: THeaderClientType.UNFRAMED_BINARY,
    THeaderSubprotocolID.COMPACT: THeaderClientType.UNFRAMED_COMPACT,
}

_SPOKEN = {"binary": THeaderSubprotocolID.BINARY, "compact": THeaderSubprotocolID.COMPACT}


def taken_clients(allowed: Collection[int]) -> list[bool]:
    """Of each type of clients, by its number, whether it is allowed."""
    return [number in allowed for number in range(5)]


def _protocol_at(start: bytes) -> int | None:
    """The protocol of a message without a frame, by its start, where it is one."""
    speech, is_framed = detect(start) or ("", False)
    return None if is_framed else _SPOKEN.get(speech)


def _shown(start: bytes, size: int | None = None) -> str:
    """The first bytes of a connection, or of a frame of this size, and what they are, where they
    tell."""
    found = detect(start if size is None else frame_header(size) + start)
    return f"{bytes(start)!r}" + (f" ({found[0]})" if found else "")


class HeaderRules:
    """What one side of a connection has been told and tells the other."""

    def __init__(
        self, allowed: Collection[int], default_protocol: int, max_frame_size: int
    ) -> None:
        if default_protocol not in _FRAMED:
            raise ValueError(
                f"THeader has no protocol {default_protocol!r} here: there are 0 (binary) and 2 "
                "(compact), see THeaderSubprotocolID"
            )
        self.allowed = allowed
        self.default_protocol = default_protocol
        self.max_frame_size = max_frame_size
        self.write_headers: dict[bytes, bytes] = {}
        self.write_persistent: dict[bytes, bytes] = {}
        self.write_transforms: list[int] = []
        #: Of the call that is made, by names in text; the observers of calls fill them in.
        self.call_headers: dict[str, str] = {}
        #: What is below the transport: the first that has a deadline bounds the calls of a client.
        self.below: Any = None
        #: Whether what is written answers what was read, and so goes as that has come.
        self.answers = False
        #: Whether the last flush was refused because of a limit, so that nothing was sent.
        self.refused = False
        #: Whether a message is being read, which goes on in no other frame.
        self.is_reading = False
        self.start_over()

    def start_over(self) -> None:
        """Forget what the other side has said: there is another connection."""
        self.client_type = THeaderClientType.HEADERS
        self.received = HeaderFrame(b"", self.default_protocol)
        self.read_persistent: dict[bytes, bytes] = {}
        self.sequence_id = 0
        #: Whether the other side has sent something that is taken here.
        self.has_taken = False
        self.is_reading = False

    def require_no_message(self) -> None:
        """Raise where another frame is asked for in the middle of a message."""
        if self.is_reading and not self.is_unframed:
            raise frame_ended()

    @property
    def is_unframed(self) -> bool:
        """Whether the other side was found to send no frames."""
        return self.client_type in _UNFRAMED.values()

    def size_after(self, start: bytes) -> int | None:
        """How many bytes the frame has that begins with these, its length; None where they are the
        start of a message, and the connection has no frames."""
        protocol = _protocol_at(start)
        if protocol is not None:
            self._take(_UNFRAMED[protocol], HeaderFrame(b"", protocol))
            return None
        try:
            return frame_length(start, self.max_frame_size)
        except TTransportException as error:
            if detect(start) is not None:
                error.message = f"{error.message}: it begins with {_shown(start)}"
            raise

    def message_in(self, frame: bytes) -> bytes:
        """What is in a frame, given without its length."""
        if is_header_frame(frame):
            received = read_frame(frame, self.max_frame_size)
            self._take(THeaderClientType.HEADERS, received)
            if received.persistent:
                self.read_persistent = keep_headers(self.read_persistent, received.persistent)
            self.sequence_id = received.sequence_id
            return received.payload
        protocol = _protocol_at(frame[:_START])
        if protocol is None:
            raise TTransportException(
                TTransportException.INVALID_CLIENT_TYPE,
                f"a frame that begins with {_shown(frame[:_START], len(frame))}: expected "
                "THeader's magic number 0x0FFF, "
                "or a message of the binary or compact protocol",
            )
        self._take(_FRAMED[protocol], HeaderFrame(b"", protocol))
        return bytes(frame)

    def _take(self, client_type: int, received: HeaderFrame) -> None:
        if client_type not in self.allowed:
            raise TTransportException(
                TTransportException.INVALID_CLIENT_TYPE,
                refused_client(client_type, taken_clients(self.allowed)),
            )
        self.client_type = client_type
        self.received = received
        self.has_taken = True

    def sent_for(self, payload: bytes) -> bytes:
        """What is sent for what was written: one frame, or as the other side speaks; nothing for
        nothing. Raises as ``TFramedTransport`` for what is above the limit."""
        self.refused = False
        # What was read is behind, also of who has not said so.
        self.is_reading = False
        if not payload:
            return b""
        # Until nothing is wrong with what is sent; what was set for it goes with the next message
        # otherwise.
        self.refused = True
        if self.client_type == THeaderClientType.HEADERS:
            payload = self._as_frame(payload)
        if not self.is_unframed:
            payload = framed(payload, self.max_frame_size)
        self.refused = False
        self.write_headers = {}
        return payload

    def _as_frame(self, payload: bytes) -> bytes:
        transforms = self.write_transforms
        if self.answers and not transforms:
            transforms = self.received.transforms
        of_call = {as_bytes(name): as_bytes(text, name) for name, text in self.call_headers.items()}
        headers = merged(self._time_left(), self.write_persistent, self.write_headers, of_call)
        frame = HeaderFrame(
            payload, self.received.protocol_id, 0, self.sequence_id, transforms, headers
        )
        try:
            return write_frame(frame)
        except TTransportException:
            # They are what is too large, and would be with the next message too.
            self.write_headers = {}
            raise

    def _time_left(self) -> dict[bytes, bytes]:
        """What tells the server until when a call has time, where the program does not say so by
        itself."""
        at = None if self.answers else deadline_of(self.below)
        if at is None:
            return {}
        return {TIMEOUT_HEADER.encode(): milliseconds_left(at).encode()}


class HeaderFace:
    """What transports of THeader have for their users."""

    rules: HeaderRules

    @property
    def call_headers(self) -> dict[str, str]:
        """Headers of the call that is made, by names in text."""
        return self.rules.call_headers

    @call_headers.setter
    def call_headers(self, headers: dict[str, str]) -> None:
        self.rules.call_headers = headers

    @property
    def refused(self) -> bool:
        """Whether the last flush was refused because of a limit, so that nothing was sent."""
        return self.rules.refused

    @property
    def has_taken(self) -> bool:
        """Whether the other side has sent something that is taken here, in whatever frames."""
        return self.rules.has_taken

    @property
    def protocol_id(self) -> int:
        """The protocol of the last message that came, or of the first one that goes."""
        return self.rules.received.protocol_id

    @property
    def sequence_id(self) -> int:
        """That of the next frame; of an answer it is the call's."""
        return self.rules.sequence_id

    @sequence_id.setter
    def sequence_id(self, sequence_id: int) -> None:
        # 32 bits; those of messages are signed.
        self.rules.sequence_id = sequence_id & 0xFFFF_FFFF

    def get_headers(self) -> dict[bytes, bytes]:
        """What came with the last message, and what was said to be for all of them."""
        return self.rules.read_persistent | self.rules.received.headers

    def set_header(self, key: str | bytes, value: str | bytes) -> None:
        """Send this with the next message. Of names that differ in case alone the last one is
        sent; raises ``TypeError`` for what is neither text nor bytes."""
        self.rules.write_headers[as_bytes(key)] = as_bytes(value, key)

    def set_persistent_header(self, key: str | bytes, value: str | bytes) -> None:
        """Send this with each message from now on."""
        self.rules.write_persistent[as_bytes(key)] = as_bytes(value, key)

    def clear_headers(self) -> None:
        """Send none of what was set with the next message, nor with those after it."""
        self.rules.write_headers = {}
        self.rules.write_persistent = {}

    def add_transform(self, transform_id: int) -> None:
        """Transform each message from now on; there is ``THeaderTransformID.ZLIB``."""
        if transform_id != ZLIB:
            raise ValueError(refused_transform(transform_id))
        if transform_id not in self.rules.write_transforms:
            self.rules.write_transforms.append(transform_id)
