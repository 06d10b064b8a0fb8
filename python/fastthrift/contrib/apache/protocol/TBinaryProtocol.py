"""Apache's binary protocol with the codec of this package, in a module as Apache's."""

from __future__ import annotations

from typing import Any

from thrift.protocol import TBinaryProtocol as _apache

from fastthrift._core import GeneratedCodec
from fastthrift.contrib.apache._errors import translate
from fastthrift.contrib.apache._transport import readable

from ._factory import AcceleratedFactory, Factory

__all__ = [
    "TBinaryProtocol",
    "TBinaryProtocolAccelerated",
    "TBinaryProtocolAcceleratedFactory",
    "TBinaryProtocolFactory",
]

_CODEC = GeneratedCodec("binary", translate)


class TBinaryProtocol(_apache.TBinaryProtocol):  # type: ignore[misc]
    """Apache's binary protocol over ``trans``, a transport of Apache's or of this package.

    The arguments are those of Apache's: ``strictRead`` and ``strictWrite`` (whether messages need
    and get a version), ``string_length_limit`` (bytes) and ``container_length_limit`` (elements).
    ``fallback`` is taken as Apache's accelerated protocol takes it, and of no meaning here.
    """

    def __init__(self, trans: Any, *args: Any, fallback: bool = True, **kwargs: Any) -> None:
        del fallback
        super().__init__(readable(trans), *args, **kwargs)
        self._fast_encode = _CODEC.encode
        self._fast_decode = _CODEC.decode


# Nothing is slower here for being called by the other name.
TBinaryProtocolAccelerated = TBinaryProtocol


class TBinaryProtocolFactory(Factory):
    """Makes ``TBinaryProtocol`` objects; the arguments are theirs."""

    _protocol = TBinaryProtocol


class TBinaryProtocolAcceleratedFactory(AcceleratedFactory):
    """Makes ``TBinaryProtocolAccelerated`` objects: limits of strings in bytes, of containers in
    elements."""

    _protocol = TBinaryProtocolAccelerated
