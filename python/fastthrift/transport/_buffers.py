"""The buffers of transports as thriftpy2 has them: ``BytesIO`` objects."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

_Contents = tuple[bytes, int]


class TransportBuffer(io.BytesIO):
    """A buffer of a transport, ``_rbuf`` for example, with the methods of ``BytesIO``.

    What is read here is read from the transport, and what is written here is written to it.
    ``getvalue()`` is what the last read of the transport below has left, or the whole frame, and
    ``tell()`` how much of it has been taken. Like the bytes that have not been taken it can be
    compared, indexed, added, and asked for its length and whatever else ``bytes`` have.
    """

    def __init__(
        self, load: Callable[[], _Contents], store: Callable[[bytes, int], None], whole: bool
    ) -> None:
        """``load`` gives the contents and the position in them, ``store`` replaces both;
        ``whole`` is whether the bytes are all of them, where nothing is taken."""
        super().__init__()
        self._load = load
        self._store = store
        self._whole = whole

    def _act(self, name: str, *args: Any) -> Any:
        contents, position = self._load()
        super().__init__(contents)
        super().seek(position)
        try:
            return getattr(super(), name)(*args)
        finally:
            now = super().getvalue(), super().tell()
            if now != (contents, position):
                self._store(*now)

    def read(self, size: int | None = -1, /) -> bytes:
        return bytes(self._act("read", size))

    def read1(self, size: int | None = -1, /) -> bytes:
        return bytes(self._act("read1", size))

    def readinto(self, buffer: Any, /) -> int:
        return int(self._act("readinto", buffer))

    def readinto1(self, buffer: Any, /) -> int:
        return int(self._act("readinto", buffer))

    def readline(self, size: int | None = -1, /) -> bytes:
        return bytes(self._act("readline", size))

    def readlines(self, size: int | None = None, /) -> list[bytes]:
        return list(self._act("readlines", size))

    def write(self, data: Any, /) -> int:
        return int(self._act("write", data))

    def writelines(self, lines: Any, /) -> None:
        for line in lines:
            self.write(line)

    def seek(self, position: int, whence: int = 0, /) -> int:
        return int(self._act("seek", position, whence))

    def tell(self) -> int:
        return self._load()[1]

    def truncate(self, size: int | None = None, /) -> int:
        return int(self._act("truncate", size))

    def getvalue(self) -> bytes:
        return self._load()[0]

    def getbuffer(self) -> memoryview:
        """A view of the contents, which cannot be written to."""
        return memoryview(self.getvalue())

    def close(self) -> None:
        """Does nothing: the transport is closed, and not its buffer."""

    # What bytes have.

    def __bytes__(self) -> bytes:
        contents, position = self._load()
        return contents if self._whole else contents[position:]

    def __len__(self) -> int:
        return len(bytes(self))

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, b"")

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __contains__(self, item: Any) -> bool:
        return item in bytes(self)

    def __getitem__(self, index: Any) -> Any:
        return bytes(self)[index]

    def __add__(self, other: Any) -> bytes:
        return bytes(self) + bytes(other)

    def __radd__(self, other: Any) -> bytes:
        return bytes(other) + bytes(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (bytes, bytearray, memoryview, TransportBuffer)):
            return bytes(self) == bytes(other)
        return self is other

    __hash__ = io.BytesIO.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'TransportBuffer' object has no attribute {name!r}")
        return getattr(bytes(self), name)

    def __repr__(self) -> str:
        return f"<TransportBuffer {bytes(self)!r}>"


def contents_of(value: Any) -> _Contents:
    """The contents of a ``BytesIO`` and its position, or all of some bytes."""
    if hasattr(value, "getvalue"):
        return value.getvalue(), value.tell()
    return bytes(value), 0
