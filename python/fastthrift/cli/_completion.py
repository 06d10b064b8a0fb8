"""What a shell's line may go on with, by argcomplete."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from fastthrift._idl import UsageError, load

# Arguments that name Thrift files, or folders of them, by their names in the namespace; others
# that name files or folders are told by what stands for them in the usage.
_THRIFT_FILES = ("file", "files", "idl", "paths")


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that has asked; then the process ends. Raises `ImportError` without
    argcomplete."""
    import argcomplete
    from argcomplete.completers import DirectoriesCompleter, FilesCompleter

    kinds = {"FILE": FilesCompleter(), "PATH": FilesCompleter(), "DATA": FilesCompleter()}
    kinds["DIR"] = DirectoriesCompleter()
    thrift_files = FilesCompleter(("thrift",))

    def by_kind(prefix: str, action: argparse.Action, **_: Any) -> Iterable[str]:
        """Completions of an argument that has no completer of its own: none of what is no file."""
        kind = kinds.get(str(action.metavar))
        if action.dest in _THRIFT_FILES and kind is not None:
            kind = thrift_files
        found: Iterable[str] = () if kind is None else kind(prefix=prefix)
        return found

    argcomplete.autocomplete(parser, default_completer=by_kind)


def complete_names(
    action: argparse.Action, names: Callable[[argparse.Namespace, Any], Iterable[str]]
) -> None:
    """Complete an argument by ``names`` of the file that is in the line already, which it is given
    with what else is in the line; by none of a file that cannot be read."""

    def completer(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        if parsed_args.idl is None:
            return []
        try:
            return [*names(parsed_args, load(parsed_args.idl, parsed_args.include_dirs))]
        except UsageError:
            return []

    # argcomplete looks for this attribute.
    vars(action)["completer"] = completer
