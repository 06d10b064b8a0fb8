"""``load(..., strict=True)``: which objects are taken in place of a struct when it is written."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any, ClassVar

import fastthrift
import pytest
import thriftpy2
from fastthrift.protocol.exc import TInvalidStructException
from fastthrift.testing import serve
from fastthrift.thrift import TPayload, TType

IDL = """
struct Other { 1: i32 a, 2: optional string b }
struct Order { 1: string id, 2: Other o }
struct Another { 1: i32 a, 2: optional string b }
typedef Other Alias
union Choice { 1: i32 number, 2: string text }
exception Failure { 1: required string why }
struct Node { 1: i32 a, 2: list<Node> nodes }
struct T {
  1: Other o
  2: list<Other> others
  3: map<string, Other> named
  4: Alias other_name
  5: Choice choice
  6: Failure failure
  7: Node node
}
service S { void take(1: Other o) throws (1: Failure failure) }
"""
strict: Any = fastthrift.load_fp(io.StringIO(IDL), "strict_classes_thrift", strict=True)
again: Any = fastthrift.load_fp(io.StringIO(IDL), "strict_classes_again_thrift", strict=True)
usual: Any = fastthrift.load_fp(io.StringIO(IDL), "usual_classes_thrift")
original: Any = thriftpy2.load_fp(io.StringIO(IDL), "original_classes_thrift")


class Written(TPayload):
    """As `Other`, by hand."""

    thrift_spec: ClassVar[Any] = {1: (TType.I32, "a", False), 2: (TType.STRING, "b", False)}
    default_spec: ClassVar[Any] = [("a", None), ("b", None)]


class Part(TPayload):
    """Some of the fields of `Other`."""

    thrift_spec: ClassVar[Any] = {1: (TType.I32, "a", False)}
    default_spec: ClassVar[Any] = [("a", None)]


class Wrong(TPayload):
    """As `Other`, but for a type."""

    thrift_spec: ClassVar[Any] = {1: (TType.I64, "a", False)}
    default_spec: ClassVar[Any] = [("a", None)]


def problems(value: Any) -> list[tuple[str, str]]:
    found = []
    for write in (fastthrift.encode, fastthrift.to_dict, fastthrift.to_json):
        with pytest.raises(TInvalidStructException) as caught:
            write(value)
        found.append(caught.value.problems)
    assert found[0] == found[1] == found[2]
    return found[0]


def test_a_struct_of_another_class_is_told_wherever_it_is() -> None:
    order = strict.Order("A-1")
    value = strict.T(
        o=order, others=[strict.Other(1), order], named={"k": order}, other_name=order, node=order
    )
    text = "needs an Other, not Order"
    assert problems(value) == [
        ("o", text),
        ("others[1]", text),
        ("named['k']", text),
        ("other_name", text),
        ("node", "needs a Node, not Order"),
    ]
    assert problems(strict.T(choice=strict.Other(1))) == [("choice", "needs a Choice, not Other")]
    assert problems(strict.T(failure=strict.Other(1))) == [
        ("failure", "needs a Failure, not Other")
    ]


def test_that_two_structs_are_alike_does_not_make_them_one() -> None:
    assert problems(strict.T(o=strict.Another(1))) == [("o", "needs an Other, not Another")]


def test_the_arguments_of_a_call_are_looked_at() -> None:
    class Handler:
        def take(self, o: Any) -> None:
            """Takes it."""

    with serve(strict.S, Handler()) as url, fastthrift.ClientPool(strict.S, url) as client:
        with pytest.raises(TInvalidStructException, match="o: needs an Other, not Order"):
            client.take(strict.Order("A-1"))
        assert client.take(strict.Other(1)) is None


def test_subclasses_copies_and_pickled_objects_are_of_their_class(tmp_path: Path) -> None:
    class Mine(strict.Other):  # type: ignore[misc]
        more = 1

    class Own(strict.Failure):  # type: ignore[misc]
        pass

    mine = Mine(1, "x")
    mine.extra = 2
    value = strict.T(
        o=mine,
        others=[copy.copy(strict.Other(2)), pickle.loads(pickle.dumps(strict.Other(3)))],
        other_name=strict.Other(4),
        failure=Own("why"),
    )
    read = fastthrift.decode(strict.T, fastthrift.encode(value))
    assert (read.o, read.other_name) == (strict.Other(1, "x"), strict.Other(4))
    assert read.others == [strict.Other(2), strict.Other(3)]
    assert read.failure.why == "why"
    # A file that is loaded twice has the same classes, or others of the same fields.
    (tmp_path / "classes.thrift").write_text(IDL)
    one, other = (
        fastthrift.load(str(tmp_path / "classes.thrift"), f"classes_{n}_thrift", strict=True)
        for n in range(2)
    )
    assert fastthrift.decode(one.T, fastthrift.encode(one.T(o=other.Other(5)))).o.a == 5


@pytest.mark.parametrize("module", [again, usual, original])
def test_the_same_struct_of_another_load_is_taken(module: Any) -> None:
    class Derived(module.Other):  # type: ignore[misc]
        pass

    node = module.Node(1, [module.Node(2, [])])
    value = strict.T(
        o=module.Other(1, "x"),
        others=[Derived(2)],
        choice=module.Choice(number=3),
        failure=module.Failure("why"),
        node=node,
    )
    read = fastthrift.decode(strict.T, fastthrift.encode(value))
    assert (read.o, read.others) == (strict.Other(1, "x"), [strict.Other(2)])
    assert (read.choice.number, read.failure.why, read.node.nodes[0].a) == (3, "why", 2)


@pytest.mark.parametrize("module", [again, usual])
def test_it_is_looked_at_by_the_rules_of_the_class_that_is_needed(module: Any) -> None:
    value = strict.T(choice=module.Choice(1, "x"), failure=module.Failure())
    assert problems(value) == [
        ("choice", "a union must have exactly one field set, not 2"),
        ("failure.why", "is required, and not set"),
    ]


def test_classes_written_by_hand_are_taken_where_nothing_is_lost() -> None:
    value = strict.T(o=Written(1, "x"), others=[Part(2)])
    read = fastthrift.decode(strict.T, fastthrift.encode(value))
    assert (read.o, read.others) == (strict.Other(1, "x"), [strict.Other(2)])
    assert problems(strict.T(o=Wrong(1))) == [("o", "needs an Other, not Wrong")]
    assert problems(strict.T(failure=Part(1))) == [("failure", "needs a Failure, not Part")]
    # One that is loaded without the option takes what it took.
    assert fastthrift.encode(usual.T(o=Wrong(1)))


def test_a_struct_that_has_changed_between_two_loads_is_told() -> None:
    idl = "struct Inner { 1: %s x } struct Other { 1: i32 a, 2: list<Inner> inner }"
    idl += " struct T { 1: Other o }"
    one, other = (
        fastthrift.load_fp(io.StringIO(idl % kind), f"changed_{kind}_thrift", strict=True)
        for kind in ("i32", "i64")
    )
    text = "needs an Other, not one of another file, which has other fields"
    assert problems(one.T(o=other.Other(1))) == [("o", text)]
    assert fastthrift.encode(one.T(o=one.Other(1)))


def test_many_objects_of_a_chain_of_classes_are_compared_once() -> None:
    count = 3000
    idl = "struct S0 { 1: i32 x }" + "".join(
        f" struct S{n} {{ 1: S{n - 1} x }}" for n in range(1, count)
    )
    idl += f" struct T {{ 1: list<S{count - 1}> all }}"
    one, other = (
        fastthrift.load_fp(io.StringIO(idl), f"chain_{name}_thrift", **options)
        for name, options in (("strict", {"strict": True}), ("usual", {}))
    )
    made = getattr(other, f"S{count - 1}")
    value = one.T([made() for _ in range(1000)])
    assert len(fastthrift.decode(one.T, fastthrift.encode(value)).all) == 1000
