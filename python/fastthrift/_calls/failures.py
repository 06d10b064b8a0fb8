"""What an error of a call tells of it: whose it was, where it went, and whether it was sent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def describe(error: Any, service: Any, api: str, peer: str | None, *, sent: bool) -> None:
    """Note in an error which call it is of: ``service`` (its name), ``method``, ``peer`` (None
    where it is not known) and ``request_sent``."""
    error.service = getattr(service, "__name__", None)
    error.method = api
    error.peer = peer
    error.request_sent = sent


def add_description(error: Any) -> None:
    """Say in the text of an error what was noted in it, unless it says so already."""
    call = f"{error.service}.{error.method}()"
    text = error.message or str(error)
    where = "" if error.peer is None or error.peer in text else f"at {error.peer}"
    said = " ".join(part for part in ("" if call in text else call, where) if part)
    sent = f"the request was {'' if error.request_sent else 'not '}sent"
    error.message = f"{text} ({said}; {sent})" if said else f"{text} ({sent})"
