"""Applications under real mod_wsgi and uWSGI, which give each one an interpreter of its own.

The servers are compiled for the Python of the tests by `make servers`.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.example_processes import HOST, free_port, wait_until
from support.needs import needs

BIN = Path(sys.executable).parent
UWSGI = BIN / "uwsgi"
APACHE = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
WAIT = 60

needs_uwsgi = needs(UWSGI.exists(), "no uWSGI here: make servers")
needs_mod_wsgi = needs(
    APACHE is not None and importlib.util.find_spec("mod_wsgi") is not None,
    "no Apache with mod_wsgi here: make servers",
)

# What the application of wsgi_probe.py answers.
ANSWERS = {
    "/decode": {"caught": "TException", "class": "TTruncatedDataException"},
    "/view": {"caught": "TException", "class": "TTruncatedDataException"},
    "/encode": {"caught": "TException", "class": "TEncodeException"},
    "/load": {"caught": "Exception", "class": "ThriftGrammarError"},
    "/arguments": {"caught": "Exception", "class": "TypeError"},
    "/call": {"value": "'hello'"},
    "/wrong": {"caught": "TException", "class": "Wrong"},
}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with two applications, and a third one that does without fastthrift."""
    for name in "one", "two":
        (tmp_path / f"{name}.wsgi").write_text(
            f"import sys\nsys.path.insert(0, {os.fspath(Path(__file__).parents[1])!r})\n"
            "from support.wsgi_probe import application\n"
        )
    (tmp_path / "plain.wsgi").write_text(
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'plain']\n"
    )
    return tmp_path


class Server:
    """A server in a session of its own, of which nothing is left when it is stopped."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.port = port
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def accepts(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=WAIT)
        try:
            connection.connect()
        except OSError:
            return False
        finally:
            connection.close()
        return True

    def get(self, path: str) -> tuple[int, bytes]:
        """The status of a request, and its body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=WAIT)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def assert_works(self, mount: str) -> set[int]:
        """Asserts that the application there answers as it should; its processes."""
        processes = set()
        for path, expected in ANSWERS.items():
            status, body = self.get(mount + path)
            assert status == 200, (mount, path, body)
            answer: dict[str, Any] = json.loads(body)
            processes.add(answer.pop("process"))
            assert answer == expected, (mount, path)
        return processes

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=WAIT)
        finally:
            # Whatever of it is still there, it is in the group.
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[Server]:
    server = Server(command, port, log)
    try:
        wait_until(lambda: server.accepts() or server.process.poll() is not None, "it serves")
        assert server.process.poll() is None, "it ended"
        yield server
    except BaseException:
        print(log.read_text(errors="replace"))
        raise
    finally:
        server.stop()


@contextmanager
def apache(scripts: Path, *directives: str, mpm: str = "prefork") -> Iterator[Server]:
    """Apache with one process, which embeds Python; a line of configuration for each directive.

    The main thread of mpm_prefork's process makes all interpreters and answers all requests; in
    mpm_event's, each request may have another thread.
    """
    assert APACHE is not None
    express = [os.fspath(BIN / "mod_wsgi-express"), "module-config"]
    wsgi = subprocess.run(express, check=True, capture_output=True, text=True).stdout
    modules = Path("/usr/lib/apache2/modules")
    port = free_port()
    configuration = scripts / "httpd.conf"
    log = scripts / "error.log"
    lines = [
        f'ServerRoot "{scripts}"',
        f'DefaultRuntimeDir "{scripts}"',
        f'PidFile "{scripts}/httpd.pid"',
        f'ErrorLog "{log}"',
        "ServerName localhost",
        f"Listen {HOST}:{port}",
        f"LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so",
        f"LoadModule authz_core_module {modules}/mod_authz_core.so",
        wsgi,
        "ServerLimit 1",
        "StartServers 1",
        f"MaxRequestWorkers {1 if mpm == 'prefork' else 25}",
        f'WSGISocketPrefix "{scripts}/wsgi"',
        *directives,
        f'<Directory "{scripts}">',
        "Require all granted",
        "</Directory>",
    ]
    configuration.write_text("\n".join(lines))
    command = [APACHE, "-f", os.fspath(configuration), "-D", "FOREGROUND"]
    if os.geteuid() == 0:
        # Apache serves as nobody, who may not see the files of root's Python.
        nobody = "65534"
        may_read = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
        user = ["--reuid", nobody, "--regid", nobody, "--clear-groups"]
        command = ["setpriv", *user, *may_read, *command]
    with running(command, port, log) as server:
        yield server


def alias(scripts: Path, name: str, options: str = "") -> str:
    return f'WSGIScriptAlias /{name} "{scripts}/{name}.wsgi" {options}'


@needs_mod_wsgi
@pytest.mark.parametrize("mpm", ["prefork", "event"])
def test_mod_wsgi_with_one_application_as_it_comes(scripts: Path, mpm: str) -> None:
    with apache(scripts, alias(scripts, "one"), alias(scripts, "plain"), mpm=mpm) as server:
        server.assert_works("/one")
        assert server.get("/plain") == (200, b"plain")
        server.assert_works("/one")
        assert "DEBUG:fastthrift.parser:loaded" in server.log.read_text()


@needs_mod_wsgi
def test_mod_wsgi_with_two_applications_in_two_interpreters(scripts: Path) -> None:
    with apache(scripts, alias(scripts, "one"), alias(scripts, "two")) as server:
        server.assert_works("/one")
        for _ in range(2):
            assert server.get("/two/decode")[0] == 500
        server.assert_works("/one")
        assert_advice(server.log.read_text(), "WSGIApplicationGroup %{GLOBAL}")


@needs_mod_wsgi
def test_mod_wsgi_with_two_applications_in_the_global_group(scripts: Path) -> None:
    group = "WSGIApplicationGroup %{GLOBAL}"
    with apache(scripts, group, alias(scripts, "one"), alias(scripts, "two")) as server:
        assert server.assert_works("/one") == server.assert_works("/two")


@needs_mod_wsgi
def test_mod_wsgi_with_a_process_for_each_application(scripts: Path) -> None:
    names = "one", "two"
    processes = [f'WSGIDaemonProcess {name} home="{scripts}"' for name in names]
    aliases = [
        alias(scripts, name, f"process-group={name} application-group=%{{GLOBAL}}")
        for name in names
    ]
    with apache(scripts, *processes, *aliases) as server:
        assert server.assert_works("/one").isdisjoint(server.assert_works("/two"))


def assert_advice(log: str, advice: str) -> None:
    (line, *_) = [line for line in log.splitlines() if "ImportError: fastthrift" in line]
    assert "was imported by another interpreter of this process" in line
    assert advice in line


def uwsgi_command(*options: str) -> list[str]:
    home = os.fspath(BIN.parent)
    return [os.fspath(UWSGI), "--master", "--die-on-term", "--home", home, *options]


@contextmanager
def uwsgi(scripts: Path, *options: str) -> Iterator[Server]:
    port = free_port()
    command = uwsgi_command("--http-socket", f"{HOST}:{port}", "--manage-script-name", *options)
    with running(command, port, scripts / "uwsgi.log") as server:
        yield server


def mount(scripts: Path, name: str) -> list[str]:
    return ["--mount", f"/{name}={scripts}/{name}.wsgi"]


@needs_uwsgi
def test_uwsgi_with_one_application_in_a_sub_interpreter(scripts: Path) -> None:
    with uwsgi(scripts, *mount(scripts, "plain"), *mount(scripts, "one")) as server:
        assert server.get("/plain") == (200, b"plain")
        server.assert_works("/one")


@needs_uwsgi
def test_uwsgi_with_two_applications_in_two_interpreters_does_not_start(scripts: Path) -> None:
    done = subprocess.run(
        uwsgi_command(
            *("--http-socket", f"{HOST}:{free_port()}"),
            *mount(scripts, "one"),
            *mount(scripts, "two"),
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WAIT,
    )
    assert done.returncode != 0
    assert_advice(done.stdout, "--single-interpreter")


@needs_uwsgi
def test_uwsgi_with_an_application_that_a_request_brings_into_a_second_interpreter(
    scripts: Path,
) -> None:
    port = free_port()
    # Without its last option uWSGI answers with the first application in the second one's place.
    command = uwsgi_command("--socket", f"{HOST}:{port}", "--no-default-app")
    with running(command, port, scripts / "uwsgi.log") as server:
        for _ in range(2):
            first = ask_uwsgi(server, "/one", "/decode", scripts / "one.wsgi")
            assert b"TTruncatedDataException" in first
            second = ask_uwsgi(server, "/two", "/decode", scripts / "two.wsgi")
            assert second.startswith(b"HTTP/1.1 500 ")
        assert_advice(server.log.read_text(), "--single-interpreter")


def ask_uwsgi(server: Server, mount: str, path: str, script: Path) -> bytes:
    """A request as a web server hands it to uWSGI, with the application that is to answer it."""
    variables = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": mount + path,
        "SCRIPT_NAME": mount,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": HOST,
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "UWSGI_APPID": mount,
        "UWSGI_FILE": os.fspath(script),
    }
    texts = [text.encode() for pair in variables.items() for text in pair]
    body = b"".join(struct.pack("<H", len(text)) + text for text in texts)
    connection = http.client.HTTPConnection(HOST, server.port, timeout=WAIT)
    connection.connect()
    try:
        connection.sock.sendall(struct.pack("<BHB", 0, len(body), 0) + body)
        return b"".join(iter(lambda: connection.sock.recv(65536), b""))
    finally:
        connection.close()


@needs_uwsgi
@pytest.mark.parametrize("threads", [[], ["--threads", "2"]], ids=["one thread", "two threads"])
def test_uwsgi_with_two_applications_in_a_single_interpreter(
    scripts: Path, threads: list[str]
) -> None:
    mounts = [*mount(scripts, "one"), *mount(scripts, "two")]
    with uwsgi(scripts, "--single-interpreter", "--enable-threads", *threads, *mounts) as server:
        server.assert_works("/one")
        server.assert_works("/two")
