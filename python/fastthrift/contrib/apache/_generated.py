"""What the classes do that Apache's compiler generated."""

from __future__ import annotations

from typing import Any

# What two functions have in common that do the same.
_ASPECTS = ("co_code", "co_names", "co_varnames", "co_argcount", "co_kwonlyargcount", "co_flags")


def defaults(cls: type) -> list[tuple[str, Any]] | None:
    """What ``__init__`` of a class sets, in its order: the attributes, and what they are at first.

    None where it does anything else than the compiler has written there, to an object without
    lists, maps and structs as defaults.
    """
    init = cls.__init__  # type: ignore[misc]
    if init is object.__init__:
        return []
    code = getattr(init, "__code__", None)
    if code is None or code.co_freevars or code.co_cellvars:
        return None
    names = code.co_varnames[1 : code.co_argcount]
    values = init.__defaults__ or ()
    if len(values) != len(names) or not all(name.isidentifier() for name in names):
        return None
    written = _written(names)
    if any(getattr(code, aspect) != getattr(written, aspect) for aspect in _ASPECTS):
        return None
    return list(zip(names, values, strict=True))


def _written(names: tuple[str, ...]) -> Any:
    """The code of the ``__init__`` that the compiler writes for such fields."""
    arguments = "".join(f", {name}=None" for name in names)
    lines = "".join(f"\n        self.{name} = {name}" for name in names)
    namespace: dict[str, Any] = {}
    # From CPython 3.14 on its flags tell what stands in a class.
    text = f"class Written:\n    def __init__(self{arguments}):{lines}"
    # Compiled without the options of this module.
    exec(compile(text, "<generated>", "exec", dont_inherit=True), namespace)
    return namespace["Written"].__init__.__code__
