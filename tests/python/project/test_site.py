"""The site of the documentation has every page and every public module; ``make docs-site`` builds
it, where Sphinx finds what else is wrong."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import ROOT

SITE = ROOT / "docs" / "site"
PACKAGE = ROOT / "python" / "fastthrift"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
PAGES += sorted(ROOT.glob("docs/**/*.md"))

#: Modules without an underscore that have no page, each with what is read instead.
WITHOUT_A_PAGE = {
    "hook": "its functions are described with fastthrift",
    "compat": "its functions are described with fastthrift",
    "cli": "the pages of the commands",
    "contrib.tracking": "thriftpy2's, for those who have it already: docs/migration.md",
    "typing": "for type checkers alone: docs/howto/types.md",
}


def navigation() -> list[str]:
    spec = importlib.util.spec_from_file_location("navigation", SITE / "navigation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [path for _, paths in module.NAVIGATION for path in paths]


def test_every_page_is_in_the_navigation_once() -> None:
    pages = [*PAGES[1:], *ROOT.glob("docs/api/*.rst")]  # the README is the first page
    assert sorted(navigation()) == sorted(page.relative_to(ROOT).as_posix() for page in pages)


def public_modules() -> set[str]:
    """The modules of the package, and those of contrib; what is below them is theirs."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for folder in (PACKAGE, PACKAGE / "contrib")
        for path in folder.iterdir()
        if not path.name.startswith("_")
        and path.name != "contrib"
        and (path.suffix == ".py" or path.joinpath("__init__.py").is_file())
    }


def test_every_public_module_has_a_page() -> None:
    described = {
        name.removeprefix("fastthrift.")
        for page in ROOT.glob("docs/api/*.rst")
        for name in re.findall(r"automodule:: ([\w.]+)", page.read_text())
    }
    described |= {name.rpartition(".")[0] for name in described if name.startswith("contrib.aio.")}
    modules = public_modules()
    assert modules - described == WITHOUT_A_PAGE.keys()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = first = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 0
        while name in found:
            number += 1
            name = f"{first}-{number}"
        found.add(name)
    return found


def links_with_anchors(page: Path) -> Iterator[tuple[str, Path, str]]:
    for link in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            yield link, page.parent.joinpath(path) if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_name_headings_that_are_there(page: Path) -> None:
    missing = [
        link for link, target, anchor in links_with_anchors(page) if anchor not in anchors(target)
    ]
    assert missing == []


def test_anchors_are_those_of_the_headings(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# `load()`, or not\n\n```sh\n# no heading\n```\n\n## Limits\n\n## Limits\n")
    assert anchors(page) == {"load-or-not", "limits", "limits-1"}
