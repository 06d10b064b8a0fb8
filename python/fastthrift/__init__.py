"""Thrift for Python with a Rust core: a drop-in for thriftpy2."""

from __future__ import annotations

import sys

from ._core import (
    Selection,
    decode,
    encode,
    from_dict,
    from_json,
    select,
    to_dict,
    to_json,
    unknown_fields,
)
from ._lazy import lazy_attribute
from .hook import install_import_hook, remove_import_hook
from .parser import load, load_fp, load_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import hooks
    from ._calls.current import current_call
    from ._calls.deadlines import deadline
    from ._messages import read_messages
    from .compat import install_as_thriftpy, uninstall_as_thriftpy
    from .pool import ClientPool
    from .transport.base import DeadlineExceeded

if TYPE_CHECKING:
    # What the core alone imports: what freezes programs, as PyInstaller does, finds modules by the
    # imports in Python code, also by those under a condition.
    import fastthrift._fields_dict
    import fastthrift.parser.enums
    import fastthrift.transport._buffers  # noqa: F401

__version__ = "0.1.0"
__python__ = sys.version_info
__all__ = [
    "ClientPool",
    "DeadlineExceeded",
    "Selection",
    "current_call",
    "deadline",
    "decode",
    "encode",
    "from_dict",
    "from_json",
    "hooks",
    "install_as_thriftpy",
    "install_import_hook",
    "load",
    "load_fp",
    "load_module",
    "read_messages",
    "remove_import_hook",
    "select",
    "to_dict",
    "to_json",
    "uninstall_as_thriftpy",
    "unknown_fields",
]

_LAZY = {
    "ClientPool": "pool",
    "DeadlineExceeded": "transport.base",
    "current_call": "_calls.current",
    "deadline": "_calls.deadlines",
    "hooks": "",
    "install_as_thriftpy": "compat",
    "read_messages": "_messages",
    "thrift": "",
    "uninstall_as_thriftpy": "compat",
}


# What it takes to be so, and nobody imports from here.
_HIDDEN = frozenset(("TYPE_CHECKING", "annotations", "lazy_attribute", "sys"))


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _LAZY, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY} - _HIDDEN)
