"""Subclasses of structs, changed classes, hand-written payloads, and awkward field names."""

# Users write ``thrift_spec`` without annotations, and so do these tests.
# ruff: noqa: RUF012

from __future__ import annotations

import keyword
import weakref
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
import thriftpy2.parser.lexer
from peers import reference
from support import subject
from support.compare import Loaded
from support.samples import IDL
from support.schemas import block
from support.values import flatten

TType, TPayload = subject.TType, subject.TPayload


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    """Classes that a test may change: loaded from a file of its own."""
    return Loaded.from_text(
        tmp_path,
        """
        struct Point { 1: i32 x, 2: i32 y = 5 }
        struct Line { 1: Point start, 2: Point finish, 3: list<Point> via, 4: string name = "line" }
        struct Other { 1: string a }
        exception Bad { 1: string why, 2: i32 code = 3 }
        """,
    )


def round_trip(obj: Any) -> list[Any]:
    return [
        subject.decode(type(obj), subject.encode(obj, protocol), protocol)
        for protocol in subject.PROTOCOLS
    ]


# Subclasses


def test_a_plain_subclass(fresh: Loaded) -> None:
    class Vector(fresh.subject.Point):
        unit = "mm"

        def length(self) -> float:
            return (self.x**2 + self.y**2) ** 0.5

    vector = Vector(3, y=4)
    assert vector.length() == 5.0
    assert vars(vector) == {"x": 3, "y": 4}
    assert repr(vector) == "Vector(x=3, y=4)"
    for twin in round_trip(vector):
        assert type(twin) is Vector
        assert twin == vector
    vector.note = "kept"
    assert vars(vector) == {"x": 3, "y": 4, "note": "kept"}
    assert weakref.ref(vector)() is vector


def test_a_subclass_inside_a_struct(fresh: Loaded) -> None:
    class Vector(fresh.subject.Point):
        pass

    theirs = fresh.reference
    obj = fresh.subject.Line(start=Vector(1), via=[Vector(2), fresh.subject.Point(3)])
    expected = theirs.Line(start=theirs.Point(1), via=[theirs.Point(2), theirs.Point(3)])
    for protocol in subject.PROTOCOLS:
        assert subject.encode(obj, protocol) == reference.encode(expected, protocol)


def test_a_subclass_with_its_own_init(fresh: Loaded) -> None:
    class Origin(fresh.subject.Point):
        def __init__(self) -> None:
            super().__init__(0, 0)
            self.calls = getattr(self, "calls", 0) + 1

    origin = Origin()
    assert vars(origin) == {"x": 0, "y": 0, "calls": 1}
    for twin in round_trip(origin):
        assert (twin.x, twin.y, twin.calls) == (0, 0, 1)


def test_the_init_of_a_nested_class_runs_when_it_is_decoded(fresh: Loaded) -> None:
    calls = []

    def init(self: Any, x: Any = None, y: Any = 7) -> None:
        calls.append(1)
        self.x, self.y = x, y

    data = subject.encode(fresh.subject.Line(start=fresh.subject.Point(1, None)), "binary")
    fresh.subject.Point.__init__ = init
    line = subject.decode(fresh.subject.Line, data, "binary")
    assert (line.start.x, line.start.y) == (1, 7)
    assert calls == [1]


def test_the_new_of_a_nested_class_runs_when_it_is_decoded(fresh: Loaded) -> None:
    data = subject.encode(fresh.subject.Line(start=fresh.subject.Point(1)), "binary")
    calls = []

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        calls.append(cls)
        return object.__new__(cls)

    fresh.subject.Point.__new__ = new
    try:
        assert subject.decode(fresh.subject.Line, data, "binary").start.x == 1
        assert calls == [fresh.subject.Point]
    finally:
        del fresh.subject.Point.__new__


def test_a_property_over_a_field(fresh: Loaded) -> None:
    class Doubled(fresh.subject.Point):
        @property
        def x(self) -> int:
            return self.raw * 2

        @x.setter
        def x(self, value: int | None) -> None:
            self.raw = -1 if value is None else value

    obj = Doubled(x=4, y=1)
    assert obj.x == 8
    theirs = fresh.reference.Point(x=8, y=1)
    for protocol in subject.PROTOCOLS:
        data = subject.encode(obj, protocol)
        assert data == reference.encode(theirs, protocol)
        assert subject.decode(Doubled, data, protocol).raw == 8


def test_setattr_and_getattribute_overrides_are_called(fresh: Loaded) -> None:
    log: list[tuple[str, Any]] = []

    class Watched(fresh.subject.Point):
        def __setattr__(self, name: str, value: Any) -> None:
            log.append((name, value))
            super().__setattr__(name, value)

    subject.decode(Watched, subject.encode(fresh.subject.Point(1, 2), "binary"), "binary")
    assert log == [("x", None), ("y", 5), ("x", 1), ("y", 2)]

    class Upside(fresh.subject.Point):
        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            return -value if name in ("x", "y") else value

    for protocol in subject.PROTOCOLS:
        assert subject.encode(Upside(1, 2), protocol) == reference.encode(
            fresh.reference.Point(-1, -2), protocol
        )


def test_getattr_of_a_subclass_supplies_a_missing_field(fresh: Loaded) -> None:
    class Supplied(fresh.subject.Point):
        def __getattr__(self, name: str) -> Any:
            if name == "x":
                return 42
            raise AttributeError(name)

    obj = Supplied(1, 2)
    del obj.x
    assert subject.encode(obj, "binary") == reference.encode(fresh.reference.Point(42, 2), "binary")


def test_slots_in_a_subclass(fresh: Loaded) -> None:
    class Slotted(fresh.subject.Point):
        __slots__ = ("z",)

    obj = Slotted(1, 2)
    obj.z = 3
    assert (obj.x, obj.y, obj.z) == (1, 2, 3)
    assert [twin.x for twin in round_trip(obj)] == [1, 1]


def test_mixins_before_and_after(fresh: Loaded) -> None:
    class Named:
        label = "none"

        def describe(self) -> str:
            return f"{self.label} {self!r}"

    for bases in ((Named, fresh.subject.Point), (fresh.subject.Point, Named)):
        cls = type("Both", bases, {})
        obj = cls(1, 2)
        assert obj.describe() == "none Both(x=1, y=2)"
        for twin in round_trip(obj):
            assert twin == obj


def test_two_structs_as_bases(fresh: Loaded) -> None:
    """Works as in thriftpy2, or is refused with the reason at the definition of the class."""
    bases = (fresh.subject.Point, fresh.subject.Other)
    if not subject.IS_REFERENCE:
        with pytest.raises(TypeError, match="Point and Other"):
            type("Both", bases, {})
        return
    obj = type("Both", bases, {})(1, 2)
    assert vars(obj) == {"x": 1, "y": 2}
    assert round_trip(obj) == [obj, obj]


def test_subclasses_of_exceptions(fresh: Loaded) -> None:
    class Worse(fresh.subject.Bad):
        def __init__(self, why: str = "worse", **fields: Any) -> None:
            super().__init__(why=why, **fields)

    error = Worse()
    assert (error.why, error.code) == ("worse", 3)
    with pytest.raises(fresh.subject.Bad):
        raise error
    for twin in round_trip(error):
        assert type(twin) is Worse
        assert vars(twin) == vars(error)


def test_exceptions_of_two_kinds(fresh: Loaded) -> None:
    class BadKey(fresh.subject.Bad, KeyError):
        pass

    error = BadKey(why="missing", code=5)
    for kind in (KeyError, fresh.subject.Bad, subject.TException):
        with pytest.raises(kind):
            raise error
    for twin in round_trip(error):
        assert vars(twin) == {"why": "missing", "code": 5}


def test_a_generic_subclass(fresh: Loaded) -> None:
    T = TypeVar("T")

    class Boxed(fresh.subject.Point, Generic[T]):
        pass

    obj = Boxed[int](x=1)
    assert type(obj) is Boxed
    assert obj.x == 1
    assert round_trip(Boxed(1)) == [Boxed(1), Boxed(1)]


def test_super_and_cooperative_init(fresh: Loaded) -> None:
    class Base:
        def __init__(self, **kwargs: Any) -> None:
            self.based = True
            super().__init__(**kwargs)

    class Both(Base, fresh.subject.Point):
        pass

    obj = Both(x=1)
    assert vars(obj) in ({"based": True, "x": 1, "y": 5}, {"x": 1, "y": 5, "based": True})


def test_init_subclass_hooks(fresh: Loaded) -> None:
    class Base(fresh.subject.Point):
        registry: list[type] = []

        def __init_subclass__(cls) -> None:
            super().__init_subclass__()
            cls.registry.append(cls)

    class Sub(Base):
        pass

    assert Base.registry == [Sub]


# Changes to a class


def test_a_class_attribute_does_not_hide_values_that_exist(fresh: Loaded) -> None:
    for module in (fresh.subject, fresh.reference):
        before = module.Point(1, 2)
        module.Point.x = 77
        assert before.x == 1
        assert vars(before) == {"x": 1, "y": 2}


def test_a_class_attribute_with_a_fields_name(fresh: Loaded) -> None:
    """Instance values hide it, as in a plain Python class; it is what unset fields show."""
    for module in (fresh.subject, fresh.reference):
        module.Point.x = 77
        after = module.Point(3, 4)
        assert after.x == 3
        assert vars(after) == {"x": 3, "y": 4}
        assert repr(after) == "Point(x=3, y=4)"
        del after.x
        assert after.x == 77
    for protocol in subject.PROTOCOLS:
        ours, theirs = fresh.subject.Point(3, 4), fresh.reference.Point(3, 4)
        data = subject.encode(ours, protocol)
        assert data == reference.encode(theirs, protocol)
        assert subject.decode(fresh.subject.Point, data, protocol) == ours
        del ours.x, theirs.x
        assert subject.encode(ours, protocol) == reference.encode(theirs, protocol)
    for module in {fresh.subject, fresh.reference}:
        del module.Point.x
    assert fresh.subject.Point(3, 4).x == 3
    assert not hasattr(ours, "x")


def test_a_property_assigned_to_a_loaded_class(fresh: Loaded) -> None:
    for module in (fresh.subject, fresh.reference):
        module.Point.x = property(lambda self: 10, lambda self, value: None)
        assert module.Point(1, 2).x == 10
    for protocol in subject.PROTOCOLS:
        assert subject.encode(fresh.subject.Point(1, 2), protocol) == reference.encode(
            fresh.reference.Point(1, 2), protocol
        )


def test_thrift_spec_assigned_after_use(fresh: Loaded) -> None:
    for protocol in subject.PROTOCOLS:
        for module in (fresh.subject, fresh.reference):
            module.Point.thrift_spec = {
                1: (TType.I32, "x", False),
                2: (TType.I32, "y", False),
            }
        assert subject.decode(
            fresh.subject.Point, subject.encode(fresh.subject.Point(1, 2), protocol), protocol
        ) == fresh.subject.Point(1, 2)
        for module in (fresh.subject, fresh.reference):
            module.Point.thrift_spec = {
                7: (TType.I64, "y", False),
                9: (TType.STRING, "extra", False),
            }
        ours, theirs = fresh.subject.Point(1, 2), fresh.reference.Point(1, 2)
        ours.extra = theirs.extra = "more"
        data = subject.encode(ours, protocol)
        if protocol == "binary":
            assert data == reference.encode(theirs, protocol)
        decoded = subject.decode(fresh.subject.Point, data, protocol)
        assert (decoded.x, decoded.y, decoded.extra) == (None, 2, "more")


def test_a_nested_spec_assigned_after_use(fresh: Loaded) -> None:
    line = fresh.subject.Line(start=fresh.subject.Point(1, 2))
    data = subject.encode(line, "binary")
    assert subject.decode(fresh.subject.Line, data, "binary") == line
    fresh.subject.Point.thrift_spec = {1: (TType.I32, "x", False)}
    fresh.reference.Point.thrift_spec = {1: (TType.I32, "x", False)}
    theirs = fresh.reference.Line(start=fresh.reference.Point(1, 2))
    assert subject.encode(line, "binary") == reference.encode(theirs, "binary")
    decoded = subject.decode(fresh.subject.Line, data, "binary")
    assert (decoded.start.x, decoded.start.y) == (1, 5)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_an_attribute_of_two_fields_leaves_another_its_default(
    fresh: Loaded, protocol: str
) -> None:
    line = fresh.subject.Line(start=fresh.subject.Point(1, 2))
    data = subject.encode(line, protocol)
    spec = {1: (TType.I32, "x", False), 2: (TType.I32, "x", False)}
    for library, loaded in ((subject, fresh.subject), (reference, fresh.reference)):
        loaded.Point.thrift_spec = spec
        start = library.decode(loaded.Line, data, protocol).start
        assert (start.x, start.y) == (2, 5)


def test_gen_init_after_use(fresh: Loaded) -> None:
    cls = fresh.subject.Point
    assert round_trip(cls(1, 2)) == [cls(1, 2)] * 2
    result = subject.thrift.gen_init(
        cls, {1: (TType.I32, "x", False), 3: (TType.I32, "z", False)}, [("x", 8), ("z", 9)]
    )
    assert result is cls
    assert vars(cls()) == {"x": 8, "z": 9}
    with pytest.raises(TypeError):
        cls(y=1)
    for twin in round_trip(cls(z=5)):
        assert vars(twin) == {"x": 8, "z": 5}


# Hand-written payloads


class Hand(TPayload):
    """Three- and four-item specs, as Thrift libraries for Python write them by hand."""

    thrift_spec = {
        1: (TType.I32, "number", False),
        2: (TType.STRING, "text", False),
        3: (TType.LIST, "items", TType.I64, False),
        4: (TType.MAP, "table", (TType.STRING, (TType.LIST, TType.I32)), False),
        5: (TType.BOOL, "flag", None, False),
    }
    default_spec = [("number", 1), ("text", None), ("items", None), ("table", None), ("flag", None)]


class Nested(TPayload):
    thrift_spec = {
        1: (TType.STRUCT, "one", Hand, False),
        2: (TType.LIST, "many", (TType.STRUCT, Hand), False),
        3: (TType.SET, "names", TType.STRING, False),
    }

    def __init__(self, one: Any = None, many: Any = None) -> None:
        self.one = one
        self.many = many


def test_hand_written_payloads() -> None:
    hand = Hand(number=2, text="é", items=[1, 2**40], table={"k": [1]}, flag=True)
    assert vars(hand) == {
        "number": 2,
        "text": "é",
        "items": [1, 2**40],
        "table": {"k": [1]},
        "flag": True,
    }
    assert repr(Hand()) == "Hand(number=1, text=None, items=None, table=None, flag=None)"
    assert round_trip(Nested(hand, [hand, Hand()])) == [Nested(hand, [hand, Hand()])] * 2


def test_hand_written_payloads_give_thriftpy2s_bytes() -> None:
    base = reference.thriftpy2.thrift.TPayload
    theirs_cls = type(
        "Hand", (base,), {"thrift_spec": Hand.thrift_spec, "default_spec": [("number", 1)]}
    )
    ours, theirs = Hand(number=5), theirs_cls(number=5)
    ours.items = theirs.items = [1]
    ours.table = theirs.table = {"a": [1, 2]}
    assert subject.encode(ours, "binary") == reference.encode(theirs, "binary", "cython")


@pytest.mark.difference("two-item-specs")
def test_two_item_specs_in_compact() -> None:
    """TTransportException's own spec has entries of two items."""
    cls = type("Two", (TPayload,), {"thrift_spec": {1: (TType.I32, "n"), 2: (TType.STRING, "s")}})
    obj = cls()
    obj.n, obj.s = 1, "x"
    for twin in round_trip(obj):
        assert vars(twin) == {"n": 1, "s": "x"}


def test_a_payload_without_init_gets_attributes_as_they_arrive() -> None:
    cls = type("Bare", (TPayload,), {"thrift_spec": Hand.thrift_spec})
    for twin in round_trip(Hand(number=5)):
        assert twin.number == 5
    decoded = subject.decode(cls, subject.encode(Hand(number=5), "binary"), "binary")
    assert vars(decoded) == {"number": 5}


def test_a_payload_with_slots() -> None:
    class Slotted(TPayload):
        __slots__ = ("x",)
        thrift_spec = {1: (TType.I32, "x", False)}

        def __init__(self, x: Any = None) -> None:
            self.x = x

    for twin in round_trip(Slotted(5)):
        assert twin.x == 5


def test_an_object_that_is_no_payload_but_has_a_spec() -> None:
    class Duck:
        thrift_spec = Hand.thrift_spec
        number = 3

    for protocol in subject.PROTOCOLS:
        buffer = subject.TMemoryBuffer()
        subject.factory(protocol).get_protocol(buffer).write_struct(Duck())
        assert subject.decode(Hand, buffer.getvalue(), protocol).number == 3
        duck = Duck()
        buffer = subject.TMemoryBuffer(subject.encode(Hand(number=9, text="t"), protocol))
        subject.factory(protocol).get_protocol(buffer).read_struct(duck)
        assert (duck.number, duck.text) == (9, "t")


def test_a_spec_on_the_instance() -> None:
    """parquet's readers and others give objects specs of their own."""

    class Open(TPayload):
        thrift_spec: dict = {}

    obj = Open()
    obj.thrift_spec = {1: (TType.I32, "x", False)}
    obj.x = 5
    theirs = type("Open", (reference.thriftpy2.thrift.TPayload,), {"thrift_spec": {}})()
    theirs.thrift_spec, theirs.x = obj.thrift_spec, 5
    assert subject.encode(obj, "binary") == reference.encode(theirs, "binary")


def test_read_and_write_of_a_nested_payload_are_not_called() -> None:
    """Nested structs go by their spec, as in thriftpy2; the outermost by its methods."""
    calls = []

    class Loud(Hand):
        def write(self, oprot: Any) -> None:
            calls.append("write")
            super().write(oprot)

        def read(self, iprot: Any) -> None:
            calls.append("read")
            super().read(iprot)

    data = subject.encode(Nested(one=Loud(number=1)), "binary")
    subject.decode(Nested, data, "binary")
    assert calls == []
    round_trip(Loud(number=1))
    assert calls == ["write", "read"] * 2


# Names


NAMES = (
    *("read", "write", "thrift_spec", "default_spec", "message", "type", "key", "cls", "obj"),
    *("name", "value", "_private", "__mangled", "__dunder__", "id", "hash", "repr", "str"),
    *("len", "dict", "None_", "_ttype", "success", "data", "items", "keys", "values", "get"),
    *("update", "pop", "copy", "__module", "_tspec", "seqid", "object", "int"),
)
#: Names under which thriftpy2's own methods look for something else.
SHADOWING = {"read", "write", "thrift_spec"}


def names_idl() -> str:
    singles = [block(f"struct S_{name}", [f"1: i32 {name}"]) for name in NAMES]
    safe = [f"{i}: i32 {n}," for i, n in enumerate(NAMES, 1) if n not in SHADOWING]
    return "".join([*singles, block("struct Safe", safe), block("exception SafeError", safe)])


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded.from_text(tmp_path_factory.mktemp("names"), names_idl())


@pytest.mark.parametrize("name", [n for n in NAMES if n not in SHADOWING])
def test_a_field_of_any_name(names: Loaded, name: str) -> None:
    struct = f"S_{name}"
    ours = getattr(names.subject, struct)(**{name: 5})
    assert getattr(ours, name) == 5
    assert vars(ours) == {name: 5}
    assert repr(ours) == f"{struct}({name}=5)"
    setattr(ours, name, 6)
    for protocol in subject.PROTOCOLS:
        names.check(struct, {name: 6}, protocol)
        assert flatten(subject.decode(type(ours), subject.encode(ours, protocol), protocol)) == {
            name: 6
        }


@pytest.mark.parametrize("struct", ["Safe", "SafeError"])
def test_fields_of_all_names_at_once(names: Loaded, struct: str) -> None:
    plain = {name: n for n, name in enumerate(NAMES) if name not in SHADOWING}
    for protocol in subject.PROTOCOLS:
        names.check(struct, plain, protocol)


@pytest.mark.parametrize("name", sorted(SHADOWING))
def test_fields_that_shadow_methods(names: Loaded, name: str) -> None:
    """The instance's value hides the method, and the protocol's own methods still work."""
    for protocol in subject.PROTOCOLS:
        results = []
        for module, make in ((names.subject, subject), (names.reference, reference)):
            obj = getattr(module, f"S_{name}")(**{name: 5})
            assert getattr(obj, name) == 5
            assert vars(obj) == {name: 5}
            assert repr(obj) == f"S_{name}({name}=5)"
            buffer = (
                subject.TMemoryBuffer()
                if make is subject
                else reference.thriftpy2.transport.TMemoryBuffer()
            )
            factory = (
                subject.factory(protocol)
                if make is subject
                else reference.FACTORIES[protocol, reference.flavours(protocol)[0]]
            )
            try:
                factory.get_protocol(buffer).write_struct(obj)
                results.append(buffer.getvalue())
            except (AttributeError, TypeError, subject.TException):
                results.append(b"refused")
        assert results[1] in (results[0], b"refused")


THRIFTPY2_RESERVED = {*thriftpy2.parser.lexer.thrift_reserved_keywords}


@pytest.mark.difference("reserved-words")
@pytest.mark.parametrize("word", ["self", "args", "function", "next", "alias", "print", "exec"])
def test_words_that_other_languages_keep_are_field_names(tmp_path: Path, word: str) -> None:
    check_field(tmp_path, word, word)


@pytest.mark.difference("reserved-words")
@pytest.mark.parametrize("word", sorted({*keyword.kwlist} & THRIFTPY2_RESERVED))
def test_python_keywords_get_an_underscore(tmp_path: Path, word: str) -> None:
    check_field(tmp_path, word, f"{word}_")


@pytest.mark.difference("python-keywords")
@pytest.mark.parametrize("word", sorted({*keyword.kwlist} - THRIFTPY2_RESERVED))
def test_python_keywords_that_thrift_does_not_reserve(tmp_path: Path, word: str) -> None:
    check_field(tmp_path, word, f"{word}_")


def check_field(directory: Path, word: str, attribute: str) -> None:
    path = directory / "words.thrift"
    path.write_text(f"struct S {{ 1: i32 {word} }}\n")
    module = subject.load(str(path))
    obj = module.S(**{attribute: 5})
    assert vars(obj) == {attribute: 5}
    assert [vars(twin) for twin in round_trip(obj)] == [{attribute: 5}] * 2
