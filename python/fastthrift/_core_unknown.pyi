"""What `fastthrift._core` has for fields that an IDL does not know: a part of its stub, and no
module of its own."""

from typing import final

from typing_extensions import Self

@final
class UnknownField:
    """A field that an object of a module with `keep_unknown` has kept."""

    @property
    def id(self) -> int: ...
    @property
    def ttype(self) -> int:
        """The number of its type, as in `TType`."""

    @property
    def protocol(self) -> str:
        """What `value` is of: "binary", "compact" or "apache_json", as in URLs."""

    @property
    def value(self) -> bytes:
        """The value as it came, without the header of the field."""

@final
class UnknownFields:
    """What `__thrift_unknown__` of an object is, told by `unknown_fields`."""

    def __new__(cls, parts: list[tuple[int | None, int, int, str, bytes]]) -> Self: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def unknown_fields(obj: object) -> tuple[UnknownField, ...]:
    """The fields that `obj` has kept of the message that it was read from, in their order: those
    that its IDL does not know or has of another type. Its class is of a module that was loaded
    with `keep_unknown=True`; there are none otherwise."""
