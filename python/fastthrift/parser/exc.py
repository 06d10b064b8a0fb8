"""What is raised when an IDL file cannot be loaded."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from fastthrift._core import Diagnostic

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
        if sys.version_info >= (3, 11):
            error = cls(text)
            error.add_note(shown)
        else:
            error = cls(f"{text}\n{shown}")
        error.path = first.path
        error.line = first.line
        error.column = first.column
        error.diagnostics = tuple(diagnostics)
        error.files = tuple(files)
        return error


class ThriftModuleNameConflict(ThriftParserError):
    """Two files would be registered as modules under the same name."""


class ThriftLexerError(ThriftParserError):
    """The text has something that is no word of Thrift."""


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
