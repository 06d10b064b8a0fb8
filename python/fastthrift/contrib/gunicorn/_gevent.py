"""The worker for gevent."""

from __future__ import annotations

import gevent
from gunicorn.workers.ggevent import GeventWorker as GunicornsGeventWorker

from fastthrift.contrib.gunicorn._workers import ThriftWorker


class GeventWorker(ThriftWorker, GunicornsGeventWorker):  # type: ignore[misc]
    """Serves ``--worker-connections`` connections at once, each in a greenlet."""

    def run(self) -> None:
        """Serve until gunicorn wants the worker to end."""
        interval = self.setting("gevent_check_interval")
        if interval:
            self.watch_greenlets(interval)
        super().run()

    def watch_greenlets(self, interval: float) -> None:
        """Write a report to standard error where a greenlet keeps the others waiting for
        ``interval`` seconds."""
        gevent.config.max_blocking_time = interval
        gevent.config.monitor_thread = True
        gevent.get_hub().start_periodic_monitoring_thread()

    def room(self) -> int:
        """What gunicorn allows."""
        return int(self.worker_connections)
