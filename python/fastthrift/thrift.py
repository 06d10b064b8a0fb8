"""Payloads, exceptions, the client and the processors.

The names, signatures and defaults are those of ``thriftpy2.thrift``.
"""

from __future__ import annotations

import keyword
import os

from fastthrift import _core
from fastthrift._light import new_lock, partial
from fastthrift._message import READ, REPLIED, REPLYING, Message, Reader, Writer
from fastthrift._wait import flush, send, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from fastthrift.protocol.base import TProtocolBase

    # Field id -> (ttype, name, required) or (ttype, name, sub-spec, required), in declaration
    # order.
    ThriftSpec = dict[int, tuple[Any, ...]]
    # (field name, default value), in declaration order.
    DefaultSpec = list[tuple[str, Any]]
    # What `TProcessor.process_in` gives: method, sequence id, the result to fill in (or the
    # exception to answer with), and the call of the handler.
    Incoming = tuple[str, int, Any, Callable[[], Any] | None]

# Sequence ids are positive i32 and start again at 1.
_MAX_SEQUENCE_ID = 2**31 - 1

# Characters of a value in an error message: whole for ordinary values, no flood in the log.
_LONGEST_VALUE = 1000


class TType:
    """Thrift's type ids, as they travel in binary messages and stand in a ``thrift_spec``."""

    STOP = 0
    VOID = 1
    BOOL = 2
    BYTE = 3
    I08 = 3
    DOUBLE = 4
    I16 = 6
    I32 = 8
    I64 = 10
    STRING = 11
    UTF7 = 11
    STRUCT = 12
    MAP = 13
    SET = 14
    LIST = 15
    UTF8 = 16
    UTF16 = 17
    # Never on the wire: tells `binary` from `string` in a spec.
    BINARY = 18

    _VALUES_TO_NAMES: ClassVar[dict[int, str]] = {
        STOP: "STOP",
        VOID: "VOID",
        BOOL: "BOOL",
        BYTE: "BYTE",
        DOUBLE: "DOUBLE",
        I16: "I16",
        I32: "I32",
        I64: "I64",
        STRING: "STRING",
        STRUCT: "STRUCT",
        MAP: "MAP",
        SET: "SET",
        LIST: "LIST",
        UTF8: "UTF8",
        UTF16: "UTF16",
        BINARY: "BINARY",
    }


class TMessageType:
    """The kind of a message, told in its header."""

    CALL = 1
    REPLY = 2
    EXCEPTION = 3
    ONEWAY = 4


def args_to_kwargs(thrift_spec: ThriftSpec, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Name positional arguments after the fields of ``thrift_spec``, in declaration order.

    None counts as "not given". Raises ``ValueError`` with the field's name when a required
    argument is missing and ``TypeError`` when there are more arguments than fields.
    """
    if len(args) > len(thrift_spec):
        raise TypeError(
            f"takes {len(thrift_spec)} positional arguments "
            f"({_parameters(thrift_spec)}) but {len(args)} were given"
        )
    for position, field in enumerate(thrift_spec.values()):
        name = field[1]
        if position < len(args) and args[position] is not None:
            kwargs[name] = args[position]
        if field[-1] and name not in kwargs:
            raise ValueError(name)
    return kwargs


def _parameters(thrift_spec: ThriftSpec) -> str:
    return ", ".join(field[1] for field in thrift_spec.values()) or "none"


def _check_arguments(
    method: str, thrift_spec: ThriftSpec, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Refuse, as a Python function would, arguments that do not fit the method."""
    names = [field[1] for field in thrift_spec.values()]
    if len(args) > len(names):
        raise TypeError(
            f"{method}() takes {len(names)} positional arguments "
            f"({_parameters(thrift_spec)}) but {len(args)} were given"
        )
    for name in kwargs:
        if name not in names:
            raise TypeError(
                f"{method}() got an unexpected keyword argument {name!r}; "
                f"its parameters are: {_parameters(thrift_spec)}"
            )
    for name, value in zip(names, args, strict=False):
        # A positional None means "not given", so a keyword may still give the value.
        if value is not None and name in kwargs:
            raise TypeError(
                f"{method}() got multiple values for argument {name!r}; "
                f"its parameters are: {_parameters(thrift_spec)}"
            )


def parse_spec(ttype: int, spec: Any = None) -> str | None:
    """The type in words, such as ``MAP<STRING, LIST<I32>>``."""
    names = TType._VALUES_TO_NAMES

    def describe(element: Any) -> str | None:
        return parse_spec(*element) if isinstance(element, tuple) else names[element]

    if spec is None:
        return names[ttype]
    if ttype == TType.STRUCT:
        return str(spec.__name__)
    if ttype in (TType.LIST, TType.SET):
        return f"{names[ttype]}<{describe(spec)}>"
    if ttype == TType.MAP:
        return f"MAP<{describe(spec[0])}, {describe(spec[1])}>"
    return None


def _is_mutable(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_is_mutable, value))
    return isinstance(value, (list, dict, set, bytearray, TPayload))


def _fresh(value: Any) -> Any:
    """A copy of a default value that shares nothing mutable with it."""
    kind = type(value)
    if kind is list or kind is set or kind is tuple:
        return kind(map(_fresh, value))
    if kind is dict:
        return {_fresh(key): _fresh(item) for key, item in value.items()}
    if not _is_mutable(value):
        return value
    import copy

    return copy.deepcopy(value)


def init_func_generator(cls: type, spec: DefaultSpec | None) -> Callable[..., None]:
    """Make ``__init__`` from a default spec: ``[('name', 'Ann'), ('phones', [])]`` gives
    ``def __init__(self, name='Ann', phones=[])``.

    Each object gets its own copy of a list, map, set or struct that is a default value.
    """
    if not spec:

        def __init__(self: Any) -> None:
            pass

        return __init__

    names = [name for name, _ in spec]

    def unused(name: str) -> str:
        while name in names:
            name = "_" + name
        return name

    # A field may be called "self"; and the parameters shadow the function's globals.
    receiver, fresh, defaults = unused("self"), unused("fresh"), unused("defaults")
    parameters = [f"{name}={defaults}[{position}]" for position, name in enumerate(names)]
    lines = [f"def __init__({receiver}, {', '.join(parameters)}):"]
    for position, (name, default) in enumerate(spec):
        value = name
        if _is_mutable(default):
            value = f"{fresh}({name}) if {name} is {defaults}[{position}] else {name}"
        lines.append(f"    {receiver}.{name} = {value}")
    source = "\n".join(lines)

    filename = f"<generated {cls.__name__}.__init__>"
    namespace: dict[str, Any] = {
        defaults: [default for _, default in spec],
        fresh: _fresh,
        "__name__": cls.__module__,
    }
    exec(compile(source, filename, "exec"), namespace)
    import linecache

    # Lets tracebacks and debuggers show the generated lines.
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    function: Callable[..., None] = namespace["__init__"]
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    return function


class _DefaultOfField:
    """A value assigned to a class under the name of a field that is a slot: what an object has of
    its own comes first, as it does with the ``__dict__`` of ordinary objects."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __get__(self, object: Any, owner: type | None = None) -> Any:
        own = {} if object is None else _core.snapshot(object)
        if self.name in own:
            return own[self.name]
        getter = getattr(type(self.value), "__get__", None)
        return self.value if getter is None else getter(self.value, object, owner)

    def __set__(self, object: Any, value: Any) -> None:
        _core.set_raw(object, self.name, value)

    def __delete__(self, object: Any) -> None:
        if not _core.delete_raw(object, self.name):
            raise AttributeError(self.name)


_TYPE_BASE: Any = vars(type)["__base__"]
_TYPE_BASES: Any = vars(type)["__bases__"]


def _is_storage(base: type | None) -> bool:
    return base is not None and _core.StructStorage in _TYPE_BASES.__get__(base)


def _signature(cls: type) -> Any:
    """The signature of a class whose ``__init__`` is native; None for other classes."""
    from fastthrift._struct import exception_init

    fields = _core.layout_fields(cls)
    if fields is None or cls.__init__ not in (_core.StructStorage.__init__, exception_init):  # type: ignore[misc]
        return None
    from inspect import Parameter, Signature

    kind = Parameter.POSITIONAL_OR_KEYWORD
    return Signature([Parameter(name, kind, default=default) for name, default in fields])


class TPayloadMeta(type):
    """The class of payload classes: makes ``__init__`` from ``default_spec`` and keeps the
    compiled codec plan true to ``thrift_spec``."""

    thrift_spec: ThriftSpec
    default_spec: DefaultSpec

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> TPayloadMeta:
        spec = attrs.pop("default_spec", None)
        generate_init = spec is not None
        if len(bases) > 1 and any(issubclass(base, _core.StructStorage) for base in bases):
            # A base before the struct would bring the `__dict__` of ordinary classes.
            attrs.setdefault("__dict__", vars(_core.StructStorage)["__dict__"])
        try:
            payload = super().__new__(cls, name, bases, attrs)
        except TypeError as error:
            if "lay-out" not in str(error):
                raise
            names = " and ".join(base.__name__ for base in bases if isinstance(base, TPayloadMeta))
            raise TypeError(
                f"class {name} cannot inherit from {names}: more than one of them keeps its "
                f"fields in slots, and Python cannot lay out both in one object; inherit from one "
                f"and hold the other as a field"
            ) from error
        if generate_init:
            type.__setattr__(payload, "__init__", init_func_generator(payload, spec))
        return payload

    @property
    def __base__(cls) -> type | None:
        """As ``__bases__``: ``TPayload`` for a loaded struct."""
        base = _TYPE_BASE.__get__(cls)
        return TPayload if _is_storage(base) else base

    @property
    def __bases__(cls) -> tuple[type, ...]:
        """The base classes that a program knows of: ``TPayload`` where a loaded struct has its
        native storage from."""
        return tuple(TPayload if _is_storage(base) else base for base in _TYPE_BASES.__get__(cls))

    @__bases__.setter
    def __bases__(cls, bases: tuple[type, ...]) -> None:
        _TYPE_BASES.__set__(cls, bases)
        _core.drop_plan(cls)

    def __getattr__(cls, name: str) -> Any:
        if name == "__signature__":
            signature = _signature(cls)
            if signature is not None:
                return signature
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")

    def __setattr__(cls, name: str, value: Any) -> None:
        if not hasattr(type(value), "__set__") and _core.is_slot(cls, name):
            value = _DefaultOfField(name, value)
        super().__setattr__(name, value)
        _core.drop_plan(cls)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _core.drop_plan(cls)


_core.install_call(TPayloadMeta)


def gen_init(
    cls: type,
    thrift_spec: ThriftSpec | None = None,
    default_spec: DefaultSpec | None = None,
) -> type:
    """Give a payload class its ``thrift_spec`` and an ``__init__`` made from ``default_spec``."""
    if thrift_spec is not None:
        cls.thrift_spec = thrift_spec  # type: ignore[attr-defined]
    if default_spec is not None:
        cls.__init__ = init_func_generator(cls, default_spec)  # type: ignore[misc]
    return cls


def _hash_value(value: Any) -> int:
    """A hash that agrees with ``==`` for lists, maps and sets too."""
    if isinstance(value, dict):
        return hash(frozenset((_hash_value(k), _hash_value(v)) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return hash(tuple(map(_hash_value, value)))
    if isinstance(value, (set, frozenset)):
        return hash(frozenset(map(_hash_value, value)))
    return hash(value)


class TPayload(metaclass=TPayloadMeta):
    """Base class of everything that has a ``thrift_spec``: structs, unions, exceptions, and
    the ``<method>_args`` and ``<method>_result`` of services."""

    # Adds no layout of its own, so that it mixes with Exception and with native storage.
    __slots__ = ()

    thrift_spec: ClassVar[ThriftSpec]
    default_spec: ClassVar[DefaultSpec]

    def read(self, iprot: TProtocolBase) -> None:
        """Fill the fields from a protocol, which may be any object with ``read_struct``."""
        iprot.read_struct(self)

    def write(self, oprot: TProtocolBase) -> None:
        """Write the fields to a protocol, which may be any object with ``write_struct``."""
        oprot.write_struct(self)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{self.__class__.__name__}({fields})"

    def __str__(self) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, self.__class__) and self.__dict__ == other.__dict__

    def __ne__(self, other: object) -> bool:
        return not self.__eq__(other)

    def __hash__(self) -> int:
        # By value, as __eq__. Like every mutable key, a payload is lost in a dict or set when
        # it is changed while it is in there.
        return hash(self.__class__) ^ _hash_value(self.__dict__)


class TException(TPayload, Exception):
    """Base class of all Thrift exceptions, those declared in IDL included."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class TDecodeException(TException):
    """A field's value does not fit the field's type.

    The name is thriftpy2's; it is raised on encoding.
    """

    def __init__(
        self, name: str, fid: int, field: str, value: Any, ttype: int, spec: Any = None
    ) -> None:
        self.struct_name = name
        self.fid = fid
        self.field = field
        self.value = value
        self.type_repr = parse_spec(ttype, spec)

    def __str__(self) -> str:
        value = repr(self.value)
        if len(value) > _LONGEST_VALUE:
            value = value[:_LONGEST_VALUE] + "..."
        return (
            f"Field '{self.field}({self.fid})' of '{self.struct_name}' needs type "
            f"'{self.type_repr}', but the value is `{value}`"
        )


class TApplicationException(TException):
    """The server could not answer a call with a result or a declared exception."""

    thrift_spec: ClassVar[ThriftSpec] = {
        1: (TType.STRING, "message", False),
        2: (TType.I32, "type", False),
    }

    UNKNOWN = 0
    UNKNOWN_METHOD = 1
    INVALID_MESSAGE_TYPE = 2
    WRONG_METHOD_NAME = 3
    BAD_SEQUENCE_ID = 4
    MISSING_RESULT = 5
    INTERNAL_ERROR = 6
    PROTOCOL_ERROR = 7

    _TEXTS: ClassVar[dict[int, str]] = {
        UNKNOWN_METHOD: "Unknown method",
        INVALID_MESSAGE_TYPE: "Invalid message type",
        WRONG_METHOD_NAME: "Wrong method name",
        BAD_SEQUENCE_ID: "Bad sequence ID",
        MISSING_RESULT: "Missing result",
    }

    def __init__(self, type: int = UNKNOWN, message: str | None = None) -> None:
        super().__init__()
        self.type = type
        self.message = message

    def __str__(self) -> str:
        if self.message:
            return self.message
        return self._TEXTS.get(self.type, "Default (unknown) TApplicationException")


# Stands for this process; a forked child has another.
_this_process = object()


def _note_fork() -> None:
    global _this_process
    _this_process = object()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


# How many transports may lie on each other where one is looked for.
_MOST_LAYERS = 8

# How far a call has come; decides whether the connection survives its failure.
_STARTED = 0  # the `_send` of a subclass may be doing anything
_ENCODING = 1  # the message is being made, nothing has been sent
_SENDING = 2
_SENT = 3
_RECEIVING = 4
_ANSWERED = 5  # the whole reply was read, and it belongs to this call


def find_keyword_method(service: Any, attribute: str) -> str | None:
    """The method ``import`` of a service for the attribute ``import_``: one that is called like a
    word of Python."""
    api = attribute[:-1]
    is_method = attribute == f"{api}_" and keyword.iskeyword(api) and api in service.thrift_services
    return api if is_method else None


def find_handler(handler: object, api: str) -> Any:
    """What a handler has for a method of a service: ``import_``, or ``import`` if somebody has
    put it there, for one that is called like a word of Python."""
    if keyword.iskeyword(api) and not hasattr(handler, api):
        api += "_"
    return getattr(handler, api)


class _Progress:
    """How far a client's calls have come, and whether its connection can make the next one.

    Apart from the client, whose ``__getattr__`` makes every access to its attributes slow.
    """

    __slots__ = ("broken", "can_reopen", "stage")

    def __init__(self) -> None:
        self.stage = _STARTED
        # Why the connection was closed, when it was; and whether opening it mends that.
        self.broken: str | None = None
        self.can_reopen = False


class _Turns(_Progress):
    """The same for calls of several threads, which take turns."""

    __slots__ = ("api", "calling", "lock", "method", "process")

    def __init__(self) -> None:
        super().__init__()
        # Re-entrant, so that a call from within a call of the same thread (a signal handler, a
        # subclass) is told so instead of waiting for itself.
        self.lock = new_lock()
        self.calling = False
        # What is being called, and its prepared method.
        self.api: str | None = None
        self.method: _core.Method | None = None
        self.process = _this_process


class TClient:
    """Calls the methods of a service, as attributes of the client.

    A client may be shared by threads (or greenlets): calls take turns. After a timeout, a
    protocol error or any other exception that leaves a call unfinished, the connection is
    closed, because the next bytes on it would answer the wrong call; every later call raises
    ``TTransportException`` of type ``NOT_OPEN`` until the transport has been opened again.
    Declared exceptions, ``TApplicationException`` replies and arguments that cannot be encoded
    leave the connection open.
    """

    def __init__(
        self, service: Any, iprot: TProtocolBase, oprot: TProtocolBase | None = None
    ) -> None:
        self._service = service
        self._iprot = self._oprot = iprot
        if oprot is not None:
            self._oprot = oprot
        self._seqid = 0
        self._rpc_state = _Turns()

    def __getattr__(self, _api: str) -> partial[Any]:
        # `_service` is missing on an object that __init__ has not run on, as copy makes them.
        if _api != "_service":
            if _api in self._service.thrift_services:
                return partial(self._req, _api)
            if api := find_keyword_method(self._service, _api):
                return partial(self._req, api)
            # A service method called `close` is hidden by the client's own.
            if _api == "tclose":
                return partial(self._req, "close")
        raise AttributeError(f"{self.__class__.__name__} instance has no attribute '{_api}'")

    def __dir__(self) -> list[str]:
        return list(self._service.thrift_services)

    def _req(self, _api: str, *args: Any, **kwargs: Any) -> Any:
        """Make one call: check the arguments, send, and wait for the reply unless oneway."""
        # Arguments by position go straight into the message, and by name through `_send`.
        named = None
        bound = _core.bind(self, _OWN_SEND, _api, args, kwargs)
        if bound is None:
            named = self._named_arguments(_api, args, kwargs)

        progress = self._rpc_state
        if progress.process is not _this_process:
            self._start_over_in_child()
        with progress.lock:
            outer = progress.calling
            if outer and progress.stage != _STARTED:
                raise RuntimeError(
                    f"{self._full_name(_api)}() was called while this client is in the middle of "
                    f"another call in the same thread; use a second client"
                )
            if progress.broken is not None:
                self._require_connection()
            self._seqid = seqid = self._seqid % _MAX_SEQUENCE_ID + 1
            progress.stage = _STARTED
            progress.calling = True
            try:
                output, oneway = None, None
                if bound is not None:
                    method, oneway, values = bound
                    progress.api, progress.method = _api, method
                    progress.stage = _ENCODING
                    output = _core.write_call(method, self._oprot, seqid, values)
                if output is not None:
                    progress.stage = _SENDING
                    send(*output)
                    progress.stage = _SENT
                else:
                    if named is None:
                        named = self._named_arguments(_api, args, kwargs)
                    self._send(_api, **named)
                    oneway = getattr(self._service, _api + "_result").oneway
                return None if oneway else self._recv(_api)
            except BaseException as error:
                if not self._in_step(error):
                    self._give_up(_api, error)
                raise
            finally:
                progress.stage = _STARTED
                progress.api = progress.method = None
                progress.calling = outer

    def _named_arguments(
        self, _api: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a call by name, where they fit the method."""
        thrift_spec = getattr(self._service, _api + "_args").thrift_spec
        if kwargs or len(args) > len(thrift_spec):
            _check_arguments(self._full_name(_api), thrift_spec, args, kwargs)
        try:
            return args_to_kwargs(thrift_spec, *args, **kwargs)
        except ValueError as error:
            raise TApplicationException(
                TApplicationException.UNKNOWN_METHOD,
                f"{error.args[0]} is required argument for {self._full_name(_api)}",
            ) from None

    def _send(self, _api: str, **kwargs: Any) -> None:
        """Write the call's message and flush it."""
        self._rpc_state.stage = _ENCODING
        oneway = getattr(self._service, _api + "_result").oneway
        message_type = TMessageType.ONEWAY if oneway else TMessageType.CALL
        self._oprot.write_message_begin(_api, message_type, self._seqid)
        args = getattr(self._service, _api + "_args")()
        for name, value in kwargs.items():
            setattr(args, name, value)
        args.write(self._oprot)
        self._oprot.write_message_end()
        self._rpc_state.stage = _SENDING
        flush(self._oprot.trans)
        self._rpc_state.stage = _SENT

    def _recv(self, _api: str) -> Any:
        """Read the call's reply: return its result, or raise the exception in it."""
        progress = self._rpc_state
        progress.stage = _RECEIVING
        iprot = self._iprot
        wait(iprot.trans)
        method = progress.method
        if method is None or progress.api != _api:
            method = _core.find_method(self._service, _api)
        reply = None if method is None else _core.read_reply(method, iprot, self._seqid, self)
        exception, value = reply or self._read_reply(_api)
        progress.stage = _ANSWERED
        if exception is None:
            return value
        try:
            raise exception
        finally:
            # The exception has this frame in its traceback: no cycle.
            del exception, reply

    def _read_reply(self, _api: str) -> tuple[BaseException | None, Any]:
        """Read a reply by the methods of the protocol: an exception to raise, or else a value."""
        name, message_type, seqid = self._iprot.read_message_begin()
        if seqid != self._seqid or name != _api or message_type != TMessageType.REPLY:
            self._check_reply(_api, name, message_type, seqid)

        if message_type == TMessageType.EXCEPTION:
            refusal = TApplicationException()
            refusal.read(self._iprot)
            self._iprot.read_message_end()
            return refusal, None

        result = getattr(self._service, _api + "_result")()
        result.read(self._iprot)
        self._iprot.read_message_end()

        success = getattr(result, "success", None)
        if success is not None:
            return None, success
        returns_value = False
        for field in result.thrift_spec.values():
            if field[1] == "success":
                returns_value = True
                continue
            declared = getattr(result, field[1], None)
            if declared is not None:
                return declared, None
        if returns_value:
            return TApplicationException(TApplicationException.MISSING_RESULT), None
        return None, None

    def close(self) -> None:
        """Close the transports. Does not wait for a call that another thread is making."""
        self._iprot.trans.close()
        if self._iprot != self._oprot:
            self._oprot.trans.close()

    def _start_over_in_child(self) -> None:
        # A forked child has the parent's connection, and the two may even use it at once. Ids of
        # its own make sure that neither takes the other's answer; the lock may have been held by
        # a thread that the child does not have.
        self._seqid = int.from_bytes(os.urandom(4), "big") % _MAX_SEQUENCE_ID
        self._rpc_state.lock = new_lock()
        self._rpc_state.calling = False
        self._rpc_state.process = _this_process

    def _full_name(self, _api: str) -> str:
        return f"{self._service.__name__}.{_api}"

    def _check_reply(self, _api: str, name: Any, message_type: int, seqid: int) -> None:
        if seqid != self._seqid:
            raise TApplicationException(
                TApplicationException.BAD_SEQUENCE_ID,
                f"Bad sequence ID: the reply to call {self._seqid} of {_api} carries id {seqid}",
            )
        # Some servers repeat the name as a multiplexed client sent it: "Service:method".
        if name != _api and not str(name).endswith(TMultiplexedProcessor.SEPARATOR + _api):
            raise TApplicationException(
                TApplicationException.WRONG_METHOD_NAME,
                f"Wrong method name: the reply to a call of {_api} is for {name!r:.100}",
            )
        if message_type not in (TMessageType.REPLY, TMessageType.EXCEPTION):
            raise TApplicationException(
                TApplicationException.INVALID_MESSAGE_TYPE,
                f"Invalid message type: the reply to a call of {_api} has type {message_type}",
            )

    def _in_step(self, error: BaseException) -> bool:
        """Whether the connection still is between two messages after this error."""
        from fastthrift.protocol.exc import TProtocolException
        from fastthrift.transport.base import TTransportException

        if self._rpc_state.stage == _ANSWERED:
            return True
        if self._rpc_state.stage == _ENCODING:
            return (
                isinstance(error, Exception)
                and not isinstance(error, (TTransportException, OSError))
                and discard_output(self._oprot.trans)
            )
        if self._rpc_state.stage == _SENT:
            # A subclass has a `_recv` of its own, and it raised what the server had sent.
            return isinstance(error, TException) and not isinstance(
                error, (TTransportException, TProtocolException, TDecodeException)
            )
        return False

    def _give_up(self, _api: str, error: BaseException) -> None:
        """Close the connection: whatever comes on it next does not answer the next call."""
        import contextlib

        transports = [
            prot.trans for prot in {id(p): p for p in (self._iprot, self._oprot)}.values()
        ]
        for trans in transports:
            with contextlib.suppress(Exception):
                trans.close()
            discard_output(trans)
        if all(map(_answers_stand_alone, transports)):
            # Over HTTP the next call has a connection of its own.
            for trans in transports:
                if hasattr(trans, "clean"):
                    trans.clean()
            return
        self._rpc_state.broken = (
            f"The connection was closed because a call of {self._full_name(_api)}() "
            f"did not finish ({type(error).__name__}); open a new client"
        )
        self._rpc_state.can_reopen = not self._is_open()

    def _require_connection(self) -> None:
        progress = self._rpc_state
        if progress.can_reopen and self._is_open():
            progress.broken = None
            return
        from fastthrift.transport.base import TTransportException

        raise TTransportException(TTransportException.NOT_OPEN, progress.broken)

    def _is_open(self) -> bool:
        is_open = getattr(self._iprot.trans, "is_open", None)
        return is_open is not None and bool(is_open())


_core.install_getattr(TClient)

# What `_req` does without, unless somebody has another.
_OWN_SEND = _core.Parts(TClient, "_send")


def discard_output(trans: Any) -> bool:
    """Drop what was written to a transport and not flushed; False when it has no way to."""
    discard = getattr(trans, "discard_output", None) or getattr(trans, "clean", None)
    if discard is None:
        return False
    discard()
    return True


def _answers_stand_alone(trans: Any) -> bool:
    """Whether what is read next from a closed transport cannot answer an earlier call."""
    for _ in range(_MOST_LAYERS):
        if getattr(trans, "answers_stand_alone", False) is True:
            return True
        trans = getattr(trans, "trans", None)
    return False


class TProcessor:
    """Reads one call, hands it to the handler's method of that name and writes the answer.

    ``process`` raises what it cannot answer, undeclared exceptions of the handler among them,
    so that code around it may see them; the servers turn them into an answer (see
    ``fastthrift.server``).
    """

    def __init__(self, service: Any, handler: object) -> None:
        self._service = service
        self._handler = handler

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call."""
        api, message_type, seqid = iprot.read_message_begin()
        return self._read_call(iprot, self._service, self._handler, api, message_type, seqid)

    @staticmethod
    def _read_call(
        iprot: TProtocolBase, service: Any, handler: object, api: str, message_type: int, seqid: int
    ) -> Incoming:
        if api not in service.thrift_services:
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            unknown = TApplicationException(TApplicationException.UNKNOWN_METHOD)
            if message_type == TMessageType.ONEWAY:
                # Nobody waits for an answer; one would be taken for that of the next call.
                raise unknown
            return api, seqid, unknown, None

        args = getattr(service, api + "_args")()
        args.read(iprot)
        iprot.read_message_end()
        result = getattr(service, api + "_result")()

        def call() -> Any:
            names = [field[1] for field in args.thrift_spec.values()]
            return find_handler(handler, api)(*[getattr(args, name) for name in names])

        return api, seqid, result, call

    def send_exception(
        self, oprot: TProtocolBase, api: str, exc: TApplicationException, seqid: int
    ) -> None:
        """Answer with a ``TApplicationException``."""
        oprot.write_message_begin(api, TMessageType.EXCEPTION, seqid)
        exc.write(oprot)
        oprot.write_message_end()
        flush(oprot.trans)

    def send_result(self, oprot: TProtocolBase, api: str, result: TPayload, seqid: int) -> None:
        """Answer with a result, which may hold a declared exception."""
        oprot.write_message_begin(api, TMessageType.REPLY, seqid)
        result.write(oprot)
        oprot.write_message_end()
        flush(oprot.trans)

    def handle_exception(self, e: Exception, result: TPayload) -> bool:
        """Put ``e`` into the first field of ``result``, by field id, that declares it."""
        for fid in sorted(result.thrift_spec):
            field = result.thrift_spec[fid]
            if field[1] != "success" and isinstance(e, field[2]):
                setattr(result, field[1], e)
                return True
        return False

    def process(self, iprot: TProtocolBase, oprot: TProtocolBase) -> None:
        """Read one call, make it and answer it."""
        if not _OWN_PROCESSING.are_those_of(self):
            return self._call_and_answer(oprot, *self.process_in(iprot))

        # What a server notes of the call it is told here, and the protocols themselves are used.
        source: Any = iprot
        sink: Any = oprot
        if type(source) is Reader:
            source, message = source._proto, source._message
        else:
            message = Message()
        message.header = None
        call = _core.read_call(self._service, source, message)
        header = message.header
        if header is None:
            return self._call_and_answer(oprot, *self.process_in(iprot))
        if call is None:
            incoming = self._read_call(iprot, self._service, self._handler, *header)
            return self._call_and_answer(oprot, *incoming)

        message.stage = READ
        method, api, oneway, args = call
        result = None
        try:
            value = find_handler(self._handler, api)(*args)
        except TApplicationException as error:
            if oneway:
                raise
            return self.send_exception(oprot, api, error, header[2])
        except Exception as error:
            result = getattr(self._service, api + "_result")()
            if not self.handle_exception(error, result):
                raise

        if oneway:
            return
        if result is None:
            if type(sink) is Writer:
                sink = sink._proto
            message.stage = REPLYING
            output = _core.write_result(method, sink, header[2], value)
            if output is not None:
                message.stage = REPLIED
                return send(*output)
            result = getattr(self._service, api + "_result")()
            result.success = value
        self.send_result(oprot, api, result, header[2])

    def _call_and_answer(
        self,
        oprot: TProtocolBase,
        api: str,
        seqid: int,
        result: Any,
        call: Callable[[], Any] | None,
    ) -> None:
        """Make a call that was read, and answer it."""
        if isinstance(result, TApplicationException):
            return self.send_exception(oprot, api, result, seqid)

        assert call is not None
        try:
            result.success = call()
        except TApplicationException as error:
            if result.oneway:
                raise
            return self.send_exception(oprot, api, error, seqid)
        except Exception as error:
            if not self.handle_exception(error, result):
                raise

        if not result.oneway:
            self.send_result(oprot, api, result, seqid)


# What `process` does without, unless somebody has another.
_OWN_PROCESSING = _core.Parts(TProcessor, "process_in", "_read_call", "send_result")


class TMultiplexedProcessor(TProcessor):
    """Serves several services on one connection; calls come as ``Service:method``."""

    SEPARATOR = ":"

    def __init__(self) -> None:
        self.processors: dict[str, TProcessor] = {}

    def register_processor(self, service_name: str, processor: TProcessor) -> None:
        """Serve ``processor`` under a name; a name can be given once."""
        if service_name in self.processors:
            raise TApplicationException(
                type=TApplicationException.INTERNAL_ERROR,
                message=f"processor for `{service_name}` already registered",
            )
        self.processors[service_name] = processor

    def process_in(self, iprot: TProtocolBase) -> Incoming:
        """Read one call of any of the services."""
        name, message_type, seqid = iprot.read_message_begin()
        problem = None
        if message_type not in (TMessageType.CALL, TMessageType.ONEWAY):
            problem = "TMultiplexed protocol only supports CALL & ONEWAY"
        elif self.SEPARATOR not in name:
            problem = (
                "Service name not found in message. You should use TMultiplexedProtocol in client."
            )
        if problem is not None:
            # Read to the end, so that the connection can go on with the next message.
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            raise TApplicationException(TApplicationException.INVALID_MESSAGE_TYPE, problem)

        service_name, api = name.split(self.SEPARATOR, 1)
        processor = self.processors.get(service_name)
        if processor is None:
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            unknown = TApplicationException(TApplicationException.UNKNOWN_METHOD)
            if message_type == TMessageType.ONEWAY:
                raise unknown
            return api, seqid, unknown, None
        return self._read_call(
            iprot, processor._service, processor._handler, api, message_type, seqid
        )


class TProcessorFactory:
    """Makes processors of one class with the same arguments, one per connection for example."""

    def __init__(self, processor_class: type[TProcessor], *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs
        self.processor_class = processor_class

    def get_processor(self) -> TProcessor:
        return self.processor_class(*self.args, **self.kwargs)
