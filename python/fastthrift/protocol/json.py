"""thriftpy2's own JSON protocol: a length (i32) and one JSON object per struct.

It is understood by thriftpy2 and fastthrift; ``fastthrift.protocol.apache_json`` is Apache's.
Structs are objects with the fields' names as keys, maps are lists of ``{"key": ..., "value":
...}``, sets are lists, ``binary`` is base64. JSON does not tell the types apart that Thrift has,
so a value of a message that cannot be of its field's type is skipped as a mistyped field of the
other protocols is: the field keeps its default. ``NaN``, ``Infinity`` and ``-Infinity`` are written
bare, which is no JSON, on purpose: thriftpy2 writes and reads them so.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from fastthrift._core import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_SIZE,
    FRAME_HEADER,
    OriginalMethods,
    TType,
    fill_from_json,
    parse_json,
    read_json,
    read_json_message,
    read_json_value,
    skip_json,
    unsigned_header,
    unsigned_length,
    write_json_message,
    write_json_value,
)
from fastthrift.protocol.base import TProtocolBase
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException, too_large
from fastthrift.transport.base import readall

__all__ = [
    "VERSION",
    "TJSONProtocol",
    "TJSONProtocolFactory",
    "TProtocolBase",
    "TProtocolException",
    "TType",
    "encode_binary",
    "json_value",
    "list_to_json",
    "list_to_obj",
    "map_to_json",
    "map_to_obj",
    "obj_value",
    "struct_to_json",
    "struct_to_obj",
]

VERSION = 1

# The metadata of a struct without a message.
_META = {"version": VERSION}
_NO_HEADER = b'{"version": 1}'


def check_name(name: Any, limit: int) -> None:
    """Refuse the name of a message, a ``str`` or bytes, that is too long in bytes of UTF-8."""
    data = name.encode("utf-8", "surrogatepass") if isinstance(name, str) else name
    if isinstance(data, bytes) and len(data) > limit:
        raise too_large("a string", len(data), limit, "max_string_size")


def check_message(size: int, limit: int) -> None:
    """Refuse a message that is too long, in bytes, to be sent or read."""
    if size > limit:
        raise too_large("a message", size, limit, "max_message_size")


def encode_binary(data: Any) -> str:
    """Bytes, or the UTF-8 of a ``str``, in base64."""
    result: str = write_json_value((TType.BINARY, None), data, DEFAULT_MAX_DEPTH)
    return result


def json_value(ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """A value as what ``json`` writes; ``spec`` describes containers as in a ``thrift_spec``.

    ``budget`` is how many levels of structs and containers there may be. A value that does not
    fit its type raises ``TProtocolException``, inside a struct ``TEncodeException``.
    """
    return write_json_value((ttype, spec), val, budget)


def list_to_json(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[Any]:
    """A list or set as a list; ``spec`` describes its elements."""
    result: list[Any] = write_json_value((TType.LIST, spec), val, budget)
    return result


def map_to_json(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[dict[str, Any]]:
    """A map as a list of keys with values; ``spec`` has the two descriptions."""
    result: list[dict[str, Any]] = write_json_value((TType.MAP, spec), val, budget)
    return result


def struct_to_json(val: Any, budget: int = DEFAULT_MAX_DEPTH) -> dict[str, Any]:
    """The fields of a payload that are not None, by their names."""
    result: dict[str, Any] = write_json_value((TType.STRUCT, None), val, budget)
    return result


def obj_value(ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """The value of a type that parsed JSON stands for; the reverse of ``json_value``.

    Raises ``TProtocolException``, which also is a ``ValueError``, when it stands for none.
    """
    return read_json_value((ttype, spec), val, budget)


def list_to_obj(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[Any]:
    """The reverse of ``list_to_json``."""
    result: list[Any] = read_json_value((TType.LIST, spec), val, budget)
    return result


def map_to_obj(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> dict[Any, Any]:
    """The reverse of ``map_to_json``; takes a dict too."""
    result: dict[Any, Any] = read_json_value((TType.MAP, spec), val, budget)
    return result


def struct_to_obj(val: dict[str, Any], obj: Any, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """Fill a payload with the fields that a dict has, and return it.

    The values are those of parsed JSON; a map may be a dict too, whose keys are those of
    ``from_dict``. Other keys are passed over, and None keeps a field's default. What stands for no
    value of its field raises ``TProtocolException``, which also is a ``ValueError`` and names the
    place: a message of such data loses the field instead.
    """
    fill_from_json(obj, val, budget)
    return obj


class TJSONProtocol(TProtocolBase):
    """thriftpy2's JSON protocol.

    What is written is ``{"metadata": ..., "payload": ...}`` in UTF-8, after its length in bytes.
    Sizes are limited in bytes, those of strings as UTF-8 and those of ``binary`` without base64;
    structs and containers may nest ``max_depth`` deep. The other options are those of
    ``TBinaryProtocol``.
    """

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
    ) -> None:
        super().__init__(trans)
        # Whether strings are decoded to `str`, and whether those that are no text are refused.
        self.decode_response = decode_response
        self.strict_decode = strict_decode
        self.max_depth = max_depth
        self.max_string_size = max_string_size
        self.max_message_size = max_message_size
        self.check_seqid = check_seqid
        self._meta: dict[str, Any] = dict(_META)
        # The message whose header was read and whose payload was not.
        self._data: dict[str, Any] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a message was begun whose payload is not read yet."""
        return self._data is not None

    def _write_len(self, x: int) -> None:
        self.trans.write(unsigned_header(int(x)))

    def _read_len(self) -> int:
        return unsigned_length(readall(self.trans.read, FRAME_HEADER))

    def _read_text(self) -> bytes:
        size = self._read_len()
        check_message(size, self.max_message_size)
        return readall(self.trans.read, size)

    def read_message_begin(self) -> tuple[str, int, int]:
        data = parse_json(self._read_text(), self.max_depth)
        try:
            metadata = data["metadata"]
            version = int(metadata["version"])
            if version != VERSION:
                raise TMalformedDataException(
                    TProtocolException.BAD_VERSION,
                    f"Bad version in read_message_begin:{version}",
                )
            name, ttype, seqid = metadata["name"], metadata["ttype"], metadata["seqid"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TMalformedDataException(
                TProtocolException.INVALID_DATA, f"Bad metadata of a message: {error!r:.100}"
            ) from error
        if not (isinstance(name, str) and isinstance(ttype, int) and isinstance(seqid, int)):
            raise TMalformedDataException(
                TProtocolException.INVALID_DATA, "Bad metadata of a message"
            )
        check_name(name, self.max_string_size)
        self._data = data
        return name, ttype, seqid

    def read_message_end(self) -> None:
        # Not to be taken for the payload of the next message.
        self._data = None

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        check_name(name, self.max_string_size)
        self._meta.update({"name": name, "ttype": ttype, "seqid": seqid})

    def write_message_end(self) -> None:
        """The message was written with its payload."""

    def read_struct(self, obj: Any) -> Any:
        """Fill a payload from the message that was begun, or from the next one; return it."""
        data, self._data = self._data, None
        if not data:
            text = None
            if self.decode_response and type(self)._read_len is TJSONProtocol._read_len:
                found = read_json_message(
                    obj, self.trans, self.max_depth, self.max_string_size, self.max_message_size
                )
                if found is True:
                    return obj
                text = found
            data = parse_json(self._read_text() if text is None else text, self.max_depth)
        read_json(
            obj,
            data["payload"],
            self.max_depth,
            self.max_string_size,
            self.decode_response,
            self.strict_decode,
        )
        return obj

    def write_struct(self, obj: Any) -> None:
        meta = self._meta
        message = write_json_message(
            obj,
            json.dumps(meta).encode() if meta != _META else _NO_HEADER,
            self.max_depth,
            self.max_string_size,
            self.max_message_size,
        )
        self.trans.write(message)

    def skip(self, ttype: int) -> None:
        """Read the payload of the message that was begun, or the next one, and forget it."""
        data, self._data = self._data or parse_json(self._read_text(), self.max_depth), None
        skip_json(data["payload"], self.max_depth, self.max_string_size)


# What calls go without, unless somebody has another (``src/py/call/json.rs``).
READING = OriginalMethods(
    TJSONProtocol,
    "read_message_begin",
    "read_struct",
    "read_message_end",
    "_read_text",
    "_read_len",
)
WRITING = OriginalMethods(TJSONProtocol, "write_message_begin", "write_struct", "write_message_end")


class TJSONProtocolFactory:
    """Makes ``TJSONProtocol`` objects with the same options."""

    _makes: ClassVar[type[TJSONProtocol]] = TJSONProtocol

    def __init__(
        self,
        *,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
        check_seqid: bool = True,
    ) -> None:
        self.decode_response = decode_response
        self.strict_decode = strict_decode
        self.max_depth = max_depth
        self.max_string_size = max_string_size
        self.max_message_size = max_message_size
        self.check_seqid = check_seqid

    def get_protocol(self, trans: Any) -> TJSONProtocol:
        return self._makes(
            trans,
            decode_response=self.decode_response,
            strict_decode=self.strict_decode,
            max_depth=self.max_depth,
            max_string_size=self.max_string_size,
            max_message_size=self.max_message_size,
            check_seqid=self.check_seqid,
        )
