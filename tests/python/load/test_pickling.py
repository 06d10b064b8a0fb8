"""Pickles of classes of files that are loaded with several options, and in another order."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "shared": "enum Color { RED = 1 } struct Point { 1: i32 x, 2: Color color }\n"
    "exception Bad { 1: Point point }\nservice Base { Point move(1: Point point) }",
    "one": 'include "shared.thrift" struct One { 1: shared.Point point }',
    "two": 'include "shared.thrift" struct Two { 1: shared.Point point }',
    "three": 'include "shared.thrift" struct Three { 1: shared.Point point }',
}
#: Each file includes the shared one, and is loaded with options of its own.
LOADS = {
    "one": {},
    "two": {"frozen": True},
    "three": {"enums": "int_enum", "frozen": True},
}
#: What is pickled of each module, and what tells it from others.
VALUES = """
def values(module, root):
    shared = module.shared
    point = shared.Point(1, shared.Color.RED)
    return [getattr(module, root.title())(point), point, shared.Bad(point), shared.Point,
            shared.Base.move_args(point), shared.Color.RED]

def told(module, root, found):
    expected = values(module, root)
    assert [type(each) for each in found] == [type(each) for each in expected], (root, found)
    # Exceptions are equal to themselves alone.
    error, other = found.pop(2), expected.pop(2)
    assert (error.point, found) == (other.point, expected), (root, found, expected)
    assert found[2] is module.shared.Point, root
"""
LOAD = """
import fastthrift, pickle, sys, pathlib
loads = {loads!r}
def load(root):
    return fastthrift.load(root + ".thrift", root + "_thrift", **loads[root])
modules = {{root: load(root) for root in sys.argv[1:]}}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.thrift").write_text(text)
    return tmp_path


def run(directory: Path, program: str, *roots: str) -> str:
    """Runs a program that has loaded the files in that order."""
    text = LOAD.format(loads=LOADS) + VALUES + program
    done = subprocess.run(
        [sys.executable, "-c", text, *roots],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WRITE = """
for root, module in modules.items():
    pathlib.Path(root).write_bytes(pickle.dumps(values(module, root)))
"""
READ = """
for root, module in modules.items():
    told(module, root, pickle.loads(pathlib.Path(root).read_bytes()))
"""


@pytest.mark.parametrize("order", [*itertools.permutations(LOADS)], ids="-".join)
def test_pickles_are_of_the_class_that_they_were_whatever_was_loaded_first(
    directory: Path, order: tuple[str, ...]
) -> None:
    run(directory, WRITE + READ, *order)
    for other in itertools.permutations(LOADS):
        run(directory, READ, *other)


def test_a_pickle_of_other_options_than_those_here_is_refused(directory: Path) -> None:
    run(directory, WRITE, "three", "two")
    text = run(
        directory,
        """
for root in ("three", "two"):
    try:
        print(pickle.loads(pathlib.Path(root).read_bytes()))
    except pickle.UnpicklingError as error:
        print(error)
""",
        "one",
    )
    refused, again = text.splitlines()
    for line in (refused, again):
        assert "is not in sys.modules: load its file first, or the one that includes it" in line
    assert (
        "the class Three of 'three_thrift', loaded with enums='int_enum', frozen=True," in refused
    )
    (directory / "other.py").write_text(
        "import fastthrift, pickle, pathlib\nfastthrift.load('two.thrift', 'two_thrift')\n"
        "pickle.loads(pathlib.Path('two').read_bytes())\n"
    )
    done = subprocess.run(
        [sys.executable, "other.py"], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        "_pickle.UnpicklingError: the pickle has the class Two of 'two_thrift', loaded with "
        "frozen=True, and here it was loaded with no such options: load its file first, or the one "
        "that includes it, with the options and under the module name that it had where the object "
        "was pickled"
    )


def test_processes_that_are_spawned_get_and_give_the_same_classes(directory: Path) -> None:
    (directory / "work.py").write_text(
        "import fastthrift\n"
        "def load(root):\n"
        f"    return fastthrift.load(root + '.thrift', root + '_thrift', **{LOADS!r}[root])\n"
        # The parent has loaded these first, and the child begins with the others.
        "import multiprocessing\n"
        "is_child = multiprocessing.parent_process() is not None\n"
        "order = ['three', 'two', 'one'] if is_child else ['one', 'two', 'three']\n"
        "modules = {root: load(root) for root in order}\n" + VALUES + "def work(root, found):\n"
        "    told(modules[root], root, found)\n"
        "    return values(modules[root], root)\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        for root in modules:\n"
        "            found = pool.apply(work, (root, values(modules[root], root)))\n"
        "            told(modules[root], root, found)\n"
        "    print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "work.py"], cwd=directory, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_copies_are_of_the_class_of_the_original(directory: Path) -> None:
    run(
        directory,
        """
import copy
for root in ("two", "one", "three"):
    module = load(root)
    told(module, root, copy.deepcopy(values(module, root)))
    told(module, root, [copy.copy(each) for each in values(module, root)])
    # Of no name, too.
    alone = fastthrift.load(root + ".thrift", **loads[root])
    told(alone, root, copy.deepcopy(values(alone, root)))
""",
    )


def test_the_module_without_options_has_the_name_of_the_file(directory: Path) -> None:
    names = "print(*[module.shared.Point.__module__ for module in modules.values()])"
    two = "two_thrift.shared_thrift"
    assert run(directory, names, "one", "two").split() == ["shared_thrift", two]
    assert run(directory, names, "two", "one").split() == [two, "shared_thrift"]
    assert run(directory, names, "two").split() == ["shared_thrift"]
    asked = """
fastthrift.load("shared.thrift", "shared_thrift", frozen=True)
load("one")
print(sys.modules["shared_thrift"].Point.__module__, load("one").shared.Point.__module__)
"""
    assert run(directory, asked).split() == ["shared_thrift", "one_thrift.shared_thrift"]
