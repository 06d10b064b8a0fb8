"""Exceptions: those that every program knows, and what all that IDL declares have in common."""

from __future__ import annotations

from fastthrift import _core
from fastthrift._core import TType

from ._payload import MODULE, TPayload, describe_init, parse_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    # What annotations say at run time, for which nothing is imported that is not there.
    Any = object

# Characters of a value in an error message: whole for ordinary values, no flood in the log.
_LONGEST_VALUE = 1000


class TException(TPayload, Exception):
    """An exception of Thrift: one that an IDL file declares, or that tells of a failed call.

    Of one that is declared the fields are attributes, and parameters by position or by name. A
    handler raises ``NotFound(name="tea")``; where its method declares ``NotFound``, the client's
    call raises it with the same fields. Pickles and copies keep every attribute, of subclasses
    whose ``__init__`` takes something else too.
    """

    __module__ = MODULE

    def __reduce__(self) -> tuple[Any, ...]:
        # As for any exception, so that thriftpy2 can read it: the class, `args`, and the rest.
        reduced: Any = super().__reduce__()
        cls, args = reduced[:2]
        state = dict(reduced[2]) if len(reduced) > 2 else {}
        if isinstance(self, OSError):
            for name in ("errno", "strerror", "filename", "filename2"):
                value = getattr(self, name)
                if value is not None:
                    state[name] = value
        # What the class has, and not what that shows of itself.
        init = next(vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base))
        home = getattr(init, "__module__", None) or MODULE
        if home.partition(".")[0] == "fastthrift":
            return cls, args, state
        return restore_exception, (cls, args), state

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def restore_exception(cls: type[TException], args: tuple[Any, ...]) -> TException:
    """An exception from a pickle, before its attributes: made without the ``__init__`` that its
    program gave it, whose arguments nobody kept."""
    error = cls.__new__(cls, *args)
    built_in: Any = next(base for base in cls.__mro__ if base.__module__ == "builtins")
    # Which may inherit it, as `Exception` does since CPython 3.14.
    built_in.__init__(error, *args)
    return error


def _init_exception(self: Any, /, *args: Any, **kwargs: Any) -> None:
    _core.initialize(self, args, kwargs)


_init_exception.__name__ = "__init__"

# `__init__` of the exception classes that `load` makes: fields by position or name.
exception_init = _core.Initializer(_init_exception, describe_init)


def message_text(message: Any) -> str:
    """The text of an exception's message, which a peer may have sent as bytes that are none."""
    if isinstance(message, (bytes, bytearray)):
        return bytes(message).decode("utf-8", "backslashreplace")
    return "" if message is None else str(message)


class TDecodeException(TException):
    """A field's value does not fit the field's type.

    The name is thriftpy2's; it is raised on encoding.
    """

    __module__ = MODULE

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


_OF_THE_CALL = frozenset(("client", "method", "peer", "request_sent", "service"))


class ErrorOfCall:
    """An error that tells of which call it is, where a client's call has raised it.

    ``service``, ``method``, ``peer`` (the other side, such as ``10.0.0.1:9090``) and ``client``
    (the name of a pool) are text, and None where they are not known. ``request_sent``, or ``sent``,
    is whether all of the request had been sent, so that the server may have run it: False too where
    the connection is known to have ended before it arrived, None of an error that is of no call.
    """

    __slots__ = ()

    request_sent: bool | None = None
    service: str | None = None
    method: str | None = None
    peer: str | None = None
    client: str | None = None

    @property
    def sent(self) -> bool | None:
        """``request_sent`` under a shorter name, beside ``client``, ``method`` and ``peer``."""
        return self.request_sent

    def __repr__(self) -> str:
        # Most of what it knows of the call its message says, too.
        known = self.__dict__.items()
        fields = ", ".join(f"{name}={value!r}" for name, value in known if name not in _OF_THE_CALL)
        return f"{self.__class__.__name__}({fields})"


def with_call(text: str, error: Any) -> str:
    """The text of an error, and behind it which call it is of, as far as that was noted and is not
    said in the text."""
    if error.request_sent is None:
        return text
    call = f"{error.service}.{error.method}()" if error.method else f"a client of {error.service}"
    where = "" if error.peer is None or error.peer in text else f"at {error.peer}"
    said = " ".join(part for part in ("" if call in text else call, where) if part)
    sent = f"the request was {'' if error.request_sent else 'not '}sent"
    return f"{text} ({said}; {sent})" if said else f"{text} ({sent})"


class TApplicationException(ErrorOfCall, TException):
    """The server could not answer a call with a result or a declared exception.

    ``type`` says why, as one of the numbers of this class: ``UNKNOWN_METHOD``, ``INTERNAL_ERROR``
    (the handler has raised something else, which the server's log tells), ``MISSING_RESULT`` and so
    on; ``message`` is the server's text, or None. A handler that raises one answers with its type
    and its message. ``request_sent``, ``service``, ``method`` and ``peer`` tell of which call.
    """

    __module__ = MODULE

    thrift_spec = {  # noqa: RUF012 - what it is TPayload says
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

    _TEXTS = {  # noqa: RUF012 - as above
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
        # The message is what is sent on, where a handler raises it: of the call it says nothing.
        text = message_text(self.message) or self._TEXTS.get(
            self.type, "Default (unknown) TApplicationException"
        )
        return with_call(text, self)
