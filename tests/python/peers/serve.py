"""Serve ``peer.thrift`` with one of the implementations, in a process of its own.

::

    python -m peers.serve fastthrift compact framed

The port is the first line of the output; the process ends when its standard input closes, and
so with the process that started it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

from peers.handler import Handler

IDL = Path(__file__).parent / "peer.thrift"
PROTOCOLS = ("binary", "compact", "json", "apache_json")
TRANSPORTS = ("buffered", "framed")


def announce(port: int) -> None:
    print(port, flush=True)


def thriftpy_server(package: str, protocol: str, transport: str) -> Any:
    """A server of thriftpy2, or of the package that has the same modules."""
    root = importlib.import_module(package)
    protocols = importlib.import_module(f"{package}.protocol")
    transports = importlib.import_module(f"{package}.transport")
    servers = importlib.import_module(f"{package}.server")
    thrift = importlib.import_module(f"{package}.thrift")

    class ServerSocket(transports.TServerSocket):
        def listen(self) -> None:
            super().listen()
            announce(self.sock.getsockname()[1])

    module = root.load(str(IDL))
    handler = Handler(lambda name, **fields: getattr(module, name)(**fields))
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
    return servers.TThreadedServer(
        thrift.TProcessor(module.Peer, handler),
        ServerSocket("127.0.0.1", 0, client_timeout=None),
        iprot_factory=protocol_factory,
        itrans_factory=transport_factory,
        daemon=True,
    )


def apache_server(protocol: str, transport: str) -> Any:
    from thrift.server.TServer import TThreadedServer
    from thrift.transport.TSocket import TServerSocket
    from thrift.transport.TTransport import TBufferedTransportFactory, TFramedTransportFactory

    from peers import apache, reference

    class ServerSocket(TServerSocket):
        def listen(self) -> None:
            super().listen()
            announce(self.handle.getsockname()[1])

    module = reference.load(str(IDL))
    classes = apache.Classes()
    handler = Handler(lambda name, **fields: classes[getattr(module, name)](**fields))
    transports = {"buffered": TBufferedTransportFactory, "framed": TFramedTransportFactory}
    return TThreadedServer(
        apache.Processor(module.Peer, classes, handler),
        ServerSocket("127.0.0.1", 0),
        transports[transport](),
        apache.fastest_factory(protocol),
        daemon=True,
    )


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("implementation")
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("transport", choices=TRANSPORTS)
    arguments = parser.parse_args()
    if arguments.implementation == "apache":
        server = apache_server(arguments.protocol, arguments.transport)
    else:
        server = thriftpy_server(*vars(arguments).values())
    threading.Thread(target=end_with_parent, daemon=True).start()
    server.serve()


if __name__ == "__main__":
    main()
