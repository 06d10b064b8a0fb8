"""What a program gives to ``struct_to_obj`` and its like: nothing of it is lost without a word."""

from __future__ import annotations

import base64
import collections
import decimal
import io
import types
import uuid
from typing import Any

import fastthrift
import fastthrift.protocol.json as ours
import pytest
import thriftpy2
import thriftpy2.protocol.json as theirs
from fastthrift.protocol import TJSONProtocol
from fastthrift.protocol.exc import TMistypedDataException, TProtocolException
from fastthrift.thrift import TType
from fastthrift.transport import TMemoryBuffer
from support.values import flatten

IDL = """
    enum E { A = 1 }
    struct C { 1: string name, 2: map<string, i64> counts }
    struct P {
        1: i64 a, 2: bool b, 3: E e, 4: C c, 5: map<string, string> params, 6: binary raw,
        7: list<i32> numbers, 8: map<i32, list<C>> table, 9: set<string> words, 10: double ratio,
        11: string text, 12: map<bool, i32> flags, 13: map<E, i32> colors, 14: list<C> cs,
        15: string kept = "kept",
    }
"""
module = fastthrift.load_fp(io.StringIO(IDL), "given_thrift")
their_module = thriftpy2.load_fp(io.StringIO(IDL), "given_thrift")
of_uuid = fastthrift.load_fp(io.StringIO("struct U { 1: uuid u }"), "given_uuid_thrift")


@pytest.mark.difference("json-given")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"params": {"xxx": "bbb"}}, {"xxx": "bbb"}),
        ({"params": types.MappingProxyType({"xxx": 5})}, {"xxx": "5"}),
        ({"params": collections.OrderedDict(a="b")}, {"a": "b"}),
        ({"table": {"1": [{"name": "q", "counts": {"n": 2}}]}}, {1: [module.C("q", {"n": 2})]}),
        ({"table": {1: [{"name": "q"}], 2.0: []}}, {1: [module.C("q")], 2: []}),
        ({"flags": {"true": 1, False: 2}}, {True: 1, False: 2}),
        ({"colors": {"A": 1, 7: 2}}, {1: 1, 7: 2}),
    ],
)
def test_a_map_may_be_a_dict(fields: dict[str, Any], expected: Any) -> None:
    (name,) = fields
    obj = ours.struct_to_obj(fields, module.P(text="stays"))
    assert (getattr(obj, name), obj.text) == (expected, "stays")
    with pytest.raises((TypeError, KeyError)):
        theirs.struct_to_obj(fields, their_module.P())


@pytest.mark.difference("json-given")
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"e": "A"}, 'expected the number of an enum\'s value, found "A" (in e)'),
        ({"c": module.C("q")}, "expected a dict, found C (in c)"),
        ({"cs": [{}, 5]}, "expected a dict, found 5 (in cs[1])"),
        (
            {"params": [("a", 1)]},
            "expected a dict with a key and a value, found a list (in params[0])",
        ),
        (
            {"params": [{"key": "a"}]},
            "expected a dict with a key and a value, found another (in params[0])",
        ),
        (
            {"params": 5},
            "expected a dict, or a list of dicts with a key and a value, found 5 (in params)",
        ),
        ({"params": {"a": ["b"]}}, "expected a text, found a list (in params['a'])"),
        ({"table": {"x": []}}, 'expected an integer as key, found "x" (in table)'),
        (
            {"table": [{"key": 1, "value": [{"name": []}]}]},
            "expected a text, found a list (in table[1][0].name)",
        ),
        ({"raw": "plain"}, 'expected base64, found "plain" (in raw)'),
        ({"raw": b"plain"}, "expected base64, found bytes (in raw)"),
        ({"a": 12.7}, "expected an integer, found 12.7 (in a)"),
        ({"a": "x"}, 'expected an integer, found "x" (in a)'),
        ({"a": 2**63}, "expected an integer, found a larger number (in a)"),
        ({"e": 2**31}, "expected an integer of 32 bits, found 2147483648 (in e)"),
        ({"b": "true"}, 'expected true or false, found "true" (in b)'),
        ({"numbers": "12"}, 'expected a list, found "12" (in numbers)'),
        ({"numbers": [1, None]}, "expected an integer, found None (in numbers[1])"),
        ({"numbers": module.C()}, "needs a list, set or tuple, not C (in numbers)"),
        ({"text": module.C()}, "expected a text, found C (in text)"),
        ({"ratio": module.C()}, "needs a float, not C (in ratio)"),
        ({"c": {"counts": {"n": "x"}}}, "expected an integer, found \"x\" (in c.counts['n'])"),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_place(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(TMistypedDataException) as caught:
        ours.struct_to_obj(fields, module.P())
    assert str(caught.value) == told
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TProtocolException)


@pytest.mark.parametrize(
    "fields",
    [
        {"unknown": [1], "a": 1, 5: 6},
        {"a": "12", "b": 0, "e": True, "ratio": "0.5", "text": 1.5},
        {"params": [{"key": "a", "value": "b", "more": 1}], "numbers": (1, 2)},
        {"numbers": collections.deque([1, 2]), "words": {"a"}, "ratio": decimal.Decimal("0.5")},
        {"raw": base64.b64encode(b"\0\xff"), "cs": [{"name": "x"}, {}]},
        {"params": {}, "table": []},
        types.MappingProxyType({"c": types.MappingProxyType({"name": "x"})}),
    ],
)
def test_what_thriftpy2_takes_is_taken_as_it_does(fields: dict[str, Any]) -> None:
    obj = module.P()
    assert ours.struct_to_obj(fields, obj) is obj
    assert flatten(obj) == flatten(theirs.struct_to_obj(fields, their_module.P()))


@pytest.mark.difference("json-given")
def test_none_keeps_the_default() -> None:
    assert ours.struct_to_obj({"kept": None, "a": None}, module.P()) == module.P()


def test_a_uuid_may_be_one() -> None:
    one = uuid.uuid4()
    assert ours.struct_to_obj({"u": one}, of_uuid.U()).u == one
    assert ours.struct_to_obj({"u": str(one)}, of_uuid.U()).u == one


@pytest.mark.difference("json-given")
def test_the_other_functions_are_as_strict() -> None:
    assert ours.map_to_obj({"1": "a"}, (TType.I32, TType.STRING)) == {1: "a"}
    with pytest.raises(TMistypedDataException, match=r"found 1\.5 \(in \[1\]\.a\)"):
        ours.list_to_obj([{}, {"a": 1.5}], (TType.STRUCT, module.P))
    with pytest.raises(TMistypedDataException, match=r"\(in numbers\[0\]\)"):
        ours.obj_value(TType.STRUCT, {"numbers": ["x"]}, module.P)


def test_what_was_read_from_a_message_loses_the_field_as_before() -> None:
    payload = b'{"params": {"a": "b"}, "cs": [{"name": []}, {"name": "x"}], "a": 12.7, "e": "A"}'
    text = b'{"metadata": {"version": 1}, "payload": ' + payload + b"}"
    proto = TJSONProtocol(TMemoryBuffer(len(text).to_bytes(4, "big") + text))
    assert proto.read_struct(module.P()) == module.P(cs=[module.C(), module.C("x")])
