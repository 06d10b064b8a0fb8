"""The peer of Apache Thrift's Python library, with code that its compiler generated.

apache.py serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
apache.py call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES

INTEROP_CODEC names the package that has the protocols, as fastthrift.contrib.apache has.
"""

from __future__ import annotations

import os
import ssl
import sys
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

import handling
from interop import ttypes
from thrift import TMultiplexedProcessor
from thrift.protocol import THeaderProtocol, TJSONProtocol, TMultiplexedProtocol
from thrift.server import THttpServer, TServer
from thrift.Thrift import TApplicationException
from thrift.transport import THttpClient, TSocket, TSSLSocket, TTransport, TZlibTransport

try:  # Of ids.thrift, where the compiler knows `uuid`.
    from ids import IdPeer as Served
    from ids import LaterIdPeer as Called
    from ids.ttypes import Ids
except ImportError:
    from interop import LaterPeer as Called
    from interop import Peer as Served

CODEC = os.environ.get("INTEROP_CODEC", "thrift")
TBinaryProtocol = import_module(f"{CODEC}.protocol.TBinaryProtocol")
TCompactProtocol = import_module(f"{CODEC}.protocol.TCompactProtocol")
CERTIFICATES = Path(os.environ.get("INTEROP_CERTIFICATES", "."))
TIMEOUT = int(os.environ.get("INTEROP_TIMEOUT", "120000"))
PROTOCOLS = {
    "binary": TBinaryProtocol.TBinaryProtocolAcceleratedFactory(fallback=False),
    "compact": TCompactProtocol.TCompactProtocolAcceleratedFactory(fallback=False),
    "json": TJSONProtocol.TJSONProtocolFactory(),
}


class ZlibFactory:
    def getTransport(self, trans: Any) -> Any:
        return TZlibTransport.TZlibTransport(trans)


TRANSPORTS = {
    "buffered": TTransport.TBufferedTransportFactory(),
    "framed": TTransport.TFramedTransportFactory(),
    "zlib": ZlibFactory(),
    "header": TTransport.TTransportFactoryBase(),
    "http": TTransport.TTransportFactoryBase(),
}


def protocol_factory(protocol: str, transport: str) -> Any:
    if transport != "header":
        return PROTOCOLS[protocol]
    kinds = THeaderProtocol.THeaderSubprotocolID
    default = kinds.COMPACT if protocol == "compact" else kinds.BINARY
    return THeaderProtocol.THeaderProtocolFactory((kinds.BINARY, kinds.COMPACT), default)


def serve(protocol: str, transport: str, socket: str, service: str, address: str) -> None:
    processor: Any = Served.Processor(handling.Handler(ttypes))
    if service != "-":
        several = TMultiplexedProcessor.TMultiplexedProcessor()
        several.registerProcessor(service, processor)
        processor = several
    protocols = protocol_factory(protocol, transport)
    if transport == "http":
        files = {}
        if socket == "tls":
            files = dict.fromkeys(("cert_file", "key_file"), str(CERTIFICATES / "server.pem"))
        place = ("127.0.0.1", int(address))
        THttpServer.THttpServer(processor, place, protocols, **files).serve()
        return
    if socket == "unix":
        listening = TSocket.TServerSocket(unix_socket=address)
    elif socket == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "server.pem")
        listening = TSSLSocket.TSSLServerSocket("127.0.0.1", int(address), ssl_context=context)
    else:
        listening = TSocket.TServerSocket("127.0.0.1", int(address))
    TServer.TThreadedServer(processor, listening, TRANSPORTS[transport], protocols).serve()


class Client(Called.Client):
    def __init__(self, protocol: str, transport: str, socket: str, service: str, address: str):
        if transport == "http" and socket == "tls":
            context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
            place = f"https://127.0.0.1:{address}/"
            lowest = THttpClient.THttpClient(place, ssl_context=context)
        elif transport == "http":
            lowest = THttpClient.THttpClient(f"http://127.0.0.1:{address}/")
        elif socket == "unix":
            lowest = TSocket.TSocket(unix_socket=address)
        elif socket == "tls":
            context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
            lowest = TSSLSocket.TSSLSocket("127.0.0.1", int(address), ssl_context=context)
        else:
            lowest = TSocket.TSocket("127.0.0.1", int(address))
        if transport != "http":
            lowest.setTimeout(TIMEOUT)
        self.transport = TRANSPORTS[transport].getTransport(lowest)
        made = protocol_factory(protocol, transport).getProtocol(self.transport)
        if service != "-":
            made = TMultiplexedProtocol.TMultiplexedProtocol(made, service)
        super().__init__(made)
        self.transport.open()

    def close(self) -> None:
        self.transport.close()

    def id_of(self, data: bytes) -> bytes:
        """The bytes of a uuid that comes back."""
        answer: uuid.UUID = self.echoId(uuid.UUID(bytes=data))
        return answer.bytes

    def ids_of(self, data: bytes) -> bytes:
        """The struct Ids that comes back; both in binary."""
        ids = Ids()
        ids.read(PROTOCOLS["binary"].getProtocol(TTransport.TMemoryBuffer(data)))
        buffer = TTransport.TMemoryBuffer()
        self.echoIds(ids).write(PROTOCOLS["binary"].getProtocol(buffer))
        written: bytes = buffer.getvalue()
        return written

    def pipelined(self, count: int) -> int:
        for number in range(1, count + 1):
            self.send_echoNumber(number)
        return sum(self.recv_echoNumber() for _ in range(count))


def main(verb: str, *dialect: str) -> None:
    if verb == "serve":
        serve(*dialect)
        return
    *dialect_of_calls, given, written = dialect
    cases = ttypes.Cases()
    buffer = TTransport.TMemoryBuffer(Path(given).read_bytes())
    cases.read(PROTOCOLS["binary"].getProtocol(buffer))
    outcomes = handling.run(
        cases.cases, ttypes, TApplicationException, lambda: Client(*dialect_of_calls)
    )
    buffer = TTransport.TMemoryBuffer()
    ttypes.Outcomes(list(outcomes)).write(PROTOCOLS["binary"].getProtocol(buffer))
    Path(written).write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main(*sys.argv[1:])
