"""The peer of thriftpy2, and of fastthrift, which has the same modules.

    thriftpy.py PACKAGE[/KIND] serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
    thriftpy.py PACKAGE[/KIND] call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES

KIND is of the server, and of the client: threaded (where none is said), native or aio. IDL names
another file than peer.thrift, or ids.thrift, which is fastthrift's: it knows uuid.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import uuid
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import handling

FOLDER = Path(__file__).parents[1]
CERTIFICATES = Path(os.environ.get("INTEROP_CERTIFICATES", "."))
TIMEOUT = int(os.environ.get("INTEROP_TIMEOUT", "120000"))


class Parts:
    """The package's parts for a dialect."""

    def __init__(self, package: str, protocol: str, transport: str) -> None:
        self.package = package
        known = "ids.thrift" if package == "fastthrift" else "peer.thrift"
        loaded = self.load(os.environ.get("IDL", known))
        #: Of ids.thrift, or None.
        self.ids = loaded if hasattr(loaded, "IdPeer") else None
        self.types = loaded.peer if self.ids else loaded
        self.service = loaded.IdPeer if self.ids else loaded.Peer
        self.prefix = "contrib.aio." if kind == "aio" else ""
        protocols = {
            "binary": (f"{self.prefix}protocol", "BinaryProtocolFactory"),
            "compact": (f"{self.prefix}protocol", "CompactProtocolFactory"),
            "json": (f"{self.prefix}protocol.apache_json", "ApacheJSONProtocolFactory"),
        }
        transports = {
            "buffered": (f"{self.prefix}transport", "BufferedTransportFactory"),
            "framed": (f"{self.prefix}transport", "FramedTransportFactory"),
            "http": (f"{self.prefix}transport", "BufferedTransportFactory"),
            "zlib": (f"{self.prefix}transport", "ZlibTransportFactory"),
        }
        if transport == "header":
            self.protocol = self.made(f"{self.prefix}protocol", "HeaderProtocolFactory")
            kinds = self.module("transport.header").THeaderSubprotocolID
            default = kinds.COMPACT if protocol == "compact" else kinds.BINARY
            self.transport = self.made(
                f"{self.prefix}transport", "HeaderTransportFactory", default_protocol=default
            )
            return
        self.protocol = self.made(*protocols[protocol])
        self.transport = self.made(*transports[transport])

    def load(self, name: str) -> Any:
        return import_module(self.package).load(str(FOLDER / name), "interop_thrift")

    def module(self, name: str) -> Any:
        return import_module(f"{self.package}.{name}")

    def made(self, module: str, name: str, **options: Any) -> Any:
        if self.prefix and module == "contrib.aio.protocol.apache_json":
            module = "contrib.aio.protocol"
        name = f"TAsync{name}" if self.prefix else f"T{name}"
        return getattr(self.module(module), name)(**options)


def serve(parts: Parts, transport: str, socket: str, service: str, address: str) -> None:
    aio = kind == "aio"
    handler: Any = handling.Handler(parts.types)
    if "IDS" in os.environ:
        handler.evolve = with_ids
    if aio:
        handler = Awaited(handler)
        processors = parts.module("contrib.aio.processor")
    else:
        processors = parts.module("thrift")
    name = "TAsync" if aio else "T"
    processor = getattr(processors, f"{name}Processor")(parts.service, handler)
    if service != "-":
        several = getattr(processors, f"{name}MultiplexedProcessor")()
        several.register_processor(service, processor)
        processor = several
    # A machine may be slow. thriftpy2 has no such limit.
    timeouts: Any = {"message_timeout": None} if package == "fastthrift" else {}
    factories: Any = {"itrans_factory": parts.transport, "iprot_factory": parts.protocol}
    if transport == "http":
        place = ("127.0.0.1", int(address))
        context = None
        if socket == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "server.pem")
        if aio:
            server = parts.module("contrib.aio.http").TAsyncHttpServer(
                processor,
                *place,
                iprot_factory=parts.protocol,
                ssl_context=context,
                **timeouts,
            )
            asyncio.run(server.serve())
        else:
            from http.server import ThreadingHTTPServer

            server = parts.module("http").THttpServer(
                processor, place, **factories, **timeouts, server_class=ThreadingHTTPServer
            )
            if context is not None:
                server.httpd.socket = context.wrap_socket(
                    server.httpd.socket, server_side=True, do_handshake_on_connect=False
                )
            server.serve()
        return
    options: Any = {"client_timeout": None, **timeouts}
    if socket == "unix":
        options["unix_socket"] = address
    else:
        options.update(host="127.0.0.1", port=int(address))
    if socket == "tls":
        options["certfile"] = str(CERTIFICATES / "server.pem")
    if aio:
        server = parts.module("contrib.aio.server").TAsyncServer(
            processor, parts.module("contrib.aio.socket").TAsyncServerSocket(**options), **factories
        )
        asyncio.run(server.serve_forever())
        return
    sockets = parts.module("transport")
    listening = (sockets.TSSLServerSocket if socket == "tls" else sockets.TServerSocket)(**options)
    servers = parts.module("server")
    made = servers.TNonblockingServer if kind == "native" else servers.TThreadedServer
    made(processor, listening, **factories).serve()


def with_ids(versioned: Any, *more: Any) -> Any:
    """What the newer service answers where its client can skip uuids."""
    some = [uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1)]
    versioned.id, versioned.ids, versioned.idSet = some[0], some, some
    versioned.byId, versioned.deepIds = {some[1]: "last"}, {"": [some, []]}
    return versioned


class Awaited:
    """A handler with coroutines for methods."""

    def __init__(self, handler: handling.Handler) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._handler, name)

        async def call(*arguments: Any) -> Any:
            return method(*arguments)

        return call


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")


class Client:
    def __init__(self, parts: Parts, transport: str, socket: str, service: str, address: str):
        protocol = parts.protocol
        if service != "-":
            protocol = parts.module("protocol").TMultiplexedProtocolFactory(protocol, service)
        options: Any = {"proto_factory": protocol, "timeout": TIMEOUT}
        if socket == "unix":
            options["unix_socket"] = address
        else:
            options.update(host="127.0.0.1", port=int(address))
        if socket == "tls" and transport == "http":
            options["scheme"] = "https"
            if parts.prefix:
                options["ssl_context"] = trusting()
            else:
                options["ssl_context_factory"] = trusting
        elif socket == "tls":
            options["cafile"] = str(CERTIFICATES / "ca.pem")
        if transport == "http":
            module = "http"
        else:
            module, options["trans_factory"] = "rpc", parts.transport
        later = parts.ids.LaterIdPeer if parts.ids else parts.types.LaterPeer
        made = parts.module(f"{parts.prefix}{module}").make_client(later, **options)
        self._loop = asyncio.new_event_loop() if parts.prefix else None
        self._client = self._loop.run_until_complete(made) if self._loop else made
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if self._loop is None:
            return method
        loop = self._loop
        return lambda *arguments: loop.run_until_complete(method(*arguments))

    def close(self) -> None:
        self._client.close()
        if self._loop is not None:
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def id_of(self, data: bytes) -> bytes:
        """The bytes of a uuid that comes back."""
        answer: uuid.UUID = self.echoId(uuid.UUID(bytes=data))
        return answer.bytes

    def ids_of(self, data: bytes) -> bytes:
        """The struct Ids that comes back; both in binary."""
        utils, ids = self._parts.module("utils"), self._parts.ids
        written: bytes = utils.serialize(self.echoIds(utils.deserialize(ids.Ids(), data)))
        return written

    def pipelined(self, count: int) -> int:
        if self._loop is not None:
            calls = (self._client.echoNumber(number) for number in range(1, count + 1))

            async def together() -> int:
                return sum(await asyncio.gather(*calls))

            return self._loop.run_until_complete(together())
        for number in range(1, count + 1):
            self._client._send("echoNumber", v=number)
        return sum(self._client._recv("echoNumber") for _ in range(count))


def main(package: str, verb: str, protocol: str, *rest: str) -> None:
    parts = Parts(package, protocol, rest[0])
    if verb == "serve":
        serve(parts, *rest)
        return
    *dialect, given, written = rest
    utils, types = parts.module("utils"), parts.types
    if not hasattr(types, "Cases"):
        raise SystemExit(f"{sys.argv[0]}: only peer.thrift has cases")
    cases = utils.deserialize(types.Cases(), Path(given).read_bytes())
    application = parts.module("thrift").TApplicationException
    outcomes = handling.run(cases.cases, types, application, partial(Client, parts, *dialect))
    answer = types.Outcomes(outcomes=list(outcomes))
    Path(written).write_bytes(utils.serialize(answer))


package, _, kind = sys.argv[1].partition("/")
if __name__ == "__main__":
    main(package, *sys.argv[2:])
