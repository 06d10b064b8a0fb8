"""``python -m fastthrift.contrib.gunicorn``: gunicorn with the options of ``gunicorn_thrift``."""

from __future__ import annotations

import gunicorn.workers
from gunicorn import config
from gunicorn.app.wsgiapp import WSGIApplication

from fastthrift.contrib.gunicorn._workers import ThriftWorker

_ROOM = "fastthrift.contrib.gunicorn"

# What gunicorn_thrift calls its workers, and what gunicorn calls its own of the same kinds.
WORKERS = {
    "thriftpy_sync": f"{_ROOM}.SyncWorker",
    "thriftpy_gthread": f"{_ROOM}.GThreadWorker",
    "thriftpy_gevent": f"{_ROOM}.GeventWorker",
}


class ThriftTransportFactory(config.Setting):  # type: ignore[misc]
    name = "thrift_transport_factory"
    section = "Thrift"
    cli = ("--thrift-transport-factory",)
    validator = config.validate_string
    default = ThriftWorker.thrift_transport_factory
    desc = "The class of the transport factory, as module:name."


class ThriftProtocolFactory(config.Setting):  # type: ignore[misc]
    name = "thrift_protocol_factory"
    section = "Thrift"
    cli = ("--thrift-protocol-factory",)
    validator = config.validate_string
    default = ThriftWorker.thrift_protocol_factory
    desc = "The class of the protocol factory, as module:name."


class ThriftClientTimeout(config.Setting):  # type: ignore[misc]
    name = "thrift_client_timeout"
    section = "Thrift"
    cli = ("--thrift-client-timeout",)
    validator = config.validate_pos_int
    type = int
    default = 0
    desc = "Seconds after which a client that says nothing is closed; 0 for never."


class ThriftProcessorAsFactory(config.Setting):  # type: ignore[misc]
    name = "thrift_processor_as_factory"
    section = "Thrift"
    cli = ("--thrift-processor-as-factory",)
    validator = config.validate_bool
    action = "store_true"
    default = False
    desc = "Serve what get_processor() of the application returns, in each worker."


class OnConnected(config.Setting):  # type: ignore[misc]
    name = "on_connected"
    section = "Server Hooks"
    validator = config.validate_callable(2)
    type = callable
    default = staticmethod(lambda worker, address: None)
    desc = "Called with the worker and the address of a client that has connected."


class PostConnectClosed(config.Setting):  # type: ignore[misc]
    name = "post_connect_closed"
    section = "Server Hooks"
    validator = config.validate_callable(1)
    type = callable
    default = staticmethod(lambda worker: None)
    desc = "Called with the worker when a connection has ended."


class WorkerTerm(config.Setting):  # type: ignore[misc]
    name = "worker_term"
    section = "Server Hooks"
    validator = config.validate_callable(1)
    type = callable
    default = staticmethod(lambda worker: None)
    desc = "Called with the worker that has received SIGTERM."


def main() -> None:
    """Run gunicorn."""
    gunicorn.workers.SUPPORTED_WORKERS.update(WORKERS)
    config.WorkerClass.default = WORKERS["thriftpy_sync"]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


if __name__ == "__main__":
    main()
