"""Sockets: TCP over IPv4 and IPv6, and unix sockets.

All input and output goes through Python's ``socket`` objects, so that gevent's and eventlet's
monkey-patching works.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable
from time import monotonic
from typing import Any

from ._addresses import (
    EITHER_FAMILY,
    MAC_OR_BSD,
    Address,
    EitherFamily,
    could_not_connect,
    has_input,
    host_and_port,
    in_turn,
    look_at,
    new_client_socket,
    peer_of_socket,
    reason,
    resolve,
    seconds,
    too_late,
    unix_family,
)
from .base import (
    MOST_OF_PEERS,
    DeadlineExceeded,
    TTransportBase,
    TTransportBrokenPipe,
    TTransportConnectionReset,
    TTransportException,
    TTransportTimeout,
    after_much,
)

# How much later than its deadline a wait may end, in seconds.
_LATE = 0.001

# A server's address that belongs to another machine, or to a family that this one lacks.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def _close(sock: socket.socket) -> None:
    # The peer may have gone first; the descriptor is given back in any case.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()


class TSocket(TTransportBase):
    """A connection, of a client or accepted by a server.

    ``deadline``, a moment of ``time.monotonic`` or None, bounds each wait in addition to the
    timeouts: what would end later raises ``DeadlineExceeded``.
    """

    deadline: float | None = None

    # How many bytes were sent at once, where that was more than many peers take.
    _much = 0

    # The timeout that the socket has because of it, in seconds.
    _within: float = -1.0

    #: Where to connect to, in place of the addresses that the host has; as ``getaddrinfo`` gives
    #: them: pairs of a family and an address.
    known_addresses: list[Address] | None = None

    #: Whether what comes and goes on it is counted, in bytes: where somebody had wanted to know
    #: that before it was made; and how much of it hooks were told of.
    counts_bytes = False
    bytes_received = 0
    bytes_sent = 0
    bytes_told: tuple[int, int] | None = None

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        unix_socket: str | None = None,
        sock: socket.socket | None = None,
        socket_family: int = EITHER_FAMILY,
        socket_timeout: float | None = 3000,
        connect_timeout: float | None = None,
    ) -> None:
        """Give ``host`` and ``port``, or ``unix_socket`` (a path), or ``sock`` (connected).

        ``socket_family``, ``AF_INET`` or ``AF_INET6``, restricts the addresses of ``host``;
        without it all of them are tried in turn. Timeouts are in milliseconds:
        ``socket_timeout`` for each read and write, None or 0 for none; ``connect_timeout`` for
        connecting, whatever the number of addresses, ``socket_timeout`` when it is not given.
        """
        # Of the object, where they are found sooner than those of the class.
        self.deadline = None
        self._much = 0
        self.counts_bytes = type(self).counts_bytes
        self.bytes_told = (0, 0) if self.counts_bytes else None
        self.sock = sock
        self.unix_socket = None if sock else unix_socket
        self.host = None if sock or unix_socket else host
        self.port = None if sock or unix_socket else port
        self.socket_family = socket_family or EITHER_FAMILY
        self.socket_timeout = seconds(socket_timeout)
        self.connect_timeout = seconds(connect_timeout) or self.socket_timeout

    def _init_sock(self) -> None:
        self.sock = new_client_socket(self.unix_socket, self.socket_family)

    def set_handle(self, sock: socket.socket) -> None:
        """Use a connected socket."""
        self.sock = sock
        self._within = -1.0

    def set_timeout(self, ms: float | None) -> None:
        """Set both timeouts, in milliseconds; None or 0 for none."""
        self.socket_timeout = self.connect_timeout = seconds(ms)
        self._within = -1.0
        if self.sock is not None:
            self.sock.settimeout(self.socket_timeout)

    def is_open(self) -> bool:
        return bool(self.sock)

    def open(self) -> None:
        """Connect.

        Raises ``TTransportException`` of type ``NOT_OPEN``, with the system's reason, when that
        fails; it also is a ``TimeoutError`` when the time was up.
        """
        address: Any = self.unix_socket or (self.host, self.port)
        if self.sock is not None and address == (None, None):
            return  # made with a connected socket
        self.close()
        failures: list[tuple[Any, OSError]] = []
        patience = self.connect_timeout
        if self.deadline is not None:
            patience = self._time_left(patience)
        try:
            for (family, one), share in in_turn(self._addresses(), patience):
                if isinstance(self.socket_family, EitherFamily):
                    self.socket_family = EitherFamily(family)
                try:
                    self._connect(one, share)
                except OSError as error:
                    self.close()
                    failures.append((one, error))
                    if not self._may_try_another(error):
                        break
                except BaseException:
                    self.close()
                    raise
                else:
                    return
        except OSError as error:
            # No address was found.
            failures.append((address, error))
        failure = failures[-1][1]
        kind = TTransportTimeout if isinstance(failure, TimeoutError) else TTransportException
        text = could_not_connect(address, failures, patience, self._reason)
        if kind is TTransportTimeout and patience != self.connect_timeout:
            kind = DeadlineExceeded
        raise kind(type=TTransportException.NOT_OPEN, message=text) from failure

    def _addresses(self) -> list[Address]:
        if self.unix_socket:
            return [(self.socket_family, self.unix_socket)]
        if self.known_addresses is not None:
            return self.known_addresses
        return resolve(self.host, self.port, self.socket_family)

    def _connect(self, address: Any, patience: float | None) -> None:
        self._init_sock()
        sock = self.sock
        assert sock is not None
        if patience:
            sock.settimeout(patience)
        sock.connect(address)
        if patience or self.socket_timeout:
            sock.settimeout(self.socket_timeout)

    @staticmethod
    def _may_try_another(error: OSError) -> bool:
        """Whether another address of the host may do where this one failed."""
        return True

    @staticmethod
    def _reason(error: BaseException) -> str:
        return reason(error)

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        sock = self.sock
        if sock is None:
            raise self._not_open()
        try:
            if (
                self.deadline is not None
                and not 0 <= self._within - self.deadline + monotonic() < _LATE
            ):
                self._bound(sock)
            data = sock.recv(sz)
        except TimeoutError as error:
            raise self._too_late("no data", sock) from error
        except ConnectionResetError as error:
            if not MAC_OR_BSD:
                raise self._lost(TTransportConnectionReset(), self._much) from error
            # There a peer that shut down in good order looks like this.
            self.close()
            data = b""
        if not data:
            end = TTransportException(
                type=TTransportException.END_OF_FILE, message="TSocket read 0 bytes"
            )
            raise self._lost(end, self._much)
        if self._much:
            self._much = 0
        if self.counts_bytes:
            self.bytes_received += len(data)
        return data

    def write(self, buf: bytes) -> None:
        """Send all of the bytes."""
        sock = self.sock
        if sock is None:
            raise self._not_open()
        try:
            if (
                self.deadline is not None
                and not 0 <= self._within - self.deadline + monotonic() < _LATE
            ):
                self._bound(sock)
            sock.sendall(buf)
        except TimeoutError as error:
            raise self._too_late("could not send", sock) from error
        except ConnectionResetError as error:
            raise self._lost(TTransportConnectionReset(), len(buf)) from error
        except BrokenPipeError as error:
            raise self._lost(TTransportBrokenPipe(), len(buf)) from error
        if len(buf) > MOST_OF_PEERS:
            self._much = len(buf)
        if self.counts_bytes:
            self.bytes_sent += len(buf)

    @property
    def peer(self) -> str | None:
        """The other side: where to connect to, or where a given connection leads."""
        if self.unix_socket:
            return f"unix:{self.unix_socket}"
        if self.host is not None:
            return host_and_port(self.host, self.port)
        return None if self.sock is None else peer_of_socket(self.sock)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        sock, self.sock = self.sock, None
        self._within = -1.0
        if sock:
            _close(sock)

    def has_arrived(self) -> bool:
        """Whether anything has come that was not read, or the end of the connection; does not
        wait. Between two calls either means that the connection is of no more use."""
        return self.sock is None or has_input(self.sock)

    def look(self) -> Callable[[], object]:
        """What tells by something true, as long as it is open, what ``has_arrived`` tells."""
        return self.has_arrived if self.sock is None else look_at(self.sock)

    def has_address(self) -> bool:
        """Whether it is known where to connect to: not where a connected socket was given."""
        return bool(self.unix_socket or self.host)

    def abandon(self) -> None:
        """Give back the descriptor without a word to the peer: in a forked child, for the parent
        has the connection, too."""
        sock, self.sock = self.sock, None
        if sock is not None:
            with contextlib.suppress(OSError):
                # Not close(), which is TLS's own for its sockets.
                os.close(sock.detach())

    def _bound(self, sock: socket.socket) -> None:
        """Let the next wait end with the deadline.

        To the next millisecond: for calls that may take equally long the timeout stays what it is,
        and is not set again, which is a system call.
        """
        left = self._time_left(None)
        within = self.socket_timeout
        if within is None or within > left:
            within = (int(left / _LATE) + 1) * _LATE
        self._within = within
        if within != sock.gettimeout():
            sock.settimeout(within)

    def end_deadline(self) -> None:
        """Have no deadline any more, where there was one."""
        if self.deadline is not None and self.sock is not None:
            # Which a wait may have made shorter.
            self._within = -1.0
            self.sock.settimeout(self.socket_timeout)
        self.deadline = None

    def _time_left(self, timeout: float | None) -> float:
        """The shorter one of a timeout and what is left until the deadline, in seconds."""
        assert self.deadline is not None
        left = self.deadline - monotonic()
        if left <= 0:
            raise DeadlineExceeded(message="the deadline is over")
        return left if timeout is None else min(left, timeout)

    def _too_late(self, what: str, sock: socket.socket) -> TTransportTimeout:
        within = sock.gettimeout()
        if self.deadline is not None and within != self.socket_timeout:
            return DeadlineExceeded(message=f"the deadline is over: {what}")
        return TTransportTimeout(message=too_late(what, within))

    @staticmethod
    def _lost(error: TTransportException, much: int) -> TTransportException:
        """What a connection has ended with, after so many bytes were sent at once."""
        error.message = after_much(str(error.message), much)
        return error

    @staticmethod
    def _not_open() -> TTransportException:
        return TTransportException(TTransportException.NOT_OPEN, "The socket is not open")


class TServerSocket:
    """A listening socket."""

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        unix_socket: str | None = None,
        socket_family: int = EITHER_FAMILY,
        client_timeout: float | None = 3000,
        backlog: int = 128,
        reuse_port: bool = False,
    ) -> None:
        """Give ``host`` and ``port``, or ``unix_socket`` (a path).

        With port 0 the system chooses one: ``server_socket.sock.getsockname()[1]`` after
        ``listen()``. ``socket_family``, ``AF_INET`` or ``AF_INET6``, restricts the addresses of
        ``host``; without it the first is listened on, IPv4 before IPv6. ``client_timeout``, in
        milliseconds, is for each read and write of an accepted connection; None or 0 for none.
        ``reuse_port`` lets several processes listen on one port and share its connections, where
        the system has ``SO_REUSEPORT``; without it a port in use is an error.
        """
        self.unix_socket = unix_socket or None
        self.host = None if unix_socket else host
        self.port = None if unix_socket else port
        self.socket_family = socket_family or EITHER_FAMILY
        self.client_timeout = seconds(client_timeout)
        self.backlog = backlog
        self.reuse_port = reuse_port
        self.sock: socket.socket | None = None
        # The socket file that `listen` made: process, device, inode.
        self._made_file: tuple[int, int, int] | None = None

    def _init_sock(self) -> None:
        if self.unix_socket:
            _claim_path(self.unix_socket)
            sock = socket.socket(unix_family(), socket.SOCK_STREAM)
        else:
            sock = socket.socket(self.socket_family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                # Elsewhere it would let others take a port that is in use.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.reuse_port and not self.unix_socket:
                _share_port(sock)
            sock.settimeout(None)
        except BaseException:
            sock.close()
            raise
        self.sock = sock

    def listen(self) -> None:
        """Start listening, unless ``sock`` already does.

        Raises ``OSError`` when the address is in use or cannot be had.
        """
        if self.sock is not None:
            return
        address: Any = self.unix_socket or (self.host, self.port)
        try:
            self._listen_on_any(self._addresses())
        except OSError as error:
            self.close()
            raise type(error)(
                error.errno, f"Cannot listen on {address}: {reason(error)}"
            ) from error
        except BaseException:
            self.close()
            raise

    def _addresses(self) -> list[Address]:
        if self.unix_socket:
            return [(self.socket_family, self.unix_socket)]
        found = resolve(self.host, self.port, self.socket_family, flags=socket.AI_PASSIVE)
        # thriftpy2's clients know only IPv4 unless they are told otherwise.
        return sorted(found, key=lambda address: address[0] != socket.AF_INET)

    def _listen_on_any(self, addresses: list[Address]) -> None:
        """Listen on the first address that this machine has."""
        for position, (family, one) in enumerate(addresses, 1):
            if isinstance(self.socket_family, EitherFamily):
                self.socket_family = EitherFamily(family)
            try:
                self._listen_on(one)
            except OSError as error:
                self.close()
                if position == len(addresses) or error.errno not in _NOT_HERE:
                    raise
            else:
                return

    def _listen_on(self, address: Any) -> None:
        self._init_sock()
        sock = self.sock
        assert sock is not None
        sock.bind(address)
        if self.unix_socket and not _is_abstract(self.unix_socket):
            made = os.stat(self.unix_socket)
            self._made_file = (os.getpid(), made.st_dev, made.st_ino)
        sock.listen(self.backlog)

    def accept(self) -> TSocket:
        """Wait for the next connection."""
        sock = self.sock
        if sock is None:
            raise TTransportException(
                TTransportException.NOT_OPEN, "The server socket is not listening"
            )
        client, _ = sock.accept()
        if self.client_timeout:
            client.settimeout(self.client_timeout)
        return TSocket(sock=client)

    def close(self) -> None:
        """Stop listening; an ``accept`` that waits in another thread fails with ``OSError``.

        Removes the file of a unix socket that this object made in this process.
        """
        sock, self.sock = self.sock, None
        if sock:
            _close(sock)
        made, self._made_file = self._made_file, None
        if made is not None and self.unix_socket:
            with contextlib.suppress(FileNotFoundError):
                info = os.lstat(self.unix_socket)
                if made == (os.getpid(), info.st_dev, info.st_ino):
                    os.unlink(self.unix_socket)


def _share_port(sock: socket.socket) -> None:
    option = getattr(socket, "SO_REUSEPORT", None)
    if option is None:
        raise OSError(errno.ENOPROTOOPT, "reuse_port: this system has no SO_REUSEPORT")
    sock.setsockopt(socket.SOL_SOCKET, option, 1)


def _is_abstract(path: str) -> bool:
    """Whether a unix socket address is in Linux's abstract namespace, which has no files."""
    return os.fsencode(path).startswith(b"\0")


def _claim_path(path: str) -> None:
    """Remove what a server that is gone has left at ``path``, and refuse anything else."""
    if _is_abstract(path):
        return
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISREG(info.st_mode) and info.st_size == 0:
        # As tempfile makes them to reserve a name; nothing is lost.
        os.unlink(path)
        return
    if not stat.S_ISSOCK(info.st_mode):
        raise OSError(errno.EADDRINUSE, "it exists and is not a socket")
    with socket.socket(unix_family(), socket.SOCK_STREAM) as probe:
        # Connecting to a unix socket succeeds or fails at once.
        probe.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # a full backlog: somebody is there
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
                return
    raise OSError(errno.EADDRINUSE, "another server is listening there")
