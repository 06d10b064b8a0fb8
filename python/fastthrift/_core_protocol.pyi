"""What `fastthrift._core` has for protocols and their factories. A part of its stub, and no module
of its own."""

import typing
from typing import Any, Final, TypeVar, final

from typing_extensions import Self

_T = TypeVar("_T")

# Numbers. Limits are in levels, and in bytes.
DEFAULT_MAX_DEPTH: Final = 64
DEFAULT_MAX_SIZE: Final = 104857600

class TMessageType:
    """The kind of a message, told in its header."""

    CALL: int
    REPLY: int
    EXCEPTION: int
    ONEWAY: int

@typing.type_check_only
class _ProtocolSettings:
    strict_read: bool
    strict_write: bool
    decode_response: bool
    strict_decode: bool
    # In levels, and in bytes.
    max_depth: int
    max_string_size: int
    max_message_size: int
    check_seqid: bool
    def __getstate__(self) -> Any: ...
    def __setstate__(self, state: dict[str, Any], /) -> None: ...

@typing.type_check_only
class _NativeProtocol(_ProtocolSettings):
    trans: Any
    def skip(self, ttype: int) -> None: ...
    # The name is bytes when it is not UTF-8.
    def read_message_begin(self) -> tuple[str | Any, int, int]: ...
    def read_message_end(self) -> None: ...
    def write_message_begin(self, name: str | bytes, ttype: int, seqid: int) -> None: ...
    def write_message_end(self) -> None: ...
    def read_struct(self, obj: _T) -> _T: ...
    def write_struct(self, obj: object) -> None: ...
    def _read_val(self, ttype: int, spec: Any = None) -> Any: ...
    def _write_val(self, ttype: int, val: Any, spec: Any = None) -> None: ...

def copy_options(source: _ProtocolSettings, target: _ProtocolSettings) -> None:
    """Give a protocol or factory the options of another."""

class TBinaryProtocol(_NativeProtocol):
    """The binary protocol over any object with read, write and flush."""

    def __init__(
        self,
        trans: Any,
        strict_read: bool = True,
        strict_write: bool = True,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        *,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...

class TBinaryProtocolFactory(_ProtocolSettings):
    """Makes binary protocols."""

    def __init__(
        self,
        strict_read: bool = True,
        strict_write: bool = True,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        *,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...
    def get_protocol(self, trans: Any) -> TBinaryProtocol: ...

class TCompactProtocol(_NativeProtocol):
    """The compact protocol over any object with read, write and flush."""

    PROTOCOL_ID: int
    VERSION: int
    VERSION_MASK: int
    TYPE_MASK: int
    TYPE_BITS: int
    TYPE_SHIFT_AMOUNT: int

    def __init__(
        self,
        trans: Any,
        decode_response: bool = True,
        strict_decode: bool = False,
        *,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...

class TCompactProtocolFactory(_ProtocolSettings):
    """Makes compact protocols."""

    def __init__(
        self,
        decode_response: bool = True,
        strict_decode: bool = False,
        *,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...
    def get_protocol(self, trans: Any) -> TCompactProtocol: ...

class TApacheJSONProtocol(_NativeProtocol):
    """Apache Thrift's JSON protocol over any object with read, write and flush."""

    api: str
    ttype: int
    seqid: int

    def __init__(
        self,
        trans: Any,
        *,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...
    @property
    def has_begun(self) -> bool: ...
    @property
    def _req(self) -> Any: ...
    def _load_data(self) -> None: ...
    def _thrift_to_dict(self, thrift_obj: Any, item_type: Any = None) -> Any: ...
    def _dict_to_thrift(self, data: Any, base_type: Any) -> Any: ...

class TApacheJSONProtocolFactory(_ProtocolSettings):
    """Makes Apache JSON protocols."""

    def __init__(
        self,
        *,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None: ...
    def get_protocol(self, trans: Any) -> TApacheJSONProtocol: ...

def read_value(protocol: _NativeProtocol, ttype: int, spec: Any = None) -> Any:
    """Read a bare value of a type as a `thrift_spec` writes it."""

def write_value(protocol: _NativeProtocol, ttype: int, value: Any, spec: Any = None) -> None:
    """Write a bare value of a type as a `thrift_spec` writes it."""

@final
class ValueScan:
    """The search for the end of a value, in bytes that arrive in pieces.

    The value is of a `TType`, written with the options of a protocol; without a type it is the
    header of a message. Of Apache's JSON it is a whole text.
    """

    def __new__(cls, protocol: _NativeProtocol, ttype: int | None) -> Self: ...
    def wanted(self, arrived: bytearray) -> int:
        """How many of the bytes since the value's start there must be before it can be whole."""
