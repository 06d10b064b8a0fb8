"""The transport of THeader: framed messages with keys and values beside them.

A server may take other callers too, ``allowed_client_types`` says which, and answers each as it
speaks: framed or not, binary or compact. ``THeaderProtocol`` follows what the transport has found.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from fastthrift._core import DEFAULT_MAX_SIZE, FRAME_HEADER, TBufferedTransport

from ._header_rules import (
    HeaderFace,
    HeaderRules,
    THeaderClientType,
    THeaderSubprotocolID,
    THeaderTransformID,
)
from .base import TTransportBase

__all__ = [
    "THeaderClientType",
    "THeaderSubprotocolID",
    "THeaderTransformID",
    "THeaderTransport",
    "THeaderTransportFactory",
]


class _HeaderStream(TTransportBase):
    """The frames of a connection. ``read`` gives what is in them, ``flush`` makes one."""

    def __init__(self, trans: Any, rules: HeaderRules) -> None:
        self.trans = TBufferedTransport(trans)
        self.rules = rules
        rules.below = trans
        self._start_over()

    def _start_over(self) -> None:
        self.rules.start_over()
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
            self.rules.require_no_message()
            self._unread, self._position = self._next(), 0
        data = self._unread[self._position : self._position + sz]
        self._position += len(data)
        if self._position == len(self._unread):
            self._unread, self._position = b"", 0
        return data

    def _next(self) -> bytes:
        """The bytes of the next frame; of a connection without frames those that have come."""
        if self.rules.is_unframed:
            first: bytes = self.trans.read(1)
            return first + self.trans.read(self.trans.pending())
        start = bytes(self.trans.read(FRAME_HEADER))
        size = self.rules.size_after(start)
        return start if size is None else self.rules.message_in(self.trans.read(size))

    def end_frame(self) -> None:
        """Pass over what was not read of the last frame."""
        self._unread, self._position = b"", 0

    def write(self, buf: bytes) -> None:
        self._written += buf

    def flush(self) -> None:
        """Send what was written as one frame, or as the other side speaks."""
        payload = bytes(self._written)
        self._written.clear()
        data = self.rules.sent_for(payload)
        if data:
            self.trans.write(data)
            self.trans.flush()


class THeaderTransport(HeaderFace, TBufferedTransport):
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
        self.rules = HeaderRules(allowed_client_types, default_protocol, max_frame_size)
        super().__init__(_HeaderStream(trans, self.rules))

    def begin_frame(self) -> None:
        """Wait for the frame of the next message, unless it has come."""
        self.rules.is_reading = False
        if not self.pending():
            self.feed(self.trans.read(self.rules.max_frame_size))
        self.rules.is_reading = True

    def end_frame(self) -> None:
        """A message was read to its end: what its frame has besides belongs to no other, and is
        passed over. Envoy's health check sends a byte too many."""
        self.rules.is_reading = False
        if not self.rules.is_unframed:
            self.trans.end_frame()
            if rest := self.pending():
                self.read(rest)


class THeaderTransportFactory:
    """Makes transports of THeader; those of one connection are to be one object, which answers as
    the call has come."""

    answers_in_kind = True
    _makes: ClassVar[Any] = THeaderTransport

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

    def get_transport(self, trans: Any) -> Any:
        """A transport of THeader over ``trans``."""
        made = self._makes(
            trans,
            self.allowed_client_types,
            self.default_protocol,
            max_frame_size=self.max_frame_size,
        )
        for transform in self.transforms:
            made.add_transform(transform)
        return made
