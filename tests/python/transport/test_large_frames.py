"""Frames that we may write and a peer may not take: the end of the connection says so."""

import asyncio
import contextlib

import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.transport import TTransportException
from support.rpc import Calls, scripted_peer
from thrift.protocol import TBinaryProtocol
from thrift.transport import TSocket, TTransport

LARGE = "x" * 17_000_000
LONG = 120


def read_by_apache(connection):
    """What Apache Thrift's framed server does with a message, by its own limit."""
    trans = TSocket.TSocket()
    trans.setHandle(connection)
    prot = TBinaryProtocol.TBinaryProtocol(TTransport.TFramedTransport(trans))
    with contextlib.suppress(TTransport.TTransportException):
        prot.readMessageBegin()


def text_of(way, port):
    """What a call with a large argument fails with."""
    url = f"tcp://127.0.0.1:{port}?transport=framed"
    if way == "threads":
        with ClientPool(Calls, url, timeout=LONG) as pool:
            with pytest.raises(TTransportException) as caught:
                pool.echo(LARGE)
            return caught.value.message

    async def call():
        async with AsyncClientPool(Calls, url, timeout=LONG) as pool:
            with pytest.raises(TTransportException) as caught:
                await pool.echo(LARGE)
            return caught.value.message

    return asyncio.run(call())


@pytest.mark.parametrize("way", ["threads", "asyncio"])
def test_a_frame_that_apache_refuses(way):
    with scripted_peer(read_by_apache) as port:
        text = text_of(way, port)
    assert "after 17,000,0" in text
    assert "refuse frames of more than 16,384,000 bytes" in text
    assert "Calls.echo()" in text


def test_a_small_one_does_not_blame_its_size():
    with scripted_peer(read_by_apache) as port:
        pool = ClientPool(Calls, f"tcp://127.0.0.1:{port}?transport=framed", timeout=LONG)
        with pool, pytest.raises(TTransportException) as caught:
            pool.echo("x")
    assert "16,384,000" not in caught.value.message
