"""Whose a connection is: of one event loop, one process, one block."""

import asyncio
import contextlib
import itertools
import socket
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastthrift import ClientPool
from fastthrift._calls import pooling
from fastthrift.contrib.aio import pool as aio_pool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.http import make_server as make_http_server
from fastthrift.transport import TTransportException
from support.rpc import Calls, Handler, make_server, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60


@contextlib.contextmanager
def serving_at(scheme):
    """The URL of a server."""
    if scheme == "tcp":
        with serving(make_server()) as port:
            yield f"tcp://127.0.0.1:{port}"
        return
    server = make_http_server(Calls, Handler(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.httpd.server_address[1]}/"
    finally:
        server.close()
        thread.join()


@pytest.fixture(params=["tcp", "http"])
def url(request):
    if request.param == "http":
        pytest.importorskip("aiohttp")
    with serving_at(request.param) as url:
        yield url


def run_program(program):
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        cwd=Path(__file__).parent.parent,
        timeout=LONG,
    )


def test_each_event_loop_has_connections_of_its_own(url):
    run_program(
        f"""
        import asyncio
        from fastthrift.contrib.aio.pool import AsyncClientPool
        from support.rpc import Calls

        pool = AsyncClientPool(Calls, "{url}", timeout={LONG})

        async def four(number):
            return await asyncio.gather(*(pool.add(each, number) for each in range(4)))

        for number in range(3):
            # No loop closes what it leaves.
            assert asyncio.run(four(number)) == [each + number for each in range(4)]
            assert pool.stats()["open"] == pool.stats()["idle"] == 4, pool.stats()
        assert pool.stats()["connects"] == 12
        assert pool.stats()["reconnects"] == pool.stats()["retries"] == 0
        """
    )


def test_loops_of_several_threads_share_a_pool(url):
    pool = AsyncClientPool(Calls, url, timeout=LONG, size=2)

    async def calls(start):
        try:
            return [await pool.add(each, start) for each in range(start, start + 50)]
        finally:
            await asyncio.gather(*(pool.add(each, 1) for each in range(4)))
            pool._calls._end(pool._calls.shelf)
            await asyncio.sleep(0.1)

    with ThreadPoolExecutor(3) as executor:
        results = list(executor.map(lambda start: asyncio.run(calls(start)), [0, 1000, 2000]))
    assert results == [
        [each + start for each in range(start, start + 50)] for start in (0, 1000, 2000)
    ]
    assert pool.stats()["connects"] <= 6


def test_loops_of_several_threads_share_what_is_known_of_addresses(monkeypatch):
    """A name that has ever new addresses, none of which is anybody's."""
    numbers = itertools.count()
    of_the_system = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host != "calls.example":
            return of_the_system(host, port, *args, **options)
        found = [divmod(next(numbers) % 60_000, 250) for _ in range(3)]
        hosts = [f"127.1.{one}.{other + 1}" for one, other in found]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(pooling, "_MOST_REMEMBERED", 100)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"tcp://calls.example:{nobody.getsockname()[1]}"
        pool = AsyncClientPool(Calls, url, timeout=LONG)

        async def call():
            try:
                await pool.add(1, 2)
            except TTransportException as error:
                return error.type
            raise AssertionError("somebody is there")

        async def calls():
            return [await call() for _ in range(300)]

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(4) as executor:
                done = [executor.submit(asyncio.run, calls()) for _ in range(4)]
                kinds = [one.result() for one in done]
        finally:
            sys.setswitchinterval(interval)
    assert kinds == [[TTransportException.NOT_OPEN] * 300] * 4
    # Two of three addresses had another one after them.
    assert pool.stats() == {
        **dict.fromkeys(("open", "busy", "idle", "connects", "reconnects", "timeouts"), 0),
        "retries": 2 * 300 * 4,
    }


def test_a_call_asks_once_which_loop_runs(url, monkeypatch):
    asked = []

    def get_running_loop():
        asked.append(1)
        return of_asyncio()

    of_asyncio = asyncio.get_running_loop

    async def main():
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            assert await pool.add(1, 2) == 3
            # What asyncio asks for itself is not this name.
            monkeypatch.setattr(aio_pool, "asyncio", SimpleNamespace(**vars(asyncio)))
            monkeypatch.setattr(aio_pool.asyncio, "get_running_loop", get_running_loop)
            assert await pool.add(3, 4) == 7
            monkeypatch.undo()

    asyncio.run(main())
    assert asked == [1]


def test_a_pool_that_is_closed_in_one_loop_is_closed_in_all():
    async def call(pool):
        return await pool.add(1, 2)

    async def close(pool):
        assert await pool.add(1, 2) == 3
        await pool.aclose()
        assert pool.stats()["open"] == 0

    with serving_at("tcp") as url:
        pool = AsyncClientPool(Calls, url, timeout=LONG)
        asyncio.run(close(pool))
        with pytest.raises(TTransportException, match="The pool is closed"):
            asyncio.run(call(pool))


def test_a_child_that_is_forked_within_a_loop_has_connections_of_its_own(url):
    run_program(
        f"""
        import asyncio, os, sys, traceback
        from fastthrift.contrib.aio.pool import AsyncClientPool
        from fastthrift.transport import TTransportException
        from support.rpc import Calls

        pool = AsyncClientPool(Calls, "{url}", timeout={LONG}, size=3)

        def sockets():
            descriptors = [f"/proc/self/fd/{{each}}" for each in os.listdir("/proc/self/fd")]
            links = [os.readlink(each) for each in descriptors if os.path.islink(each)]
            return sum(each.startswith("socket:") for each in links)

        async def in_child(one):
            assert pool.stats()["open"] == 0
            assert [await pool.add(each, 1) for each in range(20)] == list(range(1, 21))
            assert pool.stats()["connects"] == 1, pool.stats()
            try:
                await one.add(1, 1)
            except TTransportException as error:
                assert "another process or event loop" in str(error), error
                assert error.request_sent is False
            else:
                raise AssertionError("a call on the connection of the parent")
            await pool.aclose()

        async def main():
            async with pool:
                async with pool.client() as one:
                    assert await one.add(1, 2) == await pool.add(2, 1) == 3
                    before = sockets() if sys.platform == "linux" else None
                    child = os.fork()
                    if child == 0:
                        code = 1
                        try:
                            # Those of the parent are given back.
                            assert before is None or sockets() == before - 2
                            asyncio.events._set_running_loop(None)
                            asyncio.run(in_child(one))
                            code = 0
                        finally:
                            traceback.print_exc()
                            os._exit(code)
                    assert os.waitpid(child, 0)[1] == 0
                    assert await one.add(3, 4) == 7
                    assert await pool.add(3, 4) == 7
                assert pool.stats()["connects"] == 2, pool.stats()
                assert pool.stats()["reconnects"] == 0, pool.stats()

        asyncio.run(main())
        """
    )


def test_what_a_block_has_given_is_refused_after_it(url):
    with ClientPool(Calls, url, timeout=LONG, name="sums") as pool:
        with pool.client() as one:
            assert one.add(1, 2) == 3
        with pytest.raises(TTransportException) as caught:
            one.add(1, 2)
        assert caught.value.type == TTransportException.NOT_OPEN
        assert str(caught.value.message) == (
            "sums: Calls.add() was not sent: what client() has given is for its block, and its "
            "block has ended, and the connection may be somebody else's; enter another one, or "
            "call the pool"
        )
        assert caught.value.request_sent is False
        with pool.client() as other:
            assert other.add(1, 2) == 3
        assert pool.stats()["connects"] == 1


def test_what_a_block_of_asyncio_has_given_is_refused_after_it(url):
    async def main():
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            async with pool.client() as one:
                assert await one.add(1, 2) == 3
            with pytest.raises(TTransportException, match="its block has ended"):
                await one.add(1, 2)
            assert await pool.add(1, 2) == 3

    asyncio.run(main())


def test_a_child_that_is_forked_within_a_block_is_told_the_way_out():
    with serving_at("tcp") as url:
        run_program(
            f"""
            import os, traceback
            from fastthrift import ClientPool
            from fastthrift.transport import TTransportException
            from support.rpc import Calls

            pool = ClientPool(Calls, "{url}", timeout={LONG})
            with pool.client() as one:
                assert one.add(1, 2) == 3
                child = os.fork()
                if child == 0:
                    code = 1
                    try:
                        try:
                            one.add(1, 2)
                        except TTransportException as error:
                            assert "another process" in str(error), error
                            assert "enter another one" in str(error), error
                            with pool.client() as other:
                                assert other.add(3, 4) == 7
                            code = 0
                    finally:
                        traceback.print_exc()
                        os._exit(code)
                assert os.waitpid(child, 0)[1] == 0
                assert one.add(3, 4) == 7
            """
        )
