"""What a peer of another library sends that no client of ours would: messages of other types, and
an exception of a newer IDL."""

from __future__ import annotations

import io
from pathlib import Path

import fastthrift
import pytest
from fastthrift.rpc import client_context
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TFramedTransport

from interop import peers
from interop.peers import SERVERS, Dialect

FRAMED = Dialect("binary", "framed")


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("type", [TMessageType.REPLY, TMessageType.EXCEPTION])
def test_a_message_of_apache_that_is_no_call_does_not_run_a_method(
    kind: str, type: int, tmp_path: Path
) -> None:
    with peers.serving(peers.ours(kind), FRAMED, tmp_path) as port:
        with pytest.raises(TApplicationException, match=f"nothing came with type {type}") as error:
            _answer(int(port), "nothing", type)
        assert error.value.type == TApplicationException.INVALID_MESSAGE_TYPE
        _answer(int(port), "nothing", TMessageType.CALL)


def _answer(port: int, method: str, type: int) -> None:
    """Sends a message without arguments; raises where the answer is an exception."""
    trans = TFramedTransport(TSocket("127.0.0.1", port))
    trans.open()
    proto = TBinaryProtocol(trans)
    proto.writeMessageBegin(method, type, 1)
    proto.writeStructBegin(method)
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeMessageEnd()
    trans.flush()
    try:
        found, answered, _ = proto.readMessageBegin()
        assert found == method
        if answered == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(proto)
            raise error
        assert answered == TMessageType.REPLY
    finally:
        trans.close()


def test_an_exception_of_a_peer_is_read_by_an_older_idl(tmp_path: Path) -> None:
    older = fastthrift.load_fp(
        io.StringIO(
            """
            exception Declared { 1: i32 code }
            service Peer { i32 declared(1: i32 code, 2: string reason) throws (1: Declared e) }
            """
        ),
        "interop_older_exception_thrift",
    )
    apache = peers.serving(peers.PEERS["apache"], Dialect("binary", "buffered"), tmp_path)
    limit = peers.CALL * 1000
    with (
        apache as port,
        client_context(older.Peer, "127.0.0.1", int(port), socket_timeout=limit) as client,
    ):
        for code in (-7, 8):  # the second: what is unknown of the first was skipped, to its end
            with pytest.raises(older.Declared) as raised:
                client.declared(code, "ä")
            assert raised.value.code == code
