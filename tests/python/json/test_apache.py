"""Apache's JSON protocol, byte for byte with Apache's own library."""

from __future__ import annotations

import io
import json
import math
import re
import socket
import struct
import threading
import uuid

import fastthrift
import pytest
import thriftpy2.protocol.apache_json as theirs
from fastthrift.protocol import TApacheJSONProtocol, TApacheJSONProtocolFactory
from fastthrift.protocol.apache_json import CTYPES, JTYPES, flatten
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TClient, TDecodeException, TMessageType, TProcessor, TType
from fastthrift.transport import (
    TBufferedTransport,
    TFramedTransport,
    TMemoryBuffer,
    TSocket,
    TTransportException,
)
from fastthrift.utils import deserialize, serialize
from peers import apache, reference
from peers.remote import Application, Declared, connected, serving
from support import samples
from support import values as plain_values
from support.rpc import Calls, Handler, client_of, make_server
from support.rpc import serving as running
from support.values import Double, build

CASES = fastthrift.load(str(samples.IDL))
THEIR_CASES = reference.load(str(samples.IDL))
CLASSES = apache.Classes()
FACTORY = TApacheJSONProtocolFactory()

values = fastthrift.load_fp(
    io.StringIO(
        """
        enum Color { RED = 1, BLUE = 2 }
        struct Leaf { 1: i32 n }
        struct Values {
            1: bool flag, 2: byte tiny, 3: i16 small, 4: i32 number, 5: i64 big, 6: double ratio,
            7: string text, 8: binary raw, 9: list<i32> numbers, 10: map<string, i32> table,
            11: Leaf leaf, 12: map<Color, list<list<i32>>> nested, 13: set<double> ratios,
            14: map<bool, double> by_flag, 15: map<double, binary> by_ratio, 18: list<bool> flags,
            16: map<string, list<i32>> lists, 17: map<list<i32>, Leaf> by_list,
        }
        struct Chain { 1: Chain inner, 2: list<Chain> chains }
        """
    ),
    "apache_json_values_thrift",
)
Values, Leaf, Chain = values.Values, values.Leaf, values.Chain


def read(text, cls=Values, **options):
    data = text.encode() if isinstance(text, str) else text
    return TApacheJSONProtocol(TMemoryBuffer(data), **options).read_struct(cls())


def call(name, payload, seqid=1):
    return f'[1,"{name}",1,{seqid},{payload}]'.encode()


# --- The bytes ---------------------------------------------------------------------------------


@pytest.mark.difference("apache-json-values")
@pytest.mark.parametrize(
    ("name", "plain"), samples.CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(samples.CASES)]
)
def test_bytes_are_those_of_apache(name, plain):
    cls, model = getattr(CASES, name), getattr(THEIR_CASES, name)
    obj, peer = build(cls, plain), CLASSES.build(model, plain)
    data = serialize(obj, FACTORY)
    assert data == apache.encode(peer, "apache_json", "pure")
    ours = plain_values.flatten(deserialize(cls(), data, FACTORY))
    back = apache.flatten(apache.decode(CLASSES[model], data, "apache_json", "pure"))
    assert plain_values.sort_sets(cls, ours) == plain_values.sort_sets(cls, back)


def apache_bytes(**fields):
    return apache.encode(CLASSES[Values](**fields), "apache_json", "pure")


@pytest.mark.parametrize(
    "fields",
    [
        {"flag": True, "tiny": -128, "small": -5, "number": 2**31 - 1, "big": -(2**63)},
        {"ratio": 1.0},
        {"ratio": 12.3456},
        {"ratio": -0.0},
        {"ratio": 1e300},
        {"ratio": 5e-324},
        {"ratio": 123456789012345678.0},
        {"text": 'Grüße 😀 " \\ / \b\f\n\r\t \x7f'},
        {"text": ""},
        {"raw": bytes(range(256))},
        {"raw": b""},
        {"numbers": [], "table": {}, "nested": {}},
        {"nested": {1: [[1, 2], []], 2: []}},
        {"by_flag": {True: 1.5, False: -0.0}},
        {"by_ratio": {0.5: b"\0", 3.0: b""}},
        {"lists": {"a": [], "b": [1]}},
        {"flags": [True, False]},
    ],
)
def test_every_type_is_written_as_apache_does(fields):
    data = serialize(Values(**fields), FACTORY)
    assert data == apache_bytes(**fields)
    assert deserialize(Values(), data, FACTORY) == Values(**fields)


def test_containers_as_keys_are_written_as_apache_does():
    data = serialize(Values(by_list={(1, 2): Leaf(3), (): Leaf(4)}), FACTORY)
    pairs = b'["i32",2,1,2]:{"1":{"i32":3}},["i32",0]:{"1":{"i32":4}}'
    assert data == b'{"17":{"map":["lst","rec",2,{' + pairs + b"}]}}"
    with pytest.raises(TProtocolException, match="key"):
        deserialize(Values(), data, FACTORY)  # Python has no keys that are lists
    by_point = build(CASES.Nested, {"by_point": [[{"x": 1, "y": 2}, 'a"}{'], [{"x": 3}, ""]]})
    data = serialize(by_point, FACTORY)
    assert deserialize(CASES.Nested(), data, FACTORY) == by_point


@pytest.mark.parametrize(
    ("ratio", "text"),
    [("nan", b'"NaN"'), ("inf", b'"Infinity"'), ("-inf", b'"-Infinity"')],
)
def test_nan_and_infinities_are_quoted(ratio, text):
    data = serialize(Values(ratio=float(ratio), ratios=[float(ratio)]), FACTORY)
    assert data == b'{"6":{"dbl":' + text + b'},"13":{"set":["dbl",1,' + text + b"]}}"
    assert Double.of(deserialize(Values(), data, FACTORY).ratio) == Double.of(float(ratio))
    keyed = serialize(Values(by_ratio={float(ratio): b""}), FACTORY)
    assert b"{" + text + b':""}' in keyed
    (key,) = deserialize(Values(), keyed, FACTORY).by_ratio
    assert Double.of(key) == Double.of(float(ratio))


def test_control_characters_are_escaped_so_that_it_is_json():
    text = "".join(map(chr, range(32))) + "\ud800"
    data = serialize(Values(text=text), FACTORY)
    assert json.loads(data)["7"]["str"] == text
    assert deserialize(Values(), data, FACTORY).text == text


CONTROLS = "".join(map(chr, range(32))) + "\x7f"


def test_control_characters_that_apache_writes_as_they_are_are_read():
    data = apache_bytes(text=CONTROLS, table={CONTROLS: 1})
    # It escapes some of them only, so that this is no JSON.
    assert b"\0\x01" in data
    with pytest.raises(json.JSONDecodeError):
        json.loads(data)
    assert deserialize(Values(), data, FACTORY) == Values(text=CONTROLS, table={CONTROLS: 1})
    # And passed over.
    assert deserialize(Leaf(), data, FACTORY) == Leaf()


def test_integers_with_zeros_in_front_are_read():
    # npm's library pads what is negative and has more than 32 bits to a multiple of digits.
    assert read('{"5":{"i64":-000000000001},"4":{"i32":007}}') == Values(big=-1, number=7)
    keyed = '{"10":{"map":["str","i32",1,{"a":-00}]},"9":{"lst":["i32",2,00,-010]}}'
    assert read(keyed) == Values(table={"a": 0}, numbers=[0, -10])
    for wrong in ("0x1", "--1", "0-1", "00000000000000000000000099999999999"):
        with pytest.raises(TProtocolException):
            read('{"4":{"i32":' + wrong + "}}")


def test_messages_are_those_of_apache():
    from thrift.protocol.TJSONProtocol import TJSONProtocol
    from thrift.transport.TTransport import TMemoryBuffer as ApacheMemory

    memory = ApacheMemory()
    peer = TJSONProtocol(memory)
    trans = TMemoryBuffer()
    proto = TApacheJSONProtocol(trans)
    for seqid in (1, -2):
        peer.writeMessageBegin("größe", TMessageType.REPLY, seqid)
        CLASSES[Leaf](n=seqid).write(peer)
        peer.writeMessageEnd()
        proto.write_message_begin("größe", TMessageType.REPLY, seqid)
        Leaf(seqid).write(proto)
        proto.write_message_end()
    assert trans.getvalue() == memory.getvalue()
    for seqid in (1, -2):
        assert proto.read_message_begin() == ("größe", TMessageType.REPLY, seqid)
        assert proto.read_struct(Leaf()) == Leaf(seqid)
        proto.read_message_end()


def test_thriftpy2_reads_what_is_written_and_the_other_way_round():
    obj = Values(
        flag=True, tiny=1, small=2, number=3, big=4, ratio=0.5, text="é", raw=b"\0\xff",
        numbers=[1], table={"a": 1}, leaf=Leaf(1), by_flag={True: 1.5}, flags=[True, False],
    )  # fmt: skip
    trans = TMemoryBuffer()
    for module in (fastthrift.protocol.apache_json, theirs):
        proto = module.TApacheJSONProtocol(trans)
        proto.write_message_begin("m", 1, 7)
        proto.write_struct(obj)
        proto.write_message_end()
        data = trans.getvalue()
        for reader in (fastthrift.protocol.apache_json, theirs):
            proto = reader.TApacheJSONProtocol(TMemoryBuffer(data))
            assert tuple(proto.read_message_begin()) == ("m", 1, 7)
            assert proto.read_struct(Values()) == obj
        trans.clean()


def test_what_other_libraries_write_is_read():
    assert read('{"8":{"str":"AP8"}}').raw == b"\0\xff"  # C++: no padding
    assert read(' { "4" : { "i32" : 12345.0 } } ').number == 12345
    assert read('{"1":{"tf":true}}').flag is True
    assert read('{"6":{"dbl":NaN}}').ratio != 0
    assert read('{"7":{"str":"\\ud83d\\ude00 \\u00e9 \\/"}}').text == "😀 é /"
    assert read('{"14":{"map":["tf","dbl",2,{"true":1,"0":"Infinity"}]}}').by_flag == {
        True: 1.0,
        False: float("inf"),
    }


def test_tables_of_types():
    assert CTYPES == theirs.CTYPES
    assert set(JTYPES) == set(theirs.JTYPES)
    assert flatten((1, (2, (3,)), ())) == theirs.flatten((1, (2, (3,)), ()))
    assert flatten(1) == theirs.flatten(1)


# --- Values that do not fit ----------------------------------------------------------------------


@pytest.mark.difference("apache-json-encode-errors")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"number": "1"}, "number"),
        ({"number": 1.5}, "number"),
        ({"number": 2**31}, "number"),
        ({"ratio": "1"}, "ratio"),
        ({"text": 5}, "text"),
        ({"text": b"\xff"}, "text"),
        ({"raw": 5}, "raw"),
        ({"numbers": "12"}, "numbers"),
        ({"numbers": [1, None]}, "numbers[1]"),
        ({"table": [1]}, "table"),
        ({"table": {"a": "b"}}, "table['a']"),
        ({"table": {1: 1}}, "table[1]"),
        ({"leaf": 5}, "leaf"),
        ({"leaf": Leaf("x")}, "leaf.n"),
        ({"nested": {1: [[1], ["x"]]}}, "nested[1][1][0]"),
    ],
)
def test_values_that_do_not_fit_are_refused(fields, path):
    trans = TMemoryBuffer()
    with pytest.raises(TDecodeException) as caught:
        Values(**fields).write(TApacheJSONProtocol(trans))
    assert caught.value.path == path
    assert trans.getvalue() == b""


@pytest.mark.parametrize(
    "field",
    [
        '"4":{"str":"x"}',
        '"4":{"i64":5}',
        '"4":{"lst":["i32",1,5]}',
        '"4":{"map":["str","rec",1,{"a":{"1":{"tf":1}}}]}',
        '"4":{"rec":{"1":{"i32":5}}}',
        '"99":{"rec":{"1":{"set":["str",1,"a"]}}}',
        '"7":{"i32":5}',
    ],
)
def test_mistyped_and_unknown_fields_leave_the_default(field):
    assert read("{" + field + ',"5":{"i64":7}}') == Values(big=7)


@pytest.mark.parametrize(
    "field",
    ['"9":{"lst":["str",2,"a","b"]}', '"9":{"lst":["rec",1,{}]}', '"9":{"lst":["str",0]}'],
)
def test_containers_of_other_elements_are_empty(field):
    assert read("{" + field + ',"5":{"i64":7}}') == Values(numbers=[], big=7)
    assert read('{"10":{"map":["i32","i32",1,{"1":1}]}}').table == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"4":{"i32":"5"}}',
        '{"4":{"i32":1.5}}',
        '{"4":{"i32":2147483648}}',
        '{"4":{"i32":null}}',
        '{"4":{"i32":1,"i64":2}}',
        '{"4":{}}',
        '{"4":5}',
        '{"x":{"i32":5}}',
        '{"4":{"int":5}}',
        '{"4":{"uid":"x"}}',
        '{"7":{"str":5}}',
        '{"8":{"str":"*"}}',
        '{"1":{"tf":2}}',
        '{"6":{"dbl":"1.5"}}',
        '{"9":{"lst":["i32",2,1]}}',
        '{"9":{"lst":["i32"]}}',
        '{"9":{"lst":["i32",-1]}}',
        '{"10":{"map":["str","i32",2,{"a":1}]}}',
        '{"10":{"map":["str","i32",1,["a",1]]}}',
        '{"10":["str","i32",0]}',
        '{"14":{"map":["tf","dbl",1,{"2":1}]}}',
        '{"99":{"lst":["i32",3,1]}}',
        "{4:{}}",
        '{"4":{"i32":5}]',
        '{"4" {"i32":5}}',
        '{"7":{"str":"\\x"}}',
        '{{"1":2}:3}',
        '{["a" "b"]:3}',
        "x",
        "5",
        "]",
    ],
)
def test_malformed_structs_are_protocol_errors(text):
    with pytest.raises(TProtocolException) as caught:
        read(text)
    assert caught.value.type == TProtocolException.INVALID_DATA


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[2,"a",1,1,{}]', TProtocolException.BAD_VERSION),
        ('[1,"a",1,1]', TProtocolException.INVALID_DATA),
        ("[1,5,1,1,{}]", TProtocolException.INVALID_DATA),
        ('[1,"a","1",1,{}]', TProtocolException.INVALID_DATA),
        ("{}", TProtocolException.INVALID_DATA),
    ],
)
def test_malformed_messages_are_protocol_errors(text, kind):
    proto = TApacheJSONProtocol(TMemoryBuffer(text.encode()))
    with pytest.raises(TProtocolException) as caught:
        proto.read_message_begin()
    assert caught.value.type == kind


@pytest.mark.parametrize("data", [b"", b" ", b"[", b'[1,"a', b'{"7":{"str":"a\\'])
def test_short_input_is_the_end_of_the_file(data):
    with pytest.raises(TTransportException) as caught:
        read(data)
    assert caught.value.type == TTransportException.END_OF_FILE


# --- Uuids ---------------------------------------------------------------------------------------

IDS = fastthrift.load_fp(
    io.StringIO(
        """
        struct Ids { 1: uuid one, 2: list<uuid> many, 3: map<uuid, i32> by_id, 4: i32 number }
        struct Older { 4: i32 number }
        """
    ),
    "apache_json_uuid_thrift",
)
ID = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")


def apache_ids():
    """Apache's own bytes for a struct with uuids in all places."""
    from thrift.protocol.TJSONProtocol import TJSONProtocol
    from thrift.Thrift import TType as ApacheType
    from thrift.transport.TTransport import TMemoryBuffer as ApacheMemory

    memory = ApacheMemory()
    peer = TJSONProtocol(memory)
    peer.writeStructBegin("Ids")
    peer.writeFieldBegin("one", ApacheType.UUID, 1)
    peer.writeUuid(ID)
    peer.writeFieldEnd()
    peer.writeFieldBegin("many", ApacheType.LIST, 2)
    peer.writeListBegin(ApacheType.UUID, 2)
    peer.writeUuid(ID)
    peer.writeUuid(uuid.UUID(int=0))
    peer.writeListEnd()
    peer.writeFieldEnd()
    peer.writeFieldBegin("by_id", ApacheType.MAP, 3)
    peer.writeMapBegin(ApacheType.UUID, ApacheType.I32, 1)
    peer.writeUuid(ID)
    peer.writeI32(7)
    peer.writeMapEnd()
    peer.writeFieldEnd()
    peer.writeFieldBegin("number", ApacheType.I32, 4)
    peer.writeI32(8)
    peer.writeFieldEnd()
    peer.writeFieldStop()
    peer.writeStructEnd()
    return memory.getvalue()


def test_uuids_are_written_and_read_as_apache_does():
    from thrift.protocol.TJSONProtocol import TJSONProtocol
    from thrift.transport.TTransport import TMemoryBuffer as ApacheMemory

    ids = IDS.Ids(one=ID, many=[ID, uuid.UUID(int=0)], by_id={ID: 7}, number=8)
    data = serialize(ids, FACTORY)
    assert data == apache_ids()
    assert deserialize(IDS.Ids(), apache_ids(), FACTORY) == ids
    peer = TJSONProtocol(ApacheMemory(data))
    peer.readStructBegin()
    peer.readFieldBegin()
    assert peer.readUuid() == ID


def test_uuids_of_fields_that_are_not_known_are_passed_over():
    assert deserialize(IDS.Older(), apache_ids(), FACTORY) == IDS.Older(number=8)


@pytest.mark.parametrize("text", ["", "0123", "01234567-89ab-cdef-0123-456789abcdeg", "-" * 36])
def test_what_is_no_uuid_is_refused(text):
    for cls in (IDS.Ids, IDS.Older):
        with pytest.raises(TProtocolException) as caught:
            read('{"1":{"uid":"' + text + '"}}', cls)
        assert caught.value.type == TProtocolException.INVALID_DATA


# --- Errors tell the place -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"4":{"i32":"5"}}', "(at byte 12, in number)"),
        ('{"12":{"map":["i32","lst",1,{"1":["lst",1,["i32",1,null]]}]}}', "in nested[1][0][0])"),
        ('{"11":{"rec":{"1":{"i32":99999999999}}}}', "in leaf.n)"),
        ('{"9":{"lst":["i32",2,1]}}', "in numbers"),
    ],
)
def test_errors_tell_the_byte_and_the_path(text, place):
    with pytest.raises(TProtocolException, match=re.escape(place)):
        read(text)


# --- Short forms ---------------------------------------------------------------------------------


def test_encode_and_decode_take_the_factory():
    obj = Values(number=5, text="é", raw=b"\0")
    assert fastthrift.encode(obj, FACTORY) == serialize(obj, FACTORY)
    assert fastthrift.decode(Values, serialize(obj, FACTORY), FACTORY) == obj


def test_a_protocol_with_methods_of_its_own_is_asked_by_them():
    class Counting(TApacheJSONProtocol):
        structs = 0

        def read_struct(self, obj):
            self.structs += 1
            return super().read_struct(obj)

    ours, other = socket.socketpair()
    with ours, other:
        for sock in (ours, other):
            sock.settimeout(120)
        protocol = Counting(TBufferedTransport(TSocket(sock=other)))
        processor = TProcessor(Calls, Handler())
        thread = threading.Thread(target=processor.process, args=(protocol, protocol))
        thread.start()
        client = TClient(Calls, TApacheJSONProtocol(TBufferedTransport(TSocket(sock=ours))))
        assert client.echo("x") == "x"
        thread.join()
    assert protocol.structs == 1


def test_bare_values_are_read_and_written():
    trans = TMemoryBuffer()
    protocol = TApacheJSONProtocol(trans)
    protocol._write_val(TType.MAP, {1: "a"}, (TType.I32, TType.STRING))
    assert trans.getvalue() == b'["i32","str",1,{"1":"a"}]'
    assert protocol._read_val(TType.MAP, (TType.I32, TType.STRING)) == {1: "a"}


# --- Options and limits --------------------------------------------------------------------------


def test_options_of_strings():
    text = '{"7":{"str":"é"}}'
    assert read(text, decode_response=False).text == "é".encode()
    assert read(text, strict_decode=True).text == "é"
    with pytest.raises(TProtocolException, match="surrogate"):
        read('{"7":{"str":"\\udc80"}}', strict_decode=True)
    proto = TApacheJSONProtocolFactory(decode_response=False).get_protocol(None)
    assert proto.decode_response is False
    assert proto.strict_decode is False


def chain(depth, kind):
    obj = Chain()
    for _ in range(depth - 1):
        obj = Chain(inner=obj) if kind == "struct" else Chain(chains=[obj])
    return obj


@pytest.mark.parametrize(("kind", "deepest"), [("struct", 64), ("list", 32)])
def test_nesting_is_limited_on_all_ways(kind, deepest):
    fits = chain(deepest, kind)
    assert deserialize(Chain(), serialize(fits, FACTORY), FACTORY) == fits
    too_deep = chain(deepest + 1, kind)
    data = serialize(too_deep, TApacheJSONProtocolFactory(max_depth=100))
    attempts = [
        lambda: serialize(too_deep, FACTORY),
        lambda: deserialize(Chain(), data, FACTORY),
        lambda: deserialize(Leaf(), data, FACTORY),
        lambda: TApacheJSONProtocol(TMemoryBuffer(data)).skip(TType.STRUCT),
    ]
    for attempt in attempts:
        with pytest.raises(TProtocolException) as caught:
            attempt()
        assert isinstance(caught.value, RecursionError)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"1":' * 100_000])
def test_deep_json_does_not_exhaust_the_stack(text):
    with pytest.raises(TProtocolException) as caught:
        read(text)
    assert isinstance(caught.value, RecursionError)


def test_sizes_are_limited():
    text = serialize(Values(text="x" * 100), FACTORY)
    for options in ({"max_string_size": 99}, {"max_message_size": 99}):
        with pytest.raises(TProtocolException) as caught:
            read(text, **options)
        assert caught.value.type == TProtocolException.SIZE_LIMIT
    with pytest.raises(TProtocolException) as caught:
        read(b" " * 1000, max_message_size=99)
    assert caught.value.type == TProtocolException.SIZE_LIMIT


# --- Where a message ends ------------------------------------------------------------------------

TRICKY = [
    call("a", '{"1":{"i32":1}}'),
    call("b", '{"7":{"str":"]}\\"[{\\\\"}}', 2),
    b" \r\n\t" + call("c", "{}", 3),
    call("d", '{"7":{"str":"' + "é😀\\\\" * 5000 + '"}}', 4),
]


class Foreign:
    """A transport that tells nothing of what it holds, and gives at most `most` bytes."""

    def __init__(self, data, most):
        self.stream = io.BytesIO(data)
        self.most = most
        self.reads = 0

    def read(self, size):
        self.reads += 1
        return self.stream.read(min(size, self.most))


def names_in(trans):
    proto = TApacheJSONProtocol(trans)
    names = []
    for _ in TRICKY:
        names.append(proto.read_message_begin()[0])
        proto.read_struct(Values())
        proto.read_message_end()
    return names


@pytest.mark.difference("apache-json-connection")
def test_messages_follow_each_other():
    data = b"".join(TRICKY)
    assert names_in(TMemoryBuffer(data)) == list("abcd")
    for most in (1, 2, 7, 10**6):
        assert names_in(Foreign(data, most)) == list("abcd")
        assert names_in(TBufferedTransport(Foreign(data, most))) == list("abcd")
    frames = b"".join(struct.pack("!i", len(text)) + text for text in TRICKY)
    assert names_in(TFramedTransport(Foreign(frames, 10**6))) == list("abcd")


@pytest.mark.parametrize("text", TRICKY)
def test_nothing_behind_a_message_is_read(text):
    trans = Foreign(text + b"rest", 10**6)
    TApacheJSONProtocol(trans).read_message_begin()
    assert trans.stream.read() == b"rest"


def test_a_message_may_not_span_frames_by_halves():
    text = TRICKY[0]
    frames = b"".join(struct.pack("!i", 10) + text[at : at + 10] for at in range(0, 20, 10))
    with pytest.raises((TProtocolException, TTransportException)):
        names_in(TFramedTransport(Foreign(frames, 10**6)))


def test_large_messages_take_few_reads():
    size = 1 << 20
    data = serialize(Values(text="x" * size), FACTORY)
    trans = Foreign(data, 10**6)
    assert len(read_through(TBufferedTransport(trans)).text) == size
    assert trans.reads < size / 1000
    # And through a transport of which nothing is known, several bytes at a time.
    trans = Foreign(data, 10**6)
    assert len(read_through(trans).text) == size
    assert trans.reads < size / 2


def read_through(trans):
    return TApacheJSONProtocol(trans).read_struct(Values())


def test_skipped_messages_are_gone():
    proto = TApacheJSONProtocol(TMemoryBuffer(b"".join(TRICKY[:3])))
    proto.read_message_begin()
    proto.skip(TType.STRUCT)
    proto.read_message_end()
    assert proto.read_message_begin()[0] == "b"
    proto.read_message_end()
    assert proto.read_message_begin()[0] == "c"


def test_a_preloaded_message_is_the_next_one():
    proto = TApacheJSONProtocol(TMemoryBuffer(b"".join(TRICKY[:2])))
    proto._load_data()
    assert proto._req[1:4] == ["a", 1, 1]
    assert proto.read_message_begin()[0] == "a"
    assert proto.read_message_begin()[0] == "b"


# --- Calls over sockets --------------------------------------------------------------------------


class CountingHandler(Handler):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def add(self, a, b):
        self.calls += 1
        return a + b


def test_each_request_is_served_once_and_each_answer_is_its_own():
    handler = CountingHandler()
    server = make_server(handler, iprot_factory=FACTORY)
    with running(server) as port, client_of(port, proto_factory=FACTORY) as client:
        assert [client.add(number, 1) for number in range(20)] == list(range(1, 21))
        assert handler.calls == 20


def test_pipelined_requests_in_one_segment():
    handler = CountingHandler()
    server = make_server(handler, iprot_factory=FACTORY)
    requests = b"".join(call("add", f'{{"1":{{"i32":{n}}},"2":{{"i32":0}}}}', n) for n in range(9))
    with running(server) as port, socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(120)
        sock.sendall(requests)
        proto = TApacheJSONProtocol(TBufferedTransport(TSocket(sock=sock)))
        for number in range(9):
            assert proto.read_message_begin() == ("add", TMessageType.REPLY, number)
            result = Calls.add_result()
            proto.read_struct(result)
            assert result.success == number


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_unbuffered_sockets(size):
    """Client and server directly on the socket, whose reads may be short."""
    ours, other = socket.socketpair()
    with ours, other:
        for sock in (ours, other):
            sock.settimeout(120)

        def serve():
            proto = TApacheJSONProtocol(TSocket(sock=other))
            TProcessor(Calls, Handler()).process(proto, proto)

        thread = threading.Thread(target=serve)
        thread.start()
        client = TClient(Calls, TApacheJSONProtocol(TSocket(sock=ours)))
        assert client.echo("é" * size) == "é" * size
        thread.join()


PAIRS = [("fastthrift", "fastthrift"), ("fastthrift", "apache"), ("apache", "fastthrift")]


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize(("client", "server"), PAIRS)
def test_calls(client, server, transport):
    with (
        serving(server, "apache_json", transport) as port,
        connected(client, "apache_json", transport, port) as peer,
    ):
        for number in range(3):
            assert peer.call("subtract", 10, number) == 10 - number
        assert peer.call("echo_string", "Grüße 😀" * 1000) == "Grüße 😀" * 1000
        assert peer.call("echo_binary", bytes(range(256))) == bytes(range(256))
        assert peer.call("echo_map", [["k", Double.of(-0.0)]]) == [["k", Double.of(-0.0)]]
        assert peer.call("echo_enum", 4) == 4
        with pytest.raises(Declared) as declared:
            peer.call("fetch", "missing")
        assert declared.value.fields == {"key": "missing", "code": 404}
        peer.call("notify", "one")
        assert peer.call("notified") == ["one"]
        with pytest.raises(Application) as failed:
            peer.call("fail", "secret")
        assert failed.value.kind == 6
        assert peer.call("ping") == "pong"


def test_a_client_of_thriftpy2():
    # It takes its first answer for that of every later call, so a connection is for one.
    with serving("fastthrift", "apache_json", "buffered") as port:
        for _ in range(2):
            with connected("thriftpy2", "apache_json", "buffered", port) as peer:
                assert peer.call("subtract", 5, 3) == 2


def test_the_doubles_of_apaches_python_library_that_are_no_numbers():
    """It writes nan, inf and -inf without quotes, which is no JSON."""
    from thrift.protocol.TJSONProtocol import TJSONProtocol as ApacheProtocol
    from thrift.transport.TTransport import TMemoryBuffer as ApacheBuffer

    buffer = ApacheBuffer()
    writer = ApacheProtocol(buffer)
    special = [math.nan, math.inf, -math.inf, 1.5, -0.0]
    writer.writeStructBegin("Values")
    writer.writeFieldBegin("ratio", TType.DOUBLE, 6)
    writer.writeDouble(math.nan)
    writer.writeFieldEnd()
    writer.writeFieldBegin("text", TType.STRING, 7)
    writer.writeString("nan, inf: [inf]")
    writer.writeFieldEnd()
    writer.writeFieldBegin("ratios", TType.SET, 13)
    writer.writeSetBegin(TType.DOUBLE, len(special))
    for double in special:
        writer.writeDouble(double)
    writer.writeSetEnd()
    writer.writeFieldEnd()
    writer.writeFieldBegin("by_flag", TType.MAP, 14)
    writer.writeMapBegin(TType.BOOL, TType.DOUBLE, 2)
    for flag, double in ((True, math.inf), (False, -math.inf)):
        writer.writeBool(flag)
        writer.writeDouble(double)
    writer.writeMapEnd()
    writer.writeFieldEnd()
    writer.writeFieldStop()
    writer.writeStructEnd()
    assert b":nan" in buffer.getvalue()

    obj = read(buffer.getvalue())
    assert math.isnan(obj.ratio)
    assert obj.text == "nan, inf: [inf]"
    assert str(obj.ratios) == str(special)
    assert obj.by_flag == {True: math.inf, False: -math.inf}


@pytest.mark.parametrize("word", ["nano", "info", "NAN", "--inf", "+inf", "nan1"])
def test_words_that_only_look_like_such_doubles(word):
    with pytest.raises(TProtocolException):
        read('{"6":{"dbl":' + word + "}}")
