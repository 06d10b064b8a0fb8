"""Transports over each other, from the one that is used downwards."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# How many transports may lie on each other where one is looked for.
_MOST_LAYERS = 8


def layers(trans: Any) -> Iterator[Any]:
    """A transport and those below it."""
    for _ in range(_MOST_LAYERS):
        if trans is None:
            return
        yield trans
        trans = getattr(trans, "trans", None) or getattr(trans, "_trans", None)


def find_layer(trans: Any, attribute: str) -> Any:
    """A transport, or the first below it, that has this attribute; None where none has."""
    for layer in layers(trans):
        if hasattr(layer, attribute):
            return layer
    return None
