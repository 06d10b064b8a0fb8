"""Every way by which a struct goes to bytes and back: protocols, and what lies beneath them.

Each way has the same limits, so each is read and written here by the same two functions.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any

import fastthrift
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol, TAsyncCompactProtocol
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport, TAsyncFramedTransport
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import TType
from fastthrift.transport import TBufferedTransport, TFramedTransport, TMemoryBuffer
from fastthrift.utils import deserialize, serialize

from support.sources import opened

FACTORIES: dict[str, Any] = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "json": TJSONProtocolFactory,
    "apache_json": TApacheJSONProtocolFactory,
}
NATIVE = ("binary", "compact")
ASYNC = {"binary": TAsyncBinaryProtocol, "compact": TAsyncCompactProtocol}

#: Without a transport: bytes in memory, all of them there already.
IN_MEMORY = ("functions", "serialize", "memory")
ON_TRANSPORTS = ("duck", "buffered", "framed")
ON_ASYNC_TRANSPORTS = ("aio duck", "aio buffered", "aio framed")


def ways() -> Iterator[tuple[str, str]]:
    """Each protocol, with each path that it has."""
    for protocol in FACTORIES:
        for path in IN_MEMORY + ON_TRANSPORTS + ON_ASYNC_TRANSPORTS:
            only_native = path == "functions" or path in ON_ASYNC_TRANSPORTS
            if protocol in NATIVE or not only_native:
                yield protocol, path


class Sink:
    """A transport that is nothing but ``write`` and ``flush``."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data

    def flush(self) -> None:
        """Everything is there already."""


class AsyncSink(Sink):
    async def flush(self) -> None:  # type: ignore[override]
        """Everything is there already."""


class AsyncSource:
    """A transport that is nothing but a ``read`` of at most so many bytes."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    async def read(self, size: int) -> bytes:
        chunk, self.rest = self.rest[:size], self.rest[size:]
        return chunk


def write(way: tuple[str, str], obj: Any, *, frames: Any = (), **options: Any) -> bytes:
    """The bytes of a struct, without a frame around them; ``frames`` has options of frames."""
    protocol, path = way
    if path == "functions":
        return fastthrift.encode(obj, FACTORIES[protocol](**options))
    if path == "serialize":
        return serialize(obj, FACTORIES[protocol](**options))
    if path in ON_ASYNC_TRANSPORTS:
        return asyncio.run(_write_async(way, obj, dict(frames), options))
    sink: Any = TMemoryBuffer() if path == "memory" else Sink()
    trans = sink
    if path == "buffered":
        trans = TBufferedTransport(sink)
    elif path == "framed":
        trans = TFramedTransport(sink, **dict(frames))
    FACTORIES[protocol](**options).get_protocol(trans).write_struct(obj)
    trans.flush()
    return _unframed(path, sink.getvalue() if path == "memory" else bytes(sink.data))


async def _write_async(way: tuple[str, str], obj: Any, frames: Any, options: Any) -> bytes:
    protocol, path = way
    sink = AsyncSink()
    trans: Any = sink
    if path == "aio buffered":
        trans = TAsyncBufferedTransport(sink)
    elif path == "aio framed":
        trans = TAsyncFramedTransport(sink, **frames)
    ASYNC[protocol](trans, **options).write_struct(obj)
    await trans.flush()
    return _unframed(path, bytes(sink.data))


def _unframed(path: str, data: bytes) -> bytes:
    if "framed" not in path:
        return data
    assert struct.unpack(">i", data[:4]) == (len(data) - 4,)
    return data[4:]


def read(way: tuple[str, str], cls: Any, data: bytes, *, frames: Any = (), **options: Any) -> Any:
    """A struct from its bytes; with None for a class, they are skipped."""
    protocol, path = way
    if path == "functions":
        return fastthrift.decode(cls or _Nothing, data, FACTORIES[protocol](**options))
    if path == "serialize":
        return deserialize((cls or _Nothing)(), data, FACTORIES[protocol](**options))
    if path in ON_ASYNC_TRANSPORTS:
        return asyncio.run(_read_async(way, cls, data, dict(frames), options))
    with opened(path, data) as trans:
        if path == "framed" and frames:
            trans = TFramedTransport(trans.trans, **dict(frames))
        reader = FACTORIES[protocol](**options).get_protocol(trans)
        return reader.skip(TType.STRUCT) if cls is None else reader.read_struct(cls())


class _Nothing(fastthrift.thrift.TPayload):
    """Knows no field, so that all are skipped."""

    thrift_spec: dict[int, Any] = {}  # noqa: RUF012


async def _read_async(
    way: tuple[str, str], cls: Any, data: bytes, frames: Any, options: Any
) -> Any:
    protocol, path = way
    trans: Any = AsyncSource(data)
    if path == "aio buffered":
        trans = TAsyncBufferedTransport(trans)
    elif path == "aio framed":
        source = AsyncSource(struct.pack(">i", len(data)) + data)
        trans = TAsyncFramedTransport(source, **frames)
    reader = ASYNC[protocol](trans, **options)
    return await (reader.skip(TType.STRUCT) if cls is None else reader.read_struct(cls()))
