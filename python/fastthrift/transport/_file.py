"""A file as a transport."""

from __future__ import annotations

from typing import BinaryIO

from .base import TTransportBase


class TFileObjectTransport(TTransportBase):
    """A file object as a transport."""

    def __init__(self, fileobj: BinaryIO) -> None:
        self.fileobj = fileobj

    def isOpen(self) -> bool:
        """Always true."""
        return True

    def is_open(self) -> bool:
        """Always true."""
        return True

    def open(self) -> None:
        """The file is open."""

    def close(self) -> None:
        self.fileobj.close()

    def read(self, sz: int) -> bytes:
        """Read up to ``sz`` bytes; fewer at the end of the file."""
        return self.fileobj.read(sz)

    def write(self, buf: bytes) -> None:
        self.fileobj.write(buf)

    def flush(self) -> None:
        self.fileobj.flush()
