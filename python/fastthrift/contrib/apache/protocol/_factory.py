"""What protocols of Apache's with the codec of this package have in common, and their factories."""

from __future__ import annotations

from typing import Any

from thrift.protocol import TBinaryProtocol
from thrift.protocol.TProtocol import TProtocolBase, TProtocolFactory

from fastthrift._core import GeneratedCodec
from fastthrift.contrib.apache._transport import readable

# The longest string that is read, in bytes; Apache's library has no such limit before 0.24.
STRING_LIMIT: int | None = getattr(TBinaryProtocol, "DEFAULT_STRING_LENGTH_LIMIT", None)


class Accelerated(TProtocolBase):  # type: ignore[misc]
    """What a protocol of Apache's has that is fast, before it among the bases of a class."""

    _codec: GeneratedCodec

    def __init__(self, trans: Any, *args: Any, fallback: bool = True, **kwargs: Any) -> None:
        """``fallback`` is taken as Apache's accelerated protocols take it, and of no meaning."""
        del fallback
        super().__init__(readable(trans), *args, **kwargs)
        # What generated classes look for.
        self._fast_encode = self._codec.encode
        self._fast_decode = self._codec.decode


class Factory(TProtocolFactory):  # type: ignore[misc]
    """Makes protocols with the arguments that it was made with."""

    _protocol: type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._args = args
        self._kwargs = kwargs

    def getProtocol(self, trans: Any) -> Any:
        """A protocol over a transport."""
        return self._protocol(trans, *self._args, **self._kwargs)


class AcceleratedFactory(Factory):
    """Takes the arguments that Apache's factories of accelerated protocols take."""

    def __init__(
        self,
        string_length_limit: int | None = STRING_LIMIT,
        container_length_limit: int | None = None,
        fallback: bool = True,
    ) -> None:
        super().__init__(
            string_length_limit=string_length_limit,
            container_length_limit=container_length_limit,
            fallback=fallback,
        )
