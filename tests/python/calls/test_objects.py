"""The objects of `_calls`, which but for the test of a gateway need no socket and no event loop."""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
import weakref
import wsgiref.simple_server
from collections.abc import Callable, Coroutine, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from fastthrift import thrift
from fastthrift._calls.client_call import (
    ANSWERED,
    READING,
    RECEIVING,
    SENDING,
    SENT,
    STARTED,
    ClientCall,
    name_arguments,
)
from fastthrift._calls.exchange import (
    BadRequest,
    Exchange,
    answered,
    refused,
    require_call,
)
from fastthrift._calls.progress import Progress, Turns
from fastthrift._calls.server_call import (
    BEGUN,
    READ,
    REPLIED,
    ServerCall,
    process,
    read_call,
    several,
    single,
)
from fastthrift._calls.settle import send, settle
from fastthrift._calls.steps import Blocking, drive, run
from fastthrift._calls.wait import wait_for_opening
from fastthrift.http import THttpException, client_context
from fastthrift.protocol import (
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import (
    TApplicationException,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
    processing,
)
from fastthrift.transport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TMemoryBuffer,
    TTransportBase,
    TTransportException,
)
from support.calls import Calls, OwnBinary, OwnProcessor, module

PROTOCOLS = {
    "binary": TBinaryProtocolFactory(),
    "compact": TCompactProtocolFactory(),
    "JSON": TJSONProtocolFactory(),
}
logger = logging.getLogger("test_objects")


class Handler:
    def __init__(self) -> None:
        self.noted: list[str] = []

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, text: str) -> str:
        raise KeyError("the password")

    def point(self, which: Any) -> Any:
        raise module.NotFound(name=str(which.x))

    def check(self, code: int) -> None:
        raise TApplicationException(TApplicationException.UNKNOWN, "not now")

    def note(self, text: str) -> None:
        self.noted.append(text)

    def nothing(self) -> None:
        """Void."""


def in_memory(api: str, *args: Any, protocol: str = "binary", processor: Any = None) -> Any:
    """A call from a client to a processor, whose bytes nobody moves but these lines."""
    factory = PROTOCOLS[protocol]
    request, reply = TMemoryBuffer(), TMemoryBuffer()
    made = ClientCall(Calls, api)
    made.seqid = 7
    run(made.write(factory.get_protocol(request), name_arguments(Calls, api, args, {})))

    served = ServerCall()
    iprot, oprot = factory.get_protocol(request), factory.get_protocol(reply)
    processor = processor or TProcessor(Calls, Handler())
    try:
        processing(processor, iprot, oprot)(served)
    except Exception as error:
        settlement = settle(error, served, "a test", oprot, logger, rates=None)
        run(send(Blocking, settlement, processor, served, "a test", oprot, logger))
    return None if made.is_oneway() else made.take(factory.get_protocol(reply))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_needs_no_socket(protocol):
    assert in_memory("add", 7, 3, protocol=protocol) == 10
    assert in_memory("nothing", protocol=protocol) is None
    with pytest.raises(module.NotFound, match="5"):
        in_memory("point", module.Point(5), protocol=protocol)
    with pytest.raises(TApplicationException, match="not now"):
        in_memory("check", 1, protocol=protocol)
    with pytest.raises(TApplicationException, match=r"Internal error processing echo$"):
        in_memory("echo", "x", protocol=protocol)


def test_a_oneway_call_is_answered_by_nothing():
    handler = Handler()
    assert in_memory("note", "hello", processor=TProcessor(Calls, handler)) is None
    assert handler.noted == ["hello"]


def test_a_call_says_how_far_it_is():
    sink = TMemoryBuffer()
    call = ClientCall(Calls, "add")
    assert call.stage == STARTED
    steps = call.write(TBinaryProtocol(sink), {"a": 1, "b": 2})
    next(steps)
    assert call.stage == SENDING
    with pytest.raises(StopIteration):
        next(steps)
    assert call.stage == SENT
    call.stage = RECEIVING
    with pytest.raises(TTransportException):
        call.take(TBinaryProtocol(TMemoryBuffer()))
    assert call.stage == RECEIVING

    reply = TMemoryBuffer()
    served = ServerCall()
    process(TProcessor(Calls, Handler()), served, TBinaryProtocol(sink), TBinaryProtocol(reply))
    assert (served.header, served.stage) == (("add", TMessageType.CALL, 0), REPLIED)
    assert call.take(TBinaryProtocol(reply)) == 3
    assert call.stage == ANSWERED


def replied(api: str, result: Any, kind: int = TMessageType.REPLY, seqid: int = 0) -> Any:
    """A protocol that has a reply."""
    proto = TBinaryProtocol(TMemoryBuffer())
    proto.write_message_begin(api, kind, seqid)
    result.write(proto)
    proto.write_message_end()
    return proto


def test_both_ways_of_a_reply_mean_the_same():
    result = Calls.add_result(success=5)
    refusal = TApplicationException(TApplicationException.INTERNAL_ERROR, "no")

    def outcome(make: Callable[[], Any], take: Callable[[ClientCall, Any], Any]) -> Any:
        call = ClientCall(Calls, "add")
        try:
            return take(call, make()), call.stage
        except TApplicationException as error:
            return error.type, error.message, call.stage

    for make in (
        lambda: replied("add", result),
        lambda: replied("add", Calls.add_result()),
        lambda: replied("add", result, seqid=3),
        lambda: replied("echo", result),
        lambda: replied("Service:add", result),
        lambda: replied("add", result, TMessageType.CALL),
        lambda: replied("add", refusal, TMessageType.EXCEPTION),
        lambda: replied("echo", refusal, TMessageType.EXCEPTION),
    ):
        straight = outcome(make, ClientCall.take)
        assert outcome(make, lambda call, iprot: run(call.read(iprot))) == straight


class Arriving(TTransportBase):
    """What a connection brings, and then nothing in time."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, sz: int) -> bytes:
        if not self.data:
            raise TTransportException(TTransportException.TIMED_OUT, "too late")
        data, self.data = self.data[:sz], self.data[sz:]
        return data


def test_how_far_a_reply_has_come_is_told_by_both_ways():
    proto = replied("add", Calls.add_result(success=5))
    whole = proto.trans.getvalue()

    def outcome(
        receive: Callable[[ClientCall, Any, Any], Any], data: bytes, was_answered: bool
    ) -> tuple[Any, int, bool]:
        call = ClientCall(Calls, "add")
        connection = Progress(Calls, Blocking, True)
        connection.answered = was_answered
        trans = TBufferedTransport(Arriving(data))
        try:
            value = receive(call, TBinaryProtocol(trans), connection)
        except TTransportException as error:
            value = error.type
        return value, call.stage, connection.answered

    def by_steps(call: ClientCall, iprot: Any, connection: Any) -> Any:
        return run(call.receive_by_steps(iprot, connection, wait_for_opening))

    late = TTransportException.TIMED_OUT
    for receive in (ClientCall.receive, by_steps):
        for known in (False, True):
            assert outcome(receive, whole, known) == (5, ANSWERED, True)
            assert outcome(receive, b"", known) == (late, RECEIVING, known)
        assert outcome(receive, whole[:20], False) == (late, READING, False)


def test_a_client_of_somebodys_own_has_sent_when_it_says_so():
    for api, oneway in (("add", False), ("note", True)):
        call = ClientCall(Calls, api)
        assert call.note_sent() is oneway
        assert call.stage == SENT
        call.stage = RECEIVING
        assert call.note_sent() is oneway
        assert call.stage == RECEIVING


def test_a_reply_with_another_id_is_taken_where_that_is_said():
    call = ClientCall(Calls, "add", check_seqid=False)
    call.seqid = 9
    assert call.take(replied("add", Calls.add_result(success=5))) == 5


def test_an_exception_of_a_reply_is_freed_at_once():
    gc.collect()
    gc.disable()
    try:
        for take in (ClientCall.take, lambda call, iprot: run(call.read(iprot))):
            with pytest.raises(TApplicationException) as caught:
                take(ClientCall(Calls, "add"), replied("add", Calls.add_result()))
            seen = weakref.ref(caught.value)
            del caught
            assert seen() is None
    finally:
        gc.enable()


# Steps


class Later:
    """What is awaited, and gives a value or raises; nobody has to run an event loop for it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        yield "waiting"
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end."""
    waits = 0
    try:
        while True:
            assert coroutine.send(None) == "waiting"
            waits += 1
    except StopIteration as end:
        return end.value, waits


def rule(one: Any, other: Any) -> Any:
    """As those of calls are: what fails is met where it is asked for."""
    try:
        first = yield one
    except KeyError:
        first = "missing"
    return first, (yield other)


def test_a_rule_has_one_outcome_whether_its_steps_give_values_or_are_awaited():
    assert run(rule(1, 2)) == (1, 2)
    assert finish(drive(rule(Later(1), Later(2)))) == ((1, 2), 2)
    assert finish(drive(rule(Later(KeyError()), Later(2)))) == (("missing", 2), 2)
    with pytest.raises(ValueError, match="other"):
        finish(drive(rule(Later(1), Later(ValueError("other")))))


# The progress of a connection


class Caller:
    """What a client is to its progress."""

    def __init__(self, trans: Any) -> None:
        self._service = Calls
        self._iprot = self._oprot = TBinaryProtocol(trans)
        self._seqid = 0


class Connection:
    """A transport that can be closed and opened, and holds nothing."""

    def __init__(self) -> None:
        self.opened = True

    def is_open(self) -> bool:
        return self.opened

    def close(self) -> None:
        self.opened = False


def test_each_call_has_its_own_sequence_id_and_ids_start_again():
    caller = Caller(Connection())
    progress = Progress(Calls, Blocking, True)
    seqids = []
    for start in (0, 1, 2**31 - 1):
        caller._seqid = start
        seqids.append(progress.begin(caller, "add").seqid)
        progress.call = None
    assert seqids == [1, 2, 1]


def test_a_call_that_did_not_finish_closes_the_connection_until_it_is_opened():
    trans = Connection()
    caller = Caller(trans)
    progress = Progress(Calls, Blocking, True)
    call = progress.begin(caller, "add")
    call.stage = RECEIVING
    progress.fail(caller, call, TimeoutError("late"))
    progress.call = None
    assert not trans.opened
    with pytest.raises(TTransportException, match=r"Calls\.add\(\) did not finish") as caught:
        progress.begin(caller, "add")
    assert caught.value.type == TTransportException.NOT_OPEN
    trans.opened = True
    assert progress.begin(caller, "add").seqid == 2


def test_a_call_that_was_answered_leaves_the_connection_open():
    trans = Connection()
    caller = Caller(trans)
    progress = Progress(Calls, Blocking, True)
    call = progress.begin(caller, "point")
    call.stage = ANSWERED
    progress.fail(caller, call, module.NotFound())
    assert trans.opened
    assert progress.answered


def test_a_call_in_the_middle_of_another_is_refused():
    caller = Caller(Connection())
    progress = Turns(Calls, Blocking, True)
    outer = progress.begin(caller, "add")
    # A subclass may call while it prepares to send.
    inner = progress.begin(caller, "echo")
    assert inner is not outer
    assert (outer.api, inner.api) == ("add", "echo")
    inner.stage = SENT
    with pytest.raises(RuntimeError, match=r"Calls\.nothing\(\) was called while this client"):
        progress.begin(caller, "nothing")


# Servers


def test_a_processor_is_given_wrappers_only_where_it_has_a_way_of_its_own():
    given = []

    class Looking(TProcessor):
        def process(self, iprot: Any, oprot: Any) -> None:
            given.append((iprot, oprot))
            super().process(iprot, oprot)

    request = TMemoryBuffer()
    run(ClientCall(Calls, "add").write(TBinaryProtocol(request), {"a": 7, "b": 3}))
    outcomes = []
    for kind in (TProcessor, Looking, OwnProcessor):
        source, sink = TMemoryBuffer(request.getvalue()), TMemoryBuffer()
        iprot, oprot = TBinaryProtocol(source), TBinaryProtocol(sink)
        call = ServerCall()
        processing(kind(Calls, Handler()), iprot, oprot)(call)
        outcomes.append((bytes(sink.getvalue()), call.header, call.stage))
    assert outcomes == [outcomes[0]] * 3
    assert outcomes[0][1:] == (("add", TMessageType.CALL, 0), REPLIED)
    ((seen, _),) = given
    assert isinstance(seen, TBinaryProtocol)
    assert type(seen) is not TBinaryProtocol


def test_multiplexed_processors_note_their_calls_without_wrappers(monkeypatch):
    monkeypatch.setattr(thrift, "CallWriter", None)
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    request, reply = TMemoryBuffer(), TMemoryBuffer()
    proto = OwnBinary(request)
    proto.write_message_begin("Calls:add", TMessageType.CALL, 4)
    Calls.add_args(a=7, b=3).write(proto)
    call = ServerCall()
    processing(processor, proto, TBinaryProtocol(reply))(call)
    assert (call.header, call.stage) == (("Calls:add", TMessageType.CALL, 4), REPLIED)
    assert (call.method, call.label) == ("add", "Calls:add")
    made = ClientCall(Calls, "add")
    made.seqid = 4
    assert made.take(TBinaryProtocol(reply)) == 10


@pytest.mark.parametrize("name", ["add", "other:add", "Calls:unheard"])
def test_who_serves_a_call_is_found_by_its_name(name):
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    *_, refusal = several(processor)(name, TMessageType.CALL)
    assert isinstance(refusal, TApplicationException)
    *_, refusal = single(processor.processors["Calls"])("add", TMessageType.CALL)
    assert refusal is None


def test_a_call_is_read_before_it_is_made():
    handler = Handler()
    request = TMemoryBuffer()
    run(ClientCall(Calls, "note").write(TBinaryProtocol(request), {"text": "hello"}))
    call = ServerCall()
    find = single(TProcessor(Calls, handler))
    api, _, result, invoke = run(read_call(Blocking, call, TBinaryProtocol(request), find))
    assert (api, call.stage, call.oneway, handler.noted) == ("note", READ, True, [])
    assert result.oneway
    assert invoke is not None
    invoke()
    assert handler.noted == ["hello"]


@pytest.mark.parametrize(
    ("header", "stage", "answered_with", "goes_on"),
    [
        (None, BEGUN, None, False),
        (("add", TMessageType.CALL, 1), BEGUN, TApplicationException.INTERNAL_ERROR, False),
        (("add", TMessageType.CALL, 1), READ, TApplicationException.INTERNAL_ERROR, True),
        (("add", TMessageType.ONEWAY, 1), READ, None, True),
        (("add", TMessageType.CALL, 1), REPLIED, None, False),
    ],
)
def test_what_a_failure_means_follows_from_how_far_the_call_was(
    header, stage, answered_with, goes_on
):
    call = ServerCall()
    call.begin(b"")
    call.header, call.stage = header, stage
    proto = TBinaryProtocol(TMemoryBuffer())
    settlement = settle(KeyError("the password"), call, "a test", proto, logger, rates=None)
    found = settlement.answer and settlement.answer.type
    assert (found, settlement.goes_on) == (answered_with, goes_on)
    assert "password" not in str(settlement.answer)


# Bodies


def exchanged(body: bytes, framed: bool = False) -> bytes:
    trans_factory = TFramedTransportFactory() if framed else TBufferedTransportFactory()
    factory = PROTOCOLS["binary"]
    exchange = Exchange.of(body, trans_factory, factory, trans_factory, factory)
    processor = TProcessor(Calls, Handler())
    process = processing(processor, exchange.iprot, exchange.oprot)

    def settle_here(error: BaseException, call: ServerCall, oprot: Any) -> None:
        settlement = settle(error, call, "a test", oprot, logger, rates=None)
        run(send(Blocking, settlement, processor, call, "a test", oprot, logger))

    return exchange.answer(process, settle_here)


def body_of(api: str, **arguments: Any) -> bytes:
    request = TMemoryBuffer()
    run(ClientCall(Calls, api).write(TBinaryProtocol(request), arguments))
    return bytes(request.getvalue())


def test_a_body_is_answered_by_a_body():
    body = body_of("add", a=7, b=3)
    reply = exchanged(body)
    assert ClientCall(Calls, "add").take(TBinaryProtocol(TMemoryBuffer(reply))) == 10
    framed = len(body).to_bytes(4, "big") + body
    assert exchanged(framed, framed=True)[4:] == reply
    assert exchanged(body_of("note", text="hello")) == b""
    answer = answered(reply)
    assert (answer.status, answer.body) == (200, reply)
    assert dict(answer.headers) == {"Content-Type": "application/x-thrift"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is no Thrift message"),
        (b"\xff\0\xff\0", "the body is no Thrift message"),
        (b"<html>", "the body is text, this server expects messages of Thrift"),
        (body_of("note", text="hello")[:-3], "the message in the body cannot be read to its end"),
        (body_of("note", text="a") * 2, "something follows the message in the body"),
    ],
)
def test_a_body_that_is_not_one_message_is_a_bad_request(body, reason):
    with pytest.raises(BadRequest, match=reason) as caught:
        exchanged(body)
    answer = refused(caught.value)
    assert answer.status == 400
    assert answer.body.decode() == reason + "\n"


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """What serves a processor by WSGI."""
    processor = TProcessor(Calls, Handler())
    factory, trans_factory = PROTOCOLS["compact"], TBufferedTransportFactory()

    def settle_here(error: BaseException, call: ServerCall, oprot: Any) -> None:
        peer = environ["REMOTE_ADDR"]
        settlement = settle(error, call, peer, oprot, logger, rates=None)
        run(send(Blocking, settlement, processor, call, peer, oprot, logger))

    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        require_call(environ["REQUEST_METHOD"], length, limit=1000)
        body = environ["wsgi.input"].read(length)
        exchange = Exchange.of(body, trans_factory, factory, trans_factory, factory)
        process = processing(processor, exchange.iprot, exchange.oprot)
        found = answered(exchange.answer(process, settle_here))
    except BadRequest as error:
        found = refused(error)
    start_response(f"{found.status} {HTTPStatus(found.status).phrase}", list(found.headers))
    return [found.body]


def test_a_gateway_is_a_few_lines_over_an_exchange():
    with over_wsgi(application) as port, http_client(port) as client:
        assert client.add(7, 3) == 10
        with pytest.raises(module.NotFound):
            client.point(module.Point(1))
        with pytest.raises(TApplicationException, match="Internal error processing echo"):
            client.echo("x")
        client.note("nobody answers")
        with pytest.raises(THttpException) as caught:
            client.echo("x" * 2000)
        assert caught.value.status == 413


@contextlib.contextmanager
def over_wsgi(served: Any) -> Iterator[int]:
    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with wsgiref.simple_server.make_server("127.0.0.1", 0, served, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def http_client(port: int) -> Any:
    return client_context(
        Calls, "127.0.0.1", port, proto_factory=PROTOCOLS["compact"], timeout=60_000
    )


@pytest.mark.parametrize(
    ("status", "method", "length", "encodings"),
    [
        (405, "GET", None, ()),
        (411, "POST", None, ()),
        (413, "POST", 101, ()),
        (415, "POST", 5, ("gzip",)),
    ],
)
def test_what_a_request_must_announce(status, method, length, encodings):
    require_call("POST", 100, ("identity",), limit=100)
    require_call("POST", None, limit=100, chunked=True)
    with pytest.raises(BadRequest) as caught:
        require_call(method, length, encodings, limit=100)
    assert caught.value.status == status
