"""thriftpy2 as a peer: its Cython and pure Python binary protocols, and its compact protocol."""

from __future__ import annotations

from typing import Any

import thriftpy2
from thriftpy2.protocol.binary import TBinaryProtocolFactory
from thriftpy2.protocol.compact import TCompactProtocolFactory
from thriftpy2.protocol.cybin import TCyBinaryProtocolFactory
from thriftpy2.utils import deserialize, serialize

load = thriftpy2.load

FACTORIES = {
    ("binary", "cython"): TCyBinaryProtocolFactory(),
    ("binary", "python"): TBinaryProtocolFactory(),
    ("compact", "python"): TCompactProtocolFactory(),
}


def flavours(protocol: str) -> list[str]:
    return [flavour for name, flavour in FACTORIES if name == protocol]


def encode(obj: Any, protocol: str, flavour: str = "python") -> bytes:
    return serialize(obj, FACTORIES[protocol, flavour])


def decode(cls: type, data: bytes, protocol: str, flavour: str = "python") -> Any:
    return deserialize(cls(), data, FACTORIES[protocol, flavour])
