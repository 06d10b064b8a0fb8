"""TLS contexts for the SSL sockets."""

from __future__ import annotations

import ssl
from ssl import SSLContext
from typing import Any

# thriftpy2's choices for TLS 1.2 and below: forward secrecy and AES-GCM first.
DEFAULT_CIPHERS = (
    "ECDH+AESGCM:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:ECDH+HIGH:"
    "DH+HIGH:ECDH+3DES:DH+3DES:RSA+AESGCM:RSA+AES:RSA+HIGH:RSA+3DES:!aNULL:"
    "!eNULL:!MD5"
)

RESTRICTED_SERVER_CIPHERS = DEFAULT_CIPHERS + ":!DSS:!RC4"


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
