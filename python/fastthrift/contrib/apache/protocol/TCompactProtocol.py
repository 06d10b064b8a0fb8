"""Apache's compact protocol with the codec of this package, in a module as Apache's."""

from __future__ import annotations

from thrift.protocol import TCompactProtocol as _apache

from fastthrift._core import GeneratedCodec
from fastthrift.contrib.apache._errors import translate

from ._factory import Accelerated, AcceleratedFactory, Factory

__all__ = [
    "TCompactProtocol",
    "TCompactProtocolAccelerated",
    "TCompactProtocolAcceleratedFactory",
    "TCompactProtocolFactory",
]


class TCompactProtocol(Accelerated, _apache.TCompactProtocol):  # type: ignore[misc]
    """Apache's compact protocol over ``trans``, a transport of Apache's or of this package.

    The arguments are those of Apache's: ``string_length_limit`` (bytes) and
    ``container_length_limit`` (elements).
    """

    _codec = GeneratedCodec("compact", translate)


# Nothing is slower here for being called by the other name.
TCompactProtocolAccelerated = TCompactProtocol


class TCompactProtocolFactory(Factory):
    """Makes ``TCompactProtocol`` objects; the arguments are theirs."""

    _protocol = TCompactProtocol


class TCompactProtocolAcceleratedFactory(AcceleratedFactory):
    """Makes ``TCompactProtocolAccelerated`` objects: limits of strings in bytes, of containers in
    elements."""

    _protocol = TCompactProtocolAccelerated
