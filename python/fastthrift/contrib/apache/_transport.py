"""Transports of this package before Apache's code."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from thrift.transport.TTransport import CReadableTransport, TTransportBase

from fastthrift._core import CyTransportBase, TMemoryBuffer
from fastthrift.contrib.apache._errors import translate
from fastthrift.transport import TTransportBase as OwnTransportBase
from fastthrift.transport import TTransportException


class Readable(TTransportBase, CReadableTransport):  # type: ignore[misc]
    """A transport of this package by the names that Apache's have.

    The codec reads ``transport`` natively. ``cstringio_refill`` is there for whoever else takes it
    for what it says to be.
    """

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def isOpen(self) -> bool:
        return bool(self.transport.is_open())

    def open(self) -> None:
        self._do(self.transport.open)

    def close(self) -> None:
        self.transport.close()

    def read(self, sz: int) -> bytes:
        return bytes(self._do(self.transport.read, sz))

    def write(self, buf: bytes) -> None:
        self._do(self.transport.write, buf)

    def flush(self) -> None:
        self._do(self.transport.flush)

    @property
    def cstringio_buf(self) -> BytesIO:
        return BytesIO()

    def cstringio_refill(self, partialread: bytes, reqlen: int) -> BytesIO:
        return BytesIO(partialread + self.readAll(reqlen - len(partialread)))

    @staticmethod
    def _do(method: Any, *args: Any) -> Any:
        try:
            return method(*args)
        except TTransportException as error:
            raise translate(error) from error


def readable(transport: Any) -> Any:
    """What Apache's code is given for a transport: one of this package by its names, any other as
    it is."""
    if isinstance(transport, (CyTransportBase, TMemoryBuffer, OwnTransportBase)):
        return Readable(transport)
    return transport
