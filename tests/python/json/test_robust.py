"""Both JSON protocols on damaged messages: every error is one of Thrift's, and nothing hangs."""

from __future__ import annotations

import io
import json
import random
import re
import struct

import fastthrift
import pytest
from fastthrift.protocol import TApacheJSONProtocolFactory, TJSONProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TMessageType, TType
from fastthrift.transport import TBufferedTransport, TMemoryBuffer, TTransportException
from fastthrift.utils import deserialize
from support import samples
from support.values import build

CASES = fastthrift.load(str(samples.IDL))
FACTORIES = {"json": TJSONProtocolFactory(), "apache_json": TApacheJSONProtocolFactory()}


def message(name, obj=None):
    trans = TMemoryBuffer()
    proto = FACTORIES[name].get_protocol(trans)
    proto.write_message_begin("method", TMessageType.CALL, 1)
    proto.write_struct(obj or build(CASES.After, samples.RICH))
    proto.write_message_end()
    return trans.getvalue()


def attempt(name, data, skip=False):
    """Read a message; the text of the error, if it is one that callers expect."""
    proto = FACTORIES[name].get_protocol(TMemoryBuffer(data))
    try:
        proto.read_message_begin()
        if skip:
            proto.skip(TType.STRUCT)
        else:
            proto.read_struct(CASES.After())
        proto.read_message_end()
    except (TProtocolException, TTransportException) as error:
        return str(error)
    return None


def sized(name, text):
    return struct.pack("!I", len(text)) + text if name == "json" else text


def text_of(name, obj=None):
    data = message(name, obj)
    return data[4:] if name == "json" else data


@pytest.mark.parametrize("name", FACTORIES)
def test_every_short_message_is_an_error(name):
    data = message(name)
    assert attempt(name, data) is None
    for size in range(len(data)):
        assert attempt(name, data[:size]) is not None, size
        if name == "json" and size >= 4:
            # As long as it says, but with half a text.
            assert attempt(name, sized(name, data[4:size])) is not None, size


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("name", FACTORIES)
def test_changed_bytes_raise_nothing_else(name, skip):
    text = text_of(name)
    chance = random.Random(1)
    interesting = b'"\\[]{},:0123456789-+.eE ntf\0\xff\x80'
    for _ in range(3000):
        damaged = bytearray(text)
        for _ in range(chance.randrange(1, 4)):
            position = chance.randrange(len(damaged))
            what = chance.randrange(3)
            if what == 0:
                damaged[position] = chance.choice(interesting)
            elif what == 1:
                del damaged[position : position + chance.randrange(1, 20)]
            else:
                damaged[position:position] = bytes([chance.choice(interesting)])
        attempt(name, sized(name, bytes(damaged)), skip)


VALUES = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    1e400,
    "",
    "x",
    "1",
    [],
    [1],
    {},
    {"1": 1},
    [[]],
    ["str", 0],
]


def places(data):
    """The containers of parsed JSON, with the keys or indexes in each."""
    found = []
    waiting = [data]
    while waiting:
        value = waiting.pop()
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        found += [(value, key) for key in keys]
        waiting += [value[key] for key in keys if isinstance(value[key], (dict, list))]
    return found


@pytest.mark.parametrize("name", FACTORIES)
def test_changed_values_raise_nothing_else(name):
    # Only what is JSON: a struct as the key of a map is not.
    obj = build(CASES.After, samples.RICH)
    obj.f.by_point = None
    data = json.loads(text_of(name, obj))
    for container, key in places(data):
        before = container[key]
        for value in VALUES:
            container[key] = value
            attempt(name, sized(name, json.dumps(data).encode()))
        container[key] = before
    assert attempt(name, sized(name, json.dumps(data).encode())) is None


class Once:
    """Gives what it has, as any object with a ``read`` does."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def read(self, size):
        return self.data.read(size)


BEHIND = ["", " ", "\n", "x", "]", "}", "}}", "{", ",", ":", '"', "\0", '{"1":{"i32":1}}', ',"1":1']


@pytest.mark.parametrize("behind", BEHIND)
def test_what_is_behind_a_struct_is_no_part_of_it(behind):
    factory = FACTORIES["apache_json"]
    point = CASES.Point(x=1, y=2)
    text = fastthrift.encode(point, factory)
    data = text + behind.encode()
    assert fastthrift.decode(CASES.Point, data, factory) == point
    assert fastthrift.decode(CASES.Point, data, factory, only=["x"]) == CASES.Point(x=1)
    assert deserialize(CASES.Point(), data, factory) == point
    for trans in (TMemoryBuffer(data), Once(data), TBufferedTransport(Once(data))):
        assert factory.get_protocol(trans).read_struct(CASES.Point()) == point
    trans = TMemoryBuffer(data)
    factory.get_protocol(trans).skip(TType.STRUCT)
    assert trans.read(len(behind)).decode() == behind


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("behind", [',"1":{"i32":1}}]', "}]", ":1]"])
def test_a_message_has_nothing_behind_its_struct(behind, skip):
    text = message("apache_json", CASES.After())
    error = f"'{behind[0]}' where ']' must be"
    damaged = text[:-1] + behind.encode()
    assert error in attempt("apache_json", damaged, skip)
    with pytest.raises(TProtocolException, match=re.escape(error)):
        fastthrift.decode(CASES.After, damaged, FACTORIES["apache_json"])
