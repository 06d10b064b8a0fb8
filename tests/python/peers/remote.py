"""Servers in processes of their own, and clients of three implementations with one interface."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from support import children
from support.values import build_value, field_parts, flatten, flatten_value

from peers import apache, reference
from peers.serve import IDL

HOST = "127.0.0.1"


class Declared(Exception):
    """An exception that the IDL declares: its name and its plain fields."""

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        super().__init__(name, fields)
        self.name = name
        self.fields = fields


class Application(Exception):
    """A TApplicationException: its type and its text."""

    def __init__(self, kind: int, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


@contextlib.contextmanager
def serving(implementation: str, protocol: str, transport: str) -> Iterator[int]:
    """Start a server process; its port, once it listens."""
    command = [sys.executable, "-m", "peers.serve", implementation, protocol, transport]
    # The server's log stays out of the test's output; a failed start shows its standard error.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=children.environment(),
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.strip().isdigit(), f"{' '.join(command)} did not start"
        try:
            yield int(line)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=120)


class ThriftpyClient:
    """A client of thriftpy2, or of the package that has the same modules."""

    def __init__(
        self, package: str, protocol: str, transport: str, port: int, service: str, timeout: int
    ) -> None:
        self._thrift = importlib.import_module(f"{package}.thrift")
        protocols = importlib.import_module(f"{package}.protocol")
        transports = importlib.import_module(f"{package}.transport")
        module = importlib.import_module(package).load(str(IDL))
        self.service = getattr(module, service)
        protocol_factory = {
            "binary": protocols.TBinaryProtocolFactory,
            "compact": protocols.TCompactProtocolFactory,
            "json": protocols.TJSONProtocolFactory,
            "apache_json": protocols.TApacheJSONProtocolFactory,
        }[protocol]()
        transport_factory = {
            "buffered": transports.TBufferedTransportFactory,
            "framed": transports.TFramedTransportFactory,
        }[transport]()
        self.client = importlib.import_module(f"{package}.rpc").make_client(
            self.service,
            HOST,
            port,
            proto_factory=protocol_factory,
            trans_factory=transport_factory,
            timeout=timeout,
        )
        self.close = self.client.close

    def call(self, method: str, *plain: Any) -> Any:
        """Call with plain arguments; the plain result, or `Declared` or `Application`."""
        try:
            result = self.prepare(method, *plain)()
        except self._thrift.TApplicationException as error:
            raise Application(error.type, str(error)) from error
        except self._thrift.TException as error:
            if hasattr(type(error), "thrift_spec") and type(error).__name__[0] != "T":
                raise Declared(type(error).__name__, flatten(error)) from error
            raise
        success = getattr(self.service, f"{method}_result").thrift_spec.get(0)
        if success is None:
            return result
        ttype, _, spec = field_parts(success)
        return flatten_value(ttype, spec, result)

    def prepare(self, method: str, *plain: Any) -> Callable[[], Any]:
        """A function that makes the call, its arguments already objects of this library."""
        specs = getattr(self.service, f"{method}_args").thrift_spec.values()
        arguments = []
        for entry, value in zip(specs, plain, strict=True):
            ttype, _, spec = field_parts(entry)
            arguments.append(build_value(ttype, spec, value))
        return partial(getattr(self.client, method), *arguments)


class ApacheClient:
    """A client of Apache Thrift's Python library."""

    def __init__(
        self, protocol: str, transport: str, port: int, service: str, timeout: int
    ) -> None:
        from thrift.transport.TSocket import TSocket
        from thrift.transport.TTransport import TBufferedTransport, TFramedTransport

        self._service = getattr(reference.load(str(IDL)), service)
        self._classes = apache.Classes()
        socket = TSocket(HOST, port)
        socket.setTimeout(timeout)
        wrap = {"buffered": TBufferedTransport, "framed": TFramedTransport}[transport]
        self._transport = wrap(socket)
        self._transport.open()
        self.close = self._transport.close
        self.client = apache.Client(
            self._service,
            self._classes,
            apache.fastest_factory(protocol).getProtocol(self._transport),
        )

    def call(self, method: str, *plain: Any) -> Any:
        try:
            result = self.prepare(method, *plain)()
        except apache.TApplicationException as error:
            raise Application(error.type, str(error)) from error
        except apache.TExceptionBase as error:
            raise Declared(type(error).__name__, apache.flatten(error)) from error
        success = getattr(self._service, f"{method}_result").thrift_spec.get(0)
        if success is None:
            return result
        ttype, _, spec = field_parts(success)
        return apache.flatten_value(ttype, spec, result)

    def prepare(self, method: str, *plain: Any) -> Callable[[], Any]:
        specs = getattr(self._service, f"{method}_args").thrift_spec.values()
        arguments = {}
        for entry, value in zip(specs, plain, strict=True):
            ttype, name, spec = field_parts(entry)
            arguments[name] = self._classes.build_value(ttype, spec, value)
        return partial(self.client.call, method, **arguments)


@contextlib.contextmanager
def connected(
    implementation: str,
    protocol: str,
    transport: str,
    port: int,
    *,
    service: str = "Peer",
    timeout: int = 120_000,
) -> Iterator[ThriftpyClient | ApacheClient]:
    """A client of `implementation`, closed at the end."""
    client: ThriftpyClient | ApacheClient
    if implementation == "apache":
        client = ApacheClient(protocol, transport, port, service, timeout)
    else:
        client = ThriftpyClient(implementation, protocol, transport, port, service, timeout)
    with contextlib.closing(client):
        yield client
