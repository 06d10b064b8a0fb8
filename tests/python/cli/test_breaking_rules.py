"""``fastthrift breaking``: each rule with what really happens between the two sides.

A message of the old side is read by the new one, and the reverse; calls go over sockets. What the
rules allow is held to the same: nothing is found, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
import thriftpy2
import thriftpy2.rpc
from fastthrift import _core
from fastthrift.protocol.exc import TInvalidStructException
from fastthrift.rpc import client_context
from fastthrift.testing import serve
from fastthrift.thrift import TApplicationException, TMultiplexedProcessor, TProcessor
from fastthrift.transport.base import TTransportTimeout
from fastthrift.urls import parse
from support.apache_compiled import generate
from support.breaking import NUMBERS, PROTOCOLS, category, load, rules, sent
from support.rpc import make_server, serving

# (rule, old, new, what the old side sends, what the new has of it; and the reverse)
MESSAGES: list[tuple[str, str, str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]]
MESSAGES = [
    ("FIELD_ID_CHANGED", "1: i32 a", "2: i32 a", {"a": 1}, {}, {"a": 1}, {}),
    (
        "FIELD_ID_CHANGED",
        "1: i32 a, 2: i32 b",
        "2: i32 a, 1: i32 b",
        {"a": 1},
        {"b": 1},
        {"b": 2},
        {"a": 2},
    ),
    (
        "FIELD_REMOVED",
        "1: i32 a, 2: i32 b",
        "1: i32 a",
        {"a": 1, "b": 2},
        {"a": 1},
        {"a": 1},
        {"a": 1},
    ),
    ("FIELD_TYPE_CHANGED", "1: i32 a", "1: string a", {"a": 1}, {}, {"a": "x"}, {}),
    ("FIELD_TYPE_CHANGED", "1: i32 a", "1: i64 a", {"a": 1}, {}, {"a": 1}, {}),
    (
        "FIELD_TYPE_CHANGED",
        "1: set<i32> a",
        "1: map<i32, i32> a",
        {"a": {1}},
        {},
        {"a": {1: 2}},
        {},
    ),
    ("FIELD_TYPE_CHANGED", "1: string a", "1: uuid a", {"a": "x"}, {}, {}, {}),
    (
        "FIELD_DEFAULT_CHANGED",
        "1: optional i32 a = 1",
        "1: optional i32 a = 2",
        {"a": None},
        {"a": 2},
        {"a": None},
        {"a": 1},
    ),
    ("FIELD_DEFAULT_CHANGED", "1: i32 a", "1: i32 a = 3", {}, {"a": 3}, {"a": None}, {}),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", MESSAGES, ids=lambda case: f"{case[0]} {case[1]}, {case[2]}")
def test_a_message_is_misread_or_loses_something(case: Any, protocol: str) -> None:
    rule, *fields, old_sends, new_has, new_sends, old_has = case
    old_text, new_text = (f"struct S {{ {each} }}" for each in fields)
    assert set(rules(old_text, new_text)) == {rule}
    assert category(rule) == "WIRE"
    old, new = load(old_text), load(new_text)
    assert sent(old, new, protocol, **old_sends) == new_has
    assert sent(new, old, protocol, **new_sends) == old_has


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_elements_of_another_type_are_not_what_was_sent(protocol: str) -> None:
    old_text, new_text = "struct S { 1: list<i32> a }", "struct S { 1: list<string> a }"
    assert rules(old_text, new_text) == ["FIELD_TYPE_CHANGED"]
    old, new = load(old_text), load(new_text)
    for writer, reader, values in ((old, new, [1, 2]), (new, old, ["x"])):
        message = fastthrift.encode(writer.S(a=values), PROTOCOLS[protocol])
        assert fastthrift.decode(reader.S, message, PROTOCOLS[protocol]).a in (None, [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("before", "after", "old_sends", "new_sends"),
    [
        ("typedef i32 Id", "typedef string Id", 1, "x"),
        ("typedef i32 Id", "typedef i64 Id", 1, 1),
        ("typedef list<i32> Id", "typedef set<i32> Id", [1], {1}),
        ("typedef i32 Id", "struct Id {}", 1, None),
    ],
)
def test_fields_of_a_typedef_are_in_files_that_are_not_compared(
    before: str, after: str, old_sends: Any, new_sends: Any, protocol: str
) -> None:
    assert rules(before, after) == ["TYPEDEF_CHANGED"]
    assert category("TYPEDEF_CHANGED") == "WIRE"
    old, new = (load(f"{shared} struct S {{ 1: Id a }}") for shared in (before, after))
    assert sent(old, new, protocol, a=old_sends) == {}
    if new_sends is None:
        new_sends = new.Id()
    assert sent(new, old, protocol, a=new_sends) == {}


def test_a_typedef_of_text_that_is_one_of_bytes() -> None:
    before, after = "typedef string Id", "typedef binary Id"
    assert rules(before, after) == rules(after, before) == ["TYPEDEF_CHANGED"]
    old, new = (load(f"{shared} struct S {{ 1: Id a }}") for shared in (before, after))
    assert sent(old, new, "binary", a="x") == {"a": b"x"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_typedef_of_another_struct_is_compared_as_that(protocol: str) -> None:
    text = "struct A {{ 1: i32 x }} struct B {{ 1: {} x }} typedef {} Id"
    before, after = text.format("i64", "A"), text.format("i64", "B")
    assert rules(before, after) == ["TYPE_NAME_CHANGED", "FIELD_TYPE_CHANGED"]
    old, new = (load(f"{shared} struct S {{ 1: Id a }}") for shared in (before, after))
    assert sent(old, new, protocol, a=old.A(x=1)) == {"a": {}}
    assert rules(text.format("i32", "A"), text.format("i32", "B")) == ["TYPE_NAME_CHANGED"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_that_are_no_text(protocol: str) -> None:
    old_text, new_text = "struct S { 1: string a }", "struct S { 1: binary a }"
    assert rules(old_text, new_text) == ["FIELD_BINARY_CHANGED"]
    assert rules(new_text, old_text) == ["FIELD_BINARY_CHANGED"]
    old, new = load(old_text), load(new_text)
    assert sent(old, new, protocol, a="é") == {"a": "é".encode()}
    # Where a program expects text it is given bytes.
    message = fastthrift.encode(new.S(a=b"\xff"), PROTOCOLS[protocol])
    assert fastthrift.decode(old.S, message, PROTOCOLS[protocol]).a == b"\xff"


REQUIRED = [
    ("REQUIRED_FIELD_ADDED", "1: i32 a", "1: i32 a, 2: required i32 b", "new"),
    ("REQUIRED_FIELD_REMOVED", "1: i32 a, 2: required i32 b", "1: i32 a", "old"),
    ("FIELD_MADE_REQUIRED", "1: i32 a, 2: i32 b", "1: i32 a, 2: required i32 b", "new"),
    (
        "FIELD_NO_LONGER_REQUIRED",
        "1: i32 a, 2: required i32 b",
        "1: i32 a, 2: optional i32 b",
        "old",
    ),
]


@pytest.mark.parametrize(("rule", "old", "new", "refuses"), REQUIRED, ids=lambda each: str(each))
def test_a_message_without_a_required_field_is_refused(
    rule: str, old: str, new: str, refuses: str, tmp_path: Path
) -> None:
    """By Apache's generated code, for required fields are not looked for here."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.protocol.TProtocol import TProtocolException
    from thrift.transport.TTransport import TMemoryBuffer

    texts = {"old": f"struct S {{ {old} }}", "new": f"struct S {{ {new} }}"}
    assert rules(texts["old"], texts["new"]) == [rule]
    assert category(rule) == "WIRE"
    other = "old" if refuses == "new" else "new"
    generated = {
        side: generate(texts[side], f"breaking_required_{next(NUMBERS)}", tmp_path)["ttypes"]
        for side in texts
    }

    def read(side: str, message: bytes) -> Any:
        received = generated[side].S()
        received.read(TBinaryProtocol(TMemoryBuffer(message)))
        received.validate()
        return received

    without = fastthrift.encode(load(texts[other]).S(a=1))
    with pytest.raises(TProtocolException, match="Required field b is unset"):
        read(refuses, without)
    # The other direction works, and so does a message that has all.
    complete = load(texts[refuses]).S(a=1, b=2)
    assert read(other, fastthrift.encode(complete)).a == 1
    assert read(refuses, fastthrift.encode(complete)).b == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_field_that_a_union_did_not_have_is_all_that_it_holds(protocol: str) -> None:
    text = "union U {{ 1: i32 a{} }} struct S {{ 1: i32 id, 2: U one, 3: list<U> many }}"
    old_text, new_text = text.format(""), text.format(", 2: string b")
    assert rules(old_text, new_text) == ["UNION_FIELD_ADDED"]
    assert rules(new_text, old_text) == ["FIELD_REMOVED"]
    assert category("UNION_FIELD_ADDED") == "WIRE"
    old, new, strict = load(old_text), load(new_text), load(old_text, strict=True)
    fields = {"id": 1, "one": new.U(b="x"), "many": [new.U(a=1), new.U(b="y")]}
    message = fastthrift.encode(new.S(**fields), PROTOCOLS[protocol])
    # To readers that are not strict it is a union of nothing.
    found = fastthrift.decode(old.S, message, PROTOCOLS[protocol])
    assert (found.id, found.one, found.many) == (1, old.U(), [old.U(a=1), old.U()])
    with pytest.raises(TInvalidStructException) as refused:
        fastthrift.decode(strict.S, message, PROTOCOLS[protocol])
    assert [path for path, _ in refused.value.problems] == ["one", "many[1]"]
    # Nothing else is lost.
    for writer, reader in ((old, load(new_text, strict=True)), (new, strict)):
        value = {"id": 1, "one": writer.U(a=1), "many": []}
        assert sent(writer, reader, protocol, **value) == {**value, "one": {"a": 1}}


def test_a_union_holds_one_field_and_a_struct_any_number() -> None:
    old_text, new_text = (f"{kind} S {{ 1: i32 a, 2: i32 b }}" for kind in ("struct", "union"))
    assert rules(old_text, new_text) == ["UNION_CHANGED"]
    assert rules(new_text, old_text) == ["UNION_CHANGED"]
    assert category("UNION_CHANGED") == "WIRE"
    old, new = load(old_text), load(new_text)
    with pytest.raises(fastthrift.thrift.TException, match="exactly one field"):
        sent(old, new, "binary", a=1, b=2)
    assert sent(new, old, "binary", a=1) == {"a": 1}


ENUM = "enum E {{ {} }} struct S {{ 1: E e }}"


def named(writer: Any, reader: Any, value: int) -> Any:
    received = fastthrift.decode(reader.S, fastthrift.encode(writer.S(e=value)))
    return fastthrift.to_dict(received, enums="name")["e"]


def test_a_value_of_an_enum_means_another_item() -> None:
    old_text, new_text = ENUM.format("RED = 1, BLUE = 2"), ENUM.format("RED = 2, BLUE = 1")
    assert rules(old_text, new_text) == ["ENUM_VALUE_CHANGED"] * 2
    assert category("ENUM_VALUE_CHANGED") == "WIRE"
    old, new = load(old_text), load(new_text)
    assert named(old, new, old.E.RED) == "BLUE"
    assert named(new, old, new.E.RED) == "BLUE"


def test_a_value_of_an_enum_has_no_name_any_more() -> None:
    old_text, new_text = ENUM.format("RED = 1, BLUE = 2"), ENUM.format("RED = 1")
    assert rules(old_text, new_text) == ["ENUM_ITEM_REMOVED"]
    assert category("ENUM_ITEM_REMOVED") == "WIRE"
    old, new = load(old_text), load(new_text)
    assert named(old, new, old.E.BLUE) == 2
    with pytest.raises(fastthrift.thrift.TException, match="BLUE"):
        fastthrift.from_json(new.S, fastthrift.to_json(old.S(e=2), enums="name"))
    assert named(new, old, new.E.RED) == "RED"


# --- calls ---


class Handler:
    """Answers every method with what the test gives it, and keeps the arguments."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.given: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def method(*arguments: Any) -> Any:
            self.given.append(arguments)
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

        return method


@contextlib.contextmanager
def calling(client: Any, server: Any, handler: Any) -> Iterator[Any]:
    """A client of one side, connected to a server of the other."""
    with serve(server, handler) as url:
        port = parse(url).port
        with client_context(client, "127.0.0.1", port, socket_timeout=120_000) as connected:
            yield connected


def missing(error: pytest.ExceptionInfo[TApplicationException]) -> bool:
    return error.value.type == TApplicationException.MISSING_RESULT


def unknown(error: pytest.ExceptionInfo[TApplicationException]) -> bool:
    return error.value.type == TApplicationException.UNKNOWN_METHOD


def test_a_method_that_is_gone_is_unknown() -> None:
    old_text, new_text = "service T { i32 a(), i32 b() }", "service T { i32 a() }"
    assert rules(old_text, new_text) == ["METHOD_REMOVED"]
    assert category("METHOD_REMOVED") == "WIRE"
    old, new = load(old_text), load(new_text)
    with calling(old.T, new.T, Handler(1)) as client:
        assert client.a() == 1
        with pytest.raises(TApplicationException) as error:
            client.b()
        assert unknown(error)
    with calling(new.T, old.T, Handler(1)) as client:
        assert client.a() == 1


def test_a_service_that_is_gone_is_unknown() -> None:
    old_text, new_text = "service T { i32 a() } service U { i32 b() }", "service U { i32 b() }"
    assert rules(old_text, new_text) == ["SERVICE_REMOVED"]
    assert category("SERVICE_REMOVED") == "WIRE"
    old, new = load(old_text), load(new_text)
    with calling(old.T, new.U, Handler(1)) as client:
        with pytest.raises(TApplicationException) as error:
            client.a()
        assert unknown(error)
    with calling(new.U, old.U, Handler(1)) as client:
        assert client.b() == 1


def test_one_side_waits_for_an_answer_and_the_other_does_not_send_it() -> None:
    old_text, new_text = "service T { void a() }", "service T { oneway void a() }"
    assert rules(old_text, new_text) == ["METHOD_ONEWAY_CHANGED"]
    assert rules(new_text, old_text) == ["METHOD_ONEWAY_CHANGED"]
    assert category("METHOD_ONEWAY_CHANGED") == "WIRE"
    waits, does_not = load(old_text), load(new_text)
    with serve(does_not.T, Handler()) as url:
        port = parse(url).port
        with (
            client_context(waits.T, "127.0.0.1", port, socket_timeout=300) as client,
            pytest.raises(TTransportTimeout),
        ):
            client.a()
    # The answer that nobody reads is taken for that of the next call.
    more = load("service T { oneway void a(), i32 b() }")
    both = load("service T { void a(), i32 b() }")
    with calling(more.T, both.T, Handler(1)) as client:
        client.a()
        with pytest.raises(fastthrift.thrift.TException):
            client.b()


@pytest.mark.parametrize(
    ("before", "after", "old_answers", "new_answers"),
    [("i32", "string", 1, "x"), ("list<i32>", "i32", [1], 1), ("i32", "i64", 1, 1)],
)
def test_a_result_of_another_type_is_missing(
    before: str, after: str, old_answers: Any, new_answers: Any
) -> None:
    old_text, new_text = (f"service T {{ {each} a() }}" for each in (before, after))
    assert rules(old_text, new_text) == ["METHOD_RESULT_CHANGED"]
    assert category("METHOD_RESULT_CHANGED") == "WIRE"
    old, new = load(old_text), load(new_text)
    for client_of, server_of, answer in ((old, new, new_answers), (new, old, old_answers)):
        with (
            calling(client_of.T, server_of.T, Handler(answer)) as client,
            pytest.raises(TApplicationException) as error,
        ):
            client.a()
        assert missing(error)


def test_a_void_method_has_no_result_for_who_expects_one() -> None:
    old_text, new_text = "service T { void a() }", "service T { i32 a() }"
    assert rules(old_text, new_text) == ["METHOD_RESULT_CHANGED"]
    old, new = load(old_text), load(new_text)
    with calling(new.T, old.T, Handler()) as client:
        with pytest.raises(TApplicationException) as error:
            client.a()
        assert missing(error)
    with calling(old.T, new.T, Handler(1)) as client:
        assert client.a() is None


EXCEPTIONS = "exception X {{ 1: string why }} service T {{ i32 a(){0}, void b(){0} }}"


def test_an_exception_that_one_side_does_not_know_is_a_missing_result_or_success() -> None:
    with_it, without = EXCEPTIONS.format(" throws (1: X x)"), EXCEPTIONS.format("")
    assert rules(with_it, without) == ["EXCEPTION_REMOVED"] * 2
    assert rules(without, with_it) == ["EXCEPTION_ADDED"] * 2
    assert category("EXCEPTION_REMOVED") == category("EXCEPTION_ADDED") == "WIRE"
    throws, does_not = load(with_it), load(without)
    with calling(does_not.T, throws.T, Handler(throws.X(why="full"))) as client:
        with pytest.raises(TApplicationException) as error:
            client.a()
        assert missing(error)
        with pytest.raises(TApplicationException) as error:
            client.b()
        assert missing(error)
    with calling(throws.T, does_not.T, Handler(1)) as client:
        assert client.a() == 1


def test_to_clients_of_thriftpy2_a_void_method_with_an_unknown_exception_has_succeeded() -> None:
    throws = load(EXCEPTIONS.format(" throws (1: X x)"))
    name = f"breaking_{next(NUMBERS)}_thrift"
    theirs = thriftpy2.load_fp(io.StringIO(EXCEPTIONS.format("")), name)
    with serve(throws.T, Handler(throws.X(why="full"))) as url:
        client = thriftpy2.rpc.make_client(theirs.T, "127.0.0.1", parse(url).port, timeout=120_000)
        with contextlib.closing(client):
            assert client.b() is None


@pytest.mark.parametrize(
    ("rule", "before", "after", "given"),
    [
        ("FIELD_ID_CHANGED", "1: i32 x", "2: i32 x", [(None,), (None,)]),
        ("FIELD_TYPE_CHANGED", "1: i32 x", "1: i64 x", [(None,), (None,)]),
        ("FIELD_REMOVED", "1: i32 x", "", [(), (None,)]),
    ],
)
def test_arguments_are_fields(rule: str, before: str, after: str, given: Any) -> None:
    old_text, new_text = (f"service T {{ void a({each}) }}" for each in (before, after))
    assert rules(old_text, new_text) == [rule]
    old, new = load(old_text), load(new_text)
    seen = []
    for client_of, server_of, arguments in ((old, new, (1,)), (new, old, (1,) if after else ())):
        handler = Handler()
        with calling(client_of.T, server_of.T, handler) as client:
            client.a(*arguments)
        seen += handler.given
    assert seen == given


# --- what only source code notices ---


def same_bytes(old: Any, new: Any, old_fields: dict[str, Any], new_fields: dict[str, Any]) -> None:
    for protocol in PROTOCOLS.values():
        message = fastthrift.encode(fastthrift.from_dict(old.S, old_fields), protocol)
        assert message == fastthrift.encode(fastthrift.from_dict(new.S, new_fields), protocol)
        assert fastthrift.to_dict(fastthrift.decode(new.S, message, protocol)) == new_fields
        assert fastthrift.to_dict(fastthrift.decode(old.S, message, protocol)) == old_fields


@pytest.mark.parametrize(
    ("found", "before", "after", "old_fields", "new_fields"),
    [
        (["FIELD_RENAMED"], "struct S { 1: i32 a }", "struct S { 1: i32 b }", {"a": 1}, {"b": 1}),
        (
            ["TYPE_REMOVED", "TYPE_NAME_CHANGED"],
            "struct A { 1: i32 x } struct S { 1: list<A> a }",
            "struct B { 1: i32 x } struct S { 1: list<B> a }",
            {"a": [{"x": 1}]},
            {"a": [{"x": 1}]},
        ),
        (
            ["TYPE_NAME_CHANGED"],
            "enum E { RED = 1 } struct S { 1: E a }",
            "enum E { RED = 1 } struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["ENUM_ITEM_RENAMED"],
            "enum E { RED = 1 } struct S { 1: E a }",
            "enum E { ROUGE = 1 } struct S { 1: E a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["TYPE_KIND_CHANGED"],
            "struct S { 1: i32 a }",
            "exception S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["TYPE_KIND_CHANGED"],
            "enum E { A = 1 } struct S { 1: i32 a }",
            "struct E {} struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["TYPE_KIND_CHANGED"],
            "struct E {} struct S { 1: i32 a }",
            "enum E { A = 1 } struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["TYPE_KIND_CHANGED"],
            "enum E { A = 1 } struct S { 1: i32 a }",
            "typedef i32 E struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["TYPE_REMOVED"],
            "typedef i32 Id struct S { 1: Id a }",
            "struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["CONST_REMOVED", "CONST_CHANGED"],
            "const i32 A = 1 const i32 B = 1 struct S { 1: i32 a }",
            "const i32 B = 2 struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["NAMESPACE_CHANGED"],
            "namespace py old struct S { 1: i32 a }",
            "namespace py fresh struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["NAMESPACE_CHANGED"],
            "struct S { 1: i32 a }",
            "namespace java com.x struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["NAMESPACE_CHANGED"],
            "namespace java com.x struct S { 1: i32 a }",
            "struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        (
            ["NAMESPACE_CHANGED"],
            "namespace * old struct S { 1: i32 a }",
            "namespace * old namespace py fresh struct S { 1: i32 a }",
            {"a": 1},
            {"a": 1},
        ),
        *(
            (
                ["CONST_TYPE_CHANGED"],
                f"enum E {{ A = 1 }} const {was} C = {before} struct S {{ 1: i32 a }}",
                f"enum E {{ A = 1 }} const {now} C = {after} struct S {{ 1: i32 a }}",
                {"a": 1},
                {"a": 1},
            )
            for was, before, now, after in (
                ("i32", "1", "i64", "1"),
                ("i32", "1", "double", "1"),
                ("E", "E.A", "i32", "1"),
                ("string", "'x'", "binary", "'x'"),
            )
        ),
    ],
    ids=lambda each: "+".join(each) if isinstance(each, list) else "",
)
def test_the_wire_does_not_care(
    found: list[str],
    before: str,
    after: str,
    old_fields: dict[str, Any],
    new_fields: dict[str, Any],
) -> None:
    assert rules(before, after) == found
    assert {category(rule) for rule in found} == {"SOURCE"}
    same_bytes(load(before), load(after), old_fields, new_fields)


def test_the_wire_compares_what_a_renamed_struct_holds() -> None:
    before = "struct A { 1: i32 x } struct S { 1: map<string, A> a }"
    after = "struct B { 1: i64 x } struct S { 1: map<string, B> a }"
    assert rules(before, after) == ["TYPE_REMOVED", "TYPE_NAME_CHANGED", "FIELD_TYPE_CHANGED"]
    old, new = load(before), load(after)
    assert sent(old, new, "binary", a={"k": old.A(x=1)}) == {"a": {"k": {}}}
    assert sent(new, old, "binary", a={"k": new.B(x=1)}) == {"a": {"k": {}}}


def test_a_service_of_another_name_is_noticed_where_services_are_multiplexed() -> None:
    old_text, new_text = "service T { i32 a() }", "service U { i32 a(), i32 b() }"
    assert rules(old_text, new_text) == ["SERVICE_RENAMED"]
    assert category("SERVICE_RENAMED") == "SOURCE"
    old, new = load(old_text), load(new_text)
    for client_of, server_of in ((old.T, new.U), (new.U, old.T)):
        with calling(client_of, server_of, Handler(1)) as client:
            assert client.a() == 1
    processor = TMultiplexedProcessor()
    processor.register_processor("U", TProcessor(new.U, Handler(1)))
    with serving(make_server(processor=processor)) as port:
        url = f"tcp://127.0.0.1:{port}?service="
        with fastthrift.ClientPool(new.U, f"{url}U") as pool:
            assert pool.a() == 1
        with (
            fastthrift.ClientPool(old.T, f"{url}T") as pool,
            pytest.raises(TApplicationException),
        ):
            pool.a()


def test_a_renamed_service_is_compared() -> None:
    assert rules("service T { i32 a() }", "service U { i64 a() }") == [
        "SERVICE_RENAMED",
        "METHOD_RESULT_CHANGED",
    ]


def test_a_new_argument_is_none_of_old_clients() -> None:
    old_text, new_text = (
        "service T { void a(1: i32 x) }",
        "service T { void a(1: i32 x, 2: i32 y) }",
    )
    assert rules(old_text, new_text) == ["ARGUMENT_ADDED"]
    assert category("ARGUMENT_ADDED") == "SOURCE"
    old, new = load(old_text), load(new_text)
    handler = Handler()
    with calling(old.T, new.T, handler) as client:
        client.a(1)
    with calling(new.T, old.T, handler) as client:
        client.a(1, 2)
    assert handler.given == [(1, None), (1,)]


def test_arguments_in_another_order_are_given_by_position() -> None:
    old_text = "service T { void a(1: i32 x, 2: i32 y) }"
    new_text = "service T { void a(2: i32 y, 1: i32 x) }"
    assert rules(old_text, new_text) == ["ARGUMENT_ORDER_CHANGED"]
    assert category("ARGUMENT_ORDER_CHANGED") == "SOURCE"
    old, new = load(old_text), load(new_text)
    handler = Handler()
    with calling(old.T, new.T, handler) as client:
        client.a(1, 2)
    with calling(new.T, old.T, handler) as client:
        client.a(1, 2)
    assert handler.given == [(2, 1), (2, 1)]


# --- what is allowed ---

ALLOWED = {
    "a field": ("struct S { 1: i32 a }", "struct S { 1: i32 a, 2: optional string b }"),
    "a field in front": ("struct S { 2: i32 a }", "struct S { 1: string b, 2: i32 a }"),
    "optional or not": ("struct S { 1: i32 a }", "struct S { 1: optional i32 a }"),
    "a typedef": ("struct S { 1: i32 a }", "typedef i32 Id struct S { 1: Id a }"),
    "a struct for a typedef": (
        "struct B { 1: i32 x } typedef B A struct S { 1: i32 a }",
        "struct B { 1: i32 x } struct A { 1: i32 x } struct S { 1: i32 a }",
    ),
    "a byte": ("struct S { 1: byte a }", "struct S { 1: i8 a }"),
    "another order": ("struct S { 1: i32 a, 2: i32 b }", "struct S { 2: i32 b, 1: i32 a }"),
    "an item": (
        "enum E { RED = 1 } struct S { 1: E a }",
        "enum E { RED = 1, BLUE = 2 } struct S { 1: E a }",
    ),
    "a default by name": (
        "const i32 ONE = 1 struct S { 1: i32 a = 1 }",
        "const i32 ONE = 1 struct S { 1: i32 a = ONE }",
    ),
    "definitions": (
        "struct S { 1: i32 a }",
        "const i32 ONE = 1 struct T { 1: i32 a } exception X {} service U {} struct S { 1: i32 a }",
    ),
    "comments and annotations": (
        "struct S { 1: i32 a }",
        '/** Doc */ struct S { 1: i32 a (key = "value") } (final)',
    ),
    "a namespace that was that of all": (
        "namespace * x struct S { 1: i32 a }",
        "namespace * x namespace py x struct S { 1: i32 a }",
    ),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed_is_not_found_and_loses_nothing(what: str, protocol: str) -> None:
    before, after = ALLOWED[what]
    assert rules(before, after) == []
    old, new = load(before), load(after)
    for writer, reader in ((old, new), (new, old)):
        assert sent(writer, reader, protocol, a=1)["a"] == 1


ALLOWED_METHODS = {
    "a method": ("service T { i32 a() }", "service T { i32 a(), i32 b() }"),
    "a base": ("service T { i32 a() }", "service B { i32 a() } service T extends B {}"),
    "a base between": (
        "service B { i32 a() } service T extends B {}",
        "service B { i32 a() } service M extends B {} service T extends M {}",
    ),
    "a name of an exception": (
        "exception X {} service T { i32 a() throws (1: X x) }",
        "exception X {} service T { i32 a() throws (1: X y) }",
    ),
}


@pytest.mark.parametrize("what", ALLOWED_METHODS)
def test_what_is_allowed_of_services_is_not_found_and_calls_work(what: str) -> None:
    before, after = ALLOWED_METHODS[what]
    assert rules(before, after) == []
    old, new = load(before), load(after)
    for client_of, server_of in ((old, new), (new, old)):
        with calling(client_of.T, server_of.T, Handler(1)) as client:
            assert client.a() == 1


def test_a_method_that_a_base_has_lost_is_told_once() -> None:
    before = "service B { i32 a() } service T extends B { i32 b() }"
    after = "service B { } service T extends B { i32 b() }"
    assert rules(before, after) == ["METHOD_REMOVED"]


def test_a_method_that_is_not_inherited_any_more_is_compared() -> None:
    before = "service B { i32 a() } service T extends B {}"
    after = "service B { i32 a() } service T { i64 a() }"
    assert rules(before, after) == ["BASE_CHANGED", "METHOD_RESULT_CHANGED"]
    after = "service B { i32 a() } service T {}"
    assert rules(before, after) == ["BASE_CHANGED", "METHOD_REMOVED"]


@pytest.mark.parametrize(
    "after",
    [
        "service B { i32 a() } service T { i32 a() }",
        "service B { i32 a() } service C { i32 a() } service T extends C {}",
    ],
)
def test_a_service_that_lacks_its_base_is_none_of_it_to_programs(after: str) -> None:
    before = "service B { i32 a() } service T extends B {}"
    assert rules(before, after) == ["BASE_CHANGED"]
    assert category("BASE_CHANGED") == "SOURCE"
    old, new = load(before), load(after)
    for client_of, server_of in ((old, new), (new, old)):
        with calling(client_of.T, server_of.T, Handler(1)) as client:
            assert client.a() == 1
    assert issubclass(old.T, old.B)
    assert not issubclass(new.T, new.B)


def test_every_rule_has_a_test() -> None:
    sources = Path(__file__).parent.glob("test_breaking*.py")
    text = "".join(source.read_text() for source in sources)
    all_of_them = [rule for rule, _, _ in _core.Schema.breaking_rules()]
    assert [rule for rule in all_of_them if f'"{rule}"' not in text] == []
