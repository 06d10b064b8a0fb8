"""A client's connection that is opened by a SASL negotiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastthrift._steps import drive
from fastthrift.transport import TTransportException
from fastthrift.transport._sasl import SaslClient, empty_frame

from .base import SIZE_LIMIT, TAsyncLayer, TAsyncTransportBase, readall

__all__ = [
    "TAsyncSaslClientTransport",
    "TAsyncSaslClientTransportFactory",
    "TAsyncTransportBase",
    "TTransportException",
    "readall",
]


class TAsyncSaslClientTransport(SaslClient, TAsyncLayer):
    """Negotiates in ``open``, then exchanges messages in frames, which the mechanism may
    protect."""

    _direct = True
    _readall = staticmethod(readall)

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
        TAsyncLayer.__init__(self, trans)
        SaslClient.__init__(self, sasl_client_factory, mechanism, trans, max_frame_size)

    async def open(self) -> None:  # type: ignore[override]
        """Connect if need be, and negotiate.

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the two sides do not agree, and
        closes then; ``ALREADY_OPEN`` when they have.
        """
        await drive(self.authenticate())

    async def flush(self) -> None:  # type: ignore[override]
        self._trans.write(self.framed(self.take_written()))
        await self._trans.flush()

    async def read(self, sz: int) -> bytes:  # type: ignore[override]
        """Read exactly ``sz`` bytes, of as many frames as it takes."""
        return await readall(self._read, sz)

    async def _read_frame(self) -> None:
        data = await drive(self.next_frame())
        if not data:
            raise empty_frame()
        self.arrived += data

    async def fill(self, missing: int) -> bool:
        await self._read_frame()
        return True

    def close(self) -> None:
        super().close()
        self.forget_client()
        self.clean()


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
