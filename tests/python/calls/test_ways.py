"""Both ways of a call agree: the straight one, and that by the public methods.

The straight way is taken for what is ours as it was made; each case here runs it beside the other
one, which trivial overrides ask for.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import random
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import thriftpy2.thrift
from fastthrift import _core, thrift
from fastthrift._calls.client_call import ClientCall
from fastthrift._calls.server_call import ServerCall
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.protocol import TBinaryProtocol, TMultiplexedProtocol
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
    TType,
)
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer
from support.calls import (
    PROTOCOLS,
    TRANSPORTS,
    Calls,
    Line,
    OwnClient,
    call_outcome,
    client_over,
    framed,
    message,
    module,
    payload,
    process_outcome,
    unframed,
)
from support.leaks import check_leaks

REPLY, EXCEPTION, CALL, ONEWAY = (
    TMessageType.REPLY,
    TMessageType.EXCEPTION,
    TMessageType.CALL,
    TMessageType.ONEWAY,
)

both = pytest.mark.parametrize("protocol", PROTOCOLS)
over = pytest.mark.parametrize("transport", TRANSPORTS)


class Index:
    """An int by `__index__`, or an exception of it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __index__(self) -> int:
        if isinstance(self.value, Exception):
            raise self.value
        return int(self.value)

    def __repr__(self) -> str:
        return f"Index({self.value})"


def cyclic() -> Any:
    point = module.Point(1, 2, [])
    point.near.append(point)
    return point


ARGUMENTS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("add", (7, 3), {}),
    ("add", (7,), {"b": 3}),
    ("add", (), {"b": 3, "a": 7}),
    ("add", (None, 3), {"a": 7}),
    ("add", (None, 3), {}),
    ("add", (7,), {}),
    ("add", (), {"a": None, "b": 2}),
    ("add", (), {}),
    ("add", (7, 3, 1), {}),
    ("add", (7, 3), {"c": 1}),
    ("add", (7, 3), {"a": 1}),
    ("add", (7, "3"), {}),
    ("add", (7, 2**31), {}),
    ("add", (7, 3.0), {}),
    ("add", (7, 3.5), {}),
    ("add", (7, Index(3)), {}),
    ("add", (7, Index(ValueError("no index"))), {}),
    ("add", (7, True), {}),
    ("echo", ("grüße",), {}),
    ("echo", (b"bytes",), {}),
    ("echo", (), {}),
    ("echo", (None,), {}),
    ("echo", (), {"text": None}),
    ("echo", ("\ud800",), {}),
    ("echo", (5,), {}),
    ("blob", (bytearray(b"abc"),), {}),
    ("truth", (False,), {}),
    ("truth", ("yes",), {}),
    ("point", (module.Point(1, 2, [module.Point(3)]),), {}),
    ("point", (module.Point("one"),), {}),
    ("point", (module.Point(1, 2, [module.Point(3), module.Point(4, [])]),), {}),
    ("point", ("no point",), {}),
    ("point", (cyclic(),), {}),
    ("more", (), {}),
    ("more", (1,), {}),
    ("more", (None, [9]), {"last": 4}),
    ("more", (), {"rest": None}),
    ("more", (1, [2, None], 3), {}),
    ("nothing", (), {}),
    ("nothing", (1,), {}),
    ("check", (3,), {}),
    ("note", ("hello",), {}),
    ("note", (1,), {}),
    ("subtract", (5, 3), {}),
    ("subtract", (5,), {"subtrahend": 3}),
]


def reply_to(method: str, protocol: str, transport: str) -> bytes:
    """A good reply to the first call of a client."""
    bodies: dict[str, Any] = {
        "echo": payload((0, TType.STRING, "text")),
        "blob": payload((0, TType.BINARY, b"\xff\xfe")),
        "truth": payload((0, TType.BOOL, False)),
        "point": payload((0, TType.STRUCT, module.Point(1, 2)), spec=module.Point),
        "more": payload((0, TType.LIST, [1, 2, 3]), spec=TType.I32),
        "nothing": payload(),
        "check": payload(),
    }
    if method == "note":
        return b""
    body = bodies.get(method, payload((0, TType.I32, 0)))
    return message(protocol, transport, method, REPLY, 1, body)


WAYS = [{"own_client": a, "own_protocol": b} for a, b in itertools.product((False, True), repeat=2)]


def outcomes(
    protocol: str, transport: str, prepared: bytes, method: str, args: Any, kwargs: Any
) -> Iterator[Any]:
    """What happens on each way, and at the call after it."""
    for way in WAYS:
        line = Line()
        line.prepared = prepared
        client = client_over(line, protocol, transport, **way)
        first = call_outcome(client, line, method, args, kwargs)
        line.sent.clear()
        line.prepared += reply_to("add", protocol, transport)
        yield first, call_outcome(client, line, "add", (1, 2), {})


def assert_same(found: Iterator[Any]) -> Any:
    first, *others = found
    for other in others:
        assert other == first
    return first


@both
@over
@pytest.mark.parametrize("case", range(len(ARGUMENTS)))
def test_arguments(protocol, transport, case):
    method, args, kwargs = ARGUMENTS[case]
    prepared = reply_to(method, protocol, transport)
    first, after = assert_same(outcomes(protocol, transport, prepared, method, args, kwargs))
    assert first["calling"] is None
    if first["error"] is None:
        assert first["flushes"] == 1
        assert first["sent"]
    else:
        # The arguments were wrong: nothing was sent, and the connection still is good.
        assert first["sent"] == b""
        assert after["sent"]


def replies(protocol: str, transport: str) -> dict[str, tuple[str, bytes]]:
    """Replies to the first call of a client: by description, the method and the bytes."""

    def reply(method: str, body: Any, name: Any = None, kind: int = REPLY, seqid: int = 1) -> Any:
        return method, message(protocol, transport, name or method, kind, seqid, body)

    refusal = TApplicationException(TApplicationException.INTERNAL_ERROR, "no")
    unknown = module.Point(1, 2, [module.Point()])
    missing, gone = module.NotFound(name="one"), module.Gone(name="two")
    five = payload((0, TType.I32, 5))

    def exceptions(*fields: tuple[int, Any]) -> Any:
        body = payload(*((fid, TType.STRUCT, value) for fid, value in fields))
        specs = {fid: (TType.STRUCT, f"f{fid}", type(value), False) for fid, value in fields}
        type(body).thrift_spec = specs
        return body

    found = {
        "good": reply("add", five),
        "zero": reply("add", payload((0, TType.I32, 0))),
        "another sequence id": reply("add", five, seqid=2),
        "another name": reply("add", five, name="subtract"),
        "name that is no UTF-8": reply("add", five, name=b"\xff\xfe"),
        "name of a multiplexed client": reply("add", five, name="Service:add"),
        "refusal under such a name": reply("add", refusal, name="Service:add", kind=EXCEPTION),
        "a call": reply("add", five, kind=CALL),
        "a oneway call": reply("add", five, kind=ONEWAY),
        "refusal": reply("add", refusal, kind=EXCEPTION),
        "empty refusal": reply("add", payload(), kind=EXCEPTION),
        "refusal of another call": reply("add", refusal, kind=EXCEPTION, seqid=7),
        "refusal of nobody": reply("add", refusal, name="", kind=EXCEPTION),
        "half a refusal of another call": (
            "add",
            framed(
                unframed(reply("add", refusal, kind=EXCEPTION, seqid=7)[1], transport)[:-4],
                transport,
            ),
        ),
        "no result": reply("add", payload()),
        "result of a void method": reply("nothing", five),
        "mistyped result": reply("add", payload((0, TType.STRING, "5"))),
        "unknown fields": reply("add", payload((9, TType.STRING, "x"), (0, TType.I32, 5))),
        "unknown struct": reply("nothing", payload((9, TType.STRUCT, unknown), spec=module.Point)),
        "undeclared exception": reply("add", exceptions((9, missing))),
        "undeclared exception of a void method": reply("nothing", exceptions((9, missing))),
        "declared and undeclared": reply("check", exceptions((9, missing), (2, gone))),
        "declared exception": reply("point", exceptions((1, missing))),
        "another declared exception": reply("check", exceptions((2, gone))),
        "two declared exceptions": reply("point", exceptions((1, missing), (2, gone))),
        "result twice": reply("add", payload((0, TType.I32, 5), (-1, TType.I32, 6))),
        "no UTF-8": reply("echo", payload((0, TType.BINARY, b"\xff"))),
        "an empty frame": ("add", framed(b"", transport)),
        "end of stream": ("add", b""),
        "no message": ("add", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "one and a half": ("add", reply("add", five)[1] + reply("add", five)[1][:9]),
    }
    return found


@both
@over
@pytest.mark.parametrize("name", replies("binary", "buffered"))
def test_replies(protocol, transport, name):
    method, prepared = replies(protocol, transport)[name]
    args = {"add": (1, 2), "point": (module.Point(),), "check": (1,), "echo": ("x",)}
    assert_same(outcomes(protocol, transport, prepared, method, args.get(method, ()), {}))


@both
@over
def test_truncated_and_changed_replies(protocol, transport):
    point = module.Point(1, 2, [module.Point(3), module.Point(4)])
    body = payload((0, TType.STRUCT, point), spec=module.Point)
    whole = unframed(message(protocol, transport, "point", REPLY, 1, body), transport)
    args = (module.Point(),)
    for size in range(len(whole)):
        prepared = framed(whole[:size], transport)
        first, _ = assert_same(outcomes(protocol, transport, prepared, "point", args, {}))
        assert first["error"] is not None
    generator = random.Random(5)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] = generator.randrange(256)
        prepared = framed(bytes(changed), transport)
        assert_same(outcomes(protocol, transport, prepared, "point", args, {}))


def test_reply_that_nests_too_deeply():
    for levels in (30, 31, 32, 33):
        shallow = module.Point()
        for _ in range(levels):
            shallow = module.Point(near=[shallow])
        body = payload((0, TType.STRUCT, shallow), spec=module.Point)
        source = TMemoryBuffer()
        proto = TBinaryProtocol(source, max_depth=200)
        proto.write_message_begin("point", REPLY, 1)
        body.write(proto)
        data = bytes(source.getvalue())
        assert_same(outcomes("binary", "buffered", data, "point", (module.Point(),), {}))


# Processors


class Handler:
    """Does what it is told; keeps what it was given."""

    def __init__(self, result: Any = None, error: BaseException | None = None) -> None:
        self.result = result
        self.error = error
        self.given: list[Any] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "subtract":
            raise AttributeError(name)

        def method(*args: Any) -> Any:
            self.given.append((name, args))
            if self.error is not None:
                raise self.error
            return self.result

        return method


def requests(protocol: str) -> dict[str, bytes]:
    def request(method: Any, body: Any, kind: int = CALL) -> bytes:
        return message(protocol, "buffered", method, kind, 77, body)

    two = payload((1, TType.I32, 7), (2, TType.I32, 3))
    found = {
        "add": request("add", two),
        "add with nothing": request("add", payload()),
        "add with another type": request("add", payload((1, TType.STRING, "7"))),
        "add with more": request("add", payload((1, TType.I32, 7), (5, TType.STRING, "x"))),
        "add as oneway": request("add", two, ONEWAY),
        "add as a reply": request("add", two, REPLY),
        "add as an exception": request("add", two, EXCEPTION),
        "add as nothing known": request("add", two, 7),
        "note as a reply": request("note", payload((1, TType.STRING, "hello")), REPLY),
        "point": request("point", payload((1, TType.STRUCT, module.Point(1)), spec=module.Point)),
        "more with defaults": request("more", payload()),
        "nothing": request("nothing", payload()),
        "check": request("check", payload((1, TType.I32, 1))),
        "note": request("note", payload((1, TType.STRING, "hello"))),
        "note as a call": request("note", payload((1, TType.STRING, "hello")), CALL),
        "unknown": request("unheard", two),
        "unknown as oneway": request("unheard", two, ONEWAY),
        "name that is no UTF-8": request(b"\xff", two),
        "method that the handler lacks": request("subtract", payload()),
        "no UTF-8": request("echo", payload((1, TType.BINARY, b"\xff"))),
        "no message": b"GET / HTTP/1.1\r\n\r\n",
        "nothing at all": b"",
        "and the next one": request("nothing", payload()) + request("add", two),
    }
    return found


RESULTS = [None, 5, 0, "text", 2**40, module.Point(1, 2), module.Point("x"), [1, 2], [None]]
ERRORS = [
    module.NotFound(name="n"),
    module.Gone(name="g"),
    KeyError("secret"),
    TApplicationException(TApplicationException.UNKNOWN, "refused"),
    module.NotFound(name=5),
]


def processed(protocol: str, request: bytes, result: Any, error: Any) -> Any:
    first: Any = None
    for own_processor, own_protocol in itertools.product((False, True), repeat=2):
        handler = Handler(result, error)
        outcome = process_outcome(
            handler, request, protocol, own_processor=own_processor, own_protocol=own_protocol
        )
        outcome["given"] = handler.given
        first = first or outcome
        assert outcome == first
    return first


@both
@pytest.mark.parametrize("name", requests("binary"))
def test_requests(protocol, name):
    request = requests(protocol)[name]
    for result in RESULTS:
        processed(protocol, request, result, None)
    for error in ERRORS:
        processed(protocol, request, None, error)


@both
def test_truncated_and_changed_requests(protocol):
    point = module.Point(1, 2, [module.Point(3), module.Point(4)])
    body = payload((1, TType.STRUCT, point), spec=module.Point)
    whole = message(protocol, "buffered", "point", CALL, 3, body)
    for size in range(len(whole)):
        outcome = processed(protocol, whole[:size], point, None)
        assert outcome["error"] is not None
        assert outcome["given"] == []
    generator = random.Random(6)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] = generator.randrange(256)
        processed(protocol, bytes(changed), point, None)


@both
def test_handlers_get_default_values_of_their_own(protocol):
    handler = Handler([1])
    for _ in range(2):
        process_outcome(
            handler,
            requests(protocol)["more with defaults"],
            protocol,
            own_processor=False,
            own_protocol=False,
        )
    (_, first), (_, second) = handler.given
    assert first == second == (5, [1, 2], None)
    assert first[1] is not second[1]


# What is overridden is called


def prepared_client(client_class: Any = TClient, count: int = 3) -> tuple[Any, Line]:
    line = Line()
    for seqid in range(1, count + 1):
        body = payload((0, TType.I32, seqid))
        line.prepared += message("binary", "buffered", "add", REPLY, seqid, body)
    return client_class(Calls, TBinaryProtocol(TBufferedTransport(line))), line


def test_the_straight_way_is_taken():
    """Else this file compares the other way with itself."""
    client, _ = prepared_client()
    method, _, values = _core.bind(client, thrift._OWN_HALVES, "add", (1,), {"b": 2})
    assert values == (1, 2)
    data, below = _core.write_call(method, client._oprot, 1, values)
    assert data
    assert below is client._oprot.trans.trans
    assert _core.read_reply(method, client._iprot, 1, ClientCall(Calls, "add")) == (None, 1)
    request = TBinaryProtocol(TMemoryBuffer(requests("binary")["add"]))
    assert _core.read_call(Calls, request, ServerCall())[1:] == ("add", False, (7, 3))
    assert thrift._OWN_PROCESSING.are_kept_by(TProcessor(Calls, None))


def test_send_of_an_object_and_of_the_class(monkeypatch):
    seen = []
    client, _ = prepared_client()
    original = TClient._send

    def send(self: Any, _api: str, **kwargs: Any) -> None:
        seen.append((_api, kwargs))
        original(self, _api, **kwargs)

    assert client.add(1, 2) == 1
    assert seen == []
    client._send = lambda _api, **kwargs: send(client, _api, **kwargs)
    assert client.add(1, b=2) == 2
    del client._send
    monkeypatch.setattr(TClient, "_send", send)
    assert client.add(3, 4) == 3
    assert seen == [("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})]


@pytest.mark.parametrize(
    "name",
    [
        *("write_message_begin", "write_struct", "write_message_end"),
        *("read_message_begin", "read_struct", "read_message_end"),
    ],
)
def test_methods_of_a_protocol_object_and_of_its_class(monkeypatch, name):
    """Instrumentation replaces them."""
    seen = []
    client, _ = prepared_client()
    method = getattr(client._iprot, name)
    setattr(client._iprot, name, lambda *args: (seen.append("object"), method(*args))[1])
    assert client.add(1, 2) == 1
    delattr(client._iprot, name)
    original = getattr(TBinaryProtocol, name)
    with monkeypatch.context() as patch:
        patch.setattr(
            TBinaryProtocol, name, lambda *args: (seen.append("class"), original(*args))[1]
        )
        assert client.add(1, 2) == 2
    assert client.add(1, 2) == 3
    assert seen == ["object", "class"]


def test_flush_of_a_transport_object():
    client, line = prepared_client()
    trans = client._oprot.trans
    seen = []
    trans.flush = lambda: (seen.append(1), type(trans).flush(trans))
    assert client.add(1, 2) == 1
    assert seen == [1]
    assert len(line.sent) == 1


def test_swapped_transports():
    client, line = prepared_client()
    assert client.add(1, 2) == 1
    other = Line()
    client._oprot.trans = TFramedTransport(other)
    other.prepared = message("binary", "framed", "add", REPLY, 2, payload((0, TType.I32, 9)))
    assert client.add(1, 2) == 9
    assert len(line.sent) == len(other.sent) == 1
    client._iprot.trans.trans = line
    line.prepared = framed(message("binary", "buffered", "add", REPLY, 3, payload()), "framed")
    with pytest.raises(TApplicationException) as caught:
        client.add(1, 2)
    assert caught.value.type == TApplicationException.MISSING_RESULT


def test_what_was_written_before_a_call_goes_first():
    """As the headers of tracked clients do."""
    client, line = prepared_client()
    client._oprot.trans.write(b"before")
    assert client.add(1, 2) == 1
    (sent,) = line.sent
    assert sent.startswith(b"before\x80\x01")


def test_bytes_that_have_come_already_are_read_first():
    client, line = prepared_client()
    client._iprot.trans.feed(line.prepared)
    line.prepared = b""
    assert [client.add(1, 2) for _ in range(3)] == [1, 2, 3]


def test_write_of_the_arguments_and_read_of_the_result(monkeypatch):
    seen = []
    client, _ = prepared_client()
    assert client.add(1, 2) == 1
    for cls, name in ((Calls.add_args, "write"), (Calls.add_result, "read")):
        original = getattr(cls, name)

        def method(self: Any, proto: Any, original: Any = original) -> None:
            seen.append(type(self).__name__)
            original(self, proto)

        monkeypatch.setattr(cls, name, method, raising=False)
    assert client.add(1, 2) == 2
    monkeypatch.undo()
    assert client.add(1, 2) == 3
    assert seen == ["add_args", "add_result"]


def test_init_and_properties_of_the_arguments(monkeypatch):
    client, line = prepared_client()
    monkeypatch.setattr(Calls.add_args, "a", property(lambda self: 1000, lambda self, value: None))
    client.add(1, 2)
    monkeypatch.undo()
    client.add(1, 2)
    assert (1000).to_bytes(4, "big") in line.sent[0]
    assert (1000).to_bytes(4, "big") not in line.sent[1]


def test_a_service_that_changes(monkeypatch):
    """Whether by a spec, by a class, or by its list of methods."""
    client, line = prepared_client()
    client.add(1, 2)
    spec = {1: (TType.I64, "a", False), 2: (TType.I32, "b", True)}
    with monkeypatch.context() as patch:
        patch.setattr(Calls.add_args, "thrift_spec", spec)
        client.add(1, 2)
        with pytest.raises(TApplicationException, match=r"b is required argument for Calls\.add"):
            client.add(1)
    assert len(line.sent[1]) == len(line.sent[0]) + 4
    with monkeypatch.context() as patch:
        patch.setattr(Calls, "add_args", Calls.subtract_args)
        client.add(minuend=1)
        patch.setattr(Calls, "thrift_services", ["echo"])
        with pytest.raises(AttributeError):
            _ = prepared_client()[0].add
        outcome = processed("binary", requests("binary")["add"], 5, None)
        assert b"Unknown method" in outcome["written"] or outcome["given"] == []
    assert processed("binary", requests("binary")["add"], 5, None)["given"] == [("add", (7, 3))]


def test_a_list_of_methods_that_changes(monkeypatch):
    """In place, which nothing tells of; where a method was found before is looked at first."""
    methods = list(Calls.thrift_services)
    monkeypatch.setattr(Calls, "thrift_services", methods)

    def has_add() -> bool:
        given = processed("binary", requests("binary")["add"], 5, None)["given"]
        assert given in ([], [("add", (7, 3))])
        assert bool(given) == hasattr(prepared_client()[0], "add")
        return bool(given)

    assert has_add()
    methods.insert(0, "first")
    assert has_add()
    methods.remove("add")
    assert not has_add()
    methods.append("".join(["a", "dd"]))
    assert has_add()
    methods.clear()
    assert not has_add()
    methods += ["add"]
    assert has_add()


@pytest.mark.difference("methods-taken-away")
@pytest.mark.parametrize("client", [TClient, TAsyncClient, thriftpy2.thrift.TClient])
def test_a_client_has_what_its_service_gets_later(client, monkeypatch):
    methods = [each for each in Calls.thrift_services if each != "echo"]
    monkeypatch.setattr(Calls, "thrift_services", methods)
    one = client(Calls, None)
    assert not hasattr(one, "echo")
    methods.append("echo")
    assert callable(one.echo)
    methods.remove("add")
    assert hasattr(one, "add") == (client is not thriftpy2.thrift.TClient)
    assert not hasattr(client(Calls, None), "add")


@pytest.mark.parametrize("name", ["declared exception", "two declared exceptions"])
def test_a_result_that_has_fewer_fields_now(monkeypatch, name):
    spec = {1: (TType.STRUCT, "missing", module.NotFound, False)}
    monkeypatch.setattr(Calls.point_result, "thrift_spec", spec)
    _, prepared = replies("binary", "buffered")[name]
    first, _ = assert_same(outcomes("binary", "buffered", prepared, "point", (None,), {}))
    assert first["error"][0] is module.NotFound
    processed("binary", requests("binary")["point"], module.Point(), None)
    processed("binary", requests("binary")["point"], None, module.NotFound(name="n"))


def test_oneway_that_changes(monkeypatch):
    client, line = prepared_client()
    monkeypatch.setattr(Calls.add_result, "oneway", True)
    assert client.add(1, 2) is None
    assert line.sent[0][3] == ONEWAY


def test_parts_of_a_processor(monkeypatch):
    seen = []

    class Own(TProcessor):
        def send_result(self, oprot: Any, api: str, result: Any, seqid: int) -> None:
            seen.append((api, result.success, seqid))
            super().send_result(oprot, api, result, seqid)

        def handle_exception(self, e: Exception, result: Any) -> bool:
            seen.append(type(e))
            return super().handle_exception(e, result)

    for handler in (Handler(5), Handler(error=module.NotFound())):
        sink = TMemoryBuffer()
        source = TMemoryBuffer(requests("binary")["point" if handler.error else "add"])
        Own(Calls, handler).process(TBinaryProtocol(source), TBinaryProtocol(sink))
        assert sink.getvalue()
    assert seen[:2] == [("add", 5, 77), module.NotFound]

    processor = TProcessor(Calls, Handler(5))
    processor.process_in = lambda iprot: (
        seen.append("object") or TProcessor.process_in(processor, iprot)
    )
    source = TMemoryBuffer(requests("binary")["add"])
    processor.process(TBinaryProtocol(source), TBinaryProtocol(TMemoryBuffer()))
    assert seen[-1] == "object"


def test_multiplexed_calls():
    line = Line()
    line.prepared = message("binary", "buffered", "add", REPLY, 1, payload((0, TType.I32, 5)))
    proto = TMultiplexedProtocol(TBinaryProtocol(TBufferedTransport(line)), "Calls")
    assert TClient(Calls, proto).add(7, 3) == 5
    assert b"Calls:add" in line.sent[0]
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler(4)))
    sink = TMemoryBuffer()
    processor.process(TBinaryProtocol(TMemoryBuffer(line.sent[0])), TBinaryProtocol(sink))
    assert sink.getvalue().endswith(b"\x08\0\0\0\0\0\4\0")


# Memory


def test_an_exception_is_freed_at_once():
    """No cycle keeps it, its traceback and what hangs on that."""
    client, line = prepared_client()
    line.prepared = message("binary", "buffered", "add", REPLY, 1, payload())
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(TApplicationException) as caught:
            client.add(1, 2)
        seen = weakref.ref(caught.value)
        del caught
        assert seen() is None
    finally:
        gc.enable()


LEFT_BEHIND = ("good", "refusal", "declared exception", "mistyped result", "no result")


@both
@over
@pytest.mark.parametrize("case", [*LEFT_BEHIND, "an argument of another type"])
def test_many_calls_leave_nothing_behind(protocol, transport, case):
    line = Line()
    client = client_over(line, protocol, transport, own_client=False, own_protocol=False)
    if case in LEFT_BEHIND:
        method, reply = replies(protocol, transport)[case]
        args = {"add": (1, 2), "point": (module.Point(),)}[method]
    else:
        method, reply, args = "add", b"", (1, "two")

    def action() -> None:
        client._seqid = 0
        line.prepared = reply
        line.sent.clear()
        with contextlib.suppress(thrift.TException):
            getattr(client, method)(*args)

    check_leaks(action, 10_000)


@both
@pytest.mark.parametrize("name", ["add", "more with defaults", "check", "add with another type"])
def test_many_calls_leave_nothing_behind_in_a_processor(protocol, name):
    request = requests(protocol)[name]
    processor = TProcessor(Calls, Handler([1, 2] if name.startswith("more") else 3))
    refusing = TProcessor(Calls, Handler())

    def action() -> None:
        # Another one each time: an exception keeps every traceback that it had.
        refusing._handler.error = module.NotFound(name="n")
        for each in (processor, refusing):
            source, sink = (PROTOCOLS[protocol](TMemoryBuffer(data)) for data in (request, b""))
            with contextlib.suppress(module.NotFound):
                each.process(source, sink)
            each._handler.given.clear()

    check_leaks(action, 10_000)


def test_own_client_is_another_way():
    client, _ = prepared_client(OwnClient)
    assert _core.bind(client, thrift._OWN_HALVES, "add", (1, 2), {}) is None
