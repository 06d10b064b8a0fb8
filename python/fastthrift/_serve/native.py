"""Calls that come by the loop in native code: who makes them, with what, and the log.

The loop has the connections. A worker here takes the calls that have come on one of them, makes
them by the protocols of a ``Lane``, one for each format, and gives back what is to be sent.
"""

from __future__ import annotations

import select
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fastthrift._calls.budget import HeaderCall, call_over
from fastthrift._calls.lines import (
    OVERLOADED,
    log_ended,
    log_failed,
    log_no_message,
    log_unread,
)
from fastthrift._calls.mismatch import explain
from fastthrift._calls.rate import and_more
from fastthrift._calls.server_call import ServerCall
from fastthrift._calls.settle import conclude, note_unfinished
from fastthrift._calls.transports import LOOKED_AT
from fastthrift._calls.watch import Traffic, watch
from fastthrift._core import (
    NativeServer,
    ServedCalls,
    ServerNotice,
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TBufferedTransport,
    TBufferedTransportFactory,
    TCompactProtocolFactory,
    TFramedTransport,
    TFramedTransportFactory,
    TMemoryBuffer,
    detect,
    frame_header,
)
from fastthrift._serve.overload import FULL, STARVED, listening_at
from fastthrift.protocol import TJSONProtocolFactory
from fastthrift.thrift import processing
from fastthrift.transport import TServerSocket
from fastthrift.transport._receiving import LATE

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from fastthrift._calls.rate import Rates

# The classes of factories, by what their protocols are called where bytes are told apart.
_FACTORIES: dict[type, str] = {
    TBinaryProtocolFactory: "binary",
    TCompactProtocolFactory: "compact",
    TJSONProtocolFactory: "JSON",
    TApacheJSONProtocolFactory: "Apache JSON",
}


HEADER = "THeader"
# The protocols that its messages have.
_INSIDE = ("binary", "compact")
# The bytes that it has in the frame of an answer, before the message.
_BESIDE_ANSWER = 14


class Format(NamedTuple):
    """What a connection speaks: a protocol, or THeader, by its name, and whether in frames."""

    protocol: str
    framed: bool


class Limits(NamedTuple):
    """What the loop allows: sizes in bytes, times in seconds, where None is no end."""

    max_connections: int
    threads: int
    queue: int
    message_timeout: float | None
    idle_timeout: float | None
    grace: float


class Formats:
    """Which formats a server takes, and the protocols and transports for each."""

    def __init__(
        self,
        iprot_factory: Any,
        oprot_factory: Any,
        trans_factory: Any,
        max_message_size: int | None = None,
    ) -> None:
        """What is None is found by the first bytes of a connection, and has ``max_message_size``,
        in bytes. Another protocol than this package's has to come in frames, for nobody else knows
        where its messages end."""
        size = max_message_size
        self._options: dict[str, Any] = {} if size is None else {"max_message_size": size}
        # Of THeader, where that is fixed: whom it takes, and whether all answers are compressed.
        self.header: tuple[list[bool], bool] | None = None
        # Those of THeader do, which only those import who use them.
        if any(getattr(each, "answers_in_kind", False) for each in (iprot_factory, trans_factory)):
            self._take_header(trans_factory, iprot_factory, oprot_factory)
            iprot_factory = oprot_factory = None
        self._iprot_factory = iprot_factory
        self._oprot_factory = oprot_factory
        self.framed = None if self.header else _is_framed(trans_factory)
        # Whose settings hold where no protocol is given.
        self._defaults = TBinaryProtocolFactory(**self._options)
        frames = TFramedTransportFactory(**({} if size is None else {"max_frame_size": size}))
        self.max_frame_size: int = getattr(trans_factory, "max_frame_size", frames.max_frame_size)
        self.protocol = _FACTORIES.get(type(iprot_factory))
        self.is_foreign = iprot_factory is not None and self.protocol is None
        if self.is_foreign:
            if not self.framed:
                raise ValueError(
                    f"TNonblockingServer cannot tell where messages of "
                    f"{type(iprot_factory).__name__} end: give it TFramedTransportFactory as well"
                )
            # Nobody asks for it: a frame has its length.
            self.protocol = "binary"

    def _take_header(self, trans_factory: Any, iprot_factory: Any, oprot_factory: Any) -> None:
        """Speak THeader, which one of the factories is of. Raises ``ValueError`` where another
        contradicts it."""
        from fastthrift.protocol import THeaderProtocolFactory
        from fastthrift.transport import THeaderTransportFactory
        from fastthrift.transport._header_rules import taken_clients

        # Without one for calls, that for answers is not asked either.
        for factory in () if iprot_factory is None else (iprot_factory, oprot_factory):
            if not isinstance(factory, THeaderProtocolFactory):
                raise ValueError(
                    f"TNonblockingServer answers THeader in the protocol of each call: "
                    f"give it THeaderProtocolFactory, not {type(factory).__name__}"
                )
        says = trans_factory
        if not isinstance(trans_factory, THeaderTransportFactory):
            if _is_framed(trans_factory):
                raise ValueError(
                    "THeader makes frames itself: give TNonblockingServer THeaderTransportFactory, "
                    f"not {type(trans_factory).__name__}"
                )
            says = iprot_factory
        client_types = taken_clients(says.allowed_client_types)
        self.header = client_types, bool(getattr(says, "transforms", ()))
        if iprot_factory is not None:
            self._options |= iprot_factory.options

    def protocols(
        self, format: Format, source: Any, output: Any, *, beside: int = 0
    ) -> tuple[Any, Any]:
        """The protocols that calls are read by and answers written by, where ``beside`` bytes go
        into the frame of an answer besides."""
        iprot_factory, oprot_factory = self._iprot_factory, self._oprot_factory
        if iprot_factory is None:
            iprot_factory = oprot_factory = self.factory(format.protocol)
        trans: Any = (
            TFramedTransport(output, max_frame_size=max(1, self.max_frame_size - beside))
            if format.framed
            else TBufferedTransport(output)
        )
        return iprot_factory.get_protocol(source), oprot_factory.get_protocol(trans)

    def expected(self, opening: bytes) -> Any:
        """A protocol as these first bytes should have been for, as far as that is fixed."""
        protocol, framed = detect(opening) or ("binary", False)
        takes_header = self.protocol is None and self.framed is None
        if self.header is not None or (takes_header and protocol == HEADER):
            from fastthrift.protocol import THeaderProtocol

            return THeaderProtocol(TMemoryBuffer())
        if self.framed is not None:
            framed = self.framed
        if self.protocol is not None or protocol not in _FACTORIES.values():
            protocol = self.protocol or "binary"
        return self.protocols(Format(protocol, framed), TMemoryBuffer(), TMemoryBuffer())[1]

    def factory(self, protocol: str) -> Any:
        """A factory of the protocols that are called so."""
        return next(cls for cls, name in _FACTORIES.items() if name == protocol)(**self._options)

    def setting(self, name: str) -> Any:
        """A limit, or another setting, of the protocol that is fixed; of the defaults elsewhere."""
        return getattr(self._iprot_factory, name, getattr(self._defaults, name))


def require_own_accept(trans: Any) -> None:
    """Raise ``ValueError`` where connections are not just accepted: by TLS, for example."""
    if type(trans).accept is not TServerSocket.accept:
        raise ValueError(
            f"TNonblockingServer accepts connections itself, and {type(trans).__name__} accepts "
            f"them in a way of its own: TThreadedServer takes any"
        )


def _require_threads() -> None:
    """Raise ``RuntimeError`` where threads are greenlets, which would wait for each other."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        raise RuntimeError(
            "TNonblockingServer waits in native code, where gevent's greenlets cannot take turns: "
            "TThreadedServer can be used with gevent"
        )


def _is_framed(trans_factory: Any) -> bool | None:
    if trans_factory is None:
        return None
    if isinstance(trans_factory, TFramedTransportFactory):
        return True
    if isinstance(trans_factory, TBufferedTransportFactory):
        return False
    raise ValueError(
        f"TNonblockingServer cuts messages itself: it takes TFramedTransportFactory, "
        f"TBufferedTransportFactory or THeaderTransportFactory, not "
        f"{type(trans_factory).__name__}; TThreadedServer takes any"
    )


class Output:
    """Takes what is written for a call."""

    __slots__ = ("written",)

    # Nothing that is read or written for a call can lose its client: see `settle`.
    holds_whole_messages = True

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def flush(self) -> None:
        """All of it is taken once the call was made."""

    def is_open(self) -> bool:
        """Always true."""
        return True

    def close(self) -> None:
        """The connection is the loop's."""

    def take(self) -> bytes:
        written, self.written = self.written, b""
        return written


class Lane:
    """What one call at a time of one format is made with."""

    def __init__(
        self,
        processor: Any,
        formats: Formats,
        format: Format,
        logger: logging.Logger,
        rates: Rates,
    ) -> None:
        self.processor = processor
        self.logger = logger
        self.rates = rates
        self.output = Output()
        self._framed = format.framed
        # What messages are taken into.
        self.input = self.source()
        iprot, self.oprot = self.protocols(formats, format)
        self.process = self.processing(processor, iprot, self.oprot)
        self._call = call_over(self.input)

    def source(self) -> TMemoryBuffer:
        """What a message is read from."""
        return TMemoryBuffer()

    def protocols(self, formats: Formats, format: Format) -> tuple[Any, Any]:
        """The protocols that calls are read by and answers written by."""
        return formats.protocols(format, self.input, self.output)

    def processing(self, processor: Any, iprot: Any, oprot: Any) -> Callable[[ServerCall], Any]:
        """How calls are made."""
        return processing(processor, iprot, oprot)

    def begin(self, calls: ServedCalls, size: int) -> ServerCall:
        """Get ready for the call of the message that was taken, of this size."""
        call = self._call
        call.begin(b"")
        if watch.is_on:
            call.peer = calls.peer
            call.traffic = Traffic(size, lambda: len(self.output.written))
        return call

    def put_back_others(self, calls: ServedCalls) -> None:
        """Give back what follows the message in its frame: others."""
        if self._framed:
            calls.put_back(self.input)

    def note_opening(self, calls: ServedCalls, call: ServerCall, size: int) -> None:
        """Note how what is no message begins on its connection, for the log."""
        if call.header is None and not calls.is_behind:
            length = frame_header(size) if self._framed else b""
            call.opening = length + calls.start(LOOKED_AT)

    def answer(self, calls: ServedCalls, goes_on: bool) -> None:
        """Answer the message that was taken; what follows it in its frame comes next."""
        if goes_on:
            self.put_back_others(calls)
        calls.answer(self.output.take(), goes_on)

    def make(self, calls: ServedCalls, size: int) -> bool:
        """Make the call of the message that was taken, of this size, and answer it; whether the
        connection goes on. Where it does not, something may be left of the answer."""
        goes_on = True
        call = self.begin(calls, size)
        try:
            self.process(call)
        except BaseException as error:  # sys.exit() in a handler ends no server
            self.note_opening(calls, call, size)
            goes_on = conclude(
                error, self.processor, call, calls.peer, self.oprot, self.logger, rates=self.rates
            )
        if call.ending is not None:
            call.end()  # a processor of somebody's own has answered
        self.answer(calls, goes_on)
        # The traceback of a call that failed may keep this frame, and not the connection with it.
        del calls
        return goes_on


class HeaderSource(TMemoryBuffer):
    """The message of a frame of THeader, and what that has beside it."""

    headers: dict[bytes, bytes]

    def get_headers(self) -> dict[bytes, bytes]:
        """Keys and values of the message, and of those before that were said to be for all."""
        return self.headers


class HeaderLane(Lane):
    """What one call at a time of THeader is made with: each message names its protocol."""

    input: HeaderSource
    _call: HeaderCall

    def __init__(self, processor: Any, formats: Formats, *parts: Any) -> None:
        super().__init__(processor, formats, *parts)
        self._ways: dict[str, tuple[Any, Any]] = {}
        for protocol in _INSIDE:
            iprot, oprot = self.protocols(formats, Format(protocol, True))
            self._ways[protocol] = self.processing(processor, iprot, oprot), oprot

    def source(self) -> TMemoryBuffer:
        return HeaderSource()

    def protocols(self, formats: Formats, format: Format) -> tuple[Any, Any]:
        if format.protocol == HEADER:
            format = Format(_INSIDE[0], True)
        return formats.protocols(format, self.input, self.output, beside=_BESIDE_ANSWER)

    def put_back_others(self, calls: ServedCalls) -> None:
        """What follows it belongs to no message."""

    def begin(self, calls: ServedCalls, size: int) -> ServerCall:
        header = calls.header()
        assert header is not None
        protocol, self.input.headers, self._call.waited = header
        self.process, self.oprot = self._ways[protocol]
        return super().begin(calls, size)

    def make(self, calls: ServedCalls, size: int) -> bool:
        try:
            return super().make(calls, size)
        finally:
            # Until then the time holds that its caller has left for it.
            self._call.end()


class CallsInThread:
    """Makes calls in the thread that they are given to; each worker has one."""

    def __init__(
        self, processor: Any, formats: Formats, logger: logging.Logger, rates: Rates
    ) -> None:
        self._parts = processor, formats
        self._log = logger, rates
        self._lanes: dict[tuple[str, bool], Lane] = {}

    def make(self, calls: ServedCalls) -> None:
        """Make the calls that have come on a connection, one after the other."""
        format = calls.format
        lane = self._lanes.get(format)
        if lane is None:
            kind = HeaderLane if format[0] == HEADER else Lane
            lane = self._lanes[format] = kind(*self._parts, Format(*format), *self._log)
        while (size := calls.next_message(lane.input)) is not None:
            if not lane.make(calls, size):
                # What it holds is nobody else's.
                del self._lanes[format]
        # As `Lane.make` does.
        del calls


# How many seconds the threads have to end at most when nobody waits for an answer.
_LAST_WORDS = 0.5


class Serving:
    """A server while it serves."""

    def __init__(
        self,
        processor: Any,
        listener: Any,
        *,
        formats: Formats,
        limits: Limits,
        logger: logging.Logger,
        rates: Rates,
    ) -> None:
        _require_threads()
        self._processor = processor
        # Of asyncio: all calls are made on one event loop.
        self._on_loop: Any = None
        threads = limits.threads
        if hasattr(processor, "calls_on_loop"):
            self._on_loop = processor.calls_on_loop(formats, limits.queue, logger, rates)
            threads = 1
        self._formats = formats
        self._logger = logger
        self._rates = rates
        self._message_timeout = limits.message_timeout
        self._where = listening_at(listener)
        self._core = NativeServer(
            listener.fileno(),
            _is_unix(listener),
            protocol=formats.protocol,
            framed=formats.framed,
            foreign=formats.is_foreign,
            header=formats.header,
            strict=bool(formats.setting("strict_read")),
            max_message_size=formats.setting("max_message_size"),
            max_string_length=formats.setting("max_string_size"),
            max_depth=formats.setting("max_depth"),
            max_frame_size=formats.max_frame_size,
            connections=limits.max_connections,
            queue=limits.queue,
            message_time=limits.message_timeout,
            idle_time=limits.idle_timeout,
            grace=limits.grace,
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"fastthrift-worker-{number}", daemon=True)
            for number in range(threads)
        ]

    def run(self, begun: Callable[[], object]) -> None:
        """Serve until the end, and call ``begun`` once it does. Other threads and handlers of
        signals may close it."""
        self._core.start()
        try:
            # Before the first call is made.
            begun()
        finally:
            if self._on_loop is not None:
                self._on_loop.start()
            for thread in self._threads:
                thread.start()
        # Waited for by Python, for handlers of signals to run.
        end = select.poll()
        end.register(self._core.fileno(), select.POLLIN)
        end.poll()
        if self._on_loop is not None:
            self._on_loop.end()
        if not self._core.unfinished:
            # What was noticed last is told yet. Who makes a call for a client that has left is not
            # waited for.
            over = time.monotonic() + _LAST_WORDS
            for thread in self._threads:
                thread.join(max(over - time.monotonic(), 0))

    def close(self, grace: float) -> None:
        """Accept no more, and end when the calls that have come are answered, or in ``grace``
        seconds."""
        self._core.close(grace)

    def finish(self, grace: float) -> None:
        """Tell of calls that still run, once it has ended."""
        note_unfinished(self._logger, self._core.unfinished or 0, grace * 1000)

    def _work(self) -> None:
        """Make calls until there are no more."""
        maker = self._on_loop or CallsInThread(
            self._processor, self._formats, self._logger, self._rates
        )
        take = self._core.worker().take
        while (work := take()) is not None:
            try:
                if isinstance(work, ServerNotice):
                    self._tell(work)
                else:
                    maker.make(work)
            except Exception:
                log_failed(self._logger, work.peer)
                if isinstance(work, ServedCalls):
                    work.give_up()
            # What waits for more keeps no connection open that its client has closed.
            del work

    def _tell(self, notice: ServerNotice) -> None:
        """Log what the loop has noticed."""
        log: Callable[..., None] = self._logger.warning
        more = and_more(notice.more)
        if notice.kind in ("no message", "late"):
            prot = self._formats.expected(notice.opening)
            found = explain(notice.opening, prot, "server")
            problem = notice.problem
            if notice.kind == "late":
                problem = LATE % ((self._message_timeout or 0) * 1000)
                if found is None:
                    log_ended(self._logger, notice.peer, f"{problem}{more}")
                    return
            log_no_message(self._logger, notice.peer, found, problem, more)
        elif notice.kind == "bad call":
            log_unread(self._logger, notice.peer, notice.method, notice.problem, more)
        elif notice.kind == "overload":
            log(OVERLOADED, f"{notice.limit} calls wait", more)
        elif notice.kind == "full":
            log(FULL, notice.limit, self._where, more)
        else:
            self._logger.error(STARVED, notice.problem, more)


def _is_unix(listener: Any) -> bool:
    return bool(listener.family == getattr(socket, "AF_UNIX", None))
