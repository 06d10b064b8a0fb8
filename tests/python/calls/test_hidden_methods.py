"""Fields, parameters and declared exceptions called ``read`` and ``write``: they hide the methods
by which payloads read and write themselves, and the protocol's are called then."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
import thriftpy2.rpc
import thriftpy2.utils
from fastthrift._web.mounted import Mounted, Request
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import TClient, TPayload, TProcessor, TType
from fastthrift.utils import deserialize, serialize
from support import aio, rpc
from support.rpc import PATIENCE

IDL = """
struct Perm { 1: bool READ, 2: bool WRITE, 3: i32 number }
struct Perms { 1: list<Perm> all }
exception Denied { 1: bool READ, 2: string WRITE }
service Acl {
    bool put(1: bool READ, 2: bool WRITE) throws (1: Denied READ, 2: Denied WRITE),
    Perm change(1: Perm perm),
}
"""


def load(package: Any, read: str, write: str) -> Any:
    text = IDL.replace("READ", read).replace("WRITE", write)
    return package.load_fp(io.StringIO(text), f"{read}_acl_thrift")


module = load(fastthrift, "read", "write")
# The same messages, under names that hide nothing, in the library that has never hidden any.
plain = load(thriftpy2, "reads", "writes")


class OwnBinaryProtocol(TBinaryProtocol):
    """One of a program's own, which is used by its methods."""

    def write_message_begin(self, *header: Any) -> None:
        super().write_message_begin(*header)

    def read_message_begin(self) -> Any:
        return super().read_message_begin()


class OwnBinaryFactory:
    def get_protocol(self, trans: Any) -> OwnBinaryProtocol:
        return OwnBinaryProtocol(trans)


FACTORIES: dict[str, Any] = {
    "binary": TBinaryProtocolFactory(),
    "compact": TCompactProtocolFactory(),
    "json": TJSONProtocolFactory(),
    "apache json": TApacheJSONProtocolFactory(),
    "own": OwnBinaryFactory(),
}

protocols = pytest.mark.parametrize("protocol", FACTORIES)


class Handler:
    def put(self, read: bool | None, write: bool | None) -> bool:
        if read is None:
            raise module.Denied(read=False, write="nothing said")
        return bool(read and not write)

    def change(self, perm: Any) -> Any:
        return module.Perm(perm.write, perm.read, perm.number)


class AwaitedHandler(Handler):
    async def put(self, read: bool | None, write: bool | None) -> bool:  # type: ignore[override]
        return super().put(read, write)


class OwnClient(TClient):
    """A client of a program's own, whose messages are made by the methods of payloads."""

    def _send(self, _api: str, /, **kwargs: Any) -> None:
        super()._send(_api, **kwargs)


class HandWritten(TPayload):
    thrift_spec = {1: (TType.BOOL, "read", False), 2: (TType.BOOL, "write", False)}  # noqa: RUF012
    default_spec = [("read", None), ("write", None)]  # noqa: RUF012


VALUES = [
    module.Perm(True, False, 3),
    module.Perm(),
    module.Perms(all=[module.Perm(True, False, 3)]),
    module.Denied(True, "no"),
    HandWritten(True, False),
]


@pytest.mark.difference("hidden-methods")
@protocols
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_structs_are_serialized(value: Any, protocol: str) -> None:
    factory = FACTORIES[protocol]
    data = serialize(value, factory)
    found = deserialize(type(value)(), data, factory)
    assert type(found) is type(value)
    assert vars(found) == vars(value)
    # Into one that has values in the place of the methods.
    assert vars(deserialize(found, data, factory)) == vars(value)


@pytest.mark.difference("hidden-methods")
def test_their_bytes_are_those_of_other_names() -> None:
    theirs = thriftpy2.utils.serialize(plain.Perm(True, False, 3))
    assert serialize(module.Perm(True, False, 3)) == theirs
    assert deserialize(module.Perm(), theirs) == module.Perm(True, False, 3)


def test_the_methods_of_a_class_are_called_where_no_field_hides_them() -> None:
    seen = []

    class Seen(module.Perms):  # type: ignore[misc, name-defined]
        def read(self, iprot: Any) -> None:
            seen.append("read")
            super().read(iprot)

        def write(self, oprot: Any) -> None:
            seen.append("write")
            super().write(oprot)

    assert deserialize(Seen(), serialize(Seen(all=[]))) == Seen(all=[])
    assert seen == ["write", "read"]


# Calls


def check(answers: Iterator[Any]) -> None:
    """What the calls below are answered with."""
    assert next(answers) is True
    assert next(answers) is False
    denied = next(answers)
    assert isinstance(denied, module.Denied)
    assert vars(denied) == {"read": False, "write": "nothing said"}
    assert next(answers) == module.Perm(False, True, 3)


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("put", (True, False), {}),
    ("put", (), {"read": True, "write": True}),
    ("put", (), {}),
    ("change", (module.Perm(True, False, 3),), {}),
]


def outcomes(client: Any) -> Iterator[Any]:
    for name, args, kwargs in CALLS:
        try:
            yield getattr(client, name)(*args, **kwargs)
        except module.Denied as denied:
            yield denied


async def awaited_outcomes(client: Any) -> Iterator[Any]:
    found = []
    for name, args, kwargs in CALLS:
        try:
            found.append(await getattr(client, name)(*args, **kwargs))
        except module.Denied as denied:
            found.append(denied)
    return iter(found)


@pytest.mark.difference("hidden-methods")
@protocols
def test_calls(protocol: str) -> None:
    factory = FACTORIES[protocol]
    processor = TProcessor(module.Acl, Handler())
    server = rpc.make_server(processor=processor, iprot_factory=factory)
    with (
        rpc.serving(server) as port,
        rpc.client_of(port, module.Acl, proto_factory=factory) as client,
    ):
        check(outcomes(client))
        own = OwnClient(module.Acl, client._iprot, client._oprot)
        check(outcomes(own))


@pytest.mark.difference("hidden-methods")
def test_calls_of_a_pool() -> None:
    server = rpc.make_server(processor=TProcessor(module.Acl, Handler()))
    with (
        rpc.serving(server) as port,
        fastthrift.ClientPool(module.Acl, f"tcp://127.0.0.1:{port}", timeout=PATIENCE) as pool,
    ):
        check(outcomes(pool))


@pytest.mark.difference("hidden-methods")
@pytest.mark.parametrize("handler", [Handler, AwaitedHandler])
@pytest.mark.parametrize("protocol", ["binary", "compact", "json", "apache_json"])
def test_calls_over_asyncio(protocol: str, handler: type) -> None:
    async def main() -> Iterator[Any]:
        processor = TAsyncProcessor(module.Acl, handler())
        async with (
            aio.serving(processor=processor, protocol=protocol) as server,
            aio.client_of(server, module.Acl, protocol=protocol) as client,
        ):
            return await awaited_outcomes(client)

    check(aio.run(main()))


@pytest.mark.difference("hidden-methods")
def test_calls_of_a_peer_with_other_names() -> None:
    server = rpc.make_server(processor=TProcessor(module.Acl, Handler()))
    with (
        rpc.serving(server) as port,
        thriftpy2.rpc.client_context(plain.Acl, "127.0.0.1", port) as client,
    ):
        assert client.put(True, False) is True
        with pytest.raises(plain.Denied) as denied:
            client.put()
        assert vars(denied.value) == {"reads": False, "writes": "nothing said"}
        assert client.change(plain.Perm(True, False, 3)) == plain.Perm(False, True, 3)


@pytest.mark.difference("hidden-methods")
def test_calls_by_json_of_a_mounted_service() -> None:
    body = b'{"read": true, "write": false}'
    headers = {"content-type": "application/json"}
    request = Request("POST", "/Acl/put", headers, "", "a client", len(body), False)
    reply = Mounted(module.Acl, Handler(), json=True).answer(request, io.BytesIO(body).read)
    assert (reply.status, reply.body) == (200, b"true")
