"""The lines of a stub, as ``ruff format`` leaves them: statements, functions, docstrings."""

from __future__ import annotations

import inspect
import math
from typing import Any

# How long a line may be; a line of ours that is short enough stays one, whatever the project's
# own length is, and those that are longer say that they are to be left alone.
WIDTH = 88
_SKIP = "  # fmt: skip"
# A method that takes or gives something else than the one that it overrides.
_UNLIKE = "  # type: ignore[override, unused-ignore]"


def shown(default: Any) -> str:
    """A default value; what cannot be written in a stub, or is long, is told to be there."""
    if isinstance(default, float) and not math.isfinite(default):
        return "..."
    if type(default) in (bool, int, float):
        return repr(default)
    if isinstance(default, str) and default.isprintable() and default.isascii():
        text = '"' + default.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if len(text) <= 40 and "\\" not in text:
            return text
    return "..."


def documented(cls: Any) -> list[str]:
    """The docstring of a class, and the empty line behind it."""
    return [*docstring(cls.__doc__, "    "), ""] if cls.__doc__ else []


def documented_name(holder: Any, name: str, indent: str = "    ") -> list[str]:
    """What a class or a module says of one of its attributes, as the string behind it that editors
    show."""
    doc = getattr(holder, "__fastthrift_docs__", {}).get(name)
    return docstring(doc, indent) if doc else []


def docstring(text: str, indent: str) -> list[str]:
    """A doc comment as a docstring."""
    text = inspect.cleandoc(text).strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    if text.endswith('"'):
        text = f'{text[:-1]}\\"'
    lines = [line.rstrip() for line in text.split("\n")]
    if len(lines) == 1:
        return [f'{indent}"""{lines[0]}"""']
    return [
        f'{indent}"""{lines[0]}',
        *(f"{indent}{line}" if line else "" for line in lines[1:]),
        f'{indent}"""',
    ]


def statement(line: str, indent: str = "    ") -> str:
    line = f"{indent}{line}"
    return line if len(line) <= WIDTH else line + _SKIP


def signature(
    name: str,
    parameters: list[str],
    returned: str,
    indent: str,
    doc: str | None = None,
    start: str = "def",
) -> list[str]:
    """A function: in one line where that is short enough, else with a line for each parameter."""
    end = [f"{indent}    {line}" if line else "" for line in docstring(doc, "")] if doc else []
    close = ":" if end else ": ..."
    one = f"{indent}{start} {name}({', '.join(parameters)}) -> {returned}{close}"
    if len(one) <= WIDTH:
        return [one, *end]
    inner = [f"{indent}    {parameter}," for parameter in parameters]
    last = f"{indent}) -> {returned}{close}"
    if all(len(line) <= WIDTH for line in (*inner, last)):
        return [f"{indent}{start} {name}(", *inner, last, *end]
    return [one + _SKIP, *end]


def overriding(line: str) -> str:
    """The first line of a method that stands for an inherited one, and may be unlike it: what is
    called is this one, and what a type checker says of it no user can mend."""
    code, skip, _ = line.partition(_SKIP)
    return f"{code}{_UNLIKE}{skip}"
