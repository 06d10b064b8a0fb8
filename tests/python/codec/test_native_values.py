"""Ints, strings and calls that are made natively are the same as Python's own."""

from __future__ import annotations

import inspect
import itertools
import pickle
import sys
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.utils import deserialize, serialize

IDL = """
struct Values {
    1: i64 number,
    2: string text,
    3: list<i64> numbers,
    4: list<string> texts,
    5: map<string, i64> table,
}
"""

# Python keeps ints in digits of 30 bits.
NUMBERS = sorted(
    {
        sign * (2**bits + near)
        for bits in (0, 8, 15, 29, 30, 31, 32, 59, 60, 61, 62)
        for near in (-1, 0, 1)
        for sign in (-1, 1)
    }
    | {-(2**63), 2**63 - 1, -5, -6, 256, 257}
)

# The first and last characters that take one, two, three and four bytes, and those from which on
# Python keeps one, two and four bytes for each.
EDGES = "a\0\x7f\x80\xbf\xff\u0100\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
TEXTS = [
    *("".join(chars) for size in (1, 2, 3) for chars in itertools.product(EDGES, repeat=size)),
    *(edge.join(["x" * length] * 2) for edge in EDGES for length in (1, 7, 8, 15, 16, 17, 300)),
]


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = Path(tmp_path_factory.mktemp("idl"), "values.thrift")
    path.write_text(IDL)
    return fastthrift.load(str(path)).Values


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_ints_of_every_width(values: Any, protocol: str) -> None:
    message = fastthrift.encode(values(numbers=NUMBERS), protocol)
    decoded = fastthrift.decode(values, message, protocol).numbers
    assert decoded == NUMBERS
    for number, expected in zip(decoded, NUMBERS, strict=True):
        assert (hash(number), sys.getsizeof(number)) == (hash(expected), sys.getsizeof(expected))
        assert number + 1 - 1 == expected
        assert fastthrift.encode(values(number=number), protocol) == fastthrift.encode(
            values(number=expected), protocol
        )


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_strings_of_every_width(values: Any, protocol: str) -> None:
    message = fastthrift.encode(values(texts=TEXTS), protocol)
    decoded = fastthrift.decode(values, message, protocol).texts
    assert decoded == TEXTS
    for text, written in zip(decoded, TEXTS, strict=True):
        # One that Python has decoded itself, and that does not keep its UTF-8 yet.
        expected = written.encode().decode()
        assert (hash(text), text.isascii()) == (hash(expected), expected.isascii())
        assert sys.getsizeof(text) == sys.getsizeof(expected)


def test_a_character_that_is_not_ascii_is_seen_wherever_it_is(values: Any) -> None:
    """Whether there is one is asked of many bytes at once."""
    for length in (*range(1, 70), 95, 96, 127, 128, 129):
        texts = ["x" * place + "é" + "x" * (length - 1 - place) for place in range(length)]
        written = values(texts=["x" * length, *texts])
        decoded = fastthrift.decode(values, fastthrift.encode(written)).texts
        assert decoded == written.texts
        assert [text.isascii() for text in decoded] == [True] + [False] * length


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_keys_of_earlier_messages(values: Any, protocol: str) -> None:
    """Keys are remembered: that shows in nothing but their identity."""
    tables = [
        {text: index for index, text in enumerate(TEXTS[start : start + 50])}
        for start in range(0, len(TEXTS), 50)
    ]
    for table in tables + tables[::-1]:
        message = fastthrift.encode(values(table=table), protocol)
        decoded = fastthrift.decode(values, message, protocol).table
        assert decoded == table
        assert list(decoded) == list(table)


def test_functions_take_their_arguments_in_every_form(values: Any) -> None:
    value = values(number=7, text="seven")
    for name, factory in (("binary", TBinaryProtocolFactory), ("compact", TCompactProtocolFactory)):
        message = fastthrift.encode(value, name)
        assert message == fastthrift.encode(obj=value, protocol=name)
        assert message == fastthrift.encode(value, protocol=factory())
        assert message == serialize(value, factory())
        assert message == serialize(thrift_object=value, proto_factory=factory())
        assert value == fastthrift.decode(values, message, name)
        assert value == fastthrift.decode(cls=values, buffer=bytearray(message), protocol=name)
        assert value == deserialize(values(), message, factory())
        assert value == deserialize(thrift_object=values(), buf=message, proto_factory=factory())
    assert fastthrift.encode(value) == fastthrift.encode(value, None) == serialize(value, None)


@pytest.mark.parametrize("function", [serialize, deserialize, fastthrift.encode, fastthrift.decode])
def test_functions_refuse_other_arguments(function: Any) -> None:
    for call in (
        lambda: function(),
        lambda: function(1, 2, 3, 4),
        lambda: function(nonsense=1),
    ):
        with pytest.raises(TypeError, match=function.__name__):
            call()
    assert pickle.loads(pickle.dumps(function)) is function
    parameters = inspect.signature(function).parameters.values()
    by_position = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert len(by_position) in (2, 3)


def test_classes_take_their_arguments_in_every_form(values: Any) -> None:
    expected = {"number": 1, "text": "a", "numbers": None, "texts": None, "table": None}
    for made in (
        values(1, "a"),
        values(1, text="a"),
        values(text="a", number=1),
        values(*[1, "a"]),
        values(**{"number": 1, "text": "a"}),
    ):
        assert vars(made) == expected
    with pytest.raises(TypeError, match="at most 5 arguments"):
        values(*range(6))
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        values(nonsense=1)
    with pytest.raises(TypeError, match="multiple values for argument 'number'"):
        values(1, number=1)


def test_a_class_that_gets_its_own_construction(values: Any) -> None:
    class Own(values):  # type: ignore[misc]
        def __init__(self, seven: int = 7) -> None:
            super().__init__(number=seven)

    assert Own().number == 7
    assert Own(seven=8).number == 8
    decoded = fastthrift.decode(Own, fastthrift.encode(values(text="a")))
    assert type(decoded) is Own
    # What the message does not have is what the class has made of it.
    assert (decoded.number, decoded.text) == (7, "a")
