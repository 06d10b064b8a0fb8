"""What is raised when an IDL file cannot be loaded."""

from __future__ import annotations

import sys

from fastthrift._core import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Error = TypeVar("Error", bound="ThriftParserError")


class ThriftParserError(Exception):
    """An IDL file is wrong, or cannot be loaded.

    ``path``, ``line`` and ``column`` (both from 1 on) tell the place of the first mistake, where
    it has one; ``diagnostics`` are all mistakes and oddities that were found, ``files`` the paths
    of the files that were read. Pickles and copies keep all of it.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[str, ...] = ()

    @classmethod
    def from_diagnostics(
        cls: type[Error],
        text: str,
        first: Diagnostic,
        diagnostics: list[Diagnostic],
        files: list[str],
    ) -> Error:
        """The exception for ``diagnostics``, of which ``first`` is the first error.

        ``text`` is what thriftpy2 says of it, and the text of the exception. A note (part of it
        on Python 3.10, which has no notes) shows every mistake with its place and its lines.
        """
        shown = "\n".join(
            diagnostic.rendered for diagnostic in diagnostics if diagnostic.severity == "error"
        )
        has_notes = sys.version_info >= (3, 11)
        said = text if has_notes else f"{text}\n{shown}"
        error: Any
        if first.code == "invalid-utf8":
            error = ThriftEncodingError(said, _why_not_utf8(first.path))
        else:
            error = cls(said)
        if has_notes:
            error.add_note(shown)
        error.path = first.path
        error.line = first.line
        error.column = first.column
        error.diagnostics = tuple(diagnostics)
        error.files = tuple(files)
        made: Error = error
        return made


class ThriftModuleNameConflict(ThriftParserError):
    """Two files would be registered as modules under the same name."""


class ThriftLexerError(ThriftParserError):
    """The text has something that is no word of Thrift."""


class ThriftEncodingError(ThriftLexerError, UnicodeDecodeError):
    """The text is not UTF-8."""

    def __init__(self, text: str, error: UnicodeDecodeError) -> None:
        """What is said, and what the codec says of the bytes."""
        UnicodeDecodeError.__init__(self, *error.args)
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._text, UnicodeDecodeError(*self.args)), dict(vars(self))


def _why_not_utf8(path: str) -> UnicodeDecodeError:
    """What the codec says of a file."""
    data = b""
    try:
        with open(path, "rb") as file:
            data = file.read()
        data.decode()
    except UnicodeDecodeError as error:
        return error
    except (OSError, ValueError):
        pass  # it came from elsewhere
    return UnicodeDecodeError("utf-8", data, 0, len(data), "not UTF-8")


class ThriftGrammarError(ThriftParserError):
    """The words make no sense in their order, or a name, id or function is there twice."""


def __getattr__(name: str) -> Any:
    if name == "ThriftGrammerError":
        import warnings

        warnings.warn(
            "'ThriftGrammerError' is a typo of 'ThriftGrammarError'",
            DeprecationWarning,
            stacklevel=2,
        )
        return ThriftGrammarError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
