"""Several services on one connection, the client's side."""

from __future__ import annotations

from typing import Any

from fastthrift.protocol.base import TProtocolFactory
from fastthrift.thrift import TMessageType, TMultiplexedProcessor


class TMultiplexedProtocol:
    """Puts a service's name before the method's in every call; otherwise the protocol that it
    is given, which may be any."""

    def __init__(self, proto: Any, service_name: str) -> None:
        _require_order(proto, "TMultiplexedProtocol takes a protocol")
        self.service_name = service_name
        self._proto = proto

    def __getattr__(self, name: str) -> Any:
        # Missing only on an object that __init__ has not run on, as copy makes them.
        if name == "_proto":
            raise AttributeError(name)
        return getattr(self._proto, name)

    @property
    def trans(self) -> Any:
        """The transport of the protocol underneath."""
        return self._proto.trans

    @trans.setter
    def trans(self, trans: Any) -> None:
        self._proto.trans = trans

    def write_message_begin(self, name: str, ttype: int, seqid: int) -> None:
        if ttype in (TMessageType.CALL, TMessageType.ONEWAY):
            name = self.service_name + TMultiplexedProcessor.SEPARATOR + name
        self._proto.write_message_begin(name, ttype, seqid)


class TMultiplexedProtocolFactory:
    """Makes the protocols of one service from another factory's."""

    def __init__(self, proto_factory: TProtocolFactory, service_name: str) -> None:
        _require_order(proto_factory, "TMultiplexedProtocolFactory takes a factory")
        self._proto_factory = proto_factory
        self.service_name = service_name

    def get_protocol(self, trans: Any) -> TMultiplexedProtocol:
        return TMultiplexedProtocol(self._proto_factory.get_protocol(trans), self.service_name)


def _require_order(first: Any, takes: str) -> None:
    if isinstance(first, str):
        raise TypeError(f"{takes} first, and then the name of the service: {first!r} is a name")
