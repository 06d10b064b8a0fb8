"""The error of a call says whose it is, where it went and whether it was sent, whatever failed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio import pool as aio_pool
from fastthrift.contrib.aio import rpc as aio_rpc
from fastthrift.protocol.exc import TProtocolException
from fastthrift.rpc import make_client
from fastthrift.thrift import TApplicationException, TMessageType
from fastthrift.transport import TTransportException
from support.rpc import PATIENCE, Calls, receive, scripted_peer

CALL = "Calls.add()"
REFUSED = b"\x0b\x00\x01" + struct.pack("!i", 4) + b"oops" + b"\x08\x00\x02"


def message(kind: int, body: bytes, *, seqid: int | None = None) -> Callable[[Any], None]:
    """A peer that answers one call of `add` so, and keeps the connection until it is closed."""

    def script(connection: Any) -> None:
        call = receive(connection, 8 + 3 + 4 + 15)
        asked = struct.unpack("!i", call[11:15])[0]
        header = struct.pack("!Ii3si", 0x80010000 | kind, 3, b"add", seqid or asked)
        connection.sendall(header + body)
        hang_up(connection)

    return script


def exception(kind: int) -> Callable[[Any], None]:
    return message(TMessageType.EXCEPTION, REFUSED + struct.pack("!i", kind) + b"\x00")


def hang_up(connection: Any) -> None:
    """Wait until the client has what was sent."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass


def end_unanswered(connection: Any) -> None:
    receive(connection, 30)
    hang_up(connection)


def say_http(connection: Any) -> None:
    receive(connection, 30)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(100))
    hang_up(connection)


class Failure(NamedTuple):
    """What a peer does, and what the error of a call of it is: its class and type, as thriftpy2
    has them, how its text begins, and whether the call was sent."""

    script: Callable[[Any], None] | None
    error: type[Exception]
    type: int
    begins: str
    sent: bool = True


FAILURES = {
    "refused connection": Failure(
        None, TTransportException, TTransportException.NOT_OPEN, "Could not connect to ", False
    ),
    "no answer": Failure(end_unanswered, TTransportException, TTransportException.END_OF_FILE, "T"),
    "answer of HTTP": Failure(
        say_http, TProtocolException, TProtocolException.BAD_VERSION, "No protocol version header"
    ),
    "other sequence id": Failure(
        message(TMessageType.REPLY, b"\x00", seqid=77),
        TApplicationException,
        TApplicationException.BAD_SEQUENCE_ID,
        "Bad sequence ID",
    ),
    "missing result": Failure(
        message(TMessageType.REPLY, b"\x00"),
        TApplicationException,
        TApplicationException.MISSING_RESULT,
        "Missing result",
    ),
    "unknown method": Failure(
        exception(TApplicationException.UNKNOWN_METHOD),
        TApplicationException,
        TApplicationException.UNKNOWN_METHOD,
        "oops",
    ),
    "internal error": Failure(
        exception(TApplicationException.INTERNAL_ERROR),
        TApplicationException,
        TApplicationException.INTERNAL_ERROR,
        "oops",
    ),
}


def plain(port: int) -> None:
    with contextlib.closing(
        make_client(Calls, "127.0.0.1", port, timeout=PATIENCE * 1000)
    ) as client:
        client.add(1, 2)


def pooled(port: int) -> None:
    with ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=PATIENCE) as pool:
        pool.add(1, 2)


def awaited(port: int) -> None:
    async def main() -> None:
        client = await aio_rpc.make_client(Calls, "127.0.0.1", port, timeout=PATIENCE * 1000)
        async with client:
            await client.add(1, 2)

    asyncio.run(main())


def awaited_of_a_pool(port: int) -> None:
    async def main() -> None:
        url = f"tcp://127.0.0.1:{port}"
        async with aio_pool.AsyncClientPool(Calls, url, timeout=PATIENCE) as pool:
            await pool.add(1, 2)

    asyncio.run(main())


CLIENTS = [plain, pooled, awaited, awaited_of_a_pool]


@contextlib.contextmanager
def peer_that(failure: Failure) -> Iterator[int]:
    if failure.script is not None:
        with scripted_peer(failure.script) as port:
            yield port
        return
    with socket.socket() as taken:
        # Bound, and nobody listens.
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_the_error_of_a_call_says_which_it_is(
    failure: Failure, client: Callable[[int], None]
) -> None:
    with peer_that(failure) as port, pytest.raises(failure.error) as caught:
        client(port)
    error: Any = caught.value
    peer = f"127.0.0.1:{port}"
    is_unasked = failure.script is None and client in (plain, awaited)
    assert (error.type, error.service) == (failure.type, "Calls")
    # A client that cannot connect has no call yet.
    assert error.method == (None if is_unasked else "add")
    assert error.peer.removeprefix("tcp://") == peer
    assert error.request_sent is failure.sent
    text = str(error) if isinstance(error, TApplicationException) else error.message
    assert text.startswith(failure.begins)
    assert ("a client of Calls" if is_unasked else CALL) in text
    assert peer in text
    assert text.endswith(f"the request was {'' if failure.sent else 'not '}sent)")


@pytest.mark.parametrize("kind", ["unknown method", "internal error"])
def test_what_the_server_has_said_is_the_message_as_it_came(kind: str) -> None:
    """A handler that raises it anew does not tell its own clients where it came from."""
    with peer_that(FAILURES[kind]) as port, pytest.raises(TApplicationException) as caught:
        plain(port)
    assert caught.value.message == "oops"
