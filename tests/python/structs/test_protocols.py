"""Struct classes as Python's own tools see them: comparison, order, signatures, mocks."""

from __future__ import annotations

import functools
import importlib
import inspect
import io
from unittest import mock

import fastthrift
import fastthrift.thrift
import pytest
import thriftpy2
import thriftpy2.thrift
from fastthrift.protocol import (
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.thrift import TClient, TProcessor, TType
from fastthrift.transport import TMemoryBuffer
from fastthrift.utils import deserialize, serialize

IDL = """
struct A { 1: i32 id = 5, 2: string name, 3: list<i32> numbers = [1] }
struct Empty {}
struct Named { 1: string self_, 2: i32 object }
exception Failure { 1: string message, 2: i32 code = 3 }
service S { i32 add(1: i32 a, 2: i32 b) throws (1: Failure failure), void nothing() }
"""
MODULES = [
    package.load_fp(io.StringIO(IDL), "struct_protocols_thrift")
    for package in (fastthrift, thriftpy2)
]
OURS, THEIRS = MODULES
PAYLOADS = [fastthrift.thrift.TPayload, thriftpy2.thrift.TPayload]


def fresh(package):
    return package.load_fp(io.StringIO("struct A { 1: i32 id, 2: string name }"), "patched_thrift")


@pytest.mark.parametrize("module", MODULES)
def test_an_eq_of_a_subclass_decides_both_ways(module) -> None:
    class ById(module.A):
        def __eq__(self, other):
            return self.id == other.id

        __hash__ = None

    class Deeper(ById):
        pass

    for made in (ById, Deeper):
        assert made(1, "x") == made(1, "y")
        assert (made(1, "x") != made(1, "y")) is False
        assert made(1, "x") != made(2, "x")
        with pytest.raises(TypeError):
            hash(made(1))


@pytest.mark.parametrize("package", [fastthrift, thriftpy2])
def test_an_eq_given_to_a_class_decides_both_ways(package) -> None:
    module = fresh(package)
    plain = module.A(1, "x"), module.A(1, "y")
    assert plain[0] != plain[1]
    module.A.__eq__ = lambda self, other: self.id == other.id
    assert plain[0] == plain[1]
    assert (plain[0] != plain[1]) is False
    del module.A.__eq__
    assert plain[0] != plain[1]
    assert (plain[0] == plain[1]) is False


@pytest.mark.parametrize(
    ("payload", "module"), [(PAYLOADS[0], OURS), (PAYLOADS[1], THEIRS)], ids=["ours", "theirs"]
)
def test_hand_written_payloads_and_exceptions(payload, module) -> None:
    class Hand(payload):
        thrift_spec = {1: (8, "id", False), 2: (11, "name", False)}  # noqa: RUF012
        default_spec = [("id", None), ("name", None)]  # noqa: RUF012

        def __eq__(self, other):
            return self.id == other.id

        __hash__ = None

    class ByCode(module.Failure):
        def __eq__(self, other):
            return self.code == other.code

        __hash__ = None

    assert (Hand(1, "x") != Hand(1, "y")) is False
    assert Hand(1, "x") != Hand(2, "x")
    assert (ByCode("x", 1) != ByCode("y", 1)) is False
    assert ByCode("x", 1) != ByCode("x", 2)


def test_what_eq_leaves_open_is_left_open() -> None:
    class Choosy(OURS.A):
        def __eq__(self, other):
            return self.id == other.id if isinstance(other, OURS.A) else NotImplemented

        __hash__ = None

    class Hand(PAYLOADS[0]):
        def __eq__(self, other):
            return NotImplemented

        __hash__ = None

    assert Choosy(1) != 1
    assert (Choosy(1) == 1) is False
    assert Choosy(1) == mock.ANY
    assert (Choosy(1) != mock.ANY) is False
    assert Hand() != 1


@pytest.mark.parametrize("module", MODULES)
def test_total_ordering(module) -> None:
    @functools.total_ordering
    class Ordered(module.A):
        def __eq__(self, other):
            return self.id == other.id

        def __lt__(self, other):
            return self.id < other.id

        __hash__ = None

    one, two = Ordered(1), Ordered(2)
    assert one <= one <= two
    assert two >= one
    assert two > one
    assert sorted([two, one]) == [one, two]
    for operation in ("__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(module.A, operation) is getattr(object, operation)
    with pytest.raises(TypeError):
        sorted([module.A(1), module.A(2)])


def classes(module):
    class Subclass(module.A):
        pass

    class Own(module.A):
        def __init__(self, number):
            super().__init__(id=number)

    return [
        *(module.A, module.Empty, module.Named, module.Failure, Subclass, Own),
        *(module.S.add_args, module.S.add_result, module.S.nothing_args, module.S.nothing_result),
    ]


CLASSES = list(zip(classes(OURS), classes(THEIRS), strict=True))


@pytest.mark.parametrize(("ours", "theirs"), CLASSES, ids=lambda made: made.__name__)
def test_signatures_are_those_of_thriftpy2(ours, theirs) -> None:
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert str(inspect.signature(ours.__init__)) == str(inspect.signature(theirs.__init__))
    assert inspect.getfullargspec(ours) == inspect.getfullargspec(theirs)
    assert inspect.getfullargspec(ours.__init__) == inspect.getfullargspec(theirs.__init__)


@pytest.mark.parametrize(("ours", "theirs"), CLASSES, ids=lambda made: made.__name__)
def test_a_mock_of_a_class_takes_what_the_class_takes(ours, theirs) -> None:
    mocks = [mock.create_autospec(made) for made in (ours, theirs)]
    assert str(inspect.signature(mocks[0])) == str(inspect.signature(mocks[1]))
    for mocked in mocks:
        with pytest.raises(TypeError):
            mocked(1, 2, 3, 4)
        with pytest.raises(TypeError):
            mocked(unknown=1)


def test_init_called_by_its_class_and_by_super() -> None:
    for module in MODULES:
        obj = module.A()
        module.A.__init__(obj, 7, name="x")
        assert (obj.id, obj.name, obj.numbers) == (7, "x", [1])
        own = classes(module)[5](9)
        assert own == own.__class__(9)
        assert (own.id, own.numbers) == (9, [1])
        failure = module.Failure()
        module.Failure.__init__(failure, "text")
        assert (failure.message, failure.code) == ("text", 3)
        assert module.A.__init__ is module.A.__init__
        with pytest.raises(TypeError):
            module.A.__init__(obj, unknown=1)


@pytest.mark.difference("spec-changed-in-place")
@pytest.mark.parametrize("protocol", [TBinaryProtocolFactory(), TCompactProtocolFactory()])
def test_a_spec_may_get_and_lose_fields_where_it_is(protocol) -> None:
    module = fastthrift.load_fp(
        io.StringIO("struct A { 1: i32 id, 2: string name } struct B { 1: list<A> items }"),
        f"changed_specs_{type(protocol).__name__}_thrift",
    )
    thin = serialize(module.A(id=1, name="x"), protocol)
    listed = serialize(module.B([module.A(id=1, name="x")]), protocol)
    assert deserialize(module.B(), listed, protocol).items[0].name == "x"

    module.A.thrift_spec[3] = (TType.I32, "size", False)
    wide = module.A(id=1, name="x")
    wide.size = 5
    data = serialize(wide, protocol)
    assert len(data) > len(thin)
    assert deserialize(module.A(), data, protocol).size == 5
    assert fastthrift.decode(module.A, data, protocol).size == 5
    data = serialize(module.B([wide]), protocol)
    assert deserialize(module.B(), data, protocol).items[0].size == 5

    del module.A.thrift_spec[3], module.A.thrift_spec[2]
    assert deserialize(module.A(), thin, protocol).name is None
    assert len(serialize(wide, protocol)) < len(thin)
    assert deserialize(module.B(), data, protocol).items[0].name is None


def test_a_result_may_get_an_exception_where_it_is() -> None:
    module = fastthrift.load_fp(
        io.StringIO("exception Late { 1: i32 code } service S { i32 get() }"),
        "changed_results_thrift",
    )

    class Handler:
        def get(self):
            if late:
                raise module.Late(code=3)
            return 1

    def call():
        class Loop(TMemoryBuffer):
            def flush(self):
                answer = TMemoryBuffer()
                request = TBinaryProtocol(TMemoryBuffer(self.getvalue()))
                processor.process(request, TBinaryProtocol(answer))
                self.setvalue(answer.getvalue())

        return TClient(module.S, TBinaryProtocol(Loop())).get()

    processor = TProcessor(module.S, Handler())
    late = False
    assert call() == 1
    late = True
    module.S.get_result.thrift_spec[9] = (TType.STRUCT, "late", module.Late, False)
    with pytest.raises(module.Late) as caught:
        call()
    assert caught.value.code == 3


@pytest.mark.parametrize("spec", [set(), frozenset(), (), [], {}])
@pytest.mark.parametrize("package", [fastthrift, thriftpy2])
def test_a_spec_may_be_any_collection_of_nothing(package, spec) -> None:
    protocols = importlib.import_module(f"{package.__name__}.protocol")
    transports = importlib.import_module(f"{package.__name__}.transport")

    class Nothing(importlib.import_module(f"{package.__name__}.thrift").TPayload):
        thrift_spec = spec
        default_spec = []  # noqa: RUF012 - as thriftpy2 writes it

    memory = transports.TMemoryBuffer()
    protocols.TCompactProtocol(memory).write_struct(Nothing())
    assert memory.getvalue() == b"\0"
    read = Nothing()
    data = b"\x15\x0a\0"  # field 1, the i32 5
    protocols.TCompactProtocol(transports.TMemoryBuffer(data)).read_struct(read)
    assert vars(read) == {}
