"""Sockets: TCP over IPv4 and IPv6, and unix sockets.

All input and output goes through Python's ``socket`` objects, so that gevent's and eventlet's
monkey-patching works.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

from fastthrift._core import end_unless_arrived, send_at_once
from fastthrift._steps import run

from ._addresses import (
    EITHER_FAMILY,
    MAC_OR_BSD,
    Address,
    given_seconds,
    has_input,
    has_room,
    is_at_end,
    look_at,
    new_client_socket,
    peer_of_client,
    seconds,
    too_late,
)
from ._arrival import never_arrived
from ._connecting import Connecting
from ._counting import counting
from ._listening import (
    Listening,
    cannot_listen,
    family_in_use,
    inherit,
    listen_on_host,
    listen_on_path,
)
from ._receiving import MESSAGE_TIMEOUT, MessageClock
from ._resolving import resolve_within
from ._taking import send_in_time
from .base import (
    MOST_OF_PEERS,
    DeadlineExceeded,
    TTransportBase,
    TTransportBrokenPipe,
    TTransportConnectionReset,
    TTransportException,
    TTransportTimeout,
    after_much,
    end_of_socket,
    socket_not_open,
)

# How much later than its deadline a wait may end, in seconds.
_LATE = 0.001


def _close(sock: socket.socket) -> None:
    # The peer may have gone first; the descriptor is given back in any case.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()


class TSocket(Connecting, TTransportBase):
    """A connection, of a client or accepted by a server.

    ``deadline``, a moment of ``time.monotonic`` or None, bounds each wait in addition to the
    timeouts: what would end later raises ``DeadlineExceeded``.
    """

    deadline: float | None = None

    # How many bytes were sent at once, where that was more than many peers take.
    _much = 0

    # Whether it is a client's.
    _sends_requests = True

    #: Whether it was closed on this side, by another thread, while something was waited for.
    closed_in_call = False

    # The timeout that the socket has because of it, in seconds.
    _within: float = -1.0

    # What some thread connects.
    _reaching: socket.socket | None = None

    #: Whether what comes and goes on it is counted, in bytes: where somebody had wanted to know
    #: that before it was made.
    counts_bytes = False
    bytes_received = 0
    bytes_sent = 0
    #: How much of it those who look at a server's calls were told of; None while nobody looks: what
    #: has come by then was of other calls, too.
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
        without it all of them are tried in turn. Timeouts are in milliseconds, and a ``ValueError``
        where they are negative:
        ``socket_timeout`` for each read and write, None or 0 for none; ``connect_timeout`` for
        connecting, the lookup of ``host`` included and whatever the number of its addresses,
        ``socket_timeout`` when it is not given.
        """
        # Of the object, where they are found sooner than those of the class.
        self.deadline = None
        self._much = 0
        self.counts_bytes = counting.is_on
        self.bytes_told = counting.told
        self.sock = sock
        self.unix_socket = None if sock else unix_socket
        self.host = None if sock or unix_socket else host
        self.port = None if sock or unix_socket else port
        self.socket_family = socket_family or EITHER_FAMILY
        self.socket_timeout = given_seconds(socket_timeout)
        self.connect_timeout = given_seconds(connect_timeout) or self.socket_timeout

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
        if self.sock is not None and not self.has_address():
            return  # made with a connected socket
        self.close()
        run(self.connect_to_any())

    def _look_up(self, patience: float | None) -> list[Address]:
        return resolve_within(self.host, self.port, self.socket_family, patience)

    def _connect(self, address: Any, patience: float | None) -> socket.socket:
        self._init_sock()
        # Who closes this takes it away.
        sock = self._reaching = self.sock
        if sock is None:
            raise ConnectionAbortedError
        try:
            if patience:
                sock.settimeout(patience)
            sock.connect(address)
            if patience or self.socket_timeout:
                sock.settimeout(self.socket_timeout)
        except BaseException as error:
            was_closed = self.sock is not sock
            self._drop(sock)
            if was_closed and isinstance(error, (AttributeError, ValueError)):
                # As TLS has it.
                raise ConnectionAbortedError from error
            raise
        finally:
            if self._reaching is sock:
                self._reaching = None
        return sock

    def _drop(self, sock: socket.socket | None) -> None:
        if self.sock is sock:
            self.sock = None
        if sock is not None:
            _close(sock)

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        sock = self.sock
        if sock is None:
            raise socket_not_open()
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
                raise after_much(TTransportConnectionReset(), self._much) from error
            # There a peer that shut down in good order looks like this.
            self.close()
            data = b""
        except OSError:
            # Another thread has closed it meanwhile, which the system may tell by an error.
            if self.sock is sock or not self._sends_requests:
                raise
            self.closed_in_call = True
            data = b""
        else:
            if not data:
                self.closed_in_call = self.sock is not sock
        if not data and not (data := self._last_bytes(sock, sz)):
            end = end_of_socket()
            if self._sends_requests and never_arrived(sock, self.deadline):
                end.request_sent = False
            raise after_much(end, self._much)
        if self._much:
            self._much = 0
        if self.counts_bytes:
            self.bytes_received += len(data)
        return data

    def _last_bytes(self, sock: socket.socket, sz: int) -> bytes:
        """What has come though the end was read."""
        return b""

    def write(self, buf: bytes) -> None:
        """Send all of the bytes."""
        sock = self.sock
        if sock is None:
            raise socket_not_open()
        try:
            if (
                self.deadline is not None
                and not 0 <= self._within - self.deadline + monotonic() < _LATE
            ):
                self._bound(sock)
            # Sockets of another class, of TLS for one, have a way of their own.
            if type(sock) is not socket.socket or type(buf) is not bytes:
                self._send(sock, buf)
            elif (sent := send_at_once(sock.fileno(), buf)) < len(buf):
                self._send(sock, memoryview(buf)[sent:])
        except DeadlineExceeded:
            raise
        except TimeoutError as error:
            raise self._too_late("could not send", sock) from error
        except ConnectionResetError as error:
            raise after_much(TTransportConnectionReset(), len(buf)) from error
        except BrokenPipeError as error:
            raise after_much(TTransportBrokenPipe(), len(buf)) from error
        if len(buf) > MOST_OF_PEERS:
            self._much = len(buf)
        if self.counts_bytes:
            self.bytes_sent += len(buf)

    def _send(self, sock: socket.socket, data: bytes | memoryview) -> None:
        """Send what the system does not take at once."""
        sock.sendall(data)

    @property
    def peer(self) -> str | None:
        """The other side: where to connect to, or where a given connection leads."""
        return peer_of_client(self.sock, self.host, self.port, self.unix_socket)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self._opening = None
        sock, self.sock = self.sock, None
        self._within = -1.0
        if sock and self._reaching is sock:
            # In the middle of `connect`, of a handshake perhaps, its number must not become that of
            # something else: the thread that connects gives it back.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        elif sock:
            _close(sock)

    def has_arrived(self) -> bool:
        """Whether anything has come that was not read, or the end of the connection; does not
        wait. Between two calls either means that the connection is of no more use."""
        return self.sock is None or has_input(self.sock)

    def take_arrived(self, sz: int) -> bytes | None:
        """Between 1 and ``sz`` bytes of what has arrived, or none at the end; None where nothing
        has. Does not wait."""
        if not self.has_arrived():
            return None
        try:
            return b"" if self.sock is None else self.sock.recv(sz)
        except OSError:
            return b""

    def was_left(self) -> bool:
        """Whether the other side has ended the connection, and all that it has sent was read; does
        not wait."""
        return self.sock is not None and is_at_end(self.sock)

    def look(self) -> Callable[[], object]:
        """What tells by something true, as long as it is open, what ``has_arrived`` tells."""
        return self.has_arrived if self.sock is None else look_at(self.sock)

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


class AcceptedSocket(TSocket):
    """A connection that a server has accepted."""

    _sends_requests = False

    #: Whether its server is closed and has ended it: what arrives later may not look as if it had
    #: been received.
    is_ending = False

    def __init__(self, sock: socket.socket, message_timeout: float | None) -> None:
        """``message_timeout``, in seconds, is for a message as a whole, and for an answer, with the
        time that its size may take; None for any time. The socket's own is for each read."""
        super().__init__(sock=sock)
        self._each = sock.gettimeout()
        self._answer_time = message_timeout
        self._clock = MessageClock(message_timeout)
        # Whether bytes may come that are no part of a message: those of TLS; and whether its
        # handshake, which comes with the first read, is still to be made.
        self._is_wrapped = self._shakes_hands = hasattr(sock, "pending")

    def begin_message(self, *, arrived: bool = False) -> None:
        """The next message is waited for; something of it may have ``arrived``."""
        self._clock.begin(arrived=arrived)

    def begin_again(self) -> None:
        """What has come is no part of the next message, which is still waited for."""
        self._clock.begin_again()

    def set_timeout(self, ms: float | None) -> None:
        """Set the time of each read, in milliseconds; None or 0 for any time."""
        super().set_timeout(ms)
        self._each = self.socket_timeout

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        patience = self._clock.patience(self._each)
        sock = self.sock
        if self._is_wrapped and sock is not None:
            return self._read_by_tls(sock, sz, patience)
        if patience == self._each or sock is None:
            return super().read(sz)
        if not patience:
            raise DeadlineExceeded(message=str(self._clock))
        sock.settimeout(patience)
        try:
            return super().read(sz)
        except TTransportTimeout as error:
            if self._clock.is_over:
                raise DeadlineExceeded(message=str(self._clock)) from error
            raise
        finally:
            if self.sock is not None:
                sock.settimeout(self._each)

    def _last_bytes(self, sock: socket.socket, sz: int) -> bytes:
        # The system takes what comes to a side that reads no more. TLS ends in its own way.
        if not self.is_ending or self._is_wrapped or end_unless_arrived(sock.fileno()):
            return b""
        return sock.recv(sz)

    def _send(self, sock: socket.socket, data: bytes | memoryview) -> None:
        send_in_time(sock, data, self._answer_time, self._each)

    def _read_by_tls(self, sock: Any, sz: int, patience: float | None) -> bytes:
        """Read what TLS has, or wait for what comes first, which may be a part of a handshake, or
        of a record: from then on the message has its time. A handshake that is complete is none:
        the first message may come as late as any other."""
        from ssl import SSLWantReadError, SSLWantWriteError

        if sock.gettimeout() != 0:
            # All waits are here.
            sock.settimeout(0)
        waits: Callable[[Any, float | None], bool] | None
        waits = None if sock.pending() else has_input
        while True:
            if waits is not None:
                if patience == 0 or not waits(sock, patience):
                    if self._clock.is_over:
                        raise DeadlineExceeded(message=str(self._clock))
                    raise self._too_late("no data", sock)
                patience = self._clock.patience(self._each)
            try:
                return super().read(sz)
            except SSLWantReadError:
                waits = has_input
                if self._shakes_hands and sock.version() is not None:
                    self._shakes_hands = False
                    self.begin_again()
                    patience = self._clock.patience(self._each)
            except SSLWantWriteError:
                waits = has_room

    def _too_late(self, what: str, sock: socket.socket) -> TTransportTimeout:
        return TTransportTimeout(message=too_late(what, self._each))


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
        *,
        descriptor: int | None = None,
        message_timeout: float | None = MESSAGE_TIMEOUT,
    ) -> None:
        """Give ``host`` and ``port``, or ``unix_socket`` (a path), or ``descriptor``.

        With port 0 the system chooses one: ``server_socket.sock.getsockname()[1]`` after
        ``listen()``. ``socket_family``, ``AF_INET`` or ``AF_INET6``, restricts the addresses of
        ``host``; without it the first is listened on, IPv4 before IPv6. ``client_timeout``, in
        milliseconds, is for each read of an accepted connection; None or 0 for none.
        ``message_timeout``, in milliseconds, is from the first byte of a message to its last; a
        client has as long to take its answer, and as much more as that takes at 16 KiB a second.
        ``reuse_port`` lets several processes listen on one port and share its connections, where
        the system has ``SO_REUSEPORT``; without it a port in use is an error. ``descriptor`` is of
        a socket that listens already, opened by systemd for example.

        A socket that other processes have as well, inherited or from before a fork, goes on
        listening in them when it is closed in one.
        """
        self.unix_socket = unix_socket or None
        self.host = None if unix_socket else host
        self.port = None if unix_socket else port
        self.descriptor = descriptor
        self.socket_family = socket_family or EITHER_FAMILY
        self.client_timeout = given_seconds(client_timeout)
        self.message_timeout = given_seconds(message_timeout)
        self.backlog = backlog
        self.reuse_port = reuse_port
        self._listening: Listening | None = None

    @property
    def sock(self) -> socket.socket | None:
        """The listening socket; assign one that listens to use it."""
        return None if self._listening is None else self._listening.sock

    @sock.setter
    def sock(self, sock: socket.socket | None) -> None:
        self._listening = None if sock is None else Listening(sock)

    def listen(self) -> None:
        """Start listening, unless ``sock`` already does.

        Raises ``OSError`` when the address is in use or cannot be had.
        """
        if self._listening is not None:
            return
        try:
            self._listening = self._listen()
        except OSError as error:
            raise cannot_listen(self._address, error) from error
        self.socket_family = family_in_use(self.socket_family, self._listening.sock)

    def _listen(self) -> Listening:
        if self.descriptor is not None:
            return inherit(self.descriptor)
        if self.unix_socket:
            return listen_on_path(self.unix_socket, self.backlog)
        return listen_on_host(
            self.host, self.port, self.socket_family, self.backlog, reuse_port=self.reuse_port
        )

    @property
    def _address(self) -> Any:
        if self.descriptor is not None:
            return f"descriptor {self.descriptor}"
        return self.unix_socket or (self.host, self.port)

    def share(self) -> None:
        """Processes that are forked from now on listen as well, and go on when this one stops."""
        if self._listening is not None:
            self._listening.share()

    def accept(self) -> TSocket:
        """Wait for the next connection."""
        return self._set_times(self._accept())

    def accept_waiting(self) -> list[TSocket]:
        """The connections that the system has taken already, before this is closed; none where a
        subclass accepts them in a way of its own, such as TLS."""
        if self._listening is None or type(self).accept is not TServerSocket.accept:
            return []
        return [self._set_times(client) for client, _ in self._listening.accept_waiting()]

    def _set_times(self, client: socket.socket) -> TSocket:
        if self.client_timeout:
            client.settimeout(self.client_timeout)
        return AcceptedSocket(client, self.message_timeout)

    def _accept(self) -> socket.socket:
        listening = self._listening
        if listening is None:
            raise TTransportException(
                TTransportException.NOT_OPEN, "The server socket is not listening"
            )
        return listening.accept()[0]

    def close(self) -> None:
        """Stop listening; an ``accept`` that waits in another thread fails with ``OSError``.

        Removes the file of a unix socket that this object made in this process. May be called by
        a signal handler.
        """
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()
