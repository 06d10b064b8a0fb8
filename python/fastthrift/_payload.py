"""Payloads: the base classes of structs, and what their arguments and field values are held to.

The names, signatures and defaults are those of ``thriftpy2.thrift``.
"""

from __future__ import annotations

from fastthrift import _core
from fastthrift._core import TType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ClassVar, Protocol, TypeVar

    from typing_extensions import Self

    from fastthrift._core import UnknownFields

    Payload = TypeVar("Payload", bound="TPayload")

    class ReadsStructs(Protocol):
        """What a payload is read from: a protocol, or whatever has its method."""

        def read_struct(self, obj: Any) -> Any: ...

    class WritesStructs(Protocol):
        """What a payload is written to: a protocol, or whatever has its method."""

        def write_struct(self, obj: Any) -> Any: ...

    # Field id -> (ttype, name, required) or (ttype, name, sub-spec, required), in declaration
    # order.
    ThriftSpec = dict[int, tuple[Any, ...]]
    # (field name, default value), in declaration order.
    DefaultSpec = list[tuple[str, Any]]
else:
    # What annotations say at run time, for which nothing is imported that is not there.
    from _collections_abc import Callable

    Any = object
    ThriftSpec, DefaultSpec = dict, list

# Where the classes are known, and pickled, by users of thriftpy2 and of this package.
MODULE = "fastthrift.thrift"

# The number that Thrift has given to `uuid`, which thriftpy2 calls UTF8.
_UUID = TType.UTF8


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


def check_arguments(
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
        return parse_spec(*element) if isinstance(element, tuple) else parse_spec(element)

    if spec is None:
        return "UUID" if ttype == _UUID else names[ttype]
    if ttype == TType.I32:
        return f"I32 (enum {spec.__name__})"
    if ttype == TType.STRUCT:
        return str(spec.__name__)
    if ttype in (TType.LIST, TType.SET):
        return f"{names[ttype]}<{describe(spec)}>"
    if ttype == TType.MAP:
        return f"MAP<{describe(spec[0])}, {describe(spec[1])}>"
    return None


def read_payload(payload: Any, prot: Any) -> Any:
    """Fill a payload by its ``read``, or by the protocol's where a field is called so."""
    read = payload.read
    return read(prot) if callable(read) else prot.read_struct(payload)


def write_payload(payload: Any, prot: Any) -> None:
    """Write a payload by its ``write``, or by the protocol's where a field is called so."""
    write = payload.write
    if callable(write):
        write(prot)
    else:
        prot.write_struct(payload)


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

    # A field may be called "self"; and the parameters shadow the function's globals.
    receiver, fresh, defaults = (_unused(name, names) for name in ("self", "fresh", "defaults"))
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
        own = self if object is None else _core.get_raw(object, self.name, self)
        if own is not self:
            return own
        getter = getattr(type(self.value), "__get__", None)
        return self.value if getter is None else getter(self.value, object, owner)

    def __set__(self, object: Any, value: Any) -> None:
        _core.set_raw(object, self.name, value)

    def __delete__(self, object: Any) -> None:
        if not _core.delete_raw(object, self.name):
            raise AttributeError(self.name)


def _put_slots_first(cls: type) -> None:
    """Let what objects have in their slots come before what a class, or a base before that of the
    slots, has under the names of fields."""
    for name, value in _core.before_slots(cls):
        # A property and a slot of another class decide for themselves.
        if not hasattr(type(value), "__set__"):
            type.__setattr__(cls, name, _DefaultOfField(name, value))
            _core.drop_plan(cls)


_TYPE_BASE: Any = vars(type)["__base__"]
_TYPE_BASES: Any = vars(type)["__bases__"]


def _is_storage(base: type | None) -> bool:
    return base is not None and _core.StructStorage in _TYPE_BASES.__get__(base)


def _unused(name: str, names: list[str]) -> str:
    """A name for something beside fields, which may be called so too."""
    while name in names:
        name = "_" + name
    return name


def describe_init(cls: Any) -> Callable[..., None]:
    """``cls.__init__`` as a function that shows the parameters of a class that `load` made."""
    from inspect import Parameter, Signature

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        _core.initialize(self, args, kwargs)

    fields = _core.layout_fields(cls) or []
    kind = Parameter.POSITIONAL_OR_KEYWORD
    parameters = [Parameter(_unused("self", [name for name, _ in fields]), kind)]
    parameters += [Parameter(name, kind, default=default) for name, default in fields]
    __init__.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    __init__.__annotations__ = {}
    return __init__


_struct_init = _core.Initializer(vars(_core.StructStorage)["__init__"], describe_init)


def _fields_of(cls: type) -> list[tuple[str, Any]]:
    """The names and defaults of the fields of a payload class, as ``__init__`` takes them."""
    fields = getattr(cls, "default_spec", None) or _core.layout_fields(cls)
    if fields is None:
        fields = [(field[1], None) for field in getattr(cls, "thrift_spec", {}).values()]
    return fields


class _MatchArguments:
    """The ``__match_args__`` of a payload class that has no others: made when a ``match`` asks."""

    def __get__(self, cls: Any, metaclass: type | None = None) -> Any:
        return self if cls is None else tuple(name for name, _ in _fields_of(cls))


class TPayloadMeta(_core.PayloadType):
    """The class of payload classes: makes ``__init__`` from ``default_spec`` and keeps the
    compiled codec plan true to ``thrift_spec``."""

    __module__ = MODULE

    if TYPE_CHECKING:
        thrift_spec: ThriftSpec
        default_spec: DefaultSpec
    else:
        # To type checkers it would stand before those of the classes.
        __match_args__ = _MatchArguments()

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
        _core.inherit_native(payload, _struct_init)
        _put_slots_first(payload)
        if generate_init:
            type.__setattr__(payload, "__init__", init_func_generator(payload, spec))
        return payload

    @property
    def __base__(cls) -> type | None:
        """What ``__bases__`` gives: ``TPayload`` for a loaded struct."""
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
        _put_slots_first(cls)
        _core.drop_plan(cls)

    def __setattr__(cls, name: str, value: Any) -> None:
        if not hasattr(type(value), "__set__") and _core.is_slot(cls, name):
            value = _DefaultOfField(name, value)
        super().__setattr__(name, value)
        _core.drop_plan(cls)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _put_slots_first(cls)
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


def hash_value(value: Any) -> int:
    """A hash that agrees with ``==`` for lists, maps and sets too."""
    if isinstance(value, dict):
        return hash(frozenset((hash_value(k), hash_value(v)) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return hash(tuple(map(hash_value, value)))
    if isinstance(value, (set, frozenset)):
        return hash(frozenset(map(hash_value, value)))
    if type(value).__hash__ is None:
        from array import array

        if isinstance(value, array):
            # By its numbers, as `==`; what is none is a new object each time.
            return hash(tuple([each if each == each else None for each in value]))
    return hash(value)


# Where an object keeps the fields of a message that its file does not know.
_KEPT = "__thrift_unknown__"


# Base class of everything that has a `thrift_spec`: structs, unions, exceptions, and the
# `<method>_args` and `<method>_result` of services. No docstring, as in thriftpy2: `help()` would
# show it for each struct whose file has no doc comment.
class TPayload(metaclass=TPayloadMeta):
    __module__ = MODULE

    # Adds no layout of its own, so that it mixes with Exception and with native storage.
    __slots__ = ()

    if TYPE_CHECKING:
        # Elsewhere `typing.get_type_hints` of each struct would look for these names.
        thrift_spec: ClassVar[ThriftSpec]
        default_spec: ClassVar[DefaultSpec]

    def read(self, iprot: ReadsStructs) -> None:
        """Fill the fields from a protocol, which may be any object with ``read_struct``."""
        iprot.read_struct(self)

    def write(self, oprot: WritesStructs) -> None:
        """Write the fields to a protocol, which may be any object with ``write_struct``."""
        oprot.write_struct(self)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{self.__class__.__name__}({fields})"

    def __str__(self) -> str:
        return repr(self)

    def __rich_repr__(self) -> Iterator[tuple[str, Any, Any]]:
        """What ``rich`` shows: fields that have their default values are left out."""
        for name, default in _fields_of(type(self)):
            yield name, getattr(self, name, None), default

    if TYPE_CHECKING:
        # Of objects that have some, of modules with `keep_unknown`.
        __thrift_unknown__: UnknownFields

        # To type checkers one with its fields may stand in its place then, as in stubs.
        def __replace__(self, /, *_: Any, **changes: Any) -> Self: ...

    else:

        def __replace__(self, /, **changes: Any) -> Self:
            """A shallow copy with other values of some fields: ``copy.replace`` of Python 3.13.

            ``__thrift_unknown__=None`` is one without what ``keep_unknown`` has kept.
            """
            return _replaced(self, changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, self.__class__) and self.__dict__ == other.__dict__

    def __ne__(self, other: object) -> bool:
        # Whatever `__eq__` a subclass has, or was given.
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        # By value, as __eq__. Like every mutable key, a payload is lost in a dict or set when
        # it is changed while it is in there.
        return hash(self.__class__) ^ hash_value(self.__dict__)


# Base of the struct and union classes that `load` makes. Fields live in slots, so an object is
# small and the codec reaches them directly; other attributes live in a dict that exists only when
# there are any. No docstring: `help()` would show it for each struct whose file has no doc comment.
class TStruct(_core.StructStorage, TPayload):
    __slots__ = ()

    __init__ = _struct_init


def _replaced(payload: Payload, changes: dict[str, Any]) -> Payload:
    """What ``__replace__`` makes."""
    names = [name for name, _ in _fields_of(type(payload))]
    drops = changes.get(_KEPT, ...) is None
    if drops:
        del changes[_KEPT]
    for name in changes:
        if name not in names:
            raise TypeError(
                f"{type(payload).__name__} has no field {name!r}; its fields are: "
                f"{', '.join(names) or 'none'}"
            )
    import copy

    replaced = copy.copy(payload)
    for name, value in changes.items():
        if isinstance(replaced, TFrozenStruct):
            _core.set_raw(replaced, name, value)
        else:
            setattr(replaced, name, value)
    if drops:
        replaced.__dict__.pop(_KEPT, None)
    return replaced


# Base of those of files that were loaded with `frozen=True`.
class TFrozenStruct(TStruct):
    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(_refusal(self, "set", name))

    def __delattr__(self, name: str) -> None:
        raise AttributeError(_refusal(self, "delete", name))

    def __setstate__(self, state: Any) -> None:
        attributes, slots = state if isinstance(state, tuple) else (state, {})
        self.__dict__.update(attributes)
        for name, value in slots.items():
            object.__setattr__(self, name, value)


def _refusal(struct: TFrozenStruct, what: str, name: str) -> str:
    return (
        f"cannot {what} {name!r} of {type(struct).__name__}, which was loaded with frozen=True: "
        f"make another one, as copy.replace() and __replace__() do"
    )


_core.install_frozen(TFrozenStruct)
