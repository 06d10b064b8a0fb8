"""Calls by THeader of Apache's library, of methods that take a text and give one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from thrift.protocol.THeaderProtocol import THeaderProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TSocket import TSocket


@contextlib.contextmanager
def client_of(port: int, protocol: int, *, zlib: bool) -> Iterator[Any]:
    """Its protocol, over a connection."""
    sock = TSocket("127.0.0.1", port)
    sock.open()
    with protocol_over(sock, protocol, zlib=zlib) as proto:
        yield proto


@contextlib.contextmanager
def protocol_over(sock: Any, protocol: int, *, zlib: bool) -> Iterator[Any]:
    """Its protocol, over one that is open."""
    proto = THeaderProtocol(sock, (0,), protocol)
    if zlib:
        proto.add_transform(1)
    try:
        yield proto
    finally:
        sock.close()


def call(proto: Any, method: str, argument: str, text: str, seqid: int = 7) -> Any:
    """What a call gives."""
    proto.writeMessageBegin(method, TMessageType.CALL, seqid)
    proto.writeStructBegin("args")
    proto.writeFieldBegin(argument, TType.STRING, 1)
    proto.writeString(text)
    proto.writeFieldEnd()
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeMessageEnd()
    proto.trans.flush()
    assert proto.readMessageBegin() == (method, TMessageType.REPLY, seqid)
    proto.readStructBegin()
    assert proto.readFieldBegin()[1:] == (TType.STRING, 0)
    value = proto.readString()
    proto.readFieldEnd()
    assert proto.readFieldBegin()[1] == TType.STOP
    proto.readStructEnd()
    proto.readMessageEnd()
    return value
