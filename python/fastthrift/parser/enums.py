"""The enums of a file that was loaded with ``enums="int_enum"``."""

from __future__ import annotations

from enum import IntEnum

from . import registry
from .exc import ThriftParserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def int_enum(name: str, items: list[tuple[str, int]], attributes: dict[str, Any]) -> type[IntEnum]:
    """An ``IntEnum`` with the attributes that enums have otherwise.

    Raises ``ThriftParserError`` for a member that Python lets no enum have."""
    # Of one that comes twice the last counts, as in a plain class.
    numbers = dict(items)
    try:
        cls = _made(name, numbers, attributes)
    except (TypeError, ValueError) as error:
        for item in numbers:
            if not _is_member(name, item, attributes):
                raise _refused(name, item, attributes) from error
        raise
    for item in numbers:
        if item in attributes or item not in cls.__members__:
            raise _refused(name, item, attributes)
    cls.__doc__ = None
    for attribute, value in attributes.items():
        setattr(cls, attribute, value)
    #: By their numbers, for the codec.
    cls.__thrift_members__ = {int(member): member for member in cls}
    cls.__reduce_ex__ = registry.reduce_member
    made: type[IntEnum] = cls
    return made


def _made(name: str, numbers: dict[str, int], attributes: dict[str, Any]) -> Any:
    make: Any = IntEnum
    return make(name, numbers, module=attributes["__module__"], qualname=name)


def _is_member(name: str, item: str, attributes: dict[str, Any]) -> bool:
    """Whether an enum of Python takes an item: which ones it does differs between versions."""
    try:
        return item in _made(name, {item: 1}, attributes).__members__
    except (TypeError, ValueError):
        return False


def _refused(name: str, item: str, attributes: dict[str, Any]) -> ThriftParserError:
    path = attributes["__thrift_file__"]
    # An item that stands for a word of Python, with its underscore, is not in the file.
    line = attributes["__thrift_item_linenos__"].get(item, attributes["__thrift_lineno__"])
    error = ThriftParserError(
        f"the enum {name} cannot be an enum of Python, in which {item!r} means something else, "
        f"at {f'{path}:' if path else 'line '}{line}; load the file without enums='int_enum'"
    )
    error.path, error.line = path, line
    return error
