"""A set that is given as a list may hold an element twice: each is written once."""

from __future__ import annotations

import io
import struct
import sys

import fastthrift
import pytest
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TBinaryProtocol,
    TCompactProtocol,
    TJSONProtocol,
)
from fastthrift.protocol.exc import TEncodeException, TFrameSizeException
from fastthrift.transport import TFramedTransport, TMemoryBuffer, TTransportException
from support import children

IDL = """
struct Leaf { 1: i32 n, 2: string text }
struct Sets {
    1: set<string> names, 2: set<i32> numbers, 3: set<double> ratios, 4: set<Leaf> leaves,
    5: set<list<i32>> lists, 6: set<map<string, i32>> maps, 7: set<binary> pieces,
    8: set<bool> flags, 9: set<i64> bigs, 10: list<string> listed, 11: list<set<i32>> grid,
}
"""
module = fastthrift.load_fp(io.StringIO(IDL), "values_sets_thrift")
Sets, Leaf = module.Sets, module.Leaf
PROTOCOLS = [TBinaryProtocol, TCompactProtocol, TJSONProtocol, TApacheJSONProtocol]


def write(obj, protocol):
    buffer = TMemoryBuffer()
    protocol(buffer).write_struct(obj)
    return buffer.getvalue()


def round_trip(obj, protocol):
    return protocol(TMemoryBuffer(write(obj, protocol))).read_struct(type(obj)())


@pytest.mark.parametrize("count", [1, 3, 8, 9, 14, 15, 200, 3000])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.difference("set-elements-once")
def test_each_element_is_written_once_and_in_order(protocol, count: int) -> None:
    numbers = [number * 7919 for number in range(count)]
    given = {
        "names": [str(number) for number in numbers],
        "numbers": numbers,
        "bigs": [number << 32 for number in numbers],
        "ratios": [number + 0.5 for number in numbers],
        "leaves": [Leaf(number, "x" * (number % 50)) for number in numbers],
        "lists": [[number] * 3 for number in numbers],
        "maps": [{str(number): number} for number in numbers],
        "pieces": [bytes(str(number), "ascii") for number in numbers],
    }
    for name, elements in given.items():
        once = write(Sets(**{name: elements}), protocol)
        for twice in (elements + elements, [*elements, elements[0]], tuple(elements * 3)):
            assert write(Sets(**{name: twice}), protocol) == once, name
        assert getattr(round_trip(Sets(**{name: elements * 2}), protocol), name) == elements


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.difference("set-elements-once")
def test_elements_are_equal_when_what_is_written_of_them_is(protocol) -> None:
    nan = float("nan")
    sets = Sets(names=["a", b"a", "b"], flags=[1, True, 0], ratios=[1, 1.0, nan, -nan, 0.0, -0.0])
    read = round_trip(sets, protocol)
    assert read.names == ["a", "b"]
    assert read.flags == [True, False]
    assert read.ratios[0] == 1
    assert str(read.ratios[-2:]) == "[0.0, -0.0]"
    assert round_trip(Sets(grid=[[1, 1], [], [2]]), protocol).grid == [[1], [], [2]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_lists_and_sets_stay_as_they_are(protocol) -> None:
    sets = Sets(names={"a"}, numbers=frozenset([1]), listed=["a", "a"], bigs=[])
    read = round_trip(sets, protocol)
    assert (read.names, read.numbers, read.listed, read.bigs) == (["a"], [1], ["a", "a"], [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_element_that_does_not_fit_is_named_by_its_place(protocol) -> None:
    with pytest.raises(TEncodeException) as caught:
        write(Sets(numbers=[1, 1, "x"]), protocol)
    assert caught.value.path == "numbers[2]"


WITHOUT_MEMORY = """
import io, resource, fastthrift
module = fastthrift.load_fp(io.StringIO("struct Sets { 1: set<binary> pieces }"), "sets_thrift")
piece = bytes(40 << 20)
sets = module.Sets([piece] * 20)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (250 << 20),) * 2)
for protocol in ("binary", "compact"):
    try:
        fastthrift.encode(sets, protocol)
    except MemoryError as error:
        print(error)
"""


@pytest.mark.uninstrumented
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")
def test_a_set_that_does_not_fit_into_memory() -> None:
    result = children.run("-c", WITHOUT_MEMORY, text=True)
    assert result.stdout == "the message does not fit into memory\n" * 2, result.stderr[-2000:]


def test_a_set_behind_other_messages_in_one_buffer() -> None:
    buffer = TMemoryBuffer()
    for protocol in (TBinaryProtocol, TCompactProtocol):
        for _ in range(3):
            protocol(buffer).write_struct(Sets(numbers=[5, 5], listed=["x"]))
        for _ in range(3):
            assert protocol(buffer).read_struct(Sets()) == Sets(numbers=[5], listed=["x"])


@pytest.mark.parametrize("protocol", [TBinaryProtocol, TCompactProtocol])
def test_a_frame_that_ends_inside_a_value_is_told(protocol) -> None:
    message = write(Sets(names=["first", "second"]), protocol)
    for end in range(1, len(message)):
        frame = struct.pack("!i", end) + message[:end]
        for behind in (b"", frame):
            trans = TFramedTransport(TMemoryBuffer(frame + behind))
            with pytest.raises(TFrameSizeException, match="the frame ended inside a value"):
                protocol(trans).read_struct(Sets())
    with pytest.raises(TTransportException) as caught:
        protocol(TFramedTransport(TMemoryBuffer(b""))).read_struct(Sets())
    assert "frame ended" not in str(caught.value)
