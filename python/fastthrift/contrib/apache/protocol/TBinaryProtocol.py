"""Apache's binary protocol with the codec of this package, in a module as Apache's."""

from __future__ import annotations

from thrift.protocol import TBinaryProtocol as _apache

from fastthrift._core import GeneratedCodec
from fastthrift.contrib.apache._errors import translate

from ._factory import Accelerated, AcceleratedFactory, Factory

__all__ = [
    "TBinaryProtocol",
    "TBinaryProtocolAccelerated",
    "TBinaryProtocolAcceleratedFactory",
    "TBinaryProtocolFactory",
]


class TBinaryProtocol(Accelerated, _apache.TBinaryProtocol):  # type: ignore[misc]
    """Apache's binary protocol over ``trans``, a transport of Apache's or of this package.

    The arguments are those of Apache's: ``strictRead`` and ``strictWrite`` (whether messages need
    and get a version), ``string_length_limit`` (bytes) and ``container_length_limit`` (elements).
    """

    _codec = GeneratedCodec("binary", translate)


# Nothing is slower here for being called by the other name.
TBinaryProtocolAccelerated = TBinaryProtocol


class TBinaryProtocolFactory(Factory):
    """Makes ``TBinaryProtocol`` objects; the arguments are theirs."""

    _protocol = TBinaryProtocol


class TBinaryProtocolAcceleratedFactory(AcceleratedFactory):
    """Makes ``TBinaryProtocolAccelerated`` objects: limits of strings in bytes, of containers in
    elements."""

    _protocol = TBinaryProtocolAccelerated
