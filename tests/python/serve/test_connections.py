"""How many connections a server has at once, and what becomes of others."""

import contextlib
import socket
import threading

import pytest
from fastthrift.thrift import TApplicationException
from support import each_server
from support.rpc import PATIENCE

WAITING = ["nonblocking", each_server.ASYNCIO, each_server.HTTP, each_server.ASYNCIO_HTTP]


@pytest.mark.parametrize(
    "kind",
    [*WAITING, each_server.AWAITED],
)
def test_connections_beyond_the_limit_wait_until_one_is_closed(kind, caplog):
    with each_server.serving_by(kind, max_connections=1) as served:
        answered = threading.Event()

        def call():
            with served.client() as second:
                assert second.add(1, 2) == 3
                answered.set()

        with served.client() as first:
            assert first.add(1, 1) == 2
            thread = threading.Thread(target=call)
            thread.start()
            # It has no answer while the first has its connection.
            assert not answered.wait(0.3)
            assert first.add(2, 2) == 4
            assert not answered.is_set()
        assert answered.wait(PATIENCE)
        thread.join(PATIENCE)
        with served.client() as third:
            assert third.add(3, 3) == 6
    told = [record.getMessage() for record in caplog.records if "max_connections" in record.message]
    assert told, "the log says why clients wait"
    assert f"1 connections are open at 127.0.0.1:{served.port}, as many as" in told[0]
    assert "Raise it, or let idle ones be closed sooner" in told[0]
    assert len(told) <= 3


@pytest.mark.parametrize("kind", WAITING)
def test_a_server_without_room_can_be_closed(kind):
    with (
        contextlib.ExitStack() as clients,
        each_server.serving_by(kind, max_connections=1) as served,
    ):
        first = clients.enter_context(served.client())
        assert first.add(1, 1) == 2
        # It connects, and is not accepted.
        clients.enter_context(socket.create_connection(("127.0.0.1", served.port), PATIENCE))


def test_a_threaded_server_tells_those_beyond_the_limit():
    with each_server.serving_by("threaded", max_connections=1) as served, served.client() as first:
        assert first.add(1, 1) == 2
        with served.client() as second, pytest.raises(TApplicationException, match="overloaded"):
            second.add(1, 2)
