"""What tests of loading have in common."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def clean_modules() -> Iterator[None]:
    """The modules of a test go with it."""
    before = dict(sys.modules)
    yield
    # Those of the package itself stay: there must be one of each.
    for name in {n for n in set(sys.modules) - set(before) if not n.startswith("fastthrift")}:
        del sys.modules[name]
