"""Which loaded modules are in ``sys.modules``, and how pickle finds their classes there.

A class is made once for a type of a file, however many modules have it. Its ``__module__`` names a
module in ``sys.modules`` that has it, as soon as there is one.
"""

from __future__ import annotations

import copyreg
import sys
from _weakref import ref

from fastthrift._payload import TPayloadMeta

from . import options as module_options
from .exc import ThriftModuleNameConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType
    from typing import Any

    from .options import Options

_SUFFIX = "_thrift"

# By the names that nobody has asked for: the module of an included file that has it, and the name
# of the module that was loaded and includes it.
_includers: dict[str, tuple[ref[ModuleType], str]] = {}


def register(root: ModuleType, name: str, outdated: Sequence[ModuleType] = ()) -> None:
    """Put a module into ``sys.modules``, and those of the files it includes under their names.

    Where another file has the name of an included one already, the later one is called after the
    module that was loaded: ``orders_thrift.base_thrift``. Of one file the module without options
    for its classes has the name, whichever was loaded first. ``outdated`` are modules of included
    files whose text has changed since, which give their names up. Raises
    ``ThriftModuleNameConflict`` if something else has that name too; then nothing was registered.
    """

    def is_outdated(known: object) -> bool:
        return any(known is module for module in outdated)

    names = {name: root}
    open_modules = [root]
    while open_modules:
        for included in _includes(open_modules.pop()):
            own = included.__thrift_module_name__
            known = names.get(own, sys.modules.get(own))
            if known is not None and known is not included:
                if _has_the_classes_of(known, included):
                    continue
                includer = _includer(own, known, included)
                if includer is not None:
                    other = _qualified(includer, own)
                    if sys.modules.get(other) is None:
                        names[other] = known
                        known = None
                if not (known is None or is_outdated(known)):
                    own = _qualified(name, own)
                    known = names.get(own, sys.modules.get(own))
                    if not (known is None or known is included or is_outdated(known)):
                        raise ThriftModuleNameConflict(
                            f"Module name conflict between "
                            f'"{getattr(known, "__thrift_file__", None) or known!r}" and '
                            f'"{included.__thrift_file__}": both would be {own}'
                        )
            if names.get(own) is not included:
                names[own] = included
                open_modules.append(included)
    sys.modules.update(names)
    _includers.pop(name, None)
    for own, module in names.items():
        if module is not root:
            module.__thrift_module_name__ = own  # type: ignore[attr-defined]
            holder, _ = _includers.get(own, (None, ""))
            if holder is None or holder() is not module:
                _includers[own] = ref(module), name
        _name_in_classes(module, own)


def check_options(name: str, options: Options) -> None:
    """Refuse a name that a module in ``sys.modules`` has which was loaded with other options for
    its classes. Raises ``ThriftModuleNameConflict``."""
    known = sys.modules.get(name)
    if known is None or "__thrift_file__" not in vars(known):
        return
    found = module_options.of_module(known)
    if found != options.classes:
        raise ThriftModuleNameConflict(
            f"{name} was loaded with {_written(found)} already, and is now loaded with "
            f"{_written(options.classes)}: its classes would be others; give another module_name"
        )


def _written(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items()) or "no such options"


def _includes(module: ModuleType) -> list[Any]:
    includes: list[Any] = getattr(module, "__thrift_meta__", {}).get("includes", [])
    return includes


def _classes(module: ModuleType) -> Iterator[type]:
    """The classes of the file, without those of the functions of its services."""
    for members in getattr(module, "__thrift_meta__", {}).values():
        for member in members:
            if isinstance(member, type):
                yield member


def _has_the_classes_of(known: object, module: ModuleType) -> bool:
    """Whether another module is one of the same file, with the same text."""
    own = getattr(known, "__dict__", {})
    classes = list(_classes(module))
    if module_options.of_module(module) != own.get("__thrift_options__", {}):
        return False
    if not classes:
        return bool(own.get("__thrift_file__") == vars(module)["__thrift_file__"])
    return all(own.get(cls.__name__) is cls for cls in classes)


def _includer(own: str, known: Any, module: ModuleType) -> str | None:
    """Which module includes the one that has a name, where another of the same file takes it: since
    the other is without options for its classes, and nobody has asked for that name."""
    holder, includer = _includers.get(own, (None, ""))
    if holder is None or holder() is not known:
        return None
    is_other = module_options.of_module(known) and not module_options.of_module(module)
    file = vars(module)["__thrift_file__"]
    is_same = file and vars(known)["__thrift_file__"] == file
    return includer if is_other and is_same else None


def _qualified(root: str, name: str) -> str:
    """The name of an included module under that of the module that was loaded."""
    package = root.rpartition(".")[0]
    return f"{root}.{name.removeprefix(f'{package}.') if package else name}"


def _name_in_classes(module: ModuleType, name: str) -> None:
    """Name a registered module in its classes, unless they name another that has them."""
    for cls in _classes(module):
        if _found(cls.__module__, cls.__name__) is not cls:
            cls.__module__ = name
            # Asked for as attributes, the classes of a service's functions are made.
            for attribute in list(vars(cls)):
                part = getattr(cls, attribute)
                if isinstance(part, TPayloadMeta):
                    part.__module__ = name


def _found(module: str, name: str) -> object:
    """What a module in ``sys.modules`` has under a name of its own."""
    return getattr(sys.modules.get(module), "__dict__", {}).get(name)


def _reduce_class(cls: type) -> Any:
    """How pickle names a payload class: by module and name, or as a part of its service; and by its
    options, where it has others than usual."""
    name, place, modules = cls.__name__, cls.__module__, sys.modules
    own = vars(cls)
    options = own.get("__thrift_options__")
    # The usual case first and fast: it comes with each object that is pickled alone.
    if getattr(modules.get(place), name, None) is cls and place.partition(".")[0] in modules:
        return name if options is None else (registered_class, (place, name, options))
    if "__thrift_file__" not in own:
        # Written by hand, or a subclass: a class like any other.
        return cls.__qualname__
    is_named = place in modules or place.endswith(_SUFFIX)
    can_be_imported = is_named and _can_be_imported(place)
    if _found(place, name) is cls:
        if options is not None:
            return registered_class, (place, name, options)
        return name if can_be_imported else (registered_class, (place, name))
    module = modules.get(place)
    for service in getattr(module, "__thrift_meta__", {}).get("services", ()):
        if vars(service).get(name) is cls:
            if options is not None:
                return registered_class, (place, f"{service.__name__}.{name}", options)
            return getattr, (service, name)
    import pickle

    what = "is not in sys.modules" if module is None else "is another module"
    stem = place.rpartition(".")[2].removesuffix(_SUFFIX)
    raise pickle.PicklingError(
        f"Can't pickle {cls!r} of {vars(cls)['__thrift_file__'] or 'a text'}: {place!r} "
        f"{what}. Load the file under a name of its own, as in "
        f"load(path, module_name='{stem}{_SUFFIX}'), or by the import hook, here and where the "
        f"object is unpickled"
    )


def reduce_member(member: Any, protocol: object) -> Any:
    """How pickle names a member of an enum of Python, whose class has options."""
    cls = type(member)
    place, name = cls.__module__, cls.__name__
    if _found(place, name) is not cls:
        return cls, (int(member),)
    return registered_member, (place, name, cls.__thrift_options__, int(member))


def _can_be_imported(module: str) -> bool:
    """Whether ``import`` takes the name of a module: not where its package does not exist, or it
    is called after a path with ``..``."""
    try:
        __import__(module)
    except (ImportError, ValueError, OSError):
        return False
    return True


def registered_class(module: str, name: str, options: dict[str, Any] | None = None) -> Any:
    """A class from a pickle: of a module that cannot be imported, or has options for its classes.

    It may be of another module of the name of its file: which of several is called after the file
    alone, and which after one that includes it, depends on what was loaded first."""
    options = options or {}
    if module not in sys.modules:
        _can_be_imported(module)
    found = _part(sys.modules.get(module), name)
    if found is not None and module_options.of_class(found) == options:
        return found
    last = module.rpartition(".")[2]
    parts = [
        _part(other, name)
        for place, other in list(sys.modules.items())
        if place.rpartition(".")[2] == last
    ]
    fitting = {
        id(cls): cls for cls in parts if cls is not None and module_options.of_class(cls) == options
    }
    if len(fitting) == 1:
        return fitting.popitem()[1]
    if fitting:
        problem = "several modules here have one"
    elif found is None:
        problem = f"{module!r} with it is not in sys.modules"
    else:
        problem = f"here it was loaded with {_written(module_options.of_class(found))}"
    import pickle

    raise pickle.UnpicklingError(
        f"the pickle has the class {name} of {module!r}, loaded with {_written(options)}, and "
        f"{problem}: load its file first, or the one that includes it, with the options and under "
        f"the module name that it had where the object was pickled"
    )


def registered_member(module: str, name: str, options: dict[str, Any], number: int) -> Any:
    """A member of an enum of Python, from a pickle."""
    return registered_class(module, name, options)(number)


def _part(module: object, name: str) -> Any:
    """A class of a loaded module, or of a service of it."""
    found: Any = module if "__thrift_file__" in getattr(module, "__dict__", {}) else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None


copyreg.pickle(TPayloadMeta, _reduce_class)
