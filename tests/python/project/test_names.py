"""Names of the package's own classes: two things never share one.

Those of the crate are checked in `tests/names.rs`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "python" / "fastthrift"

#: Public classes that two modules have by one name, since each is what its module is for.
TWICE = {
    "ThriftApp": {"asgi.py", "wsgi.py"},
}


def classes(source: str) -> Iterator[str]:
    """The names of all classes that are defined in a source, in functions and classes too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            yield node.name


def shared(sources: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The names that more than one class has, with the files of those."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources:
        for name in classes(source):
            places[name].append(path)
    return {name: set(paths) for name, paths in places.items() if len(paths) > 1}


def test_no_two_classes_share_a_name() -> None:
    """Whoever reads a name finds one class by it, private ones included."""
    files = ((str(path.relative_to(PACKAGE)), path.read_text()) for path in PACKAGE.rglob("*.py"))
    assert shared(files) == TWICE


@pytest.mark.parametrize(
    "source",
    [
        "class Kind: pass",
        "class Kind(Base[int], metaclass=Meta):\n    pass",
        "def function():\n    class Kind: pass",
        "class Other:\n    class Kind: pass",
        "if TYPE_CHECKING:\n    class Kind(Protocol): ...",
    ],
)
def test_classes_that_share_a_name_are_seen(source: str) -> None:
    assert shared([("a.py", source), ("b.py", "class Kind: pass")]) == {"Kind": {"a.py", "b.py"}}


def test_what_is_no_class_shares_no_name() -> None:
    text = 'from a import Kind\n"class Kind: pass"\nkind: Kind = Kind()\n# class Kind:'
    assert shared([("a.py", text), ("b.py", "class Kind: pass")]) == {}
