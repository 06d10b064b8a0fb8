"""Arguments from plain data and from words, answers as plain data and as text."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import fastthrift
import pytest
from fastthrift import _plain as plain

IDL = """
enum Status { NEW = 1, SENT = 2 }
struct Item { 1: required string name, 2: double price = 1.5 }
exception Bad { 1: string why, 2: i32 code }
service Base { void ping() }
service Shop extends Base {
    i32 add(1: i32 a, 2: i32 b = 3),
    list<Item> items(1: map<string, Status> all, 2: Item item, 3: set<binary> seals)
        throws (1: Bad bad),
    oneway void note(1: string line),
    Status mix(1: Status status, 2: bool yes, 3: double price, 4: uuid id, 5: binary seal),
}
"""
module = fastthrift.load_fp(io.StringIO(IDL), "plain_arguments_thrift")
Shop = module.Shop
ID = "6a1b2c3d-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("ping", "ping() -> void"),
        ("add", "add(1: i32 a, 2: i32 b = 3) -> i32"),
        (
            "items",
            "items(1: map<string, Status> all, 2: Item item, 3: set<binary> seals) -> list<Item> "
            "throws Bad",
        ),
        ("note", "note(1: string line) -> oneway"),
        (
            "mix",
            "mix(1: Status status, 2: bool yes, 3: double price, 4: uuid id, 5: binary seal)"
            " -> Status",
        ),
    ],
)
def test_a_signature_says_what_the_idl_says(method: str, expected: str) -> None:
    assert plain.signature(Shop, method) == expected


@pytest.mark.parametrize(
    ("method", "words", "expected"),
    [
        ("ping", [], {}),
        ("add", ["40", "2"], {"a": 40, "b": 2}),
        ("add", ["40"], {"a": 40, "b": 3}),
        ("add", ["b=-2", "a=0x28"], {"a": 40, "b": -2}),
        ("note", ["a line"], {"line": "a line"}),
        ("note", ["key=value"], {"line": "key=value"}),
        ("note", ["line=line=1"], {"line": "line=1"}),
        ("note", ["null"], {"line": "null"}),
        (
            "mix",
            ["SENT", "true", "1e3", ID, "aGk="],
            {"status": 2, "yes": True, "price": 1000.0, "id": uuid.UUID(ID), "seal": b"hi"},
        ),
        (
            "mix",
            ["1", "False", "2", ID, "aGk="],
            {"status": 1, "yes": False, "price": 2.0, "id": uuid.UUID(ID), "seal": b"hi"},
        ),
        (
            "items",
            ['{"a": "NEW", "b": 2}', '{"name": "tea"}', '["aGk="]'],
            {"all": {"a": 1, "b": 2}, "item": module.Item("tea", 1.5), "seals": {b"hi"}},
        ),
        ("items", ["{}", "null", "[]"], {"all": {}, "item": None, "seals": set()}),
    ],
)
def test_words_are_arguments(method: str, words: list[str], expected: dict[str, Any]) -> None:
    found = plain.arguments_of_words(Shop, method, words)
    if "seals" in found:
        found["seals"] = set(found["seals"])
    assert found == expected
    spec = getattr(Shop, f"{method}_args").thrift_spec
    assert list(found) == [field[1] for field in spec.values()]


@pytest.mark.parametrize(
    ("method", "words", "text"),
    [
        ("ad", [], "Shop has no method 'ad' (did you mean 'add'?); its methods are: add, items,"),
        ("add", [], "add() lacks a; it is add(1: i32 a, 2: i32 b = 3) -> i32"),
        ("items", ["{}"], "items() lacks item, seals; it is items("),
        ("add", ["1", "2", "3"], "add(): the value '3' is one too many; it is add("),
        ("add", ["a=1", "a=2"], "add() has a twice"),
        ("items", ["all={}", "seals=[]", "{}"], "items() has seals twice"),
        ("add", ["one"], "add(): a: expected an integer, found 'one'"),
        ("add", ["8589934592"], "add(): a: expected an integer of 32 bits, found 8589934592"),
        ("add", ["c=1"], "add() has no argument 'c'; it is add("),
        ("note", ["lin=1"], "note() has no argument 'lin' (did you mean 'line'?)"),
        ("mix", ["OLD", "true", "1", ID, ""], "mix(): status: expected the name or number of an"),
        ("mix", ["NEW", "yes", "1", ID, ""], "mix(): yes: expected true or false, found 'yes'"),
        ("mix", ["NEW", "true", "x", ID, ""], "mix(): price: expected a number, found 'x'"),
        ("mix", ["NEW", "true", "1", "x", ""], "mix(): id: expected"),
        ("items", ["{}", '{"nam": 1}', "[]"], "items(): item.nam: unknown field, expected one of"),
        ("items", ["{", "{}", "[]"], "items(): all: expected map<string, Status> as JSON: "),
    ],
)
def test_wrong_words_are_named_with_what_is_expected(
    method: str, words: list[str], text: str
) -> None:
    with pytest.raises((plain.WrongArguments, plain.UnknownMethod)) as caught:
        plain.arguments_of_words(Shop, method, words)
    assert str(caught.value).startswith(text)
    assert "unknown=" not in str(caught.value)


def test_a_mapping_is_arguments_in_the_order_of_the_idl() -> None:
    found = plain.arguments_from(Shop, "add", {"b": 4, "a": 1})
    assert list(found.items()) == [("a", 1), ("b", 4)]
    assert plain.arguments_from(Shop, "add", {"b": None, "a": 1}) == {"a": 1, "b": None}
    assert plain.arguments_from(Shop, "add", {"a": 1}) == {"a": 1, "b": 3}


def test_arguments_have_the_names_of_the_idl_where_python_has_others() -> None:
    words = fastthrift.load_fp(
        io.StringIO("service Words { i32 class(2: i32 from, 1: i32 in = 3, 3: i32 is_) }"),
        "plain_keywords_thrift",
    ).Words
    assert plain.signature(words, "class") == "class(2: i32 from, 1: i32 in = 3, 3: i32 is_) -> i32"
    expected = [("from_", 1), ("in_", 2), ("is_", 3)]
    assert list(plain.arguments_of_words(words, "class", ["1", "2", "3"]).items()) == expected
    given = ["in=2", "is_=3", "from=1"]
    assert list(plain.arguments_of_words(words, "class", given).items()) == expected
    assert plain.arguments_from(words, "class", {"from": 1, "is_": 3})["in_"] == 3
    with pytest.raises(plain.WrongArguments, match=r"no argument 'from_' \(did you mean 'from'\?"):
        plain.arguments_from(words, "class", {"from_": 1})


def test_answers_are_plain_data_and_text() -> None:
    items = [module.Item("tea", 2.5)]
    assert plain.result_to_plain(Shop, "items", items) == [{"name": "tea", "price": 2.5}]
    assert plain.result_to_plain(Shop, "mix", 2) == "SENT"
    assert plain.result_to_plain(Shop, "ping", None) is None
    assert plain.text_of_result(Shop, "add", 42) == "42"
    assert plain.text_of_result(Shop, "mix", 2) == "SENT"
    assert plain.text_of_result(Shop, "ping", None) == ""
    assert '"name": "tea"' in plain.text_of_result(Shop, "items", items)


def test_what_is_no_number_of_json_is_text_in_json_and_itself_alone() -> None:
    nan, infinite = float("nan"), float("inf")
    items = [module.Item("tea", nan), module.Item("ale", -infinite)]
    told = plain.json_text(plain.result_to_plain(Shop, "items", items))
    assert [each["price"] for each in json.loads(told)] == ["NaN", "-Infinity"]
    number = fastthrift.load_fp(io.StringIO("service N { double n() }"), "plain_numbers_thrift").N
    assert plain.text_of_result(number, "n", nan) == "NaN"
    assert plain.text_of_result(number, "n", 1.5) == "1.5"


def test_declared_errors_are_plain_data_and_text() -> None:
    error = module.Bad("näh", 3)
    assert plain.error_to_plain(error) == {"type": "Bad", "fields": {"why": "näh", "code": 3}}
    assert plain.text_of_error(error) == 'Bad: why="näh", code=3'
    assert plain.text_of_error(module.Bad()) == "Bad"


def test_a_result_of_another_type_is_refused() -> None:
    with pytest.raises(fastthrift.thrift.TException, match="I32"):
        plain.result_to_plain(Shop, "add", "text")
