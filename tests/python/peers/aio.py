"""thriftpy2, or a package with its modules, as server or client in a process of its own.

``python -m peers.aio serve PACKAGE sync|aio DIRECTORY`` serves every dialect over TCP, a unix
socket and TLS, prints the addresses as one line of JSON and ends with its standard input.

``python -m peers.aio call PACKAGE sync|aio`` reads addresses from its standard input, talks to
each of them and prints what it was answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import sys
import threading
import warnings

from support.aio import PROTOCOLS, TRANSPORTS, Handler, SyncHandler, aio_factories, load

NETWORKS = ("tcp", "unix", "tls")

# An item with something of every type.
ITEM = {
    "name": "crate \u2603",
    "number": -5,
    "tags": ["a", "", "c" * 300],
    "counts": {"x": 1, "y": -1},
    "raw": b"\x00\xff",
    "parts": [{"name": "inner", "flag": False, "parts": []}, {}],
    "flag": True,
    "weight": -0.5,
}


def make_item(module, fields):
    fields = dict(fields)
    if "parts" in fields:
        fields["parts"] = [make_item(module, part) for part in fields["parts"]]
    return module.Item(**fields)


def plain(value):
    """A value as JSON can show it."""
    if hasattr(value, "thrift_spec"):
        return {name: plain(item) for name, item in vars(value).items() if item is not None}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


async def converse(module, client, blind_to_maps=False):
    """Make calls; `client` may be of either kind. Gives what came back, as JSON can show it.

    `blind_to_maps`: the server is thriftpy2's for asyncio, to which every compact map is empty.
    """

    async def call(name, *args):
        try:
            result = getattr(client, name)(*args)
            return plain(await result if hasattr(result, "__await__") else result)
        except (module.Missing, module.Refused) as error:
            return [type(error).__name__, plain(error)]

    fields = dict(ITEM)
    if blind_to_maps:
        del fields["counts"]
    answers = {
        "inherited": await call("whoami"),
        "add": await call("add", 2**31 - 2, 1),
        "echo": await call("echo", "snow \u2603"),
        "blob": await call("blob", bytes(range(256)) * 300),
        "item": await call("item", make_item(module, fields)),
        "counted": await call("counted", 40),
        "flags": await call("flags", [True, False] * 9),
        "check": [await call("check", code) for code in (0, 1, 2)],
        "nothing": await call("nothing"),
        "note": await call("note", "noted"),
        "notes": await call("notes"),
        "many": [await call("add", number, number) for number in range(50)],
    }
    if not blind_to_maps:
        answers["total"] = await call("total", {"one": 1, "two": 2})
    return answers


async def expected(blind_to_maps=False):
    """What `converse` gives when nothing is lost on the way."""

    class Direct:
        """Calls the handler without any wire."""

        def __init__(self, module):
            self.handler = SyncHandler(module)

        def __getattr__(self, name):
            return getattr(self.handler, name)

    module = load()
    return await converse(module, Direct(module), blind_to_maps)


def sync_factories(package, protocol, transport):
    protocols = importlib.import_module(f"{package}.protocol")
    transports = importlib.import_module(f"{package}.transport")
    return (
        getattr(protocols, f"T{protocol.title()}ProtocolFactory")(),
        getattr(transports, f"T{transport.title()}TransportFactory")(),
    )


def places(directory):
    """The name and the place of every server: what its socket is made with."""
    certfile = os.path.join(directory, "server.pem")
    for protocol in PROTOCOLS:
        for transport in TRANSPORTS:
            for network in NETWORKS:
                place = {"host": "127.0.0.1", "port": 0}
                if network == "unix":
                    place = {"unix_socket": os.path.join(directory, f"{protocol}-{transport}")}
                elif network == "tls":
                    place["certfile"] = certfile
                yield f"{protocol}-{transport}-{network}", protocol, transport, place


def address_of(place, sock):
    if "unix_socket" in place:
        return place
    return {"host": "127.0.0.1", "port": sock.getsockname()[1]}


def serve_sync(package, directory):
    servers = importlib.import_module(f"{package}.server")
    thrift = importlib.import_module(f"{package}.thrift")
    transports = importlib.import_module(f"{package}.transport")
    module = load(package)
    addresses = {}
    for name, protocol, transport, place in places(directory):
        kind = transports.TSSLServerSocket if "certfile" in place else transports.TServerSocket
        listening = kind(**place, client_timeout=None)
        listening.listen()
        # `serve` listens once more, which has no meaning for these.
        listening.listen = lambda: None
        addresses[name] = address_of(place, listening.sock)
        protocols, buffers = sync_factories(package, protocol, transport)
        processor = thrift.TProcessor(module.Calls, SyncHandler(module))
        server = servers.TThreadedServer(
            processor, listening, iprot_factory=protocols, itrans_factory=buffers, daemon=True
        )
        threading.Thread(target=server.serve, daemon=True).start()
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
    os._exit(0)


def serve_aio(package, directory):
    server_module = importlib.import_module(f"{package}.contrib.aio.server")
    processors = importlib.import_module(f"{package}.contrib.aio.processor")
    sockets = importlib.import_module(f"{package}.contrib.aio.socket")
    module = load(package)
    loop = asyncio.new_event_loop()
    addresses = {}
    for name, protocol, transport, place in places(directory):
        factories = aio_factories(protocol, transport, package)
        listening = sockets.TAsyncServerSocket(**place, client_timeout=None)
        server = server_module.TAsyncServer(
            processors.TAsyncProcessor(module.Calls, Handler(module)),
            listening,
            iprot_factory=factories["proto_factory"],
            itrans_factory=factories["trans_factory"],
            loop=loop,
        )
        server.init_server()
        addresses[name] = address_of(place, listening.raw_sock)
    print(json.dumps(addresses), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    loop.run_forever()


async def call_all(package, kind):
    request = json.load(sys.stdin)
    module = load(package)
    answers, clients = {}, []
    for name, address in request.items():
        protocol, transport, _ = name.split("-")
        if kind == "aio":
            rpc = importlib.import_module(f"{package}.contrib.aio.rpc")
            client = await rpc.make_client(
                module.Calls, **aio_factories(protocol, transport, package), **address
            )
        else:
            rpc = importlib.import_module(f"{package}.rpc")
            protocols, buffers = sync_factories(package, protocol, transport)
            client = rpc.make_client(
                module.Calls, proto_factory=protocols, trans_factory=buffers, **address
            )
        answers[name] = await converse(module, client)
        # Not closed: thriftpy2 closes the descriptor while the event loop still watches it, and
        # the next connection, which gets the same number, then waits in vain.
        clients.append(client)
    print(json.dumps(answers), flush=True)
    os._exit(0)


def main():
    warnings.simplefilter("ignore")
    action, package, kind, *rest = sys.argv[1:]
    if action == "call":
        asyncio.run(call_all(package, kind))
    else:
        {"sync": serve_sync, "aio": serve_aio}[kind](package, *rest)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
