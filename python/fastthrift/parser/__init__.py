"""Loading IDL: ``load``, ``load_fp`` and ``load_module``."""

from __future__ import annotations

import importlib
import os
import sys

from fastthrift.thrift import TPayloadMeta

from .exc import ThriftModuleNameConflict, ThriftParserError
from .parser import parse, parse_fp

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import TextIO

__all__ = [
    "ThriftModuleNameConflict",
    "ThriftParserError",
    "load",
    "load_fp",
    "load_module",
    "parse",
    "parse_fp",
]


def load(
    path: str | os.PathLike[str],
    module_name: str | None = None,
    include_dirs: list[str | os.PathLike[str]] | None = None,
    include_dir: str | os.PathLike[str] | None = None,
    encoding: str = "utf-8",
) -> types.ModuleType:
    """Load a Thrift file as a module.

    Objects of its classes can be pickled only when ``module_name`` was given; then the module
    and those of the files it includes are in ``sys.modules``. See ``parser.parse`` for the
    arguments. ``include_dir`` is the older form of ``include_dirs``.
    """
    module = parse(
        os.fspath(path),
        module_name,
        include_dirs=None if include_dirs is None else [os.fspath(d) for d in include_dirs],
        include_dir=None if include_dir is None else os.fspath(include_dir),
        encoding=encoding,
    )
    if module_name:
        sys.modules[module_name] = module
        _make_picklable(module, module_name)
        _register_includes(module)
    return module


def _make_picklable(module: types.ModuleType, name: str) -> None:
    """Name the module in its classes, if they are those of an earlier load of the same file and
    name a module that cannot be imported: pickle finds a class by its module's name."""
    for members in getattr(module, "__thrift_meta__", {}).values():
        for member in members:
            if isinstance(member, type) and member.__module__ not in sys.modules:
                own = (getattr(member, attribute) for attribute in list(vars(member)))
                for cls in (member, *(cls for cls in own if isinstance(cls, TPayloadMeta))):
                    cls.__module__ = name


def _register_includes(module: types.ModuleType) -> None:
    meta = getattr(module, "__thrift_meta__", {})
    for included in meta.get("includes", ()):
        name = included.__thrift_module_name__
        registered = sys.modules.setdefault(name, included)
        if registered is included:
            _make_picklable(included, name)
            _register_includes(included)
        elif getattr(registered, "__thrift_file__", None) != included.__thrift_file__:
            raise ThriftModuleNameConflict(
                f'Module name conflict between "{registered.__thrift_file__}" and '
                f'"{included.__thrift_file__}"'
            )


def load_fp(source: TextIO, module_name: str) -> types.ModuleType:
    """Load what a file-like object holds as a module, which is put into ``sys.modules``."""
    module = parse_fp(source, module_name)
    sys.modules[module_name] = module
    return module


def load_module(fullname: str) -> types.ModuleType:
    """Load the Thrift file of a module name: ``package.notes_thrift`` is the file
    ``notes.thrift`` in the directory of ``package``."""
    suffix = "_thrift"
    if not fullname.endswith(suffix):
        raise ImportError(f"fastthrift can only load module with '{suffix}' suffix")
    if fullname in sys.modules:
        return sys.modules[fullname]
    package, _, name = fullname.rpartition(".")
    path = name[: -len(suffix)] + ".thrift"
    if package:
        file = importlib.import_module(package).__file__
        path = os.path.join(os.path.dirname(os.path.abspath(file or "")), path)
    return load(path, module_name=fullname)
