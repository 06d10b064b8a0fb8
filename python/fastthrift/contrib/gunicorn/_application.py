"""What a worker serves: the processor that an application string names, and factories."""

from __future__ import annotations

import importlib
from typing import Any

# Names of packages in whose place this one stands, where they are not installed.
_OTHERS = ("thriftpy", "thriftpy2")


def load_object(path: str) -> Any:
    """The object at ``module:name``; modules of thriftpy and thriftpy2 are ours."""
    module, colon, name = path.partition(":")
    if not colon or not name:
        raise ValueError(f"{path!r} names no object: write it as module:name")
    package, dot, rest = module.partition(".")
    if package in _OTHERS:
        module = f"fastthrift{dot}{rest}"
    return getattr(importlib.import_module(module), name)


def load_processor(path: str) -> Any:
    """The processor at ``module:name``, or what ``module:name()`` returns."""
    module, _, name = path.partition(":")
    name = name or "application"
    if name.endswith("()"):
        return load_object(f"{module}:{name[:-2]}")()
    return getattr(importlib.import_module(module), name)
