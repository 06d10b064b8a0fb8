"""Objects that cannot be written: wrong types, values out of range, code that misbehaves."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from peers import reference
from support import subject, wire
from support.compare import Loaded
from support.samples import IDL
from support.values import flatten

IDL_VALUES = """
struct Inner { 1: i32 x }
struct Values {
  1: bool flag,
  2: byte tiny,
  3: i16 small,
  4: i32 number,
  5: i64 big,
  6: double ratio,
  7: string text,
  8: binary data,
  9: list<i32> items,
  10: set<string> names,
  11: map<string, i32> table,
  12: Inner inner,
  13: list<Inner> inners,
  14: map<Inner, list<byte>> by_inner,
  15: list<list<string>> grid,
}
"""

#: Values that do not fit, by field: thriftpy2's Cython protocol refuses all of them.
UNFIT: dict[str, list[Any]] = {
    "tiny": ["1", 2**70, -(2**70), [], object, b"1", {}, 1j],
    "small": ["1", 2**15, -(2**15) - 1, 2**70, [], b"1", 1j],
    "number": ["1", 2**31, -(2**31) - 1, 2**70, [], (), b"1", 1j],
    "big": ["1", 2**63, -(2**63) - 1, 2**70, {}, b"1", 1j],
    "ratio": ["1.5", [], b"1", 1j, 10**400],
    "text": [5, 1.5, [], ["a"], {}, object, "\ud800", "ab\udfffcd"],
    "data": [5, 1.5, [1], {}, object],
    "items": [5, 1.5, object(), "ab", ["1"], [1, None], [1, "2"], [[1]], [2**31], iter([1])],
    "names": [5, [1], ["a", None], [["a"]], ["\ud800"], {1, 2}],
    "table": [5, "ab", [1], [("a", 1)], {"a": "b"}, {"a": None}, {1: 1}, {None: 1}, {"a": 2**31}],
    "inner": [5, "ab", [], {}, {"x": 1}],
    "inners": [5, [5], [None], [{}], ["ab"]],
    "by_inner": [{5: []}, {"a": [1]}, [5]],
    "grid": [[5], [[5]], [["a"], None], [["a", None]]],
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded.from_text(tmp_path_factory.mktemp("values"), IDL_VALUES)


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.mark.parametrize("field", list(UNFIT))
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_a_value_that_does_not_fit(loaded: Loaded, field: str, protocol: str) -> None:
    """TDecodeException with the words of thriftpy2's Cython protocol."""
    for value in UNFIT[field]:
        theirs = loaded.reference.Values()
        setattr(theirs, field, value)
        with pytest.raises(reference.thriftpy2.thrift.TDecodeException) as expected:
            reference.encode(theirs, "binary", "cython")

        ours = loaded.subject.Values()
        setattr(ours, field, value)
        with pytest.raises(subject.TDecodeException) as caught:
            subject.encode(ours, protocol)
        # The place and the reason come behind it.
        assert str(caught.value).startswith(str(expected.value))
        assert caught.value.struct_name == expected.value.struct_name
        assert (caught.value.fid, caught.value.field) == (expected.value.fid, field)
        assert caught.value.type_repr == expected.value.type_repr


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("text", ["\ud800", "ab\udfffcd"])
@pytest.mark.difference("encode-errors")
def test_lone_surrogates_are_no_text(loaded: Loaded, text: str, protocol: str) -> None:
    values = loaded.subject.Values
    for obj in (
        values(text=text),
        values(data=text),
        values(names=["fine", text]),
        values(table={text: 1}),
        values(grid=[[text]]),
    ):
        with pytest.raises(subject.TDecodeException):
            subject.encode(obj, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("value", [128, -129, 255, 300])
@pytest.mark.difference("encode-errors")
def test_a_byte_out_of_range(loaded: Loaded, value: int, protocol: str) -> None:
    with pytest.raises(subject.TDecodeException):
        subject.encode(loaded.subject.Values(tiny=value), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("field", ["tiny", "small", "number", "big"])
@pytest.mark.parametrize("value", [1.5, -0.25, float("nan"), float("inf"), 1e300])
@pytest.mark.difference("fractions")
def test_a_float_with_a_fraction_is_no_integer(
    loaded: Loaded, value: float, field: str, protocol: str
) -> None:
    with pytest.raises(subject.TDecodeException):
        subject.encode(loaded.subject.Values(**{field: value}), protocol)
    with pytest.raises(subject.TDecodeException):
        subject.encode(loaded.subject.Values(items=[1, value]), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_the_innermost_struct_is_named(loaded: Loaded, protocol: str) -> None:
    bad = loaded.subject.Inner(x="no number")
    for obj in (
        loaded.subject.Values(inner=bad),
        loaded.subject.Values(inners=[loaded.subject.Inner(x=1), bad]),
    ):
        with pytest.raises(subject.TDecodeException) as caught:
            subject.encode(obj, protocol)
        assert caught.value.struct_name == "Inner"
        assert caught.value.field == "x"


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_a_failed_message_leaves_nothing_behind(loaded: Loaded, protocol: str) -> None:
    """The part that was written before the error does not reach the peer."""
    left, right = socket.socketpair()
    with left, right:
        right.settimeout(120)
        trans = subject.transport.TBufferedTransport(subject.transport.TSocket(sock=left))
        oprot = subject.factory(protocol).get_protocol(trans)
        with pytest.raises(subject.TDecodeException):
            oprot.write_struct(loaded.subject.Values(number=1, text="begun", items=["bad"]))
        good = loaded.subject.Values(number=2)
        oprot.write_struct(good)
        trans.flush()
        expected = subject.encode(good, protocol)
        assert right.recv(10_000) == expected
        trans.close()


class OwnError(Exception):
    pass


def subclass_with_property(cls: type, field: str, getter: Any) -> type:
    return type("Sub", (cls,), {field: property(getter, lambda self, value: None)})


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_property_that_raises(loaded: Loaded, protocol: str) -> None:
    def getter(self: Any) -> Any:
        raise OwnError("from a property")

    obj = subclass_with_property(loaded.subject.Values, "number", getter)()
    with pytest.raises(OwnError, match="from a property"):
        subject.encode(obj, protocol)
    with pytest.raises(OwnError):
        subject.encode(loaded.subject.Values(inner=obj, big=1), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_property_without_a_value_is_an_unset_field(loaded: Loaded, protocol: str) -> None:
    def getter(self: Any) -> Any:
        raise AttributeError("number")

    obj = subclass_with_property(loaded.subject.Values, "number", getter)(big=5)
    expected = reference.encode(loaded.reference.Values(big=5), protocol)
    assert subject.encode(obj, protocol) == expected


class Sly(list):
    """A list whose length and contents do not agree."""

    def __init__(self, items: Any, claimed: int) -> None:
        super().__init__(items)
        self.claimed = claimed

    def __len__(self) -> int:
        return self.claimed

    def __iter__(self) -> Iterator[Any]:
        return iter(list.copy(self))


class SlyDict(dict):
    def __len__(self) -> int:
        return 7


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_containers_that_lie_about_their_length(loaded: Loaded, protocol: str) -> None:
    """Either an exception, or a message that holds what the container holds."""
    values = loaded.subject.Values
    for claimed in (0, 1, 7, 100):
        for obj, plain in (
            (values(items=Sly([1, 2, 3], claimed), big=9), [1, 2, 3]),
            (values(grid=Sly([["a"]], claimed), big=9), [["a"]]),
            (values(table=SlyDict(a=1), big=9), {"a": 1}),
        ):
            try:
                data = subject.encode(obj, protocol)
            except subject.TException:
                continue
            decoded = subject.decode(values, data, protocol)
            assert decoded.big == 9
            assert plain in (decoded.items, decoded.grid, decoded.table)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_containers_whose_methods_raise(loaded: Loaded, protocol: str) -> None:
    class Raising:
        def __init__(self, *names: str) -> None:
            self.names = names

        def _do(self, name: str) -> Any:
            if name in self.names:
                raise OwnError(name)
            return {"len": 2, "iter": iter([1, 2])}[name]

        def __len__(self) -> int:
            return self._do("len")

        def __iter__(self) -> Iterator[Any]:
            return self._do("iter")

        def __getitem__(self, key: Any) -> Any:
            raise OwnError("getitem")

        def items(self) -> Any:
            raise OwnError("items")

    for field, names in (
        ("items", ["len"]),
        ("items", ["iter"]),
        ("table", ["len"]),
        ("table", ["iter"]),
        ("names", ["iter"]),
    ):
        obj = loaded.subject.Values()
        setattr(obj, field, Raising(*names))
        with pytest.raises((OwnError, subject.TException)):
            subject.encode(obj, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("container-lengths")
def test_containers_that_change_while_they_are_written(loaded: Loaded, protocol: str) -> None:
    """User code runs in the middle of an encode and pulls the container from under it."""
    module = loaded.subject
    container: Any = None

    def actions() -> Iterator[tuple[str, Any]]:
        yield "clear", lambda: container.clear()
        yield "grow", lambda: grow()
        yield "replace", lambda: replace()

    def grow() -> None:
        for number in range(100):
            extra = module.Inner(x=1000 + number)
            if isinstance(container, list):
                container.append(extra)
            else:
                container[extra] = []

    def replace() -> None:
        if isinstance(container, list):
            container[:] = [module.Inner(x=5)]
        else:
            container.clear()
            container[module.Inner(x=5)] = [1]

    for _, action in actions():
        calls = []

        def getter(self: Any, action: Any = action, calls: list = calls) -> int:
            calls.append(1)
            if len(calls) == 2:
                action()
            return 1

        tricky = subclass_with_property(module.Inner, "x", getter)
        for container in (
            [tricky() for _ in range(10)],
            {module.Inner(x=n): [n] for n in range(5)} | {_identity(tricky): [1] for _ in range(5)},
        ):
            calls.clear()
            obj = module.Values(big=7)
            if isinstance(container, list):
                obj.inners = container
            else:
                obj.by_inner = container
            try:
                data = subject.encode(obj, protocol)
            except (subject.TException, RuntimeError):
                # RuntimeError is what Python itself says of a dict that changes in a loop.
                continue
            assert subject.decode(module.Values, data, protocol).big == 7


def _identity(cls: type) -> Any:
    """An object of a subclass whose objects are keys by identity."""
    return type("Key", (cls,), {"__hash__": object.__hash__, "__eq__": object.__eq__})()


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_user_code_that_raises_while_decoding(loaded: Loaded, protocol: str) -> None:
    module = loaded.subject
    inner = module.Inner(x=1)
    data = subject.encode(module.Values(by_inner={inner: [1]}, inners=[inner]), protocol)

    def fail(self: Any, *args: Any) -> Any:
        raise OwnError("from user code")

    for patch in (
        {"__hash__": fail},
        {"x": property(lambda self: 1, fail)},
        {"__setattr__": fail},
        {"__init__": fail},
    ):
        sub = type("Sub", (module.Inner,), patch)
        reader = type("Reader", (module.Values,), {})
        spec = dict(reader.thrift_spec)
        spec[14] = (*spec[14][:2], (subject.TType.STRUCT, sub), spec[14][-1])
        spec[14] = (
            subject.TType.MAP,
            "by_inner",
            ((subject.TType.STRUCT, sub), (subject.TType.LIST, subject.TType.BYTE)),
            False,
        )
        reader.thrift_spec = spec
        with pytest.raises(OwnError, match="from user code"):
            subject.decode(reader, data, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_objects_that_are_no_structs(protocol: str) -> None:
    for obj in (5, None, "text", object(), [], type):
        writer = subject.factory(protocol).get_protocol(subject.TMemoryBuffer())
        with pytest.raises((subject.TException, AttributeError, TypeError)):
            writer.write_struct(obj)
        reader = subject.factory(protocol).get_protocol(
            subject.TMemoryBuffer(b"\x08\0\1\0\0\0\1\0")
        )
        with pytest.raises((subject.TException, AttributeError, TypeError)):
            reader.read_struct(obj)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize(
    "spec",
    [
        None,
        5,
        [],
        {1: None},
        {1: ()},
        {1: (8,)},
        {1: ("x", 8, False)},
        {1: (8, 5, False)},
        {"a": (8, "x", False)},
        {2**40: (8, "x", False)},
        {1: (99, "x", False)},
        {1: (15, "x", False)},
        {1: (15, "x", None, False)},
        {1: (15, "x", "y", False)},
        {1: (13, "x", 8, False)},
        {1: (13, "x", (8,), False)},
        {1: (12, "x", None, False)},
        {1: (12, "x", int, False)},
        {1: (12, "x", 5, False)},
    ],
    ids=repr,
)
def test_specs_that_make_no_sense(protocol: str, spec: Any) -> None:
    """A hand-written class with a broken spec: Python's exceptions may say so, nothing worse."""

    Broken = type("Broken", (subject.TPayload,), {"thrift_spec": spec, "x": [1]})
    w = wire.WIRES[protocol]
    attempts = [
        lambda: subject.encode(Broken(), protocol),
        lambda: subject.decode(Broken, w.struct(), protocol),
        lambda: subject.decode(Broken, w.struct(w.field(wire.I32, 1, w.value(8, 1))), protocol),
        lambda: subject.decode(Broken, w.struct(w.field(wire.LIST, 1, w.list(8, 0))), protocol),
        lambda: subject.decode(Broken, w.struct(w.field(wire.STRUCT, 1, w.struct())), protocol),
        lambda: subject.decode(Broken, w.struct(w.field(wire.MAP, 1, w.map(3, 3, 0))), protocol),
    ]
    for attempt in attempts:
        # A SystemError, a MemoryError or a panic of the core would pass through and fail the test.
        with contextlib.suppress(
            subject.TException, AttributeError, LookupError, OverflowError, TypeError, ValueError
        ):
            attempt()


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_subclasses_of_builtins_are_values(loaded: Loaded, protocol: str) -> None:
    class Str(str):
        pass

    class Int(int):
        pass

    class Dict(dict):
        pass

    class List(list):
        pass

    class Bytes(bytes):
        pass

    class Float(float):
        pass

    plain = {"text": "é", "number": 5, "table": {"a": 1}, "items": [1], "data": b"x", "ratio": 2.5}
    kinds = (Str, Int, Dict, List, Bytes, Float)
    expected = reference.encode(loaded.reference.Values(**plain), protocol)
    wrapped = {name: kind(value) for (name, value), kind in zip(plain.items(), kinds, strict=True)}
    assert subject.encode(loaded.subject.Values(**wrapped), protocol) == expected
    back = subject.decode(loaded.subject.Values, expected, protocol)
    assert flatten(back)["text"] == "é"
