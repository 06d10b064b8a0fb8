"""Time calls: fastthrift, thriftpy2 and Apache Thrift beside bare sockets, in one run.

::

    python benches/rpc.py                  # everything: some minutes
    python benches/rpc.py --quick          # a first impression

Four things are timed.

*Round trips*: a client and a threaded server of one library, in two processes, over TCP.
*Clients*: a client of each library against a server without Thrift, which answers bytes that
were prepared.
*Pools*: a pool beside a client that keeps its connection, both against such a server.
*Processors*: a call in memory to its answer in memory, without sockets.

The measure of the first three are bare sockets: a client that sends the bytes of the same call with
``sendall`` and receives until it has the bytes of the answer, with the same options and the same
timeout on its socket, against the same server without Thrift. What a library adds to that is its
own. Before anything is timed, the answers are compared.

Client and server share one CPU, for all alike: between two of them a message waits for the other to
wake up, which takes 20 us or 60 as it happens, several times what is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "python")]

BARE = "bare sockets"
LIBRARIES = ("fastthrift", "thriftpy2", "apache")
HOST = "127.0.0.1"
TIMEOUT = 120
LARGEST_READ = 65536

#: What the project asks of itself: at most so many times as long as the bare sockets.
TARGET = 1.25
#: The operation that this is asked of.
CLIENT = "client against a bare server"

#: The same of a pool: so many times as long as a client that keeps its connection.
POOL_TARGET = 1.15
POOLED = "pool beside a kept connection"
POOL = "fastthrift pool"

REPORT = HERE.parent / "docs" / "benchmarks-rpc.md"


@dataclass(frozen=True)
class Case:
    """Calls that are made one after the other, with their plain arguments."""

    name: str
    calls: tuple[tuple[str, tuple[Any, ...]], ...]


_TREE = {"value": 0, "children": [{"value": n, "named": []} for n in range(99)]}
CASES = (
    Case("two integers", (("subtract", (7, 3)),)),
    Case("void", (("nothing", ()),)),
    Case("a tree of 100 structs", (("echo_tree", (_TREE,)),)),
    Case("64 KiB", (("echo_binary", (b"\xab" * 65536,)),)),
    # Alone it would time how fast a buffer fills.
    Case("oneway, then void", (("notify", ("hello",)), ("nothing", ()))),
)


@dataclass(frozen=True)
class Exchange:
    """The bytes of one call and of its answer, which is empty for a oneway call."""

    request: bytes
    reply: bytes

    @property
    def sequence_id_at(self) -> int:
        """Where it stands, in both: after the version and the name of the method."""
        return 8 + int.from_bytes(self.request[4:8], "big")


# Bare sockets


def bare_call(sock: socket.socket, exchanges: list[Exchange]) -> bytes:
    """What a client does, without Thrift; the last answer."""
    data = b""
    for exchange in exchanges:
        sock.sendall(exchange.request)
        missing = len(exchange.reply)
        if missing:
            data = sock.recv(LARGEST_READ)
            while len(data) < missing:
                data += sock.recv(LARGEST_READ)
    return data


@contextlib.contextmanager
def bare_connection(port: int) -> Iterator[socket.socket]:
    """A socket as the clients of the libraries set theirs up."""
    with socket.create_connection((HOST, port), TIMEOUT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(TIMEOUT)
        yield sock


def serve_bare() -> None:
    """Answer, one connection per thread, the exchanges that standard input names in turn."""
    exchanges = [
        Exchange(bytes.fromhex(request), bytes.fromhex(reply))
        for request, reply in json.loads(sys.stdin.readline())
    ]
    with socket.create_server((HOST, 0)) as listener:
        print(listener.getsockname()[1], flush=True)

        def end_with_parent() -> None:
            sys.stdin.read()
            os._exit(0)

        threading.Thread(target=end_with_parent, daemon=True).start()
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer_bare, args=(connection, exchanges), daemon=True).start()


def answer_bare(connection: socket.socket, exchanges: list[Exchange]) -> None:
    data = b""
    with connection:
        while True:
            for exchange in exchanges:
                size = len(exchange.request)
                while len(data) < size:
                    chunk = connection.recv(LARGEST_READ)
                    if not chunk:
                        return
                    data += chunk
                if exchange.reply:
                    # A client that counts its calls wants its own number back.
                    at = exchange.sequence_id_at
                    number = data[at : at + 4]
                    connection.sendall(exchange.reply[:at] + number + exchange.reply[at + 4 :])
                data = data[size:]


@contextlib.contextmanager
def bare_server(exchanges: list[Exchange]) -> Iterator[int]:
    """The server without Thrift, in a process of its own; its port."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve-bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pairs = [(exchange.request.hex(), exchange.reply.hex()) for exchange in exchanges]
        process.stdin.write(json.dumps(pairs) + "\n")
        process.stdin.flush()
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=120)


# Calls in memory


class Peer:
    """A library of thriftpy2's interface, with messages in memory."""

    def __init__(self, package: str, protocol: str = "binary") -> None:
        """``protocol`` is binary, or json: thriftpy2's own, which does not go with thriftpy2's
        transports in Cython."""
        from peers.handler import Handler
        from peers.serve import IDL

        self.package = package
        self.thrift = importlib.import_module(f"{package}.thrift")
        self.service = importlib.import_module(package).load(str(IDL)).Peer
        self.transports = importlib.import_module(f"{package}.transport")
        protocols = importlib.import_module(f"{package}.protocol")
        name = "TJSONProtocolFactory" if protocol == "json" else "TBinaryProtocolFactory"
        self.factory = getattr(protocols, name)()
        self.processor = self.thrift.TProcessor(self.service, Handler(partial))
        if package == "thriftpy2" and protocol == "binary":
            # What its `rpc` and its servers use: the classes in Cython.
            cython = importlib.import_module("thriftpy2.protocol.cybin")
            self.factory = cython.TCyBinaryProtocolFactory()

    def memory(self) -> Any:
        if self.package == "thriftpy2":
            return self.transports.TCyMemoryBuffer()
        return self.transports.TMemoryBuffer()

    def arguments(self, method: str, plain: tuple[Any, ...]) -> dict[str, Any]:
        from support.values import build_value, field_parts

        specs = getattr(self.service, f"{method}_args").thrift_spec.values()
        fields = map(field_parts, specs)
        return {
            name: build_value(ttype, spec, value)
            for (ttype, name, spec), value in zip(fields, plain, strict=True)
        }

    def exchange(self, method: str, plain: tuple[Any, ...]) -> Exchange:
        """The bytes of a call."""
        request = self.memory()
        client = self.thrift.TClient(self.service, self.factory.get_protocol(request))
        client._send(method, **self.arguments(method, plain))
        data = bytes(request.getvalue())
        return Exchange(data, self.process(data)())

    def process(self, request: bytes) -> Callable[[], bytes]:
        """A function that has a call in memory answered."""
        source, sink = self.memory(), self.memory()
        iprot, oprot = map(self.factory.get_protocol, (source, sink))

        def process() -> bytes:
            source.clean()
            source.write(request)
            sink.clean()
            self.processor.process(iprot, oprot)
            return bytes(sink.getvalue())

        return process

    def client(self, exchange: Exchange, method: str, plain: tuple[Any, ...]) -> Callable[[], Any]:
        """A function that makes a call whose answer is there at once."""

        class Prepared:
            def read(self, size: int) -> bytes:
                return exchange.reply

            def recv(self, size: int) -> bytes:
                return exchange.reply

            def write(self, data: bytes) -> None: ...

            sendall = write

            def flush(self) -> None: ...

        # thriftpy2's transport in Cython insists on its own socket class.
        below = self.transports.TSocket(sock=Prepared())
        trans = self.transports.TBufferedTransportFactory().get_transport(below)
        client = self.thrift.TClient(self.service, self.factory.get_protocol(trans))
        arguments = tuple(self.arguments(method, plain).values())

        def call() -> Any:
            client._seqid = 0
            return getattr(client, method)(*arguments)

        return call


def apache_process(request: bytes) -> Callable[[], bytes]:
    """The same as `Peer.process`, for Apache Thrift."""
    from peers import apache, reference
    from peers.handler import Handler
    from peers.serve import IDL
    from thrift.transport.TTransport import TMemoryBuffer

    service = reference.load(str(IDL)).Peer
    processor = apache.Processor(service, apache.Classes(), Handler(partial))
    factory = apache.fastest_factory("binary")

    def process() -> bytes:
        sink = TMemoryBuffer()
        iprot = factory.getProtocol(TMemoryBuffer(request))
        processor.process(iprot, factory.getProtocol(sink))
        return sink.getvalue()

    return process


# Measuring


def measurements(budget: Any, cases: tuple[Case, ...] = CASES) -> list[Any]:
    """One `measurement.Measurement` for each case of round trips, of clients and of processors."""
    results = []
    for case in cases:
        exchanges = [Peer("fastthrift").exchange(*call) for call in case.calls]
        results += [
            round_trips(case, exchanges, budget),
            clients(case, exchanges, budget),
            pools(case, exchanges, budget),
            processors(case, exchanges, budget),
        ]
    order = ("round", "clien", "pool ", "proce")
    return sorted(results, key=lambda row: order.index(row.operation[:5]))


def round_trips(case: Case, exchanges: list[Exchange], budget: Any) -> Any:
    from peers import remote

    with contextlib.ExitStack() as stack:
        ports = {
            library: stack.enter_context(remote.serving(library, "binary", "buffered"))
            for library in LIBRARIES
        }
        return over_sockets("round trip", case, exchanges, ports, budget)


def clients(case: Case, exchanges: list[Exchange], budget: Any) -> Any:
    with contextlib.ExitStack() as stack:
        ports = {library: stack.enter_context(bare_server(exchanges)) for library in LIBRARIES}
        return over_sockets(CLIENT, case, exchanges, ports, budget)


def pools(case: Case, exchanges: list[Exchange], budget: Any) -> Any:
    with contextlib.ExitStack() as stack:
        contestants = (LIBRARIES[0], POOL)
        ports = {name: stack.enter_context(bare_server(exchanges)) for name in contestants}
        return over_sockets(POOLED, case, exchanges, ports, budget)


def connect(stack: contextlib.ExitStack, contestant: str, port: int) -> Any:
    """A client of a library, or a pool in place of one."""
    from peers import remote

    library = LIBRARIES[0] if contestant == POOL else contestant
    client: Any = stack.enter_context(remote.connected(library, "binary", "buffered", port))
    if contestant == POOL:
        from fastthrift.pool import ClientPool

        pool = ClientPool(client.service, f"tcp://{HOST}:{port}", timeout=TIMEOUT)
        client.client = stack.enter_context(pool)
    return client


def over_sockets(
    operation: str, case: Case, exchanges: list[Exchange], ports: dict[str, int], budget: Any
) -> Any:
    """Time the calls of a case by clients of the libraries, and by bare sockets."""
    from measurement import Action, Measurement, progress, record

    progress(f"{operation}, {case.name}")
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(bare_connection(stack.enter_context(bare_server(exchanges))))
        names = {"bare_call": bare_call, "sock": sock, "exchanges": exchanges}
        actions = {BARE: Action("bare_call(sock, exchanges)", names)}
        if actions[BARE]() != exchanges[-1].reply:
            raise SystemExit(f"{case.name}: the bare sockets do not work")
        answers = []
        for library, port in ports.items():
            client = connect(stack, library, port)
            answers.append([client.call(method, *plain) for method, plain in case.calls])
            calls = {
                f"call_{number}": client.prepare(method, *plain)
                for number, (method, plain) in enumerate(case.calls)
            }
            actions[library] = Action("; ".join(f"{name}()" for name in calls), calls)
        if any(answer != answers[0] for answer in answers):
            raise SystemExit(f"{operation}, {case.name}: the answers differ")
        return record(Measurement(operation, "binary", case.name), actions, budget)


def processors(case: Case, exchanges: list[Exchange], budget: Any) -> Any:
    from measurement import Action, Measurement, progress, record

    progress(f"processor, {case.name}")
    makers = {"fastthrift": Peer("fastthrift").process, "thriftpy2": Peer("thriftpy2").process}
    makers["apache"] = apache_process
    actions = {}
    for library, make in makers.items():
        calls = {f"process_{n}": make(exchange.request) for n, exchange in enumerate(exchanges)}
        if [call() for call in calls.values()] != [exchange.reply for exchange in exchanges]:
            raise SystemExit(f"{case.name}: {library}'s processor gives another answer")
        actions[library] = Action("; ".join(f"{name}()" for name in calls), calls)
    return record(Measurement("processor in memory", "binary", case.name), actions, budget)


# Without sockets


def numbered(exchange: Exchange, protocol: str, number: int) -> Exchange:
    """An exchange whose answer has this sequence id."""
    reply = exchange.reply
    if reply and protocol == "json":
        text = re.sub(rb'"seqid": \d+', b'"seqid": %d' % number, reply[4:])
        reply = len(text).to_bytes(4, "big") + text
    elif reply:
        at = exchange.sequence_id_at
        reply = reply[:at] + number.to_bytes(4, "big") + reply[at + 4 :]
    return Exchange(exchange.request, reply)


def calls_in_memory(
    side: str, library: str, case: Case, protocol: str = "binary"
) -> list[Callable[[], Any]]:
    """The calls of a case, one function each: by a client whose answers are there at once, or by
    a processor."""
    peer = Peer(library, protocol)
    calls: list[Callable[[], Any]] = []
    for method, plain in case.calls:
        exchange = peer.exchange(method, plain)
        if side == "client":
            # Answered with the id that a client starts with, whatever the library.
            first = 1 if library == "fastthrift" else 0
            calls.append(peer.client(numbered(exchange, protocol, first), method, plain))
        else:
            calls.append(peer.process(exchange.request))
    return calls


# Report


def table(rows: list[Any]) -> list[str]:
    """A Markdown table of one operation: times, and how many times as long as the bare sockets,
    by the best turn and by the median one."""
    from report import show_time

    contestants = [name for name in (BARE, *LIBRARIES, POOL) if name in rows[0].best]
    base = contestants[0]
    others = contestants[1:]
    lines = [
        f"### {rows[0].operation}",
        "",
        "| case | " + " | ".join([*contestants, *(f"{name} / {base}" for name in others)]) + " |",
        "| --- |" + " ---: |" * (len(contestants) + len(others)),
    ]
    for row in rows:
        cells = [show_time(row.best[name]) for name in contestants]
        for name in others:
            best = row.best[name] / row.best[base]
            median = row.median[name] / row.median[base]
            cells.append(f"{best:.2f} ({median:.2f})")
        lines.append(f"| {row.case} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def targets(results: list[Any]) -> list[str]:
    """How a call of our client compares with what the project asks of it."""
    lines = [
        f"A client's call is to take at most {TARGET} times as long as bare sockets take for the "
        "same bytes:",
        "",
    ]
    for row in results:
        if row.operation == CLIENT:
            ratio = row.best[LIBRARIES[0]] / row.best[BARE]
            verdict = "reached" if ratio <= TARGET else "missed"
            lines.append(f"- {row.case}: {ratio:.2f}, {verdict}")
    lines += [
        "",
        f"A call of a pool is to take at most {POOL_TARGET} times as long as one of a client that "
        "keeps its connection:",
        "",
    ]
    for row in results:
        if row.operation == POOLED:
            ratio = row.best[POOL] / row.best[LIBRARIES[0]]
            verdict = "reached" if ratio <= POOL_TARGET else "missed"
            lines.append(f"- {row.case}: {ratio:.2f}, {verdict}")
    return [*lines, ""]


def report(results: list[Any]) -> str:
    from report import machine, versions

    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [
        "# Benchmarks of calls",
        "",
        "    make bench-rpc",
        "",
        "Written by `benches/rpc.py`, which tells what is measured and how.",
        "",
        f"- {now:%Y-%m-%d}, {machine()}, CPython {platform.python_version()}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions().items()),
        "- client and server on one CPU",
        "- times: the best turn; ratios: of the best turns, and in brackets of the median ones",
        "",
    ]
    lines += targets(results)
    for operation in dict.fromkeys(row.operation for row in results):
        lines += table([row for row in results if row.operation == operation])
    return "\n".join(lines)


def share_one_cpu() -> None:
    """Keep this process, and those that it starts, to the last CPU it may use."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name} too")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    parser.add_argument("--serve-bare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_bare:
        serve_bare()
    else:
        from measurement import Budget

        share_one_cpu()
        budget = Budget(turns=7, seconds=0.03) if arguments.quick else Budget(41, 0.06)
        chosen = tuple(case for case in CASES if not arguments.case or case.name in arguments.case)
        text = report(measurements(budget, chosen))
        print(text)
        if arguments.write:
            REPORT.write_text(text)


if __name__ == "__main__":
    main()
