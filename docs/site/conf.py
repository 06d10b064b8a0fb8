"""How Sphinx makes a site of the Markdown that is in the repository: `make docs-site`.

The source folder is the repository itself, so that a link between pages, or from one to the README
or to an example, is the same relative path on the site as in the files. Nothing is loaded from
another host: the theme brings its style, and the system's fonts are used.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import fastthrift
from navigation import NAVIGATION

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx

project = "fastthrift"
version = release = fastthrift.__version__
copyright = "the authors of fastthrift"

root_doc = "README"
PAGES = [path for _, paths in NAVIGATION for path in paths]
# All pages of docs/, for one that is in no part of the navigation to be a warning.
include_patterns = ["README.md", "docs/**.md", "docs/**.rst", *PAGES]
# Folders that Sphinx need not walk through.
exclude_patterns = [".*", "target", "fuzz", "dist", "python", "src", "tests", "benches", "findings"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
# Headings of levels that were left out are a matter of style.
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"fastthrift {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_additional_pages = {"index": "index.html"}
templates_path = ["templates"]


def add_navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Append the navigation to the README, which is the first page."""
    if name != root_doc:
        return
    for heading, paths in NAVIGATION:
        names = "\n".join(str(PurePosixPath(path).with_suffix("")) for path in paths)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{names}\n```\n"


def public_names(module: ModuleType) -> dict[str, object]:
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    # Asking for them imports what a package imports late.
    return {name: getattr(module, name) for name in names}


def choose_members(app: Sphinx) -> None:
    """Leave to each module of the API the classes and functions that are described with it.

    One that several modules give is described with the one that defines it, or else with the first
    in the navigation.
    """
    paths = [Path(app.srcdir, path) for path in PAGES if path.endswith(".rst")]
    texts = [path.read_text() for path in paths]
    modules = [
        importlib.import_module(name)
        for text in texts
        for name in re.findall(r"automodule:: ([\w.]+)", text)
    ]
    owners: dict[object, ModuleType] = {}
    for module in modules:
        for value in public_names(module).values():
            if not (inspect.isclass(value) or inspect.isroutine(value)):
                continue
            home = f"{value.__module__}."
            if value not in owners or (
                home.startswith(f"{module.__name__}.")
                and len(module.__name__) > len(owners[value].__name__)
            ):
                owners[value] = module
    for module in modules:
        module.__all__ = [
            name
            for name, value in public_names(module).items()
            if (inspect.isclass(value) or inspect.isroutine(value)) and owners[value] is module
        ]


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_navigation)
    app.connect("builder-inited", choose_members)
