"""Processors that Apache's compiler generated, served by the servers of this package."""

from __future__ import annotations

from typing import Any

from thrift.transport.TTransport import TTransportException

from fastthrift._core import TBinaryProtocol as OwnBinaryProtocol
from fastthrift._core import TCompactProtocol as OwnCompactProtocol
from fastthrift.contrib.apache._transport import Readable
from fastthrift.contrib.apache.protocol.TBinaryProtocol import TBinaryProtocol
from fastthrift.contrib.apache.protocol.TCompactProtocol import TCompactProtocol
from fastthrift.transport import TTransportException as OwnTransportException


class GeneratedProcessor:
    """A processor for the servers of this package that hands calls to a generated ``processor``.

    ``TThreadedServer`` and those like it, ``TNonblockingServer`` and the server of ``http`` take
    it. They have to speak binary or compact; ``TypeError`` for a protocol of another kind.
    """

    def __init__(self, processor: Any) -> None:
        if not callable(getattr(processor, "process", None)):
            raise TypeError(
                f"GeneratedProcessor needs a processor such as Calculator.Processor(handler), not "
                f"{type(processor).__name__}"
            )
        self.processor = processor

    def process(self, iprot: Any, oprot: Any) -> None:
        """Read one call, make it and answer it."""
        try:
            self.processor.process(_passing(iprot), _passing(oprot))
        except TTransportException as error:
            raise OwnTransportException(error.type, str(error)) from error


class _Passing:
    """Hands the beginning and the end of messages to a protocol of this package, which knows what
    servers do about them."""

    own: Any

    def readMessageBegin(self) -> Any:
        return self.own.read_message_begin()

    def readMessageEnd(self) -> None:
        self.own.read_message_end()

    def writeMessageBegin(self, name: str, ttype: int, seqid: int) -> None:
        self.own.write_message_begin(name, ttype, seqid)

    def writeMessageEnd(self) -> None:
        self.own.write_message_end()


class _BinaryPassing(_Passing, TBinaryProtocol):
    """Binary structs in messages of another protocol object."""


class _CompactPassing(_Passing, TCompactProtocol):
    """Compact structs in messages of another protocol object."""


_KINDS: tuple[tuple[type, Any], ...] = (
    (OwnBinaryProtocol, _BinaryPassing),
    (OwnCompactProtocol, _CompactPassing),
)


def _passing(own: Any) -> Any:
    # Of what stands for a protocol, its `__class__` is the protocol's.
    kind = own.__class__
    for known, passing in _KINDS:
        if issubclass(kind, known):
            protocol = passing(Readable(own.trans))
            protocol.own = own
            return protocol
    raise TypeError(
        f"a generated processor is served over binary and compact, not {type(own).__name__}"
    )
