"""Eight threads that encode, decode, load and change shared objects, switching all the time."""

from __future__ import annotations

import contextlib
import gc
import io
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.parser.parser import parse_fp
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.transport import TBufferedTransport, TMemoryBuffer
from support import subject

IDL = """
struct Tree {
    1: i32 value, 2: Tree left, 3: list<Tree> children, 4: map<string, Tree> named,
    5: list<i64> numbers, 6: string text = "default", 7: set<string> words, 8: list<i32> made = [1],
}
"""

module = fastthrift.load_fp(io.StringIO(IDL), "threads_thrift")
FACTORIES = {"binary": TBinaryProtocolFactory(), "compact": TCompactProtocolFactory()}

THREADS = 8
SECONDS = 1.5

#: What may come of an object that another thread changes while it is written; RuntimeError is
#: what Python says of a dict that changes in a loop.
CHANGED = (subject.TException, RuntimeError)


@pytest.fixture(params=[1e-6, 5e-3], ids=["switching all the time", "as usual"])
def interval(request: pytest.FixtureRequest) -> Iterator[float]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield request.param
    sys.setswitchinterval(before)


def run_together(actions: list[Callable[[random.Random], Any]], seconds: float = SECONDS) -> None:
    """Repeat each action in a thread of its own; what one raises fails the test."""
    problems: list[BaseException] = []
    start = threading.Barrier(len(actions) + 1)
    stop = threading.Event()
    counts = [0] * len(actions)

    def work(index: int) -> None:
        chance = random.Random(index)
        start.wait()
        try:
            while not stop.is_set():
                actions[index](chance)
                counts[index] += 1
        except BaseException as error:
            problems.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    start.wait()
    deadline = time.monotonic() + seconds
    # Until the time is over and all had a turn.
    while not stop.is_set() and (time.monotonic() < deadline or not all(counts)):
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems, problems


def new_tree(chance: random.Random, depth: int = 3) -> Any:
    tree = module.Tree(value=chance.randrange(1000), numbers=list(range(chance.randrange(100))))
    tree.words = {str(number) for number in range(chance.randrange(5))}
    if depth:
        tree.left = new_tree(chance, depth - 1)
        tree.children = [new_tree(chance, depth - 1) for _ in range(2)]
        tree.named = {str(number): new_tree(chance, depth - 1) for number in range(2)}
    return tree


@pytest.mark.usefixtures("interval")
def test_encoding_decoding_and_loading_at_once() -> None:
    """What threads do not share is as it would be without the others."""
    # Read, for a set that is written is read as a list.
    tree = fastthrift.decode(module.Tree, fastthrift.encode(new_tree(random.Random(5))))
    expected = {name: fastthrift.encode(tree, name) for name in FACTORIES}

    def encode(chance: random.Random) -> None:
        name = chance.choice(list(FACTORIES))
        assert fastthrift.encode(tree, name) == expected[name]

    def decode(chance: random.Random) -> None:
        name = chance.choice(list(FACTORIES))
        assert fastthrift.decode(module.Tree, expected[name], name) == tree

    def refuse(chance: random.Random) -> None:
        name = chance.choice(list(FACTORIES))
        data = expected[name]
        with pytest.raises(subject.TProtocolException):
            fastthrift.decode(module.Tree, data[: chance.randrange(len(data) - 60)], name)

    def by_transport(chance: random.Random) -> None:
        trans = TBufferedTransport(TMemoryBuffer())
        name = chance.choice(list(FACTORIES))
        proto = FACTORIES[name].get_protocol(trans)
        proto.write_struct(tree)
        trans.flush()
        assert proto.read_struct(module.Tree()) == tree

    def load(chance: random.Random) -> None:
        loaded = parse_fp(io.StringIO(IDL), "other_thrift", enable_cache=False)
        name = chance.choice(list(FACTORIES))
        again = fastthrift.decode(loaded.Tree, expected[name], name)
        assert fastthrift.encode(again, name) == expected[name]

    run_together([encode, decode, refuse, by_transport, load, load, encode, decode])


@pytest.mark.usefixtures("interval")
def test_objects_that_change_while_they_are_written() -> None:
    """Each thread gets a message that can be read, or an exception."""
    shared = [new_tree(random.Random(number)) for number in range(3)]

    def change(chance: random.Random) -> None:
        tree = chance.choice(shared)
        other = new_tree(chance, 1)
        kind = chance.randrange(9)
        if kind == 0:
            tree.left = other
        elif kind == 1:
            with contextlib.suppress(AttributeError):
                del tree.left
        elif kind == 2:
            tree.children.append(other)
        elif kind == 3:
            tree.children[:] = tree.children[:2] or [other]
        elif kind == 4:
            tree.named[str(chance.randrange(50))] = other
        elif kind == 5:
            tree.named.clear()
        elif kind == 6:
            tree.numbers = list(range(chance.randrange(300)))
        elif kind == 7:
            tree.numbers.clear()
        else:
            vars(tree)["extra"] = other
            tree.words.symmetric_difference_update({str(chance.randrange(9))})

    def use(chance: random.Random) -> None:
        tree = chance.choice(shared)
        name = chance.choice(list(FACTORIES))
        with contextlib.suppress(*CHANGED):
            data = fastthrift.encode(tree, name)
            decoded = fastthrift.decode(module.Tree, data, name)
            # Nothing was half: what was read is written as it is.
            assert fastthrift.decode(module.Tree, fastthrift.encode(decoded, name), name) == decoded

    def look(chance: random.Random) -> None:
        tree = chance.choice(shared)
        # `dict` asks the view of the fields key by key, and a field may be deleted meanwhile.
        with contextlib.suppress(RuntimeError, AttributeError, KeyError):
            repr(tree), hash(tree), tree == shared[0], dict(vars(tree))
        if chance.random() < 0.01:
            gc.collect(1)

    def read_into(chance: random.Random) -> None:
        """Into an object that others write at the same time."""
        data = fastthrift.encode(module.Tree(value=1, numbers=[1, 2, 3], text="x"), "binary")
        FACTORIES["binary"].get_protocol(TMemoryBuffer(data)).read_struct(chance.choice(shared))

    run_together([change, change, use, use, use, look, read_into, change])


@pytest.mark.usefixtures("interval")
def test_classes_that_change_while_they_are_used() -> None:
    """The compiled form of a class is made and dropped while others use it."""
    specs = [
        dict(module.Tree.thrift_spec),
        {fid: entry for fid, entry in module.Tree.thrift_spec.items() if fid != 5},
    ]
    Sub = type("Sub", (module.Tree,), {"thrift_spec": specs[0]})
    obj = Sub(value=1, numbers=[1, 2], text="x")
    allowed = {fastthrift.encode(obj, "binary")}
    Sub.thrift_spec = specs[1]
    allowed.add(fastthrift.encode(obj, "binary"))

    def change(chance: random.Random) -> None:
        Sub.thrift_spec = chance.choice(specs)

    def use(chance: random.Random) -> None:
        data = fastthrift.encode(obj, "binary")
        assert data in allowed
        assert fastthrift.decode(Sub, data).value == 1

    run_together([change, change, *[use] * (THREADS - 2)], 0.5)


@pytest.mark.usefixtures("interval")
def test_one_file_loaded_by_all(tmp_path: Path) -> None:
    """One class per type, whoever comes first."""
    path = tmp_path / "shared.thrift"
    path.write_text(IDL)
    found: list[Any] = []
    run_together([lambda chance: found.append(fastthrift.load(str(path)).Tree)] * THREADS, 0.3)
    assert len(set(map(id, found))) == 1


@pytest.mark.usefixtures("interval")
def test_a_transport_that_threads_share() -> None:
    """Nothing is lost or half: as many whole messages come out as went in."""
    trans = TBufferedTransport(TMemoryBuffer())
    proto = FACTORIES["binary"].get_protocol(trans)
    written = [0] * THREADS

    def writer(index: int) -> Callable[[random.Random], None]:
        tree = module.Tree(value=index, text="x" * index)

        def write(chance: random.Random) -> None:
            proto.write_struct(tree)
            written[index] += 1

        return write

    run_together([writer(index) for index in range(THREADS)], 0.3)
    trans.flush()
    read = [0] * THREADS
    for _ in range(sum(written)):
        tree = proto.read_struct(module.Tree())
        assert tree.text == "x" * tree.value
        read[tree.value] += 1
    assert read == written
