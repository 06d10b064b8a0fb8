"""Decoding a large message leaves the garbage collector as it was, whatever happens in it."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol.binary import TBinaryProtocolFactory
from fastthrift.protocol.compact import TCompactProtocolFactory

IDL = """
struct Leaf { 1: string name, 2: i32 size }
struct Keyed { 1: i32 id }
struct Large {
    1: list<Leaf> leaves,
    2: map<Keyed, i32> keyed,
    3: Leaf last,
    4: list<uuid> ids,
}
"""

FACTORIES = [TBinaryProtocolFactory(), TCompactProtocolFactory()]


@pytest.fixture
def module() -> Any:
    return fastthrift.load_fp(io.StringIO(IDL), "collected_thrift")


@pytest.fixture(params=[True, False], ids=["collecting", "not collecting"])
def enabled(request: pytest.FixtureRequest) -> Iterator[bool]:
    gc.enable()
    if not request.param:
        gc.disable()
    yield request.param
    gc.enable()


def large(module: Any) -> Any:
    leaves = [module.Leaf(f"leaf {size}", size) for size in range(2000)]
    return module.Large(leaves=leaves, last=module.Leaf("last", 1))


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_message_leaves_it_as_it_was(module: Any, factory: Any, enabled: bool) -> None:
    value = large(module)
    data = fastthrift.encode(value, factory)
    assert fastthrift.decode(module.Large, data, factory) == value
    assert gc.isenabled() is enabled
    assert fastthrift.utils.deserialize(module.Large(), data, factory) == value
    assert gc.isenabled() is enabled


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_broken_message_leaves_it_as_it_was(module: Any, factory: Any, enabled: bool) -> None:
    data = fastthrift.encode(large(module), factory)
    with pytest.raises(EOFError):
        fastthrift.decode(module.Large, data[:-10], factory)
    assert gc.isenabled() is enabled


@pytest.mark.parametrize("factory", FACTORIES)
def test_code_of_a_class_finds_it_as_it_was(module: Any, factory: Any, enabled: bool) -> None:
    seen = []

    class Own(module.Leaf):  # type: ignore[misc, name-defined]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            seen.append(gc.isenabled())
            super().__init__(*args, **kwargs)

    spec = dict(module.Large.thrift_spec)
    spec[3] = (*spec[3][:2], Own, spec[3][-1])
    module.Large.thrift_spec = spec
    data = fastthrift.encode(large(module), factory)
    assert type(fastthrift.decode(module.Large, data, factory).last) is Own
    assert seen == [enabled]
    assert gc.isenabled() is enabled


@pytest.mark.parametrize("factory", FACTORIES)
def test_the_hash_of_a_key_finds_it_as_it_was(module: Any, factory: Any, enabled: bool) -> None:
    seen = []

    def own_hash(self: Any) -> int:
        seen.append(gc.isenabled())
        return int(self.id)

    module.Keyed.__hash__ = own_hash
    value = large(module)
    value.keyed = {module.Keyed(1): 1, module.Keyed(2): 2}
    data = fastthrift.encode(value, factory)
    seen.clear()
    assert len(fastthrift.decode(module.Large, data, factory).keyed) == 2
    assert seen == [enabled, enabled]


def test_what_was_decoded_is_found_by_the_next_collection(module: Any) -> None:
    data = fastthrift.encode(large(module))
    gc.collect()
    message = fastthrift.decode(module.Large, data)
    message.circle = message
    gone = weakref.ref(message)
    del message
    kept: list[list[int]] = [[] for _ in range(10_000)]
    assert gone() is None
    del kept
