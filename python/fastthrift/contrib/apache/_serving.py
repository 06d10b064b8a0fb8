"""Processors that Apache's compiler generated, served by the servers of this package."""

from __future__ import annotations

from functools import partial
from typing import Any

from thrift.transport.TTransport import TTransportException

from fastthrift._calls.server_call import (
    CallReader,
    CallWriter,
    ServerCall,
    noted,
    read_call,
    refused_type,
    serving,
    write_answer,
)
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.watch import watch
from fastthrift._core import TBinaryProtocol as OwnBinaryProtocol
from fastthrift._core import TCompactProtocol as OwnCompactProtocol
from fastthrift._core import TMemoryBuffer, TMessageType
from fastthrift._exceptions import TApplicationException
from fastthrift.contrib.apache._seen import Unwatched, seen_by, service_of
from fastthrift.contrib.apache._transport import Readable
from fastthrift.contrib.apache.protocol.TBinaryProtocol import TBinaryProtocol
from fastthrift.contrib.apache.protocol.TCompactProtocol import TCompactProtocol
from fastthrift.protocol.header import THeaderProtocol
from fastthrift.transport import TTransportException as OwnTransportException

# Attributes of TMessageType cost.
_CALL, _ONEWAY, _EXCEPTION = TMessageType.CALL, TMessageType.ONEWAY, TMessageType.EXCEPTION


class GeneratedProcessor:
    """A processor for the servers of this package that hands calls to a generated ``processor``.

    ``TThreadedServer`` and those like it, ``TNonblockingServer`` and the server of ``http`` take
    it. They have to speak binary or compact, in THeader too; ``TypeError`` for a protocol of
    another kind.
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
        call, source = noted(iprot)
        # Servers have put them on already.
        reader = iprot if type(iprot) is CallReader else CallReader(source, call)
        writer = oprot if type(oprot) is CallWriter else CallWriter(noted(oprot)[1], call)
        if watch.is_on and getattr(call, "observed", None) is None:
            go = partial(self._answer, call, reader, writer)
            return run(watch.serve(Blocking, self, call, source, go))
        return self._answer(call, reader, writer, None)

    @property
    def _service(self) -> Any:
        # Of a call that was refused.
        return service_of(self.processor)

    def _answer(self, call: ServerCall, source: Any, sink: Any, seen: Any) -> None:
        name, message_type, seqid = header = source.read_message_begin()
        is_oneway = message_type == _ONEWAY
        refusal = None if is_oneway or message_type == _CALL else refused_type(name, message_type)
        if refusal is not None:
            # Generated code takes whatever comes for a call.
            run(read_call(Blocking, call, source, partial(_refusing, refusal, call), header))
            return run(write_answer(Blocking, call, sink, call.method, refusal, seqid))
        reading = _passing(source)
        reading.header = header
        dropped = None
        if is_oneway:
            # Nobody waits for an answer; one would be taken for that of the next call.
            dropped = OwnBinaryProtocol(TMemoryBuffer())
        writing = _passing(sink if dropped is None else dropped)
        processor = self.processor if seen is None else seen_by(seen, self.processor, name)
        token = serving.set((call, Unwatched(self.processor, call, writing), source))
        try:
            processor.process(reading, writing)
        except TTransportException as error:
            raise OwnTransportException(error.type, str(error)) from error
        finally:
            serving.reset(token)
        if writing.answered == _EXCEPTION:
            if dropped is not None:
                raise _exception_in(dropped)
            if seen is not None:
                seen.note_failure()


def _refusing(refusal: Any, call: ServerCall, *_: Any) -> Any:
    return None, None, call.method, refusal


def _exception_in(written: Any) -> TApplicationException:
    """The exception that generated code has written."""
    written.read_message_begin()
    error = TApplicationException()
    error.read(written)
    return error


class _Passing:
    """Hands the beginning and the end of messages to a protocol of this package, which knows what
    servers do about them."""

    own: Any
    # Of the call, which was read to see whether it is one.
    header: tuple[str, int, int]
    # The type of the message that was written last.
    answered: int | None = None

    def readMessageBegin(self) -> Any:
        return self.header

    def readMessageEnd(self) -> None:
        self.own.read_message_end()

    def writeMessageBegin(self, name: str, ttype: int, seqid: int) -> None:
        self.answered = ttype
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
    if issubclass(kind, THeaderProtocol):
        kind = own.spoken.__class__
    for known, passing in _KINDS:
        if issubclass(kind, known):
            protocol = passing(Readable(own.trans))
            protocol.own = own
            return protocol
    raise TypeError(f"a generated processor is served over binary and compact, not {kind.__name__}")
