"""Thrift in the tests of programs: clients without sockets, fakes, a server at a port of its own.

::

    notes = client(idl.Notes, NotesHandler())           # encodes, processes, decodes; no sockets

    with FakeService(idl.Calculator, add=42, divide=TimeoutError) as fake:
        assert fake.add(1, 2) == 42
    assert fake.calls == [("add", (1, 2))]

    with serve(idl.Notes, NotesHandler()) as url:       # sockets, a thread
        pool = fastthrift.ClientPool(idl.Notes, url)

``async_client`` and ``AsyncFakeService`` are the twins for asyncio; ``fastthrift.testing.pytest``
has a fixture.
"""

from __future__ import annotations

from ._clients import async_client, client
from ._fakes import AsyncFakeService, FakeService
from ._serving import serve

__all__ = ["AsyncFakeService", "FakeService", "async_client", "client", "serve"]
