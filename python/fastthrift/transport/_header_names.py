"""Names and values of headers, over THeader and HTTP: what they may be, and which go along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

_Text = TypeVar("_Text", str, bytes)

# A name as RFC 9110 has it, and a value that is one line.
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\U0010ffff]*")


def as_bytes(text: str | bytes, of: object = None) -> bytes:
    """A name, or the value of the name that it is ``of``, as THeader sends it. Raises
    ``TypeError`` for what is neither text nor bytes; no error tells a value, which may be
    secret."""
    require_text(text, of)
    return text.encode() if isinstance(text, str) else bytes(text)


def require_text(text: object, of: object = None) -> None:
    """Raise ``TypeError`` for a name, or the value of the name that it is ``of``, that is neither
    text nor bytes."""
    if isinstance(text, (str, bytes)):
        return
    kind = type(text).__name__
    if of is None:
        raise TypeError(f"headers: the name {text!r} has to be text or bytes, not {kind}")
    raise TypeError(f"headers: the value of {of!r} has to be text or bytes, not {kind}")


def require_line(name: str, value: str) -> None:
    """Raise ``ValueError`` for a name or a value that a request of HTTP cannot have."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"headers: {name!r} cannot be sent: a name has letters, digits and hyphens"
        )
    if not _VALUE.fullmatch(value):
        raise ValueError(f"headers: {name!r} cannot be sent: a value is one line of text")


def require_latin(name: str, value: str, where: str = "") -> None:
    """Raise ``ValueError`` for a value that HTTP has no bytes for."""
    if max(value, default="") > "\xff":
        raise ValueError(f"headers: {name!r} cannot be sent{where}: values of HTTP are of Latin-1")


def merged(*sources: Mapping[_Text, _Text]) -> dict[_Text, _Text]:
    """Headers of several sources: of names that differ in case alone the last one goes along."""
    found = {name.lower(): (name, value) for source in sources for name, value in source.items()}
    return dict(found.values())
