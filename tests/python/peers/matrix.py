"""The same servers made with thriftpy2 and with the package that has its modules.

::

    python -m peers.matrix fastthrift tls DIRECTORY

serves `IDL` with each protocol and transport and writes, as one line of JSON, by which arguments
clients reach each. The process ends when its standard input closes.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import threading
from pathlib import Path
from typing import Any

from peers.serve import end_with_parent

PATIENCE = 120_000  # milliseconds

IDL = """
enum Color { RED = 1, BLUE = 2 }
struct Point { 1: i32 x, 2: i32 y = 7 }
struct Everything {
    1: bool flag, 2: byte tiny, 3: i16 small, 4: i32 number, 5: i64 big, 6: double ratio,
    7: string text, 8: binary raw, 9: list<Point> points, 10: set<i64> numbers,
    11: map<string, list<i32>> table, 12: Point point, 13: Color color,
    14: map<Color, Point> colored,
}
exception Refused { 1: string reason, 2: Color color }
service Base { string name() }
service Matrix extends Base {
    Everything echo(1: Everything value) throws (1: Refused refused),
    i32 add(1: i32 a, 2: i32 b),
    void nothing(),
    oneway void note(1: string text),
    list<string> notes(),
}
"""

FIELDS: dict[str, Any] = {
    "flag": True, "tiny": -128, "small": -2, "number": 2**31 - 1, "big": -(2**63), "ratio": 0.1,
    "text": "Grüße 😀", "raw": bytes(range(256)), "numbers": [1, 2**40], "color": 2,
    "table": {"a": [1], "b": []},
}  # fmt: skip

PROTOCOLS = {
    "binary": "TBinaryProtocolFactory",
    "compact": "TCompactProtocolFactory",
    "json": "TJSONProtocolFactory",
}
TRANSPORTS = {"buffered": "TBufferedTransportFactory", "framed": "TFramedTransportFactory"}
SOCKETS = ("tcp", "unix", "tls")


class Package:
    """thriftpy2, or what has its modules."""

    def __init__(self, name: str) -> None:
        self.name = name
        root = importlib.import_module(name)
        self.protocol, self.transport, self.server, self.thrift, self.rpc = (
            importlib.import_module(f"{name}.{module}")
            for module in ("protocol", "transport", "server", "thrift", "rpc")
        )
        self.module = root.load_fp(io.StringIO(IDL), "compat_matrix_thrift")

    def factories(self, protocol: str, transport: str) -> tuple[Any, Any]:
        return (
            getattr(self.protocol, PROTOCOLS[protocol])(),
            getattr(self.transport, TRANSPORTS[transport])(),
        )

    def everything(self) -> Any:
        point = self.module.Point(3)
        return self.module.Everything(
            **FIELDS, points=[point, self.module.Point(4, 5)], point=point, colored={1: point}
        )


class Handler:
    def __init__(self, module: Any) -> None:
        self.module = module
        self.noted: list[str] = []

    def name(self) -> str:
        return "Matrix"

    def echo(self, value: Any) -> Any:
        if value.text == "refuse":
            raise self.module.Refused("as you like", 1)
        return value

    def add(self, a: int, b: int) -> int:
        return a + b

    def nothing(self) -> None:
        return None

    def note(self, text: str) -> None:
        self.noted.append(text)

    def notes(self) -> list[str]:
        return self.noted


def server_socket(package: Package, kind: str, directory: Path, name: str) -> Any:
    if kind == "unix":
        return package.transport.TServerSocket(
            unix_socket=str(directory / name), client_timeout=PATIENCE
        )
    if kind == "tls":
        return package.transport.TSSLServerSocket(
            "localhost", 0, client_timeout=PATIENCE, certfile=str(directory / "server.pem")
        )
    return package.transport.TServerSocket("localhost", 0, client_timeout=PATIENCE)


def start(
    package: Package, kind: str, protocol: str, transport: str, directory: Path
) -> dict[str, Any]:
    """Start a server in a thread; the arguments by which clients reach it."""
    trans = server_socket(package, kind, directory, f"{package.name}-{protocol}-{transport}")
    listening = threading.Event()
    listen = trans.listen

    def listen_and_tell() -> None:
        listen()
        listening.set()

    trans.listen = listen_and_tell
    protocol_factory, transport_factory = package.factories(protocol, transport)
    processor = package.thrift.TProcessor(package.module.Matrix, Handler(package.module))
    server = package.server.TThreadedServer(
        processor,
        trans,
        iprot_factory=protocol_factory,
        itrans_factory=transport_factory,
        daemon=True,
    )
    threading.Thread(target=server.serve, daemon=True).start()
    assert listening.wait(PATIENCE / 1000)
    if kind == "unix":
        return {"unix_socket": trans.unix_socket}
    address = {"host": "localhost", "port": trans.sock.getsockname()[1]}
    return {**address, "cafile": str(directory / "ca.pem")} if kind == "tls" else address


def main() -> None:
    name, kind, directory = sys.argv[1:]
    package = Package(name)
    addresses = {
        f"{protocol} {transport}": start(package, kind, protocol, transport, Path(directory))
        for protocol in PROTOCOLS
        for transport in TRANSPORTS
    }
    print(json.dumps(addresses), flush=True)
    end_with_parent()


if __name__ == "__main__":
    main()
