"""The functions that thriftpy2's protocol modules have, and callers import from them."""

from __future__ import annotations

import importlib
import io
from typing import Any

import pytest
from support import subject
from support.compare import Loaded
from support.samples import CASES, IDL
from support.values import build, flatten

TType = subject.TType


def pair(path: str) -> tuple[Any, Any]:
    """The module of the subject with this path, and thriftpy2's."""
    return subject.module(path), importlib.import_module(f"thriftpy2.{path}")


@pytest.fixture(scope="module")
def cases() -> Loaded:
    return Loaded(IDL)


INTEGERS = {
    "i8": [0, 1, -1, 127, -128],
    "i16": [0, 300, -(2**15), 2**15 - 1],
    "i32": [0, 70_000, -(2**31), 2**31 - 1],
    "i64": [0, 2**40, -(2**63), 2**63 - 1],
    "double": [0.0, -0.0, 1.5, 1e300, float("inf")],
}


@pytest.mark.parametrize("kind", list(INTEGERS))
def test_pack_and_unpack(kind: str) -> None:
    ours, theirs = pair("protocol.binary")
    for value in INTEGERS[kind]:
        packed = getattr(ours, f"pack_{kind}")(value)
        assert packed == getattr(theirs, f"pack_{kind}")(value)
        assert getattr(ours, f"unpack_{kind}")(packed) == value


def test_pack_string() -> None:
    ours, theirs = pair("protocol.binary")
    for text in (b"", b"abc", b"\xff" * 300):
        assert ours.pack_string(text) == theirs.pack_string(text)


WRITERS: list[tuple[str, tuple[Any, ...]]] = [
    ("write_message_begin", ("name", 1, 7)),
    ("write_message_begin", ("größe", 2, 0, False)),
    ("write_field_begin", (TType.I32, 5)),
    ("write_field_begin", (TType.BINARY, -1)),
    ("write_field_stop", ()),
    ("write_list_begin", (TType.STRUCT, 3)),
    ("write_list_begin", (TType.BINARY, 3)),
    ("write_map_begin", (TType.STRING, TType.I64, 2)),
    ("write_map_begin", (TType.BINARY, TType.BINARY, 2)),
    ("write_val", (TType.BOOL, True)),
    ("write_val", (TType.BYTE, -5)),
    ("write_val", (TType.I16, 500)),
    ("write_val", (TType.I32, 70_000)),
    ("write_val", (TType.I64, 2**40)),
    ("write_val", (TType.DOUBLE, 2.5)),
    ("write_val", (TType.STRING, "é")),
    ("write_val", (TType.STRING, b"\xff")),
    ("write_val", (TType.BINARY, b"\xff")),
    ("write_val", (TType.LIST, [1, 2], TType.I32)),
    ("write_val", (TType.SET, ["a"], TType.STRING)),
    ("write_val", (TType.MAP, {"a": [1]}, (TType.STRING, (TType.LIST, TType.I16)))),
]


@pytest.mark.parametrize(("name", "arguments"), WRITERS)
def test_writers(name: str, arguments: tuple[Any, ...]) -> None:
    """They write to anything with a ``write``."""
    written = []
    for module in pair("protocol.binary"):
        out = io.BytesIO()
        getattr(module, name)(out, *arguments)
        written.append(out.getvalue())
    assert written[0] == written[1]


READERS: list[tuple[str, bytes, tuple[Any, ...]]] = [
    ("read_message_begin", b"\x80\x01\x00\x02\0\0\0\3add\0\0\0\7", ()),
    ("read_message_begin", b"\0\0\0\3add\1\0\0\0\7", (False,)),
    ("read_field_begin", b"\x08\0\5", ()),
    ("read_field_begin", b"\0", ()),
    ("read_list_begin", b"\x0c\0\0\0\3", ()),
    ("read_map_begin", b"\x0b\x0a\0\0\0\2", ()),
    ("read_val", b"\1", (TType.BOOL,)),
    ("read_val", b"\xff", (TType.BYTE,)),
    ("read_val", b"\xff\xfe", (TType.I16,)),
    ("read_val", b"\0\1\0\0", (TType.I32,)),
    ("read_val", b"\0\0\1\0\0\0\0\0", (TType.I64,)),
    ("read_val", b"\x40\x04\0\0\0\0\0\0", (TType.DOUBLE,)),
    ("read_val", b"\0\0\0\2\xc3\xa9", (TType.STRING,)),
    ("read_val", b"\0\0\0\2\xff\xfe", (TType.STRING,)),
    ("read_val", b"\0\0\0\2\xc3\xa9", (TType.STRING, None, False)),
    ("read_val", b"\0\0\0\2\xc3\xa9", (TType.BINARY,)),
    ("read_val", b"\x08\0\0\0\2\0\0\0\1\0\0\0\2", (TType.LIST, TType.I32)),
    ("read_val", b"\x03\0\0\0\2\1\2", (TType.SET, TType.BYTE)),
    (
        "read_val",
        b"\x0b\x0f\0\0\0\1\0\0\0\1a\x06\0\0\0\1\0\5",
        (TType.MAP, (TType.STRING, (TType.LIST, TType.I16))),
    ),
    ("skip", b"\0\0\0\2ab", (TType.STRING,)),
    ("skip", b"\x0f\0\1\x08\0\0\0\1\0\0\0\5\0", (TType.STRUCT,)),
    ("skip", b"\x0b\x03\0\0\0\1\0\0\0\1a\5", (TType.MAP,)),
]


@pytest.mark.parametrize(("name", "data", "arguments"), READERS)
def test_readers(name: str, data: bytes, arguments: tuple[Any, ...]) -> None:
    """They read from anything with a ``read``, and no further than they have to."""
    results = []
    for module in pair("protocol.binary"):
        source = io.BytesIO(data + b"rest")
        result = getattr(module, name)(source, *arguments)
        results.append((type(result), result, source.read()))
    assert results[0] == results[1]
    assert results[0][2] == b"rest"


def test_structs_through_the_functions(cases: Loaded) -> None:
    module = subject.module("protocol.binary")
    obj = build(cases.subject.Nested, dict(CASES)["Nested"])
    out = io.BytesIO()
    module.write_val(out, TType.STRUCT, obj)
    assert out.getvalue() == subject.encode(obj, "binary")
    decoded = cases.subject.Nested()
    module.read_struct(io.BytesIO(out.getvalue()), decoded)
    assert flatten(decoded) == flatten(obj)
    value = module.read_val(io.BytesIO(out.getvalue()), TType.STRUCT, cases.subject.Nested)
    assert flatten(value) == flatten(obj)


def test_binary_constants() -> None:
    ours, theirs = pair("protocol.binary")
    for name in ("VERSION_MASK", "VERSION_1", "TYPE_MASK", "BIN_TYPES", "DEFAULT_MAX_DEPTH"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_compact_helpers() -> None:
    ours, theirs = pair("protocol.compact")
    for bits in (8, 16, 32, 64):
        for number in (0, 1, -1, 63, -64, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))):
            encoded = ours.make_zig_zag(number, bits)
            assert encoded == theirs.make_zig_zag(number, bits)
            assert ours.from_zig_zag(encoded) == number
        for number in (2 ** (bits - 1), -(2 ** (bits - 1)) - 1):
            with pytest.raises(subject.TProtocolException):
                ours.check_integer_limits(number, bits)
    for number in (0, 1, 127, 128, 16_383, 16_384, 2**32, 2**63, 2**64 - 1):
        written = []
        for module in (ours, theirs):
            out = io.BytesIO()
            module.write_varint(out, number)
            written.append(out.getvalue())
        assert written[0] == written[1]
        assert ours.read_varint(io.BytesIO(written[0])) == number
    assert ours.CTYPES == theirs.CTYPES
    assert ours.TTYPES == theirs.TTYPES
    for name, value in vars(theirs.CompactType).items():
        if name.isupper():
            assert getattr(ours.CompactType, name) == value


@pytest.mark.difference("long-varints")
def test_a_varint_of_the_helper_ends_too() -> None:
    with pytest.raises(subject.TException):
        subject.module("protocol.compact").read_varint(io.BytesIO(b"\x80" * 100_000))


@pytest.mark.parametrize(
    ("path", "name", "alias"),
    [
        ("protocol", "TCyBinaryProtocol", "TBinaryProtocol"),
        ("protocol", "TCyBinaryProtocolFactory", "TBinaryProtocolFactory"),
        ("transport", "TCyMemoryBuffer", "TMemoryBuffer"),
        ("transport", "TCyBufferedTransport", "TBufferedTransport"),
        ("transport", "TCyBufferedTransportFactory", "TBufferedTransportFactory"),
        ("transport", "TCyFramedTransport", "TFramedTransport"),
        ("transport", "TCyFramedTransportFactory", "TFramedTransportFactory"),
    ],
)
def test_the_names_of_the_native_classes(path: str, name: str, alias: str) -> None:
    module = subject.module(path)
    assert getattr(module, name) is getattr(module, alias)


def test_hexlify_and_hexprint(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = pair("utils")
    data = bytes(range(25))
    assert ours.hexlify(data) == theirs.hexlify(data)
    assert ours.hexlify(data, delimeter=":") == theirs.hexlify(data, delimeter=":")
    printed = []
    for module in (ours, theirs):
        module.hexprint(data)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
