"""The package under test: fastthrift, unless FASTTHRIFT_TEST_SUBJECT names another one.

With ``FASTTHRIFT_TEST_SUBJECT=thriftpy2`` the same tests run against the reference
implementation.  That shows whether a test asserts thriftpy2's behaviour or an opinion of its
own; tests of deliberate differences (``differences.py``) are then expected to fail.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

NAME = os.environ.get("FASTTHRIFT_TEST_SUBJECT", "fastthrift")
IS_REFERENCE = NAME == "thriftpy2"


def module(path: str = "") -> ModuleType:
    """Import the module of the subject with this path, e.g. ``module("protocol.exc")``."""
    return importlib.import_module(f"{NAME}.{path}" if path else NAME)


package = module()
thrift = module("thrift")
protocol = module("protocol")
transport = module("transport")
utils = module("utils")
rpc = module("rpc")
server = module("server")

load = package.load
load_fp = package.load_fp

TType = thrift.TType
TMessageType = thrift.TMessageType
TPayload = thrift.TPayload
TException = thrift.TException
TApplicationException = thrift.TApplicationException
TDecodeException = thrift.TDecodeException
TTransportException = module("transport.base").TTransportException
TProtocolException = module("protocol.exc").TProtocolException
TMemoryBuffer = transport.TMemoryBuffer

#: The protocols that every codec test runs with.
PROTOCOLS = ("binary", "compact")

FACTORIES = {
    "binary": protocol.TBinaryProtocolFactory,
    "compact": protocol.TCompactProtocolFactory,
}


def factory(protocol_name: str, **options: object):
    """A protocol factory of the subject: ``factory("compact", strict_decode=True)``."""
    return FACTORIES[protocol_name](**options)


def encode(obj: object, protocol_name: str, **options: object) -> bytes:
    return utils.serialize(obj, factory(protocol_name, **options))


def decode(cls: type, data: bytes, protocol_name: str, **options: object):
    return utils.deserialize(cls(), data, factory(protocol_name, **options))
