"""Engines in front of our servers, each with its configuration of docs/howto/scaling.md."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError

import fastthrift
import pytest

from support import children
from support.example_processes import HOST, Server
from support.pages import ROOT, blocks

IDL = Path(__file__).with_name("engines.thrift")
Greeter = fastthrift.load(str(IDL), module_name="engines_thrift").Greeter
PAGE = ROOT / "docs" / "howto" / "scaling.md"
#: Where `make debian` unpacks what starts by itself when it is installed.
UNPACKED = ROOT / "target" / "debian"
#: The ports of the page: in front, of two servers, of their health, and Envoy's own.
FRONT, ONE, TWO, HEALTH_OF_ONE, HEALTH_OF_TWO, ADMIN = 9090, 9091, 9092, 9191, 9192, 9901

_candidates = iter(random.sample(range(20_000, 32_000), 12_000))


def free_port() -> int:
    """A port that nobody has, nor will: it is below those that the system gives to connections."""
    for port in _candidates:
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def program(name: str) -> str:
    """The path of a program that Debian has, or PyPI beside this interpreter."""
    places = [Path(sys.executable).parent, "/usr/sbin", UNPACKED / "usr" / "sbin"]
    found = shutil.which(name) or shutil.which(name, path=":".join(map(str, places)))
    if found is None:
        pytest.fail(f"The tests of engines need {name}: `make dev debian` installs it")
    return found


class Ports:
    """Free ports in the place of those that the page names."""

    def __init__(self) -> None:
        named = (FRONT, ONE, TWO, HEALTH_OF_ONE, HEALTH_OF_TWO, ADMIN)
        self._free = {port: free_port() for port in named}

    def __getitem__(self, port: int) -> int:
        return self._free[port]

    def put_into(self, text: str) -> str:
        return re.sub(r"\b9[019]\d\d\b", lambda found: str(self[int(found[0])]), text)


def configuration(name: str) -> str:
    """A file of the page."""
    (text,) = [text for found, _, text in blocks(PAGE) if found == name]
    return text


class Engine(Server):
    """A program in front."""

    def __init__(self, command: list[object], port: int, log: Path) -> None:
        super().__init__([], port, log)
        self.command = list(map(str, command))


class Backend(Server):
    """One of the servers behind: `fastthrift serve`, as on the page, or a program in its place."""

    def __init__(
        self, name: str, port: int, folder: Path, *arguments: object, program: object = None
    ) -> None:
        serve = ["-m", "fastthrift", "serve", "support.engine_backend:Handler", "--idl", IDL]
        serve += ["--bind", f"{HOST}:{port}", *arguments]
        super().__init__(
            serve if program is None else ["-m", program, port],
            port,
            folder / f"{name}.log",
            PYTHONPATH=children.environment()["PYTHONPATH"],
            NAME=name,
            RUNS=str(folder / "runs"),
        )


class CppBackend(Engine):
    """A server of Apache's C++ library, compiled at first use."""

    def __init__(self, port: int, folder: Path) -> None:
        run = partial(subprocess.run, cwd=folder, check=True, timeout=600)
        run([program("thrift"), "--gen", "cpp:no_skeleton", IDL])
        source = IDL.with_suffix(".cpp")
        libraries = ["-lthrift", "-o", "server"]
        run(["g++", "-std=c++17", "-I.", source, folder / "gen-cpp" / "Greeter.cpp", *libraries])
        super().__init__([folder / "server", port], port, folder / "cpp.log")


def envoy(ports: Ports, folder: Path, text: str | None = None) -> Engine:
    file = folder / "envoy.yaml"
    file.write_text(ports.put_into(text or configuration("envoy.yaml")))
    own = ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"]
    return Engine([program("envoy"), "-c", file, *own], ports[FRONT], folder / "envoy.log")


def haproxy(ports: Ports, folder: Path) -> Engine:
    file = folder / "haproxy.cfg"
    file.write_text(ports.put_into(configuration("haproxy.cfg")))
    return Engine([program("haproxy"), "-db", "-f", file], ports[FRONT], folder / "haproxy.log")


#: Those of Debian's nginx are made when it is installed.
TEMPORARY = "".join(
    f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


def nginx(name: str, ports: Ports, folder: Path) -> Engine:
    text = configuration(name).replace("http {", f"http {{ access_log off; {TEMPORARY}")
    (folder / name).write_text(ports.put_into(text))
    settings = "daemon off; master_process off; pid nginx.pid; error_log error.log;"
    if "stream {" in text:
        module = Path("usr", "lib", "nginx", "modules", "ngx_stream_module.so")
        (found,) = [each for each in (Path("/") / module, UNPACKED / module) if each.exists()][:1]
        settings = f"load_module {found}; {settings}"
    command = [program("nginx"), "-p", folder, "-c", folder / name, "-g", settings]
    return Engine([*command, "-e", folder / "error.log"], ports[FRONT], folder / "nginx.log")


def pool(port: int, spoken: str = "transport=framed", **options: Any) -> Any:
    url = f"tcp://{HOST}:{port}?{spoken}"
    return fastthrift.ClientPool(Greeter, url, **{"timeout": 60, **options})


def page_at(port: int, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=60) as answer:
        return answer.read().decode()


def is_ready(health: int) -> bool:
    """Whether a server that has `--health` at that port says so."""
    try:
        return json.loads(page_at(health)) == {"status": "ok", "workers": 1}
    except URLError:  # nobody listens yet, or it is 503
        return False


class Load:
    """Calls by several threads, each with a ticket of its own."""

    THREADS = 4

    def __init__(self, call: Any) -> None:
        self._call = call
        self._tickets = itertools.count()
        self._enough = threading.Event()
        self._counted = threading.Condition()
        #: By ticket, who answered, or what went wrong.
        self.answered: dict[int, str] = {}
        self.failed: dict[int, Exception] = {}

    def __enter__(self) -> Load:
        self._executor = ThreadPoolExecutor(self.THREADS)
        self._threads = [self._executor.submit(self._run) for _ in range(self.THREADS)]
        return self

    def __exit__(self, *error: object) -> None:
        self._enough.set()
        self._executor.shutdown()
        for thread in self._threads:
            thread.result()

    def _run(self) -> None:
        while not self._enough.is_set():
            ticket = next(self._tickets)
            try:
                answer = self._call(ticket)
            except fastthrift.thrift.TException as error:
                self.failed[ticket] = error
                continue
            with self._counted:
                self.answered[ticket] = answer
                self._counted.notify_all()

    def wait_for_answers(self, number: int) -> None:
        """Until so many more calls are answered."""
        with self._counted:
            number += len(self.answered)
            assert self._counted.wait_for(lambda: len(self.answered) >= number, 120), self.failed


def runs(folder: Path) -> list[int]:
    """The tickets of the calls that ran, as often as they did."""
    return [int(line) for line in (folder / "runs").read_text().split()]
