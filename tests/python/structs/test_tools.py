"""What Python's own tools, and ``rich``, ask of struct classes."""

from __future__ import annotations

import copy
import inspect
import io
import pydoc
import sys
from typing import Any

import fastthrift
import pytest

TEXT = """
/** A place. */
struct Point { 1: required i32 x, 2: i32 y = 7, 3: list<i32> from }
struct Named { 1: string self }
union Either { 1: i32 number, 2: string text }
exception Lost { 1: string message, 2: Point at }
struct Nothing {}
/** Finds. */
service Finder { /** Where it is. */ Point find(1: string name) }
"""


@pytest.fixture(scope="module")
def idl() -> Any:
    return fastthrift.load_fp(io.StringIO(TEXT), "tools_thrift")


def test_match_statements_take_fields_by_position(idl: Any) -> None:
    match idl.Point(1, 2):
        case idl.Point(x, y, from_):
            assert (x, y, from_) == (1, 2, None)
    match idl.Lost("where", idl.Point(3)):
        case idl.Lost(message, idl.Point(x)):
            assert (message, x) == ("where", 3)
    assert idl.Either.__match_args__ == ("number", "text")
    assert idl.Nothing.__match_args__ == ()


def test_a_subclass_may_have_its_own_match_args(idl: Any) -> None:
    class Flat(idl.Point):  # type: ignore[misc]
        __match_args__ = ("y",)

    assert Flat.__match_args__ == ("y",)


def test_replace_makes_a_copy_with_other_fields(idl: Any) -> None:
    point = idl.Point(1, from_=[1])
    point.note = "kept"
    other = point.__replace__(x=5)
    assert (other, other.note) == (_with_note(idl.Point(5, 7, [1])), "kept")
    assert (point.x, other.from_ is point.from_) == (1, True)
    assert idl.Named("a").__replace__(self="b").self == "b"
    lost = idl.Lost("where").__replace__(at=point)
    assert (type(lost), lost.message, lost.at) == (idl.Lost, "where", point)
    if sys.version_info >= (3, 13):
        assert copy.replace(point, x=5) == other
    with pytest.raises(TypeError, match=r"Point has no field 'z'; its fields are: x, y, from_"):
        point.__replace__(z=1)


def _with_note(point: Any) -> Any:
    point.note = "kept"
    return point


def test_rich_is_told_fields_and_defaults(idl: Any) -> None:
    found = list(idl.Point(1).__rich_repr__())
    assert found == [("x", 1, None), ("y", 7, 7), ("from_", None, None)]


def test_signatures_and_help_show_the_fields_and_the_doc_comments(idl: Any) -> None:
    assert str(inspect.signature(idl.Point)) == "(x=None, y=7, from_=None)"
    assert str(inspect.signature(idl.Lost)) == "(message=None, at=None)"
    shown = pydoc.render_doc(idl.Point, renderer=pydoc.plaintext)
    assert "A place." in shown
    assert "x=None, y=7, from_=None" in shown
    shown = pydoc.render_doc(idl.Finder, renderer=pydoc.plaintext)
    assert "Finds." in shown
    assert "Where it is." in shown
