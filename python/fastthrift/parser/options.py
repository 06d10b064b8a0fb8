"""The options of ``load``, from its arguments to the native loader."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class Options:
    """What ``load`` was asked for beside the file. ``classes`` are the options that make other
    classes of it, without those that are as usual."""

    __slots__ = ("classes", "missing_include", "reserved")

    def __init__(
        self, reserved: str = "suffix", missing_include: str = "error", **classes: Any
    ) -> None:
        self.reserved = reserved
        self.missing_include = missing_include
        self.classes = {
            name: value for name, value in classes.items() if not _is_usual(name, value)
        }

    @classmethod
    def of_call(cls, arguments: dict[str, Any]) -> Options:
        """Those of a function that has all of them as arguments, whose ``locals()`` these are."""
        return cls(**{name: arguments[name] for name in _NAMES})

    @classmethod
    def among(cls, given: dict[str, Any]) -> Options:
        """Those among named arguments of ``load``. Raises ``TypeError`` for what is none."""
        unknown = sorted(given.keys() - _OF_LOAD)
        if unknown:
            known = ", ".join(sorted(_OF_LOAD))
            raise TypeError(f"load() has no option {unknown[0]!r}; it has {known}")
        others = given.keys() & _OF_FINDING
        return cls(**{name: value for name, value in given.items() if name not in others})

    @property
    def key(self) -> str:
        """What stands behind the name of a module among those that are cached: with other options
        it is another module."""
        key = "" if self.reserved == "suffix" else f"?reserved={self.reserved}"
        return key + "".join(f"?{name}={value}" for name, value in sorted(self.classes.items()))

    def for_core(self) -> dict[str, Any]:
        """Arguments of ``_core.load_schema``."""
        return {
            "reserved": self.reserved,
            "missing_include": self.missing_include,
            "classes": self.classes or None,
        }


# Of each option that makes other classes: the values that it takes, the usual one first.
_VALUES: dict[str, tuple[Any, ...]] = {
    "enums": ("int", "int_enum"),
    "sets": ("list", "set"),
    "strict": (False, True),
    "frozen": (False, True),
    "keep_unknown": (False, True),
}

_NAMES = ("reserved", "missing_include", *_VALUES)

# The other named arguments of ``load``: where files are found, and how they are read.
_OF_FINDING = frozenset(("encoding", "include_dir", "include_dirs", "resolver"))
_OF_LOAD = frozenset((*_NAMES, *_OF_FINDING))


def _is_usual(name: str, value: Any) -> bool:
    values = _VALUES[name]
    if value not in values or type(value) is not type(values[0]):
        raise ValueError(f"{name} must be {' or '.join(map(repr, values))}, not {value!r}")
    return bool(value == values[0])


def of_module(module: ModuleType | None) -> dict[str, Any]:
    """The options of a module that make other classes, without those that are as usual."""
    return _of(module)


def of_class(cls: type) -> dict[str, Any]:
    """The options that a class of a file was made with, without those that are as usual."""
    return _of(cls)


def _of(thing: object) -> dict[str, Any]:
    options: dict[str, Any] = getattr(thing, "__dict__", {}).get("__thrift_options__", {})
    return options
