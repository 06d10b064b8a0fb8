"""Annotations of GitHub's workflows, which it shows beside the lines of a pull request."""

from __future__ import annotations

_LEVELS = {"error": "error", "warning": "warning", "hint": "notice"}


def annotation(
    severity: str, path: str | None, line: int | None, column: int | None, title: str, text: str
) -> str:
    """A line of a workflow's output; ``severity`` is error, warning or hint.

    Without a path it is shown beside no line."""
    properties = {"file": path, "line": line, "col": column, "title": title}
    given = ",".join(
        f"{name}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
        if value is not None
    )
    return f"::{_LEVELS[severity]} {given}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
