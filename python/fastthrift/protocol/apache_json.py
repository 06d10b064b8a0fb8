"""Apache Thrift's JSON protocol, as its C++, Java, Go, Node and Python libraries speak it.

A message is ``[1,"method",type,seqid,{...}]``; a struct is ``{"1":{"i32":7},...}`` with field ids
as keys and the type beside each value. What is written is byte for byte what Apache's Python
library writes, with two exceptions where that is no JSON: NaN and infinities are quoted and
control characters escaped, as the C++ library does. Strings that JSON cannot carry are refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, ClassVar

from fastthrift._core import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_SIZE,
    CyTransportBase,
    TMemoryBuffer,
    TType,
)
from fastthrift._json_values import (
    INTEGER_BITS,
    Misfit,
    element,
    elements_of,
    float_of,
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
    TMalformedDataException,
    TProtocolException,
    TTruncatedDataException,
)
from fastthrift.protocol.json import (
    LIMITED,
    base64_size,
    check_length,
    check_message,
    check_name,
    check_size,
    check_skipped,
    encode_binary,
    note_undeclared,
    parse,
    recursion_as_depth,
    text_size,
)

__all__ = [
    "CTYPES",
    "JTYPES",
    "VERSION",
    "TApacheJSONProtocol",
    "TApacheJSONProtocolFactory",
    "TProtocolBase",
    "TType",
    "flatten",
]

VERSION = 1

# The names of the types in messages. `binary` is a string, in base64.
CTYPES = {
    TType.BOOL: "tf",
    TType.BYTE: "i8",
    TType.I16: "i16",
    TType.I32: "i32",
    TType.I64: "i64",
    TType.DOUBLE: "dbl",
    TType.STRING: "str",
    TType.BINARY: "str",
    TType.STRUCT: "rec",
    TType.LIST: "lst",
    TType.SET: "set",
    TType.MAP: "map",
}

JTYPES = {name: ttype for ttype, name in CTYPES.items()}


def flatten(suitable_for_isinstance: Any) -> tuple[Any, ...]:
    """The items of nested tuples as one tuple."""
    if not isinstance(suitable_for_isinstance, tuple):
        return (suitable_for_isinstance,)
    return tuple(leaf for item in suitable_for_isinstance for leaf in flatten(item))


# Writing.


def _ctype(ttype: int) -> str:
    try:
        return CTYPES[ttype]
    except (KeyError, TypeError):
        raise TProtocolException(
            TProtocolException.INVALID_DATA, f"Unknown TType {ttype} for JSON serialization"
        ) from None


def _double(value: Any) -> str:
    number = float_of(value)
    if math.isfinite(number):
        return f"{number:.17g}"
    if math.isnan(number):
        return '"NaN"'
    return '"Infinity"' if number > 0 else '"-Infinity"'


class _Writer:
    """Collects the parts of a text; raises `Misfit`."""

    def __init__(self, max_string_size: int) -> None:
        self.parts: list[str] = []
        self.max_string_size = max_string_size

    def value(self, ttype: int, spec: Any, value: Any, budget: int) -> None:
        if ttype == TType.STRING:
            text = text_of(value)
            check_length(text, self.max_string_size)
            self.parts.append(encode_basestring(text))
        elif ttype in INTEGER_BITS or ttype == TType.DOUBLE:
            if isinstance(value, (str, bytes)):
                raise Misfit(needs("a float" if ttype == TType.DOUBLE else "an int", value))
            number = _double(value) if ttype == TType.DOUBLE else str(whole_number(ttype, value))
            self.parts.append(number)
        elif ttype == TType.BOOL:
            self.parts.append("1" if value else "0")
        elif ttype == TType.BINARY:
            check_length(value, self.max_string_size)
            self.parts.append(f'"{encode_binary(value)}"')
        elif ttype == TType.STRUCT:
            self.struct(value, budget)
        elif ttype == TType.MAP:
            self.mapping(spec, value, budget)
        elif ttype in (TType.LIST, TType.SET):
            # A set that is given as a list may hold an element twice, which peers refuse.
            once = ttype == TType.SET and not isinstance(value, (set, frozenset))
            self.sequence(spec, value, budget, once)
        else:
            _ctype(ttype)

    def key(self, ttype: int, spec: Any, value: Any, budget: int) -> None:
        start = len(self.parts)
        self.value(ttype, spec, value, budget)
        # Structs and containers are written as they are, though JSON knows only strings as keys.
        if not self.parts[start].startswith(('"', "{", "[")):
            self.parts[start] = f'"{self.parts[start]}"'

    def sequence(self, spec: Any, value: Any, budget: int, once: bool) -> None:
        """Write a list or set; equal elements ``once``, if so wanted."""
        check_depth(budget, LIMITED)
        ttype, inner = element(spec)
        elements = elements_of(value)
        header = len(self.parts)
        self.parts.append("")
        texts: dict[str, None] = {}
        for position, item in enumerate(elements):
            start = len(self.parts)
            self.parts.append(",")
            try:
                self.value(ttype, inner, item, budget - 1)
            except Misfit as misfit:
                misfit.path.append(f"[{position}]")
                raise
            if once:
                texts["".join(self.parts[start:])] = None
                del self.parts[start:]
        self.parts.extend(texts)
        count = len(texts) if once else len(elements)
        self.parts[header] = f'["{_ctype(ttype)}",{count}'
        self.parts.append("]")

    def mapping(self, spec: Any, value: Any, budget: int) -> None:
        check_depth(budget, LIMITED)
        (key_type, key_spec), (value_type, value_spec) = element(spec[0]), element(spec[1])
        items = items_of(value)
        self.parts.append(f'["{_ctype(key_type)}","{_ctype(value_type)}",{len(items)},{{')
        separator = ""
        for key, item in items:
            if separator:
                self.parts.append(separator)
            separator = ","
            try:
                self.key(key_type, key_spec, key, budget - 1)
                self.parts.append(":")
                self.value(value_type, value_spec, item, budget - 1)
            except Misfit as misfit:
                misfit.path.append(f"[{key!r:.100}]")
                raise
        self.parts.append("}]")

    def struct(self, value: Any, budget: int) -> None:
        check_depth(budget, LIMITED)
        opening = "{"
        for fid, field in spec_of(value).items():
            item = getattr(value, field[1], None)
            if item is None:
                continue
            self.parts.append(f'{opening}"{fid}":{{"{_ctype(field[0])}":')
            opening = ","
            try:
                self.value(field[0], sub_spec(field), item, budget - 1)
            except Misfit as misfit:
                misfit.in_field(value, fid, field, item)
                raise
            self.parts.append("}")
        self.parts.append("{}" if opening == "{" else "}")


def _struct_text(obj: Any, budget: int, max_string_size: int) -> str:
    writer = _Writer(max_string_size)
    try:
        with recursion_as_depth():
            writer.struct(obj, budget)
    except Misfit as misfit:
        raise misfit.error() from None
    return "".join(writer.parts)


# Finding the end of a message.

_WHITESPACE = b" \t\r\n"
_IN_STRING = re.compile(rb'["\\]')
_OUTSIDE = re.compile(rb'["\[\]{}]')


def _json_levels(levels: int) -> int:
    # A level of Thrift takes up to three of JSON.
    return 3 * levels + 8


class _Scanner:
    """Follows brackets and strings until the outermost bracket closes."""

    def __init__(self, max_depth: int) -> None:
        self.depth = 0
        self._max_depth = _json_levels(max_depth)
        self._in_string = False
        self._escaped = False

    @property
    def missing(self) -> int:
        """How many bytes there must be to the end at least: the brackets and the quote."""
        return max(1, self.depth + self._in_string + self._escaped)

    def scan(self, data: bytes) -> int:
        """Where the message ends in the next bytes of it, 0 when it does not."""
        position = 0
        if self._escaped and data:
            self._escaped = False
            position = 1
        while True:
            match = (_IN_STRING if self._in_string else _OUTSIDE).search(data, position)
            if match is None:
                return 0
            position = match.end()
            character = match[0]
            if character == b'"':
                self._in_string = not self._in_string
            elif character == b"\\":
                if position == len(data):
                    self._escaped = True
                    return 0
                position += 1
            elif character in b"[{":
                self.depth += 1
                if self.depth > self._max_depth:
                    check_depth(0, LIMITED)
            else:
                self.depth -= 1
                if self.depth == 0:
                    return position


def _read_ahead(trans: Any) -> bytes:
    """What one of our own transports holds already; other transports tell nothing of that."""
    if isinstance(trans, CyTransportBase) and type(trans).read is CyTransportBase.read:
        return trans._unread()
    if type(trans) is TMemoryBuffer:
        return trans.getvalue()
    return b""


def _read_text(trans: Any, max_depth: int, max_size: int) -> bytes | bytearray:
    """Read one JSON array or object, and no byte behind it."""
    scanner = _Scanner(max_depth)
    text = bytearray()
    skipped = 0
    while True:
        ahead = _read_ahead(trans) if text else b""
        end = scanner.scan(ahead)
        size = end or len(ahead) or scanner.missing
        if skipped + len(text) + size > max_size:
            raise TMalformedDataException(
                TProtocolException.SIZE_LIMIT,
                f"a message exceeds the limit of {max_size} bytes (max_message_size)",
            )
        data = trans.read(size)
        if not data:
            raise TTruncatedDataException(message="the transport ended before a message did")
        if ahead:
            if data != ahead[:size]:
                _malformed("a message that spans frames")
        elif text:
            end = scanner.scan(data)
        elif data in _WHITESPACE:
            skipped += 1
            continue
        elif data in b"[{":
            scanner.scan(data)
        else:
            _malformed(f"a message cannot start with {data!r}")
        text += data
        if end:
            return text


# Parsing.


def _malformed(what: str) -> Any:
    raise TMalformedDataException(TProtocolException.INVALID_DATA, what)


def _integer(digits: str) -> int | float:
    # A double is written without a fraction when it has none; zero has its sign.
    return -0.0 if digits == "-0" else int(digits)


class _Pairs(list[tuple[Any, Any]]):
    """An object with a key that is no string, which only a map can be."""

    def items(self) -> list[tuple[Any, Any]]:
        return self


def _parse(text: bytes | bytearray, levels: int) -> Any:
    options: dict[str, Any] = {"parse_int": _integer} if b"-0" in text else {}
    try:
        return parse(text, levels, **options)
    except TMalformedDataException as error:
        if not re.search(rb"[{,]\s*[\[{]|[:,]\s*-?(?:nan|inf)", text):
            raise
        try:
            value, end = _Parser(text.decode("utf-8")).value(0)
        except (ValueError, IndexError, RecursionError):
            raise error from None
        if end != len(text.decode("utf-8")):
            raise
        return value


class _Parser:
    """For what Apache's libraries write that is no JSON: maps with structs or containers as keys,
    and the doubles of the Python library that are no numbers, without quotes."""

    _NO_NUMBERS: ClassVar[dict[str, float]] = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

    _SPACE = re.compile(r"[ \t\r\n]*")
    _SCALAR = re.compile(r"[-+.\w]+")

    def __init__(self, text: str) -> None:
        self.text = text

    def skip_space(self, position: int) -> int:
        match = self._SPACE.match(self.text, position)
        return match.end() if match else position

    def value(self, position: int) -> tuple[Any, int]:
        position = self.skip_space(position)
        first = self.text[position]
        if first == '"':
            text, position = json.decoder.scanstring(self.text, position + 1)  # type: ignore[attr-defined]
            return text, position
        if first == "[":
            values, position = self.series(position + 1, "]")
            return values, position
        if first == "{":
            pairs, position = self.series(position + 1, "}")
            if all(isinstance(key, str) for key, _ in pairs):
                return dict(pairs), position
            return _Pairs(pairs), position
        match = self._SCALAR.match(self.text, position)
        if match is None:
            raise ValueError(position)
        if match[0] in self._NO_NUMBERS:
            return self._NO_NUMBERS[match[0]], match.end()
        return json.loads(match[0], parse_int=_integer), match.end()

    def series(self, position: int, closing: str) -> tuple[list[Any], int]:
        """The values up to a bracket, or the pairs up to a brace."""
        values: list[Any] = []
        position = self.skip_space(position)
        if self.text[position] == closing:
            return values, position + 1
        while True:
            value, position = self.value(position)
            position = self.skip_space(position)
            if closing == "}":
                if self.text[position] != ":":
                    raise ValueError(position)
                item, position = self.value(position + 1)
                value = value, item
                position = self.skip_space(position)
            values.append(value)
            if self.text[position] == closing:
                return values, position + 1
            if self.text[position] != ",":
                raise ValueError(position)
            position += 1


# Reading.

_SPECIAL_DOUBLES = {"NaN", "Infinity", "-Infinity"}


class _Reader:
    """Turns parsed messages into values and fields."""

    def __init__(self, decode_response: bool, strict_decode: bool, max_string_size: int) -> None:
        self.decode_response = decode_response
        self.strict_decode = strict_decode
        self.max_string_size = max_string_size

    def value(self, ttype: int, spec: Any, data: Any, budget: int, is_key: bool = False) -> Any:
        """A value of a type that was checked; keys that are numbers are quoted."""
        if ttype in INTEGER_BITS or ttype == TType.BOOL or ttype == TType.DOUBLE:
            return self.number(ttype, data, is_key)
        if ttype == TType.STRING:
            return self.text(data)
        if ttype == TType.BINARY:
            return self.binary(data)
        if ttype == TType.STRUCT:
            return self.struct(data, spec(), budget)
        if ttype == TType.MAP:
            return self.mapping(spec, data, budget)
        return self.sequence(spec, data, budget)

    def number(self, ttype: int, data: Any, is_key: bool) -> Any:
        quoted = isinstance(data, str)
        if ttype == TType.DOUBLE:
            if quoted and not (is_key or data in _SPECIAL_DOUBLES):
                _malformed("a double is quoted")
            if quoted or isinstance(data, (int, float)):
                try:
                    return float(data)
                except (ValueError, OverflowError):
                    pass
        elif quoted == is_key and isinstance(data, (int, float, str)):
            if ttype == TType.BOOL:
                # thriftpy2 and others may write the words.
                if data in (0, 1, "0", "1", "true", "false"):
                    return data in (1, "1", "true")
            else:
                try:
                    return whole_number(ttype, data)
                except Misfit:
                    pass
        return _malformed(f"not a value of type {CTYPES[ttype]}: {type(data).__name__}")

    def text(self, data: Any) -> str | bytes:
        if not isinstance(data, str):
            _malformed(f"not a string: {type(data).__name__}")
        check_size(text_size(data, self.max_string_size), self.max_string_size)
        if self.decode_response and not self.strict_decode:
            return str(data)
        if self.strict_decode and any("\ud800" <= character <= "\udfff" for character in data):
            _malformed("a string contains half of a surrogate pair")
        return str(data) if self.decode_response else data.encode("utf-8", "surrogatepass")

    def binary(self, data: Any) -> bytes:
        if not isinstance(data, str):
            _malformed(f"not a string: {type(data).__name__}")
        check_size(base64_size(data), self.max_string_size)
        try:
            # Some libraries leave the padding out.
            return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
        except (binascii.Error, ValueError):
            return bytes(_malformed("not base64"))

    def sequence(self, spec: Any, data: Any, budget: int) -> list[Any]:
        check_depth(budget, LIMITED)
        ttype, elements = self.list_of(data)
        declared, inner = element(spec)
        if not self.same(ttype, declared):
            for item in elements:
                self.skip(ttype, item, budget - 1)
            return []
        return [self.value(declared, inner, item, budget - 1) for item in elements]

    def mapping(self, spec: Any, data: Any, budget: int) -> dict[Any, Any]:
        check_depth(budget, LIMITED)
        key_type, value_type, items = self.map_of(data)
        (key_declared, key_spec), (value_declared, value_spec) = element(spec[0]), element(spec[1])
        if not (self.same(key_type, key_declared) and self.same(value_type, value_declared)):
            for key, item in items:
                self.skip(key_type, key, budget - 1)
                self.skip(value_type, item, budget - 1)
            return {}
        result = {}
        for key, item in items:
            key = self.value(key_declared, key_spec, key, budget - 1, True)
            try:
                result[key] = self.value(value_declared, value_spec, item, budget - 1)
            except TypeError as error:
                _malformed(f"a map cannot have this key: {error}")
        return result

    def struct(self, data: Any, obj: Any, budget: int) -> Any:
        check_depth(budget, LIMITED)
        spec = obj.thrift_spec
        for fid, ttype, item in self.fields_of(data):
            field = spec.get(fid)
            if field is None or not self.same(ttype, field[0]):
                self.skip(ttype, item, budget - 1)
            else:
                setattr(obj, field[1], self.value(field[0], sub_spec(field), item, budget - 1))
        return obj

    def structs_of(self, data: Any, obj: Any) -> Iterator[tuple[int, bool]]:
        for fid, ttype, _ in self.fields_of(data):
            if ttype == TType.STRUCT:
                yield fid, fid == 0 or fid in obj.thrift_spec

    @staticmethod
    def same(ttype: int, declared: int) -> bool:
        return CTYPES.get(declared) == CTYPES[ttype]

    def skip(self, ttype: int, data: Any, budget: int) -> None:
        """Check the outline of a value that nobody wants, and the limits."""
        if isinstance(data, str):
            check_skipped(data, self.max_string_size)
        if ttype == TType.STRUCT:
            check_depth(budget, LIMITED)
            for _, inner, item in self.fields_of(data):
                self.skip(inner, item, budget - 1)
        elif ttype == TType.MAP:
            check_depth(budget, LIMITED)
            key_type, value_type, items = self.map_of(data)
            for key, item in items:
                self.skip(key_type, key, budget - 1)
                self.skip(value_type, item, budget - 1)
        elif ttype in (TType.LIST, TType.SET):
            check_depth(budget, LIMITED)
            inner, elements = self.list_of(data)
            for item in elements:
                self.skip(inner, item, budget - 1)

    def fields_of(self, data: Any) -> list[tuple[int, int, Any]]:
        if not isinstance(data, dict):
            _malformed(f"not a struct: {type(data).__name__}")
        fields = []
        for fid, field in data.items():
            try:
                ((name, item),) = field.items()
                fields.append((int(fid), self.type_of(name), item))
            except (ValueError, AttributeError):
                _malformed(f"not a field: {fid!r:.100}")
        return fields

    def list_of(self, data: Any) -> tuple[int, list[Any]]:
        if not isinstance(data, list) or len(data) < 2 or data[1] != len(data) - 2:
            _malformed(f"not a list with its size: {type(data).__name__}")
        return self.type_of(data[0]), data[2:]

    def map_of(self, data: Any) -> tuple[int, int, Any]:
        if (
            not isinstance(data, list)
            or len(data) != 4
            or not isinstance(data[3], (dict, _Pairs))
            or data[2] != len(data[3])
        ):
            _malformed(f"not a map with its size: {type(data).__name__}")
        return self.type_of(data[0]), self.type_of(data[1]), data[3].items()

    @staticmethod
    def type_of(name: Any) -> int:
        ttype = JTYPES.get(name) if isinstance(name, str) else None
        return _malformed(f"not a type: {name!r:.100}") if ttype is None else ttype


class TApacheJSONProtocol(TProtocolBase):
    """Apache Thrift's JSON protocol.

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
        self.max_depth = max_depth
        self.max_message_size = max_message_size
        self.check_seqid = check_seqid
        self._reader = _Reader(decode_response, strict_decode, max_string_size)
        # What was read and not handed out: a message, or a struct without one around it.
        self._req: Any = None
        self._begun = False
        # The header that goes before the next struct.
        self._header: str | None = None

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

    def _load_data(self) -> None:
        self._begun = False
        text = _read_text(self.trans, self.max_depth, self.max_message_size)
        self._req = _parse(text, _json_levels(self.max_depth))

    def _take_struct(self) -> Any:
        if self._req is None:
            self._load_data()
        data, self._req = self._req, None
        return data[-1] if isinstance(data, list) else data

    def read_message_begin(self) -> tuple[str, int, int]:
        if self._req is None or self._begun:
            self._load_data()
        message = self._req
        # A message that is refused is not to be taken for the next struct.
        self._req = None
        if not isinstance(message, list) or len(message) != 5:
            _malformed("not a message: [version, name, type, sequence id, struct]")
        version, name, ttype, seqid, _ = message
        if version != VERSION:
            raise TMalformedDataException(
                TProtocolException.BAD_VERSION, f"Bad version in a message: {version!r:.100}"
            )
        if not (isinstance(name, str) and isinstance(ttype, int) and isinstance(seqid, int)):
            _malformed("Bad header of a message: its name, type or sequence id is of another type")
        limit = self._reader.max_string_size
        check_size(text_size(name, limit), limit)
        self._req = message
        self._begun = True
        return name, ttype, seqid

    def read_message_end(self) -> None:
        self._req = None

    def read_struct(self, obj: Any) -> Any:
        """Fill a payload from the message that was begun, or from a struct; return it."""
        data = self._take_struct()
        with recursion_as_depth():
            self._reader.struct(data, obj, self.max_depth)
        note_undeclared(obj, self._reader.structs_of(data, obj))
        return obj

    def skip(self, ttype: int) -> None:
        """Read the struct of the message that was begun, or a struct, and forget it."""
        data = self._take_struct()
        with recursion_as_depth():
            self._reader.skip(TType.STRUCT, data, self.max_depth)

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        check_name(name, self._reader.max_string_size)
        self.api, self.ttype, self.seqid = name, ttype, seqid
        self._header = f"[{VERSION},{encode_basestring(text_of(name))},{ttype:d},{seqid:d},"

    def write_message_end(self) -> None:
        """The message was written with its struct."""
        self._header = None

    def write_struct(self, obj: Any) -> None:
        header, self._header = self._header, None
        text = _struct_text(obj, self.max_depth, self._reader.max_string_size)
        if header is not None:
            text = f"{header}{text}]"
        # Half of a surrogate pair becomes what JSON has for it: \udc80.
        data = text.encode("utf-8", "backslashreplace")
        check_message(len(data), self.max_message_size)
        self.trans.write(data)

    def _thrift_to_dict(self, thrift_obj: Any, item_type: Any = None) -> Any:
        """A payload as the parsed JSON of it; other objects as they are."""
        if not hasattr(thrift_obj, "thrift_spec"):
            return thrift_obj
        text = _struct_text(thrift_obj, self.max_depth, self._reader.max_string_size)
        return json.loads(text)

    def _dict_to_thrift(self, data: Any, base_type: Any) -> Any:
        """Fill a payload, or a new one of a class, from parsed JSON."""
        obj = base_type() if isinstance(base_type, type) else base_type
        return self._reader.struct(data, obj, self.max_depth)


class TApacheJSONProtocolFactory:
    """Makes ``TApacheJSONProtocol`` objects with the same options."""

    _OPTIONS: ClassVar[tuple[str, ...]] = (
        "decode_response",
        "strict_decode",
        "max_depth",
        "max_string_size",
        "max_message_size",
        "check_seqid",
    )

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

    def get_protocol(self, trans: Any) -> TApacheJSONProtocol:
        options = {name: getattr(self, name) for name in self._OPTIONS}
        return TApacheJSONProtocol(trans, **options)
