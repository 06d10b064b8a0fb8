"""Classes of Apache's compiler 0.24, which knows uuid, makes enums of Python and writes type hints:
`compiled` has them for each style, since older compilers cannot make them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from uuid import UUID

import fastthrift
import pytest
from fastthrift.contrib import apache as subject
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.utils import deserialize, serialize
from support.generated import FACTORIES, decode, encode, flatten
from thrift.protocol.TProtocol import TProtocolException

COMPILED = Path(__file__).parent / "compiled"
OWN = {"binary": TBinaryProtocolFactory(), "compact": TCompactProtocolFactory()}
ONE, NONE, ALL = UUID("f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4"), UUID(int=0), UUID(int=2**128 - 1)


@pytest.fixture(params=["hints", "slots", "dynamic"])
def types(request: pytest.FixtureRequest) -> Any:
    path = COMPILED / f"{request.param}.py"
    spec = importlib.util.spec_from_file_location(f"compiled_{request.param}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def boxes(types: Any) -> list[Any]:
    pens = {ONE: types.Pen(id=ALL, color=types.Color.RED, owner=NONE), NONE: types.Pen()}
    full = types.Box(
        ids=[ONE, NONE, ALL],
        pens=pens,
        lost=frozenset([ONE, NONE]),
        colors=[types.Color.BLUE, types.Color.RED],
        shelves={"a": [ALL], "": []},
    )
    return [full, types.Box(ids=[])]


@pytest.mark.parametrize("protocol", FACTORIES)
def test_bytes_and_values_are_those_of_apaches_extension(types: Any, protocol: str) -> None:
    theirs, ours = FACTORIES[protocol]
    for obj in (*boxes(types), types.Pen(), types.Pen(id=ONE, color=types.Color.RED)):
        data = encode(obj, theirs)
        assert encode(obj, ours) == data
        expected, _ = decode(type(obj), data, theirs)
        found, rest = decode(type(obj), data + b"rest", ours)
        assert rest == b"rest"
        assert found == obj
        assert flatten(found) == flatten(expected)
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("protocol", FACTORIES)
def test_a_loaded_file_has_the_same_bytes(types: Any, protocol: str) -> None:
    loaded = fastthrift.load(str(COMPILED / "pens.thrift"), "loaded_pens_thrift")
    for obj in boxes(types):
        data = encode(obj, FACTORIES[protocol][1])
        found = deserialize(loaded.Box(), data, OWN[protocol])
        assert found.ids == obj.ids
        assert found.lost is None or set(found.lost) == obj.lost
        assert serialize(found, OWN[protocol]) == data


@pytest.mark.parametrize("protocol", FACTORIES)
def test_a_required_field_that_is_unset_is_refused_by_the_class(types: Any, protocol: str) -> None:
    for factory in FACTORIES[protocol]:
        box = types.Box(colors=[])
        if hasattr(box, "validate"):
            with pytest.raises(TProtocolException, match="Required field ids is unset"):
                encode(box, factory)
        else:  # Those of TBase check nothing.
            assert encode(box, factory)


def test_what_is_no_uuid_is_refused_with_its_place(types: Any) -> None:
    for factory in (
        subject.TBinaryProtocolAcceleratedFactory(),
        subject.TCompactProtocolAcceleratedFactory(),
    ):
        for wrong in ("f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4", 5, b"0123456789abcdef"):
            with pytest.raises(TProtocolException, match=r"ids\[1\]"):
                encode(types.Box(ids=[ONE, wrong]), factory)


def test_a_uuid_that_is_cut_is_an_end_of_file(types: Any) -> None:
    for _, ours in FACTORIES.values():
        data = encode(types.Box(ids=[ONE, NONE]), ours)
        for size in range(len(data)):
            with pytest.raises(EOFError):
                decode(types.Box, data[:size], ours)
