"""A deadline bounds all that a call waits for, and all calls of a block."""

import asyncio
import contextlib
import socket
import time

import fastthrift
import pytest
from fastthrift import DeadlineExceeded, deadline
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.transport import TTransportException
from support import rpc
from support.rpc import Handler, client_of, make_server, serving

#: Much more than any deadline here.
LONG = 60


def dripping(connection):
    """Answers with a byte every 50 ms: each read is quick, and the answer never ends."""
    name, seqid = rpc.receive_call(connection)
    answer = rpc.message(name, seqid, rpc.i32_result(3))
    with contextlib.suppress(OSError):
        for each in answer * 1000:
            connection.sendall(bytes((each,)))
            time.sleep(0.05)


@pytest.mark.parametrize("way", ["client", "pool"])
def test_a_peer_that_drips_holds_no_call_for_longer(way):
    with rpc.scripted_peer(dripping) as port:
        begun = time.monotonic()
        if way == "client":
            with (
                client_of(port) as client,
                deadline(0.5),
                pytest.raises(DeadlineExceeded) as caught,
            ):
                client.echo("x" * 10)
        else:
            pool = fastthrift.ClientPool(rpc.Calls, f"tcp://127.0.0.1:{port}", timeout=0.5)
            with pool, pytest.raises(DeadlineExceeded) as caught:
                pool.echo("x" * 10)
        taken = time.monotonic() - begun
    assert isinstance(caught.value, TTransportException)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.type == TTransportException.TIMED_OUT
    assert caught.value.request_sent is True
    # The answer as a whole would have taken more than 50 s.
    assert 0.5 <= taken < 40


def test_nothing_is_sent_when_the_time_is_up():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port) as client:
        with deadline(0), pytest.raises(DeadlineExceeded, match=r"Calls\.note\(\)") as caught:
            client.note("late")
        assert caught.value.request_sent is False
        # The connection is as good as before.
        client.note("in time")
        assert handler.noted.wait(LONG)
        assert handler.notes == ["in time"]


def test_a_block_bounds_its_calls_together_and_an_inner_one_has_no_more():
    with serving(make_server()) as port, client_of(port) as client:
        with deadline(LONG), deadline(LONG * 10):
            assert client.add(1, 2) == 3
        with deadline(0.05), deadline(LONG):
            time.sleep(0.1)
            with pytest.raises(DeadlineExceeded):
                client.add(1, 2)
        # Outside there is none.
        assert client.add(3, 4) == 7


def test_the_time_outs_of_a_socket_are_as_before_after_a_deadline():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port) as client:
        with deadline(0.3):
            assert client.add(1, 2) == 3
        sock = client._iprot.trans.trans.sock
        assert client.add(3, 4) == 7
        assert sock.gettimeout() == rpc.PATIENCE


def test_connecting_is_bounded_too():
    """Nobody accepts, and the queue of those that wait to be accepted is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        pool = fastthrift.ClientPool(
            rpc.Calls, f"tcp://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=LONG
        )
        with deadline(0.3), pytest.raises(DeadlineExceeded) as caught:
            pool.add(1, 2)
        assert caught.value.request_sent is False
        assert pool.stats()["open"] == 0


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_number_of_seconds_that_is_none(seconds):
    with pytest.raises(ValueError, match="a number of seconds"):
        deadline(seconds)


def test_in_asyncio():
    async def call(port):
        client = await make_client(rpc.Calls, "127.0.0.1", port, timeout=None)
        async with client:
            with deadline(0.5), pytest.raises(asyncio.TimeoutError) as caught:
                await client.echo("x" * 10)
            return caught.value

    with rpc.scripted_peer(dripping) as port:
        begun = time.monotonic()
        error = asyncio.run(call(port))
        taken = time.monotonic() - begun
    assert isinstance(error, DeadlineExceeded)
    assert error.request_sent is True
    assert 0.5 <= taken < 40


def test_in_asyncio_nothing_is_sent_when_the_time_is_up():
    async def call(port):
        async with await make_client(rpc.Calls, "127.0.0.1", port) as client:
            with deadline(0), pytest.raises(DeadlineExceeded) as caught:
                await client.note("late")
            assert caught.value.request_sent is False
            with deadline(LONG):
                await asyncio.gather(client.note("in time"))
                return await client.add(1, 2)

    handler = Handler()
    with serving(make_server(handler)) as port:
        assert asyncio.run(call(port)) == 3
    assert handler.notes == ["in time"]
