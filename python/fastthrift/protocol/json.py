"""thriftpy2's own JSON protocol: a length (i32) and one JSON object per struct.

It is understood by thriftpy2 and fastthrift; ``fastthrift.protocol.apache_json`` is Apache's.
Structs are objects with the fields' names as keys, maps are lists of ``{"key": ..., "value":
...}``, sets are lists, ``binary`` is base64. JSON does not tell the types apart that Thrift has,
so a value that cannot be of its field's type is skipped as a mistyped field of the other
protocols is: the field keeps its default.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from fastthrift.protocol.base import TProtocolBase
from fastthrift.protocol.binary import DEFAULT_MAX_DEPTH, check_depth
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TEncodeException,
    TMalformedDataException,
    TProtocolException,
)
from fastthrift.thrift import TType
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

# In bytes.
DEFAULT_MAX_SIZE = 100 * 1024 * 1024
# What is asked of a transport at once, so that a promised size reserves no memory.
_LARGEST_READ = 1024 * 1024

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
            self.field = (type(obj).__name__, fid, name, value, ttype, sub_spec(field))
        self.path.append(name)

    def error(self) -> TProtocolException:
        parts = (part if part.startswith("[") else "." + part for part in reversed(self.path))
        path = "".join(parts).removeprefix(".")
        if self.field is None:
            place = f" (in {path})" if path else ""
            return TProtocolException(TProtocolException.INVALID_DATA, self.reason + place)
        return TEncodeException(*self.field, path, self.reason)


def sub_spec(field: tuple[Any, ...]) -> Any:
    """What a field of a ``thrift_spec`` says about its type beyond the type's id."""
    return field[2] if len(field) > 3 else None


def element(spec: Any) -> tuple[int, Any]:
    """The type id and the spec of a container's elements, keys or values."""
    return spec if isinstance(spec, tuple) else (spec, None)


def whole_number(ttype: int, value: Any) -> int:
    """A value as an integer that a type can hold; raises `Misfit`."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Misfit(str(error)) from None
    if number != value and not isinstance(value, (str, bytes)):
        raise Misfit("it has a fraction")
    limit = 1 << (INTEGER_BITS[ttype] - 1)
    if not -limit <= number < limit:
        raise Misfit(f"it is out of range of {INTEGER_BITS[ttype]} bits")
    return number


def elements_of(value: Any) -> list[Any]:
    """The elements of a list or set; raises `Misfit`."""
    if isinstance(value, (str, bytes, bytearray)) or not isinstance(value, Iterable):
        raise Misfit()
    return list(value)


def items_of(value: Any) -> list[tuple[Any, Any]]:
    """The keys and values of a map; raises `Misfit`."""
    try:
        return list(value.items())
    except (AttributeError, TypeError):
        raise Misfit() from None


def text_of(value: Any) -> str:
    """A ``str``, or bytes as the text they are; raises `Misfit`."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise Misfit("it is not UTF-8, which JSON text must be") from None
    raise Misfit()


def encode_binary(data: Any) -> str:
    """Bytes, or the UTF-8 of a ``str``, in base64."""
    if isinstance(data, str):
        data = data.encode()
    try:
        return base64.b64encode(data).decode("ascii")
    except TypeError as error:
        raise Misfit(str(error)) from None


# Writing. The functions below raise `Misfit`; those that callers import turn it into an error.


def _number(ttype: int) -> Callable[[Any, Any, int], int]:
    return lambda value, spec, budget: whole_number(ttype, value)


def _double(value: Any, spec: Any, budget: int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Misfit(str(error)) from None


def _string(value: Any, spec: Any, budget: int) -> str:
    if isinstance(value, (int, float)):
        return str(value)
    return text_of(value)


def _list(value: Any, spec: Any, budget: int) -> list[Any]:
    check_depth(budget, "")
    ttype, inner = element(spec)
    write = _writer(ttype)
    elements = elements_of(value)
    done: list[Any] = []
    try:
        for item in elements:
            done.append(write(item, inner, budget - 1))
    except Misfit as misfit:
        misfit.path.append(f"[{len(done)}]")
        raise
    return done


def _map(value: Any, spec: Any, budget: int) -> list[dict[str, Any]]:
    check_depth(budget, "")
    (key_type, key_spec), (value_type, value_spec) = element(spec[0]), element(spec[1])
    write_key, write_value = _writer(key_type), _writer(value_type)
    done = []
    for key, item in items_of(value):
        try:
            done.append(
                {
                    "key": write_key(key, key_spec, budget - 1),
                    "value": write_value(item, value_spec, budget - 1),
                }
            )
        except Misfit as misfit:
            misfit.path.append(f"[{key!r:.100}]")
            raise
    return done


def _struct(value: Any, spec: Any, budget: int) -> dict[str, Any]:
    check_depth(budget, "")
    done = {}
    try:
        fields = value.thrift_spec.items()
    except AttributeError:
        raise Misfit() from None
    keys = getattr(value, "__thrift_field_names__", {})
    for fid, field in fields:
        ttype, name = field[:2]
        item = getattr(value, name, None)
        if item is None:
            continue
        try:
            done[keys.get(name, name)] = _writer(ttype)(item, sub_spec(field), budget - 1)
        except Misfit as misfit:
            misfit.in_field(value, fid, field, item)
            raise
    return done


def _writer(ttype: int) -> Callable[[Any, Any, int], Any]:
    try:
        return _WRITERS[ttype]
    except (KeyError, TypeError):
        raise TProtocolException(
            TProtocolException.INVALID_DATA, f"Unknown TType {ttype} for JSON serialization"
        ) from None


_WRITERS: dict[int, Callable[[Any, Any, int], Any]] = {
    TType.BOOL: lambda value, spec, budget: bool(value),
    TType.BYTE: _number(TType.BYTE),
    TType.I16: _number(TType.I16),
    TType.I32: _number(TType.I32),
    TType.I64: _number(TType.I64),
    TType.DOUBLE: _double,
    TType.STRING: _string,
    TType.BINARY: lambda value, spec, budget: encode_binary(value),
    TType.STRUCT: _struct,
    TType.LIST: _list,
    TType.SET: _list,
    TType.MAP: _map,
}


def json_value(ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """A value as what ``json`` writes; ``spec`` describes containers as in a ``thrift_spec``.

    ``budget`` is how many levels of structs and containers there may be. A value that does not
    fit its type raises ``TProtocolException``, inside a struct ``TEncodeException``.
    """
    try:
        return _writer(ttype)(val, spec, budget)
    except Misfit as misfit:
        raise misfit.error() from None


def list_to_json(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[Any]:
    """A list or set as a list; ``spec`` describes its elements."""
    result: list[Any] = json_value(TType.LIST, val, spec, budget)
    return result


def map_to_json(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[dict[str, Any]]:
    """A map as a list of keys with values; ``spec`` has the two descriptions."""
    result: list[dict[str, Any]] = json_value(TType.MAP, val, spec, budget)
    return result


def struct_to_json(val: Any, budget: int = DEFAULT_MAX_DEPTH) -> dict[str, Any]:
    """The fields of a payload that are not None, by their names."""
    result: dict[str, Any] = json_value(TType.STRUCT, val, None, budget)
    return result


# Reading.


class _Mistyped(TMalformedDataException, ValueError):
    """The JSON value cannot be of the declared type."""


def _mistyped(ttype: int, value: Any) -> NoReturn:
    declared = TType._VALUES_TO_NAMES[ttype]
    raise _Mistyped(
        TProtocolException.INVALID_DATA,
        f"needs a value of type {declared}, not {type(value).__name__}",
    )


class _Reader:
    """Turns what ``json`` has parsed into values and fields."""

    def __init__(
        self,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_string_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self.decode_response = decode_response
        self.strict_decode = strict_decode
        self.max_string_size = max_string_size
        self._readers: dict[int, Callable[[Any, Any, int], Any]] = {
            TType.DOUBLE: self.floating,
            TType.STRING: self.text,
            TType.BOOL: self.boolean,
            TType.SET: self.sequence,
            TType.LIST: self.sequence,
            TType.MAP: self.mapping,
            TType.STRUCT: self.new_struct,
            TType.BINARY: self.binary,
        }

    def value(self, ttype: int, value: Any, spec: Any, budget: int) -> Any:
        if ttype in INTEGER_BITS:
            return self.number(ttype, value)
        try:
            reader = self._readers[ttype]
        except (KeyError, TypeError):
            raise TProtocolException(
                TProtocolException.INVALID_DATA,
                f"Unknown TType {ttype} for JSON deserialization",
            ) from None
        return reader(value, spec, budget)

    def number(self, ttype: int, value: Any) -> int:
        if isinstance(value, (int, float, str)):
            try:
                return whole_number(ttype, value)
            except Misfit:
                pass
        _mistyped(ttype, value)

    def floating(self, value: Any, spec: Any, budget: int) -> float:
        if isinstance(value, (int, float, str)):
            try:
                return float(value)
            except (ValueError, OverflowError):
                pass
        _mistyped(TType.DOUBLE, value)

    def boolean(self, value: Any, spec: Any, budget: int) -> bool:
        if isinstance(value, (int, float)):
            return bool(value)
        _mistyped(TType.BOOL, value)

    def text(self, value: Any, spec: Any, budget: int) -> str | bytes:
        if not isinstance(value, (str, int, float)):
            _mistyped(TType.STRING, value)
        text = str(value)
        self.check_size(len(text))
        if self.decode_response and not self.strict_decode:
            return text
        return self.checked_text(text)

    def checked_text(self, value: str) -> str | bytes:
        # JSON can escape surrogates that stand alone, which no text has.
        if self.strict_decode and any("\ud800" <= character <= "\udfff" for character in value):
            raise TMalformedDataException(
                TProtocolException.INVALID_DATA, "a string contains half of a surrogate pair"
            )
        return value if self.decode_response else value.encode("utf-8", "surrogatepass")

    def binary(self, value: Any, spec: Any, budget: int) -> bytes:
        if isinstance(value, str):
            self.check_size(len(value) // 4 * 3)
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                pass
        _mistyped(TType.BINARY, value)

    def sequence(self, value: Any, spec: Any, budget: int) -> list[Any]:
        check_depth(budget, "")
        if not isinstance(value, (list, tuple)):
            _mistyped(TType.LIST, value)
        ttype, inner = element(spec)
        return [self.value(ttype, item, inner, budget - 1) for item in value]

    def mapping(self, value: Any, spec: Any, budget: int) -> dict[Any, Any]:
        check_depth(budget, "")
        (key_type, key_spec), (value_type, value_spec) = element(spec[0]), element(spec[1])
        result = {}
        try:
            for item in value:
                key = self.value(key_type, item["key"], key_spec, budget - 1)
                result[key] = self.value(value_type, item["value"], value_spec, budget - 1)
        except (KeyError, TypeError):
            _mistyped(TType.MAP, value)
        return result

    def new_struct(self, value: Any, spec: Any, budget: int) -> Any:
        if not isinstance(value, dict):
            _mistyped(TType.STRUCT, value)
        return self.struct(value, spec(), budget)

    def struct(self, value: Any, obj: Any, budget: int) -> Any:
        check_depth(budget, "")
        unknown = set(value)
        keys = getattr(obj, "__thrift_field_names__", {})
        for field in obj.thrift_spec.values():
            ttype, name = field[:2]
            key = keys.get(name, name)
            if key not in unknown:
                continue
            unknown.discard(key)
            item = value[key]
            if item is None:
                continue
            try:
                setattr(obj, name, self.value(ttype, item, sub_spec(field), budget - 1))
            except _Mistyped:
                self.skip(item, 2 * (budget - 1))
        for name in unknown:
            self.skip(value[name], 2 * (budget - 1))
        return obj

    def skip(self, value: Any, budget: int) -> None:
        """Look at nothing but the depth, in levels of JSON: a map takes two of them."""
        if isinstance(value, (dict, list)):
            check_depth(budget, "")
            for item in value.values() if isinstance(value, dict) else value:
                self.skip(item, budget - 1)

    def check_size(self, size: int) -> None:
        if size > self.max_string_size:
            raise TMalformedDataException(
                TProtocolException.SIZE_LIMIT,
                f"a string of {size} characters exceeds the limit of {self.max_string_size}",
            )


_READER = _Reader()


def obj_value(ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """The value of a type that parsed JSON stands for; the reverse of ``json_value``.

    Raises ``TProtocolException``, which also is a ``ValueError``, when it stands for none.
    """
    return _READER.value(ttype, val, spec, budget)


def list_to_obj(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> list[Any]:
    """The reverse of ``list_to_json``."""
    return _READER.sequence(val, spec, budget)


def map_to_obj(val: Any, spec: Any, budget: int = DEFAULT_MAX_DEPTH) -> dict[Any, Any]:
    """The reverse of ``map_to_json``."""
    return _READER.mapping(val, spec, budget)


def struct_to_obj(val: dict[str, Any], obj: Any, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """Fill a payload with the fields that parsed JSON has, and return it."""
    return _READER.struct(val, obj, budget)


class TJSONProtocol(TProtocolBase):
    """thriftpy2's JSON protocol.

    What is written is ``{"metadata": ..., "payload": ...}`` in UTF-8, after its length in bytes.
    Sizes are limited in bytes (strings in characters), structs and containers may nest
    ``max_depth`` deep. The other options are those of ``TBinaryProtocol``.
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
    ) -> None:
        super().__init__(trans)
        self.max_depth = max_depth
        self.max_message_size = max_message_size
        self._reader = _Reader(decode_response, strict_decode, max_string_size)
        self._meta: dict[str, Any] = {"version": VERSION}
        # The message whose header was read and whose payload was not.
        self._data: dict[str, Any] | None = None

    @property
    def decode_response(self) -> bool:
        """Whether strings are decoded to ``str``."""
        return self._reader.decode_response

    @decode_response.setter
    def decode_response(self, value: bool) -> None:
        self._reader.decode_response = value

    @property
    def strict_decode(self) -> bool:
        """Whether strings that are no text are refused."""
        return self._reader.strict_decode

    @strict_decode.setter
    def strict_decode(self, value: bool) -> None:
        self._reader.strict_decode = value

    def _write_len(self, x: int) -> None:
        self.trans.write(struct.pack("!I", int(x)))

    def _read_len(self) -> int:
        (size,) = struct.unpack("!I", readall(self.trans.read, 4))
        return int(size)

    def _read_data(self) -> dict[str, Any]:
        size = self._read_len()
        if size > self.max_message_size:
            raise TMalformedDataException(
                TProtocolException.SIZE_LIMIT,
                f"a message of {size} bytes exceeds the limit of {self.max_message_size}",
            )
        text = bytearray()
        while len(text) < size:
            text += readall(self.trans.read, min(size - len(text), _LARGEST_READ))
        data = parse(text)
        if not isinstance(data, dict) or not isinstance(data.get("payload"), dict):
            raise TMalformedDataException(
                TProtocolException.INVALID_DATA, "a message must be an object with a payload"
            )
        return data

    def read_message_begin(self) -> tuple[str, int, int]:
        data = self._read_data()
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
        self._data = data
        return name, ttype, seqid

    def read_message_end(self) -> None:
        # Not to be taken for the payload of the next message.
        self._data = None

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        self._meta.update({"name": name, "ttype": ttype, "seqid": seqid})

    def write_message_end(self) -> None:
        """The message was written with its payload."""

    def read_struct(self, obj: Any) -> Any:
        """Fill a payload from the message that was begun, or from the next one; return it."""
        data, self._data = self._data or self._read_data(), None
        return self._reader.struct(data["payload"], obj, self.max_depth)

    def write_struct(self, obj: Any) -> None:
        payload = struct_to_json(obj, self.max_depth)
        data = json.dumps({"metadata": self._meta, "payload": payload}).encode()
        self.trans.write(struct.pack("!I", len(data)) + data)

    def skip(self, ttype: int) -> None:
        """Read the payload of the message that was begun, or the next one, and forget it."""
        data, self._data = self._data or self._read_data(), None
        self._reader.skip(data["payload"], 2 * self.max_depth)


def parse(text: bytes | bytearray, **options: Any) -> Any:
    """Parse JSON; ``options`` are those of ``json.loads``."""
    try:
        return json.loads(text.decode("utf-8"), **options)
    except RecursionError:
        raise TDepthLimitException(
            TProtocolException.SIZE_LIMIT, "maximum nesting depth exceeded"
        ) from None
    except ValueError as error:
        # Bad UTF-8, bad JSON, or an integer of thousands of digits.
        raise TMalformedDataException(
            TProtocolException.INVALID_DATA, f"a message is not JSON: {error}"
        ) from error


class TJSONProtocolFactory:
    """Makes ``TJSONProtocol`` objects with the same options."""

    def __init__(
        self,
        *,
        decode_response: bool = True,
        strict_decode: bool = False,
        max_depth: int = DEFAULT_MAX_DEPTH,
        max_string_size: int = DEFAULT_MAX_SIZE,
        max_message_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self.decode_response = decode_response
        self.strict_decode = strict_decode
        self.max_depth = max_depth
        self.max_string_size = max_string_size
        self.max_message_size = max_message_size

    def get_protocol(self, trans: Any) -> TJSONProtocol:
        return TJSONProtocol(
            trans,
            decode_response=self.decode_response,
            strict_decode=self.strict_decode,
            max_depth=self.max_depth,
            max_string_size=self.max_string_size,
            max_message_size=self.max_message_size,
        )
