"""Protocol errors.

``TProtocolException`` is thriftpy2's. The classes below it are what the native codec raises;
each also is the exception that thriftpy2's users catch in that situation.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastthrift._exceptions import ErrorOfCall, TDecodeException, TException, message_text
from fastthrift.transport.base import TTransportException


class TProtocolException(ErrorOfCall, TException):
    """A message breaks the rules of its protocol or a limit set on it.

    ``type`` says how, as one of the numbers of this class: ``INVALID_DATA``, ``SIZE_LIMIT``,
    ``BAD_VERSION`` and so on; ``message`` is a text, with the byte and the field where that is
    known. Of a client's call ``service``, ``method`` and ``peer`` say which it is.
    """

    UNKNOWN = 0
    INVALID_DATA = 1
    NEGATIVE_SIZE = 2
    SIZE_LIMIT = 3
    BAD_VERSION = 4

    _TEXTS: ClassVar[dict[int, str]] = {
        UNKNOWN: "Unknown protocol exception",
        INVALID_DATA: "Invalid data",
        NEGATIVE_SIZE: "Negative size",
        SIZE_LIMIT: "Size limit",
        BAD_VERSION: "Bad version",
    }

    def __init__(self, type: int = UNKNOWN, message: str | None = None) -> None:
        self.type = type
        self.message = message

    def __str__(self) -> str:
        return message_text(self.message) or self._TEXTS.get(
            self.type, "Default (unknown) TProtocolException"
        )


class ProtocolError(Exception):
    """What thriftpy2's Cython protocol raises for a bad message (``protocol.cybin``)."""


class TMalformedDataException(TProtocolException, ProtocolError):
    """The bytes are no message of this protocol, or exceed a size limit."""


def too_large(
    what: str, size: int, limit: int, option: str, *, at_least: bool = False
) -> TMalformedDataException:
    """The exception for something of ``size`` bytes, or ``at_least`` so many, that is above the
    ``limit`` of an ``option``."""
    least = "at least " if at_least else ""
    return TMalformedDataException(
        TProtocolException.SIZE_LIMIT,
        f"{what} of {least}{size} bytes exceeds the limit of {limit} ({option})",
    )


class TMistypedDataException(TMalformedDataException, ValueError):
    """Parsed JSON does not stand for a value of the declared type."""


class TFrameSizeException(TTransportException, TMalformedDataException):
    """The length of a frame is negative, 0, or above the limit; or the frame is shorter than the
    message in it.

    ``type`` is ``TTransportException.NEGATIVE_SIZE``, ``SIZE_LIMIT`` or ``UNKNOWN``.
    """


class TInvalidTextException(TMalformedDataException, UnicodeDecodeError):
    """A string is not UTF-8, and the protocol was asked to be strict about it.

    Made from the ``UnicodeDecodeError`` and a text that tells where, such as
    ``" (at byte 17, in name)"``.
    """

    def __init__(self, error: UnicodeDecodeError, place: str = "") -> None:
        UnicodeDecodeError.__init__(
            self, error.encoding, error.object, error.start, error.end, error.reason
        )
        super().__init__(TProtocolException.INVALID_DATA, UnicodeDecodeError.__str__(error) + place)
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (UnicodeDecodeError(*self.args), self._place), dict(vars(self))


class TDepthLimitException(TProtocolException, RecursionError):
    """Structs and containers are nested deeper than the protocol's ``max_depth``."""


class TTruncatedDataException(TTransportException, TProtocolException, EOFError):
    """The bytes in memory end before the message does.

    ``type`` is ``TTransportException.END_OF_FILE``.
    """

    def __init__(
        self, type: int = TTransportException.END_OF_FILE, message: str | None = None
    ) -> None:
        super().__init__(type, message)


class TInvalidStructException(TProtocolException):
    """A struct of a file that was loaded with ``strict=True`` is not as the file says.

    ``problems`` are all that is wrong with it: pairs of the path of a field, such as
    ``people["bob"].number``, and what is wrong there. The path of the struct itself is empty.
    Where there are more than 1,000, these are the first of them, and ``complete`` is False.
    """

    _SHOWN = 20

    def __init__(self, name: str, problems: list[tuple[str, str]], complete: bool = True) -> None:
        self.struct_name = name
        self.problems = problems
        self.complete = complete
        shown = [f"{path}: {text}" if path else text for path, text in problems[: self._SHOWN]]
        if len(problems) > self._SHOWN:
            others = "" if complete else ", and others behind them"
            shown.append(f"and {len(problems) - self._SHOWN} more{others}")
        super().__init__(TProtocolException.INVALID_DATA, f"{name}: {'; '.join(shown)}")


class TEncodeException(TDecodeException, TProtocolException):
    """A field's value does not fit the field's type.

    ``path`` tells where the value is, seen from the object that was written, such as
    ``people["bob"].phones[3].number``; ``reason`` what is wrong with it, where more is known than
    its type. ``str()`` is thriftpy2's text with both behind it, as in ``(items[1].price: needs a
    float, not str)``, and ``message`` has them too; they ask for the ``repr`` of the value, which
    may fail.
    """

    def __init__(
        self,
        name: str,
        fid: int,
        field: str,
        value: Any,
        ttype: int,
        spec: Any = None,
        path: str = "",
        reason: str = "",
    ) -> None:
        TDecodeException.__init__(self, name, fid, field, value, ttype, spec)
        self.path = path or field
        self.reason = reason
        self.type = TProtocolException.INVALID_DATA

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{TDecodeException.__str__(self)} ({self.path}{reason})"

    @property
    def message(self) -> str:  # type: ignore[override]
        """The text, with the path and the reason."""
        reason = f": {self.reason}" if self.reason else ""
        return f"{TDecodeException.__str__(self)} (in {self.path}){reason}"
