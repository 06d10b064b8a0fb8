"""What the import hook adds to ``sys.meta_path``; ``hook`` has the public names."""

from __future__ import annotations

import importlib.abc
from importlib.machinery import ModuleSpec

from .parser import load_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any


class ThriftImporter(importlib.abc.MetaPathFinder):
    """Finds every module whose name ends with ``extension``, and loads it with ``options``, the
    named ones of ``load``."""

    def __init__(self, extension: str = "_thrift", **options: Any) -> None:
        self.extension = extension
        self.options = options

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not fullname.endswith(self.extension):
            return None
        return ModuleSpec(fullname, ThriftLoader(fullname, **self.options))


class ThriftLoader(importlib.abc.Loader):
    """Makes the module of one ``.thrift`` file."""

    def __init__(self, fullname: str, **options: Any) -> None:
        self.fullname = fullname
        self.options = options

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return load_module(self.fullname, **self.options)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run: ``load_module`` returns a complete module."""


ThriftImporter.__module__ = ThriftLoader.__module__ = "fastthrift.hook"

_imp = ThriftImporter()
