"""fastthrift under the names of thriftpy and thriftpy2.

After ``install_as_thriftpy()`` an import of ``thriftpy2``, ``thriftpy`` or any module in them
gives fastthrift's module of that path: the very object, so that a class is the same whichever
name it was imported by, and pickles that name thriftpy2's classes load.

For programs that cannot be edited::

    python -m fastthrift.compat script.py args...
    python -m fastthrift.compat -m module args...

Its child processes have it too, those that start this Python anew among them: reloaders,
``multiprocessing`` with spawn, ``subprocess``. They are told by the environment: ``PYTHONPATH`` has
the directory ``fastthrift/compat/startup``, and ``FASTTHRIFT_AS_THRIFTPY`` names the environment
that is meant. A child that is started without them, or with ``python -E``, ``-I`` or ``-S``, is not
told.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import runpy
import sys
import types
from collections.abc import Sequence
from typing import Any

__all__ = ["install_as_thriftpy", "main", "uninstall_as_thriftpy"]

_PACKAGE = "fastthrift"
# Where `sitecustomize` is that children run, and how they are told that it is meant for them.
_STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "startup")
_VARIABLE = "FASTTHRIFT_AS_THRIFTPY"
_ALIASES = ("thriftpy", "thriftpy2")

_PROGRAM = "python -m fastthrift.compat"
_USAGE = f"""\
usage: {_PROGRAM} script.py [arguments ...]
       {_PROGRAM} -m module [arguments ...]

Run a Python program that was written for thriftpy or thriftpy2 with fastthrift: a file, a
directory or a zip archive with a __main__.py, or a module. Of Python's own options -m is taken
alone, and no program from the standard input.
"""


def _real_name(alias: str) -> str | None:
    """The name of the module that an alias stands for."""
    package, dot, rest = alias.partition(".")
    return _PACKAGE + dot + rest if package in _ALIASES else None


class _AliasFinder(importlib.abc.MetaPathFinder):
    """Finds ``thriftpy2.x`` where ``fastthrift.x`` is."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        real_name = _real_name(fullname)
        if real_name is None:
            return None
        if real_name not in sys.modules and importlib.util.find_spec(real_name) is None:
            return None
        real = importlib.import_module(real_name)
        return importlib.machinery.ModuleSpec(
            fullname,
            _AliasLoader(real),
            origin=getattr(real, "__file__", None),
            is_package=hasattr(real, "__path__"),
        )


class _AliasLoader(importlib.abc.Loader):
    """Gives a module that exists."""

    def __init__(self, module: types.ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return self.module

    def exec_module(self, module: types.ModuleType) -> None:
        # The import system has set the alias's, which would make the module forget its name.
        module.__spec__ = self.spec

    # What `runpy` and `inspect` ask of loaders: `python -m thriftpy2.x`.

    def _original(self, method: str, *args: Any) -> Any:
        loader = self.spec.loader if self.spec else None
        if loader is None or not hasattr(loader, method):
            raise ImportError(f"{self.module.__name__} has no {method}")
        return getattr(loader, method)(self.module.__name__, *args)

    def get_code(self, fullname: str) -> Any:
        return self._original("get_code")

    def get_source(self, fullname: str) -> Any:
        return self._original("get_source")

    def is_package(self, fullname: str) -> bool:
        return hasattr(self.module, "__path__")


_finder = _AliasFinder()


def _is_alias(name: str) -> bool:
    return name.partition(".")[0] in _ALIASES


def _is_ours(name: str) -> bool:
    """Whether the module imported by an alias is fastthrift's."""
    real_name = _real_name(name)
    return real_name is not None and sys.modules[name] is sys.modules.get(real_name)


def install_as_thriftpy() -> None:
    """Make ``import thriftpy2`` and ``import thriftpy`` give fastthrift, from now on.

    Calling it again changes nothing. Raises ``ImportError`` when the real package was imported
    already: classes of both would be about then, and neither would know the other's.
    """
    for name in sorted(filter(_is_alias, sys.modules)):
        if not _is_ours(name):
            where = getattr(sys.modules[name], "__file__", None) or "an unknown place"
            raise ImportError(
                f"{name} was already imported from {where}; call "
                f"fastthrift.install_as_thriftpy() at the start of the program, before anything "
                f"imports {name.partition('.')[0]}",
                name=name,
            )
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def uninstall_as_thriftpy() -> None:
    """Undo ``install_as_thriftpy``, for tests: later imports find what is installed."""
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if finder is not _finder and not getattr(finder, "brings_fastthrift", False)
    ]
    for name in list(filter(_is_alias, sys.modules)):
        if _is_ours(name):
            del sys.modules[name]


def main(arguments: Sequence[str]) -> int:
    """Run a script, or a module after ``-m``, as the main program."""
    if not arguments or arguments[0] in ("-h", "--help") or list(arguments) == ["-m"]:
        asked = bool(arguments) and arguments[0] != "-m"
        print(_USAGE, end="", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    install_as_thriftpy()
    _tell_children()
    try:
        if arguments[0] == "-m":
            _run_module(list(arguments[1:]))
        elif arguments[0].startswith("-"):
            raise _CannotRun(f"no option {arguments[0]}: a script comes first, or -m and a module")
        else:
            _run_script(list(arguments))
    except _CannotRun as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
        return 2
    return 0


class _CannotRun(Exception):
    """There is nothing that could be run; nothing of the program was."""


def _tell_children() -> None:
    """Let Pythons that this process starts, and theirs, do the same."""
    os.environ[_VARIABLE] = sys.prefix
    given = os.environ.get("PYTHONPATH")
    others = [path for path in given.split(os.pathsep) if path != _STARTUP] if given else []
    os.environ["PYTHONPATH"] = os.pathsep.join([_STARTUP, *others])


def _run_module(arguments: list[str]) -> None:
    module = arguments[0]
    if (problem := _problem_of_module(module)) is not None:
        raise _CannotRun(problem)
    sys.argv[:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _problem_of_module(module: str) -> str | None:
    """Why a module cannot be run. It may import its packages, whose own errors are theirs."""
    if module.startswith("."):
        return "relative names of modules are not supported"
    try:
        spec = importlib.util.find_spec(module)
        is_package = spec is not None and spec.submodule_search_locations is not None
        if is_package and importlib.util.find_spec(f"{module}.__main__") is None:
            return f"{module} is a package without a module __main__"
    except ModuleNotFoundError as error:
        if not error.name or not f"{module}.".startswith(f"{error.name}."):
            raise
        return str(error)
    return None if spec is not None else f"no module named {module}"


def _run_script(arguments: list[str]) -> None:
    path = arguments[0]
    try:
        is_source = not os.path.isdir(path) and _is_source(path)
    except OSError as error:
        raise _CannotRun(f"can't open {path}: {error.strerror or error}") from None
    if os.path.isdir(path) and importlib.machinery.PathFinder.find_spec("__main__", [path]) is None:
        raise _CannotRun(f"can't find a module __main__ in {path}")
    sys.argv[:] = arguments
    if not is_source:
        runpy.run_path(path, run_name="__main__")
        return
    # What `python script.py` has, which `runpy.run_path` has not: the module stays, for threads,
    # pickles and exit handlers that outlive the script's text.
    absolute = os.path.abspath(path)
    loader = importlib.machinery.SourceFileLoader("__main__", absolute)
    # With no `from __future__` of this file.
    code = loader.source_to_code(loader.get_data(absolute), absolute)
    # Python puts the script's directory where `python -m` has put the current one.
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    module = types.ModuleType("__main__")
    module.__file__ = absolute
    module.__loader__ = loader
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    exec(code, vars(module))


def _is_source(path: str) -> bool:
    """Whether a file is no zip archive and no compiled module."""
    with open(path, "rb") as file:
        head = file.read(4)
    return head != b"PK\x03\x04" and head != importlib.util.MAGIC_NUMBER
