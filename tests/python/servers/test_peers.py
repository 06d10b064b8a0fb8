"""Calls between fastthrift, thriftpy2 and Apache Thrift over real sockets.

The server runs in a process of its own, the client in this one; at least one of the two is the
package under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import pytest
from peers.remote import Application, Declared, connected, serving
from support import subject
from support.values import Double

PAIRS = [
    (subject.NAME, subject.NAME),
    (subject.NAME, "thriftpy2"),
    (subject.NAME, "apache"),
    ("thriftpy2", subject.NAME),
    ("apache", subject.NAME),
]
WIRES = [
    (protocol, transport)
    for protocol in ("binary", "compact")
    for transport in ("buffered", "framed")
]

Connect = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str, str, str], int]]:
    """Starts each server when it is first asked for, and keeps it for the module's tests."""
    ports: dict[tuple[str, str, str], int] = {}
    with ExitStack() as stack:

        def port(*key: str) -> int:
            if key not in ports:
                ports[key] = stack.enter_context(serving(*key))
            return ports[key]

        yield port


@pytest.fixture(
    params=[(*pair, *wire) for pair in dict.fromkeys(PAIRS) for wire in WIRES],
    ids=lambda p: f"{p[0]}-to-{p[1]}-{p[2]}-{p[3]}",
)
def combination(request: pytest.FixtureRequest) -> tuple[str, str, str, str]:
    return request.param


@pytest.fixture
def connect(combination: tuple[str, str, str, str], servers: Any) -> Connect:
    client, server, protocol, transport = combination
    port = servers(server, protocol, transport)
    return partial(connected, client, protocol, transport, port)


@pytest.fixture
def client(connect: Connect) -> Iterator[Any]:
    with connect() as peer:
        yield peer


PHONE = {"color": 1, "number": "+49 30 1234"}
POINT = {"x": 1, "y": -1}

ECHOES: list[tuple[str, Any]] = [
    ("bool", True),
    ("bool", False),
    ("byte", -128),
    ("i16", -(2**15)),
    ("i32", 2**31 - 1),
    ("i32", 0),
    ("i64", -(2**63)),
    ("double", Double.of(0.1)),
    ("double", Double.of(float("-inf"))),
    ("string", "Grüße 🜁"),
    ("string", ""),
    ("binary", bytes(range(256))),
    ("binary", b""),
    ("list", ["a", "", "é"]),
    ("list", []),
    ("set", [-5, 1, 2**40]),
    ("map", [["k", Double.of(1.5)], ["", Double.of(-0.0)]]),
    ("map", []),
    ("enum", 4),
    ("enum", 1234),
    ("union", {"number": None, "text": "t", "many": None, "phone": None}),
    (
        "nested",
        {
            "by_point": [[POINT, "p"]],
            "points": [POINT],
            "deep": [[[1, ["a"]]], []],
            "tables": [["t", [["u", [PHONE]]]]],
            "choices": [{"number": 1, "text": None, "many": None, "phone": None}],
            "failure": {"message": "m", "code": 7, "trace": ["x"]},
            "phones": [[2, [PHONE, PHONE]]],
            "colors": [2],
            "at": 2**50,
            "cube": [[[True], []], []],
            "empty": {},
            "empties": [{}, {}],
        },
    ),
    (
        "tree",
        {
            "value": 1,
            "left": {"value": 2, "left": None, "right": None, "children": [], "named": []},
            "right": None,
            "children": None,
            "named": None,
        },
    ),
    (
        "defaults",
        {
            "flag": True, "tiny": -3, "small": 300, "number": 42, "big": 9000000000,
            "ratio": Double.of(0.25), "text": "Grüße", "items": [1, 2, 3],
            "table": [["a", 1], ["b", 2]], "color": 4, "nothing": None, "level": 11,
        },
    ),
    (
        "sparse",
        {
            "first": 1, "fourteen": None, "sixteen": True, "seventeen": None,
            "thirty_three": 33, "three_hundred": None, "last": False,
        },
    ),
]  # fmt: skip


def test_every_kind_of_value(client: Any) -> None:
    for name, value in ECHOES:
        result = client.call(f"echo_{name}", value)
        # Apache Thrift reads a set as a Python set, and sends it on in another order.
        assert (sorted(result) if name == "set" else result) == value, name


def test_arguments_arrive_in_their_places(client: Any) -> None:
    assert client.call("arguments", 1, "b", True, [2, 3]) == "1 'b' True [2, 3]"
    assert client.call("arguments", None, "b", None, []) == "None 'b' None []"
    assert client.call("subtract", 7, 3) == 4


def test_inherited_and_void_methods(client: Any) -> None:
    assert client.call("ping") == "pong"
    assert client.call("nothing") is None


def test_declared_exceptions(client: Any) -> None:
    for method in ("fetch", "check"):
        with pytest.raises(Declared) as caught:
            client.call(method, "missing")
        assert (caught.value.name, caught.value.fields) == (
            "NotFound",
            {"key": "missing", "code": 404},
        )
        with pytest.raises(Declared) as caught:
            client.call(method, "secret")
        assert (caught.value.name, caught.value.fields) == (
            "Denied",
            {"message": "not you", "type": "permission"},
        )
    assert client.call("fetch", "open") == 4
    assert client.call("check", "open") is None


def test_none_for_a_result_is_missing(client: Any) -> None:
    with pytest.raises(Application) as caught:
        client.call("answers_none")
    assert caught.value.kind == subject.TApplicationException.MISSING_RESULT
    assert client.call("ping") == "pong"


def test_unknown_method(connect: Connect) -> None:
    """The server skips the arguments of a method it does not know, and the connection goes on."""
    nested = dict(ECHOES)["nested"]
    with connect(service="Newer") as newer:
        for _ in range(2):
            with pytest.raises(Application) as caught:
                newer.call("added_later", nested)
            assert caught.value.kind == subject.TApplicationException.UNKNOWN_METHOD
            assert newer.call("echo_nested", nested) == nested


def test_oneway_then_call(client: Any) -> None:
    client.call("notified")
    for number in range(5):
        assert client.call("notify", f"message {number}") is None
        assert client.call("echo_i32", number) == number
    assert client.call("notified") == [f"message {number}" for number in range(5)]


@pytest.mark.difference("undeclared-exceptions")
def test_undeclared_exception(combination: Any, connect: Connect) -> None:
    """Our server and Apache's answer INTERNAL_ERROR; thriftpy2's server hangs up on us."""
    server = combination[1]
    with connect() as peer:
        if server == "thriftpy2":
            with pytest.raises(subject.TTransportException):
                peer.call("fail", "a secret")
            return
        for _ in range(2):
            with pytest.raises(Application) as caught:
                peer.call("fail", "a secret")
            assert caught.value.kind == subject.TApplicationException.INTERNAL_ERROR
            assert "a secret" not in caught.value.message
            assert peer.call("ping") == "pong"


@pytest.mark.difference("oneway-errors")
def test_an_error_in_a_oneway_method(combination: Any, connect: Connect) -> None:
    with connect() as peer:
        peer.call("notify_and_fail", "x")
        if combination[1] == "thriftpy2":
            with pytest.raises(subject.TTransportException):
                peer.call("ping")
            return
        assert peer.call("ping") == "pong"
        assert "x" in peer.call("notified")


def test_a_thousand_calls_on_one_connection(client: Any) -> None:
    for number in range(1000):
        assert client.call("subtract", number, 1) == number - 1


def test_ten_mebibytes_each_way(client: Any) -> None:
    blob = bytes(range(256)) * (10 * 4096)
    assert client.call("echo_binary", blob) == blob
    assert client.call("ping") == "pong"


def test_sizes_around_the_buffers(client: Any) -> None:
    for size in (0, 1, 4095, 4096, 4097, 8191, 8192, 65535, 65536, 65537, 300_000):
        blob = b"\xab" * size
        assert client.call("echo_binary", blob) == blob


def test_many_clients_of_one_server(connect: Connect) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(connect()) for _ in range(10)]
        for turn in range(5):
            for number, peer in enumerate(peers):
                assert peer.call("subtract", turn, number) == turn - number
