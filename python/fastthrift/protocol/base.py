"""What a protocol is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fastthrift._payload import TPayload
    from fastthrift.transport.base import TTransportBase


class TProtocolFactory(Protocol):
    """Anything that makes protocols over transports."""

    def get_protocol(self, trans: Any) -> Any:
        """Make a protocol that reads from and writes to ``trans``; neither needs a base class."""
        ...


class TProtocolBase:
    """Base class for protocols written in Python. Having these methods is enough."""

    def __init__(self, trans: TTransportBase) -> None:
        self.trans = trans

    def skip(self, ttype: int) -> None:
        """Read a value of a type and forget it."""
        raise NotImplementedError

    def read_message_begin(self) -> tuple[str, int, int]:
        """Read a message header: name, message type, sequence id."""
        raise NotImplementedError

    def read_message_end(self) -> None:
        raise NotImplementedError

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        raise NotImplementedError

    def write_message_end(self) -> None:
        raise NotImplementedError

    def read_struct(self, obj: TPayload) -> Any:
        """Fill a payload with the fields that are read."""
        raise NotImplementedError

    def write_struct(self, obj: TPayload) -> None:
        raise NotImplementedError
