"""The native module: the codec, the classes of loaded structs, protocols and transports. What is
public of it has thriftpy2's names in other modules; the rest may change in any release."""

import typing
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar, final

from typing_extensions import Buffer, Self

from ._core_unknown import UnknownField, UnknownFields, unknown_fields

# fmt: off
__all__ = [
    "DEFAULT_MAX_DEPTH", "DEFAULT_MAX_SIZE", "LEAST_RATE", "CyTransportBase", "Diagnostic",
    "GeneratedCodec", "Initializer", "Method", "NativeServer", "NativeWorker", "OriginalMethods",
    "PayloadType", "Program", "Schema", "Selection", "ServedCalls", "ServerNotice", "StructStorage",
    "TApacheJSONProtocol", "TApacheJSONProtocolFactory", "TBinaryProtocol",
    "TBinaryProtocolFactory", "TBufferedTransport", "TBufferedTransportFactory", "TCompactProtocol",
    "TCompactProtocolFactory", "TFramedTransport", "TFramedTransportFactory", "TMemoryBuffer",
    "TMessageType", "TType", "UnknownField", "UnknownFields", "ValueScan", "bind", "copy_options",
    "decode", "delete_raw", "deserialize", "detect", "drop_plan", "encode", "find_method",
    "format_text", "frame_end", "frame_header", "frame_length", "from_dict", "from_json",
    "inherit_native", "initialize", "install_call", "install_frozen", "install_getattr", "is_slot",
    "layout_fields", "load_schema", "parse_json", "read_call", "read_header_frame", "read_json",
    "read_json_message", "read_json_value", "read_reply", "read_value", "refused_transform",
    "select", "send_at_once", "serialize", "set_raw", "skip_json", "snapshot", "source_below",
    "take_output", "tells_later", "to_dict", "to_json", "trace", "unknown_fields", "untaken",
    "write_call", "write_header_frame", "write_json_message", "write_json_value", "write_result",
    "write_value",
]
# fmt: on

_T = TypeVar("_T")

# Numbers. Limits are in levels, and in bytes.

DEFAULT_MAX_DEPTH: Final = 64
DEFAULT_MAX_SIZE: Final = 104857600
LEAST_RATE: Final = 16384

class TType:
    """Thrift's type ids, as they travel in binary messages and stand in a ``thrift_spec``."""

    STOP: int
    VOID: int
    BOOL: int
    BYTE: int
    I08: int
    DOUBLE: int
    I16: int
    I32: int
    I64: int
    STRING: int
    UTF7: int
    STRUCT: int
    MAP: int
    SET: int
    LIST: int
    UTF8: int
    UTF16: int
    BINARY: int
    _VALUES_TO_NAMES: dict[int, str]

class TMessageType:
    """The kind of a message, told in its header."""

    CALL: int
    REPLY: int
    EXCEPTION: int
    ONEWAY: int

# What a transport writes, and a memory buffer holds.
_Data: TypeAlias = Buffer | str

@typing.type_check_only
class _ProtocolFactory(Protocol):
    def get_protocol(self, trans: Any, /) -> Any: ...

# Payloads and bytes.

# A protocol of `encode` and `decode`; the binary one where it is None.
_Spoken: TypeAlias = (
    Literal["binary", "compact"] | TBinaryProtocolFactory | TCompactProtocolFactory | None
)

def encode(obj: object, protocol: _Spoken = None) -> bytes:
    """The bytes of a struct, by the binary protocol unless another is named.

    Raises TDecodeException for a value that does not fit its field.
    """

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
    max_depth: int = 64,
    max_string_size: int = 104857600,
) -> dict[str, Any]:
    """The fields of a struct, union or exception by their names in the IDL, in IDL order.

    All containers are new; uuids are text. Fields that are None are left out, or None where
    `unset` is "null". A map whose keys are structs or containers is a list of pairs.

    Raises TDecodeException for a value that does not fit its field. The limits of these four
    functions are those of protocols: levels of structs and containers, bytes of a string, and
    bytes of the whole text.
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

def from_dict(
    cls: type[_T],
    data: Mapping[str, Any],
    *,
    unknown: Literal["error", "ignore"] = "error",
    max_depth: int = 64,
    max_string_size: int = 104857600,
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
    max_depth: int = 64,
    max_string_size: int = 104857600,
    max_message_size: int = 104857600,
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
    max_depth: int = 64,
    max_string_size: int = 104857600,
    max_message_size: int = 104857600,
) -> _T:
    """A new struct of class `cls` from JSON text, the reverse of `to_json`.

    Raises TMalformedDataException, whose text has the path and the byte of what is wrong.
    """

# Protocols.

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

# Transports.

class TMemoryBuffer:
    """Bytes in memory: written at the end, read from the start."""

    def __init__(self, value: _Data | None = None, buf_size: int = 4096) -> None: ...
    @property
    def trans(self) -> None: ...
    @property
    def sock(self) -> None: ...
    def is_open(self) -> bool: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    def flush(self) -> None: ...
    def read(self, sz: int) -> bytes: ...
    def write(self, data: _Data) -> None: ...
    def clean(self) -> None: ...
    def getvalue(self) -> bytes: ...
    def setvalue(self, value: _Data) -> None: ...
    _buffer: Any
    _pos: int
    def _read(self, sz: int) -> bytes: ...
    def _load_buffer(self) -> tuple[bytes, int]: ...
    def _store_buffer(self, contents: bytes, position: int) -> None: ...

class CyTransportBase:
    """The base of the native transports over another transport."""

    trans: Any
    @property
    def _trans(self) -> Any: ...
    _rbuf: Any
    _wbuf: Any
    @property
    def _buf_size(self) -> int: ...
    def _read(self, sz: int) -> bytes: ...
    def _unread(self) -> bytes: ...
    def _load_rbuf(self) -> tuple[bytes, int]: ...
    def _store_rbuf(self, contents: bytes, position: int) -> None: ...
    def _load_wbuf(self) -> tuple[bytes, int]: ...
    def _store_wbuf(self, contents: bytes, position: int) -> None: ...
    @property
    def sock(self) -> Any: ...
    @property
    def buf_size(self) -> int: ...
    @property
    def refused(self) -> bool: ...
    def pending(self) -> int: ...
    def feed(self, data: _Data) -> None: ...
    def is_open(self) -> Any: ...
    def open(self) -> Any: ...
    def close(self) -> Any: ...
    def read(self, sz: int) -> bytes: ...
    def write(self, data: _Data) -> None: ...
    def flush(self) -> None: ...
    def clean(self) -> None: ...
    def discard_output(self) -> None: ...
    def getvalue(self) -> Any: ...

class TBufferedTransport(CyTransportBase):
    """Reads ahead, and keeps what is written until it is flushed."""

    DEFAULT_BUFFER: ClassVar[int]
    def __init__(self, trans: Any, buf_size: int = 4096) -> None: ...

class TBufferedTransportFactory:
    """Makes buffered transports."""

    def __init__(self) -> None: ...
    def __getstate__(self) -> Any: ...
    def get_transport(self, trans: Any) -> TBufferedTransport: ...

class TFramedTransport(CyTransportBase):
    """Sends each message as a frame: its length in four bytes, then its bytes."""

    def __init__(
        self, trans: Any, buf_size: int = 4096, *, max_frame_size: int = DEFAULT_MAX_SIZE
    ) -> None: ...
    def read_frame(self) -> None: ...

class TFramedTransportFactory:
    """Makes framed transports."""

    max_frame_size: int
    def __init__(self, *, max_frame_size: int = DEFAULT_MAX_SIZE) -> None: ...
    def __getstate__(self) -> Any: ...
    def __setstate__(self, state: dict[str, Any], /) -> None: ...
    def get_transport(self, trans: Any) -> TFramedTransport: ...

# IDL.

@final
class Diagnostic:
    """One mistake or oddity in an IDL file."""

    # The state is what `__reduce__` gives, and nobody's business but that of pickles.
    def __new__(cls, state: Any) -> Self: ...
    def __reduce__(self) -> tuple[type[Self], tuple[Any]]: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> Literal["error", "warning", "hint"]: ...
    @property
    def message(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_column(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def related(self) -> list[tuple[str, int, int, str]]: ...
    @property
    def expected(self) -> str | None: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def rendered(self) -> str: ...
    def render(self, *, color: bool = False) -> str: ...

# ---------------------------------------------------------------------------------------------

# (path, stem, identity, includes), where an include is (path, index of the file or None).
_FileInfo: TypeAlias = tuple[str, str, str, list[tuple[str, int | None]]]
_Place: TypeAlias = tuple[str, int, int]  # a path, a line and a column, from 1 on
_Breaking: TypeAlias = tuple[str, str, str, str, _Place | None, _Place | None]

@final
class Schema:
    """A set of linked files."""

    @property
    def files(self) -> list[_FileInfo]: ...
    @property
    def warnings(self) -> list[Diagnostic]: ...
    def namespaces(self, file: int) -> dict[str, str]: ...
    def include_names(self, file: int) -> list[str]: ...
    def doc(self, file: int) -> str | None: ...
    def json(self, file: int) -> str: ...
    def breaking(self, old: Schema) -> list[_Breaking]: ...
    @staticmethod
    def breaking_rules() -> list[tuple[str, str, str]]: ...
    def build(self, module_names: list[str], known: dict[str, Program]) -> list[Program]: ...

@final
class Program:
    """The definitions of one file, as Python objects."""

    @property
    def namespace(self) -> dict[str, Any]: ...
    @property
    def meta(self) -> dict[str, list[Any]]: ...
    @property
    def classes(self) -> list[type]: ...
    @property
    def digest(self) -> int: ...

def format_text(path: str | PathLike[str], text: bytes) -> str:
    """The text of an IDL file in one style; raises a ThriftParserError for mistakes of grammar."""

def load_schema(
    path: str | PathLike[str],
    include_dirs: list[str] | list[PathLike[str]],
    *,
    text: bytes | None = None,
    reader: Callable[[str], bytes] | None = None,
    resolver: Callable[[str, str], tuple[str, bytes] | None] | None = None,
    single: bool = False,
    reserved: str = "suffix",
    missing_include: str = "error",
    classes: dict[str, Any] | None = None,
) -> Schema:
    """Read and link a file with all it includes; raises a ThriftParserError, or an OSError."""

class PayloadType(type):
    """A type with room for what the codec keeps of a class."""

class StructStorage:
    """Native storage of loaded structs: fields in slots, other attributes in a dict."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getstate__(self) -> dict[str, Any]: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def install_frozen(cls: type) -> None: ...
def initialize(object: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
    """`__init__` of classes made by `load`: the fields by position in IDL order, or by name."""

def snapshot(object: Any) -> dict[str, Any]:
    """The attributes of a loaded struct as a plain dict."""

def set_raw(object: Any, name: object, value: Any) -> None:
    """Set an attribute as an assignment into an ordinary `__dict__` would."""

def delete_raw(object: Any, name: object) -> bool:
    """Delete an attribute the same way; whether there was one."""

def is_slot(cls: type, name: object) -> bool:
    """Whether instances of a class keep the attribute `name` in a slot."""

def layout_fields(cls: type) -> list[tuple[str, Any]] | None:
    """The fields of a loaded struct class as (name, default) pairs; None for other classes."""

@final
class Initializer:
    """``__init__`` of classes whose objects are made natively.

    Of an object it is `native`; of a class what `describe` makes of the class, once.
    """

    def __new__(
        cls, native: Callable[..., None], describe: Callable[[type], Any]
    ) -> Initializer: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any: ...

def inherit_native(cls: type, initializer: Initializer) -> None:
    """Give a struct class the native functions of the storage for what it inherits of it."""

def drop_plan(cls: type) -> None:
    """Forget what was compiled from a struct class, after an assignment to it."""

def install_call(metaclass: type) -> None:
    """Let calls of the loaded classes of a metaclass make objects without `object.__new__`."""

# Calls. Where a function gives None, what it was to do has to be done by the public
# methods of protocols and payloads, because something of them is not ours as it was made.

@final
class Method:
    """A method of a service, prepared for calls."""

@final
class OriginalMethods:
    """Methods of a Python class, as they are when this is made."""

    def __new__(cls, cls_: type, /, *names: str) -> Self: ...
    def are_kept_by(self, object: object) -> bool:
        """Whether neither the class of `object` nor `object` itself has others."""

def find_method(service: Any, name: str) -> Method | None:
    """The method of a service, prepared."""

def bind(
    client: Any, sending: OriginalMethods, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Method, bool, tuple[Any, ...]] | None:
    """A method, whether it is oneway, and the arguments of a call of it by position; None too
    where the client has other parts for sending, and where the arguments do not fit the method."""

def write_call(
    method: Method, oprot: Any, seqid: int, values: tuple[Any, ...]
) -> tuple[bytes | None, Any] | None:
    """Write a call with the arguments that `bind` gave, and `take_output`."""

def read_reply(
    method: Method, iprot: Any, seqid: int, call: Any
) -> tuple[BaseException | None, Any] | None:
    """Read the reply to a call: the exception to raise, or else the value to return.

    Asks `call` for `check_header` and `undeclared`.
    """

def read_call(
    service: Any, iprot: Any, message: Any
) -> tuple[Method, str, bool, tuple[Any, ...]] | None:
    """Read a call: the method, its name, whether it is oneway, the arguments for the handler.

    Sets `message.header` when it has read the header, also where it gives None for the rest.
    """

def write_result(
    method: Method, oprot: Any, seqid: int, value: Any
) -> tuple[bytes | None, Any] | None:
    """Write the reply to a call, and `take_output`."""

def write_json_message(
    obj: object, metadata: bytes, depth: int, string_size: int, message_size: int, /
) -> bytes: ...
def read_json(
    obj: object, payload: object, depth: int, string_size: int, decode: bool, strict: bool, /
) -> None: ...
def read_json_message(
    obj: object, trans: object, depth: int, string_size: int, message_size: int, /
) -> Literal[True] | bytes | None: ...
def parse_json(text: bytes, max_depth: int) -> dict[str, Any]: ...
def skip_json(payload: object, max_depth: int, max_string_size: int) -> None: ...
def write_json_value(described: tuple[int, object], value: object, budget: int) -> Any: ...
def read_json_value(described: tuple[int, object], data: object, budget: int) -> Any: ...
def untaken(descriptor: int) -> int: ...
def source_below(trans: Any) -> tuple[CyTransportBase, Any, int] | None:
    """Where a native transport without bytes gets the next ones from: the innermost native
    transport, the one below it, and how many bytes to ask that for; None where it has some."""

def send_at_once(descriptor: int, data: bytes) -> int:
    """Send what a socket takes without waiting, with the lock; how many bytes that were."""

def take_output(trans: Any) -> tuple[bytes | None, Any]:
    """What was written to a native transport, and the one below that sends it; others: itself."""

def install_getattr(cls: type) -> None:
    """Let a class with a `__getattr__` pay less for its attributes, before Python 3.12."""

def tells_later(opening: bytes) -> bool: ...
def detect(opening: bytes) -> tuple[str, bool] | None:
    """What the first bytes of a connection speak, and whether in frames; None where they do not
    tell. It is "binary", "old binary" (without versions), "compact", "JSON", "Apache JSON",
    "THeader", "HTTP request", "HTTP response", "TLS handshake", "TLS alert" or "SASL"."""

def frame_header(length: int, limit: int | None = None, *, sasl: bool = False) -> bytes:
    """What stands before a frame of `length` bytes: four bytes.

    Raises a TMalformedDataException of type SIZE_LIMIT where it is above the limit, or of 2 GiB.
    """

def frame_length(header: Buffer, limit: int, *, sasl: bool = False) -> int:
    """The length of a frame that begins with these four bytes.

    Raises a TFrameSizeException where it is above the limit, or none: one of SASL may be 0, and
    others may not.
    """

# Of a frame of THeader: the id of its protocol, flags, sequence id, whether zlib compressed it; and
# keys with values, for its message and for all that follow.
_Pairs: TypeAlias = dict[bytes, bytes]

def read_header_frame(
    frame: bytes, limit: int
) -> tuple[bytes, int, int, int, bool, _Pairs, _Pairs]: ...
def write_header_frame(
    payload: bytes, numbers: tuple[int, int, int, bool], headers: _Pairs, persistent: _Pairs
) -> bytes: ...
def refused_transform(transform: int) -> str: ...
def frame_end(data: bytes) -> int | None:
    """Where the frame ends that begins with these bytes, come or not; None where there is none."""

@final
class ValueScan:
    """The search for the end of a value, in bytes that arrive in pieces.

    The value is of a `TType`, written with the options of a protocol; without a type it is the
    header of a message. Of Apache's JSON it is a whole text.
    """

    def __new__(cls, protocol: _NativeProtocol, ttype: int | None) -> Self: ...
    def wanted(self, arrived: bytearray) -> int:
        """How many of the bytes since the value's start there must be before it can be whole."""

def trace(data: bytes, protocol: str, *, message: bool) -> tuple[Any, Any, int, Any]:
    """What lies where in a message or a bare struct: its header (name, type, sequence id), its
    struct, where it ends, and what is wrong with it, as a text and a byte.

    A value is `(type, start, end, value)`, with no end where the bytes are wrong before it."""

def read_value(protocol: _NativeProtocol, ttype: int, spec: Any = None) -> Any:
    """Read a bare value of a type as a `thrift_spec` writes it."""

def write_value(protocol: _NativeProtocol, ttype: int, value: Any, spec: Any = None) -> None:
    """Write a bare value of a type as a `thrift_spec` writes it."""

@final
class NativeServer:
    """The loop of a server. `descriptor` is that of a listening socket, which is duplicated.
    Times are in seconds, None for no end; sizes are in bytes."""

    def __new__(
        cls,
        descriptor: int,
        unix: bool,
        *,
        protocol: str | None,
        framed: bool | None,
        header: tuple[list[bool], bool] | None,
        strict: bool,
        max_message_size: int,
        max_string_length: int,
        max_depth: int,
        max_frame_size: int,
        connections: int,
        queue: int,
        message_time: float | None,
        idle_time: float | None,
        grace: float,
    ) -> Self: ...
    @property
    def connections(self) -> int: ...
    @property
    def unfinished(self) -> int | None: ...
    @property
    def waiting(self) -> int: ...
    def close(self, grace: float) -> None: ...
    def fileno(self) -> int: ...
    def start(self) -> None: ...
    def worker(self) -> NativeWorker: ...

@final
class NativeWorker:
    """Who takes work, in one thread."""

    def take(self) -> ServedCalls | ServerNotice | None: ...

@final
class ServedCalls:
    """The calls that have come on a connection, to be made one after the other."""

    @property
    def format(self) -> tuple[str, bool]: ...
    @property
    def peer(self) -> str: ...
    def answer(self, data: bytes, goes_on: bool) -> None: ...
    def give_up(self) -> None: ...
    def header(self) -> tuple[str, dict[bytes, bytes], float] | None: ...
    def next_message(self) -> bytes | None: ...

@final
class ServerNotice:
    """What a log should know."""

    @property
    def kind(self) -> Literal["no message", "bad call", "overload", "full", "cannot accept"]: ...
    @property
    def limit(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def more(self) -> int: ...
    @property
    def opening(self) -> bytes: ...
    @property
    def peer(self) -> str: ...
    @property
    def problem(self) -> str: ...
