"""copy, deepcopy and pickle, the last of them with thriftpy2 on the other side."""

from __future__ import annotations

import copy
import io
import pickle
import sys
import types
from typing import Any

import fastthrift
import pytest
from support import children, subject
from support.compare import Loaded
from support.samples import CASES, IDL, RICH
from support.values import build, flatten

PICKLE_PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


@pytest.fixture
def importable(cases: Loaded, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The module under the name that its classes give, as users register it for pickle."""
    monkeypatch.setitem(sys.modules, cases.subject.Phone.__module__, cases.subject)
    return cases.subject


def rich(module: Any) -> Any:
    obj = build(module.After, RICH)
    obj.f.failure = None
    obj.extra = {"kept": [1, 2]}
    obj.d.note = "inner extra"
    return obj


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_are_equal_and_apart(cases: Loaded, duplicate: Any) -> None:
    obj = rich(cases.subject)
    twin = duplicate(obj)
    assert type(twin) is type(obj)
    assert twin == obj
    assert twin is not obj
    assert list(vars(twin)) == list(vars(obj))
    assert (twin.f is obj.f) == (duplicate is copy.copy)
    twin.a = "changed"
    twin.new = 1
    assert obj.a == 3
    assert not hasattr(obj, "new")


def test_a_deep_copy_keeps_shared_and_cyclic_objects(cases: Loaded) -> None:
    tree = cases.subject.Tree(value=1)
    shared = cases.subject.Tree(value=2)
    tree.left = tree.right = shared
    shared.children = [tree]
    twin = copy.deepcopy(tree)
    assert twin.left is twin.right
    assert twin.left is not shared
    assert twin.left.children[0] is twin


def test_copies_of_incomplete_objects(cases: Loaded) -> None:
    obj = cases.subject.Phone(color=1, number="5")
    del obj.color
    for duplicate in (copy.copy, copy.deepcopy):
        assert vars(duplicate(obj)) == {"number": "5"}


@pytest.mark.parametrize("protocol", PICKLE_PROTOCOLS)
def test_pickle(importable: Any, protocol: int) -> None:
    obj = rich(importable)
    twin = pickle.loads(pickle.dumps(obj, protocol))
    assert type(twin) is type(obj)
    assert twin == obj
    assert repr(twin) == repr(obj)
    assert twin.extra == {"kept": [1, 2]}
    assert list(vars(twin)) == list(vars(obj))


@pytest.mark.parametrize("protocol", PICKLE_PROTOCOLS)
def test_pickle_of_incomplete_and_cyclic_objects(importable: Any, protocol: int) -> None:
    obj = importable.Phone(color=1, number="5")
    del obj.color
    assert vars(pickle.loads(pickle.dumps(obj, protocol))) == {"number": "5"}
    tree = importable.Tree(value=1)
    tree.left = tree
    twin = pickle.loads(pickle.dumps(tree, protocol))
    assert twin.left is twin


@pytest.mark.parametrize("protocol", PICKLE_PROTOCOLS)
def test_pickle_of_exceptions(importable: Any, protocol: int) -> None:
    error = importable.Failure(message="m", trace=["a"])
    error.extra = 5
    twin = pickle.loads(pickle.dumps(error, protocol))
    assert type(twin) is importable.Failure
    assert vars(twin) == vars(error)
    assert copy.copy(error).message == "m"
    assert copy.deepcopy(error).trace == ["a"]


@pytest.mark.parametrize("names", [("note",), ("__note", "note"), ("note", "color")])
def test_slots_of_a_subclass_are_copied(
    cases: Loaded, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cases.subject, cases.reference):
        here = {"__module__": __name__}
        noted = type("Noted", (module.Phone,), {**here, "__slots__": names})
        plain = type("Plain", (noted,), {**here, "color": 1})
        for cls in (noted, plain):
            monkeypatch.setitem(globals(), cls.__name__, cls)
            obj = cls(color=2, number="5")
            obj.note, obj.extra = ["kept"], "extra"
            copies = [copy.copy(obj), copy.deepcopy(obj)]
            copies += [pickle.loads(pickle.dumps(obj, each)) for each in PICKLE_PROTOCOLS[2:]]
            for twin in copies:
                assert twin.note == ["kept"]
                assert vars(twin) == vars(obj)
                assert (twin.color, twin.number, twin.extra) == (obj.color, "5", "extra")
            assert copies[0].note is obj.note
            assert copies[1].note is not obj.note
            del obj.note
            assert not hasattr(copy.copy(obj), "note")
            if module is cases.subject:
                obj.note = "kept"
                assert obj.__replace__(number="6").note == "kept"


def test_slots_of_a_subclass_of_a_frozen_struct_are_copied() -> None:
    module = fastthrift.load_fp(
        io.StringIO("struct Phone { 1: i32 color }"), "frozen_phone_thrift", frozen=True
    )

    class Noted(module.Phone):  # type: ignore[misc, name-defined]
        __slots__ = ("note",)

        def __init__(self, color: int, note: str) -> None:
            super().__init__(color)
            object.__setattr__(self, "note", note)

    obj = Noted(2, "kept")
    for twin in (copy.copy(obj), copy.deepcopy(obj), obj.__replace__(color=2)):
        assert twin == obj
        assert twin.note == "kept"


def test_states_with_and_without_slots(cases: Loaded) -> None:
    """A state that was kept before the class had slots is taken as well."""

    class Noted(cases.subject.Phone):  # type: ignore[misc, name-defined]
        __slots__ = ("note",)

    old = pickle.dumps(cases.subject.Phone(color=2, number="5").__getstate__())
    obj = Noted.__new__(Noted)
    obj.__dict__.update(pickle.loads(old))
    assert obj == Noted(color=2, number="5")
    assert obj.__getstate__() == {"color": 2, "number": "5"}
    obj.note = "kept"
    assert obj.__getstate__() == ({"color": 2, "number": "5"}, {"note": "kept"})


def test_getstate_and_setstate(cases: Loaded) -> None:
    """A state as thriftpy2 makes it, the plain ``__dict__``, makes an equal object."""
    obj = cases.subject.Phone(color=1, number="5")
    reduced = obj.__reduce_ex__(2)
    state = reduced[2]
    assert isinstance(state, dict)
    assert state == {"color": 1, "number": "5"}


PEER = """
import pickle, sys
import {package} as package
from support.samples import IDL, RICH
from support.values import build
module = package.load(str(IDL))
sys.modules[module.Phone.__module__] = module
protocol = int(sys.argv[1])
if sys.argv[2] == "dump":
    obj = build(module.After, RICH)
    obj.f.failure = None
    obj.extra = {{"kept": [1, 2]}}
    obj.d.note = "inner extra"
    sys.stdout.buffer.write(pickle.dumps(obj, protocol))
else:
    obj = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.write(repr(obj))
"""


def peer(package: str, protocol: int, action: str, data: bytes = b"") -> bytes:
    result = children.run("-c", PEER.format(package=package), str(protocol), action, input=data)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_pickles_made_by_thriftpy2(importable: Any, protocol: int) -> None:
    obj = pickle.loads(peer("thriftpy2", protocol, "dump"))
    assert type(obj) is importable.After
    assert repr(obj) == repr(rich(importable))
    assert obj == rich(importable)


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_pickles_for_thriftpy2(importable: Any, protocol: int) -> None:
    """A cache shared with processes that still run thriftpy2 serves both."""
    obj = rich(importable)
    assert peer("thriftpy2", protocol, "load", pickle.dumps(obj, protocol)).decode() == repr(obj)


def test_every_case_survives_both(importable: Any) -> None:
    for struct, plain in CASES:
        obj = build(getattr(importable, struct), plain)
        for twin in (copy.deepcopy(obj), pickle.loads(pickle.dumps(obj))):
            assert flatten(twin) == flatten(obj)


def test_thrifts_own_exceptions_survive_pickle() -> None:
    """multiprocessing sends exceptions to the parent this way."""
    for error in (
        subject.TApplicationException(subject.TApplicationException.UNKNOWN_METHOD, "m"),
        subject.TTransportException(subject.TTransportException.NOT_OPEN, "m"),
        subject.TProtocolException(subject.TProtocolException.BAD_VERSION, "m"),
    ):
        twin = pickle.loads(pickle.dumps(error))
        assert type(twin) is type(error)
        assert (twin.type, twin.message) == (error.type, "m")
