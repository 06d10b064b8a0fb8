"""What Flask and Django hand over in place of values: lazy strings and proxies, in structs of all
four protocols and in calls, beside thriftpy2."""

from __future__ import annotations

import array
import collections
import functools
import io
import uuid
from decimal import Decimal

import django.conf
import fastthrift
import fastthrift.utils
import pytest
import thriftpy2
import thriftpy2.protocol
import wrapt
from django.utils.functional import SimpleLazyObject, lazy
from django.utils.translation import gettext_lazy
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    TJSONProtocol,
    TJSONProtocolFactory,
)
from fastthrift.protocol.exc import TEncodeException
from fastthrift.thrift import TProcessor
from fastthrift.transport import TMemoryBuffer
from support import aio as aio_support
from support import rpc as rpc_support
from thriftpy2.protocol.compact import TCompactProtocol as TheirCompactProtocol
from thriftpy2.transport import TCyMemoryBuffer
from thriftpy2.transport.memory import TMemoryBuffer as TheirMemoryBuffer
from werkzeug.local import LocalProxy

if not django.conf.settings.configured:
    django.conf.settings.configure(USE_I18N=False)

IDL = """
enum Color { RED = 1 }
struct User { 1: string name }
struct Values {
    1: string text, 2: binary data, 3: i32 number, 4: double ratio, 5: bool flag, 6: i64 big,
    7: byte tiny, 8: Color color, 9: list<string> names, 10: map<string, string> table,
    11: set<string> tags, 12: list<i32> numbers, 13: list<double> ratios, 14: User user,
    15: list<User> users, 16: map<User, i32> by_user, 17: map<i32, i32> counts,
    18: list<binary> pieces,
}
exception NotFound { 1: string message }
service Calls {
    string echo(1: string text),
    string name(1: User user),
    User user(1: string name),
    list<string> names(1: list<string> names) throws (1: NotFound missing),
}
"""
OURS = fastthrift.load_fp(io.StringIO(IDL), "values_proxies_thrift")
#: thriftpy2 knows no uuid.
WITH_KEY = fastthrift.load_fp(io.StringIO("struct Values { 1: uuid key }"), "with_key_thrift")
THEIRS = thriftpy2.load_fp(io.StringIO(IDL), "values_proxies_thrift")

PROTOCOLS = {
    "binary": TBinaryProtocol,
    "compact": TCompactProtocol,
    "json": TJSONProtocol,
    "apache json": TApacheJSONProtocol,
}
THEIR_PROTOCOLS = {
    "binary": (thriftpy2.protocol.TCyBinaryProtocol, TCyMemoryBuffer),
    "compact": (TheirCompactProtocol, TheirMemoryBuffer),
    "json": (thriftpy2.protocol.TJSONProtocol, TheirMemoryBuffer),
}


class Forwarding:
    """A proxy of somebody's own, whose class says nothing of what it stands for."""

    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        return getattr(self.value, name)


WRAPPERS = {
    "django's lazy": lambda value: lazy(lambda: value, type(value))(),
    "SimpleLazyObject": lambda value: SimpleLazyObject(lambda: value),
    "LocalProxy": lambda value: LocalProxy(lambda: value),
    "ObjectProxy": wrapt.ObjectProxy,
}


def write(obj, protocol):
    buffer = TMemoryBuffer()
    PROTOCOLS[protocol](buffer).write_struct(obj)
    return buffer.getvalue()


def write_as_thriftpy2(fields, protocol):
    protocol_class, buffer_class = THEIR_PROTOCOLS[protocol]
    buffer = buffer_class()
    protocol_class(buffer).write_struct(THEIRS.Values(**fields))
    return buffer.getvalue()


def fields_of(wrap, module):
    """Every field with proxies: of the value, of its elements, keys and fields."""
    user = module.User
    return {
        "text": wrap("Grüße"),
        "data": wrap("text"),
        "number": wrap(5),
        "ratio": wrap(1.5),
        "flag": wrap(False),
        "big": wrap(2**40),
        "tiny": wrap(3),
        "color": wrap(1),
        "names": [wrap("a"), "b", wrap("c")],
        "table": {wrap("a"): wrap("b")},
        "tags": [wrap("a"), wrap("b")],
        "numbers": [wrap(1)] * 20,
        "ratios": [wrap(0.5)] * 20,
        "user": wrap(user("bob")),
        "users": [wrap(user(wrap("bob"))), user("ann")],
        "by_user": {user("bob"): wrap(1)},
        "counts": {wrap(1): wrap(2)},
        "pieces": [wrap("piece")],
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", WRAPPERS)
def test_every_field_takes_a_proxy(kind: str, protocol: str) -> None:
    wrapped, plain = (fields_of(wrap, OURS) for wrap in (WRAPPERS[kind], lambda value: value))
    for name in plain:
        if kind == "django's lazy" and name in ("user", "users"):
            continue  # it has the methods of the class, and no fields
        ours = write(OURS.Values(**{name: wrapped[name]}), protocol)
        assert ours == write(OURS.Values(**{name: plain[name]}), protocol), name


@pytest.mark.parametrize("protocol", THEIR_PROTOCOLS)
@pytest.mark.parametrize("kind", WRAPPERS)
def test_the_bytes_are_those_of_thriftpy2(kind: str, protocol: str) -> None:
    taken = 0
    wrap = WRAPPERS[kind]
    for name, value in fields_of(wrap, THEIRS).items():
        try:
            expected = write_as_thriftpy2({name: value}, protocol)
        except Exception:
            continue
        taken += 1
        assert write(OURS.Values(**{name: fields_of(wrap, OURS)[name]}), protocol) == expected, name
    assert taken > 5


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", WRAPPERS)
def test_proxies_of_containers_and_bytes(kind: str, protocol: str) -> None:
    wrap = WRAPPERS[kind]
    plain = {"names": ["a"], "table": {"a": "b"}, "tags": {"a"}, "data": b"\xff", "text": b"abc"}
    for name, value in plain.items():
        if kind == "django's lazy" and isinstance(value, bytes):
            continue  # it has no buffer, and says of no class that it is of it
        ours = write(OURS.Values(**{name: wrap(value)}), protocol)
        assert ours == write(OURS.Values(**{name: value}), protocol), name


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("text", [gettext_lazy("x"), collections.UserString("x"), Forwarding("x")])
def test_lazy_strings_of_all_kinds(text: object, protocol: str) -> None:
    plain = OURS.Values(text="x", data="x", names=["x", "y"], tags={"x"})
    lazy_one = OURS.Values(text=text, data=text, names=[text, "y"], tags=[text])
    assert write(lazy_one, protocol) == write(plain, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_any_object_with_a_thrift_spec_is_a_struct(protocol: str) -> None:
    class Own:
        thrift_spec = OURS.User.thrift_spec

        def __init__(self, name):
            self.name = name

    class OfProperty:
        def __init__(self, name):
            self.name = name

        @property
        def thrift_spec(self):
            return OURS.User.thrift_spec

    class OfSlot:
        __slots__ = ("name", "thrift_spec")

        def __init__(self, name):
            self.name = name
            self.thrift_spec = OURS.User.thrift_spec

    of_instance = type("OfInstance", (), {})()
    of_instance.name = "bob"
    of_instance.thrift_spec = OURS.User.thrift_spec
    bob = OURS.User("bob")
    proxies = (Forwarding(bob), LocalProxy(lambda: bob))
    for user in (Own("bob"), of_instance, OfProperty("bob"), OfSlot("bob"), *proxies):
        assert write(user, protocol) == write(bob, protocol)
        expected = write(OURS.Values(user=bob, users=[bob]), protocol)
        assert write(OURS.Values(user=user, users=[user]), protocol) == expected
        read = PROTOCOLS[protocol](TMemoryBuffer(write(OURS.User("ann"), protocol)))
        assert read.read_struct(user).name == "ann"
        user.name = "bob"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_spec_of_the_object_decides_what_is_written_and_read(protocol: str) -> None:
    class Subclass(OURS.Values):
        pass

    class First(OURS.Values):
        @property
        def thrift_spec(self):
            return {1: OURS.Values.thrift_spec[1]}

    first_alone = First("kept", data=b"left out")
    assert write(first_alone, protocol) == write(OURS.Values("kept"), protocol)

    for made in (OURS.Values, Subclass, OURS.NotFound):
        first = "message" if made is OURS.NotFound else "text"
        whole = made("kept") if made is OURS.NotFound else made("kept", data=b"left out")
        short = made("kept")
        whole.thrift_spec = {1: made.thrift_spec[1]}
        assert write(whole, protocol) == write(short, protocol)
        nothing = made("left out")
        nothing.thrift_spec = {}
        assert write(nothing, protocol) == write(made(), protocol)
        into = made()
        into.thrift_spec = {}
        read = PROTOCOLS[protocol](TMemoryBuffer(write(short, protocol)))
        assert getattr(read.read_struct(into), first) is None
    # Nested ones too, in a list as in a field.
    user = OURS.User("left out")
    user.thrift_spec = {}
    expected = write(OURS.Values(user=OURS.User(), users=[OURS.User()]), protocol)
    assert write(OURS.Values(user=user, users=[user]), protocol) == expected
    if protocol in THEIR_PROTOCOLS:
        theirs = THEIRS.User("left out")
        theirs.thrift_spec = {}
        assert write_as_thriftpy2({"user": theirs, "users": [theirs]}, protocol) == expected


def test_the_short_forms_take_what_the_protocols_take() -> None:
    bob = OURS.User("bob")
    expected = fastthrift.encode(bob)
    proxy = LocalProxy(lambda: bob)
    assert fastthrift.encode(proxy) == expected
    assert fastthrift.utils.serialize(proxy) == expected
    assert fastthrift.utils.deserialize(proxy, fastthrift.encode(OURS.User("ann"))).name == "ann"
    assert bob.name == "ann"
    bob.thrift_spec = {}
    assert fastthrift.encode(bob) == fastthrift.utils.serialize(bob) == b"\0"


def test_a_write_of_its_own_is_called_of_a_proxy_too() -> None:
    class Shouting(wrapt.ObjectProxy):
        def write(self, protocol):
            protocol.write_struct(OURS.User(self.name.upper()))

    assert fastthrift.utils.serialize(Shouting(OURS.User("bob"))) == fastthrift.encode(
        OURS.User("BOB")
    )


class Index:
    def __index__(self):
        return 7


class Address:
    """A number by `__int__` alone, as `ipaddress` has them."""

    def __int__(self):
        return 7


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [Index(), Address(), Decimal(7), 7.0, True + 6])
def test_numbers_of_other_types(value: object, protocol: str) -> None:
    plain = write(OURS.Values(number=7, numbers=[7], counts={7: 7}), protocol)
    ours = OURS.Values(number=value, numbers=[value], counts={value: value})
    assert write(ours, protocol) == plain


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [Decimal("7.5"), 7.5, LocalProxy(lambda: 7.5)])
def test_a_fraction_is_no_int(value: object, protocol: str) -> None:
    with pytest.raises(TEncodeException):
        write(OURS.Values(number=value), protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_buffers_of_bytes_are_binary_and_text(protocol: str) -> None:
    characters = memoryview(b"ab").cast("c")
    for items in (array.array("B", b"ab"), array.array("b", [97, 98]), characters):
        expected = write(OURS.Values(data=b"ab", text="ab"), protocol)
        assert write(OURS.Values(data=items, text=items), protocol) == expected
        view = memoryview(items)
        assert write(OURS.Values(data=view, text=view), protocol) == expected


#: What has a buffer of other items than bytes, and what they are called.
NO_BYTES = [
    (array.array("d", [1.0]), "array", "d"),
    (memoryview(array.array("I", [1])), "memoryview", "I"),
    (memoryview(b"ab").cast("?"), "memoryview", "?"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("value", "name", "items"), NO_BYTES)
def test_buffers_of_numbers_are_neither_bytes_nor_text(
    protocol: str, value: object, name: str, items: str
) -> None:
    """As for thriftpy2, which says "Buffer dtype mismatch" and not of what."""
    for field, needed in ("data", "bytes"), ("text", "a str"):
        with pytest.raises(TEncodeException) as caught:
            write(OURS.Values(**{field: value}), protocol)
        assert caught.value.reason == (
            f'needs {needed}, not {name} with items of the format "{items}": '
            "tobytes() gives its bytes"
        )
        assert caught.value.path == field


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_half_of_a_surrogate_pair_is_no_binary(protocol: str) -> None:
    for text in ("\udc80", LocalProxy(lambda: "\udc80"), collections.UserString("\udc80")):
        with pytest.raises(TEncodeException, match="surrogates not allowed"):
            write(OURS.Values(data=text), protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_maps_and_lists_of_other_types(protocol: str) -> None:
    class Table:
        def keys(self):
            return ["a"]

        def __getitem__(self, key):
            return "b"

        def __len__(self):
            return 1

    class Names:
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return ["a"][index]

    expected = write(OURS.Values(names=["a"], table={"a": "b"}), protocol)
    for names, table in (
        (Names(), Table()),
        (collections.deque(["a"]), collections.UserDict(a="b")),
        (collections.UserList(["a"]), collections.ChainMap({"a": "b"})),
    ):
        assert write(OURS.Values(names=names, table=table), protocol) == expected


def test_json_writes_the_text_of_values_that_have_one() -> None:
    """As thriftpy2 does, and no text that is meant for programmers."""
    value = uuid.UUID(int=5)
    assert write(OURS.Values(text=value), "json") == write_as_thriftpy2({"text": value}, "json")
    for no_text in ([], {}, object(), OURS.User("bob"), b"\xff"):
        with pytest.raises(TEncodeException):
            write(OURS.Values(text=no_text), "json")


def test_an_error_of_a_proxy_is_its_own() -> None:
    def unbound():
        raise RuntimeError("no request")

    for protocol in PROTOCOLS:
        with pytest.raises(RuntimeError, match="no request"):
            write(OURS.Values(text=LocalProxy(unbound)), protocol)


@pytest.mark.parametrize("module", [OURS, THEIRS])
def test_a_proxy_equals_the_struct_that_it_stands_for(module) -> None:
    assert module.User("bob") == LocalProxy(lambda: module.User("bob"))
    assert module.User("bob") != LocalProxy(lambda: module.User("ann"))


class Failing:
    """A lazy value of any kind that cannot be computed."""

    def __init__(self, error):
        self.error = error

    def fail(self, *args):
        raise self.error

    __float__ = __int__ = __len__ = items = fail

    @property
    def bytes(self):
        return self.fail()


FAILING_FIELDS = [
    *((OURS, name) for name in ("number", "big", "tiny", "ratio", "names", "tags", "table")),
    (WITH_KEY, "key"),
]


@pytest.mark.parametrize("error", [RuntimeError("no database"), KeyboardInterrupt()])
@pytest.mark.parametrize(("module", "field"), FAILING_FIELDS)
@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_an_error_of_a_lazy_value_is_its_own(protocol: str, module, field: str, error) -> None:
    with pytest.raises(type(error)) as caught:
        write(module.Values(**{field: Failing(error)}), protocol)
    assert caught.value is error


@pytest.mark.parametrize(("module", "field"), FAILING_FIELDS)
def test_a_value_that_says_that_it_is_of_another_type_is_refused(module, field: str) -> None:
    error = TypeError("no such type")
    with pytest.raises(TEncodeException, match=r"needs .*, not Failing"):
        write(module.Values(**{field: Failing(error)}), "binary")


class Handler:
    """Answers with proxies."""

    def echo(self, text):
        return gettext_lazy(text)

    def name(self, user):
        return SimpleLazyObject(lambda: user.name)

    def user(self, name):
        return LocalProxy(lambda: OURS.User(collections.UserString(name)))

    def names(self, names):
        if not names:
            raise OURS.NotFound(gettext_lazy("nothing here"))
        return [wrapt.ObjectProxy(name) for name in names]


FACTORIES = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "json": TJSONProtocolFactory,
    "apache json": TApacheJSONProtocolFactory,
}


@pytest.mark.parametrize("protocol", FACTORIES)
def test_calls_take_and_give_proxies(protocol: str) -> None:
    factory = FACTORIES[protocol]()
    server = rpc_support.make_server(
        processor=TProcessor(OURS.Calls, Handler()), iprot_factory=factory
    )
    with (
        rpc_support.serving(server) as port,
        rpc_support.client_of(port, OURS.Calls, proto_factory=factory) as client,
    ):
        assert client.echo(gettext_lazy("x")) == "x"
        assert client.echo(text=LocalProxy(lambda: "p")) == "p"
        assert client.name(LocalProxy(lambda: OURS.User("bob"))) == "bob"
        assert client.name(Forwarding(OURS.User("bob"))) == "bob"
        assert client.user(collections.UserString("ann")) == OURS.User("ann")
        assert client.names([wrapt.ObjectProxy("a"), gettext_lazy("b")]) == ["a", "b"]
        with pytest.raises(OURS.NotFound) as caught:
            client.names([])
        assert caught.value.message == "nothing here"


class AsyncHandler:
    def __init__(self):
        self.handler = Handler()

    def __getattr__(self, name):
        method = getattr(self.handler, name)

        @functools.wraps(method)
        async def call(*args):
            return method(*args)

        return call


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_calls_of_asyncio_take_and_give_proxies(protocol: str, transport: str) -> None:
    ways = {"protocol": protocol, "transport": transport}

    async def main() -> None:
        processor = TAsyncProcessor(OURS.Calls, AsyncHandler())
        async with (
            aio_support.serving(processor=processor, **ways) as server,
            aio_support.client_of(server, OURS.Calls, **ways) as client,
        ):
            assert await client.echo(gettext_lazy("x")) == "x"
            assert await client.name(LocalProxy(lambda: OURS.User("bob"))) == "bob"
            assert await client.user(collections.UserString("ann")) == OURS.User("ann")
            assert await client.names([wrapt.ObjectProxy("a"), gettext_lazy("b")]) == ["a", "b"]
            with pytest.raises(OURS.NotFound) as caught:
                await client.names([])
            assert caught.value.message == "nothing here"

    aio_support.run(main())


class Interrupted:
    """A lazy object whose making is interrupted the first time."""

    def __init__(self, error, value):
        self.__dict__.update(error=error, value=value)

    def _wrapped(self):
        error, self.__dict__["error"] = self.__dict__["error"], None
        if error is not None:
            raise error
        return self.__dict__["value"]

    __class__ = property(lambda self: type(self._wrapped()))

    def __getattr__(self, name):
        return getattr(self._wrapped(), name)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize(
    "write", [fastthrift.encode, fastthrift.utils.serialize, fastthrift.to_dict]
)
def test_what_stops_a_lazy_object_is_not_lost(write, error):
    user = OURS.User("Ann")
    assert write(Interrupted(None, user)) == write(user)
    with pytest.raises(error):
        write(Interrupted(error, user))
