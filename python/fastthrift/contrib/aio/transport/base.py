"""What an asyncio transport is, and what those that read ahead have in common.

``read``, ``open`` and ``flush`` are coroutines; ``write`` and ``close`` are not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from fastthrift._core import DEFAULT_MAX_SIZE, end_of_file
from fastthrift.transport import TTransportBase

# thriftpy2's module has it too.
from fastthrift.transport import TTransportException as TTransportException
from fastthrift.transport._buffers import TransportBuffer, contents_of
from fastthrift.transport.base import LARGEST_READ, DeadlineExceeded, TTransportTimeout

# The longest frame or message that is accepted, in bytes.
SIZE_LIMIT = DEFAULT_MAX_SIZE

_T = TypeVar("_T")

if sys.version_info >= (3, 11):
    TAsyncTransportTimeout = TTransportTimeout
    TAsyncDeadlineExceeded = DeadlineExceeded

    async def within(seconds: float | None, awaitable: Awaitable[_T]) -> _T:
        """Await, for some seconds at most; None for as long as it takes."""
        if seconds is None:
            return await awaitable
        async with asyncio.timeout(seconds):
            return await awaitable

else:

    class TAsyncTransportTimeout(TTransportTimeout, asyncio.TimeoutError):
        """``TTransportTimeout``; here ``asyncio.TimeoutError`` is a class of its own."""

    class TAsyncDeadlineExceeded(DeadlineExceeded, TAsyncTransportTimeout):
        """``DeadlineExceeded``, and an ``asyncio.TimeoutError``."""

    async def within(seconds: float | None, awaitable: Awaitable[_T]) -> _T:
        """Await, for some seconds at most; None for as long as it takes."""
        if seconds is None:
            return await awaitable
        try:
            return await asyncio.wait_for(awaitable, seconds)
        except asyncio.TimeoutError as error:
            if isinstance(error, TimeoutError):
                raise
            raise TimeoutError from error


async def patiently(seconds: float | None, act: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """``act``, within some seconds; but what the peer has done by then counts, even if the event
    loop was too busy to notice.

    A handler that computes for a while holds up everybody, and then timers go off for
    connections on which nothing was late.
    """
    try:
        return await within(seconds, act())
    except TimeoutError:
        done = at_once(act())
        if done is None:
            raise
        return done[0]


def at_once(coroutine: Coroutine[Any, Any, _T]) -> tuple[_T] | None:
    """What a coroutine returns without waiting for anything, in a tuple; None where it waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return (done.value,)
    coroutine.close()
    return None


async def readall(read_fn: Callable[[int], Awaitable[bytes]], sz: int) -> bytes:
    """Await ``read_fn`` until it has given ``sz`` bytes; ``END_OF_FILE`` when it gives none."""
    chunks = []
    missing = sz
    while missing > 0:
        chunk = await read_fn(min(missing, LARGEST_READ))
        if not chunk:
            raise end_of_file()
        chunks.append(chunk)
        missing -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class TAsyncTransportBase(TTransportBase):
    """Base class for asyncio transports. Having these methods is enough."""

    async def open(self) -> None:  # type: ignore[override]
        """Connect, or whatever else has to be done before the first read or write."""
        raise NotImplementedError

    async def _read(self, sz: int) -> bytes:  # type: ignore[override]
        """Read between 1 and ``sz`` bytes; none at the end of the stream."""
        raise NotImplementedError

    async def read(self, sz: int) -> bytes:  # type: ignore[override]
        """Read exactly ``sz`` bytes.

        A protocol directly on this transport relies on getting that many. A transport that is
        wrapped by a buffered one may return fewer, what has arrived so far.
        """
        return await readall(self._read, sz)

    async def flush(self) -> None:  # type: ignore[override]
        """Send what has been held back."""
        raise NotImplementedError


# Of what is no message, in bytes; for the text of an error.
_KEPT = 64


class TAsyncReadAhead(TAsyncTransportBase):
    """A transport that owns the bytes which have arrived and have not been read.

    The protocols decode natively from that buffer. A subclass that reads in its own way, by
    overriding one of the methods that read, is read by its ``read`` like any foreign transport.
    """

    #: Whether the buffer may be read directly.
    _direct: ClassVar[bool] = True
    _READING: ClassVar[frozenset[str]] = frozenset(
        ("read", "_read", "read_frame", "_read_frame", "fill")
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_direct" not in vars(cls) and not cls._READING.isdisjoint(vars(cls)):
            cls._direct = False

    def __init__(self, value: bytes = b"") -> None:
        #: What has arrived and was not read.
        self.arrived = bytearray(value)
        self._unsent = bytearray()

    # thriftpy2's buffers, for users; what is read from them is read from the transport.

    @property
    def _rbuf(self) -> Any:
        return TransportBuffer(lambda: (bytes(self.arrived), 0), self._store_arrived, True)

    @_rbuf.setter
    def _rbuf(self, value: Any) -> None:
        self._store_arrived(*contents_of(value))

    @property
    def _wbuf(self) -> Any:
        return TransportBuffer(self._load_unsent, self._store_unsent, True)

    @_wbuf.setter
    def _wbuf(self, value: Any) -> None:
        self._store_unsent(contents_of(value)[0], 0)

    def _store_arrived(self, contents: bytes, position: int) -> None:
        self.arrived = bytearray(contents[position:])

    def _load_unsent(self) -> tuple[bytes, int]:
        return bytes(self._unsent), len(self._unsent)

    def _store_unsent(self, contents: bytes, position: int) -> None:
        self._unsent = bytearray(contents)

    async def fill(self, missing: int) -> bool:
        """Wait for more bytes and append them to ``arrived``; ``missing`` more are needed.

        False when there will be none; a transport with a connection raises ``END_OF_FILE``.
        """
        raise NotImplementedError

    @property
    def has_frames(self) -> bool:
        """Whether what has arrived came in a frame, and a value in it goes on in no other."""
        return False

    def before_arrived(self) -> bytes:
        """What came before the bytes that arrived last and is not among them: the length of their
        frame."""
        return b""

    #: How that began which came in place of a message, once it is known for none.
    unread = b""

    def start(self) -> bytes:
        """How that begins which has arrived, with the length of its frame."""
        return self.before_arrived() + bytes(self.arrived[:_KEPT])

    def give_up(self) -> None:
        """Forget what has arrived: nobody knows where the next message starts."""
        self.unread = self.start()
        self.arrived = bytearray()

    async def _read(self, sz: int) -> bytes:  # type: ignore[override]
        if sz > 0 and not self.arrived:
            await self.fill(sz)
        return self._taken(sz)

    def _taken(self, sz: int) -> bytes:
        data = bytes(self.arrived[:sz])
        del self.arrived[:sz]
        return data

    async def _take_all(self) -> bytearray:
        """Wait for bytes if there are none, and hand over all of them."""
        if not self.arrived:
            await self.fill(1)
        data, self.arrived = self.arrived, bytearray()
        return data

    def write(self, buf: bytes) -> None:
        self._unsent += buf

    def take_written(self) -> bytes:
        """What was written since the last flush. It is dropped here, so that a flush that fails
        does not send it once more with the next message."""
        data = bytes(self._unsent)
        self._unsent = bytearray()
        return data

    def discard_output(self) -> None:
        """Drop what was written and not flushed."""
        self._unsent = bytearray()

    def clean(self) -> None:
        """Drop what was written and not flushed, and what has arrived and was not read."""
        self.arrived = bytearray()
        self._unsent = bytearray()


class TAsyncLayer(TAsyncReadAhead):
    """A transport over another one, which is opened and closed with it."""

    def __init__(self, trans: Any) -> None:
        super().__init__()
        self._trans = trans

    def is_open(self) -> bool:
        return bool(self._trans.is_open())

    async def open(self) -> None:  # type: ignore[override]
        """Open the transport below; what the last connection has left is not of this one."""
        self.arrived = bytearray()
        await self._trans.open()

    def close(self) -> None:
        self._trans.close()

    def getvalue(self) -> bytes:
        """What is in the memory below."""
        value: bytes = self._trans.getvalue()
        return value


def read_ahead_of(trans: Any) -> TAsyncReadAhead | None:
    """The transport when its buffer may be read directly."""
    return trans if isinstance(trans, TAsyncReadAhead) and trans._direct else None
