"""`fastthrift serve` as a process, in a directory of its own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastthrift
from fastthrift.http import make_client as make_http_client
from fastthrift.rpc import client_context

from support.rpc import PATIENCE

IDL = """
exception NoName {}
service Greeter {
    string greet(1: string name) throws (1: NoName missing),
    i32 pid(),
    i32 wait(1: i32 ticket),
}
"""
APP = """
import os, time, fastthrift

greeter = fastthrift.load("greeter.thrift")
VERSION = "one"

class Handler:
    def greet(self, name):
        if not name:
            raise greeter.NoName()
        return f"{VERSION}: hello {name}"

    def pid(self):
        return os.getpid()

    def wait(self, ticket):
        open(f"begun-{ticket}", "w").close()
        while not os.path.exists("go-on"):
            time.sleep(0.01)
        return ticket

class AsyncHandler(Handler):
    async def greet(self, name):
        return f"async: hello {name}"

    async def pid(self):
        return os.getpid()

    async def wait(self, ticket):
        return ticket

def make(idl):
    assert idl.Greeter.thrift_services
    return Handler()

class Broken:
    def __init__(self):
        raise LookupError("no database")

greet_only = type("Half", (), {"greet": lambda self, name: name})()
"""


def wait_until(holds: Callable[[], Any]) -> Any:
    pause = threading.Event()
    for _ in range(PATIENCE * 50):
        if found := holds():
            return found
        pause.wait(0.02)
    raise AssertionError("it has not come to pass")


class Runner:
    """The command, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "greeter.thrift").write_text(IDL)
        (directory / "app.py").write_text(APP)
        self.service = fastthrift.load(str(directory / "greeter.thrift")).Greeter
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.speaks_http = False

    def command(self, *arguments: str, handler: str = "app:Handler") -> list[str]:
        base = [sys.executable, "-m", "fastthrift", "serve", handler, "--idl", "greeter.thrift"]
        return [*base, "--bind", f"127.0.0.1:{self.port}", *arguments]

    @contextlib.contextmanager
    def started(
        self, *arguments: str, handler: str = "app:Handler", **options: Any
    ) -> Iterator[Any]:
        self.speaks_http = not {"http", "asyncio-http"}.isdisjoint(arguments)
        with (self.directory / "log").open("wb") as log:
            process = subprocess.Popen(
                self.command(*arguments, handler=handler),
                cwd=self.directory,
                stderr=log,
                **options,
            )
        try:
            wait_until(lambda: "Serving Greeter" in self.log() or process.poll() is not None)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                finally:
                    process.kill()
                    process.wait()

    def log(self) -> str:
        return (self.directory / "log").read_text()

    def failed(self, *arguments: str, handler: str = "app:Handler") -> str:
        done = subprocess.run(
            self.command(*arguments, handler=handler),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        return done.stderr

    def client(self) -> contextlib.AbstractContextManager[Any]:
        if self.speaks_http:
            url = f"http://127.0.0.1:{self.port}/"
            options = {"url": url, "timeout": PATIENCE * 1000, "keep_alive": True}
            return contextlib.closing(make_http_client(self.service, **options))
        return client_context(self.service, "127.0.0.1", self.port, socket_timeout=PATIENCE * 1000)

    def call(self, method: str, *arguments: Any) -> Any:
        with self.client() as client:
            return getattr(client, method)(*arguments)

    def pids(self, count: int) -> set[int]:
        """Of the workers, when so many have answered."""
        found: set[int] = set()

        def ask() -> bool:
            found.add(self.call("pid"))
            return len(found) >= count

        wait_until(ask)
        return found


def ended(process: Any) -> int:
    """The exit status of one that is told to stop."""
    process.terminate()
    status: int = process.wait(PATIENCE)
    return status
