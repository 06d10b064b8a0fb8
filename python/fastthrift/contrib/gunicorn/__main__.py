"""``python -m fastthrift.contrib.gunicorn``: gunicorn with the options of ``gunicorn_thrift``."""

from __future__ import annotations

from typing import Any

import gunicorn.workers
from gunicorn import config
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.errors import ConfigError

from fastthrift.contrib.gunicorn._application import load_object
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


class OnTDecodeException(config.Setting):  # type: ignore[misc]
    name = "on_tdecode_exception"
    section = "Server Hooks"
    validator = config.validate_callable(1)
    type = callable
    default = None
    desc = "Called with the exception where an answer is not of its type."


class ServiceRegisterClass(config.Setting):  # type: ignore[misc]
    name = "service_register_cls"
    section = "Thrift"
    cli = ("--service-register-cls",)
    validator = config.validate_string
    default = ""
    desc = "The class that registers the service, as module:name."


class ServiceRegisterConf(config.Setting):  # type: ignore[misc]
    name = "service_register_conf"
    section = "Thrift"
    validator = config.validate_dict
    default: dict[str, Any] = {}  # noqa: RUF012 - gunicorn's way, and never changed
    desc = "What the class that registers the service is given."


class GeventCheckInterval(config.Setting):  # type: ignore[misc]
    name = "gevent_check_interval"
    section = "Thrift"
    cli = ("--gevent-check-interval",)
    validator = config.validate_pos_int
    type = int
    default = 0
    desc = "Seconds for which a greenlet may run before that is logged; 0 for any time."


class ThriftApplication(WSGIApplication):  # type: ignore[misc]
    """gunicorn, which registers its service first where a class is told that does it."""

    def load_config(self) -> None:
        """Raise ``ConfigError`` for settings that do not go together."""
        super().load_config()
        if self.cfg.gevent_check_interval and not hasattr(self.cfg.worker_class, "watch_greenlets"):
            raise ConfigError(
                f"gevent_check_interval is for the worker thriftpy_gevent, not for "
                f"{self.cfg.worker_class_str}"
            )

    def run(self) -> None:
        """Serve; the class of ``service_register_cls`` is told of each port before."""
        if self.cfg.service_register_cls:
            register = load_object(self.cfg.service_register_cls)
            self.service_watcher = register(self.cfg.service_register_conf, self)
            # As gunicorn_thrift has it. What has no port cannot be called from elsewhere.
            ports = [address[1] for address in self.cfg.address if isinstance(address, tuple)]
            self.service_watcher.register_instances(
                [{"port": {"main": port}, "meta": None, "state": "up"} for port in ports]
            )
        super().run()


def main() -> None:
    """Run gunicorn."""
    gunicorn.workers.SUPPORTED_WORKERS.update(WORKERS)
    config.WorkerClass.default = WORKERS["thriftpy_sync"]
    ThriftApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


if __name__ == "__main__":
    main()
