"""A method that a command calls: where it is, what it is given, and what its failures mean."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastthrift._idl import UsageError, add_include_dirs, all_below, find, load
from fastthrift._plain import (
    UnknownMethod,
    WrongArguments,
    arguments_of_words,
    methods_of,
    signature,
)
from fastthrift.pool import ClientPool
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport._header_names import require_latin, require_line
from fastthrift.transport.base import DeadlineExceeded, TTransportException, TTransportTimeout
from fastthrift.urls import ServiceURL, parse

from ._completion import complete_names

if TYPE_CHECKING:
    import ssl

#: What a call raises that has failed, and that is no mistake of the command.
FAILURES = (TException, OSError)

_LONGEST = 365 * 24 * 60 * 60


def add_call(parser: argparse.ArgumentParser) -> None:
    """The arguments that tell what is called, and how."""
    parser.add_argument("url", metavar="URL", help="where the service is, and how it speaks")
    parser.add_argument("idl", metavar="FILE", help="its Thrift file")
    service = parser.add_argument(
        "service", metavar="SERVICE", nargs="?", help="its name in the file"
    )
    method = parser.add_argument("method", metavar="METHOD", nargs="?")
    complete_names(service, lambda _, module: all_below(module, "thrift_services"))
    complete_names(method, lambda given, module: methods_of(_service(given, module)))
    parser.add_argument(
        "arguments",
        metavar="ARGUMENT",
        nargs="*",
        # Without a default argparse takes it for one that is needed.
        default=[],
        help="values in the order of the file, or name=value; after -- they may begin with -",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=10.0,
        help="for the call with all it takes; 10 by default",
    )
    parser.add_argument(
        "-H",
        "--header",
        metavar="NAME:VALUE",
        action="append",
        type=_header,
        default=[],
        help="a header of the request, over HTTP and THeader; may be repeated",
    )
    parser.add_argument(
        "--ca", metavar="FILE", help="certificates to trust in place of the system's, in PEM"
    )
    parser.add_argument(
        "--cert", metavar="FILE", help="a certificate to show, with its key or beside --key, in PEM"
    )
    parser.add_argument("--key", metavar="FILE", help="the key of --cert")
    add_include_dirs(parser)


class _Pool(ClientPool):
    """A pool that hides no method: see `Called.call`."""

    def _tell_of_hidden(self) -> None:
        pass


@dataclass(frozen=True)
class Called:
    """What the arguments of `add_call` mean."""

    arguments: argparse.Namespace
    url: ServiceURL
    ssl_context: ssl.SSLContext | None
    service: Any
    method: str
    #: In the order of the method's arguments.
    values: tuple[Any, ...]

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Called:
        """Raises `UsageError`."""
        url = _url(arguments)
        context = _context(arguments, url)
        module = load(arguments.idl, arguments.include_dirs)
        service = _service(arguments, module)
        method = _method(arguments, service)
        try:
            values = arguments_of_words(service, method, arguments.arguments)
        except UnknownMethod as error:
            # The list that the text ends with comes with signatures.
            raise UsageError(
                f"error: {str(error).partition(';')[0]}\n{_methods(service)}"
            ) from None
        except WrongArguments as error:
            raise UsageError(f"error: {error}") from None
        return cls(arguments, url, context, service, method, tuple(values.values()))

    def pool(self, size: int = 1) -> Any:
        """A pool of so many connections, none of which makes a call twice."""
        timeout = self.arguments.timeout
        return _Pool(
            self.service,
            self.url,
            size=size,
            timeout=timeout,
            connect_timeout=timeout,
            retries=0,
            ssl_context=self.ssl_context,
            headers=dict(self.arguments.header),
        )

    def call(self, pool: Any) -> Any:
        # Not by getattr, for which a pool has attributes of its own: `close`.
        return pool.__getattr__(self.method)(*self.values)

    def why(self, error: Exception) -> str:
        """What went wrong, where, and what to do, in one line."""
        text = getattr(error, "message", None) or str(error) or type(error).__name__
        peer = getattr(error, "peer", None) or self.arguments.url
        if peer not in text:
            text += f" (at {peer})"
        advice = _advice(error, text, self.url, self.arguments.timeout)
        return " ".join(f"{text}{f'; {advice}' if advice else ''}".split())


def _url(arguments: argparse.Namespace) -> ServiceURL:
    try:
        url = parse(arguments.url)
    except ValueError as error:
        raise UsageError(f"error: {error}") from None
    has_headers = url.is_web or url.transport == "header"
    if arguments.header and not has_headers:
        raise UsageError(
            f"error: --header is for http and https, and for transport=header: {url} has no headers"
        )
    return url


def _context(arguments: argparse.Namespace, url: ServiceURL) -> ssl.SSLContext | None:
    if not (arguments.ca or arguments.cert or arguments.key):
        return None
    if url.scheme not in ("tls", "https"):
        raise UsageError(f"error: --ca, --cert and --key are for tls and https, not for {url}")
    if arguments.key and not arguments.cert:
        raise UsageError("error: --key is that of a certificate: --cert is needed too")
    import ssl

    try:
        context = ssl.create_default_context(cafile=arguments.ca)
        if arguments.cert:
            context.load_cert_chain(arguments.cert, arguments.key)
    except OSError as error:
        named = ", ".join(filter(None, (arguments.ca, arguments.cert, arguments.key)))
        raise UsageError(
            f"error: the certificates or the key cannot be used ({named}): "
            f"{error.strerror or error}"
        ) from None
    return context


def _service(arguments: argparse.Namespace, module: Any) -> Any:
    if arguments.service is None:
        names = ", ".join(all_below(module, "thrift_services")) or "none"
        raise UsageError(f"error: SERVICE is needed: {arguments.idl} has: {names}")
    return find(module, arguments.idl, arguments.service, "service", "thrift_services")


def _method(arguments: argparse.Namespace, service: Any) -> str:
    if arguments.method is None:
        raise UsageError(f"error: METHOD is needed\n{_methods(service)}")
    return str(arguments.method)


def _methods(service: Any) -> str:
    lines = [f"  {signature(service, each)}" for each in methods_of(service)]
    return "\n".join([f"The methods of {service.__name__}:", *(lines or ["  none"])])


def _advice(error: Exception, text: str, url: ServiceURL, timeout: float) -> str:
    """What to do about an error with a text; nothing where nobody knows."""
    if isinstance(error, (DeadlineExceeded, TTransportTimeout)):
        return f"the call had {timeout:g} s, --timeout SECONDS gives it others"
    if isinstance(error, TApplicationException):
        # What a server of several services says has a type of its own.
        is_of_several = "TMultiplexedProtocol" in text
        return _OTHER_SERVICE if is_of_several else _ADVICE.get(error.type, "")
    speaks = _SPEAKS_HTTP if url.is_web else _SPEAKS
    if url.scheme in ("tls", "https"):
        # One that asks for a certificate may hang up before it says so.
        speaks += f"; {_CERTIFICATE}"
    if isinstance(error, TProtocolException):
        return speaks
    if not isinstance(error, TTransportException):
        return ""
    for part, advice in _ADVICE_OF_TLS.items():
        if part in text:
            return advice
    if error.type == TTransportException.NOT_OPEN:
        return "is a server running there, and is the url right?"
    status = getattr(error, "status", 0)
    if status in (401, 403):
        return "--header NAME:VALUE sends what it asks for"
    return _LOG if status >= 500 else speaks


_LOG = "the server's log tells why"
_SPEAKS = (
    "the url says how to speak: tls:// with encryption, http:// or https:// over HTTP, "
    "?transport=framed (or header, zlib), ?protocol=compact (or json, apache_json, lax_binary)"
)
_SPEAKS_HTTP = (
    "the url says where the service is, by its path, and how to speak: https:// with encryption, "
    "tcp:// or tls:// without HTTP, ?protocol=compact (or json, apache_json, lax_binary), "
    "?transport=framed"
)
_CERTIFICATE = "--cert FILE, with --key FILE, shows a certificate to a server that asks for one"
# By what errors of TLS say, the first of these.
_ADVICE_OF_TLS = {
    "CERTIFICATE_REQUIRED": _CERTIFICATE,
    "certificate is not valid for": "the url needs a name that the certificate is for",
    "certificate verify failed": "--ca FILE names certificates to trust",
    "speak TLS?": "tcp:// and http:// are without encryption",
}

_OTHER_SERVICE = (
    "the server has another service or version there; where it has several, the url names one: "
    "?service=NAME"
)
_ADVICE = {
    TApplicationException.UNKNOWN_METHOD: _OTHER_SERVICE,
    TApplicationException.INTERNAL_ERROR: _LOG,
    TApplicationException.MISSING_RESULT: "the server has answered without a value",
}


def seconds(text: str) -> float:
    """A time of the command line, above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return number


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no header: it must be like 'Name: value'")
    name, value = name.strip(), value.strip()
    try:
        require_line(name, value)
        require_latin(name, value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name, value
