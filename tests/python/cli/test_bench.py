"""``fastthrift bench``: the real command, with real servers."""

from __future__ import annotations

import itertools
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift.cli import main
from fastthrift.cli.bench import percentile
from fastthrift.testing import serve
from support.rpc import IDL, PATIENCE, Calls, Handler

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "Cargo.toml").exists())
COMMAND = (sys.executable, "-W", "error", "-m", "fastthrift", "bench")
SHORT = ("--duration", "0.3", "--warm-up", "0")


@pytest.fixture(scope="module")
def idl(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("bench") / "calls.thrift"
    path.write_text(IDL)
    return str(path)


class Counting(Handler):
    """Notes how many calls there were, and how many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.calls = self.now = self.most = 0
        #: Calls from this one on stop the world until `go_on`.
        self.stop_at: int | None = None

    def add(self, a: int, b: int) -> int:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
            stops = self.stop_at is not None and self.calls >= self.stop_at
        if stops:
            self.waiting.set()
            assert self.go_on.wait(PATIENCE)
        with self.lock:
            self.now -= 1
        return a + b


@pytest.fixture
def handler() -> Counting:
    return Counting()


@pytest.fixture
def url(handler: Counting) -> Iterator[str]:
    with serve(Calls, handler) as url:
        yield url


@pytest.fixture
def bench(url: str, idl: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command in this process: (status, document or text)."""

    def bench(*arguments: str, json_wanted: bool = True) -> tuple[int, Any]:
        options = ["--json"] if json_wanted else []
        status = main(["bench", *options, url, idl, "Calls", *arguments])
        printed = capsys.readouterr().out
        return status, json.loads(printed) if json_wanted else printed

    return bench


def test_a_closed_loop_calls_again_when_it_was_answered(bench: Any, handler: Counting) -> None:
    status, found = bench("add", "1", "2", "-c", "3", *SHORT)
    assert status == 0
    assert (found["loop"], found["rate"], found["connections"]) == ("closed", None, 3)
    assert (found["failed"], found["failures"], found["declared"]) == (0, {}, {})
    # One call is made before, to see whether it can be.
    assert found["calls"] == handler.calls - 1 > 0
    # The last answers come after the end, and that time is theirs.
    assert 0 < found["calls_per_second"] <= found["calls"] / 0.3
    assert 1 <= handler.most <= 3
    latency = found["latency_ms"]
    order = [latency[name] for name in ("min", "50", "90", "95", "99", "99.9", "max")]
    assert order == sorted(order)
    assert latency["min"] > 0
    assert latency["min"] <= latency["mean"] <= latency["max"]


def test_an_open_loop_makes_the_calls_that_are_due(bench: Any, handler: Counting) -> None:
    status, found = bench("add", "1", "2", "-c", "2", "--rate", "100", *SHORT)
    assert status == 0
    assert (found["loop"], found["rate"], found["not_made"]) == ("open", 100, 0)
    assert found["calls"] == 30
    assert handler.calls == 31


def test_calls_that_had_to_wait_for_a_stalled_server_are_slow(
    bench: Any, handler: Counting
) -> None:
    """In a closed loop one call would be: the others are not made, and the stall is not seen."""
    handler.stop_at = 2

    def go_on() -> None:
        assert handler.waiting.wait(PATIENCE)
        # Until the last calls are due, at least.
        threading.Event().wait(0.5)
        handler.go_on.set()

    thread = threading.Thread(target=go_on)
    thread.start()
    status, found = bench("add", "1", "2", "--rate", "100", *SHORT)
    thread.join()
    assert status == 0
    assert found["calls"] == 30
    # They took half a second and not the 0.3 of the measurement: so many were answered per second.
    assert 0 < found["calls_per_second"] <= 30 / 0.49
    # The first was due at the start and the last after 0.3 s; all waited for the first.
    assert found["latency_ms"]["max"] >= 490
    assert found["latency_ms"]["min"] >= 190
    assert found["latency_ms"]["50"] >= 330


def test_calls_of_the_warm_up_do_not_count(bench: Any, handler: Counting) -> None:
    _, found = bench("add", "1", "2", "--rate", "100", "--warm-up", "0.2", "--duration", "0.1")
    assert found["calls"] == 10
    assert handler.calls == 31


def test_declared_exceptions_are_answers(bench: Any) -> None:
    status, found = bench("check", "1", "--rate", "50", *SHORT)
    assert status == 0
    assert (found["calls"], found["declared"], found["failed"]) == (15, {"NotFound": 15}, 0)


def test_calls_that_fail_later_are_counted_with_their_reason(
    bench: Any, handler: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_after_the_first() -> None:
        numbers = itertools.count()

        def nothing(_: Handler) -> None:
            if next(numbers):
                raise KeyError("secret")

        monkeypatch.setattr(Handler, "nothing", nothing)

    fail_after_the_first()
    status, found = bench("nothing", "--rate", "50", *SHORT)
    assert status == 1
    assert (found["calls"], found["failed"]) == (15, 15)
    (reason,) = found["failures"]
    assert "the server's log tells why" in reason
    assert "\n" not in reason
    assert "secret" not in reason
    fail_after_the_first()
    status, text = bench("nothing", "--rate", "50", *SHORT, json_wanted=False)
    assert (status, text.count(reason)) == (1, 1)


def test_a_rate_that_cannot_be_kept_is_told(bench: Any, handler: Counting) -> None:
    """What is due is called for as long after the end as one call may take, and no longer."""
    handler.stop_at = 2
    status, found = bench(
        "add", "1", "2", "--rate", "50", "--timeout", "1", "--duration", "0.2", "--warm-up", "0"
    )
    handler.go_on.set()
    assert status == 1
    assert found["failed"] == found["calls"] >= 1
    assert found["not_made"] == 10 - found["calls"] >= 1
    assert "--timeout SECONDS" in next(iter(found["failures"]))


def test_an_interrupt_shows_what_was_measured_until_then(
    url: str, idl: str, handler: Counting
) -> None:
    handler.stop_at = 5
    with subprocess.Popen(
        [
            *(*COMMAND, url, idl, "Calls", "add", "1", "2", "--json", "--timeout", "600"),
            *("--duration", "100000", "--warm-up", "0"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert handler.waiting.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        # The call that is made is waited for.
        handler.go_on.set()
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    found = json.loads(out)
    assert found["calls"] >= 4
    assert 0 < found["duration"] < 100_000


def test_the_text_says_what_was_measured(bench: Any) -> None:
    status, text = bench("add", "1", "2", "--rate", "100", *SHORT, json_wanted=False)
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == (
        "Calls.add: open loop, 100 calls/s due, 1 connection, 0.3 s after 0 s of warm-up"
    )
    found = re.fullmatch(r"calls\s+30\s+(\d+\.\d)/s", lines[1])
    assert found
    assert 0 < float(found[1]) <= 100
    assert re.fullmatch(r"failed\s+0", lines[2])
    assert [line.split()[0] for line in lines[4:]] == [
        *("min", "mean", "50", "90", "95", "99", "99.9", "max")
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--duration", "1e-9", "--warm-up", "0"], "no call began in the 1e-09 s"),
        (["--duration", "0.1", "--warm-up", "0", "--rate", "1"], "no call was due in the 0.1 s"),
    ],
)
def test_that_no_call_was_measured_is_a_failure(
    url: str, idl: str, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert main(["bench", url, idl, "Calls", "add", "1", "2", "--json", *options]) == 1
    shown = capsys.readouterr()
    assert shown.err == f"error: {told} that are measured: --duration SECONDS measures for longer\n"
    assert (json.loads(shown.out)["calls"], json.loads(shown.out)["latency_ms"]) == (0, None)


@pytest.mark.parametrize(
    ("share", "expected"), [(50, 5.0), (90, 9.0), (99, 10.0), (99.9, 10.0), (0, 1.0), (10, 1.0)]
)
def test_a_percentile_is_one_of_the_times(share: float, expected: float) -> None:
    assert percentile([float(each) for each in range(1, 11)], share) == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Calls", "ad", "1", "2"], "ad"),
        (["Calls", "add", "x", "2"], "error: "),
        (["Calls", "add", "1", "2", "-c", "0"], "'0' is no number of connections"),
        (["Calls", "add", "1", "2", "--rate", "-1"], "'-1' is no number of calls per second"),
        (["Calls", "add", "1", "2", "--duration", "inf"], "'inf' is no number of seconds"),
    ],
)
def test_wrong_usage_calls_nothing(
    url: str,
    idl: str,
    handler: Counting,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    try:
        status = main(["bench", url, idl, *arguments])
    except SystemExit as error:
        status = int(error.code or 0)
    assert status == 2
    assert told in capsys.readouterr().err
    assert handler.calls == 0


def test_nobody_there_is_told_in_one_line_before_any_time_is_spent(idl: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, url, idl, "Calls", "add", "1", "2", "--duration", "100000"],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: .*is a server running there.*\n", done.stderr)


def test_the_page_has_every_field_of_the_document(bench: Any) -> None:
    _, found = bench("nothing", "--rate", "100", "--duration", "0.05", "--warm-up", "0")
    page = (ROOT / "docs" / "bench.md").read_text()
    shown = json.loads(re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0])
    assert shown.keys() == found.keys()
    assert shown["latency_ms"].keys() == found["latency_ms"].keys()
