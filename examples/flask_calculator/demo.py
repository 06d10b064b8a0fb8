"""Starts the service and the web app, and calculates through both over real sockets.

    python examples/flask_calculator/demo.py

Exits with 1 when a result is not the expected one.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).parent
HOST = "127.0.0.1"
CALCULATIONS = [
    ("add", 7, 3, 10),
    ("subtract", 7, 3, 4),
    ("multiply", 7, 3, 21),
    ("divide", 7, 2, 3.5),
]


def main() -> int:
    service_port, web_port = free_port(), free_port()
    service = [str(HERE / "server.py"), "--port", str(service_port)]
    web = ["-m", "flask", "--app", str(HERE / "app.py"), "run", "--port", str(web_port)]
    os.environ["THRIFT_URL_CALCULATOR"] = f"tcp://{HOST}:{service_port}"

    failures = 0
    with serving(service, service_port), serving(web, web_port):
        for operation, a, b, expected in CALCULATIONS:
            answer = calculate(web_port, operation, a, b)
            print(f"{operation}({a}, {b}) = {answer.get('result', answer)}")
            failures += answer.get("result") != expected
    return 1 if failures else 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(arguments: list[str], port: int) -> Iterator[None]:
    """Runs Python with these arguments; the block starts when the port accepts connections."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 120
            while not accepts_connections(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    sys.exit(f"{' '.join(arguments)} does not serve:\n{log.read().decode()}")
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait()


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def calculate(port: int, operation: str, a: int, b: int) -> dict[str, object]:
    """Sends the form as a browser does, and asks for JSON."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(
            "POST",
            "/calculate",
            urlencode({"a": a, "b": b, "operation": operation}),
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )
        answer: dict[str, object] = json.load(connection.getresponse())
        return answer
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
