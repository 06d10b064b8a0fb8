"""aiohttp, and the exceptions of clients that are its own, too."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from fastthrift.http._outcome import Kinds, THttpConnectionRefused, THttpException
from fastthrift.transport.base import TTransportConnectionReset

from ..transport.base import TAsyncDeadlineExceeded, TAsyncTransportTimeout

#: The classes that are made when aiohttp is there: where each is among the `Kinds`.
KINDS = {
    "THttpClientError": "failed",
    "THttpClientRefused": "refused",
    "THttpClientReset": "closed",
}


def load(name: str) -> Any:
    """A module of aiohttp."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            'Thrift over HTTP with asyncio needs aiohttp: pip install "fastthrift[aio-http]"'
        ) from error


@functools.cache
def kinds() -> Kinds:
    """The classes of exceptions: those of ``fastthrift.http``, and such as callers of aiohttp, or
    of thriftpy2, expect."""
    client_error: Any = load("aiohttp").ClientError

    class THttpClientError(THttpException, client_error):  # type: ignore[misc]
        """The HTTP request failed."""

    class THttpClientRefused(THttpClientError, THttpConnectionRefused):
        """Nothing listens at the server's address."""

    class THttpClientReset(TTransportConnectionReset, THttpClientError):
        """The server has closed the connection without an answer."""

    for made in (THttpClientError, THttpClientRefused, THttpClientReset):
        # Where pickle finds it.
        made.__module__, made.__qualname__ = __package__, made.__name__
    return Kinds(
        THttpClientError,
        THttpClientRefused,
        THttpClientReset,
        TAsyncTransportTimeout,
        TAsyncDeadlineExceeded,
    )
