"""One set of limits on every path: at the limit, one below and one above, written and read."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol.exc import TProtocolException
from fastthrift.transport import TMemoryBuffer, TTransportException
from support import children
from support.paths import FACTORIES, IN_MEMORY, NATIVE, read, ways, write

module = fastthrift.load_fp(
    io.StringIO(
        """
        struct Chain { 1: Chain inner }
        struct Boxes { 1: list<list<list<list<byte>>>> lists, 2: map<byte, map<byte, byte>> maps }
        struct Text {
            1: string text, 2: binary data, 3: list<string> words, 4: string other,
            5: map<string, binary> named, 6: Text inner,
        }
        """
    ),
    "bad_input_limits_thrift",
)

WAYS = list(ways())
#: The limit of a message is that of a transport; what is in memory is there already. JSON has
#: the length of a message in it, or has to find its end.
LIMITED_MESSAGES = [way for way in WAYS if way[1] not in IN_MEMORY or way[0] not in NATIVE]
FRAMED = [way for way in WAYS if "framed" in way[1]]
NO_LIMIT = {"max_string_size": 2**40, "max_message_size": 2**40}


def named(way: tuple[str, str]) -> str:
    return " ".join(way)


def chain(levels: int) -> Any:
    obj = module.Chain()
    for _ in range(levels - 1):
        obj = module.Chain(inner=obj)
    return obj


def length(obj: Any) -> int:
    count = 0
    while obj is not None:
        obj, count = obj.inner, count + 1
    return count


def refused(error: type[Exception], limit_type: int, action: Any) -> str:
    """Run `action`, which has to raise; the text of the exception."""
    with pytest.raises(error) as caught:
        action()
    assert isinstance(caught.value, TProtocolException)
    assert caught.value.type == limit_type
    return str(caught.value)


@pytest.mark.parametrize("limit", [None, 5, 100])
@pytest.mark.parametrize("way", WAYS, ids=named)
@pytest.mark.difference("depth")
def test_the_limit_of_nesting(way: tuple[str, str], limit: int | None) -> None:
    options = {} if limit is None else {"max_depth": limit}
    limit = limit or 64
    for levels in (limit - 1, limit):
        data = write(way, chain(levels), **options)
        assert length(read(way, module.Chain, data, **options)) == levels
        read(way, None, data, **options)
    too_deep = write(way, chain(limit + 1), max_depth=500)
    for action in (
        lambda: write(way, chain(limit + 1), **options),
        lambda: read(way, module.Chain, too_deep, **options),
        lambda: read(way, None, too_deep, **options),
    ):
        refused(RecursionError, TProtocolException.SIZE_LIMIT, action)


@pytest.mark.parametrize("way", WAYS, ids=named)
@pytest.mark.difference("depth")
def test_containers_nest_as_structs_do(way: tuple[str, str]) -> None:
    for obj, levels in (
        (module.Boxes(lists=[[[[1]]]]), 5),
        (module.Boxes(maps={1: {2: 3}}), 3),
    ):
        data = write(way, obj, max_depth=levels)
        assert read(way, module.Boxes, data, max_depth=levels) == obj
        for action in (
            lambda obj=obj, levels=levels: write(way, obj, max_depth=levels - 1),
            lambda data=data, levels=levels: read(way, module.Boxes, data, max_depth=levels - 1),
        ):
            refused(RecursionError, TProtocolException.SIZE_LIMIT, action)


#: A field, what it has when its longest string has so many bytes, and how errors call that.
STRINGS: dict[str, tuple[str, Any, str]] = {
    "text": ("text", lambda size: "x" * size, "in text"),
    "text beyond ASCII": ("text", lambda size: "é" * 2 + "x" * (size - 4), "in text"),
    "data": ("data", lambda size: b"x" * size, "in data"),
    "bytes that are not UTF-8": ("data", lambda size: b"\xff" * size, "in data"),
    "element": ("words", lambda size: ["x", "x" * size], "words[1]"),
    "key": ("named", lambda size: {"x" * size: b""}, "named['xxx"),
    "value": ("named", lambda size: {"k": b"x" * size}, "named['k']"),
    "inner": ("inner", lambda size: module.Text(text="x" * size), "inner.text"),
}


@pytest.mark.parametrize("which", STRINGS)
@pytest.mark.parametrize("way", WAYS, ids=named)
@pytest.mark.difference("size-limits")
def test_the_limit_of_a_string(way: tuple[str, str], which: str) -> None:
    limit = 12
    field, value, place = STRINGS[which]

    def sized(size: int) -> Any:
        return module.Text(**{field: value(size)})

    for size in (limit - 1, limit):
        data = write(way, sized(size), max_string_size=limit)
        assert read(way, module.Text, data, max_string_size=limit) == sized(size)
        read(way, None, data, max_string_size=limit)
    too_long = write(way, sized(limit + 1))

    def writing() -> Any:
        return write(way, sized(limit + 1), max_string_size=limit)

    text = refused(TProtocolException, TProtocolException.SIZE_LIMIT, writing)
    assert place in text
    assert "13" in text
    assert "12 (max_string_size)" in text

    def reading(cls: Any = module.Text) -> Any:
        return read(way, cls, too_long, max_string_size=limit)

    refused(TProtocolException, TProtocolException.SIZE_LIMIT, reading)
    refused(TProtocolException, TProtocolException.SIZE_LIMIT, lambda: reading(None))
    # As fields of another type, and where one struct of many is unknown.
    refused(TProtocolException, TProtocolException.SIZE_LIMIT, lambda: reading(module.Chain))


@pytest.mark.parametrize("protocol", ["json", "apache_json"])
def test_text_that_could_be_base64_is_skipped_as_what_it_may_be(protocol: str) -> None:
    """JSON has one kind of string for both: a binary of the limit is longer than a text of it."""
    way = (protocol, "memory")
    data = write(way, module.Text(data=bytes(12)))
    text = write(way, module.Text(text="A" * 16))
    for message in (data, text):
        read(way, None, message, max_string_size=12)
    with pytest.raises(TProtocolException):
        read(way, module.Text, text, max_string_size=12)
    for longer in ("A" * 18, "A" * 17, "A" * 15 + "-"):
        message = write(way, module.Text(text=longer))
        refused(
            TProtocolException,
            TProtocolException.SIZE_LIMIT,
            lambda message=message: read(way, None, message, max_string_size=12),
        )


@pytest.mark.parametrize("protocol", FACTORIES)
@pytest.mark.difference("size-limits")
def test_the_name_of_a_method_is_a_string_too(protocol: str) -> None:
    def header(name: str, limit: int) -> bytes:
        trans = TMemoryBuffer()
        proto = FACTORIES[protocol](max_string_size=limit).get_protocol(trans)
        proto.write_message_begin(name, 1, 7)
        proto.write_struct(module.Chain())
        proto.write_message_end()
        return trans.getvalue()

    def name_of(message: bytes) -> Any:
        proto = FACTORIES[protocol](max_string_size=12).get_protocol(TMemoryBuffer(message))
        return proto.read_message_begin()[0]

    for size in (11, 12):
        assert name_of(header("x" * size, 12)) == "x" * size
    too_long = header("x" * 13, 100)
    for action in (lambda: header("x" * 13, 12), lambda: name_of(too_long)):
        refused(TProtocolException, TProtocolException.SIZE_LIMIT, action)


@pytest.mark.parametrize("way", LIMITED_MESSAGES, ids=named)
@pytest.mark.difference("size-limits")
def test_the_limit_of_a_message(way: tuple[str, str]) -> None:
    obj = module.Text(text="x" * 100, words=["y" * 30] * 30, other="z" * 50)
    data = write(way, obj)
    # The length that goes before a message of thriftpy2's JSON is not counted.
    size = len(data) - 4 * (way[0] == "json")
    for limit in (size, size + 1):
        assert write(way, obj, max_message_size=limit) == data
        assert read(way, module.Text, data, max_message_size=limit) == obj
        read(way, None, data, max_message_size=limit)
    for limit in (size - 1, size // 2, 50):
        for action in (
            lambda limit=limit: write(way, obj, max_message_size=limit),
            lambda limit=limit: read(way, module.Text, data, max_message_size=limit),
            lambda limit=limit: read(way, None, data, max_message_size=limit),
        ):
            refused(TProtocolException, TProtocolException.SIZE_LIMIT, action)


@pytest.mark.parametrize("way", FRAMED, ids=named)
@pytest.mark.difference("size-limits")
def test_the_limit_of_a_frame(way: tuple[str, str]) -> None:
    obj = module.Text(text="x" * 100)
    data = write(way, obj)
    for limit in (len(data), len(data) + 1):
        frames = {"max_frame_size": limit}
        assert write(way, obj, frames=frames) == data
        assert read(way, module.Text, data, frames=frames) == obj
    frames = {"max_frame_size": len(data) - 1}
    refused(
        TProtocolException, TProtocolException.SIZE_LIMIT, lambda: write(way, obj, frames=frames)
    )
    # What arrives is a fault of the transport too, and has its number.
    refused(
        TTransportException,
        TTransportException.SIZE_LIMIT,
        lambda: read(way, module.Text, data, frames=frames),
    )


@pytest.mark.parametrize("protocol", NATIVE)
def test_in_memory_a_message_has_the_size_it_has(protocol: str) -> None:
    obj = module.Text(text="x" * 100)
    for path in IN_MEMORY:
        data = write((protocol, path), obj, max_message_size=10)
        assert read((protocol, path), module.Text, data, max_message_size=10) == obj


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview"])
@pytest.mark.parametrize("protocol", NATIVE)
@pytest.mark.difference("two-gigabytes")
def test_the_wire_has_31_bits_for_a_length(protocol: str, kind: str) -> None:
    """In a process of its own: memory that is never touched, but asked for."""
    result = children.run("-m", "support.two_gigabytes", protocol, kind, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    report = json.loads(result.stdout)
    for error in report["errors"]:
        assert "TProtocolException" in error["classes"]
        assert error["field"] in error["text"]
        assert "2147483647" in error["text"]
    assert report["added"] < 64 * 2**20


#: In KiB. 64 is the least that is asked of a thread; below 3.11 a call of Python code takes of
#: the stack too, and these protocols are Python code.
STACKS = {
    **dict.fromkeys(NATIVE, (64, 128, 256)),
    **dict.fromkeys(("json", "apache_json"), (64, 256) if sys.version_info >= (3, 11) else (512,)),
}


@pytest.mark.uninstrumented
@pytest.mark.parametrize("protocol", STACKS)
@pytest.mark.difference("depth")
def test_a_thread_with_a_small_stack(protocol: str) -> None:
    """In a process of its own: where a stack overflows, the process ends."""
    for kib in STACKS[protocol]:
        result = children.run("-m", "support.small_stack", protocol, str(kib), text=True)
        assert result.returncode == 0, (kib, result.stderr[-2000:])
        outcomes = json.loads(result.stdout)
        assert outcomes.pop("at the limit, written") == 64, kib
        assert outcomes.pop("at the limit, read") == 64, kib
        assert outcomes.pop("at the limit, skipped") == "skipped", kib
        assert outcomes.pop("at the limit, strict") == 64, kib
        assert outcomes.pop("containers at the limit, strict") is True, kib
        assert set(outcomes.values()) == {"TDepthLimitException"}, (kib, outcomes)
