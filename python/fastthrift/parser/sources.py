"""Where IDL comes from, if not from files of the file system.

A *resolver* knows texts by their names. It is asked once for the file that a load starts with
(with ``including=None``) and for each include, before the file system is; for what it does not
know it returns None.

- A mapping of paths to texts is one: an include is looked for beside the text that has it, then by
  the path as it is written.
- A function ``resolver(path, including)`` is one: it gets the path as it is written and the path
  of the text that has the include, and returns a pair of a path and a text. The path is what the
  text is called from then on: equal paths are one file, errors and ``__thrift_file__`` name it,
  and its file name, without ``.thrift``, is the prefix of its names elsewhere.

Texts are ``str``, or bytes in the encoding of the load.
"""

from __future__ import annotations

import os
import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.abc import Traversable
    from typing import Any, TypeAlias

    Text: TypeAlias = str | bytes
    Function: TypeAlias = Callable[[str, str | None], tuple[str, Text] | None]
    Resolver: TypeAlias = Function | Mapping[str, Text]
    #: As the core asks: for includes only, and for bytes in UTF-8.
    CoreResolver: TypeAlias = Callable[[str, str], tuple[str, bytes] | None]


def as_function(resolver: Resolver) -> Function:
    """A resolver as a function. Raises ``TypeError`` for what is none."""
    if callable(resolver):
        return resolver
    if hasattr(resolver, "__getitem__") and hasattr(resolver, "keys"):
        return _Texts(resolver)
    raise TypeError(
        f"resolver must be a mapping or a function of (path, including), "
        f"not {type(resolver).__name__}"
    )


def in_utf8(text: Text, encoding: str) -> bytes:
    """A text as the core reads it."""
    if isinstance(text, str):
        return text.encode()
    if isinstance(text, (bytes, bytearray, memoryview)):
        plain = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        return bytes(text) if plain else bytes(text).decode(encoding).encode()
    raise TypeError(f"a resolver must give str or bytes as the text, not {type(text).__name__}")


def for_core(resolve: Function, encoding: str) -> CoreResolver:
    """A resolver as the core asks it."""

    def resolver(written: str, including: str) -> tuple[str, bytes] | None:
        found = resolve(written, including)
        if found is None:
            return None
        path, text = found
        return os.fspath(path), in_utf8(text, encoding)

    return resolver


class _Texts:
    """A mapping of paths to texts as a function."""

    def __init__(self, texts: Mapping[str, Text]) -> None:
        self.texts = texts

    def __call__(self, path: str, including: str | None) -> tuple[str, Text] | None:
        beside = posixpath.join(posixpath.dirname(including or ""), path)
        for name in (posixpath.normpath(beside), path):
            if name in self.texts:
                return name, self.texts[name]
        return None


class Resources:
    """Files of a package, a zip archive or anything else that ``importlib.resources`` reads, as a
    function."""

    def __init__(self, root: Traversable, include_dirs: Iterable[object] = ()) -> None:
        self.root = root
        self.include_dirs: list[Any] = [entry for entry in include_dirs if is_traversable(entry)]
        #: What was given so far, by path: an include is looked for beside it.
        self.given = {str(root): root}

    def __call__(self, path: str, including: str | None) -> tuple[str, Text] | None:
        if including is None:
            return str(self.root), self.root.read_bytes()
        beside: Any = getattr(self.given.get(including), "parent", None)
        for directory in (beside, *self.include_dirs):
            found = _descend(directory, path) if directory is not None else None
            if found is not None and found.is_file():
                self.given[str(found)] = found
                return str(found), found.read_bytes()
        return None


def is_traversable(path: object) -> bool:
    """Whether a path can be read only by its own methods."""
    return not isinstance(path, (str, bytes, os.PathLike)) and hasattr(path, "read_bytes")


def _descend(directory: Traversable, path: str) -> Traversable | None:
    """``path`` from ``directory`` on; archives know no ``..``, so steps up are taken here."""
    for step in path.split("/"):
        if step == "..":
            directory = getattr(directory, "parent", None)  # type: ignore[assignment]
            if directory is None:
                return None
        elif step not in ("", "."):
            directory = directory.joinpath(step)
    return directory


def in_archive(path: str) -> Traversable | None:
    """The file that ``path`` leads to by way of a zip archive, as in ``app.zip/pkg/a.thrift``;
    None if no part of it is an archive, or the archive does not have it."""
    import zipfile

    archive = os.path.dirname(path)
    while archive and not os.path.exists(archive):
        shorter = os.path.dirname(archive)
        if shorter == archive:
            return None
        archive = shorter
    if not os.path.isfile(archive) or not zipfile.is_zipfile(archive):
        return None
    inside = os.path.relpath(path, archive).replace(os.sep, "/")
    found = zipfile.Path(archive, inside)
    return found if found.is_file() else None


def find(directories: Iterable[str], name: str) -> str | Traversable | None:
    """The first file ``name`` in directories, which may be zip archives or lie in some."""
    for directory in directories:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return path
        found = in_archive(path)
        if found is not None:
            return found
    return None
