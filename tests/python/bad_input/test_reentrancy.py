"""Code of the objects that runs in the middle of reading and writing, and pulls at what is read
and written: there is an answer or an exception, and the process goes on."""

from __future__ import annotations

import codecs
import contextlib
import gc
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import subject, wire

module = subject.load_fp(
    io.StringIO(
        """
        struct Inner { 1: i32 x }
        struct Values {
            1: list<i32> i32s, 2: list<i64> i64s, 3: list<double> doubles, 4: list<bool> bools,
            5: list<Inner> inners, 6: map<i32, i32> table, 7: map<string, Inner> by_name,
            8: set<i32> numbers, 9: i32 number, 10: list<list<i32>> grid, 11: binary data,
            12: string text, 13: double ratio, 14: bool flag, 15: Values inner, 16: i64 last,
        }
        """
    ),
    "reentrancy_thrift",
)

#: What may come of an object that changes while it is written. RuntimeError is what Python says
#: of a dict or set that changes in a loop.
CHANGED = (subject.TException, RuntimeError)

Actor = Callable[[], None]


class Acting:
    """A number of any kind that acts each time it is looked at."""

    def __init__(self, act: Actor, value: int = 1) -> None:
        self.act = act
        self.value = value

    def __index__(self) -> int:
        self.act()
        return self.value

    def __float__(self) -> float:
        self.act()
        return float(self.value)

    def __bool__(self) -> bool:
        self.act()
        return True

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        self.act()
        return self is other


def once(act: Actor) -> Actor:
    """`act`, the first time only."""
    waiting = [act]
    return lambda: waiting.pop()() if waiting else None


def written(obj: Any, protocol: str, errors: tuple[type[BaseException], ...] = CHANGED) -> Any:
    """What is read of `obj` when it could be written."""
    try:
        data = subject.encode(obj, protocol)
    except errors:
        return None
    decoded = subject.decode(module.Values, data, protocol)
    assert decoded.last == 99
    return decoded


LISTS = ("i32s", "i64s", "doubles", "bools", "numbers")


@pytest.mark.parametrize("change", ["clear", "shrink", "grow", "replace"])
@pytest.mark.parametrize("field", LISTS)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_a_list_that_changes_under_its_numbers(protocol: str, field: str, change: str) -> None:
    for size, at in itertools.product((1, 3, 63, 64, 65, 200), (0, 1, 62, 64, 199)):
        if at >= size:
            continue
        items: list[Any] = list(range(size))
        act = {
            "clear": items.clear,
            "shrink": lambda items=items: items.__delitem__(slice(1, None)),
            "grow": lambda items=items: items.extend(range(1000)),
            "replace": lambda items=items: items.__setitem__(slice(None), [7.0, "x"] * 500),
        }[change]
        items[at] = Acting(once(act))
        written(module.Values(**{field: items}, last=99), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_a_dict_that_changes_under_its_entries(protocol: str) -> None:
    for as_key, change in itertools.product((False, True), ("clear", "grow", "swap", "delete")):
        table: dict[Any, Any] = {number: number for number in range(50)}

        def act(change: str = change, table: dict[Any, Any] = table) -> None:
            if change in ("clear", "swap"):
                table.clear()
            if change == "swap":
                table.update((number, number) for number in range(1000, 1051))
            if change == "grow":
                table.update((number, number) for number in range(5000))
            if change == "delete":
                table.pop(49)

        acting = Acting(once(act), 77)
        table[acting if as_key else 77] = 1 if as_key else acting
        written(module.Values(table=table, last=99), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_a_set_that_changes_in_the_loop(protocol: str) -> None:
    for change in ("clear", "add"):
        numbers: set[Any] = set(range(20))
        act = numbers.clear if change == "clear" else lambda n=numbers: n.update(range(99, 5000))
        numbers.add(Acting(once(act), 500))
        written(module.Values(numbers=numbers, last=99), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_containers_without_an_end(protocol: str) -> None:
    """More than a container said it holds is not waited for."""

    class Endless:
        def __len__(self) -> int:
            return 3

        def __iter__(self) -> Iterator[int]:
            return itertools.count()

        def items(self) -> Iterator[tuple[int, int]]:
            return ((number, number) for number in itertools.count())

    class EndlessList(list):
        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Iterator[int]:
            return itertools.repeat(5)

    for values in (
        {"i32s": Endless()},
        {"numbers": Endless()},
        {"table": Endless()},
        {"i64s": EndlessList()},
        {"grid": [EndlessList()]},
    ):
        with pytest.raises(subject.TDecodeException):
            subject.encode(module.Values(**values), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_an_object_that_is_emptied_while_it_is_written(protocol: str) -> None:
    obj = module.Values(last=99)

    def empty() -> None:
        for name in ("number", "data", "text", "ratio", "inner"):
            delattr(obj, name)
        vars(obj).pop("i32s", None)
        obj.text = "new"
        gc.collect()

    obj.i32s = [1, Acting(once(empty)), 3]
    obj.number, obj.data, obj.text = 5, b"data", "text"
    obj.ratio, obj.inner = 1.5, module.Values(number=1)
    assert written(obj, protocol, ()).text == "new"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_class_that_changes_while_its_objects_are_written_and_read(protocol: str) -> None:
    """The compiled form of the class is dropped while it is in use."""
    Values = type("Values", (module.Values,), {})
    Values.thrift_spec = dict(Values.thrift_spec)

    def change() -> None:
        Values.thrift_spec = {9: (subject.TType.I32, "number", False)}
        Values.number = property(lambda self: 8, lambda self, value: None)
        gc.collect()

    class Changing(Values):
        def __init__(self) -> None:
            super().__init__()
            change()

    obj = Values(last=99)
    obj.i32s = [Acting(once(change))]
    written(obj, protocol, ())

    whole = subject.encode(module.Values(inner=module.Values(number=1), last=99), protocol)
    reader = type("Reader", (module.Values,), {})
    reader.thrift_spec = {
        15: (subject.TType.STRUCT, "inner", Changing, False),
        16: (subject.TType.I64, "last", False),
    }
    assert subject.decode(reader, whole, protocol).last == 99


@pytest.mark.parametrize("kind", ["memory", "buffered", "framed"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_property_that_writes_to_the_same_protocol(protocol: str, kind: str) -> None:
    """Nothing of either message is lost: the one that was begun first goes first."""
    below = subject.TMemoryBuffer()
    trans = {
        "memory": lambda: below,
        "buffered": lambda: subject.transport.TBufferedTransport(below),
        "framed": lambda: subject.transport.TFramedTransport(below),
    }[kind]()
    oprot = subject.factory(protocol).get_protocol(trans)
    inner, outer = module.Values(last=1), module.Values(last=2)

    class Writing(module.Inner):
        @property
        def x(self) -> int:
            oprot.write_struct(inner)
            return 5

    outer.inners = [Writing.__new__(Writing)]
    oprot.write_struct(outer)
    trans.flush()
    iprot = subject.factory(protocol).get_protocol(trans)
    found = iprot.read_struct(module.Values())
    assert (found.last, found.inners[0].x) == (2, 5)
    assert iprot.read_struct(module.Values()) == inner


class OwnError(Exception):
    pass


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_own_errors_pass_and_the_next_message_is_whole(protocol: str) -> None:
    def fail(*_: Any) -> Any:
        raise OwnError

    raising = [
        {"number": type("A", (), {"__index__": fail})()},
        {"ratio": type("A", (), {"__float__": fail})()},
        {"flag": type("A", (), {"__bool__": fail})()},
        {"i32s": type("A", (), {"__len__": lambda _: 1, "__iter__": fail})()},
        {"numbers": (fail() for _ in range(1))},
        {"table": type("A", (), {"__len__": lambda _: 1, "items": fail})()},
        {"inner": type("A", (module.Values,), {"number": property(fail, lambda *_: None)})()},
    ]
    for values in raising:
        below = subject.TMemoryBuffer()
        trans = subject.transport.TBufferedTransport(below)
        oprot = subject.factory(protocol).get_protocol(trans)
        with pytest.raises((OwnError, subject.TDecodeException)):
            oprot.write_struct(module.Values(**values))
        oprot.write_struct(module.Values(last=99))
        trans.flush()
        assert below.getvalue() == subject.encode(module.Values(last=99), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_a_value_whose_repr_raises(protocol: str) -> None:
    """The error is about the value; what its repr says is asked for when somebody wants it."""

    class Shy:
        def __repr__(self) -> str:
            raise OwnError("no repr")

    cyclic = module.Values()
    cyclic.inner = cyclic
    for values in (
        {"number": Shy()},
        {"i32s": [1, Shy()]},
        {"table": {1: Shy()}},
        {"number": [cyclic]},
        {"grid": [[Shy()]]},
    ):
        with pytest.raises(subject.TDecodeException) as caught:
            subject.encode(module.Values(**values), protocol)
        assert caught.value.field in values


# Reading.


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_constructors_and_keys_that_read_and_write(protocol: str) -> None:
    """``__init__``, ``__setattr__``, ``__hash__`` and ``__eq__`` enter the codec again."""
    whole = subject.encode(module.Values(inner=module.Values(number=1), last=99), protocol)
    entered: list[str] = []

    def enter(name: str) -> None:
        entered.append(name)
        if len(entered) < 50:
            decoded = subject.decode(module.Values, whole, protocol)
            assert subject.encode(decoded, protocol) == whole
        gc.collect(0)

    class Busy(module.Inner):
        def __init__(self) -> None:
            super().__init__()
            enter("init")

        def __setattr__(self, name: str, value: Any) -> None:
            enter("setattr")
            super().__setattr__(name, value)

        def __hash__(self) -> int:
            enter("hash")
            return 1

        def __eq__(self, other: object) -> bool:
            enter("eq")
            return self is other

    element = (subject.TType.STRUCT, Busy)
    reader = type("Reader", (module.Values,), {})
    reader.thrift_spec = {
        5: (subject.TType.LIST, "inners", element, False),
        6: (subject.TType.MAP, "table", (element, subject.TType.I32), False),
        16: (subject.TType.I64, "last", False),
    }
    w = wire.WIRES[protocol]
    body = w.struct(w.field(wire.I32, 1, w.value(wire.I32, 5)))
    entries = (body + w.value(wire.I32, 7)) * 3
    data = w.struct(
        w.field(wire.LIST, 5, w.list(wire.STRUCT, 2) + body * 2),
        w.field(wire.MAP, 6, w.map(wire.STRUCT, wire.I32, 3) + entries),
        w.field(wire.I64, 16, w.value(wire.I64, 99)),
    )
    decoded = subject.decode(reader, data, protocol)
    assert (len(decoded.inners), len(decoded.table), decoded.last) == (2, 3, 99)
    assert set(entered) == {"init", "setattr", "hash", "eq"}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_replaced_value_that_empties_its_owner(protocol: str) -> None:
    """A field comes twice: the first value is released, and pulls at the object."""
    w = wire.WIRES[protocol]
    inner = w.field(wire.STRUCT, 15, w.struct(w.field(wire.I32, 9, w.value(wire.I32, 1))))
    data = w.struct(inner, inner, inner, w.field(wire.I64, 16, w.value(wire.I64, 99)))
    released = []

    class Released(module.Values):
        def __del__(self) -> None:
            released.append(1)
            with contextlib.suppress(AttributeError):
                del obj.inner
            gc.collect(0)

    reader = type("Reader", (module.Values,), {})
    reader.thrift_spec = {
        15: (subject.TType.STRUCT, "inner", Released, False),
        16: (subject.TType.I64, "last", False),
    }
    obj = reader()
    subject.utils.deserialize(obj, data, subject.factory(protocol))
    assert obj.last == 99
    assert len(released) >= 2


class Transport:
    """A transport whose ``read`` does something else first."""

    def __init__(self, data: bytes, act: Callable[[int], Any]) -> None:
        self.source = io.BytesIO(data)
        self.act = act

    def read(self, size: int) -> Any:
        answer = self.act(size)
        return self.source.read(size) if answer is None else answer

    def is_open(self) -> bool:
        return True


@pytest.mark.parametrize("over", ["nothing", "buffered", "framed"])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("foreign-transports")
def test_transports_that_misbehave(protocol: str, over: str) -> None:
    whole = subject.encode(module.Values(inner=module.Values(number=1), last=99), protocol)
    sent = len(whole).to_bytes(4, "big") + whole if over == "framed" else whole

    def read_from(act: Callable[[int], Any]) -> Any:
        trans: Any = Transport(sent * 2, act)
        if over != "nothing":
            trans = getattr(subject.transport, f"T{over.title()}Transport")(trans)
        reader = subject.factory(protocol).get_protocol(trans)
        reading.append((reader, trans))
        return reader.read_struct(module.Values())

    reading: list[tuple[Any, Any]] = []

    def again(_: int) -> None:
        if len(reading) < 3:
            reader, _trans = reading[-1]
            reading.append(reading[-1])
            with contextlib.suppress(subject.TException):
                reader.read_struct(module.Values())

    def clean(_: int) -> None:
        _reader, trans = reading[-1] if reading else (None, None)
        if hasattr(trans, "clean"):
            trans.clean()

    def fail(_: int) -> None:
        raise OwnError

    for act, errors in (
        (lambda size: None, ()),
        (clean, ()),
        (again, subject.TException),
        (fail, OwnError),
        (lambda size: b"", subject.TTransportException),
        (lambda size: "text", (TypeError, subject.TException)),
        (lambda size: 5, (TypeError, subject.TException)),
        (lambda size: [1, 2], (TypeError, subject.TException)),
        (lambda size: b"\0" * (size + 1), subject.TException),
        (lambda size: b"\0" * (size + 100_000), subject.TException),
    ):
        reading.clear()
        try:
            read_from(act)
        except errors:
            continue


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_memory_buffer_that_is_changed_while_it_is_read(protocol: str) -> None:
    whole = subject.encode(module.Values(inner=module.Values(number=1), last=99), protocol)
    for change in ("setvalue", "clean", "read", "write"):
        memory = subject.TMemoryBuffer(whole)

        class Changing(module.Values):
            def __init__(self, memory: Any = memory, change: str = change) -> None:
                super().__init__()
                if change == "clean":
                    memory.clean()
                else:
                    getattr(memory, change)(10 if change == "read" else b"x" * 1000)

        reader = type("Reader", (module.Values,), {})
        reader.thrift_spec = {
            15: (subject.TType.STRUCT, "inner", Changing, False),
            16: (subject.TType.I64, "last", False),
        }
        with contextlib.suppress(subject.TException):
            obj = subject.factory(protocol).get_protocol(memory).read_struct(reader())
            assert obj.last == 99


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_a_collector_that_runs_in_the_middle_of_a_map(protocol: str) -> None:
    """A string without UTF-8 is told of by an exception, whose object may wake the collector."""

    class Garbage:
        def __init__(self, table: dict[Any, Any]) -> None:
            self.me = self
            self.table = table

        def __del__(self) -> None:
            self.table.clear()

    threshold = gc.get_threshold()
    for count in range(1, 30):
        table: dict[Any, Any] = {f"\ud800{index}": module.Inner(index) for index in range(3)}
        values = module.Values(by_name=table, last=99)
        gc.collect()
        gc.set_threshold(count, 1, 1)
        try:
            Garbage(table)
            with contextlib.suppress(*CHANGED):
                subject.encode(values, protocol)
        finally:
            gc.set_threshold(*threshold)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_collector_that_finds_lists_while_strings_are_read(protocol: str) -> None:
    """Bytes stand for strings that are not UTF-8; no exception is made for them on the way, which
    would wake the collector while a list is being filled."""
    strings = subject.load_fp(
        io.StringIO("struct Strings { 1: list<string> texts, 2: list<binary> bytes }"),
        "reentrancy_strings_thrift",
    )
    length = 40
    data = subject.encode(strings.Strings(bytes=[b"\xff"] * length), protocol)
    # The same bytes as field 1: its id is what stands in the header of field 2.
    data = data.replace(
        b"\x0f\x00\x02" if protocol == "binary" else b"\x29",
        b"\x0f\x00\x01" if protocol == "binary" else b"\x19",
        1,
    )
    collections: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        collections.append(phase)

    threshold = gc.get_threshold()
    gc.collect()
    gc.callbacks.append(note)
    gc.set_threshold(10, 1000, 1000)
    try:
        decoded = subject.decode(strings.Strings, data, protocol)
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(note)
    assert decoded.texts == [b"\xff"] * length
    assert not collections


def test_a_list_that_is_found_and_filled_again() -> None:
    """As long as before, in memory for fewer items than the message promised."""
    made = 0

    class Finding(module.Inner):
        def __init__(self, *args: Any) -> None:
            nonlocal made
            super().__init__(*args)
            made += 1
            if made != 3:
                return
            for found in gc.get_objects():
                if type(found) is list and [type(item) for item in found] == [Finding] * 2:
                    kept = list(found)
                    found.clear()
                    found.extend(kept)

    class Box(module.Values):
        pass

    spec = {5: (subject.TType.LIST, "inners", (subject.TType.STRUCT, Finding), False)}
    Box.thrift_spec = spec

    numbers = [{"x": number} for number in range(3000)]
    inners = [module.Inner(**number) for number in numbers]
    for protocol in subject.PROTOCOLS:
        made = 0
        data = subject.encode(module.Values(inners=inners), protocol)
        box = subject.decode(Box, data, protocol)
        assert [inner.x for inner in box.inners] == list(range(3000))


def test_texts_with_half_of_a_pair_run_no_code() -> None:
    """A list of texts is made while nobody can see it."""
    names = subject.load_fp(io.StringIO("struct Names { 1: list<string> names }"), "halves_thrift")
    data = rb'{"1":{"lst":["str",3,"plain","\ud800x\ud83d\ude00\u00e9","y\udfff"]}}'
    called = []
    original = codecs.lookup_error("surrogatepass")

    def handler(error: UnicodeError) -> Any:
        called.append(error)
        return original(error)

    codecs.register_error("surrogatepass", handler)
    try:
        factory = subject.protocol.TApacheJSONProtocolFactory()
        read = subject.utils.deserialize(names.Names(), data, factory)
    finally:
        codecs.register_error("surrogatepass", original)
    assert read.names == ["plain", "\ud800x\U0001f600\xe9", "y\udfff"]
    assert not called
