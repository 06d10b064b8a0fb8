"""The Flask example, whatever its service does."""

from __future__ import annotations

import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.example_processes import HOST, Example, Reply, flask_example, running

FIELDS = {"a": 7, "b": 3, "operation": "add"}
#: How many connections the application has at most.
CONNECTIONS = 16


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """Only its web server runs."""
    example = flask_example(tmp_path_factory.mktemp("example"))
    with running(example.web):
        yield example


def failure(example: Example) -> Reply:
    """An answer, which comes in time: after 1.5 s, where a pool by itself waits for 30."""
    client = example.client()
    began = time.monotonic()
    reply = client.calculate(FIELDS)
    assert time.monotonic() - began < 10
    assert reply.json().keys() == {"error"}
    return reply


def test_a_service_that_is_down_is_503_and_says_when_to_try_again(example: Example) -> None:
    reply = failure(example)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    page = example.client().calculate(FIELDS, accept="text/html")
    assert (page.status, page.headers["Retry-After"]) == (503, "1")
    assert 'role="alert"' in page.body


def test_a_service_that_is_silent_is_504_and_who_finds_all_busy_is_told_soon(
    example: Example,
) -> None:
    with socket.create_server((HOST, example.service.port), backlog=64):
        reply = failure(example)
        assert (reply.status, reply.headers["Retry-After"]) == (504, None)
        with ThreadPoolExecutor(CONNECTIONS + 4) as executor:
            replies = list(executor.map(failure, [example] * (CONNECTIONS + 4)))
    told = Counter((reply.status, reply.headers["Retry-After"]) for reply in replies)
    # On a busy machine the last ones come when the first ones have their answers.
    assert told.keys() == {(503, "1"), (504, None)}
    assert told[504, None] >= CONNECTIONS


def test_a_service_that_is_slow_is_waited_for_no_longer(example: Example) -> None:
    with running(example.service):
        assert example.client().calculate(FIELDS).status == 200
        # Its connections are there, and nobody answers on them.
        example.service.process.send_signal(signal.SIGSTOP)
        try:
            assert failure(example).status == 504
        finally:
            example.service.process.send_signal(signal.SIGCONT)
        assert example.client().calculate(FIELDS).status == 200
