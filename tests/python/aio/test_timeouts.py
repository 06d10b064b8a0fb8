"""How the times of asyncio's clients and servers are given."""

from __future__ import annotations

import asyncio

import pytest
from fastthrift.contrib.aio.http import make_client as make_http_client
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from support.aio import PATIENCE, Calls, client_of, port_of, run, serving


def test_deprecated_name_of_the_timeout():
    async def main():
        async with serving() as server:
            with pytest.warns(DeprecationWarning, match="Please use 'timeout'"):
                client = await make_client(
                    Calls,
                    "127.0.0.1",
                    port_of(server),
                    socket_timeout=PATIENCE * 1000,
                )
            assert client._iprot.trans._trans.socket_timeout == PATIENCE
            assert client._iprot.trans._trans.connect_timeout == PATIENCE
            client.close()
            await asyncio.sleep(0)

    run(main())


def test_timeouts_are_milliseconds():
    async def main():
        async with serving() as server, client_of(server, timeout=1500) as client:
            sock = client._iprot.trans._trans
            assert sock.socket_timeout == 1.5
            sock.set_timeout(250)
            assert sock.socket_timeout == sock.connect_timeout == 0.25
            sock.set_timeout(None)
            assert sock.socket_timeout is None
            assert await client.add(1, 2) == 3

    run(main())


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_what_is_no_time_is_no_timeout(timeout):
    for options in ({"timeout": timeout}, {"connect_timeout": timeout}):
        with pytest.raises(ValueError, match="Timeout value out of range"):
            run(make_client(Calls, "127.0.0.1", 1, **options))
    for options in ({"client_timeout": timeout}, {"message_timeout": timeout}):
        with pytest.raises(ValueError, match="Timeout value out of range"):
            TAsyncServerSocket("127.0.0.1", 1, **options)
    with pytest.raises(ValueError, match="Timeout value out of range"):
        run(make_http_client(Calls, url="http://127.0.0.1:1/", timeout=timeout))
