"""Values on their way to and from JSON text: what stands for a type's values, and what does not.

Where the native codec has ``src/py/coerce.rs``; the words of the errors are the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from fastthrift._core import TType
from fastthrift.protocol.exc import (
    TEncodeException,
    TMalformedDataException,
    TProtocolException,
)

INTEGER_BITS = {TType.BYTE: 8, TType.I16: 16, TType.I32: 32, TType.I64: 64}


class Misfit(Exception):
    """A value that does not fit its type, on its way up to the struct that was written.

    ``path`` grows on the way, the innermost part first.
    """

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        self.path: list[str] = []
        # The innermost field around the value: TEncodeException's arguments.
        self.field: tuple[str, int, str, Any, int, Any] | None = None

    def in_field(self, obj: Any, fid: int, field: tuple[Any, ...], value: Any) -> None:
        ttype, name = field[:2]
        if self.field is None:
            self.field = (obj.__class__.__name__, fid, name, value, ttype, sub_spec(field))
        self.path.append(name)

    def whole_path(self) -> str:
        parts = (part if part.startswith("[") else "." + part for part in reversed(self.path))
        return "".join(parts).removeprefix(".")

    def place(self) -> str:
        path = self.whole_path()
        return f" (in {path})" if path else ""

    def error(self) -> TProtocolException:
        if self.field is None:
            return TProtocolException(TProtocolException.INVALID_DATA, self.reason + self.place())
        return TEncodeException(*self.field, self.whole_path(), self.reason)


class TooLong(Misfit):
    """A string that is longer than the limit."""

    def error(self) -> TProtocolException:
        return TMalformedDataException(TProtocolException.SIZE_LIMIT, self.reason + self.place())


def sub_spec(field: tuple[Any, ...]) -> Any:
    """What a field of a ``thrift_spec`` says about its type beyond the type's id."""
    return field[2] if len(field) > 3 else None


def element(spec: Any) -> tuple[int, Any]:
    """The type id and the spec of a container's elements, keys or values."""
    return spec if isinstance(spec, tuple) else (spec, None)


def needs(expected: str, value: Any) -> str:
    """What is wrong with a value of another type than is needed, in the codec's words."""
    found = type(value).__qualname__
    if value is None:
        found = "None"
    elif isinstance(value, type):
        found = f"the class {value.__qualname__}"
    return f"needs {expected}, not {found}"


def whole_number(ttype: int, value: Any) -> int:
    """A value as an integer that a type can hold; raises `Misfit`."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit(needs("a whole number", value))
    number: int = converted(int, value, "__int__", "an int")
    # What is no number otherwise (an address, an id) has no fraction.
    if number != value and not isinstance(value, (str, bytes)) and hasattr(value, "__float__"):
        raise Misfit("has a fraction")
    limit = 1 << (INTEGER_BITS[ttype] - 1)
    if not -limit <= number < limit:
        raise Misfit("out of range")
    return number


def float_of(value: Any) -> float:
    """A value as a float; raises `Misfit`."""
    number: float = converted(float, value, "__float__", "a float")
    return number


def converted(to: Callable[[Any], Any], value: Any, method: str, expected: str) -> Any:
    """A value as a number; raises `Misfit`."""
    try:
        try:
            return to(value)
        except TypeError:
            # Python asks the class, which in a proxy may have no such method.
            return to(getattr(value, method)())
    except OverflowError:
        raise Misfit("out of range") from None
    except (AttributeError, TypeError, ValueError):
        raise Misfit(needs(expected, value)) from None


def elements_of(value: Any) -> list[Any]:
    """The elements of a list or set; raises `Misfit`."""
    try:
        if not isinstance(value, (str, bytes, bytearray)):
            return list(iter(value))
    except TypeError:
        pass
    raise Misfit(needs("a list, set or tuple", value))


def items_of(value: Any) -> list[tuple[Any, Any]]:
    """The keys and values of a map, which has `items` or what `dict()` asks for; raises
    `Misfit`."""
    try:
        if hasattr(value, "items"):
            return list(value.items())
        return [(key, value[key]) for key in value.keys()]  # noqa: SIM118
    except (AttributeError, TypeError):
        raise Misfit(needs("a dict", value)) from None


def spec_of(value: Any) -> dict[int, tuple[Any, ...]]:
    """The ``thrift_spec`` of a struct, its own or its class's; raises `Misfit`."""
    spec = getattr(value, "thrift_spec", None)
    if not isinstance(spec, dict) or isinstance(value, type):
        raise Misfit(needs("a struct", value))
    return spec


def text_of(value: Any) -> str:
    """A ``str``, or what stands for one by its ``encode``, or bytes as the text they are; raises
    `Misfit`."""
    if isinstance(value, str):
        # A proxy says that it is of the class of what it stands for.
        return value if issubclass(type(value), str) else str(value)
    value = encoded(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise Misfit("it is not UTF-8, which JSON text must be") from None
    if isinstance(value, str):
        return value
    raise Misfit(needs("a str", value))


def encoded(value: Any) -> Any:
    """What the ``encode`` of a text, or of a proxy for one, gives; other values as they are.
    Raises `Misfit`."""
    encode = getattr(value, "encode", None)
    if encode is None:
        return value
    try:
        return encode("utf-8")
    except UnicodeEncodeError as error:
        raise Misfit(str(error)) from None


def distinct(elements: list[Any]) -> list[Any]:
    """The first of each of the elements that are equal, as JSON."""
    try:
        # -0.0 equals 0.0, and no NaN equals another.
        if not isinstance(elements[0], float) and len(set(elements)) == len(elements):
            return elements
    except (IndexError, TypeError):
        # None at all, or lists and maps.
        pass
    first: dict[str, Any] = {}
    for item in elements:
        first.setdefault(json.dumps(item), item)
    return list(first.values())


def has_own_text(value: Any) -> bool:
    """Whether a value that is no string has a text all the same, which thriftpy2 writes: numbers,
    ``uuid.UUID`` and others with a ``__str__``; but no struct, and nothing whose text is for
    programmers."""
    if isinstance(value, (str, bytes, bytearray)) or hasattr(value, "encode"):
        return False
    of_object = isinstance(value, type) or value.__class__.__str__ is object.__str__
    return isinstance(value, (int, float)) or not (of_object or hasattr(value, "thrift_spec"))
