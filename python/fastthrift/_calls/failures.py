"""What an error of a call tells of it: whose it was, where it went, and whether it was sent."""

from __future__ import annotations

from weakref import ref

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


# Of exceptions that services declare, while they live: by identity, for their fields may have any
# name, and two of them are equal where these are.
_declared: dict[int, tuple[ref[BaseException], str | None, str]] = {}


def note_declared(error: BaseException, client: str | None, api: str) -> None:
    """Note which call an exception is of that the service declares. Nothing in it changes."""
    key = id(error)
    _declared[key] = ref(error, lambda _: _declared.pop(key, None)), client, api


def call_of_declared(error: BaseException) -> tuple[str | None, str | None]:
    """The client and the method of a call that has raised such an exception; None each where no
    client has noted it."""
    noted = _declared.get(id(error))
    return (None, None) if noted is None or noted[0]() is not error else noted[1:]
