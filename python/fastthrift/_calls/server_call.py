"""One call of a server: its header, its arguments, the handler, its answer.

Nothing here waits or moves bytes. A server's driver gives each call the two protocols, and settles
what fails (see ``settle``)::

    call = SettledCall()
    try:
        process(processor, call, iprot, oprot)
    except Exception as error:
        goes_on = run(send(Blocking, settle(error, call, peer, oprot, logger, ...), ...))

Over protocols whose transports are memory that is all there is to it. Those of asyncio go by
``await drive(process_by_steps(Awaited, ...))``.

A processor whose methods are this package's own is handed the call, and notes in it how far it
has come. Whether they are is found once for a connection. Any other, with a ``process`` or a
``process_in`` of its own, is given a ``CallReader`` and a ``CallWriter`` in place of its protocols,
which note what passes.
"""

from __future__ import annotations

from contextvars import ContextVar

from fastthrift._calls.client_call import SEPARATOR as SEPARATOR
from fastthrift._calls.services import find_handler, printable
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.wait import send
from fastthrift._calls.watch import watch
from fastthrift._core import TMessageType, TType
from fastthrift._core import read_call as read_straight
from fastthrift._core import write_result as write_straight
from fastthrift._exceptions import TApplicationException
from fastthrift._light import partial
from fastthrift._payload import write_payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from fastthrift._calls.steps import Kind, Steps
    from fastthrift._core import OriginalMethods

    # A call that was read: method, sequence id, the result to fill in (or the exception to answer
    # with), and the call of the handler.
    Incoming = tuple[str, int, Any, Callable[[], Any] | None]
    # Who serves a call, by the name that came and its message type: the service, the handler, the
    # method; or what refuses it, in place of a service, and whether that is no answer.
    Find = Callable[[Any, int], tuple[Any, Any, Any, TApplicationException | None]]

# Looked up once.
_ONEWAY = TMessageType.ONEWAY

# How far the call being processed has come.
BEGUN = 0  # its header was read, its arguments may have been
READ = 1
REPLYING = 2  # the header of its answer was written
REPLIED = 3


# The call that is processed by steps, for `current_call`: what was read, and from where.
serving: ContextVar[tuple[ServerCall, Any, Any] | None] = ContextVar("serving", default=None)


class ServerCall:
    """The call that is being processed; one object may do for those of a connection in turn."""

    __slots__ = (
        "ending",
        "header",
        "headers",
        "made",
        "observed",
        "opening",
        "peer",
        "stage",
        "traffic",
    )

    # Whether who has it answers a failure, and ends the call after that.
    is_settled = False

    # Name, message type and sequence id; None between two calls.
    header: tuple[Any, int, int] | None
    stage: int
    # How the message begins, where that is known: that of the first one is.
    opening: bytes | None
    # What was expected in place of these, where that is not what the protocols are for.
    wanted: str | None = None

    # What follows is only asked for where calls are watched.

    # The service, the method and the arguments of a call that went by steps.
    made: tuple[Any, str, list[Any]] | None
    # The other side, the headers of a request, and what counts bytes, set by drivers whose
    # protocols do not tell.
    peer: str
    headers: Iterable[tuple[str, str]]
    traffic: Any
    # What watches the call; and what tells of one that has failed, once that is settled.
    observed: Any
    ending: Callable[[], None] | None

    def __init__(self) -> None:
        self.header = None
        self.stage = BEGUN
        self.opening = None
        self.ending = None

    def begin(self, opening: bytes | None = None) -> None:
        """Get ready for the next call, which starts with ``opening``."""
        if self.ending is not None:
            self.end()
        self.header = None
        self.stage = BEGUN
        self.opening = opening

    def end(self) -> None:
        """Whatever it has failed with is settled: those who look at calls are told."""
        ending, self.ending = self.ending, None
        if ending is not None:
            ending()

    def note_told(self) -> None:
        """The log tells that it cannot be read."""

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
        return name.rpartition(SEPARATOR)[2] if isinstance(name, str) else name


class SettledCall(ServerCall):
    """A call whose failure is answered by who has it, by ``settle`` and ``send``."""

    __slots__ = ()

    is_settled = True


class Observer:
    """Stands for a protocol and notes what passes; for processors that are not ours."""

    # The methods of payloads are bound once; everything else goes by __getattr__.
    __slots__ = ("call", "proto", "read_struct", "write_struct")

    read_struct: Callable[[Any], Any]
    write_struct: Callable[[Any], Any]

    def __init__(self, proto: Any, call: ServerCall) -> None:
        assign = object.__setattr__
        assign(self, "proto", proto)
        assign(self, "call", call)
        for name in ("read_struct", "write_struct"):
            if hasattr(proto, name):
                assign(self, name, getattr(proto, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.proto, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.proto, name, value)

    @property
    def trans(self) -> Any:
        return self.proto.trans

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # For processors that ask which protocol they are given.
        return type(self.proto)


class CallReader(Observer):
    """The protocol that calls are read from."""

    __slots__ = ()

    def read_message_begin(self) -> tuple[str, int, int]:
        header: tuple[str, int, int] = self.proto.read_message_begin()
        self.call.header = header
        return header

    def read_message_end(self) -> Any:
        result = self.proto.read_message_end()
        self.call.stage = READ
        return result


class AsyncCallReader(Observer):
    """The protocol of asyncio that calls are read from."""

    __slots__ = ()

    async def read_message_begin(self) -> tuple[str, int, int]:
        header: tuple[str, int, int] = await self.proto.read_message_begin()
        self.call.header = header
        return header

    async def read_message_end(self) -> Any:
        result = await self.proto.read_message_end()
        self.call.stage = READ
        return result


class CallWriter(Observer):
    """The protocol that answers are written to."""

    __slots__ = ()

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> Any:
        self.call.stage = REPLYING
        return self.proto.write_message_begin(name, ttype, seqid)

    def write_message_end(self) -> Any:
        result = self.proto.write_message_end()
        self.call.stage = REPLIED
        return result


def noted(prot: Any) -> tuple[ServerCall, Any]:
    """The call that a protocol notes, and the protocol itself."""
    if isinstance(prot, Observer):
        return prot.call, prot.proto
    return ServerCall(), prot


# Reading


def single(processor: Any) -> Find:
    """How a processor of one service finds who serves a call."""

    def find(name: Any, message_type: int) -> Any:
        service = processor._service
        return service, processor._handler, name, refused_call(service, name, message_type)

    return find


def several(processor: Any) -> Find:
    """How a processor of several services finds who serves a call."""

    def find(name: Any, message_type: int) -> Any:
        problem = None
        if message_type not in (TMessageType.CALL, TMessageType.ONEWAY):
            problem = "TMultiplexed protocol only supports CALL & ONEWAY"
        elif SEPARATOR not in name:
            problem = (
                "Service name not found in message. You should use TMultiplexedProtocol in client."
            )
        if problem is not None:
            refusal = TApplicationException(TApplicationException.INVALID_MESSAGE_TYPE, problem)
            return None, None, None, refusal
        service_name, api = name.split(SEPARATOR, 1)
        served = processor.processors.get(service_name)
        if served is not None:
            return single(served)(api, message_type)
        text = (
            f"Unknown method {printable(api)}: no service {printable(service_name)} is registered"
        )
        return None, None, api, TApplicationException(TApplicationException.UNKNOWN_METHOD, text)

    return find


def find_among(processor: Any, own: OriginalMethods, own_several: OriginalMethods) -> Find | None:
    """How a processor finds who serves a call, where it has the methods of this package's own
    processors, of one service or of several; None where any is somebody else's."""
    if own.are_kept_by(processor):
        return single(processor)
    return several(processor) if own_several.are_kept_by(processor) else None


def register(processors: dict[str, Any], service_name: str, processor: Any) -> None:
    """Serve a processor under a name, which can be given once."""
    if isinstance(processor, str):
        raise TypeError(
            "register_processor() takes the name of a service first, and then its processor: "
            f"{processor!r} is a name"
        )
    if service_name in processors:
        raise TApplicationException(
            type=TApplicationException.INTERNAL_ERROR,
            message=f"processor for `{service_name}` already registered",
        )
    processors[service_name] = processor


def refused_call(service: Any, api: Any, message_type: int) -> TApplicationException | None:
    """What a message is answered with that is no call, or the call of a method that the service
    does not have."""
    refusal = refused_type(api, message_type)
    if refusal is None and api not in service.thrift_services:
        return TApplicationException(
            TApplicationException.UNKNOWN_METHOD, f"Unknown method {printable(api)}"
        )
    return refusal


def refused_type(name: Any, message_type: int) -> TApplicationException | None:
    """What a message is answered with that is no call."""
    if message_type in (TMessageType.CALL, TMessageType.ONEWAY):
        return None
    return TApplicationException(
        TApplicationException.INVALID_MESSAGE_TYPE,
        f"Invalid message type: {printable(name)} came with type {message_type}, and a server "
        f"takes {TMessageType.CALL} (a call) and {TMessageType.ONEWAY} (a oneway call)",
    )


def read_call(
    kind: type[Kind],
    call: ServerCall,
    iprot: Any,
    find: Find,
    header: tuple[Any, int, int] | None = None,
) -> Steps[Incoming]:
    """Read a call by the methods of a protocol, from its ``header`` on where that was read."""
    if header is None:
        header = yield iprot.read_message_begin()
    call.header = header
    name, message_type, seqid = header
    service, handler, api, refusal = find(name, message_type)
    call.made = None
    if refusal is not None:
        # Read to the end, so that the connection can go on with the next message.
        yield iprot.skip(TType.STRUCT)
        yield iprot.read_message_end()
        call.stage = READ
        if api is None or message_type == _ONEWAY:
            # Nobody waits for an answer to a oneway call; one would be taken for that of the next.
            raise refusal
        return api, seqid, refusal, None

    args = getattr(service, api + "_args")()
    yield kind.read(args, iprot)
    yield iprot.read_message_end()
    call.stage = READ
    result = getattr(service, api + "_result")()
    if result.oneway:
        call.note_oneway()

    arguments = [getattr(args, field[1]) for field in args.thrift_spec.values()]
    call.made = service, api, arguments

    def invoke() -> Any:
        return kind.call(find_handler(handler, api), arguments)

    return api, seqid, result, invoke


# Answering


def write_answer(
    kind: type[Kind], call: ServerCall, oprot: Any, api: Any, payload: Any, seqid: int
) -> Steps[None]:
    """Answer with a result, or with a ``TApplicationException`` in place of one."""
    refused = isinstance(payload, TApplicationException)
    call.stage = REPLYING
    oprot.write_message_begin(api, TMessageType.EXCEPTION if refused else TMessageType.REPLY, seqid)
    write_payload(payload, oprot)
    oprot.write_message_end()
    call.stage = REPLIED
    yield kind.flush(oprot.trans)


class Answers:
    """Answers a call as processors do that have no way of their own."""

    def __init__(self, kind: type[Kind], call: ServerCall) -> None:
        self.kind = kind
        self.call = call

    def send_result(self, oprot: Any, api: Any, result: Any, seqid: int) -> Any:
        return self.kind.do(write_answer(self.kind, self.call, oprot, api, result, seqid))

    send_exception = send_result


def answer(processor: Any, answers: Any, oprot: Any, incoming: Incoming) -> Steps[None]:
    """Make a call that was read, and answer it by the methods of ``answers``."""
    api, seqid, result, invoke = incoming
    if isinstance(result, TApplicationException):
        yield answers.send_exception(oprot, api, result, seqid)
        return
    assert invoke is not None
    try:
        result.success = yield invoke()
    except TApplicationException as error:
        if result.oneway:
            raise
        yield answers.send_exception(oprot, api, error, seqid)
        return
    except Exception as error:
        if not processor.handle_exception(error, result):
            raise
    if not result.oneway:
        yield answers.send_result(oprot, api, result, seqid)


def declare(error: Exception, result: Any) -> bool:
    """Put an error into the first field of a result, by field id, that declares it."""
    for fid in sorted(result.thrift_spec):
        field = result.thrift_spec[fid]
        if field[1] != "success" and isinstance(error, field[2]):
            setattr(result, field[1], error)
            return True
    return False


# Both


def process_by_steps(
    kind: type[Kind],
    processor: Any,
    find: Find,
    call: ServerCall,
    iprot: Any,
    oprot: Any,
    header: tuple[Any, int, int] | None = None,
) -> Steps[None]:
    """Read one call, from its ``header`` on where that was read, make it and answer it, by the
    methods of the protocols."""
    if header is None:
        # Before it is asked who watches: asyncio waits here for the call to come.
        call.header = header = yield iprot.read_message_begin()
    if watch.is_on and getattr(call, "observed", None) is None:

        def go(seen: Any) -> Any:
            steps = process_by_steps(kind, seen, seen.find(find), call, iprot, oprot, header)
            return kind.do(steps)

        yield from watch.serve(kind, processor, call, iprot, go)
        return
    incoming = yield from read_call(kind, call, iprot, find, header)
    token = serving.set((call, call.made, iprot))
    try:
        yield from answer(processor, Answers(kind, call), oprot, incoming)
    finally:
        serving.reset(token)


def process(processor: Any, call: ServerCall, iprot: Any, oprot: Any) -> None:
    """Read one call of a service, make it and answer it; straight where it can be."""
    if watch.is_on and getattr(call, "observed", None) is None:
        go = partial(process, call=call, iprot=iprot, oprot=oprot)
        return run(watch.serve(Blocking, processor, call, iprot, go))
    service = processor._service
    call.header = None
    made = read_straight(service, iprot, call)
    header: Any = call.header
    if made is None:
        find = single(processor)
        return run(process_by_steps(Blocking, processor, find, call, iprot, oprot, header))

    call.stage = READ
    method, api, oneway, args = made
    if oneway and header[1] != _ONEWAY:
        call.note_oneway()
    result = None
    try:
        value = find_handler(processor._handler, api)(*args)
    except TApplicationException as error:
        if oneway:
            raise
        return run(write_answer(Blocking, call, oprot, api, error, header[2]))
    except Exception as error:
        result = getattr(service, api + "_result")()
        if not processor.handle_exception(error, result):
            raise

    if oneway:
        return None
    if result is None:
        call.stage = REPLYING
        output = write_straight(method, oprot, header[2], value)
        if output is not None:
            call.stage = REPLIED
            return send(*output)
        result = getattr(service, api + "_result")()
        result.success = value
    return run(write_answer(Blocking, call, oprot, api, result, header[2]))
