"""The rules of docs/architecture.md, and what a break of one is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SOURCE = {"src": ".rs", "python/fastthrift": ".py"}


CARGO_TEST = ("cargo", "test", "--locked", "--quiet", "--features", "server")


@dataclass(frozen=True)
class Test:
    """A test as the page names it: ``folder/test_x::test_y``, or ``tests/x.rs::y``."""

    file: str
    name: str

    @classmethod
    def of(cls, text: str) -> Test:
        file, _, name = text.partition("::")
        return cls(file, name)

    def __str__(self) -> str:
        return f"{self.file}::{self.name}"

    @property
    def is_native(self) -> bool:
        return self.file.endswith(".rs")

    def place(self) -> str:
        """A Python test as pytest names it."""
        return f"tests/python/{self.file}.py::{self.name}"

    @property
    def modules(self) -> tuple[str, ...]:
        """Where a test of the crate is: the program of tests, and its modules."""
        return Path(self.file).relative_to("tests").with_suffix("").parts

    def cargo(self) -> list[str]:
        """The command that runs a test of the crate."""
        program, *modules = self.modules
        name = "::".join([*modules, self.name])
        return [*CARGO_TEST, "--test", program, "--", "--exact", name]


@dataclass(frozen=True)
class Place:
    path: Path
    line: int


@dataclass(frozen=True)
class Break:
    """One change that breaks a rule.

    ``find`` stands once in the source, wherever that is; ``replace`` takes its place. Each of
    ``trips``, which the row of the rule names, must fail then.
    """

    #: How the rule begins.
    row: str
    #: What the change does.
    what: str
    find: str
    replace: str
    tests: tuple[str, ...]

    @property
    def trips(self) -> tuple[Test, ...]:
        return tuple(map(Test.of, self.tests))

    def place(self) -> Place:
        """Where ``find`` stands; ``ValueError`` where that is not one place."""
        places = [
            Place(path, text.count("\n", 0, at) + 1)
            for path, text in _source().items()
            for at in _all(text, self.find)
        ]
        if len(places) != 1:
            raise ValueError(f"{len(places)} places instead of one for {self.find!r}: {places}")
        return places[0]


@cache
def _source() -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for room, suffix in _SOURCE.items()
        for path in sorted(ROOT.joinpath(room).rglob(f"*{suffix}"))
    }


def _all(text: str, part: str) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(part), text)]


@cache
def rows() -> dict[str, frozenset[Test]]:
    """The rules and the tests that hold them; none where something else does."""
    page = ROOT.joinpath("docs", "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Invariants")[2].partition("\n## ")[0]
    found = {}
    for line in table.splitlines():
        if line.startswith("| ") and not line.startswith(("| Rule |", "| --- |")):
            rule, held = line.strip("| ").split(" | ", 1)
            named = re.findall(r"`((?:[\w/]*test_\w+|[\w/]+\.rs)::\w+)`", held)
            found[rule] = frozenset(map(Test.of, named))
    return found


def rule_of(each: Break) -> str:
    """The one rule that begins as the break says."""
    (rule,) = [rule for rule in rows() if rule.startswith(each.row)]
    return rule
