"""Calls as hooks, middleware and handlers see them, on either side.

A driver that finds `watch` on makes a `Call`, and goes through `observe` or `serve` in place of
the call itself; both are steps, so that they stand once for threads and for asyncio.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from fastthrift._calls.deadlines import current_deadline
from fastthrift._calls.server_call import (
    BEGUN,
    SEPARATOR,
    ServerCall,
    process,
    refused_call,
    serving,
)
from fastthrift._calls.transports import find_layer, headers_of, peer_of
from fastthrift._calls.watch import watch
from fastthrift._exceptions import TApplicationException, TDecodeException, TException
from fastthrift.protocol.exc import TProtocolException
from fastthrift.transport._counting import counting
from fastthrift.transport.base import TTransportException

if TYPE_CHECKING:
    from fastthrift._calls.server_call import Find
    from fastthrift._calls.steps import Kind, Steps

    Side = Literal["client", "server"]

_loggers = {side: logging.getLogger(f"fastthrift.{side}") for side in ("client", "server")}
_access = logging.getLogger("fastthrift.access")
_clock = time.perf_counter

# The call that a handler is in.
_current: ContextVar[Call | None] = ContextVar("fastthrift_call", default=None)


class Call:
    """A call, as a client makes it or a server serves it; for hooks when it is over, for
    middleware and handlers while it goes on."""

    __slots__ = (
        "_go",
        "_of_service",
        "args",
        "bytes_in",
        "bytes_out",
        "deadline",
        "error",
        "headers",
        "kwargs",
        "method",
        "outcome",
        "peer",
        "retries",
        "seconds",
        "service",
        "side",
        "state",
    )

    def __init__(
        self, side: Side, service: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        #: ``"client"`` or ``"server"``: who sees it.
        self.side = side
        #: The class of the service.
        self.service = service
        #: The name of the method in the IDL.
        self.method = method
        #: The arguments as they were given, those of a server in the order of the IDL. Middleware
        #: may put others in their place, before it hands the call on.
        self.args = args
        self.kwargs = kwargs
        #: The other side: an address like ``127.0.0.1:9090``, a URL over HTTP; None where nobody
        #: knows.
        self.peer: str | None = None
        #: Over HTTP and THeader the headers of the request. Those of a server have names in lower
        #: case; what middleware of a client puts in is sent along.
        self.headers: dict[str, str] = {}
        #: When the call has to be over, by ``time.monotonic``; None for no such time.
        self.deadline: float | None = current_deadline()
        #: ``"success"``, ``"exception"`` (one that the service declares) or ``"error"``; None
        #: while the call goes on.
        self.outcome: Literal["success", "exception", "error"] | None = None
        #: What was raised, if anything.
        self.error: BaseException | None = None
        #: How long it took: of a client as a whole, of a server from when it was read until its
        #: answer was sent.
        self.seconds = 0.0
        #: What came and went for it; None where nobody has counted.
        self.bytes_in: int | None = None
        self.bytes_out: int | None = None
        #: How often a pool has made it again.
        self.retries = 0
        #: For middleware and hooks, which may keep here what they know of the call.
        self.state: dict[Any, Any] = {}
        # The call itself, and that with the middleware of its service around it.
        self._go: Answer
        self._of_service: Answer

    @property
    def name(self) -> str:
        """The method with its service: ``Calculator.add``."""
        return f"{getattr(self.service, '__name__', '?')}.{self.method}"

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name."""
        args = getattr(self.service, f"{self.method}_args", None)
        fields = [] if args is None else list(args.thrift_spec.values())
        return {
            **{field[1]: value for field, value in zip(fields, self.args, strict=False)},
            **self.kwargs,
        }

    def __repr__(self) -> str:
        return f"<Call of {self.name}() by a {self.side}: {self.outcome or 'goes on'}>"

    def _end(self, begun: float, error: BaseException | None) -> None:
        """It is over, and has failed with an error, if with any."""
        self.seconds = _clock() - begun
        if error is not None:
            self.error = error
        if self.error is None:
            self.outcome = "success"
        else:
            self.outcome = "exception" if _is_declared(self.error, error) else "error"

    def _count(self, bytes_in: int, bytes_out: int) -> None:
        self.bytes_in = (self.bytes_in or 0) + bytes_in
        self.bytes_out = (self.bytes_out or 0) + bytes_out


Hook = Callable[[Call], object]
# Gives what is entered while a call goes on.
Around = Callable[[Call], contextlib.AbstractContextManager[object]]
# Makes a call, or gives what is to be awaited.
Answer = Callable[[Call], Any]
Middleware = Callable[[Answer], Answer]


def _is_declared(error: BaseException, raised: BaseException | None) -> bool:
    """Whether an error is an answer that the service declares: a handler's that nobody else had
    to deal with, or one that a client has raised."""
    if isinstance(error, TApplicationException):
        return False
    return raised is None or (
        isinstance(error, TException)
        and not isinstance(error, (TTransportException, TProtocolException, TDecodeException))
    )


# Hooks

_hooks: dict[str, tuple[Hook, ...]] = {"client": (), "server": ()}


def add(*, client: Hook | None = None, server: Hook | None = None) -> None:
    """Have functions called after each call of a client, or of a server, with its `Call`.

    They are called in the order in which they were added, by whoever makes the call: they must
    not wait. What one raises is logged, and does not disturb the call. Raises ``TypeError`` for
    what cannot be called like that.
    """
    _add(_hooks, _given(client, server, "add"), "a hook is a plain function of one Call, not")


def remove(*, client: Hook | None = None, server: Hook | None = None) -> None:
    """Take hooks out again. Raises ``ValueError`` for one that was not added."""
    for side, hook in _given(client, server, "remove").items():
        if hook not in _hooks[side]:
            raise ValueError(f"no such {side} hook: {hook!r}")
        last = len(_hooks[side]) - 1 - _hooks[side][::-1].index(hook)
        _hooks[side] = _hooks[side][:last] + _hooks[side][last + 1 :]


# In seconds; None for no such limit.
_slow: dict[str, float | None] = {"client": None, "server": None}


def warn_slow(*, client: float | None = None, server: float | None = None) -> None:
    """Log a warning for each call that takes longer than so many seconds, by the loggers
    ``fastthrift.client`` and ``fastthrift.server``; None for no such limit, as it is at first.

    Limits that were set before are those no more. Raises ``ValueError`` for what is no limit.
    """
    limits = {"client": client, "server": server}
    for side, limit in limits.items():
        if limit is not None and not limit >= 0:
            raise ValueError(f"{side}={limit!r} is no number of seconds from 0 on")
    for side, limit in limits.items():
        before, _slow[side] = _slow[side], limit
        if limit is not None and before is None:
            _hooks[side] = *_hooks[side], _warn_slow
            watch_calls()
        elif limit is None and before is not None:
            _hooks[side] = tuple(hook for hook in _hooks[side] if hook is not _warn_slow)


def _warn_slow(call: Call) -> None:
    limit = _slow[call.side]
    if limit is not None and call.seconds > limit:
        _loggers[call.side].warning(
            "%s() %s took %.3f s, which is more than %g s: %s",
            call.name,
            f"{'at' if call.side == 'client' else 'for'} {call.peer or 'an unknown peer'}",
            call.seconds,
            limit,
            call.outcome,
        )


_around: dict[str, tuple[Around, ...]] = {"client": (), "server": ()}


def add_around(*, client: Around | None = None, server: Around | None = None) -> None:
    """Have context managers around each call of a client, or of a handler by a server.

    A function of the `Call` gives one, which is entered in the thread or task of the call, before
    its middleware, and left after it, the first added last: so context variables that it sets are
    those of what the call does. In asyncio it is an ordinary context manager too. What one raises
    is what the call raises. Raises ``TypeError`` for what cannot be called like that.
    """
    given = _given(client, server, "add_around")
    _add(_around, given, "a plain function of one Call is needed, not")


def remove_around(*, client: Around | None = None, server: Around | None = None) -> None:
    """Take functions out again. Raises ``ValueError`` for one that was not added."""
    for side, around in _given(client, server, "remove_around").items():
        if around not in _around[side]:
            raise ValueError(f"nothing of the kind is around {side} calls: {around!r}")
        _around[side] = tuple(each for each in _around[side] if each != around)


def _surrounded(call: Call) -> contextlib.AbstractContextManager[object]:
    """What is around a call."""
    around = _around[call.side]
    if not around:
        return _nothing
    with contextlib.ExitStack() as entered:
        for each in around:
            entered.enter_context(each(call))
        return entered.pop_all()


_nothing = contextlib.nullcontext()


def _given(client: Any, server: Any, name: str) -> dict[str, Any]:
    given = {"client": client, "server": server}
    hooks = {side: hook for side, hook in given.items() if hook is not None}
    if not hooks:
        raise TypeError(f"{name}() takes client=function, server=function, or both")
    return hooks


def _add(those: dict[str, tuple[Any, ...]], given: dict[str, Any], needed: str) -> None:
    for function in given.values():
        if not callable(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"{needed} {function!r}")
    for side, function in given.items():
        those[side] = *those[side], function
    watch_calls()


def _tell(call: Call) -> None:
    for hook in _hooks[call.side]:
        try:
            hook(call)
        except Exception:
            _loggers[call.side].exception("The hook %r failed after %s()", hook, call.name)


# Middleware


def _hand_on(call: Call) -> Any:
    return call._go(call)


def _hand_on_to_service(call: Call) -> Any:
    return call._of_service(call)


def through(middleware: Iterable[Middleware], *, several: bool = False) -> Answer | None:
    """How a call is handed on: through each of the middleware, the first outermost; None where
    there is none. ``several`` is whether there are services with some of their own. Raises
    ``TypeError`` for what is no middleware."""
    if callable(middleware):
        raise TypeError(f"middleware is a list of functions, not {middleware!r}")
    first: Answer = _hand_on_to_service if several else _hand_on
    answer = first
    for each in reversed(list(middleware)):
        handed = each(answer)
        if not callable(handed):
            raise TypeError(
                f"middleware takes what answers a call, and returns such a function: {each!r} "
                f"returned {handed!r}"
            )
        answer = handed
    if answer is first:
        return None
    watch_calls()
    return answer


# Clients

# Errors that know where their call went; a field that a service declares may have any name.
_KNOWING = (TApplicationException, TProtocolException, TTransportException)


def is_observed(around: Answer | None) -> bool:
    """Whether anybody looks at the calls of a client with such middleware."""
    return around is not None or bool(_hooks["client"] or _around["client"])


def observe(call: Call, around: Answer | None, go: Answer) -> Steps[Any]:
    """Make a call of a client through its middleware, by ``go`` in the end, and tell the hooks."""
    call._go = go
    begun = _clock()
    failure: BaseException | None = None
    try:
        with _surrounded(call):
            return (yield (around or _hand_on)(call))
    except BaseException as error:
        failure = error
        raise
    finally:
        if call.peer is None and isinstance(failure, _KNOWING):
            # That nobody was reached at.
            call.peer = failure.peer
        call._end(begun, failure)
        # The exception has this frame in its traceback: no cycle.
        failure = None
        _tell(call)


def new_call(service: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """A call of a client."""
    return Call("client", service, method, args, kwargs)


@contextlib.contextmanager
def attached(call: Call, client: Any) -> Iterator[None]:
    """While a client makes a call, which nobody else makes one with."""
    trans = client._iprot.trans
    call.peer = peer_of(trans)
    bearer = find_layer(trans, "call_headers")
    if bearer is not None:
        bearer.call_headers = call.headers
    counter = find_layer(trans, "counts_bytes")
    before = None
    if counter is not None and counter.counts_bytes:
        before = counter.bytes_received, counter.bytes_sent
    try:
        yield
    finally:
        if bearer is not None:
            bearer.call_headers = {}
        if before is not None:
            call._count(counter.bytes_received - before[0], counter.bytes_sent - before[1])


# Servers


def current_call() -> Call | None:
    """The call that is being served, for its handler and what that calls; None elsewhere.

    It is a context variable: tasks that a handler makes have it, and functions that are run by
    ``asyncio.to_thread``, but not threads that are made by hand.
    """
    return _current.get() or _begun_unwatched()


def _begun_unwatched() -> Call | None:
    """The call that a handler is in which is the first to ask in this process. Calls that go
    straight have noted nothing by then: what they know is in the frame that has called it."""
    going = serving.get()
    if going is not None:
        served, made, iprot = going
        if made is None or hasattr(served, "observed"):
            return None
        service, _, args = made
        return _call_of(service, served, iprot, tuple(args))
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is process.__code__:
            known = frame.f_locals
            if known.get("made") is None:
                return None
            args = tuple(known["made"][3])
            return _call_of(known["service"], known["call"], known["iprot"], args)
        frame = frame.f_back
    return None


def _call_of(service: Any, served: ServerCall, iprot: Any, args: tuple[Any, ...] = ()) -> Call:
    call = Call("server", service, served.method, args, {})
    call.peer = getattr(served, "peer", None) or peer_of(getattr(iprot, "trans", None))
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = getattr(served, "headers", None)
    if headers is None:
        headers = headers_of(getattr(iprot, "trans", None))
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        name = name.lower()
        before = call.headers.get(name)
        call.headers[name] = value if before is None else f"{before}, {value}"
    return call


class Seen:
    """A processor whose handler is called through middleware, and noted; for one call."""

    def __init__(self, kind: type[Kind], processor: Any, served: ServerCall, iprot: Any) -> None:
        self.kind = kind
        self.processor = processor
        self.served = served
        self.iprot = iprot
        self.begun = _clock()
        self.call: Call | None = None
        self._token: Any = None
        self._failure: BaseException | None = None
        self._service = getattr(processor, "_service", None)

    @property
    def _handler(self) -> Any:
        return self.handler_of(self._service, getattr(self.processor, "_handler", None))

    def handler_of(self, service: Any, handler: Any) -> Any:
        """A handler for this call."""
        # Made when it is asked for: kept, it would be in a cycle.
        return _SeenHandler(self, service, handler)

    def note_failure(self) -> None:
        """The processor has answered with what the service does not declare, and raises nothing:
        those of others do so."""
        self._failure = None if self.call is None else self.call.error

    def handle_exception(self, error: Exception, result: Any) -> bool:
        return bool(self.processor.handle_exception(error, result))

    def find(self, find: Find) -> Find:
        """How who serves a call is found, so that the handler is a noted one."""

        def find_seen(name: Any, message_type: int) -> Any:
            service, handler, api, refusal = find(name, message_type)
            if refusal is None:
                handler = self.handler_of(service, handler)
            return service, handler, api, refusal

        return find_seen

    def answer_of(self, call: Call) -> Answer:
        """How the call is handed on."""
        around: Answer = getattr(self.processor, "around", None) or _hand_on
        several: dict[str, Any] | None = getattr(self.processor, "processors", None)
        if several is None:
            return around
        name = self.served.header[0] if self.served.header else None
        one = several.get(str(name).split(SEPARATOR, 1)[0])
        call._of_service = getattr(one, "around", None) or _hand_on
        return call._of_service if around is _hand_on else around

    def invoke(self, service: Any, function: Any, args: tuple[Any, ...]) -> Steps[Any]:
        """Call the handler."""
        self.begun = _clock()
        call = self.call = _call_of(service, self.served, self.iprot, args)
        call_function = self.kind.call
        # It knows nothing of this object, which has the call: no cycle.
        call._go = lambda call: call_function(function, list(call.args))
        answer = self.answer_of(call)
        self._token = _current.set(call)
        try:
            with _surrounded(call):
                return (yield answer(call))
        except BaseException as error:
            call.error = error
            raise
        finally:
            _current.reset(self._token)

    def end(self, error: BaseException | None, before: tuple[int, int] | None) -> None:
        """The call is over; where it has failed, and is answered by others, once they have."""
        if not self._has_come(error):
            return
        if error is not None and self.served.is_settled:
            self.served.ending = partial(self._tell, error, before)
        else:
            self._tell(error or self._failure, before)

    def _has_come(self, error: BaseException | None) -> bool:
        """Whether there is a call: one that was refused was made by nobody."""
        if self.call is None:
            if self.served.header is None or self.served.stage == BEGUN:
                return False  # none has come, or not to its end
            call = self.call = _call_of(self._service, self.served, self.iprot)
            if error is None and self._service is not None:
                error = refused_call(self._service, call.method, self.served.header[1])
            call.error = error or TApplicationException(TApplicationException.UNKNOWN_METHOD)
        return True

    def _tell(self, error: BaseException | None, before: tuple[int, int] | None) -> None:
        call = self.call
        assert call is not None
        call._end(self.begun, error)
        counter = _counter(self.served, self.iprot)
        if counter is not None and counter.counts_bytes:
            now = counter.bytes_received, counter.bytes_sent
            if before is not None:
                call._count(now[0] - before[0], now[1] - before[1])
            counter.bytes_told = now
        if _access.isEnabledFor(logging.INFO):
            _log(call)
        _tell(call)


class _SeenHandler:
    """A handler whose methods are called through `Seen.invoke`."""

    def __init__(self, seen: Seen, service: Any, handler: Any) -> None:
        self._of = seen, service, handler

    def __getattr__(self, name: str) -> Any:
        seen, service, handler = self._of
        function = getattr(handler, name)
        return lambda *args: seen.kind.do(seen.invoke(service, function, args))


def _counter(served: ServerCall, iprot: Any) -> Any:
    """What counts the bytes of a connection."""
    counter = getattr(served, "traffic", None)
    if counter is None:
        counter = find_layer(getattr(iprot, "trans", None), "counts_bytes")
    return counter


def serve(
    kind: type[Kind], processor: Any, served: ServerCall, iprot: Any, go: Callable[[Seen], Any]
) -> Steps[None]:
    """Serve a call by ``go``, which is given a processor in place of this one."""
    counter = _counter(served, iprot)
    before: tuple[int, int] | None = None
    if counter is not None:
        before = counter.bytes_told
    seen = Seen(kind, processor, served, iprot)
    served.observed = seen
    failure: BaseException | None = None
    try:
        yield go(seen)
    except BaseException as error:
        failure = error
        raise
    finally:
        served.observed = None
        seen.end(failure, before)
        failure = None


def _log(call: Call) -> None:
    """The line of the access log. No values, which may be secret."""
    outcome: str = call.outcome or ""
    if call.error is not None:
        outcome = f"{outcome} ({type(call.error).__name__})"
    size_in, size_out = ("?" if size is None else size for size in (call.bytes_in, call.bytes_out))
    _access.info(
        "%s %s %s %.3f ms, %s bytes in, %s bytes out",
        call.peer or "-",
        call.name,
        outcome,
        call.seconds * 1000,
        size_in,
        size_out,
    )


def watch_calls() -> None:
    """From now on every call is looked at."""
    watch.serve = serve
    watch.is_on = True
    # Of connections that are made from now on: all of their calls are looked at.
    counting.told = (0, 0)


# Of connections that are made from now on, for hooks that may come.
counting.is_on = True
