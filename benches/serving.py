"""Time servers under load: this package's, thriftpy2's, thriftrs2's and Go's, in one run.

::

    cargo build --release --features server --bench callers
    python benches/serving.py                  # everything: some minutes
    python benches/serving.py --quick          # a first impression

Each server runs in a process of its own and is called by ``callers`` (``benches/callers.rs``): it
keeps so many connections, and on each sends the next call when the answer to the last has come and
was compared. The servers take turns. What counts is how the calls per second compare in one turn;
the table has the median of the turns.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
IDL = HERE / "cases" / "serving.thrift"
HOST = "127.0.0.1"
PATIENCE = 30

#: What each contestant is called, and how many processes it has.
CONTESTANTS = (
    "thriftpy2 TThreadedServer",
    "fastthrift TThreadedServer",
    "fastthrift TNonblockingServer",
    "thriftrs2",
    "Go TSimpleServer",
)
#: The calls, and how many connections make them.
CASES = (("add", 1), ("add", 64), ("add", 500), ("echo", 64))


class Handler:
    """What is called."""

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, people: Any) -> Any:
        return people


def serve(contestant: str, port: int) -> None:
    """Be the server."""
    if contestant == "thriftrs2":
        import thriftrs2

        module = thriftrs2.load(str(IDL))
        server = thriftrs2.make_server(
            module.Serving, Handler(), transport=thriftrs2.TransportType.Framed, workers=2
        )
        server.serve_forever(HOST, port)
        return
    package, server_class = contestant.split()
    library = importlib.import_module(package)
    module = library.load(str(IDL), module_name="serving_thrift")
    transport = importlib.import_module(f"{package}.transport")
    trans = transport.TServerSocket(HOST, port, client_timeout=None, backlog=1024)
    processor = importlib.import_module(f"{package}.thrift").TProcessor(module.Serving, Handler())
    protocol = importlib.import_module(f"{package}.protocol")
    make = getattr(importlib.import_module(f"{package}.server"), server_class)
    make(
        processor,
        trans,
        iprot_factory=protocol.TBinaryProtocolFactory(),
        itrans_factory=transport.TFramedTransportFactory(),
    ).serve()


@contextlib.contextmanager
def running(contestant: str) -> Iterator[int]:
    """A server that takes calls, at this port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", contestant, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with (
                contextlib.suppress(ConnectionRefusedError),
                socket.create_connection((HOST, port)),
            ):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{contestant} does not start")
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def messages() -> dict[str, tuple[bytes, bytes]]:
    """The bytes of each call and of its answer, as thriftpy2 writes them."""
    import thriftpy2
    from thriftpy2.protocol import TBinaryProtocol
    from thriftpy2.thrift import TMessageType
    from thriftpy2.transport import TMemoryBuffer

    module = thriftpy2.load(str(IDL), module_name="serving_thrift")
    people = [
        module.Person(
            id=number, name=f"Person {number}", email=f"{number}@example.com", tags=["x", "y"]
        )
        for number in range(100)
    ]
    service = module.Serving
    pairs = {
        "add": (service.add_args(a=40, b=2), service.add_result(success=42)),
        "echo": (service.echo_args(people=people), service.echo_result(success=people)),
    }

    def framed(name: str, kind: int, payload: Any) -> bytes:
        buffer = TMemoryBuffer()
        protocol = TBinaryProtocol(buffer)
        protocol.write_message_begin(name, kind, 0)
        payload.write(protocol)
        protocol.write_message_end()
        message = buffer.getvalue()
        return len(message).to_bytes(4, "big") + message

    return {
        name: (framed(name, TMessageType.CALL, call), framed(name, TMessageType.REPLY, result))
        for name, (call, result) in pairs.items()
    }


def callers() -> str:
    """The program that calls."""
    found = sorted((HERE.parent / "target/release/deps").glob("callers-*"), key=os.path.getmtime)
    programs = [path for path in found if os.access(path, os.X_OK) and not path.suffix]
    if not programs:
        raise SystemExit("cargo build --release --features server --bench callers")
    return str(programs[-1])


def measure(contestant: str, case: str, connections: int, seconds: float, files: Path) -> Any:
    with running(contestant) as port:
        command = [callers(), f"{HOST}:{port}", str(connections), str(seconds)]
        command += [str(files / f"{case}.call"), str(files / f"{case}.answer")]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE + seconds * 4
        )
    if done.returncode:
        return {"error": done.stderr.strip()[:200]}
    return json.loads(done.stdout)


def available(contestant: str) -> bool:
    package = contestant.split()[0]
    if package == "Go":
        return False
    return importlib.util.find_spec(package) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--serve", nargs=2, metavar=("CONTESTANT", "PORT"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], int(arguments.serve[1]))
        return
    turns, seconds = (3, 1.5) if arguments.quick else (5, 4.0)
    contestants = [name for name in CONTESTANTS if available(name)]
    if arguments.only:
        contestants = [name for name in contestants if any(word in name for word in arguments.only)]
    files = Path(tempfile.mkdtemp())
    try:
        for name, (call, answer) in messages().items():
            (files / f"{name}.call").write_bytes(call)
            (files / f"{name}.answer").write_bytes(answer)
        for case, connections in CASES:
            results: dict[str, list[Any]] = {name: [] for name in contestants}
            for _ in range(turns):
                for name in contestants:
                    results[name].append(measure(name, case, connections, seconds, files))
            print(f"{case} at {connections} connections")
            base = None
            for name in contestants:
                good = [result for result in results[name] if "error" not in result]
                if not good:
                    print(f"  {name:32} {results[name][0]['error']}")
                    continue
                rate = statistics.median(result["calls_per_second"] for result in good)
                median = statistics.median(result["median_us"] for result in good)
                late = statistics.median(result["p99_us"] for result in good)
                base = base or (rate, late)
                print(
                    f"  {name:32} {rate:9.0f}/s {rate / base[0]:6.2f}x"
                    f"  median {median:8.0f} us  p99 {late:8.0f} us ({late / base[1]:.2f})"
                )
    finally:
        shutil.rmtree(files)


if __name__ == "__main__":
    main()
