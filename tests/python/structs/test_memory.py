"""Reference cycles are collected, and nothing is released twice.

That nothing is kept for ever is tested in interpreters/test_leaks.py.
"""

from __future__ import annotations

import gc
import struct
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.parser.parser import parse
from support import subject
from support.compare import Loaded
from support.samples import IDL


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


class Node:
    """A plain object, whose weak reference tells when it is gone."""


def cycle_through_a_field(module: Any) -> Any:
    tree = module.Tree()
    tree.left = module.Tree(right=tree)
    return tree


def cycle_through_a_list(module: Any) -> Any:
    tree = module.Tree()
    tree.children = [module.Tree(named={"up": tree})]
    return tree


def cycle_through_an_extra_attribute(module: Any) -> Any:
    tree = module.Tree()
    tree.myself = tree
    return tree


def cycle_through_a_dict(module: Any) -> Any:
    tree = module.Tree()
    fields = vars(tree)
    fields["myself"] = fields
    tree.fields = fields
    return tree


def cycle_through_an_exception(module: Any) -> Any:
    error = module.Failure()
    error.trace = [error]
    return error


def cycle_through_a_subclass(module: Any) -> Any:
    sub = type("Sub", (module.Tree,), {})
    tree = sub()
    tree.left = tree
    return tree


def cycle_through_a_payload(module: Any) -> Any:
    cls = type("Hand", (subject.TPayload,), {"thrift_spec": {}})
    obj = cls()
    obj.me = obj
    return obj


CYCLES = [
    cycle_through_a_field,
    cycle_through_a_list,
    cycle_through_an_extra_attribute,
    cycle_through_a_dict,
    cycle_through_an_exception,
    cycle_through_a_subclass,
    cycle_through_a_payload,
]


@pytest.mark.parametrize("make", CYCLES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("looked", [False, True])
def test_cycles_are_collected(cases: Loaded, make: Callable[[Any], Any], looked: bool) -> None:
    obj = make(cases.subject)
    obj.node = Node()
    if looked:
        vars(obj)["more"] = Node()
    gone = weakref.ref(obj), weakref.ref(obj.node)
    del obj
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_cycles_of_decoded_objects_are_collected(cases: Loaded, protocol: str) -> None:
    """What the decoder makes is known to the garbage collector like anything else."""
    data = cases.encode("Tree", {"children": [{"value": 1}], "named": [["k", {}]]}, protocol)
    tree = subject.decode(cases.subject.Tree, data, protocol)
    tree.children[0].left = tree
    tree.named["k"].children = [tree.children]
    gone = [weakref.ref(obj) for obj in (tree, tree.children[0], tree.named["k"])]
    assert gc.is_tracked(tree)
    del tree
    gc.collect()
    assert [ref() for ref in gone] == [None, None, None]


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_the_collector_may_run_in_the_middle_of_a_decode(cases: Loaded, protocol: str) -> None:
    """User code runs while containers are half filled, and may look at them."""
    module = cases.subject
    seen = []

    class Curious(module.Tree):
        def __init__(self) -> None:
            super().__init__()
            gc.collect()
            for obj in gc.get_objects():
                if type(obj) is list and len(obj) == 50:
                    seen.append(len([item for item in obj if item is self]))

    reader = type("Reader", (module.Tree,), {})
    reader.thrift_spec = {
        4: (subject.TType.LIST, "children", (subject.TType.STRUCT, Curious), False),
    }
    trees = [{"value": n} for n in range(50)]
    data = cases.encode("Tree", {"children": trees}, protocol)
    gc.collect()
    gc.freeze()
    try:
        decoded = subject.decode(reader, data, protocol)
    finally:
        gc.unfreeze()
    assert [type(child) for child in decoded.children] == [Curious] * 50
    assert set(seen) <= {0, 1}


def test_finalizers_run_once(tmp_path: Path) -> None:
    """``__del__`` of a subclass, of a class it was assigned to later, and of decoded objects."""
    log: list[str] = []
    module = subject.load(str(_write(tmp_path, "struct S { 1: i32 x, 2: list<S> more }")))

    class Sub(module.S):
        def __del__(self) -> None:
            log.append(f"sub {self.x}")

    sub = Sub(x=1)
    del sub
    assert log.pop() == "sub 1"
    module.S.__del__ = lambda self: log.append(f"base {self.x}")
    one = module.S(x=2)
    del one
    assert log.pop() == "base 2"
    data = subject.encode(module.S(x=3, more=[module.S(x=4)]), "binary")
    log.clear()
    decoded = subject.decode(module.S, data, "binary")
    del decoded
    gc.collect()
    assert sorted(log) == ["base 3", "base 4"]
    log.clear()
    cycle = module.S(x=5)
    cycle.more = [cycle]
    del cycle
    gc.collect()
    assert log == ["base 5"]


def test_a_finalizer_may_keep_the_object(cases: Loaded) -> None:
    kept: list[Any] = []

    class Stubborn(cases.subject.Phone):
        def __del__(self) -> None:
            kept.append(self)

    phone = Stubborn(number="5")
    phone.extra = 1
    del phone
    (phone,) = kept
    assert vars(phone) == {"color": 2, "number": "5", "extra": 1}
    kept.clear()
    del phone
    assert kept == []


def test_weak_reference_callbacks(cases: Loaded) -> None:
    called: list[Any] = []
    phone = cases.subject.Phone()
    refs = [weakref.ref(phone, called.append), weakref.ref(phone, called.append)]
    weakref.finalize(phone, called.append, "finalize")
    del phone
    assert len(called) == 3
    assert "finalize" in called
    assert [ref() for ref in refs] == [None, None]


def test_objects_hold_their_class_once(cases: Loaded) -> None:
    for cls in (cases.subject.Tree, cases.subject.Failure, type("S", (cases.subject.Tree,), {})):
        data = subject.encode(cls(), "binary")
        gc.collect()
        before = sys.getrefcount(cls)
        for _ in range(200):
            cls()
            cls.__new__(cls)
            subject.decode(cls, data, "binary")
        many = [cls() for _ in range(100)]
        assert sys.getrefcount(cls) == before + 100
        del many
        gc.collect()
        assert sys.getrefcount(cls) == before


def test_sizes_and_referents_are_told(cases: Loaded) -> None:
    inner = cases.subject.Tree()
    tree = cases.subject.Tree(left=inner)
    tree.extra = [1]
    assert sys.getsizeof(tree) > 40
    referents = gc.get_referents(tree)
    # The values may be held by a dict, as they are in an ordinary object.
    referents += [value for held in referents if isinstance(held, dict) for value in held.values()]
    assert any(item is inner for item in referents)
    assert any(item is tree.extra for item in referents)


def test_classes_are_collected(tmp_path: Path) -> None:
    """A subclass and its compiled form go away together."""
    module = subject.load(str(_write(tmp_path, "struct S { 1: i32 x, 2: list<S> more }")))
    sub = type("Sub", (module.S,), {})
    for protocol in subject.PROTOCOLS:
        subject.decode(sub, subject.encode(sub(x=1, more=[sub(x=2)]), protocol), protocol)
    gone = weakref.ref(sub)
    del sub
    gc.collect()
    assert gone() is None


def plans() -> int:
    """How many compiled classes there are. Weak references to the classes do not tell: they are
    cleared when the collector finds a circle, whether it can free that or not."""
    gc.collect()
    return sum(type(found).__name__ == "Plan" for found in gc.get_objects())


def test_classes_that_refer_to_each_other_are_collected(tmp_path: Path) -> None:
    def load_and_use(number: int) -> None:
        text = f"struct A {{ 1: B b, 2: list<A> more }} struct B {{ 1: map<i32, A> a }} // {number}"
        module = parse(str(_write(tmp_path, text)), enable_cache=False)
        value = module.A(b=module.B(a={1: module.A()}), more=[module.A()])
        for protocol in subject.PROTOCOLS:
            assert subject.decode(module.A, subject.encode(value, protocol), protocol) == value
        assert fastthrift.decode(module.A, fastthrift.encode(value), arrays="array") == value
        assert fastthrift.decode(module.A, fastthrift.encode(value), only=("b.a",)).b == value.b

    load_and_use(0)
    before = plans()
    for number in range(1, 6):
        load_and_use(number)
    assert plans() == before


def test_what_a_class_was_compiled_to_goes_when_that_changes(tmp_path: Path) -> None:
    module = subject.load(str(_write(tmp_path, "struct S { 1: S s, 2: list<S> more }")))

    def change_and_use() -> None:
        module.S.thrift_spec = dict(module.S.thrift_spec)
        value = module.S(s=module.S(), more=[module.S()])
        assert fastthrift.decode(module.S, fastthrift.encode(value)) == value

    change_and_use()
    before = plans()
    for _ in range(5):
        change_and_use()
    assert plans() == before


def test_a_class_that_is_used_while_the_collector_frees_it(tmp_path: Path) -> None:
    """What nothing but itself refers to is freed by the collector piece by piece. An object that
    is no matter of the collector may have code for its end, which comes to classes that are to be
    freed, and another thread may be using them when the collector goes on."""
    inside, go_on = threading.Event(), threading.Event()
    written: list[bytes] = []
    threads: list[threading.Thread] = []

    class Number:
        def __index__(self) -> int:
            inside.set()
            assert go_on.wait(60)
            return 7

    def use(module: Any) -> None:
        inner = module.A(x=8, b=module.B(x=9))
        value = module.A(b=module.B(x=Number(), a=inner))
        written.append(fastthrift.encode(value))

    def circle() -> None:
        # The first that is freed, for it is the oldest.
        holder: list[Any] = []
        gc.collect()
        text = "struct A { 1: B b, 2: i32 x } struct B { 1: i32 x, 2: A a }"
        module = parse(str(_write(tmp_path, text)), enable_cache=False)

        class Last:
            __slots__ = ()
            used = module

            def __del__(self) -> None:
                thread = threading.Thread(target=use, args=(self.used,))
                threads.append(thread)
                thread.start()
                assert inside.wait(60)

        fastthrift.encode(module.A(b=module.B(a=module.A(b=module.B(x=1)))))
        holder += [Last(), holder]

    circle()
    gc.collect()
    go_on.set()
    threads[0].join(60)
    i32 = struct.Struct(">bhi").pack
    inner = b"\x0c\0\1" + i32(8, 1, 9) + b"\0" + i32(8, 2, 8) + b"\0"
    assert written == [b"\x0c\0\1" + i32(8, 1, 7) + b"\x0c\0\2" + inner + b"\0\0"]


def _write(directory: Path, text: str) -> Path:
    path = directory / "collected.thrift"
    path.write_text(text)
    return path


def test_reference_counts_of_shared_values(cases: Loaded) -> None:
    """Values that pass through an object have as many references afterwards as before."""
    value = "a string of its own " + str(id(cases))
    before = sys.getrefcount(value)
    for protocol in subject.PROTOCOLS:
        for _ in range(100):
            phone = cases.subject.Phone(color=1, number=value)
            phone.number = value
            phone.extra = value
            vars(phone)["number"] = value
            subject.encode(phone, protocol)
            del phone.number
            phone.number = value
    del phone
    assert sys.getrefcount(value) == before


def test_defaults_keep_their_reference_counts(cases: Loaded) -> None:
    default = dict(cases.subject.Defaults.default_spec)["text"]
    before = sys.getrefcount(default)
    for _ in range(100):
        cases.subject.Defaults()
        subject.decode(cases.subject.Defaults, b"\0", "binary")
    assert abs(sys.getrefcount(default) - before) < 5
