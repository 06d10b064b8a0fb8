"""`thrift_view` of a Django project under web servers, and the project's own tests."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastthrift import ClientPool
from fastthrift.protocol import TBinaryProtocolFactory
from fastthrift.thrift import TApplicationException, TClient, TException
from fastthrift.transport import TMemoryBuffer
from support import dialects
from support.django_project import Project
from support.example_processes import DEADLINE, HOST, Server, free_port

GRANIAN = ["-m", "granian", "--host", HOST, "--port", "{port}", "--workers", "1"]
SERVERS = {
    "gunicorn": ["-m", "gunicorn", "--threads", "4", "--bind", "{bind}", "mysite.wsgi"],
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", "mysite.asgi:application"],
    "runserver": ["-m", "django", "runserver", "--noreload", "{bind}"],
    "granian wsgi": [*GRANIAN, "--interface", "wsgi", "mysite.wsgi:application"],
    "granian asgi": [*GRANIAN, "--interface", "asgi", "mysite.asgi:application"],
    "hypercorn wsgi": ["-m", "hypercorn", "--bind", "{bind}", "wsgi:mysite.wsgi:application"],
    "hypercorn asgi": ["-m", "hypercorn", "--bind", "{bind}", "mysite.asgi:application"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("mounted") / "project")
    project.append(
        "mysite/settings.py",
        "\nimport os\n"
        "ALLOWED_HOSTS = ['*']\n"
        "DATABASES['default']['ATOMIC_REQUESTS'] = 'ATOMIC_REQUESTS' in os.environ\n",
    )
    project.append(
        "mysite/urls.py",
        "urlpatterns += [\n"
        "    path(f'{alias}/', thrift_view(alias)) for alias in ('probe', 'awaited')\n"
        "]\n",
    )
    return project


@pytest.fixture(scope="module", params=SERVERS)
def web(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    port = free_port()
    values = {"bind": f"{HOST}:{port}", "port": port}
    command = [each.format(**values) for each in SERVERS[request.param]]
    log = tmp_path_factory.mktemp("log") / "log"
    server = Server(
        command,
        port,
        log,
        PYTHONWARNINGS="ignore",
        PYTHONPATH=str(project.directory),
        DJANGO_SETTINGS_MODULE="mysite.settings",
        ATOMIC_REQUESTS="1",
        # gunicorn has a control socket at home.
        HOME=str(log.parent),
    )
    # Warnings of these servers are their own.
    server.command = [part for part in server.command if part not in ("-W", "error")]
    server.start()
    try:
        yield server
    finally:
        # Those with workers end them when they are asked to end.
        server.stop()


def a_call(project: Project, text: str) -> bytes:
    """The bytes of a call."""
    output = TMemoryBuffer()
    calling = TClient(project.notes, TBinaryProtocolFactory().get_protocol(output))
    calling._send("add", text=text)
    return output.getvalue()


def posted(web: Server, body: object, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, web.port, timeout=DEADLINE)
    try:
        headers = {"Content-Type": "application/x-thrift", **headers}
        connection.request("POST", "/thrift/", body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_clients_call_it(project: Project, web: Server) -> None:
    url = f"http://{HOST}:{web.port}/thrift/"
    with ClientPool(project.notes, url, timeout=DEADLINE) as notes:
        notes.add("by a client")
        assert notes.latest(1) == ["by a client"]


def test_what_a_failed_call_has_written_is_rolled_back_with_the_request(
    project: Project, web: Server
) -> None:
    for alias in "probe", "awaited":
        url = f"http://{HOST}:{web.port}/{alias}/"
        with ClientPool(project.probe, url, timeout=DEADLINE) as probe:
            before = probe.count()
            with pytest.raises(TException):
                probe.write_and_declare()
            with pytest.raises(TApplicationException):
                probe.write_and_fail()
            assert probe.count() == before, alias
            probe.add("kept")
            assert probe.count() == before + 1, alias


def test_a_body_in_chunks_is_called_as_a_whole_or_refused_and_never_empty(
    project: Project, web: Server
) -> None:
    call = a_call(project, "in chunks")
    status, _ = posted(web, iter([call[:3], call[3:]]))
    # Those that do not tell where it ends.
    is_read = not {"runserver", "wsgi:mysite.wsgi:application"} & set(web.command)
    assert status == (200 if is_read else 411)
    url = f"http://{HOST}:{web.port}/thrift/"
    with ClientPool(project.notes, url, timeout=DEADLINE) as notes:
        assert (notes.latest(1) == ["in chunks"]) == is_read


def test_what_comes_in_another_dialect_is_told(project: Project, web: Server) -> None:
    bodies = {**dialects.calls(project.notes, "latest", 1), **dialects.NO_THRIFT}
    for name, body in bodies.items():
        status, text = posted(web, body)
        is_taken = "message" in name and "THeader" not in name
        assert status == (200 if is_taken else 400), name
        if not is_taken:
            assert text.startswith(f"the body is {name}, this server expects".encode())


def test_a_body_above_the_limit_of_django_is_413(web: Server) -> None:
    # A server that answers before it has read the body may close while that is sent, and the
    # client be told of the end of the connection in place of the answer.
    for _ in range(20):
        with suppress(BrokenPipeError, ConnectionResetError):
            assert posted(web, b"x" * 2_621_441)[0] == 413
            break
    else:
        pytest.fail("never an answer")
    assert posted(web, b"x")[0] == 400


def test_the_tests_of_the_project_pass(project: Project) -> None:
    done = project.manage("test")
    assert done.returncode == 0, done.stderr


def test_a_missing_django_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['django'] = None\n"
        "try:\n    import fastthrift.contrib.django\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert done.stdout.endswith('needs Django: pip install "fastthrift[django]"\n'), done.stderr


def test_the_package_imports_no_django() -> None:
    program = "import sys, fastthrift, fastthrift.rpc; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert done.stdout == "False\n", done.stderr
