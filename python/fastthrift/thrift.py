"""Payloads, exceptions, the client and the processors.

The names, signatures and defaults are those of ``thriftpy2.thrift``. Payloads and exceptions are
in ``_payload``.
"""

from __future__ import annotations

from fastthrift import _core
from fastthrift._calls.client_call import (
    ENCODING,
    READING,
    RECEIVING,
    SENDING,
    SENT,
    STARTED,
    name_arguments,
)
from fastthrift._calls.progress import Turns, process
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
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.transports import LOOKED_AT
from fastthrift._calls.wait import flush, send, wait
from fastthrift._core import TMessageType as TMessageType
from fastthrift._core import TType as TType
from fastthrift._light import partial

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
    from collections.abc import Callable
    from typing import Any

    from fastthrift.protocol.base import TProtocolBase

    # What `TProcessor.process_in` gives: method, sequence id, the result to fill in (or the
    # exception to answer with), and the call of the handler.
    Incoming = tuple[str, int, Any, Callable[[], Any] | None]


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
        self._service = service
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._rpc_state = Turns(service, Blocking, check_seqid)

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
        bound = _core.bind(self, _OWN_SEND, _api, args, kwargs)
        named = name_arguments(self._service, _api, args, kwargs) if bound is None else None
        progress = self._rpc_state
        if progress.process is not process.current:
            progress.start_over_in_child(self)
        with progress.lock:
            outer = progress.call
            call = progress.begin(self, _api, bound)
            try:
                output = None
                if bound is not None:
                    call.stage = ENCODING
                    output = _core.write_call(bound[0], self._oprot, call.seqid, bound[2])
                if output is not None:
                    call.stage = SENDING
                    data, trans = output
                    if data is not None:
                        trans.write(data)
                    trans.flush()
                    call.stage = SENT
                else:
                    call.stage = STARTED
                    if named is None:
                        named = name_arguments(self._service, _api, args, kwargs)
                    self._send(_api, **named)
                    if call.stage == STARTED:
                        call.stage = SENT
                return None if (bound[1] if bound else call.is_oneway()) else self._recv(_api)
            except BaseException as error:
                progress.fail(self, call, error)
                raise
            finally:
                progress.call = outer

    def _send(self, _api: str, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        run(self._rpc_state.current(self, _api).write(self._oprot, kwargs))

    def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        iprot = self._iprot
        call = progress.call
        if call is None or call.api != _api:
            call = progress.current(self, _api)
        call.seqid = self._seqid
        call.stage = RECEIVING
        if arrived := wait(iprot.trans):
            call.stage = READING
            if not progress.answered:
                progress.opening = bytes(arrived[:LOOKED_AT])
        value = call.take(iprot)
        progress.answered = True
        return value

    def close(self) -> None:
        """Close the transports. Does not wait for a call that another thread is making."""
        self._iprot.trans.close()
        if self._iprot != self._oprot:
            self._oprot.trans.close()


_core.install_getattr(TClient)

# What `_req` does without, unless somebody has another.
_OWN_SEND = _core.OriginalMethods(TClient, "_send")


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
