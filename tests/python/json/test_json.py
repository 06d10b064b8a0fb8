"""thriftpy2's own JSON protocol, byte for byte."""

from __future__ import annotations

import base64
import io
import json
import struct
from typing import ClassVar

import fastthrift
import fastthrift.protocol.json as ours
import pytest
import thriftpy2.protocol.json as theirs
from fastthrift.protocol import TJSONProtocol, TJSONProtocolFactory
from fastthrift.protocol.exc import (
    TMalformedDataException,
    TMistypedDataException,
    TProtocolException,
)
from fastthrift.thrift import TDecodeException, TMessageType, TPayload, TProcessor, TType
from fastthrift.transport import (
    TBufferedTransport,
    TFramedTransport,
    TMemoryBuffer,
    TTransportException,
)
from fastthrift.utils import deserialize, serialize
from peers import reference
from peers.remote import Application, Declared, connected, serving
from support import samples
from support.values import Double, build, flatten
from thriftpy2.utils import deserialize as their_deserialize
from thriftpy2.utils import serialize as their_serialize

CASES = fastthrift.load(str(samples.IDL))
THEIR_CASES = reference.load(str(samples.IDL))

values = fastthrift.load_fp(
    io.StringIO(
        """
        enum Color { RED = 1, BLUE = 2 }
        struct Leaf { 1: i32 n }
        struct Values {
            1: bool flag, 2: byte tiny, 3: i16 small, 4: i32 number, 5: i64 big, 6: double ratio,
            7: string text, 8: binary raw, 9: list<i32> numbers, 10: map<string, i32> table,
            11: Leaf leaf, 12: map<Color, list<list<i32>>> nested, 13: list<Leaf> leaves,
            14: list<string> words, 15: set<double> ratios,
        }
        struct Chain { 1: Chain inner, 2: list<Chain> chains }
        """
    ),
    "json_values_thrift",
)
Values, Leaf, Chain = values.Values, values.Leaf, values.Chain


def message(payload, name="call", ttype=1, seqid=0, **metadata):
    meta = {"version": 1, "name": name, "ttype": ttype, "seqid": seqid, **metadata}
    return frame(json.dumps({"metadata": meta, "payload": payload}))


def frame(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("!I", len(data)) + data


def read(payload, **options):
    proto = TJSONProtocol(TMemoryBuffer(message(payload)), **options)
    return proto.read_struct(Values())


# --- The bytes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain"), samples.CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(samples.CASES)]
)
def test_bytes_are_those_of_thriftpy2(name, plain):
    obj = build(getattr(CASES, name), plain)
    theirs_obj = build(getattr(THEIR_CASES, name), plain)
    data = serialize(obj, TJSONProtocolFactory())
    assert data == their_serialize(theirs_obj, theirs.TJSONProtocolFactory())
    if name not in ("Nested", "After"):  # thriftpy2 cannot read a struct as the key of a map
        back = their_deserialize(type(theirs_obj)(), data, theirs.TJSONProtocolFactory())
        assert flatten(back) == flatten(deserialize(type(obj)(), data, TJSONProtocolFactory()))


def test_every_value_comes_back():
    for name, plain in samples.CASES:
        obj = build(getattr(CASES, name), plain)
        back = deserialize(
            type(obj)(), serialize(obj, TJSONProtocolFactory()), TJSONProtocolFactory()
        )
        # A field that is None is not written, and so has its default.
        expected = {
            field: flatten(type(obj)())[field] if value is None else value
            for field, value in flatten(obj).items()
        }
        assert flatten(back) == expected


def test_message_headers_are_those_of_thriftpy2():
    data = []
    for module, leaf in ((ours, Leaf(1)), (theirs, Leaf(1))):
        trans = TMemoryBuffer()
        proto = module.TJSONProtocol(trans)
        for seqid in (7, 8):
            proto.write_message_begin("größe", TMessageType.CALL, seqid)
            proto.write_struct(leaf)
            proto.write_message_end()
        data.append(trans.getvalue())
    assert data[0] == data[1]
    proto = TJSONProtocol(TMemoryBuffer(data[0]))
    for seqid in (7, 8):
        assert proto.read_message_begin() == ("größe", TMessageType.CALL, seqid)
        assert proto.read_struct(Leaf()) == Leaf(1)
        proto.read_message_end()


def test_infinities_and_nan_are_written_as_thriftpy2_does():
    for ratio in (float("nan"), float("inf"), float("-inf"), -0.0, 1e300, 5):
        data = serialize(Values(ratio=ratio), TJSONProtocolFactory())
        assert data == their_serialize(Values(ratio=ratio), theirs.TJSONProtocolFactory())
        back = deserialize(Values(), data, TJSONProtocolFactory())
        assert Double.of(back.ratio) == Double.of(ratio)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("json_value", (TType.I32, True)),
        ("json_value", (TType.I32, "12")),
        ("json_value", (TType.STRING, 5)),
        ("json_value", (TType.DOUBLE, 1)),
        ("json_value", (TType.LIST, [1, 2], TType.I32)),
        ("json_value", (TType.MAP, {1: [2]}, (TType.I32, (TType.LIST, TType.I32)))),
        ("json_value", (TType.BINARY, b"\0\xff")),
        ("json_value", (TType.DOUBLE, "0.5")),
        ("json_value", (TType.BOOL, "x")),
        ("json_value", (TType.STRING, 1.5)),
        ("json_value", (TType.STRING, "\ud800")),
        ("json_value", (TType.LIST, range(3), TType.I32)),
        ("json_value", (TType.LIST, {"a": 1}, TType.STRING)),
        ("obj_value", (TType.I64, 2**40)),
        ("obj_value", (TType.I32, "12")),
        ("obj_value", (TType.I32, True)),
        ("obj_value", (TType.STRING, True)),
        ("obj_value", (TType.STRING, 1.5)),
        ("obj_value", (TType.STRING, 2**70)),
        ("obj_value", (TType.STRING, "\ud800")),
        ("obj_value", (TType.BOOL, 0.0)),
        ("map_to_obj", ({}, [TType.STRING, TType.I32])),
        ("map_to_obj", ("", [TType.STRING, TType.I32])),
        (
            "map_to_obj",
            ([{"value": "1", "key": 2, "more": 3}], [TType.STRING, TType.I32]),
        ),
        ("obj_value", (TType.DOUBLE, "0.5")),
        ("obj_value", (TType.STRING, 5)),
        ("obj_value", (TType.BOOL, 1)),
        ("obj_value", (TType.BINARY, "AP8=")),
        ("map_to_obj", ([{"key": "a", "value": "0.5"}], [TType.STRING, TType.DOUBLE])),
        ("map_to_json", ({"a": 0.5}, [TType.STRING, TType.DOUBLE])),
        ("list_to_obj", ([[4], []], (TType.LIST, TType.I32))),
        ("list_to_json", ([[4], []], (TType.LIST, TType.I32))),
        ("encode_binary", ("text",)),
        ("struct_to_json", (Values(leaf=Leaf(3), words=["a"], flag=False),)),
    ],
)
def test_functions_give_what_thriftpy2_gives(function, arguments):
    expected = getattr(theirs, function)(*arguments)
    result = getattr(ours, function)(*arguments)
    assert result == expected
    assert type(result) is type(expected)


def test_struct_to_obj_fills_and_returns_the_object():
    obj = Values(number=1)
    assert ours.struct_to_obj({"text": "x", "unknown": [1]}, obj) is obj
    assert (obj.number, obj.text) == (1, "x")


@pytest.mark.parametrize("function", ["json_value", "obj_value"])
def test_unknown_types_are_refused(function):
    with pytest.raises(TProtocolException, match="Unknown TType 99") as caught:
        getattr(ours, function)(99, None)
    assert caught.value.type == TProtocolException.INVALID_DATA


def test_json_that_stands_for_no_value_of_a_type_is_an_error_of_the_value():
    with pytest.raises(TMistypedDataException, match="expected an integer, found") as caught:
        ours.list_to_obj([1, "x"], TType.I32)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TProtocolException)


@pytest.mark.parametrize("function", ["json_value", "obj_value"])
def test_unknown_types_of_elements_are_refused(function):
    with pytest.raises(TProtocolException, match="no such TType: 99"):
        getattr(ours, function)(TType.LIST, [1], 99)


def test_a_message_with_an_unusual_value_is_that_of_thriftpy2():
    # Numbers as text, text as numbers, halves of surrogate pairs, elements that are no list.
    fields = {
        "number": "12",
        "text": 1.5,
        "words": ["\ud800", 3],
        "numbers": range(3),
        "ratios": (0.0, -0.0, 0.5),
        "nested": {"1": [(1, "2")]},
    }
    data = serialize(Values(**fields), TJSONProtocolFactory())
    assert data == their_serialize(Values(**fields), theirs.TJSONProtocolFactory())
    assert flatten(deserialize(Values(), data, TJSONProtocolFactory())) == flatten(
        their_deserialize(Values(), data, theirs.TJSONProtocolFactory())
    )


# --- Values that do not fit ----------------------------------------------------------------------


@pytest.mark.difference("json-bytes-in-string")
def test_bytes_in_a_string_are_its_text():
    data = serialize(Values(text="Grüße".encode()), TJSONProtocolFactory())
    assert deserialize(Values(), data, TJSONProtocolFactory()).text == "Grüße"
    with pytest.raises(TDecodeException, match="'text\\(7\\)' of 'Values' needs type 'STRING'"):
        serialize(Values(text=b"\xff"), TJSONProtocolFactory())


@pytest.mark.difference("json-encode-errors")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"number": "x"}, "number"),
        ({"number": 1.5}, "number"),
        ({"number": 2**31}, "number"),
        ({"tiny": -129}, "tiny"),
        ({"big": float("inf")}, "big"),
        ({"ratio": []}, "ratio"),
        ({"text": [1]}, "text"),
        ({"raw": 5}, "raw"),
        ({"numbers": 5}, "numbers"),
        ({"numbers": "12"}, "numbers"),
        ({"numbers": [1, None]}, "numbers[1]"),
        ({"table": [1]}, "table"),
        ({"table": {"a": "b"}}, "table['a']"),
        ({"leaf": 5}, "leaf"),
        ({"leaves": [Leaf(1), Leaf("x")]}, "leaves[1].n"),
        ({"nested": {1: [[1], ["x"]]}}, "nested[1][1][0]"),
    ],
)
def test_values_that_do_not_fit_are_refused(fields, path):
    trans = TMemoryBuffer()
    with pytest.raises(TDecodeException) as caught:
        Values(**fields).write(TJSONProtocol(trans))
    assert caught.value.path == path
    assert isinstance(caught.value, TProtocolException)
    assert trans.getvalue() == b""


@pytest.mark.difference("json-mistyped")
@pytest.mark.parametrize(
    "payload",
    [
        {"number": "x"},
        {"number": 1.5},
        {"number": 2**31},
        {"number": [1]},
        {"number": None},
        {"text": {"a": 1}},
        {"flag": "false"},
        {"raw": "not base64!"},
        {"ratio": "x"},
        {"numbers": 5},
        {"numbers": [1, "x"]},
        {"table": {"a": 1}},
        {"table": [{"key": "a"}]},
        {"leaf": [1]},
        {"leaves": [{"n": 1}, 5]},
    ],
)
def test_mistyped_values_leave_the_default(payload):
    assert read({**payload, "big": 7}) == Values(big=7)


def test_nested_structs_skip_their_own_mistyped_fields():
    assert read({"leaves": [{"n": "x"}, {"n": 2}]}).leaves == [Leaf(None), Leaf(2)]


# --- Options and limits --------------------------------------------------------------------------


def test_decode_response_gives_bytes():
    proto = TJSONProtocol(TMemoryBuffer(message({"text": "é", "words": ["w"]})))
    proto.decode_response = False
    obj = proto.read_struct(Values())
    assert (obj.text, obj.words) == ("é".encode(), [b"w"])
    assert read({"text": "é"}, decode_response=False).text == "é".encode()


def test_strict_decode_refuses_what_is_no_text():
    data = frame('{"metadata": {}, "payload": {"text": "\\ud800"}}')
    assert TJSONProtocol(TMemoryBuffer(data)).read_struct(Values()).text == "\ud800"
    with pytest.raises(TProtocolException, match="surrogate"):
        TJSONProtocol(TMemoryBuffer(data), strict_decode=True).read_struct(Values())
    assert read({"text": "😀"}, strict_decode=True).text == "😀"


def chain(depth, kind):
    obj = Chain()
    for _ in range(depth - 1):
        obj = Chain(inner=obj) if kind == "struct" else Chain(chains=[obj])
    return obj


@pytest.mark.difference("depth")
@pytest.mark.parametrize(("kind", "deepest"), [("struct", 64), ("list", 32)])
def test_nesting_is_limited_on_both_ways(kind, deepest):
    fits = chain(deepest, kind)
    data = serialize(fits, TJSONProtocolFactory())
    assert deserialize(Chain(), data, TJSONProtocolFactory()) == fits
    with pytest.raises(TProtocolException) as caught:
        serialize(chain(deepest + 1, kind), TJSONProtocolFactory())
    assert isinstance(caught.value, RecursionError)
    wide = TJSONProtocolFactory(max_depth=100)
    data = serialize(chain(deepest + 1, kind), wide)
    with pytest.raises(TProtocolException) as caught:
        deserialize(Chain(), data, TJSONProtocolFactory())
    assert isinstance(caught.value, RecursionError)


def test_nesting_is_limited_in_what_is_skipped():
    payload = {}
    for _ in range(200):
        payload = {"unknown": payload}
    for read_it in (lambda p: p.skip(TType.STRUCT), lambda p: p.read_struct(Leaf())):
        with pytest.raises(TProtocolException) as caught:
            read_it(TJSONProtocol(TMemoryBuffer(message(payload))))
        assert isinstance(caught.value, RecursionError)


def test_deep_json_does_not_exhaust_the_stack():
    data = frame('{"metadata": {}, "payload": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(TProtocolException) as caught:
        TJSONProtocol(TMemoryBuffer(data)).read_struct(Leaf())
    assert isinstance(caught.value, RecursionError)


def test_sizes_are_limited():
    with pytest.raises(TProtocolException) as caught:
        read({"text": "x" * 100}, max_string_size=99)
    assert caught.value.type == TProtocolException.SIZE_LIMIT
    with pytest.raises(TProtocolException) as caught:
        read({"text": "x" * 100}, max_message_size=100)
    assert caught.value.type == TProtocolException.SIZE_LIMIT
    with pytest.raises(TProtocolException) as caught:
        TJSONProtocol(TMemoryBuffer(b"\xff\xff\xff\xff")).read_message_begin()
    assert caught.value.type == TProtocolException.SIZE_LIMIT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"metadata": {"version": 1}, "payload": {}}',
        b'{"metadata": {"version": 1, "name": 5, "ttype": 1, "seqid": 1}, "payload": {}}',
        b'{"metadata": [], "payload": {}}',
        b'{"metadata": {"version": 1, "name": "a", "ttype": 1, "seqid": 1}, "payload": []}',
        b'{"metadata": {}, "payload": {"n": ' + b"9" * 5000 + b"}}",
    ],
)
def test_bad_messages_are_protocol_errors(text):
    with pytest.raises(TProtocolException) as caught:
        TJSONProtocol(TMemoryBuffer(frame(text))).read_message_begin()
    assert caught.value.type == TProtocolException.INVALID_DATA


@pytest.mark.difference("json-malformed")
@pytest.mark.parametrize(
    ("text", "theirs_raises", "said"),
    [
        (b"not json", json.JSONDecodeError, "a message is not JSON: Expecting value"),
        (b"\xff\xfe", UnicodeDecodeError, "a message is not JSON: 'utf-8' codec can't decode"),
        (b'{"payload": {}}', KeyError, "Bad metadata of a message: KeyError('metadata')"),
        (b'{"metadata": [], "payload": {}}', TypeError, "Bad metadata of a message: TypeError"),
    ],
)
def test_what_thriftpy2_raises_of_python_for_a_bad_message_is_a_protocol_error(
    text, theirs_raises, said
):
    with pytest.raises(theirs_raises):
        theirs.TJSONProtocol(io.BytesIO(frame(text))).read_message_begin()
    with pytest.raises(TMalformedDataException) as caught:
        TJSONProtocol(TMemoryBuffer(frame(text))).read_message_begin()
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "payload", [b'{"n": ]}', b'{"n": 1}}', b'{"n": "\xff"}', b'{"n": ' + b"[" * 999]
)
def test_a_payload_that_is_not_json_is_refused_and_the_next_message_is_read(payload):
    good = message({"n": 1})
    header, end = good[4:].split(b'{"n": 1}')

    def read_all(proto, rest):
        proto.read_message_begin()
        rest(proto)

    for rest in (lambda p: p.read_struct(Leaf()), lambda p: p.skip(TType.STRUCT)):
        proto = TJSONProtocol(TMemoryBuffer(frame(header + payload + end) + good))
        with pytest.raises(TProtocolException):
            read_all(proto, rest)
        proto.read_message_end()
        assert proto.read_message_begin() == ("call", 1, 0)
        assert proto.read_struct(Leaf()) == Leaf(1)


def test_other_versions_are_refused():
    with pytest.raises(TProtocolException, match="Bad version") as caught:
        TJSONProtocol(TMemoryBuffer(message({}, version=2))).read_message_begin()
    assert caught.value.type == TProtocolException.BAD_VERSION


@pytest.mark.parametrize("size", [0, 3, 10])
def test_short_input_is_the_end_of_the_file(size):
    with pytest.raises(TTransportException) as caught:
        TJSONProtocol(TMemoryBuffer(message({})[:size])).read_message_begin()
    assert caught.value.type == TTransportException.END_OF_FILE


# --- Sequences of messages -----------------------------------------------------------------------


@pytest.mark.difference("json-skip")
def test_a_skipped_message_is_gone():
    trans = TMemoryBuffer(message({"n": 1}, "a") + message({"n": 2}, "b") + message({"n": 3}))
    proto = TJSONProtocol(trans)
    assert proto.read_message_begin()[0] == "a"
    proto.skip(TType.STRUCT)
    proto.read_message_end()
    assert proto.read_message_begin()[0] == "b"
    proto.read_message_end()
    # The payload of "b" was not read and is not taken for the next one.
    assert proto.read_struct(Leaf()) == Leaf(3)


def test_nothing_behind_a_message_is_read():
    class Counting:
        def __init__(self, data):
            self.stream = io.BytesIO(data)

        def read(self, size):
            return self.stream.read(min(size, 3))

    trans = Counting(message({"n": 1}) + b"rest")
    proto = TJSONProtocol(trans)
    assert proto.read_struct(Leaf()) == Leaf(1)
    assert trans.stream.read() == b"rest"


def test_a_class_with_a_length_of_its_own_is_asked_for_it():
    class Longer(TJSONProtocol):
        def _read_len(self):
            return struct.unpack("!Q", self.trans.read(8))[0]

    text = json.dumps({"metadata": {"version": 1}, "payload": {"n": 5}}).encode()
    trans = TMemoryBuffer(struct.pack("!Q", len(text)) + text + b"rest")
    assert Longer(trans).read_struct(Leaf()) == Leaf(5)
    assert trans.read(4) == b"rest"


@pytest.mark.parametrize("payload", [{"n": 5}, {"n": "5"}, {"n": 5, "unknown": [1]}])
def test_a_message_is_taken_whole_from_every_transport_and_nothing_behind_it(payload):
    first, second = message(payload), message({"n": 6})
    framed = struct.pack("!I", len(first + second)) + first + second
    for trans in (
        TMemoryBuffer(first + second),
        TBufferedTransport(TMemoryBuffer(first + second)),
        TFramedTransport(TMemoryBuffer(framed)),
        io.BytesIO(first + second),
    ):
        proto = TJSONProtocol(trans)
        assert proto.read_struct(Leaf()) == Leaf(5)
        assert proto.read_struct(Leaf()) == Leaf(6)


def test_metadata_that_a_class_changes_is_written():
    trans = TMemoryBuffer()
    proto = TJSONProtocol(trans)
    proto._meta["trace"] = "ü"
    proto.write_struct(Leaf(1))
    written = json.dumps({"metadata": {"version": 1, "trace": "ü"}, "payload": {"n": 1}})
    assert trans.getvalue() == frame(written)


@pytest.mark.parametrize("text", ["\x7f", "a\x7fb" * 9, "é\x7f", "😀" * 20, '"\\/\n' * 5, "日本語"])
def test_characters_are_escaped_as_by_python_and_come_back(text):
    data = serialize(Values(text=text, words=[text]), TJSONProtocolFactory())
    theirs_data = their_serialize(Values(text=text, words=[text]), theirs.TJSONProtocolFactory())
    assert data == theirs_data
    back = deserialize(Values(), data, TJSONProtocolFactory())
    assert (back.text, back.words) == (text, [text])


def test_escapes_at_any_distance_from_each_other_come_back():
    words = [
        letter * first + "\n" + letter * second + "ü日" + letter * first
        for letter in "aé"
        for first in range(20)
        for second in range(36)
    ]
    for fields in ({"words": words}, {"table": dict.fromkeys(words, 1)}):
        data = serialize(Values(**fields), TJSONProtocolFactory())
        assert data == their_serialize(Values(**fields), theirs.TJSONProtocolFactory())
        assert deserialize(Values(), data, TJSONProtocolFactory()) == Values(**fields)


def test_integers_of_any_length_are_read_before_anything():
    for number in (int("7308914265" * 2) // 10**cut for cut in range(1, 20)):
        for behind in ("", " ", "  ", "\n"):
            text = f'{{"metadata": {{"version": 1}}, "payload": {{"big": {-number}{behind}}}}}'
            assert deserialize(Values(), frame(text), TJSONProtocolFactory()).big == -number


@pytest.mark.parametrize("comma", [",", ", ", " ,", ",  ", ",\n\t", " \r\n, "])
@pytest.mark.parametrize("colon", [":", ": ", " :", ":  ", "\t:\n"])
def test_any_whitespace_may_stand_between_values(comma, colon):
    value = Values(
        flag=False,
        number=-7,
        big=2**40,
        ratio=0.25,
        text="a",
        raw=b"abc",
        numbers=[1, 2],
        table={"a": 1, "é": 2},
        leaf=Leaf(3),
        leaves=[Leaf(1), Leaf()],
        words=["", "b"],
    )
    parsed = json.loads(serialize(value, TJSONProtocolFactory())[4:])
    spaced = json.dumps(parsed, separators=(comma, colon))
    for text in (spaced, spaced.replace("}", "\n}").replace("[", "[  ")):
        assert deserialize(Values(), frame(text), TJSONProtocolFactory()) == value


def test_hand_written_payloads():
    class Item(TPayload):
        thrift_spec: ClassVar = {
            1: (TType.I32, "id", False),
            2: (TType.LIST, "phones", TType.STRING, False),
            3: (TType.STRUCT, "leaf", Leaf, False),
            4: (TType.STRING, "short"),
        }
        default_spec: ClassVar = [("id", None), ("phones", None), ("leaf", None), ("short", None)]

    item = Item(13, ["1", "2"], Leaf(1), "s")
    data = serialize(item, TJSONProtocolFactory())
    assert deserialize(Item(), data, TJSONProtocolFactory()) == item


# --- Calls over sockets --------------------------------------------------------------------------

PAIRS = [("fastthrift", "fastthrift"), ("fastthrift", "thriftpy2"), ("thriftpy2", "fastthrift")]


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize(("client", "server"), PAIRS)
def test_calls(client, server, transport):
    with (
        serving(server, "json", transport) as port,
        connected(client, "json", transport, port) as peer,
    ):
        for number in range(3):
            assert peer.call("subtract", 10, number) == 10 - number
        assert peer.call("echo_string", "Grüße 😀" * 1000) == "Grüße 😀" * 1000
        assert peer.call("echo_binary", bytes(range(256))) == bytes(range(256))
        assert peer.call("echo_map", [["k", Double.of(-0.0)]]) == [["k", Double.of(-0.0)]]
        tree = {"value": 1, "left": None, "right": None, "children": [], "named": []}
        assert peer.call("echo_tree", tree) == tree
        with pytest.raises(Declared) as declared:
            peer.call("fetch", "missing")
        assert declared.value.fields == {"key": "missing", "code": 404}
        peer.call("notify", "one")
        assert peer.call("notified") == ["one"]
        if server == "fastthrift":
            with pytest.raises(Application) as failed:
                peer.call("fail", "secret")
            assert failed.value.kind == 6
            assert peer.call("ping") == "pong"


def test_base64_is_that_of_the_standard():
    assert ours.encode_binary(b"\xfb\xff") == base64.b64encode(b"\xfb\xff").decode()


class Stopped(Exception):
    """What the handler of a signal raises."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, Stopped, ValueError])
@pytest.mark.parametrize("layer", [TMemoryBuffer, lambda trans: TBufferedTransport(trans)])
def test_what_a_key_or_a_signal_raises_is_not_lost(error, layer):
    module = fastthrift.load_fp(
        io.StringIO("struct Item { 1: i32 x } struct Items { 1: map<Item, i32> counts }"),
        "json_raising_thrift",
    )

    written = serialize(module.Items(counts={module.Item(1): 2}), TJSONProtocolFactory())
    hashes = []

    def raising(self):
        hashes.append(self)
        if len(hashes) == 1:
            raise error
        return 5

    module.Item.__hash__ = raising
    memory = TMemoryBuffer(written)
    protocol = TJSONProtocol(memory if layer is TMemoryBuffer else layer(memory))
    with pytest.raises(error):
        protocol.read_struct(module.Items())
    assert len(hashes) == 1


def test_what_a_key_raises_in_a_call_is_not_lost():
    module = fastthrift.load_fp(
        io.StringIO("struct Item { 1: i32 x } service Items { i32 count(1: map<Item, i32> of) }"),
        "json_raising_call_thrift",
    )
    trans = TMemoryBuffer()
    request = TJSONProtocol(trans)
    request.write_message_begin("count", TMessageType.CALL, 1)
    request.write_struct(module.Items.count_args(of={module.Item(1): 2}))
    request.write_message_end()
    hashes = []

    def raising(self):
        hashes.append(self)
        if len(hashes) == 1:
            raise Stopped
        return 5

    module.Item.__hash__ = raising
    processor = TProcessor(module.Items, object())
    protocol = TJSONProtocol(TMemoryBuffer(trans.getvalue()))
    with pytest.raises(Stopped):
        processor.process(protocol, TJSONProtocol(TMemoryBuffer()))
    assert len(hashes) == 1
