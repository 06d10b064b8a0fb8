"""Cyclic and very deep objects: Python's RecursionError at worst, never a crash."""

from __future__ import annotations

import copy
import gc
import pickle
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from support import children, subject
from support.compare import Loaded
from support.samples import IDL

DEEP = 200_000


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


def cyclic(module: Any) -> Any:
    tree = module.Tree(value=1)
    tree.left = module.Tree(value=2, right=tree)
    return tree


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "repr": lambda one, other: repr(one),
    "str": lambda one, other: str(one),
    "hash": lambda one, other: hash(one),
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "encode": lambda one, other: subject.encode(one, "binary"),
    "encode compact": lambda one, other: subject.encode(one, "compact"),
}


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_cyclic_objects(cases: Loaded, operation: str) -> None:
    one, other = cyclic(cases.subject), cyclic(cases.subject)
    with pytest.raises(RecursionError):
        OPERATIONS[operation](one, other)


def test_the_repr_of_a_list_that_contains_its_owner(cases: Loaded) -> None:
    """Python's list breaks the cycle, for us as for thriftpy2."""
    texts = []
    for module in (cases.subject, cases.reference):
        tree = module.Tree(value=1)
        tree.children = [module.Tree(value=2, left=tree)]
        texts.append(repr(tree))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_very_deep_objects(operation: str) -> None:
    """In a process of its own: what fails here ends the interpreter."""
    run_apart(
        f"""
        import runpy
        names = runpy.run_path({__file__!r})
        OPERATIONS, chain = names["OPERATIONS"], names["chain"]
        one, other = chain(module, {DEEP}), chain(module, {DEEP})
        try:
            OPERATIONS[{operation!r}](one, other)
        except RecursionError:
            print("RecursionError")
        """,
        "RecursionError",
    )


def chain(module: Any, length: int) -> Any:
    tree = module.Tree()
    for _ in range(length):
        tree = module.Tree(left=tree)
    return tree


def run_apart(code: str, expected: str) -> None:
    """Run `code` with the module of ``cases.thrift``, and look at what it prints."""
    prelude = f"""
        import gc, sys, threading
        from support import subject
        module = subject.load({str(IDL)!r})
    """
    script = textwrap.dedent(prelude) + textwrap.dedent(code)
    result = children.run("-c", script, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.strip() == expected


@pytest.mark.parametrize(
    "wrap",
    [
        "module.Tree(left=tree)",
        "module.Tree(children=[tree])",
        "module.Tree(named={'k': tree})",
        "extra(module.Tree(), tree)",
        "module.Failure(trace=[tree])",
        "Sub(left=tree)",
        "Hand(tree)",
    ],
)
def test_a_very_deep_object_is_released(wrap: str) -> None:
    """By the last reference, and by the garbage collector."""
    run_apart(
        f"""
        class Sub(module.Tree):
            pass

        class Hand(subject.TPayload):
            thrift_spec = {{}}
            def __init__(self, inner):
                self.inner = inner

        def extra(outer, inner):
            outer.extra = inner
            return outer

        for collected in (False, True):
            first = tree = module.Tree()
            for _ in range({DEEP}):
                tree = {wrap}
            if collected:
                first.left = tree
            del first, tree
            gc.collect()
        print("released")
        """,
        "released",
    )


@pytest.mark.difference("depth")
def test_small_stacks() -> None:
    """Threads may have as little as 256 KiB, as under some C libraries and servers."""
    run_apart(
        """
        def work():
            tree = module.Tree(value=1)
            for _ in range(31):
                tree = module.Tree(children=[tree], named={})
            for protocol in ("binary", "compact"):
                data = subject.encode(tree, protocol)
                assert subject.decode(module.Tree, data, protocol) == tree
                subject.decode(module.Empty, data, protocol)
                try:
                    subject.encode(module.Tree(left=module.Tree(left=tree)), protocol)
                except RecursionError:
                    print(protocol)

        threading.stack_size(256 * 1024)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """,
        "binary\ncompact",
    )


def test_copies_of_deep_objects(cases: Loaded) -> None:
    """deepcopy and pickle recurse in Python, as for any class."""
    tree = chain(cases.subject, 20_000)
    with pytest.raises(RecursionError):
        copy.deepcopy(tree)
    with pytest.raises((RecursionError, pickle.PicklingError)):
        pickle.dumps(tree)
    assert copy.copy(tree).left is tree.left
    del tree
    gc.collect()
