"""Headers that go with each call of a pool, over HTTP and THeader: others have no room for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastthrift._calls.transports import find_layer
from fastthrift.transport._header_names import require_latin, require_line


def text_of(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers as they are given, None for none.

    Raises ``TypeError`` for what is no dict of text, ``ValueError`` for what cannot be sent. No
    error tells a value, which may be secret.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers is a dict of names and values, not a {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"headers: the name and the value of {name!r} have to be text")
        require_line(name, value)
    return dict(headers)


def require_room(
    headers: Mapping[str, str], urls: Iterable[Any], factories: Iterable[Any] = ()
) -> None:
    """Raise ``ValueError`` unless there is room for headers in calls to addresses (see
    ``fastthrift.urls``), by transports and protocols of these ``factories`` where they are any."""
    if not headers:
        return
    is_header = any(getattr(each, "answers_in_kind", False) for each in factories)
    for url in urls:
        if url.is_web:
            for name, value in headers.items():
                require_latin(name, value, f" to {url}")
        elif not (is_header or url.transport == "header"):
            raise ValueError(
                f"headers: there is no room for any at {url}, by transport={url.transport}: over "
                "THeader (?transport=header) and HTTP they can be sent"
            )


def send_always(client: Any, headers: Mapping[str, str]) -> None:
    """Have a client over THeader send these with each call."""
    bearer = find_layer(client._iprot.trans, "set_persistent_header") if headers else None
    if bearer is not None:
        for name, value in headers.items():
            bearer.set_persistent_header(name, value)
