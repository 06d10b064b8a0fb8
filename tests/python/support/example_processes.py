"""Runs the examples as their users do, in processes of their own, and talks HTTP to them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

EXAMPLES = Path(__file__).parents[3] / "examples"
FLASK = EXAMPLES / "flask_calculator"
DJANGO = EXAMPLES / "django_calculator"
HOST = "127.0.0.1"
DEADLINE = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"still not true after {DEADLINE} s: {what}"
        time.sleep(0.01)


def _state_and_parent(pid: str | int) -> tuple[str, int]:
    """What the system tells of a process; one that is gone is dead (X), and nobody's."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)


def children(pid: int) -> list[int]:
    """The processes that a process has started: they name it as their parent, whichever of its
    threads started them, so that one which ends meanwhile takes none along."""
    listed = filter(str.isdecimal, os.listdir("/proc"))
    return [int(each) for each in listed if _state_and_parent(each)[1] == pid]


def is_running(pid: int) -> bool:
    """Whether a process runs, and is not one whose parent has yet to ask how it ended."""
    return _state_and_parent(pid)[0] not in "XZ"


class Server:
    """A Python process that serves one port; start and stop it as often as needed."""

    def __init__(self, arguments: list[object], port: int, log: Path, **environment: str) -> None:
        # A warning of the example, of fastthrift or of the framework ends the process.
        self.command = [sys.executable, "-W", "error", *map(str, arguments)]
        self.port = port
        self.log = log
        self.environment = os.environ | {"PYTHONUNBUFFERED": "1"} | environment
        # As a shell with job control makes it.
        self.leads_group = False

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=self.leads_group,
            )
        try:
            wait_until(lambda: self.accepts() or self.process.poll() is not None, "it serves")
            assert self.process.poll() is None, f"{self.command}:\n{self.log.read_text()}"
        except BaseException:
            self.end()
            raise

    def accepts(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit status; a process that stays is killed."""
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout=DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill it and its workers: not those of every server see that it is gone."""
        workers = children(self.process.pid) if self.process.poll() is None else []
        self.stop(signal.SIGKILL)
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def kill(self) -> None:
        """End it without a word, and wait until its port is free and nobody has a connection: its
        workers, if it has any, see that it is gone, answer what has come, and end."""
        workers = children(self.process.pid)
        self.process.kill()
        self.process.wait()
        wait_until(lambda: not self.accepts(), "nobody serves any more")
        wait_until(lambda: not any(map(is_running, workers)), "its workers have ended")

    def open_files(self) -> list[str]:
        """What the file descriptors of the process and its workers refer to, as in /proc."""
        targets = []
        for pid in [self.process.pid, *children(self.process.pid)]:
            directory = Path(f"/proc/{pid}/fd")
            for descriptor in os.listdir(directory):
                try:
                    targets.append(os.readlink(directory / descriptor))
                except FileNotFoundError:
                    continue  # closed since it was listed
        return targets


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.end()


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: str

    def json(self) -> dict:
        assert self.headers.get_content_type() == "application/json", self.body
        return json.loads(self.body)


class WebClient:
    """A browser without a screen: it keeps Django's CSRF token and sends forms."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers: dict[str, str] = {}
        cookie = self.request("GET", "/").headers.get("Set-Cookie")
        if cookie is not None:
            name, _, token = cookie.partition(";")[0].partition("=")
            self.headers = {"Cookie": f"{name}={token}", "X-CSRFToken": token}

    def request(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, self.headers | headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    def calculate(self, fields: dict[str, object], accept: str = "application/json") -> Reply:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
        return self.request("POST", "/calculate", urlencode(fields), **form)


@dataclass
class Example:
    """A web app and the calculator service that it calls."""

    service: Server
    web: Server

    def client(self) -> WebClient:
        return WebClient(self.web.port)


def flask_example(directory: Path) -> Example:
    service_port, web_port = free_port(), free_port()
    return Example(
        service=Server(
            [FLASK / "server.py", "--port", service_port],
            service_port,
            directory / "flask_service.log",
        ),
        web=Server(
            ["-m", "flask", "--app", FLASK / "app.py", "run", "--port", web_port],
            web_port,
            directory / "flask_web.log",
            THRIFT_URL_CALCULATOR=f"tcp://{HOST}:{service_port}",
        ),
    )


def django_example(directory: Path) -> Example:
    """The Django example on a fresh, migrated database in the directory."""
    service_port, web_port = free_port(), free_port()
    environment = {
        "CALCULATOR_URL": f"tcp://{HOST}:{service_port}",
        "CALCULATOR_DATABASE": str(directory / "calculator.sqlite3"),
    }
    manage = DJANGO / "manage.py"
    subprocess.run(
        [sys.executable, manage, "migrate", "--verbosity", "0"],
        env=os.environ | environment,
        check=True,
        timeout=DEADLINE,
    )
    return Example(
        service=Server(
            [manage, "runthrift"], service_port, directory / "django_service.log", **environment
        ),
        web=Server(
            [manage, "runserver", "--noreload", web_port],
            web_port,
            directory / "django_web.log",
            **environment,
        ),
    )
