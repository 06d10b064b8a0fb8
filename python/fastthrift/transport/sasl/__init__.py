"""SASL, the client's side, as HiveServer2 and Impala expect it.

The SASL mechanism itself is a foreign object with the interface of the ``sasl`` package's
``Client``: ``start``, ``step``, ``encode``, ``decode`` and ``getError``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift._lazy import lazy_attribute
from fastthrift._steps import run
from fastthrift.transport._sasl import SaslClient, empty_frame
from fastthrift.transport.base import TTransportBase, TTransportException, readall

__all__ = [
    "TCySaslClientTransport",
    "TCySaslClientTransportFactory",
    "TSaslClientTransport",
    "TSaslClientTransportFactory",
    "TTransportBase",
    "TTransportException",
    "readall",
]

# In bytes.
DEFAULT_MAX_FRAME_SIZE = DEFAULT_MAX_SIZE


class TSaslClientTransport(SaslClient, TTransportBase):
    """Authenticates on ``open``, then sends and receives frames: a length (i32) and the bytes,
    which the mechanism encodes when integrity or confidentiality was negotiated."""

    _readall = staticmethod(readall)

    def __init__(
        self,
        sasl_client_factory: Callable[[], Any],
        mechanism: str,
        trans: Any,
        *,
        max_frame_size: int = DEFAULT_MAX_FRAME_SIZE,
    ) -> None:
        """``sasl_client_factory`` makes the SASL client of each connection; ``trans`` is the
        transport below. Frames of more than ``max_frame_size`` bytes are refused."""
        super().__init__(sasl_client_factory, mechanism, trans, max_frame_size)
        self.__wbuf = io.BytesIO()
        self.__rbuf = io.BytesIO()

    @property
    def trans(self) -> Any:
        """The transport below."""
        return self._trans

    @property
    def sock(self) -> Any:
        """The socket below, or None."""
        return getattr(self._trans, "sock", None)

    def is_open(self) -> bool:
        return bool(self._trans.is_open())

    def open(self) -> None:
        """Open the transport below and authenticate.

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the server refuses, and closes
        then; of type ``ALREADY_OPEN`` when that was done before.
        """
        run(self.authenticate())

    def write(self, buf: bytes) -> None:
        """Keep bytes until ``flush``."""
        self.__wbuf.write(buf)

    def flush(self) -> None:
        """Send what was written as one frame."""
        data = self.__wbuf.getvalue()
        # Taken before it is sent, so that a failure does not send it twice.
        self.__wbuf = io.BytesIO()
        if not data:
            return
        self._trans.write(self.framed(data))
        self._trans.flush()

    def c_flush(self) -> None:
        """``flush``, under the name of thriftpy2's Cython class."""
        self.flush()

    def read(self, sz: int) -> bytes:
        """Read exactly ``sz`` bytes, from as many frames as it takes."""
        data = self.__rbuf.read(sz)
        if len(data) == sz:
            return data
        parts = [data]
        missing = sz - len(data)
        while missing:
            self._read_frame()
            data = self.__rbuf.read(missing)
            if not data:
                raise empty_frame()
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def _read_frame(self) -> None:
        self.__rbuf = io.BytesIO(run(self.next_frame()))

    def close(self) -> None:
        """Close the transport below; ``open`` authenticates anew."""
        self._trans.close()
        self.forget_client()
        self.clean()

    def clean(self) -> None:
        """Forget what was read ahead and what was not flushed."""
        self.__rbuf = io.BytesIO()
        self.__wbuf = io.BytesIO()

    def discard_output(self) -> None:
        """Forget what was not flushed."""
        self.__wbuf = io.BytesIO()

    # What Apache's C accelerator asks of transports.

    @property
    def cstringio_buf(self) -> io.BytesIO:
        """The frame that is being read."""
        return self.__rbuf

    def cstringio_refill(self, prefix: bytes, reqlen: int) -> io.BytesIO:
        """Put ``prefix`` and so many frames that there are ``reqlen`` bytes into the buffer."""
        while len(prefix) < reqlen:
            self._read_frame()
            prefix += self.__rbuf.getvalue()
        self.__rbuf = io.BytesIO(prefix)
        return self.__rbuf


class TSaslClientTransportFactory:
    """Makes SASL transports with the same kind of SASL client."""

    def __init__(
        self,
        sasl_client_factory: Callable[[], Any],
        mechanism: str,
        *,
        max_frame_size: int = DEFAULT_MAX_FRAME_SIZE,
    ) -> None:
        """The arguments are those of ``TSaslClientTransport``."""
        self.sasl_client_factory = sasl_client_factory
        self.mechanism = mechanism
        self.max_frame_size = max_frame_size

    def get_transport(self, trans: Any) -> TSaslClientTransport:
        return TSaslClientTransport(
            self.sasl_client_factory, self.mechanism, trans, max_frame_size=self.max_frame_size
        )


# thriftpy2 has a second implementation, in Cython.
TCySaslClientTransport = TSaslClientTransport
TCySaslClientTransportFactory = TSaslClientTransportFactory


def __getattr__(name: str) -> Any:
    # It has the names of this module, and is imported when it is first asked for.
    return lazy_attribute(__name__, {"cysasl": ""}, name)
