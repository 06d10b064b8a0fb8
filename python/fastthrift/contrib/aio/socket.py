"""Sockets for asyncio: TCP over IPv4 and IPv6, unix sockets, and TLS over either."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastthrift._calls.steps import drive
from fastthrift._core import end_unless_arrived
from fastthrift.transport import TServerSocket, TTransportException
from fastthrift.transport._addresses import (
    EITHER_FAMILY,
    MAC_OR_BSD,
    Address,
    NameTimeout,
    given_seconds,
    has_end,
    has_input,
    is_at_end,
    new_client_socket,
    peer_of_client,
    peer_of_socket,
    resolve,
    seconds,
    too_late,
    unix_family,
)
from fastthrift.transport._arrival import pauses_for_refusal, was_refused
from fastthrift.transport._connecting import Connecting
from fastthrift.transport._counting import counting
from fastthrift.transport._receiving import MESSAGE_TIMEOUT, MessageClock
from fastthrift.transport._resolving import begin_lookup, needs_no_lookup
from fastthrift.transport._ssl import (
    DEFAULT_CIPHERS,
    RESTRICTED_SERVER_CIPHERS,
    ask_for_tls,
    client_context,
    create_thriftpy_context,
    is_answer_to_tls,
    load_own_certificate,
    name_to_check,
    tls_reason,
)
from fastthrift.transport._taking import AnswerClock, give_up
from fastthrift.transport.base import (
    TTransportBrokenPipe,
    TTransportConnectionReset,
    after_much,
    end_of_socket,
    socket_not_open,
)

from ._accepting import Acceptor
from .transport.base import (
    TAsyncDeadlineExceeded,
    TAsyncTransportTimeout,
    at_once,
    patiently,
    within,
)

# A stream stops reading from its socket when it holds twice this much, in bytes.
_STREAM_BUFFER = 1 << 18

# What the event loop is told, in seconds, where a handshake has what is left of another time.
_LONGEST_HANDSHAKE = 1e9

# What may be read when the time is over, in bytes, since it may have come before: more than a
# system keeps for a connection. Who sends without end is not waited for.
_MOST_LATE = 1 << 23


def _unsent(writer: asyncio.StreamWriter) -> int:
    """How many bytes of a writer the system has not taken yet."""
    try:
        return writer.transport.get_write_buffer_size()
    except AttributeError:
        # CPython 3.10's transport of TLS, whose connection has ended, has nothing below it to ask.
        return 0


class _Stream:
    """Reading and writing, the same for both ends of a connection."""

    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    # For each read and write, in seconds.
    socket_timeout: float | None = None
    # A moment of `time.monotonic` that bounds each of them in addition.
    deadline: float | None = None
    #: Whether it was closed on this side while something was waited for.
    closed_in_call = False
    # Whether a read was given up, so that what comes next is not what was waited for.
    interrupted = False
    # How many bytes were sent at once since something came.
    _much = 0
    # How many were read one after the other when the time for them was over.
    _late = 0
    #: What has come and gone on it, in bytes, and how much of that hooks were told of.
    counts_bytes = True
    bytes_received = 0
    bytes_sent = 0
    bytes_told: tuple[int, int] | None = None

    # Whether it is a client's.
    _sends_requests = False

    async def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        if self.reader is None:
            raise socket_not_open()
        patience = self._patience_to_read()
        try:
            if self._late > _MOST_LATE and patience == 0:
                raise TimeoutError
            data = await patiently(patience, partial(self.reader.read, sz))
        except asyncio.CancelledError:
            self.interrupted = True
            raise
        except TimeoutError as error:
            self.interrupted = True
            raise self._too_late("no data") from error
        except ConnectionResetError as error:
            if not MAC_OR_BSD:
                raise after_much(TTransportConnectionReset(), self._much) from error
            # There a peer that shut down in good order looks like this.
            self.close()
            data = b""
        if not data:
            self.closed_in_call = self.writer is None
            end = end_of_socket()
            if self._sends_requests and await self._never_arrived():
                end.request_sent = False
            raise after_much(end, self._much)
        self._much = 0
        self._late = self._late + len(data) if patience == 0 else 0
        self.bytes_received += len(data)
        return data

    async def _never_arrived(self) -> bool:
        """Whether the peer has not seen what was sent last: see ``_arrival``."""
        sock = None if self.writer is None else self.writer.get_extra_info("socket")
        for pause in pauses_for_refusal(sock, self.deadline):
            await asyncio.sleep(pause)
        return was_refused(sock)

    def write(self, buff: bytes) -> None:
        """Hand bytes to the event loop, which sends them."""
        if self.writer is None:
            raise socket_not_open()
        self.writer.write(buff)
        self._much = max(self._much, len(buff))
        self.bytes_sent += len(buff)

    async def flush(self) -> None:
        """Wait until the peer keeps up with what was written."""
        if self.writer is None:
            raise socket_not_open()
        # With nothing to send there is nothing to wait for, and no time to measure.
        pending = _unsent(self.writer)
        try:
            if pending:
                await self._drain(self.writer)
            else:
                await self.writer.drain()
        except TimeoutError as error:
            self.abort()
            if isinstance(error, TTransportException):
                raise
            raise self._too_late("could not send") from error
        except BrokenPipeError as error:
            raise after_much(TTransportBrokenPipe(), self._much) from error
        except ConnectionResetError as error:
            raise after_much(TTransportConnectionReset(), self._much) from error
        except asyncio.CancelledError:
            # Nobody is going to send the rest of this message.
            self.abort()
            raise

    async def _drain(self, writer: asyncio.StreamWriter) -> None:
        """Wait until a peer keeps up that has not taken all yet."""
        await patiently(self._patience(self.socket_timeout), writer.drain)

    def _patience_to_read(self) -> float | None:
        return self._patience(self.socket_timeout)

    def _patience(self, timeout: float | None) -> float | None:
        """The shorter one of a timeout and what is left until the deadline, in seconds."""
        if self.deadline is None:
            return timeout
        left = max(self.deadline - time.monotonic(), 0.0)
        return left if timeout is None else min(left, timeout)

    def _too_late(self, what: str) -> TAsyncTransportTimeout:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return TAsyncDeadlineExceeded(message=f"the deadline is over: {what}")
        return TAsyncTransportTimeout(message=too_late(what, self.socket_timeout))

    def abort(self) -> None:
        """Close at once, without sending what was written."""
        if self.writer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self.writer.transport.abort()

    def close(self) -> None:
        raise NotImplementedError


async def addresses_of(host: Any, port: Any, family: int, seconds: float | None) -> list[Address]:
    """The addresses of a host, those that its system prefers first; raises ``NameTimeout`` where
    that takes more than ``seconds``, None for any time.

    Not by the event loop's own threads: they are few, a name that nobody answers for would keep
    them from all else, and the end of ``asyncio.run`` waits for them.
    """
    if needs_no_lookup(host):
        return resolve(host, port, family)
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def end() -> None:
        if not done.done():
            done.set_result(None)

    def tell() -> None:
        # The loop may be closed by then.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(end)

    lookup = begin_lookup(host, port, family)
    lookup.tell(tell)
    try:
        await within(seconds, done)
    except TimeoutError as error:
        raise NameTimeout("the name was not resolved in time") from error
    return lookup.result()


class TAsyncSocket(Connecting, _Stream):
    """A client's connection."""

    _sends_requests = True
    _timeout = TAsyncTransportTimeout
    _deadline_exceeded = TAsyncDeadlineExceeded

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        unix_socket: str | None = None,
        sock: socket.socket | None = None,
        socket_family: int = EITHER_FAMILY,
        socket_timeout: float | None = 3000,
        connect_timeout: float | None = None,
        ssl_context: ssl.SSLContext | None = None,
        validate: bool = True,
        cafile: str | os.PathLike[str] | None = None,
        capath: str | os.PathLike[str] | None = None,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
        ciphers: str | None = DEFAULT_CIPHERS,
    ) -> None:
        """Give ``host`` and ``port``, or ``unix_socket`` (a path), or ``sock`` (connected).

        ``socket_family``, ``AF_INET`` or ``AF_INET6``, restricts the addresses of ``host``;
        without it all of them are tried in turn. Timeouts are in milliseconds, and a ``ValueError``
        where they are negative:
        ``socket_timeout`` for each read and write, None or 0 for none; ``connect_timeout`` for
        connecting, whatever the number of addresses, ``socket_timeout`` when it is not given.

        The connection is encrypted when ``ssl_context`` or one of the files is given. Without a
        context of the caller's, one is made: the server's certificate must be signed by one in
        ``cafile`` or ``capath``, or by one that the system trusts when neither is given, and be
        for ``host``. ``validate=False`` accepts any certificate. ``certfile`` and ``keyfile``
        are the client's own.
        """
        self.raw_sock = sock
        self.unix_socket = None if sock else unix_socket
        self.host = None if sock or unix_socket else host
        self.port = None if sock or unix_socket else port
        self.sock_factory: Any = (
            _of_unix("open_unix_connection") if self.unix_socket else asyncio.open_connection
        )
        self.socket_family = socket_family or EITHER_FAMILY
        self.socket_timeout = given_seconds(socket_timeout)
        self.connect_timeout = given_seconds(connect_timeout) or self.socket_timeout

        self.ssl_context = ssl_context
        if ssl_context is None and (cafile or capath or certfile or keyfile):
            self.ssl_context = client_context(
                ciphers, (cafile, capath), (certfile, keyfile), validate=validate
            )
        self.server_hostname = None if self.ssl_context is None else host
        # That of the streams.
        self._in_use: socket.socket | None = None
        # What connects.
        self._reaching: asyncio.Future[None] | None = None
        # The connection that was closed last.
        self._closing: asyncio.StreamWriter | None = None

    def has_arrived(self) -> bool:
        """Whether anything has come that was not read, or the end of the connection; does not
        wait. Between two calls either means that the connection is of no more use."""
        if self.take_arrived(1) is not None or self.raw_sock is None:
            return True
        # What TLS tells itself is nothing.
        return self.ssl_context is None and has_input(self.raw_sock)

    def take_arrived(self, sz: int) -> bytes | None:
        """Between 1 and ``sz`` bytes of what has arrived, or none at the end; None where nothing
        has come to the event loop, and the connection has not ended. Does not wait."""
        if self.reader is None or self.raw_sock is None:
            return b""
        if (taken := at_once(self.reader.read(sz))) is not None:
            return taken[0]
        return b"" if has_end(self.raw_sock) else None

    def was_left(self) -> bool:
        """Whether the other side has ended the connection, and all that it has sent was read, if
        only by the event loop, or with TLS has sent what nobody has asked for; does not wait."""
        if self.reader is None or self.raw_sock is None:
            return False
        if self.ssl_context is not None:
            return self.has_arrived()
        return self.reader.at_eof() or is_at_end(self.raw_sock)

    @property
    def peer(self) -> str | None:
        """The other side: where to connect to, or where a given connection leads."""
        return peer_of_client(self.raw_sock, self.host, self.port, self.unix_socket)

    def _init_sock(self) -> None:
        self.raw_sock = new_client_socket(self.unix_socket, self.socket_family)

    def set_handle(self, sock: socket.socket) -> None:
        """Use a connected socket, from the next ``open`` on."""
        self.raw_sock = sock
        self.unix_socket = self.host = self.port = None

    def set_timeout(self, ms: float | None) -> None:
        """Set both timeouts, in milliseconds; None or 0 for none."""
        # Not the socket's own, which the event loop needs at 0.
        self.socket_timeout = self.connect_timeout = seconds(ms)

    def is_open(self) -> bool:
        return bool(self.raw_sock)

    async def open(self) -> None:
        """Connect, and agree on encryption.

        Raises ``TTransportException`` of type ``NOT_OPEN``, with the system's reason, when that
        fails; it also is an ``asyncio.TimeoutError`` when the time was up.
        """
        if self.raw_sock is None or self.has_address():
            self.close()
        elif self._in_use is self.raw_sock:
            return  # made with a connected socket
        await drive(self.connect_to_any())

    def _look_up(self, patience: float | None) -> Any:
        if self.raw_sock is not None:
            # It was given, and is connected.
            return [(self.socket_family, None)]
        return addresses_of(self.host, self.port, self.socket_family, patience)

    async def _connect(self, address: Any, patience: float | None) -> socket.socket:
        if address is not None:
            self._init_sock()
        sock = self.raw_sock
        assert sock is not None
        # Before Python 3.11 nobody can tell whether this task was cancelled, too.
        cancelled = getattr(asyncio.current_task(), "cancelling", int)
        before = cancelled()
        reaching = self._reaching = asyncio.ensure_future(self._reach(sock, address))
        try:
            await within(patience, reaching)
        except asyncio.CancelledError:
            was_closed = self._reaching is not reaching
            self._drop(sock)
            if was_closed and cancelled() == before:
                raise ConnectionAbortedError from None
            raise
        except BaseException:
            self._drop(sock)
            raise
        finally:
            if self._reaching is reaching:
                self._reaching = None
        return sock

    async def _reach(self, sock: socket.socket, address: Any) -> None:
        """Connect to an address, unless that is done, and agree on encryption."""
        sock.setblocking(False)
        if address is not None:
            await asyncio.get_running_loop().sock_connect(sock, address)
        options: dict[str, Any] = {}
        if self.ssl_context is not None:
            name = name_to_check(self.ssl_context, self.server_hostname)
            options = {
                "ssl": self.ssl_context,
                # The event loop wants one, for contexts that do not check names, too.
                "server_hostname": name or "",
                # Not the event loop's 60 seconds.
                "ssl_handshake_timeout": _LONGEST_HANDSHAKE,
            }
        self.interrupted = False
        self.reader, self.writer = await self.sock_factory(
            sock=sock, limit=_STREAM_BUFFER, **options
        )
        self._in_use = sock

    def _may_try_another(self, error: OSError) -> bool:
        return not is_answer_to_tls(error)

    def _reason(self, error: BaseException) -> str:
        told = tls_reason(error)
        # The event loop has its own words for what the system says.
        if isinstance(error, OSError) and told.startswith("Connect call failed"):
            told = os.strerror(error.errno or 0)
        return told if self.ssl_context is None else told + ask_for_tls(error)

    def _drop(self, sock: socket.socket) -> None:
        if self.raw_sock is sock:
            self.raw_sock = None
            self.abort()
            self.reader = self.writer = None
        elif self._in_use is sock:
            return  # it was closed once it was made
        with contextlib.suppress(OSError):
            sock.close()

    def close(self) -> None:
        """Close, after what was written has been sent. See ``wait_closed``."""
        self._opening = None
        reaching, self._reaching = self._reaching, None
        if reaching is not None:
            # Who waits for it closes what it has: the event loop still watches that.
            with contextlib.suppress(RuntimeError):
                if reaching.cancel():
                    self.raw_sock = None
        writer, self.writer = self.writer, None
        if writer is not None:
            self._closing = writer
        sock, self.raw_sock = self.raw_sock, None
        self.reader = None
        try:
            if writer is not None and self.interrupted:
                # A farewell (TLS has one) would wait for the peer that did not answer.
                writer.transport.abort()
            elif writer is not None:
                writer.close()
            elif sock is not None:
                sock.close()
        except OSError:
            pass  # the peer has gone first
        except RuntimeError:
            # The event loop is closed, and nobody else gives the descriptor back.
            assert sock is not None
            sock.close()

    def abandon(self) -> None:
        """Give back the descriptor without a word to the peer: in a forked child, for the parent
        has the connection, too."""
        sock, self.raw_sock = self.raw_sock, None
        _left_to_parents.append(self.writer)
        self.reader = self.writer = None
        if sock is not None:
            leave_descriptor(sock.fileno())

    async def wait_closed(self) -> None:
        """Wait, after ``close``, until the connection is closed.

        The event loop does that in its next turn, but TLS ends with a farewell of both sides. The
        peer's is waited for as long as a read is.
        """
        writer, self._closing = self._closing, None
        if writer is None:
            return
        try:
            # The peer may have gone first, or not at all: it is closed all the same.
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await within(self.socket_timeout, writer.wait_closed())
        finally:
            # Does nothing to one that is closed.
            writer.transport.abort()


# What is not closed, even when it is forgotten.
_left_to_parents: list[Any] = []


def leave_descriptor(descriptor: int) -> None:
    """Give back what is open in the parent of this forked process, too. Its number stays taken, by
    nothing: the event loop of the parent, whose kernel side is that of this process, is not told
    by anybody that closes it later."""
    if descriptor >= 0:
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(nothing, descriptor, inheritable=False)
        finally:
            os.close(nothing)


def _of_unix(name: str) -> Any:
    """A function of asyncio for unix sockets, which raises ``OSError`` where there are none."""
    unix_family()
    return getattr(asyncio, name)


class TAsyncServerSocket:
    """A listening socket."""

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        unix_socket: str | None = None,
        socket_family: int = EITHER_FAMILY,
        client_timeout: float | None = 3000,
        backlog: int = 128,
        ssl_context: ssl.SSLContext | None = None,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
        ciphers: str | None = RESTRICTED_SERVER_CIPHERS,
        *,
        reuse_port: bool = False,
        descriptor: int | None = None,
        message_timeout: float | None = MESSAGE_TIMEOUT,
    ) -> None:
        """Give ``host`` and ``port``, or ``unix_socket`` (a path), or ``descriptor``, of a socket
        that listens already.

        With port 0 the system chooses one: ``raw_sock.getsockname()[1]`` after ``listen()``.
        ``client_timeout``, in milliseconds, is for each read of an accepted connection; None or
        0 for none. ``message_timeout``, in milliseconds, is from the first byte of a message to
        its last, and for the handshake of TLS; a client has as long to take its answer, and as
        much more as that takes at 16 KiB a second. Connections are encrypted
        when ``ssl_context`` or ``certfile`` is given. ``reuse_port`` lets several processes listen
        on one port.
        """
        if unix_socket:
            unix_family()
        self._listener = TServerSocket(
            host,
            port,
            unix_socket,
            socket_family=socket_family,
            backlog=backlog,
            reuse_port=reuse_port,
            descriptor=descriptor,
        )
        self.unix_socket = self._listener.unix_socket
        self.host = self._listener.host
        self.port = self._listener.port
        self.client_timeout = given_seconds(client_timeout)
        self.message_timeout = given_seconds(message_timeout)
        self.backlog = backlog

        self.ssl_context = ssl_context
        if ssl_context is None and certfile:
            context = create_thriftpy_context(server_side=True, ciphers=ciphers)
            load_own_certificate(context, certfile, keyfile)
            self.ssl_context = context

    @property
    def raw_sock(self) -> socket.socket | None:
        """The listening socket; assign one that listens to use it."""
        return self._listener.sock

    @raw_sock.setter
    def raw_sock(self, sock: socket.socket | None) -> None:
        self._listener.sock = sock

    @property
    def socket_family(self) -> int:
        """The family of the address that is listened on; assign one to ask for it."""
        return self._listener.socket_family

    @socket_family.setter
    def socket_family(self, family: int) -> None:
        self._listener.socket_family = family

    def listen(self) -> None:
        """Start listening, unless ``raw_sock`` already does.

        Raises ``OSError`` when the address is in use or cannot be had.
        """
        self._listener.listen()

    async def accept(
        self, callback: Callable[[StreamHandler], Awaitable[Any]]
    ) -> asyncio.AbstractServer:
        """Start a server that awaits ``callback`` with each connection, in a task of its own."""
        return self._accept_at([] if self.raw_sock is None else [self.raw_sock], callback)

    def _accept_at(
        self,
        sockets: list[socket.socket],
        callback: Callable[[StreamHandler], Awaitable[Any]],
        limit: int = _STREAM_BUFFER,
    ) -> Acceptor:
        return Acceptor(
            sockets,
            self._create_client_connected_cb(callback),
            limit=limit,
            ssl_context=self.ssl_context,
            handshake_timeout=self.message_timeout,
        )

    def _create_client_connected_cb(
        self, callback: Callable[[StreamHandler], Awaitable[Any]]
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def client_connected_cb(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            client = StreamHandler(reader, writer, self.message_timeout)
            client.socket_timeout = self.client_timeout
            try:
                await callback(client)
            finally:
                client.close()

        return client_connected_cb

    def close(self) -> None:
        """Stop listening; removes the file of a unix socket that ``listen`` made."""
        self._listener.close()


class StreamHandler(_Stream):
    """An accepted connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        message_timeout: float | None = None,
    ) -> None:
        """``message_timeout``, in seconds, is for a message as a whole, and for an answer, with the
        time that its size may take; None for any time."""
        self.reader: asyncio.StreamReader = reader
        self.writer: asyncio.StreamWriter = writer
        self._clock = MessageClock(message_timeout)
        self._answer_clock = AnswerClock(message_timeout)
        self._is_ending = False
        # How many bytes had been read when it began, less one where some are of this message.
        self._before = 0
        self.bytes_told = counting.told

    def begin_message(self, *, arrived: bool = False) -> None:
        """The next message is waited for; something of it may have ``arrived``."""
        self._clock.begin(arrived=arrived)
        self._before = self.bytes_received - arrived

    def begin_again(self) -> None:
        """What has come is no part of the next message, which is still waited for."""
        self.begin_message()

    @property
    def has_begun(self) -> bool:
        """Whether something has come of the message that was next."""
        return self.bytes_received > self._before

    def end_reading(self) -> None:
        """Read what has arrived, and wait for nothing more."""
        self._is_ending = True

    def end_unless_arrived(self) -> bool:
        """End the connection, unless something has arrived that was not read: whether nothing has.
        It goes on where something is still to be sent, and with TLS, which ends in its own way."""
        if getattr(self.reader, "bytes_arrived", self.bytes_received) != self.bytes_received:
            return False
        transport = self.writer.transport
        if transport.get_extra_info("ssl_object") is not None or transport.is_closing():
            return True
        return bool(_unsent(self.writer)) or end_unless_arrived(self.sock.fileno())

    async def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        try:
            return await super().read(sz)
        except TAsyncTransportTimeout:
            if not self._is_ending or self.end_unless_arrived():
                raise
        # It comes at once.
        self._is_ending = False
        try:
            return await super().read(sz)
        finally:
            self._is_ending = True

    async def _drain(self, writer: asyncio.StreamWriter) -> None:
        clock = self._answer_clock
        buffered = partial(_unsent, writer)
        clock.begin(self.sock, buffered())
        while True:
            patience = clock.patience(self.sock, buffered())
            if patience is None:
                await super()._drain(writer)
                return
            if not patience:
                raise TAsyncDeadlineExceeded(message=give_up(self.sock, buffered()))
            with contextlib.suppress(TimeoutError):
                await patiently(patience, writer.drain)
                return

    def _patience_to_read(self) -> float | None:
        return 0.0 if self._is_ending else self._clock.patience(self.socket_timeout)

    def _too_late(self, what: str) -> TAsyncTransportTimeout:
        if self._clock.is_over:
            return TAsyncDeadlineExceeded(message=str(self._clock))
        return super()._too_late(what)

    @property
    def sock(self) -> Any:
        """The socket, to ask it for addresses and options."""
        return self.writer.get_extra_info("socket")

    @property
    def peer(self) -> str | None:
        """The other side."""
        return peer_of_socket(self.sock)

    def is_open(self) -> bool:
        return not self.writer.is_closing()

    async def open(self) -> None:
        """Does nothing: it is open."""

    def close(self) -> None:
        """Close, after what was written has been sent, to a client that takes it in time."""
        with contextlib.suppress(OSError, RuntimeError):
            transport = self.writer.transport
            if not transport.is_closing() and (left := _unsent(self.writer)):
                patience = self._answer_clock.longest(left)
                if patience is not None:
                    asyncio.get_running_loop().call_later(patience, transport.abort)
            self.writer.close()
