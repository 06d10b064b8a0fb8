"""A connection that ends between the look at it and the request: the call has not run, and is made
again."""

import asyncio
import contextlib
import socket
import threading

import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.transport import TBufferedTransportFactory, TServerSocket, TTransportException
from fastthrift.transport.socket import AcceptedSocket
from support import rpc
from support.rpc import Calls

#: Of a call that must not be late: for a loaded machine.
LONG = 60


class Ending:
    """A peer that answers one call, and goes when it is told to."""

    def __init__(self, way=socket.socket.close):
        self._way = way
        self._told = threading.Event()
        self._gone = threading.Event()
        self.received = []

    def go(self):
        self._told.set()
        assert self._gone.wait(LONG)

    def __index__(self):
        """The number that is sent: it is asked for while the call is encoded."""
        self.go()
        return 3

    def answer_once(self, connection):
        answer(connection)
        self.end(connection)
        if connection.fileno() != -1:
            self.received.append(rpc.receive_call(connection)[0])

    def end(self, connection):
        assert self._told.wait(LONG)
        self._way(connection)
        self._gone.set()

    def answer_again(self, connection):
        self.received.append(answer(connection))


def answer(connection):
    name, seqid = rpc.receive_call(connection)
    connection.sendall(rpc.message(name, seqid, rpc.i32_result(7)))
    return name


def in_threads(port, ending):
    with ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG) as pool:
        return [pool.add(1, 2), pool.add(ending, 4)], pool.stats()


def in_asyncio(port, ending):
    async def main():
        async with AsyncClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG) as pool:
            return [await pool.add(1, 2), await pool.add(ending, 4)], pool.stats()

    return asyncio.run(main())


@pytest.mark.parametrize("call", [in_threads, in_asyncio])
def test_a_request_that_met_the_end_of_its_connection_is_made_again(call):
    ending = Ending()
    with rpc.scripted_peer(ending.answer_once, ending.answer_again) as port:
        answers, stats = call(port, ending)
    assert answers == [7, 7]
    assert (stats["reconnects"], stats["retries"]) == (1, 0)
    assert ending.received == ["add"]


def half(connection):
    """Close the side that answers, and go on reading."""
    connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("call", [in_threads, in_asyncio])
def test_a_request_that_the_peer_can_still_read_is_not_made_again(call):
    ending = Ending(half)
    with rpc.scripted_peer(ending.answer_once) as port:
        with pytest.raises(TTransportException) as caught:
            call(port, ending)
        assert caught.value.request_sent is True
        assert caught.value.type == TTransportException.END_OF_FILE
    assert ending.received == ["add"]


class SlowToEnd(TBufferedTransportFactory):
    """Of a server whose threads are held up when a connection has ended, before they close it."""

    def __init__(self):
        self.has_ended = threading.Event()
        self.may_close = threading.Event()

    def get_transport(self, trans):
        read = trans.read

        def read_slowly(size):
            try:
                return read(size)
            except TTransportException:
                self.has_ended.set()
                assert self.may_close.wait(LONG)
                raise

        trans.read = read_slowly
        return super().get_transport(trans)


def test_a_request_that_a_stopped_server_does_not_read_is_made_again():
    slow = SlowToEnd()
    stopped = rpc.make_server(itrans_factory=slow)
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(contextlib.ExitStack())
        port = serving.enter_context(rpc.serving(stopped))
        serving.callback(slow.may_close.set)
        pool = stack.enter_context(
            contextlib.closing(ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG))
        )
        assert pool.add(1, 2) == 3
        stopped.close()
        assert slow.has_ended.wait(LONG)
        other = rpc.make_server(trans=TServerSocket("127.0.0.1", port))
        stack.enter_context(rpc.serving(other))
        assert pool.add(3, 4) == 7


class EndsEarly(socket.socket):
    """A connection on which a request arrives just after its end was read."""

    def recv(self, *args):
        self.recv = super().recv
        return b""


def test_a_request_that_arrives_with_the_end_of_a_stopped_server_is_read():
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        accepted = AcceptedSocket(EndsEarly(fileno=listener.accept()[0].detach()), None)
        with contextlib.closing(accepted):
            client.sendall(b"a request")
            accepted.is_ending = True
            assert accepted.read(100) == b"a request"
