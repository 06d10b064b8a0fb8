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

GO = "Go TSimpleServer"
TWO_WORKERS = "fastthrift TNonblockingServer, two workers"
#: What each contestant is called.
CONTESTANTS = (
    "thriftpy2 TThreadedServer",
    "fastthrift TThreadedServer",
    "fastthrift TNonblockingServer",
    TWO_WORKERS,
    "thriftrs2",
    GO,
)
REPORT = HERE.parent / "docs" / "benchmarks-serving.md"
INTRODUCTION = (
    "# Servers under load",
    "",
    "    make bench-serving",
    "",
    "Framed binary over TCP on one machine, which has two CPUs; each server is one process, but",
    "for that with two workers, which are processes that accept connections of one socket. Each",
    "connection sends the next call when the answer to the last has come and was compared",
    "(`benches/callers.rs`). The servers take turns; the figures are medians of the turns. `add`",
    "adds two integers, `echo` gives back a list of 100 structs of four fields.",
    "",
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
def running(contestant: str, program: Path | None) -> Iterator[int]:
    """A server that takes calls, at this port; ``program`` is the one in Go."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", contestant, str(port)]
    if contestant == GO:
        command = [str(program), f"{HOST}:{port}"]
    if contestant == TWO_WORKERS:
        command = [sys.executable, "-m", "fastthrift", "serve", "serving:Handler", "--workers", "2"]
        command += ["--idl", str(IDL), "--bind", f"{HOST}:{port}", "--transport", "framed"]
        command += ["--protocol", "binary"]
    process = subprocess.Popen(
        command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
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
        # Workers end with their parent.
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


def program_that_calls() -> str:
    """The program that calls, as it was built last."""
    found = sorted((HERE.parent / "target/release/deps").glob("callers-*"), key=os.path.getmtime)
    programs = [path for path in found if os.access(path, os.X_OK) and not path.suffix]
    if not programs:
        raise SystemExit("cargo build --release --features server --bench callers")
    return str(programs[-1])


def measure(contestant: str, case: str, connections: int, seconds: float, files: Path) -> Any:
    """What ``callers`` say of one server."""
    with running(contestant, files / "serving-go") as port:
        command = [program_that_calls(), f"{HOST}:{port}", str(connections), str(seconds)]
        command += [str(files / f"{case}.call"), str(files / f"{case}.answer")]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE + seconds * 4
        )
    if done.returncode:
        return {"error": done.stderr.strip()[:200]}
    return json.loads(done.stdout)


def build_go(folder: Path) -> Path | None:
    """The server in Go, by Debian's packages golang-go, golang-thrift-dev and thrift-compiler; None
    where they are not there."""
    library = Path("/usr/share/gocode")
    if not (shutil.which("go") and shutil.which("thrift") and library.exists()):
        return None
    source = folder / "src"
    source.mkdir()
    options = "go:thrift_import=github.com/apache/thrift/lib/go/thrift"
    subprocess.run(["thrift", "--gen", options, "-out", str(source), str(IDL)], check=True)
    program = folder / "serving-go"
    environment = {**os.environ, "GOPATH": f"{folder}:{library}", "GO111MODULE": "off"}
    peer = str(HERE / "peers" / "serving.go")
    subprocess.run(["go", "build", "-o", str(program), peer], check=True, env=environment)
    return program


def table(rows: dict[tuple[str, int], dict[str, list[Any]]]) -> Iterator[str]:
    """The results as Markdown, each rate as the median of how it compares in one turn."""
    yield "| calls, connections | server | calls per second | to thriftpy2's | median | 99 % |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for (case, connections), results in rows.items():
        base = results[CONTESTANTS[0]]
        for name, turns in results.items():
            if any("error" in turn for turn in turns):
                yield f"| {case}, {connections} | {name} | failed | | | |"
                continue

            def median(key: str, turns: list[Any] = turns) -> float:
                return statistics.median(turn[key] for turn in turns)

            pairs = zip(turns, base, strict=True)
            ratio = statistics.median(
                turn["calls_per_second"] / other["calls_per_second"] for turn, other in pairs
            )
            yield (
                f"| {case}, {connections} | {name} | {median('calls_per_second'):,.0f} "
                f"| {ratio:.2f} | {median('median_us') / 1000:.2f} ms "
                f"| {median('p99_us') / 1000:.1f} ms |"
            )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--serve", nargs=2, metavar=("CONTESTANT", "PORT"))
    parser.add_argument("--quick", action="store_true", help="little time, and no page")
    parser.add_argument("--only", nargs="*", help="contestants whose names have these words")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], int(arguments.serve[1]))
        return
    turns, seconds = (3, 1.5) if arguments.quick else (7, 3.0)
    rows: dict[tuple[str, int], dict[str, list[Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        files = Path(name)
        there = {GO} if build_go(files) else set()
        there |= {name for name in CONTESTANTS if importlib.util.find_spec(name.split()[0])}
        wanted = arguments.only or [""]
        contestants = [
            name
            for name in CONTESTANTS
            if name in there and (name == CONTESTANTS[0] or any(word in name for word in wanted))
        ]
        for name, (call, answer) in messages().items():
            (files / f"{name}.call").write_bytes(call)
            (files / f"{name}.answer").write_bytes(answer)
        for case, connections in CASES:
            results = rows[case, connections] = {name: [] for name in contestants}
            for _ in range(turns):
                for name in contestants:
                    results[name].append(measure(name, case, connections, seconds, files))
            print(*list(table({(case, connections): results}))[2:], sep="\n", flush=True)
    if not arguments.quick:
        REPORT.write_text("\n".join([*INTRODUCTION, *table(rows), ""]))


if __name__ == "__main__":
    main()
