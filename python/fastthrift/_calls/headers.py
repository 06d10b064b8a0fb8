"""Headers that go with each call of a pool, over HTTP and THeader: others have no room for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastthrift._calls.transports import find_layer

_WEB = ("http", "https")
# A name as RFC 9110 has it, and a value that is one line.
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\U0010ffff]*")


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
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"headers: {name!r} cannot be sent: a name has letters, digits and hyphens"
            )
        if not _VALUE.fullmatch(value):
            raise ValueError(f"headers: {name!r} cannot be sent: a value is one line of text")
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
        if url.scheme in _WEB:
            for name, value in headers.items():
                if max(value, default="") > "\xff":
                    raise ValueError(
                        f"headers: {name!r} cannot be sent to {url}: values of HTTP are of Latin-1"
                    )
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
