"""The demo and the service script of the Flask example, run as the README says."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.example_processes import EXAMPLES, FLASK, flask_example, running


def run_demo(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=600, check=False
    )


def test_the_demo_prints_the_four_results() -> None:
    done = run_demo(FLASK / "demo.py")
    assert done.stdout.splitlines() == [
        "add(7, 3) = 10",
        "subtract(7, 3) = 4",
        "multiply(7, 3) = 21",
        "divide(7, 2) = 3.5",
    ]
    assert (done.stderr, done.returncode) == ("", 0)


def copied_demo(directory: Path, old: str, new: str) -> Path:
    """A copy of the examples whose service has `new` in the place of `old`."""
    copy = directory / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    server = copy / FLASK.name / "server.py"
    source = server.read_text()
    assert source.count(old) == 1
    server.write_text(source.replace(old, new))
    return copy / FLASK.name / "demo.py"


def test_the_demo_fails_on_a_wrong_result(tmp_path: Path) -> None:
    done = run_demo(copied_demo(tmp_path, "return a - b", "return b - a"))
    assert "subtract(7, 3) = -4" in done.stdout
    assert done.returncode == 1


def test_the_demo_fails_on_an_error(tmp_path: Path) -> None:
    done = run_demo(copied_demo(tmp_path, "return a / b", "return a / 0"))
    assert "divide(7, 2) = {'error': " in done.stdout
    assert done.returncode == 1


def test_the_demo_shows_why_a_server_does_not_start(tmp_path: Path) -> None:
    done = run_demo(copied_demo(tmp_path, "import argparse", "import argparse, no_such_module"))
    assert "No module named 'no_such_module'" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_stops_the_service(tmp_path: Path, number: signal.Signals) -> None:
    with running(flask_example(tmp_path).service) as service:
        assert service.stop(number) == 0
        assert "Traceback" not in service.log.read_text()


def test_a_failed_call_is_logged_with_its_traceback(tmp_path: Path) -> None:
    example = flask_example(tmp_path)
    with running(example.service) as service, running(example.web):
        example.client().calculate({"a": 7, "b": 0, "operation": "divide"})
        log = service.log.read_text()
    assert "divide" in log
    assert "ZeroDivisionError" in log
