"""Structs, unions, exceptions, enums, defaults and strange field orders, against both peers."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from peers import reference
from support import subject, wire
from support.compare import Loaded
from support.samples import CASES, IDL, TREE
from support.values import Double, build, flatten


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize(("struct", "plain"), CASES, ids=lambda v: v if type(v) is str else "")
def test_case(cases: Loaded, struct: str, plain: dict[str, Any], protocol: str) -> None:
    cases.check(struct, plain, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_declaration_order_is_wire_order(cases: Loaded, protocol: str) -> None:
    plain = {"third": "3", "first": 1, "second": [True, False], "zeroth": True}
    cases.check("OutOfOrder", plain, protocol, same_order=False)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_every_order_of_fields_is_read(cases: Loaded, protocol: str) -> None:
    cls = cases.subject.Bools
    w = wire.WIRES[protocol]
    fields = [
        w.field(wire.BOOL, 1, True),
        w.field(wire.I32, 3, w.value(wire.I32, 7)),
        w.field(wire.BOOL, 4, False),
        w.field(wire.BOOL, 40, True),
    ]
    for order in itertools.permutations(fields):
        obj = subject.decode(cls, w.struct(*order), protocol)
        assert (obj.a, obj.b, obj.n, obj.c, obj.d) == (True, None, 7, False, True)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_the_last_of_repeated_fields_counts(cases: Loaded, protocol: str) -> None:
    w = wire.WIRES[protocol]
    data = w.struct(*(w.field(wire.I32, 1, w.value(wire.I32, n)) for n in (1, 2, 3)))
    assert subject.decode(cases.subject.Point, data, protocol).x == 3


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_the_last_of_repeated_keys_counts(cases: Loaded, protocol: str) -> None:
    w = wire.WIRES[protocol]
    pair = w.value(wire.STRING, b"k")
    body = w.map(wire.STRING, wire.I32, 2) + b"".join(pair + w.value(wire.I32, n) for n in (1, 2))
    obj = subject.decode(cases.subject.Defaults, w.struct(w.field(wire.MAP, 9, body)), protocol)
    assert obj.table == {"k": 2}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_unknown_fields_of_every_type_are_skipped(cases: Loaded, protocol: str) -> None:
    """What a newer peer writes is read by an older one, whatever the new fields hold."""
    plain = {
        "a": 1,
        "b": [["k", [TREE]]],
        "c": "kept",
        "d": {"many": [{"text": "x"}]},
        "e": True,
        "f": dict(CASES)["Nested"],
    }
    data = cases.encode("After", plain, protocol)
    assert cases.decode("Before", data, protocol) == {"a": 1, "c": "kept"}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_absent_fields_keep_their_defaults(cases: Loaded, protocol: str) -> None:
    data = cases.encode("Before", {"a": 1}, protocol)
    decoded = cases.decode("After", data, protocol)
    assert (decoded["a"], decoded["b"], decoded["c"]) == (1, None, "default")
    assert cases.decode("Defaults", b"\0", protocol) == flatten(cases.reference.Defaults())


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_field_has_its_default_whatever_came_in_its_place(tmp_path: Path, protocol: str) -> None:
    loaded = Loaded.from_text(
        tmp_path,
        """
        struct Point { 1: i32 x = 4, 2: i32 y = 5 }
        struct Line { 1: Point start }
        """,
    )
    w = wire.WIRES[protocol]
    x, y = (w.field(wire.I32, number, w.value(wire.I32, number)) for number in (1, 2))
    no_x, no_y = (w.field(wire.STRING, number, w.value(wire.STRING, b"?")) for number in (1, 2))
    unknown = w.field(wire.I32, 3, w.value(wire.I32, 3))
    expected = {
        (): (4, 5),
        (x,): (1, 5),
        (y,): (4, 2),
        (x, x): (1, 5),
        (y, y): (4, 2),
        (x, y): (1, 2),
        (y, x): (1, 2),
        (x, no_y): (1, 5),
        (no_x, y): (4, 2),
        (x, unknown): (1, 5),
        (x, unknown, y): (1, 2),
        (x, y, no_y): (1, 2),
    }
    for fields, values in expected.items():
        data = w.struct(w.field(wire.STRUCT, 1, w.struct(*fields)))
        start = {"x": values[0], "y": values[1]}
        assert loaded.decode("Line", data, protocol) == {"start": start}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_fields_without_ids(cases: Loaded, protocol: str) -> None:
    """Fields without an id get -1, -2, ...: Apache's Python has no place for those."""
    ours = build(cases.subject.Implicit, {"first": 1, "second": "b"})
    theirs = build(cases.reference.Implicit, {"first": 1, "second": "b"})
    assert list(type(ours).thrift_spec) == list(type(theirs).thrift_spec) == [-1, -2]
    data = subject.encode(ours, protocol)
    assert data == reference.encode(theirs, protocol)
    assert subject.decode(type(ours), data, protocol) == ours


def bodies(w: Any) -> dict[int, Any]:
    """A value of each wire type, with contents that would do harm if they were misread."""
    text = w.value(wire.STRING, b"\x0b\x00\x01\x7f\x00")
    return {
        wire.BOOL: True,
        wire.BYTE: w.value(wire.BYTE, 11),
        wire.DOUBLE: w.value(wire.DOUBLE, 1.5),
        wire.I16: w.value(wire.I16, 0x0B00),
        wire.I32: w.value(wire.I32, 0x0B0001),
        wire.I64: w.value(wire.I64, 0x0B00010000),
        wire.STRING: text,
        wire.STRUCT: w.struct(w.field(wire.STRING, 1, text), w.field(wire.BOOL, 2, False)),
        wire.MAP: w.map(wire.STRING, wire.I16, 1) + text + w.value(wire.I16, 5),
        wire.SET: w.list(wire.I32, 2) + w.value(wire.I32, 1) * 2,
        wire.LIST: w.list(wire.BOOL, 3) + w.value(wire.BOOL, True) * 3,
    }


FIELD_TYPES = {
    "bool": wire.BOOL, "byte": wire.BYTE, "double": wire.DOUBLE, "i16": wire.I16, "i32": wire.I32,
    "i64": wire.I64, "string": wire.STRING, "binary": wire.STRING, "Inner": wire.STRUCT,
    "map<string, i16>": wire.MAP, "set<i32>": wire.SET, "list<bool>": wire.LIST,
}  # fmt: skip


@pytest.fixture(scope="module")
def mistyped(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("mistyped") / "mistyped.thrift"
    lines = ["struct Inner { 1: string a, 2: bool b }"]
    for number, idl in enumerate(FIELD_TYPES):
        lines.append(f"struct S{number} {{ 1: {idl} field, 2: i32 after, 3: list<{idl}> items,")
        lines.append(f"  4: map<i32, {idl}> table, 5: set<{idl}> unique }}")
    path.write_text("\n".join(lines))
    return subject.load(str(path))


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("declared", list(FIELD_TYPES))
@pytest.mark.difference("string-for-other-type")
def test_a_mistyped_field_is_skipped(mistyped: Any, declared: str, protocol: str) -> None:
    w = wire.WIRES[protocol]
    cls = getattr(mistyped, f"S{list(FIELD_TYPES).index(declared)}")
    after = w.field(wire.I32, 2, w.value(wire.I32, 77))
    for sent, body in bodies(w).items():
        obj = cls()
        obj.field = "default"
        data = w.struct(w.field(sent, 1, body), after)
        subject.utils.deserialize(obj, data, subject.factory(protocol))
        assert obj.after == 77, (declared, sent)
        assert (obj.field == "default") == (sent != FIELD_TYPES[declared]), (declared, sent)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("declared", list(FIELD_TYPES))
@pytest.mark.difference("container-element-types")
def test_mistyped_elements_are_skipped(mistyped: Any, declared: str, protocol: str) -> None:
    """A container of other elements than declared gives none of them, and shifts nothing."""
    w = wire.WIRES[protocol]
    cls = getattr(mistyped, f"S{list(FIELD_TYPES).index(declared)}")
    after = w.field(wire.I32, 2, w.value(wire.I32, 77))
    for sent, body in bodies(w).items():
        if sent == FIELD_TYPES[declared]:
            continue
        element = w.value(wire.BOOL, body) if sent == wire.BOOL else body
        key = w.value(wire.I32, 9)
        for field in (
            w.field(wire.LIST, 3, w.list(sent, 2) + element * 2),
            w.field(wire.LIST, 3, w.list(sent, 20) + element * 20),
            w.field(wire.SET, 5, w.list(sent, 3) + element * 3),
            w.field(wire.MAP, 4, w.map(wire.I32, sent, 2) + (key + element) * 2),
            w.field(wire.MAP, 4, w.map(sent, wire.I32, 2) + (element + key) * 2),
        ):
            obj = subject.decode(cls, w.struct(field, after), protocol)
            assert obj.after == 77, (declared, sent)
            assert not any((obj.items, obj.table, obj.unique)), (declared, sent)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_trailing_bytes_are_ignored(cases: Loaded, protocol: str) -> None:
    data = cases.encode("Point", {"x": 1, "y": 2}, protocol)
    assert cases.decode("Point", data + b"\xff" * 9, protocol) == {"x": 1, "y": 2}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_reading_into_a_used_object_sets_only_what_arrives(cases: Loaded, protocol: str) -> None:
    obj = cases.subject.Point(x=1, y=2)
    data = cases.encode("Point", {"y": 9}, protocol)
    subject.utils.deserialize(obj, data, subject.factory(protocol))
    assert (obj.x, obj.y) == (1, 9)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_union_member_is_told_from_an_absent_one(cases: Loaded, protocol: str) -> None:
    decoded = cases.decode("Choice", cases.encode("Choice", {"number": 0}, protocol), protocol)
    assert decoded == {"number": 0, "text": None, "many": None, "phone": None}


def test_enums_and_constants(cases: Loaded) -> None:
    for name in ("Color", "Level"):
        ours, theirs = getattr(cases.subject, name), getattr(cases.reference, name)
        assert ours._VALUES_TO_NAMES == theirs._VALUES_TO_NAMES
        assert ours._NAMES_TO_VALUES == theirs._NAMES_TO_VALUES
        assert ours._ttype == theirs._ttype
    assert type(cases.subject.Color.RED) is int
    assert cases.subject.Level.HIGH == 11
    assert cases.subject.ANSWER == 42


def test_double_values_are_floats(cases: Loaded) -> None:
    data = cases.encode("Defaults", {"ratio": Double.of(2.0)}, "binary")
    ratio = subject.decode(cases.subject.Defaults, data, "binary").ratio
    assert type(ratio) is float
    assert ratio == 2.0
