"""What a connection of THeader keeps for all of its messages is limited."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any

import pytest
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.contrib.aio.transport import TAsyncHeaderTransport
from fastthrift.thrift import TMessageType
from fastthrift.transport import THeaderTransport, TMemoryBuffer, TTransportException
from fastthrift.transport._header_frame import HeaderFrame, write_frame
from support.dialects import Dialect
from support.each_server import ASYNCIO, AWAITED, serving_by
from support.rpc import PATIENCE, message, receive

LIMIT = 1 << 18
WHY = f"at most {LIMIT} are allowed"


def frame(persistent: dict[bytes, bytes]) -> bytes:
    arguments = struct.pack("!bhibhi", 8, 1, 1, 8, 2, 2) + b"\0"
    call = message("add", 1, arguments, kind=TMessageType.CALL)
    data = write_frame(HeaderFrame(call, persistent=persistent))
    return struct.pack("!i", len(data)) + data


@pytest.mark.parametrize("kind", ["threaded", "nonblocking", AWAITED, ASYNCIO])
def test_a_server_closes_a_connection_that_would_keep_too_much(kind: str, caplog: Any) -> None:
    with (
        serving_by(kind, dialect=Dialect("THeader", True)) as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection,
    ):

        def is_answered(persistent: dict[bytes, bytes]) -> bool:
            connection.sendall(frame(persistent))
            size = connection.recv(4)
            return bool(size) and bool(receive(connection, struct.unpack("!i", size)[0]))

        # The same name does not take more, however often it comes.
        for number in range(4):
            assert is_answered({b"same": b"%d" % number * 100_000})
        new = [{b"%d" % number: bytes(50_000)} for number in range(4)]
        assert [is_answered(each) for each in new] == [True, True, True, False]
        until = time.monotonic() + PATIENCE
        while WHY not in caplog.text:
            assert time.monotonic() < until, caplog.text
            time.sleep(0.005)
    assert "headers for all messages of a connection of THeader that take 3" in caplog.text


@pytest.mark.parametrize(("count", "is_kept"), [(1, True), (255, True), (256, False)])
def test_many_short_names_count_too(count: int, is_kept: bool) -> None:
    data = frame({b"%d" % number: b"" for number in range(count)})

    def read() -> bytes:
        return THeaderTransport(TMemoryBuffer(data)).read(1)

    async def awaited() -> bytes:
        return await TAsyncHeaderTransport(TAsyncMemoryBuffer(data)).read(1)

    for given in (read, lambda: asyncio.run(awaited())):
        if is_kept:
            assert given() == b"\x80"
            continue
        with pytest.raises(TTransportException, match=WHY) as caught:
            given()
        assert caught.value.type == TTransportException.SIZE_LIMIT
