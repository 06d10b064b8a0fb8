"""A million calls later there is as much memory as before, and as many references."""

from __future__ import annotations

import contextlib
import gc
import io
import weakref
from collections.abc import Callable
from typing import Any

import fastthrift
import pytest
from fastthrift.parser.parser import parse_fp
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.thrift import TClient, TProcessor
from fastthrift.transport import TBufferedTransport, TMemoryBuffer
from support import samples, subject
from support.leaks import check_leaks
from support.values import build

IDL = """
enum Color { RED = 1, BLUE = 2 }
struct Item { 1: i32 number = 5, 2: string name, 3: list<i32> items = [1], 4: Color color }
exception Refused { 1: i32 code }
service Calls { Item item(1: Item item, 2: i32 code) throws (1: Refused refused) }
"""

module = fastthrift.load_fp(io.StringIO(IDL), "leaks_thrift")


def check(action: Callable[[], Any], count: int, *objects: Any) -> None:
    """Repeat `action`; neither it nor these classes may have more references afterwards."""
    check_leaks(action, count, *objects, module.Item, module.Refused, Item)


class Item(module.Item):
    """Has code of its own, so that the decoder calls the class."""

    def __init__(self) -> None:
        super().__init__()


SMALL = module.Item(number=1, name="a name", color=2)
DATA = {protocol: fastthrift.encode(SMALL, protocol) for protocol in subject.PROTOCOLS}


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_million_encoded(protocol: str) -> None:
    check(lambda: fastthrift.encode(SMALL, protocol), 1_000_000, SMALL, SMALL.name)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_million_decoded(protocol: str) -> None:
    data = DATA[protocol]
    check(lambda: fastthrift.decode(module.Item, data, protocol), 1_000_000, data)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_the_end_of_a_value_is_looked_for_a_million_times(protocol: str) -> None:
    # Positions beyond those of the ints that Python always has.
    data = fastthrift.encode(module.Item(1, "x" * 1000), protocol)
    check(lambda: list(fastthrift.read_messages(data, module.Item, protocol)), 300_000, data)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_million_refused(protocol: str) -> None:
    truncated = DATA[protocol][:-1]

    def refused() -> None:
        try:
            fastthrift.decode(module.Item, truncated, protocol)
        except EOFError:
            return
        raise AssertionError

    check(refused, 1_000_000, truncated)


def failing(obj: Any, protocol: str) -> Callable[[], None]:
    def action() -> None:
        try:
            fastthrift.encode(obj, protocol)
        except subject.TDecodeException:
            return
        raise AssertionError

    return action


@pytest.mark.uninstrumented
def test_arguments_that_are_refused() -> None:
    def refused(call: Callable[..., Any], *args: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):
            call(*args)
            raise AssertionError

    check(lambda: refused(fastthrift.decode, module.Item, 3), 20_000)
    check(lambda: refused(fastthrift.encode, SMALL, "no protocol"), 20_000)
    check(lambda: refused(fastthrift.encode, SMALL, 3), 20_000)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_other_ways_through_the_codec(protocol: str) -> None:
    factory = {"binary": TBinaryProtocolFactory, "compact": TCompactProtocolFactory}[protocol]()
    data = DATA[protocol]
    sub = Item()
    sub.name = "sub"

    def by_transport() -> None:
        trans = TBufferedTransport(TMemoryBuffer())
        proto = factory.get_protocol(trans)
        proto.write_message_begin("name", 1, 1)
        proto.write_struct(SMALL)
        trans.flush()
        proto.read_message_begin()
        proto.read_struct(module.Item())

    for action in (
        by_transport,
        lambda: fastthrift.decode(Item, data, protocol),
        lambda: fastthrift.encode(sub, protocol),
        lambda: fastthrift.decode(module.Refused, data, protocol),
        lambda: fastthrift.decode(module.Item, memoryview(data), protocol),
        failing(module.Item(number="x"), protocol),
        failing(module.Item(items=[1, 2, "x"]), protocol),
        failing(module.Item(name=5), protocol),
        lambda: (vars(SMALL), repr(SMALL), hash(SMALL), module.Item() == SMALL),
    ):
        check(action, 20_000)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_values_of_every_kind(protocol: str) -> None:
    cases = fastthrift.load(str(samples.IDL))
    obj = build(cases.After, samples.RICH)
    data = fastthrift.encode(obj, protocol)
    half = data[: len(data) // 2]

    def refused() -> None:
        with pytest.raises(subject.TException):
            fastthrift.decode(cases.After, half, protocol)

    def views() -> None:
        phone = cases.Phone(color=1)
        fields = vars(phone)
        fields["new"] = 5
        fields.update(color=2)
        phone.other = 1
        del phone.number

    for action in (
        lambda: fastthrift.encode(obj, protocol),
        lambda: fastthrift.decode(cases.After, data, protocol),
        lambda: fastthrift.decode(cases.Empty, data, protocol),
        refused,
        views,
    ):
        check(action, 2000, cases.After, cases.Phone)


class Loopback:
    """A transport to a processor in the same thread."""

    def __init__(self, processor: TProcessor) -> None:
        self.processor = processor
        self.factory = TBinaryProtocolFactory()
        self.sent = self.received = TMemoryBuffer()

    def write(self, data: bytes) -> None:
        # New ones for each call: a buffer keeps what was read of it.
        self.sent, self.received = TMemoryBuffer(data), TMemoryBuffer()

    def flush(self) -> None:
        self.processor.process(
            self.factory.get_protocol(self.sent), self.factory.get_protocol(self.received)
        )

    def read(self, size: int) -> bytes:
        return self.received.read(size)

    def is_open(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing holds anything."""


class Handler:
    def item(self, item: Any, code: int) -> Any:
        if code:
            raise module.Refused(code=code)
        return item


@pytest.mark.uninstrumented
def test_calls() -> None:
    trans = TBufferedTransport(Loopback(TProcessor(module.Calls, Handler())))
    client = TClient(module.Calls, TBinaryProtocolFactory().get_protocol(trans))

    def call() -> None:
        assert client.item(SMALL, 0) == SMALL

    def refused() -> None:
        try:
            client.item(SMALL, 5)
        except module.Refused:
            return
        raise AssertionError

    check(call, 20_000, Handler)
    check(refused, 20_000, Handler)


@pytest.mark.uninstrumented
def test_loading() -> None:
    """Modules that nobody keeps go, with their classes and what was compiled of them."""

    def load() -> Any:
        loaded = parse_fp(io.StringIO(IDL), "leaks_thrift", enable_cache=False)
        for protocol in subject.PROTOCOLS:
            item = loaded.Item(number=1, name="x")
            assert (
                fastthrift.decode(loaded.Item, fastthrift.encode(item, protocol), protocol) == item
            )
        return weakref.ref(loaded.Item)

    check(load, 1000)
    gone = load()
    gc.collect()
    assert gone() is None


@pytest.mark.uninstrumented
def test_loading_what_is_wrong() -> None:
    def load() -> None:
        with pytest.raises(fastthrift.parser.ThriftParserError):
            parse_fp(io.StringIO(IDL + "struct X { 1: Unknown x }"), "x_thrift", enable_cache=False)

    check(load, 1000)
