"""A pool of clients for asyncio: the rules are those of ``test_pool``, by another driver."""

import asyncio
import contextlib
import http.server
import socket
import sys
import textwrap
import threading
from dataclasses import replace

import fastthrift
import pytest
import support.http
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.http import make_server as make_http_server
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TApplicationException, TMultiplexedProcessor, TProcessor
from fastthrift.transport import TFramedTransportFactory, TServerSocket, TTransportException
from fastthrift.urls import parse
from support import children, rpc
from support.rpc import Calls, Handler, make_server, serving
from support.sockets import silence

#: Of a call that must not be late: for a loaded machine.
LONG = 60


def pool_of(port, **options):
    options.setdefault("timeout", LONG)
    options.setdefault("connect_timeout", LONG)
    return AsyncClientPool(Calls, f"tcp://127.0.0.1:{port}", **options)


@pytest.fixture
def port():
    with serving(make_server()) as port:
        yield port


def test_tasks_share_no_more_connections_than_there_may_be(port):
    async def main():
        async with pool_of(port, size=3) as pool:
            assert pool.stats()["open"] == 0
            calls = [pool.echo(str(each)) for each in range(100)]
            assert await asyncio.gather(*calls) == list(map(str, range(100)))
            stats = pool.stats()
            assert stats["connects"] == stats["idle"] == stats["open"] == 3
            async with pool.client() as one:
                assert await one.add(1, 2) == 3
            assert await pool.with_options(timeout=30).add(1, 2) == 3

    asyncio.run(main())


def test_a_connection_that_the_server_has_closed_is_replaced_without_a_word():
    async def main(port):
        async with pool_of(port) as pool:
            assert await pool.add(1, 2) == 3
            (connection,) = pool._calls.shelf.idle
            while not connection.client._iprot.trans._trans.has_arrived():
                await asyncio.sleep(0.01)
            assert await pool.add(3, 4) == 7
            assert pool.stats()["reconnects"] == 1

    trans = TServerSocket("127.0.0.1", 0, client_timeout=1000)
    with serving(make_server(trans=trans)) as port:
        asyncio.run(main(port))


@pytest.mark.parametrize(("idempotent", "runs"), [((), 1), (("add",), 2)])
def test_what_was_sent_runs_twice_where_it_may(idempotent, runs):
    received = []

    def script(connection):
        received.append(rpc.receive_call(connection)[0])

    async def main(port):
        async with pool_of(port, idempotent=idempotent) as pool:
            with pytest.raises(TTransportException) as caught:
                await pool.add(1, 2)
            assert caught.value.request_sent is True

    with rpc.scripted_peer(*[script] * runs) as port:
        asyncio.run(main(port))
    assert received == ["add"] * runs


def test_failures_and_what_becomes_of_the_connection(port):
    async def main():
        async with pool_of(port) as pool:
            with pytest.raises(rpc.module.NotFound):
                await pool.check(1)
            with pytest.raises(TypeError):
                await pool.add(1, 2, 3)
            assert pool.stats()["idle"] == 1
            with pytest.raises(TApplicationException):
                await pool.fail("x")
            assert pool.stats()["open"] == 0
            assert await pool.add(1, 2) == 3

    asyncio.run(main())


def test_time_outs_and_cancelled_calls_give_their_slot_back():
    handler = Handler()

    async def main(port):
        async with pool_of(port, size=1) as pool:
            with pytest.raises(fastthrift.DeadlineExceeded):
                await pool.with_options(timeout=0.2).wait(1)
            assert pool.stats()["open"] == 0
            call = asyncio.ensure_future(pool.wait(2))
            waiting = [asyncio.ensure_future(pool.add(each, 1)) for each in range(3)]
            await asyncio.sleep(0.1)
            # One that waits for the connection, and the call that has it.
            waiting[0].cancel()
            call.cancel()
            assert await asyncio.gather(*waiting[1:]) == [2, 3]
            assert pool.stats()["busy"] == 0
            with pytest.raises(TimeoutError, match="all 1 connections"):
                async with pool.client():
                    await pool.with_options(checkout_timeout=0.05).add(1, 2)
        handler.go_on.set()

    with serving(make_server(handler)) as port:
        asyncio.run(main(port))


def test_addresses_and_what_is_spoken(tmp_path):
    async def main(urls):
        async with AsyncClientPool(Calls, urls, timeout=LONG) as pool:
            assert [await pool.add(each, 1) for each in range(3)] == [1, 2, 3]

    trans = TServerSocket(unix_socket=str(tmp_path / "the.sock"))
    with serving(make_server(trans=trans, itrans_factory=TFramedTransportFactory())):
        nobody = f"unix:{tmp_path / 'nobody.sock'}"
        asyncio.run(main([nobody, f"unix:{tmp_path / 'the.sock'}?transport=framed"]))


def server_of(processor, spoken):
    """A server that speaks what a URL says."""
    trans = TServerSocket("127.0.0.1", 0)
    trans.listen()
    return TThreadedServer(
        processor,
        trans,
        iprot_factory=replace(spoken, service="").protocol_factory(),
        itrans_factory=spoken.transport_factory(),
    )


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("protocol", ["binary", "compact", "json", "apache_json", "lax_binary"])
def test_whatever_a_url_says_is_spoken(protocol, transport, several):
    url = f"tcp://127.0.0.1:1?protocol={protocol}&transport={transport}"
    spoken = parse(url)
    processor = TProcessor(Calls, Handler())
    if several:
        processor = TMultiplexedProcessor()
        processor.register_processor("sums", TProcessor(Calls, Handler()))
        url += "&service=sums"

    async def main(url):
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            assert await pool.add(1, 2) == 3
            with pytest.raises(rpc.module.NotFound):
                await pool.check(1)
            assert await pool.echo(text="x") == "x"
            assert pool.stats()["connects"] == 1

    with serving(server_of(processor, spoken)) as port:
        asyncio.run(main(url.replace(":1?", f":{port}?")))


def test_a_service_among_several_of_header():
    processor = TMultiplexedProcessor()
    processor.register_processor("sums", TProcessor(Calls, Handler()))
    spoken = parse("tcp://127.0.0.1?transport=header")

    async def main(url):
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            assert await pool.add(1, 2) == 3
            assert await pool.echo("x") == "x"

    with serving(server_of(processor, spoken)) as port:
        asyncio.run(main(f"tcp://127.0.0.1:{port}?transport=header&service=sums"))


def test_the_addresses_of_a_name_take_turns(monkeypatch):
    first = make_server()
    port = rpc.port_of(first)
    second = make_server(trans=TServerSocket("127.0.0.2", port))

    def getaddrinfo(host, port, *_, **__):
        hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    async def main():
        url = f"tcp://calls.example:{port}"
        async with (
            AsyncClientPool(Calls, url, timeout=LONG) as pool,
            contextlib.AsyncExitStack() as stack,
        ):
            ones = [await stack.enter_async_context(pool.client()) for _ in range(6)]
            assert [await one.add(1, 2) for one in ones] == [3] * 6
            hosts = sorted(one._block.connection.place[1][1][0] for one in ones)
            assert hosts == ["127.0.0.1"] * 3 + ["127.0.0.2"] * 3

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with serving(first), serving(second):
        asyncio.run(main())


def test_over_http():
    pytest.importorskip("aiohttp")
    handler = Handler()
    server = make_http_server(
        Calls, handler, "127.0.0.1", 0, server_class=http.server.ThreadingHTTPServer
    )

    async def main(url):
        async with AsyncClientPool(Calls, url, timeout=LONG, size=2) as pool:
            texts = [str(each) for each in range(20)]
            assert await asyncio.gather(*map(pool.echo, texts)) == texts
            assert 1 <= pool.stats()["connects"] <= 2
            with pytest.raises(rpc.module.NotFound):
                await pool.check(1)
            with pytest.raises(fastthrift.DeadlineExceeded) as caught:
                await pool.with_options(timeout=0.2).wait(1)
            assert caught.value.request_sent is True
            assert await pool.add(1, 2) == 3

    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        asyncio.run(main(f"http://127.0.0.1:{server.httpd.server_address[1]}/"))
    finally:
        handler.go_on.set()
        server.close()
        thread.join()
    nobody = f"http://127.0.0.1:{server.httpd.server_address[1]}/"

    async def to_nobody():
        async with AsyncClientPool(Calls, nobody, timeout=LONG) as pool:
            with pytest.raises(TTransportException) as caught:
                await pool.add(1, 2)
            assert caught.value.request_sent is False

    asyncio.run(to_nobody())


@pytest.fixture
def web():
    pytest.importorskip("aiohttp")
    with support.http.running(support.http.server_of()) as port:
        yield f"http://127.0.0.1:{port}/"


def test_over_http_an_address_that_says_nothing_leaves_the_others_their_turn(web):
    async def main(urls):
        async with AsyncClientPool(Calls, urls, timeout=LONG, connect_timeout=0.3) as pool:
            assert [await pool.add(each, 1) for each in range(3)] == [1, 2, 3]
            assert pool.stats()["retries"] == 1

    with silence() as port:
        asyncio.run(main([f"http://127.0.0.1:{port}/", web]))


def test_over_http_a_call_that_has_reached_nobody_was_not_sent():
    pytest.importorskip("aiohttp")

    async def main(url):
        async with AsyncClientPool(Calls, url, timeout=0.3) as pool:
            with pytest.raises(fastthrift.DeadlineExceeded, match="was not sent") as caught:
                await pool.add(1, 2)
            assert caught.value.request_sent is False

    with silence() as port:
        asyncio.run(main(f"http://127.0.0.1:{port}/"))


def test_over_http_long_calls_end_in_time_too(web):
    async def main():
        loop = asyncio.get_running_loop()
        ends = []
        call_at = loop.call_at

        def noted(when, *args, **options):
            ends.append(when)
            return call_at(when, *args, **options)

        async with AsyncClientPool(Calls, web, timeout=10) as pool:
            assert await pool.add(1, 2) == 3
            # Far from a second of the clock.
            while not 0.1 < loop.time() % 1 < 0.4:
                await asyncio.sleep(0.01)
            begun = loop.time()
            loop.call_at = noted
            try:
                assert await pool.add(3, 4) == 7
            finally:
                del loop.call_at
            assert [end for end in ends if 9.5 < end - begun < 10.4]

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_over_http_a_call_on_a_kept_connection_needs_no_other_descriptor(web):
    ended = children.run("-c", textwrap.dedent(OUT_OF_DESCRIPTORS) % web, text=True)
    assert (ended.stdout, ended.returncode) == ("3 7\n", 0), ended.stderr


OUT_OF_DESCRIPTORS = """
    import asyncio, resource
    from fastthrift.contrib.aio.pool import AsyncClientPool
    from support.rpc import Calls

    async def main():
        async with AsyncClientPool(Calls, "%s", timeout=60) as pool:
            first = await pool.add(1, 2)
            resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
            print(first, await pool.add(3, 4))

    asyncio.run(main())
"""
