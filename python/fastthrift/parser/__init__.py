"""Loading IDL: ``load``, ``load_fp`` and ``load_module``."""

from __future__ import annotations

import os
import sys
import types

from fastthrift._core import Diagnostic

from . import registry, sources
from .exc import ThriftModuleNameConflict, ThriftParserError
from .options import Options
from .parser import load_file, load_text, parse, parse_fp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import Traversable
    from typing import Any, TextIO

    from .sources import Resolver

else:
    # What annotations say at run time, for which nothing is imported.
    Any = Resolver = TextIO = Traversable = object

StrPath = str | os.PathLike[str]

__all__ = [
    "Diagnostic",
    "ThriftModuleNameConflict",
    "ThriftParserError",
    "load",
    "load_fp",
    "load_module",
    "parse",
    "parse_fp",
]


def load(
    path: StrPath | Traversable,
    module_name: str | None = None,
    include_dirs: list[StrPath | Traversable] | None = None,
    include_dir: StrPath | Traversable | None = None,
    encoding: str = "utf-8",
    *,
    resolver: Resolver | None = None,
    reserved: str = "suffix",
    missing_include: str = "error",
    enums: str = "int",
    sets: str = "list",
    strict: bool = False,
    frozen: bool = False,
    keep_unknown: bool = False,
) -> types.ModuleType:
    """Load a Thrift file as a module.

    Objects of its classes can be pickled only when ``module_name`` was given; then the module
    and those of the files it includes are in ``sys.modules``. See ``parser.parse`` for the
    arguments. ``include_dir`` is the older form of ``include_dirs``.
    """
    return load_file(
        _place(path),
        module_name,
        include_dirs=None if include_dirs is None else [_place(d) for d in include_dirs],
        include_dir=None if include_dir is None else _place(include_dir),
        enable_cache=True,
        encoding=encoding,
        resolver=resolver,
        options=Options.of_call(locals()),
        is_registered=True,
    )


def _place(path: StrPath | Traversable) -> str | Traversable:
    """A path as text, unless it can be read only by its own methods."""
    if sources.is_traversable(path):
        return path  # type: ignore[return-value]
    return os.fsdecode(path)  # type: ignore[arg-type]


def load_fp(
    source: TextIO,
    module_name: str,
    *,
    resolver: Resolver | None = None,
    reserved: str = "suffix",
    missing_include: str = "error",
    enums: str = "int",
    sets: str = "list",
    strict: bool = False,
    frozen: bool = False,
    keep_unknown: bool = False,
) -> types.ModuleType:
    """Load what a file-like object holds as a module, which is put into ``sys.modules``. It may
    include what ``resolver`` knows; see ``parser.sources``, and ``parser.parse`` for the other
    options."""
    return load_text(
        source,
        module_name,
        True,
        resolver,
        Options.of_call(locals()),
        is_registered=True,
    )


def load_module(fullname: str, **options: Any) -> types.ModuleType:
    """Load the Thrift file of a module name: ``package.notes_thrift`` is the file
    ``notes.thrift`` of ``package``, ``notes_thrift`` the one of the current directory or, if it has
    none, of ``sys.path``. Packages and directories may lie in zip archives. ``options`` are the
    named ones of ``load``."""
    suffix = "_thrift"
    if not fullname.endswith(suffix):
        raise ImportError(f"fastthrift can only load module with '{suffix}' suffix")
    if fullname in sys.modules:
        registry.check_options(fullname, Options.among(options))
        return sys.modules[fullname]
    package, _, name = fullname.rpartition(".")
    file = name[: -len(suffix)] + ".thrift"
    directories = ["", *sys.path]
    if package:
        import importlib

        parent = importlib.import_module(package)
        if hasattr(parent, "__path__"):
            directories = [os.path.abspath(directory) for directory in parent.__path__]
        else:
            directories = [os.path.dirname(os.path.abspath(parent.__file__ or ""))]
    found = sources.find(directories, file)
    # Where there is none, the error names the first place.
    path = os.path.join(directories[0], file) if found is None else found
    return load(path, module_name=fullname, **options)
