"""Apache Thrift's Python library as a peer, without its compiler.

`classes` makes, for the structs of a module that thriftpy2 loaded, classes of the shape that
``thrift --gen py`` writes: a ``thrift_spec`` tuple indexed by field id, and ``read`` and ``write``
that hand it to the protocol (``thrift.protocol.TBase``).  `Client` and `Processor` do what the
generated ones do, driven by the service instead of written out method by method.
"""

from __future__ import annotations

from typing import Any

from support.values import (
    BINARY,
    DOUBLE,
    LIST,
    MAP,
    SET,
    STRING,
    STRUCT,
    Double,
    field_parts,
    split_spec,
)
from support.values import (
    flatten_value as flatten_model_value,
)
from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol
from thrift.protocol.TBase import TBase, TExceptionBase
from thrift.Thrift import TApplicationException, TFrozenDict, TMessageType, TProcessor, TType
from thrift.transport import TTransport

#: Protocol factories: the C extension (refusing to fall back) and the pure Python code.
FACTORIES = {
    ("binary", "accelerated"): TBinaryProtocol.TBinaryProtocolAcceleratedFactory(fallback=False),
    ("binary", "pure"): TBinaryProtocol.TBinaryProtocolFactory(),
    ("compact", "accelerated"): TCompactProtocol.TCompactProtocolAcceleratedFactory(fallback=False),
    ("compact", "pure"): TCompactProtocol.TCompactProtocolFactory(),
    ("apache_json", "pure"): TJSONProtocol.TJSONProtocolFactory(),
}


def fastest_factory(protocol: str) -> Any:
    """The factory of the C extension, of the pure Python code where there is no other."""
    return FACTORIES.get((protocol, "accelerated")) or FACTORIES[protocol, "pure"]


def encode(obj: Any, protocol: str, flavour: str = "accelerated") -> bytes:
    transport = TTransport.TMemoryBuffer()
    obj.write(FACTORIES[protocol, flavour].getProtocol(transport))
    return transport.getvalue()


def decode(cls: type, data: bytes, protocol: str, flavour: str = "accelerated") -> Any:
    obj = cls()
    obj.read(FACTORIES[protocol, flavour].getProtocol(TTransport.TMemoryBuffer(data)))
    return obj


def _freeze(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(_freeze(item) for item in value)
    if isinstance(value, dict):
        return tuple((_freeze(k), _freeze(v)) for k, v in value.items())
    return value


def _hash(self: Any) -> int:
    return hash(tuple(_freeze(getattr(self, name)) for name in field_names(self)))


def _eq(self: Any, other: Any) -> bool:
    return type(self) is type(other) and vars(self) == vars(other)


def field_names(obj: Any) -> list[str]:
    """The names of an Apache object's fields, in the order of the IDL."""
    return [entry[1] for entry in type(obj).model.thrift_spec.values()]


def _init(self: Any, **fields: Any) -> None:
    for entry in self.thrift_spec:
        if entry is not None:
            setattr(self, entry[2], fields.pop(entry[2], entry[4]))
    assert not fields, f"no such field: {sorted(fields)}"


class Classes:
    """Apache-style classes for thriftpy2-style ones, made at first use and then kept."""

    def __init__(self) -> None:
        self._made: dict[type, type] = {}
        #: (class, spec) pairs whose class has no fields yet: structs that contain themselves.
        self._unfinished: dict[type, list[list]] = {}

    def __getitem__(self, model: type) -> type:
        cls = self._made.get(model)
        if cls is None:
            bases = (TExceptionBase,) if issubclass(model, Exception) else (TBase,)
            # Hashable, for the elements of a set and the keys of a map.
            body = {"__init__": _init, "__eq__": _eq, "__hash__": _hash, "model": model}
            cls = type(model.__name__, bases, body)
            # Registered before its fields are, for structs that contain themselves.
            self._made[model] = cls
            self._fill(cls, model)
        return cls

    def _fill(self, cls: type, model: type) -> None:
        defaults = dict(model.default_spec)
        spec: list[tuple | None] = [None] * (max(model.thrift_spec, default=-1) + 1)
        for fid, entry in model.thrift_spec.items():
            ttype, name, sub = field_parts(entry)
            default = defaults[name]
            if default is not None:
                default = self.build_value(ttype, sub, flatten_model_value(ttype, sub, default))
            wire_type, arguments = self._type(ttype, sub)
            spec[fid] = (fid, wire_type, name, arguments, default)
        cls.thrift_spec = tuple(spec)
        for pair in self._unfinished.pop(model, ()):
            pair[1] = cls.thrift_spec

    def _type(self, ttype: int, spec: Any, frozen: bool = False) -> tuple[int, Any]:
        """The (ttype, arguments) that generated code has; `frozen` where it must be hashable."""
        if ttype == STRING:
            return STRING, "UTF8"
        if ttype == BINARY:
            return STRING, "BINARY"
        if ttype == STRUCT:
            pair = [self[spec], getattr(self[spec], "thrift_spec", None)]
            if pair[1] is None:
                self._unfinished.setdefault(spec, []).append(pair)
            return STRUCT, pair
        if ttype in (LIST, SET):
            element = self._type(*split_spec(spec), frozen=frozen or ttype == SET)
            return ttype, (*element, frozen)
        if ttype == MAP:
            key = self._type(*split_spec(spec[0]), frozen=True)
            value = self._type(*split_spec(spec[1]), frozen=frozen)
            return ttype, (*key, *value, frozen)
        return ttype, None

    def build(self, model: type, plain: dict[str, Any]) -> Any:
        """An Apache object from a plain form; fields that `plain` does not name keep defaults."""
        obj = self[model]()
        for entry in model.thrift_spec.values():
            ttype, name, spec = field_parts(entry)
            if name in plain:
                setattr(obj, name, self.build_value(ttype, spec, plain[name]))
        return obj

    def build_value(self, ttype: int, spec: Any, plain: Any, frozen: bool = False) -> Any:
        if plain is None:
            return None
        if ttype == DOUBLE:
            return plain.value()
        if ttype == STRUCT:
            return self.build(spec, plain)
        if ttype in (LIST, SET):
            # A list for a set too: it keeps the order, which equal bytes need.
            element = split_spec(spec)
            items = [self.build_value(*element, item, frozen) for item in plain]
            return tuple(items) if frozen else items
        if ttype == MAP:
            key, value = split_spec(spec[0]), split_spec(spec[1])
            kind = TFrozenDict if frozen else dict
            return kind(
                (self.build_value(*key, k, True), self.build_value(*value, v, frozen))
                for k, v in plain
            )
        return plain


def flatten(obj: Any) -> dict[str, Any]:
    """The plain form of an Apache object, its sets sorted as by `values.sort_sets`."""
    return {
        name: flatten_value(ttype, spec, getattr(obj, name))
        for ttype, name, spec in map(field_parts, type(obj).model.thrift_spec.values())
    }


def flatten_value(ttype: int, spec: Any, value: Any) -> Any:
    if value is None:
        return None
    if ttype == DOUBLE:
        return Double.of(value)
    if ttype == STRUCT:
        return flatten(value)
    if ttype in (LIST, SET):
        element = split_spec(spec)
        items = [flatten_value(*element, item) for item in value]
        return sorted(items, key=repr) if ttype == SET else items
    if ttype == MAP:
        key, val = split_spec(spec[0]), split_spec(spec[1])
        return [[flatten_value(*key, k), flatten_value(*val, v)] for k, v in value.items()]
    return value


class Client:
    """What generated client code does, for the service `service` of a module of thriftpy2."""

    def __init__(self, service: type, classes: Classes, protocol: Any) -> None:
        self._service = service
        self._classes = classes
        self._protocol = protocol
        self._seqid = 0

    def call(self, method: str, **arguments: Any) -> Any:
        """Call `method`; declared exceptions and TApplicationException are raised."""
        self._send(method, arguments)
        result_model = getattr(self._service, f"{method}_result")
        if result_model.oneway:
            return None
        return self._receive(method, self._classes[result_model])

    def _send(self, method: str, arguments: dict[str, Any]) -> None:
        oneway = getattr(self._service, f"{method}_result").oneway
        message_type = TMessageType.ONEWAY if oneway else TMessageType.CALL
        self._seqid += 1
        self._protocol.writeMessageBegin(method, message_type, self._seqid)
        self._classes[getattr(self._service, f"{method}_args")](**arguments).write(self._protocol)
        self._protocol.writeMessageEnd()
        self._protocol.trans.flush()

    def _receive(self, method: str, result_class: type) -> Any:
        name, message_type, seqid = self._protocol.readMessageBegin()
        assert seqid == self._seqid, "the reply belongs to another call"
        if message_type == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(self._protocol)
            self._protocol.readMessageEnd()
            raise error
        assert name == method
        result = result_class()
        result.read(self._protocol)
        self._protocol.readMessageEnd()
        if getattr(result, "success", None) is not None:
            return result.success
        for field in field_names(result):
            if field != "success" and getattr(result, field) is not None:
                raise getattr(result, field)
        if "success" in field_names(result):
            raise TApplicationException(
                TApplicationException.MISSING_RESULT, f"{method} failed: unknown result"
            )
        return None


class Processor(TProcessor):
    """What a generated processor does, for the service `service` of a module of thriftpy2."""

    def __init__(self, service: type, classes: Classes, handler: Any) -> None:
        self._service = service
        self._classes = classes
        self._handler = handler

    def process(self, iprot: Any, oprot: Any) -> bool:
        name, _, seqid = iprot.readMessageBegin()
        if name not in self._service.thrift_services:
            iprot.skip(TType.STRUCT)
            iprot.readMessageEnd()
            error = TApplicationException(
                TApplicationException.UNKNOWN_METHOD, f"Unknown function {name}"
            )
            return self._reply(oprot, name, TMessageType.EXCEPTION, seqid, error)
        args = self._classes[getattr(self._service, f"{name}_args")]()
        args.read(iprot)
        iprot.readMessageEnd()
        result_class = self._classes[getattr(self._service, f"{name}_result")]
        result = result_class()
        message_type = TMessageType.REPLY
        try:
            value = getattr(self._handler, name)(*(getattr(args, f) for f in field_names(args)))
            if "success" in field_names(result):
                result.success = value
        except Exception as error:
            field = self._declared(result_class, error)
            if field is not None:
                setattr(result, field, error)
            else:
                message_type = TMessageType.EXCEPTION
                result = TApplicationException(
                    TApplicationException.INTERNAL_ERROR, "Internal error"
                )
        if result_class.model.oneway:
            return True
        return self._reply(oprot, name, message_type, seqid, result)

    @staticmethod
    def _declared(result_class: type, error: Exception) -> str | None:
        for entry in result_class.thrift_spec:
            if entry and entry[2] != "success" and isinstance(error, entry[3][0]):
                return entry[2]
        return None

    @staticmethod
    def _reply(oprot: Any, name: str, message_type: int, seqid: int, payload: Any) -> bool:
        oprot.writeMessageBegin(name, message_type, seqid)
        payload.write(oprot)
        oprot.writeMessageEnd()
        oprot.trans.flush()
        return True
