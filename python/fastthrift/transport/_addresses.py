"""Where sockets connect to and listen: address families, URLs, and what to say of a failure; what
the sockets of threads and of asyncio have in common."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import BuiltinFunctionType
from typing import Any
from urllib.parse import ParseResult, urlparse


class EitherFamily(int):
    """The address family of somebody who did not ask for one: whichever the host has.

    Its number is the family in use, and before anything is open IPv4's, as in thriftpy2.
    """


#: The default of every ``socket_family``.
EITHER_FAMILY = EitherFamily(socket.AF_INET)

# Of the time for connecting, for one address, in seconds.
_LEAST_SHARE = 2.0

_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%.+)?")

# A family and an address in its form.
Address = tuple[int, Any]


MAC_OR_BSD = sys.platform == "darwin" or sys.platform.startswith("freebsd")


def seconds(milliseconds: float | None) -> float | None:
    """A time-out as Python has it; None and 0 are none."""
    return milliseconds / 1000 if milliseconds and milliseconds > 0 else None


def milliseconds(seconds: float | None) -> float | None:
    """A time-out as Thrift has it; None is none."""
    return None if seconds is None else seconds * 1000


def given_seconds(milliseconds: float | None) -> float | None:
    """The time-out that something is made with, as Python has it; None and 0 are none. Raises
    ``ValueError`` for what is no time, ``TypeError`` for what is no number."""
    if isinstance(milliseconds, (str, bytes)):
        raise TypeError(f"A timeout is a number of milliseconds, not {milliseconds!r}")
    if milliseconds and not milliseconds > 0:
        raise ValueError(
            f"Timeout value out of range: {milliseconds:g} ms; None or 0 is for no timeout"
        )
    return seconds(milliseconds)


def too_late(what: str, within: float | None) -> str:
    """What is said of something that has not happened within a time-out, in seconds."""
    patience = "the socket's timeout" if within is None else f"{within * 1000:g} ms"
    return f"timed out: {what} within {patience}"


def host_and_port(host: Any, port: Any) -> str:
    """An address for texts."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def peer_of_socket(sock: Any) -> str | None:
    """The other side of a connected socket; None where it has left."""
    try:
        address = sock.getpeername()
    except (OSError, AttributeError):
        return None
    return host_and_port(*address[:2]) if isinstance(address, tuple) else "a unix socket"


def peer_of_client(sock: Any, host: Any, port: Any, unix_socket: str | None) -> str | None:
    """The other side of a client's socket: where to connect to, or where a connection leads that
    was given."""
    if unix_socket:
        return f"unix:{unix_socket}"
    return peer_of_socket(sock) if host is None else host_and_port(host, port)


def new_client_socket(unix_socket: str | None, family: int) -> socket.socket:
    """A socket of a client, which is not connected."""
    if unix_socket:
        sock = socket.socket(unix_family(), socket.SOCK_STREAM)
    else:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def _poll_of_system() -> Any:
    """``select.poll`` where there is one: never gevent's or eventlet's, which lets others run
    meanwhile, even for no time."""
    poll = getattr(select, "poll", None)
    if isinstance(poll, BuiltinFunctionType):
        return poll
    if (monkey := sys.modules.get("gevent.monkey")) is not None:
        poll = monkey.get_original("select", "poll")
    elif (patcher := sys.modules.get("eventlet.patcher")) is not None:
        poll = getattr(patcher.original("select"), "poll", None)
    return poll if isinstance(poll, BuiltinFunctionType) else None


# What the system's `poll` takes at most: 24.8 days, in milliseconds.
_LONGEST_POLL = 2**31 - 1


def for_poll(seconds: float | None) -> float | None:
    """A time as ``select.poll`` takes it."""
    return None if seconds is None else min(seconds * 1000, _LONGEST_POLL)


def has_input(sock: socket.socket, seconds: float | None = 0) -> bool:
    """Whether a socket has something to read, its end or an error, within some seconds; None is
    for any time."""
    return _is_ready(sock, seconds, writes=False)


def has_room(sock: socket.socket, seconds: float | None) -> bool:
    """Whether a socket takes something, or has an error, within some seconds; None is for any
    time."""
    return _is_ready(sock, seconds, writes=True)


def _is_ready(sock: socket.socket, seconds: float | None, *, writes: bool) -> bool:
    try:
        poll = _poll_of_system() if seconds == 0 else getattr(select, "poll", None)
        if poll is not None:
            known = _polling(poll, sock, select.POLLOUT if writes else select.POLLIN)
            return bool(known.poll(for_poll(seconds)))
        reading, writing = ([], [sock]) if writes else ([sock], [])
        return any(select.select(reading, writing, [], seconds))
    except (OSError, ValueError):
        # It was closed.
        return True
    except AttributeError:
        # It only stands for a socket, in a test for example.
        return False


def _polling(poll: Any, sock: socket.socket, event: int) -> Any:
    known = poll()
    known.register(sock.fileno(), event)
    return known


def has_end(sock: socket.socket) -> bool:
    """Whether the peer has ended what it sends, whatever of it was not read, or there is an error;
    does not wait. Only Linux can tell: elsewhere it is False."""
    poll, end = _poll_of_system(), getattr(select, "POLLRDHUP", None)
    if poll is None or end is None:
        return False
    try:
        return bool(_polling(poll, sock, end).poll(0))
    except (OSError, ValueError):
        return True  # it was closed


def is_at_end(sock: socket.socket) -> bool:
    """Whether the peer has ended what it sends, and all of that was read, or there is an error;
    does not wait."""
    try:
        return has_input(sock) and not sock.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def look_at(sock: socket.socket) -> Callable[[], object]:
    """What tells by something true whether a socket has input, as often as it is asked."""
    poll = _poll_of_system()
    if poll is None or not hasattr(sock, "fileno"):
        return lambda: has_input(sock)
    try:
        return partial(_polling(poll, sock, select.POLLIN).poll, 0)
    except (OSError, ValueError):
        return lambda: True  # it was closed


def query(host: Any, port: Any, family: int) -> dict[str, Any]:
    """The arguments of ``getaddrinfo`` for the addresses of a host; an empty host is this one."""
    if port is None:
        raise TypeError("a port is needed, not None")
    # The C library would take it modulo 65536.
    if isinstance(port, int) and not 0 <= port <= 65535:
        raise OverflowError(f"port must be 0-65535, not {port}")
    return {
        "host": host or None,
        "port": port,
        "family": socket.AF_UNSPEC if isinstance(family, EitherFamily) else family,
        "type": socket.SOCK_STREAM,
    }


@contextlib.contextmanager
def naming_errors() -> Iterator[None]:
    """A name that cannot be one is an unknown host, and no ``UnicodeError``."""
    try:
        yield
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, f"not a host name: {error}") from error


def resolve(host: Any, port: Any, family: int, **options: Any) -> list[Address]:
    """The addresses of a host, in the order in which to try them: at least one."""
    with naming_errors():
        answers = socket.getaddrinfo(**query(host, port, family), **options)
    if not answers:
        # The system raises an error; a resolver in its place may not.
        raise socket.gaierror(socket.EAI_NONAME, "the name has no addresses")
    return [(answer[0], answer[4]) for answer in answers]


def in_turn(
    addresses: list[Address], seconds: float | None
) -> Iterator[tuple[Address, float | None]]:
    """Each address and how many seconds it may take; all of them together have ``seconds``, None
    for any time.

    One that is silent leaves the others their share, but, as Go does it, has 2 seconds if there
    are so many: less could not make up for one lost packet.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    for position, address in enumerate(addresses):
        if deadline is None:
            yield address, None
            continue
        left = deadline - time.monotonic()
        if position and left <= 0:
            return
        share = max(left / (len(addresses) - position), min(left, _LEAST_SHARE))
        # Never 0, which would be a socket that does not wait.
        yield address, max(share, 0.001)


class NameTimeout(TimeoutError):
    """No address of a name was found in time."""


def reason(error: BaseException) -> str:
    """What the system says of an error."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def not_connected(where: Any, why: str) -> str:
    """The text for a connection that was not made."""
    return f"Could not connect to {where}: {why}"


def could_not_connect(
    address: Any,
    failures: Sequence[tuple[Any, OSError]],
    seconds: float | None,
    reason: Callable[[BaseException], str] = reason,
) -> str:
    """The text for a connection that failed: the reason, for each address where they differ."""

    def explain(error: OSError) -> str:
        # Without a number it is this side's patience that has ended.
        if isinstance(error, TimeoutError) and error.errno is None and seconds is not None:
            if isinstance(error, NameTimeout):
                return f"no address was found within {seconds * 1000:g} ms"
            return f"no answer within {seconds * 1000:g} ms"
        return reason(error)

    reasons = [(one, explain(error)) for one, error in failures]
    if len({text for _, text in reasons}) == 1:
        return not_connected(address, reasons[0][1])
    told = "; ".join(f"{one[0]}: {text}" for one, text in reasons)
    return not_connected(address, told)


def unix_family() -> int:
    """``AF_UNIX``, where the system has it."""
    family: int | None = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError("this system has no unix sockets: use a host and a port")
    return family


def without_secrets(url: str) -> str:
    """A URL without user, password and query, for the text of an error."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"^([^/]*//)?.*@", r"\1", bare)


def split_url(url: str, form: str = "host:port") -> ParseResult:
    """The parts of ``scheme://host:port/path``; the scheme may be missing. ``form`` says in errors
    what it should be like.

    Raises ``ValueError`` where there is no host, or something that is no port.
    """
    url = url.strip().removeprefix("//")
    if "://" not in url:
        url = f"//[{url}]" if _BARE_IPV6.fullmatch(url) else f"//{url}"
    # Python's own messages would show a password that stands before the host.
    shown = without_secrets(url).removeprefix("//")
    form = f"it must be like {form} or scheme://{form}, with a port of 1 to 65535"
    try:
        parts = urlparse(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{shown!r} is no url: {form}") from None
    if port == 0:
        raise ValueError(f"the url {shown!r} has port 0: {form}")
    if not parts.hostname and port is None:
        raise ValueError(f"the url {shown!r} names no host: {form}")
    return parts


#: For those who give a certificate with a unix socket.
SSL_WITHOUT_HOST = "SSL only works with host:port, not unix_socket."


def require_address(
    host: str | None, port: int | None, unix_socket: str | None, also: str = ""
) -> None:
    """Raise ``ValueError`` unless there is somewhere to listen, or to connect to."""
    if not (unix_socket or (host and port)):
        raise ValueError(f"Either host/port or unix_socket{also} must be provided.")


def client_address(host: str, port: int, unix_socket: str | None, url: str) -> tuple[str, int]:
    """The host and the port that the options of a socket client mean; raises ``ValueError`` where
    they are none, and there is no unix socket either."""
    if url:
        host, port = address_of_url(url, host, port)
    require_address(host, port, unix_socket, " or url")
    return host, port


def address_of_url(url: str, host: str, port: int) -> tuple[str, int]:
    """The host and the port that a socket client's ``url`` names; what it leaves out is ``host``
    and ``port``.

    Raises ``ValueError`` for a URL of HTTP or of a unix socket, and for what is no URL.
    """
    scheme = url.strip().partition("://")[0].lower()
    if scheme in ("http", "https"):
        raise ValueError(
            f"a url of {scheme} is for THttpClient: use make_client or client_context of "
            "fastthrift.http (fastthrift.contrib.aio.http for asyncio)"
        )
    if scheme in ("unix", "unix+thrift"):
        raise ValueError("a url of a unix socket: give the path as unix_socket instead")
    parts = split_url(url)
    # A zone's percent sign is escaped in a URL.
    return (parts.hostname or host).replace("%25", "%"), parts.port or port
