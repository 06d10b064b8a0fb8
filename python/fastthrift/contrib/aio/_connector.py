"""The connections of aiohttp and their sockets, which it shows to nobody."""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import Any

from fastthrift.transport._arrival import pauses_for_refusal, was_refused


class LastSocket:
    """That of the connection which the last request went over. aiohttp has closed its own by the
    time that it tells of an end, so this is another descriptor of it."""

    _sock: socket.socket | None = None

    def keep(self, transport: Any) -> None:
        """A request goes over a connection with this transport of asyncio."""
        self.forget()
        sock = None if transport is None else transport.get_extra_info("socket")
        # One of Unix sockets has an end, but nobody tells what has arrived.
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            self._sock = socket.fromfd(sock.fileno(), sock.family, sock.type)

    async def never_arrived(self, at: float | None) -> bool:
        """Whether the server has not seen the request, by ``at``: see ``_arrival``."""
        if self._sock is None:
            return False
        for pause in pauses_for_refusal(self._sock, at):
            await asyncio.sleep(pause)
        return was_refused(self._sock)

    def forget(self) -> None:
        """The request is over."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()


def make_connector(aiohttp: Any, last: LastSocket, transports: list[Any], **options: Any) -> Any:
    """A connector of aiohttp that keeps the socket of the last request, and the transports of
    asyncio of all its connections, which nobody else can see."""
    connector = _connector_class(aiohttp)(**options)
    connector.last, connector.transports = last, transports
    return connector


@functools.cache
def _connector_class(aiohttp: Any) -> Any:
    class Connector(aiohttp.TCPConnector):  # type: ignore[misc]
        last: LastSocket
        transports: list[Any]

        async def connect(self, *args: Any, **kwargs: Any) -> Any:
            connection = await super().connect(*args, **kwargs)
            transport, known = connection.transport, self.transports
            self.last.keep(transport)
            if transport is not None and transport not in known:
                known[:] = [each for each in known if not each.is_closing()]
                known.append(transport)
            return connection

    return Connector
