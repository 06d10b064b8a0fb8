"""What our client sends and accepts, seen by a peer that looks at every message."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from peers.remote import HOST
from peers.serve import IDL
from support import subject

CALL, REPLY, EXCEPTION = 1, 2, 3


def message(name: str, message_type: int, seqid: int, body: bytes) -> bytes:
    encoded = name.encode()
    return (
        struct.pack(">HBBi", 0x8001, 0, message_type, len(encoded))
        + encoded
        + struct.pack(">i", seqid)
        + body
    )


def i32_result(value: int) -> bytes:
    return struct.pack(">bhib", 8, 0, value, 0)


def receive_call(connection: socket.socket) -> tuple[str, int, int]:
    """Read one call of ``subtract``: the method, the message type, the sequence id."""
    header = connection.recv(8, socket.MSG_WAITALL)
    if not header:
        raise EOFError
    _, _, message_type, size = struct.unpack(">HBBi", header)
    name = connection.recv(size, socket.MSG_WAITALL).decode()
    (seqid,) = struct.unpack(">i", connection.recv(4, socket.MSG_WAITALL))
    connection.recv(15, socket.MSG_WAITALL)
    return name, message_type, seqid


@contextmanager
def scripted(answer: Callable[[str, int], bytes]) -> Iterator[tuple[int, list[Any]]]:
    """A server of one connection that answers each call with the bytes of `answer`."""
    seen: list[Any] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(120)
            try:
                while True:
                    name, message_type, seqid = receive_call(connection)
                    seen.append((name, message_type, seqid))
                    connection.sendall(answer(name, seqid))
            except (EOFError, ConnectionError):
                return

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            thread.join(timeout=120)


@contextmanager
def client_of(port: int) -> Iterator[Any]:
    service = subject.load(str(IDL)).Peer
    client = subject.rpc.make_client(service, HOST, port, timeout=120_000)
    try:
        yield client
    finally:
        client.close()


@pytest.mark.difference("sequence-ids")
def test_each_call_has_its_own_sequence_id() -> None:
    with (
        scripted(lambda name, seqid: message(name, REPLY, seqid, i32_result(seqid))) as (
            port,
            seen,
        ),
        client_of(port) as client,
    ):
        results = [client.subtract(7, 3) for _ in range(5)]
    assert [name for name, _, _ in seen] == ["subtract"] * 5
    assert {message_type for _, message_type, _ in seen} == {CALL}
    assert results == [seqid for _, _, seqid in seen]
    assert len(set(results)) == 5


WRONG: dict[str, Callable[[str, int], bytes]] = {
    "the reply to another call": lambda name, seqid: message(
        name, REPLY, seqid - 1, i32_result(99)
    ),
    "the reply of another method": lambda name, seqid: message(
        "multiply", REPLY, seqid, i32_result(99)
    ),
    "a call": lambda name, seqid: message(name, CALL, seqid, i32_result(99)),
}


@pytest.mark.parametrize("wrong", list(WRONG))
@pytest.mark.difference("sequence-ids")
def test_a_reply_to_something_else_is_refused(wrong: str) -> None:
    """It is never returned, and neither is anything that follows on the same connection."""
    with scripted(WRONG[wrong]) as (port, _), client_of(port) as client:
        with pytest.raises(subject.TException):
            client.subtract(7, 3)
        with pytest.raises(subject.TTransportException) as caught:
            client.subtract(7, 3)
        assert caught.value.type == subject.TTransportException.NOT_OPEN


@pytest.mark.difference("method-names")
def test_a_reply_has_to_name_the_method() -> None:
    with (
        scripted(lambda name, seqid: message(f"{name}_result", REPLY, seqid, i32_result(4))) as (
            port,
            _,
        ),
        client_of(port) as client,
    ):
        with pytest.raises(subject.TApplicationException) as caught:
            client.subtract(7, 3)
        assert caught.value.type == subject.TApplicationException.WRONG_METHOD_NAME


@pytest.mark.difference("unknown-arguments")
def test_unknown_arguments_are_refused() -> None:
    """The call is not sent, and the client goes on."""
    with (
        scripted(lambda name, seqid: message(name, REPLY, seqid, i32_result(4))) as (port, seen),
        client_of(port) as client,
    ):
        for arguments, keywords in (((7,), {"c": 3}), ((7, 3, 1), {}), ((7, 3), {"b": 3})):
            with pytest.raises(TypeError, match="subtract"):
                client.subtract(*arguments, **keywords)
        assert client.subtract(7, b=3) == 4
        assert client.subtract(b=3, a=7) == 4
    assert len(seen) == 2
