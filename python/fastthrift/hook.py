"""The import hook: ``import foo_thrift`` loads ``foo.thrift`` from ``sys.path``."""

from __future__ import annotations

import sys

from .parser import load_module as load_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._importer import ThriftImporter as ThriftImporter
    from ._importer import ThriftLoader as ThriftLoader
else:
    # What the annotation of options says at run time: typing is not imported for it.
    Any = object


def __getattr__(name: str) -> Any:
    # Their bases are in `importlib.abc`, which takes several times as long to import as this
    # package.
    if name in ("ThriftImporter", "ThriftLoader", "_imp"):
        from . import _importer

        return getattr(_importer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def install_import_hook(**options: Any) -> None:
    """Add the hook behind the other finders; calling it again changes nothing else. ``options`` are
    the named ones of ``load``, for what is imported from then on."""
    from ._importer import _imp
    from .parser.options import Options

    Options.among(options)
    _imp.options = options
    remove_import_hook()
    sys.meta_path.append(_imp)


def remove_import_hook() -> None:
    """Take the hook out again; modules that it loaded stay."""
    from ._importer import _imp

    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _imp]
