"""Thrift services under gunicorn: its processes, signals, reloads and configuration.

::

    gunicorn -k fastthrift.contrib.gunicorn.SyncWorker -w 4 -b 127.0.0.1:6000 app:processor

``app:processor`` is a processor, or a call that gives one (``app:make()``). The workers:

- ``SyncWorker`` serves one connection after the other, each to its end.
- ``GThreadWorker`` serves as many connections at once as gunicorn's ``--threads``.
- ``GeventWorker`` serves ``--worker-connections`` at once, each in a greenlet.

Calls are binary over buffered transports. For others there are classes of your own::

    class FramedWorker(SyncWorker):
        thrift_transport_factory = "fastthrift.transport:TFramedTransportFactory"

and the command ``python -m fastthrift.contrib.gunicorn``, which takes the options of the package
``gunicorn_thrift``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastthrift.contrib.gunicorn._workers import GThreadWorker, SyncWorker

if TYPE_CHECKING:
    from fastthrift.contrib.gunicorn._gevent import GeventWorker

__all__ = ["GThreadWorker", "GeventWorker", "SyncWorker"]


def __getattr__(name: str) -> Any:
    # Importing it needs gevent.
    if name == "GeventWorker":
        from fastthrift.contrib.gunicorn._gevent import GeventWorker

        return GeventWorker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
