"""What can be seen of a loaded module, in a form that compares between libraries."""

from __future__ import annotations

import types
from typing import Any

from fastthrift.thrift import TPayload


def described(value: Any, seen: dict[int, str] | None = None) -> Any:
    """All that can be seen of a module, class or value, without the objects themselves."""
    seen = {} if seen is None else seen
    if isinstance(value, types.ModuleType):
        if id(value) in seen:
            return f"module {value.__name__}"
        seen[id(value)] = value.__name__
        attributes = dict(sorted(vars(value).items()))
        # Lists that are there because somebody asked for them, in a defaultdict.
        meta = attributes.pop("__thrift_meta__", {})
        attributes["meta"] = {kind: members for kind, members in sorted(meta.items()) if members}
        return {
            name: described(value, seen)
            for name, value in attributes.items()
            if name not in OF_PYTHON and not name.startswith(OURS)
        }
    if isinstance(value, type):
        if id(value) in seen:
            return f"class {value.__qualname__}"
        seen[id(value)] = value.__qualname__
        return {
            "module": value.__module__,
            "bases": [base.__name__ for base in value.__mro__ if is_defined(base)],
            "attributes": {
                name: described(getattr(value, name), seen)
                for name in sorted(dir(value))
                if is_of_thrift(value, name)
            },
        }
    if isinstance(value, dict):
        return [(described(k, seen), described(v, seen)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value)(described(item, seen) for item in value)
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, (str, int, float, bytes, type(None))):
        return value
    return repr(value)


#: How names begin that thriftpy2 has none of.
OURS = "__fastthrift_"
OF_PYTHON = ("__doc__", "__loader__", "__package__", "__spec__", "__builtins__")

#: What some versions give classes, depending on how they are made.
OF_PYTHON_CLASSES = (
    "__annotate",
    "__annotations",
    "__firstlineno__",
    "__slots__",
    "__static_attributes__",
    "__weakref__",
)


def is_defined(base: type) -> bool:
    return hasattr(base, "__thrift_lineno__") or base.__name__ in ("TPayload", "TException")


def is_of_thrift(cls: type, name: str) -> bool:
    """Not what Python gives every class, nor where a struct keeps its fields."""
    fields = [name for name, _ in getattr(cls, "default_spec", ())]
    plain = hasattr(TPayload, name) or hasattr(Exception, name)
    own = name.startswith("__thrift_") or name in ("thrift_spec", "default_spec")
    hidden = name.startswith((OURS, *OF_PYTHON_CLASSES))
    return own or not (plain or hidden or name in fields)
