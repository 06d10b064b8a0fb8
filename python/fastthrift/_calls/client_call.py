"""One call of a client: what to send, and what the reply to it means.

Nothing here waits or moves bytes but `receive`, which has `wait` do so. The client's driver does,
in a few lines; over protocols whose transports are memory that is all there is to it::

    call = ClientCall(service, "add")
    call.seqid = 7
    run(call.write(oprot, name_arguments(service, "add", (1, 2), {})))
    # ... the bytes that `oprot` has are brought to a server, and its answer to `iprot` ...
    value = call.take(iprot)    # or raises what the answer says

Protocols of asyncio are the same with ``ClientCall(service, "add", Awaited)``, where
``await drive(...)`` stands in place of ``run``, and ``await drive(call.read(iprot))`` in place of
``take``.

A call of a blocking protocol goes straight between arguments and bytes where everything is this
package's own as it was made: `_core.bind` finds that out of the client and the arguments, once for
a call, and the prepared method stays with it. Everything else goes by the public methods, with
the same outcome.
"""

from __future__ import annotations

from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.transports import rest_of_frame
from fastthrift._calls.wait import wait, wait_for_opening
from fastthrift._core import (
    TMessageType,
    find_method,
    read_reply,
)
from fastthrift._exceptions import TApplicationException
from fastthrift._payload import args_to_kwargs, check_arguments, write_payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from fastthrift._calls.steps import Kind, Steps
    from fastthrift._calls.wait import NotesOpening
    from fastthrift._core import Method

    class AnsweringConnection(NotesOpening, Protocol):
        """What is known of the connection of a call."""

        # Whether a call was answered on it.
        answered: bool

    NoteOpening = Callable[[Any, AnsweringConnection], Any]

# How far a call has come; decides whether the connection survives its failure.
STARTED = 0  # a client of somebody's own may be doing anything
ENCODING = 1  # the message is being made, nothing has been sent
SENDING = 2
SENT = 3
RECEIVING = 4
READING = 5  # some of the reply has come
ANSWERED = 6  # the whole reply was read, and it belongs to this call

# Between the name of a service and that of a method, where a connection has several services.
SEPARATOR = ":"


class ClientCall:
    """One call of a client."""

    __slots__ = (
        "api",
        "check_seqid",
        "kind",
        "method",
        "oneway",
        "seqid",
        "service",
        "stage",
    )

    # The prepared method, where the call can go straight.
    method: Method | None
    # Whether nobody answers; None until it is asked for.
    oneway: bool | None

    def __init__(
        self, service: Any, api: str, kind: type[Kind] = Blocking, *, check_seqid: bool = True
    ) -> None:
        """``check_seqid=False`` takes a reply with any sequence id."""
        self.service = service
        self.api = api
        self.kind = kind
        self.seqid = 0
        self.check_seqid = check_seqid
        self.stage = STARTED
        self.method = self.oneway = None

    @property
    def name(self) -> str:
        """The method with its service, for texts."""
        return f"{self.service.__name__}.{self.api}"

    def note_sent(self) -> bool:
        """Note that it was sent, where a client of somebody's own has done that in its way; whether
        nobody answers it."""
        if self.stage == STARTED:
            self.stage = SENT
        return self.is_oneway() if self.oneway is None else self.oneway

    def is_oneway(self) -> bool:
        """Whether nobody answers the call."""
        if self.oneway is None:
            self.oneway = getattr(self.service, self.api + "_result").oneway
        return bool(self.oneway)

    # What to send

    def write(self, oprot: Any, arguments: dict[str, Any]) -> Steps[None]:
        """Write the message by the methods of a protocol, and flush it."""
        self.stage = ENCODING
        args = getattr(self.service, self.api + "_args")()
        for name, value in arguments.items():
            setattr(args, name, value)
        yield from self.write_args(oprot, args)

    def write_args(self, oprot: Any, args: Any) -> Steps[None]:
        """Write the message with a struct of arguments, and flush it."""
        message_type = TMessageType.ONEWAY if self.is_oneway() else TMessageType.CALL
        oprot.write_message_begin(self.api, message_type, self.seqid)
        write_payload(args, oprot)
        oprot.write_message_end()
        self.stage = SENDING
        yield self.kind.flush(oprot.trans)
        self.stage = SENT

    # How the reply comes

    def receive(self, iprot: Any, connection: AnsweringConnection) -> Any:
        """Wait for the reply to what was sent, and take it."""
        self.stage = RECEIVING
        if connection.answered:
            if wait(iprot.trans):
                self.stage = READING
            return self.take(iprot)
        run(self._first_bytes(wait_for_opening, iprot, connection))
        value = self.take(iprot)
        connection.answered = True
        return value

    def receive_by_steps(
        self, iprot: Any, connection: AnsweringConnection, note_opening: NoteOpening
    ) -> Steps[Any]:
        """Wait for the reply to what was sent, and read it by the methods of a protocol."""
        self.stage = RECEIVING
        if not connection.answered:
            yield from self._first_bytes(note_opening, iprot, connection)
        value = yield from self.read(iprot)
        connection.answered = True
        return value

    def _first_bytes(
        self, note_opening: NoteOpening, iprot: Any, connection: AnsweringConnection
    ) -> Steps[None]:
        """Wait for what comes first on a connection, which tells what the server speaks."""
        try:
            yield note_opening(iprot.trans, connection)
        finally:
            if connection.opening:
                self.stage = READING

    # What the reply means

    def take(self, iprot: Any) -> Any:
        """Read the reply from a protocol that has it: return its result, or raise the exception
        in it."""
        method = self.method
        if method is None:
            method = find_method(self.service, self.api)
        reply = None if method is None else read_reply(method, iprot, self.seqid, self)
        if reply is None:
            return run(self.read(iprot))
        exception, value = reply
        self.stage = ANSWERED
        if exception is None:
            return value
        try:
            raise exception
        finally:
            # The exception has this frame in its traceback: no cycle.
            del exception, reply

    def read(self, iprot: Any) -> Steps[Any]:
        """Read the reply by the methods of a protocol: its result, or the exception in it is
        raised."""
        result = getattr(self.service, self.api + "_result")()
        exception: BaseException | None = yield from self.read_result(iprot, result)
        value = None
        if exception is None:
            exception, value = self.open_result(result)
        self.stage = ANSWERED
        if exception is None:
            return value
        try:
            raise exception
        finally:
            # A field of the result has it, too.
            del exception, result

    def read_result(self, iprot: Any, result: Any) -> Steps[TApplicationException | None]:
        """Read the reply into a result; what refuses the call, where that came in place of it."""
        name, message_type, seqid = yield iprot.read_message_begin()
        self.stage = READING
        yield from self._check_header(iprot, name, message_type, seqid)
        if message_type == TMessageType.EXCEPTION:
            return (yield from self.read_refusal(iprot))
        yield self.kind.read(result, iprot)
        yield iprot.read_message_end()
        self.check_end(rest_of_frame(iprot.trans))
        return None

    def open_result(self, result: Any) -> tuple[BaseException | None, Any]:
        """What a result holds: an exception to raise, or else a value."""
        success = getattr(result, "success", None)
        if success is not None:
            return None, success
        returns_value = False
        for field in result.thrift_spec.values():
            if field[1] == "success":
                returns_value = True
                continue
            declared = getattr(result, field[1], None)
            if declared is not None:
                return declared, None
        unknown = getattr(result, "_undeclared_exception", None)
        if unknown is not None:
            return self.undeclared(unknown), None
        if returns_value:
            return TApplicationException(TApplicationException.MISSING_RESULT), None
        return None, None

    def undeclared(self, field: int | str) -> TApplicationException:
        """What a reply means that holds an exception which this side does not know, in the field
        of this id or name."""
        return TApplicationException(
            TApplicationException.MISSING_RESULT,
            f"Missing result: {self.name}() was answered with an exception that this "
            f"side does not declare (field {field}); load the .thrift file that the server uses",
        )

    def check_header(self, iprot: Any, name: Any, message_type: int, seqid: int) -> None:
        """Raise for the header of a reply that does not belong to the call."""
        self.stage = READING
        run(self._check_header(iprot, name, message_type, seqid))

    def check_end(self, rest: int) -> None:
        """Raise where so many bytes follow the reply in its frame: whoever sent them would have
        them taken for the next one."""
        if rest:
            from fastthrift.protocol.exc import TProtocolException

            raise TProtocolException(
                TProtocolException.INVALID_DATA,
                f"the frame of the reply to a call of {self.api} goes on behind it: {rest} bytes "
                "more than the message has",
            )

    def _check_header(self, iprot: Any, name: Any, message_type: int, seqid: int) -> Steps[None]:
        mismatch = self._mismatch(iprot, name, message_type, seqid)
        if mismatch is None:
            return
        if message_type != TMessageType.EXCEPTION:
            raise mismatch
        try:
            refusal = yield from self.read_refusal(iprot)
        except Exception as error:
            raise mismatch from error
        mismatch.message = f"{mismatch.message}; the server says: {refusal}"
        raise mismatch from refusal

    def _mismatch(
        self, iprot: Any, name: Any, message_type: int, seqid: int
    ) -> TApplicationException | None:
        """What is wrong with the header of a reply, if anything."""
        if seqid != self.seqid and self.check_seqid and getattr(iprot, "check_seqid", True):
            return TApplicationException(
                TApplicationException.BAD_SEQUENCE_ID,
                f"Bad sequence ID: the reply to call {self.seqid} of {self.api} carries id {seqid}"
                f" (check_seqid=False accepts a server that does not repeat the id)",
            )
        # Some servers repeat the name as a multiplexed client sent it: "Service:method".
        if name != self.api and not str(name).endswith(SEPARATOR + self.api):
            return TApplicationException(
                TApplicationException.WRONG_METHOD_NAME,
                f"Wrong method name: the reply to a call of {self.api} is for {name!r:.100}",
            )
        if message_type not in (TMessageType.REPLY, TMessageType.EXCEPTION):
            return TApplicationException(
                TApplicationException.INVALID_MESSAGE_TYPE,
                f"Invalid message type: the reply to a call of {self.api} has type {message_type}",
            )
        return None

    def read_refusal(self, iprot: Any) -> Steps[TApplicationException]:
        """Read what a reply has in place of a result."""
        refusal = TApplicationException()
        yield self.kind.read(refusal, iprot)
        yield iprot.read_message_end()
        self.check_end(rest_of_frame(iprot.trans))
        return refusal


def name_arguments(
    service: Any,
    api: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    kind: type[Kind] = Blocking,
) -> dict[str, Any]:
    """The arguments of a call by name. Raises ``TypeError`` for those that do not fit the method,
    and ``TApplicationException`` where one is missing."""
    name = f"{service.__name__}.{api}"
    thrift_spec = getattr(service, api + "_args").thrift_spec
    if kwargs or len(args) > len(thrift_spec):
        check_arguments(name, thrift_spec, args, kwargs)
    try:
        return args_to_kwargs(thrift_spec, *args, **kwargs)
    except ValueError as error:
        raise TApplicationException(
            TApplicationException.UNKNOWN_METHOD,
            kind.missing_argument.format(error.args[0], name),
        ) from None
