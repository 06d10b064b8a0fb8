"""What `_core.trace` has found in bytes, with the names of a Thrift file: as text and as JSON.

A value that was traced is ``(type, start, end, value)``; a schema is what a ``thrift_spec`` has
for it, ``(type, inner)``, or None where the file knows nothing of it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from fastthrift._core import TYPES, TType
from fastthrift._plain import names_of, spelled

# What ``surrogateescape`` makes of bytes that are not UTF-8.
_NO_UTF8 = re.compile("[\udc80-\udcff]")

_CONTAINERS = (TType.LIST, TType.SET)

# Types on the wire, by their numbers.
_ON_THE_WIRE = {ttype: word for ttype, (word, *_) in TYPES.items()}


# Fields that were chosen, by their names; of one that has none in it, all.
Fields: TypeAlias = "dict[str, Fields]"


class Schema(NamedTuple):
    """The type that a file says a value has."""

    ttype: int
    inner: Any

    @property
    def on_the_wire(self) -> int:
        return TType.STRING if self.ttype == TType.BINARY else self.ttype

    @property
    def spelled(self) -> str:
        return spelled(self.ttype, self.inner)

    def element(self, place: int | None = None) -> Schema:
        """Of the elements of a container; of a map's keys (0) or values (1)."""
        spec = self.inner if place is None else self.inner[place]
        return Schema(*spec) if isinstance(spec, tuple) else Schema(spec, None)


def of_field(struct: Any, number: int) -> tuple[str, Schema] | None:
    """The name and type that a struct has for a field's id."""
    field = struct.thrift_spec.get(number)
    if field is None:
        return None
    return _names_of(struct)[field[1]], Schema(field[0], field[2] if len(field) == 4 else None)


_names_of = cache(names_of)


def fitting(schema: Schema | None, ttype: int) -> Schema | None:
    """The schema, where a value of this type on the wire is one of it."""
    return schema if schema is not None and schema.on_the_wire == ttype else None


def count_known(node: Any, schema: Schema | None) -> tuple[int, int]:
    """How many fields are as the file says, and how many are not; tells a right protocol from a
    wrong one, whose bytes make sense by chance."""
    ttype, _, _, value = node
    known = unknown = 0
    if ttype == TType.STRUCT:
        for number, _, inner in value:
            field = of_field(schema.inner, number) if schema is not None else None
            inner_schema = None if field is None else fitting(field[1], inner[0])
            known, unknown = (known + 1, unknown) if inner_schema else (known, unknown + 1)
            more = count_known(inner, inner_schema)
            known, unknown = known + more[0], unknown + more[1]
    elif ttype in _CONTAINERS:
        element, nodes, _ = value
        element_schema = _element_schema(schema, None, element)
        for inner in nodes:
            more = count_known(inner, element_schema)
            known, unknown = known + more[0], unknown + more[1]
    return known, unknown


def _element_schema(schema: Schema | None, place: int | None, ttype: int | None) -> Schema | None:
    if schema is None or ttype is None:
        return None
    return fitting(schema.element(place), ttype)


# A part of it


def chosen(node: Any, schema: Schema | None, fields: Fields) -> Any:
    """A value with those fields alone that are named, through elements and values of maps."""
    ttype, start, end, value = node
    if not fields or value is None or schema is None:
        return node
    if ttype == TType.STRUCT:
        kept = []
        for number, at, inner in value:
            name, inner_schema = _named(schema, number, inner[0])
            field = schema.inner.thrift_spec.get(number, (None, name))
            # As in Python, or as in the file.
            named = next((each for each in (field[1], name) if each in fields), None)
            if named is not None:
                kept.append((number, at, chosen(inner, inner_schema, fields[named])))
        value = kept
    elif ttype in _CONTAINERS:
        element_schema = _element_schema(schema, None, value[0])
        elements = [chosen(each, element_schema, fields) for each in value[1]]
        value = value[0], elements, value[2]
    elif ttype == TType.MAP and value[0] is not None:
        value_schema = _element_schema(schema, 1, value[0][1])
        pairs = [
            (key, None if each is None else chosen(each, value_schema, fields))
            for key, each in value[1]
        ]
        value = value[0], pairs, value[2]
    return ttype, start, end, value


# What is wrong with it


def up_to_wrong_base64(node: Any, schema: Schema | None) -> tuple[Any, int | None]:
    """A value in JSON as far as its binary values are base64, as if it had been read to there; and
    where the first one ends that is not, if there is one."""
    ttype, start, end, value = node
    if value is None or schema is None:
        return node, None
    wrong = None
    if schema.ttype == TType.BINARY:
        try:
            _of_base64(value)
        except binascii.Error:
            value, wrong = None, end
    elif ttype == TType.STRUCT:
        kept = []
        for number, at, inner in value:
            inner, wrong = up_to_wrong_base64(inner, _named(schema, number, inner[0])[1])
            kept.append((number, at, inner))
            if wrong is not None:
                break
        value = kept
    elif ttype in _CONTAINERS:
        element_schema = _element_schema(schema, None, value[0])
        elements = []
        for each in value[1]:
            each, wrong = up_to_wrong_base64(each, element_schema)
            elements.append(each)
            if wrong is not None:
                break
        value = value[0], elements, value[2]
    elif ttype == TType.MAP and value[0] is not None:
        key_schema, value_schema = (_element_schema(schema, p, value[0][p]) for p in (0, 1))
        pairs = []
        for key, each in value[1]:
            key, wrong = up_to_wrong_base64(key, key_schema)
            if wrong is not None:
                each = None
            elif each is not None:
                each, wrong = up_to_wrong_base64(each, value_schema)
            pairs.append((key, each))
            if wrong is not None:
                break
        value = value[0], pairs, value[2]
    return (ttype, start, end if wrong is None else None, value), wrong


def _of_base64(text: bytes) -> bytes:
    """What stands for binary in JSON, which may lack its padding."""
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)


# As plain data


def plain(node: Any, schema: Schema | None, *, is_json: bool) -> Any:
    """A value as JSON has it, as far as it was read. Fields that the file does not know are
    called by their id."""
    ttype, _, _, value = node
    if value is None:
        return None
    if ttype == TType.STRUCT:
        found = {}
        for number, _, inner in value:
            name, inner_schema = _named(schema, number, inner[0])
            found[name] = plain(inner, inner_schema, is_json=is_json)
        return found
    if ttype in _CONTAINERS:
        element_schema = _element_schema(schema, None, value[0])
        return [plain(each, element_schema, is_json=is_json) for each in value[1]]
    if ttype == TType.MAP:
        return _plain_map(value, schema, is_json=is_json)
    return scalar(ttype, value, schema, is_json=is_json)


def _plain_map(value: Any, schema: Schema | None, *, is_json: bool) -> Any:
    types, pairs, _ = value
    if types is None:
        return {}
    schemas = [_element_schema(schema, place, types[place]) for place in (0, 1)]
    found = [
        [
            None if each is None else plain(each, each_schema, is_json=is_json)
            for each, each_schema in zip(pair, schemas, strict=True)
        ]
        for pair in pairs
    ]
    if any(isinstance(key, (dict, list)) for key, _ in found):
        return found
    return {key if isinstance(key, str) else json.dumps(key): value for key, value in found}


def _named(schema: Schema | None, number: int, ttype: int) -> tuple[str, Schema | None]:
    """What a field is called, and its schema where the value is of that type."""
    field = of_field(schema.inner, number) if schema is not None else None
    if field is None:
        return f"#{number}", None
    return field[0], fitting(field[1], ttype)


def scalar(ttype: int, value: Any, schema: Schema | None, *, is_json: bool) -> Any:
    """A value without parts as JSON has it; ``is_json`` is whether binary came as base64."""
    if ttype == TType.UTF8:
        return str(uuid.UUID(bytes=value))
    if ttype == TType.STRING:
        if schema is not None and schema.ttype == TType.BINARY:
            return base64.b64encode(_of_base64(value) if is_json else value).decode()
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode(errors="surrogatepass" if is_json else "strict")
        return base64.b64encode(value).decode()
    if schema is not None and ttype == TType.I32 and schema.inner is not None:
        return schema.inner._VALUES_TO_NAMES.get(value, value)
    return value


# As text


def lines(
    node: Any, schema: Schema | None, base: int, depth: int, *, is_json: bool
) -> Iterator[tuple[int, str]]:
    """The fields of a struct, each with the byte where it begins, to its end or as far as it was
    read; ``base`` is where the bytes begin that were traced."""
    pad = "  " * depth
    for number, start, inner in node[3]:
        field = of_field(schema.inner, number) if schema is not None else None
        inner_schema = None if field is None else fitting(field[1], inner[0])
        spelled = _ON_THE_WIRE[inner[0]] if inner_schema is None else inner_schema.spelled
        if field is None:
            label = f"{number}: ? ({spelled}, not in the file)"
        elif inner_schema is None:
            label = f"{number}: {field[0]} ({spelled}, and {field[1].spelled} in the file)"
        else:
            label = f"{number}: {field[0]} ({spelled})"
        yield from _value_lines(
            label, inner, inner_schema, start + base, base, depth, is_json=is_json
        )
    if node[2] is not None:
        yield node[2] + base - 1, f"{pad}end"


def _value_lines(
    label: str,
    node: Any,
    schema: Schema | None,
    at: int,
    base: int,
    depth: int,
    *,
    is_json: bool,
) -> Iterator[tuple[int, str]]:
    """A value with what is in it."""
    pad = "  " * depth
    ttype, _, _, value = node
    inside: dict[str, Any] = {"is_json": is_json}
    if ttype == TType.STRUCT:
        yield at, f"{pad}{label}"
        yield from lines(node, schema, base, depth + 1, **inside)
    elif ttype in _CONTAINERS:
        element, nodes, count = value
        shown = sum(each[3] is not None for each in nodes)
        yield at, f"{pad}{label}{_counted(count, shown, 'element', 'elements')}"
        element_schema = _element_schema(schema, None, element)
        for place, each in enumerate(nodes):
            yield from _value_lines(
                f"[{place}]", each, element_schema, each[1] + base, base, depth + 1, **inside
            )
    elif ttype == TType.MAP:
        types, pairs, count = value
        shown = sum(each is not None and each[3] is not None for _, each in pairs)
        yield at, f"{pad}{label}{_counted(count, shown, 'entry', 'entries')}"
        for key, each in pairs:
            key_schema, value_schema = (_element_schema(schema, p, types[p]) for p in (0, 1))
            name = _shown(key, key_schema, is_json=is_json)
            if each is None:
                yield key[1] + base, f"{pad}  [{name}]"
            else:
                yield from _value_lines(
                    f"[{name}]", each, value_schema, key[1] + base, base, depth + 1, **inside
                )
    elif value is None:
        yield at, f"{pad}{label}"
    else:
        yield at, f"{pad}{label} = {_shown(node, schema, is_json=is_json)}"


def _shown(node: Any, schema: Schema | None, *, is_json: bool) -> str:
    """A value in one line."""
    ttype, _, _, value = node
    is_text = ttype == TType.STRING and (schema is None or schema.ttype != TType.BINARY)
    if is_text and not is_json:
        return quoted(value)
    return _printable(json.dumps(plain(node, schema, is_json=is_json), ensure_ascii=False))


def quoted(text: bytes) -> str:
    """A text in quotes, as JSON has it; what is not UTF-8 as ``\\xff``, which no JSON has."""
    shown = json.dumps(text.decode(errors="surrogateescape"), ensure_ascii=False)
    return _printable(_NO_UTF8.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", shown))


def _printable(text: str) -> str:
    """A JSON text with escapes of what a terminal would not show, or obey."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _counted(count: int | None, shown: int, one: str, several: str) -> str:
    """What follows the type of a container: how many it has, as far as its bytes have come."""
    if count is None:
        return ""
    text = f", {count} {one if count == 1 else several}"
    return text if shown == count else f"{text}, {shown} shown"


def path_to_end(node: Any, schema: Schema | None, *, is_json: bool) -> str:
    """The path of the value in which the bytes are wrong, ``items[2].price``; empty where that is
    between the fields of the outermost struct."""
    ttype, _, end, value = node
    if end is not None or value is None:
        return ""
    if ttype == TType.STRUCT and value:
        number, _, inner = value[-1]
        name, inner_schema = _named(schema, number, inner[0])
        return _joined(name, inner, inner_schema, is_json=is_json)
    if ttype in _CONTAINERS and value[1]:
        element_schema = _element_schema(schema, None, value[0])
        place = f"[{len(value[1]) - 1}]"
        return _joined(place, value[1][-1], element_schema, is_json=is_json)
    if ttype == TType.MAP and value[1]:
        key, each = value[1][-1]
        key_schema, value_schema = (_element_schema(schema, p, value[0][p]) for p in (0, 1))
        if each is None:
            return "[key]"
        shown = _shown(key, key_schema, is_json=is_json)
        return _joined(f"[{shown}]", each, value_schema, is_json=is_json)
    return ""


def _joined(name: str, node: Any, schema: Schema | None, *, is_json: bool) -> str:
    if node[2] is not None:
        return ""
    rest = path_to_end(node, schema, is_json=is_json)
    return f"{name}.{rest}" if rest and not rest.startswith("[") else f"{name}{rest}"
