"""The import hook: ``import foo_thrift`` loads ``foo.thrift`` from ``sys.path``."""

from __future__ import annotations

import sys

from .parser import load_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class ThriftImporter:
    """Finds every module whose name ends with ``extension``."""

    def __init__(self, extension: str = "_thrift") -> None:
        self.extension = extension

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not fullname.endswith(self.extension):
            return None
        from importlib.machinery import ModuleSpec

        # No `importlib.abc.Loader`, which costs more to import than all of this package.
        return ModuleSpec(fullname, ThriftLoader(fullname))  # type: ignore[arg-type]


class ThriftLoader:
    """Makes the module of one ``.thrift`` file."""

    def __init__(self, fullname: str) -> None:
        self.fullname = fullname

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return load_module(self.fullname)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run: ``load_module`` returns a complete module."""


_imp = ThriftImporter()


def install_import_hook() -> None:
    """Add the hook behind the other finders; calling it again changes nothing."""
    remove_import_hook()
    sys.meta_path.append(_imp)


def remove_import_hook() -> None:
    """Take the hook out again; modules that it loaded stay."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _imp]
