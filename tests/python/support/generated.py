"""Objects of Apache's generated classes in their plain form, and both codecs for them."""

from __future__ import annotations

from typing import Any

from fastthrift.contrib import apache as subject
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.Thrift import TFrozenDict, TType
from thrift.transport.TTransport import TMemoryBuffer

from support.values import Double

#: By protocol, the factory of Apache's C extension, which does not fall back, and the one here.
FACTORIES = {
    "binary": (
        TBinaryProtocol.TBinaryProtocolAcceleratedFactory(fallback=False),
        subject.TBinaryProtocolAcceleratedFactory(),
    ),
    "compact": (
        TCompactProtocol.TCompactProtocolAcceleratedFactory(fallback=False),
        subject.TCompactProtocolAcceleratedFactory(),
    ),
}


def encode(obj: Any, factory: Any) -> bytes:
    trans = TMemoryBuffer()
    obj.write(factory.getProtocol(trans))
    return trans.getvalue()


def decode(cls: type, data: bytes, factory: Any) -> tuple[Any, bytes]:
    """An object, by the way of its class, and what is left of the bytes."""
    trans = TMemoryBuffer(data)
    protocol = factory.getProtocol(trans)
    if getattr(cls.read, "__self__", None) is cls:
        return cls.read(protocol), trans.read(len(data))
    obj = cls()
    obj.read(protocol)
    return obj, trans.read(len(data))


def build(cls: type, plain: dict[str, Any]) -> Any:
    """An object of a class from its plain form; fields that it does not name keep defaults."""
    fields = {
        entry[2]: build_value(entry[1], entry[3], plain[entry[2]])
        for entry in cls.thrift_spec
        if entry and entry[2] in plain
    }
    return cls(**fields)


def build_value(ttype: int, args: Any, plain: Any) -> Any:
    if plain is None:
        return None
    if ttype == TType.DOUBLE:
        return plain.value()
    if ttype == TType.STRUCT:
        return build(args[0], plain)
    if ttype in (TType.LIST, TType.SET):
        items = [build_value(args[0], args[1], item) for item in plain]
        if ttype == TType.SET:
            return frozenset(items) if args[2] else set(items)
        return tuple(items) if args[2] else items
    if ttype == TType.MAP:
        items = {
            build_value(args[0], args[1], key): build_value(args[2], args[3], value)
            for key, value in plain
        }
        return TFrozenDict(items) if args[4] else items
    return plain


def flatten(value: Any) -> Any:
    """A value in a form that tells everything of it: types, order, the bits of doubles."""
    if isinstance(value, float):
        return Double.of(value)
    if isinstance(value, dict):
        return type(value), [(flatten(key), flatten(item)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(flatten(item)) for item in value)
    if isinstance(value, (list, tuple)):
        return type(value), [flatten(item) for item in value]
    if spec := getattr(type(value), "thrift_spec", None):
        names = list(getattr(value, "__dict__", None) or [entry[2] for entry in spec if entry])
        return type(value), [(name, flatten(getattr(value, name))) for name in names]
    return type(value), value
