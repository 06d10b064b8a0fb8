"""A call in every dialect, and what is no Thrift, by what errors call them."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.protocol.header import THeaderProtocolFactory
from fastthrift.thrift import TMessageType
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    THeaderTransportFactory,
    TMemoryBuffer,
)

PROTOCOLS: dict[str, Any] = {
    "binary": TBinaryProtocolFactory(),
    "compact": TCompactProtocolFactory(),
    "JSON": TJSONProtocolFactory(),
    "Apache JSON": TApacheJSONProtocolFactory(),
}
TRANSPORTS: dict[bool, Any] = {False: TBufferedTransportFactory(), True: TFramedTransportFactory()}


class Dialect(NamedTuple):
    protocol: str
    framed: bool

    def __str__(self) -> str:
        return f"{'a framed' if self.framed else 'an unframed'} {self.protocol} message"

    @property
    def factories(self) -> tuple[Any, Any]:
        """Of transports and of protocols."""
        if self.protocol == "THeader":
            return THeaderTransportFactory(), THeaderProtocolFactory()
        return TRANSPORTS[self.framed], PROTOCOLS[self.protocol]


DIALECTS = [Dialect(protocol, framed) for protocol in PROTOCOLS for framed in TRANSPORTS]


def call_by(transports: Any, protocols: Any, service: Any, method: str, *values: Any) -> bytes:
    memory = TMemoryBuffer()
    proto = protocols.get_protocol(transports.get_transport(memory))
    proto.write_message_begin(method, TMessageType.CALL, 7)
    getattr(service, f"{method}_args")(*values).write(proto)
    proto.write_message_end()
    proto.trans.flush()
    data: bytes = memory.getvalue()
    return data


def calls(service: Any, method: str, *values: Any) -> dict[str, bytes]:
    """A call in every dialect that is expected by some server, and in those that none is for
    unless it is asked to be."""
    call = service, method, *values
    header = THeaderTransportFactory(), THeaderProtocolFactory()
    old = TBinaryProtocolFactory(strict_write=False)
    return {
        **{str(dialect): call_by(*dialect.factories, *call) for dialect in DIALECTS},
        "a framed THeader message": call_by(*header, *call),
        "an unframed binary message without a version": call_by(TRANSPORTS[False], old, *call),
        "a framed binary message without a version": call_by(TRANSPORTS[True], old, *call),
    }


NO_THRIFT = {
    "an HTTP request": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00" + bytes(0x200),
    "a SASL negotiation": b"\x01\0\0\0\5PLAIN\2\0\0\0\4\0a\0b",
}


def result_of(dialect: Dialect, answer: bytes, service: Any, method: str) -> Any:
    """What an answer to a call in a dialect has."""
    transports, protocols = dialect.factories
    proto = protocols.get_protocol(transports.get_transport(TMemoryBuffer(answer)))
    assert proto.read_message_begin()[:2] == (method, TMessageType.REPLY)
    result = getattr(service, f"{method}_result")()
    proto.read_struct(result)
    return result.success
