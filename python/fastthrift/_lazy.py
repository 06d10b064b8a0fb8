"""Names of a package that are imported when they are first asked for."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def lazy_attribute(package: str, homes: Mapping[str, str], name: str) -> Any:
    """What a package's ``__getattr__`` gives for ``name``, and keeps from then on.

    ``homes`` has the submodule that defines each name; an empty one for submodules themselves.
    """
    home = homes.get(name)
    if home is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"{package}.{home or name}")
    value = getattr(module, name) if home else module
    setattr(sys.modules[package], name, value)
    return value
