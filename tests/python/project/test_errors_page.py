"""The tables of errors in the documentation, row by row, with real sockets."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastthrift
import fastthrift.contrib.aio.rpc as aio_rpc
import fastthrift.contrib.aio.transport as aio_transport
import pytest
from fastthrift import rpc
from fastthrift.protocol.cybin import ProtocolError
from fastthrift.thrift import TException
from fastthrift.transport import TFramedTransportFactory, TTransportException
from support import aio as aio_support
from support.rpc import (
    PATIENCE,
    Calls,
    i32_result,
    make_server,
    message,
    receive_call,
    serving,
)
from support.sockets import nobody, silence

ROOT = Path(__file__).parents[3]
LONG = PATIENCE * 1000
HOST = "127.0.0.1"


def table(page: str, first_column: str, header: str) -> list[list[str]]:
    """The rows below the header that starts with these columns."""
    text = ROOT.joinpath(page).read_text()
    found = text.partition(f"| {first_column} | {header} ")[2]
    lines = found.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


CLASSES = table("docs/errors.md", "Class (module)", "Bases")
SITUATIONS = {row[0]: row[1:] for row in table("docs/errors.md", "Situation", "Class")}
README = {row[0]: row[1:] for row in table("README.md", "Situation", "Exception")}


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def class_named(name: str) -> type:
    if name == "ProtocolError":
        return ProtocolError
    for module in ("transport.base", "protocol.exc", "thrift"):
        found = getattr(importlib.import_module(f"fastthrift.{module}"), name, None)
        if found is not None:
            return found
    return getattr(builtins, name)


@pytest.mark.parametrize("row", CLASSES, ids=lambda row: quoted(row[0])[0])
def test_the_classes_have_the_bases_that_the_page_says(row: list[str]) -> None:
    name, module = quoted(row[0])
    cls = getattr(importlib.import_module(f"fastthrift.{module}"), name)
    bases = [base.__name__ for base in cls.__mro__]
    assert [base for base in quoted(row[1]) if base not in bases] == []


# --- Situations -----------------------------------------------------------------------------------


@contextlib.contextmanager
def peer(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """Somebody who runs ``script`` with one connection, and keeps it until the end."""
    ended = threading.Event()

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            script(connection)
            assert ended.wait(LONG)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def call_sync(port: int, text: str = "", *, gone: bool = False, **kwargs: Any) -> Any:
    """One call; where the peer is ``gone`` it is made when that is known."""
    with rpc.client_context(Calls, HOST, port, **{"socket_timeout": LONG, **kwargs}) as client:
        if gone:
            assert client._iprot.trans.sock.recv(1, socket.MSG_PEEK) == b""
        return client.echo(text) if text else client.add(1, 2)


def call_aio(port: int, text: str = "", *, gone: bool = False, **kwargs: Any) -> Any:
    kwargs["timeout"] = kwargs.pop("socket_timeout", LONG)
    if "trans_factory" in kwargs:
        kwargs["trans_factory"] = aio_transport.TAsyncFramedTransportFactory()

    async def main() -> Any:
        client = await aio_rpc.make_client(aio_support.Calls, HOST, port, **kwargs)
        async with client:
            while gone and not client._iprot.trans._trans.reader._eof:
                await asyncio.sleep(0)
            return await (client.echo(text) if text else client.add(1, 2))

    return asyncio.run(main())


# More than the buffers of both sides take.
LARGE = "x" * 50_000_000


def nobody_listens(call: Any) -> None:
    with nobody() as port:
        call(port)


def unknown_host(call: Any) -> None:
    call(9090, url="host.invalid:9090")


def no_route(call: Any) -> None:
    call(9090, url="255.255.255.255:9090")


def slow_to_connect(call: Any) -> None:
    with silence() as port:
        call(port, connect_timeout=50)


def no_tls(call: Any) -> None:
    with serving(make_server()) as port:
        call(port, ssl_context=ssl.create_default_context())


def no_answer(call: Any) -> None:
    with peer(lambda connection: None) as port:
        call(port, socket_timeout=50, connect_timeout=LONG)


def no_reader(call: Any) -> None:
    with peer(lambda connection: None) as port:
        call(port, LARGE, socket_timeout=50, connect_timeout=LONG)


def drip(connection: socket.socket) -> None:
    name, seqid = receive_call(connection)
    for byte in message(name, seqid, i32_result(3)):
        connection.sendall(bytes([byte]))
        threading.Event().wait(0.1)


def slow_drip(call: Any) -> None:
    with peer(drip) as port:
        # In all more than the time-out, which is long enough for a busy machine.
        assert call(port, socket_timeout=2000, connect_timeout=LONG) == 3


def drip_until_it_leaves(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        drip(connection)


def deadline_over(call: Any) -> None:
    with peer(drip_until_it_leaves) as port, fastthrift.deadline(0.3):
        call(port, connect_timeout=LONG)


def answer_and_hang_up(connection: socket.socket) -> None:
    name, seqid = receive_call(connection)
    connection.sendall(message(name, seqid, i32_result(3)))
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def hung_up_meanwhile(call: Any) -> None:
    with peer(answer_and_hang_up) as port:
        if call is call_sync:
            with rpc.client_context(Calls, HOST, port, socket_timeout=LONG) as client:
                assert client.add(1, 2) == 3
                # Not idle for a moment only.
                time.sleep(0.1)
                while not client._iprot.trans.trans.has_arrived():
                    time.sleep(0.1)
                client.add(1, 2)

        async def main() -> None:
            async with await aio_rpc.make_client(aio_support.Calls, HOST, port) as client:
                assert await client.add(1, 2) == 3
                await asyncio.sleep(0.1)
                while not client._iprot.trans._trans.has_arrived():
                    await asyncio.sleep(0.1)
                await client.add(1, 2)

        asyncio.run(main())


def hang_up(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def hung_up(call: Any) -> None:
    with peer(hang_up) as port:
        call(port)


def break_off(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def broken_off(call: Any) -> None:
    for text in ("", LARGE):
        with pytest.raises(ConnectionResetError) as caught, peer(break_off) as port:
            call(port, text)
    raise caught.value


def hung_up_before(call: Any) -> None:
    with peer(lambda connection: connection.close()) as port:
        call(port, LARGE, gone=True)


def framed(header: bytes) -> Callable[[Any], None]:
    def send(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(header)

    def situation(call: Any) -> None:
        with peer(send) as port:
            call(port, trans_factory=TFramedTransportFactory())

    return situation


def closed(call: Any) -> None:
    with serving(make_server()) as port:
        if call is call_sync:
            client = rpc.make_client(Calls, HOST, port)
            client.close()
            client.add(1, 2)

        async def main() -> None:
            client = await aio_rpc.make_client(aio_support.Calls, HOST, port)
            client.close()
            await client.add(1, 2)

        asyncio.run(main())


PROVOKED = {
    "nobody listens there": nobody_listens,
    "the host is unknown": unknown_host,
    "there is no route to the host": no_route,
    "connecting takes longer than the connect time-out": slow_to_connect,
    "TLS is not agreed on": no_tls,
    "no byte comes within the time-out": no_answer,
    "no byte can be sent within the time-out": no_reader,
    "the peer sends a byte now and then": slow_drip,
    "the deadline is over while the answer comes": deadline_over,
    "the peer hangs up": hung_up,
    "the peer breaks the connection off": broken_off,
    "the peer has hung up, noticed while writing": hung_up_before,
    "the peer has hung up while the connection was idle": hung_up_meanwhile,
    "a frame has a negative length": framed(b"\xff\xff\xff\xff"),
    "a frame is longer than the limit": framed(b"\x7f\xff\xff\xff"),
    "a frame ends inside the message": framed(b"\0\0\0\x06\x80\1\0\2\0\0"),
    "the client was closed": closed,
}

# The rows of the README that are about connections, and the same in detail.
IN_THE_README = {
    "the server cannot be reached, the client was closed": (
        "nobody listens there",
        "the host is unknown",
        "there is no route to the host",
        "the client was closed",
    ),
    "no connection in time (3 s unless set)": (
        "connecting takes longer than the connect time-out",
    ),
    "no byte of the answer in time (3 s unless set)": ("no byte comes within the time-out",),
    "the peer hung up, or the bytes end too early": (
        "the peer hangs up",
        "the peer breaks the connection off",
    ),
    "the peer has hung up, noticed while writing": ("the peer has hung up, noticed while writing",),
}


def test_every_row_is_provoked() -> None:
    assert list(SITUATIONS) == list(PROVOKED)
    assert set(IN_THE_README) <= set(README)


def provoke(situation: str, call: Any) -> Any:
    """What is raised, or None."""
    try:
        PROVOKED[situation](call)
    except TException as error:
        return error
    return None


@pytest.mark.parametrize("call", [call_sync, call_aio])
@pytest.mark.parametrize("situation", PROVOKED)
def test_a_row_of_the_page_is_true(situation: str, call: Any) -> None:
    name, number, also = SITUATIONS[situation]
    error = provoke(situation, call)
    if name == "none":
        assert error is None
        return
    # Before Python 3.11 asyncio has classes of its own for what takes too long.
    raised = type(error).__name__.replace("TAsyncDeadline", "Deadline").replace("TAsync", "T")
    assert raised == quoted(name)[0]
    assert error.type == getattr(TTransportException, quoted(number)[0])
    assert error.message
    for other in quoted(also):
        assert isinstance(error, class_named(other))


@pytest.mark.parametrize("call", [call_sync, call_aio])
@pytest.mark.parametrize("row", IN_THE_README)
def test_a_row_of_the_readme_is_true(row: str, call: Any) -> None:
    exception, also = README[row]
    name, number = quoted(exception)
    for situation in IN_THE_README[row]:
        error = provoke(situation, call)
        assert isinstance(error, class_named(name))
        assert error.type == getattr(TTransportException, number)
        for other in quoted(also):
            assert isinstance(error, class_named(other))
