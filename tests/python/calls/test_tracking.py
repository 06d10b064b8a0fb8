"""Tracked clients and servers: headers, chains of calls, and peers that know less."""

from __future__ import annotations

import contextlib
import importlib.resources
import threading

import fastthrift.contrib.tracking as tracking
import pytest
import thriftpy2.contrib.tracking as theirs
import thriftpy2.protocol
import thriftpy2.server
import thriftpy2.thrift
import thriftpy2.transport
from fastthrift.contrib.tracking import (
    ConsoleTracker,
    RequestInfo,
    TrackerBase,
    TTrackedClient,
    TTrackedProcessor,
    track_thrift,
)
from fastthrift.contrib.tracking.tracker import VersionMixin, ctx
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TApplicationException, TClient, TProcessor, TProcessorFactory
from fastthrift.transport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TServerSocket,
    TSocket,
    TTransportException,
)
from support.rpc import PATIENCE, Calls, Handler, module, serving


class Recorder(TrackerBase):
    """Notes what it is told."""

    def __init__(self, client="a client", server="a server"):
        super().__init__(client, server)
        self.recorded = []
        self.requests = []
        self.answers = []
        self.handshakes = []

    def record(self, header, exception):
        self.recorded.append((header, exception))

    def handle(self, header):
        super().handle(header)
        self.requests.append((header.request_id, header.seq, header.meta))

    def handle_response_header(self, response_header):
        self.answers.append(response_header.meta)

    def init_handshake_info(self, handshake_obj):
        handshake_obj.app_id = "the app"

    def handle_handshake_info(self, handshake_obj):
        self.handshakes.append((handshake_obj.app_id, handshake_obj.version))


class PerConnection(TThreadedServer):
    """Each connection has a processor of its own. Written as for thriftpy2: its own __init__."""

    def __init__(self, factory, trans, protocol_factory):
        self.daemon = False
        self.factory = factory
        self.trans = trans
        self.itrans_factory = self.otrans_factory = TBufferedTransportFactory()
        self.iprot_factory = self.oprot_factory = protocol_factory
        self.closed = False

    def handle(self, client):
        processor = self.factory.get_processor()
        itrans = self.itrans_factory.get_transport(client)
        proto = self.iprot_factory.get_protocol(itrans)
        with contextlib.suppress(TTransportException):
            while True:
                processor.process(proto, proto)


class TrackedHandler(Handler):
    """A handler whose `echo` makes two calls of its own, and that tells something in answers."""

    port = None

    def echo(self, text):
        TrackerBase.add_response_meta(heard=text)
        TrackerBase.add_response_meta(again=text)
        if self.port:
            with connection(self.port, Recorder()) as client:
                client.add(1, 2)
                client.add(3, 4)
        return text


@contextlib.contextmanager
def tracked_server(
    tracker, handler=None, protocol_factory=None, processor=TTrackedProcessor, tracked=True
):
    arguments = (tracker,) if tracked else ()
    factory = TProcessorFactory(processor, *arguments, Calls, handler or TrackedHandler())
    trans = TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    server = PerConnection(factory, trans, protocol_factory or TBinaryProtocolFactory())
    with serving(server) as port:
        yield port


@contextlib.contextmanager
def connection(port, tracker=None, protocol_factory=None, client_class=TTrackedClient):
    trans = TBufferedTransport(TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000))
    trans.open()
    proto = (protocol_factory or TBinaryProtocolFactory()).get_protocol(trans)
    arguments = (tracker,) if tracker else ()
    with contextlib.closing(trans):
        yield client_class(*arguments, Calls, proto)


@pytest.fixture(autouse=True)
def fresh_context():
    ctx.__dict__.clear()
    yield
    ctx.__dict__.clear()


FACTORIES = [
    TBinaryProtocolFactory(),
    TCompactProtocolFactory(),
    TJSONProtocolFactory(),
    TApacheJSONProtocolFactory(),
]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: type(factory).__name__)
def test_calls_are_told_to_both_sides(factory):
    serverside, clientside = Recorder(), Recorder("me", "you")
    with (
        tracked_server(serverside, protocol_factory=factory) as port,
        connection(port, clientside, factory) as client,
    ):
        assert client.is_upgraded
        assert client.current_version == VersionMixin.CURRENT == 2
        with TrackerBase.add_meta(trace="yes"), TrackerBase.annotate(note=1):
            assert client.echo("hi") == "hi"
        assert client.add(1, 2) == 3
        client.note("oneway")
        assert client.whoami() == "Calls"
    assert serverside.handshakes == [("the app", 2)]
    assert [(seq, meta) for _, seq, meta in serverside.requests] == [
        ("1", {"trace": "yes"}),
        ("2", {}),
        ("3", {}),
        ("4", {}),
    ]
    assert clientside.answers == [{"heard": "hi", "again": "hi"}, None, None]
    info, exception = clientside.recorded[0]
    assert exception is None
    assert isinstance(info, RequestInfo)
    fields = dict(vars(info))
    assert fields.pop("start") <= fields.pop("end")
    assert fields == {
        "request_id": serverside.requests[0][0],
        "api": "echo",
        "seq": "1",
        "client": "me",
        "server": "you",
        "status": True,
        "annotation": {"note": 1},
        "meta": {"trace": "yes"},
    }


def test_calls_made_while_serving_are_below_the_served_one():
    first, second = Recorder(), Recorder()
    handler = TrackedHandler()
    with (
        tracked_server(second) as handler.port,
        tracked_server(first, handler) as port,
        connection(port, Recorder()) as client,
        TrackerBase.add_meta(trace="x"),
    ):
        client.echo("one")
        client.echo("two")
    assert [request[1] for request in first.requests] == ["1", "2"]
    assert [request[1] for request in second.requests] == ["1.1", "1.2", "2.1", "2.2"]
    ids = [request[0] for request in first.requests]
    assert ids[0] != ids[1]
    assert [request[0] for request in second.requests] == [ids[0]] * 2 + [ids[1]] * 2
    assert all(request[2] == {"trace": "x"} for request in first.requests + second.requests)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client: client.check(1), module.NotFound),
        (lambda client: client.returns_none(), TApplicationException),
    ],
)
def test_failed_calls_are_recorded(call, error):
    tracker = Recorder()
    with tracked_server(Recorder()) as port, connection(port, tracker) as client:
        with pytest.raises(error):
            call(client)
        assert client.add(1, 2) == 3
    assert [info.status for info, _ in tracker.recorded] == [False, True]
    assert isinstance(tracker.recorded[0][1], error)


def test_calls_that_are_not_made_are_not_recorded():
    tracker = Recorder()
    with tracked_server(Recorder()) as port, connection(port, tracker) as client:
        with pytest.raises(TypeError):
            client.add(1, 2, 3)
        assert client.add(1, 2) == 3
    assert [info.api for info, _ in tracker.recorded] == ["add"]


class Newer(Calls):
    """The service as a client knows it that is ahead of the server."""

    thrift_services = [*Calls.thrift_services, "added"]  # noqa: RUF012
    added_args, added_result = Calls.whoami_args, Calls.whoami_result


@pytest.mark.difference("tracking-exceptions")
@pytest.mark.parametrize("tracked", [True, False])
def test_unknown_methods(tracked):
    with tracked_server(Recorder()) as port:
        trans = TBufferedTransport(TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000))
        trans.open()
        proto = TBinaryProtocolFactory().get_protocol(trans)
        client = TTrackedClient(Recorder(), Newer, proto) if tracked else TClient(Newer, proto)
        with pytest.raises(TApplicationException) as caught:
            client.added()
        assert caught.value.type == TApplicationException.UNKNOWN_METHOD
        assert client.add(1, 2) == 3
        trans.close()


def test_an_ordinary_client_of_a_tracked_server():
    tracker = Recorder()
    with tracked_server(tracker) as port, connection(port, client_class=TClient) as client:
        assert client.add(1, 2) == 3
        with pytest.raises(module.NotFound):
            client.check(1)
        assert client.echo("x") == "x"
    assert tracker.requests == []


def test_a_tracked_client_of_an_ordinary_server():
    tracker = Recorder()
    with (
        tracked_server(None, processor=TProcessor, tracked=False) as port,
        connection(port, tracker) as client,
    ):
        assert not client.is_upgraded
        assert client.add(1, 2) == 3
    assert tracker.recorded == []


def test_a_shared_server_answers_errors_with_a_header():
    """TThreadedServer answers an undeclared exception by the processor's `send_exception`."""
    processor = TTrackedProcessor(Recorder(), Calls, Handler())
    trans = TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    with (
        serving(TThreadedServer(processor, trans)) as port,
        connection(port, Recorder()) as client,
    ):
        with pytest.raises(TApplicationException) as caught:
            client.fail("secret")
        assert caught.value.type == TApplicationException.INTERNAL_ERROR
        assert client.add(1, 2) == 3


# --- With thriftpy2 -----------------------------------------------------------------------------


class TheirRecorder(theirs.TrackerBase):
    def __init__(self):
        super().__init__("their client", "their server")
        self.recorded = []

    def record(self, header, exception):
        self.recorded.append(header)


def test_a_client_of_thriftpy2():
    serverside, tracker = Recorder(), TheirRecorder()
    with tracked_server(serverside) as port:
        trans = thriftpy2.transport.TBufferedTransport(
            thriftpy2.transport.TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000)
        )
        trans.open()
        client = theirs.TTrackedClient(tracker, Calls, thriftpy2.protocol.TBinaryProtocol(trans))
        assert client.is_upgraded
        assert client.add(1, 2) == 3
        with pytest.raises(module.NotFound):
            client.check(1)
        client.close()
    assert [header.status for header in tracker.recorded] == [True, False]
    assert len(serverside.requests) == 2


def test_a_server_of_thriftpy2():
    trans = thriftpy2.transport.TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    port = trans.sock.getsockname()[1]

    def serve():
        processor = theirs.TTrackedProcessor(TheirRecorder(), Calls, Handler())
        proto = thriftpy2.protocol.TBinaryProtocol(
            thriftpy2.transport.TBufferedTransport(trans.accept())
        )
        with contextlib.suppress(thriftpy2.transport.TTransportException):
            while True:
                processor.process(proto, proto)
        proto.trans.close()
        trans.close()

    thread = threading.Thread(target=serve)
    thread.start()
    tracker = Recorder()
    with connection(port, tracker) as client:
        assert client.current_version == 2
        assert client.add(1, 2) == 3
        assert client.echo("x") == "x"
    thread.join(PATIENCE)
    assert [info.api for info, _ in tracker.recorded] == ["add", "echo"]


# --- The pieces ---------------------------------------------------------------------------------


def test_the_context_managers():
    with TrackerBase.counter(5):
        header = track_thrift.RequestHeader()
        TrackerBase().gen_header(header)
        assert header.seq == "6"
    assert ctx.counter == 0
    with TrackerBase.add_meta(a="1") as outer:
        with TrackerBase.add_meta(b="2") as inner:
            assert inner == {"a": "1", "b": "2"}
        assert TrackerBase().meta == outer == {"a": "1"}
    assert TrackerBase().meta == {}
    with TrackerBase.annotate(key="value"):
        assert TrackerBase().annotation == {"key": "value"}
    assert TrackerBase().annotation == {}


def test_headers_of_a_served_call_are_not_changed():
    served = track_thrift.RequestHeader(request_id="id", seq="7", meta={"a": "1"})
    tracker = TrackerBase()
    tracker.handle(served)
    header = track_thrift.RequestHeader()
    with TrackerBase.add_meta(b="2"):
        tracker.gen_header(header)
    assert (header.request_id, header.seq, header.meta) == ("id", "7.1", {"a": "1", "b": "2"})
    assert served.meta == {"a": "1"}


def test_versions_go_up_and_not_beyond_what_is_known():
    mixin = VersionMixin()
    mixin.init_version_mixin()
    assert (mixin.current_version, mixin.is_upgraded) == (0, False)
    mixin.upgrade_version(99)
    assert (mixin.current_version, mixin.is_upgraded) == (0, True)
    mixin.upgrade_version(2)
    mixin.upgrade_version(1)
    assert mixin.current_version == 2
    assert mixin.check_version(2)
    assert not mixin.check_version(3)


def test_the_console_tracker_prints(capsys):
    ConsoleTracker().record("a header", None)
    assert capsys.readouterr().out == "a header\n"


def test_the_idl_is_that_of_thriftpy2_and_is_installed():
    assert tracking.track_method == theirs.track_method
    for name in ("RequestHeader", "ResponseHeader", "UpgradeReply", "UpgradeArgs"):
        ours, other = getattr(track_thrift, name), getattr(theirs.track_thrift, name)
        assert ours.thrift_spec == other.thrift_spec
    assert importlib.resources.files(tracking).joinpath("tracking.thrift").is_file()


def test_a_worker_that_answers_by_itself():
    """Every connection has a processor of its own, and its state outlives a call that fails."""

    class Answering(PerConnection):
        def handle(self, client):
            processor = self.factory.get_processor()
            proto = self.iprot_factory.get_protocol(self.itrans_factory.get_transport(client))
            while processor.process_and_answer(proto, proto):
                pass

    factory = TProcessorFactory(TTrackedProcessor, Recorder(), Calls, TrackedHandler())
    trans = TServerSocket("127.0.0.1", 0, client_timeout=PATIENCE * 1000)
    trans.listen()
    tracker = Recorder()
    with (
        serving(Answering(factory, trans, TBinaryProtocolFactory())) as port,
        connection(port, tracker) as client,
    ):
        for _ in range(2):
            assert client.add(1, 2) == 3
            with pytest.raises(TApplicationException, match="Internal error processing fail"):
                client.fail("x")
    assert [header.status for header, _ in tracker.recorded] == [True, False] * 2
    assert len(tracker.answers) == 4
