"""Names of hosts: how long they are looked up, and whose turn their addresses have."""

import asyncio
import contextlib
import socket
import threading
import time
from http.server import ThreadingHTTPServer
from typing import NamedTuple

import fastthrift
import fastthrift.http
import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.http import make_server as make_http_server
from fastthrift.rpc import make_client
from fastthrift.transport import TSocket, TTransportException, _resolving
from fastthrift.transport.base import TTransportTimeout
from support.aio import Authority
from support.greenlets import run
from support.rpc import Calls, Handler, make_server, serving

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


def test_calls_that_wait_for_a_name_share_one_lookup(silent):
    with ClientPool(Calls, "tcp://calls.example:1", timeout=0.3) as pool:
        for _ in range(3):
            with pytest.raises(fastthrift.DeadlineExceeded):
                pool.add(1, 2)
    assert silent.asked == ["calls.example"]


def test_so_it_is_of_asyncio(silent):
    async def main():
        async with AsyncClientPool(Calls, "tcp://calls.example:1", timeout=0.3) as pool:
            with pytest.raises(fastthrift.DeadlineExceeded, match="no address was found") as caught:
                await pool.add(1, 2)
            assert caught.value.request_sent is False
        # The end of the loop waits for its thread.
        silent.over.set()

    asyncio.run(main())


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
