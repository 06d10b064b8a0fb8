"""The worker for gevent."""

from __future__ import annotations

from gunicorn.workers.ggevent import GeventWorker as GunicornsGeventWorker

from fastthrift.contrib.gunicorn._workers import ThriftWorker


class GeventWorker(ThriftWorker, GunicornsGeventWorker):  # type: ignore[misc]
    """Serves ``--worker-connections`` connections at once, each in a greenlet."""

    def room(self) -> int:
        """What gunicorn allows."""
        return int(self.worker_connections)
