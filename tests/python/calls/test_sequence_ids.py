"""Servers that do not repeat the sequence id of a call, and the option that accepts them."""

from __future__ import annotations

import copy
import pickle

import pytest
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.protocol import (
    TAsyncBinaryProtocol,
    TAsyncBinaryProtocolFactory,
    TAsyncCompactProtocol,
    TAsyncCompactProtocolFactory,
)
from fastthrift.contrib.aio.rpc import make_client as make_aio_client
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.http import THttpServer
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    TJSONProtocol,
    TJSONProtocolFactory,
    TMultiplexedProtocolFactory,
)
from fastthrift.rpc import make_client
from fastthrift.thrift import TApplicationException, TClient, TProcessor
from fastthrift.transport import TBufferedTransportFactory, TMemoryBuffer, TTransportException
from support import aio as aio_support
from support import http as http_support
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    client_of,
    i32_result,
    make_server,
    message,
    receive_call,
    scripted_peer,
    serving,
)


class Forgetful(TProcessor):
    """Answers every call with id 0, as some C++ and Haskell servers and proxies do."""

    def send_result(self, oprot, api, result, seqid):
        super().send_result(oprot, api, result, 0)

    def send_exception(self, oprot, api, exc, seqid):
        super().send_exception(oprot, api, exc, 0)


def forgetful_server(factory=None):
    processor = Forgetful(Calls, Handler())
    return serving(make_server(processor=processor, iprot_factory=factory))


def assert_not_open(client):
    with pytest.raises(TTransportException) as caught:
        client.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN


FACTORIES = [
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
    TApacheJSONProtocolFactory,
]


@pytest.mark.difference("sequence-ids")
@pytest.mark.parametrize("factory", FACTORIES)
def test_id_0_is_refused_unless_the_protocol_says_otherwise(factory):
    with forgetful_server(factory()) as port:
        with client_of(port, proto_factory=factory()) as client:
            with pytest.raises(TApplicationException) as caught:
                client.add(1, 2)
            assert caught.value.type == TApplicationException.BAD_SEQUENCE_ID
            assert caught.value.message == (
                "Bad sequence ID: the reply to call 1 of add carries id 0 (check_seqid=False "
                "accepts a server that does not repeat the id)"
            )
            assert_not_open(client)
        lenient = factory(check_seqid=False)
        with client_of(port, proto_factory=lenient) as client:
            assert [client.add(n, 2) for n in range(3)] == [2, 3, 4]
            assert client.echo("x") == "x"
            assert client.nothing() is None
            with pytest.raises(TApplicationException, match="Missing result"):
                client.returns_none()
        multiplexed = TMultiplexedProtocolFactory(lenient, "Calls")
        assert multiplexed.get_protocol(TMemoryBuffer()).check_seqid is False


def test_the_client_may_say_it():
    with forgetful_server() as port:
        with client_of(port, check_seqid=False) as client:
            assert [client.add(n, 2) for n in range(3)] == [2, 3, 4]
        client = make_client(Calls, "127.0.0.1", port, check_seqid=False)
        assert client.add(1, 2) == 3
        proto = client._iprot
        assert TClient(Calls, proto, check_seqid=False).add(2, 2) == 4
        # Also of a connection that there is.
        proto.check_seqid = False
        assert TClient(Calls, proto).add(3, 2) == 5
        client.close()


def test_a_client_that_overrides_its_parts():
    class Own(TClient):
        def _send(self, _api, **kwargs):
            super()._send(_api, **kwargs)

    class Overridden(TBinaryProtocol):
        def read_struct(self, obj):
            return super().read_struct(obj)

    class Factory:
        def get_protocol(self, trans):
            return Overridden(trans, check_seqid=False)

    with forgetful_server() as port, client_of(port, proto_factory=Factory()) as client:
        assert client.add(1, 2) == 3
        assert Own(Calls, client._iprot).add(1, 3) == 4


@pytest.mark.parametrize("factory", [TAsyncBinaryProtocolFactory, TAsyncCompactProtocolFactory])
def test_asyncio(factory):
    class Forgetting(aio_support.TAsyncProcessor):
        async def send_result(self, oprot, api, result, seqid):
            await super().send_result(oprot, api, result, 0)

    protocol = "binary" if factory is TAsyncBinaryProtocolFactory else "compact"

    async def main():
        processor = Forgetting(aio_support.Calls, aio_support.Handler())
        async with aio_support.serving(processor=processor, protocol=protocol) as server:
            port = aio_support.port_of(server)

            async def connect(proto_factory, **kwargs):
                return await make_aio_client(
                    aio_support.Calls, "127.0.0.1", port, proto_factory=proto_factory, **kwargs
                )

            async with await connect(factory()) as client:
                with pytest.raises(TApplicationException, match="check_seqid=False accepts"):
                    await client.add(1, 2)
            async with await connect(factory(check_seqid=False)) as client:
                assert [await client.add(n, 2) for n in range(3)] == [2, 3, 4]
            async with await connect(factory(), check_seqid=False) as client:
                assert await client.add(1, 2) == 3
                other = TAsyncClient(aio_support.Calls, client._iprot, check_seqid=False)
                assert await other.add(1, 3) == 4

    aio_support.run(main())


def test_over_http():
    async def main(port):
        for lenient in (False, True):
            options = {"host": "127.0.0.1", "port": port, "check_seqid": not lenient}
            async with aio_http.client_context(Calls, **options) as client:
                if lenient:
                    assert await client.add(1, 2) == 3
                else:
                    with pytest.raises(TApplicationException, match="check_seqid=False accepts"):
                        await client.add(1, 2)
            client = await aio_http.make_client(Calls, **options)
            assert client._rpc_state.spare.check_seqid is not lenient
            client.close()

    server = THttpServer(
        Forgetful(Calls, Handler()),
        ("127.0.0.1", 0),
        TBufferedTransportFactory(),
        TBinaryProtocolFactory(),
    )
    with http_support.running(server) as port:
        with (
            http_support.calls(port) as client,
            pytest.raises(TApplicationException, match="check_seqid=False accepts"),
        ):
            client.add(1, 2)
        with http_support.calls(port, check_seqid=False) as client:
            assert client.add(1, 2) == 3
        aio_support.run(main(port))


@pytest.mark.parametrize("factory", FACTORIES)
def test_the_option_of_a_factory_can_be_copied_and_changed(factory):
    assert factory().check_seqid is True
    lenient = factory(check_seqid=False)
    assert lenient.get_protocol(TMemoryBuffer()).check_seqid is False
    for again in (copy.copy(lenient), pickle.loads(pickle.dumps(lenient))):
        assert again.check_seqid is False
    lenient.check_seqid = True
    assert lenient.get_protocol(TMemoryBuffer()).check_seqid is True


@pytest.mark.parametrize(
    "protocol",
    [
        TBinaryProtocol,
        TCompactProtocol,
        TJSONProtocol,
        TApacheJSONProtocol,
        TAsyncBinaryProtocol,
        TAsyncCompactProtocol,
    ],
)
def test_the_option_of_a_protocol(protocol):
    trans = TMemoryBuffer()
    if "Async" in protocol.__name__:
        trans = TAsyncBufferedTransport(trans)
    assert protocol(trans).check_seqid is True
    assert protocol(trans, check_seqid=False).check_seqid is False


# What stays safe


def replying(*make_replies):
    def script(connection):
        for make_reply in make_replies:
            connection.sendall(make_reply(*receive_call(connection)))
        while connection.recv(1):
            pass

    return script


def test_the_method_and_the_type_are_checked_all_the_same():
    wrong = [
        (lambda name, seqid: message("subtract", 0, i32_result(5)), "is for 'subtract'"),
        (lambda name, seqid: message(name, 0, i32_result(5), kind=1), "has type 1"),
    ]
    for reply, text in wrong:
        with (
            scripted_peer(replying(reply)) as port,
            client_of(port, check_seqid=False) as client,
        ):
            with pytest.raises(TApplicationException, match=text):
                client.add(1, 2)
            assert_not_open(client)


def test_a_protocol_may_say_what_replies_are_named_otherwise():
    """What `docs/migration.md` says of servers that name the result."""

    class Named(TBinaryProtocol):
        def read_message_begin(self):
            name, kind, seqid = super().read_message_begin()
            return name.removesuffix("_result"), kind, seqid

    def reply(name, seqid):
        return message(f"{name}_result", 0, i32_result(5))

    with scripted_peer(replying(reply, reply)) as port, client_of(port) as client:
        renamed = TClient(Calls, Named(client._iprot.trans, check_seqid=False))
        assert renamed.add(2, 3) == 5
        with pytest.raises(TApplicationException, match="is for 'subtract_result'"):
            TClient(Calls, client._iprot, check_seqid=False).subtract(7, 2)


def test_no_late_answer_is_taken_for_that_of_the_next_call():
    """After a time-out the connection is closed, whatever is checked."""
    handler = Handler()
    processor = Forgetful(Calls, handler)
    with (
        serving(make_server(processor=processor)) as port,
        client_of(port, socket_timeout=200, check_seqid=False) as client,
    ):
        with pytest.raises(TimeoutError):
            client.wait(41)
        handler.go_on.set()
        assert_not_open(client)
        client._iprot.trans.open()
        client._iprot.trans.trans.set_timeout(PATIENCE * 1000)
        assert client.wait(2) == 2


@pytest.mark.parametrize("check_seqid", [True, False])
def test_what_was_read_ahead_is_not_taken_for_an_answer_on_another_connection(check_seqid):
    """A reply was refused, and another one had come with it: both belong to what was closed."""
    refused = replying(
        lambda name, seqid: (
            message("subtract", seqid, i32_result(5)) + message("add", 2, i32_result(666))
        )
    )
    good = replying(lambda name, seqid: message(name, seqid, i32_result(3)))
    with (
        scripted_peer(refused, good) as port,
        client_of(port, check_seqid=check_seqid) as client,
    ):
        with pytest.raises(TApplicationException, match="Wrong method name"):
            client.add(1, 2)
        client._iprot.trans.open()
        assert client.add(1, 2) == 3


def test_what_was_read_ahead_is_gone_when_a_client_is_opened_again():
    """Another answer had come with that of the call."""

    def two(name, seqid):
        first, late = i32_result(10), i32_result(666)
        return message(name, seqid, first) + message(name, seqid + 1, late)

    good = replying(lambda name, seqid: message(name, seqid, i32_result(20)))
    with scripted_peer(replying(two), good) as port, client_of(port) as client:
        assert client.add(9, 1) == 10
        client.reopen()
        assert client.add(19, 1) == 20


def test_what_was_read_ahead_is_gone_when_a_client_is_opened_again_with_asyncio():
    replies = [
        message("add", 1, i32_result(10)) + message("add", 2, i32_result(666)),
        message("add", 2, i32_result(20)),
    ]

    async def script(reader, writer):
        await reader.read(65536)
        writer.write(replies.pop(0))
        await reader.read()

    async def main():
        async with (
            aio_support.scripted_peer(script) as port,
            aio_support.client_of(port) as client,
        ):
            assert await client.add(9, 1) == 10
            await client.reopen()
            return await client.add(19, 1)

    assert aio_support.run(main()) == 20


def test_what_was_read_ahead_is_not_taken_for_an_answer_with_asyncio():
    replies = [
        lambda: message("subtract", 1, i32_result(5)) + message("add", 2, i32_result(666)),
        lambda: message("add", 2, i32_result(3)),
    ]

    async def script(reader, writer):
        await reader.read(65536)
        writer.write(replies.pop(0)())
        await reader.read()

    async def main():
        async with (
            aio_support.scripted_peer(script) as port,
            aio_support.client_of(port) as client,
        ):
            with pytest.raises(TApplicationException, match="Wrong method name"):
                await client.add(1, 2)
            await client._iprot.trans.open()
            return await client.add(1, 2)

    assert aio_support.run(main()) == 3


# Refusals under another id


def refusal(text, kind=TApplicationException.INTERNAL_ERROR):
    trans = TMemoryBuffer()
    TApplicationException(kind, text).write(TBinaryProtocol(trans))
    return bytes(trans.getvalue())


REFUSALS = [
    (
        lambda name, seqid: message(name, 0, refusal("out of memory"), kind=3),
        TApplicationException.BAD_SEQUENCE_ID,
        "carries id 0 (check_seqid=False accepts a server that does not repeat the id); the "
        "server says: out of memory",
    ),
    (
        lambda name, seqid: message("", seqid, refusal("no such service"), kind=3),
        TApplicationException.WRONG_METHOD_NAME,
        "the reply to a call of add is for ''; the server says: no such service",
    ),
]


@pytest.mark.parametrize(("reply", "kind", "text"), REFUSALS)
def test_a_refusal_that_does_not_fit_is_shown(reply, kind, text):
    with scripted_peer(replying(reply)) as port, client_of(port) as client:
        with pytest.raises(TApplicationException) as caught:
            client.add(1, 2)
        assert caught.value.type == kind
        assert caught.value.message.endswith(text)
        cause = caught.value.__cause__
        assert isinstance(cause, TApplicationException)
        assert cause.type == TApplicationException.INTERNAL_ERROR
        assert_not_open(client)


@pytest.mark.parametrize(("reply", "kind", "text"), REFUSALS)
def test_a_refusal_that_does_not_fit_is_shown_with_asyncio(reply, kind, text):
    async def script(reader, writer):
        await reader.read(65536)
        writer.write(reply("add", 1))
        await reader.read()

    async def main():
        async with (
            aio_support.scripted_peer(script) as port,
            aio_support.client_of(port) as client,
        ):
            with pytest.raises(TApplicationException) as caught:
                await client.add(1, 2)
            return caught.value

    error = aio_support.run(main())
    assert error.type == kind
    assert error.message.endswith(text)
    assert error.__cause__.message == text.partition("says: ")[2]


def test_a_refusal_that_cannot_be_read_is_no_refusal():
    def script(connection):
        name, _ = receive_call(connection)
        connection.sendall(message(name, 0, refusal("out of memory")[:9], kind=3))

    with scripted_peer(script) as port, client_of(port) as client:
        with pytest.raises(TApplicationException) as caught:
            client.add(1, 2)
        assert caught.value.type == TApplicationException.BAD_SEQUENCE_ID
        assert "the server says" not in str(caught.value)
        assert isinstance(caught.value.__cause__, TTransportException)


def test_a_refusal_under_id_0_is_that_of_the_call_when_ids_are_not_checked():
    reply = REFUSALS[0][0]
    with scripted_peer(replying(reply)) as port, client_of(port, check_seqid=False) as client:
        with pytest.raises(TApplicationException) as caught:
            client.add(1, 2)
        assert caught.value.message == "out of memory"
        assert caught.value.__cause__ is None
        # It is an answer: the connection goes on.
        assert client._iprot.trans.is_open()
