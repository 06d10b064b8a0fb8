"""The zlib transport: a connection whose bytes are one compressed stream in each direction.

Each flush ends on a byte (``Z_SYNC_FLUSH``), so that the other side can read the message; the
stream goes on with the next one. That is how the libraries of Apache Thrift do it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from typing import Any, ClassVar

from fastthrift._core import CyTransportBase, TBufferedTransport, TMemoryBuffer

from .base import TTransportBase, TTransportException

# What is read from below at once, and the least that is decompressed at once, in bytes.
PIECE = 4096

# The most that may come behind the last byte of a message and stand for none: the rest of its
# block, and the empty block that ends a flush.
END_OF_FLUSH = 9


class ZlibStreams:
    """The two compressed streams of a connection; what is read and sent is for others to move.

    No more is decompressed than is asked for: however much a few bytes stand for, the limits of
    protocols are reached first.
    """

    def __init__(self, compresslevel: int) -> None:
        self.compresslevel = compresslevel
        self.start_over()

    def start_over(self) -> None:
        """Both streams start anew: there is another connection."""
        self._decompress = zlib.decompressobj()
        self._compress = zlib.compressobj(self.compresslevel)
        # Tells a connection that a message is still waited for, until something of it has come.
        self._begin_again: Callable[[], None] | None = None
        # How many bytes may still come that only end the last message.
        self._owed = 0

    def reading(self, sz: int) -> Generator[None, bytes, bytes]:
        """Between 1 and ``sz`` bytes of what came; none at the end. Each time it yields, it is to
        be sent more of what comes, or nothing where no more does."""
        # What a call has left of its input, and then what zlib has left of its output.
        compressed = self._decompress.unconsumed_tail
        while not self._decompress.eof:
            try:
                data = self._decompress.decompress(compressed, sz)
            except zlib.error as error:
                raise TTransportException(
                    TTransportException.UNKNOWN,
                    f"what came is not compressed with zlib ({error}): it begins with "
                    f"{bytes(compressed[:16])!r}; both sides have to use TZlibTransport, or none",
                ) from error
            if data:
                self._begin_again = None
                self._owed = END_OF_FLUSH
                return data
            if compressed and self._ends_message(compressed) and self._begin_again is not None:
                self._begin_again()
            compressed = yield
            if not compressed:
                break
        return b""

    def beginning(self, connection: Any) -> Callable[..., None]:
        """What tells a server's connection that the next message is waited for; it is told again
        where what comes first is the end of the message before."""

        def begin_message(*, arrived: bool = False) -> None:
            self._begin_again = None if arrived else connection.begin_again
            connection.begin_message(arrived=arrived)

        return begin_message

    def is_end_of_message(self, came: bytes) -> bool:
        """Whether what has come between two messages, which is taken, only ends the last one: a
        flush may be sent in pieces, the last of which stands for no byte."""
        if not self._ends_message(came):
            return False
        compressed = self._decompress.unconsumed_tail + came
        try:
            return not self._decompress.decompress(compressed, 1) and not self._decompress.eof
        except zlib.error:
            return False

    def _ends_message(self, silent: bytes) -> bool:
        """Whether what came and stands for nothing may be the end of the last message: whoever
        goes on with it would never be told from one who is idle."""
        self._owed -= len(silent)
        return self._owed >= 0

    def sent_for(self, written: bytes) -> bytes:
        """What is sent for what was written, so that the other side can read it."""
        return self._compress.compress(written) + self._compress.flush(zlib.Z_SYNC_FLUSH)


class _ZlibStream(TTransportBase):
    """The compressed streams over a transport."""

    def __init__(self, trans: Any, compresslevel: int) -> None:
        self.trans = trans
        #: The transport whose bytes are compressed.
        self.compressed = trans
        # A transport that gives as many bytes as it is asked for, or waits, is asked for one.
        whole = isinstance(trans, (CyTransportBase, TMemoryBuffer))
        whole = whole or getattr(type(trans), "read", None) is TTransportBase.read
        self._piece = 1 if whole else PIECE
        self.streams = ZlibStreams(compresslevel)
        self._written = bytearray()

    def is_open(self) -> bool:
        return bool(self.trans.is_open())

    def open(self) -> None:
        """Open the transport below; both streams start anew."""
        self.streams.start_over()
        self._written.clear()
        self.trans.open()

    def close(self) -> None:
        self.trans.close()

    def read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes; none at the end of the stream."""
        reading = self.streams.reading(sz)
        try:
            next(reading)
            while True:
                reading.send(self.trans.read(self._piece))
        except StopIteration as end:
            data: bytes = end.value
            return data

    def write(self, buf: bytes) -> None:
        self._written += buf

    def flush(self) -> None:
        """Compress what was written, send it, and let the other side read it."""
        written = bytes(self._written)
        self._written.clear()
        if written:
            self.trans.write(self.streams.sent_for(written))
            self.trans.flush()


class TZlibTransport(TBufferedTransport):
    """Compresses what is written and decompresses what is read; with a buffer, which it has no
    need to be given.

    ``compresslevel`` goes from 0, nothing, to 9, the best that zlib can.
    """

    def __init__(self, trans: Any, compresslevel: int = 9) -> None:
        super().__init__(_ZlibStream(trans, compresslevel))
        self.compresslevel = compresslevel


class TZlibTransportFactory:
    """Makes zlib transports."""

    _makes: ClassVar[Any] = TZlibTransport

    def __init__(self, compresslevel: int = 9) -> None:
        self.compresslevel = compresslevel

    def get_transport(self, trans: Any) -> Any:
        """A zlib transport over ``trans``."""
        return self._makes(trans, self.compresslevel)
