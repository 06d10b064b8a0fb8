"""Payloads, exceptions, the client and the processors.

The names, signatures and defaults are those of ``thriftpy2.thrift``. Payloads and exceptions are
in ``_payload``.
"""

from __future__ import annotations

import os

from fastthrift import _core
from fastthrift._calls.mismatch import LOOKED_AT
from fastthrift._calls.server_call import (
    READ,
    REPLIED,
    REPLYING,
    Message,
    Reader,
    Writer,
    note_oneway,
)
from fastthrift._calls.services import (
    check_handler,
    check_service,
    find_handler,
    find_keyword_method,
    no_such_attribute,
    printable,
)
from fastthrift._calls.wait import flush, send, wait
from fastthrift._core import TMessageType as TMessageType
from fastthrift._core import TType as TType
from fastthrift._light import new_lock, partial

from ._payload import TApplicationException as TApplicationException
from ._payload import TDecodeException as TDecodeException
from ._payload import TException as TException
from ._payload import TPayload as TPayload
from ._payload import TPayloadMeta as TPayloadMeta
from ._payload import args_to_kwargs as args_to_kwargs
from ._payload import check_arguments as check_arguments
from ._payload import gen_init as gen_init
from ._payload import init_func_generator as init_func_generator
from ._payload import parse_spec as parse_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from fastthrift.protocol.base import TProtocolBase

    # What `TProcessor.process_in` gives: method, sequence id, the result to fill in (or the
    # exception to answer with), and the call of the handler.
    Incoming = tuple[str, int, Any, Callable[[], Any] | None]

# Sequence ids are positive i32 and start again at 1.
_MAX_SEQUENCE_ID = 2**31 - 1

# Stands for this process; a forked child has another.
_this_process = object()


def _note_fork() -> None:
    global _this_process
    _this_process = object()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


# How many transports may lie on each other where one is looked for.
_MOST_LAYERS = 8

# How far a call has come; decides whether the connection survives its failure.
_STARTED = 0  # the `_send` of a subclass may be doing anything
_ENCODING = 1  # the message is being made, nothing has been sent
_SENDING = 2
_SENT = 3
_RECEIVING = 4
_READING = 5  # some of the reply has come
_ANSWERED = 6  # the whole reply was read, and it belongs to this call


class _Progress:
    """How far a client's calls have come, and whether its connection can make the next one.

    Apart from the client, whose ``__getattr__`` makes every access to its attributes slow.
    """

    __slots__ = ("answered", "broken", "can_reopen", "opening", "stage")

    def __init__(self) -> None:
        self.stage = _STARTED
        # Whether a call was answered on this connection; and until then the first bytes that came
        # on it, where they are known.
        self.answered = False
        self.opening: bytes | None = None
        # Why the connection was closed, when it was; and whether opening it mends that.
        self.broken: str | None = None
        self.can_reopen = False


class _Turns(_Progress):
    """The same for calls of several threads, which take turns."""

    __slots__ = ("api", "calling", "lock", "method", "process")

    def __init__(self) -> None:
        super().__init__()
        # Re-entrant, so that a call from within a call of the same thread (a signal handler, a
        # subclass) is told so instead of waiting for itself.
        self.lock = new_lock()
        self.calling = False
        # What is being called, and its prepared method.
        self.api: str | None = None
        self.method: _core.Method | None = None
        self.process = _this_process


class TClient:
    """Calls the methods of a service, as attributes of the client.

    A client may be shared by threads (or greenlets): calls take turns. After a timeout, a
    protocol error or any other exception that leaves a call unfinished, the connection is
    closed, because the next bytes on it would answer the wrong call; every later call raises
    ``TTransportException`` of type ``NOT_OPEN`` until the transport has been opened again.
    Declared exceptions, ``TApplicationException`` replies and arguments that cannot be encoded
    or exceed a limit leave the connection open.
    """

    def __init__(
        self,
        service: Any,
        iprot: TProtocolBase,
        oprot: TProtocolBase | None = None,
        *,
        check_seqid: bool = True,
    ) -> None:
        """``service`` is a class of a loaded module.

        ``check_seqid=False`` accepts replies whatever their sequence id is, for servers that
        answer every call with id 0; that can be said of the protocol as well.
        """
        check_service(service, type(self).__name__)
        self._check_seqid = check_seqid
        self._service = service
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._rpc_state = _Turns()

    def __getattr__(self, _api: str) -> partial[Any]:
        # `_service` is missing on an object that __init__ has not run on, as copy makes them.
        if _api != "_service":
            if _api in self._service.thrift_services:
                return partial(self._req, _api)
            if api := find_keyword_method(self._service, _api):
                return partial(self._req, api)
            # A service method called `close` is hidden by the client's own.
            if _api == "tclose":
                return partial(self._req, "close")
            raise no_such_attribute(self, _api)
        raise AttributeError(f"{self.__class__.__name__} instance has no attribute '{_api}'")

    def __dir__(self) -> list[str]:
        return list(self._service.thrift_services)

    def _req(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        """Make one call: check the arguments, send, and wait for the reply unless oneway."""
        # Arguments by position go straight into the message, and by name through `_send`.
        named = None
        bound = _core.bind(self, _OWN_SEND, _api, args, kwargs)
        if bound is None:
            named = self._named_arguments(_api, args, kwargs)

        progress = self._rpc_state
        if progress.process is not _this_process:
            self._start_over_in_child()
        with progress.lock:
            outer = progress.calling
            if outer and progress.stage != _STARTED:
                raise RuntimeError(
                    f"{self._full_name(_api)}() was called while this client is in the middle of "
                    f"another call in the same thread; use a second client"
                )
            if progress.broken is not None:
                self._require_connection()
            self._seqid = seqid = self._seqid % _MAX_SEQUENCE_ID + 1
            progress.stage = _STARTED
            progress.calling = True
            try:
                output, oneway = None, None
                if bound is not None:
                    method, oneway, values = bound
                    progress.api, progress.method = _api, method
                    progress.stage = _ENCODING
                    output = _core.write_call(method, self._oprot, seqid, values)
                if output is not None:
                    progress.stage = _SENDING
                    send(*output)
                    progress.stage = _SENT
                else:
                    if named is None:
                        named = self._named_arguments(_api, args, kwargs)
                    self._send(_api, **named)
                    if progress.stage == _STARTED:
                        progress.stage = _SENT
                    oneway = getattr(self._service, _api + "_result").oneway
                return None if oneway else self._recv(_api)
            except BaseException as error:
                if not self._in_step(error):
                    self._give_up(_api, error)
                raise
            finally:
                progress.stage = _STARTED
                progress.api = progress.method = None
                progress.calling = outer

    def _named_arguments(
        self, _api: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a call by name, where they fit the method."""
        thrift_spec = getattr(self._service, _api + "_args").thrift_spec
        if kwargs or len(args) > len(thrift_spec):
            check_arguments(self._full_name(_api), thrift_spec, args, kwargs)
        try:
            return args_to_kwargs(thrift_spec, *args, **kwargs)
        except ValueError as error:
            raise TApplicationException(
                TApplicationException.UNKNOWN_METHOD,
                f"{error.args[0]} is required argument for {self._full_name(_api)}",
            ) from None

    def _send(self, _api: str, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        self._rpc_state.stage = _ENCODING
        oneway = getattr(self._service, _api + "_result").oneway
        message_type = TMessageType.ONEWAY if oneway else TMessageType.CALL
        self._oprot.write_message_begin(_api, message_type, self._seqid)
        args = getattr(self._service, _api + "_args")()
        for name, value in kwargs.items():
            setattr(args, name, value)
        args.write(self._oprot)
        self._oprot.write_message_end()
        self._rpc_state.stage = _SENDING
        flush(self._oprot.trans)
        self._rpc_state.stage = _SENT

    def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        progress.stage = _RECEIVING
        iprot = self._iprot
        if arrived := wait(iprot.trans):
            progress.stage = _READING
            if not progress.answered:
                progress.opening = bytes(arrived[:LOOKED_AT])
        method = progress.method
        if method is None or progress.api != _api:
            method = _core.find_method(self._service, _api)
        reply = None if method is None else _core.read_reply(method, iprot, self._seqid, self)
        exception, value = reply or self._read_reply(_api)
        progress.stage = _ANSWERED
        progress.answered = True
        if exception is None:
            return value
        try:
            raise exception
        finally:
            # The exception has this frame in its traceback: no cycle.
            del exception, reply

    def _read_reply(self, _api: str) -> tuple[BaseException | None, Any]:
        """Read a reply by the methods of the protocol: an exception to raise, or else a value."""
        name, message_type, seqid = self._iprot.read_message_begin()
        self._rpc_state.stage = _READING
        if seqid != self._seqid or name != _api or message_type != TMessageType.REPLY:
            self._check_reply(_api, name, message_type, seqid)

        if message_type == TMessageType.EXCEPTION:
            return self._read_refusal(), None

        result = getattr(self._service, _api + "_result")()
        result.read(self._iprot)
        self._iprot.read_message_end()
        return self._open_result(_api, result)

    def _read_refusal(self) -> TApplicationException:
        """Read what a reply has in place of a result."""
        refusal = TApplicationException()
        refusal.read(self._iprot)
        self._iprot.read_message_end()
        return refusal

    def _open_result(self, _api: str, result: Any) -> tuple[BaseException | None, Any]:
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
            return self._undeclared(_api, unknown), None
        if returns_value:
            return TApplicationException(TApplicationException.MISSING_RESULT), None
        return None, None

    def _undeclared(self, _api: str, field: int | str) -> TApplicationException:
        """What a reply means that holds an exception which this side does not know, in the field
        of this id or name."""
        return TApplicationException(
            TApplicationException.MISSING_RESULT,
            f"Missing result: {self._full_name(_api)}() was answered with an exception that this "
            f"side does not declare (field {field}); load the .thrift file that the server uses",
        )

    def close(self) -> None:
        """Close the transports. Does not wait for a call that another thread is making."""
        self._iprot.trans.close()
        if self._iprot != self._oprot:
            self._oprot.trans.close()

    def _start_over_in_child(self) -> None:
        # A forked child has the parent's connection, and the two may even use it at once. Ids of
        # its own make sure that neither takes the other's answer; the lock may have been held by
        # a thread that the child does not have.
        self._seqid = int.from_bytes(os.urandom(4), "big") % _MAX_SEQUENCE_ID
        self._rpc_state.lock = new_lock()
        self._rpc_state.calling = False
        self._rpc_state.process = _this_process

    def _full_name(self, _api: str) -> str:
        return f"{self._service.__name__}.{_api}"

    def _check_reply(self, _api: str, name: Any, message_type: int, seqid: int) -> None:
        """Raise for the header of a reply that does not belong to the call."""
        mismatch = self._find_mismatch(_api, name, message_type, seqid)
        if mismatch is None:
            return
        if message_type != TMessageType.EXCEPTION:
            raise mismatch
        try:
            refusal = self._read_refusal()
        except Exception as error:
            raise mismatch from error
        raise told(mismatch, refusal) from refusal

    def _find_mismatch(
        self, _api: str, name: Any, message_type: int, seqid: int
    ) -> TApplicationException | None:
        """What is wrong with the header of a reply, if anything."""
        if seqid != self._seqid and self._check_seqid and getattr(self._iprot, "check_seqid", True):
            return TApplicationException(
                TApplicationException.BAD_SEQUENCE_ID,
                f"Bad sequence ID: the reply to call {self._seqid} of {_api} carries id {seqid}"
                f" (check_seqid=False accepts a server that does not repeat the id)",
            )
        # Some servers repeat the name as a multiplexed client sent it: "Service:method".
        if name != _api and not str(name).endswith(TMultiplexedProcessor.SEPARATOR + _api):
            return TApplicationException(
                TApplicationException.WRONG_METHOD_NAME,
                f"Wrong method name: the reply to a call of {_api} is for {name!r:.100}",
            )
        if message_type not in (TMessageType.REPLY, TMessageType.EXCEPTION):
            return TApplicationException(
                TApplicationException.INVALID_MESSAGE_TYPE,
                f"Invalid message type: the reply to a call of {_api} has type {message_type}",
            )
        return None

    def _in_step(self, error: BaseException) -> bool:
        """Whether the connection still is between two messages after this error."""
        from fastthrift.protocol.exc import TProtocolException
        from fastthrift.transport.base import TTransportException

        if self._rpc_state.stage == _ANSWERED:
            return True
        if self._rpc_state.stage == _ENCODING:
            return (
                isinstance(error, Exception)
                and not isinstance(error, (TTransportException, OSError))
                and discard_output(self._oprot.trans)
            )
        if self._rpc_state.stage == _SENDING:
            return flush_was_refused(self._oprot.trans) and discard_output(self._oprot.trans)
        if self._rpc_state.stage == _SENT:
            # A subclass has a `_recv` of its own, and it raised what the server had sent.
            return isinstance(error, TException) and not isinstance(
                error, (TTransportException, TProtocolException, TDecodeException)
            )
        return False

    def _give_up(self, _api: str, error: BaseException) -> None:
        """Close the connection: whatever comes on it next does not answer the next call."""
        import contextlib

        progress = self._rpc_state
        transports = [
            prot.trans for prot in {id(p): p for p in (self._iprot, self._oprot)}.values()
        ]
        stand_alone = all(map(_answers_stand_alone, transports))
        if not stand_alone:
            self._explain(_api, error)
        elif progress.stage in (_RECEIVING, _READING):
            _add_description(error, self._iprot.trans)
        for trans in transports:
            with contextlib.suppress(Exception):
                trans.close()
            if progress.stage < _SENT:
                # What was sent stays with a transport that keeps it, in a test for example.
                discard_output(trans)
        trans = self._iprot.trans
        if hasattr(trans, "clean") and (stand_alone or hasattr(trans, "discard_output")):
            # What a buffer has read ahead belongs to the connection that was closed.
            trans.clean()
        progress.answered = False
        progress.opening = None
        if stand_alone or all(map(_is_in_memory, transports)):
            # Over HTTP the next call has a connection of its own, and in memory nobody answers
            # late: a test may go on, to see all that is sent.
            return
        progress.broken = (
            f"The connection was closed because a call of {self._full_name(_api)}() "
            f"did not finish ({type(error).__name__}); open a new client"
        )
        progress.can_reopen = not self._is_open()

    def _explain(self, _api: str, error: BaseException) -> None:
        """Add to the text of an error what probably is the matter."""
        from fastthrift._calls.mismatch import explain, explain_hang_up
        from fastthrift.protocol.exc import TProtocolException
        from fastthrift.transport.base import TTransportException

        progress = self._rpc_state
        if not isinstance(error, (TTransportException, TProtocolException)):
            return
        note = None
        if not progress.answered and progress.stage == _READING:
            note = explain(progress.opening, self._iprot, "client")
        is_end = isinstance(error, TTransportException) and (
            error.type == TTransportException.END_OF_FILE or isinstance(error, ConnectionError)
        )
        if note is None and is_end and not isinstance(error, TProtocolException):
            note = explain_hang_up(
                f"{self._full_name(_api)}()",
                sent=progress.stage >= _SENT,
                begun=progress.stage >= _READING,
                answered=progress.answered,
            )
        if note is not None:
            error.message = f"{error.message}: {note}"

    def _require_connection(self) -> None:
        progress = self._rpc_state
        if progress.can_reopen and self._is_open():
            progress.broken = None
            return
        from fastthrift.transport.base import TTransportException

        raise TTransportException(TTransportException.NOT_OPEN, progress.broken)

    def _is_open(self) -> bool:
        is_open = getattr(self._iprot.trans, "is_open", None)
        return is_open is not None and bool(is_open())


_core.install_getattr(TClient)

# What `_req` does without, unless somebody has another.
_OWN_SEND = _core.OriginalMethods(TClient, "_send")


def told(mismatch: TApplicationException, refusal: TApplicationException) -> TApplicationException:
    """``mismatch`` with the text of the refusal that came in a reply which does not fit."""
    mismatch.message = f"{mismatch.message}; the server says: {refusal}"
    return mismatch


def discard_output(trans: Any) -> bool:
    """Drop what was written to a transport and not flushed; False when it has no way to."""
    discard = getattr(trans, "discard_output", None) or getattr(trans, "clean", None)
    if discard is None:
        return False
    discard()
    return True


def flush_was_refused(trans: Any) -> bool:
    """Whether the last flush was refused because of a limit, so that nothing was sent."""
    return _is_said_of(trans, "refused")


def _answers_stand_alone(trans: Any) -> bool:
    """Whether what is read next from a closed transport cannot answer an earlier call."""
    return _is_said_of(trans, "answers_stand_alone")


def _is_in_memory(trans: Any) -> bool:
    """Whether a transport, or the one below it, ends in bytes in memory."""
    lowest = None
    for layer in _layers(trans):
        lowest = lowest if layer is None else layer
    return hasattr(lowest, "getvalue") and hasattr(lowest, "setvalue")


def _is_said_of(trans: Any, attribute: str) -> bool:
    """Whether a transport, or one below it, has True as this attribute."""
    return any(getattr(layer, attribute, False) is True for layer in _layers(trans))


def _layers(trans: Any) -> Iterator[Any]:
    """A transport and those below it."""
    for _ in range(_MOST_LAYERS):
        yield trans
        trans = getattr(trans, "trans", None) or getattr(trans, "_trans", None)


def _add_description(error: BaseException, trans: Any) -> None:
    """Let an error of reading a reply tell what the transport knows of it: a server of HTTP may
    have answered with a page."""
    from fastthrift.protocol.exc import TProtocolException
    from fastthrift.transport.base import TTransportException

    if not isinstance(error, (TProtocolException, TTransportException)):
        return
    for layer in _layers(trans):
        description = getattr(layer, "answer_description", None)
        if isinstance(description, str):
            error.message = f"{error.message or error}; {description}"
            return


def refused_call(service: Any, api: Any, message_type: int) -> TApplicationException | None:
    """What a message is answered with that is no call, or the call of a method that the service
    does not have."""
    if message_type not in (TMessageType.CALL, TMessageType.ONEWAY):
        return TApplicationException(
            TApplicationException.INVALID_MESSAGE_TYPE,
            f"Invalid message type: {printable(api)} came with type {message_type}, and a server "
            f"takes {TMessageType.CALL} (a call) and {TMessageType.ONEWAY} (a oneway call)",
        )
    if api not in service.thrift_services:
        return TApplicationException(
            TApplicationException.UNKNOWN_METHOD, f"Unknown method {printable(api)}"
        )
    return None


class TProcessor:
    """Reads one call, hands it to the handler's method of that name and writes the answer.

    ``process`` raises what it cannot answer, undeclared exceptions of the handler among them,
    so that code around it may see them. ``process_and_answer`` turns them into an answer, as the
    servers do (see ``fastthrift.server``).

    A handler that lacks methods of the service is logged as a warning.
    """

    def __init__(self, service: Any, handler: object) -> None:
        check_service(service, type(self).__name__)
        check_handler(service, handler, type(self).__name__)
        self._service = service
        self._handler = handler

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call."""
        api, message_type, seqid = iprot.read_message_begin()
        return self._read_call(iprot, self._service, self._handler, api, message_type, seqid)

    @staticmethod
    def _read_call(
        iprot: TProtocolBase, service: Any, handler: object, api: str, message_type: int, seqid: int
    ) -> Incoming:
        refusal = refused_call(service, api, message_type)
        if refusal is not None:
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            if message_type == TMessageType.ONEWAY:
                # Nobody waits for an answer; one would be taken for that of the next call.
                raise refusal
            return api, seqid, refusal, None

        args = getattr(service, api + "_args")()
        args.read(iprot)
        iprot.read_message_end()
        result = getattr(service, api + "_result")()
        if result.oneway:
            note_oneway(iprot)

        def call() -> Any:
            names = [field[1] for field in args.thrift_spec.values()]
            return find_handler(handler, api)(*[getattr(args, name) for name in names])

        return api, seqid, result, call

    def send_exception(
        self, oprot: TProtocolBase, api: str, exc: TApplicationException, seqid: int
    ) -> None:
        """Answer with a ``TApplicationException``."""
        oprot.write_message_begin(api, TMessageType.EXCEPTION, seqid)
        exc.write(oprot)
        oprot.write_message_end()
        flush(oprot.trans)

    def send_result(self, oprot: TProtocolBase, api: str, result: TPayload, seqid: int) -> None:
        """Answer with a result, which may hold a declared exception."""
        oprot.write_message_begin(api, TMessageType.REPLY, seqid)
        result.write(oprot)
        oprot.write_message_end()
        flush(oprot.trans)

    def handle_exception(self, e: Exception, result: TPayload) -> bool:
        """Put ``e`` into the first field of ``result``, by field id, that declares it."""
        for fid in sorted(result.thrift_spec):
            field = result.thrift_spec[fid]
            if field[1] != "success" and isinstance(e, field[2]):
                setattr(result, field[1], e)
                return True
        return False

    def process(self, iprot: TProtocolBase, oprot: TProtocolBase) -> None:
        """Read one call, make it and answer it."""
        if not _OWN_PROCESSING.are_kept_by(self):
            return self._call_and_answer(oprot, *self.process_in(iprot))

        # What a server notes of the call it is told here, and the protocols themselves are used.
        source: Any = iprot
        sink: Any = oprot
        if type(source) is Reader:
            source, message = source._proto, source._message
        else:
            message = Message()
        message.header = None
        call = _core.read_call(self._service, source, message)
        header = message.header
        if header is None:
            return self._call_and_answer(oprot, *self.process_in(iprot))
        if call is None:
            incoming = self._read_call(iprot, self._service, self._handler, *header)
            return self._call_and_answer(oprot, *incoming)

        message.stage = READ
        method, api, oneway, args = call
        if oneway:
            message.note_oneway()
        result = None
        try:
            value = find_handler(self._handler, api)(*args)
        except TApplicationException as error:
            if oneway:
                raise
            return self.send_exception(oprot, api, error, header[2])
        except Exception as error:
            result = getattr(self._service, api + "_result")()
            if not self.handle_exception(error, result):
                raise

        if oneway:
            return
        if result is None:
            if type(sink) is Writer:
                sink = sink._proto
            message.stage = REPLYING
            output = _core.write_result(method, sink, header[2], value)
            if output is not None:
                message.stage = REPLIED
                return send(*output)
            result = getattr(self._service, api + "_result")()
            result.success = value
        self.send_result(oprot, api, result, header[2])

    def process_and_answer(
        self, iprot: TProtocolBase, oprot: TProtocolBase, *, peer: str | None = None
    ) -> bool:
        """Read one call, make it and answer it, as the servers do; for those that serve without
        them, from a WSGI view or a worker.

        What ``process`` raises is logged, with ``peer`` as the other side's name (its address,
        when it is not given), and answered with a ``TApplicationException``. Returns whether
        another call can be read: not after the end of the connection, nor after bytes that
        cannot be read, for which nothing is written unless they name a call.
        """
        from fastthrift._calls.settle import process_and_answer

        return process_and_answer(self, iprot, oprot, peer)

    def _call_and_answer(
        self,
        oprot: TProtocolBase,
        api: str,
        seqid: int,
        result: Any,
        call: Callable[[], Any] | None,
    ) -> None:
        """Make a call that was read, and answer it."""
        if isinstance(result, TApplicationException):
            return self.send_exception(oprot, api, result, seqid)

        assert call is not None
        try:
            result.success = call()
        except TApplicationException as error:
            if result.oneway:
                raise
            return self.send_exception(oprot, api, error, seqid)
        except Exception as error:
            if not self.handle_exception(error, result):
                raise

        if not result.oneway:
            self.send_result(oprot, api, result, seqid)


# What `process` does without, unless somebody has another.
_OWN_PROCESSING = _core.OriginalMethods(TProcessor, "process_in", "_read_call", "send_result")


class TMultiplexedProcessor(TProcessor):
    """Serves several services on one connection; calls come as ``Service:method``."""

    SEPARATOR = ":"

    def __init__(self) -> None:
        self.processors: dict[str, TProcessor] = {}

    def register_processor(self, service_name: str, processor: TProcessor) -> None:
        """Serve ``processor`` under a name; a name can be given once."""
        if service_name in self.processors:
            raise TApplicationException(
                type=TApplicationException.INTERNAL_ERROR,
                message=f"processor for `{service_name}` already registered",
            )
        self.processors[service_name] = processor

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call of any of the services."""
        name, message_type, seqid = iprot.read_message_begin()
        problem = None
        if message_type not in (TMessageType.CALL, TMessageType.ONEWAY):
            problem = "TMultiplexed protocol only supports CALL & ONEWAY"
        elif self.SEPARATOR not in name:
            problem = (
                "Service name not found in message. You should use TMultiplexedProtocol in client."
            )
        if problem is not None:
            # Read to the end, so that the connection can go on with the next message.
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            raise TApplicationException(TApplicationException.INVALID_MESSAGE_TYPE, problem)

        service_name, api = name.split(self.SEPARATOR, 1)
        processor = self.processors.get(service_name)
        if processor is None:
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            unknown = unknown_service(service_name, api)
            if message_type == TMessageType.ONEWAY:
                raise unknown
            return api, seqid, unknown, None
        return self._read_call(
            iprot, processor._service, processor._handler, api, message_type, seqid
        )


def unknown_service(service_name: str, api: str) -> TApplicationException:
    """What a call is answered with of a service that a multiplexed processor does not have."""
    return TApplicationException(
        TApplicationException.UNKNOWN_METHOD,
        f"Unknown method {printable(api)}: no service {printable(service_name)} is registered",
    )


class TProcessorFactory:
    """Makes processors of one class with the same arguments, one per connection for example."""

    def __init__(self, processor_class: type[TProcessor], *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs
        self.processor_class = processor_class

    def get_processor(self) -> TProcessor:
        return self.processor_class(*self.args, **self.kwargs)
