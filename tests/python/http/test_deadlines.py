"""The deadline of a client goes along with its requests, and holds for the handler."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
import time

import fastthrift
import pytest
from fastthrift._calls import budget
from fastthrift.contrib.aio import http as aio_http
from fastthrift.http import THttpHeaderFactory
from support.http import calls, exchange, serving, statuses
from support.http_requests import ADD, LENGTH, post
from support.rpc import PATIENCE, Calls, Handler

SERVERS = pytest.mark.parametrize("kind", ["threads", "asyncio"])
CLOSE = "Connection: close"


class Timed(Handler):
    """Answers with the milliseconds that are left of its time, or -1."""

    def __init__(self):
        super().__init__()
        self.added = 0

    def add(self, a, b):
        self.added += 1
        return a + b

    def wait(self, ticket):
        # What the handler calls has the same end.
        at = fastthrift.current_call().deadline
        return -1 if at is None else int((at - time.monotonic()) * 1000)


def left_by(client, port):
    """What a handler has, of a call within a deadline and of one without."""
    if client == "blocking":
        with calls(port) as one:
            with fastthrift.deadline(PATIENCE):
                within = one.wait(1)
            return within, one.wait(1)
    if client == "pool":
        url = f"http://127.0.0.1:{port}/"
        with fastthrift.ClientPool(Calls, url, timeout=PATIENCE) as pool:
            within = pool.wait(1)
        with fastthrift.ClientPool(Calls, url, timeout=None) as pool:
            return within, pool.wait(1)

    async def main():
        async with aio_http.client_context(Calls, "127.0.0.1", port) as one:
            with fastthrift.deadline(PATIENCE):
                within = await one.wait(1)
            return within, await one.wait(1)

    return asyncio.run(main())


@SERVERS
@pytest.mark.parametrize("client", ["blocking", "pool", "asyncio"])
def test_a_handler_has_the_time_that_the_client_leaves(kind, client):
    with serving(kind, Timed()) as port:
        within, without = left_by(client, port)
    assert 0 < within <= PATIENCE * 1000 + 1
    assert without == -1


@SERVERS
def test_a_call_whose_time_is_over_is_not_executed(kind):
    handler = Timed()
    with serving(kind, handler) as port:
        answer = exchange(port, post(ADD, LENGTH, CLOSE, "X-Thrift-Timeout: 0"))
        assert statuses(answer) == [200]
        assert b"the deadline is over: add() was not executed" in answer
        assert handler.added == 0
        exchange(port, post(ADD, LENGTH, CLOSE, "X-Thrift-Timeout: 60000"))
        assert handler.added == 1


@SERVERS
@pytest.mark.parametrize("value", ["", "soon", "-1", "0.5", "0x0", "0, 0", "9" * 10, "\xb2"])
def test_what_is_no_number_of_milliseconds_is_ignored(kind, value):
    handler = Timed()
    with serving(kind, handler) as port:
        answer = exchange(port, post(ADD, LENGTH, CLOSE, f"X-Thrift-Timeout: {value}"))
    assert statuses(answer) == [200]
    assert handler.added == 1


def test_a_call_that_waited_too_long_for_its_turn_is_not_executed(monkeypatch):
    """A THttpServer makes one call at a time."""

    class Busy(Timed):
        def check(self, code):
            begun.set()
            assert go_on.wait(PATIENCE)

    begun, go_on = threading.Event(), threading.Event()
    handler = Busy()

    read = threading.Event()

    def moment_of(values):
        # Told only once it runs: what is not begun yet is not over after the time below.
        moment = budget.moment_of(values)
        if values:
            read.set()
        return moment

    monkeypatch.setattr("fastthrift._calls.exchange.moment_of", moment_of)

    def keep_busy():
        with calls(port) as client:
            client.check(0)

    with serving("threads", handler) as port:
        busy = threading.Thread(target=keep_busy)
        busy.start()
        assert begun.wait(PATIENCE)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/", ADD, {"X-Thrift-Timeout": "50"})
            assert read.wait(PATIENCE)
            # Longer than it has.
            time.sleep(0.1)
            go_on.set()
            answer = connection.getresponse().read()
        busy.join(PATIENCE)
    assert b"add() was not executed" in answer
    assert handler.added == 0


def test_a_header_of_the_program_goes_before_that_of_the_deadline():
    headers = THttpHeaderFactory({"x-thrift-timeout": "1000000"})
    with (
        serving("threads", Timed()) as port,
        calls(port, http_header_factory=headers) as client,
        fastthrift.deadline(PATIENCE),
    ):
        assert client.wait(1) > PATIENCE * 1000 + 1
