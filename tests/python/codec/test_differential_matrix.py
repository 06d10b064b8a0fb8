"""Every base type in every container, at the edges of its values, against both peers."""

from __future__ import annotations

import enum
import itertools
from typing import Any

import pytest
from support import subject
from support.compare import Loaded
from support.schemas import EDGE_VALUES, block
from support.values import Double

BASES = tuple(EDGE_VALUES)


def fields_of(base: str) -> dict[str, tuple[str, Any]]:
    """Fields of the struct that tests `base`: name -> (IDL type, plain value)."""
    values = EDGE_VALUES[base]
    short = values[:3]
    return {
        "as_list": (f"list<{base}>", values),
        "as_set": (f"set<{base}>", values),
        "as_key": (f"map<{base}, i32>", [[v, i] for i, v in enumerate(values)]),
        "as_value": (f"map<i32, {base}>", [[i, v] for i, v in enumerate(values)]),
        "as_both": (f"map<{base}, {base}>", [[v, v] for v in values]),
        "list_of_lists": (f"list<list<{base}>>", [values, [], short]),
        "list_of_sets": (f"list<set<{base}>>", [short, []]),
        "list_of_maps": (f"list<map<{base}, {base}>>", [[[v, v]] for v in values] + [[]]),
        "map_of_lists": (f"map<{base}, list<{base}>>", [[v, short] for v in values]),
        "map_of_sets": (f"map<{base}, set<{base}>>", [[v, short] for v in values]),
        "map_of_maps": (f"map<{base}, map<{base}, {base}>>", [[v, [[v, v]]] for v in values]),
        "empty_list": (f"list<{base}>", []),
        "empty_set": (f"set<{base}>", []),
        "empty_map": (f"map<{base}, {base}>", []),
        "fourteen": (f"list<{base}>", list(itertools.islice(itertools.cycle(values), 14))),
        "fifteen": (f"list<{base}>", list(itertools.islice(itertools.cycle(values), 15))),
        "many": (f"list<{base}>", list(itertools.islice(itertools.cycle(values), 200))),
    }


def matrix_idl() -> str:
    blocks = []
    for base in BASES:
        lines = [f"{i}: {base} v{i}," for i, _ in enumerate(EDGE_VALUES[base], 1)]
        blocks.append(block(f"struct Edges_{base}", lines))
        lines = [
            f"{i}: {idl} {name}," for i, (name, (idl, _)) in enumerate(fields_of(base).items(), 1)
        ]
        blocks.append(block(f"struct Containers_{base}", lines))
    return "\n".join(blocks)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded.from_text(tmp_path_factory.mktemp("matrix"), matrix_idl())


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("base", BASES)
def test_edge_values_of_a_field(matrix: Loaded, base: str, protocol: str) -> None:
    plain = {f"v{i}": value for i, value in enumerate(EDGE_VALUES[base], 1)}
    matrix.check(f"Edges_{base}", plain, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", list(fields_of("i32")))
def test_container(matrix: Loaded, base: str, name: str, protocol: str) -> None:
    _, value = fields_of(base)[name]
    matrix.check(f"Containers_{base}", {name: value}, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("base", BASES)
def test_all_containers_at_once(matrix: Loaded, base: str, protocol: str) -> None:
    plain = {name: value for name, (_, value) in fields_of(base).items()}
    matrix.check(f"Containers_{base}", plain, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("number", [float("nan"), -0.0, 2.2250738585072014e-308, -5e-324])
def test_doubles_keep_every_bit(matrix: Loaded, number: float, protocol: str) -> None:
    value = Double.of(number)
    matrix.check("Edges_double", {"v1": value}, protocol)
    matrix.check("Containers_double", {"as_list": [value] * 3}, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("bits", [7, 8, 14, 15, 21, 28, 31, 35, 42, 49, 56, 62, 63])
def test_integers_around_powers_of_two(matrix: Loaded, bits: int, protocol: str) -> None:
    """Where a zigzag varint grows by a byte, and where a fixed-width one changes its top bits."""
    candidates = {sign * 2**bits + step for sign in (1, -1) for step in (-1, 0, 1)}
    for base, width in (("byte", 8), ("i16", 16), ("i32", 32), ("i64", 64)):
        fitting = sorted(n for n in candidates if -(2 ** (width - 1)) <= n < 2 ** (width - 1))
        if fitting:
            matrix.check(f"Containers_{base}", {"as_list": fitting}, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 16383, 16384, 70_000, 1_000_000])
def test_sizes_of_strings(matrix: Loaded, size: int, protocol: str) -> None:
    matrix.check("Edges_string", {"v1": "s" * size}, protocol)
    matrix.check("Edges_binary", {"v1": b"\xfe" * size}, protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_string_that_is_not_text_is_bytes(matrix: Loaded, protocol: str) -> None:
    data = matrix.encode("Edges_binary", {"v1": b"\xff\xfe"}, protocol)
    cls = matrix.subject.Edges_string
    assert subject.decode(cls, data, protocol).v1 == b"\xff\xfe"
    assert subject.decode(cls, data, protocol, decode_response=False).v1 == b"\xff\xfe"
    with pytest.raises((subject.TException, UnicodeDecodeError)):
        subject.decode(cls, data, protocol, strict_decode=True)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_decode_response_false_gives_bytes_everywhere(matrix: Loaded, protocol: str) -> None:
    plain = {"as_list": ["a", "é"], "as_both": [["k", "v"]]}
    data = matrix.encode("Containers_string", plain, protocol)
    obj = subject.decode(matrix.subject.Containers_string, data, protocol, decode_response=False)
    assert obj.as_list == [b"a", "é".encode()]
    assert obj.as_both == {b"k": b"v"}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_str_and_bytes_are_accepted_for_each_other(matrix: Loaded, protocol: str) -> None:
    strings, binaries = matrix.subject.Edges_string, matrix.subject.Edges_binary
    expected = matrix.encode("Edges_string", {"v1": "ascii"}, protocol)
    assert subject.encode(strings(v1=b"ascii"), protocol) == expected
    assert subject.encode(binaries(v1=b"ascii"), protocol) == expected
    assert subject.encode(binaries(v1="ascii"), protocol) == expected


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("compact-str-for-binary")
def test_text_for_a_binary_field_is_utf8(matrix: Loaded, protocol: str) -> None:
    data = matrix.encode("Edges_binary", {"v1": "Grüße".encode(), "v2": b"next"}, protocol)
    obj = matrix.subject.Edges_binary(v1="Grüße", v2=b"next")
    assert subject.encode(obj, protocol) == data


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_buffer_is_binary(matrix: Loaded, kind: type, protocol: str) -> None:
    expected = matrix.encode("Edges_binary", {"v1": b"\0\xff\x80"}, protocol)
    assert subject.encode(matrix.subject.Edges_binary(v1=kind(b"\0\xff\x80")), protocol) == expected


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("views-not-contiguous")
def test_a_view_that_is_not_contiguous_is_binary(matrix: Loaded, protocol: str) -> None:
    expected = matrix.encode("Edges_binary", {"v1": b"\xff\0"}, protocol)
    view = memoryview(b"\0\x80\xff")[::-2]
    assert subject.encode(matrix.subject.Edges_binary(v1=view), protocol) == expected


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_lists_sets_and_tuples_are_accepted_for_list_and_set(matrix: Loaded, protocol: str) -> None:
    expected = matrix.encode("Containers_i32", {"as_list": [7], "as_set": [8]}, protocol)
    cls = matrix.subject.Containers_i32
    for kind in (list, tuple, set, frozenset):
        assert subject.encode(cls(as_list=kind([7]), as_set=kind([8])), protocol) == expected


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_python_numbers_that_stand_for_each_other(matrix: Loaded, protocol: str) -> None:
    """int for double, bool for int, anything truthy for bool, an int subclass for int."""
    number = enum.IntEnum("number", {"SEVEN": 7})
    cases: list[tuple[str, Any, Any]] = [
        ("double", 3, Double.of(3.0)),
        ("double", True, Double.of(1.0)),
        ("i32", True, 1),
        ("i64", number.SEVEN, 7),
        ("byte", number.SEVEN, 7),
        ("bool", "yes", True),
        ("bool", 0, False),
        ("bool", [], False),
        ("bool", 2.5, True),
    ]
    for base, given, meant in cases:
        expected = matrix.encode(f"Edges_{base}", {"v1": meant}, protocol)
        obj = getattr(matrix.subject, f"Edges_{base}")(v1=given)
        assert subject.encode(obj, protocol) == expected, (base, given)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.parametrize("base", ["byte", "i16", "i32", "i64"])
def test_a_whole_float_is_an_integer(matrix: Loaded, base: str, protocol: str) -> None:
    expected = matrix.encode(f"Edges_{base}", {"v1": 5}, protocol)
    obj = getattr(matrix.subject, f"Edges_{base}")(v1=5.0)
    if subject.IS_REFERENCE and protocol == "compact":
        pytest.xfail("thriftpy2's compact protocol takes no floats")
    assert subject.encode(obj, protocol) == expected
