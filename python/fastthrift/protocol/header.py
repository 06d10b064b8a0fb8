"""The protocol of THeader: binary or compact, as the frame of a message says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from fastthrift._core import TMessageType, refused_protocol
from fastthrift.protocol.binary import TBinaryProtocolFactory
from fastthrift.protocol.compact import TCompactProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.transport.header import (
    THeaderClientType,
    THeaderSubprotocolID,
    THeaderTransport,
)

__all__ = ["THeaderProtocol", "THeaderProtocolFactory"]


class THeaderProtocol:
    """Reads each message in the protocol that it has come in, and answers in that.

    A transport that is none of THeader is put into one, with ``allowed_client_types`` and
    ``default_protocol``. ``options`` are those of the binary and the compact protocol.
    """

    _factories: ClassVar[dict[int, Any]] = {
        THeaderSubprotocolID.BINARY: TBinaryProtocolFactory,
        THeaderSubprotocolID.COMPACT: TCompactProtocolFactory,
    }
    _transport: ClassVar[Any] = THeaderTransport

    def __init__(
        self,
        trans: Any,
        allowed_client_types: Collection[int] = (THeaderClientType.HEADERS,),
        default_protocol: int = THeaderSubprotocolID.BINARY,
        **options: Any,
    ) -> None:
        if not isinstance(trans, self._transport):
            trans = self._transport(trans, allowed_client_types, default_protocol)
        self.trans: Any = trans
        self._made = {
            name: factory(**options).get_protocol(trans)
            for name, factory in self._factories.items()
        }

    def _proto(self) -> Any:
        """The protocol of the message."""
        spoken = self.trans.protocol_id
        proto = self._made.get(spoken)
        if proto is None:
            raise TProtocolException(TProtocolException.BAD_VERSION, refused_protocol(spoken))
        return proto

    @property
    def spoken(self) -> Any:
        """The binary or the compact protocol, as the last message has come."""
        return self._proto()

    def __getattr__(self, name: str) -> Any:
        # Missing only on an object that __init__ has not run on, as copy makes them.
        if name in ("_made", "trans"):
            raise AttributeError(name)
        return getattr(self._proto(), name)

    def get_headers(self) -> dict[bytes, bytes]:
        """What came with the last message."""
        headers: dict[bytes, bytes] = self.trans.get_headers()
        return headers

    def set_header(self, key: str | bytes, value: str | bytes) -> None:
        """Send this with the next message."""
        self.trans.set_header(key, value)

    def clear_headers(self) -> None:
        """Send none of what was set."""
        self.trans.clear_headers()

    def add_transform(self, transform_id: int) -> None:
        """Transform each message from now on."""
        self.trans.add_transform(transform_id)

    def read_message_begin(self) -> tuple[str, int, int]:
        # The frame says in which protocol the message is.
        self.trans.begin_frame()
        header: tuple[str, int, int] = self._proto().read_message_begin()
        return header

    def read_message_end(self) -> Any:
        result = self._proto().read_message_end()
        self.trans.end_frame()
        return result

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        self.trans.rules.answers = ttype in (TMessageType.REPLY, TMessageType.EXCEPTION)
        if not self.trans.rules.answers:
            self.trans.sequence_id = seqid
        self._proto().write_message_begin(name, ttype, seqid)


class THeaderProtocolFactory:
    """Makes protocols of THeader; those of one connection are to be one object, which answers as
    the call has come."""

    answers_in_kind = True
    _makes: ClassVar[Any] = THeaderProtocol

    def __init__(
        self,
        allowed_client_types: Collection[int] = (THeaderClientType.HEADERS,),
        default_protocol: int = THeaderSubprotocolID.BINARY,
        **options: Any,
    ) -> None:
        self.allowed_client_types = allowed_client_types
        self.default_protocol = default_protocol
        self.options = options
        # What they do not take is told here, and not of each connection.
        for factory in self._makes._factories.values():
            factory(**options)

    def get_protocol(self, trans: Any) -> Any:
        """A protocol of THeader over ``trans``."""
        return self._makes(trans, self.allowed_client_types, self.default_protocol, **self.options)
