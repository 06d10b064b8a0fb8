"""Spans and metrics by the real SDK of OpenTelemetry, of real clients and servers."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import werkzeug.serving
from fastthrift import ClientPool, asgi, hooks, wsgi
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncHeaderProtocolFactory
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.contrib.aio.transport import TAsyncHeaderTransportFactory
from fastthrift.contrib.otel import ThriftInstrumentor
from fastthrift.protocol import THeaderProtocolFactory
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer, TThreadedServer
from fastthrift.testing import FakeService, serve
from fastthrift.thrift import TApplicationException, TProcessor
from fastthrift.transport import THeaderTransportFactory, TServerSocket
from fastthrift.transport.base import TTransportException
from fastthrift.urls import parse
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.rpc import PATIENCE, Calls, Handler, Other, make_server, module, serving
from support.sockets import nobody


class Told:
    """What was told, by the SDK's own exporters in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def spans(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    def span(self, kind: SpanKind) -> ReadableSpan:
        (span,) = self.spans(kind)
        return span

    def durations(self, side: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        return [
            (dict(point.attributes), point.count, point.sum)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == f"rpc.{side}.call.duration" and metric.unit == "s"
            for point in metric.data.data_points
        ]


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    instrumentor = ThriftInstrumentor()
    instrumentor.instrument(tracer_provider=told.tracers, meter_provider=told.meters)
    yield told
    instrumentor.uninstrument()
    told.tracers.shutdown()
    told.meters.shutdown()


def test_a_call_has_a_span_on_each_side(told: Told) -> None:
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
        assert pool.add(40, 2) == 42
        port = parse(url).port
    client, server = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    assert client.name == server.name == "Calls/add"
    common = {"rpc.system.name": "thrift", "rpc.method": "Calls/add"}
    place = {"server.address": "127.0.0.1", "server.port": port}
    assert dict(client.attributes or {}) == {**common, **place}
    assert (server.attributes or {}).items() >= common.items()
    assert (server.attributes or {})["client.address"] == "127.0.0.1"
    assert client.status.status_code is server.status.status_code is StatusCode.UNSET
    for side, attributes in (("client", {**common, **place}), ("server", common)):
        ((told_attributes, count, seconds),) = told.durations(side)
        assert told_attributes == attributes
        assert count == 1
        assert 0 < seconds < 60


@pytest.mark.parametrize("server_class", [TThreadedServer, TNonblockingServer])
def test_over_theader_both_sides_are_in_one_trace(told: Told, server_class: Any) -> None:
    options = {
        "proto_factory": THeaderProtocolFactory(),
        "trans_factory": THeaderTransportFactory(),
    }
    listening = TServerSocket("127.0.0.1", 0)
    listening.listen()
    server = server_class(
        TProcessor(Calls, Handler()),
        listening,
        options["trans_factory"],
        options["proto_factory"],
    )
    server.handle_signals = False
    port = listening.sock.getsockname()[1]
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with client_context(Calls, "127.0.0.1", port, **options) as client:
            assert client.add(40, 2) == 42
    finally:
        server.close()
        thread.join()
    sent, served = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    assert served.parent is not None
    assert served.parent.span_id == sent.get_span_context().span_id
    assert served.get_span_context().trace_id == sent.get_span_context().trace_id


@pytest.mark.parametrize("server", ["blocking", "asyncio"])
def test_over_theader_pools_and_servers_of_asyncio_are_in_one_trace_too(
    told: Told, server: str
) -> None:
    """A blocking caller and one of asyncio, each within a span of its own and in time."""

    async def main() -> None:
        listening = TAsyncServerSocket("127.0.0.1", 0)
        made = TAsyncServer(
            TAsyncProcessor(Calls, Handler()),
            listening,
            TAsyncHeaderTransportFactory(),
            TAsyncHeaderProtocolFactory(),
        )
        await made.start()
        port = listening.raw_sock.getsockname()[1]
        try:
            if server == "asyncio":
                await call(f"tcp://127.0.0.1:{port}?transport=header")
        finally:
            await made.close()

    async def call(url: str) -> None:
        tracer = told.tracers.get_tracer("test")
        async with AsyncClientPool(Calls, url, timeout=PATIENCE) as pool:
            with tracer.start_as_current_span("awaited"):
                assert await pool.add(40, 2) == 42
        await asyncio.get_running_loop().run_in_executor(None, call_blocking, url)

    def call_blocking(url: str) -> None:
        tracer = told.tracers.get_tracer("test")
        with (
            ClientPool(Calls, url, timeout=PATIENCE) as pool,
            tracer.start_as_current_span("blocking"),
        ):
            assert pool.add(40, 2) == 42

    if server == "asyncio":
        asyncio.run(main())
    else:
        parts = THeaderTransportFactory(), THeaderProtocolFactory()
        made = make_server(itrans_factory=parts[0], iprot_factory=parts[1])
        made.handle_signals = False
        with serving(made) as port:
            asyncio.run(call(f"tcp://127.0.0.1:{port}?transport=header"))
    views = [span.get_span_context() for span in told.spans(SpanKind.INTERNAL)]
    sent = {span.get_span_context().trace_id: span for span in told.spans(SpanKind.CLIENT)}
    served = {span.get_span_context().trace_id: span for span in told.spans(SpanKind.SERVER)}
    assert len(views) == len(sent) == len(served) == 2
    for view in views:
        client = sent[view.trace_id]
        assert client.parent is not None
        assert client.parent.span_id == view.span_id
        parent = served[view.trace_id].parent
        assert parent is not None
        assert parent.span_id == client.get_span_context().span_id


def test_over_http_both_sides_are_in_one_trace(told: Told) -> None:
    tracer = told.tracers.get_tracer("test")
    with (
        serve(Calls, Handler(), over_http=True) as url,
        ClientPool(Calls, url) as pool,
        tracer.start_as_current_span("view") as view,
    ):
        assert pool.add(40, 2) == 42
    client, server = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    assert client.parent is not None
    assert client.parent.span_id == view.get_span_context().span_id
    assert server.parent is not None
    assert server.parent.span_id == client.get_span_context().span_id
    traces = {span.get_span_context().trace_id for span in (view, client, server)}
    assert len(traces) == 1
    port = parse(url).port
    assert (client.attributes or {}).items() >= {
        "server.address": "127.0.0.1",
        "server.port": port,
    }.items()


@pytest.mark.parametrize("scheme", ["tcp", "http"])
@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "asyncio"])
def test_a_call_that_reaches_nobody_tells_where_it_went(
    told: Told, scheme: str, is_async: bool
) -> None:
    with nobody() as port:
        url = f"{scheme}://127.0.0.1:{port}"

        async def call() -> None:
            async with AsyncClientPool(Calls, url) as pool:
                await pool.add(1, 2)

        if is_async:
            with pytest.raises(TTransportException) as caught:
                asyncio.run(call())
        else:
            with ClientPool(Calls, url) as pool, pytest.raises(TTransportException) as caught:
                pool.add(1, 2)
    assert caught.value.request_sent is caught.value.sent is False
    place = {"server.address": "127.0.0.1", "server.port": port}
    assert (told.span(SpanKind.CLIENT).attributes or {}).items() >= place.items()
    ((attributes, _, _),) = told.durations("client")
    assert attributes.items() >= place.items()


@contextlib.contextmanager
def mounted(interface: str) -> Iterator[int]:
    """The port of a web server with a mounted service."""
    if interface == "wsgi":
        application = wsgi.ThriftApp(Calls, Handler(), json=True)
        web: Any = werkzeug.serving.make_server("127.0.0.1", 0, application, threaded=True)
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            yield web.port
        finally:
            web.shutdown()
            thread.join()
            web.server_close()
        return
    listening = socket.create_server(("127.0.0.1", 0))
    application = asgi.ThriftApp(Calls, AsyncHandler(), json=True)
    web = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
    thread = threading.Thread(target=web.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        web.should_exit = True
        thread.join()
        listening.close()


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_call_of_a_mount_is_in_the_trace_of_its_client(told: Told, interface: str) -> None:
    tracer = told.tracers.get_tracer("test")
    with (
        mounted(interface) as port,
        ClientPool(Calls, f"http://127.0.0.1:{port}/", timeout=PATIENCE) as pool,
        tracer.start_as_current_span("view") as view,
    ):
        assert pool.add(40, 2) == 42
    client, server = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    assert server.name == "Calls/add"
    assert server.parent is not None
    assert server.parent.span_id == client.get_span_context().span_id
    traces = {span.get_span_context().trace_id for span in (view, client, server)}
    assert len(traces) == 1


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_call_by_json_is_in_the_trace_of_its_request(told: Told, interface: str) -> None:
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with mounted(interface) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection):
            headers = {
                "Content-Type": "application/json",
                "traceparent": f"00-{trace_id}-{span_id}-01",
            }
            connection.request("POST", "/Calls/add", '{"a": 40, "b": 2}', headers)
            assert connection.getresponse().read() == b"42"
    server = told.span(SpanKind.SERVER)
    assert server.name == "Calls/add"
    assert server.parent is not None
    found = server.get_span_context().trace_id, server.parent.span_id
    assert found == (int(trace_id, 16), int(span_id, 16))


def test_what_a_handler_does_is_below_its_span(told: Told) -> None:
    class Asking:
        def hello(self, name: str) -> str:
            current.append(trace.get_current_span().get_span_context().span_id)
            return str(pool.add(40, 2))

        def boom(self) -> int:
            return 0

    current: list[int] = []
    with (
        serve(Calls, Handler()) as url,
        ClientPool(Calls, url) as pool,
        serve(Other, Asking()) as other_url,
        client_context(Other, "127.0.0.1", parse(other_url).port) as other,
    ):
        assert other.hello("you") == "42"
    server = next(s for s in told.spans(SpanKind.SERVER) if s.name == "Other/hello")
    inner = next(s for s in told.spans(SpanKind.CLIENT) if s.name == "Calls/add")
    assert current == [server.get_span_context().span_id]
    assert inner.parent is not None
    assert inner.parent.span_id == server.get_span_context().span_id
    assert trace.get_current_span().get_span_context().is_valid is False


class AsyncHandler:
    async def add(self, a: int, b: int) -> int:
        before = trace.get_current_span().get_span_context().span_id
        await asyncio.sleep(0.01)
        assert trace.get_current_span().get_span_context().span_id == before != 0
        return a + b


def test_calls_of_asyncio_at_once_do_not_mix(told: Told) -> None:
    tracer = told.tracers.get_tracer("test")

    async def ask(pool: Any, number: int) -> None:
        with tracer.start_as_current_span(f"view {number}"):
            assert await pool.add(number, 1) == number + 1

    async def main(url: str) -> None:
        async with AsyncClientPool(Calls, url) as pool:
            await asyncio.gather(*(ask(pool, number) for number in range(10)))

    with serve(Calls, AsyncHandler()) as url:
        asyncio.run(main(url))
    views = {span.get_span_context().span_id: span for span in told.spans(SpanKind.INTERNAL)}
    clients = told.spans(SpanKind.CLIENT)
    assert len(views) == len(clients) == len(told.spans(SpanKind.SERVER)) == 10
    assert {span.parent and span.parent.span_id for span in clients} == views.keys()
    for span in clients:
        assert span.parent is not None
        assert (
            span.get_span_context().trace_id
            == views[span.parent.span_id].get_span_context().trace_id
        )


def test_declared_exceptions_are_errors_of_the_caller_alone(told: Told) -> None:
    with (
        serve(Calls, Handler()) as url,
        ClientPool(Calls, url) as pool,
        pytest.raises(module.NotFound),
    ):
        pool.person(module.Person())
    client, server = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    name = f"{module.NotFound.__module__}.NotFound"
    assert (client.attributes or {})["error.type"] == name
    assert client.status.status_code is StatusCode.ERROR
    assert "error.type" not in (server.attributes or {})
    assert server.status.status_code is StatusCode.UNSET
    assert told.durations("client")[0][0]["error.type"] == name


def test_failures_are_errors_on_both_sides_and_tell_no_secrets(told: Told) -> None:
    with (
        serve(Calls, Handler()) as url,
        ClientPool(Calls, url) as pool,
        pytest.raises(TApplicationException),
    ):
        pool.fail("a secret")
    client, server = told.span(SpanKind.CLIENT), told.span(SpanKind.SERVER)
    assert (client.attributes or {})["error.type"].endswith("TApplicationException")
    assert (client.attributes or {})["rpc.response.status_code"] == "6"
    assert (server.attributes or {})["error.type"] == "KeyError"
    assert client.status.status_code is server.status.status_code is StatusCode.ERROR
    assert "a secret" not in client.to_json() + server.to_json()


def test_a_result_that_cannot_be_sent_is_an_error_of_the_server(told: Told) -> None:
    with (
        serve(Calls, Handler()) as url,
        ClientPool(Calls, url) as pool,
        pytest.raises(TApplicationException),
    ):
        pool.returns_text()
    assert told.span(SpanKind.SERVER).status.status_code is StatusCode.ERROR


def test_unknown_methods_have_one_name(told: Told) -> None:
    with (
        serve(Calls, Handler()) as url,
        ClientPool(Other, url) as pool,
        pytest.raises(TApplicationException),
    ):
        pool.hello("you")
    server = told.span(SpanKind.SERVER)
    assert server.name == "_OTHER"
    assert (server.attributes or {})["rpc.method_original"] == "hello"
    assert server.status.status_code is StatusCode.ERROR
    assert "rpc.method_original" not in told.durations("server")[0][0]


def test_a_server_that_is_not_there_is_an_error_of_the_client(told: Told) -> None:
    with serve(Calls, Handler()) as url:
        pass
    with ClientPool(Calls, url) as pool, pytest.raises(TTransportException):
        pool.add(1, 2)
    span = told.span(SpanKind.CLIENT)
    assert (span.attributes or {})["error.type"].endswith("TTransportException")
    assert "Connection refused" in (span.status.description or "")


def test_suppressed_calls_have_no_spans(told: Told) -> None:
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool, suppress_instrumentation():
        pool.add(1, 2)
    assert told.spans(SpanKind.CLIENT) == []


def test_nothing_is_told_after_uninstrument(told: Told) -> None:
    ThriftInstrumentor().uninstrument()
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
        pool.add(1, 2)
    assert told.exporter.get_finished_spans() == ()
    ThriftInstrumentor().instrument(tracer_provider=told.tracers)
    with serve(Calls, Handler()) as url, ClientPool(Calls, url) as pool:
        pool.add(1, 2)
    assert len(told.exporter.get_finished_spans()) == 2


def test_without_opentelemetry_the_extra_is_named() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['opentelemetry'] = None; import fastthrift.contrib.otel",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "fastthrift[otel]"' in done.stderr


def test_the_command_of_opentelemetry_finds_it() -> None:
    command = Path(sys.executable).with_name("opentelemetry-instrument")
    program = (
        "from fastthrift.contrib.otel import ThriftInstrumentor as known\n"
        "print(known().is_instrumented_by_opentelemetry)"
    )
    done = subprocess.run(
        [command, "--traces_exporter", "none", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr


def test_calls_in_flight_have_their_spans_when_telling_ends(told: Told) -> None:
    def add(a: int, b: int) -> int:
        ThriftInstrumentor().uninstrument()
        return a + b

    with serve(Calls, FakeService(Calls, add=add)) as url, ClientPool(Calls, url) as pool:
        assert pool.add(40, 2) == 42
        ThriftInstrumentor().instrument(tracer_provider=TracerProvider())
        assert pool.add(1, 2) == 3
    assert told.span(SpanKind.CLIENT).name == told.span(SpanKind.SERVER).name == "Calls/add"


def test_functions_around_calls_are_plain_ones_of_a_call() -> None:
    async def wrong(call: hooks.Call) -> None: ...

    with pytest.raises(TypeError, match="plain function of one Call"):
        hooks.add_around(client=wrong)
    with pytest.raises(TypeError, match="add_around"):
        hooks.add_around()
    with pytest.raises(ValueError, match="around server calls"):
        hooks.remove_around(server=print)
