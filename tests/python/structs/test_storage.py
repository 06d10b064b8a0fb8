"""What users see of a struct's fields: attributes, ``__dict__``, equality, hash, repr."""

from __future__ import annotations

import collections
import copy
import inspect
import json
import pickle
import pydoc
import re
import typing
import weakref
from typing import Any
from unittest import mock

import pytest
from peers import reference
from support import subject
from support.compare import Loaded
from support.samples import CASES, IDL
from support.values import build


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.fixture
def phone(cases: Loaded) -> Any:
    return cases.subject.Phone(color=1, number="123")


# __dict__


def test_vars_gives_the_fields_in_the_order_of_the_idl(cases: Loaded) -> None:
    for name in ("Phone", "OutOfOrder", "Defaults", "Nested", "Failure", "Implicit", "Empty"):
        ours, theirs = getattr(cases.subject, name)(), getattr(cases.reference, name)()
        assert isinstance(vars(ours), dict)
        assert isinstance(ours.__dict__, dict)
        assert list(vars(ours)) == list(vars(theirs))
        assert list(vars(ours).values()) == list(vars(theirs).values()) or name == "Nested"


def test_dict_reads(phone: Any) -> None:
    fields = phone.__dict__
    assert fields == {"color": 1, "number": "123"}
    assert fields != {"color": 1}
    assert fields["color"] == 1
    assert fields.get("number") == "123"
    assert fields.get("nothing", 5) == 5
    assert "color" in fields
    assert "nothing" not in fields
    assert len(fields) == 2
    assert bool(fields)
    assert list(fields) == ["color", "number"]
    assert list(fields.keys()) == ["color", "number"]
    assert list(fields.values()) == [1, "123"]
    assert list(fields.items()) == [("color", 1), ("number", "123")]
    assert list(reversed(fields)) == ["number", "color"]
    assert dict(fields) == {**fields} == fields.copy() == {"color": 1, "number": "123"}
    assert repr(fields) == "{'color': 1, 'number': '123'}"
    assert json.dumps(fields) == '{"color": 1, "number": "123"}'
    assert fields | {"x": 1} == {"color": 1, "number": "123", "x": 1}
    with pytest.raises(KeyError):
        fields["nothing"]
    match fields:
        case {"color": color}:
            assert color == 1
        case _:
            pytest.fail("a dict matches a mapping pattern")


WRITES: dict[str, tuple[Any, dict[str, Any]]] = {
    "item": (lambda d: d.__setitem__("color", 9), {"color": 9, "number": "123"}),
    "new item": (lambda d: d.__setitem__("extra", 9), {"color": 1, "number": "123", "extra": 9}),
    "update": (lambda d: d.update(color=8, number=None), {"color": 8, "number": None}),
    "update with a dict": (lambda d: d.update({"color": 8}), {"color": 8, "number": "123"}),
    "update with pairs": (lambda d: d.update([("color", 8)]), {"color": 8, "number": "123"}),
    "or": (lambda d: d.__ior__({"color": 7}), {"color": 7, "number": "123"}),
    "pop": (lambda d: d.pop("color"), {"number": "123"}),
    "pop a default": (lambda d: d.pop("nothing", 0), {"color": 1, "number": "123"}),
    "popitem": (lambda d: d.popitem(), {"color": 1}),
    "delete": (lambda d: d.__delitem__("number"), {"color": 1}),
    "setdefault": (lambda d: d.setdefault("color", 5), {"color": 1, "number": "123"}),
    "setdefault of a new one": (
        lambda d: d.setdefault("extra", 5),
        {"color": 1, "number": "123", "extra": 5},
    ),
    "clear": (lambda d: d.clear(), {}),
    "clear and update": (lambda d: (d.clear(), d.update(number="5")), {"number": "5"}),
}


@pytest.mark.parametrize("write", list(WRITES))
@pytest.mark.parametrize("looked_before", [True, False])
def test_dict_writes_through(cases: Loaded, write: str, looked_before: bool) -> None:
    action, expected = WRITES[write]
    theirs = cases.reference.Phone(color=1, number="123")
    ours = cases.subject.Phone(color=1, number="123")
    kept = vars(ours) if looked_before else None
    assert action(vars(ours)) == action(vars(theirs))
    assert vars(theirs) == expected
    assert vars(ours) == expected
    assert kept is None or kept == expected
    assert repr(ours) == repr(theirs)
    for name in ("color", "number", "extra"):
        assert hasattr(ours, name) == hasattr(theirs, name) == (name in expected)
        assert getattr(ours, name, None) == expected.get(name)
    for protocol in subject.PROTOCOLS:
        assert subject.encode(ours, protocol) == reference.encode(theirs, protocol)


def test_attributes_show_in_a_dict_taken_before(phone: Any) -> None:
    fields = vars(phone)
    phone.color = 50
    phone.extra = "more"
    assert fields["color"] == 50
    assert fields["extra"] == "more"
    del phone.number
    assert "number" not in fields
    assert list(fields) == ["color", "extra"]


def test_dict_may_be_assigned(cases: Loaded, phone: Any) -> None:
    theirs = cases.reference.Phone(color=1, number="123")
    for obj in (phone, theirs):
        obj.__dict__ = {"number": "new", "other": 1}
    assert repr(phone) == repr(theirs)
    assert vars(phone) == vars(theirs)
    assert not hasattr(phone, "color")
    with pytest.raises(TypeError):
        phone.__dict__ = 5


def test_a_dict_outlives_its_object(cases: Loaded) -> None:
    fields = vars(cases.subject.Phone(color=1, number="123"))
    assert fields == {"color": 1, "number": "123"}
    fields["color"] = 2
    assert fields["color"] == 2


def test_json_dumps_with_vars(cases: Loaded) -> None:
    plain = dict(CASES)["Failure"]
    tree = {"value": 1, "left": {"value": 2}, "children": [{"value": 3}]}
    for name, value in (("Failure", plain), ("Tree", tree)):
        texts = [
            json.dumps(build(getattr(module, name), value), default=vars)
            for module in (cases.subject, cases.reference)
        ]
        assert texts[0] == texts[1]


LOOKS: dict[str, Any] = {
    "item": lambda d: d["color"],
    "get": lambda d: d.get("color"),
    "in": lambda d: "extra" in d,
    "len": len,
    "list": list,
    "dict": dict,
    "unpacking": lambda d: {**d},
    "keywords": lambda d: (lambda **kwargs: kwargs)(**d),
    "keys": lambda d: list(d.keys()),
    "values": lambda d: list(d.values()),
    "items": lambda d: list(d.items()),
    "copy": lambda d: d.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda d: pickle.loads(pickle.dumps(d)),
    "json": json.dumps,
    "repr": repr,
    "str": str,
    "format": lambda d: "{color} {number} {extra}".format(**d),
    "format_map": lambda d: "{color} {number} {extra}".format_map(d),
    "percent": lambda d: "%(color)s %(number)s %(extra)s" % d,  # noqa: UP031
    "==": lambda d: d == {"color": 50, "number": None, "extra": [1]},
    "reflected ==": lambda d: {"color": 50, "number": None, "extra": [1]} == d,  # noqa: SIM300
    "!=": lambda d: d != {"color": 50, "number": None, "extra": [1]},
    "|": lambda d: d | {"x": 1},
    "reflected |": lambda d: {"x": 1} | d,
    "update another": lambda d: {"y": 1, **dict(d)},
    "ChainMap": lambda d: dict(collections.ChainMap(d)),
    "sorted": sorted,
    "reversed": lambda d: list(reversed(d)),
    "bool": bool,
    "each by its key": lambda d: {key: d[key] for key in d},
    "each while looking": lambda d: [(k, v, k in d, len(d)) for k, v in d.items()],
    "isinstance": lambda d: (isinstance(d, dict), isinstance(d, collections.abc.MutableMapping)),
}


@pytest.mark.parametrize("look", list(LOOKS))
@pytest.mark.parametrize("when", ["before", "after"])
def test_every_way_to_look_at_the_dict(cases: Loaded, look: str, when: str) -> None:
    """Also at one that was taken before the object changed."""
    results = []
    for module in (cases.subject, cases.reference):
        obj = module.Phone(color=1, number="123")
        fields = vars(obj) if when == "before" else None
        obj.color, obj.number, obj.extra = 50, None, [1]
        results.append(LOOKS[look](vars(obj) if fields is None else fields))
    assert results[0] == results[1]
    assert type(results[0]) is type(results[1])


def test_writes_while_going_through_the_dict(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        obj = module.Defaults()
        for name in vars(obj):
            setattr(obj, name, None)
        assert set(vars(obj).values()) == {None}
        fields = vars(obj)
        for name in fields:
            fields[name] = 5
        for name, value in fields.items():
            assert value == 5
            fields[name] = value + 1
        for name in list(fields):
            del fields[name]
        assert vars(obj) == {}


def test_mock_patches_objects_and_their_dicts(phone: Any) -> None:
    with mock.patch.object(phone, "color", 99):
        assert phone.color == 99
    assert phone.color == 1
    with mock.patch.dict(vars(phone), {"color": 98, "extra": 1}):
        assert (phone.color, phone.extra) == (98, 1)
    assert vars(phone) == {"color": 1, "number": "123"}


def test_tools_that_look_at_objects_and_classes(cases: Loaded, phone: Any) -> None:
    assert "class Phone" in pydoc.plain(pydoc.render_doc(cases.subject.Phone))
    members = dict(inspect.getmembers(phone))
    assert members["color"] == 1
    assert typing.get_type_hints(cases.subject.Phone.__init__) is not None
    assert mock.create_autospec(cases.subject.Phone)(color=1) is not None


# Attributes


def test_extra_attributes_are_kept_and_shown(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        obj = module.Phone(color=1)
        obj.extra = [1, 2]
        obj._hidden = None
        assert obj.extra == [1, 2]
        assert list(vars(obj)) == ["color", "number", "extra", "_hidden"]
        assert repr(obj) == "Phone(color=1, number=None, extra=[1, 2], _hidden=None)"
        del obj.extra
        assert not hasattr(obj, "extra")


def test_deleted_attributes_are_gone(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        obj = module.Phone(color=1, number="5")
        del obj.color
        assert not hasattr(obj, "color")
        assert vars(obj) == {"number": "5"}
        assert repr(obj) == "Phone(number='5')"
        with pytest.raises(AttributeError, match="color"):
            obj.color  # noqa: B018
        with pytest.raises(AttributeError, match="color"):
            del obj.color
        obj.color = 3
        assert vars(obj) == {"number": "5", "color": 3}


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
def test_a_deleted_field_is_an_unset_one(cases: Loaded, protocol: str) -> None:
    ours, theirs = cases.subject.Phone(color=1, number="5"), cases.reference.Phone(number="5")
    del ours.color
    theirs.color = None
    assert subject.encode(ours, protocol) == reference.encode(theirs, protocol)


def test_getattr_setattr_and_dir(phone: Any) -> None:
    assert getattr(phone, "color") == 1  # noqa: B009
    setattr(phone, "number", "9")  # noqa: B010
    assert phone.number == "9"
    assert {"color", "number", "read", "write", "thrift_spec"} <= set(dir(phone))
    phone.extra = 1
    assert "extra" in dir(phone)
    with pytest.raises(AttributeError):
        phone.nothing  # noqa: B018


def test_fields_are_no_class_attributes(cases: Loaded) -> None:
    """``Phone.color`` is no value in thriftpy2: code that probes the class must find none."""
    assert not isinstance(getattr(cases.subject.Phone, "color", None), (int, str))


# Equality, hash, repr


def test_equality(cases: Loaded) -> None:
    cls = cases.subject.Phone
    assert cls(color=1, number="2") == cls(1, "2")
    assert cls(color=1) != cls(color=2)
    assert not cls(color=1).__ne__(cls(color=1))
    assert cls() != cases.subject.Point()
    assert cls() != vars(cls())
    assert cls() != None  # noqa: E711
    extra = cls()
    extra.note = 1
    assert extra != cls()
    twin = cls()
    twin.note = 1
    assert extra == twin
    gone = cls()
    del gone.number
    assert gone != cls()


def test_equality_with_a_subclass(cases: Loaded) -> None:
    """Python asks the subclass first, and a plain object is none of that: not equal."""
    answers = []
    for module in (cases.subject, cases.reference):
        sub = type("Sub", (module.Point,), {})
        answers.append([module.Point(x=1) == sub(x=1), sub(x=1) == module.Point(x=1)])
        answers[-1] += [sub(x=1) == sub(x=1), sub(x=1) != sub(x=2)]
    assert answers[0] == answers[1]


def test_hash_is_by_value(cases: Loaded) -> None:
    cls = cases.subject.Point
    assert hash(cls(x=1, y=2)) == hash(cls(x=1, y=2))
    assert hash(cls(x=1, y=2)) != hash(cls(x=2, y=1))
    assert {cls(x=1): "a"}[cls(x=1)] == "a"
    assert len({cls(x=1), cls(x=1), cls(x=2)}) == 2
    holders = [build(cases.subject.Nested, dict(CASES)["Nested"]) for _ in range(2)]
    failure = holders[0].failure
    for holder in holders:
        # Exceptions are equal by identity only.
        holder.failure = failure
    assert holders[0] == holders[1]
    assert hash(holders[0]) == hash(holders[1])


def test_hash_follows_extra_attributes(cases: Loaded) -> None:
    one, other = cases.subject.Point(x=1), cases.subject.Point(x=1)
    one.extra, other.extra = [1], [1]
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(("struct", "plain"), CASES, ids=lambda v: v if type(v) is str else "")
def test_repr_is_thriftpy2s(cases: Loaded, struct: str, plain: dict[str, Any]) -> None:
    ours, theirs = (
        build(getattr(module, struct), plain) for module in (cases.subject, cases.reference)
    )
    assert repr(ours) == repr(theirs)
    assert str(ours) == str(theirs)
    assert f"{ours}" == f"{theirs}"


def test_repr_of_a_cycle_does_not_end_the_process(cases: Loaded) -> None:
    tree = cases.subject.Tree(value=1)
    tree.left = tree
    with pytest.raises(RecursionError):
        repr(tree)


def test_exceptions_are_equal_by_identity(cases: Loaded) -> None:
    failure = cases.subject.Failure
    error = failure(message="m")
    assert error == error
    assert error != failure(message="m")
    assert len({error, failure(message="m"), error}) == 2
    assert repr(error) == str(error) == repr(cases.reference.Failure(message="m"))
    assert isinstance(error, Exception)
    assert isinstance(error, subject.TException)
    assert isinstance(error, subject.TPayload)
    with pytest.raises(failure) as caught:
        raise error
    assert caught.value is error
    assert vars(error) == {"message": "m", "code": 7, "trace": None}


def test_exception_args(cases: Loaded) -> None:
    for arguments, fields in (((), {}), (("m",), {}), (("m", 5), {}), ((), {"message": "m"})):
        ours, theirs = (m.Failure(*arguments, **fields) for m in (cases.subject, cases.reference))
        assert ours.args == theirs.args
        assert repr(ours) == repr(theirs)


# Construction


def test_init_takes_fields_in_declaration_order(cases: Loaded) -> None:
    obj = cases.subject.OutOfOrder("third", 1, [True])
    assert (obj.third, obj.first, obj.second, obj.zeroth) == ("third", 1, [True], None)
    assert cases.subject.Point(1, y=2) == cases.subject.Point(x=1, y=2)


def test_init_refuses_what_it_does_not_know(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        for arguments, fields in (
            ((1, 2, 3), {}),
            ((), {"z": 1}),
            ((1,), {"x": 1}),
            ((), {"X": 1}),
        ):
            with pytest.raises(TypeError) as caught:
                module.Point(*arguments, **fields)
            assert re.search(r"Point|__init__\(\)", str(caught.value))


def test_signature(cases: Loaded) -> None:
    for name in ("Point", "Phone", "Defaults", "Empty", "Failure"):
        ours, theirs = (
            inspect.signature(getattr(module, name)) for module in (cases.subject, cases.reference)
        )
        assert list(ours.parameters) == list(theirs.parameters)
        assert [p.default for p in ours.parameters.values()] == [
            p.default for p in theirs.parameters.values()
        ]
        assert [p.kind for p in ours.parameters.values()] == [
            p.kind for p in theirs.parameters.values()
        ]


def test_init_again_resets_the_fields(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        obj = module.Phone(color=1, number="5")
        obj.extra = 1
        obj.__init__(number="6")
        assert vars(obj) == {"color": 2, "number": "6", "extra": 1}


def test_new_without_init_has_no_fields(cases: Loaded) -> None:
    for module in (cases.subject, cases.reference):
        obj = module.Phone.__new__(module.Phone)
        assert vars(obj) == {}
        assert repr(obj) == "Phone()"
        obj.number = "5"
        assert vars(obj) == {"number": "5"}


@pytest.mark.difference("mutable-defaults")
def test_mutable_defaults_are_not_shared(cases: Loaded) -> None:
    cls = cases.subject.Defaults
    first = cls()
    first.items.append(99)
    first.table["new"] = 1
    assert cls().items == [1, 2, 3]
    assert cls().table == {"a": 1, "b": 2}
    assert dict(cls.default_spec)["items"] == [1, 2, 3]
    for protocol in subject.PROTOCOLS:
        decoded = subject.decode(cls, b"\0", protocol)
        decoded.items.append(5)
        assert subject.decode(cls, b"\0", protocol).items == [1, 2, 3]


def test_weak_references(cases: Loaded) -> None:
    for name in ("Phone", "Empty", "Failure", "Nested"):
        obj = getattr(cases.subject, name)()
        ref = weakref.ref(obj)
        assert ref() is obj
        del obj
        assert ref() is None
    table = weakref.WeakValueDictionary()
    kept = table["k"] = cases.subject.Phone()
    assert table["k"] is kept
