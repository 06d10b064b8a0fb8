"""A client's connection that is opened by a SASL negotiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastthrift._core import frame_header, frame_length
from fastthrift.transport import TTransportException

from .base import SIZE_LIMIT, TAsyncReadAhead, TAsyncTransportBase, readall

__all__ = [
    "TAsyncSaslClientTransport",
    "TAsyncSaslClientTransportFactory",
    "TAsyncTransportBase",
    "TTransportException",
    "readall",
]


class TAsyncSaslClientTransport(TAsyncReadAhead):
    """Negotiates in ``open``, then exchanges messages in frames, which the mechanism may
    protect."""

    START = 1
    OK = 2
    BAD = 3
    ERROR = 4
    COMPLETE = 5

    _direct = True

    def __init__(
        self,
        sasl_client_factory: Callable[[], Any],
        mechanism: str,
        trans: Any,
        *,
        max_frame_size: int = SIZE_LIMIT,
    ) -> None:
        """``sasl_client_factory`` makes a ``sasl.Client`` or an object with its methods
        ``start``, ``step``, ``encode``, ``decode`` and ``getError``; ``mechanism`` is for
        example ``"GSSAPI"``; ``trans`` the transport to the server. Frames of more than
        ``max_frame_size`` bytes are refused, sent and received."""
        super().__init__()
        self._trans = trans
        self.sasl_client_factory = sasl_client_factory
        self.sasl: Any = None
        self.mechanism = mechanism
        self.max_frame_size = max_frame_size
        # Whether messages are encoded; None until the first one shows it.
        self.encode: bool | None = None
        #: Whether the last flush was refused because of the limit, so that nothing was sent.
        self.refused = False

    def is_open(self) -> bool:
        return bool(self._trans.is_open())

    async def open(self) -> None:  # type: ignore[override]
        """Connect if need be, and negotiate.

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the two sides do not agree,
        ``ALREADY_OPEN`` when they have.
        """
        if not self.is_open():
            await self._trans.open()
        if self.sasl is not None:
            raise TTransportException(TTransportException.ALREADY_OPEN, "Already open!")
        self.sasl = self.sasl_client_factory()

        started, mechanism, response = self.sasl.start(self.mechanism)
        if not started:
            raise TTransportException(
                TTransportException.NOT_OPEN, f"Could not start SASL: {self.sasl.getError()}"
            )
        await self._send_message(self.START, mechanism)
        await self._send_message(self.OK, response)
        while True:
            status, payload = await self._recv_sasl_message()
            if status == self.COMPLETE:
                return
            if status != self.OK:
                raise TTransportException(
                    TTransportException.NOT_OPEN, f"Bad status: {status} ({payload!r})"
                )
            agreed, response = self.sasl.step(payload)
            if not agreed:
                raise TTransportException(
                    TTransportException.NOT_OPEN, f"Bad SASL result: {self.sasl.getError()}"
                )
            await self._send_message(self.OK, response)

    async def _send_message(self, status: int, body: bytes | str | None) -> None:
        # SASL libraries differ in what they give for a name and for nothing.
        data = body.encode() if isinstance(body, str) else body or b""
        self._trans.write(bytes((status,)) + frame_header(len(data), sasl=True) + data)
        await self._trans.flush()

    async def _recv_sasl_message(self) -> tuple[int, bytes]:
        status, *header = await readall(self._trans.read, 5)
        return status, await self._read_sized(bytes(header))

    async def _read_sized(self, header: bytes) -> bytes:
        size = frame_length(header, self.max_frame_size, sasl=True)
        return await readall(self._trans.read, size) if size else b""

    async def flush(self) -> None:  # type: ignore[override]
        message = self.take_written()
        self.refused = len(message) > self.max_frame_size
        # Refused before the mechanism counts it.
        frame_header(len(message), self.max_frame_size, sasl=True)
        if self.encode is None:
            encoded = self._encoded(message)
            # Without a protection layer encoding adds nothing, and is not asked for again.
            self.encode = len(encoded) != len(message)
            if self.encode:
                self._trans.write(encoded)
            else:
                self._flush_plain(message)
        elif self.encode:
            self._flush_encoded(message)
        else:
            self._flush_plain(message)
        await self._trans.flush()

    def _encoded(self, message: bytes) -> bytes:
        succeeded, encoded = self.sasl.encode(message)
        if not succeeded:
            raise TTransportException(message=self.sasl.getError())
        result: bytes = encoded
        return result

    def _flush_encoded(self, buffer: bytes) -> None:
        # Has its length before it already.
        self._trans.write(self._encoded(buffer))

    def _flush_plain(self, buffer: bytes) -> None:
        self._trans.write(frame_header(len(buffer), sasl=True) + buffer)

    async def read(self, sz: int) -> bytes:  # type: ignore[override]
        """Read exactly ``sz`` bytes, of as many frames as it takes."""
        return await readall(self._read, sz)

    async def _read_frame(self) -> None:
        header = await readall(self._trans.read, 4)
        data = await self._read_sized(header)
        if self.encode:
            succeeded, data = self.sasl.decode(header + data)
            if not succeeded:
                raise TTransportException(message=self.sasl.getError())
        if not data:
            raise TTransportException(
                TTransportException.END_OF_FILE,
                "Received empty SASL frame while more data expected",
            )
        self.arrived += data

    async def fill(self, missing: int) -> bool:
        await self._read_frame()
        return True

    def close(self) -> None:
        self._trans.close()
        self.sasl = None
        self.encode = None
        self.arrived = bytearray()
        self._unsent = bytearray()


class TAsyncSaslClientTransportFactory:
    """Makes SASL transports."""

    def __init__(
        self,
        sasl_client_factory: Callable[[], Any],
        mechanism: str,
        *,
        max_frame_size: int = SIZE_LIMIT,
    ) -> None:
        """The arguments are those of ``TAsyncSaslClientTransport``."""
        self.sasl_client_factory = sasl_client_factory
        self.mechanism = mechanism
        self.max_frame_size = max_frame_size

    def get_transport(self, trans: Any) -> TAsyncSaslClientTransport:
        """A SASL transport over ``trans``."""
        return TAsyncSaslClientTransport(
            self.sasl_client_factory, self.mechanism, trans, max_frame_size=self.max_frame_size
        )
