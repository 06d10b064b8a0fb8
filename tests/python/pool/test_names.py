"""Names of hosts: how long they are looked up, and whose turn their addresses have."""

import asyncio
import contextlib
import socket
import struct
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import fastthrift
import fastthrift.http
import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.http import make_server as make_http_server
from fastthrift.rpc import make_client
from fastthrift.thrift import TType
from fastthrift.transport import TSocket, TTransportException, _resolving
from fastthrift.transport.base import TTransportTimeout
from support import children
from support.aio import Authority
from support.greenlets import run
from support.rpc import Calls, Handler, make_server, message, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60


class Silent(NamedTuple):
    asked: list[str]
    over: threading.Event


@pytest.fixture
def silent(monkeypatch):
    """Names that nobody answers for."""
    over = threading.Event()
    asked = []

    def getaddrinfo(host, *_, **__):
        asked.append(host)
        over.wait(LONG)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield Silent(asked, over)
    over.set()
    while _resolving._under_way:
        time.sleep(0.01)


@pytest.mark.parametrize("url", ["tcp://calls.example:1", "http://calls.example:1/"])
def test_a_name_that_nobody_answers_for_takes_no_longer_than_the_call(silent, url):
    with ClientPool(Calls, url, timeout=0.3) as pool:
        started = time.monotonic()
        with pytest.raises(fastthrift.DeadlineExceeded, match="no address was found") as caught:
            pool.add(1, 2)
        assert time.monotonic() - started < LONG / 2
        assert caught.value.type == TTransportException.NOT_OPEN
        assert caught.value.request_sent is False
        assert pool.stats()["open"] == 0


@pytest.fixture
def silent_but_for_good(monkeypatch):
    """A name that nobody answers for, and a good one."""
    over = threading.Event()
    of_the_system = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host == "silent.example":
            over.wait(LONG)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return of_the_system(host.replace("good.example", "127.0.0.1"), port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    over.set()
    while _resolving._under_way:
        time.sleep(0.01)


@contextlib.contextmanager
def serving_at(scheme):
    """The URL of a server, by the good name, and that of a silent one."""
    if scheme == "tcp":
        with serving(make_server()) as port:
            yield [f"tcp://silent.example:{port}", f"tcp://good.example:{port}"]
        return
    pytest.importorskip("aiohttp")
    server = make_http_server(Calls, Handler(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    port = server.httpd.server_address[1]
    try:
        yield [f"http://silent.example:{port}/", f"http://good.example:{port}/"]
    finally:
        server.close()
        thread.join()


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_a_name_that_nobody_answers_for_leaves_the_other_urls_their_turn(
    silent_but_for_good, scheme
):
    with (
        serving_at(scheme) as urls,
        ClientPool(Calls, urls, timeout=LONG, connect_timeout=0.3) as pool,
    ):
        started = time.monotonic()
        assert [pool.add(each, 1) for each in range(3)] == [1, 2, 3]
        assert time.monotonic() - started < LONG / 2
        stats = pool.stats()
        assert (stats["connects"], stats["retries"]) == (1, 1)


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_so_it_is_with_several_urls_of_asyncio(silent_but_for_good, scheme):
    async def main(urls):
        async with AsyncClientPool(Calls, urls, timeout=LONG, connect_timeout=0.3) as pool:
            assert [await pool.add(each, 1) for each in range(3)] == [1, 2, 3]
            stats = pool.stats()
            assert (stats["connects"], stats["retries"]) == (1, 1)

    with serving_at(scheme) as urls:
        started = time.monotonic()
        asyncio.run(main(urls))
        assert time.monotonic() - started < LONG / 2


def test_a_name_that_nobody_answers_for_is_told_by_the_connect_timeout(silent):
    with ClientPool(Calls, "tcp://calls.example:1", timeout=LONG, connect_timeout=0.2) as pool:
        text = "calls.example:1: no address was found within 200 ms"
        with pytest.raises(TTransportTimeout, match=text) as caught:
            pool.add(1, 2)
        assert not isinstance(caught.value, fastthrift.DeadlineExceeded)
        assert caught.value.type == TTransportException.NOT_OPEN
        assert caught.value.request_sent is False
        assert pool.stats()["open"] == 0


def test_calls_that_wait_for_a_name_share_one_lookup(silent):
    with ClientPool(Calls, "tcp://calls.example:1", timeout=0.3) as pool:
        for _ in range(3):
            with pytest.raises(fastthrift.DeadlineExceeded):
                pool.add(1, 2)
    assert silent.asked == ["calls.example"]


def test_so_it_is_of_asyncio(silent):
    async def main():
        async with AsyncClientPool(Calls, "tcp://calls.example:1", timeout=0.3) as pool:
            for _ in range(3):
                with pytest.raises(fastthrift.DeadlineExceeded, match="no address") as caught:
                    await pool.add(1, 2)
                assert caught.value.request_sent is False

    started = time.monotonic()
    asyncio.run(main())
    # The end of the loop waits for its own threads.
    assert time.monotonic() - started < LONG / 2
    assert silent.asked == ["calls.example"]


def test_a_client_looks_a_name_up_within_its_connect_timeout(silent):
    sock = TSocket("calls.example", 1, socket_timeout=None, connect_timeout=200)
    with pytest.raises(TTransportTimeout, match="no address was found within 200 ms") as caught:
        sock.open()
    assert caught.value.type == TTransportException.NOT_OPEN


@pytest.mark.parametrize("url", ["tcp", "http"])
def test_a_client_looks_a_name_up_within_a_deadline(silent, url):
    def call():
        make = make_client if url == "tcp" else fastthrift.http.make_client
        with contextlib.closing(make(Calls, "calls.example", 1, timeout=LONG * 1000)) as one:
            one.add(1, 2)

    with fastthrift.deadline(0.2), pytest.raises(fastthrift.DeadlineExceeded):
        call()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1"])
def test_an_address_needs_no_thread(host, monkeypatch):
    monkeypatch.setattr("fastthrift.transport._resolving.threading", None)
    with (
        serving(make_server()) as port,
        ClientPool(Calls, f"tcp://{host}:{port}", timeout=LONG) as pool,
    ):
        assert pool.add(1, 2) == 3


CALLS = """
    import asyncio, atexit, sys, threading
    from fastthrift import ClientPool
    from fastthrift.contrib.aio.pool import AsyncClientPool
    from support.rpc import Calls

    async def awaited(url):
        return await AsyncClientPool(Calls, url, timeout=60).add(1, 2)

    def call():
        url = "tcp://localhost:%d"
        print(ClientPool(Calls, url, timeout=60).add(1, 2))
        print(asyncio.new_event_loop().run_until_complete(awaited(url)))

"""


@pytest.mark.parametrize(
    "last",
    [
        """
        import resource

        # Of a thread's stack.
        threading.stack_size(1 << 30)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        try:
            threading.Thread(target=print).start()
        except RuntimeError:
            call()
        """,
        "atexit.register(call)",
    ],
    ids=["there are no more threads", "the interpreter ends"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_name_is_looked_up_where_no_thread_can_be_had(last):
    with serving(make_server()) as port:
        program = textwrap.dedent(CALLS) % port + textwrap.dedent(last)
        ended = children.run("-c", program, text=True)
    assert (ended.stdout, ended.returncode) == ("3\n3\n", 0), ended.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_pool_needs_no_thread_of_an_event_loop(host):
    async def main(port):
        loop = asyncio.get_running_loop()
        go_on = threading.Event()
        with ThreadPoolExecutor(1) as executor:
            loop.set_default_executor(executor)
            busy = loop.run_in_executor(None, go_on.wait, LONG)
            try:
                async with AsyncClientPool(Calls, f"tcp://{host}:{port}", timeout=9) as pool:
                    assert await pool.add(1, 2) == 3
            finally:
                go_on.set()
                await busy

    with serving(make_server()) as port:
        asyncio.run(main(port))


def test_a_name_that_has_no_address_is_told_with_the_systems_reason(monkeypatch):
    def getaddrinfo(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with (
        ClientPool(Calls, "tcp://calls.example:1", timeout=LONG) as pool,
        pytest.raises(TTransportException, match="Name or service not known") as caught,
    ):
        pool.add(1, 2)
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("way", ["blocking", "asyncio"])
@pytest.mark.parametrize("scheme", ["tcp", "http", "https"])
@pytest.mark.parametrize("host", ["a..b", ".example", "a" * 70])
def test_a_name_that_cannot_be_one_is_an_unknown_host(way, scheme, host):
    if way == "asyncio" and scheme != "tcp":
        pytest.importorskip("aiohttp")
    url = f"{scheme}://{host}:1"

    async def main():
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            await pool.add(1, 2)

    def call():
        if way == "asyncio":
            asyncio.run(main())
        else:
            with ClientPool(Calls, url, timeout=LONG) as pool:
                pool.add(1, 2)

    with pytest.raises(TTransportException) as caught:
        call()
    assert caught.value.type == TTransportException.NOT_OPEN
    assert caught.value.request_sent is False


def test_under_gevent_others_run_while_a_name_is_looked_up():
    assert run(
        """
        import socket
        import fastthrift
        from support.rpc import Calls

        def getaddrinfo(*_, **__):
            gevent.sleep(PATIENCE)

        socket.getaddrinfo = getaddrinfo
        others = []
        gevent.spawn(others.append, "other")
        try:
            fastthrift.ClientPool(Calls, "tcp://calls.example:1", timeout=0.3).add(1, 2)
        except fastthrift.DeadlineExceeded:
            print(*others)
        server.close()
        serve.get(timeout=PATIENCE)
        """
    ) == ["other"]


class Told(Handler):
    """Tells which host a request names."""

    def echo(self, text):
        return dict(fastthrift.current_call().headers)["host"]


@pytest.fixture
def several_addresses(monkeypatch):
    """A name with three addresses."""
    of_the_system = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host != "calls.example":
            return of_the_system(host, port, *args, **options)
        hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def several(several_addresses):
    """A port at which the name has servers of HTTP at two addresses, and none at the third."""
    with contextlib.ExitStack() as stack:
        port = 0
        for host in ("127.0.0.1", "127.0.0.2"):
            server = make_http_server(Calls, Told(), host, port)
            port = server.httpd.server_address[1]
            thread = threading.Thread(target=server.serve)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.close)
        yield port


def test_over_http_the_addresses_of_a_name_take_turns(several):
    url = f"http://calls.example:{several}/"
    with ClientPool(Calls, url, timeout=LONG) as pool, contextlib.ExitStack() as stack:
        ones = [stack.enter_context(pool.client()) for _ in range(6)]
        assert [one.add(1, 2) for one in ones] == [3] * 6
        sockets = [one._block.connection.bound._http.sock for one in ones]
        hosts = sorted(each.getpeername()[0] for each in sockets)
        assert hosts == ["127.0.0.1"] * 3 + ["127.0.0.2"] * 3
        # Once, and not again while it is passed over.
        assert pool.stats()["retries"] == 1
        assert ones[0].echo("x") == f"calls.example:{several}"


def test_over_http_with_asyncio_the_addresses_of_a_name_take_turns(several):
    pytest.importorskip("aiohttp")

    async def main():
        url = f"http://calls.example:{several}/"
        async with (
            AsyncClientPool(Calls, url, timeout=LONG) as pool,
            contextlib.AsyncExitStack() as stack,
        ):
            ones = [await stack.enter_async_context(pool.client()) for _ in range(6)]
            hosts = set()
            for one in ones:
                assert await one.add(1, 2) == 3
                (kept,) = one._block.connection.bound._session.connector._conns.values()
                hosts.add(kept[0][0].transport.get_extra_info("peername")[0])
            assert hosts == {"127.0.0.1", "127.0.0.2"}
            assert await ones[0].echo("x") == f"calls.example:{several}"
            assert pool.stats()["connects"] == 6

    asyncio.run(main())


class Once(BaseHTTPRequestHandler):
    """Answers a call with its own host, and closes the connection."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seqid = int.from_bytes(body[8 + body[7] :][:4], "big")
        host = self.server.server_address[0].encode()
        result = struct.pack("!bhi", TType.STRING, 0, len(host)) + host + b"\0"
        reply = message("echo", seqid, result)
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


class Moving(NamedTuple):
    url: str
    hosts: list[str]


@pytest.fixture
def moving(monkeypatch):
    """The URL of a name, which has the addresses that are in a list."""
    of_the_system = socket.getaddrinfo
    hosts = ["127.0.0.1"]

    def getaddrinfo(host, port, *args, **options):
        if host != "calls.example":
            return of_the_system(host, port, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with contextlib.ExitStack() as stack:
        port = 0
        for host in ("127.0.0.1", "127.0.0.2"):
            server = stack.enter_context(ThreadingHTTPServer((host, port), Once))
            port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield Moving(f"http://calls.example:{port}/", hosts)


@contextlib.contextmanager
def calls_of_a_pool(url):
    """What makes calls, one after the other."""
    with ClientPool(Calls, url, timeout=LONG) as pool:
        yield pool.echo


@contextlib.contextmanager
def calls_of_a_block(url):
    with ClientPool(Calls, url, timeout=LONG) as pool, pool.client() as one:
        yield one.echo


@contextlib.contextmanager
def calls_of_asyncio(url, *, in_a_block=False):
    pytest.importorskip("aiohttp")
    loop = asyncio.new_event_loop()
    wait = loop.run_until_complete
    pool = AsyncClientPool(Calls, url, timeout=LONG)
    block = pool.client()
    one = wait(block.__aenter__()) if in_a_block else pool
    try:
        yield lambda text: wait(one.echo(text))
    finally:
        if in_a_block:
            wait(block.__aexit__(None, None, None))
        wait(pool.aclose())
        wait(loop.shutdown_default_executor())
        loop.close()


@pytest.mark.parametrize("calls_of", [calls_of_a_pool, calls_of_asyncio])
def test_over_http_the_addresses_take_turns_when_each_answer_ends_its_connection(moving, calls_of):
    moving.hosts.append("127.0.0.2")
    with calls_of(moving.url) as call:
        hosts = [call("x") for _ in range(6)]
    assert sorted(hosts) == ["127.0.0.1"] * 3 + ["127.0.0.2"] * 3


@pytest.mark.parametrize(
    "calls_of",
    [
        calls_of_a_pool,
        calls_of_a_block,
        calls_of_asyncio,
        partial(calls_of_asyncio, in_a_block=True),
    ],
    ids=["threads", "a block", "asyncio", "a block of asyncio"],
)
def test_over_http_a_name_that_has_moved_is_followed(moving, calls_of):
    with calls_of(moving.url) as call:
        hosts = [call("x")]
        moving.hosts[:] = ["127.0.0.2"]
        hosts.append(call("x"))
    assert hosts == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize("way", ["blocking", "asyncio"])
def test_over_https_the_certificate_is_that_of_the_name(tmp_path, several_addresses, way):
    if way == "asyncio":
        pytest.importorskip("aiohttp")
    authority = Authority(tmp_path, "calls.example")
    server = make_http_server(Calls, Told(), "127.0.0.1", 0, server_class=ThreadingHTTPServer)
    listening = server.httpd.socket
    server.httpd.socket = authority.server_context().wrap_socket(listening, server_side=True)
    port = server.httpd.server_address[1]
    options = {"timeout": LONG, "ssl_context": authority.client_context()}

    async def main():
        async with AsyncClientPool(Calls, f"https://calls.example:{port}/", **options) as pool:
            return await pool.echo("x")

    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        if way == "asyncio":
            assert asyncio.run(main()) == f"calls.example:{port}"
        else:
            with ClientPool(Calls, f"https://calls.example:{port}/", **options) as pool:
                assert pool.echo("x") == f"calls.example:{port}"
    finally:
        server.close()
        thread.join()
