"""thriftpy2's name stays fastthrift's in children of ``python -m fastthrift.compat``, and where
the page on migration says that ``install_as_thriftpy()`` belongs. The stock thriftpy2 is installed
here, and would be imported without a word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import urllib.request
import venv
from pathlib import Path
from typing import Any

import pytest
from support import children
from support.example_processes import HOST, free_port, wait_until
from support.pages import ROOT, blocks

WHO = "import thriftpy2, thriftpy2.rpc; print(thriftpy2.__name__)"


def run(directory: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=children.environment() | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_by_compat(directory: Path, program: str, **environment: str) -> str:
    (directory / "program.py").write_text(textwrap.dedent(program))
    return run(directory, "-m", "fastthrift.compat", "program.py", **environment)


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.run([sys.executable, 'who.py'])",
        "os.system(f'{sys.executable} who.py')",
        "os.spawnv(os.P_WAIT, sys.executable, [sys.executable, 'who.py'])",
        "os.execv(sys.executable, [sys.executable, 'who.py'])",
    ],
    ids=["subprocess", "shell", "spawn", "exec"],
)
def test_a_python_that_is_started_anew(tmp_path: Path, start: str) -> None:
    (tmp_path / "who.py").write_text(WHO)
    program = f"import os, subprocess, sys\n{start}\n"
    assert run_by_compat(tmp_path, program) == "fastthrift\n"


def test_processes_of_multiprocessing_however_they_start(tmp_path: Path) -> None:
    program = """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        def who():
            import thriftpy2.rpc
            return thriftpy2.__name__

        if __name__ == "__main__":
            for method in ("spawn", "forkserver"):
                context = multiprocessing.get_context(method)
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    print(pool.submit(who).result())
        """
    assert run_by_compat(tmp_path, program) == "fastthrift\n" * 2


def test_children_of_children(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WHO!r}])"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run_by_compat(tmp_path, program) == "fastthrift\n"


def test_a_child_that_does_not_use_thriftpy_does_not_pay_for_it(tmp_path: Path) -> None:
    child = "import sys; print([n for n in sys.modules if n.startswith('fastthrift')], sys.path[1])"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    output = run_by_compat(tmp_path, program)
    assert output.startswith("[] ")
    assert "startup" not in output


def test_another_sitecustomize_runs_as_well(tmp_path: Path) -> None:
    (tmp_path / "customized").mkdir()
    (tmp_path / "customized" / "sitecustomize.py").write_text("print('customized')\n")
    paths = os.pathsep.join([str(tmp_path / "customized"), str(tmp_path)])
    child = f"{WHO}; import sitecustomize; print(sitecustomize.__file__)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run_by_compat(tmp_path, program, PYTHONPATH=paths).splitlines() == [
        "customized",
        "customized",
        "fastthrift",
        str(tmp_path / "customized" / "sitecustomize.py"),
    ]


def test_a_python_of_another_environment_is_left_alone(tmp_path: Path) -> None:
    venv.create(tmp_path / "other", with_pip=False)
    other = tmp_path / "other" / "bin" / "python"
    (tmp_path / "thriftpy2.py").write_text("print('its own')\n")
    program = f"import subprocess; subprocess.run([{str(other)!r}, '-c', 'import thriftpy2'])"
    assert run_by_compat(tmp_path, program) == "its own\n"


def test_uninstalling_in_a_child(tmp_path: Path) -> None:
    child = f"import fastthrift; fastthrift.uninstall_as_thriftpy(); {WHO}"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run_by_compat(tmp_path, program) == "thriftpy2\n"


def test_a_program_may_call_install_as_thriftpy_too(tmp_path: Path) -> None:
    child = f"import fastthrift; fastthrift.install_as_thriftpy(); {WHO}"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run_by_compat(tmp_path, program) == "fastthrift\n"


# The files of the page on migration.


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Django project with the files of the page, and a service written for thriftpy2."""
    for name, _, text in blocks(ROOT / "docs" / "migration.md"):
        # Others are of applications before and after: frameworks/test_migration.py.
        if name and "/" not in name:
            (tmp_path / name).write_text(text)
    (tmp_path / "mysite").mkdir()
    (tmp_path / "mysite" / "__init__.py").write_text("")
    (tmp_path / "mysite" / "urls.py").write_text("import thriftpy2.rpc\nurlpatterns = []\n")
    (tmp_path / "mysite" / "settings.py").write_text(
        "SECRET_KEY = 'of a test'\nROOT_URLCONF = 'mysite.urls'\nUSE_TZ = True\n"
        "print(__import__('thriftpy2').__name__)\n"
    )
    return tmp_path


def test_manage_py(project: Path) -> None:
    assert "fastthrift\n" in run(project, "manage.py", "check")


@pytest.mark.parametrize("name", ["wsgi", "asgi"])
def test_wsgi_and_asgi(project: Path, name: str) -> None:
    output = run(project, "-c", f"import {name}; print(callable({name}.application))")
    assert output == "fastthrift\nTrue\n"


class Started:
    """A process with all that it starts."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.log = directory / "started.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def test_gunicorn(project: Path) -> None:
    (project / "plain.py").write_text(
        "import thriftpy2\n"
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [thriftpy2.__name__.encode()]\n"
    )
    address = f"{HOST}:{free_port()}"
    answers: list[Any] = []

    def answered() -> bool:
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=600) as response:
                answers.append(response.read())
        except OSError:
            return False
        return True

    arguments = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "-b", address, "plain:application")
    with Started(project, *arguments):
        wait_until(answered, "gunicorn answers")
    assert answers == [b"fastthrift"]


def test_celery(project: Path) -> None:
    for folder in ("queue", "control", "results"):
        (project / folder).mkdir()
    (project / "configured.py").write_text(
        "from celery_app import app, library\n"
        "app.conf.broker_url = 'filesystem://'\n"
        "app.conf.broker_transport_options = {'data_folder_in': 'queue',\n"
        "    'data_folder_out': 'queue', 'control_folder': 'control'}\n"
        f"app.conf.result_backend = 'file://{project}/results'\n"
    )
    arguments = ("-m", "celery", "-A", "configured", "worker", "--concurrency", "1")
    with Started(project, *arguments):
        program = "import configured; print(configured.library.delay().get(timeout=600))"
        assert run(project, "-c", program) == "fastthrift\n"
