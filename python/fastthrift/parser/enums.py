"""The enums of a file that was loaded with ``enums="int_enum"``."""

from __future__ import annotations

from enum import IntEnum

from .exc import ThriftParserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def int_enum(name: str, items: list[tuple[str, int]], attributes: dict[str, Any]) -> type[IntEnum]:
    """An ``IntEnum`` with the attributes that enums have otherwise.

    Raises ``ThriftParserError`` for a member that Python lets no enum have."""
    make: Any = IntEnum
    # Of one that comes twice the last counts, as in a plain class.
    numbers = dict(items)
    try:
        cls = make(name, numbers, module=attributes["__module__"], qualname=name)
    except (TypeError, ValueError) as error:
        raise _refused(name, str(error)) from error
    for item in numbers:
        if item not in cls.__members__:
            raise _refused(name, f"{item!r} is a special name")
    cls.__doc__ = None
    for attribute, value in attributes.items():
        setattr(cls, attribute, value)
    #: By their numbers, for the codec.
    cls.__thrift_members__ = {int(member): member for member in cls}
    made: type[IntEnum] = cls
    return made


def _refused(name: str, reason: str) -> ThriftParserError:
    return ThriftParserError(
        f"the enum {name} cannot be an enum of Python: {reason}; "
        f"load the file without enums='int_enum'"
    )
