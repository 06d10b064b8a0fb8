"""Time a Flask view that calls a service: by the extension, on a bare client, as with thriftpy2.

::

    python benches/web.py                  # a minute or two
    python benches/web.py --quick          # a first impression

The view is the same three lines; what differs is what it calls. *kept client* is a client that each
thread makes once and keeps, without a pool; *thriftpy2* opens a connection for each request, as its
``client_context`` does. The applications take many short turns, and the best of each counts: what
else runs on the machine makes a turn longer, and never shorter. Before anything is timed, the
answers are compared.

*application* is what the application takes, called as a web server calls it; *gunicorn* is one
worker of gunicorn (gthread) that is asked over one connection that is kept. The service runs in a
process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastthrift
from flask import Flask

HERE = Path(__file__).resolve().parent
IDL = HERE.parent / "examples" / "calculator.thrift"
REPORT = HERE.parent / "docs" / "benchmarks-web.md"
HOST = "127.0.0.1"
PATIENCE = 60

EXTENSION, KEPT, THRIFTPY2, NONE = "current_thrift", "kept client", "thriftpy2", "no call"
CONTESTANTS = (EXTENSION, KEPT, THRIFTPY2, NONE)
#: What the project asks of itself: how many times as long as on a kept client at most, and how many
#: times as fast as with thriftpy2 at least.
MOST, LEAST = 1.3, 3.0

INTRODUCTION = (
    "# A Flask view",
    "",
    "    make bench-web",
    "",
    "Requests per second of a view of three lines that adds two integers by a Thrift service over",
    "TCP: `current_thrift` is `fastthrift.contrib.flask`, *kept client* a client that a thread",
    "keeps, *thriftpy2* opens a connection for each request, *no call* adds them itself. The",
    "applications take many short turns, and the best of each counts; ratios are to",
    "`current_thrift`.",
    "*application* is the application called as a web server calls it, *gunicorn* is asked over",
    "one connection.",
    "",
)


# The applications


def make_app(name: str, port: int) -> Flask:
    """The application of a contestant."""
    app = Flask(name)
    add = {
        EXTENSION: _by_extension,
        KEPT: _by_kept_client,
        THRIFTPY2: _by_thriftpy2,
        NONE: lambda app, port: lambda a, b: a + b,
    }[name](app, port)

    @app.get("/add/<int:a>/<int:b>")
    def view(a: int, b: int) -> str:
        return str(add(a, b))

    return app


def _by_extension(app: Flask, port: int) -> Callable[[int, int], int]:
    from fastthrift.contrib.flask import Thrift, current_thrift

    url = f"tcp://{HOST}:{port}"
    app.config["THRIFT_CLIENTS"] = {"calc": {"idl": IDL, "service": "Calculator", "url": url}}
    Thrift(app)
    return lambda a, b: current_thrift["calc"].add(a, b)


def _by_kept_client(app: Flask, port: int) -> Callable[[int, int], int]:
    from fastthrift.rpc import make_client

    service = fastthrift.load(str(IDL)).Calculator
    kept = threading.local()

    def add(a: int, b: int) -> int:
        if not hasattr(kept, "client"):
            kept.client = make_client(service, HOST, port)
        result: int = kept.client.add(a, b)
        return result

    return add


def _by_thriftpy2(app: Flask, port: int) -> Callable[[int, int], int]:
    import thriftpy2
    from thriftpy2.rpc import client_context

    service = thriftpy2.load(str(IDL)).Calculator

    def add(a: int, b: int) -> int:
        with client_context(service, HOST, port) as client:
            result: int = client.add(a, b)
            return result

    return add


def application() -> Any:
    """What gunicorn serves."""
    return make_app(os.environ["WEB_CONTESTANT"], int(os.environ["WEB_PORT"]))


# Asking them


def ask_application(app: Flask) -> Callable[[], bytes]:
    """A request to an application, without a web server."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/add/40/2",
        "QUERY_STRING": "",
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def ask() -> bytes:
        answer = app({**environ, "wsgi.input": io.BytesIO()}, lambda *_: None)  # type: ignore[arg-type,return-value]
        try:
            return b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]

    return ask


def ask_server(port: int) -> Callable[[], bytes]:
    """A request over a connection that is kept."""
    connection = socket.create_connection((HOST, port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = f"GET /add/40/2 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()

    def ask() -> bytes:
        connection.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < 2:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError(f"the server has hung up after {data!r}")
            data += piece
        return data.partition(b"\r\n\r\n")[2]

    return ask


@contextlib.contextmanager
def process(*arguments: str, port: int, **environment: str) -> Iterator[None]:
    """Run Python with some arguments, until the port is served and the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(HERE), **environment}
    running = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, port)).close()
                break
            if running.poll() is not None or time.monotonic() > end:
                sys.exit(f"{arguments} does not serve")
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def serve(port: int) -> None:
    """The service."""
    from fastthrift.rpc import make_server

    class Handler:
        def add(self, a: int, b: int) -> int:
            return a + b

        def subtract(self, a: int, b: int) -> int:
            return a - b

        def multiply(self, a: int, b: int) -> int:
            return a * b

        def divide(self, a: float, b: float) -> float:
            return a / b

    # It does not end with the connection of a client that is kept and says nothing.
    make_server(
        fastthrift.load(str(IDL)).Calculator, Handler(), HOST, port, client_timeout=None
    ).serve()


# Timing


def measure(
    asks: dict[str, Callable[[], bytes]], turns: int, seconds: float
) -> list[dict[str, float]]:
    """Requests per second of each contestant, turn by turn."""
    answers = {name: ask() for name, ask in asks.items()}
    if set(answers.values()) != {b"42"}:
        sys.exit(f"the answers differ: {answers}")
    return [
        {name: per_second(ask, seconds) for name, ask in asks.items()} for _ in range(turns + 1)
    ][1:]


def per_second(ask: Callable[[], bytes], seconds: float) -> float:
    count, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < seconds:
        for _ in range(5):
            ask()
        count += 5
    return count / taken


def best(figures: list[dict[str, float]]) -> dict[str, float]:
    """Of each contestant, that of its best turn."""
    return {name: max(turn[name] for turn in figures) for name in CONTESTANTS}


def rows(what: str, rates: dict[str, float]) -> Iterator[str]:
    for name in CONTESTANTS:
        ratio = rates[name] / rates[EXTENSION]
        yield f"| {what} | {name} | {rates[name]:,.0f} | {ratio:.2f} |"


def remark(rates: dict[str, float]) -> tuple[str, ...]:
    """What has to be known of the figures of a web server."""
    without = rates[NONE] / rates[THRIFTPY2]
    return (
        f"Through gunicorn even the view without any call is only {without:.1f} times as fast as",
        "with thriftpy2: most of a request's time is gunicorn's own, and no client can win more",
        "than that.",
    )


def misses(what: str, rates: dict[str, float]) -> Iterator[str]:
    """What does not reach what the project asks of itself."""
    longer, faster = rates[KEPT] / rates[EXTENSION], rates[EXTENSION] / rates[THRIFTPY2]
    if longer > MOST:
        yield f"{what}: {longer:.2f} times as long as on a kept client, more than {MOST}"
    if faster < LEAST:
        yield f"{what}: {faster:.2f} times as fast as with thriftpy2, less than {LEAST}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a Flask view that calls a service.")
    parser.add_argument("--quick", action="store_true", help="a first impression")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    options = parser.parse_args()
    turns, seconds = (30, 0.05) if options.quick else (150, 0.05)

    port = free_port()
    tables = {}
    with process("-c", f"import web; web.serve({port})", port=port):
        asks = {name: ask_application(make_app(name, port)) for name in CONTESTANTS}
        tables["application"] = best(measure(asks, turns, seconds))
        with contextlib.ExitStack() as stack:
            asks.clear()
            for name in CONTESTANTS:
                web = free_port()
                gunicorn = ["-m", "gunicorn", "--worker-class", "gthread", "--threads", "4"]
                command = [*gunicorn, "--log-level", "warning", "--bind", f"{HOST}:{web}"]
                where = {"WEB_CONTESTANT": name, "WEB_PORT": str(port)}
                stack.enter_context(process(*command, "web:application()", port=web, **where))
                asks[name] = ask_server(web)
            tables["gunicorn"] = best(measure(asks, turns, seconds))

    lines = ["| | view | requests per second | ratio |", "| --- | --- | ---: | ---: |"]
    for what, rates in tables.items():
        lines += rows(what, rates)
    print("\n".join(lines))
    if options.write:
        ran = f"CPython {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs."
        told = remark(tables["gunicorn"])
        REPORT.write_text("\n".join([*INTRODUCTION, *lines, "", *told, "", ran, ""]))
    # gunicorn's own time is most of its requests: without any call they are not 3 times as fast.
    missed = list(misses("application", tables["application"]))
    for text in missed:
        print(text, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
