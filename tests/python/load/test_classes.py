"""The classes that ``load`` makes natively behave as those that ``type`` makes, and those of a
service's functions are there when they are asked for."""

from __future__ import annotations

import abc
import copy
import enum
import gc
import inspect
import io
import itertools
import pickle
import sys
import threading
import types
import weakref
from pathlib import Path
from typing import Any

import fastthrift
import pytest
import thriftpy2
from fastthrift.parser.exc import ThriftParserError
from fastthrift.thrift import TPayload, TPayloadMeta

IDL = """
enum Color { RED = 1, GREEN = 2 }
enum Size { SMALL = 1 }
struct Point { 1: i32 x = 3, 2: optional list<Color> colors }
exception Gone { 1: string message }
service Base { void ping() }
service Drawing extends Base {
    Point move(1: Point point = {'x': 4}, 2: Color color) throws (1: Gone gone),
    oneway void forget(1: i64 id),
}
"""
_serial = itertools.count()


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / f"classes_{next(_serial)}.thrift"
    file.write_text(IDL)
    return str(file)


@pytest.fixture
def module(path: str) -> Any:
    return fastthrift.load(path)


@pytest.mark.parametrize("name", ["Color", "Base", "Drawing"])
def test_enums_and_services_are_plain_classes(path: str, name: str) -> None:
    ours, theirs = (getattr(library.load(path), name) for library in (fastthrift, thriftpy2))
    assert type(ours) is type(theirs) is type
    assert ours.__bases__[0].__name__ == theirs.__bases__[0].__name__
    assert (ours.__name__, ours.__qualname__) == (name, name)
    assert repr(ours) == repr(theirs)
    assert ours.__doc__ is None
    for attribute in ("__basicsize__", "__dictoffset__", "__weakrefoffset__"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    has_been_used = 1 << 19  # by the cache of attributes
    assert ours.__flags__ | has_been_used == theirs.__flags__ | has_been_used
    # A service leads to what its file defines, and nothing else is in any.
    own = {"__fastthrift_program__"} if hasattr(ours, "thrift_services") else set()
    assert set(dir(ours)) - set(dir(theirs)) == own
    assert set(dir(theirs)) <= set(dir(ours))


@pytest.mark.parametrize("name", ["Color", "Drawing"])
def test_objects_of_plain_classes(module: Any, name: str) -> None:
    cls = getattr(module, name)
    thing = cls()
    thing.attribute = [thing]
    assert vars(thing) == {"attribute": [thing]}
    assert copy.copy(thing).attribute is thing.attribute
    with pytest.raises(AttributeError, match=f"'{name}' object has no attribute 'missing'"):
        _ = thing.missing
    with pytest.raises(TypeError, match=rf"{name}\(\) takes no arguments"):
        cls(1)
    reference = weakref.ref(thing)
    del thing
    gc.collect()
    assert reference() is None


def test_plain_classes_mix_with_others(module: Any) -> None:
    class Both(module.Color, module.Size):
        pass

    class Handler(module.Drawing, abc.ABC):
        @abc.abstractmethod
        def ping(self) -> None: ...

    class Colors(module.Color, enum.IntEnum):
        BLUE = 3

    both = Both()
    both.extra = 1
    assert (Both.SMALL, Both.GREEN, vars(both)) == (1, 2, {"extra": 1})
    assert Colors.BLUE == 3
    with pytest.raises(TypeError, match="abstract"):
        Handler()


def test_plain_classes_can_be_changed(module: Any) -> None:
    module.Color.__name__ = "Colour"
    module.Color.__repr__ = lambda self: "painted"
    module.Color.BLUE = 3
    assert (module.Color.__name__, repr(module.Color()), module.Color.BLUE) == (
        "Colour",
        "painted",
        3,
    )


def test_an_enum_item_with_the_name_of_a_special_method(tmp_path: Path) -> None:
    file = tmp_path / "special.thrift"
    file.write_text("enum Odd { __call__ = 1, __eq__ = 2 }")
    for library in (fastthrift, thriftpy2):
        odd = library.load(str(file)).Odd
        assert (odd.__eq__, odd._VALUES_TO_NAMES[1]) == (2, "__call__")
        with pytest.raises(TypeError, match="'int' object is not callable"):
            odd()()


def test_an_enum_item_with_a_name_that_python_asks_a_class_for(tmp_path: Path) -> None:
    file = tmp_path / "asked.thrift"
    file.write_text("enum Odd { __slots__ = 1, __classcell__ = 2 }")
    for library in (fastthrift, thriftpy2):
        odd = library.load(str(file)).Odd
        assert (odd.__slots__, odd.__classcell__) == (1, 2)
        assert odd._VALUES_TO_NAMES == {1: "__slots__", 2: "__classcell__"}
    # A class has the name that it has: thriftpy2 raises a TypeError.
    odd = fastthrift.load_fp(io.StringIO("enum Odd { __qualname__ = 1 }"), "qualname_thrift").Odd
    assert (odd.__qualname__, odd._NAMES_TO_VALUES) == ("Odd", {"__qualname__": 1})


def test_struct_classes_are_those_that_the_metaclass_makes(module: Any) -> None:
    cls = module.Point
    assert (type(cls), cls.__mro__[-2:]) == (TPayloadMeta, (TPayload, object))
    assert cls.__slots__ == ("x", "colors")
    assert type(cls.x) is types.MemberDescriptorType

    class Special(cls):
        def __len__(self) -> int:
            return 7

    special = Special(1)
    special.other = special
    assert (len(special), special.x, vars(special)["other"]) == (7, 1, special)
    cls.__len__ = lambda self: 8
    assert len(cls()) == 8


def test_classes_and_their_objects_are_collected(tmp_path: Path) -> None:
    file = tmp_path / "collected.thrift"
    file.write_text(IDL)
    made = fastthrift.parser.parse(str(file), enable_cache=False)
    made.Point.service = made.Drawing  # a circle by way of a service
    made.Drawing.move_args(made.Point())
    references = [
        weakref.ref(cls)
        for cls in (made.Color, made.Point, made.Gone, made.Drawing, made.Drawing.move_args)
    ]
    del made
    gc.collect()
    assert [reference() for reference in references] == [None] * 5


def test_loading_leaves_the_collector_as_it_was(path: str) -> None:
    assert gc.isenabled()
    fastthrift.parser.parse(path, enable_cache=False)
    assert gc.isenabled()
    gc.disable()
    try:
        fastthrift.parser.parse(path, enable_cache=False)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.fixture
def large(tmp_path: Path) -> str:
    """A file whose load makes more objects than the collector lets pass."""
    file = tmp_path / "large.thrift"
    file.write_text("".join(f"struct Large{n} {{ 1: i32 x, 2: string y }}\n" for n in range(300)))
    return str(file)


def test_no_collection_looks_at_what_is_loaded(large: str) -> None:
    """There are none meanwhile; one that comes after finds hardly anything new, unless something
    is frozen, as the interpreter itself does in 3.12."""
    frozen = gc.get_freeze_count()
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(len(gc.get_objects(generation=info["generation"])))

    gc.collect()
    gc.callbacks.append(note)
    try:
        module = fastthrift.parser.parse(large, enable_cache=False)
    finally:
        gc.callbacks.remove(note)
    assert len(seen) <= 1
    assert frozen or sum(seen) < len(module.__thrift_meta__["structs"])
    assert gc.is_tracked(module.Large7)
    assert gc.get_freeze_count() == frozen


def test_loading_leaves_frozen_what_the_program_froze(large: str) -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    try:
        fastthrift.parser.parse(large, enable_cache=False)
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()


# The classes of functions.


def test_function_classes_are_made_once(module: Any) -> None:
    cls = module.Drawing.move_args
    assert cls is module.Drawing.move_args is vars(module.Drawing)["move_args"]
    assert isinstance(cls, TPayloadMeta)
    assert cls(color=2) == cls(module.Point(4), 2)
    assert module.Drawing.move_result.thrift_spec[0] == (12, "success", module.Point, False)
    assert (module.Drawing.move_result.oneway, module.Drawing.forget_result.oneway) == (0, 1)


def test_function_classes_are_inherited(module: Any) -> None:
    class Handler(module.Drawing):
        pass

    assert Handler.ping_args is module.Drawing.ping_args is module.Base.ping_args
    assert Handler().move_args is module.Drawing.move_args
    assert "ping_args" not in vars(Handler)


def test_tools_that_look_at_services_see_classes(module: Any) -> None:
    names = {f"{function}_{part}" for function in ("ping", "move", "forget") for part in PARTS}
    assert names <= set(dir(module.Drawing))
    members = dict(inspect.getmembers(module.Drawing, inspect.isclass))
    assert names <= set(members)


PARTS = ("args", "result")


@pytest.mark.difference("function-classes")
def test_the_dict_of_a_service_shows_classes_that_were_asked_for(module: Any) -> None:
    assert not isinstance(vars(module.Drawing)["forget_args"], type)
    assert module.Drawing.forget_args is vars(module.Drawing)["forget_args"]


def test_function_classes_can_be_replaced(module: Any) -> None:
    class Replaced(TPayload):
        pass

    module.Drawing.move_args = Replaced
    assert module.Drawing.move_args is Replaced
    del module.Drawing.forget_args
    assert not hasattr(module.Drawing, "forget_args")


def test_a_copy_of_a_service_has_its_function_classes(module: Any) -> None:
    copied = type("Copied", (), {n: v for n, v in vars(module.Base).items() if "ping" in n})
    assert copied.ping_args is module.Base.ping_args is vars(copied)["ping_args"]


def test_objects_of_function_classes_are_copied_and_pickled(path: str) -> None:
    """thriftpy2 does not pickle them: pickle does not find the classes, which have the name of no
    attribute of their module."""
    for library in (fastthrift, thriftpy2):
        name = "functions_thrift"
        try:
            module = library.load(path, module_name=name)
            args = module.Drawing.forget_args(5)
            assert args.__class__.__module__ == name
            assert copy.deepcopy(args) == args
            if library is fastthrift:
                again = pickle.loads(pickle.dumps(args))
                assert (type(again), again) == (type(args), args)
            else:
                with pytest.raises((pickle.PicklingError, AttributeError)):
                    pickle.dumps(args)
        finally:
            del sys.modules[name]


def test_threads_get_the_same_function_class(module: Any) -> None:
    barrier = threading.Barrier(8)
    found: list[type] = []

    def look() -> None:
        barrier.wait()
        found.append(module.Drawing.move_result)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


LONG = 3_000


def in_a_small_stack(work: Any) -> Any:
    found: list[Any] = []
    before = threading.stack_size(256 << 10)
    try:
        thread = threading.Thread(target=lambda: found.append(work()))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return found[0]


def test_a_service_may_extend_a_chain_of_services_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "extends.thrift"
    chain = [f"service S{index} extends S{index + 1} {{}}\n" for index in range(LONG)]
    file.write_text("".join(chain) + f"service S{LONG} {{ void last() }}\n")
    module = in_a_small_stack(lambda: fastthrift.load(str(file)))
    assert module.S0.thrift_services == ["last"]
    assert len(module.S0.__mro__) == LONG + 2


@pytest.mark.parametrize("forwards", [True, False])
def test_a_chain_of_defaults_has_a_limit(tmp_path: Path, forwards: bool) -> None:
    """Each object of the first struct has one of all the others."""

    def load(count: int) -> Any:
        file = tmp_path / f"defaults{count}.thrift"
        chain = [f"struct S{i} {{ 1: S{i + 1} next = {{}} }}\n" for i in range(count)]
        chain.append(f"struct S{count} {{ 1: i32 number = 7 }}\n")
        file.write_text("".join(chain if forwards else reversed(chain)))
        return fastthrift.load(str(file))

    module = in_a_small_stack(lambda: load(60))
    struct = module.S0()
    for _ in range(60):
        struct = struct.next
    assert struct.number == 7
    for count in (300, LONG):
        with pytest.raises(ThriftParserError, match="levels within each other"):
            load(count)
