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
import contextlib
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from fastthrift._core import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_SIZE,
    TType,
    nests_deeper,
    read_json,
    read_json_message,
    split_json,
    write_json_message,
)
from fastthrift._json_values import (
    INTEGER_BITS,
    Misfit,
    TooLong,
    distinct,
    element,
    elements_of,
    encoded,
    float_of,
    has_own_text,
    items_of,
    needs,
    spec_of,
    sub_spec,
    text_of,
    whole_number,
)
from fastthrift.protocol.base import TProtocolBase
from fastthrift.protocol.binary import check_depth
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TMalformedDataException,
    TProtocolException,
)
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

# thriftpy2 has another name for this number, UTF8, which no IDL leads to.
_UUID = 16

# What is asked of a transport at once, so that a promised size reserves no memory.
_LARGEST_READ = 1024 * 1024

# The most levels that are read and written natively.
_DEEPEST = 10_000
# The largest limit of strings there, in bytes.
_LONGEST = (1 << 31) - 1

# Ends the text of `check_depth`.
LIMITED = " (max_depth)"


def text_size(text: str, limit: int) -> int:
    """The bytes of a text in UTF-8; where they cannot exceed the limit, its characters."""
    if text.isascii() or 4 * len(text) <= limit:
        return len(text)
    return len(text.encode("utf-8", "surrogatepass"))


def base64_size(text: str) -> int:
    """How many bytes are in base64, with padding or without."""
    return len(text) * 3 // 4 - text.count("=", max(len(text) - 2, 0))


def check_size(size: int, limit: int) -> None:
    """Refuse a string that is too long, in bytes, to be read."""
    if size > limit:
        raise TMalformedDataException(TProtocolException.SIZE_LIMIT, _too_long(size, limit))


def check_skipped(text: str, limit: int) -> None:
    """Refuse a string that nobody wants, and of which nobody knows whether it is text or binary,
    where it is too long as either."""
    size = text_size(text, limit)
    if size > limit and (base64_size(text) > limit or not _is_base64(text)):
        check_size(size, limit)


_BASE64 = re.compile("([A-Za-z0-9+/]*)={0,2}")


def _is_base64(text: str) -> bool:
    match = _BASE64.fullmatch(text)
    # A character alone holds no byte.
    return match is not None and match.end(1) % 4 != 1


def check_length(value: Any, limit: int) -> None:
    """Raise `TooLong` for a text or a buffer of more bytes than may be written."""
    size = 0
    if isinstance(value, (str, bytes)):
        # Of a proxy too, which has no buffer.
        size = len(value) if isinstance(value, bytes) else text_size(text_of(value), limit)
    else:
        with contextlib.suppress(TypeError):
            size = memoryview(value).nbytes
    if size > limit:
        raise TooLong(_too_long(size, limit))


def check_name(name: Any, limit: int) -> None:
    """Refuse the name of a message that is too long to be written."""
    try:
        check_length(name, limit)
    except TooLong as error:
        raise error.error() from None


def _too_long(size: int, limit: int) -> str:
    return f"a string of {size} bytes exceeds the limit of {limit} (max_string_size)"


@contextlib.contextmanager
def recursion_as_depth() -> Iterator[None]:
    """Where ``max_depth`` allows more levels than Python does, Python's limit is the limit."""
    try:
        yield
    except TDepthLimitException:
        raise
    except RecursionError as error:
        raise TDepthLimitException(
            TProtocolException.SIZE_LIMIT, f"maximum nesting depth exceeded (max_depth): {error}"
        ) from None


def check_message(size: int, limit: int) -> None:
    """Refuse a message that is too long, in bytes, to be sent or read."""
    if size > limit:
        raise TMalformedDataException(
            TProtocolException.SIZE_LIMIT,
            f"a message of {size} bytes exceeds the limit of {limit} (max_message_size)",
        )


def encode_binary(data: Any) -> str:
    """Bytes, or the UTF-8 of a ``str``, in base64; raises `Misfit`."""
    found = encoded(data)
    if isinstance(found, str):
        found = found.encode()
    try:
        return base64.b64encode(memoryview(found).tobytes()).decode("ascii")
    except TypeError:
        pass
    # A proxy has no buffer.
    if isinstance(found, (bytes, bytearray)):
        return base64.b64encode(bytes(found)).decode("ascii")
    raise Misfit(needs("bytes", data))


# Writing.


class _Writer:
    """Turns values into what ``json`` writes; raises `Misfit`."""

    def __init__(self, max_string_size: int = DEFAULT_MAX_SIZE) -> None:
        self.max_string_size = max_string_size
        self._writers: dict[int, Callable[[Any, Any, int], Any]] = {
            TType.BOOL: lambda value, spec, budget: bool(value),
            TType.BYTE: self.number(TType.BYTE),
            TType.I16: self.number(TType.I16),
            TType.I32: self.number(TType.I32),
            TType.I64: self.number(TType.I64),
            TType.DOUBLE: self.floating,
            TType.STRING: self.text,
            TType.BINARY: self.binary,
            _UUID: self.uuid,
            TType.STRUCT: self.struct,
            TType.LIST: self.sequence,
            TType.SET: self.set,
            TType.MAP: self.mapping,
        }

    def of(self, ttype: int) -> Callable[[Any, Any, int], Any]:
        """What writes a value of a type, given the value, its spec and the levels left."""
        try:
            return self._writers[ttype]
        except (KeyError, TypeError):
            raise TProtocolException(
                TProtocolException.INVALID_DATA, f"Unknown TType {ttype} for JSON serialization"
            ) from None

    @staticmethod
    def number(ttype: int) -> Callable[[Any, Any, int], int]:
        return lambda value, spec, budget: whole_number(ttype, value)

    def floating(self, value: Any, spec: Any, budget: int) -> float:
        return float_of(value)

    def text(self, value: Any, spec: Any, budget: int) -> str:
        text = self.own_text(value) if has_own_text(value) else text_of(value)
        check_length(text, self.max_string_size)
        return text

    @staticmethod
    def own_text(value: Any) -> str:
        try:
            return str(value)
        except ValueError as error:
            # Thousands of digits.
            raise Misfit(str(error)) from None

    def binary(self, value: Any, spec: Any, budget: int) -> str:
        check_length(value, self.max_string_size)
        return encode_binary(value)

    @staticmethod
    def uuid(value: Any, spec: Any, budget: int) -> str:
        if not isinstance(value, UUID):
            raise Misfit(needs("a uuid.UUID", value))
        return str(value)

    def set(self, value: Any, spec: Any, budget: int) -> list[Any]:
        # One that is given as a list may hold an element twice, which peers refuse.
        elements = self.sequence(value, spec, budget)
        return elements if isinstance(value, (set, frozenset)) else distinct(elements)

    def sequence(self, value: Any, spec: Any, budget: int) -> list[Any]:
        check_depth(budget, LIMITED)
        ttype, inner = element(spec)
        write = self.of(ttype)
        elements = elements_of(value)
        done: list[Any] = []
        try:
            for item in elements:
                done.append(write(item, inner, budget - 1))
        except Misfit as misfit:
            misfit.path.append(f"[{len(done)}]")
            raise
        return done

    def mapping(self, value: Any, spec: Any, budget: int) -> list[dict[str, Any]]:
        check_depth(budget, LIMITED)
        (key_type, key_spec), (value_type, value_spec) = element(spec[0]), element(spec[1])
        write_key, write_value = self.of(key_type), self.of(value_type)
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

    def struct(self, value: Any, spec: Any, budget: int) -> dict[str, Any]:
        check_depth(budget, LIMITED)
        done = {}
        keys = getattr(value, "__thrift_field_names__", {})
        for fid, field in spec_of(value).items():
            ttype, name = field[:2]
            item = getattr(value, name, None)
            if item is None:
                continue
            try:
                done[keys.get(name, name)] = self.of(ttype)(item, sub_spec(field), budget - 1)
            except Misfit as misfit:
                misfit.in_field(value, fid, field, item)
                raise
        return done


_WRITER = _Writer()


def json_value(ttype: int, val: Any, spec: Any = None, budget: int = DEFAULT_MAX_DEPTH) -> Any:
    """A value as what ``json`` writes; ``spec`` describes containers as in a ``thrift_spec``.

    ``budget`` is how many levels of structs and containers there may be. A value that does not
    fit its type raises ``TProtocolException``, inside a struct ``TEncodeException``.
    """
    try:
        return _WRITER.of(ttype)(val, spec, budget)
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


_ENTRY = {"key", "value"}


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
            _UUID: self.uuid,
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
        check_size(text_size(text, self.max_string_size), self.max_string_size)
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
            check_size(base64_size(value), self.max_string_size)
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                pass
        _mistyped(TType.BINARY, value)

    def uuid(self, value: Any, spec: Any, budget: int) -> UUID:
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                return UUID(value)
        _mistyped(_UUID, value)

    def sequence(self, value: Any, spec: Any, budget: int) -> list[Any]:
        check_depth(budget, LIMITED)
        if not isinstance(value, (list, tuple)):
            _mistyped(TType.LIST, value)
        ttype, inner = element(spec)
        return [self.value(ttype, item, inner, budget - 1) for item in value]

    def mapping(self, value: Any, spec: Any, budget: int) -> dict[Any, Any]:
        check_depth(budget, LIMITED)
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
        check_depth(budget, LIMITED)
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
                self.skip(item, budget - 1)
        for name in unknown:
            self.skip(value[name], budget - 1)
        return obj

    def skip(self, value: Any, budget: int) -> None:
        """Look at nothing but the limits."""
        if isinstance(value, str):
            check_skipped(value, self.max_string_size)
        if not isinstance(value, (dict, list)):
            return
        check_depth(budget, LIMITED)
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(value, list) and isinstance(item, dict) and item.keys() == _ENTRY:
                # Of a map, most likely: a level of JSON, but none of Thrift.
                self.skip(item["key"], budget - 1)
                self.skip(item["value"], budget - 1)
            else:
                self.skip(item, budget - 1)


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

    def _reader(self) -> _Reader:
        """What reads the values that are not as usual."""
        return _Reader(self.decode_response, self.strict_decode, self.max_string_size)

    @property
    def has_begun(self) -> bool:
        """Whether a message was begun whose payload is not read yet."""
        return self._data is not None

    def _has_usual_limits(self) -> bool:
        """Whether native code can take them; others are for the general way."""
        return 0 <= self.max_depth <= _DEEPEST and 0 <= self.max_string_size <= _LONGEST

    def _write_len(self, x: int) -> None:
        self.trans.write(struct.pack("!I", int(x)))

    def _read_len(self) -> int:
        (size,) = struct.unpack("!I", readall(self.trans.read, 4))
        return int(size)

    def _read_text(self) -> bytes:
        size = self._read_len()
        check_message(size, self.max_message_size)
        text = bytearray()
        while len(text) < size:
            text += readall(self.trans.read, min(size - len(text), _LARGEST_READ))
        return bytes(text)

    def _data_of(self, text: bytes) -> dict[str, Any]:
        """A message, whose payload may be text still."""
        if self._has_usual_limits():
            # A map takes two levels of JSON.
            parts = split_json(text, 2 * self.max_depth)
            if parts is not None:
                return {"metadata": json.loads(parts[0]), "payload": parts[1]}
        # The message is one more level around all.
        data = parse(text, 2 * self.max_depth + 1)
        if not isinstance(data, dict) or not isinstance(data.get("payload"), dict):
            raise TMalformedDataException(
                TProtocolException.INVALID_DATA, "a message must be an object with a payload"
            )
        return data

    def read_message_begin(self) -> tuple[str, int, int]:
        data = self._data_of(self._read_text())
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
        limit = self.max_string_size
        check_size(text_size(name, limit), limit)
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
        limit = self.max_string_size
        if not data:
            text = None
            if (
                self.decode_response
                and self._has_usual_limits()
                and self.max_message_size >= 0
                and type(self)._read_len is TJSONProtocol._read_len
            ):
                found = read_json_message(
                    obj, self.trans, self.max_depth, limit, self.max_message_size
                )
                if found is True:
                    return obj
                text = found
            data = self._data_of(self._read_text() if text is None else text)
        payload = data["payload"]
        if isinstance(payload, bytes):
            if self.decode_response and read_json(obj, payload, self.max_depth, limit):
                return obj
            # Something in it is unusual.
            payload = json.loads(payload)
        with recursion_as_depth():
            self._reader().struct(payload, obj, self.max_depth)
        note_undeclared(obj, _structs_of(payload, obj))
        return obj

    def write_struct(self, obj: Any) -> None:
        with recursion_as_depth():
            message = None
            if self._has_usual_limits():
                metadata = (
                    json.dumps(meta).encode() if (meta := self._meta) != _META else _NO_HEADER
                )
                message = write_json_message(obj, metadata, self.max_depth, self.max_string_size)
            if message is None:
                text = self._general_text(obj)
                message = struct.pack("!I", len(text)) + text
        check_message(len(message) - 4, self.max_message_size)
        self.trans.write(message)

    def _general_text(self, obj: Any) -> bytes:
        """A message with values of any type, or beyond a limit."""
        try:
            payload = _Writer(self.max_string_size).struct(obj, None, self.max_depth)
        except Misfit as misfit:
            raise misfit.error() from None
        return json.dumps({"metadata": self._meta, "payload": payload}).encode()

    def skip(self, ttype: int) -> None:
        """Read the payload of the message that was begun, or the next one, and forget it."""
        data, self._data = self._data or self._data_of(self._read_text()), None
        payload = data["payload"]
        if isinstance(payload, bytes):
            payload = json.loads(payload)
        with recursion_as_depth():
            self._reader().skip(payload, self.max_depth)


def note_undeclared(obj: Any, structs: Iterable[tuple[int | str, bool]]) -> None:
    """Tell the result of a method, for the client, that it came with an exception that it does
    not declare. ``structs`` are what came: id or name, and whether the class has that field."""
    # The result of a method is told by this attribute of its class.
    if isinstance(getattr(type(obj), "oneway", None), bool):
        for field, known in structs:
            if not known:
                obj._undeclared_exception = field


def _structs_of(payload: dict[str, Any], obj: Any) -> Iterator[tuple[str, bool]]:
    keys = getattr(obj, "__thrift_field_names__", {})
    names = {keys.get(field[1], field[1]) for field in obj.thrift_spec.values()} | {"success"}
    for name, item in payload.items():
        if isinstance(item, dict):
            yield name, name in names


def parse(data: bytes | bytearray, levels: int, **options: Any) -> Any:
    """Parse JSON that nests no deeper than ``levels``; ``options`` are those of ``json.loads``."""
    try:
        text = data.decode("utf-8")
        # Found beforehand: the recursion of ``json`` may be more than a thread's stack holds.
        check_depth(0 if nests_deeper(text, levels) else 1, LIMITED)
        with recursion_as_depth():
            return json.loads(text, **options)
    except ValueError as error:
        # Bad UTF-8, bad JSON, or an integer of thousands of digits.
        raise TMalformedDataException(
            TProtocolException.INVALID_DATA, f"a message is not JSON: {error}"
        ) from error


class TJSONProtocolFactory:
    """Makes ``TJSONProtocol`` objects with the same options."""

    #: What is made.
    protocol_class: ClassVar[type[TJSONProtocol]] = TJSONProtocol

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
        return self.protocol_class(
            trans,
            decode_response=self.decode_response,
            strict_decode=self.strict_decode,
            max_depth=self.max_depth,
            max_string_size=self.max_string_size,
            max_message_size=self.max_message_size,
            check_seqid=self.check_seqid,
        )
