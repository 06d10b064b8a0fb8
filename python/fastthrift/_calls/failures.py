"""What an error of a call tells of it: whose it was, where it went, and whether it was sent.

Every error of a call has that as attributes, and its text says it behind what is the matter: that
of a connection or of its bytes in ``message``, that of a ``TApplicationException`` in ``str()``,
for its ``message`` is what the server has sent.
"""

from __future__ import annotations

from weakref import ref

from fastthrift._exceptions import with_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def describe(error: Any, service: Any, api: str | None, peer: str | None, *, sent: bool) -> None:
    """Note in an error which call it is of: ``service`` (its name), ``method`` (None of a client
    that does not connect for a call), ``peer`` (None where it is not known) and
    ``request_sent``."""
    error.service = getattr(service, "__name__", None)
    error.method = api
    error.peer = peer
    error.request_sent = sent


def add_description(error: Any) -> None:
    """Say in the text of an error what was noted in it, unless it says so already."""
    error.message = with_call(error.message or str(error), error)


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
