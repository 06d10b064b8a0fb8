"""Payloads, exceptions, the client and the processors.

The names, signatures and defaults are those of ``thriftpy2.thrift``. Payloads and exceptions are
in ``_payload``.
"""

from __future__ import annotations

from fastthrift import _core
from fastthrift._calls.client_call import ENCODING, SENDING, SENT, STARTED, name_arguments
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.faces import ClientFace, ProcessorFace, SeveralFace, other_attribute
from fastthrift._calls.progress import Turns, this_process
from fastthrift._calls.server_call import (
    CallReader,
    CallWriter,
    ServerCall,
    answer,
    find_among,
    noted,
    process,
    process_by_steps,
    read_call,
    several,
    single,
    write_answer,
)
from fastthrift._calls.services import is_given_timeout
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.wait import wait_for_opening
from fastthrift._calls.watch import wants_access_log, watch
from fastthrift._core import TMessageType as TMessageType
from fastthrift._core import TType as TType
from fastthrift._core import bind, write_call
from fastthrift._light import partial

from ._exceptions import TApplicationException as TApplicationException
from ._exceptions import TDecodeException as TDecodeException
from ._exceptions import TException as TException
from ._payload import TPayload as TPayload
from ._payload import TPayloadMeta as TPayloadMeta
from ._payload import args_to_kwargs as args_to_kwargs
from ._payload import check_arguments as check_arguments
from ._payload import gen_init as gen_init
from ._payload import init_func_generator as init_func_generator
from ._payload import parse_spec as parse_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from fastthrift._calls.client_call import ClientCall
    from fastthrift._calls.observed import Call, Middleware
    from fastthrift._calls.server_call import Find, Incoming
    from fastthrift.protocol.base import TProtocolBase
    from fastthrift.typing import WithHandler

    _Handler = TypeVar("_Handler")
else:
    # What annotations say at run time, for which nothing is imported that is not there.
    from _collections_abc import Callable

    Any = Find = object


class TClient(ClientFace):
    """Calls the methods of a service, as attributes of the client.

    A client may be shared by threads (or greenlets): calls take turns. After a timeout, a
    protocol error or any other exception that leaves a call unfinished, the connection is
    closed, because the next bytes on it would answer the wrong call; every later call raises
    ``TTransportException`` of type ``NOT_OPEN`` until the transport has been opened again.
    Declared exceptions, ``TApplicationException`` replies and arguments that cannot be encoded
    or exceed a limit leave the connection open.

    A call takes ``timeout=`` besides its arguments: how many seconds it may take as a whole, as
    ``fastthrift.deadline`` says it of several. Where a method has an argument of that name, it is
    the method's.

    ``is_open`` tells whether there is a connection, ``reopen()`` makes a new one in its place,
    ``with_fields("name", "people.age")`` is a client on the same connection whose results have
    these fields only (see ``fastthrift.select``); where the service has methods of these names,
    they are those.
    """

    def _begin_progress(self, service: Any, check_seqid: bool) -> Turns:
        return Turns(service, Blocking, check_seqid)

    def __getattr__(self, _api: str) -> Any:
        if _api in self._methods:
            if watch.is_on:
                return ServiceMethod(_watched, self, _api)
            return ServiceMethod(self._req, _api)
        return other_attribute(self, _api, _watched, _reopen)

    def _req(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        """Make one call: check the arguments, send, and wait for the reply unless oneway."""
        named = None
        bound = bind(self, _OWN_HALVES, _api, args, kwargs)
        if bound is None:
            if is_given_timeout(self._service, _api, kwargs):
                return _in_time(self._req, _api, args, kwargs)
            named = name_arguments(self._service, _api, args, kwargs)
        progress = self._rpc_state
        if progress.process is not this_process.current:
            progress.start_over_in_child(self)
        with progress.lock:
            outer = progress.call
            call = progress.begin(self, _api, bound)
            try:
                output = oneway = None
                if bound is not None:
                    method, oneway, values = bound
                    call.stage = ENCODING
                    output = write_call(method, self._oprot, call.seqid, values)
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
                    oneway = call.note_sent()
                if oneway:
                    begin = progress.response_begin(self._iprot.trans)
                    return _read_unasked(call, self._iprot, begin) if begin else None
                return self._recv(_api) if bound is None else call.receive(self._iprot, progress)
            except BaseException as error:
                progress.fail(self, call, error)
                raise
            finally:
                progress.call = outer

    def _send(self, _api: str, /, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        run(self._rpc_state.current(self, _api).write(self._oprot, kwargs))

    def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        call = progress.current(self, _api)
        try:
            return call.receive(self._iprot, progress)
        except BaseException as error:
            progress.fail_part(self, call, error)
            raise


_core.install_getattr(TClient)

# What `_req` does without, unless somebody has another.
_OWN_HALVES = _core.OriginalMethods(TClient, "_send", "_recv")


def _watched(client: TClient, _api: str, /, *args: Any, **kwargs: Any) -> Any:
    """Make a call that somebody may look at."""
    if not watch.is_on:
        return client._req(_api, *args, **kwargs)
    from fastthrift._calls.observed import attached, is_observed, new_call, observe

    progress = client._rpc_state
    if not is_observed(progress.around):
        return client._req(_api, *args, **kwargs)
    if is_given_timeout(client._service, _api, kwargs):
        return _in_time(partial(_watched, client), _api, args, kwargs)
    if progress.process is not this_process.current:
        progress.start_over_in_child(client)

    def go(call: Call) -> Any:
        with progress.lock, attached(call, client):
            return client._req(call.method, *call.args, **call.kwargs)

    call = new_call(client._service, _api, args, kwargs)
    return run(observe(call, progress.around, go))


def _in_time(
    make: Callable[..., Any], _api: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Make a call that is given ``timeout=``."""
    from fastthrift._calls.deadlines import within_timeout

    with within_timeout(kwargs):
        return make(_api, *args, **kwargs)


def _reopen(client: TClient) -> None:
    """Connect again; raises ``TTransportException`` of type ``NOT_OPEN`` where that fails."""
    progress = client._rpc_state
    with progress.lock:
        run(progress.reopen(client))


def _read_unasked(call: ClientCall, iprot: TProtocolBase, begin: bytes) -> None:
    """Look at what has come of a oneway call."""
    from fastthrift._calls.unasked import read_unasked

    run(read_unasked(call, iprot, begin))


class TProcessor(ProcessorFace):
    """Reads one call, hands it to the handler's method of that name and writes the answer.

    ``process`` raises what it cannot answer, undeclared exceptions of the handler among them,
    so that code around it may see them. ``process_and_answer`` turns them into an answer, as the
    servers do (see ``fastthrift.server``).

    A handler that lacks methods of the service is logged as a warning.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            service: WithHandler[_Handler],
            handler: _Handler,
            *,
            middleware: Iterable[Middleware] = (),
        ) -> None: ...

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call."""
        return run(read_call(Blocking, *noted(iprot), single(self)))

    def send_exception(
        self, oprot: TProtocolBase, api: str, exc: TApplicationException, seqid: int
    ) -> None:
        """Answer with a ``TApplicationException``."""
        run(write_answer(Blocking, *noted(oprot), api, exc, seqid))

    def send_result(self, oprot: TProtocolBase, api: str, result: TPayload, seqid: int) -> None:
        """Answer with a result, which may hold a declared exception."""
        run(write_answer(Blocking, *noted(oprot), api, result, seqid))

    def process(self, iprot: TProtocolBase, oprot: TProtocolBase) -> None:
        """Read one call, make it and answer it."""
        if not _OWN_PARTS.are_kept_by(self):
            return run(answer(self, self, oprot, self.process_in(iprot)))
        # Where a server does not know it for a processor of ours, it has put on wrappers.
        source: Any = iprot
        if type(source) is not CallReader:
            return process(self, ServerCall(), iprot, oprot)
        _, sink = noted(oprot)
        return process(self, source.call, source.proto, sink)

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
        from fastthrift._calls.budget import call_over
        from fastthrift._calls.settle import alone, conclude, peer_name

        call = call_over(iprot.trans)
        try:
            call.begin(b"")
            wait_for_opening(iprot.trans, call)
            processing(self, iprot, oprot)(call)
        except Exception as error:
            peer = peer or peer_name(iprot.trans, "an unknown peer")
            return conclude(error, self, call, peer, oprot, alone, rates=None)
        finally:
            call.end()
        return True


_PARTS = ("process_in", "send_result", "send_exception")
# What `process` does without, unless somebody has another; and what does without `process`.
_OWN_PARTS = _core.OriginalMethods(TProcessor, *_PARTS)
_OWN_PROCESSING = _core.OriginalMethods(TProcessor, "process", *_PARTS)


class TMultiplexedProcessor(SeveralFace, TProcessor):
    """Serves several services on one connection; calls come as ``Service:method``."""

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call of any of the services."""
        return run(read_call(Blocking, *noted(iprot), several(self)))


_OWN_SEVERAL = _core.OriginalMethods(TMultiplexedProcessor, "process", *_PARTS)


def processing(processor: Any, iprot: Any, oprot: Any) -> Callable[[ServerCall], None]:
    """How a connection with these protocols has its calls processed, found once for it: each call
    is handed on where nothing of the processor is anybody else's, and noted by wrappers of the
    protocols elsewhere."""
    if wants_access_log():
        from fastthrift._calls.observed import watch_calls

        watch_calls()
    if _OWN_PROCESSING.are_kept_by(processor):
        return lambda call: process(processor, call, iprot, oprot)
    find = find_of(processor)
    if find is not None:
        return lambda call: run(process_by_steps(Blocking, processor, find, call, iprot, oprot))
    return lambda call: processor.process(CallReader(iprot, call), CallWriter(oprot, call))


def find_of(processor: Any) -> Find | None:
    """How a processor finds who serves a call, where it processes them as these here do."""
    return find_among(processor, _OWN_PROCESSING, _OWN_SEVERAL)


class TProcessorFactory:
    """Makes processors of one class with the same arguments, one per connection for example."""

    def __init__(self, processor_class: type[TProcessor], *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs
        self.processor_class = processor_class

    def get_processor(self) -> TProcessor:
        return self.processor_class(*self.args, **self.kwargs)
