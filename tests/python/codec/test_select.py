"""A few fields out of a message: `select`, and `only` of `decode`."""

import gc
import io
import pickle
import re
import threading
import weakref
from array import array
from typing import Any

import fastthrift
import pytest
from fastthrift import testing
from fastthrift.protocol import TApacheJSONProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TPayload, TType
from fastthrift.utils import serialize
from hypothesis import given
from hypothesis import strategies as st

module = fastthrift.load_fp(
    io.StringIO("""
        enum Color { RED = 1 }
        struct Point {
            1: i32 x, 2: string name = "n", 3: optional Point next, 4: list<i32> more = [7]
        }
        exception Refused { 1: string why = "none", 2: Point at }
        union Target { 1: string mail, 2: Point place }
        struct Tree {
            1: i64 size = 3
            2: list<Point> points
            3: map<string, list<Point>> table
            4: Point one
            5: Refused refused
            6: string from
            7: set<Point> distinct
            8: map<Point, i32> counts
            9: Target target
            10: Color color
            2000: double far
        }
    """),
    "select_thrift",
)
Point, Tree, Target, Refused = module.Point, module.Tree, module.Target, module.Refused
JSON = TApacheJSONProtocolFactory()
PROTOCOLS = ["binary", "compact", JSON]


def point(x: int) -> Any:
    return Point(x, f"p{x}", Point(x + 1, "inner"), [x])


TREE = Tree(
    5, [point(1), point(2)], {"k": [point(9)]}, point(3), Refused("no", point(4)), "home",
    [point(6)], {point(7): 1}, Target(place=point(8)), 1, 0.5,
)  # fmt: skip


def only(*paths: str, protocol: Any = "binary", cls: type = Tree, value: Any = TREE) -> Any:
    data = fastthrift.encode(value, protocol)
    return fastthrift.decode(cls, data, protocol, only=paths)


def blank(cls: type, **fields: Any) -> Any:
    """An object with these fields and no other, whatever their defaults are."""
    made = cls()
    for _, name, *_ in cls.thrift_spec.values():  # type: ignore[attr-defined]
        setattr(made, name, fields.get(name))
    return made


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=["binary", "compact", "json"])
def test_the_fields_that_are_named_are_decoded_and_no_other(protocol: Any) -> None:
    def chosen(*paths: str) -> Any:
        return only(*paths, protocol=protocol)

    refused = chosen("refused.at.x").refused
    assert type(refused) is Refused
    # Two exceptions are never equal.
    assert (refused.why, refused.at) == (None, blank(Point, x=4))

    assert chosen("size") == blank(Tree, size=5)
    assert chosen("far", "from") == blank(Tree, far=0.5, from_="home")
    assert chosen("from_") == blank(Tree, from_="home")
    assert chosen("points.x") == blank(Tree, points=[blank(Point, x=1), blank(Point, x=2)])
    assert chosen("table.name") == blank(Tree, table={"k": [blank(Point, name="p9")]})
    assert chosen("distinct.more") == blank(Tree, distinct=[blank(Point, more=[6])])
    assert chosen("one.next.x", "one.name") == blank(
        Tree, one=blank(Point, name="p3", next=blank(Point, x=4))
    )
    assert chosen("target.place.name") == blank(
        Tree, target=blank(Target, place=blank(Point, name="p8"))
    )
    assert chosen("target.mail") == blank(Tree, target=blank(Target))
    assert chosen("counts", "color") == blank(Tree, counts={point(7): 1}, color=1)


def test_a_field_is_whole_where_it_is_named_itself() -> None:
    assert only("one") == blank(Tree, one=point(3))
    assert only("one", "one.x") == only("one.x", "one") == only("one", "one")


def test_a_field_that_does_not_come_has_its_default_where_it_is_named_alone() -> None:
    empty = blank(Tree)
    assert only("size", value=empty) == blank(Tree, size=3)
    assert only("far", value=empty) == blank(Tree)
    decoded = only("one.more", "one.x", value=blank(Tree, one=blank(Point, name="a")))
    assert decoded == blank(Tree, one=blank(Point, more=[7]))
    decoded.one.more.append(8)
    assert Point().more == [7]


def test_what_is_decoded_is_an_ordinary_object() -> None:
    decoded = only("points.x")
    assert type(decoded) is Tree
    assert type(decoded.points[0]) is Point
    assert decoded == pickle.loads(pickle.dumps(decoded))
    decoded.points[0].name = "new"
    again = fastthrift.decode(Tree, fastthrift.encode(decoded))
    assert again.points == [Point(1, "new"), Point(2)]
    assert again.size == 3


def test_a_selection_is_compiled_once_and_used_again() -> None:
    selection = fastthrift.select(Tree, "size", "one.x")
    assert isinstance(selection, fastthrift.Selection)
    assert selection.cls is Tree
    assert selection.paths == ("size", "one.x")
    assert repr(selection) == "select(Tree, 'size', 'one.x')"
    for sent in (selection, pickle.loads(pickle.dumps(selection)), ["size", "one.x"]):
        decoded = fastthrift.decode(Tree, fastthrift.encode(TREE), only=sent)
        assert decoded == blank(Tree, size=5, one=blank(Point, x=3))


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        (("sise",), 'Tree has no field "sise": it has size, points, table, one, refused, from, '),
        (("points.y",), 'Point has no field "y": it has x, name, next, more'),
        (("size.x",), 'Tree.size holds no structs, so it has no field "x"'),
        (("color.RED",), 'Tree.color holds no structs, so it has no field "RED"'),
        (
            ("counts.x",),
            "Tree.counts holds structs as keys of maps only, of which no fields can be ",
        ),
        (("one..x",), 'the path "one..x" lacks a name'),
        (("",), 'the path "" lacks a name'),
        ((), "no field is named"),
    ],
)
def test_a_mistake_names_the_field(paths: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValueError, match="^" + text.replace("(", r"\(")):
        fastthrift.select(Tree, *paths)
    with pytest.raises(ValueError, match="^" + text):
        fastthrift.decode(Tree, b"\0", only=paths)


def test_what_is_no_selection_of_the_class_is_refused() -> None:
    with pytest.raises(TypeError, match="selection is of fields of Point, and cls is Tree"):
        fastthrift.decode(Tree, b"\0", only=fastthrift.select(Point, "x"))
    with pytest.raises(TypeError, match=r"^only must be a Selection or a tuple of names"):
        fastthrift.decode(Tree, b"\0", only="size")
    with pytest.raises(TypeError, match="a path is a str"):
        fastthrift.select(Tree, 5)  # type: ignore[arg-type]
    for other in (dict, Tree(), None):
        with pytest.raises(TypeError, match="must be a struct class, not"):
            fastthrift.select(other, "size")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="must be a struct class, not"):
            fastthrift.decode(other, b"\0", only=("size",))  # type: ignore[type-var, arg-type]


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_what_is_skipped_is_checked_as_it_is_where_all_is_decoded(protocol: Any) -> None:
    data = fastthrift.encode(TREE, protocol)
    for size in range(len(data)):
        with pytest.raises(TProtocolException):
            fastthrift.decode(Tree, data[:size], protocol, only=("far",))


def test_an_error_within_a_selection_has_its_path() -> None:
    data = fastthrift.encode(TREE).replace(b"p2", b"\xff2")
    factory = fastthrift.protocol.TBinaryProtocolFactory(decode_response=True)  # type: ignore[attr-defined]
    assert fastthrift.decode(Tree, data, factory, only=("points.x",)).points[1].x == 2
    short = fastthrift.encode(blank(Tree, points=[point(1)]))[:-12]
    with pytest.raises(TProtocolException, match=r"points\[0\]"):
        fastthrift.decode(Tree, short, only=("points.more", "points.next.more"))


def test_sets_with_chosen_fields_in_them_are_lists_and_lose_nothing() -> None:
    idl = """
        struct Point { 1: i32 x, 2: string name, 3: list<i64> many }
        struct Tree {
            1: set<Point> distinct, 2: set<set<Point>> nested, 3: map<string, set<Point>> table,
            4: set<list<Point>> rows, 5: set<i32> numbers
        }
        service Trees { Tree grown() }
    """
    of_sets = fastthrift.load_fp(
        io.StringIO(idl), "select_sets_thrift", sets="set", frozen=True, enums="int_enum"
    )
    first, second = (of_sets.Point(1, name, [2]) for name in "ab")
    both = {first, second}
    tree = of_sets.Tree(both, {frozenset(both)}, {"k": both}, {(first, second)}, {1, 2})
    for protocol in PROTOCOLS:
        data = fastthrift.encode(tree, protocol)

        def chosen(
            *paths: str, data: bytes = data, protocol: Any = protocol, **options: Any
        ) -> Any:
            return fastthrift.decode(of_sets.Tree, data, protocol, only=paths, **options)

        found = chosen("distinct.x", "nested.x", "table.x", "rows.x", "numbers")
        twice = [of_sets.Point(1)] * 2
        assert found.distinct == twice
        assert found.nested == [twice]
        assert found.table == {"k": twice}
        assert found.rows == [twice]
        assert found.numbers == {1, 2}
        assert sorted(point.name for point in chosen("distinct.name").distinct) == ["a", "b"]
        assert chosen("distinct").distinct == both
        arrays = chosen("distinct.many", arrays="array").distinct
        assert [point.many for point in arrays] == [array("q", [2])] * 2

    class Handler:
        def grown(self) -> Any:
            return tree

    client = testing.client(of_sets.Trees, Handler())
    assert client.with_fields("distinct.x").grown().distinct == twice


class Written(TPayload):
    """A class that somebody wrote by hand."""

    thrift_spec = {  # noqa: RUF012
        1: (TType.I32, "number", False),
        2: (TType.STRUCT, "point", Point, False),
    }

    def __init__(self, number: int | None = 9, point: Any = None) -> None:
        self.number, self.point = number, point


def test_classes_of_all_kinds_take_selections() -> None:
    data = serialize(Written(4, point(1)))
    decoded = fastthrift.decode(Written, data, only=("point.x",))
    assert decoded.number is None
    assert decoded.point == blank(Point, x=1)

    class Derived(Point):  # type: ignore[misc, valid-type]
        def where(self) -> int:
            return int(self.x)

    decoded = fastthrift.decode(Derived, fastthrift.encode(point(5)), only=("x",))
    assert type(decoded) is Derived
    assert (decoded.where(), decoded.name, decoded.more) == (5, None, None)


def test_a_selection_follows_its_classes() -> None:
    source = "struct In {1: i32 a, 2: i32 b} struct Out {1: In one}"
    fresh = fastthrift.load_fp(io.StringIO(source), "fresh_thrift")
    selection = fastthrift.select(fresh.Out, "one.a")
    data = fastthrift.encode(fresh.Out(fresh.In(1, 2)))
    assert fastthrift.decode(fresh.Out, data, only=selection).one.a == 1
    fresh.In.thrift_spec = {2: (TType.I32, "a", False), 1: (TType.I32, "b", False)}
    assert fastthrift.decode(fresh.Out, data, only=selection).one.a == 2
    assert fastthrift.decode(fresh.Out, data, only=("one.a",)).one.a == 2
    fresh.In.thrift_spec = {1: (TType.I32, "b", False)}
    with pytest.raises(ValueError, match='In has no field "a"'):
        fastthrift.decode(fresh.Out, data, only=selection)


def test_selections_go_with_their_class() -> None:
    class Gone(Written):
        """A class that nobody needs."""

    kept = fastthrift.select(Gone, "number")
    fastthrift.decode(Gone, b"\0", only=("number", "point.x"))
    fastthrift.decode(Gone, b"\0", only=kept)
    gone = weakref.ref(Gone)
    del Gone, kept
    gc.collect()
    assert gone() is None


PATHS = ["size", "points", "points.x", "points.next.name", "table.more", "one.next", "refused.why",
         "target.place.x", "counts", "distinct.name", "far"]  # fmt: skip


def pruned(value: Any, paths: list[str]) -> Any:
    """What `decode` has to give, made of an object that was decoded whole."""
    if isinstance(value, list):
        return [pruned(item, paths) for item in value]
    if isinstance(value, dict):
        return {key: pruned(item, paths) for key, item in value.items()}
    if value is None or "" in paths:
        return value
    fields = {}
    for name in {path.partition(".")[0] for path in paths}:
        below = [path.partition(".")[2] for path in paths if path.partition(".")[0] == name]
        fields[name] = pruned(getattr(value, name), below)
    return blank(type(value), **fields)


@given(
    paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=5),
    unset=st.sets(st.sampled_from(["size", "points", "one", "table", "far", "target"])),
    protocol=st.sampled_from(PROTOCOLS),
)
def test_any_selection_is_the_whole_without_the_rest(
    paths: list[str], unset: set[str], protocol: Any
) -> None:
    value = Tree(**{**{name: getattr(TREE, name) for name in vars(TREE)}, **dict.fromkeys(unset)})
    data = fastthrift.encode(value, protocol)
    whole = fastthrift.decode(Tree, data, protocol)
    selected = fastthrift.decode(Tree, data, protocol, only=paths)
    # Two exceptions are never equal, but look so.
    assert repr(selected) == repr(pruned(whole, paths))


def test_a_path_has_as_many_names_as_levels_are_read() -> None:
    tree = fastthrift.load_fp(io.StringIO("struct Node { 1: Node next }"), "long_paths_thrift")
    path = "next" + ".next" * 40
    node = tree.Node()
    for _ in range(41):
        node = tree.Node(node)
    data = fastthrift.encode(node)
    assert fastthrift.decode(tree.Node, data, only=(path,)) == node
    for names in (1_000, 60_000):
        path = ".".join(["next"] * names)
        for choose in (
            lambda path: fastthrift.select(tree.Node, path),
            lambda path: fastthrift.decode(tree.Node, data, only=(path,)),
        ):
            with pytest.raises(ValueError, match=f"a path has {names} names, and [0-9]+ at most"):
                choose(path)


def test_a_thread_with_a_small_stack_refuses_a_path_that_is_too_long_for_it() -> None:
    tree = fastthrift.load_fp(io.StringIO("struct Node { 1: Node next }"), "small_paths_thrift")
    found: list[Any] = []

    def choose() -> None:
        try:
            found.append(fastthrift.select(tree.Node, ".".join(["next"] * 500)))
        except ValueError as error:
            found.append(str(error))

    before = threading.stack_size(512 << 10)
    try:
        thread = threading.Thread(target=choose)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert re.match("a path has 500 names, and [0-9]+ at most", found[0])


def test_selections_of_the_same_fields_are_equal() -> None:
    one, other = (fastthrift.select(Tree, "size", "one.x") for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    assert one != fastthrift.select(Tree, "size")
    assert one != fastthrift.select(Point, "x")
    assert one != ("size", "one.x")
