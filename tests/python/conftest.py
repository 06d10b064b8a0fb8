"""Shared set-up: hypothesis profiles, and the markers of the deliberate differences."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from support import subject
from support.differences import DIFFERENCES

# The same examples in every run, so that a failure can be repeated and CI does not flicker.
settings.register_profile(
    "fixed",
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# For a long look: pytest --hypothesis-profile=thorough
settings.register_profile(
    "thorough",
    max_examples=2000,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("fixed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "difference(key): the test asserts a deliberate difference from thriftpy2, "
        "described in differences.py under this key",
    )
    config.addinivalue_line(
        "markers",
        "uninstrumented: the test measures memory or stack, and instrumented code takes more",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("difference"):
            difference = DIFFERENCES[marker.args[0]]
            if subject.IS_REFERENCE:
                # Run against thriftpy2 itself, the test has to show the fault.
                reason = f"{difference.topic}: {difference.thriftpy2}"
                item.add_marker(pytest.mark.xfail(reason=reason, run=not difference.hazard))
