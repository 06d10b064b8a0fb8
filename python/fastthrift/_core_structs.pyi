"""What `fastthrift._core` has for the classes and objects of structs. A part of its stub, and no
module of its own."""

from collections.abc import Callable
from typing import Any, final

class TType:
    """Thrift's type ids, as they travel in binary messages and stand in a ``thrift_spec``."""

    STOP: int
    VOID: int
    BOOL: int
    BYTE: int
    I08: int
    DOUBLE: int
    I16: int
    I32: int
    I64: int
    STRING: int
    UTF7: int
    STRUCT: int
    MAP: int
    SET: int
    LIST: int
    UTF8: int
    UTF16: int
    BINARY: int
    _VALUES_TO_NAMES: dict[int, str]

#: What types are called, by their numbers: the word of the IDL, the one of Apache's JSON, and the
#: class that Python has for a value, where one is enough to say.
TYPES: dict[int, tuple[str, str, str | None]]

class PayloadType(type):
    """A type with room for what the codec keeps of a class."""

class StructStorage:
    """Native storage of loaded structs: fields in slots, other attributes in a dict."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getstate__(self) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def install_frozen(cls: type) -> None: ...
def initialize(object: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
    """`__init__` of classes made by `load`: the fields by position in IDL order, or by name."""

def snapshot(object: Any) -> dict[str, Any]:
    """The attributes of a loaded struct as a plain dict."""

def set_raw(object: Any, name: object, value: Any) -> None:
    """Set an attribute as an assignment into an ordinary `__dict__` would."""

def get_raw(object: Any, name: object, default: Any) -> Any:
    """What an object has in its `__dict__` of that name, or else `default`."""

def delete_raw(object: Any, name: object) -> bool:
    """Delete an attribute the same way; whether there was one."""

def before_slots(cls: type) -> list[tuple[str, Any]]:
    """What stands before the slots of a class where attributes are looked for, by the names of
    the fields: (name, value) pairs."""

def is_slot(cls: type, name: object) -> bool:
    """Whether instances of a class keep the attribute `name` in a slot."""

def layout_fields(cls: type) -> list[tuple[str, Any]] | None:
    """The fields of a loaded struct class as (name, default) pairs; None for other classes."""

@final
class Initializer:
    """``__init__`` of classes whose objects are made natively.

    Of an object it is `native`; of a class what `describe` makes of the class, once.
    """

    def __new__(
        cls, native: Callable[..., None], describe: Callable[[type], Any]
    ) -> Initializer: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any: ...

def inherit_native(cls: type, initializer: Initializer) -> None:
    """Give a struct class the native functions of the storage for what it inherits of it."""

def inherit_vectorcall(cls: type) -> None:
    """Let objects of a class be called as fast as those of its base, before Python 3.12."""

def drop_plan(cls: type) -> None:
    """Forget what was compiled from a struct class, after an assignment to it."""

def install_call(metaclass: type) -> None:
    """Let calls of the loaded classes of a metaclass make objects without `object.__new__`."""

def install_getattr(cls: type) -> None:
    """Let a class with a `__getattr__` pay less for its attributes, before Python 3.12."""
