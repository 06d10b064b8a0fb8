"""What a server notes of the call that is being processed."""

from __future__ import annotations

from fastthrift._calls.services import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# As in `TMessageType`.
_ONEWAY = 4

# How far the call being processed has come.
BEGUN = 0  # its header was read, its arguments may have been
READ = 1
REPLYING = 2  # the header of its answer was written
REPLIED = 3


class Message:
    """The call being processed, as it shows at the protocols.

    Noting it there, and not in the processor, serves every processor: also one with its own
    `process` or `process_in`, or one that only has a `process`.
    """

    __slots__ = ("header", "opening", "stage")

    # Name, message type and sequence id; None between two calls.
    header: tuple[Any, int, int] | None
    stage: int
    # The first bytes of the connection, where they are known; after its first message none.
    opening: bytes | None

    def __init__(self) -> None:
        self.header = None
        self.stage = BEGUN
        self.opening = None

    @property
    def oneway(self) -> bool:
        return self.header is not None and self.header[1] == _ONEWAY

    def note_oneway(self) -> None:
        """The service has the call as oneway: nobody waits for an answer, whatever the client has
        sent it as. Older clients send it like any other call."""
        if self.header is not None:
            self.header = (self.header[0], _ONEWAY, self.header[2])

    @property
    def seqid(self) -> int:
        return self.header[2] if self.header else 0

    @property
    def label(self) -> str:
        """The name for the log."""
        return printable(self.header[0] if self.header else None)

    @property
    def method(self) -> Any:
        """The name to answer with: a multiplexed call's without its service."""
        name = self.header[0] if self.header else None
        return name.rpartition(":")[2] if isinstance(name, str) else name


class Observer:
    """Stands for a protocol and notes what passes."""

    # The methods of payloads are bound once; everything else goes by __getattr__.
    __slots__ = ("_message", "_proto", "read_struct", "write_struct")

    read_struct: Callable[[Any], Any]
    write_struct: Callable[[Any], Any]

    def __init__(self, proto: Any, message: Message) -> None:
        assign = object.__setattr__
        assign(self, "_proto", proto)
        assign(self, "_message", message)
        for name in ("read_struct", "write_struct"):
            if hasattr(proto, name):
                assign(self, name, getattr(proto, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proto, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._proto, name, value)

    @property
    def trans(self) -> Any:
        return self._proto.trans

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # For processors that ask which protocol they are given.
        return type(self._proto)


def note_oneway(iprot: Any) -> None:
    """See ``Message.note_oneway``; for the call that was read from a protocol."""
    if isinstance(iprot, Observer):
        iprot._message.note_oneway()


class Reader(Observer):
    """The protocol that calls are read from."""

    __slots__ = ()

    def read_message_begin(self) -> tuple[str, int, int]:
        header: tuple[str, int, int] = self._proto.read_message_begin()
        self._message.header = header
        return header

    def read_message_end(self) -> Any:
        result = self._proto.read_message_end()
        self._message.stage = READ
        return result


class Writer(Observer):
    """The protocol that answers are written to."""

    __slots__ = ()

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> Any:
        self._message.stage = REPLYING
        return self._proto.write_message_begin(name, ttype, seqid)

    def write_message_end(self) -> Any:
        result = self._proto.write_message_end()
        self._message.stage = REPLIED
        return result
