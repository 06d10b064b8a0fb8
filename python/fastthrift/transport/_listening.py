"""Sockets that listen: of a host and a port, of a path, and those that somebody else has opened."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
from collections.abc import MutableMapping
from typing import Any, NamedTuple

from ._addresses import (
    Address,
    EitherFamily,
    host_and_port,
    reason,
    resolve,
    split_url,
    unix_family,
)

# A server's address that belongs to another machine, or to a family that this one lacks.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

# The first descriptor that systemd hands over: sd_listen_fds(3).
_FIRST_DESCRIPTOR = 3
# Of a C int.
_LARGEST_DESCRIPTOR = 0x7FFF_FFFF

_FORMS = "HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH, fd:NUMBER or systemd"


class Bind(NamedTuple):
    """Where a server is to listen: a host and a port, a path, or a descriptor that is open."""

    host: str | None = None
    port: int | None = None
    unix_socket: str | None = None
    descriptor: int | None = None

    def __str__(self) -> str:
        if self.descriptor is not None:
            return f"fd:{self.descriptor}"
        if self.unix_socket is not None:
            return f"unix:{self.unix_socket}"
        return host_and_port(self.host, self.port)


def parse_bind(text: str, *, default_host: str = "") -> Bind:
    """Where a text says to listen: ``HOST:PORT``, ``[IPV6]:PORT``, ``:PORT`` (of all addresses),
    ``PORT`` (of ``default_host``), ``unix:PATH``, ``fd:NUMBER``, and ``systemd``, which is the
    socket of its unit.

    Raises ``ValueError`` for anything else.
    """
    if text.isdecimal():
        text = f"{default_host}:{text}"
    scheme, _, rest = text.partition(":")
    if scheme == "unix" and rest:
        return Bind(unix_socket=rest.removeprefix("//"))
    if scheme == "fd":
        if not rest.isdecimal() or int(rest) > _LARGEST_DESCRIPTOR:
            raise ValueError(f"{text!r}: a descriptor is a number, as in fd:3")
        return Bind(descriptor=int(rest))
    if text == "systemd":
        return Bind(descriptor=_descriptor_of_systemd())
    bare = text.removeprefix("tcp://").removeprefix("thrift://")
    if bare.isdecimal():
        bare = f":{bare}"
    host, _, port = bare.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is no address to listen on: it must be {_FORMS}")
    if not host:
        return Bind(host="", port=int(port))
    if host == "*":
        raise ValueError(f"{text!r} is no address to listen on: of all addresses it is :{port}")
    if int(port) == 0:
        return Bind(host=host.strip("[]"), port=0)
    try:
        parts = split_url(bare)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address to listen on: it must be {_FORMS}") from error
    if parts.port is None:
        # An IPv6 address without brackets: which of its colons comes before the port is not said.
        raise ValueError(f"{text!r} is no address to listen on: it must be {_FORMS}")
    return Bind(host=(parts.hostname or "").replace("%25", "%"), port=parts.port)


def systemd_descriptors(environment: MutableMapping[str, str] = os.environ) -> list[int]:
    """The listening sockets that systemd, or whoever speaks its protocol, has opened for this
    process: ``LISTEN_PID`` and ``LISTEN_FDS``, which are for nobody else and are taken away."""
    process = environment.get("LISTEN_PID", "")
    count = environment.get("LISTEN_FDS", "")
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environment.pop(name, None)
    return [*range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count))]


def _descriptor_of_systemd() -> int:
    descriptors = systemd_descriptors()
    if len(descriptors) != 1:
        raise ValueError(
            f"systemd has opened {len(descriptors) or 'no'} sockets for this process, one is "
            "needed: start it by its .socket unit, or give one as fd:NUMBER"
        )
    return descriptors[0]


class Listening:
    """A socket that listens, and what is to be done when it is closed.

    One that other processes have as well, for it was opened by somebody else or before a fork,
    is not shut down with this process, and never blocks: others may take what it announces.
    """

    def __init__(self, sock: socket.socket, *, shared: bool = False) -> None:
        self.sock = sock
        self.made_file: SocketFile | None = None
        self._shared = shared
        self._process = os.getpid()
        # What wakes who waits for a connection of a shared one.
        self._wake: _ListenerWake | None = None
        if shared:
            self.share()

    @property
    def is_shared(self) -> bool:
        return self._shared or self._process != os.getpid()

    def share(self) -> None:
        """Other processes have it as well, or will after a fork."""
        self.sock.setblocking(False)
        self._wake = _ListenerWake()
        self._process = os.getpid()
        self._shared = True

    def accept(self) -> tuple[socket.socket, Any]:
        """Wait for the next connection; ``OSError`` once it is closed."""
        if not self.is_shared:
            return self.sock.accept()
        if self._wake is None or self._process != os.getpid():
            self.share()
        while True:
            self._wait()
            try:
                client, address = self.sock.accept()
            except BlockingIOError:
                # Another process was faster.
                continue
            # Some systems hand down that it does not block.
            client.setblocking(True)
            return client, address

    def accept_waiting(self) -> list[tuple[socket.socket, Any]]:
        """Accept the connections that the system has taken already, before this is closed: nobody
        else would, and they would be reset. May be called by a signal handler."""
        taken: list[tuple[socket.socket, Any]] = []
        if type(self.sock) is not socket.socket:
            return taken  # it may wait for a handshake
        # None is left, the process has no descriptors, or the socket is closed.
        with contextlib.suppress(OSError):
            self.sock.setblocking(False)
            while True:
                client, address = self.sock.accept()
                client.setblocking(True)
                taken.append((client, address))
        return taken

    def _wait(self) -> None:
        assert self._wake is not None
        waiting = [self.sock.fileno(), self._wake.waiting.fileno()]
        if min(waiting) < 0:
            raise OSError(errno.EBADF, "the server socket was closed")
        if hasattr(select, "poll"):
            poll = select.poll()
            for descriptor in waiting:
                poll.register(descriptor, select.POLLIN)
            ready = [descriptor for descriptor, _ in poll.poll()]
        else:
            ready = select.select(waiting, [], [])[0]
        if waiting[1] in ready:
            raise OSError(errno.EBADF, "the server socket was closed")

    def close(self) -> None:
        """Listen no longer, in this process; who waits in ``accept`` is told. May be called by a
        signal handler."""
        if self.is_shared:
            if self._wake is not None:
                self._wake.give()
        else:
            # Wakes who waits for it in another thread.
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.sock.close()
        if self.made_file is not None:
            self.made_file.remove()


class _ListenerWake:
    """Wakes a thread that waits for a socket of this: the other one has come to its end."""

    # None where they could not be made.
    _ends: tuple[socket.socket, ...] = ()

    def __init__(self) -> None:
        self._ends = self.waiting, self._giving = socket.socketpair()

    def give(self) -> None:
        """Wake it, and all that wait later."""
        self._giving.close()

    def __del__(self) -> None:
        for end in self._ends:
            end.close()


class SocketFile(NamedTuple):
    """The file of a unix socket that this process has made."""

    path: str
    process: int
    device: int
    inode: int

    @classmethod
    def of(cls, path: str) -> SocketFile:
        info = os.stat(path)
        return cls(path, os.getpid(), info.st_dev, info.st_ino)

    def remove(self) -> None:
        """Remove it, unless it is another one by now, or a forked child asks."""
        with contextlib.suppress(FileNotFoundError):
            info = os.lstat(self.path)
            if self[1:] == (os.getpid(), info.st_dev, info.st_ino):
                os.unlink(self.path)


def listen_on_path(path: str, backlog: int) -> Listening:
    """Listen on a unix socket. The file of a server that is gone is replaced; raises ``OSError``
    where somebody listens, or has another kind of file."""
    _claim_path(path)
    sock = socket.socket(unix_family(), socket.SOCK_STREAM)
    try:
        sock.bind(path)
        made = None if _is_abstract(path) else SocketFile.of(path)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    listening = Listening(sock)
    listening.made_file = made
    return listening


def listen_on_address(
    family: int, address: Any, backlog: int, *, reuse_port: bool = False, only_ipv6: bool = False
) -> Listening:
    """Listen on one address; ``reuse_port`` shares it with others that do so. ``only_ipv6`` leaves
    IPv4 to another socket."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Elsewhere it would let others take a port that is in use.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if only_ipv6 and family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse_port:
            _share_port(sock)
        sock.bind(address)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return Listening(sock)


def listen_on_host(
    host: str | None, port: int | None, family: int, backlog: int, *, reuse_port: bool = False
) -> Listening:
    """Listen on the first address of a host that this machine has, IPv4 before IPv6."""
    found = resolve(host, port, family, flags=socket.AI_PASSIVE)
    # thriftpy2's clients know only IPv4 unless they are told otherwise.
    addresses = sorted(found, key=lambda address: address[0] != socket.AF_INET)
    for position, (one_family, address) in enumerate(addresses, 1):
        try:
            return listen_on_address(one_family, address, backlog, reuse_port=reuse_port)
        except OSError as error:
            if position == len(addresses) or error.errno not in _NOT_HERE:
                raise
    raise OSError(errno.EADDRNOTAVAIL, f"{host!r} has no address")


def listen_everywhere(
    host: str | None, port: int | None, family: int, backlog: int
) -> list[Listening]:
    """Listen on each address of a host that this machine has."""
    listening: list[Listening] = []
    failure: OSError | None = None
    addresses: list[Address] = [
        *dict.fromkeys(resolve(host, port, family, flags=socket.AI_PASSIVE))
    ]
    try:
        for one_family, address in addresses:
            try:
                listening.append(listen_on_address(one_family, address, backlog, only_ipv6=True))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                failure = error
        if failure is not None and not listening:
            raise failure
    except BaseException:
        for each in listening:
            each.close()
        raise
    return listening


def inherit(descriptor: int) -> Listening:
    """Use a socket that listens, which somebody else has opened; raises ``OSError`` where it is
    none."""
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise type(error)(error.errno, f"it is no socket: {reason(error)}") from error
    try:
        if sock.type != socket.SOCK_STREAM:
            raise OSError(errno.EINVAL, "it is no stream socket")
        if not _listens(sock):
            raise OSError(errno.EINVAL, "it does not listen")
        # Programs that this one starts have no use for it.
        sock.set_inheritable(False)
    except BaseException:
        # It is the caller's.
        sock.detach()
        raise
    return Listening(sock, shared=True)


def _listens(sock: socket.socket) -> bool:
    option = getattr(socket, "SO_ACCEPTCONN", None)
    try:
        return option is None or bool(sock.getsockopt(socket.SOL_SOCKET, option))
    except OSError:
        # macOS has the option, and refuses to tell.
        return True


def cannot_listen(address: Any, error: OSError) -> OSError:
    """The error for an address that cannot be listened on, in one line."""
    text = f"Cannot listen on {address}: {reason(error)}"
    if error.errno == errno.EADDRINUSE and isinstance(address, tuple):
        text += "; another program listens there: stop it, or choose another port"
    return type(error)(error.errno, text)


def family_in_use(asked: int, sock: socket.socket) -> int:
    """The family of a listening socket, as who asked for ``asked`` has it."""
    return EitherFamily(sock.family) if isinstance(asked, EitherFamily) else asked


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
