"""A fixture for pytest, that a project asks for in its outermost ``conftest.py``::

    pytest_plugins = ["fastthrift.testing.pytest"]

It is no plugin of every project on the machine, which would load this package in each of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fastthrift.testing import FakeService

__all__ = ["thrift_fake"]


@pytest.fixture
def thrift_fake() -> Iterator[Callable[..., Any]]:
    """Makes fakes as `FakeService` does, ``thrift_fake(idl.Calculator, add=42)``; mistakes that the
    program under test has caught fail the test at its end."""
    with contextlib.ExitStack() as fakes:

        def make(*args: Any, **methods: Any) -> FakeService:
            return fakes.enter_context(FakeService(*args, **methods))

        yield make
