"""Sockets with TLS."""

from __future__ import annotations

import contextlib
import errno
import os
import ssl
from collections.abc import Callable
from typing import Any

from ._addresses import EITHER_FAMILY, new_client_socket
from ._receiving import MESSAGE_TIMEOUT
from ._ssl import (
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
from .base import TTransportException
from .socket import AcceptedSocket, TServerSocket, TSocket

__all__ = [
    "DEFAULT_CIPHERS",
    "RESTRICTED_SERVER_CIPHERS",
    "TSSLException",
    "TSSLServerSocket",
    "TSSLSocket",
    "TServerSocket",
    "TSocket",
    "create_thriftpy_context",
]


class TSSLException(TTransportException, ssl.SSLError):
    """TLS failed on an open connection: a refused certificate, or bytes that are no TLS."""


class TSSLSocket(TSocket):
    """A client's connection with TLS."""

    def __init__(
        self,
        host: str,
        port: int,
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
        """The server's certificate must be valid for ``host``, unless ``validate`` is false.

        ``cafile`` (PEM) and ``capath`` (a directory in OpenSSL's layout) name the authorities to
        trust, the system's when neither is given. ``certfile`` and ``keyfile`` (PEM) are the
        client's own certificate and key; the key may be in ``certfile``. ``ssl_context`` is used
        as it is and in the place of all of these. Timeouts are in milliseconds and cover the TLS
        handshake.
        """
        super().__init__(
            host=host,
            port=port,
            socket_family=socket_family,
            socket_timeout=socket_timeout,
            connect_timeout=connect_timeout,
        )
        self.ssl_context = ssl_context or client_context(
            ciphers, (cafile, capath), (certfile, keyfile), validate=validate
        )

    def _init_sock(self) -> None:
        plain = new_client_socket(self.unix_socket, self.socket_family)
        try:
            # The handshake comes with the connection.
            name = name_to_check(self.ssl_context, self.host)
            self.sock = self.ssl_context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def _may_try_another(self, error: OSError) -> bool:
        return not is_answer_to_tls(error)

    def _reason(self, error: BaseException) -> str:
        return tls_reason(error) + ask_for_tls(error)

    def has_arrived(self) -> bool:
        """Whether anything has come that was not read, or the end of the connection; does not
        wait. What TLS tells itself, tickets of sessions for example, is taken and is nothing."""
        # Between two calls one byte is as wrong as many.
        return self.take_arrived(1) is not None

    def take_arrived(self, sz: int) -> bytes | None:
        """Between 1 and ``sz`` bytes of what has arrived, or none at the end; None where nothing
        has. Does not wait."""
        if self.sock is None:
            return b""
        if not super().has_arrived():
            return None
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            return self.sock.recv(sz)
        except ssl.SSLWantReadError:
            return None
        except OSError:
            return b""
        finally:
            self.sock.settimeout(timeout)

    def was_left(self) -> bool:
        """Whether the other side has ended the connection, or sent what nobody has asked for; does
        not wait."""
        return self.sock is not None and self.has_arrived()

    def look(self) -> Callable[[], object]:
        """What tells by something true, as long as it is open, what ``has_arrived`` tells."""
        return self.has_arrived

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes."""
        try:
            return super().read(sz)
        except ssl.SSLError as error:
            raise TSSLException(TTransportException.UNKNOWN, tls_reason(error)) from error

    def write(self, buf: bytes) -> None:
        """Send all of the bytes."""
        try:
            super().write(buf)
        except ssl.SSLError as error:
            raise TSSLException(TTransportException.UNKNOWN, tls_reason(error)) from error


class TSSLServerSocket(TServerSocket):
    """A listening socket whose connections use TLS."""

    def __init__(
        self,
        host: str,
        port: int,
        socket_family: int = EITHER_FAMILY,
        client_timeout: float | None = 3000,
        backlog: int = 128,
        ssl_context: ssl.SSLContext | None = None,
        certfile: str | os.PathLike[str] = "cert.pem",
        ciphers: str | None = RESTRICTED_SERVER_CIPHERS,
        reuse_port: bool = False,
        message_timeout: float | None = MESSAGE_TIMEOUT,
    ) -> None:
        """``certfile`` has the server's certificate and key in PEM; ``ssl_context`` is used in
        its place, to ask clients for certificates for example."""
        super().__init__(
            host=host,
            port=port,
            socket_family=socket_family,
            client_timeout=client_timeout,
            backlog=backlog,
            reuse_port=reuse_port,
            message_timeout=message_timeout,
        )
        if ssl_context is None:
            ssl_context = create_thriftpy_context(server_side=True, ciphers=ciphers)
            load_own_certificate(ssl_context, certfile, takes_keyfile=False)
        self.ssl_context = ssl_context

    def accept(self) -> TSocket:
        """Wait for the next connection.

        The TLS handshake comes with the first read, in the thread that serves the connection: a
        client that is slow at it, or speaks no TLS, is nobody else's concern.
        """
        plain = self._accept()
        try:
            # Asked here, because a socket that `wrap_socket` refuses stays open for a while.
            plain.getpeername()
            plain.settimeout(self.client_timeout or None)
            sock: Any = self.ssl_context.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            # The client has left already.
            with contextlib.suppress(OSError):
                plain.close()
            raise ConnectionAbortedError(errno.ECONNABORTED, str(error)) from error
        if sock._sslobj is None:
            # It left just now, and this socket would speak plain text.
            sock.close()
            raise ConnectionAbortedError(errno.ECONNABORTED, "the client left before TLS began")
        return AcceptedSocket(sock, self.message_timeout)
