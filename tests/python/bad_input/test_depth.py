"""Nesting: one limit of 64 for decoding, encoding and skipping, in both protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peers import reference
from support import subject, wire
from support.compare import Loaded
from support.samples import IDL
from support.sources import SOURCES, opened, read_from

LIMIT = 64
MANY = 100_000

TooDeep = (subject.TProtocolException, RecursionError)[int(subject.IS_REFERENCE)]


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


def structs(w: Any, levels: int, fid: int = 2) -> bytes:
    """A struct in a struct in a struct: `levels` of them, the outermost included."""
    return w.raw_field(12, fid) * (levels - 1) + w.stop * levels


def lists(w: Any, levels: int, fid: int = 9) -> bytes:
    """A struct with a list of one list of one list ...: `levels` with the struct."""
    inner = w.list(wire.BYTE, 0)
    code = 15 if w.name == "binary" else 9
    return w.raw_field(code, fid) + w.list(wire.LIST, 1) * (levels - 2) + inner + w.stop


def maps(w: Any, levels: int, fid: int = 9) -> bytes:
    inner = w.map(wire.BYTE, wire.BYTE, 0)
    code = 13 if w.name == "binary" else 11
    level = w.map(wire.BYTE, wire.MAP, 1) + w.value(wire.BYTE, 1)
    return w.raw_field(code, fid) + level * (levels - 2) + inner + w.stop


def map_keys(w: Any, levels: int, fid: int = 9) -> bytes:
    inner = w.map(wire.BYTE, wire.BYTE, 0)
    code = 13 if w.name == "binary" else 11
    level = w.map(wire.MAP, wire.BYTE, 1)
    values = w.value(wire.BYTE, 1) * (levels - 2)
    return w.raw_field(code, fid) + level * (levels - 2) + inner + values + w.stop


def children(w: Any, levels: int, fid: int = 4) -> bytes:
    """Tree.children of Tree.children ...: a struct and a list take two levels each."""
    assert levels % 2 == 1
    opening = w.raw_field(15 if w.name == "binary" else 9, fid) + w.list(wire.STRUCT, 1)
    return opening * (levels // 2) + w.stop * (levels // 2 + 1)


Shape = Callable[..., bytes]
SKIPPED: list[Shape] = [structs, lists, maps, map_keys]


def named(shape: Shape) -> str:
    return shape.__name__


@pytest.mark.parametrize("source", ["deserialize", *SOURCES])
@pytest.mark.parametrize("shape", SKIPPED, ids=named)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_skipping_an_unknown_field(cases: Loaded, protocol: str, shape: Shape, source: str) -> None:
    w, cls = wire.WIRES[protocol], cases.subject.Empty

    def read(levels: int) -> Any:
        data = shape(w, levels)
        if source == "deserialize":
            return subject.decode(cls, data, protocol)
        return read_from(source, cls, data, protocol)

    for levels in (3, LIMIT - 1, LIMIT):
        assert vars(read(levels)) == {}
    for levels in (LIMIT + 1, LIMIT + 2, 1000, MANY):
        with pytest.raises(TooDeep):
            read(levels)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("shape", SKIPPED, ids=named)
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_the_skip_method(protocol: str, shape: Shape, source: str) -> None:
    w = wire.WIRES[protocol]
    for levels in (LIMIT - 1, LIMIT):
        with opened(source, shape(w, levels) + w.value(wire.BYTE, 42)) as transport:
            subject.factory(protocol).get_protocol(transport).skip(subject.TType.STRUCT)
            assert transport.read(1) == b"\x2a"
    for levels in (LIMIT + 1, MANY):
        with opened(source, shape(w, levels)) as transport, pytest.raises(TooDeep):
            subject.factory(protocol).get_protocol(transport).skip(subject.TType.STRUCT)


@pytest.mark.parametrize("source", ["deserialize", *SOURCES])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_decoding_known_fields(cases: Loaded, protocol: str, source: str) -> None:
    w, cls = wire.WIRES[protocol], cases.subject.Tree

    def read(data: bytes) -> Any:
        if source == "deserialize":
            return subject.decode(cls, data, protocol)
        return read_from(source, cls, data, protocol)

    for levels in (1, LIMIT - 1, LIMIT):
        tree, count = read(structs(w, levels)), 0
        while tree is not None:
            tree, count = tree.left, count + 1
        assert count == levels
    for levels in (LIMIT + 1, MANY):
        with pytest.raises(TooDeep):
            read(structs(w, levels))

    tree, count = read(children(w, LIMIT - 1)), 1
    while tree.children:
        (tree,), count = tree.children, count + 2
    assert count == LIMIT - 1
    for levels in (LIMIT + 1, MANY + 1):
        with pytest.raises(TooDeep):
            read(children(w, levels))


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_too_deep_is_both_a_protocol_and_a_recursion_error(cases: Loaded, protocol: str) -> None:
    with pytest.raises(RecursionError) as caught:
        subject.decode(cases.subject.Tree, structs(wire.WIRES[protocol], 65), protocol)
    assert isinstance(caught.value, subject.TProtocolException)
    assert "64" in str(caught.value)


def chain(cls: type, levels: int) -> Any:
    tree = cls(value=levels)
    for number in range(levels - 1, 0, -1):
        tree = cls(value=number, left=tree)
    return tree


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_encoding(cases: Loaded, protocol: str) -> None:
    cls = cases.subject.Tree
    for levels in (1, LIMIT - 1, LIMIT):
        tree = chain(cls, levels)
        data = subject.encode(tree, protocol)
        assert data == reference.encode(chain(cases.reference.Tree, levels), protocol)
        assert subject.decode(cls, data, protocol) == tree
    for levels in (LIMIT + 1, 5000):
        with pytest.raises(TooDeep):
            subject.encode(chain(cls, levels), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_encoding_lists_and_maps_of_structs(cases: Loaded, protocol: str) -> None:
    cls = cases.subject.Tree
    for wrap in (lambda tree: cls(children=[tree]), lambda tree: cls(named={"k": tree})):
        tree = cls()
        for _ in range(31):
            tree = wrap(tree)
        assert subject.decode(cls, subject.encode(tree, protocol), protocol) == tree
        with pytest.raises(TooDeep):
            subject.encode(wrap(tree), protocol)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_cyclic_objects(cases: Loaded, protocol: str) -> None:
    for close in (
        lambda tree: setattr(tree, "left", tree),
        lambda tree: setattr(tree, "children", [tree]),
        lambda tree: setattr(tree, "named", {"me": tree}),
    ):
        tree = cases.subject.Tree(value=1)
        close(tree)
        with pytest.raises(TooDeep):
            subject.encode(tree, protocol)


@pytest.fixture(scope="module")
def deep_lists(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Structs of one field: lists of lists, 62 to 65 of them."""
    idl = "".join(
        f"struct Lists{n} {{ 1: {'list<' * n}byte{'>' * n} value }}\n" for n in (62, 63, 64, 65)
    )
    return Loaded.from_text(tmp_path_factory.mktemp("depth"), idl)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_containers_in_containers(deep_lists: Loaded, protocol: str) -> None:
    for count in (62, 63, 64, 65):
        cls = getattr(deep_lists.subject, f"Lists{count}")
        value: Any = []
        for _ in range(count - 1):
            value = [value]
        data = lists(wire.WIRES[protocol], count + 1, fid=1)
        if count + 1 <= LIMIT:
            assert subject.decode(cls, data, protocol).value == value
            encoded = subject.encode(cls(value=value), protocol)
            assert subject.decode(cls, encoded, protocol).value == value
        else:
            with pytest.raises(TooDeep):
                subject.decode(cls, data, protocol)
            with pytest.raises(TooDeep):
                subject.encode(cls(value=value), protocol)


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@pytest.mark.difference("depth")
def test_the_limit_is_an_option(cases: Loaded, protocol: str, limit: int) -> None:
    cls, options = cases.subject.Tree, {"max_depth": limit}
    data = subject.encode(chain(cls, limit), protocol, **options)
    assert subject.decode(cls, data, protocol, **options) == chain(cls, limit)
    with pytest.raises(TooDeep):
        subject.encode(chain(cls, limit + 1), protocol, **options)
    deeper = subject.encode(chain(cls, limit + 1), protocol)
    with pytest.raises(TooDeep):
        subject.decode(cls, deeper, protocol, **options)
    with pytest.raises(TooDeep):
        subject.decode(cases.subject.Empty, deeper, protocol, **options)


@pytest.mark.parametrize("levels", [60, 63, 64, 65, 66])
@pytest.mark.parametrize("shape", [structs, lists, maps], ids=named)
def test_the_binary_limit_is_thriftpy2s(cases: Loaded, levels: int, shape: Shape) -> None:
    data = shape(wire.BINARY, levels)
    outcomes = []
    for decode, cls in (
        (subject.decode, cases.subject.Tree),
        (reference.decode, cases.reference.Tree),
    ):
        try:
            outcomes.append(repr(decode(cls, data, "binary")))
        except RecursionError:
            outcomes.append("too deep")
    assert outcomes[0] == outcomes[1]
