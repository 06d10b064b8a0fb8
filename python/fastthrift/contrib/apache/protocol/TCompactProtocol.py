"""Apache's compact protocol with the codec of this package, in a module as Apache's."""

from __future__ import annotations

from typing import Any

from thrift.protocol import TCompactProtocol as _apache

from fastthrift._core import GeneratedCodec
from fastthrift.contrib.apache._errors import translate
from fastthrift.contrib.apache._transport import readable

from ._factory import AcceleratedFactory, Factory

__all__ = [
    "TCompactProtocol",
    "TCompactProtocolAccelerated",
    "TCompactProtocolAcceleratedFactory",
    "TCompactProtocolFactory",
]

_CODEC = GeneratedCodec("compact", translate)


class TCompactProtocol(_apache.TCompactProtocol):  # type: ignore[misc]
    """Apache's compact protocol over ``trans``, a transport of Apache's or of this package.

    The arguments are those of Apache's: ``string_length_limit`` (bytes) and
    ``container_length_limit`` (elements).
    ``fallback`` is taken as Apache's accelerated protocol takes it, and of no meaning here.
    """

    def __init__(self, trans: Any, *args: Any, fallback: bool = True, **kwargs: Any) -> None:
        del fallback
        super().__init__(readable(trans), *args, **kwargs)
        self._fast_encode = _CODEC.encode
        self._fast_decode = _CODEC.decode


# Nothing is slower here for being called by the other name.
TCompactProtocolAccelerated = TCompactProtocol


class TCompactProtocolFactory(Factory):
    """Makes ``TCompactProtocol`` objects; the arguments are theirs."""

    _protocol = TCompactProtocol


class TCompactProtocolAcceleratedFactory(AcceleratedFactory):
    """Makes ``TCompactProtocolAccelerated`` objects: limits of strings in bytes, of containers in
    elements."""

    _protocol = TCompactProtocolAccelerated
