"""The connections of aiohttp and their sockets, which it shows to nobody."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import sys
from typing import Any

from fastthrift.transport._addresses import Address
from fastthrift.transport._arrival import bytes_sent, pauses_for_refusal, was_refused


class LastSocket:
    """That of the connection which a request is under way on. aiohttp has closed its own by the
    time that it tells of an end, so this is another descriptor of it; for as long as the request,
    since nobody would be told of the end of a connection that something else keeps open."""

    #: Whether there was one.
    was_reached = False
    _descriptor = -1
    # How many bytes had left on it before.
    _before: int | None = None

    def begin(self) -> None:
        """A request is next."""
        self.was_reached = False

    def keep(self, transport: Any) -> None:
        """A request goes over a connection with this transport of asyncio."""
        self.forget()
        self.was_reached = True
        sock = None if transport is None else transport.get_extra_info("socket")
        # Elsewhere nothing is known for certain, and without a descriptor neither.
        if sock is not None and sys.platform == "linux":
            with contextlib.suppress(OSError):
                self._descriptor = os.dup(sock.fileno())
                self._before = bytes_sent(sock)

    async def never_arrived(self, size: int, at: float | None, *, was_reset: bool) -> bool:
        """Whether the server has not seen the request, of ``size`` bytes at least, by ``at``: not
        all of it has left, or, unless the connection ``was_reset``, see ``_arrival``. Of one that
        was reset the server may have read what its system has not acknowledged."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return False
        with socket.socket(fileno=descriptor) as sock:
            now = bytes_sent(sock)
            if now is not None and self._before is not None and now - self._before < size:
                return True
            if was_reset:
                return False
            for pause in pauses_for_refusal(sock, at):
                await asyncio.sleep(pause)
            return was_refused(sock)

    def forget(self) -> None:
        """The request is over."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class Knowing:
    """What aiohttp asks for the addresses of a host: those of one are known until there is a
    connection to it. All others are looked up, to which a server may redirect for example."""

    def __init__(self, host: str, addresses: list[Address] | None, aiohttp: Any) -> None:
        self._host = host
        self.addresses = addresses
        self._others = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        if self.addresses is None or host != self._host:
            found: list[Any] = await self._others.resolve(host, port, family)
            return found
        return [
            {
                "hostname": host,
                "host": address[0],
                "port": port,
                "family": kind,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for kind, address in self.addresses
        ]

    async def close(self) -> None:
        await self._others.close()


def make_connector(
    aiohttp: Any, last: LastSocket, transports: list[Any], knowing: Knowing | None, context: Any
) -> Any:
    """A connector of aiohttp that keeps the socket of the last request, and the transports of
    asyncio of all its connections, which nobody else can see. It asks ``knowing`` for addresses,
    where that is any, and uses ``context`` for TLS."""
    options: dict[str, Any] = {}
    if context is not None:
        options["ssl"] = context
    if knowing is not None:
        # What is known is forgotten.
        options |= {"resolver": knowing, "use_dns_cache": False}
    connector = _connector_class(aiohttp)(**options)
    connector.last, connector.transports, connector.knowing = last, transports, knowing
    return connector


@functools.cache
def _connector_class(aiohttp: Any) -> Any:
    class Connector(aiohttp.TCPConnector):  # type: ignore[misc]
        last: LastSocket
        transports: list[Any]
        knowing: Knowing | None

        async def connect(self, *args: Any, **kwargs: Any) -> Any:
            connection = await super().connect(*args, **kwargs)
            transport, known = connection.transport, self.transports
            self.last.keep(transport)
            if self.knowing is not None:
                self.knowing.addresses = None
            if transport is not None and transport not in known:
                known[:] = [each for each in known if not each.is_closing()]
                known.append(transport)
            return connection

    return Connector
