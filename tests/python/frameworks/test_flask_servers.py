"""A Flask application that calls a service, in the web servers that people use."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket
from support.example_processes import DEADLINE, HOST, Server, free_port, running
from support.flask_calc import PATIENCE, Handler, idl
from support.rpc import make_server, serving

#: Seconds that an answer takes at most, of a client that says nothing of times: it has 1.5, and a
#: machine may be busy. A pool by itself waits for 30, and what is `DRIPPED` takes 14.
LONGEST = 10
# A message of the binary protocol, with a name that has many bytes.
DRIPPED = b"\x80\x01\0\x02\0\0\0\x40" + b"a" * 64
TESTS = Path(__file__).parents[1]
APP = "support.flask_program"
GUNICORN = ["-m", "gunicorn", "--workers", 2, "--bind"]
GTHREAD = ["--worker-class", "gthread", "--threads", 16, f"{APP}:app"]
SERVERS: dict[str, list[Any]] = {
    "flask run": ["-m", "flask", "--app", APP, "run", "--port"],
    "gunicorn gthread": GTHREAD,
    "gunicorn gthread, preloaded": ["--preload", *GTHREAD],
    "gunicorn gevent": ["--worker-class", "gevent", f"{APP}:app"],
}


class Web:
    """A web server, and the port where its application looks for the service."""

    def __init__(self, kind: str, log: Path) -> None:
        self.service_port = free_port()
        port = free_port()
        how = SERVERS[kind]
        command = [*how, port] if kind == "flask run" else [*GUNICORN, f"{HOST}:{port}", *how]
        where = {"PYTHONPATH": str(TESTS), "THRIFT_URL_CALC": f"tcp://{HOST}:{self.service_port}"}
        self.server = Server(command, port, log, **where)

    def get(self, path: str) -> tuple[int, Any]:
        """The status of an answer, and its text or what is in its JSON."""
        status, _, body = self.answer(path)
        return status, body

    def answer(self, path: str) -> tuple[int, Message, Any]:
        """So, with its headers."""
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=DEADLINE)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            text = response.read().decode()
            is_json = response.headers.get_content_type() == "application/json"
            return response.status, response.headers, json.loads(text) if is_json else text

    def failed(self, path: str) -> tuple[int, str | None]:
        """The status of an answer that comes in time, and its Retry-After."""
        began = time.monotonic()
        status, headers, _ = self.answer(path)
        assert time.monotonic() - began < LONGEST, (path, status)
        return status, headers["Retry-After"]

    @contextlib.contextmanager
    def service(self, handler: Handler | None = None) -> Iterator[Handler]:
        """The service, while a block runs."""
        handler = handler or Handler()
        trans = TServerSocket(HOST, self.service_port, client_timeout=PATIENCE * 1000)
        processor = TProcessor(idl.Calc, handler)
        with serving(make_server(processor=processor, trans=trans)):
            yield handler
            handler.go_on.set()

    def assert_right(self) -> None:
        assert self.get("/calc/add?a=7&b=3") == (200, "10")


@pytest.fixture(params=SERVERS)
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    web = Web(request.param, tmp_path / "web.log")
    with running(web.server):
        yield web


def test_each_failure_has_its_status_and_the_next_answer_is_right(web: Web) -> None:
    def error(path: str) -> tuple[int, str]:
        status, body = web.get(path)
        assert (body["client"], body["method"]) == ("calc", path.split("?")[0].rpartition("/")[2])
        return status, body["error"]

    unreachable = 503, "the service cannot be reached"
    assert error("/calc/add?a=1&b=2") == unreachable
    with web.service():
        web.assert_right()
        for path, status in (
            ("/calc/add?a=x&b=1", 400),
            ("/calc/find?what=x", 500),
        ):
            assert web.get(path)[0] == status
            web.assert_right()
        assert error("/calc/divide?a=1&b=0")[0] == 502
        web.assert_right()
        assert error("/calc/wait?ticket=1&within=0.3") == (
            504,
            "the service did not answer in time",
        )
        web.assert_right()
    assert error("/calc/add?a=1&b=2") == unreachable
    # Restarted, and nobody has asked meanwhile: the connections that are kept are dead.
    for _ in range(2):
        with web.service():
            for _ in range(4):
                web.assert_right()
    with socket.create_server((HOST, web.service_port)):
        assert error("/calc/add?a=1&b=2&within=0.3")[0] == 504
    with web.service():
        web.assert_right()


def test_no_answer_takes_long_whatever_the_service_does(web: Web) -> None:
    unavailable, late = (503, "1"), (504, None)
    # A worker is ready.
    assert web.get("/usual/add?a=x&b=1")[0] == 400
    assert web.failed("/usual/add?a=1&b=2") == unavailable
    # Connections are taken, and nothing is answered.
    with socket.create_server((HOST, web.service_port), backlog=64):
        assert web.failed("/usual/add?a=1&b=2") == late
        with ThreadPoolExecutor(6) as executor:
            # One of a worker has the connection, the others wait for it.
            answers = list(executor.map(web.failed, ["/small/add?a=1&b=2"] * 6))
        assert late in answers
        assert {unavailable, late}.issuperset(answers)
    with dripping(web.service_port):
        assert web.failed("/usual/add?a=1&b=2") == late
    with web.service():
        assert web.failed("/usual/wait?ticket=1") == late
        assert web.get("/usual/add?a=7&b=3") == (200, "10")


@contextlib.contextmanager
def dripping(port: int) -> Iterator[None]:
    """A service of whose answer a byte comes now and then."""

    def drip() -> None:
        peer, _ = listener.accept()
        with peer, contextlib.suppress(OSError):
            for byte in DRIPPED:
                peer.sendall(bytes([byte]))
                time.sleep(0.2)

    with socket.create_server((HOST, port)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=drip)
        thread.start()
        yield
        thread.join()


def test_parallel_requests_get_their_own_answers_on_few_connections(web: Web) -> None:
    with web.service() as handler:
        for _ in range(100):
            web.assert_right()
        assert len(handler.peers) <= 4
        handler.peers.clear()
        with ThreadPoolExecutor(50) as executor:
            answers = list(executor.map(lambda n: web.get(f"/few/later?v={n}"), range(200)))
        assert answers == [(200, str(n)) for n in range(200)]
        assert len(handler.peers) <= 16
