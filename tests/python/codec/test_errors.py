"""Errors about values and arguments say what was found, where, and what is needed."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys

import fastthrift
import pytest
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TBinaryProtocol,
    TCompactProtocol,
    TJSONProtocol,
)
from fastthrift.protocol.exc import (
    TEncodeException,
    TMalformedDataException,
    TProtocolException,
    TTruncatedDataException,
)
from fastthrift.thrift import TApplicationException
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.utils import deserialize, serialize

IDL = """
enum Color { RED = 1 }
struct Item { 1: double price, 2: Color color, 3: list<Color> colors, 4: string name }
struct Order { 1: list<Item> items, 2: map<string, Item> by_name }
"""
module = fastthrift.load_fp(io.StringIO(IDL), "values_errors_thrift")
Item, Order = module.Item, module.Order
PROTOCOLS = [TBinaryProtocol, TCompactProtocol, TJSONProtocol, TApacheJSONProtocol]


def failure(obj, protocol):
    with pytest.raises(TEncodeException) as caught:
        protocol(TMemoryBuffer()).write_struct(obj)
    return caught.value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.difference("encode-errors")
def test_the_text_has_the_place_and_the_reason(protocol) -> None:
    error = failure(Order([Item(1.0), Item([])]), protocol)
    assert "items[1].price: needs a float, not list" in str(error)
    assert str(error).startswith("Field 'price(1)' of 'Item' needs type 'DOUBLE', but the value")
    assert error.message.startswith("Field 'price(1)' of 'Item' needs type 'DOUBLE', but the value")
    assert "(in items[1].price): needs a" in error.message
    error = failure(Order(by_name={"a": Item(name=Item())}), protocol)
    assert "by_name['a'].name: needs a str, not Item" in str(error)
    error = failure(Order(items=5), protocol)
    assert "items: needs a list, set or tuple, not int" in str(error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (Order([Item(color=1 << 31)]), "items[0].color: out of range"),
        (Order([Item(color=1.5)]), "items[0].color: has a fraction"),
        (Order([Item(color=float("inf"))]), "items[0].color: needs a whole number, not float"),
        (Order([Item(color=float("nan"))]), "items[0].color: needs a whole number, not float"),
        (Order([Item(color="RED")]), "items[0].color: needs an int, not str"),
        (Order([Item(color=object())]), "items[0].color: needs an int, not object"),
        (Order([Item(price=10**400)]), "items[0].price: out of range"),
        (Order([Item(price="cheap")]), "items[0].price: needs a float, not str"),
        (Order([None]), "items[0]: needs a struct, not None"),
    ],
)
def test_every_protocol_tells_it_in_the_same_words(order, reason, protocol) -> None:
    assert str(failure(order, protocol)).endswith(f"({reason})")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.difference("class-for-struct")
def test_a_class_is_no_struct(protocol) -> None:
    error = failure(Order(items=[Item]), protocol)
    assert "items[0]: needs a struct, not the class Item" in str(error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_enum_is_named(protocol) -> None:
    assert "needs type 'I32 (enum Color)'" in str(failure(Item(color="RED"), protocol))
    assert "needs type 'LIST<I32 (enum Color)>'" in str(failure(Item(colors=["RED"]), protocol))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: fastthrift.encode(None), "encode() argument 'obj' must be a struct, not None"),
        (lambda: fastthrift.encode(5), "encode() argument 'obj' must be a struct, not int"),
        (
            lambda: fastthrift.encode(Order),
            "encode() argument 'obj' must be a struct, not the class Order: make an object of it",
        ),
        (
            lambda: fastthrift.decode(b"", Order),
            "decode() argument 'cls' must be a struct class, not bytes",
        ),
        (
            lambda: fastthrift.decode(Order(), b"\0"),
            "decode() argument 'cls' must be a struct class, not Order object",
        ),
        (
            lambda: fastthrift.decode(int, b"\0"),
            "decode() argument 'cls' must be a struct class, not the class int",
        ),
        (
            lambda: fastthrift.decode(Order, "abc"),
            "decode() argument 'buffer' must be bytes or another buffer, not str",
        ),
        (
            lambda: fastthrift.decode(Order, None),
            "decode() argument 'buffer' must be bytes or another buffer, not None",
        ),
        (
            lambda: serialize(None),
            "serialize() argument 'thrift_object' must be a struct, not None",
        ),
        (
            lambda: serialize(Order),
            "serialize() argument 'thrift_object' must be a struct, not the class Order",
        ),
        (
            lambda: deserialize(Order, b"\0"),
            "deserialize() argument 'thrift_object' must be a struct, not the class Order",
        ),
        (
            lambda: deserialize(b"\0", Order()),
            "deserialize() argument 'thrift_object' must be a struct, not bytes",
        ),
        (
            lambda: deserialize(Order(), "abc"),
            "deserialize() argument 'buf' must be bytes or another buffer, not str",
        ),
    ],
)
def test_a_wrong_argument_is_named(call, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(text)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory):
    """The classes that Apache's compiler makes of the file."""
    directory = tmp_path_factory.mktemp("generated")
    directory.joinpath("orders.thrift").write_text(IDL)
    subprocess.run(
        ["thrift", "-gen", "py", "-out", directory, directory / "orders.thrift"], check=True
    )
    name = "values_errors_generated"
    spec = importlib.util.spec_from_file_location(
        name,
        directory / "orders" / "__init__.py",
        submodule_search_locations=[str(directory / "orders")],
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    yield importlib.import_module(f"{name}.ttypes")
    for loaded in [loaded for loaded in sys.modules if loaded.split(".")[0] == name]:
        del sys.modules[loaded]


def test_classes_of_apaches_compiler_are_named_as_such(generated) -> None:
    for call in (
        lambda: fastthrift.encode(generated.Order()),
        lambda: fastthrift.decode(generated.Order, b"\0"),
        lambda: serialize(generated.Order()),
        lambda: deserialize(generated.Order(), b"\0"),
        lambda: TBinaryProtocol(TMemoryBuffer()).write_struct(generated.Order()),
        lambda: TBinaryProtocol(TMemoryBuffer(b"\0")).read_struct(generated.Order()),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert "Apache's compiler generated" in str(caught.value)
        assert "load() the .thrift file" in str(caught.value)
    for protocol in PROTOCOLS:
        with pytest.raises((TypeError, TEncodeException)):
            protocol(TMemoryBuffer()).write_struct(Order(items=[generated.Item()]))


@pytest.mark.parametrize(
    "error_class",
    [
        TApplicationException,
        TProtocolException,
        TMalformedDataException,
        TTruncatedDataException,
        TTransportException,
    ],
)
def test_every_message_has_a_text(error_class) -> None:
    """A peer's text comes as bytes with decode_response=False, and where it is no UTF-8."""
    assert str(error_class(6, b"gone")).find("gone") >= 0
    assert "\\xff" in str(error_class(6, b"gone \xff"))
    assert "5" in str(error_class(6, 5))
    assert str(error_class(6, None))
    assert str(error_class(6, "text")).find("text") >= 0


@pytest.mark.parametrize("text", [b"gone", b"gone \xff"])
def test_the_text_of_a_refusal_that_was_read_as_bytes(text: bytes) -> None:
    buffer = TMemoryBuffer()
    TBinaryProtocol(buffer).write_struct(TApplicationException(6, text))
    read = TApplicationException()
    TBinaryProtocol(buffer, decode_response=False).read_struct(read)
    assert read.message == text
    assert "gone" in str(read)
