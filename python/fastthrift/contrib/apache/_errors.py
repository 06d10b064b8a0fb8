"""Exceptions of this package as those of Apache's."""

from __future__ import annotations

from typing import Any

from thrift.protocol.TProtocol import TProtocolException
from thrift.transport.TTransport import TTransportException

from fastthrift.protocol import exc
from fastthrift.transport import TTransportException as OwnTransportException


def translate(error: BaseException) -> Any:
    """The exception of Apache's for one of this package; others as they are.

    Numbers of types are the same in both, but for the limit of depth, which has none here.
    """
    if isinstance(error, exc.TTruncatedDataException):
        return EOFError(str(error))
    if isinstance(error, OwnTransportException):
        return TTransportException(error.type, str(error))
    if isinstance(error, exc.TDepthLimitException):
        return TProtocolException(TProtocolException.DEPTH_LIMIT, str(error))
    if isinstance(error, exc.TProtocolException):
        return TProtocolException(error.type, str(error))
    return error
