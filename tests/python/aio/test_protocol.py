"""The asyncio protocols: the same values and errors as the synchronous ones, from transports of
ours and from any object with an asynchronous `read`, of which no byte too many is asked."""

from __future__ import annotations

import asyncio
import io
import struct
from types import SimpleNamespace
from typing import ClassVar

import fastthrift
import pytest
from fastthrift.contrib.aio.protocol import (
    TAsyncBinaryProtocol,
    TAsyncBinaryProtocolFactory,
    TAsyncCompactProtocol,
    TAsyncCompactProtocolFactory,
    TAsyncProtocolBase,
    binary,
    compact,
)
from fastthrift.contrib.aio.transport import (
    TAsyncBufferedTransport,
    TAsyncFramedTransport,
)
from fastthrift.protocol import (
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
)
from fastthrift.protocol.exc import (
    TFrameSizeException,
    TProtocolException,
    TTruncatedDataException,
)
from fastthrift.thrift import TMessageType, TPayload, TType
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.utils import deserialize, serialize
from support.aio import PROTOCOLS, Pieces, run

ASYNC = {"binary": TAsyncBinaryProtocol, "compact": TAsyncCompactProtocol}
NATIVE = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
FACTORIES = {"binary": TBinaryProtocolFactory, "compact": TCompactProtocolFactory}

module = fastthrift.load_fp(
    io.StringIO(
        """
        struct Leaf { 1: bool flag, 2: i32 number, 300: string text }
        struct Everything {
            1: bool yes, 2: bool no, 3: byte tiny, 4: i16 small, 5: i32 medium, 6: i64 large,
            7: double fraction, 8: string text, 9: binary raw, 10: Leaf leaf,
            11: list<bool> flags, 12: list<i64> numbers, 13: set<string> words,
            14: map<string, i32> counts, 15: map<i32, list<Leaf>> leaves,
            16: list<map<string, double>> nested, 17: list<list<byte>> bytes, 18: list<Leaf> many,
            19: map<string, string> empty, 20: list<double> fractions,
        }
        struct Tree { 1: Tree child, 2: list<Tree> children }
        struct Older { 1: bool yes }
        struct Mistyped {
            1: string yes, 5: string medium, 8: i32 text, 10: i32 leaf, 11: list<string> flags,
            14: map<i32, i32> counts, 12: i32 numbers, 20: list<double> fractions,
        }
        """
    ),
    "aio_protocol_thrift",
)

LEAF = module.Leaf(flag=False, number=-1, text="leaf \u2603")
SAMPLE = module.Everything(
    yes=True,
    no=False,
    tiny=-128,
    small=-(2**15),
    medium=2**31 - 1,
    large=-(2**63),
    fraction=-0.1,
    text="text" * 100,
    raw=bytes(range(256)),
    leaf=LEAF,
    flags=[True, False] * 10,
    numbers=[0, -1, 2**62, -(2**62)] * 10,
    words=["a", "b" * 200],
    counts={"one": 1, "": -1},
    leaves={1: [LEAF, module.Leaf()], -1: []},
    nested=[{}, {"pi": 3.14}],
    bytes=[[], [1, 2, 3]],
    many=[LEAF] * 20,
    empty={},
    fractions=[0.0, -1.5],
)


class Duck:
    """No transport but an asynchronous `read`; notes what is asked for."""

    def __init__(self, data, most=None):
        self.stream = io.BytesIO(data)
        self.most = most

    async def read(self, size):
        assert size > 0
        await asyncio.sleep(0)
        return self.stream.read(min(size, self.most or size))

    @property
    def rest(self):
        return self.stream.getvalue()[self.stream.tell() :]


def over(source, data):
    if source == "duck":
        return Duck(data)
    if source == "slow duck":
        return Duck(data, 1)
    if source == "buffered":
        return TAsyncBufferedTransport(Pieces(data, 4096))
    if source == "dripping":
        return TAsyncBufferedTransport(Pieces(data, 1))
    frame = struct.pack("!i", len(data)) + data
    if source == "framed":
        return TAsyncFramedTransport(Pieces(frame, 100))
    return TAsyncBufferedTransport(TAsyncFramedTransport(Pieces(frame, 100)))


SOURCES = ("duck", "slow duck", "buffered", "dripping", "framed", "buffered framed")


def factory(protocol, **options):
    return FACTORIES[protocol](**options)


def encoded(protocol, value):
    return serialize(value, factory(protocol))


# Values.


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_struct(protocol, source):
    async def main():
        data = encoded(protocol, SAMPLE)
        obj = module.Everything()
        assert await ASYNC[protocol](over(source, data)).read_struct(obj) is obj
        assert obj == deserialize(module.Everything(), data, factory(protocol))
        assert obj.words == SAMPLE.words

    run(main())


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_messages_one_after_the_other(protocol, source):
    async def main():
        memory = TMemoryBuffer()
        native = NATIVE[protocol](memory)
        for number in range(3):
            native.write_message_begin(f"call {number}", TMessageType.CALL, number)
            native.write_struct(SAMPLE)
            native.write_message_end()
        reader = ASYNC[protocol](over(source, memory.getvalue()))
        for number in range(3):
            header = await reader.read_message_begin()
            assert header == (f"call {number}", TMessageType.CALL, number)
            if number == 1:
                await reader.skip(TType.STRUCT)
            else:
                assert (await reader.read_struct(module.Everything())).leaf == LEAF
            await reader.read_message_end()

    run(main())


@pytest.mark.parametrize("most", [None, 1, 7])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_read_beyond_the_value(protocol, most):
    async def main():
        for value in (SAMPLE, module.Everything(), LEAF):
            data = encoded(protocol, value)
            for read in ("read_struct", "skip"):
                duck = Duck(data + b"the next", most)
                argument = type(value)() if read == "read_struct" else TType.STRUCT
                await getattr(ASYNC[protocol](duck), read)(argument)
                assert duck.rest == b"the next"

    run(main())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_type_is_skipped_to_its_end(protocol):
    """The scan for a value's end agrees with the codec that wrote it."""
    values = {
        (TType.BOOL, None): True,
        (TType.BYTE, None): 1,
        (TType.I16, None): -300,
        (TType.I32, None): 70_000,
        (TType.I64, None): -(2**63),
        (TType.DOUBLE, None): 0.5,
        (TType.STRING, None): "text",
        (TType.BINARY, None): b"",
        (TType.LIST, TType.I32): list(range(-100, 100)),
        (TType.LIST, TType.BOOL): [True, False],
        (TType.SET, TType.DOUBLE): [1.0, 2.0],
        (TType.LIST, (TType.LIST, TType.STRING)): [["a"], [], ["b", "c"]],
        (TType.MAP, (TType.STRING, TType.I64)): {"a": 1, "b": 2},
        (TType.MAP, (TType.I32, (TType.MAP, (TType.BYTE, TType.BOOL)))): {1: {}, 2: {3: True}},
        (TType.STRUCT, module.Everything): SAMPLE,
    }

    async def main():
        for (ttype, spec), value in values.items():
            memory = TMemoryBuffer()
            NATIVE[protocol](memory)._write_val(ttype, value, spec)
            data = memory.getvalue()
            duck = Duck(data + b"rest")
            await ASYNC[protocol](duck).skip(ttype)
            assert duck.rest == b"rest"
            read = await ASYNC[protocol](Duck(data))._read_val(ttype, spec)
            native = NATIVE[protocol](TMemoryBuffer(data))._read_val(ttype, spec)
            assert read == native

    run(main())


@pytest.mark.difference("aio-maps")
def test_compact_maps():
    async def main():
        data = encoded("compact", SAMPLE)
        obj = await TAsyncCompactProtocol(Duck(data)).read_struct(module.Everything())
        assert obj.counts == {"one": 1, "": -1}
        assert obj.leaves == SAMPLE.leaves
        assert obj.many == SAMPLE.many

    run(main())


@pytest.mark.difference("aio-mistyped")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mistyped_fields_are_skipped(protocol, source):
    async def main():
        obj = module.Mistyped()
        await ASYNC[protocol](over(source, encoded(protocol, SAMPLE))).read_struct(obj)
        assert obj.fractions == [0.0, -1.5]
        assert (obj.yes, obj.medium, obj.text, obj.leaf, obj.numbers) == (None,) * 5
        assert obj.flags == []
        assert obj.counts == {}

    run(main())


def test_fields_of_a_newer_version_are_skipped():
    async def main():
        for protocol in PROTOCOLS:
            obj = module.Older()
            await ASYNC[protocol](Duck(encoded(protocol, SAMPLE))).read_struct(obj)
            assert obj == module.Older(yes=True)

    run(main())


def test_hand_written_payload():
    class Item(TPayload):
        thrift_spec: ClassVar = {
            1: (TType.I32, "id", False),
            2: (TType.LIST, "phones", (TType.STRING), False),
        }
        default_spec: ClassVar = [("id", None), ("phones", None)]

    async def main():
        for protocol in PROTOCOLS:
            stream = io.BytesIO()
            ASYNC[protocol](stream).write_struct(Item(id=5, phones=["1", "2"]))
            read = await ASYNC[protocol](Duck(stream.getvalue())).read_struct(Item())
            assert read == Item(id=5, phones=["1", "2"])

    run(main())


#: A message is looked for at once in so many bytes of what has come.
SMALL = 8192
LARGE = {
    "structs": {"many": [LEAF] * 60_000},
    "large structs": {"many": [module.Leaf(text="x" * number) for number in range(0, 3000, 2)]},
    "map": {"counts": {str(number): number for number in range(40_000)}},
    "maps": {"nested": [{"a": 0.5, "b" * (number % 700): 1.0} for number in range(10_000)]},
    "map of lists": {"leaves": {number: [LEAF] * (number % 20) for number in range(5000)}},
    "lists": {"bytes": [[number % 100] * (number % 50) for number in range(20_000)]},
    "strings": {"words": [f"{number}" + "x" * (number % 300) for number in range(5000)]},
    "numbers": {"numbers": list(range(200_000))},
}


def what_the_codec_is_shown(protocol, monkeypatch):
    """How many bytes there are each time that the codec is to read a struct."""
    native, shown = NATIVE[protocol], []

    def read_struct(prot, obj):
        shown.append(len(prot.trans.getvalue()))
        return native.read_struct(prot, obj)

    monkeypatch.setattr(ASYNC[protocol], "_native", SimpleNamespace(read_struct=read_struct))
    return shown


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_small_message_that_has_come_is_decoded_at_once(protocol, monkeypatch):
    shown = what_the_codec_is_shown(protocol, monkeypatch)

    async def main():
        data = encoded(protocol, SAMPLE)
        assert len(data) < SMALL
        trans = TAsyncBufferedTransport(Pieces(data, SMALL))
        assert await ASYNC[protocol](trans).read_struct(module.Everything()) == SAMPLE
        assert shown == [len(data)]

    run(main())


@pytest.mark.parametrize("content", LARGE)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_large_message_over_a_slow_stream_costs_in_proportion(protocol, content, monkeypatch):
    """It comes in a thousand pieces, and is decoded once: when all of it is there. Before that the
    codec is shown no more than a small message would have."""
    shown = what_the_codec_is_shown(protocol, monkeypatch)

    async def main():
        value = module.Everything(**LARGE[content], text="after it")
        data = encoded(protocol, value)
        for source in (Pieces(data + b"rest", len(data) // 1000), Pieces(data + b"rest", 1 << 20)):
            trans = TAsyncBufferedTransport(source)
            shown.clear()
            assert await ASYNC[protocol](trans).read_struct(module.Everything()) == value
            first, *rest = shown
            assert first <= SMALL
            assert rest == [len(data)]
            assert await trans.read(4) == b"rest"

    run(main())


# Transports of others.


class Overridden(TAsyncBufferedTransport):
    """Decodes what it reads."""

    async def _read(self, size):
        return bytes(byte ^ 0xFF for byte in await super()._read(size))


def test_transport_that_reads_in_its_own_way():
    async def main():
        data = encoded("binary", SAMPLE)
        inverted = bytes(byte ^ 0xFF for byte in data)
        trans = Overridden(Pieces(inverted, 100))
        obj = await TAsyncBinaryProtocol(trans).read_struct(module.Everything())
        assert obj == deserialize(module.Everything(), data)

    run(main())


def test_transport_is_swapped():
    async def main():
        protocol = TAsyncBinaryProtocol(Duck(encoded("binary", LEAF)))
        assert await protocol.read_struct(module.Leaf()) == LEAF
        protocol.trans = trans = over("buffered", encoded("binary", LEAF))
        assert await protocol.read_struct(module.Leaf()) == LEAF
        assert protocol.trans is trans

    run(main())


def test_transports_read_as_their_kind_does():
    async def main():
        buffered = TAsyncBufferedTransport(Pieces(b"abcdefgh", 3))
        assert [await buffered.read(size) for size in (1, 4, 0, 3)] == [b"a", b"bcde", b"", b"fgh"]
        with pytest.raises(TTransportException) as error:
            await buffered.read(1)
        assert error.value.type == TTransportException.END_OF_FILE
        framed = TAsyncFramedTransport(Pieces(b"\0\0\0\3abc\0\0\0\1d", 2))
        assert [await framed.read(size) for size in (2, 9, 0, 9)] == [b"ab", b"c", b"", b"d"]

    run(main())


class Sink:
    def __init__(self):
        self.sent = []
        self.flushed = 0

    def write(self, data):
        self.sent.append(data)

    async def flush(self):
        self.flushed += 1
        if self.flushed == 2:
            raise OSError("full")


def test_flush_that_fails_does_not_send_the_message_with_the_next():
    async def main():
        sink = Sink()
        framed = TAsyncFramedTransport(sink)
        for text in (b"one", b"two", b"three"):
            framed.write(text)
            if text == b"two":
                with pytest.raises(OSError, match="full"):
                    await framed.flush()
            else:
                await framed.flush()
        assert sink.sent == [b"\0\0\0\3one", b"\0\0\0\3two", b"\0\0\0\5three"]

    run(main())


def test_value_that_cannot_be_encoded_leaves_nothing_behind():
    async def main():
        for cls in ASYNC.values():
            sink = Sink()
            protocol = cls(TAsyncBufferedTransport(sink))
            with pytest.raises(TProtocolException):
                protocol.write_struct(module.Everything(text="before", medium="no number"))
            await protocol.trans.flush()
            assert sink.sent == [b""]

    run(main())


# Errors.


def outcome_of_native(protocol, data, cls):
    try:
        return NATIVE[protocol](io.BytesIO(data)).read_struct(cls())
    except Exception as error:
        return error


async def outcome(protocol, trans, cls):
    try:
        return await ASYNC[protocol](trans).read_struct(cls())
    except Exception as error:
        return error


def kind_of(outcome):
    """What a caller can tell an error by; a value as it shows itself."""
    if isinstance(outcome, TTransportException):
        return TTransportException, outcome.type
    if isinstance(outcome, Exception):
        return type(outcome), outcome.type
    return repr(outcome)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_truncated_at_every_byte(protocol):
    async def main():
        data = encoded(protocol, SAMPLE)
        for kept in range(len(data)):
            for source in ("duck", "buffered"):
                got = await outcome(protocol, over(source, data[:kept]), module.Everything)
                assert isinstance(got, TTransportException), (kept, got)
                assert got.type == TTransportException.END_OF_FILE

    run(main())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_any_damage_is_read_as_by_the_synchronous_protocol(protocol):
    """Every byte is changed in turn: the same value or the same error, and always an end."""

    async def main():
        # Without the parts that are the same many times.
        value = module.Everything(**{**vars(SAMPLE), "text": "t", "many": [LEAF], "raw": b"r"})
        data = encoded(protocol, value)
        for position in range(len(data)):
            for change in (0x01, 0x80, 0x7F, 0xFF):
                damaged = bytearray(data)
                damaged[position] ^= change
                damaged = bytes(damaged)
                wanted = outcome_of_native(protocol, damaged, module.Everything)
                for source in ("duck", "buffered framed"):
                    got = await outcome(protocol, over(source, damaged), module.Everything)
                    ends = isinstance(got, TFrameSizeException) and "frame" in source
                    kind = kind_of(TTransportException(4)) if ends else kind_of(got)
                    assert kind == kind_of(wanted), (position, change, got, wanted)

    run(main())


NESTED = {
    "binary": (struct.pack("!bh", TType.STRUCT, 1), b"\0"),
    "compact": (b"\x1c", b"\0"),
}


@pytest.mark.difference("aio-limits")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nesting_is_limited(protocol, source):
    async def main():
        opening, closing = NESTED[protocol]
        for cls in (module.Tree, module.Older):
            allowed = opening * 63 + closing * 64
            await ASYNC[protocol](over(source, allowed)).read_struct(cls())
            # Refused before the end has come, which never does.
            with pytest.raises(RecursionError) as error:
                await ASYNC[protocol](over(source, opening * 100)).read_struct(cls())
            assert isinstance(error.value, TProtocolException)
        deeper = ASYNC[protocol](over(source, opening * 99 + closing * 100), max_depth=100)
        await deeper.read_struct(module.Tree())
        with pytest.raises(RecursionError):
            await ASYNC[protocol](over(source, opening * 100)).skip(TType.STRUCT)

    run(main())


@pytest.mark.difference("aio-limits")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sizes_are_limited(protocol, source):
    """Too long strings and messages are refused before they have come."""

    async def main():
        data = encoded(protocol, module.Leaf(text="x" * 5000))
        for option in ("max_string_size", "max_message_size"):
            # A frame comes as a whole.
            sent = data if "frame" in source else data[:100]
            reader = ASYNC[protocol](over(source, sent), **{option: 4000})
            with pytest.raises(TProtocolException) as error:
                await reader.read_struct(module.Leaf())
            assert error.value.type == TProtocolException.SIZE_LIMIT
            enough = ASYNC[protocol](over(source, data), **{option: 6000})
            assert (await enough.read_struct(module.Leaf())).text == "x" * 5000

    run(main())


NEGATIVE = {
    "binary": struct.pack("!bhi", TType.STRING, 300, -1),
    "compact": b"\x08" + b"\xd8\x04" + b"\xff\xff\xff\xff\x0f",
}
LONG_VARINT = b"\x15" + b"\xff" * 11


@pytest.mark.difference("aio-limits")
@pytest.mark.parametrize("source", SOURCES)
def test_sizes_that_make_no_sense(source):
    async def main():
        for protocol in PROTOCOLS:
            with pytest.raises(TProtocolException) as error:
                await ASYNC[protocol](over(source, NEGATIVE[protocol])).read_struct(module.Leaf())
            assert error.value.type in (
                TProtocolException.NEGATIVE_SIZE,
                TProtocolException.SIZE_LIMIT,
            )
        with pytest.raises(TProtocolException):
            await TAsyncCompactProtocol(over(source, LONG_VARINT)).read_struct(module.Leaf())
        with pytest.raises(TProtocolException):
            await compact.read_varint(Duck(b"\xff" * 11))

    run(main())


class Open(Duck):
    """A stream that stays open: whoever wants more than there is would wait for ever."""

    async def read(self, size):
        data = await super().read(size)
        assert data, "waits for more, where nothing could make it right"
        return data


# One level of nesting, and a string of -1 bytes, in a list of strings.
LEVELS = {
    "binary": {
        TType.STRUCT: struct.pack("!bh", TType.STRUCT, 1),
        TType.LIST: struct.pack("!bi", TType.LIST, 1),
        TType.SET: struct.pack("!bi", TType.SET, 1),
        TType.MAP: struct.pack("!bbib", TType.BYTE, TType.MAP, 1, 0),
    },
    "compact": {
        TType.STRUCT: b"\x1c",
        TType.LIST: b"\x19",
        TType.SET: b"\x1a",
        TType.MAP: b"\x01\x3b\x00",
    },
}


@pytest.mark.parametrize("buffered", [False, True], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_wrong_is_refused_without_waiting_for_more(protocol, buffered):
    async def refuse(data, read):
        trans = TAsyncBufferedTransport(Open(data)) if buffered else Open(data)
        with pytest.raises(TProtocolException) as error:
            await read(ASYNC[protocol](trans))
        assert not isinstance(error.value, TTruncatedDataException)
        return error.value

    async def main():
        for ttype, level in LEVELS[protocol].items():
            error = await refuse(level * 100, lambda reader, ttype=ttype: reader.skip(ttype))
            assert isinstance(error, RecursionError)
        for cls in (module.Tree, module.Older):
            deep = LEVELS[protocol][TType.STRUCT] * 100
            error = await refuse(deep, lambda reader, cls=cls: reader.read_struct(cls()))
            assert isinstance(error, RecursionError)
        negative = NEGATIVE[protocol]
        error = await refuse(negative, lambda reader: reader.read_struct(module.Leaf()))
        assert error.type in (TProtocolException.NEGATIVE_SIZE, TProtocolException.SIZE_LIMIT)

    run(main())


def test_frames_are_limited():
    async def main():
        for header, kind in (
            (b"\x7f\xff\xff\xff", TTransportException.SIZE_LIMIT),
            (b"\xff\xff\xff\xff", TTransportException.NEGATIVE_SIZE),
        ):
            with pytest.raises(TProtocolException) as error:
                await TAsyncFramedTransport(Duck(header)).read(1)
            assert error.value.type == kind
        with pytest.raises(TTransportException, match="No frame"):
            await TAsyncFramedTransport(Duck(bytes(4))).read(1)
        small = TAsyncFramedTransport(Duck(b"\0\0\0\5"), max_frame_size=4)
        with pytest.raises(TProtocolException):
            await small.read(1)

    run(main())


@pytest.mark.parametrize(
    ("protocol", "data"),
    [
        ("binary", b"\x80\x02\x00\x01"),
        ("binary", b"\x00\x00\x00\x04call"),
        ("binary", struct.pack("!Ii", 0x80010001, -1)),
        ("compact", b"\x83"),
        ("compact", b"\x82\x22"),
        ("compact", b"\x82\x21" + b"\xff" * 10),
    ],
)
@pytest.mark.parametrize("source", SOURCES)
def test_headers_that_are_refused_at_once(protocol, data, source):
    async def main():
        with pytest.raises(TProtocolException) as error:
            await ASYNC[protocol](over(source, data)).read_message_begin()
        assert not isinstance(error.value, TTruncatedDataException)

    run(main())


# Options, and thriftpy2's helpers.


def test_strings():
    async def main():
        text = b"\0\0\0\x0c\0\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95"
        assert await binary.read_val(Duck(text), TType.STRING) == text[4:]
        with pytest.raises(UnicodeDecodeError):
            await binary.read_val(Duck(text), TType.STRING, strict_decode=True)
        hello = b"\0\0\0\5hello"
        assert await binary.read_val(Duck(hello), TType.STRING) == "hello"
        assert await binary.read_val(Duck(hello), TType.STRING, None, False) == b"hello"
        reader = TAsyncCompactProtocol(Duck(b"\5hello"))
        reader.decode_response = False
        assert await reader._read_val(TType.STRING) == b"hello"

    run(main())


def test_messages_without_version():
    async def main():
        stream = io.BytesIO()
        old = TAsyncBinaryProtocol(stream, strict_write=False)
        old.write_message_begin("call", TMessageType.CALL, 5)
        data = stream.getvalue()
        assert data == b"\0\0\0\4call\1\0\0\0\5"
        for source in SOURCES:
            # With the struct that follows a header in its frame.
            reader = TAsyncBinaryProtocol(over(source, data + b"\0"), strict_read=False)
            assert await reader.read_message_begin() == ("call", TMessageType.CALL, 5)
        assert await binary.read_message_begin(Duck(data), strict=False) == ("call", 1, 5)

    run(main())


def test_helpers_that_read_pieces():
    async def main():
        assert await binary.read_field_begin(Duck(b"\x08\0\5")) == (TType.I32, 5)
        assert await binary.read_field_begin(Duck(b"\0")) == (TType.STOP, 0)
        assert await binary.read_list_begin(Duck(b"\x08\0\0\0\2")) == (TType.I32, 2)
        assert await binary.read_map_begin(Duck(b"\x08\x0b\0\0\0\2")) == (8, 11, 2)
        assert await compact.read_varint(Duck(b"\xac\x02")) == 300
        obj = module.Leaf()
        assert await binary.read_struct(Duck(encoded("binary", LEAF)), obj) is None
        assert obj == LEAF
        duck = Duck(encoded("binary", LEAF) + b"x")
        await binary.skip(duck, TType.STRUCT)
        assert duck.rest == b"x"

    run(main())


def test_factories():
    trans = object()
    made = TAsyncBinaryProtocolFactory(
        strict_read=False, decode_response=False, max_depth=5, max_string_size=6
    ).get_protocol(trans)
    assert isinstance(made, (TAsyncBinaryProtocol, TAsyncProtocolBase))
    assert made.trans is trans
    assert (made.strict_read, made.strict_write) == (False, True)
    assert (made.decode_response, made.strict_decode) == (False, False)
    assert (made.max_depth, made.max_string_size) == (5, 6)
    made = TAsyncCompactProtocolFactory(strict_decode=True, max_message_size=7).get_protocol(trans)
    assert isinstance(made, TCompactProtocol)
    assert (made.strict_decode, made.max_depth, made.max_message_size) == (True, 64, 7)
