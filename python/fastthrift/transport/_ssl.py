"""TLS contexts for the SSL sockets."""

from __future__ import annotations

import os
import ssl
import sys
from ssl import SSLContext
from typing import Any

from ._addresses import reason

# thriftpy2's choices for TLS 1.2 and below: forward secrecy and AES-GCM first.
DEFAULT_CIPHERS = (
    "ECDH+AESGCM:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:ECDH+HIGH:"
    "DH+HIGH:ECDH+3DES:DH+3DES:RSA+AESGCM:RSA+AES:RSA+HIGH:RSA+3DES:!aNULL:"
    "!eNULL:!MD5"
)

RESTRICTED_SERVER_CIPHERS = DEFAULT_CIPHERS + ":!DSS:!RC4"

# The reasons of OpenSSL for answers that are no handshake.
_NO_HANDSHAKE = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNEXPECTED_EOF_WHILE_READING",
)


class _ClientContext(SSLContext):
    """A client's context. Turning the verification off includes the host's name, which
    ``SSLContext`` insists on being turned off first."""

    @property  # type: ignore[override]
    def verify_mode(self) -> ssl.VerifyMode:
        return super().verify_mode

    @verify_mode.setter
    def verify_mode(self, value: Any) -> None:
        if value == ssl.CERT_NONE:
            self.check_hostname = False
        SSLContext.verify_mode.__set__(self, value)  # type: ignore[attr-defined]


def create_thriftpy_context(server_side: bool = False, ciphers: str | None = None) -> SSLContext:
    """A TLS context with Python's present defaults, and TLS 1.2 at least.

    A client's context verifies the server's certificate and its host name; give it the
    authorities with ``load_verify_locations``. Setting ``verify_mode`` to ``ssl.CERT_NONE`` turns
    both off. ``ciphers`` is a list in OpenSSL's format, for TLS 1.2 and below.
    """
    if server_side:
        context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    else:
        context = _ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    # Some distributions build Python without a minimum of its own.
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    if ciphers:
        context.set_ciphers(ciphers)
    return context


Path = str | os.PathLike[str]


def _error(text: str) -> ssl.SSLError:
    # With the text alone `str()` of it would be that of a tuple.
    return ssl.SSLError(ssl.SSL_ERROR_SSL, text)


def load_own_certificate(
    context: SSLContext,
    certfile: Path | None,
    keyfile: Path | None = None,
    takes_keyfile: bool = True,
) -> None:
    """Load one's own certificate and its key, which may be in one file and must be where the
    caller's user cannot give a ``keyfile``.

    Raises ``OSError`` for a file that cannot be read, ``ssl.SSLError`` for one that lacks what is
    needed; both name the file. The password of an encrypted key is asked for on a terminal.
    """
    holder = keyfile or certfile
    assert holder is not None
    certfile = certfile or holder
    texts = {path: _contents(path, name) for path, name in _files(certfile, keyfile)}
    if b"-----BEGIN CERTIFICATE" not in texts[certfile]:
        raise _error(f"no certificate in PEM in certfile {os.fspath(certfile)}")
    name = "keyfile" if keyfile else "certfile"
    if b"PRIVATE KEY-----" not in texts[holder]:
        ways = ["give the key's file as keyfile"] if takes_keyfile else []
        if not keyfile:
            ways.append("append the key to certfile")
        raise _error(f"no private key in PEM in {name} {os.fspath(holder)}: {', or '.join(ways)}")
    encrypted = b"ENCRYPTED" in texts[holder]
    if encrypted and not (sys.stdin and sys.stdin.isatty()):
        raise _error(
            f"the private key in {name} {os.fspath(holder)} is encrypted: give an ssl_context "
            "that has loaded it with its password"
        )
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:
        # After a wrong password OpenSSL leaves some error of the system, and Python raises that.
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            text = f"is not that of the certificate in {os.fspath(certfile)}"
        else:
            text = "cannot be read" + (": is the password right?" if encrypted else "")
        raise _error(f"the private key in {os.fspath(holder)} {text} ({error})") from error


def load_authorities(context: SSLContext, cafile: Path | None, capath: Path | None) -> None:
    """Load the authorities to trust.

    Raises ``OSError`` for a ``cafile`` that cannot be read, ``ssl.SSLError`` for one without
    certificates; both name the file.
    """
    if cafile:
        _contents(cafile, "cafile")
    try:
        context.load_verify_locations(cafile=cafile, capath=capath)
    except ssl.SSLError as error:
        raise _error(f"no certificate in PEM in cafile {cafile} ({error})") from error


def _files(certfile: Path, keyfile: Path | None) -> list[tuple[Path, str]]:
    return [(certfile, "certfile"), *([(keyfile, "keyfile")] if keyfile else [])]


def _contents(path: Path, name: str) -> bytes:
    # Python's own errors tell no file.
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        text = f"No such {name} found: {os.fspath(path)}"
        raise FileNotFoundError(error.errno, text) from None
    except OSError as error:
        text = f"{name} {os.fspath(path)} cannot be read: {error.strerror}"
        raise type(error)(error.errno, text) from None


def client_context(
    ciphers: str | None,
    authorities: tuple[Path | None, Path | None],
    own: tuple[Path | None, Path | None],
    *,
    validate: bool,
) -> SSLContext:
    """A client's context. ``authorities`` are a file and a directory, the system's where there is
    neither; ``own`` are the file of its certificate and that of the key, if any. Without
    ``validate`` any certificate will do."""
    context = create_thriftpy_context(server_side=False, ciphers=ciphers)
    if any(authorities):
        load_authorities(context, *authorities)
    elif validate:
        context.load_default_certs()
    if any(own):
        load_own_certificate(context, *own)
    if not validate:
        context.verify_mode = ssl.CERT_NONE
    return context


def name_to_check(context: SSLContext, host: Any) -> Any:
    """The name that a server's certificate has to be for; None where none was given.

    Raises ``ValueError`` where the context wants a name to be checked: the event loop would leave
    that out without a word.
    """
    if context.check_hostname and not host:
        raise ValueError(
            "no host that the server's certificate could be checked for: give one, or a context "
            "whose check_hostname is off"
        )
    return host or None


def tls_reason(error: BaseException) -> str:
    """What TLS, or else the system, says of an error."""
    if not isinstance(error, ssl.SSLError):
        return reason(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    return error.reason or reason(error)


def is_answer_to_tls(error: BaseException) -> bool:
    """Whether a client's handshake has failed by what was answered: who was reached then is not
    passed over for another address, which may be somebody else's. Who hangs up has not answered;
    whether that is an end or a reset is chance."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)


def ask_for_tls(error: BaseException | None) -> str:
    """What is added to the text of a client's handshake that has failed, if anything: who speaks
    no TLS hangs up, or answers something else."""
    if isinstance(error, ssl.SSLError):
        asks = isinstance(error, ssl.SSLEOFError) or error.reason in _NO_HANDSHAKE
    else:
        asks = isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError))
    return "; does the server speak TLS?" if asks else ""
