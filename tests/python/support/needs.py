"""What tests need of a machine, which not every one has."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

# Where everything is installed, what is missing is a mistake, and nothing is passed over.
_MUST_BE_THERE = os.environ.get("CI") == "true"


def cannot(reason: str) -> NoReturn:
    """A test cannot be run here."""
    if _MUST_BE_THERE:
        pytest.fail(reason)
    pytest.skip(reason)


def needs(there: bool, reason: str) -> pytest.MarkDecorator:
    """Marks tests that are run where something is there."""
    return pytest.mark.skipif(not there and not _MUST_BE_THERE, reason=reason)
