"""Spans and metrics of calls for OpenTelemetry; needs the extra ``fastthrift[otel]``.

::

    from fastthrift.contrib.otel import ThriftInstrumentor

    ThriftInstrumentor().instrument()

From then on each call has a span, ``Calculator/add``, on the side of clients and on that of
servers, threads and asyncio alike, and its duration is measured. Over HTTP and THeader the context
of a trace goes along in the headers, so that both sides are in one trace; other transports have
none.

What is told are the stable conventions for RPC (1.45): ``rpc.system.name`` is ``thrift``,
``rpc.method`` is ``Calculator/add``. An exception that the service declares is an error of the
client's span, and none of the server's, which did what it was asked to.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterator
from typing import Any

import fastthrift
from fastthrift import hooks
from fastthrift.thrift import TApplicationException

try:
    from opentelemetry import context, metrics, propagate, trace
    from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]
        BaseInstrumentor,
    )
    from opentelemetry.instrumentation.utils import is_instrumentation_enabled
except ImportError as error:
    raise ImportError(
        f'fastthrift.contrib.otel needs OpenTelemetry ({error}): pip install "fastthrift[otel]"'
    ) from error

__all__ = ["ThriftInstrumentor"]

# In seconds, as the conventions have them.
_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_SCHEMA = "https://opentelemetry.io/schemas/1.45.0"

_PORTS = {"http": 80, "https": 443}


class ThriftInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """``instrument()`` has all calls of the program told of, ``uninstrument()`` ends that.

    ``instrument`` takes ``tracer_provider`` and ``meter_provider``, in place of the global ones.
    There is one in a program; a second ``instrument()`` changes nothing.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """None: this module comes with what it is about."""
        return ()

    def _instrument(self, **options: Any) -> None:
        self._calls = _Calls(options.get("tracer_provider"), options.get("meter_provider"))
        hooks.add_around(client=self._calls.client, server=self._calls.server)
        hooks.add(client=self._calls.end, server=self._calls.end)

    def _uninstrument(self, **options: Any) -> None:
        hooks.remove_around(client=self._calls.client, server=self._calls.server)
        self._calls.end_soon()


class _Calls:
    """What is told of calls.

    A span begins with its call, and ends when the hooks are told: a server has sent its answer by
    then, and may have failed to.
    """

    def __init__(self, tracer_provider: Any, meter_provider: Any) -> None:
        name, version = __name__, fastthrift.__version__
        self._tracer = trace.get_tracer(name, version, tracer_provider, schema_url=_SCHEMA)
        meter = metrics.get_meter(name, version, meter_provider, schema_url=_SCHEMA)
        self._durations = {
            side: meter.create_histogram(
                f"rpc.{side}.call.duration",
                unit="s",
                description=f"Measures the duration of an {what} Remote Procedure Call (RPC).",
                explicit_bucket_boundaries_advisory=_BOUNDARIES,
            )
            for side, what in (("client", "outgoing"), ("server", "incoming"))
        }
        # How many spans wait for the end of their calls.
        self._open = 0
        self._is_ending = False
        self._lock = threading.Lock()

    def end_soon(self) -> None:
        """Begin no more spans, and end those of calls in flight with their calls."""
        with self._lock:
            self._is_ending = True
            is_idle = not self._open
        if is_idle:
            self._stop()

    def _stop(self) -> None:
        hooks.remove(client=self.end, server=self.end)

    @contextlib.contextmanager
    def client(self, call: hooks.Call) -> Iterator[None]:
        """The span of a client's call, whose context goes along in its headers."""
        if not is_instrumentation_enabled():
            yield
            return
        span = self._opened(call, trace.SpanKind.CLIENT)
        with self._current(span):
            propagate.inject(call.headers)
            yield

    @contextlib.contextmanager
    def server(self, call: hooks.Call) -> Iterator[None]:
        """The span of a handler's call, a part of the client's trace where that came along."""
        if not is_instrumentation_enabled():
            yield
            return
        span = self._opened(call, trace.SpanKind.SERVER, _parent(call))
        with self._current(span):
            yield

    @contextlib.contextmanager
    def _current(self, span: trace.Span) -> Iterator[None]:
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        finally:
            context.detach(token)

    def _opened(self, call: hooks.Call, kind: trace.SpanKind, parent: Any = None) -> trace.Span:
        """A span that ends with its call."""
        span = call.state[self] = self._begin(call, kind, parent)
        with self._lock:
            self._open += 1
        return span

    def _begin(
        self, call: hooks.Call, kind: trace.SpanKind, parent: Any = None, start: int | None = None
    ) -> trace.Span:
        return self._tracer.start_span(
            _method(call), parent, kind, attributes=_named(call), start_time=start
        )

    def end(self, call: hooks.Call) -> None:
        """A call is over."""
        span = call.state.pop(self, None)
        if span is None:
            if self._is_ending or call.side == "client" or not is_instrumentation_enabled():
                return
            # A call that came to no handler: of an unknown method, say.
            start = time.time_ns() - int(call.seconds * 1e9)
            span = self._begin(call, trace.SpanKind.SERVER, _parent(call), start)
            self._finish(call, span)
            return
        self._finish(call, span)
        with self._lock:
            self._open -= 1
            is_last = self._is_ending and not self._open
        if is_last:
            self._stop()

    def _finish(self, call: hooks.Call, span: trace.Span) -> None:
        attributes = _place(call)
        if call.error is not None and _is_failure(call):
            attributes["error.type"] = _error_type(call.error)
            if isinstance(call.error, TApplicationException):
                attributes["rpc.response.status_code"] = str(call.error.type)
            span.set_status(trace.Status(trace.StatusCode.ERROR, _description(call.error)))
        span.set_attributes(attributes)
        if call.retries:
            span.set_attribute("thrift.retries", call.retries)
        ended = {**_named(call), **attributes}
        for name in ("client.address", "client.port", "rpc.method_original"):
            ended.pop(name, None)  # of any number of values
        self._durations[call.side].record(
            call.seconds, ended, context=trace.set_span_in_context(span)
        )
        span.end()


def _parent(call: hooks.Call) -> Any:
    """The context that a server's call is in: that of what has called it in this process, a view
    say, or else that of the headers."""
    if trace.get_current_span().get_span_context().is_valid:
        return None
    return propagate.extract(call.headers)


def _is_known(call: hooks.Call) -> bool:
    return call.method in getattr(call.service, "thrift_services", ())


def _method(call: hooks.Call) -> str:
    """``Calculator/add``; peers may call methods that do not exist by any number of names."""
    return f"{call.service.__name__}/{call.method}" if _is_known(call) else "_OTHER"


def _named(call: hooks.Call) -> dict[str, Any]:
    """The attributes of a call that are known when it begins."""
    attributes = {"rpc.system.name": "thrift", "rpc.method": _method(call)}
    if not _is_known(call):
        attributes["rpc.method_original"] = call.method
    return attributes


def _place(call: hooks.Call) -> dict[str, Any]:
    """Where the other side of a call is."""
    if call.peer is None:
        return {}
    side = "server" if call.side == "client" else "client"
    scheme, is_url, rest = call.peer.partition("://")
    if call.peer.startswith("unix:"):
        return {f"{side}.address": call.peer.removeprefix("unix:")}
    host, colon, port = (rest.partition("/")[0] if is_url else call.peer).rpartition(":")
    if not colon or not port.isdecimal():
        host, port = f"{host}{colon}{port}", str(_PORTS.get(scheme, ""))
    place: dict[str, Any] = {f"{side}.address": host.strip("[]")}
    if port:
        place[f"{side}.port"] = int(port)
    return place


def _is_failure(call: hooks.Call) -> bool:
    return call.side == "client" or call.outcome == "error"


def _error_type(error: BaseException) -> str:
    kind = type(error)
    if kind.__module__ in ("builtins", "__builtin__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _description(error: BaseException) -> str | None:
    """The text of an error of this package; those of others may tell what is nobody's business."""
    if type(error).__module__.partition(".")[0] != "fastthrift":
        return None
    return getattr(error, "message", None) or None
