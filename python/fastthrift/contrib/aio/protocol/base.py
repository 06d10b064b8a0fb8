"""What an asyncio protocol is, and how the two of them read.

Methods that read are coroutines, methods that write are not: they put bytes into the transport,
and ``await trans.flush()`` sends them.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from fastthrift._core import TMemoryBuffer, ValueScan, frame_ended, read_value
from fastthrift.contrib.aio.transport.base import TAsyncReadAhead, read_ahead_of
from fastthrift.protocol import TProtocolBase
from fastthrift.protocol.exc import (
    TMalformedDataException,
    TProtocolException,
    TTruncatedDataException,
    too_large,
)
from fastthrift.thrift import TType
from fastthrift.transport.base import LARGEST_READ

__all__ = ["TAsyncNativeProtocol", "TAsyncProtocolBase", "TProtocolBase"]

_T = TypeVar("_T")

# Bytes of the buffer that the codec is shown first. Most messages fit, and showing it a large
# buffer for each of many small messages would copy that buffer as often.
_FIRST_WINDOW = 8192


def _may_be_incomplete(error: TProtocolException) -> bool:
    """Whether the codec might have liked the bytes, had it seen more of them."""
    # A container that has more elements than there are bytes is malformed, to a codec that is
    # told that these are all.
    return (
        isinstance(error, TTruncatedDataException) or error.type == TProtocolException.INVALID_DATA
    )


class TAsyncProtocolBase(TProtocolBase):
    """Base class for asyncio protocols. Having these methods is enough."""

    async def skip(self, ttype: int) -> None:  # type: ignore[override]
        """Read a value of a type and forget it."""
        raise NotImplementedError

    async def read_message_begin(self) -> tuple[str, int, int]:  # type: ignore[override]
        """Read a message header: name, message type, sequence id."""
        raise NotImplementedError

    async def read_message_end(self) -> None:  # type: ignore[override]
        raise NotImplementedError

    async def read_struct(self, obj: Any) -> Any:
        """Fill a payload with the fields that are read."""
        raise NotImplementedError


if TYPE_CHECKING:
    from fastthrift._core import TBinaryProtocol as _Native
else:
    _Native = object


class TAsyncNativeProtocol(_Native):
    """Mixed into a native protocol class: reading becomes asynchronous, by the same codec.

    From a transport of ours, the codec is tried on what has arrived, on the first 8 KiB of it at
    most. Only when that is not all of the value, and from any foreign transport, a scan of types
    and sizes tells what to wait for, and the codec runs, from the start, when all of it is there;
    a foreign transport is never asked for a byte that does not belong to the value.
    """

    _native: ClassVar[type[Any]]

    async def skip(self, ttype: int) -> None:  # type: ignore[override]
        """Read a value of a type and forget it."""
        native = self._native
        if ttype != TType.STOP:
            await self._read(lambda: native.skip(self, ttype), ttype)

    async def read_message_begin(self) -> tuple[Any, int, int]:  # type: ignore[override]
        """Read a message header: name, message type, sequence id."""
        header = await self._read_header()
        ahead = read_ahead_of(self.trans)
        if ahead is not None and not ahead.arrived and ahead.has_frames:
            # Its struct would be in another one.
            raise frame_ended(1)
        return header

    async def _read_header(self) -> tuple[Any, int, int]:
        native = self._native

        def decode() -> tuple[Any, int, int]:
            header: tuple[Any, int, int] = native.read_message_begin(self)
            return header

        return await self._read(decode, None)

    async def read_message_end(self) -> None:  # type: ignore[override]
        """Nothing is left to read."""

    async def read_struct(self, obj: _T) -> _T:  # type: ignore[override]
        """Fill a payload with the fields that are read, and return it."""
        native = self._native
        await self._read(lambda: native.read_struct(self, obj), TType.STRUCT)
        return obj

    async def _read_val(self, ttype: int, spec: Any = None) -> Any:
        """Read a bare value of a type as ``thrift_spec`` writes it."""
        return await self._read(lambda: read_value(self, ttype, spec), ttype)

    async def _read(self, decode: Callable[[], _T], ttype: int | None) -> _T:
        """Read what ``decode`` reads from this protocol: a value of a type, or a header."""
        ahead = read_ahead_of(self.trans)
        if ahead is None:
            data = bytearray()
            await self._collect(ValueScan(self, ttype), data)
            return self._decode_finally(decode, data)[0]

        if not ahead.arrived:
            await ahead.fill(1)
        try:
            return await self._read_ahead(decode, ttype, ahead)
        except TProtocolException:
            ahead.give_up()
            raise

    async def _read_ahead(
        self, decode: Callable[[], _T], ttype: int | None, ahead: TAsyncReadAhead
    ) -> _T:
        try:
            return self._decode_ahead(decode, ahead)
        except TProtocolException as error:
            if not _may_be_incomplete(error):
                raise
        return await self._read_whole(decode, ttype, ahead)

    async def _read_whole(
        self, decode: Callable[[], _T], ttype: int | None, ahead: TAsyncReadAhead
    ) -> _T:
        end = await self._wait_for_end(ValueScan(self, ttype), ahead)
        value, taken = self._decode_finally(decode, ahead.arrived[:end])
        del ahead.arrived[:taken]
        return value

    def _decode_ahead(self, decode: Callable[[], _T], ahead: TAsyncReadAhead) -> _T:
        """Decode from the start of the buffer, and take what that was made from."""
        buffer = ahead.arrived
        window = min(_FIRST_WINDOW, self.max_message_size)
        with memoryview(buffer) as everything, everything[:window] as seen:
            value, taken = self._decode(decode, seen)
        del buffer[:taken]
        return value

    def _decode(
        self, decode: Callable[[], _T], data: bytes | bytearray | memoryview
    ) -> tuple[_T, int]:
        """Let the codec read from memory; what it gives, and how many bytes it took."""
        memory = TMemoryBuffer(data)
        value = self._decode_from(memory, decode)
        return value, len(data) - len(memory.getvalue())

    def _decode_from(self, source: Any, decode: Callable[[], _T]) -> _T:
        # Nothing else runs before it is put back: there is no await here.
        trans, self.trans = self.trans, source
        try:
            return decode()
        finally:
            self.trans = trans

    def _decode_finally(self, decode: Callable[[], _T], data: bytearray) -> tuple[_T, int]:
        """Decode from bytes that end with the value, or behind what is wrong with it."""
        try:
            return self._decode(decode, data)
        except TMalformedDataException as error:
            if not _may_be_incomplete(error):
                raise
        # From a stream the codec finds what is wrong, not that something must be.
        stream = BytesIO(data)
        return self._decode_from(stream, decode), stream.tell()

    async def _collect(self, scan: ValueScan, data: bytearray) -> None:
        """Collect the bytes that a scan asks for, or those that come before the stream ends."""
        while True:
            wanted = scan.wanted(data)
            self._check_size(wanted)
            missing = wanted - len(data)
            if missing <= 0:
                return
            data += await self._exactly(missing)
            if len(data) < wanted:
                return

    async def _exactly(self, size: int) -> bytes:
        """So many bytes of a foreign transport; fewer at the end of the stream."""
        data: bytes = await self.trans.read(min(size, LARGEST_READ))
        if len(data) == size or not data:
            return data
        pieces = bytearray(data)
        while len(pieces) < size:
            data = await self.trans.read(min(size - len(pieces), LARGEST_READ))
            if not data:
                break
            pieces += data
        return bytes(pieces)

    async def _wait_for_end(self, scan: ValueScan, ahead: TAsyncReadAhead) -> int:
        """Wait until the buffer holds all that a scan asks for, or all that will come: where the
        value ends."""
        while True:
            wanted = scan.wanted(ahead.arrived)
            self._check_size(wanted)
            missing = wanted - len(ahead.arrived)
            if missing <= 0:
                return wanted
            if ahead.has_frames:
                raise frame_ended(missing)
            if not await ahead.fill(missing):
                return wanted

    def _check_size(self, size: int) -> None:
        if size > self.max_message_size:
            limit = self.max_message_size
            raise too_large("a message", size, limit, "max_message_size", at_least=True)
