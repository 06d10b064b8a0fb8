"""What `fastthrift._core` has for structs to bytes and to plain data, and back. A part of its stub,
and no module of its own."""

import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, final, overload

from typing_extensions import Self

from fastthrift.typing import WithArrays

from ._core_protocol import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_SIZE,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from ._core_transport import _Data

_T = TypeVar("_T")

@typing.type_check_only
class _ProtocolFactory(Protocol):
    def get_protocol(self, trans: Any, /) -> Any: ...

# A protocol of `encode` and `decode`; the binary one where it is None.
_Spoken: TypeAlias = (
    Literal["binary", "compact"] | TBinaryProtocolFactory | TCompactProtocolFactory | None
)

def encode(obj: object, protocol: _Spoken = None) -> bytes:
    """The bytes of a struct, by the binary protocol unless another is named.

    Raises TDecodeException for a value that does not fit its field.
    """

@overload
def decode(
    cls: WithArrays[_T],
    buffer: _Data,
    protocol: _Spoken = None,
    *,
    only: Selection | Iterable[str] | None = None,
    arrays: Literal["array"],
) -> _T: ...
@overload
def decode(
    cls: type[_T],
    buffer: _Data,
    protocol: _Spoken = None,
    *,
    only: Selection | Iterable[str] | None = None,
    arrays: Literal["array"] | None = None,
) -> _T:
    """A new struct of class `cls`; bytes after its end are ignored.

    All but the fields that `only` names (see `select`) is skipped, and None. Lists of numbers are
    objects of `array.array` where `arrays` is "array".

    Raises a TException that names the byte and the field where the bytes are wrong.
    """

@final
class Selection:
    """Fields of a struct class that were chosen, compiled for `decode`; what `select` makes."""

    def __new__(cls, cls_: type[Any], /, *paths: str) -> Self: ...
    @property
    def cls(self) -> type[Any]: ...
    @property
    def paths(self) -> tuple[str, ...]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def select(cls: type[Any], *paths: str) -> Selection:
    """The fields of a struct class that `paths` name, compiled for `decode`.

    A path is the name of a field, or several with dots between them: through structs, elements and
    values of maps. Raises ValueError for a field that is not there, with those that are.
    """

def serialize(thrift_object: object, proto_factory: _ProtocolFactory | None = None) -> Any:
    """The bytes of a payload, by any protocol factory; the binary one by default."""

def deserialize(thrift_object: _T, buf: _Data, proto_factory: _ProtocolFactory | None = None) -> _T:
    """Fill a payload from bytes, by any protocol factory, and return it."""

def to_dict(
    obj: object,
    *,
    enums: Literal["number", "name"] = "number",
    unset: Literal["omit", "null"] = "omit",
    binary: Literal["bytes", "base64"] = "bytes",
    sets: Literal["list", "set"] = "list",
    keys: Literal["keep", "str"] = "keep",
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_string_size: int = DEFAULT_MAX_SIZE,
) -> dict[str, Any]:
    """The fields of a struct, union or exception by their names in the IDL, in IDL order.

    All containers are new; uuids are text. Fields that are None are left out, or None where
    `unset` is "null". A map whose keys are structs or containers is a list of pairs.

    Raises TDecodeException for a value that does not fit its field. The limits of these four
    functions are those of protocols: levels of structs and containers, bytes of a string, and
    bytes of the whole text.
    """

def from_dict(
    cls: type[_T],
    data: Mapping[str, Any],
    *,
    unknown: Literal["error", "ignore"] = "error",
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_string_size: int = DEFAULT_MAX_SIZE,
) -> _T:
    """A new struct of class `cls` from a mapping, the reverse of `to_dict` with any options.

    Enums may be names or numbers, binary bytes or base64, None is an unset field.

    Raises TMalformedDataException, whose text begins with the path of the wrong value.
    """

def to_json(
    obj: object,
    *,
    enums: Literal["number", "name"] = "number",
    unset: Literal["omit", "null"] = "omit",
    allow_nan: bool = False,
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_string_size: int = DEFAULT_MAX_SIZE,
    max_message_size: int = DEFAULT_MAX_SIZE,
) -> bytes:
    """A struct as a JSON object in UTF-8: `to_dict` with base64 and text as keys, as text.

    Raises TDecodeException for a value that does not fit its field or, unless `allow_nan`, JSON.
    """

def from_json(
    cls: type[_T],
    data: _Data | str,
    *,
    unknown: Literal["error", "ignore"] = "error",
    allow_nan: bool = False,
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_string_size: int = DEFAULT_MAX_SIZE,
    max_message_size: int = DEFAULT_MAX_SIZE,
) -> _T:
    """A new struct of class `cls` from JSON text, the reverse of `to_json`.

    Raises TMalformedDataException, whose text has the path and the byte of what is wrong.
    """

@final
class GeneratedCodec:
    """Encodes and decodes objects of classes that Apache's compiler generated.

    ``protocol`` is 'binary' or 'compact'. ``translate`` is given an exception of this package
    and gives the one of Apache's to raise in its place.
    """

    def __new__(
        cls, protocol: str, translate: Callable[[BaseException], Any]
    ) -> GeneratedCodec: ...
    def encode(self, obj: Any, spec: list[Any]) -> bytes:
        """The bytes of an object; ``spec`` is ``[class, class.thrift_spec]``."""

    def decode(self, obj: Any, iprot: Any, spec: list[Any]) -> Any:
        """Reads an object from the transport of a protocol of Apache's: ``obj``, or a new one where
        that is None; ``spec`` is ``[class, class.thrift_spec]``. Returns it."""

def write_json_message(
    obj: object, metadata: bytes, depth: int, string_size: int, message_size: int, /
) -> bytes: ...
def read_json(
    obj: object, payload: object, depth: int, string_size: int, decode: bool, strict: bool, /
) -> None: ...
def fill_from_json(obj: object, data: object, budget: int) -> None: ...
def read_json_message(
    obj: object, trans: object, depth: int, string_size: int, message_size: int, /
) -> Literal[True] | bytes | None: ...
def parse_json(text: bytes, max_depth: int) -> dict[str, Any]: ...
def skip_json(payload: object, max_depth: int, max_string_size: int) -> None: ...
def write_json_value(described: tuple[int, object], value: object, budget: int) -> Any: ...
def read_json_value(described: tuple[int, object], data: object, budget: int) -> Any: ...
def trace(data: bytes, protocol: str, *, message: bool) -> tuple[Any, Any, int, Any]:
    """What lies where in a message or a bare struct: its header (name, type, sequence id), its
    struct, where it ends, and what is wrong with it, as a text and a byte.

    A value is `(type, start, end, value)`, with no end where the bytes are wrong before it."""
