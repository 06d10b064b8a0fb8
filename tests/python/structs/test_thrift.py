"""Payload classes written by hand, the exceptions, and the small helpers of thriftpy2."""

import copy
import errno
import inspect
import pickle
import socket
import traceback

import pytest
from fastthrift import thrift
from fastthrift.protocol import (
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    binary,
    compact,
    cybin,
)
from fastthrift.protocol.cybin import ProtocolError
from fastthrift.protocol.exc import (
    TDepthLimitException,
    TEncodeException,
    TInvalidTextException,
    TMalformedDataException,
    TProtocolException,
    TTruncatedDataException,
)
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TDecodeException,
    TException,
    TMultiplexedProcessor,
    TPayload,
    TProcessor,
    TProcessorFactory,
    TType,
    args_to_kwargs,
    gen_init,
    init_func_generator,
    parse_spec,
)
from fastthrift.transport import TMemoryBuffer, TTransportBase, TTransportException
from fastthrift.transport.base import (
    TTransportBrokenPipe,
    TTransportConnectionReset,
    TTransportTimeout,
    readall,
)
from fastthrift.utils import deserialize, hexlify, hexprint, serialize
from support.rpc import Calls, module


class Point(TPayload):
    thrift_spec = {1: (TType.I32, "x", False), 2: (TType.I32, "y", False)}  # noqa: RUF012
    default_spec = [("x", 0), ("y", None)]  # noqa: RUF012


class Color:
    _VALUES_TO_NAMES = {1: "RED"}  # noqa: RUF012


class Shape(TPayload):
    thrift_spec = {  # noqa: RUF012
        1: (TType.STRING, "name", False),
        2: (TType.LIST, "points", (TType.STRUCT, Point), False),
        3: (TType.MAP, "tags", (TType.STRING, (TType.LIST, TType.I32)), False),
    }
    default_spec = [("name", None), ("points", [Point(1, 2)]), ("tags", {"a": [1]})]  # noqa: RUF012


class Oops(TException):
    thrift_spec = {1: (TType.STRING, "text", False)}  # noqa: RUF012
    default_spec = [("text", "oops")]  # noqa: RUF012


def test_generated_init():
    assert str(inspect.signature(Point)) == "(x=0, y=None)"
    assert Point.__init__.__qualname__ == "Point.__init__"
    assert Point(1, y=2).__dict__ == {"x": 1, "y": 2}
    assert list(Shape().__dict__) == ["name", "points", "tags"]
    with pytest.raises(TypeError, match="z"):
        Point(z=1)
    assert not hasattr(Point, "default_spec")


def test_generated_init_shows_its_source_in_tracebacks():
    class Careful(TPayload):
        default_spec = [("level", 1)]  # noqa: RUF012

        def __setattr__(self, name, value):
            raise ValueError(name)

    try:
        Careful()
    except ValueError:
        assert "self.level = level" in traceback.format_exc()
    else:
        pytest.fail("no error")


def test_names_that_the_generated_code_uses_itself():
    class Awkward(TPayload):
        default_spec = [("self", 1), ("fresh", []), ("defaults", [2]), ("_self", 3)]  # noqa: RUF012

    awkward = Awkward()
    assert awkward.__dict__ == {"self": 1, "fresh": [], "defaults": [2], "_self": 3}
    assert awkward.defaults is not Awkward().defaults


def test_mutable_defaults_are_not_shared():
    one, other = Shape(), Shape()
    one.points[0].x = 99
    one.points.append(Point())
    one.tags["a"].append(2)
    assert other == Shape(None, [Point(1, 2)], {"a": [1]})
    given = []
    assert Shape(points=given).points is given


def test_gen_init():
    class Bare(TPayload):
        pass

    spec = {1: (TType.I32, "x", False)}
    assert gen_init(Bare, spec, [("x", 5)]) is Bare
    assert Bare.thrift_spec is spec
    assert Bare().x == 5
    assert gen_init(Bare) is Bare
    assert init_func_generator(Bare, None)(Bare()) is None


def test_payload_is_compared_and_hashed_by_value():
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2)
    assert hash(Shape()) == hash(Shape())
    assert len({Point(1, 2), Point(1, 2), Point(2, 1)}) == 2
    assert hash(Shape(tags={"a": {1, 2}})) == hash(Shape(tags={"a": {2, 1}}))
    point = Point(1, 2)
    point.extra = True
    assert point != Point(1, 2)


def test_payload_repr_and_copies():
    assert repr(Point(1)) == str(Point(1)) == "Point(x=1, y=None)"
    for copied in (copy.deepcopy(Shape("a")), pickle.loads(pickle.dumps(Shape("a")))):
        assert copied == Shape("a")
        assert type(copied) is Shape


def test_payload_reads_and_writes_by_any_object():
    class Protocol:
        def read_struct(self, obj):
            obj.x = 42

        def write_struct(self, obj):
            self.written = obj

    protocol, point = Protocol(), Point()
    point.read(protocol)
    assert point.x == 42
    point.write(protocol)
    assert protocol.written is point


@pytest.mark.parametrize("factory", [TBinaryProtocolFactory(), TCompactProtocolFactory()])
def test_thrift_spec_can_be_changed_at_any_time(factory):
    class Changing(TPayload):
        thrift_spec = {1: (TType.I32, "a", False)}  # noqa: RUF012

    class Derived(Changing):
        pass

    objects = Changing(), Derived()
    for obj in objects:
        obj.a = obj.b = 7
        before = serialize(obj, factory)
        assert deserialize(type(obj)(), before, factory).__dict__ == {"a": 7}
    Changing.thrift_spec = {1: (TType.I32, "b", False), 2: (TType.I32, "a", False)}
    for obj in objects:
        after = serialize(obj, factory)
        assert deserialize(type(obj)(), after, factory).__dict__ == {"a": 7, "b": 7}
    Derived.thrift_spec = {5: (TType.STRING, "c", False)}
    objects[1].c = "c"
    assert deserialize(Derived(), serialize(objects[1], factory), factory).__dict__ == {"c": "c"}
    del Derived.thrift_spec
    assert serialize(objects[1], factory) == serialize(objects[0], factory)


def test_two_loaded_structs_as_bases():
    with pytest.raises(TypeError, match="cannot inherit from Person and Phone"):
        type(module.Person)("Both", (module.Person, module.Phone), {})


def test_loaded_struct_as_a_base():
    class Customer(module.Person):
        def greet(self):
            return "Dear " + self.name

    customer = Customer(name="Ann", phones=[module.Phone("1")])
    assert customer.greet() == "Dear Ann"
    assert deserialize(Customer(), serialize(customer)) == customer


def test_exceptions_are_compared_by_identity():
    one, other = Oops("a"), Oops("a")
    assert one == one
    assert one != other
    assert len({one, other}) == 2
    assert str(one) == repr(one) == "Oops(text='a')"
    assert isinstance(one, Exception)
    assert TException("text").args == ("text",)
    assert deserialize(Oops(), serialize(Oops("b"))).text == "b"


def test_args_to_kwargs():
    spec = {2: (TType.I32, "b", True), 1: (TType.I32, "a", False)}
    assert args_to_kwargs(spec, 1, 2) == {"b": 1, "a": 2}
    assert args_to_kwargs(spec, 1, None) == {"b": 1}
    assert args_to_kwargs(spec, b=None, a=3) == {"b": None, "a": 3}
    with pytest.raises(ValueError, match=r"^b$"):
        args_to_kwargs(spec, a=1)
    with pytest.raises(TypeError, match=r"takes 2 positional arguments \(b, a\) but 3"):
        args_to_kwargs(spec, 1, 2, 3)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ((TType.I32,), "I32"),
        ((TType.STRUCT, Point), "Point"),
        ((TType.LIST, TType.STRING), "LIST<STRING>"),
        ((TType.SET, (TType.LIST, TType.I64)), "SET<LIST<I64>>"),
        ((TType.MAP, (TType.STRING, (TType.STRUCT, Point))), "MAP<STRING, Point>"),
        ((TType.I32, Color), "I32 (enum Color)"),
        ((TType.LIST, (TType.I32, Color)), "LIST<I32 (enum Color)>"),
        ((16,), "UUID"),
        ((TType.LIST, 16), "LIST<UUID>"),
    ],
)
def test_parse_spec(spec, text):
    assert parse_spec(*spec) == text


def test_decode_exception_text():
    error = TDecodeException("Shape", 2, "points", "no", TType.LIST, (TType.STRUCT, Point))
    assert str(error) == (
        "Field 'points(2)' of 'Shape' needs type 'LIST<Point>', but the value is `'no'`"
    )
    assert (error.struct_name, error.fid, error.field, error.value) == ("Shape", 2, "points", "no")
    long = TDecodeException("S", 1, "f", "x" * 10_000_000, TType.I32)
    assert len(str(long)) < 2000


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (TApplicationException.UNKNOWN, "Default (unknown) TApplicationException"),
        (TApplicationException.UNKNOWN_METHOD, "Unknown method"),
        (TApplicationException.INVALID_MESSAGE_TYPE, "Invalid message type"),
        (TApplicationException.WRONG_METHOD_NAME, "Wrong method name"),
        (TApplicationException.BAD_SEQUENCE_ID, "Bad sequence ID"),
        (TApplicationException.MISSING_RESULT, "Missing result"),
        (TApplicationException.INTERNAL_ERROR, "Default (unknown) TApplicationException"),
    ],
)
def test_application_exception_text(kind, text):
    assert str(TApplicationException(kind)) == text
    assert str(TApplicationException(kind, "own text")) == "own text"


def test_protocol_exception_text():
    assert str(TProtocolException()) == "Unknown protocol exception"
    assert str(TProtocolException(TProtocolException.BAD_VERSION)) == "Bad version"
    assert str(TProtocolException(99)) == "Default (unknown) TProtocolException"
    assert str(TProtocolException(1, "own text")) == "own text"


INVALID_TEXT = UnicodeDecodeError("utf-8", b"a\xff", 1, 2, "invalid start byte")


@pytest.mark.parametrize(
    ("error", "classes"),
    [
        (TMalformedDataException(1, "m"), (TProtocolException, ProtocolError)),
        (TDepthLimitException(3, "m"), (TProtocolException, RecursionError)),
        (
            TTruncatedDataException(4, "m"),
            (TTransportException, TProtocolException, EOFError),
        ),
        (
            TInvalidTextException(INVALID_TEXT, " (at byte 9)"),
            (TProtocolException, ProtocolError, UnicodeDecodeError),
        ),
        (
            TEncodeException("S", 1, "f", "v", TType.I32, None, "a.f", "too big"),
            (TDecodeException, TProtocolException),
        ),
        (TTransportTimeout(message="m"), (TTransportException, TimeoutError, socket.timeout)),
        (TTransportConnectionReset(), (TTransportException, ConnectionResetError, OSError)),
        (TTransportBrokenPipe(), (TTransportException, BrokenPipeError, OSError)),
        (TApplicationException(6, "m"), (TException,)),
        (TTransportException(4, "m"), (TException,)),
        (Oops("m"), (TException,)),
    ],
)
def test_errors_are_what_callers_catch_and_survive_pickle(error, classes):
    for kind in classes:
        assert isinstance(error, kind)
    assert isinstance(error, TException)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)


def test_what_errors_tell():
    assert TTruncatedDataException(message="m").type == TTransportException.END_OF_FILE
    assert str(TTruncatedDataException(4, "m")) == "m"
    assert TTransportTimeout().type == TTransportException.TIMED_OUT
    assert TTransportConnectionReset().errno == errno.ECONNRESET
    invalid = TInvalidTextException(INVALID_TEXT, " (at byte 9)")
    assert str(invalid) == (
        "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte (at byte 9)"
    )
    assert (invalid.start, invalid.object) == (1, b"a\xff")
    encode = TEncodeException("S", 1, "f", "v", TType.I32, None, "a.f", "too big")
    text = "Field 'f(1)' of 'S' needs type 'I32', but the value is `'v'`"
    assert str(encode) == text + " (a.f: too big)"
    assert encode.message == text + " (in a.f): too big"


def test_errors_of_the_codec():
    with pytest.raises(TTruncatedDataException):
        deserialize(Point(), serialize(Point(1, 2))[:-1])
    with pytest.raises(TMalformedDataException):
        deserialize(Shape(), b"\x0b\x00\x01\xff\xff\xff\xff")
    with pytest.raises(TEncodeException) as caught:
        serialize(Shape("s", [Point(1), Point("x")]))
    assert caught.value.path == "points[1].x"
    strict = TBinaryProtocolFactory(strict_decode=True)
    with pytest.raises(TInvalidTextException):
        deserialize(Shape(), b"\x0b\x00\x01\x00\x00\x00\x01\xff\x00", strict)


def test_readall():
    chunks = [b"ab", b"c", b"def"]
    assert readall(lambda size: chunks.pop(0)[:size], 5) == b"abcde"
    assert readall(lambda size: pytest.fail("read"), 0) == b""
    with pytest.raises(TTransportException, match="End of file reading") as caught:
        readall(lambda size: b"", 1)
    assert caught.value.type == TTransportException.END_OF_FILE


def test_transport_written_in_python():
    class Drops(TTransportBase):
        """Gives its bytes one by one."""

        def __init__(self, data):
            self.data = bytearray(data)

        def _read(self, sz):
            return bytes([self.data.pop(0)])

    data = serialize(Shape("a", [Point(1, 2)])) + b"next"
    transport = Drops(data)
    shape = Shape()
    TBinaryProtocol(transport).read_struct(shape)
    assert shape == Shape("a", [Point(1, 2)])
    assert transport.read(4) == b"next"


class Pipe:
    """Has read and write, and is no transport of ours."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += bytes(data)

    def flush(self):
        pass

    def read(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        assert len(taken) == size
        return taken


@pytest.mark.parametrize(
    ("ttype", "value", "spec", "data"),
    [
        (TType.BOOL, True, None, b"\x01"),
        (TType.I08, -2, None, b"\xfe"),
        (TType.I16, 258, None, b"\x01\x02"),
        (TType.I32, -1, None, b"\xff\xff\xff\xff"),
        (TType.I64, 1, None, b"\0\0\0\0\0\0\0\x01"),
        (TType.DOUBLE, 1.0, None, b"\x3f\xf0\0\0\0\0\0\0"),
        (TType.STRING, "é", None, b"\0\0\0\x02\xc3\xa9"),
        (TType.BINARY, b"\xff", None, b"\0\0\0\x01\xff"),
        (TType.LIST, [1, 2], TType.I16, b"\x06\0\0\0\x02\0\x01\0\x02"),
        (TType.MAP, {"a": [1]}, (TType.STRING, (TType.LIST, TType.BYTE)),
         b"\x0b\x0f\0\0\0\x01\0\0\0\x01a\x03\0\0\0\x01\x01"),
        (TType.STRUCT, Point(1), Point, b"\x08\0\x01\0\0\0\x01\0"),
    ],
)  # fmt: skip
def test_bare_values_in_binary(ttype, value, spec, data):
    pipe = Pipe()
    binary.write_val(pipe, ttype, value, spec)
    assert pipe.data == data
    pipe.write(b"next")
    assert binary.read_val(pipe, ttype, spec) == value
    assert pipe.data == b"next"
    pipe.data = data + b"next"
    binary.skip(pipe, ttype)
    assert pipe.data == b"next"
    cybin.write_val(pipe, ttype, value, spec)
    assert pipe.data == b"next" + data


def test_bare_values_and_their_options():
    data = b"\0\0\0\x01\xff"

    def pipe():
        made = Pipe()
        made.data = data
        return made

    assert binary.read_val(pipe(), TType.STRING) == b"\xff"
    assert cybin.read_val(pipe(), TType.STRING) == b"\xff"
    with pytest.raises(UnicodeDecodeError):
        binary.read_val(pipe(), TType.STRING, strict_decode=True)
    nested = [[[]]]
    spec = (TType.LIST, (TType.LIST, TType.I32))
    deep = Pipe()
    binary.write_val(deep, TType.LIST, nested, spec, budget=3)
    with pytest.raises(RecursionError):
        binary.write_val(Pipe(), TType.LIST, nested, spec, budget=2)
    with pytest.raises(RecursionError):
        binary.read_val(deep, TType.LIST, spec, budget=2)
    with pytest.raises(RecursionError, match="exceeded here"):
        binary.check_depth(0, " here")
    assert binary.check_depth(1, " here") is None


def test_pieces_of_binary_messages():
    pipe = Pipe()
    binary.write_message_begin(pipe, "add", 1, 7)
    assert pipe.data == b"\x80\x01\x00\x01\0\0\0\x03add\0\0\0\x07"
    assert binary.read_message_begin(pipe) == ("add", 1, 7)
    binary.write_message_begin(pipe, "add", 1, 7, strict=False)
    assert pipe.data == b"\0\0\0\x03add\x01\0\0\0\x07"
    assert binary.read_message_begin(pipe, strict=False) == ("add", 1, 7)
    binary.write_field_begin(pipe, TType.BINARY, 5)
    binary.write_field_stop(pipe)
    assert binary.read_field_begin(pipe) == (TType.STRING, 5)
    assert binary.read_field_begin(pipe) == (TType.STOP, 0)
    binary.write_list_begin(pipe, TType.BINARY, 3)
    assert binary.read_list_begin(pipe) == (TType.STRING, 3)
    binary.write_map_begin(pipe, TType.BINARY, TType.I32, 3)
    assert binary.read_map_begin(pipe) == (TType.STRING, TType.I32, 3)
    pipe.write(serialize(Point(1, 2)))
    point = Point()
    binary.read_struct(pipe, point)
    assert point == Point(1, 2)
    assert pipe.data == b""


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("i8", -1, b"\xff"),
        ("i16", 258, b"\x01\x02"),
        ("i32", 258, b"\0\0\x01\x02"),
        ("i64", -2, b"\xff\xff\xff\xff\xff\xff\xff\xfe"),
        ("double", 0.5, b"\x3f\xe0\0\0\0\0\0\0"),
    ],
)
def test_packed_numbers(name, value, data):
    assert getattr(binary, "pack_" + name)(value) == data
    assert getattr(binary, "unpack_" + name)(data) == value


def test_packed_string():
    assert binary.pack_string(b"abc") == b"\0\0\0\x03abc"


@pytest.mark.parametrize(
    ("number", "data"),
    [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02"),
     (2**64 - 1, b"\xff" * 9 + b"\x01")],
)  # fmt: skip
def test_varints(number, data):
    pipe = Pipe()
    compact.write_varint(pipe, number)
    assert pipe.data == data
    assert compact.read_varint(pipe) == number


def test_varints_that_are_none():
    pipe = Pipe()
    pipe.data = b"\xff" * 11
    with pytest.raises(TProtocolException, match="longer than 10 bytes"):
        compact.read_varint(pipe)
    with pytest.raises(TProtocolException, match="-1"):
        compact.write_varint(pipe, -1)


def test_zig_zag():
    for number, mapped in [(0, 0), (-1, 1), (1, 2), (-(2**31), 2**32 - 1), (2**31 - 1, 2**32 - 2)]:
        assert compact.make_zig_zag(number, 32) == mapped
        assert compact.from_zig_zag(mapped) == number
    for bits in (8, 16, 32, 64):
        assert compact.check_integer_limits(-(2 ** (bits - 1)), bits) is None
        with pytest.raises(TProtocolException, match=f"i{bits} requires -"):
            compact.make_zig_zag(2 ** (bits - 1), bits)


def test_compact_types():
    assert compact.CTYPES[TType.BINARY] == compact.CompactType.BINARY
    assert compact.TTYPES[compact.CompactType.FALSE] == TType.BOOL
    assert compact.TTYPES[compact.CTYPES[TType.MAP]] == TType.MAP
    assert compact.TCompactProtocol is TCompactProtocol


def test_hex(capsys):
    assert hexlify(b"\x00\xff\x10") == "00 ff 10"
    assert hexlify(b"\x00\xff", ":") == "00:ff"
    assert hexlify(b"") == ""
    hexprint(bytes(range(12)))
    assert capsys.readouterr().out == (
        f"Bytes:\n{bytes(range(12))}\n\nHex:\n00 01 02 03 04 05 06 07 08 09\n0a 0b\n"
    )


def test_processor_by_itself():
    """Without a server: what `process` reads, writes and raises."""

    class Adder:
        def add(self, a, b):
            return a + b

        def fail(self, secret):
            raise KeyError(secret)

    def run(name, seqid=1, **values):
        request, reply = TMemoryBuffer(), TMemoryBuffer()
        call = TBinaryProtocol(request)
        call.write_message_begin(name, thrift.TMessageType.CALL, seqid)
        args = getattr(Calls, name + "_args", Calls.nothing_args)()
        args.__dict__.update(values)
        args.write(call)
        call.write_message_end()
        TProcessor(Calls, Adder()).process(call, TBinaryProtocol(reply))
        protocol = TBinaryProtocol(reply)
        return protocol.read_message_begin(), protocol

    header, protocol = run("add", 5, a=1, b=2)
    assert header == ("add", thrift.TMessageType.REPLY, 5)
    result = Calls.add_result()
    result.read(protocol)
    assert result.success == 3
    header, protocol = run("missing")
    assert header == ("missing", thrift.TMessageType.EXCEPTION, 1)
    with pytest.raises(KeyError):
        run("fail", secret="x")


def test_declared_exception_goes_to_the_first_field_that_takes_it():
    result = Calls.check_result()
    processor = TProcessor(Calls, None)
    assert processor.handle_exception(module.Refused(code=1), result) is True
    assert result.refused.code == 1
    assert result.missing is None
    assert processor.handle_exception(ValueError(), result) is False


def test_processor_factory():
    factory = TProcessorFactory(TProcessor, Calls, handler="handler")
    one, other = factory.get_processor(), factory.get_processor()
    assert one is not other
    assert one._handler == "handler"
    assert isinstance(TProcessorFactory(TMultiplexedProcessor).get_processor(), TProcessor)


def test_client_that_was_not_initialised():
    with pytest.raises(AttributeError):
        _ = TClient.__new__(TClient).anything
