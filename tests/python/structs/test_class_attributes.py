"""Attributes of a class that are called like fields: what an object has of its own comes first, as
with thriftpy2, whose objects keep their fields in a ``__dict__``."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from peers import reference
from support import subject
from support.compare import Loaded

IDL = "struct Point { 1: i32 x, 2: i32 y }"


class Mixin:
    y = 1


def method(self: Any) -> int:
    return 1


# What the class is made of: its own body, and a base before the struct.
WAYS: dict[str, tuple[dict[str, Any], tuple[type, ...]]] = {
    "body": ({"y": 1}, ()),
    "mixin": ({}, (Mixin,)),
    "both": ({"y": 1}, (Mixin,)),
    "method": ({"y": method}, ()),
    "class method": ({"y": classmethod(method)}, ()),
}


def subclass(base: type, way: str) -> Any:
    attributes, mixins = WAYS[way]
    return type("Mine", (*mixins, base), {"__module__": __name__, **attributes})


@pytest.fixture
def points(tmp_path: Path) -> Loaded:
    return Loaded.from_text(tmp_path, IDL)


@pytest.fixture
def frozen() -> Any:
    return fastthrift.load_fp(io.StringIO(IDL), "frozen_points_thrift", frozen=True)


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def replaced(value: Any) -> Any:
    return value.__replace__(x=4)


COPIES = [copy.copy, copy.deepcopy, pickled]


@pytest.mark.parametrize("way", WAYS)
def test_values_come_first(points: Loaded, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (points.subject, points.reference):
        mine = subclass(module.Point, way)
        monkeypatch.setitem(globals(), "Mine", mine)
        value = mine(4, 5)
        ways = COPIES if module is points.reference else [*COPIES, replaced]
        for made in [value, *(each(value) for each in ways)]:
            assert made.y == 5
            assert vars(made) == {"x": 4, "y": 5}
            assert repr(made) == "Mine(x=4, y=5)"
            assert made == value
            made.y = 8
            assert (made.y, vars(made)["y"]) == (8, 8)
            vars(made).update(y=5)
            assert made.y == 5
            made.__dict__ = {"x": 4, "y": 6}
            assert made.y == 6
            made.y = 5
    assert points.subject.Point(4, 5).y == 5


@pytest.mark.parametrize("way", ["body", "mixin"])
def test_the_class_shows_its_own(points: Loaded, way: str) -> None:
    """And so does an object whose field is not set."""
    for module in (points.subject, points.reference):
        mine = subclass(module.Point, way)
        below = type("Below", (mine,), {})
        for cls in (mine, below):
            value = cls(4, 5)
            assert cls.y == 1
            del value.y
            assert value.y == 1
            with pytest.raises(AttributeError):
                del value.y


def test_a_method_of_the_class_is_called_where_the_field_is_not_set(points: Loaded) -> None:
    for module in (points.subject, points.reference):
        value = subclass(module.Point, "method")(4, 5)
        del value.y
        assert value.y() == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_messages_have_the_values(points: Loaded, way: str, protocol: str) -> None:
    mine, theirs = (subclass(each.Point, way) for each in (points.subject, points.reference))
    data = subject.encode(copy.copy(mine(4, 5)), protocol)
    assert data == reference.encode(theirs(4, 5), protocol)
    assert subject.decode(mine, data, protocol) == mine(4, 5)
    assert subject.decode(mine, data, protocol).y == 5
    assert fastthrift.to_dict(copy.copy(mine(4, 5))) == {"x": 4, "y": 5}
    assert fastthrift.from_dict(mine, {"x": 4, "y": 5}).y == 5


@pytest.mark.parametrize("way", WAYS)
def test_frozen_structs(frozen: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = subclass(frozen.Point, way)
    monkeypatch.setitem(globals(), "Mine", mine)
    value = mine(4, 5)
    data = fastthrift.encode(value)
    assert data == fastthrift.encode(frozen.Point(4, 5))
    for made in (value, fastthrift.decode(mine, data), *(each(value) for each in COPIES)):
        assert made.y == 5
        assert made == value
    assert value.__replace__(y=9).y == 9
    with pytest.raises(AttributeError, match="frozen=True"):
        value.y = 3


def test_bases_that_change(points: Loaded) -> None:
    for module in (points.subject, points.reference):
        mine = type("Mine", (module.Point,), {})
        before = mine(4, 5)
        mine.__bases__ = (Mixin, module.Point)
        assert mine.y == 1
        assert (before.y, copy.copy(before).y, mine(4, 6).y) == (5, 5, 6)
    covered = type("Mine", (Mixin, points.subject.Point), {"y": 2})
    del covered.y
    assert (copy.copy(covered(4, 5)).y, covered.y) == (5, 1)


def test_a_property_with_a_setter_stays_as_it_is(points: Loaded) -> None:
    def doubled(self: Any, value: int) -> None:
        self._y = 2 * value

    for module in (points.subject, points.reference):
        mine = type("Mine", (module.Point,), {"y": property(lambda self: self._y, doubled)})
        assert mine(4, 5).y == 10
        assert copy.copy(mine(4, 5)).y == 10
        assert isinstance(mine.y, property)
