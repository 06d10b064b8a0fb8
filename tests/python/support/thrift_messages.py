"""Messages of Thrift as bytes."""

from __future__ import annotations

from typing import Any

from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import TMessageType
from fastthrift.transport import TMemoryBuffer


def call_of(service: Any, method: str, *values: Any) -> bytes:
    """A call in the binary protocol."""
    transport = TMemoryBuffer()
    protocol = TBinaryProtocol(transport)
    protocol.write_message_begin(method, TMessageType.CALL, 1)
    protocol.write_struct(getattr(service, f"{method}_args")(*values))
    protocol.write_message_end()
    data: bytes = transport.getvalue()
    return data
