"""URLs of services: where one is, and what it speaks.

===================================  ==========================================================
``tcp://host:port``                  a socket; port 9090 where none is given
``tls://host:port``                  an encrypted one
``unix:/path/of/the.sock``           a unix socket
``http://host:port/path``            over HTTP, ``https`` encrypted
===================================  ==========================================================

What they speak follows as a query: ``?protocol=compact&transport=framed&service=Calculator``.

================  ====================================================  ====================
``protocol``      ``binary``, ``compact``, ``json`` (thriftpy2's),       ``binary``
                  ``apache_json`` or ``lax_binary`` (binary messages
                  without a version, as old peers write them)
``transport``     ``buffered``, ``framed``, ``header`` (THeader, with    ``buffered``
                  messages in binary or compact) or ``zlib``
``service``       the name before the colon, where a port serves        none
                  several (``TMultiplexedProtocol``)
================  ====================================================  ====================
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from fastthrift.transport._addresses import host_and_port, split_url, without_secrets

__all__ = ["ServiceURL", "parse", "parse_all"]

#: The classes of protocols and of transports, without what they begin with: ``T``, or ``TAsync``.
PROTOCOLS = {
    "binary": "BinaryProtocol",
    "compact": "CompactProtocol",
    "json": "JSONProtocol",
    "apache_json": "ApacheJSONProtocol",
    "lax_binary": "BinaryProtocol",
}
TRANSPORTS = {
    "buffered": "BufferedTransport",
    "framed": "FramedTransport",
    "header": "HeaderTransport",
    "zlib": "ZlibTransport",
}
# What a message of THeader may be written in.
_OF_HEADER = ("binary", "compact")
#: The package that has the factories, and what their names begin with.
Home = tuple[str, str]
THREADS: Home = ("fastthrift", "T")
# Schemes of HTTP, and their ports.
_WEB = {"http": 80, "https": 443}
_SCHEMES = ("tcp", "tls", "unix", *_WEB)
_PORT = 9090


@dataclass(frozen=True)
class ServiceURL:
    """What a URL says; :func:`parse` makes it."""

    scheme: str
    host: str = ""
    port: int = _PORT
    #: Of a unix socket, or of a URL of HTTP.
    path: str = ""
    protocol: str = "binary"
    transport: str = "buffered"
    #: The name of the service among several; none where it is empty.
    service: str = ""

    @property
    def is_web(self) -> bool:
        """Whether calls go there over HTTP."""
        return self.scheme in _WEB

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix:{self.path}"
        return f"{self.scheme}://{host_and_port(self.host, self.port)}{self.path}"

    def protocol_factory(self, home: Home = THREADS) -> Any:
        """A factory of its protocol, that of the service where the port has several."""
        factory = protocol_factory(self.protocol, self.transport, home)
        if not self.service:
            return factory
        from fastthrift.protocol import TMultiplexedProtocolFactory

        return TMultiplexedProtocolFactory(factory, self.service)

    def transport_factory(self, home: Home = THREADS) -> Any:
        """A factory of its transport."""
        if self.transport != "header":
            return transport_factory(self.transport, home)
        from fastthrift.transport.header import THeaderSubprotocolID

        default = getattr(THeaderSubprotocolID, self.protocol.upper())
        return transport_factory("header", home, default_protocol=default)


def protocol_factory(name: str, transport: str, home: Home = THREADS, **options: Any) -> Any:
    """A factory of the protocol of a name, over the transport of one."""
    if name == "lax_binary":
        options |= {"strict_read": False, "strict_write": False}
    kind = "HeaderProtocol" if transport == "header" else PROTOCOLS[name]
    return _factory("protocol", home, kind)(**options)


def transport_factory(name: str, home: Home = THREADS, **options: Any) -> Any:
    """A factory of the transport of a name."""
    return _factory("transport", home, TRANSPORTS[name])(**options)


def _factory(module: str, home: Home, kind: str) -> Any:
    package, prefix = home
    return getattr(importlib.import_module(f"{package}.{module}"), f"{prefix}{kind}Factory")


def parse(url: str) -> ServiceURL:
    """What a URL says.

    Raises ``ValueError``, which tells what is wrong and what there may be instead.
    """
    bare, _, query = url.strip().partition("?")
    scheme, colon, rest = bare.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in _SCHEMES:
        known = ", ".join(f"{each}://" for each in _SCHEMES if each != "unix")
        raise ValueError(
            f"{without_secrets(bare)!r} is no url of a service: it must begin with {known} or unix:"
        )
    spoken = _spoken(query)
    if scheme == "unix":
        path = unquote(rest.removeprefix("//"))
        if not path:
            raise ValueError(f"{bare!r} names no unix socket: it must be like unix:/path/of.sock")
        return replace(spoken, scheme=scheme, path=path)
    parts = split_url(bare)
    if parts.username or parts.password:
        raise ValueError(f"{without_secrets(bare)!r} has a user, which a service has no use for")
    if scheme in _WEB and spoken.transport in ("header", "zlib"):
        raise ValueError(
            f"{bare!r} with transport={spoken.transport}: messages over HTTP have the headers and "
            "the compression of HTTP"
        )
    if scheme not in _WEB and parts.path.strip("/"):
        raise ValueError(f"{bare!r} has a path, which only urls of http and https have")
    return replace(
        spoken,
        scheme=scheme,
        host=(parts.hostname or "localhost").replace("%25", "%"),
        port=parts.port or _WEB.get(scheme, _PORT),
        path=parts.path if scheme in _WEB else "",
    )


def parse_all(url: str | ServiceURL | Sequence[str | ServiceURL]) -> list[ServiceURL]:
    """What a URL says, or several. Raises ``ValueError`` as :func:`parse`, and where there is
    none; ``TypeError`` for anything but strings."""
    if isinstance(url, (str, ServiceURL)):
        url = [url]
    # Bytes would be numbers.
    is_several = isinstance(url, Iterable) and not isinstance(url, (bytes, bytearray, Mapping))
    urls: list[Any] = list(url) if is_several else [url]
    if not urls:
        raise ValueError("the url of a service is needed, or several")
    for each in urls:
        if not isinstance(each, (str, ServiceURL)):
            raise TypeError(
                f"the url of a service is a string, and not {type(each).__name__}: it is like "
                "tcp://host:9090, or a list of such"
            )
    return [each if isinstance(each, ServiceURL) else parse(each) for each in urls]


def require_encryption(ssl_context: Any, urls: Iterable[ServiceURL]) -> None:
    """Raise ``ValueError`` where a context of TLS is given and no URL is of encrypted
    connections: what was to be secret would be sent as it is."""
    if ssl_context is not None and not any(url.scheme in ("tls", "https") for url in urls):
        where = ", ".join(map(str, urls))
        raise ValueError(
            f"ssl_context: connections to {where} are not encrypted, those of tls:// and https:// "
            "are"
        )


def _spoken(query: str) -> ServiceURL:
    """What the query says, at no place yet."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        known = {"protocol": PROTOCOLS, "transport": TRANSPORTS}.get(name)
        if known is None and name != "service":
            raise ValueError(
                f"a url of a service has no option {name!r}: there are protocol, transport and "
                "service"
            )
        if known is not None and value not in known:
            raise ValueError(f"{name}={value} is not known: there are {', '.join(known)}")
        if name in options:
            raise ValueError(f"{name} stands twice in a url of a service")
        options[name] = value
    spoken = options.get("protocol", "binary")
    if options.get("transport") == "header" and spoken not in _OF_HEADER:
        raise ValueError(
            f"protocol={spoken} with transport=header: there are {', '.join(_OF_HEADER)}"
        )
    return replace(ServiceURL(""), **options)  # type: ignore[arg-type]
