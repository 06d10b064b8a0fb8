"""SASL, the client's side, as HiveServer2 and Impala expect it.

The SASL mechanism itself is a foreign object with the interface of the ``sasl`` package's
``Client``: ``start``, ``step``, ``encode``, ``decode`` and ``getError``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from fastthrift._compat import CYTHON as CYTHON
from fastthrift._core import DEFAULT_MAX_SIZE, frame_header, frame_length
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
# What is asked of a transport at once, so that a promised size reserves no memory.
_LARGEST_READ = 1024 * 1024


class TSaslClientTransport(TTransportBase):
    """Authenticates on ``open``, then sends and receives frames: a length (i32) and the bytes,
    which the mechanism encodes when integrity or confidentiality was negotiated."""

    # What a message of the negotiation is.
    START = 1
    OK = 2
    BAD = 3
    ERROR = 4
    COMPLETE = 5

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
        self._trans = trans
        self.sasl_client_factory = sasl_client_factory
        self.sasl: Any = None
        self.mechanism = mechanism
        self.max_frame_size = max_frame_size
        # Whether the mechanism encodes frames; None until the first one was sent.
        self.encode: bool | None = None
        self.__wbuf = io.BytesIO()
        self.__rbuf = io.BytesIO()
        # Whether the last flush was refused because of the limit, so that nothing was sent.
        self.refused = False

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

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the server refuses, of type
        ``ALREADY_OPEN`` when that was done before.
        """
        if not self.is_open():
            self._trans.open()
        if self.sasl is not None:
            raise TTransportException(TTransportException.ALREADY_OPEN, "Already open!")
        self.sasl = self.sasl_client_factory()
        try:
            self._negotiate()
        except BaseException:
            self.close()
            raise

    def _negotiate(self) -> None:
        started, mechanism, response = self.sasl.start(self.mechanism)
        if not started:
            self._refuse(f"Could not start SASL: {self.sasl.getError()}")
        self._send_message(self.START, mechanism)
        self._send_message(self.OK, response)
        while True:
            status, payload = self._recv_sasl_message()
            if status not in (self.OK, self.COMPLETE):
                self._refuse(f"Bad status: {status} ({payload!r:.1000})")
            if status == self.COMPLETE:
                return
            stepped, response = self.sasl.step(payload)
            if not stepped:
                self._refuse(f"Bad SASL result: {self.sasl.getError()}")
            self._send_message(self.OK, response)

    @staticmethod
    def _refuse(message: str) -> None:
        raise TTransportException(TTransportException.NOT_OPEN, message)

    def _send_message(self, status: int, body: str | bytes | None) -> None:
        # SASL libraries differ in what they give.
        body = body.encode() if isinstance(body, str) else body or b""
        self._trans.write(bytes((status,)) + frame_header(len(body), sasl=True) + body)
        self._trans.flush()

    def _recv_sasl_message(self) -> tuple[int, bytes]:
        status, *header = readall(self._trans.read, 5)
        return status, self._read_sized(bytes(header))

    def _read_sized(self, header: bytes) -> bytes:
        length = frame_length(header, self.max_frame_size, sasl=True)
        data = bytearray()
        while len(data) < length:
            data += readall(self._trans.read, min(length - len(data), _LARGEST_READ))
        return bytes(data)

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
        self.refused = len(data) > self.max_frame_size
        # Refused before the mechanism counts it.
        header = frame_header(len(data), self.max_frame_size, sasl=True)
        if self.sasl is None:
            raise TTransportException(TTransportException.NOT_OPEN, "The transport is not open")
        encoded = data if self.encode is False else self._call_sasl("encode", data)
        if self.encode is None:
            # A mechanism that only authenticates leaves the bytes as they are.
            self.encode = len(encoded) != len(data)
        self._trans.write(encoded if self.encode else header + data)
        self._trans.flush()

    def c_flush(self) -> None:
        """``flush``, under the name of thriftpy2's Cython class."""
        self.flush()

    def _call_sasl(self, method: str, data: bytes) -> bytes:
        if self.sasl is None:
            raise TTransportException(TTransportException.NOT_OPEN, "The transport is not open")
        done, result = getattr(self.sasl, method)(data)
        if not done:
            raise TTransportException(TTransportException.UNKNOWN, self.sasl.getError())
        return bytes(result)

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
                # A peer that sends nothing but empty frames would keep this going for ever.
                raise TTransportException(
                    TTransportException.END_OF_FILE,
                    "Received empty SASL frame while more data expected",
                )
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def _read_frame(self) -> None:
        header = readall(self._trans.read, 4)
        frame = self._read_sized(header)
        if self.encode:
            # What the mechanism has encoded starts with the length.
            frame = self._call_sasl("decode", header + frame)
        self.__rbuf = io.BytesIO(frame)

    def close(self) -> None:
        """Close the transport below; ``open`` authenticates anew."""
        self._trans.close()
        self.sasl = None
        self.encode = None
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
