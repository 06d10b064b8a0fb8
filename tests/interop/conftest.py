"""Which tests run: those of the peers that are asked for."""

from __future__ import annotations

import pytest

from interop.cells import names


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_peer(name): runs where this peer is asked for")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a peer that is not asked for, as the cells of that peer are."""
    asked_for = set(names())
    out = [
        item
        for item in items
        if any(mark.args[0] not in asked_for for mark in item.iter_markers("needs_peer"))
    ]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
