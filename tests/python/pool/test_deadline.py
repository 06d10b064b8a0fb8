"""A deadline bounds all that a call waits for, and all calls of a block."""

import asyncio
import contextlib
import http.server
import io
import re
import socket
import threading
import time

import fastthrift
import pytest
from fastthrift import DeadlineExceeded, deadline
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.http import make_client as make_http_client
from fastthrift.http import make_server as make_http_server
from fastthrift.rpc import client_context
from fastthrift.rpc import make_client as make_blocking_client
from fastthrift.thrift import TProcessor
from fastthrift.transport import TTransportException
from support import rpc, sockets
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
        with deadline(LONG):
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


def connect_plain(port):
    make_blocking_client(rpc.Calls, "127.0.0.1", port, timeout=LONG * 1000)


def connect_in_context(port):
    times = dict.fromkeys(("socket_timeout", "connect_timeout"), LONG * 1000)
    with client_context(rpc.Calls, "127.0.0.1", port, **times):
        pass


def connect_in_asyncio(port):
    asyncio.run(make_client(rpc.Calls, "127.0.0.1", port, timeout=LONG * 1000))


@pytest.mark.parametrize("connect", [connect_plain, connect_in_context, connect_in_asyncio])
def test_connecting_of_a_plain_client_is_bounded_too(connect):
    """It gives up at the deadline, and not after what it was told by itself."""
    with sockets.silence() as port, deadline(0.3), pytest.raises(DeadlineExceeded) as caught:
        connect(port)
    assert caught.value.type == TTransportException.NOT_OPEN


@pytest.mark.parametrize("way", ["make", "reopen"])
def test_the_deadline_of_connecting_is_none_of_later_calls(way):
    with serving(make_server()) as port:
        with deadline(LONG):
            client = make_blocking_client(rpc.Calls, "127.0.0.1", port)
            if way == "reopen":
                client.add(1, 2)
        if way == "reopen":
            client.add(1, 2)
            with deadline(LONG):
                client.reopen()
        with contextlib.closing(client):
            sock = client._iprot.trans.trans
            assert sock.deadline is not None
            assert client.add(1, 2) == 3
            assert sock.deadline is None


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
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


# HTTP


def drip_http(*, head):
    """A server of HTTP that answers with a byte every 50 ms."""

    def script(connection):
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\n"
        with contextlib.suppress(OSError):
            if not head:
                connection.sendall(answer + b"Content-Length: 100000\r\n\r\n")
            for each in (answer if head else b"\x00") * 1000:
                connection.sendall(bytes((each,)) if head else b"\x00")
                time.sleep(0.05)

    return rpc.scripted_peer(script)


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("way", ["client", "pool"])
def test_over_http_the_whole_exchange_is_bounded(part, way):
    with drip_http(head=part == "head") as port:
        url = f"http://127.0.0.1:{port}/"
        begun = time.monotonic()
        if way == "client":
            client = make_http_client(rpc.Calls, url=url, timeout=LONG * 1000)
            with deadline(0.5), pytest.raises(DeadlineExceeded) as caught:
                client.echo("x")
            client.close()
        else:
            pool = fastthrift.ClientPool(rpc.Calls, url, timeout=0.5)
            with pool, pytest.raises(DeadlineExceeded) as caught:
                pool.echo("x")
        taken = time.monotonic() - begun
    assert caught.value.request_sent is True
    assert 0.5 <= taken < 30


def test_over_http_the_time_outs_are_as_before_after_a_deadline():
    server = make_http_server(rpc.Calls, Handler(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.httpd.server_address[1]}/"
        client = make_http_client(rpc.Calls, url=url, timeout=LONG * 1000, keep_alive=True)
        with deadline(LONG / 2):
            assert client.add(1, 2) == 3
        assert client.add(3, 4) == 7
        assert client._iprot.trans.trans._http.sock.gettimeout() == LONG
        with deadline(0), pytest.raises(DeadlineExceeded) as caught:
            client.add(1, 2)
        assert caught.value.request_sent is False
        client.close()
    finally:
        server.close()
        thread.join()


def test_over_http_a_call_that_was_sent_does_not_run_twice():
    """Sending is waiting for the answer, too: what fails meanwhile may have run."""
    received = []

    def answer_once(connection):
        for answers in (True, False):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += connection.recv(1)
            # All of it: what was not sent whole may be sent again.
            (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
            received.append(head + rpc.receive(connection, int(length)))
            if answers:
                body = rpc.message("add", 1, rpc.i32_result(3))
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                connection.sendall(head + body)

    with rpc.scripted_peer(answer_once) as port:
        pool = fastthrift.ClientPool(rpc.Calls, f"http://127.0.0.1:{port}/", timeout=LONG)
        with pool:
            assert pool.add(1, 2) == 3
            with pytest.raises(TTransportException) as caught:
                pool.add(1, 2)
            assert caught.value.request_sent is True
    assert len(received) == 2


def test_over_http_in_asyncio():
    pytest.importorskip("aiohttp")
    from fastthrift.contrib.aio.http import make_client

    async def call(port):
        client = await make_client(rpc.Calls, url=f"http://127.0.0.1:{port}/", timeout=LONG * 1000)
        try:
            with deadline(0.5), pytest.raises(asyncio.TimeoutError) as caught:
                await client.echo("x")
            return caught.value
        finally:
            await client._iprot.trans.aclose()

    with drip_http(head=False) as port:
        begun = time.monotonic()
        error = asyncio.run(call(port))
        taken = time.monotonic() - begun
    assert isinstance(error, DeadlineExceeded)
    assert error.request_sent is True
    assert 0.5 <= taken < 30


def test_over_http_a_view_of_a_pool_may_have_more_time():
    handler = Handler()
    server = make_http_server(
        rpc.Calls, handler, "127.0.0.1", 0, server_class=http.server.ThreadingHTTPServer
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.httpd.server_address[1]}/"
        with fastthrift.ClientPool(rpc.Calls, url, timeout=0.2) as pool:
            with pytest.raises(DeadlineExceeded):
                pool.wait(1)
            threading.Timer(0.5, handler.go_on.set).start()
            assert pool.with_options(timeout=LONG).wait(2) == 2
    finally:
        handler.go_on.set()
        server.close()
        thread.join()


timed = fastthrift.load_fp(
    io.StringIO("service Timed { i32 wait_for(1: i32 timeout), string name() }"), "timed_thrift"
)


def silent(connection):
    """Takes what is sent and says nothing, until the other side hangs up."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


@pytest.mark.parametrize("is_watched", [False, True], ids=["", "with middleware"])
@pytest.mark.parametrize("way", ["client", "pool", "block of a pool"])
def test_a_call_takes_a_timeout_of_its_own(way, is_watched):
    seen = []

    def look(answer):
        def looked(call):
            seen.append((call.arguments, call.deadline))
            return answer(call)

        return looked

    middleware = [look] if is_watched else []
    with rpc.scripted_peer(silent) as port, contextlib.ExitStack() as closing:
        if way == "client":
            caller = make_blocking_client(
                rpc.Calls, "127.0.0.1", port, timeout=LONG * 1000, middleware=middleware
            )
            closing.callback(caller.close)
        else:
            url = f"tcp://127.0.0.1:{port}"
            pool = fastthrift.ClientPool(rpc.Calls, url, timeout=LONG, middleware=middleware)
            caller = closing.enter_context(pool)
            if way != "pool":
                caller = closing.enter_context(pool.client())
        begun = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            caller.add(1, b=2, timeout=0.2)
        assert 0.2 <= time.monotonic() - begun < LONG / 2
        if is_watched:
            ((arguments, at),) = seen
            assert arguments == {"a": 1, "b": 2}
            assert begun < at < begun + LONG / 2


@pytest.mark.parametrize("way", ["client", "pool", "block of a pool"])
def test_a_call_of_asyncio_takes_a_timeout_of_its_own(way):
    async def main(port):
        async with contextlib.AsyncExitStack() as closing:
            if way == "client":
                caller = await make_client(rpc.Calls, "127.0.0.1", port, timeout=LONG * 1000)
                closing.callback(caller.close)
            else:
                url = f"tcp://127.0.0.1:{port}"
                caller = await closing.enter_async_context(
                    AsyncClientPool(rpc.Calls, url, timeout=LONG)
                )
                if way != "pool":
                    caller = await closing.enter_async_context(caller.client())
            with pytest.raises(DeadlineExceeded):
                await caller.add(1, b=2, timeout=0.2)

    with rpc.scripted_peer(silent) as port:
        asyncio.run(main(port))


class TimedHandler:
    def wait_for(self, timeout):
        return timeout

    def name(self):
        return "timed"


def test_an_argument_of_the_service_that_is_called_timeout_is_the_services():
    server = make_server(processor=TProcessor(timed.Timed, TimedHandler()))

    async def main(port):
        async with AsyncClientPool(timed.Timed, f"tcp://127.0.0.1:{port}") as pool:
            assert await pool.wait_for(timeout=-7) == -7
            assert await pool.name(timeout=LONG) == "timed"
        async with await make_client(timed.Timed, "127.0.0.1", port) as client:
            assert await client.wait_for(timeout=-7) == -7
            assert await client.name(timeout=LONG) == "timed"

    with serving(server) as port:
        with client_of(port, timed.Timed) as client:
            assert client.wait_for(timeout=-7) == -7
            assert client.name(timeout=LONG) == "timed"
            assert client.name(timeout=None) == "timed"
            with pytest.raises(ValueError, match="above 0 seconds, or None, not -1"):
                client.name(timeout=-1)
            with pytest.raises(ValueError, match="at most 1000000000 seconds, or None, not inf"):
                client.name(timeout=float("inf"))
            # Nothing was sent of it.
            assert client.name() == "timed"
        with fastthrift.ClientPool(timed.Timed, f"tcp://127.0.0.1:{port}") as pool:
            assert pool.wait_for(timeout=-7) == -7
            assert pool.name(timeout=LONG) == "timed"
            assert pool.name(timeout=None) == "timed"
            with pytest.raises(ValueError, match="above 0 seconds, or None, not -1"):
                pool.name(timeout=-1)
            with pytest.raises(ValueError, match="at most 1000000000 seconds, or None, not inf"):
                pool.name(timeout=float("inf"))
        asyncio.run(main(port))


@pytest.mark.parametrize("scheme", ["https", "tls"])
@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_a_peer_that_says_nothing_of_tls_leaves_the_others_their_turn(kind, scheme):
    """It has accepted the connection, which is made when TLS is."""
    if kind == "asyncio":
        pytest.importorskip("aiohttp")
    server = make_server()
    options = {"timeout": LONG, "connect_timeout": 0.3}

    async def main(urls):
        async with AsyncClientPool(rpc.Calls, urls, **options) as pool:
            return await pool.add(1, 2)

    with socket.create_server(("127.0.0.1", 0)) as mute, serving(server) as port:
        mute_port = mute.getsockname()[1]
        urls = [f"{scheme}://127.0.0.1:{mute_port}", f"tcp://127.0.0.1:{port}"]
        started = time.monotonic()
        if kind == "asyncio":
            assert asyncio.run(main(urls)) == 3
        else:
            with fastthrift.ClientPool(rpc.Calls, urls, **options) as pool:
                assert pool.add(1, 2) == 3
        assert time.monotonic() - started < LONG / 2
