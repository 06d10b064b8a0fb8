"""`fastthrift serve`: the limits that it sets, on each kind of server."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from fastthrift.pool import ClientPool
from fastthrift.thrift import TApplicationException
from fastthrift.transport import TTransportException
from support.rpc import PATIENCE
from support.runner import Runner, ended, wait_until
from support.stopping import in_threads


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


ALL = ["nonblocking", "threaded", "threadpool", "simple", "http", "asyncio", "asyncio-http"]


def handler_for(server: str) -> str:
    return "app:AsyncHandler" if server.startswith("asyncio") else "app:Handler"


@pytest.mark.parametrize("server", ["nonblocking", "http", "asyncio", "asyncio-http"])
def test_connections_beyond_the_limit_wait(runner: Runner, server: str) -> None:
    options = "--server", server, "--max-connections", "1"
    with runner.started(*options, handler=handler_for(server)) as process:
        answered = threading.Event()

        def call() -> None:
            runner.call("greet", "you")
            answered.set()

        with runner.client() as first:
            assert first.pid()
            thread = threading.Thread(target=call)
            thread.start()
            wait_until(lambda: "1 connections are open" in runner.log())
            assert first.pid()
            assert not answered.is_set()
        assert answered.wait(PATIENCE)
        thread.join()
        assert ended(process) == 0


def test_threaded_tells_connections_beyond_the_limit(runner: Runner) -> None:
    with (
        runner.started("--server", "threaded", "--max-connections", "1") as process,
        runner.client() as first,
    ):
        assert first.pid()
        with pytest.raises(TApplicationException, match="overloaded: 1 connections are open"):
            runner.call("pid")
        assert ended(process) == 0


@pytest.mark.parametrize("server", ["nonblocking", "threadpool"])
def test_calls_past_the_queue_are_told(runner: Runner, server: str) -> None:
    with runner.started("--server", server, "--threads", "1", "--queue", "1") as process:
        threads, answers = in_threads(1, lambda ticket: runner.call("wait", ticket))
        wait_until((runner.directory / "begun-0").exists)
        # One waits, as soon as the server has looked; then others are refused.
        refused: list[str] = []

        def call() -> None:
            try:
                runner.call("greet", "you")
            except TApplicationException as error:
                refused.append(str(error))

        more = [threading.Thread(target=call) for _ in range(3)]
        for thread in more:
            thread.start()
        wait_until(lambda: len(refused) == 2)
        (runner.directory / "go-on").touch()
        for thread in (*threads, *more):
            thread.join(PATIENCE)
        assert answers == [0]
        assert len(refused) == 2
        assert all("the server is overloaded" in text for text in refused)
        assert ended(process) == 0


@pytest.mark.parametrize("server", ALL)
def test_a_message_above_the_limit_is_refused(runner: Runner, server: str) -> None:
    options = "--server", server, "--max-message-size", "1000"
    with runner.started(*options, handler=handler_for(server)) as process:
        assert runner.call("greet", "y" * 900)
        with pytest.raises((TTransportException, TApplicationException)):
            runner.call("greet", "y" * 1000)
        assert runner.call("greet", "you")
        assert ended(process) == 0
    assert "1000" in runner.log()


@pytest.mark.parametrize("server", [each for each in ALL if "http" not in each])
def test_a_frame_above_the_limit_is_refused(runner: Runner, server: str) -> None:
    options = "--server", server, "--max-message-size", "1000", "--transport", "framed"
    with runner.started(*options, handler=handler_for(server)) as process:
        with socket.create_connection(("127.0.0.1", runner.port), PATIENCE) as client:
            client.sendall((1001).to_bytes(4, "big") + b"\x80\1\0\1")
            # Closed, or answered, without what the frame was to have.
            with contextlib.suppress(ConnectionError):
                client.recv(1)
        assert ended(process) == 0
    assert "1000" in runner.log()


@pytest.mark.parametrize(
    ("server", "transport"),
    [
        ("threaded", "header"),
        ("nonblocking", "header"),
        ("asyncio", "header"),
        ("asyncio", "zlib"),
    ],
)
def test_header_and_zlib_are_served(runner: Runner, server: str, transport: str) -> None:
    options = "--server", server, "--transport", transport, "--max-message-size", "1000000"
    with runner.started(*options, handler=handler_for(server)) as process:
        url = f"tcp://127.0.0.1:{runner.port}?transport={transport}"
        with ClientPool(runner.service, url, timeout=PATIENCE) as pool:
            assert "you" in pool.greet("you")
        assert ended(process) == 0


@pytest.mark.parametrize("server", ALL)
def test_idle_and_slow_connections_are_closed(runner: Runner, server: str) -> None:
    options = "--server", server, "--idle-timeout", "0.2", "--message-timeout", "0.3"
    begins = b"POST / HTTP/1.1\r\n" if "http" in server else b"\x80\1\0\1"
    with runner.started(*options, handler=handler_for(server)) as process:
        for sent in (b"", begins):
            with socket.create_connection(("127.0.0.1", runner.port), PATIENCE) as client:
                client.sendall(sent)
                while client.recv(1000):
                    pass
        assert ended(process) == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("simple", "--max-connections", "5"), "error: --max-connections: the connections of"),
        (("threadpool", "--max-connections", "5"), "error: --max-connections: the connections of"),
        (("threaded", "--queue", "5"), "error: --queue: nothing waits for a thread of"),
        (("asyncio-http", "--transport", "framed"), "error: --transport: messages over"),
        (("http", "--transport", "header"), "error: --transport header: --server http has none"),
        (("nonblocking", "--transport", "zlib"), "error: --transport zlib: --server nonblock"),
        (("http", "--transport", "zlib"), "error: --transport zlib: --server http has none"),
        (
            ("threaded", "--transport", "header", "--protocol", "json"),
            "error: --protocol json: messages of --transport header are binary or compact",
        ),
    ],
)
def test_a_limit_that_a_server_has_not_is_one_line(
    runner: Runner, options: tuple[str, ...], expected: str
) -> None:
    text = runner.failed("--server", *options)
    assert text.startswith(expected)
    assert len(text.splitlines()) == 1
