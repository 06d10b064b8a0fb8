"""The transport of THeader: framed messages with keys and values beside them.

A server may take other callers too, ``allowed_client_types`` says which, and answers each as it
speaks: framed or not, binary or compact. ``THeaderProtocol`` follows what the transport has found.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastthrift._core import DEFAULT_MAX_SIZE, TBufferedTransport, frame_header

from ._header_frame import (
    ZLIB,
    HeaderFrame,
    is_header_frame,
    read_frame,
    refused_transform,
    write_frame,
)
from .base import TTransportBase, TTransportException

__all__ = [
    "THeaderClientType",
    "THeaderSubprotocolID",
    "THeaderTransformID",
    "THeaderTransport",
    "THeaderTransportFactory",
]


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
_NAMES = {
    THeaderClientType.HEADERS: "THeader",
    THeaderClientType.FRAMED_BINARY: "framed binary",
    THeaderClientType.UNFRAMED_BINARY: "binary without frames",
    THeaderClientType.FRAMED_COMPACT: "framed compact",
    THeaderClientType.UNFRAMED_COMPACT: "compact without frames",
}
_LENGTH = 4


def _protocol_at(start: bytes) -> int | None:
    """The protocol of a message by its start, where it is one."""
    if start[:2] == b"\x80\x01":
        return THeaderSubprotocolID.BINARY
    if start[:1] == b"\x82" and start[1:2] and start[1] & 0x1F == 1:
        return THeaderSubprotocolID.COMPACT
    return None


class _HeaderStream(TTransportBase):
    """The frames of a connection. ``read`` gives what is in them, ``flush`` makes one."""

    def __init__(
        self, trans: Any, allowed: Collection[int], default_protocol: int, max_frame_size: int
    ) -> None:
        self.trans = TBufferedTransport(trans)
        self.allowed = allowed
        self.default_protocol = default_protocol
        self.max_frame_size = max_frame_size
        self.write_headers: dict[bytes, bytes] = {}
        self.write_persistent: dict[bytes, bytes] = {}
        self.write_transforms: list[int] = []
        #: Of the call that is made, by names in text; the observers of calls fill them in.
        self.call_headers: dict[str, str] = {}
        #: Whether what is written answers what was read, and so goes as that has come.
        self.answers = False
        #: Whether the last flush was refused because of a limit, so that nothing was sent.
        self.refused = False
        self._start_over()

    def _start_over(self) -> None:
        self.client_type = THeaderClientType.HEADERS
        self.received = HeaderFrame(b"", self.default_protocol)
        self.read_persistent: dict[bytes, bytes] = {}
        self.sequence_id = 0
        self._unread = b""
        self._position = 0
        self._written = bytearray()
        self.trans.clean()

    def is_open(self) -> bool:
        return bool(self.trans.is_open())

    def open(self) -> None:
        self._start_over()
        self.trans.open()

    def close(self) -> None:
        self.trans.close()

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes, of one frame."""
        if self._position == len(self._unread):
            self._unread, self._position = self._next(), 0
        data = self._unread[self._position : self._position + sz]
        self._position += len(data)
        if self._position == len(self._unread):
            self._unread, self._position = b"", 0
        return data

    def _next(self) -> bytes:
        """The bytes of the next frame; of a connection without frames those that have come."""
        if self.client_type in _UNFRAMED.values():
            first: bytes = self.trans.read(1)
            return first + self.trans.read(self.trans.pending())
        start = self.trans.read(_LENGTH)
        protocol = _protocol_at(start)
        if protocol is not None:
            self._take(_UNFRAMED[protocol], HeaderFrame(b"", protocol))
            return bytes(start)
        size = int.from_bytes(start, "big", signed=True)
        if not 0 < size <= self.max_frame_size:
            raise TTransportException(
                TTransportException.SIZE_LIMIT if size > 0 else TTransportException.NEGATIVE_SIZE,
                f"a frame of {size} bytes where at most {self.max_frame_size} are allowed: "
                f"it begins with {bytes(start)!r}, which may be no frame of THeader at all",
            )
        frame = self.trans.read(size)
        if is_header_frame(frame):
            received = read_frame(frame, self.max_frame_size)
            self._take(THeaderClientType.HEADERS, received)
            self.read_persistent |= received.persistent
            self.sequence_id = received.sequence_id
            return received.payload
        protocol = _protocol_at(frame)
        if protocol is None:
            raise TTransportException(
                TTransportException.INVALID_CLIENT_TYPE,
                f"a frame that begins with {frame[:16]!r}: expected THeader's magic number 0x0FFF, "
                "or a message of the binary or compact protocol",
            )
        self._take(_FRAMED[protocol], HeaderFrame(b"", protocol))
        return bytes(frame)

    def _take(self, client_type: int, received: HeaderFrame) -> None:
        if client_type not in self.allowed:
            raise TTransportException(
                TTransportException.INVALID_CLIENT_TYPE,
                f"the other side speaks {_NAMES[client_type]}: allowed are "
                f"{', '.join(_NAMES[each] for each in sorted(self.allowed))} "
                "(allowed_client_types)",
            )
        self.client_type = client_type
        self.received = received

    def write(self, buf: bytes) -> None:
        self._written += buf

    def flush(self) -> None:
        """Send what was written as one frame, or as the other side speaks."""
        payload = bytes(self._written)
        self._written.clear()
        if not payload:
            return
        self.refused = False
        if self.client_type == THeaderClientType.HEADERS:
            payload = self._as_frame(payload)
        if self.client_type not in _UNFRAMED.values():
            self.refused = len(payload) > self.max_frame_size
            if self.refused:
                raise TTransportException(
                    TTransportException.SIZE_LIMIT,
                    f"a frame of {len(payload)} bytes where at most {self.max_frame_size} are "
                    "allowed (max_frame_size)",
                )
            self.trans.write(frame_header(len(payload), self.max_frame_size))
        self.trans.write(payload)
        self.trans.flush()

    def _as_frame(self, payload: bytes) -> bytes:
        transforms = self.write_transforms
        if self.answers and not transforms:
            transforms = self.received.transforms
        headers = self.write_persistent | self.write_headers
        headers |= {as_bytes(name): as_bytes(text) for name, text in self.call_headers.items()}
        self.write_headers = {}
        frame = HeaderFrame(
            payload, self.received.protocol_id, 0, self.sequence_id, transforms, headers
        )
        try:
            return write_frame(frame)
        except TTransportException:
            self.refused = True
            raise


def as_bytes(text: str | bytes) -> bytes:
    """A key or value as THeader sends it."""
    return text.encode() if isinstance(text, str) else bytes(text)


class THeaderTransport(TBufferedTransport):
    """Sends each message in a frame of THeader.

    ``default_protocol`` is what a client's messages are written in (a server answers in that of
    the call), ``allowed_client_types`` what the other side may speak; ``max_frame_size``, in bytes,
    is for frames and for what a compressed one holds.
    """

    trans: _HeaderStream

    def __init__(
        self,
        trans: Any,
        allowed_client_types: Collection[int] = (THeaderClientType.HEADERS,),
        default_protocol: int = THeaderSubprotocolID.BINARY,
        *,
        max_frame_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        if default_protocol not in _FRAMED:
            raise ValueError(
                f"THeader has no protocol {default_protocol!r} here: there are 0 (binary) and 2 "
                "(compact), see THeaderSubprotocolID"
            )
        super().__init__(
            _HeaderStream(trans, allowed_client_types, default_protocol, max_frame_size)
        )

    @property
    def protocol_id(self) -> int:
        """The protocol of the last message that came, or of the first one that goes."""
        return self.trans.received.protocol_id

    @property
    def sequence_id(self) -> int:
        """That of the next frame; of an answer it is the call's."""
        return self.trans.sequence_id

    @sequence_id.setter
    def sequence_id(self, sequence_id: int) -> None:
        # 32 bits; those of messages are signed.
        self.trans.sequence_id = sequence_id & 0xFFFF_FFFF

    def get_headers(self) -> dict[bytes, bytes]:
        """What came with the last message, and what was said to be for all of them."""
        return self.trans.read_persistent | self.trans.received.headers

    def set_header(self, key: str | bytes, value: str | bytes) -> None:
        """Send this with the next message."""
        self.trans.write_headers[as_bytes(key)] = as_bytes(value)

    def set_persistent_header(self, key: str | bytes, value: str | bytes) -> None:
        """Send this with each message from now on."""
        self.trans.write_persistent[as_bytes(key)] = as_bytes(value)

    def clear_headers(self) -> None:
        """Send none of what was set with the next message, nor with those after it."""
        self.trans.write_headers = {}
        self.trans.write_persistent = {}

    def add_transform(self, transform_id: int) -> None:
        """Transform each message from now on; there is ``THeaderTransformID.ZLIB``."""
        if transform_id != ZLIB:
            raise ValueError(refused_transform(transform_id))
        if transform_id not in self.trans.write_transforms:
            self.trans.write_transforms.append(transform_id)


class THeaderTransportFactory:
    """Makes transports of THeader; those of one connection are to be one object, which answers as
    the call has come."""

    answers_in_kind = True

    def __init__(
        self,
        allowed_client_types: Collection[int] = (THeaderClientType.HEADERS,),
        default_protocol: int = THeaderSubprotocolID.BINARY,
        *,
        transforms: Collection[int] = (),
        max_frame_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self.allowed_client_types = allowed_client_types
        self.default_protocol = default_protocol
        self.transforms = transforms
        self.max_frame_size = max_frame_size

    def get_transport(self, trans: Any) -> THeaderTransport:
        made = THeaderTransport(
            trans,
            self.allowed_client_types,
            self.default_protocol,
            max_frame_size=self.max_frame_size,
        )
        for transform in self.transforms:
            made.add_transform(transform)
        return made
