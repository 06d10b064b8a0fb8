"""What the clients and servers of HTTP share, asyncio's included."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastthrift._calls.exchange import CONTENT_TYPE as CONTENT_TYPE
from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift.transport._addresses import split_url, without_secrets
from fastthrift.transport._header_names import require_latin, require_line, require_text

HTTP_URI = "{scheme}://{host}:{port}{path}"
DEFAULT_HTTP_CLIENT_TIMEOUT_MS = 30000
# In bytes, of a request's or a response's body.
DEFAULT_MAX_MESSAGE_SIZE = DEFAULT_MAX_SIZE

_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """The parts of a URI."""

    scheme: str
    host: str  # an IPv6 address has no brackets
    port: int
    path: str  # with the query

    @property
    def uri(self) -> str:
        # The percent sign of a zone is not escaped, as aiohttp takes it.
        host = f"[{self.host}]" if ":" in self.host else self.host
        return HTTP_URI.format(scheme=self.scheme, host=host, port=self.port, path=self.path)

    def __str__(self) -> str:
        """For messages and logs, where a query does not belong: it may hold a token."""
        return self.uri.partition("?")[0]


def parse_uri(uri: str) -> Address:
    """The parts of a URI; raises ``ValueError`` when it is no complete one of http or https."""
    parsed = urllib.parse.urlsplit(uri)
    if parsed.scheme not in _PORTS:
        raise ValueError(
            f"not an http or https URI: {without_secrets(uri)!r}; it must be like "
            f"http://host:port/path"
        )
    if not parsed.hostname:
        raise ValueError(f"a URI without a host: {without_secrets(uri)!r}")
    path = parsed.path + (f"?{parsed.query}" if parsed.query else "")
    host = parsed.hostname
    if ":" in host:
        host = host.replace("%25", "%")
    return Address(parsed.scheme, host, parsed.port or _PORTS[parsed.scheme], path)


# A header and its value, by the name in lower case.
Named = dict[str, tuple[str, str]]


class RequestHeaders:
    """The headers of a client's requests. Those that go with each are looked at once, and again
    when they are others than before."""

    def __init__(self) -> None:
        self._given: dict[Any, Any] = {}
        self._as_sent: Named = {}

    def of_request(
        self,
        usual: Mapping[str, str],
        given: Mapping[Any, Any] | None,
        of_call: Mapping[Any, Any] | None,
    ) -> Named:
        """The headers of a request: the ``usual`` ones, those that are ``given`` for all requests
        and those of the call; of names that differ in case alone the last one. Raises ``TypeError``
        for what is neither text nor bytes, ``ValueError`` for what cannot be sent."""
        headers = {name.lower(): (name, value) for name, value in usual.items()}
        if given:
            if given != self._given:
                self._as_sent = _as_sent(given)
                self._given = dict(given)
            headers |= self._as_sent
        if of_call:
            headers |= _as_sent(of_call)
        return headers


def _as_sent(headers: Mapping[Any, Any]) -> Named:
    found: Named = {}
    for name, value in headers.items():
        text = _text(name), _text(value, name)
        require_line(*text)
        require_latin(*text)
        found[text[0].lower()] = text
    return found


def _text(text: str | bytes, of: object = None) -> str:
    require_text(text, of)
    return text.decode("latin-1") if isinstance(text, bytes) else text


def make_uri(host: str, port: int, path: str, scheme: str, url: str) -> str:
    """The URI that the options of a client mean: ``url`` takes precedence in what it has.

    The scheme of a ``url`` may be missing; raises ``ValueError`` for one without a host, or with
    something that is no port.
    """
    if url:
        parsed = split_url(url, "host:port/path")
        host = parsed.hostname or host
        port = parsed.port or port
        scheme = parsed.scheme or scheme
        path = parsed.path or path
        if parsed.query:
            path += "?" + parsed.query
    if path and path[0] not in "/?":
        path = "/" + path
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return HTTP_URI.format(scheme=scheme, host=host, port=port, path=path)
