"""Thrift in tests: a server at a port of its own.

::

    with serve(idl.Notes, NotesHandler()) as url:       # sockets, a thread
        pool = fastthrift.ClientPool(idl.Notes, url)
"""

from __future__ import annotations

from ._serving import serve

__all__ = ["serve"]
