"""Many structs one after the other, in a file or in memory."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from io import UnsupportedOperation
from typing import Any, Literal, overload

from fastthrift._core import Selection, ValueScan, decode, frame_length, select
from fastthrift.protocol import (
    TApacheJSONProtocol,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
)
from fastthrift.protocol.exc import (
    TMalformedDataException,
    TProtocolException,
    TTruncatedDataException,
    too_large,
)
from fastthrift.thrift import TType
from fastthrift.transport import TMemoryBuffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    from typing_extensions import Buffer

    from fastthrift.typing import WithArrays

    T = TypeVar("T")

    class ReadableFile(Protocol):
        """A file that is open for reading bytes."""

        def read(self, size: int, /) -> bytes: ...

else:
    # What annotations say at run time, for which nothing is imported.
    Buffer = ReadableFile = Any


# As many bytes are asked for at a time.
_PIECE = 1 << 16
_HEADER = 4
# What may stand between two structs that are text, and behind the last one.
_SPACE = b" \t\r\n"

_FACTORIES = {"binary": TBinaryProtocolFactory, "compact": TCompactProtocolFactory}


@overload
def read_messages(
    source: ReadableFile | Buffer,
    cls: WithArrays[T],
    protocol: Any = "binary",
    *,
    framed: bool = False,
    only: Selection | Iterable[str] | None = None,
    arrays: Literal["array"],
) -> Iterator[T]: ...


@overload
def read_messages(
    source: ReadableFile | Buffer,
    cls: type[T],
    protocol: Any = "binary",
    *,
    framed: bool = False,
    only: Selection | Iterable[str] | None = None,
    arrays: Literal["array"] | None = None,
) -> Iterator[T]: ...


def read_messages(
    source: ReadableFile | Buffer,
    cls: Any,
    protocol: Any = "binary",
    *,
    framed: bool = False,
    only: Selection | Iterable[str] | None = None,
    arrays: Literal["array"] | None = None,
) -> Iterator[Any]:
    """The structs of class ``cls`` that stand one after the other in a file that is open for
    reading bytes, or in a buffer: one at a time, in memory that does not grow with their number.
    Of a pipe or a socket each is there when its last byte has come.

    ``protocol`` is as for ``decode``, and so are ``only`` and ``arrays``. ``framed`` says that the
    length of each stands before it, in four bytes, as ``TFramedTransport`` writes it. Whitespace
    before, between and behind structs that are JSON is passed over, unless they are framed.

    Raises ``TProtocolException`` where a struct is damaged, and ``TTruncatedDataException`` where
    the last one is cut off; both tell which it is, and at which byte it begins.
    """
    if isinstance(only, Iterable) and not isinstance(only, str):
        # They may come from a generator, once.
        only = select(cls, *only)
    with contextlib.suppress(TTruncatedDataException):
        # For what it says of arguments: now, and not when the first message is asked for.
        decode(cls, b"", protocol, only=only, arrays=arrays)
    if protocol is None or isinstance(protocol, str):
        protocol = _FACTORIES[protocol or "binary"]()
    return _read(_Pieces(source), cls, protocol, {"only": only, "arrays": arrays}, framed)


def _read(
    pieces: _Pieces, cls: type[T], factory: Any, options: dict[str, Any], framed: bool
) -> Iterator[T]:
    ahead = pieces.ahead
    spoken = factory.get_protocol(TMemoryBuffer())
    between = _SPACE if isinstance(spoken, TApacheJSONProtocol) and not framed else b""
    try:
        while pieces.pass_over(between):
            try:
                start, end = _frame(pieces, spoken) if framed else (0, _struct_end(pieces, spoken))
                message = decode(cls, bytes(memoryview(ahead)[start:end]), factory, **options)
            except TProtocolException as error:
                error.message = f"{error.message} ({pieces.told()})"
                raise
            pieces.drop(end)
            yield message
    finally:
        # Whoever has the error, or this generator, does not keep a buffer from being changed.
        pieces.release()


def _struct_end(pieces: _Pieces, spoken: Any) -> int:
    """Where the struct ends that comes next, all of which has been fetched."""
    scan = ValueScan(spoken, TType.STRUCT)
    limit = spoken.max_message_size
    while (end := scan.wanted(pieces.ahead)) > len(pieces.ahead) or end > limit:
        if end > limit:
            raise too_large("a struct", end, limit, "max_message_size", at_least=True)
        pieces.fetch_up_to(end)
    return end


def _frame(pieces: _Pieces, spoken: Any) -> tuple[int, int]:
    """Where the frame that comes next has its content, all of which has been fetched."""
    pieces.fetch_up_to(_HEADER)
    length, limit = (
        frame_length(bytes(pieces.ahead[:_HEADER]), sys.maxsize),
        spoken.max_message_size,
    )
    if length > limit:
        raise too_large("a frame", length, limit, "max_message_size")
    end = _HEADER + length
    pieces.fetch_up_to(end)
    frame = pieces.ahead[_HEADER:end]
    wanted = ValueScan(spoken, TType.STRUCT).wanted(frame)
    if wanted < len(frame):
        raise TMalformedDataException(
            message=f"{len(frame) - wanted} bytes follow the struct in its frame, which has one"
        )
    return _HEADER, end


class _Pieces:
    """What was fetched of a source and not dropped."""

    def __init__(self, source: Any) -> None:
        self.ahead = bytearray()
        self._index = self._offset = 0
        self._read1 = getattr(source, "read1", None)
        self._buffer = None if hasattr(source, "read") else _Buffer(source)
        self._read = source.read if self._buffer is None else self._buffer.read

    def release(self) -> None:
        """Let go of the source, where it is a buffer."""
        if self._buffer is not None:
            self._buffer.view.release()

    def fetch(self) -> bool:
        """Fetch another piece; false at the end."""
        piece = self._read_what_is_there() or self._read(_PIECE)
        if piece is None:
            raise BlockingIOError(
                "the file has nothing for now: read_messages() takes files that wait"
            )
        if isinstance(piece, str):
            raise TypeError("the file gives text: open it for reading bytes, with mode 'rb'")
        if not piece:
            return False
        self.ahead += piece
        return True

    def _read_what_is_there(self) -> bytes | None:
        """What the file gives without waiting for as much as a piece, where it can: nothing at its
        end, and where a file that does not wait has nothing for now."""
        if self._read1 is None:
            return None
        try:
            there: bytes = self._read1(_PIECE)
        except UnsupportedOperation:
            # Classes inherit it from BufferedIOBase.
            self._read1 = None
            return None
        return there

    def fetch_up_to(self, size: int) -> None:
        """Fetch as many bytes as are asked for, or more."""
        while len(self.ahead) < size:
            if not self.fetch():
                raise TTruncatedDataException(
                    message=f"the input ends: {len(self.ahead)} bytes are left, and at least "
                    f"{size} are needed"
                )

    def pass_over(self, between: bytes) -> bool:
        """Forget all such bytes that come before the next message; false where none comes."""
        while self.ahead or self.fetch():
            count = 0
            while count < len(self.ahead) and self.ahead[count] in between:
                count += 1
            self._forget(count)
            if self.ahead:
                return True
        return False

    def drop(self, end: int) -> None:
        """Forget a message that ends there."""
        self._forget(end)
        self._index += 1

    def _forget(self, count: int) -> None:
        del self.ahead[:count]
        self._offset += count

    def told(self) -> str:
        """Which message it is that comes next, and where."""
        return f"in message {self._index}, which begins at byte {self._offset}"


class _Buffer:
    """What is in memory, read as a file is."""

    def __init__(self, source: Any) -> None:
        self.view = _bytes_of(source)
        self._at = 0

    def read(self, size: int) -> memoryview:
        begin, self._at = self._at, self._at + size
        return self.view[begin : self._at]


def _bytes_of(source: Any) -> memoryview:
    """What a buffer holds, without a copy where it lies in one piece."""
    try:
        view = memoryview(source)
    except TypeError:
        if isinstance(source, (str, os.PathLike)):
            found = "the name of a file: open(name, 'rb')"
        elif hasattr(source, "makefile"):
            found = "a socket: sock.makefile('rb')"
        else:
            found = "None" if source is None else type(source).__name__
        raise TypeError(
            "read_messages() takes a file that is open for reading bytes, or a buffer, and not "
            f"{found}"
        ) from None
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
