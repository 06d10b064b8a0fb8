"""Loading IDL: ``load``, ``load_fp`` and ``load_module``."""

from __future__ import annotations

import os
import sys

from fastthrift.thrift import TPayloadMeta

from . import sources
from .exc import ThriftModuleNameConflict, ThriftParserError
from .parser import parse, parse_fp

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from importlib.abc import Traversable
    from typing import TextIO, TypeAlias

    from .sources import Resolver

    StrPath: TypeAlias = str | os.PathLike[str]

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
    path: StrPath | Traversable,
    module_name: str | None = None,
    include_dirs: list[StrPath | Traversable] | None = None,
    include_dir: StrPath | Traversable | None = None,
    encoding: str = "utf-8",
    *,
    resolver: Resolver | None = None,
    reserved: str = "refuse",
    missing_include: str = "error",
) -> types.ModuleType:
    """Load a Thrift file as a module.

    Objects of its classes can be pickled only when ``module_name`` was given; then the module
    and those of the files it includes are in ``sys.modules``. See ``parser.parse`` for the
    arguments. ``include_dir`` is the older form of ``include_dirs``.
    """
    module = parse(
        _place(path),
        module_name,
        include_dirs=None if include_dirs is None else [_place(d) for d in include_dirs],
        include_dir=None if include_dir is None else _place(include_dir),
        encoding=encoding,
        resolver=resolver,
        reserved=reserved,
        missing_include=missing_include,
    )
    if module_name:
        sys.modules[module_name] = module
        _make_picklable(module, module_name)
        _register_includes(module)
    return module


def _place(path: StrPath | Traversable) -> str | Traversable:
    """A path as text, unless it can be read only by its own methods."""
    if sources.is_traversable(path):
        return path  # type: ignore[return-value]
    return os.fsdecode(path)  # type: ignore[arg-type]


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


def load_fp(
    source: TextIO,
    module_name: str,
    *,
    resolver: Resolver | None = None,
    reserved: str = "refuse",
) -> types.ModuleType:
    """Load what a file-like object holds as a module, which is put into ``sys.modules``. It may
    include what ``resolver`` knows; see ``parser.sources``, and ``parser.parse`` for
    ``reserved``."""
    module = parse_fp(source, module_name, resolver=resolver, reserved=reserved)
    sys.modules[module_name] = module
    return module


def load_module(fullname: str) -> types.ModuleType:
    """Load the Thrift file of a module name: ``package.notes_thrift`` is the file
    ``notes.thrift`` of ``package``, ``notes_thrift`` the one of the current directory or, if it has
    none, of ``sys.path``. Packages and directories may lie in zip archives."""
    suffix = "_thrift"
    if not fullname.endswith(suffix):
        raise ImportError(f"fastthrift can only load module with '{suffix}' suffix")
    if fullname in sys.modules:
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
    return load(path, module_name=fullname)
